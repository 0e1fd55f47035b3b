"""Grouped and depthwise convolutions: redundant channels go where the groups allow, and networks are aligned through them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_symmetries import symmetry_dimension
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers
from neurovariety.checkpoints.layers.layer_symmetries import layer_symmetries
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.claim import Claim

WINDOW = {"stride": (1, 1), "dilation": (1, 1)}
RELU = {"function": "relu"}


def drawn(rng, *shape):
    return (rng.integers(1, 17, size=shape) * rng.choice([-1, 1], size=shape) / 8).astype(np.float32)


def convolutions(rng, filters, padding, input_shape=(2, 5, 5), function=RELU):
    """Convolutions with a function between; ``filters`` are (out, in a group, window, groups). The last is a matrix on all."""
    weights, nodes, at = {}, [Node("x", "input")], "x"
    for k, (out, inside, size, groups) in enumerate(filters):
        weights[f"w{k}"], weights[f"b{k}"] = drawn(rng, out, inside, size, size), drawn(rng, out)
        attributes = {**WINDOW, "padding": ((padding * (size > 1),) * 2,) * 2, "groups": groups}
        nodes += [
            Node(f"c{k}", "conv", (at,), {"weight": f"w{k}", "bias": f"b{k}"}, attributes),
            Node(f"a{k}", "activation", (f"c{k}",), {}, function),
        ]
        at = f"a{k}"
    nodes.append(Node("m", "mean", (at,), {}, {"axes": (1, 2), "keepdims": False}))
    weights["v"] = drawn(rng, 2, filters[-1][0])
    nodes.append(Node("y", "linear", ("m",), {"weight": "v"}))
    return Network(input_shape, tuple(nodes), "y", weights)


def depthwise(seed, padding):
    """Channel 1 is a multiple of 0 also after the filters, 2 dies in them, 3 is not read, 4 is dead before."""
    found = convolutions(np.random.default_rng(seed), [(6, 2, 1, 1), (6, 1, 3, 6), (3, 6, 1, 1)], padding)
    w = found.weights
    w["w0"][1], w["b0"][1] = 2 * w["w0"][0], 2 * w["b0"][0]
    w["w1"][1], w["b1"][1] = w["w1"][0] / 2, w["b1"][0]
    w["w1"][2] = 0
    w["w2"][:, 3] = 0
    w["w0"][4], w["b0"][4] = 0, -1
    return found


def grouped(seed, padding):
    """One channel too many in each of four groups, before and after."""
    found = convolutions(np.random.default_rng(seed), [(8, 2, 1, 1), (12, 2, 3, 4), (6, 6, 1, 2)], padding)
    w = found.weights
    for g in range(4):
        k = 2 * g
        if g % 2:
            w["w0"][k], w["b0"][k] = 3 * w["w0"][k + 1], 3 * w["b0"][k + 1]
        else:
            w["w0"][k], w["b0"][k] = 0, -1
        w["w1"][3 * g], w["b1"][3 * g] = w["w1"][3 * g + 1], w["b1"][3 * g + 1]
    return found


def dead(seed, kind):
    """Nothing reads the second of four groups, or it makes constants alone."""
    found = convolutions(np.random.default_rng(seed), [(8, 2, 1, 1), (12, 2, 3, 4), (6, 12, 1, 1)], seed % 2)
    if kind == "unread":
        found.weights["w2"][:, 3:6] = 0
    else:
        found.weights["w1"][3:6] = 0
    return found


def inputs(source, seed):
    return np.random.default_rng([seed, 1]).integers(-8, 9, size=(3, *source.input_shape))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("made", "widths"), [(depthwise, {"c0": [6, 2]}), (grouped, {"c0": [8, 4], "c1": [12, 8]})])
def test_what_is_planted_is_removed_and_the_function_stays(made, widths, seed):
    source = made(seed, seed % 2)
    found = nv.prune(source)
    assert found.claim is Claim.PROVED
    assert {k: v for k, v in found.value["widths"].items() if k in widths} == widths
    x = inputs(source, seed)
    assert np.array_equal(source.evaluate_exact(x), found.network.evaluate_exact(x))


@pytest.mark.parametrize("kind", ["unread", "constant"])
@pytest.mark.parametrize("seed", range(2))
def test_a_dead_group_goes_as_a_whole(kind, seed, tmp_path):
    """With the channels that it alone reads; three groups stay, and nothing of them changes."""
    source = dead(seed, kind)
    found = nv.prune(source)
    assert found.claim is Claim.PROVED
    assert found.value["removed"] == {"dead group": 3 + 2}
    assert (found.value["widths"]["c0"], found.value["widths"]["c1"]) == ([8, 6], [12, 9])
    x = inputs(source, seed)
    assert np.array_equal(source.evaluate_exact(x), found.network.evaluate_exact(x))
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    nv.write_network(source, tmp_path / "a.onnx")
    edited = nv.prune(tmp_path / "a.onnx")
    assert any("group 4 -> 3" in change for change in edited.evidence["changes"])
    edited.write(tmp_path / "b.onnx")
    assert nv.align(tmp_path / "a.onnx", tmp_path / "b.onnx").value["same"] in ("yes", "within")


@pytest.mark.parametrize(
    "source", [depthwise(0, 0), depthwise(1, 1), grouped(0, 0), grouped(1, 1), dead(0, "unread"), dead(1, "constant")]
)
def test_a_changed_number_or_another_group_is_refused(source):
    found, removed = exactly_pruned(Rewritten.of(source))
    assert removed
    certificate = found.certificate()
    assert issue(certificate, source).claim is Claim.PROVED
    after = found.network

    def refused(other):
        last = replace(certificate.steps[-1], after=other)
        with pytest.raises(NotShown):
            issue(replace(certificate, second=network_hash(other), steps=(*certificate.steps[:-1], last)), source)

    for key in after.trained:
        for place in range(after.weights[key].size):
            weights = {k: np.array(v, order="C") for k, v in after.weights.items()}
            flat = weights[key].reshape(-1)
            flat[place] = flat[place] + (Fraction(1, 8) if weights[key].dtype == object else 0.125)
            refused(replace(after, weights=weights))
    for node in after.nodes:  # two groups of a convolution exchanged, and nothing else
        if node.attributes.get("groups", 1) > 1:
            weights = {key: np.array(v) for key, v in after.weights.items()}
            w = weights[node.weights["weight"]]
            each = len(w) // node.attributes["groups"]
            order = [*range(each, 2 * each), *range(each), *range(2 * each, len(w))]
            weights[node.weights["weight"]] = w[order]
            refused(replace(after, weights=weights))


def test_groups_that_would_not_stay_equally_long_keep_their_channels_and_it_is_said():
    source = convolutions(np.random.default_rng(0), [(8, 2, 1, 1), (8, 4, 1, 2), (3, 8, 1, 1)], 0)
    source.weights["w0"][1], source.weights["b0"][1] = source.weights["w0"][0], source.weights["b0"][0]
    found = nv.prune(source)
    assert found.value["removed"] == {}
    assert [p["reason"] for p in found.evidence["untouched"] if "equally long" in p["reason"]] == [
        "1 redundant channel of it stay: groups of a convolution have to be equally long"
    ]
    source.weights["w0"][5], source.weights["b0"][5] = 2 * source.weights["w0"][4], 2 * source.weights["b0"][4]
    assert nv.prune(source).value["removed"] == {"equal": 1, "proportional": 1}


def test_equal_rows_of_two_groups_read_other_channels_and_stay():
    source = convolutions(np.random.default_rng(0), [(4, 2, 1, 1), (4, 2, 1, 2), (3, 4, 1, 1)], 0)
    for a, b in ((0, 2), (1, 3)):
        source.weights["w1"][b], source.weights["b1"][b] = source.weights["w1"][a], source.weights["b1"][a]
    assert nv.prune(source).value["removed"] == {}


def moved(source, rng):
    """Groups permuted, channels inside them, and every channel scaled; batch exact."""
    w = {k: np.array(v) for k, v in source.weights.items()}
    blocks = rng.permutation(4)
    one = np.concatenate([2 * g + rng.permutation(2) for g in blocks])
    two = np.concatenate([3 * g + rng.permutation(3) for g in blocks])
    w["w0"], w["b0"] = w["w0"][one], w["b0"][one]
    w["w1"] = np.stack([w["w1"][two[i]][one[2 * (i // 3) : 2 * (i // 3) + 2] - 2 * blocks[i // 3]] for i in range(12)])
    w["b1"] = w["b1"][two]
    scale = (2.0 ** rng.integers(-2, 3, size=12)).astype(np.float32)
    w["w1"], w["b1"] = w["w1"] * scale[:, None, None, None], w["b1"] * scale
    w["w2"] = w["w2"][:, two] / scale[:, None, None]
    return replace(source, weights=w)


@pytest.mark.parametrize("seed", range(5))
def test_groups_and_channels_inside_them_are_aligned(seed):
    rng = np.random.default_rng(seed)
    source = convolutions(rng, [(8, 2, 1, 1), (12, 2, 3, 4), (6, 12, 1, 1)], 1)
    other = moved(source, rng)
    x = inputs(source, seed)
    assert np.array_equal(source.evaluate_exact(x), other.evaluate_exact(x))
    found = nv.align(source, other)
    assert (found.value["same"], found.value["exact"], found.claim) == ("yes", True, Claim.PROVED)
    other.weights["w1"][3, 1, 0, 0] += 0.5
    assert nv.align(source, other).value["same"] in ("no", "within")


@pytest.mark.parametrize("seed", range(5))
def test_depthwise_filters_are_scaled_and_go_with_their_channels(seed):
    rng = np.random.default_rng(seed)
    source = convolutions(rng, [(6, 2, 1, 1), (6, 1, 3, 6), (3, 6, 1, 1)], 1)
    w = {k: np.array(v) for k, v in source.weights.items()}
    order, s, t = rng.permutation(6), *(2.0 ** rng.integers(-2, 3, size=(2, 6))).astype(np.float32)
    w["w0"], w["b0"] = w["w0"][order] * s[:, None, None, None], w["b0"][order] * s
    w["w1"], w["b1"] = w["w1"][order] * (t / s)[:, None, None, None], w["b1"][order] * t
    w["w2"] = w["w2"][:, order] / t[:, None, None]
    other = replace(source, weights=w)
    found = nv.align(source, other)
    assert (found.value["same"], found.value["exact"], found.claim) == ("yes", True, Claim.PROVED)
    stated = layer_symmetries(source, hidden_layers(source)[0])
    assert symmetry_dimension(source) == sum(x.dimension for x in stated) == 6 + 6 + 3
