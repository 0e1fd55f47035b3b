"""Certificates of equations and of values at inputs beside a model that agrees to everything: what they refuse by themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import log2

import numpy as np
import pytest
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said

from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN, Equation, Place
from neurovariety.certificates.hilbert_function import (
    BoundByEquations,
    FormsPlace,
    GenerateAll,
    GradedEquations,
    HilbertFunction,
    MinimalGenerators,
    SearchedUpTo,
    generated_by,
)
from neurovariety.certificates.issue import NotShown, recorded
from neurovariety.certificates.known_equations import (
    VANISH,
    AbsentCoefficient,
    KnownEquations,
    ViolatedEquation,
    WeightsPlace,
    WrittenEquations,
    equations_in,
    is_form,
)
from neurovariety.certificates.linear_values import VALUES_DEGREE, FunctionsAtData, LinearValues, OneDistribution
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, ModularRank
from neurovariety.claim import Claim

P, Q, COMPOSITE = 101, 103, 9
ERROR, MORE = 2.0**-10, 1.01 * 2.0**-10
NUMBERS, POINT = np.zeros(0), np.array([[1, 2]])
LINE = Equation(1, (((0,), 1), ((1,), -1)))
CONIC = Equation(2, (((0, 2), 1), ((1, 1), -3)))
SCALED = Equation(2, (((0, 2), -1), ((1, 1), 3)))
FORMS = [
    (LINE, True), (CONIC, True), (SCALED, True), (Equation(2, (((0, 3), 1),)), True), (Equation(1, ()), False),
    (Equation(0, (((), 1),)), False), (Equation(2, (((0, 2), 1), ((1,), 1))), False), (Equation(2, (((2, 0), 1),)), False),
    (Equation(2, (((-1, 0), 1),)), False), (Equation(2, (((0, 4), 1),)), False), (Equation(1, (((0,), 1), ((0,), 1))), False),
    (Equation(1, (((0,), 1), ((1,), 0))), False), (Equation(1, (((0,), 2), ((1,), 4))), False),
    (Equation(1, (((0,), 2), ((1,), 3))), True),
    (Equation(1, (((0,), -1),)), True), (Equation(1, (((0,), 2),)), False), (Equation(2, (((0, 2), 1), ((), 1))), False),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "expected"), FORMS)
def test_forms_in_three_coefficients(equation, expected):
    assert is_form(equation, 3) is expected


NAMES = ((0, (0,)), (0, (1,)), (0, (2,)))


def model(**answers):
    given = {"coefficient_count": always(3), "vanishes": always(True), "vanishes_at": always(True), "equations_error": always(ERROR)}
    own = {"coefficient_names": NAMES, "form_variables": 3, "forms_rank": always(99), "equations_rank": always(2)}
    more = {"quotient_dimensions": lambda e, k, p: (1, 3, 5)[: k + 1], "implied_over_q": always(0), "took": always(1)}
    return agreeing(GradedEquations, **{**given, **own, **more, **answers})


def place(prime=P, k=0):
    return WeightsPlace(prime, POINT + k)


def test_equations_that_vanish():
    own = KnownEquations(M, (LINE, CONIC), 3)
    long = {"vanishes": always(None)}
    tested = {"places": (place(), place(Q))}
    verdict = check_both_sides(
        own,
        model(),
        [
            {"equations": ()},
            {**tested, "model": long},
            {"places": (place(), place(P, 1)), "model": long},
            {**tested, "model": {**long, "vanishes_at": always(True), "vanishes": lambda e: True if e is LINE else None}},
            {"places": (place(COMPOSITE),)},  # which is not asked
        ],
        [
            {"count": 4},
            {"count": 2},
            {"equations": (LINE, CONIC, LINE)},
            {"equations": (CONIC, SCALED)},
            {"equations": (LINE, Equation(2, (((2, 0), 1),)))},
            *({**tested, "model": {"vanishes": lambda e, k=k: e is not k}} for k in (LINE, CONIC)),
            {"model": {"vanishes": lambda e: None if e is LINE else False}},
            {"model": long},
            {"places": (place(),), "model": long},
            *({"places": (place(), place(p, k)), "model": long} for p, k in ((P, 0), (P, P), (COMPOSITE, 0))),
            {**tested, "model": {**long, "vanishes_at": lambda e, at: e is LINE}},
            {**tested, "model": {**long, "vanishes_at": lambda e, at: at.prime == P}},
            {**tested, "model": {**long, "equations_error": always(MORE)}},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (VANISH, 2, Claim.PROVED, (), 0)
    found = outcome(own, model(), {**tested, "model": long})
    assert said(found) == (2, Claim.PROBABILITY, (), ERROR**2)
    asked = []
    outcome(
        own,
        model(),
        {
            **tested,
            "model": {"vanishes": lambda e: True if e is LINE else None, "equations_error": lambda e, at: asked.append(e) or ERROR},
        },
    )
    assert asked == [(CONIC,), (CONIC,)]


EQUATIONS = KnownEquations(M, (LINE, CONIC), 3)
KNOWN = premise(VANISH, 2, Claim.PROBABILITY, certificate=EQUATIONS, error=0.25)
UNKNOWN = [
    recorded(KNOWN.statement, KNOWN.claim),
    premise(VANISH, 2, certificate=replace(EQUATIONS, subject="another")),
    premise(VANISH, 2, certificate=AbsentCoefficient(M, {}, NAMES[0])),
]


def test_equations_that_are_told():
    assert equations_in(KNOWN, model()) is EQUATIONS
    unknown = [{"known": v} for v in UNKNOWN]
    verdict = check_both_sides(
        WrittenEquations(KNOWN, (1, 0)), model(), [{"listed": ()}], [*unknown, *({"listed": (k,)} for k in (-1, 2))]
    )
    texts, claim, _, error = said(verdict)
    assert (len(texts), claim, error) == (2, Claim.PROBABILITY, 0.25)
    assert texts[::-1] == outcome(WrittenEquations(KNOWN, (0, 1)), model(), {}).statement.value
    target = {NAMES[0]: Fraction(1), NAMES[1]: Fraction(2)}  # 1 - 2, and 1 * 0 - 3 * 4
    own = ViolatedEquation(KNOWN, 0, target)
    verdict = check_both_sides(
        own,
        model(),
        [{"number": 1}, {"part": "equation"}, {"target": {NAMES[0]: Fraction(1)}}],
        [
            *unknown,
            *({"number": k} for k in (-1, 2)),
            {"target": dict.fromkeys(NAMES[:2], Fraction(2))},
            {"number": 1, "target": {NAMES[0]: Fraction(6), NAMES[1]: Fraction(2), NAMES[2]: Fraction(2)}},
            {"target": {NAMES[2]: Fraction(1)}},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("membership: verdict", "excluded", Claim.PROBABILITY, (), 0.25)
    assert outcome(own, model(), {"part": "equation"}).statement.value == f"{texts[1]} = 0"
    last = Equation(1, (((0,), 1), ((3,), -2)))  # the coefficient less 2
    constant = replace(own, known=premise(VANISH, 1, certificate=replace(EQUATIONS, equations=(last,))))
    assert outcome(constant, model(), {})
    assert outcome(constant, model(), {"target": {NAMES[0]: Fraction(2)}}) is None
    absent = AbsentCoefficient(M, {(0, (5,)): Fraction(1), NAMES[0]: Fraction(1), (0, (6,)): Fraction(0)}, (0, (5,)))
    verdict = check_both_sides(absent, model(), [], [{"name": n} for n in (NAMES[0], (0, (6,)), (0, (7,)))])
    assert said(verdict) == ("excluded", Claim.PROVED, (), 0)


def forms_place(degree, **changes):
    return replace(FormsPlace(degree, (0, 1), P, POINT), **changes)


HILBERT = HilbertFunction(KNOWN, (1, 3, 5), (forms_place(1), forms_place(2)), P)


def test_hilbert_functions():
    verdict = check_both_sides(
        HILBERT,
        model(),
        [
            {"values": (1,), "places": ()},
            {"values": (1, 3), "places": (forms_place(1),)},
            {"values": (1, 3, 6)},
            {"model": {"forms_rank": lambda at: (0, 3, 5)[at.degree]}},
            {"places": (forms_place(1), forms_place(2, kept=(2,)))},
        ],
        [
            *({"known": v} for v in UNKNOWN),
            {"prime": COMPOSITE},
            *({"values": v} for v in ((1, 3, 4), (1, 2, 5), (2, 3, 5), (1, 3), (1, 3, 5, 7))),
            {"values": (), "places": ()},
            {"places": (forms_place(2), forms_place(1))},
            *(
                {"places": (forms_place(1), forms_place(2, **c))}
                for c in ({"prime": COMPOSITE}, {"kept": (0, 0)}, {"kept": (-1, 0)}, {"kept": (0, 3)})
            ),
            *({"model": {"forms_rank": lambda at, k=k: (0, 3, 5)[at.degree] - (at.degree == k)}} for k in (1, 2)),
        ],
    )
    assert said(verdict) == ([1, 3, 5], Claim.PROBABILITY, (), 0.25)


def function(values, *equations):
    """The Hilbert function of such equations, as if it had been shown."""
    known = premise(VANISH, len(equations), certificate=replace(EQUATIONS, equations=equations))
    certificate = HilbertFunction(known, values, tuple(forms_place(k) for k in range(1, len(values))), P)
    return premise("Hilbert function", list(values), Claim.PROBABILITY, certificate=certificate, error=0.5)


CUBIC = Equation(3, (((0, 0, 0), 1), ((1, 1, 1), -2)))
OTHER = Equation(2, (((0, 0), 1), ((2, 2), -1)))
CURVED = function((1, 3, 5), CONIC)
BOTH = function((1, 2, 2), LINE, CONIC)
NO_FUNCTIONS = [
    recorded(CURVED.statement, Claim.PROVED),
    premise("Hilbert function", [1, 3, 5], certificate=EQUATIONS),
    premise("Hilbert function", [1, 3, 5], certificate=replace(HILBERT, known=UNKNOWN[1])),
]


def test_numbers_of_generators():
    """Of a line and a conic in three variables; of conics, and a cubic that they may imply."""
    wrong = [{"hilbert": v} for v in NO_FUNCTIONS]
    cubic = function((1, 3, 5, 5), CONIC, CUBIC)  # ten cubics less five, of which four have to be multiples of the conic
    verdict = check_both_sides(
        MinimalGenerators(CURVED),
        model(),
        [
            {"hilbert": BOTH},
            {"hilbert": function((1, 3, 4), CONIC, OTHER)},
            {"hilbert": cubic, "model": {"implied_over_q": lambda below, k: 4 if below == (CONIC,) and k == 3 else None}},
            {"hilbert": function((1, 3, 3), CONIC), "exactly": False},
        ],
        [
            *wrong,
            {"hilbert": function((1, 3, 4), CONIC)},
            {"hilbert": function((1, 3, 6), CONIC)},
            {"hilbert": function((1, 2, 2), CONIC)},
            {"hilbert": function((1, 3), CONIC)},
            *({"hilbert": cubic, "model": {"implied_over_q": always(v)}} for v in (None, 3, 5)),
        ],
    )
    assert said(verdict) == ({"2": 1}, Claim.PROBABILITY, (), 0.5)
    assert outcome(MinimalGenerators(BOTH), model(), {}).statement.value == {"1": 1, "2": 1}
    assert outcome(MinimalGenerators(BOTH, exactly=False), model(), {}).claim is Claim.UPPER_BOUND
    searched = check_both_sides(SearchedUpTo(CURVED), model(), [], wrong)
    assert said(searched) == (2, Claim.PROBABILITY, (), 0.5)


def jacobian(value, **changes):
    return ModularRank(M, replace(Place(DIMENSION, P, POINT, NUMBERS, NUMBERS, None), **changes), value)


def test_equations_that_generate_all():
    """In three coefficients: a surface is all, a curve of one equation has no other, and points may have more."""
    own = GenerateAll(CURVED, jacobian(2), True)
    of_rank = {"took": always(3)}
    verdict = check_both_sides(
        own,
        model(took=always(2)),
        [
            {"hilbert": BOTH, "rank": jacobian(1)},
            {"hilbert": function((1, 3)), "rank": jacobian(3), "model": of_rank},
            {"hilbert": function((1, 2), LINE), "rank": jacobian(2)},
            {"hilbert": function((1, 3, 6, 9), CUBIC)},
            {"complete": False, "rank": jacobian(9)},
        ],
        [
            *({"hilbert": v} for v in NO_FUNCTIONS),
            {"rank": jacobian(1)},
            {"rank": jacobian(3), "model": of_rank},
            {"rank": jacobian(2, kind=SPAN)},
            {"rank": jacobian(3)},
            {"model": {"took": always(1)}},
            {"hilbert": function((1, 3))},
            {"hilbert": function((1, 3, 4), CONIC)},
            {"hilbert": function((1, 3, 6, 8), CUBIC)},
            {"hilbert": function((1, 3, 5, 9), CUBIC)},
            {"hilbert": function((1, 3, 6), CUBIC)},
            {"hilbert": function((1, 3, 4), CONIC, OTHER)},
            {"hilbert": function((1, 3, 5, 9), CONIC, CUBIC)},
            {"hilbert": BOTH},
        ],
    )
    assert said(verdict) == (True, Claim.PROBABILITY, (), 0.5)
    assert said(outcome(own, model(took=always(2)), {"complete": False})) == (False, Claim.PROVED, (), 0.5)
    known = CURVED.certificate.known.certificate
    generate = premise("", True, certificate=own)
    assert generated_by(generate, known) is known
    others = [recorded(generate.statement, Claim.PROVED), premise("", True, certificate=replace(own, complete=False))]
    for v, equations in [(generate, replace(known)), (KNOWN, known), *((v, known) for v in others)]:
        with pytest.raises(NotShown):
            generated_by(v, equations)


def test_bounds_by_equations():
    own = BoundByEquations(KNOWN, P, POINT, 2)
    none = {"rank": 0, "model": {"equations_rank": always(0)}}
    verdict = check_both_sides(own, model(), [{"rank": 1}, none], [*({"known": v} for v in UNKNOWN), {"prime": COMPOSITE}, {"rank": 3}])
    assert said(verdict) == (1, Claim.PROBABILITY, (), 0.25)


def test_values_that_fill_a_linear_space():
    two = np.zeros((2, 1))
    rank = jacobian(2, inputs=two)

    def span(prime=P, value=2, weights=4, **changes):
        return ModularRank(
            M, replace(Place(AFFINE, prime, np.arange(weights * 2).reshape(weights, 2), NUMBERS, two, None), **changes), value
        )

    own = LinearValues(rank)
    spans = {"spans": (span(), span(Q)), "model": {"outputs": 2}}
    of_one = {"model": {"outputs": 2, "error": always(ERROR**2)}}
    verdict = check_both_sides(
        own,
        agreeing(FunctionsAtData, took=always(2), error=always(ERROR)),
        [spans, {"spans": (span(),), **of_one}, {"spans": (span(weights=5),), **of_one}],
        [
            {"rank": replace(rank, value=3)},
            {"rank": replace(rank, place=replace(rank.place, kind=SPAN))},
            {"rank": replace(rank, place=replace(rank.place, inputs=None))},
            {"rank": replace(rank, place=replace(rank.place, factors=np.zeros((1, 1, 1))))},
            {"model": {"outputs": 2}},
            *({"spans": (span(), span(**c)), "model": {"outputs": 2}} for c in ({}, {"prime": COMPOSITE})),
            *({"spans": (span(**c),), **of_one} for c in ({"weights": 3}, {"value": 1}, {"kind": SPAN}, {"inputs": np.zeros((3, 1))})),
            {"spans": (replace(span(), place=replace(span().place, weights=None)),), **of_one},
            {"spans": (span(),), "model": {"outputs": 2}},
            {"spans": (span(), span(Q)), "model": {"outputs": 2, "error": always(MORE)}},
            {"spans": (span(),), "model": {**of_one["model"], "took": lambda at: 2 + (at.kind == AFFINE)}},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (VALUES_DEGREE, 1, Claim.PROVED, (), 0)
    asked = []
    model = agreeing(FunctionsAtData, took=always(2), error=lambda at, most: asked.append(most) or ERROR)
    assert said(outcome(own, model, spans)) == (1, Claim.PROBABILITY, (), ERROR**2)
    assert asked == [3, 3]


def test_one_distribution():
    """Outputs at the inputs 1/2 and 3: (1, 2) and (3, 4) for one function, twice and five times that for the other."""
    inputs = (Fraction(1, 2), Fraction(3))
    values = np.array([[1, 2, 3, 4], [2, 4, 15, 20]])
    at = Place(SPAN, P, np.zeros((2, 1)), NUMBERS, np.array([[51], [3 + P]]), None)
    own, asked = OneDistribution(M, inputs, at), []
    here = agreeing(
        FunctionsAtData,
        outputs=2,
        matrix=always(values),
        error_at_inputs=lambda place, most, bits: asked.append((most, bits)) or ERROR**2,
    )
    moved = [([0, 0], 2), ([0, 0], 0), ([0, 1], P - 1), ([1, 3], 21), ([1, 1], 5), ([0, 2], 2)]

    def other(where, value):
        changed = values.copy()
        changed[tuple(where)] = value
        return {"model": {"matrix": always(changed)}}

    verdict = check_both_sides(
        own,
        here,
        [
            other([1, 3], 20 + P),
            {"model": {"matrix": always(np.array([[50, 100, 3, 4], [100, 99, 15, 20]]))}},
            {"general": True, "model": {"generic": True}},
        ],
        [
            *(other(*m) for m in moved),
            {"model": {"matrix": always(np.array([[1, P - 1, 3, 4], [2, 2 * P - 2, 15, 20]]))}},
            {"general": True},
            {"model": {"generic": True}},
            {"inputs": ()},
            *({"inputs": v} for v in ((Fraction(1, 101), Fraction(3)), inputs[::-1], inputs[:1], (Fraction(51), Fraction(4)))),
            *({"place": replace(at, **c)} for c in ({"kind": AFFINE}, {"weights": None}, {"inputs": None}, {"prime": COMPOSITE})),
            *(
                {"place": replace(at, **c)}
                for c in ({"weights": np.zeros((3, 1))}, {"factors": np.zeros((1, 1, 1))}, {"weights": np.zeros((1, 1))})
            ),
            {"place": replace(at, prime=COMPOSITE, inputs=np.array([[5], [3]]))},
            {"model": {"error_at_inputs": always(1.01 * ERROR**2)}},
        ],
    )
    assert (said(verdict), asked[0]) == ((1, Claim.PROBABILITY, (), ERROR**2), (2, log2(7)))
    assert outcome(own, here, {"general": True, "model": {"generic": True}}).statement.scope == (GENERAL_COEFFICIENTS,)
    asked.clear()
    fine = (Fraction(1, 6), Fraction(-3, 4))
    outcome(own, here, {"inputs": fine, "place": replace(at, inputs=np.array([[pow(6, -1, P)], [-3 * pow(4, -1, P)]]))})
    assert asked == [(2, log2(13))]
