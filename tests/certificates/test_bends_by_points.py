"""The bends of networks of one hidden layer, at points, after each operation that may follow; and networks that have no such form."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates.bends_of_functions import SameBends, bent_function
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

from .test_pieces_by_points import ABS, CLIPPED, HALF, LEAKY, RELU, THIRD, at, net, refused

ROWS = [[1, 2], [-3, 1], [0, 0], [2, 4], [-1, -2]]
BIAS = [1, -2, 3, 0, -1]
READS = [[1, -2, 3, 1, 2], [0, 1, -1, 2, 5]]


def bent_at(found, x):
    """Affine functions, and multiples of positive parts."""
    at = (*map(Fraction, x), Fraction(1))
    parts = [
        sum((c * max(sum(a * b for a, b in zip(key, at, strict=True)), 0) for key, c in b.items()), Fraction(0)) for b in found.bends
    ]
    return [sum(a * b for a, b in zip(row, at, strict=True)) + p for row, p in zip(found.affine.tolist(), parts, strict=True)]


POLYNOMIAL = {"function": "polynomial", "coefficients": (Fraction(3), Fraction(-2, 5))}
STAGES = {
    "nothing": (),
    "plus numbers": (Node("m", "add", ("r",), {"weight": "five"}),),
    "plus a number": (Node("m", "add", ("r",), {}, {"constant": THIRD}),),
    "times numbers": (Node("m", "multiply", ("r",), {"weight": "row"}),),
    "times a number": (Node("m", "multiply", ("r",), {"weight": "one"}),),
    "less numbers": (Node("m", "subtract", ("r",), {"weight": "five"}),),
    "numbers less": (Node("m", "subtract", ("r",), {"weight": "five"}, {"reversed": True}),),
    "a number less": (Node("m", "subtract", ("r",), {}, {"constant": THIRD, "reversed": True}),),
    "a line": (Node("m", "activation", ("r",), {}, POLYNOMIAL),),
    "beside what is read": (Node("m", "add", ("r", "h")),),
    "less what is read": (Node("m", "subtract", ("r", "h")),),
    "twice": (Node("m", "add", ("r", "r")),),
    "nothing left": (Node("m", "subtract", ("r", "r")),),
}
NUMBERS = {"five": np.array([1.0, -2, 0.5, 0, 3]), "row": np.array([[1.0, -2, 0.5, 0, 3]]), "one": np.array([-1.5])}


def bent(activation, more):
    return net(2, ROWS, BIAS, READS, [1, -1], activation, more, **NUMBERS)


@pytest.mark.parametrize("activation", [RELU, ABS, LEAKY, CLIPPED, {"function": "relu6"}], ids=lambda a: a["function"])
@pytest.mark.parametrize("more", STAGES.values(), ids=STAGES)
def test_bends_are_the_function(activation, more):
    """At points on both sides of all kinks, and on some."""
    network = bent(activation, more)
    found = bent_function(network)
    for x in product((Fraction(-7, 2), Fraction(-1), Fraction(0), THIRD, Fraction(2)), repeat=2):
        assert bent_at(found, x) == at(network, x)
    assert all(next(v for v in key[:-1] if v) == 1 for b in found.bends for key in b)
    affine, bends = found.form()
    assert affine == found.affine.reshape(-1).tolist()
    assert all(all(b.values()) for b in bends)
    if more is STAGES["nothing left"]:
        assert bends == [{}, {}]


def test_networks_without_such_a_form():
    own = bent(RELU, ())
    square = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(0), Fraction(1))}
    quotient = {"function": "rational", "numerator": (Fraction(0), Fraction(1)), "denominator": (Fraction(1), Fraction(0), Fraction(1))}
    for more, why in (
        ((Node("m", "activation", ("r",), {}, RELU),), "one hidden layer"),
        ((Node("m", "activation", ("r",), {}, square),), "linear on pieces"),
        ((Node("m", "activation", ("r",), {}, quotient),), "linear on pieces"),
        ((Node("m", "activation", ("r",), {}, {"function": "tanh"}),), "linear on pieces"),
        ((Node("m", "multiply", ("r", "h")),), "multiplies"),
        ((Node("m", "softmax", ("r",), {}, {"axis": 0}),), "not followed"),
        ((Node("m", "divide", ("r",), {}, {"constant": HALF}),), "not followed"),
    ):
        with pytest.raises(NotShown, match=why):
            bent_function(bent(RELU, more))
    for array in (np.ones((5, 1)), np.ones((2, 5)), np.ones(3), np.ones((1, 1, 5))):
        other = replace(bent(RELU, STAGES["plus numbers"]))
        broken = object.__new__(type(other))
        broken.__dict__.update({**other.__dict__, "weights": {**other.weights, "five": array}})
        with pytest.raises(NotShown):
            bent_function(broken)
    wide = Network((1, 2), (Node("x", "input"), Node("h", "linear", ("x",), {"weight": "w"})), "h", {"w": own.weights["w"]})
    with pytest.raises(NotShown, match="reads a vector"):
        bent_function(wide)
    single = bent(RELU, ())
    for shape in ((2, 4), (5,)):
        broken = object.__new__(type(single))
        broken.__dict__.update({**single.__dict__, "weights": {**single.weights, "v": np.ones(shape)}})
        with pytest.raises(NotShown):
            bent_function(broken)
    other_inputs = net(3, [[1, 2, 0]], [1], [[1]], [0])
    pair = own, other_inputs
    refused(SameBends(*map(network_hash, pair)), pair, "other inputs")
    assert issue(SameBends(network_hash(own), network_hash(own)), (own, own)).claim is Claim.PROVED
    refused(SameBends(network_hash(own), "another"), (own, own), "other networks")
