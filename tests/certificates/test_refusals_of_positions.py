"""Certificates of boundaries and of exposed strata, with models that agree: each refusal alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.critical_exposure import (
    TARGETS,
    CoefficientCount,
    ExposureTable,
    LossOnStrata,
    NormalMatrices,
    NormalPlace,
    StationaryTargets,
)
from neurovariety.certificates.functions import DIMENSION, Equation
from neurovariety.certificates.issue import recorded
from neurovariety.certificates.positions import (
    BoundaryPiece,
    BoundaryPieces,
    InteriorByBall,
    InteriorByRanks,
    NoBoundary,
    Placed,
    Positions,
    Violates,
)
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

P, COMPOSITE = 101, 9
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
KEYS = ((0, (0,)), (0, (1,)), (0, (2,)))
TARGET = {KEYS[0]: Fraction(1), KEYS[1]: Fraction(2), KEYS[2]: Fraction(0)}
CONIC = Equation(2, (((0, 2), 1), ((1, 1), -3)))


def positions(**answers):
    given = {
        "placed": always(("boundary", "why")),
        "no_boundary": always("full"),
        "function_at": always({KEYS[0]: Fraction(1), KEYS[1]: Fraction(2)}),
        "vanishes": always(True),
        "equations_rank": always(1),
        "coefficients_rank": always(2),
        "coefficient_count": always(3),
        "coefficient_keys": always(KEYS),
        "coefficient_names": KEYS,
        "family_sample": always(TARGET),
        "family_rank": always(2),
        "on_span": always([HALF, THIRD]),
        "span_balls": always(([], [])),
    }
    return agreeing(Positions, **{**given, **answers})


def test_places_by_theorems():
    own = Placed(M, TARGET, "boundary", "why", "position")
    verdict = check_both_sides(
        own,
        positions(),
        [{"part": "reason"}],
        [{"subject": "another"}, {"position": "interior"}, {"reason": "x"}, {"model": {"placed": always(None)}}],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("boundary: position", "boundary", Claim.PROVED, (), 0)
    assert said(outcome(own, positions(), {"part": "reason"}))[0] == "why"
    whole = check_both_sides(
        NoBoundary(M, "full"),
        positions(),
        [],
        [{"subject": "another"}, {"why": ""}, {"why": "x"}, {"why": "", "model": {"no_boundary": always("")}}],
    )
    assert (whole.statement.kind, *said(whole)) == ("boundary: boundary", "empty", Claim.PROVED, (), 0)


def test_functions_inside_by_ranks():
    asked = []
    own = InteriorByRanks(M, TARGET, (HALF, THIRD), (CONIC,), P, "why", "position")
    alone = {"equations": (), "model": {"coefficients_rank": always(3)}}
    verdict = check_both_sides(
        own,
        positions(),
        [
            alone,
            {"model": {"coefficients_rank": always(3)}},
            {"equations": (), "model": {"coefficients_rank": always(3), "equations_rank": always(0)}},
            {"model": {"coefficients_rank": lambda p, at: asked.append((p, at.tolist())) or 2}},
        ],
        [
            {"prime": COMPOSITE},
            {"prime": 3},
            {"prime": 2},
            {"subject": "another"},
            {"target": {KEYS[0]: Fraction(1)}},
            {"target": {**TARGET, KEYS[2]: Fraction(1)}},
            {"equations": (CONIC, CONIC), "model": {"vanishes": lambda e, seen=[]: seen.append(e) or len(seen) < 2}},
            {"model": {"vanishes": always(None)}},
            {"model": {"coefficients_rank": always(1)}},
            {"model": {"equations_rank": always(0)}},
            {"equations": ()},
            {"model": {"coefficient_count": always(4)}},
        ],
    )
    assert asked == [(P, [51, 34])]
    assert said(verdict) == ("interior", Claim.PROVED, (), 0)
    assert said(outcome(own, positions(), {"part": "reason"}))[0] == "why"


def balls(weights, columns):
    """The coordinates a b and a + b of weights (c, a, b)."""
    _, a, b = weights
    one = flint.arb(1)
    return [a * b, a + b], [
        [{0: flint.arb(0), 1: b, 2: a}[k] for k in columns],
        [{0: flint.arb(0), 1: one, 2: one}[k] for k in columns],
    ]


def test_functions_inside_by_balls():
    """Weights 2 and 1 near those where a b = 2 and a + b = 3."""
    model = positions(on_span=always([Fraction(2), Fraction(3)]), span_balls=balls)
    own = InteriorByBall(M, TARGET, (7.0, 2.001, 1.0), (1, 2), 0.125, ((-1.0, 2.0), (1.0, -1.0)), "why", "position")
    verdict = check_both_sides(
        own,
        model,
        [
            {"radius": 0.02},
            {"weights": (0.0, 2.0, 1.0)},
            {"columns": (2, 1), "inverse": ((1.0, -1.0), (-1.0, 2.0))},
            {"inverse": ((-1.01, 2.0), (1.0, -1.02))},
            {"model": {"on_span": always([Fraction(2), Fraction(300001, 100000)])}},
        ],
        [
            {"subject": "another"},
            {"radius": 0.0},
            {"radius": -0.125},
            {"radius": float("nan")},
            {"radius": 0.5},
            {"radius": 0.0001},
            {"columns": (1, 1)},
            {"columns": (1,)},
            {"columns": (0, 1)},
            {"inverse": ((1.0, 0.0), (0.0, 1.0))},
            {"inverse": ((-1.0, 2.0),)},
            {"inverse": ((-1.0, 2.0, 0.0), (1.0, -1.0, 0.0))},
            {"weights": (7.0, 2.5, 1.0)},
            {"model": {"on_span": always(None)}},
            {"model": {"on_span": always([Fraction(2), Fraction(4)])}},
            {"model": {"on_span": always([Fraction(2)])}},
        ],
    )
    assert said(verdict) == ("interior", Claim.PROVED, (), 0)
    assert said(outcome(own, model, {"part": "reason"}))[0] == "why"


def test_functions_outside():
    """1 * 0 - 3 * 2^2 is not 0; where the constant is one of the terms it counts."""
    own = Violates(M, TARGET, CONIC, KEYS, "why", "position")
    constant = Equation(2, (((0, 3), 2), ((1, 1), -1), ((3, 3), 1)))
    verdict = check_both_sides(
        own,
        positions(),
        [
            {"target": {KEYS[0]: Fraction(1), KEYS[2]: Fraction(1)}},
            {"equation": constant},
            {"equation": None, "target": {**TARGET, (0, (9,)): Fraction(1)}},
        ],
        [
            {"subject": "another"},
            {"keys": KEYS[:2]},
            {"keys": KEYS[::-1]},
            {"target": {KEYS[0]: Fraction(6), KEYS[1]: Fraction(2), KEYS[2]: Fraction(2)}},
            {"target": {KEYS[0]: Fraction(1)}},
            {"model": {"vanishes": always(None)}},
            {"model": {"vanishes": always(False)}},
            {"equation": None},
            {"equation": None, "target": {**TARGET, (0, (9,)): Fraction(0)}},
            {"equation": constant, "target": {KEYS[0]: Fraction(4), KEYS[1]: Fraction(3)}},
        ],
    )
    assert said(verdict) == ("outside", Claim.PROVED, (), 0)
    assert said(outcome(own, positions(), {"part": "reason"}))[0] == "why"


PIECE = BoundaryPiece(M, "family", (HALF,), "boundary", 2, P)


def test_pieces_of_a_boundary():
    verdict = check_both_sides(
        PIECE,
        positions(),
        [
            {"dimension": 1},
            {"position": "closure only", "model": {"placed": always(("closure only", "x"))}},
            {"model": {"family_rank": always(3)}},
        ],
        [
            {"dimension": 3},
            {"prime": COMPOSITE},
            {"subject": "another"},
            {"position": "closure only"},
            {"position": "interior", "model": {"placed": always(("interior", "x"))}},
            {"model": {"family_sample": always(None)}},
            {"model": {"placed": always(None)}},
            {"model": {"placed": always(("outside", ""))}},
        ],
    )
    value = {"name": "family", "position": "boundary", "dimension": 2}
    assert (verdict.statement.kind, *said(verdict)) == ("piece of a boundary", value, Claim.LOWER_BOUND, (), 0)


def piece(dimension, scope=("p",)):
    value = {"name": "family", "position": "boundary", "dimension": dimension}
    return premise("piece of a boundary", value, Claim.LOWER_BOUND, scope=scope)


def test_boundaries_of_pieces():
    variety = premise(DIMENSION, 4, Claim.PROBABILITY, scope=("v",), error=0.25)
    own = BoundaryPieces(variety, (piece(2), piece(3, ("q",))), "dimension")
    more = {"pieces": (piece(2), piece(4))}
    verdict = check_both_sides(
        own,
        positions(),
        [
            {"part": "boundary"},
            {"part": "pieces"},
            {"pieces": (piece(1),)},
            {**more, "variety": premise(DIMENSION, 4, Claim.LOWER_BOUND)},
            {"variety": premise(DIMENSION, 4, Claim.UPPER_BOUND)},
        ],
        [
            {"pieces": ()},
            more,
            {**more, "variety": premise(DIMENSION, 4)},
            {"pieces": (piece(5),)},
            *({"pieces": (piece(2), v)} for v in twins(piece(3))),
            *({"variety": v} for v in twins(variety)),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("boundary: dimension", 3, Claim.PROBABILITY, ("v", "p", "q"), 0.25)
    for changes, claim in (
        ({"variety": premise(DIMENSION, 4)}, Claim.PROVED),
        ({"variety": premise(DIMENSION, 5)}, Claim.LOWER_BOUND),
        ({"variety": premise(DIMENSION, 4, Claim.LOWER_BOUND)}, Claim.LOWER_BOUND),
        ({"variety": premise(DIMENSION, 4, Claim.UPPER_BOUND)}, Claim.LOWER_BOUND),
        ({"pieces": (piece(2),)}, Claim.LOWER_BOUND),
    ):
        assert outcome(own, positions(), changes).claim is claim
    found = outcome(own, positions(), {"part": "boundary"})
    assert (found.statement.kind, *said(found)) == ("boundary: boundary", "nonempty", Claim.PROVED, ("p", "q"), 0)
    found = outcome(own, positions(), {"part": "pieces"})
    assert [p["dimension"] for p in found.statement.value] == [2, 3]
    assert (found.claim, found.statement.scope) == (Claim.LOWER_BOUND, ("p", "q"))


PLACE = NormalPlace(P, np.array([1, 2]), np.array([1, P - 1, 0]))
SEEN = np.array([[1, 1, 0], [0, 0, 5], [2, 2, 5]])
MATRICES = NormalMatrices(
    np.array([[1, 0], [0, 1], [1, 1]]), np.array([[1, 0, 0], [0, 0, 0], [P, 0, 2 * P]]), SEEN, np.array([[1, 2], [2, 4], [0, 0]])
)


def loss(**answers):
    given = {
        "quadric_hash": "q",
        "quadric_words": "for a quadric",
        "moved_count": always(3),
        "normal_matrices": always(MATRICES),
        "normal_error": always(2.0**-20),
        "stratum_words": lambda name: {"s": ("kind", "zero"), "t": ("other", "small")}.get(name),
    }
    return agreeing(LossOnStrata, **{**given, **answers})


def test_targets_of_a_stratum():
    own = StationaryTargets(M, "q", "s", PLACE, 2, 1, 2, 1, 3)
    verdict = check_both_sides(
        own,
        loss(),
        [
            {"place": replace(PLACE, normal=PLACE.normal + P)},
            {"place": replace(PLACE, normal=np.zeros(3, dtype=int))},
            {"model": {"normal_error": always(2.0**-30)}},
            {"stratum": "t"},
        ],
        [
            {"subject": "another"},
            {"quadric": "another"},
            {"ambient": 4},
            {"stratum": "u"},
            *({name: number + d} for name, number in (("dimension", 2), ("rank", 1), ("seen", 2), ("moving", 1)) for d in (-1, 1)),
            {"place": replace(PLACE, prime=COMPOSITE)},
            {"place": replace(PLACE, normal=np.array([1, 1, 0]))},
            {"model": {"normal_error": always(1.01 * 2.0**-20)}},
            {"model": {"normal_error": always(float("nan"))}},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (TARGETS, (2, 1, 2, False), Claim.PROBABILITY, ("s", "q"), 2.0**-20)
    full = replace(MATRICES, moving=MATRICES.tangent)
    assert outcome(own, loss(), {"moving": 2, "model": {"normal_matrices": always(full)}}).statement.value == (2, 1, 3, True)
    count = check_both_sides(CoefficientCount(M, 3), loss(), [], [{"subject": "another"}, {"value": 4}, {"value": 2}])
    assert (count.statement.kind, *said(count)) == ("exposedness: ambient", 3, Claim.PROVED, (), 0)


def test_tables_of_strata():
    one = premise(TARGETS, (2, 1, 2, False), Claim.PROBABILITY, scope=("s", "q"), error=0.25)
    two = premise(TARGETS, (1, 1, 3, True), Claim.PROBABILITY, scope=("t", "q"), error=0.125)
    own = ExposureTable(M, "q", (one, two), (("kind", "zero"), ("other", "small")), "for a quadric", "table")
    wrong = [v for v in twins(one) if v.statement != one.statement]
    verdict = check_both_sides(
        own,
        loss(),
        [{"part": "critically_exposed"}, {"strata": (one,), "words": own.words[:1]}, {"strata": (two, one), "words": own.words[::-1]}],
        [
            {"subject": "another"},
            {"quadric": "another"},
            {"loss": "another"},
            {"part": "other"},
            {"strata": (), "words": ()},
            {"strata": (one,)},
            {"words": own.words[:1]},
            {"words": own.words[::-1]},
            {"words": (("kind", "zero"), ("other", "large"))},
            {"strata": (one, one), "words": (own.words[0], own.words[0])},
            {"strata": (recorded(one.statement, one.claim), two)},
            *({"strata": (v, two)} for v in wrong),
            *(
                {"strata": (premise(TARGETS, (2, 1, 2, False), scope=s), two)}
                for s in (("s", "x"), ("s",), ("s", "q", "x"), ("u", "q"))
            ),
        ],
    )
    rows = verdict.statement.value
    assert (verdict.statement.kind, verdict.claim, verdict.statement.error) == ("exposedness: table", Claim.PROBABILITY, 0.375)
    assert rows[0] == {
        "name": "s",
        "kind": "kind",
        "function": "zero",
        "dimension": 2,
        "rank": 1,
        "targets": 2,
        "critically_exposed": False,
    }
    assert rows[1] == {
        "name": "t",
        "kind": "other",
        "function": "small",
        "dimension": 1,
        "rank": 1,
        "targets": 3,
        "critically_exposed": True,
    }
    assert said(outcome(own, loss(), {"part": "critically_exposed"})) == (1, Claim.PROBABILITY, ("for a quadric",), 0.375)
