"""Two trainings: the permutation that brings their weights together, the barrier between them, residual streams moved as one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.layers.streams import streams
from neurovariety.checkpoints.nearest_symmetry import LabelledData, distance, line, nearest_permutation
from neurovariety.claim import Claim
from neurovariety.errors import DataError

from .random_networks import arrays, notation

WINDOW = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}


def residual(seed: int = 0) -> Network:
    """x -> stem -> r + c(relu(b(r))) -> depthwise -> matrix: one stream of 4 channels and a layer of 3 beside it."""
    rng = np.random.default_rng(seed)
    shapes = {"stem": (4, 2, 3, 3), "inner": (3, 4, 1, 1), "outer": (4, 3, 3, 3), "deep": (4, 1, 1, 1), "last": (2, 16)}
    weights = {k: rng.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    point = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "stem"}, {**WINDOW, "groups": 1}),
        Node("r", "activation", ("a",), {}, {"function": "relu"}),
        Node("b", "conv", ("r",), {"weight": "inner"}, {**point, "groups": 1}),
        Node("s", "activation", ("b",), {}, {"function": "relu"}),
        Node("c", "conv", ("s",), {"weight": "outer"}, {**WINDOW, "groups": 1}),
        Node("t", "add", ("r", "c")),
        Node("d", "conv", ("t",), {"weight": "deep"}, {**point, "groups": 4}),
        Node("u", "activation", ("d",), {}, {"function": "relu"}),
        Node("f", "reshape", ("u",), {}, {"shape": (16,)}),
        Node("y", "linear", ("f",), {"weight": "last"}),
    )
    return Network((2, 2, 2), nodes, "y", weights)


def test_a_permuted_residual_stream_is_aligned():
    source = residual()
    assert sorted((s.width, len(s.makers), len(s.readers)) for s in streams(source)) == [(3, 1, 1), (4, 3, 2)]
    moved = Rewritten.of(source)
    for stream, order in zip(streams(source), ([2, 0, 3, 1], [1, 2, 0]), strict=True):
        moved = moved.stream_permuted(stream, order)
    x = np.random.default_rng(1).normal(size=(5, 2, 2, 2))
    assert np.allclose(moved.network.evaluate(x), source.evaluate(x))
    assert not np.allclose(moved.network.weights["stem"], source.weights["stem"])
    found = nv.align(source, moved.network)
    assert (found.value["same"], found.value["exact"], found.claim) == ("yes", True, Claim.PROVED)
    wrong = replace(moved.network, weights={**moved.network.weights, "deep": source.weights["deep"]})
    assert nv.align(source, wrong).value["same"] == "no"


def test_outputs_and_inputs_are_no_streams():
    source = residual()
    assert all(n.name not in ("x", "y") for s in streams(source) for n in s.makers)


def trained(seed: int, x: np.ndarray, y: np.ndarray, width: int = 24) -> dict[str, np.ndarray]:
    """A network of one hidden layer, trained by plain gradient descent on the logistic loss of classes."""
    rng = np.random.default_rng(seed)
    w = {
        "w1": rng.normal(size=(width, x.shape[1])) / 2,
        "b1": np.zeros(width),
        "w2": rng.normal(size=(3, width)) / 5,
        "b2": np.zeros(3),
    }
    for _ in range(400):
        z = x @ w["w1"].T + w["b1"]
        h = np.maximum(z, 0)
        out = h @ w["w2"].T + w["b2"]
        p = np.exp(out - out.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        g = p / len(y)
        back = (g @ w["w2"]) * (z > 0)
        for key, step in (("w2", g.T @ h), ("b2", g.sum(axis=0)), ("w1", back.T @ x), ("b1", back.sum(axis=0))):
            w[key] = w[key] - step
    return {k: v.astype(np.float32) for k, v in w.items()}


@pytest.fixture(scope="module")
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Three classes on a line of five clouds, so that no single hyperplane is enough."""
    rng = np.random.default_rng(3)
    centres = np.array([[0, 0], [2, 1], [4, 0], [1, 3], [3, 3]])
    which = rng.integers(0, 5, size=200)
    return centres[which] + rng.normal(size=(200, 2)) / 3, np.array([0, 1, 2, 1, 0])[which]


def test_the_barrier_between_two_trainings_falls(clouds):
    x, y = clouds
    one, two = (nv.load_network(trained(seed, x, y), architecture="mlp(2,24,3; relu; bias)") for seed in (1, 2))
    found = nv.align(one, two, data=x, target=y)
    near = found.evidence["nearest"]
    assert (found.value["same"], found.claim) == ("no", Claim.PROVED)
    assert near["distance_after"] < near["distance_before"]
    assert near["after"]["barrier"] < near["before"]["barrier"] / 2
    assert near["before"]["losses"][0] == pytest.approx(near["after"]["losses"][0])  # the permuted network is the same function
    assert "barrier" in found.meaning
    half = LabelledData.of(one, x, y).loss(found.merged, {})
    assert half == pytest.approx(near["after"]["losses"][10], rel=1e-5)
    assert nv.align(one, found.network).value["same"] == "yes"


def test_a_descent_only_comes_nearer():
    for seed in range(3):
        one, two = (nv.load_network(arrays((3, 6, 5, 2), s), architecture=notation((3, 6, 5, 2), "tanh")) for s in (seed, seed + 50))
        moved = nearest_permutation(Rewritten.of(one), two)
        assert distance(moved.network, two) <= distance(one, two)
        planted = nearest_permutation(Rewritten.of(moved.network), one)
        assert distance(planted.network, one) <= distance(moved.network, one)


def test_data_that_do_not_fit_are_refused(clouds):
    x, y = clouds
    one, two = (nv.load_network(trained(seed, x[:20], y[:20], 3), architecture="mlp(2,3,3; relu; bias)") for seed in (1, 2))
    for data, target in ((x[:, :1], y), (x, y[:5]), (x * np.nan, y), (x, np.stack([y, y], axis=1))):
        with pytest.raises(DataError):
            nv.align(one, two, data=data, target=target)
    values = line(one, two, LabelledData.of(one, x, np.stack([y, y, y], axis=1) / 2))
    assert len(values["losses"]) == 21
    assert Fraction(values["losses"][0]) > 0
