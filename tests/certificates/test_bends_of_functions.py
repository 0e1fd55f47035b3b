"""Normal forms of one hidden layer that is linear on pieces: equal functions have equal ones, and nothing else has."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates import bends_of_functions
from neurovariety.certificates.bends_of_functions import SameBends, bent_function
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_nodes import exact, network_hash
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

ACTIVATIONS = {"relu": (0, 1), "leaky_relu": (Fraction(1, 4), 1), "abs": (-1, 1)}
ROWS = np.array([[1, 2, 0], [-3, 1, 1], [2, -3, -1], [1, 0, 5]])
BIASES, READS, ENDS = np.array([1, 2, -3, 2]), np.array([[1, 1, 1, 2], [2, 2, 2, -1]]), np.array([1, 0])


def network(function, rows, biases, reads, ends):
    slope = {"slope": Fraction(1, 4)} if function == "leaky_relu" else {}

    nodes = (
        Node("x", "input"),
        Node("h", "linear", ("x",), {"weight": "w1", "bias": "b1"}),
        Node("r", "activation", ("h",), {}, {"function": function, **slope}),
        Node("y", "linear", ("r",), {"weight": "w2", "bias": "b2"}),
    )
    arrays = {k: np.asarray(v, dtype=np.float64) for k, v in zip(("w1", "b1", "w2", "b2"), (rows, biases, reads, ends), strict=True)}
    return Network((3,), nodes, "y", arrays)


def same(*pair):
    return issue(SameBends(*map(network_hash, pair)), pair)


def otherwise(function):
    """The function with units in another order, scaled, and the first three, whose rows add up to 0, turned round."""
    left, right = ACTIVATIONS[function]
    scales = np.array([-2, -1, -0.5, 4])
    order = [2, 0, 3, 1]
    sizes = np.abs(scales)
    # p(-z) = p(z) - (l + r) z: what turning the three takes away is a constant
    ends = ENDS + float(left + right) * READS[:, :3] @ BIASES[:3]
    return network(function, (ROWS * scales[:, None])[order], (BIASES * scales)[order], (READS / sizes)[:, order], ends)


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_turned_scaled_and_permuted_units_are_one_function_and_no_others(function):
    one, two = network(function, ROWS, BIASES, READS, ENDS), otherwise(function)
    points = [[Fraction(a, 3), Fraction(b, 2), Fraction(a * b)] for a in range(-3, 4) for b in range(-3, 4)]
    assert np.array_equal(one.evaluate_exact(points), two.evaluate_exact(points))
    assert same(one, two).claim is Claim.PROVED
    assert nv.align(one, two).value["same"] == "yes"
    for key, values in two.weights.items():  # false twins: a weight changed anywhere
        for k in range(values.size):
            moved = values.copy()
            moved.reshape(-1)[k] += 2.0**-20
            if not values.reshape(-1)[k] and key == "w1":
                moved.reshape(-1)[k] = 1
            with pytest.raises(NotShown, match="other normal forms"):
                same(one, two.with_weights({key: moved}))


def test_another_slope_another_network_and_more_layers_are_refused():
    one, two = (network(f, ROWS, BIASES, READS, ENDS) for f in ("relu", "leaky_relu"))
    with pytest.raises(NotShown, match="other normal forms"):
        same(one, two)
    with pytest.raises(NotShown, match="other networks"):
        issue(SameBends(network_hash(one), network_hash(two)), (one, one))
    deep = nv.load_network({"w1": [[1.0, 2]], "w2": [[1.0], [2]], "w3": [[1.0, 1]]}, architecture="mlp(2,1,2,1; relu)")
    square = nv.load_network({"w1": [[1.0, 2]], "w2": [[1.0]]}, architecture="mlp(2,1,1; x^2)")
    for found, why in ((deep, "one hidden layer"), (square, "linear on pieces")):
        with pytest.raises(NotShown, match=why):
            bent_function(found)


@pytest.mark.parametrize("shape", [(1100, 1000), (2, 1000)])
def test_a_large_network_is_refused_before_its_numbers_become_fractions(shape, monkeypatch):
    """A million of them take a second. Of the second shape the inputs alone are too many, and of the first the products."""
    hidden, inputs = shape
    ones, rows = np.ones(hidden, dtype=np.float32), np.ones(shape, dtype=np.float32)
    arrays = {"w1": rows, "b1": ones, "w2": ones[None], "b2": ones[:1]}
    large = replace(network("relu", ROWS, BIASES, READS, ENDS), input_shape=(inputs,), weights=arrays)
    converted = []

    def counted(values):
        converted.append(np.size(values))
        return exact(values)

    monkeypatch.setattr(bends_of_functions, "exact", counted)
    with pytest.raises(NotShown, match="too large"):
        bent_function(large)
    assert sum(converted) < 10**4


def test_kinks_are_those_of_the_function():
    """relu(x - 1) - relu(x - 2) + ... of a hardtanh: the slopes between kinks, computed from values."""
    arrays = {"w1": np.array([[-2.0]]), "w2": np.array([[3.0]])}
    bent = {"function": "hardtanh", "low": Fraction(-1), "high": Fraction(4)}
    nodes = (
        Node("x", "input"),
        Node("h", "linear", ("x",), {"weight": "w1"}),
        Node("r", "activation", ("h",), {}, bent),
        Node("y", "linear", ("r",), {"weight": "w2"}),
    )
    found = bent_function(Network((1,), nodes, "y", arrays))
    jumps = {-key[1]: c for key, c in found.bends[0].items()}
    assert jumps == {Fraction(1, 2): 6, Fraction(-2): -6}
    at = [Fraction(k, 4) for k in range(-20, 21)]

    def value(x):
        a, b = found.affine[0]
        return a * x + b + sum(c * max(x - k, 0) for k, c in jumps.items())

    assert [value(x) for x in at] == [3 * min(max(-2 * x, -1), 4) for x in at]
    assert {(value(y) - value(x)) / (y - x) for x, y in pairwise(at)} == {0, -6}
