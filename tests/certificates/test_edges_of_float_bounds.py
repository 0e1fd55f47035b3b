"""Bounds in float64 where numbers leave what it can hold, or cancel: exact values beside them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates.activation_slopes import steepness
from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.piecewise_forms import Unit, _staged
from neurovariety.certificates.piecewise_signs import signs_at
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

ONE, ZERO = Fraction(1), Fraction(0)


def chain(*nodes, inputs=(1,), weights=None, fixed=()):
    """A network of nodes one after another."""
    made = [Node("x", "input", (), {}, {})]
    for i, (kind, roles, attributes) in enumerate(nodes):
        made.append(Node(f"n{i}", kind, (made[-1].name,), roles, attributes))
    return Network(inputs, tuple(made), made[-1].name, dict(weights or {}), fixed=frozenset(fixed))


def activation(**attributes):
    return "activation", {}, attributes


def polynomial(*coefficients):
    return activation(function="polynomial", coefficients=coefficients)


def bounds(network, low, high):
    found = BoxBounds(network, Box((Fraction(low),), (Fraction(high),))).found[network.output]
    return None if found is None else tuple(float(v.reshape(-1)[0]) for v in found)


@pytest.mark.parametrize("place", [Fraction(1, 10**150), Fraction(10) ** 150])
def test_kinks_that_float64_cannot_hold(place):
    """Before the kink a unit is constant, after it grows, and the output takes off 2: its sign is 1 at x = kink + 5."""
    for offset in (ZERO, ONE):
        unit = Unit({1: ONE}, (place,), ((ZERO, offset), (ONE, offset - place)))
        forms = _staged(1, [unit], [{2: ONE, 0: Fraction(-2)}])
        whole = place * 10**150
        for x, sign in ((whole.numerator + 5 * 10**150, 1), (whole.numerator, -1), (whole.numerator - 10**150, -1)):
            cuts, outputs = signs_at(forms, [(10**150, x)])
            assert outputs.tolist() == [[sign]]
            assert cuts.tolist() == [[(x > whole) - (x < whole)]]


def test_powers_that_float64_cannot_hold():
    """10^200 x^2 is at most 10^-200 where x is at most 10^-200, and not 0."""
    tiny = Fraction(1, 10**200)
    for c, k in ((Fraction(10) ** 200, 2), (Fraction(10) ** 250, 3), (-(Fraction(10) ** 250), 3)):
        low, high = bounds(chain(polynomial(*[0] * k, c)), -tiny, tiny)
        assert low <= min(c * (-tiny) ** k, 0)
        assert high >= abs(c) * tiny**k
        slope, _ = steepness({"function": "polynomial", "coefficients": [0] * k + [c]}, np.array([1e-200]))
        assert slope[0] >= k * abs(c) * Fraction(1, 10 ** (200 * (k - 1)))


RNG = np.random.default_rng(3)
WINDOW = {"window": (2,), "stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
WEIGHTS = {
    "w": RNG.normal(size=(3, 4)),
    "b": RNG.normal(size=3),
    "c": RNG.normal(size=(2, 2, 2)),
    "s": RNG.normal(size=(2, 4)),
    "v": RNG.uniform(1, 2, size=2),
    "m": RNG.normal(size=2),
    "e": np.array([Fraction(1, 3), Fraction(-2, 7)], dtype=object),
}
"""What stands between an input of shape (4,) or (2, 4) and the output: one operation of each kind that is bounded."""
ONE_EACH = [
    ((4,), ("linear", {"weight": "w", "bias": "b"}, {})),
    ((4,), ("linear", {"weight": "w"}, {})),
    ((2, 4), ("linear", {"weight": "w", "bias": "b"}, {})),
    ((2, 4), ("conv", {"weight": "c", "bias": "m"}, {"stride": (1,), "padding": ((1, 0),), "dilation": (2,), "groups": 1})),
    ((2, 4), ("conv", {"weight": "c", "bias": "e"}, {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1})),
    ((2, 4), ("normalize", {"mean": "m", "variance": "v", "scale": "m", "shift": "e"}, {"epsilon": Fraction(1, 10)})),
    ((2, 4), ("add", {"weight": "s"}, {})),
    ((2, 4), ("subtract", {"weight": "s"}, {})),
    ((2, 4), ("subtract", {"weight": "s"}, {"reversed": True})),
    ((2, 4), ("multiply", {"weight": "s"}, {})),
    ((4,), ("add", {}, {"constant": Fraction(1, 3)})),
    ((4,), ("subtract", {}, {"constant": Fraction(1, 3)})),
    ((4,), ("subtract", {}, {"constant": Fraction(1, 3), "reversed": True})),
    ((4,), ("multiply", {}, {"constant": Fraction(-1, 3)})),
    ((4,), ("divide", {}, {"constant": Fraction(-3)})),
    ((2, 4), ("mean", {}, {"axes": (1,), "keepdims": True})),
    ((2, 4), ("sum", {}, {"axes": (0,), "keepdims": False})),
    ((2, 4), ("average_pool", {}, WINDOW)),
    ((2, 4), ("max_pool", {}, WINDOW)),
    ((4,), polynomial(Fraction(1, 3), Fraction(-2, 7))),
    ((4,), activation(function="relu6")),
    ((4,), activation(function="leaky_relu", slope=Fraction(1, 7))),
    ((4,), activation(function="hardtanh", low=Fraction(-1, 3), high=Fraction(1, 7))),
    ((4,), activation(function="abs")),
]


@pytest.mark.parametrize(("shape", "node"), ONE_EACH)
def test_boxes_hold_exact_values_and_little_more(shape, node):
    """The extreme values are taken where each entry is at an end, or at 0: of a point, and of a box."""
    network = chain(node, inputs=shape, weights=WEIGHTS, fixed=("m", "v"))
    for trial in range(6):
        middle = [Fraction(int(v), 7) * Fraction(1 + trial, 3) for v in RNG.integers(-9, 10, int(np.prod(shape)))]
        half = Fraction(trial % 2)
        low, high = (tuple(v + sign * half for v in middle) for sign in (-1, 1))
        one, two = BoxBounds(network, Box(low, high)).found[network.output]
        ends = [{a, b, *([ZERO] if node[0] == "activation" and a < 0 < b else [])} for a, b in zip(low, high, strict=True)]
        values = network.evaluate_exact(np.array(list(product(*ends)), dtype=object).reshape(-1, *shape))
        least, most = values.min(axis=0), values.max(axis=0)
        assert (one <= least).all()
        assert (two >= most).all()
        assert (least - one <= 1e-13).all()
        assert (two - most <= 1e-13).all()
