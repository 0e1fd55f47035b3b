"""Units that are always on or off on a box of inputs: removed, shown by bounds, and never where the box does not say so."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.box_rewrites import SAME_ON_BOX, RewritesOnBox
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.input_box import input_box
from neurovariety.checkpoints.layers.removals import by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import pruned_on_box
from neurovariety.claim import Claim


def mlp(rng, widths, activation="relu"):
    """Whole multiples of 1/8, biases rather positive, so that some units are on and some are off."""
    arrays = {}
    for k, (a, b) in enumerate(pairwise(widths)):
        arrays[f"l{k}.weight"] = (rng.integers(-8, 9, size=(b, a)) / 8).astype(np.float32)
        arrays[f"l{k}.bias"] = (rng.integers(-16, 33, size=b) / 8).astype(np.float32)
    return nv.load_network(arrays, architecture=f"mlp({','.join(map(str, widths))}; {activation}; bias)")


def corners(low, high, rng):
    """The corners of a box, and points in it."""
    ends = [np.where(c, high, low) for c in itertools.product([False, True], repeat=len(low))]
    return np.array(ends + [low + (high - low) * rng.integers(0, 65, size=len(low)) / 64 for _ in range(8)])


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "abs"])
def test_the_function_stays_on_the_box(activation):
    gone = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 4))
        source = mlp(rng, (n, int(rng.integers(3, 9)), int(rng.integers(2, 6)), 2), activation)
        pair = rng.integers(-4, 5, size=(2, n)) / 2.0
        low, high = pair.min(axis=0), pair.max(axis=0)
        found = nv.prune(source, box=(low, high))
        assert found.claim is Claim.PROVED
        x = corners(low, high, rng)
        assert np.array_equal(source.evaluate_exact(x), found.network.evaluate_exact(x))
        gone += sum(n for reason, n in found.value["removed"].items() if reason in ("always on", "always off"))
    assert gone >= 20


def test_units_that_are_on_are_as_many_as_the_rank_of_their_map_and_none_where_all_are():
    rng = np.random.default_rng(0)
    source = mlp(rng, (6, 40, 2))
    source.weights["l0.bias"][:] = 10
    found = nv.prune(source, box=(0, 1))
    assert (found.value["widths"], found.value["removed"]) == ({"l0": [40, 0]}, {"always on": 40})
    assert [n.kind for n in found.network.nodes] == ["input", "linear"]
    assert found.value["pruned"] == 14
    assert found.meaning.endswith("for inputs between 0 and 1")
    assert "for inputs between 0 and 1" in found.verdicts["pruned"].statement.scope
    source.weights["l0.bias"][:20] = -10  # half of them off, and one that bends
    source.weights["l0.weight"][0], source.weights["l0.bias"][0] = 1, -3
    again = nv.prune(source, box=(0, 1))
    assert again.value["removed"] == {"always off": 19, "always on": 18}
    x = corners(np.zeros(6), np.ones(6), rng)
    for network in (found.network, again.network):
        assert network.parameters < source.parameters
    assert np.array_equal(source.evaluate_exact(x), again.network.evaluate_exact(x))
    assert nv.prune(source).value["removed"] == {}


def all_on(rng, widths):
    source = mlp(rng, widths)
    for k, width in enumerate(widths[1:-1]):
        source.weights[f"l{k}.weight"][:] = np.abs(source.weights[f"l{k}.weight"])
        source.weights[f"l{k}.bias"][:] = 1 + np.arange(width) / 8
    return source


@pytest.mark.parametrize("seed", range(3))
def test_matrices_with_units_between_that_are_all_on_become_one(seed):
    rng = np.random.default_rng(seed)
    source = all_on(rng, (3, 5, 4, 2))
    x = corners(np.zeros(3), np.ones(3), rng)
    found, removed = pruned_on_box(Rewritten.of(source), input_box((0, 1), (3,)))
    assert by_reason(removed) == {"always on": 9}
    assert np.array_equal(source.evaluate_exact(x), found.network.evaluate_exact(x))
    last = found.network.trained
    assert [found.network.weights[k].shape for k in last] == [(2,), (2, 3)]
    certificate = found.certificate()
    issue(certificate, source)
    for box in (None, input_box((-8, 1), (3,))):
        with pytest.raises(NotShown, match="change nothing"):
            issue(replace(certificate, box=box), source)
    for key in last:
        for place in range(found.network.weights[key].size):
            weights = {k: np.array(v, order="C") for k, v in found.network.weights.items()}
            weights[key].reshape(-1)[place] += 0.125
            changed = replace(found.network, weights=weights)
            steps = (*certificate.steps[:-1], replace(certificate.steps[-1], after=changed))
            with pytest.raises(NotShown, match="product"):
                issue(replace(certificate, second=network_hash(changed), steps=steps), source)
    for k, step in enumerate(certificate.steps):
        for other in (replace(step, merged=frozenset()), replace(step, bounded=False), replace(step, backwards=True)):
            with pytest.raises(NotShown):
                issue(replace(certificate, steps=(*certificate.steps[:k], other, *certificate.steps[k + 1 :])), source)


def test_matrices_do_not_become_one_where_a_unit_bends_another_value_reads_it_or_numbers_get_more():
    rng = np.random.default_rng(4)
    source = all_on(rng, (3, 5, 2))
    source.weights["l0.bias"][2] = -1.5
    assert [n.kind for n in nv.prune(source, box=(0, 1)).network.nodes] == ["input", "linear", "activation", "linear"]
    source.weights["l0.bias"][2] = -40  # that unit goes, and then all are on
    assert nv.prune(source, box=(0, 1)).value["removed"] == {"always off": 1, "always on": 4}
    wide = all_on(rng, (40, 1, 40))
    assert nv.prune(wide, box=(0, 1)).value["removed"] == {}
    skip = all_on(rng, (3, 3, 3))
    nodes = (*skip.nodes, Node("sum", "add", (skip.nodes[2].name, skip.nodes[-1].name)))
    assert nv.prune(replace(skip, nodes=nodes, output="sum"), box=(0, 1)).value["removed"] == {}
    leaky = all_on(rng, (3, 5, 4, 2))
    bent = [replace(n, attributes={"function": "tanh"}) if k == 4 else n for k, n in enumerate(leaky.nodes)]
    found = nv.prune(replace(leaky, nodes=tuple(bent)), box=(0, 1))
    assert found.value["removed"] == {"always on": 5}
    assert found.claim is Claim.PROVED


def test_a_unit_that_just_reaches_the_kink_is_on_and_one_beyond_is_not():
    rng = np.random.default_rng(1)
    source = mlp(rng, (2, 3, 1))
    w = source.weights
    w["l0.weight"][:] = [[1, -1], [1, 1], [2, 1]]
    w["l0.bias"][:] = [1, 0, -1.5]
    w["l1.weight"][:] = 1
    assert nv.prune(source, box=(0, 1)).value["removed"] == {"always on": 1}  # two with the map of one row
    w["l0.bias"][0] = 1 - 2.0**-20
    assert nv.prune(source, box=(0, 1)).value["removed"] == {}


def certified(source, box):
    found, removed = pruned_on_box(Rewritten.of(source), box)
    assert by_reason(removed).keys() >= {"always on", "always off"}
    certificate = found.certificate()
    assert isinstance(certificate, RewritesOnBox)
    return found, certificate


def test_a_larger_box_a_changed_number_and_no_box_are_refused():
    rng = np.random.default_rng(3)
    source = mlp(rng, (2, 6, 4, 1))
    source.weights["l0.bias"][:3] = [4, 4, -4]
    box = input_box((-1, 1), (2,))
    found, certificate = certified(source, box)
    verdict = issue(certificate, source)
    assert (verdict.claim, verdict.statement.kind) == (Claim.PROVED, SAME_ON_BOX)
    for other in (
        None,
        input_box((-1, 40), (2,)),
        input_box((-40, 1), (2,)),
        Box((Fraction(1),), (Fraction(-1),)),
        Box((Fraction(0),) * 3, (Fraction(1),) * 3),
    ):
        with pytest.raises(NotShown):
            issue(replace(certificate, box=other), source)
    x, same = corners(-np.ones(2), np.ones(2), rng), 0
    for key in found.network.trained:
        for place in range(found.network.weights[key].size):
            weights = {k: np.array(v, order="C") for k, v in found.network.weights.items()}
            flat = weights[key].reshape(-1)
            flat[place] = flat[place] + (Fraction(1, 8) if weights[key].dtype == object else 0.125)
            changed = replace(found.network, weights=weights)
            last = replace(certificate.steps[-1], after=changed)
            claimed = replace(certificate, second=network_hash(changed), steps=(*certificate.steps[:-1], last))
            if np.array_equal(changed.evaluate_exact(x), source.evaluate_exact(x)):  # a weight of a unit that stays off
                same += 1
                continue
            with pytest.raises(NotShown):
                issue(claimed, source)
    assert same <= 3
    for k, step in enumerate(certificate.steps):
        turned = (*certificate.steps[:k], replace(step, backwards=not step.backwards), *certificate.steps[k + 1 :])
        with pytest.raises(NotShown):
            issue(replace(certificate, steps=turned), source)


def convolutional(rng):
    def drawn(*shape):
        return (rng.integers(-8, 9, size=shape) / 8).astype(np.float32)

    weights = {
        "c": drawn(6, 2, 3, 3), "b": drawn(6), "m": drawn(6), "v": np.abs(drawn(6)) + 1, "s": drawn(6), "t": drawn(6) * 4,
        "d": drawn(4, 6, 2, 2), "e": drawn(4) + 1, "w": drawn(3, 4),
    }  # fmt: skip
    window = {"stride": (1, 1), "dilation": (1, 1)}
    bare, padded = {**window, "padding": ((0, 0),) * 2}, {**window, "padding": ((1, 1),) * 2}
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "c", "bias": "b"}, {**padded, "groups": 1}),
        Node("n", "normalize", ("a",), {"mean": "m", "variance": "v", "scale": "s", "shift": "t"}, {"epsilon": Fraction(1, 8)}),
        Node("r", "activation", ("n",), {}, {"function": "relu"}),
        Node("p", "average_pool", ("r",), {}, {**bare, "window": (2, 2)}),
        Node("q", "conv", ("p",), {"weight": "d", "bias": "e"}, {**bare, "groups": 1}),
        Node("o", "activation", ("q",), {}, {"function": "relu6"}),
        Node("k", "max_pool", ("o",), {}, {**bare, "window": (2, 2)}),
        Node("g", "mean", ("k",), {}, {"axes": (1, 2), "keepdims": False}),
        Node("y", "linear", ("g",), {"weight": "w"}),
    )
    return Network((2, 5, 5), nodes, "y", weights, fixed=frozenset({"m", "v"}))


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_at_every_node_and_convolutions_are_pruned(seed):
    rng = np.random.default_rng(seed)
    source = convolutional(rng)
    box = input_box((-0.25, 0.5), source.input_shape)
    bounds = BoxBounds(source, box)
    x = rng.uniform(-0.25, 0.5, size=(40, *source.input_shape))
    x[:20] = rng.choice([-0.25, 0.5], size=x[:20].shape)
    for name, values in source.values(x).items():
        low, high = bounds.found[name]
        room = 1e-9 * max(1.0, np.abs(values).max())
        assert np.all(values >= low - room)
        assert np.all(values <= high + room)
    source.weights["t"][:3], source.weights["t"][3] = 40, -40  # three that are on, one that is off
    found = nv.prune(source, box=(-0.25, 0.5))
    assert found.claim is Claim.PROVED
    assert found.value["removed"]["always off"] >= 1
    exact = np.array(np.round(x[:2] * 64) / 64)
    assert np.array_equal(source.evaluate_exact(exact), found.network.evaluate_exact(exact))


def test_what_is_on_at_all_inputs_needs_no_box():
    rng = np.random.default_rng(5)
    source = mlp(rng, (3, 4, 6, 1))
    nodes = tuple(replace(n, attributes={"function": "sigmoid"}) if n.name == source.nodes[2].name else n for n in source.nodes)
    source = replace(source, nodes=nodes)
    source.weights["l1.weight"][:], source.weights["l1.bias"][:] = np.abs(source.weights["l1.weight"]) + 1, 1
    source.weights["l1.bias"][0] = -100  # never on
    found = nv.prune(source)
    assert found.claim is Claim.PROVED
    assert found.value["removed"] == {"always off": 1, "always on": 5}
    assert found.verdicts["pruned"].statement.scope == ("for the network as read",)


def test_a_file_is_changed_where_it_stands_and_compared_in_the_box(tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from click.testing import CliRunner

    from neurovariety.cli.main import app

    rng = np.random.default_rng(7)
    source = mlp(rng, (3, 8, 5, 2))
    source.weights["l0.bias"][:4] = 4
    nv.write_network(source, tmp_path / "a.onnx")
    done = CliRunner().invoke(app, ["prune", str(tmp_path / "a.onnx"), "--box", "-1", "1", "--output", str(tmp_path / "b.onnx")])
    assert done.exit_code == 0, done.output
    assert "for inputs between -1 and 1" in done.output
    x = rng.uniform(-1, 1, size=(50, 3)).astype(np.float32)
    sessions = [runtime.InferenceSession(str(tmp_path / f)) for f in ("a.onnx", "b.onnx")]
    one, two = (s.run(None, {s.get_inputs()[0].name: x})[0] for s in sessions)
    assert np.abs(one - two).max() < 1e-5
    assert nv.load_network(tmp_path / "b.onnx").parameters < source.parameters


@pytest.mark.parametrize("form", ["Gemm", "MatMul"])
def test_matrices_of_a_file_become_one_where_they_stand(form, tmp_path):
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    rng, helper, stored = np.random.default_rng(9), pytest.importorskip("onnx.helper"), {}
    nodes, x = [helper.make_node("Flatten", ["x"], ["h"])], "h"
    for k, (a, b) in enumerate(pairwise((4, 6, 5, 3))):
        stored |= {f"w{k}": np.abs(rng.normal(size=(a, b))), f"b{k}": 1 + rng.random(b)}
        if form == "Gemm":
            nodes.append(helper.make_node("Gemm", [x, f"w{k}", f"b{k}"], [f"a{k}"]))
        else:
            nodes += [helper.make_node("MatMul", [x, f"w{k}"], [f"p{k}"]), helper.make_node("Add", [f"p{k}", f"b{k}"], [f"a{k}"])]
        x = f"a{k}"
        if k < 2:
            nodes += [helper.make_node("Relu", [x], [f"r{k}"]), helper.make_node("Dropout", [f"r{k}"], [f"d{k}"])]
            x = f"d{k}"
    kind = onnx.TensorProto.FLOAT
    infos = [helper.make_tensor_value_info("x", kind, ["N", 2, 2])], [helper.make_tensor_value_info(x, kind, ["N", 3])]
    arrays = [onnx.numpy_helper.from_array(v.astype(np.float32), k) for k, v in stored.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", *infos, arrays), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "a.onnx")
    found = nv.prune(tmp_path / "a.onnx", box=(0, 1))
    found.write(tmp_path / "b.onnx")
    found.write(tmp_path / "b.pt2")
    assert found.value["removed"] == {"always on": 11}
    assert found.value["widths"] == {"a0": [6, 0], "a1": [5, 0]} or form == "MatMul"
    assert any("reads h instead of d1" in change for change in found.evidence["changes"])
    assert [n.op_type for n in onnx.load(tmp_path / "b.onnx").graph.node] == [
        "Flatten",
        *(["Gemm"] if form == "Gemm" else ["MatMul", "Add"]),
    ]
    x = rng.random((20, 2, 2)).astype(np.float32)
    one, two = (runtime.InferenceSession(str(tmp_path / f)).run(None, {"x": x})[0] for f in ("a.onnx", "b.onnx"))
    assert np.abs(one - two).max() < 1e-5 * np.abs(one).max()


@pytest.mark.parametrize("box", [3, (1, 0), (0, float("nan")), (0, float("inf")), ("a", "b"), (np.zeros(2), np.ones(2)), (0, 1, 2)])
def test_a_box_that_is_none_is_refused_in_one_sentence(box):
    source = mlp(np.random.default_rng(0), (3, 4, 1))
    with pytest.raises(nv.InputError, match="box="):
        nv.prune(source, box=box)
    with pytest.raises(nv.InputError, match="tolerance="):
        nv.prune(source, box=(0, 1), tolerance=0.1)


def test_weights_that_no_float_holds_have_no_bounds():
    """10^-300, written as a decimal, is no float64 and too near to the smallest: nothing is known of the unit, and of what reads it."""
    small = Fraction(1, 10**300)
    weights = {"W1": [[small, 0], [0, 1]], "b1": [1, 1], "W2": [[1, 1]], "b2": [0]}
    arrays = {name: np.array(value, dtype=object) for name, value in weights.items()}
    source = nv.load_network(arrays, architecture="mlp(2,2,1; relu; bias)")
    found = nv.prune(source, box=(-2, 2))
    assert sum(found.value["removed"].values()) == 0
    assert nv.diagnose(source).value["parameters"] == 9
