"""Gated units: which of their factors may be scaled, and which products are none of the kind."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from neurovariety.certificates.network_symmetries import gated_dimensions
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

RNG = np.random.default_rng(2)
WEIGHTS = {
    "a": RNG.normal(size=(3, 2)),
    "b": RNG.normal(size=(3, 2)),
    "ab": RNG.normal(size=(8, 2)),
    "c": RNG.normal(size=(2, 3)),
    "d": RNG.normal(size=3),
}


def linear(name, below, weight, **more):
    return Node(name, "linear", (below,), {"weight": weight, **more})


def bent(name, below, *coefficients, **attributes):
    if coefficients:
        attributes = {"function": "polynomial", "coefficients": tuple(map(Fraction, coefficients))}
    return Node(name, "activation", (below,), {}, attributes)


def cut(name, start, stop, step=1, axis=0):
    return Node(name, "slice", ("ab",), {}, {"axis": axis, "start": start, "stop": stop, "step": step})


A, B, BOTH = linear("a", "x", "a"), linear("b", "x", "b"), linear("ab", "x", "ab")
TIMES, OUT = Node("t", "multiply", ("a", "b")), linear("y", "t", "c")


def found(*nodes, output="y", fixed=()):
    network = Network((2,), (Node("x", "input"), *nodes), output, WEIGHTS, fixed=frozenset(fixed))
    return [(node.name, n) for node, n in gated_dimensions(network)]


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ({"function": "relu"}, 6),
        ({"function": "tanh"}, 3),
        ({"function": "abs"}, 6),
        ((0, 0, 1), 6),
        ((1, 0, 1), 3),
        ((0, 1, 1), 3),
        ((0,), 6),
        ((0, 2), 6),
    ],
)
def test_factors_behind_activations(activation, expected):
    own = bent("r", "a", **activation) if isinstance(activation, dict) else bent("r", "a", *activation)
    product = Node("t", "multiply", ("r", "b"))
    assert found(A, own, B, product, OUT) == [("t", expected)]
    turned = Node("t", "multiply", ("b", "r"))
    assert found(A, own, B, turned, OUT) == [("t", expected)]


def test_both_factors_of_a_product():
    assert found(A, B, TIMES, OUT) == [("t", 6)]
    assert found(A, B, TIMES, bent("s", "t", 0, 0, 1), linear("y", "s", "c")) == []  # an activation is followed once


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (cut("p", 0, 3), cut("q", 3, 6), [("t", 6)]),
        (cut("p", 3, 6), cut("q", 0, 3), [("t", 6)]),
        (cut("p", 0, 3), cut("q", 5, 8), [("t", 6)]),
        (cut("p", 0, 3), cut("q", 2, 5), []),
        (cut("p", 2, 5), cut("q", 0, 3), []),
        (cut("p", 0, 3), cut("q", 0, 3), []),
        (cut("p", 0, 6, 2), cut("q", 1, 7, 2), []),
    ],
)
def test_slices_of_one_producer(one, two, expected):
    assert found(BOTH, one, two, Node("t", "multiply", ("p", "q")), OUT) == expected


@pytest.mark.parametrize(
    ("nodes", "output"),
    [
        ((A, B, TIMES), "t"),  # nothing undoes a factor
        ((A, B, TIMES, bent("y", "t", function="relu")), "y"),
        ((A, B, TIMES, bent("s", "t", function="tanh"), linear("y", "s", "c")), "y"),
        ((A, Node("t", "multiply", ("a", "a")), OUT), "y"),
        ((A, B, Node("t", "add", ("a", "b")), OUT), "y"),
        ((A, B, TIMES, linear("z", "t", "c"), linear("w", "a", "c"), Node("y", "add", ("z", "w"))), "y"),  # a is read elsewhere
        (
            (
                A,
                bent("r", "a", function="relu"),
                B,
                Node("t", "multiply", ("r", "b")),
                linear("z", "t", "c"),
                linear("w", "r", "c"),
                Node("y", "add", ("z", "w")),
            ),
            "y",
        ),
        ((A, Node("t", "multiply", ("a",), {"weight": "d"}), OUT), "y"),
        ((linear("a", "x", "a"), linear("b", "x", "a"), TIMES, OUT), "y"),  # one matrix for both
        (
            (
                BOTH,
                cut("p", 0, 3),
                Node("b", "linear", ("x",), {"weight": "b"}),
                Node("t", "multiply", ("p", "b")),
                linear("z", "t", "c"),
                linear("w", "x", "ab"),
                Node("v", "slice", ("w",), {}, {"axis": 0, "start": 0, "stop": 2, "step": 1}),
                Node("y", "add", ("z", "v")),
            ),
            "y",
        ),
    ],
)
def test_products_that_are_none(nodes, output):
    assert found(*nodes, output=output) == []


@pytest.mark.parametrize("fixed", ["a", "b", "c"])
def test_what_is_not_trained_is_not_scaled(fixed):
    assert found(A, B, TIMES, OUT, fixed=[fixed]) == []
