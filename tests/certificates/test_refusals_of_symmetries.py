"""Certificates of linear symmetries beside a model that agrees to everything: what they refuse by themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.functions import DIMENSION, SPAN, Place
from neurovariety.certificates.linear_symmetries import (
    AMONG,
    STATED,
    ExpandedMaps,
    MapsAtMost,
    MapsPlace,
    OrbitDimension,
    Reparametrizations,
    SampledMaps,
    SearchedAmong,
    StatedMaps,
    StatedSpan,
    UnstatedMaps,
    symmetries_in,
)
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, ModularRank
from neurovariety.claim import Claim

P, Q = 101, 103
COMPOSITE = 9
ERROR, MORE = 2.0**-10, 1.01 * 2.0**-10
"""Twice this is what may be claimed at most; a little more may not."""
POINT, NUMBERS = np.array([51, 3]), np.zeros(0)
RANK = ModularRank(M, Place(DIMENSION, P, POINT, NUMBERS, NUMBERS, None), 2)
MAPS = symmetries_in("block-diagonal")
VECTORS = (((0, Fraction(1)), (1, Fraction(1, 5))), ((1, Fraction(2)),))
EQUATIONS = MapsPlace("block-diagonal", P, POINT, NUMBERS, NUMBERS)
UPPER = premise(MAPS, 2, Claim.UPPER_BOUND, certificate=MapsAtMost(M, EQUATIONS, 2), scope=("x",))
WITHIN = AMONG["block-diagonal"]


def symmetric(**answers):
    given = {"parameters": 4, "ansatz_unknowns": always(5), "maps_rank": always(3), "fields_rank": always(2)}
    own = {"stated_maps_rank": always(2), "stated_maps_over_q": always(2), "is_symmetry": always(True), "maps_vanish": always(True)}
    more = {"map_of": lambda ansatz, v: {(0, i): c for i, c in v}, "maps_fields_rank": always(2), "maps_error": always(ERROR)}
    return agreeing(Reparametrizations, **{**given, **own, **more, "took": always(2), **answers})


def test_linear_symmetries_from_above():
    general = {"general": True, "model": {"generic": True}}
    own = MapsAtMost(M, EQUATIONS, 2)
    verdict = check_both_sides(
        own,
        symmetric(),
        [{"value": 3}, general],
        [{"value": 1}, {"general": True}, {"subject": "another"}, {"place": replace(EQUATIONS, prime=COMPOSITE)}],
    )
    assert (verdict.statement.kind, *said(verdict)) == (MAPS, 2, Claim.UPPER_BOUND, (WITHIN,), 0)
    assert outcome(own, symmetric(), general).statement.scope == (WITHIN, GENERAL_COEFFICIENTS)


STATED_TWO = StatedMaps(M, "block-diagonal", P, 2)


def test_stated_linear_symmetries():
    wrong = [{"prime": COMPOSITE}, {"subject": "another"}, {"value": 3}]
    verdict = check_both_sides(STATED_TWO, symmetric(), [{"value": 1}], wrong)
    assert (verdict.statement.kind, *said(verdict)) == (MAPS, 2, Claim.LOWER_BOUND, (WITHIN,), 0)
    own, larger = StatedSpan(STATED_TWO), {"model": {"stated_maps_over_q": always(3)}}
    verdict = check_both_sides(
        own,
        symmetric(),
        [
            {**larger, "within": UPPER},
            {**larger, "exactly": False},
            {"model": {"stated_maps_over_q": always(None), "field_generators": 2}},
            {**larger, "within": premise(MAPS, 2)},
        ],
        [
            larger,
            {"model": {"stated_maps_over_q": always(None)}},
            *({"least": replace(STATED_TWO, **changes)} for changes in wrong),
            *({"within": v} for v in twins(UPPER, (Claim.LOWER_BOUND, Claim.PROBABILITY))),
            *({"within": premise(symmetries_in(a), n)} for a, n in (("block-diagonal", 3), ("all", 2))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (STATED, 2, Claim.PROVED, (WITHIN,), 0)
    assert outcome(own, symmetric(), {"exactly": False}).claim is Claim.LOWER_BOUND


DEPENDENT = (
    (VECTORS[0], ((0, Fraction(2)), (1, Fraction(2, 5)))),
    (VECTORS[0], ((0, Fraction(1 + P)), (1, Fraction(1, 5)))),
    (VECTORS[0], ()),
)


def test_linear_symmetries_that_are_expanded():
    wrong = [{"prime": p} for p in (COMPOSITE, 2, 5)] + [{"vectors": v} for v in DEPENDENT]
    verdict = check_both_sides(
        ExpandedMaps(M, "block-diagonal", VECTORS, P),
        symmetric(),
        [{"vectors": VECTORS[:1]}, {"vectors": ()}, {"prime": 3}],
        [
            *wrong,
            *({"model": {"is_symmetry": always(v)}} for v in (False, None)),
            {"model": {"is_symmetry": lambda ansatz, v: v == VECTORS[0]}},
            {"model": {"generic": True}},
            {"subject": "another"},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (MAPS, 2, Claim.LOWER_BOUND, (WITHIN,), 0)
    places = EQUATIONS, replace(EQUATIONS, prime=Q)
    own = SampledMaps(VECTORS, P, places, UPPER)
    verdict = check_both_sides(
        own,
        symmetric(),
        [{"places": (EQUATIONS, replace(EQUATIONS, weights=POINT + 1))}],
        [
            *wrong,
            {"vectors": VECTORS[:1]},
            {"places": ()},
            {"places": places[:1]},
            *({"places": (EQUATIONS, replace(EQUATIONS, **c))} for c in ({}, {"weights": POINT + P}, {"prime": 27}, {"ansatz": "all"})),
            {"model": {"maps_vanish": lambda vectors, place: place.prime == P}},
            {"model": {"maps_error": always(MORE)}},
            {"upper": premise(MAPS, 2, Claim.UPPER_BOUND, certificate=STATED_TWO)},
            {"upper": replace_value(UPPER, 3)},
            {"upper": next(iter(twins(UPPER)))},
            {"upper": premise(MAPS, 2, Claim.ESTIMATE, certificate=UPPER.certificate)},
            {"upper": premise(MAPS, 2, certificate=replace(UPPER.certificate, subject="another"))},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (MAPS, 2, Claim.PROBABILITY, ("x",), ERROR**2)


def replace_value(known, value):
    return premise(known.statement.kind, value, known.claim, certificate=known.certificate)


def test_linear_symmetries_that_are_not_stated():
    whole = premise(MAPS, 5, Claim.UPPER_BOUND, scope=("x",), error=0.5)
    span = StatedSpan(STATED_TWO)
    part = premise(STATED, 2, Claim.PROVED, certificate=span)
    below = premise(STATED, 2, Claim.LOWER_BOUND, certificate=span)
    verdict = check_both_sides(
        UnstatedMaps(whole, part),
        symmetric(),
        [{"dimension": premise(MAPS, 5, claim)} for claim in (Claim.PROVED, Claim.PROBABILITY)],
        [
            *({"dimension": v} for v in (*twins(whole, (Claim.LOWER_BOUND,)), premise(symmetries_in("all"), 5))),
            {"stated": premise(STATED, 2, certificate=STATED_TWO)},
            *({"stated": v} for k, v in enumerate(twins(part)) if k != 2),
        ],
    )
    assert said(verdict) == (3, Claim.UPPER_BOUND, ("x",), 0.5)
    exact = {"dimension": premise(MAPS, 5, Claim.PROVED)}
    assert outcome(UnstatedMaps(whole, part), symmetric(), exact).claim is Claim.PROVED
    assert outcome(UnstatedMaps(whole, part), symmetric(), {**exact, "stated": below}).claim is Claim.UPPER_BOUND
    searched = check_both_sides(
        SearchedAmong(UPPER),
        symmetric(),
        [],
        [{"upper": v} for k, v in enumerate(twins(UPPER)) if k != 2] + [{"upper": premise(MAPS, 2, certificate=STATED_TWO)}],
    )
    assert said(searched) == ("block-diagonal", Claim.PROVED, (), 0)


def test_general_orbits():
    maps = premise(MAPS, 2, Claim.PROBABILITY, certificate=SampledMaps(VECTORS, P, (), UPPER), error=0.5)
    stated = premise(MAPS, 2, certificate=STATED_TWO)
    own = OrbitDimension(maps, UPPER, RANK, P, POINT, 2)
    smaller = {"maps_fields_rank": always(1)}
    verdict = check_both_sides(
        own,
        symmetric(),
        [
            {"maps": stated, "model": smaller},
            {"maps": premise(MAPS, 2, certificate=ExpandedMaps(M, "block-diagonal", VECTORS, P)), "model": {"fields_rank": always(1)}},
            {"value": 1, "rank": replace(RANK, value=3), "model": {"took": always(3)}},
            {"model": {"parameters": 9}},
        ],
        [
            {"model": smaller},
            {"maps": stated, "model": {"fields_rank": always(1)}},
            *({"value": value} for value in (1, 3)),
            {"prime": COMPOSITE},
            {"rank": replace(RANK, place=replace(RANK.place, kind=SPAN))},
            {"rank": replace(RANK, value=3)},
            {"upper": replace_value(premise(MAPS, 2, certificate=replace(UPPER.certificate, value=3)), 3), "model": {"parameters": 9}},
            *({"maps": v} for v in (*twins(maps), premise(MAPS, 2, certificate=UPPER.certificate))),
            *({"upper": v} for k, v in enumerate(twins(UPPER)) if k != 1),
            {"upper": premise(MAPS, 2, certificate=replace(UPPER.certificate, subject="another"))},
            {"upper": stated},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("general orbit", 2, Claim.PROBABILITY, ("x",), 0.5)
    assert outcome(own, symmetric(), {"maps": stated}).claim is Claim.PROVED
