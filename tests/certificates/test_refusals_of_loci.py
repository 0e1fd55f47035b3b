"""Certificates of singular loci and functions, and of weights of analytic networks, with models that agree: each refusal alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION, AnalyticPerceptron
from neurovariety.certificates.analytic_weights import GENERAL, AnalyticFiber, NoLinearSymmetry
from neurovariety.certificates.fiber import HIDDEN
from neurovariety.certificates.functions import DIMENSION, SPAN, Equation, Place
from neurovariety.certificates.hilbert_function import GenerateAll, HilbertFunction
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.known_equations import VANISH, KnownEquations
from neurovariety.certificates.linear_symmetries import STATED, symmetries_in
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.singular_functions import DEGREE, SingularByTheorem, SmallerModels, SmoothClosure, SmoothFunction
from neurovariety.certificates.singular_loci import (
    LOCUS,
    DegreeOfVertex,
    FamiliesOfStrata,
    FamilyPlace,
    LocusAtLeast,
    LocusAtMost,
    LocusCodimension,
    LocusDimension,
    SectionPlace,
    SectionsOfLoci,
    SingularFamily,
    SingularInFamilies,
    SingularVertex,
)
from neurovariety.certificates.stratum_ranks import ON_STRATUM
from neurovariety.certificates.upper_bounds import LINEAR
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

P, Q, COMPOSITE = 101, 103, 9
NOTHING = np.zeros(0)
PLACE = FamilyPlace(("s", "t"), P, NOTHING, ((0, NOTHING),), NOTHING, np.zeros((1, 1)))
UPPER = premise(DIMENSION, 6, Claim.UPPER_BOUND, scope=("u",))
SIZE = premise(DIMENSION, 4, Claim.LOWER_BOUND, subject="net", scope=("z",))
ALONG = premise(ON_STRATUM, (9, 9, 4), scope=("t", "w"), error=0.25, claim=Claim.PROBABILITY)
UP, DOWN = Claim.UPPER_BOUND, Claim.LOWER_BOUND


def families(**answers):
    given = {
        "family_network": always("net"),
        "joint_rank": always(7),
        "vertex": always(1),
        "singular_families": always(("theorem", (("s", "t"), ("v",)))),
    }
    return agreeing(FamiliesOfStrata, **{**given, **answers})


def of(known, **changes):
    """A premise with another value, claim or subject."""
    s = known.statement
    given = {
        "kind": s.kind,
        "value": s.value,
        "claim": known.claim,
        "subject": s.subject,
        "scope": s.scope,
        "error": s.error,
        **changes,
    }
    return premise(given.pop("kind"), given.pop("value"), given.pop("claim"), **given)


NO_SIZES = [
    *twins(SIZE, (UP,)),
    of(SIZE, subject=M),
    *(v for v in twins(ALONG, (UP,))),
    of(ALONG, scope=("x", "w")),
    of(ALONG, subject="net"),
]


def test_families_of_singular_functions():
    own = SingularFamily(PLACE, UPPER, SIZE, 4)
    verdict = check_both_sides(
        own,
        families(),
        [
            {"value": 3},
            {"size": ALONG},
            {"size": of(ALONG, scope=("s", "w"))},
            {"upper": of(UPPER, claim=Claim.PROVED)},
            {"upper": of(UPPER, value=5)},
            *({"size": of(SIZE, claim=c)} for c in (Claim.PROVED, Claim.PROBABILITY)),
            {"size": ALONG, "model": {"family_network": always(None)}},
        ],
        [
            {"value": 5},
            {"value": 5, "size": ALONG},
            {"model": {"joint_rank": always(6)}},
            {"upper": of(UPPER, value=7)},
            {"place": replace(PLACE, prime=COMPOSITE)},
            {"model": {"family_network": always(None)}},
            *({"upper": v} for v in twins(UPPER, (DOWN, Claim.PROBABILITY))),
            *({"size": v} for v in NO_SIZES),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (LOCUS, 4, DOWN, ("u", "z"), 0)
    assert outcome(own, families(), {"size": ALONG}).statement.scope == ("u", "w")


def test_the_vertex_of_a_cone():
    span = premise(SPAN, 7, DOWN, scope=("s",))
    verdict = check_both_sides(
        SingularVertex(span, UPPER, 1),
        families(),
        [{"value": 0, "model": {"vertex": always(0)}}, *({"span": of(span, claim=c)} for c in (Claim.PROVED, Claim.PROBABILITY))],
        [
            {"value": 0},
            {"value": 2},
            {"model": {"vertex": always(None)}},
            {"span": of(span, value=6)},
            {"upper": of(UPPER, value=7)},
            *({"span": v} for v in twins(span, (UP,))),
            *({"upper": v} for v in twins(UPPER, (DOWN, Claim.PROBABILITY))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (LOCUS, 1, DOWN, ("u", "s"), 0)
    point = premise(LOCUS, 0, scope=("p",), error=0.25)
    cone = {"vertex": always(0)}
    verdict = check_both_sides(
        DegreeOfVertex(point),
        families(**cone),
        [{"locus": of(point, claim=Claim.PROBABILITY)}],
        [
            {"locus": of(point, value=1)},
            *({"model": {"vertex": always(v)}} for v in (1, None)),
            *({"locus": v} for v in twins(point, (UP, DOWN))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("singularities: degree", 1, Claim.PROVED, ("p",), 0.25)


def test_all_singular_functions_are_in_families():
    size = of(SIZE, claim=Claim.PROVED)
    other = premise(ON_STRATUM, (9, 9, 5), scope=("v", "w"))
    own = SingularInFamilies(M, "theorem", (size, other), 5)
    verdict = check_both_sides(
        own,
        families(),
        [{"value": 6}, {"sizes": (ALONG, other)}],
        [
            {"value": 4},
            {"subject": "another"},
            {"theorem": "another"},
            {"sizes": (size,)},
            {"sizes": (size, other, other)},
            {"sizes": (other, size)},
            {"model": {"singular_families": always(None)}},
            {"sizes": (of(size, value=6), other)},
            *({"sizes": (v, other)} for v in [*twins(size, (UP, DOWN)), SIZE, of(size, subject=M)]),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (f"{LOCUS}, at most", 5, UP, ("z", "w"), 0)
    assert said(outcome(own, families(), {"sizes": (ALONG, other)})) == (5, Claim.PROBABILITY, ("w",), 0.25)
    sure = of(size, claim=Claim.PROBABILITY)
    assert outcome(own, families(), {"sizes": (sure, other)}).claim is Claim.PROBABILITY
    none = {"sizes": (), "model": {"singular_families": always(("theorem", ()))}}
    assert outcome(replace(own, value=0), families(), none)
    assert outcome(replace(own, value=-1), families(), none) is None


LINE = Equation(1, (((0,), 1), ((1,), -1)))
EQUATIONS = KnownEquations(M, (LINE,), 3)
KNOWN = premise(VANISH, 1, certificate=EQUATIONS, scope=("k",))
RANK = ModularRank(M, Place(DIMENSION, P, NOTHING, NOTHING, NOTHING, None), 2)
ALL = GenerateAll(premise("forms", (1,), certificate=HilbertFunction(KNOWN, (1,), (), P)), RANK, True)
GENERATE = premise("generate", 1, Claim.PROBABILITY, certificate=ALL, scope=("g",), error=0.25)
FRAME = np.array([[1, 2], [3, 4], [5, 6]])
CUT = SectionPlace(P, FRAME)
BELOW = premise(DIMENSION, 2, DOWN, scope=("d",))


def sections(**answers):
    given = {
        "is_cone": always(True),
        "section_has_zero": always((3, False)),
        "section_error": always(2.0**-11),
        "coefficient_names": (),
    }
    return agreeing(SectionsOfLoci, **{**given, **answers})


def test_loci_from_above():
    own = LocusAtMost(KNOWN, BELOW, CUT, 1)
    verdict = check_both_sides(
        own,
        sections(),
        [
            {"value": 2, "model": {"section_has_zero": always((4, False))}},
            *({"dimension": of(BELOW, claim=c)} for c in (Claim.PROVED, Claim.PROBABILITY)),
        ],
        [
            {"value": 0},
            {"value": 2},
            {"place": replace(CUT, prime=COMPOSITE)},
            {"model": {"is_cone": always(False)}},
            *({"model": {"section_has_zero": always((3, z))}} for z in (True, None)),
            {"known": premise(VANISH, 1, Claim.PROBABILITY, certificate=EQUATIONS)},
            {"known": premise(VANISH, 1, certificate=replace(EQUATIONS, subject="another"))},
            *({"dimension": v} for v in twins(BELOW, (UP,))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (f"{LOCUS}, at most", 1, UP, ("k", "d"), 0)


def test_loci_from_below():
    size = of(BELOW, claim=Claim.PROBABILITY, error=0.125)
    two = (CUT, SectionPlace(Q, FRAME))
    own = LocusAtLeast(KNOWN, GENERATE, size, two, 2)
    zero = {"section_has_zero": always((3, True))}
    verdict = check_both_sides(
        own,
        sections(**zero),
        [{"places": (CUT, SectionPlace(P, FRAME + 1))}, {"dimension": of(BELOW, claim=Claim.PROVED)}],
        [
            {"value": 1},
            {"value": 3},
            {"places": two[:1]},
            {"places": ()},
            *({"places": (CUT, c)} for c in (CUT, SectionPlace(P, FRAME + P), SectionPlace(COMPOSITE, FRAME))),
            {"model": {"is_cone": always(False)}},
            *({"model": {"section_has_zero": always((3, z))}} for z in (False, None)),
            {"model": {"section_has_zero": lambda e, d, place: (3, place.prime == P)}},
            {"model": {"section_error": always(1.01 * 2.0**-10)}},
            {"known": premise(VANISH, 1, certificate=replace(EQUATIONS))},
            *(
                {"generate": premise("generate", 1, certificate=c)}
                for c in (None, replace(ALL, complete=False), replace(ALL, hilbert=KNOWN))
            ),
            {"generate": premise("generate", 1, Claim.ESTIMATE, certificate=ALL)},
            *({"dimension": v} for v in twins(size, (UP, DOWN))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (f"{LOCUS}, at least", 2, Claim.PROBABILITY, ("g", "d"), 2.0**-22 + 0.375)
    capped = {"section_error": lambda e, d, place: 5.0 if place.prime == P else 2.0**-21}
    assert outcome(own, sections(**zero), {"model": capped}).statement.error == 2.0**-21 + 0.375


LOW = premise(LOCUS, 3, DOWN, scope=("l",), error=0.25)
HIGH = premise(f"{LOCUS}, at most", 3, UP, scope=("h",), error=0.125)


def test_dimensions_of_loci():
    own = LocusDimension(LOW, HIGH)
    random = of(LOW, kind=f"{LOCUS}, at least", claim=Claim.PROBABILITY)
    sure = of(HIGH, claim=Claim.PROBABILITY)
    verdict = check_both_sides(
        own,
        families(),
        [{"lower": None}, {"upper": None}, {"lower": random}, {"upper": sure}, {"lower": of(LOW, kind=f"{LOCUS}, at least")}],
        [
            {"lower": None, "upper": None},
            {"lower": of(LOW, value=2)},
            {"lower": random, "upper": None},
            {"lower": None, "upper": sure},
            *({"lower": v} for v in [*twins(LOW, (UP, Claim.PROVED)), of(LOW, kind=HIGH.statement.kind)]),
            *({"upper": v} for v in [*twins(HIGH, (DOWN, Claim.PROVED)), of(HIGH, kind=LOCUS)]),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (LOCUS, 3, Claim.PROVED, ("l", "h"), 0.375)
    assert said(outcome(own, families(), {"upper": None})) == (3, DOWN, ("l",), 0.25)
    assert said(outcome(own, families(), {"lower": None})) == (3, UP, ("h",), 0.125)
    for changes in ({"lower": random}, {"upper": sure}):
        assert outcome(own, families(), changes).claim is Claim.PROBABILITY


def test_codimensions_of_loci():
    whole = premise(DIMENSION, 7, scope=("w",), error=0.125)
    own = LocusCodimension(whole, LOW)
    verdict = check_both_sides(
        own,
        families(),
        [{"locus": of(LOW, value=0)}, {"locus": of(LOW, claim=Claim.ESTIMATE)}, {"whole": of(whole, claim=Claim.PROBABILITY)}],
        [
            {"locus": of(LOW, value=-1)},
            *({"locus": v} for v in list(twins(LOW))[:3]),
            *({"whole": v} for v in twins(whole, (UP, DOWN))),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("singularities: codimension", 4, UP, ("l", "w"), 0.375)
    for claim, other in ((UP, DOWN), (Claim.PROVED, Claim.PROVED), (Claim.PROBABILITY, Claim.PROBABILITY)):
        assert outcome(own, families(), {"locus": of(LOW, claim=claim)}).claim is other


def smaller(**answers):
    given = {"singular_models": always(("theorem", {"a": "one", "b": "two"})), "constants": always(1)}
    return agreeing(SmallerModels, **{**given, **answers})


def test_singular_functions_by_a_theorem():
    whole = premise(DIMENSION, 6, Claim.PROBABILITY, scope=("w",), error=0.5)
    one = premise(DIMENSION, 4, subject="one", scope=("1",), error=0.25)
    two = premise(DIMENSION, 2, subject="two", scope=("2",), error=0.125)
    own = SingularByTheorem(whole, "theorem", (("a", one), ("b", two)), 1, "dimension")
    degree = premise(DEGREE, 12, subject="one", scope=("d",), error=0.0625)
    of_degree = {"part": "degree", "degree": degree}
    equal = (("a", one), ("b", of(two, value=4)))
    constants = {"constants": 4, "model": {"constants": always(4)}}
    verdict = check_both_sides(
        own,
        smaller(),
        [
            {"part": "codimension"},
            of_degree,
            {"sizes": (("b", two), ("a", one))},
            {"sizes": equal},
            {"degree": of(degree, subject="two")},  # which is not asked
            {**of_degree, "sizes": (("a", of(one, value=2)), ("b", of(two, value=4))), "degree": of(degree, subject="two")},
            {"part": "degree", "sizes": (("a", of(one, value=1)), ("b", of(two, value=0)))},
            {"part": "degree", **constants},
            {"constants": 5, "model": {"constants": always(5)}},
        ],
        [
            {"theorem": "another"},
            {"constants": 0},
            {"model": {"singular_models": always(None)}},
            {"sizes": (("a", one),)},
            {"sizes": (("a", one), ("b", two), ("b", two))},
            {"sizes": (("a", one), ("c", two))},
            {"sizes": (("a", of(one, value=6)), ("b", two))},
            {"constants": 6, "model": {"constants": always(6)}},
            {"whole": of(whole, value=4)},
            *({"whole": v} for v in twins(whole)),
            *({"sizes": (("a", v), ("b", two))} for v in [*twins(one), two]),
            *({"sizes": (("a", one), ("b", v))} for v in twins(two)),
            {"part": "degree"},
            {**of_degree, "sizes": equal},
            {**of_degree, **constants},
            {**of_degree, "sizes": (("a", of(one, value=2)), ("b", of(two, value=4)))},
            *({"part": "degree", "degree": v} for v in twins(degree)),
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == ("singularities: dimension", 4, Claim.PROVED, ("w", "1", "2"), 0.375)
    found = outcome(own, smaller(), {"part": "codimension"})
    assert (found.statement.kind, *said(found)) == ("singularities: codimension", 2, Claim.PROBABILITY, ("w", "1", "2"), 0.875)
    assert said(outcome(own, smaller(), of_degree)) == (12, Claim.PROVED, ("w", "d", "1", "2"), 0.4375)
    assert outcome(own, smaller(), {"part": "degree", **constants}).statement.value == 1
    assert outcome(own, smaller(), {"constants": 5, "model": {"constants": always(5)}}).statement.value == 5


def test_linear_spaces_have_no_singular_function():
    flat = premise(LINEAR, True, Claim.PROBABILITY, scope=("f",), error=0.25)
    for kind, value, name in ((SmoothClosure, -1, "dimension"), (SmoothFunction, "smooth", "status")):
        verdict = check_both_sides(kind(flat), smaller(), [], [{"flat": v} for v in twins(flat)])
        assert (verdict.statement.kind, *said(verdict)) == (f"singularities: {name}", value, Claim.PROBABILITY, ("f",), 0.25)


def test_weights_of_analytic_networks():
    """Nine weights, two shifts, seven dimensions."""
    answers = {"hash": M, "parameters": 9, "shifts": 2, "scope": ("a",)}
    model = object.__new__(type("Model", (AnalyticPerceptron,), answers))

    def issued(certificate):
        try:
            return issue(certificate, model)
        except NotShown:
            return None

    known = premise(ANALYTIC_DIMENSION, 7, scope=("a",))
    below = premise(ANALYTIC_DIMENSION, 7, Claim.LOWER_BOUND, scope=("a",))
    six = premise(ANALYTIC_DIMENSION, 6, scope=("a",))
    wrong = [
        *twins(known, (Claim.UPPER_BOUND, Claim.PROBABILITY)),
        premise(ANALYTIC_DIMENSION, 7),
        premise(ANALYTIC_DIMENSION, 7, scope=("b",)),
    ]
    for key, value, said_kind in (("dimension", 2, "dimension of the fiber"), ("hidden", 0, HIDDEN)):
        found = issued(AnalyticFiber(key, value, known))
        assert (found.statement.kind, *said(found)) == (said_kind, value, Claim.PROVED, (GENERAL,), 0)
        assert issued(AnalyticFiber(key, value, below)).claim is Claim.UPPER_BOUND
        assert issued(AnalyticFiber(key, value + 1, six)).claim is Claim.PROVED
        for other in (value + 1, value - 1, bool(value)):
            assert issued(AnalyticFiber(key, other, known)) is None
        for verdict in wrong:
            assert issued(AnalyticFiber(key, value, verdict)) is None
    assert issued(AnalyticFiber("other", 2, known)) is None
    kinds = {
        "dimension": symmetries_in("all"),
        "stated": STATED,
        "unstated": "unstated linear symmetries",
        "orbit_dimension": "general orbit",
        "ansatz": "ansatz",
    }
    for key, name in kinds.items():
        found = issued(NoLinearSymmetry(key, known))
        assert (found.statement.kind, *said(found)) == (name, "all" if key == "ansatz" else 0, Claim.PROVED, (), 0)
        for verdict in (*wrong, below, six, premise(ANALYTIC_DIMENSION, 8, scope=("a",))):
            assert issued(NoLinearSymmetry(key, verdict)) is None
    assert issued(NoLinearSymmetry("other", known)) is None
