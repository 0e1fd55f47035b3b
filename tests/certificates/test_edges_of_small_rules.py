"""Rules of a few lines at the very place where they begin to hold: forms, groups, sums, norms, sets of weights, and words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION, AnalyticPerceptron
from neurovariety.certificates.exact_derivatives import total
from neurovariety.certificates.functions import Coefficients
from neurovariety.certificates.germ_changes import gathered
from neurovariety.certificates.germ_proofs import FormsOf, Order, _bases
from neurovariety.certificates.germs import ring
from neurovariety.certificates.issue import issue
from neurovariety.certificates.likelihood_of_networks import CrossEntropyOfNetworks
from neurovariety.certificates.piecewise_signs import _norms
from neurovariety.certificates.sentences import sentence
from neurovariety.certificates.smooth_strata import EQUAL, RANK_ON, SmoothCriticalLocus, SmoothStratum, lies_on
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_learning import _suffices
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

from .agreeing_models import agreeing, always, premise, said, twins

UP, DOWN = Claim.UPPER_BOUND, Claim.LOWER_BOUND
X, Y, Z = ring(3).gens()
ONE = Fraction(1)


def test_functions_linear_in_the_variables_of_one_group():
    assert gathered([X * Z + 2 * Y], [[0, 1]]) == [X * Z, X * 2]
    assert gathered([X * Z, 3 * Y * Z * Z], [[1], [0]]) == [X * Z, Y * 3 * Z * Z]
    for f in (X + X**2, X * Y + X, X + 1, X * Z + Z, Z):
        with pytest.raises(NotShown, match="not linear"):
            gathered([f], [[0, 1]])
    with pytest.raises(NotShown, match="not linear"):
        gathered([X + Y], [[0], [1]])
    for groups in ([[0], []], [[0], [0]], [[0, 0]], [[3]], [[-1]]):
        with pytest.raises(NotShown, match="groups"):
            gathered([X], groups)


def test_forms_of_one_degree():
    base, square = (((1,), ONE),), (((2,), ONE),)
    given = {"bases": (base,), "forms": (square,), "degree": 2, "powers": ((2, ((((), ONE),),)),), "then": Order(0, 1)}
    assert _bases([X**2], FormsOf(**given)) == [X]
    mixed = (((2,), ONE), ((3,), ONE))
    for forms in (mixed, mixed[::-1]):
        with pytest.raises(NotShown, match="another degree"):
            _bases([X**2 + X**3], FormsOf(**{**given, "forms": (forms,)}))
    for changes, germ in (
        ({"degree": 3}, [X**2]),
        ({"degree": 0, "forms": ((((0,), ONE),),)}, [X**0]),
        ({"bases": ()}, [X**2]),
        ({"forms": ()}, [X**2]),
        ({"powers": ()}, [X**2]),
        ({}, [X**2 * 2]),
        ({}, [Y**2]),
    ):
        with pytest.raises(NotShown):
            _bases(germ, FormsOf(**{**given, **changes}))


def test_samples_that_suffice():
    _suffices(flint.arb(5), 5)
    _suffices(flint.arb("4.5"), 5)
    for bound in (flint.arb(5) + flint.arb(2) ** -60, flint.arb(6), flint.arb(5, 2**-40)):
        with pytest.raises(NotShown):
            _suffices(bound, 5)


def test_sums_of_forms():
    one, two = {(0,): Fraction(1), (1,): Fraction(2)}, {(0,): Fraction(-1), (1,): Fraction(3), (0, 2): Fraction(5)}
    assert total([one, two]) == {(1,): Fraction(5), (0, 2): Fraction(5)}
    assert total([]) == {}
    assert total([one, one]) == {(0,): Fraction(2), (1,): Fraction(4)}


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 5e-324, 1e-160, 1e155])
def test_norms_of_rows(scale):
    rows = np.array([[3.0, -4.0], [0.0, 0.0], [0.0, -2.0], [1.0, 1.0]]) * scale
    assert np.allclose(_norms(rows) / scale, [5, 0, 2, 2**0.5], rtol=1e-12 if scale > 1e-300 else 0.5)
    assert np.allclose(_norms(np.concatenate([rows, [[3.0, 4.0]]]))[-1], 5.0)


TANH = AnalyticPerceptron((1, 2, 1), ("tanh",), False)
SAME = SmoothStratum(EQUAL, 1, (0, 1))


def test_weights_on_a_set():
    half = Fraction(1, 2)
    assert lies_on(TANH, SAME, (half, half, Fraction(1), Fraction(2)))
    assert not lies_on(TANH, SAME, (half, -half, Fraction(1), Fraction(2)))
    assert not lies_on(TANH, SAME, (half, half, Fraction(1)))
    assert not lies_on(TANH, SAME, (half, half, Fraction(1), Fraction(2), Fraction(0)))
    wide = AnalyticPerceptron((2, 2, 1), ("tanh",), True)
    place = [Fraction(v) for v in (1, 2, 1, 2, 3, 3, 4, 5, 6)]
    assert lies_on(wide, SAME, tuple(place))
    for i in (0, 1, 2, 3, 4, 5):
        moved = [v + (k == i) for k, v in enumerate(place)]
        assert not lies_on(wide, SAME, tuple(moved)), i


WHOLE = premise(ANALYTIC_DIMENSION, 4, subject=TANH.hash, scope=TANH.scope)
RANKS = tuple(
    premise(RANK_ON, v, c, subject=TANH.hash, scope=(n,)) for v, c, n in (((2, 3), UP, "a"), ((3, 4), UP, "b"), ((1, 0), UP, "c"))
)


def locus(certificate, changes):
    own = {name: value for name, value in changes.items() if name != "model"}
    try:
        return issue(replace(certificate, **own), changes.get("model", TANH))
    except NotShown:
        return None


def test_the_largest_set_that_is_critical():
    own = SmoothCriticalLocus("dimension", 4, WHOLE, RANKS)
    assert said(locus(own, {})) == (2, DOWN, (), 0.0)
    assert said(locus(own, {"key": "codimension"})) == (2, UP, (), 0.0)
    low = premise(ANALYTIC_DIMENSION, 4, DOWN, subject=TANH.hash, scope=TANH.scope)
    assert said(locus(own, {"whole": low})) == (2, DOWN, (), 0.0)
    wide = (premise(RANK_ON, (3, 3), subject=TANH.hash, scope=("d",)), *RANKS)
    assert said(locus(own, {"ranks": wide})) == (3, Claim.PROVED, (), 0.0)
    assert said(locus(own, {"ranks": wide, "key": "codimension"})) == (1, Claim.PROVED, (), 0.0)
    refused = [
        {"key": "rank"},
        {"parameters": 5},
        {"ranks": ()},
        {"ranks": RANKS[1:2]},
        {"ranks": (*RANKS, RANKS[0])},
        {"model": AnalyticPerceptron((1, 2, 1), ("gelu",), False)},
        *({"whole": v} for v in twins(WHOLE, (UP, Claim.PROBABILITY))),
        {"whole": premise(ANALYTIC_DIMENSION, 4, subject=TANH.hash, scope=("elsewhere",))},
        *({"ranks": (*RANKS[1:], v)} for v in twins(RANKS[0], (DOWN, Claim.PROBABILITY))),
        {"ranks": (*RANKS[1:], premise(RANK_ON, (2, 3), subject=TANH.hash, scope=("a", "z")))},
    ]
    for changes in refused:
        assert locus(own, changes) is None, changes


def row(name, rank, dimension, corank=1, claim="proved"):
    return {"name": name, "rank": rank, "dimension": dimension, "corank": corank, "claim": claim}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [row("a", 2, 5), row("b", 1, 4)],
            "the largest (a) has dimension 5, and at general weights of the deepest (b) 1 direction",
        ),
        ([row("a", 2, 5), row("b", 0, 5)], "one of the 2 largest (b) has dimension 5, and none is deeper: at its general weights"),
        ([row("a", 2, 5), row("c", 2, 5), row("b", 0, 4)], "one of the 2 largest (a) has dimension 5"),
        ([row("a", 2, 5)], "the Jacobian drops rank on the stratum of weights looked at (a): it has dimension 5"),
        (
            [row("a", 2, 5), row("b", 3, 5, 0)],
            "drops rank on 1 of the 2 strata of weights looked at (a): it has dimension 5",
        ),
    ],
)
def test_words_of_strata(rows, words):
    text = sentence(Statement("critical locus: strata", "m", rows), Claim.PROVED)
    assert words in text
    assert not any(a == b for a, b in pairwise(text.split()))


@pytest.mark.parametrize(
    ("kind", "value", "claim", "words"),
    [
        ("prune: error_bound", 0.0, Claim.PROVED, "the function stays the same"),
        ("prune: error_bound", 0.0, UP, "no change of the function is known of"),
        ("prune: error_bound", 0.5, Claim.PROVED, "the outputs change by at most 0.5 (Euclidean norm)"),
        ("prune: error_bound", 0.5, UP, "the outputs change by at most 0.5 (Euclidean norm)"),
        ("critical point: alone_within", 0.5, Claim.PROVED, "there is no other"),
        ("critical point: alone_within", 0.5, DOWN, "another was not found"),
        ("critical point: index", 0, Claim.PROVED, "all eigenvalues of the Hessian are positive: a local minimum"),
        ("critical point: index", 2, Claim.PROVED, "2 of the eigenvalues of the Hessian are negative: no minimum"),
        ("critical point: index", 0, Claim.ESTIMATE, "the Hessian has about 0 negative eigenvalues"),
    ],
)
def test_words_of_changes(kind, value, claim, words):
    assert words in sentence(Statement(kind, "m", value), claim)


TERMS = (0, (1, 0)), (0, (0, 1))


def entropy(values, samples=None, outputs=1, counts=(1, 3)):
    """At weights with these coefficients, of x0 and x1 in each output, or of the terms themselves."""
    model = agreeing(Coefficients, function_at=always(values), outputs=outputs, coefficient_names=())
    found = CrossEntropyOfNetworks(model, tuple(map(Fraction, counts)), TERMS, samples, (), "")
    return float(found.highest((1.0, 2.0)))


def test_cross_entropies_of_shares():
    """- (1/4 log p + 3/4 log q), whatever the unit in which the values are given."""
    for unit in (Fraction(1), Fraction(1, 8), Fraction(40)):
        found = entropy(dict(zip(TERMS, (unit, 3 * unit), strict=True)))
        assert np.isclose(found, -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)), rtol=1e-12)
    for values in ((1,), (1, -1), (0, 1), (-1, 1)):
        with pytest.raises(NotShown):
            entropy(dict(zip(TERMS, map(Fraction, values), strict=False)))
    lines = {(0, (1, 0)): Fraction(2), (1, (0, 1)): Fraction(1), (1, (2, 0)): Fraction(1, 2)}
    at = ((Fraction(1), Fraction(1)), (Fraction(1), Fraction(3)))  # shares 2 : 3/2, and 2 : 7/2
    found = entropy(lines, at, 2, (1, 2, 3, 4))
    shares = np.array([4 / 7, 3 / 7, 4 / 11, 7 / 11])
    assert np.isclose(found, -(np.array([1, 2, 3, 4]) / 10) @ np.log(shares), rtol=1e-12)
