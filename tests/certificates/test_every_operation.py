"""Each operation of trained networks: its values over Q and in balls, held against the code that evaluates networks, and its degree."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import flint
import numpy as np
import pytest

from neurovariety.certificates.network_nodes import rational
from neurovariety.certificates.network_shapes import shapes
from neurovariety.certificates.network_values import BALLS, RATIONALS, Field, degree, value
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

RNG = np.random.default_rng(9)


def drawn(*shape):
    return RNG.integers(-8, 9, size=shape) / 4


def window(size, stride, padding, dilation):
    return {"window": size, "stride": stride, "padding": padding, "dilation": dilation}


SKEW = window((2, 3), (2, 1), ((1, 0), (1, 1)), (1, 2))
BARE = window((2, 2), (1, 2), ((0, 0), (0, 0)), (2, 1))
SLIDING = {key: v for key, v in SKEW.items() if key != "window"}
WEIGHTS = {
    "w": drawn(3, 4), "b": drawn(3), "c": drawn(4, 1, 2, 3), "d": drawn(4), "m": drawn(2), "v": drawn(2) ** 2 + 1, "s": drawn(2),
    "q": drawn(2, 3, 4), "o": np.array([[True, False, True, True]]), "r": np.array([[Fraction(1, 3), Fraction(-2, 7)]], dtype=object),
}  # fmt: skip
CHANNELS = {"mean": "m", "variance": "v"}
LINES = {"function": "lines", "kinks": (Fraction(-1), Fraction(1, 2)), "slopes": (Fraction(2), Fraction(-1), Fraction(3))}
POWERS = tuple(map(Fraction, (1, -2, 0, 3)))
"""(shape of the input, kind, weights, attributes, degree; None where it is not a polynomial, inf where not even rational)."""
ONE = [
    ((4,), "linear", {"weight": "w", "bias": "b"}, {}, 1),
    ((2, 4), "linear", {"weight": "w"}, {}, 1),
    ((2, 5, 6), "conv", {"weight": "c", "bias": "d"}, {**SLIDING, "groups": 2}, 1),
    ((2, 5), "normalize", {**CHANNELS, "scale": "s", "shift": "m"}, {"epsilon": Fraction(0)}, None),
    ((2, 3, 4), "add", {"weight": "q"}, {}, 1),
    ((2, 3, 4), "subtract", {"weight": "q"}, {}, 1),
    ((2, 3, 4), "subtract", {"weight": "q"}, {"reversed": True}, 1),
    ((2, 3, 4), "multiply", {"weight": "q"}, {}, 1),
    ((3, 2), "divide", {"weight": "r"}, {}, None),
    ((4,), "add", {}, {"constant": Fraction(1, 3)}, 1),
    ((4,), "subtract", {}, {"constant": Fraction(1, 3)}, 1),
    ((4,), "subtract", {}, {"constant": Fraction(1, 3), "reversed": True}, 1),
    ((4,), "multiply", {}, {"constant": Fraction(-2, 3)}, 1),
    ((4,), "divide", {}, {"constant": Fraction(-2, 3)}, 1),
    ((4,), "divide", {}, {"constant": Fraction(-2, 3), "reversed": True}, None),
    ((2, 6), "reshape", {}, {"shape": (3, 4)}, 1),
    ((2, 3, 4), "transpose", {}, {"permutation": (2, 0, 1)}, 1),
    ((2, 7), "slice", {}, {"axis": 1, "start": 1, "stop": 6, "step": 2}, 1),
    ((2, 3), "pad", {}, {"padding": ((1, 0), (0, 2))}, 1),
    ((2, 3, 4), "sum", {}, {"axes": (0, 2), "keepdims": False}, 1),
    ((2, 3, 4), "mean", {}, {"axes": (0, 2), "keepdims": True}, 1),
    ((2, 3, 4), "mean", {}, {"axes": (1,), "keepdims": False}, 1),
    ((2, 5, 6), "average_pool", {}, SKEW, 1),
    ((2, 5, 6), "average_pool", {}, BARE, 1),
    ((2, 5, 6), "max_pool", {}, SKEW, None),
    ((2, 5, 6), "max_pool", {}, BARE, None),
    ((2, 2, 3), "upsample", {}, {"factors": (2, 3)}, 1),
    ((2, 2, 3), "spread", {}, {"factors": (2, 3)}, 1),
    ((5,), "activation", {}, {"function": "relu"}, None),
    ((5,), "activation", {}, {"function": "relu6"}, None),
    ((5,), "activation", {}, {"function": "abs"}, None),
    ((5,), "activation", {}, {"function": "hardswish"}, None),
    ((5,), "activation", {}, {"function": "hardtanh", "low": Fraction(-1, 3), "high": Fraction(3, 2)}, None),
    ((5,), "activation", {}, {"function": "leaky_relu", "slope": Fraction(1, 3)}, None),
    ((5,), "activation", {}, {"function": "polynomial", "coefficients": POWERS}, 3),
    ((5,), "activation", {}, {"function": "tanh"}, inf),
    ((5,), "activation", {}, {"function": "sigmoid"}, inf),
    ((5,), "activation", {}, {"function": "erf"}, inf),
    ((5,), "activation", {}, {"function": "exp"}, inf),
    ((5,), "activation", {}, {"function": "sin"}, inf),
    ((5,), "activation", {}, {"function": "silu"}, inf),
    ((5,), "activation", {}, {"function": "gelu", "approximate": "none"}, inf),
    ((5,), "activation", {}, {"function": "gelu", "approximate": "tanh"}, inf),
    ((5,), "activation", {}, {"function": "elu", "alpha": Fraction(3, 2)}, inf),
    ((5,), "activation", {}, {"function": "softplus", "beta": Fraction(3, 2)}, inf),
    ((3, 4), "softmax", {}, {"axis": 0}, inf),
    ((3, 4), "softmax", {"mask": "o"}, {"axis": 1}, inf),
    ((3, 4), "standardize", {}, {"axes": (1,), "epsilon": Fraction(1, 2), "centred": True}, inf),
    ((3, 4), "standardize", {}, {"axes": (0,), "epsilon": Fraction(0), "centred": False}, inf),
]
TWO = [
    ("add", {}, 2),
    ("subtract", {}, 2),
    ("multiply", {}, 3),
    ("divide", {}, None),
    ("matmul", {"transpose": (False, True)}, 3),
    ("matmul", {"transpose": (True, False)}, 3),
    ("concatenate", {"axis": 0}, 2),
    ("concatenate", {"axis": 1}, 2),
]


def of_one(shape, kind, roles, attributes):
    nodes = (Node("x", "input"), Node("y", kind, ("x",), roles, attributes))
    return Network(shape, nodes, "y", WEIGHTS, fixed=frozenset({"m", "v", "o"}))


def fractions(values):
    return [Fraction(int(v.p), int(v.q)) for v in values.reshape(-1)]


def is_as_evaluated(network, rational_values):
    for _ in range(3):
        x = drawn(*network.input_shape) + 0.125  # not 0, by which some divide
        near = np.asarray(network.evaluate(x[None])[0])
        balls = value(network, x, BALLS)
        assert balls.shape == near.shape == tuple(shapes(network)[network.output])
        for ball, v in zip(balls.reshape(-1).tolist(), near.reshape(-1).tolist(), strict=True):
            assert float(ball.rad()) <= 1e-12 * (1 + abs(v))
            assert float(ball.mid()) == pytest.approx(v, rel=1e-6, abs=1e-6)
        if rational_values:
            if network.nodes[-1].attributes.get("function") == "hardswish":
                exact = [v * min(max(v / 6 + Fraction(1, 2), 0), 1) for v in map(Fraction, x.tolist())]
            else:
                exact = network.evaluate_exact(x[None])[0].reshape(-1).tolist()
            assert fractions(value(network, x, RATIONALS)) == exact
            assert all(ball.overlaps(flint.arb(rational(v))) for ball, v in zip(balls.reshape(-1).tolist(), exact, strict=True))
        else:
            with pytest.raises(NotShown):
                value(network, x, RATIONALS)


@pytest.mark.parametrize(("shape", "kind", "roles", "attributes", "expected"), ONE)
def test_values_of_one_operation(shape, kind, roles, attributes, expected):
    network = of_one(shape, kind, roles, attributes)
    root = kind == "normalize"
    if root:
        network.weights["v"] = np.array([4.0, 0.25])
    is_as_evaluated(network, expected != inf)
    assert degree(network) == (1 if root else None if expected == inf else expected)


@pytest.mark.parametrize(("kind", "attributes", "expected"), TWO)
def test_values_of_two_operands(kind, attributes, expected):
    nodes = (
        Node("x", "input"),
        Node("p", "activation", ("x",), {}, {"function": "polynomial", "coefficients": (Fraction(7, 2), Fraction(0), Fraction(1))}),
        Node("y", kind, ("x", "p"), {}, attributes),
    )
    is_as_evaluated(Network((3, 3), nodes, "y", {}), True)
    assert degree(Network((3, 3), nodes, "y", {})) == expected


def test_a_parameter_is_a_value():
    nodes = (Node("x", "input"), Node("p", "parameter", (), {"value": "q"}), Node("y", "multiply", ("x", "p")))
    network = Network((2, 3, 4), nodes, "y", WEIGHTS)
    is_as_evaluated(network, True)
    assert degree(network) == 1


@pytest.mark.parametrize("function", ["relu", "relu6", "abs", "hardswish", "elu"])
def test_a_ball_on_several_pieces_holds_all_of_them(function):
    """Balls around the kinks: the values at both ends and at the kinks lie in what is found, which is not much wider."""
    network = of_one(
        (1,), "activation", {}, {"function": function, "alpha": Fraction(3, 2)} if function == "elu" else {"function": function}
    )
    for kink in (-3, 0, 3, 6):
        field = Field(lambda v, kink=kink: flint.arb(kink, 0.5) if v == 1000 else BALLS.of(v), balls=True)
        (found,) = value(network, np.array([1000.0]), field)
        for v in np.linspace(kink - 0.5, kink + 0.5, 9):
            (exact,) = network.evaluate(np.array([[v]]))[0]
            assert found.lower() <= exact + 1e-12
            assert found.upper() >= exact - 1e-12
        assert float(found.rad()) <= 2.5


def test_windows_that_lie_in_the_padding_have_no_maximum():
    for padding, fits in ((((2, 0), (0, 0)), False), (((1, 0), (0, 4)), True), (((1, 0), (0, 5)), False)):
        attributes = window((2, 3), (1, 1), padding, (1, 2))
        network = of_one((1, 4, 6), "max_pool", {}, attributes)
        if fits:
            is_as_evaluated(network, True)
        else:
            with pytest.raises(NotShown):
                value(network, np.zeros((1, 4, 6)), RATIONALS)
