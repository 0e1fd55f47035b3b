"""Perceptrons with layer normalization: derivatives, dimensions from both sides, and symmetries that are not refused by accident."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.beyond.analytic.rank_in_balls import analytic_dimension, random_inputs, random_weights
from neurovariety.beyond.analytic.reading import read_analytic
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_weights import NoLinearSymmetry
from neurovariety.certificates.issue import issue
from neurovariety.certificates.normalized_networks import NormalizedPerceptron, TranslatingMaps
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import NeurovarietyError

NOTATION = "mlp(2,3,1; tanh; layernorm; bias)"
FLOATS = {"tanh": np.tanh, "exp": np.exp, "silu": lambda z: z / (1 + np.exp(-z))}


def output(network, weights, x):
    h, at = np.array(x, dtype=float), 0
    for l, (n, m) in enumerate(zip(network.widths, network.widths[1:], strict=False)):
        z = np.array(weights[at : at + m * n], dtype=float).reshape(m, n) @ h
        at += m * n
        if network.bias:
            z, at = z + np.array(weights[at : at + m], dtype=float), at + m
        h = z
        if l < len(network.activations):
            h = FLOATS[network.activations[l]]((z - z.mean()) / np.sqrt(z.var() + 1e-5))
    return h


@pytest.mark.parametrize("notation", ["mlp(2,3,2,2; tanh, silu; layernorm; bias)", "mlp(1,3,1; exp; layernorm)"])
def test_derivatives_are_those_of_floats(notation):
    network = read_analytic(notation)
    assert isinstance(network, NormalizedPerceptron)
    assert network.notation == notation
    rng = np.random.default_rng(0)
    weights, (x,) = random_weights(network, rng), random_inputs(rng, network.widths[0], 1.0, 1)
    with taylor(100, 2):
        found = np.array([[float(v.mid()) for v in row] for row in network.jacobian(weights, [x])])
        still = [sum(row[i] * int(c) for i, c in d.items()) for row in network.jacobian(weights, [x]) for d in network.moved_columns()]
        assert all(v.contains(0) for v in still)
    step = 1e-6
    for k in range(network.parameters):
        up, down = ([float(w) + s * (i == k) for i, w in enumerate(weights)] for s in (step, -step))
        slope = (output(network, up, x) - output(network, down, x)) / (2 * step)
        np.testing.assert_allclose(found[:, k], slope, atol=1e-7)


@pytest.mark.parametrize(
    ("notation", "dimension", "claim"),
    [
        (NOTATION, 10, "proved"),
        ("mlp(2,3,3,2; gelu; layernorm; bias)", 22, "proved"),
        ("mlp(2,3,1; exp; layernorm; bias)", 10, "proved"),  # a bias of exp is seen by the others of its layer
        ("mlp(2,3,1; sin; layernorm)", 7, "proved"),
        ("mlp(2,1,1; tanh; layernorm; bias)", 1, "proved"),  # one unit alone has no variance: constants
        ("mlp(2,1,2; gelu; layernorm)", 0, "proved"),  # the constant is 0
        ("mlp(2,1,2; softplus; layernorm)", 2, "proved"),  # and here log 2 times the weights after it
        ("mlp(2,1,2,2; tanh, sigmoid; layernorm)", 2, "proved"),
        ("mlp(2,2,1; tanh; layernorm; bias)", 5, "proved"),  # two units are y and -y, and of an odd activation one
        ("mlp(3,2,2; cos; layernorm)", 5, "proved"),
        ("mlp(2,2,1; sigmoid; layernorm)", 4, "proved"),
        ("mlp(2,2,1; sigmoid; layernorm; bias)", 5, "proved"),  # f(-y) = 1 - f(y), and a bias has the 1
        ("mlp(2,2,1; gelu; layernorm)", 4, "proved"),
        ("mlp(2,2,2,1; sin; layernorm; bias)", 7, "proved"),
        ("mlp(2,2,2,2; sigmoid, cos; layernorm; bias)", 9, "proved"),  # by pivots that floats do not see
    ],
)
def test_dimensions(notation, dimension, claim):
    found = nv.dimension(notation)
    assert (found.value, str(found.claim)) == (dimension, claim)
    assert nv.fibers(notation).value["dimension"] == found.evidence["parameters"] - dimension


@pytest.mark.parametrize(
    "notation", ["mlp(2,2,2; tanh; layernorm; bias)", "mlp(1,2,2,1; sigmoid, cos; layernorm; bias)", "mlp(2,1,2; erf; layernorm; bias)"]
)
def test_moves_of_few_units_change_nothing(notation):
    """Each in the null space of derivatives at two places, with what is seen all weights; and no certificate of more is accepted."""
    network = read_analytic(notation)
    rng = np.random.default_rng(2)
    weights, inputs = random_weights(network, rng), random_inputs(rng, network.widths[0], 1.0, 2)
    with taylor(100, 2):
        rows = network.jacobian(weights, inputs)
        assert all(
            sum((row[i] * int(c) for i, c in d.items()), 0 * row[0]).contains(0) for row in rows for d in network.constant_moves()
        )
    found = nv.dimension(notation)
    assert not recheck(json.loads(json.dumps(found.to_dict(certificates=True)))).refused
    above = analytic_dimension(network, 0).upper.certificate
    with pytest.raises(NotShown):
        issue(replace(above, value=above.value - 1), network)
    symmetries = nv.symmetries(notation)
    assert (symmetries.value["orbit_dimension"], str(symmetries.claim)) == (network.parameters - found.value, "proved")


def test_constants_after_one_unit_are_not_moved_by_linear_maps_alone():
    """After one unit a layer of two makes a constant by its other weights: of these moves nothing is said."""
    found = nv.symmetries("mlp(2,1,2,1; tanh; layernorm; bias)")
    assert (found.value["dimension"], str(found.claim)) == (None, "undecided")
    assert "one unit" in found.claims["dimension"].why


@pytest.mark.parametrize(
    ("notation", "at", "dimension"),
    [
        ("mlp(2,3,1; gelu; layernorm)", [1, 2, 0, 0, 0, 0, 1, 2, 3], 3),  # the second and third unit read nothing
        (
            "mlp(2,2,2,1; tanh; layernorm; bias)",
            [1, 2, 3, 1, 1, 1, 1, 1, 2, 3, 0, 1, 2, 2, 5],
            13,
        ),  # equal units in layer 2
        ("mlp(2,2,1; sigmoid; layernorm; bias)", [1, 2, 1, 2, 3, 5, 1, 1, 0], 6),
    ],
)
def test_ranks_at_weights_of_normalized_units_are_proved(notation, at, dimension):
    found = nv.fibers(notation, at=at)
    assert (found.value["dimension"], str(found.claims["dimension"].claim)) == (dimension, "proved")


def test_two_units_that_read_the_same_leave_a_constant():
    """And to first order an affine function of the inputs."""
    for notation, rank in (
        ("mlp(2,2,1; tanh; layernorm; bias)", 3),
        ("mlp(3,2,1; cos; layernorm)", 1),
        ("mlp(2,2,2; gelu; layernorm)", 2),
    ):
        (row,) = nv.critical_locus(notation).value["strata"]
        assert (row["rank"], row["claim"]) == (rank, "proved"), notation


def test_symmetries_add_numbers_to_columns():
    """Three columns of thirteen weights: all linear maps into these directions, and a certificate that there are none is refused."""
    found = nv.symmetries(NOTATION)
    assert found.value == {"dimension": 39, "stated": 39, "unstated": 0, "orbit_dimension": 3, "ansatz": "all"}
    assert str(found.claim) == "proved"
    network = read_analytic(NOTATION)
    dimension = analytic_dimension(network, 0).verdict
    for twin in (
        NoLinearSymmetry("dimension", dimension),
        TranslatingMaps("dimension", 38, dimension),
        TranslatingMaps("all", 0, dimension),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)
    with pytest.raises(NotShown):
        issue(TranslatingMaps("unstated", 0, dimension), read_analytic("mlp(2,3,1; tanh; bias)"))


def test_equal_units():
    """Where two units read the same the rank drops: at general such weights by one, for one output."""
    found = nv.critical_locus(NOTATION)
    assert [s["rank"] for s in found.value["strata"]] == [9] * 3
    at = nv.fibers(NOTATION, at=[1, 2, 1, 2, 3, 5, 1, 3, 1, 5, 5, 6, 0])
    assert at.value["dimension"] >= 4
    assert at.evidence["coincidences"] == ["hidden layer 1: units 1 and 2 are equal"]
    network = read_analytic(NOTATION)
    assert network.equal_units([Fraction(v) for v in (1, 2, 1, 2, 3, 5, 5, 5, 6, 1, 3, 1, 0)]) == [(1, 0, 1)]
    stored = json.loads(json.dumps(found.to_dict(certificates=True)))
    assert not recheck(stored).refused
    rank = found.claims["strata"].certificate.ranks[0].certificate
    with pytest.raises(NotShown):
        issue(replace(rank, value=(rank.value[0], rank.value[1] - 1)), network)


@pytest.mark.parametrize("notation", ["mlp(2,3,1; x^2; layernorm)", "mlp(2,3,1; tanh; layernorm; layernorm)", "mlp(2,3,1; layernorm)"])
def test_what_is_no_such_network_is_refused(notation):
    with pytest.raises(NeurovarietyError):
        nv.dimension(notation)


@pytest.mark.parametrize("words", ["layernorm", "bias; layernorm", "layernorm; bias"])
def test_trained_weights_are_read_with_the_notation(words):
    """The network is the one that the notation denotes, and what is said of it is what is said of a file with the same nodes."""
    bias = "bias" in words
    rng = np.random.default_rng(1)
    blocks = [
        rng.normal(size=(3, 2)),
        *([rng.normal(size=3)] if bias else []),
        rng.normal(size=(1, 3)),
        *([rng.normal(size=1)] if bias else []),
    ]
    weights = dict(zip(("W1", "b1", "W2", "b2") if bias else ("W1", "W2"), blocks, strict=True))
    network = nv.load_network(weights, architecture=f"mlp(2,3,1; tanh; {words})")
    own = read_analytic(f"mlp(2,3,1; tanh; layernorm{'; bias' if bias else ''})")
    x = rng.normal(size=(4, 2))
    expected = [output(own, np.concatenate([b.reshape(-1) for b in blocks]), row) for row in x]
    np.testing.assert_allclose(network.evaluate(x), expected, rtol=1e-9)
    with pytest.raises(NeurovarietyError):
        nv.load_network(weights, architecture="mlp(2,3,1; tanh; layernorm; layernorm)")
