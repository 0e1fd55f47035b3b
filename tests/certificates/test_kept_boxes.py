"""Bounds of values on boxes to the last digit, for each kind of node, box and weights of few digits: no number may be another.

That bounds hold, and are hardly wider than need be, is asked in `test_edges_of_float_bounds`. Sums of products are exact here, in
whatever order a library takes them; only the outward rounding is left.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates import box_bounds
from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.node import Node

from .kept_numbers import check_kept, digits, eighths
from .test_edges_of_float_bounds import WINDOW, activation, chain, polynomial

THIRD = Fraction(1, 3)
WEIGHTS = {
    "w": eighths(3, 4),
    "b": eighths(3, start=12),
    "up": np.abs(eighths(3, 4)),
    "none": np.zeros((3, 4)),
    "half": np.array([[1.0, -2.0, 0.0, 0.0], [0.0, 0.5, 0.0, -0.25], [0.0, 0.0, 0.0, 0.0]]),
    "c": eighths(2, 2, 2, start=20),
    "g": eighths(2, 1, 2, start=30),
    "s": eighths(2, 4, start=40),
    "positive": np.abs(eighths(2, 4, start=40)) + 0.125,
    "fractions": np.array([[THIRD, -THIRD, Fraction(0), Fraction(2)]] * 2, dtype=object),
    "large": np.array([Fraction(10) ** 400] * 4, dtype=object),
    "small": np.array([Fraction(1, 10**400), Fraction(1), Fraction(0), Fraction(1)], dtype=object),
    "tiny": np.array([Fraction(1, 2**960), Fraction(1), Fraction(0), Fraction(1)], dtype=object),
    "rows of small": np.array([[Fraction(1, 10**400), Fraction(1), Fraction(0), Fraction(1)]] * 3, dtype=object),
    "rows of tiny": np.array([[Fraction(1, 2**960), Fraction(1), Fraction(0), Fraction(1)]] * 3, dtype=object),
    "rows of large": np.array([[Fraction(10) ** 400, Fraction(1), Fraction(0), Fraction(1)]] * 3, dtype=object),
    "e": np.array([THIRD, Fraction(-2, 7)], dtype=object),
    "m": np.array([0.5, -0.25]),
    "v": np.array([0.25, 2.25]),
    "batch": eighths(1, 2, 4, start=50),
}
CONV = {"stride": (1,), "padding": ((1, 0),), "dilation": (2,), "groups": 1}
NODES = [
    *(((4,), ("linear", {"weight": w}, {})) for w in ("w", "up", "none", "half", "rows of small", "rows of tiny", "rows of large")),
    *(((2, 4), ("linear", {"weight": w}, {})) for w in ("w", "up", "none", "half", "rows of small", "rows of tiny", "rows of large")),
    *((shape, ("linear", {"weight": "half", "bias": "b"}, {})) for shape in ((4,), (2, 4))),
    ((2, 4), ("conv", {"weight": "c", "bias": "m"}, CONV)),
    ((2, 4), ("conv", {"weight": "c"}, CONV)),
    ((2, 4), ("conv", {"weight": "g", "bias": "e"}, {**CONV, "groups": 2})),
    ((2, 4), ("normalize", {"mean": "m", "variance": "v", "scale": "m", "shift": "e"}, {"epsilon": Fraction(0)})),
    *(((2, 4), (kind, {"weight": w}, {})) for kind in ("add", "subtract", "multiply") for w in ("s", "positive", "fractions")),
    *(((2, 4), ("subtract", {"weight": w}, {"reversed": True})) for w in ("s", "positive")),
    *(((4,), (kind, {"weight": w}, {})) for kind in ("add", "multiply") for w in ("large", "small", "tiny")),
    *(
        ((4,), (kind, {}, {"constant": c}))
        for kind in ("add", "subtract", "multiply", "divide")
        for c in (THIRD, -THIRD, Fraction(2), Fraction(-1))
    ),
    ((4,), ("multiply", {}, {"constant": Fraction(0)})),
    ((4,), ("divide", {}, {"constant": Fraction(0)})),
    ((4,), ("subtract", {}, {"constant": THIRD, "reversed": True})),
    ((4,), ("divide", {}, {"constant": THIRD, "reversed": True})),
    ((2, 4), ("divide", {"weight": "positive"}, {})),
    *(
        ((2, 4), (kind, {}, {"axes": axes, "keepdims": keep}))
        for kind in ("sum", "mean")
        for axes in ((0,), (1,), (0, 1))
        for keep in (True, False)
    ),
    ((2, 4), ("average_pool", {}, WINDOW)),
    ((2, 4), ("average_pool", {}, {**WINDOW, "padding": ((1, 0),)})),
    ((2, 4), ("max_pool", {}, WINDOW)),
    ((2, 4), ("max_pool", {}, {**WINDOW, "padding": ((1, 0),)})),
    ((2, 4), ("reshape", {}, {"shape": (8,)})),
    ((2, 4), ("transpose", {}, {"permutation": (1, 0)})),
    ((2, 4), ("add", {"weight": "batch"}, {})),
    ((2, 4), ("softmax", {}, {"axis": 1})),
    ((4,), polynomial(THIRD, Fraction(-2, 7))),
    ((4,), polynomial(THIRD)),
    ((4,), polynomial(0, 0, 2)),
    ((4,), polynomial(1, 0, 2, 0, THIRD)),
    ((4,), polynomial(0, THIRD, 0, -2)),
    ((4,), polynomial(-1, 0, 2)),
    *(((4,), activation(function=f)) for f in ("relu", "relu6", "abs", "tanh", "sigmoid", "erf", "exp", "silu")),
    ((4,), activation(function="softplus", beta=Fraction(2))),
    ((4,), activation(function="leaky_relu", slope=Fraction(1, 7))),
    ((4,), activation(function="hardtanh", low=-THIRD, high=Fraction(1, 7))),
]
ENDS = (
    (Fraction(-1), Fraction(2)),
    (Fraction(0), Fraction(1)),
    (Fraction(-1), Fraction(0)),
    (-THIRD, THIRD),
    (Fraction(0), Fraction(0)),
    (Fraction(6), Fraction(7)),
    (-THIRD, Fraction(1, 7)),
)


def found_of(shape, node, box, first=()):
    network = chain(*first, node, inputs=shape, weights=WEIGHTS, fixed=("m", "v"))
    made = BoxBounds(network, box).found[network.output]
    return "none" if made is None else digits(*made)


@pytest.mark.parametrize("part", range(4))
def test_no_bound_is_another(part):
    boxes = [Box((a,), (b,)) for a, b in ENDS] + [None]
    found = {}
    for k, (shape, node) in enumerate(NODES[part::4]):
        mixed = Box(
            tuple(Fraction(int(v), 8) for v in range(-3, int(np.prod(shape)) - 3)),
            tuple(Fraction(int(v), 4) for v in range(int(np.prod(shape)))),
        )
        words = " ".join(map(str, (node[0], *node[1].values(), *node[2].values())))
        each = [found_of(shape, node, box) for box in (*boxes, mixed)]
        each += [found_of(shape, node, None, first) for first in HALF]  # values with one end
        found[f"{k} {words} {shape}"] = digits(each)
    check_kept(f"boxes {part}", found)


HALF = (
    (activation(function="relu"),),
    (activation(function="relu"), ("multiply", {}, {"constant": Fraction(-1)})),
    (activation(function="relu"), ("add", {}, {"constant": Fraction(1)})),
)


def test_two_values():
    """Sums, differences and products of two values; and a stored value."""
    found = {}
    for kind, (low, high) in product(("add", "subtract", "multiply"), ENDS):
        nodes = (
            Node("x", "input"),
            Node("a", "linear", ("x",), {"weight": "half"}),
            Node("b", "linear", ("x",), {"weight": "w", "bias": "b"}),
            Node("stored", "parameter", (), {"value": "b"}),
            Node("c", kind, ("a", "b")),
            Node("d", kind, ("c", "stored")),
        )
        network = chain(activation(function="relu"), inputs=(4,), weights=WEIGHTS)
        network = type(network)((4,), nodes, "d", WEIGHTS)
        made = BoxBounds(network, Box((low,), (high,))).found
        found[f"{kind} {low} {high}"] = digits(*(v for name in "cd" for v in made[name]), *made["stored"])
    check_kept("boxes of two values", found)


@pytest.mark.parametrize("function", ["relu", "abs", "hardtanh", "relu6", "tanh"])
def test_lines_that_are_settled(function):
    """Channels that stay on a line, at both sides of each kink, along each axis."""
    attributes = {"function": function} | ({"low": Fraction(-1), "high": Fraction(1)} if function == "hardtanh" else {})
    network = chain(("activation", {}, attributes), inputs=(2, 3))
    node, found = network.nodes[1], {}
    values = [Fraction(v, 2) for v in (-3, -2, -1, 0, 1, 2, 3, 12, 13)]
    for low, high in [(a, b) for a in values for b in values if a <= b]:
        for other in (low, high):  # one entry of a channel alone is wider
            box = Box((low,) * 5 + (low,), (*([high] * 5), max(high, other + 1)))
            bounds = BoxBounds(network, box)
            found[f"{low} {high} {other}"] = str(
                [[line and (str(line[0]), str(line[1])) for line in bounds.settled(node, axis)] for axis in (0, 1)]
            )
    found["no box"] = str([BoxBounds(network, None).settled(node, axis) for axis in (0, 1)])
    check_kept(f"lines of {function}", {"all": digits(list(found.values()))})


def test_boxes_and_their_words():
    found = {}
    for low, high in product(((), (0,), (0, 1), (0, 0), (THIRD, 2), (2, 1)), repeat=2):
        box = Box(tuple(map(Fraction, low)), tuple(map(Fraction, high)))
        try:
            found[f"{low} {high}"] = f"{digits(*box.ends((2,)))} {box.words}"
        except NotShown as why:
            found[f"{low} {high}"] = str(why)
    check_kept("boxes in words", found)
    whole = Fraction(10) ** 400
    for value in (THIRD, -THIRD, Fraction(1, 4), whole, -whole, 1 / whole, -1 / whole, Fraction(0)):
        low, high = box_bounds._down(value), box_bounds._up(value)
        assert low == -np.inf or low <= value
        assert high == np.inf or high >= value
        assert low == high or np.isinf([low, high]).any() or np.nextafter(low, np.inf) == high
        assert (low == high) == (abs(value) < whole and Fraction(float(value)) == value)
