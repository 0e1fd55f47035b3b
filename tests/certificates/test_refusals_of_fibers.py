"""Certificates of fibers and of linear symmetries beside a model that agrees to everything: what they refuse by themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.fiber import GENERIC_FIBER, LEFT_BY, PREIMAGES, Sorted, left_by
from neurovariety.certificates.fiber_at_weights import (
    _AT_LEAST,
    _AT_MOST,
    _ORBIT,
    _SCOPE,
    FIBER_AT,
    HIDDEN_AT,
    IDENTIFIED,
    BeyondOrbit,
    FunctionsAtWeights,
    IsolatedOnSlice,
    LocalDimension,
    LocalSlice,
    NoSmallerThanGeneral,
    OrbitAt,
    OrbitInFiber,
    Steps,
    SweptSpace,
    TangentSpace,
    residues,
)
from neurovariety.certificates.functions import DIMENSION, SPAN, Place
from neurovariety.certificates.issue import NotShown, recorded
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, ModularRank
from neurovariety.claim import Claim

P, Q = 101, 103
COMPOSITE = 9
AT = (Fraction(1, 2), Fraction(3))
ERROR, MORE = 2.0**-10, 1.01 * 2.0**-10
"""Twice this is what may be claimed at most; a little more may not."""
POINT, NUMBERS = np.array([51, 3]), np.zeros(0)
RANK = ModularRank(M, Place(DIMENSION, P, POINT, NUMBERS, NUMBERS, None), 2)


def model(**answers):
    return agreeing(FunctionsAtWeights, **answers)


def steps(prime=P, *sizes):
    return Steps(prime, np.array(sizes or (1,)), NUMBERS, NUMBERS)


def test_residues():
    assert residues((Fraction(1, 2), Fraction(-1), Fraction(205, 3)), P) == [51, 100, 205 * 34 % 101]
    for at, prime in (
        (AT, 2),
        (AT, COMPOSITE),
        (AT, 1),
        (AT, 2**64 + 13),
        ((Fraction(1, 101),), P),
        ((Fraction(1), Fraction(1, 202)), P),
    ):
        with pytest.raises(NotShown):
            residues(at, prime)


def test_no_smaller_than_general():
    known = premise(DIMENSION, 1, Claim.PROBABILITY, scope=("x",), error=0.5)
    own = NoSmallerThanGeneral(AT, known)
    verdict = check_both_sides(
        own,
        model(),
        [{"dimension": premise(DIMENSION, 1, claim)} for claim in (Claim.PROVED, Claim.UPPER_BOUND)],
        [{"at": AT[1:]}, *({"dimension": v} for v in twins(known, (Claim.LOWER_BOUND, Claim.COMPLETE)))],
    )
    assert said(verdict) == (1, Claim.PROBABILITY, (*_SCOPE, "x"), 0.5)
    assert outcome(own, model(), {"dimension": premise(DIMENSION, 2, Claim.UPPER_BOUND)}).claim is Claim.PROVED


def test_orbits():
    own = OrbitAt(M, AT, (P, Q), 1)
    here = model(fields_rank=always(1), fields_rank_over_q=always(1), fields_error_at=always(ERROR))
    unknown = {"fields_rank_over_q": always(None)}
    large = {**unknown, "fields_error_at": always(MORE)}
    verdict = check_both_sides(
        own,
        here,
        [
            {"model": {"fields_rank": lambda p, w: int(p == Q)}},
            {"model": {**large, "field_generators": 1}},
            {"model": {**large, "fields_rank": always(2)}, "value": 2},
            {"model": unknown},
        ],
        [
            *({"primes": primes} for primes in ((), (P, P), (P, COMPOSITE), (P, 2))),
            *({"value": value} for value in (0, 2)),
            *({"at": at} for at in (AT[1:], (*AT, AT[0]))),
            {"subject": "another"},
            {"model": {**large, "fields_rank": lambda p, w: 1 + (p == Q)}},
            {"model": large},
            {"model": {"fields_rank_over_q": always(2), "fields_error_at": always(MORE)}},
            {"model": unknown, "primes": (P,)},
        ],
    )
    assert said(verdict) == (1, Claim.PROVED, _SCOPE, 0)
    assert said(outcome(own, here, {"model": unknown})) == (1, Claim.PROBABILITY, _SCOPE, ERROR**2)
    seen = []
    outcome(own, here, {"model": {"fields_rank": lambda p, w: seen.append((p, w.tolist())) or 1}})
    assert seen == [(P, [51, 3]), (Q, [52, 3])]
    inside = check_both_sides(
        OrbitInFiber(M, AT, P, 1),
        here,
        [{"value": 0}],
        [{"value": 2}, {"prime": COMPOSITE}, {"prime": 2}, {"at": AT[1:]}, {"subject": "another"}],
    )
    assert said(inside) == (1, Claim.PROVED, _SCOPE, 0)


def test_swept_spaces():
    own = SweptSpace(M, AT, (((0, Fraction(1)), (1, Fraction(2))),), steps(), 2)
    here = model(is_constant=always(True), stays=always(True), stays_error=always(ERROR), swept_rank=always(2))
    tests = {"tests": (steps(P, 1), steps(P, 2))}
    verdict = check_both_sides(
        own,
        here,
        [{"value": 1}, tests, {**tests, "model": {"is_constant": always(False)}}, {"tests": (steps(P, 1), steps(Q, 1))}],
        [
            *({"directions": (d,)} for d in (((2, Fraction(1)),), ((-1, Fraction(1)),), ((1, Fraction(1)), (1, Fraction(2))))),
            {"directions": ()},
            {"place": steps(P, 1, 2)},
            {"place": steps(COMPOSITE)},
            {"tests": (steps(P, 1), steps(P, 2, 1))},
            {"tests": (steps(P, 1), steps(P, 1))},
            {"tests": (steps(P, 1), steps(P, 1 + P))},
            {"tests": (steps(P, 1), steps(COMPOSITE, 1))},
            {"tests": (steps(P, 1),)},
            {**tests, "model": {"stays": lambda at, d, t: t.steps[0] == 1}},
            {**tests, "model": {"stays_error": always(MORE)}},
            *({"model": {"is_constant": always(v)}} for v in (None, False)),
            {"model": {"swept_rank": always(1)}},
            {"at": AT[1:]},
            {"subject": "another"},
        ],
    )
    assert said(verdict) == (2, Claim.PROVED, _SCOPE, 0)
    assert said(outcome(own, here, tests)) == (2, Claim.PROBABILITY, _SCOPE, ERROR**2)


def test_tangent_spaces():
    rank = replace(RANK, value=1)
    place = rank.place
    here = model(took=always(1))
    moved = [replace(place, weights=POINT + k) for k in (1, np.array([1, 0]))]
    wrong = [replace(place, kind=SPAN), replace(place, weights=None), replace(place, prime=Q), *moved]
    ranks = [
        *(replace(rank, place=p) for p in wrong),
        replace(rank, value=2),
        replace(rank, subject="another"),
        replace(rank, generic=True),
    ]
    verdict = check_both_sides(
        TangentSpace(AT, rank),
        here,
        [{"rank": replace(rank, place=replace(place, weights=POINT + P))}, {"model": {"took": always(2)}}],
        [{"at": AT[1:]}, {"at": (AT[1], AT[0])}, *({"rank": r} for r in ranks), {"model": {"took": always(0)}}],
    )
    assert said(verdict) == (1, Claim.PROVED, _SCOPE, 0)
    general = outcome(TangentSpace(AT, replace(rank, generic=True)), here, {"model": {"generic": True}})
    assert said(general) == (1, Claim.PROVED, (*_SCOPE, GENERAL_COEFFICIENTS), 0)


def test_points_that_are_isolated_on_a_slice():
    piece = LocalSlice(AT, np.ones((2, 1), dtype=np.int64), NUMBERS, (Fraction(1, 5),))
    asked = []
    here = model(local_dimension=lambda piece, order, prime: asked.append((order, prime)) or 7)
    own = IsolatedOnSlice(M, piece, P, 3)
    verdict = check_both_sides(
        own,
        here,
        [{"order": 1}, {"prime": 7}, {"general": True, "model": {"generic": True}}],
        [
            *({"prime": p} for p in (2, 5, COMPOSITE)),
            *({"order": k} for k in (0, -1)),
            {"general": True},
            {"piece": replace(piece, directions=np.ones((3, 1), dtype=np.int64))},
            {"piece": replace(piece, at=AT[1:])},
            {"model": {"local_dimension": lambda piece, order, prime: order}},
            {"model": {"local_dimension": lambda piece, order, prime: -order}},
            {"subject": "another"},
        ],
    )
    assert asked[:2] == [(2, P), (3, P)]
    assert said(verdict) == (1, Claim.PROVED, _SCOPE, 0)
    # the prime of the coefficients alone, and what is no prime where there are no fractions
    whole = replace(own, piece=replace(piece, at=(Fraction(1), Fraction(3)), coefficients=()))
    assert outcome(whole, here, {})
    assert outcome(whole, here, {"prime": COMPOSITE}) is None


ORBIT = OrbitInFiber(M, AT, P, 1)
HIGH = premise(_AT_MOST, 2, certificate=TangentSpace(AT, RANK), scope=("a", "c"), error=0.25)
LOW = premise(_AT_LEAST, 2, Claim.PROBABILITY, certificate=ORBIT, scope=("a", "b"), error=0.5)
WHOLE = premise(_ORBIT, 1, certificate=OrbitAt(M, AT, (P,), 1), scope=("d",), error=0.125)


def elsewhere(known):
    """The same of other weights."""
    return premise(known.statement.kind, known.statement.value, certificate=replace(known.certificate, at=AT[::-1]))


def test_bounds_of_fibers_that_meet():
    verdict = check_both_sides(
        LocalDimension(LOW, HIGH),
        model(),
        [],
        [
            *({"lower": v} for v in (*twins(LOW), elsewhere(LOW), premise(_AT_LEAST, 1, certificate=ORBIT))),
            *({"upper": v} for v in (*twins(HIGH), elsewhere(HIGH), premise(_AT_MOST, 3, certificate=ORBIT))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (FIBER_AT, 2, Claim.PROBABILITY, ("a", "b", "c"), 0.75)


def test_what_is_left_beyond_an_orbit():
    own = BeyondOrbit(LOW, WHOLE)
    equal = premise(_AT_LEAST, 1, certificate=ORBIT)
    wrong = [
        *({"lower": v} for v in (*twins(LOW), elsewhere(LOW))),
        *({"orbit": v} for v in (*twins(WHOLE), elsewhere(WHOLE))),
    ]
    verdict = check_both_sides(own, model(), [], [*wrong, {"lower": equal}, {"lower": premise(_AT_LEAST, 0, certificate=ORBIT)}])
    assert (verdict.statement.kind, *said(verdict)) == (IDENTIFIED, "no", Claim.PROBABILITY, ("a", "b", "d"), 0.625)
    tight = replace(own, upper=HIGH)
    uppers = (*twins(HIGH), elsewhere(HIGH), premise(_AT_MOST, 3, certificate=ORBIT))
    found = check_both_sides(
        tight,
        model(),
        [{"lower": equal, "upper": premise(_AT_MOST, 1, certificate=ORBIT)}],
        [*wrong, *({"upper": v} for v in uppers), {"lower": equal}],
    )
    assert (found.statement.kind, *said(found)) == (HIDDEN_AT, 1, Claim.PROBABILITY, ("a", "b", "d", "c"), 0.875)


def test_classes_of_weights():
    below = NoSmallerThanGeneral(AT, premise(DIMENSION, 1))
    weights = premise(PREIMAGES, 3, Claim.COMPLETE, "a graph", below, ("x",), 0.5)
    unrelated = replace(below, dimension=premise(DIMENSION, 1, subject="another"))
    own = Sorted(GENERIC_FIBER, M, weights, (0, 1, 0))
    verdict = check_both_sides(
        own,
        model(),
        [{"kind": left_by(3)}, {"kind": left_by(12)}],
        [
            *({"kind": kind} for kind in ("another", DIMENSION, LEFT_BY + "x")),
            *({"labels": labels} for labels in ((0, 1), (0, 1, 0, 1))),
            {"weights": recorded(weights.statement, Claim.COMPLETE)},
            *({"weights": premise(kind, 3, subject="a graph", certificate=c)} for kind, c in (("x", below), (PREIMAGES, unrelated))),
            {"subject": "another"},
        ],
    )
    assert said(verdict) == (2, Claim.COMPLETE, ("x",), 0.5)
