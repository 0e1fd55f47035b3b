"""Attention with softmax: known dimensions, derivatives against differences, and false twins that are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.beyond.analytic.rank_in_balls import analytic_dimension
from neurovariety.beyond.analytic.reading import read_analytic
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.softmax_attention import AttentionFiber, BaseChanges, SoftmaxAttention
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

KNOWN = {
    "attention(3,2; a=2; t=2; softmax)": 14,
    "attention(3,2; a=1; t=1; softmax)": 6,  # one token: V alone is seen
    "attention(2,2,2; a=2; t=2; softmax)": 12,  # 10 without softmax, and a scaling less in each layer
    "attention(2,2; a=1; t=3; heads=2; softmax)": 14,
    "attention(2,2,1; a=1; t=3; softmax)": 8,
    "attention(2,2; a=5; t=2; softmax)": 8,  # any matrix K^T Q
    "attention(2,3,2; a=2; t=2; softmax)": 12,  # features of rank 2
    "attention(1,1,1; a=1; t=2; heads=2; softmax)": 7,
    "attention(2,2,2; a=1; t=1; heads=2; softmax)": 4,
    "attention(3,3,3; a=1,2; t=2; softmax)": 22,  # without softmax 18, not 20
}


@pytest.mark.parametrize("notation", KNOWN)
def test_known_dimensions(notation):
    found = nv.dimension(notation)
    assert (found.value, found.claim) == (KNOWN[notation], Claim.PROVED)
    fiber = nv.fibers(notation)
    assert fiber.value["dimension"] == found.evidence["parameters"] - found.value
    assert fiber.claims["dimension"].claim is Claim.PROVED
    assert fiber.value["hidden"] >= 0


def value(network, weights, x):
    """The outputs in floats."""
    x = np.asarray(x, dtype=float).reshape(network.widths[0], network.tokens)
    for l in range(len(network.inner)):
        total = 0
        for h in range(network.heads):
            k, q, v = (weights[at : at + r * c].reshape(r, c) for at, r, c in (network.blocks[b, l, h] for b in "KQV"))
            share = np.exp((k @ x).T @ (q @ x))
            total = total + v @ x @ (share / share.sum(axis=0))
        x = total
    return x.reshape(-1)


@pytest.mark.parametrize("sizes", [((2, 3, 2), (2, 1), 3, 2), ((3, 1, 2), (1, 1), 2, 1), ((1, 2), (3,), 1, 2)])
def test_jacobians_are_difference_quotients(sizes):
    network = SoftmaxAttention(*sizes)
    rng = np.random.default_rng(3)
    weights, x = rng.integers(-64, 65, network.parameters) / 64, rng.integers(-64, 65, network.inputs) / 64
    with taylor(100, 2):
        rows = network.jacobian([Fraction(w) for w in weights], [[Fraction(v) for v in x]])
        found = np.array([[float(v.mid()) for v in row] for row in rows])
    step = 1e-6 * np.eye(network.parameters)
    columns = [(value(network, weights + e, x) - value(network, weights - e, x)) / 2e-6 for e in step]
    np.testing.assert_allclose(found, np.array(columns).T, atol=1e-8)


@pytest.mark.parametrize("sizes", [((2, 3, 2), (2, 1), 3, 2), ((2, 2, 2), (1, 2), 1, 3), ((2, 2), (3,), 2, 1)])
def test_fields_change_no_function(sizes):
    """Each field lies in the kernel of the Jacobian."""
    network = SoftmaxAttention(*sizes)
    rng = np.random.default_rng(1)
    weights = [int(n) for n in rng.integers(-2, 3, network.parameters)]
    with taylor(200, 2):
        rows = network.jacobian([*map(Fraction, weights)], [[Fraction(int(n), 4) for n in rng.integers(-4, 5, network.inputs)]])
        fields = list(network.fields(weights))
        moved = [abs(sum(a * b for a, b in zip(row, field, strict=True))) for row in rows for field in fields]
    assert len(fields) >= network.base_changes
    assert max(map(float, moved)) < 1e-20


@pytest.mark.parametrize("wide", [((2, 5, 2), (2, 2), 2, 2), ((2, 3, 1), (4, 4), 3, 1), ((3, 4, 2), (2, 2), 1, 2)])
def test_what_is_enough_has_as_many_dimensions(wide):
    """Features that add nothing: the network without them has the same dimension, counted on its own."""
    network = SoftmaxAttention(*wide)
    assert network.enough != network
    one, other = analytic_dimension(network, 0), analytic_dimension(network.enough, 1)
    assert one.value == other.value
    assert one.verdict.claim is other.verdict.claim is Claim.PROVED


def test_notation():
    """Softmax stands anywhere after the widths; without it attention is lightning attention."""
    assert read_analytic(" Attention(2,3,2; Softmax; a=2; heads=2; t=3) ").notation == "attention(2,3,2; a=2; t=3; heads=2; softmax)"
    assert read_analytic("attention(2,3,2; a=2; t=3)") is None
    for text, words in (
        ("attention(2,3; a=2; t=3; softmax; softmax)", "once"),
        ("attention(2,3; a=2; softmax)", "t="),
        ("attention(2,0; a=2; t=1; softmax)", "width"),
        ("attention(2,3; a=2; t=2; softmax; relu)", "relu"),
        ("attention(20,20; a=20; t=2; softmax)", "600"),
    ):
        with pytest.raises(nv.InputError, match=words):
            nv.dimension(text)
    with pytest.raises(nv.InputError, match="no meaning"):
        nv.degree("attention(2,3; a=2; t=2; softmax)")
    with pytest.raises(nv.InputError, match=r"linear\(2,3\)"):
        nv.degree("attention(2,3; a=2; t=1; softmax)")


@pytest.mark.parametrize("entry", ["dimension", "fibers", "symmetries"])
def test_answers_are_rechecked_and_repeated(entry):
    found = getattr(nv, entry)("attention(2,2,1; a=1; t=2; softmax)")
    found.rerun()
    found.verify()
    data = found.to_dict(certificates=True)
    assert not recheck(data).refused
    assert type(found).from_dict(data).meaning == found.meaning
    other = recheck({**data, "architecture": "attention(2,2,2; a=1; t=2; softmax)"})
    assert other.refused
    assert not other.rechecked


def test_symmetries_are_a_bound():
    found = nv.symmetries("attention(2,2,1; a=1; t=2; softmax)")
    assert (found.value["dimension"], found.claims["dimension"].claim) == (6, Claim.LOWER_BOUND)
    assert (found.value["stated"], found.claims["stated"].claim) == (6, Claim.PROVED)


def test_false_twins():
    network = read_analytic("attention(2,2,1; a=1; t=2; softmax)")
    other = read_analytic("attention(2,2,1; a=1; t=3; softmax)")
    found = analytic_dimension(network, 0)
    rank, upper = found.lower.certificate, found.upper.certificate
    zeros, drawn = (0,) * len(upper.drawn), upper.drawn
    fiber = AttentionFiber("dimension", 6, found.verdict, drawn)
    hidden = AttentionFiber("hidden", 0, found.verdict, drawn)
    changes = BaseChanges("dimension", network.hash, 6, drawn)
    for true in (fiber, hidden, changes):
        assert issue(true, network).statement.value == true.value
        with pytest.raises(NotShown):
            issue(true, other)
    for twin in (
        replace(rank, rows=(rank.rows[0], *rank.rows[:-1])),
        replace(rank, columns=(*rank.columns[:-1], network.parameters)),
        replace(rank, inputs=(rank.inputs[0],) * len(rank.inputs)),
        replace(rank, drawn=(Fraction(0),) * len(rank.drawn)),
        replace(rank, subject=other.hash),
        replace(upper, value=upper.value - 1),
        replace(upper, value=upper.value + 1),
        replace(upper, drawn=zeros),
        replace(upper, drawn=drawn[:-1]),
        replace(upper, subject=other.hash),
        replace(fiber, value=5),
        replace(fiber, key="cardinality"),
        replace(fiber, dimension=weak(found.verdict.statement, Claim.ESTIMATE, "")),
        replace(fiber, dimension=found.upper),
        replace(hidden, value=1),
        replace(hidden, drawn=zeros),
        replace(changes, value=7),
        replace(changes, key="unstated"),
        replace(changes, subject=other.hash),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)
    weaker = replace(upper, drawn=zeros, value=14)  # no field at weights 0: a true bound
    assert issue(weaker, network).claim is Claim.UPPER_BOUND
    assert issue(AttentionFiber("hidden", 6, found.verdict, zeros), network).claim is Claim.UPPER_BOUND


@pytest.mark.parametrize(
    "wrong", [((2,), (), 1, 1), ((2, 2), (), 1, 1), ((2, 0), (1,), 1, 1), ((2, 2), (1,), 0, 1), ((2, 2), (1,), 1, True)]
)
def test_what_is_no_network(wrong):
    with pytest.raises((ValueError, TypeError)):
        SoftmaxAttention(*wrong)
