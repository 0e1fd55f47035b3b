"""Least values, covers, learning coefficients and laws of flows beside questions that agree to everything: what certificates refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb, log, pi, sqrt

import flint
import numpy as np
import pytest
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.covering_numbers import (
    AT_MOST,
    NORMS,
    ON_INPUTS,
    SUP,
    BallOfFunctions,
    CoveredByCells,
    CoveredBySpan,
    PolynomialInWeights,
    as_number,
    at_most_fraction,
    log_of_cells,
    log_of_span,
    norm_at_most,
    pieces_of_slices,
    thousandths_above,
    volumes_of_balls,
)
from neurovariety.certificates.critical_functions import BUT_ONE, CRITICAL, REAL
from neurovariety.certificates.functions import DIMENSION, SPAN, Functions
from neurovariety.certificates.germ_proofs import Bounds
from neurovariety.certificates.issue import NotShown, recorded
from neurovariety.certificates.learning_coefficients import (
    COEFFICIENT,
    GENERAL_FUNCTION,
    MULTIPLICITY,
    HalfOfDimension,
    check_pair,
    coefficient_of_linear,
    is_graded,
)
from neurovariety.certificates.least_loss import LEAST, LeastInLists, LossAtWeights, LossOfNetworks, NoLossBelowZero, NoneBelow
from neurovariety.certificates.least_of_lists import LEAST_VALUE, LeastOfLists, ValueAt, ValuesOfNetworks
from neurovariety.claim import Claim

BELOW_ONE, ABOVE_ONE = np.nextafter(1.0, 0.0).item(), np.nextafter(1.0, 2.0).item()


def arb(value):
    return flint.arb(value)


def test_losses_at_weights():
    own = LossAtWeights(M, (1.0,), 0.75, 0.25)
    here = agreeing(
        LossOfNetworks, bounds=always((0.0, 1.0)), squares=True, below_all=always(arb(0.5)), singular="x", definite=always(True)
    )
    high = {"model": {"bounds": always((0.0, ABOVE_ONE))}}
    verdict = check_both_sides(
        own, here, [{"slack": 0.5}, {"slack": 0.0, "value": 1.0}], [high, {"slack": -0.25, "value": 1.25}, {"slack": float("nan")}]
    )
    assert (verdict.statement.kind, said(verdict)[:2]) == (LEAST, (0.75, Claim.UPPER_BOUND))
    zero = LossAtWeights(M, (1.0,), 0.5, 0.5)
    verdict = check_both_sides(
        NoLossBelowZero(zero),
        here,
        [{"at": replace(zero, value=0.0, slack=1.0)}],
        [high, {"at": replace(zero, value=0.75)}, {"at": replace(zero, value=-0.5, slack=1.5)}, {"model": {"squares": False}}],
    )
    assert said(verdict)[:2] == (0.5, Claim.PROVED)
    verdict = check_both_sides(
        NoneBelow(own),
        here,
        [{"model": {"below_all": always(arb(0.75))}}],
        [high, *({"model": {"below_all": always(v)}} for v in (None, arb(0.5) - arb(2) ** -40, arb("nan")))],
    )
    assert said(verdict)[:2] == (0.75, Claim.PROVED)


def test_least_losses_in_lists():
    """Two lists: of smooth functions, and the zero function, which needs none."""
    at = LossAtWeights(M, (1.0,), 0.75, 0.25)
    critical, real = (premise(kind, 1, Claim.COMPLETE, "list", scope=(kind,), error=e) for kind, e in ((CRITICAL, 0.5), (REAL, 0.25)))
    pair, asked = (critical, real), []

    def losses(number, known):
        asked.append((number, known))
        return [arb(0.5), arb(9)] if known else [arb(0.5)]

    answers = {"bounds": always((0.0, 1.0)), "squares": True, "below_all": always(None), "definite": always(True)}
    here = agreeing(LossOfNetworks, lists=("list", ""), singular="x", real_losses=losses, **answers)
    own = LeastInLists(at, (pair, None))
    low = arb(0.5) - arb(2) ** -40
    but_one = premise(REAL, 1, Claim.COMPLETE, "list", scope=(BUT_ONE,))
    others = (Claim.PROVED, Claim.LOWER_BOUND)
    verdict = check_both_sides(
        own,
        here,
        [{"model": {"real_losses": always([])}}],
        [
            {"at": replace(at, value=0.5)},
            {"model": {"singular": ""}},
            {"model": {"definite": always(False)}},
            *({"lists": lists} for lists in ((pair,), (None, None), (pair, pair), (None, pair), (pair, None, None))),
            *({"lists": ((v, real), None)} for v in twins(critical, others)),
            *({"lists": ((critical, v), None)} for v in (*twins(real, others), but_one)),
            {"lists": ((replace_scope(critical, BUT_ONE), real), None)},
            {"model": {"real_losses": lambda number, known: [arb(9), low] if number else [arb(9)]}},
            {"model": {"real_losses": lambda number, known: [low, arb(9)] if known else []}},
        ],
    )
    value, claim, scope, error = said(verdict)
    assert (value, claim, scope[-2:], error) == (0.75, Claim.COMPLETE, (CRITICAL, REAL), 0.75)
    assert asked[:2] == [(0, critical), (1, None)]


def replace_scope(known, *phrases):
    return premise(known.statement.kind, known.statement.value, known.claim, known.statement.subject, scope=phrases)


def test_least_values_of_lists():
    at = ValueAt(M, (1.0,), 0.75, 0.25)
    here = agreeing(
        ValuesOfNetworks, highest=always(arb(1)), lists=("a", "b"), singular="x", lowest=always(arb(0.5)), beside=always([])
    )
    high = {"model": {"highest": always(arb(ABOVE_ONE))}}
    verdict = check_both_sides(at, here, [{"slack": 0.0, "value": 1.0}], [high, {"slack": -0.25, "value": 1.25}, {"slack": 0.125}])
    assert (verdict.statement.kind, said(verdict)[:2]) == (LEAST_VALUE, (0.75, Claim.UPPER_BOUND))
    lists = tuple(premise("k", 1, Claim.COMPLETE, name, scope=(name,), error=0.25) for name in "ab")
    low = arb(0.5) - arb(2) ** -40
    of_weak = [premise("k", 1, claim, "b") for claim in (Claim.LOWER_BOUND, Claim.UPPER_BOUND, Claim.ESTIMATE, Claim.UNDECIDED)]
    verdict = check_both_sides(
        LeastOfLists(at, lists),
        here,
        [
            {"model": {"lowest": lambda k, known: arb(0.5) if k else None}},
            {"model": {"lowest": always(None), "beside": always([arb(0.5)])}},
            *({"lists": (lists[0], premise("k", 1, claim, "b"))} for claim in (Claim.PROVED, Claim.PROBABILITY)),
        ],
        [
            high,
            {"model": {"singular": ""}},
            *({"lists": v} for v in (lists[:1], lists[::-1], (*lists, lists[1]))),
            *({"lists": (lists[0], v)} for v in (recorded(lists[1].statement, Claim.COMPLETE), *of_weak)),
            {"model": {"lowest": always(None)}},
            {"model": {"lowest": lambda k, known: low if k else arb(9)}},
            {"model": {"lowest": lambda k, known: arb(9) if k else low}},
            {"model": {"beside": always([arb(9), low])}},
        ],
    )
    value, claim, scope, error = said(verdict)
    assert (value, claim, scope[-2:], error) == (0.75, Claim.COMPLETE, ("a", "b"), 0.5)


BALL = BallOfFunctions("frobenius", Fraction(3), Fraction(2))
FROM_ABOVE = (Claim.PROVED, Claim.PROBABILITY, Claim.UPPER_BOUND)


def test_balls_of_functions():
    for changes in (
        {"norm": "another"},
        {"radius": Fraction(0)},
        {"epsilon": Fraction(0)},
        {"weights": Fraction(0)},
        {"weights": Fraction(-1)},
    ):
        with pytest.raises(ValueError, match="expected"):
            replace(BALL, **changes)
    assert {norm: replace(BALL, norm=norm).euclidean for norm in NORMS} == {norm: norm not in (SUP, ON_INPUTS) for norm in NORMS}
    texts = {Fraction(7): "7", Fraction(10**15 - 1): str(10**15 - 1), Fraction(10**15): "1000000000000000.0", Fraction(-3, 4): "-0.75"}
    for value, text in {**texts, Fraction(1, 3): "1/3", Fraction(10**300): str(10**300), Fraction(10**16 + 1): str(10**16 + 1)}.items():
        assert as_number(value) == text


def test_bounds_that_are_told():
    for value, told in (
        (0, 0.0),
        (-3, 0.0),
        (Fraction(1, 8), 0.125),
        (Fraction(1, 3), 0.334),
        (Fraction(12345, 10000), 1.235),
        (7, 7.0),
    ):
        assert thousandths_above(flint.arb(flint.fmpq(*Fraction(value).as_integer_ratio()))) == told
    for k in range(1, 400):  # 0.1 as a double is above 1/10, and 0.3 below 3/10
        found = thousandths_above(flint.arb(flint.fmpq(k, 1000)))
        assert Fraction(k, 1000) <= Fraction(found) <= Fraction(k + 2, 1000)
    assert at_most_fraction(arb(0.75)) == Fraction(3, 4)
    assert at_most_fraction(flint.arb(3, 0.5)) >= Fraction(7, 2)
    for value in (arb("inf"), arb("nan")):
        with pytest.raises(NotShown):
            at_most_fraction(value)


def test_volumes_and_pieces():
    known = [1, 2, pi, 4 * pi / 3, pi**2 / 2, 8 * pi**2 / 15]
    for most in range(6):
        assert [float(v) for v in volumes_of_balls(most)] == pytest.approx(known[: most + 1], rel=1e-12)
    assert pieces_of_slices(0, 4, 3) == (1,)
    assert pieces_of_slices(1, 4, 2) == (1, 2)
    assert pieces_of_slices(3, 4, 2) == (1, 54, 54, 8)
    assert pieces_of_slices(3, 4, 2, 5) == (1, 54, 54, 5)
    assert pieces_of_slices(3, 4, 2, 9) == (1, 54, 54, 8)
    assert pieces_of_slices(5, 2, 3, 99) == (1, 15, 15, 15, 15, 15)


@pytest.mark.parametrize(
    ("span", "ratio", "euclidean"), [(4, Fraction(3, 2), True), (4, Fraction(3, 2), False), (2, Fraction(1, 7), True)]
)
def test_sums_over_cells(span, ratio, euclidean):
    pieces, reach = (1, 5, 7), sqrt(span) * (1 + (1 if euclidean else sqrt(span)) * float(ratio))
    total = sum(n * comb(span, k) * v * reach**k for k, (n, v) in enumerate(zip(pieces, (1, 2, pi), strict=True)))
    assert float(log_of_cells(pieces, span, ratio, euclidean=euclidean)) == pytest.approx(log(total), rel=1e-12)
    assert float(log_of_span(span, ratio)) == pytest.approx(span * log(1 + 2 * float(ratio)) if ratio > 1 else 0)
    assert float(log_of_span(span, Fraction(1))) == 0
    assert float(log_of_span(span, Fraction(101, 100))) == pytest.approx(span * log(3.02))


def test_covers():
    dimension, span, degree = (
        premise(k, n, Claim.UPPER_BOUND, scope=(k,), error=0.125) for k, n in ((DIMENSION, 2), (SPAN, 4), ("degree", 3))
    )
    here = agreeing(PolynomialInWeights, parameters=3, weight_degree=2)
    bound = thousandths_above(log_of_cells((1, 18, 3), 4, Fraction(3, 2)))
    own = CoveredByCells(M, BALL, dimension, span, degree, bound)
    four = thousandths_above(log_of_cells((1, 18, 4), 4, Fraction(3, 2)))
    sup = thousandths_above(log_of_cells((1, 18, 3), 4, Fraction(3, 2), euclidean=False))
    few = thousandths_above(log_of_cells((1, 18, 18, 8), 3, Fraction(3, 2)))
    both = (Claim.LOWER_BOUND, Claim.COMPLETE)
    verdict = check_both_sides(
        own,
        here,
        [
            {"degree": None, "value": four},
            {"ball": replace(BALL, norm=SUP), "value": sup},
            {"dimension": premise(DIMENSION, 9), "span": premise(SPAN, 3), "degree": None, "value": few},
            {"dimension": premise(DIMENSION, 2, Claim.PROBABILITY)},
        ],
        [
            *({"value": v} for v in (bound - 0.001, float("inf"), float("nan"))),
            {"degree": None},
            {"ball": replace(BALL, norm=SUP)},
            {"ball": replace(BALL, norm=SUP), "value": sup - 0.001},
            {"ball": replace(BALL, epsilon=Fraction(3, 2))},
            {"model": {"weight_degree": None}},
            {"subject": "another"},
            *({"dimension": v} for v in twins(dimension, both)),
            *({"span": v} for v in twins(span, both)),
            *({"degree": v} for v in twins(degree, both)),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (
        AT_MOST,
        bound,
        Claim.UPPER_BOUND,
        (*BALL.scope, DIMENSION, SPAN, "degree"),
        0.375,
    )
    assert outcome(own, here, {"model": {"parameters": 1}, "value": thousandths_above(log_of_cells((1, 2), 4, Fraction(3, 2)))})
    bound = thousandths_above(log_of_span(4, Fraction(3, 2)))
    verdict = check_both_sides(
        CoveredBySpan(M, BALL, span, bound),
        agreeing(Functions),
        [{"ball": replace(BALL, epsilon=Fraction(3)), "value": 0.0}],
        [{"value": bound - 0.001}, {"subject": "another"}, *({"span": v} for v in twins(span, both))],
    )
    assert said(verdict) == (bound, Claim.UPPER_BOUND, (*BALL.scope, SPAN), 0.125)


def test_norms_of_functions():
    names = ((0, (1, 0)), (0, (0, 1)), (1, (1, 1)))
    values = [arb(-3), arb(4), arb(5)]
    for norm, size in {SUP: sqrt(49 + 25), "frobenius": sqrt(50), "bombieri": sqrt(25 + 25 / 2)}.items():
        found = float(norm_at_most(norm, names, values))
        assert size * (1 - 1e-12) <= found <= size * (1 + 1e-8)
    even = ((0, (2,)), (0, (0,)), (1, (2,)))  # x^2 and 1 in one output: E x^4 = 3, E x^2 = 1; 1/5 and 1/3 on [-1, 1]
    for norm, size in {"gaussian": sqrt(3 * 4 + 9 + 2 * 6 + 3), "uniform": sqrt(4 / 5 + 9 + 2 * 6 / 3 + 1 / 5)}.items():
        assert float(norm_at_most(norm, even, [arb(2), arb(-3), arb(1)])) == pytest.approx(size, rel=1e-8)


PAIR = (Fraction(5), 2)
BOUNDS = [
    (PAIR, PAIR, {"at_least", "at_most", "learning_coefficient", "multiplicity"}),
    ((Fraction(5), 1), PAIR, {"at_least", "at_most", "learning_coefficient"}),
    ((Fraction(5), 1), (Fraction(5), 1), {"at_least", "at_most", "learning_coefficient"}),
    ((Fraction(4), 2), PAIR, {"at_most"}), (PAIR, (Fraction(6), 2), {"at_least"}), (None, PAIR, {"at_most"}),
    (PAIR, None, {"at_least"}),
    ((Fraction(6), 2), (Fraction(7), 2), {"at_least"}), ((Fraction(3), 2), (Fraction(4), 2), {"at_most"}), (None, None, set()),
    ((Fraction(6), 2), (Fraction(6), 2), {"at_least"}),
]  # fmt: skip


@pytest.mark.parametrize(("low", "high", "shown"), BOUNDS)
def test_parts_of_pairs(low, high, shown):
    for part in ("at_least", "at_most", "learning_coefficient", "multiplicity"):
        if part in shown:
            check_pair(part, PAIR, Bounds(low, high))
        else:
            with pytest.raises(NotShown):
                check_pair(part, PAIR, Bounds(low, high))


def test_half_of_a_dimension():
    known = premise(DIMENSION, 3, Claim.PROBABILITY, scope=("x",), error=0.25)
    own = HalfOfDimension(known, None, "learning_coefficient")
    verdict = check_both_sides(
        own,
        agreeing(Functions),
        [{"part": "multiplicity"}, *({"dimension": premise(DIMENSION, 3, claim)} for claim in (Claim.PROVED, Claim.COMPLETE))],
        [
            *({"part": part} for part in ("at_least", "at_most")),
            *({"dimension": v} for v in twins(known, (Claim.LOWER_BOUND, Claim.UPPER_BOUND))),
            {"here": premise("rank at weights", 3)},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (COEFFICIENT, "3/2", Claim.PROBABILITY, (GENERAL_FUNCTION, "x"), 0.25)
    found = outcome(own, agreeing(Functions), {"part": "multiplicity"})
    assert (found.statement.kind, found.statement.value) == (MULTIPLICITY, 1)


def test_gradings():
    x, y = (context := flint.fmpq_mpoly_ctx.get(["x", "y"])).gens()
    for f, grading, expected in (
        (x**2 + y, (1, 2), True), (x**2 + y, (1, 1), False), (x * y + x**3, (1, 2), True), (context.constant(2), (1, 1), False),
        (context.constant(0), (1, 1), True), (x + 1, (1, 1), False),
    ):  # fmt: skip
        assert is_graded(f, grading) is expected


def aoyagi(widths, rank):
    """The least over all sets of layers of what each would give, as in Aoyagi 2024 with the set that its conditions choose."""
    excess = [d - rank for d in widths]
    base = rank * (widths[0] + widths[-1] - rank)
    found = []
    for chosen in product((False, True), repeat=len(widths)):
        inside = [e for e, c in zip(excess, chosen, strict=True) if c]
        outside = [e for e, c in zip(excess, chosen, strict=True) if not c]
        layers, total = len(inside) - 1, sum(inside)
        if layers < 1 or any(layers * e >= total and total for e in inside) or any(layers * e < total for e in outside):
            continue
        a = total - (-(-total // layers) - 1) * layers
        pairs = sum(inside[i] * inside[j] for i in range(len(inside)) for j in range(i))
        twice = (
            base + Fraction(a * (layers - a), 2 * layers) - Fraction(layers * (layers - 1), 2) * Fraction(total, layers) ** 2 + pairs
        )
        found.append((twice, a * (layers - a) + 1))
    return found


@pytest.mark.parametrize("widths", [w for n in (2, 3, 4) for w in product((1, 2, 3, 5), repeat=n) if sum(w) < 14])
def test_linear_networks_by_all_sets_of_layers(widths):
    for rank in range(min(widths) + 1):
        found = coefficient_of_linear(widths, rank)
        if rank == min(widths):
            assert found == (rank * (widths[0] + widths[-1] - rank), 1)
        else:
            assert found in aoyagi(widths, rank)
        if len(widths) == 2:
            assert found == (widths[0] * widths[1], 1)
