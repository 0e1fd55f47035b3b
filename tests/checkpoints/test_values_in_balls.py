"""Values in float64 with bounds of their errors, held against exact ones; sides of kinks, held against those over Q."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.three_arithmetics import to_fractions
from neurovariety.checkpoints.rank import kinks
from neurovariety.checkpoints.rank.kinks import off_kinks
from neurovariety.checkpoints.rank.linearization import linearized, with_tangents
from neurovariety.checkpoints.rank.values_in_balls import FloatBall, values_in_balls

WINDOW = {"stride": (1, 1), "dilation": (1, 1)}
PADDED, BARE = {**WINDOW, "padding": ((1, 1), (0, 1))}, {**WINDOW, "padding": ((0, 0),) * 2}
HARD = {"function": "hardtanh", "low": Fraction(-1, 3), "high": Fraction(7, 5)}


def pictures(rng, scale=1.0):
    """A network with every operation whose errors are followed."""

    def drawn(*shape):
        return rng.normal(size=shape) * scale

    exact = np.array([Fraction(int(n), 7) for n in rng.integers(-9, 10, size=4)], dtype=object).reshape(4, 1, 1)
    weights = {
        "c": drawn(4, 2, 3, 2), "b": drawn(4), "m": drawn(4), "v": np.abs(drawn(4)) + 0.1, "s": drawn(4), "t": drawn(4),
        "g": drawn(8, 2, 2, 2), "k": exact, "p": drawn(1, 1), "w": drawn(5, 48).astype(np.float32),
        "z": drawn(5),
    }  # fmt: skip
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "c", "bias": "b"}, {**PADDED, "groups": 1}),
        Node("n", "normalize", ("a",), {"mean": "m", "variance": "v", "scale": "s", "shift": "t"}, {"epsilon": Fraction(1, 1000)}),
        Node("r", "activation", ("n",), {}, {"function": "relu"}),
        Node("o", "max_pool", ("r",), {}, {**PADDED, "window": (2, 2)}),
        Node("e", "average_pool", ("o",), {}, {**PADDED, "window": (2, 2)}),
        Node("f", "activation", ("e",), {}, {"function": "leaky_relu", "slope": Fraction(1, 3)}),
        Node("h", "multiply", ("f",), {"weight": "k"}),
        Node("i", "subtract", ("h", "e")),
        Node("j", "multiply", ("i", "i")),
        Node("q", "divide", ("j",), {}, {"constant": Fraction(3)}),
        Node("1", "add", ("q",), {}, {"constant": Fraction(1, 10)}),
        Node("2", "activation", ("1",), {}, HARD),
        Node("3", "conv", ("2",), {"weight": "g"}, {**BARE, "groups": 2}),
        Node("4", "slice", ("3",), {}, {"axis": 0, "start": 0, "stop": 8, "step": 2}),
        Node("5", "activation", ("4",), {}, {"function": "abs"}),
        Node("6", "parameter", (), {"value": "p"}),
        Node("7", "add", ("5", "6")),
        Node("8", "sum", ("7",), {}, {"axes": (2,), "keepdims": True}),
        Node("9", "mean", ("7",), {}, {"axes": (2,), "keepdims": True}),
        Node("l", "concatenate", ("8", "9"), {}, {"axis": 2}),
        Node("u", "reshape", ("l",), {}, {"shape": (48,)}),
        Node("y", "linear", ("u",), {"weight": "w", "bias": "z"}),
        Node("out", "activation", ("y",), {}, {"function": "relu6"}),
    )  # fmt: skip
    return Network((2, 5, 5), nodes, "out", weights, fixed=frozenset({"m", "v"}))


@pytest.mark.parametrize(("seed", "scale"), [(0, 1.0), (1, 1e3), (2, 1e-6)])
def test_balls_hold_the_exact_values_of_every_node(seed, scale):
    rng = np.random.default_rng(seed)
    network = pictures(rng, scale)
    x = np.round(rng.normal(size=(3, *network.input_shape)) * 64) / 64
    names = [n.name for n in network.nodes]
    found, exact, off = values_in_balls(network, x, names), network.values(to_fractions(x), exact=True), 0
    assert found is not None
    for name in names:
        middle, radius = to_fractions(found[name].middle), to_fractions(found[name].radius)
        true = np.broadcast_to(exact[name], middle.shape) if exact[name].shape[0] != len(middle) else exact[name]
        apart = np.abs(middle - true)
        assert np.all(apart <= radius), name
        off += int(np.sum(apart != 0))
        assert scale != 1 or np.all(radius <= 1e-9 * (np.abs(middle).max() + Fraction(1, 10**100))), name
    assert off > 100


def test_a_number_is_on_a_side_only_where_the_ball_is():
    ball = FloatBall(np.array([1.0, 1.0, 0.0, 0.0, np.nan, 1e-300]), np.array([0.5, 1.0, 0.0, 1e-300, 0.0, 0.0]))
    over, under, same = ball.beyond(Fraction(0))
    assert over.tolist() == [True, False, False, False, False, True]
    assert not under.any()
    assert same.tolist() == [False, False, True, False, False, False]
    third = FloatBall(np.array([1 / 3, np.nextafter(1 / 3, 1)]), np.zeros(2))
    assert not any(side.any() for side in third.beyond(Fraction(1, 3)))  # 1/3 is no float64 number


@pytest.mark.parametrize("seed", range(3))
def test_sides_are_those_over_q_also_at_kinks(seed):
    rng = np.random.default_rng(seed)
    network = pictures(rng)
    network.weights["b"][:2], network.weights["m"][:2], network.weights["t"][:2] = 0, 0, 0  # at 0 where their inputs are 0
    x = np.round(rng.normal(size=(6, *network.input_shape)) * 4) / 4
    x[:3, :, :3] = 0
    activations = [n for n in network.nodes if n.kind in ("activation", "max_pool")]
    balls = kinks._sides(activations, network, x, exact=True)
    over = kinks._over_q(activations, network, x)
    assert balls is not None
    assert not balls.unsure.any()
    met = 0
    for node in activations:
        assert np.array_equal(balls.kinks[node.name], over.kinks[node.name])
        met += int((over.kinks[node.name] >= 0).sum())
        free = over.kinks[node.name] < 0
        assert np.array_equal(balls.lines[node.name][free], over.lines[node.name][free]) or node.kind == "max_pool"
    assert met


def test_what_floats_cannot_tell_is_told_over_q(monkeypatch):
    tiny = 2.0**-60
    weights = {"w": np.array([[1.0, tiny, -1.0], [1, 2, -3], [-1, -tiny, 1]]), "v": np.ones((1, 3))}
    nodes = (
        Node("x", "input"),
        Node("a", "linear", ("x",), {"weight": "w"}),
        Node("r", "activation", ("a",), {}, {"function": "relu"}),
        Node("y", "linear", ("r",), {"weight": "v"}),
    )
    network = Network((3,), nodes, "y", weights)
    asked = []
    over = kinks._over_q
    monkeypatch.setattr(kinks, "_over_q", lambda *given: asked.append(len(given[2])) or over(*given))
    found = off_kinks([nodes[2]], network, np.array([[1.0, 1, 1], [1, 2, 3], [4, 5, -6]]))
    assert found.exact
    assert asked[0] == 1  # the first input alone
    assert found.usable.all()
    assert not np.array_equal(found.inputs[0], [1, 1, 1])  # its second unit was at 0: moved
    assert np.array_equal(found.inputs[1:], [[1, 2, 3], [4, 5, -6]])
    still = replace(network, weights={**weights, "w": np.array([[1.0, tiny, -1.0], [1, 2, -1], [-1, -tiny, 1]])})
    sides = kinks._sides([nodes[2]], still, np.array([[1.0, 1, 1]]), exact=True)
    assert sides is not None
    assert sides.lines["r"].tolist() == [[1, 1, 0]]  # 2**-60 is more than 0


def test_a_unit_behind_one_that_is_off_is_exactly_at_its_kink():
    weights = {"w": np.array([[-1.0], [1.0]]), "v": np.array([[0.1, 0.0], [0.0, 0.3]])}
    nodes = (
        Node("x", "input"),
        Node("a", "linear", ("x",), {"weight": "w"}),
        Node("r", "activation", ("a",), {}, {"function": "relu"}),
        Node("b", "linear", ("r",), {"weight": "v"}),
        Node("s", "activation", ("b",), {}, {"function": "relu"}),
    )
    found = values_in_balls(Network((1,), nodes, "s", weights), np.array([[0.7]]), ["b", "s"])
    assert found is not None
    assert (found["b"].middle[0, 0], found["b"].radius[0, 0]) == (0, 0)
    assert found["b"].radius[0, 1] > 0
    assert found["s"].radius[0, 0] == 0


def test_other_operations_and_sizes_have_no_balls_and_go_over_q():
    rng = np.random.default_rng(0)
    network = pictures(rng)
    x = np.round(rng.normal(size=(2, *network.input_shape)) * 64) / 64
    small = network.with_weights({"c": network.weights["c"] * 1e-130})
    assert values_in_balls(small, x, ["r"]) is None
    lost = network.with_weights({"b": np.array([Fraction(1, 10**400)] * 4)})
    assert values_in_balls(lost, x, ["r"]) is None
    bent = replace(network, nodes=(*network.nodes[:3], Node("r", "activation", ("n",), {}, {"function": "tanh"})), output="r")
    assert values_in_balls(bent, x, ["r"]) is None
    assert with_tangents(linearized(small), x).exact
