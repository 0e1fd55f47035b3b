"""The tests T, C and L as certificates: lists with a point missing, twice or moved are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.account import FloatZeros
from neurovariety.certificates.completeness import Continued, Distinct, Looped, Traced
from neurovariety.certificates.compose import OF_LIKELIEST, OF_NEAREST, OF_SLICES, Because
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.fiber import EvenlyCovered, Sorted
from neurovariety.certificates.general_members import CRITICAL_POINTS, SLICE, OtherQuadric, Substituted
from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue, weak
from neurovariety.certificates.shown_points import Points
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.affine_slices import normal, slices
from neurovariety.geometry.solutions.complete_fiber import CompleteFiber, complete_fiber
from neurovariety.geometry.solutions.critical_points import CriticalPoints, critical_points
from neurovariety.geometry.solutions.graph_slices import graph_slices
from neurovariety.geometry.solutions.likelihood import likelihood_points
from neurovariety.geometry.solutions.likelihood_ends import general_counts
from neurovariety.geometry.solutions.quadrics import only
from neurovariety.geometry.solutions.special_points import OneMember, Start, special_points
from neurovariety.homotopy.incidence import ExactIncidence, points_of, shown_part
from neurovariety.homotopy.loops import closed_under_loops
from neurovariety.randomness import generator

ARCHITECTURE, DEGREE = "mlp(2,2,1; x^6)", 15


@pytest.fixture(scope="module")
def solved() -> tuple[ExactIncidence, CompleteFiber, Verdict]:
    model = nv.as_model(ARCHITECTURE)
    shape = dimension_of(model, seed=0)
    rng = generator(0, "test")
    cut = slices(model, shape.value, 0, rng)
    found = complete_fiber(cut, rng, premises=(shape.verdict,))
    return ExactIncidence(cut), found, shape.verdict


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def part(points: Points, rows: np.ndarray) -> Points:
    return Points(points.parameters, points.zeros.part(rows), {i: points.fine[k] for i, k in enumerate(rows) if k in points.fine})


def test_a_complete_slice(solved):
    incidence, found, _ = solved
    assert (found.count, found.verdict.claim) == (nv.degree(ARCHITECTURE, route="computed").value, Claim.COMPLETE)
    again = ExactIncidence(incidence.members)
    assert issue(found.verdict.certificate, again).statement.value == found.count


def test_a_part_of_a_slice_is_no_slice(solved):
    incidence, found, _ = solved
    shown = found.verdict.certificate
    for k in range(found.count):
        rows = np.delete(np.arange(found.count), k)
        assert refused(replace(shown, slices=tuple(part(s, rows) for s in shown.slices)), incidence)
    one = np.arange(1)
    assert refused(replace(shown, slices=tuple(part(s, one) for s in shown.slices)), incidence)
    twice = np.array([0, *range(found.count)])
    assert refused(replace(shown, slices=tuple(part(s, twice) for s in shown.slices)), incidence)


def test_slices_have_to_be_three_parallel_ones(solved):
    incidence, found, _ = solved
    shown = found.verdict.certificate
    a, b, c = shown.slices
    with pytest.raises(NotShown, match="three parallel slices"):  # at other distances a part may have a straight sum
        issue(replace(shown, slices=(a, c, b)), incidence)
    assert refused(replace(shown, slices=(a, a, a)), incidence)
    turned = c.parameters.copy()
    turned[-1] += 1
    assert refused(replace(shown, slices=(a, b, replace(c, parameters=turned))), incidence)
    assert refused(replace(shown, arcs=7), incidence)
    assert refused(replace(shown, family="another"), incidence)
    guess = weak(Statement("dimension", "", 4), Claim.ESTIMATE, "a guess")
    assert refused(replace(shown, premises=(guess,)), incidence)


def test_points_have_to_be_zeros(solved):
    incidence, found, _ = solved
    shown = found.verdict.certificate
    base = shown.slices[0]
    assert issue(Distinct(SLICE, incidence.hash, base), incidence).claim is Claim.LOWER_BOUND
    moved = FloatZeros(base.zeros.centres * 1.01, base.zeros.inverses)
    for forged in (
        Points(base.parameters, moved),
        Points(base.parameters * 1.01, base.zeros),
        Points(base.parameters, FloatZeros(base.zeros.centres, 0 * base.zeros.inverses)),
        part(base, np.array([0, 0])),
    ):
        assert refused(Distinct(SLICE, incidence.hash, forged), incidence)
    assert len(shown_part(incidence, base.zeros.centres[[0, 1, 1, 0, 2]], base.parameters)) == 3
    assert len(shown_part(incidence, base.zeros.centres * 1.5, base.parameters)) == 0


def test_continued_and_looped(solved):
    incidence, found, _ = solved
    base = found.verdict.certificate.slices[0]
    rng = generator(1, "test")
    cut = incidence.members
    count = found.count
    ended = Continued(CRITICAL_POINTS, incidence.hash, base, found.verdict)
    assert issue(ended, incidence).claim is Claim.COMPLETE
    fewer = part(base, np.arange(count - 1))
    assert refused(replace(ended, points=fewer), incidence)
    assert refused(replace(ended, kind="ML degree"), incidence)
    lower = issue(Distinct(SLICE, incidence.hash, base), incidence)
    assert refused(replace(ended, general=lower), incidence)

    def fresh() -> np.ndarray:
        return cut.random(1, rng)[1][0]

    some = base.zeros.centres[:3]
    points, loops = closed_under_loops(cut.system, cut.prints, some, base.parameters, fresh, rng)
    assert len(points) == count, "loops lead from a few points to all"
    shown = points_of(incidence, points, base.parameters)
    moving = tuple(range(len(base.parameters)))
    closed = Looped(CRITICAL_POINTS, incidence.hash, shown, found.verdict, loops, moving)
    assert issue(closed, incidence).statement.value == count
    assert refused(replace(closed, loops=loops[:7]), incidence)
    assert refused(replace(closed, loops=(*loops[:-1], (0,) * count)), incidence)
    assert refused(replace(closed, points=part(shown, np.arange(count - 1))), incidence)
    assert refused(replace(closed, moving=()), incidence)
    assert refused(replace(closed, moving=(0, 0)), incidence)
    assert refused(replace(closed, kind=SLICE), incidence)


@pytest.fixture(scope="module")
def distances() -> tuple[CriticalPoints, CompleteFiber]:
    """Critical points for general diagonal quadrics."""
    model, rng = nv.as_model("mlp(2,1,1; x^2)"), generator(0, "test")
    shape = dimension_of(model, seed=0)
    problem = critical_points(model, shape.value, 0, rng)
    return problem, complete_fiber(problem, rng, premises=(shape.verdict,))


def told(family: ExactIncidence, count: int) -> Verdict:
    """A number at general parameters of a family, as if it had been shown."""
    return Verdict(Statement(CRITICAL_POINTS, family.hash, count), Claim.COMPLETE, None, on=family, token=_TOKEN)


def test_a_number_of_another_problem(distances):
    """Ends that are as many as another problem has in general are not all of this one."""
    problem, found = distances
    assert found.complete
    matrix = np.ones((problem.count, problem.count)) + np.diag([1.0, 2.0, 3.0])
    base = found.run.fibers[0]
    start = Start(base.array(), base.parameters, found.verdict)
    image = matrix @ normal(generator(2, "test"), (3,))
    ended = special_points(problem, start, matrix, image, generator(0, "test"), general_target=True)
    own, family = ended.verdict.certificate, ended.verdict.on
    assert isinstance(own, Continued | Looped)
    assert isinstance(own.by, OtherQuadric)
    assert issue(own, family).claim is Claim.COMPLETE
    rng = generator(0, "test")
    for text in ("mlp(2,1,1; x^4)", "linear(1,1,3)", "linear(1,1,2)"):
        shape = dimension_of(nv.as_model(text), seed=0)
        other = ExactIncidence(critical_points(nv.as_model(text), shape.value, 0, rng))
        for by in (own.by, None, OtherQuadric(())):
            assert refused(replace(own, general=told(other, found.count), by=by), family)
    plain = critical_points(problem.model, problem.dimension, 0, rng, lambda terms: only(terms, matrix))
    assert refused(replace(own, general=told(ExactIncidence(plain), found.count)), family)
    assert refused(replace(own, by=None), family)
    (i, k, at, factor), *rest = own.by.places
    for places in ((), tuple(rest), ((i, k, at, 2 * factor), *rest), ((i, k, at + 1, factor), *rest), ((k, 3, at, factor), *rest)):
        assert refused(replace(own, by=OtherQuadric(places)), family)
    assert refused(replace(own, by=Substituted(tuple(range(family.system.unknowns - family.unknowns)))), family)


def test_a_list_closed_by_loops_of_targets_is_one_for_its_quadric(distances):
    problem, found = distances
    base = found.run.fibers[0]
    family = ExactIncidence(OneMember(problem.system, problem.prints, problem.values))
    points, n = points_of(family, base.array(), base.parameters), problem.count
    loops = (tuple(range(found.count)),) * 8  # as if they had been followed
    closed = issue(Looped(CRITICAL_POINTS, family.hash, points, found.verdict, loops, tuple(range(n))), family)
    again = Continued(CRITICAL_POINTS, family.hash, points, closed)
    assert issue(again, family).claim is Claim.COMPLETE
    rng = generator(1, "test")
    carried = special_points(
        problem,
        Start(base.array(), base.parameters, found.verdict),
        np.diag([1.0, 2.0, 3.0]),
        normal(rng, (3,)),
        rng,
        general_target=True,
    )
    assert carried.verdict.on.system.hash == family.system.hash
    there = carried.verdict.certificate.points
    assert refused(replace(again, points=there), family)
    assert issue(replace(again, points=there, general=found.verdict), family).claim is Claim.COMPLETE
    every = replace(closed.certificate, moving=tuple(range(2 * n)))
    assert issue(replace(again, points=there, general=issue(every, family)), family).claim is Claim.COMPLETE


def test_a_curve_over_a_line_of_counts():
    """General counts lie on a general line: the systems are those of the curve, with u + s v put in."""
    model, rng = nv.as_model("mlp(2,1,1; x^2)"), generator(0, "test")
    shape = dimension_of(model, seed=0)
    problem = likelihood_points(model, shape.value, None, 0, rng)
    ends = general_counts(problem, rng, None, (shape.verdict,))
    own, family, n = ends.verdict.certificate, ends.verdict.on, problem.count
    assert isinstance(own.by, Substituted)
    assert own.general.on.unknowns == family.unknowns + 1
    assert issue(own, family).claim is Claim.COMPLETE
    starts, steps = own.by.starts, own.by.steps
    for by in (
        None,
        Substituted(starts),
        Substituted(steps, starts[::-1]),
        Substituted((-1, *starts[1:]), steps),
        Substituted(starts, (-1, *steps[1:])),
        Substituted(starts, (*steps[:-1], 2 * n)),
        Substituted(starts[:-1], steps[:-1]),
    ):
        assert refused(replace(own, by=by), family)
    plane = own.general.on
    count = plane.system.unknowns
    for last in (((1, ((count - 1, 1),)),), ((1, ((0, 1),)), (1, ((count - 3, 1),))), ()):
        sums = (*plane.system.sums, last)
        system = ExactSystem(count, sums, (*plane.system.equations[:-1], count + len(sums) - 1))
        with pytest.raises(NotShown):
            own.by.check(replace(plane.stored(), system=system), family, own.points.parameters)


def test_no_solutions_in_general_may_be_a_curve_of_a_stated_problem(distances):
    problem, found = distances
    family = ExactIncidence(OneMember(problem.system, problem.prints, problem.values))
    base = found.run.fibers[0]
    none = points_of(family, base.array()[:0], base.parameters)
    assert refused(Continued(CRITICAL_POINTS, family.hash, none, told(family, 0)), family)


def covered(found: nv.FibersResult) -> tuple[Sorted, EvenlyCovered]:
    shown = found.verdicts["cardinality"].certificate
    assert isinstance(shown, Sorted)
    inner = shown.weights.certificate
    assert isinstance(inner, EvenlyCovered)
    return shown, inner


def test_values_are_evenly_covered():
    found = nv.fibers("mlp(2,2,1; x^3)", route="computed")
    values: Mapping[str, Verdict] = found.verdicts
    assert values["cardinality"].claim is Claim.COMPLETE
    shown, inner = covered(found)
    assert len(shown.labels) > 1
    exact = exact_functions(nv.as_model("mlp(2,2,1; x^3)"))
    other = exact_functions(nv.as_model("mlp(2,2,1; x^4)"))
    assert issue(shown, exact).statement.value == values["cardinality"].statement.value
    assert refused(replace(shown, labels=(*shown.labels, 0)), exact)
    assert refused(replace(shown, subject=other.hash), other)
    assert refused(shown, other)
    assert refused(replace(shown, kind="degree"), exact)
    family = shown.weights.on
    for wrong in (
        replace(
            inner, graph=nv.fibers("mlp(2,2,1; x^4)", route="computed").verdicts["cardinality"].certificate.weights.certificate.graph
        ),
        replace(inner, degree=nv.degree("mlp(2,2,1; x^4)").verdicts["value"]),
        replace(inner, degree=inner.graph),
        replace(inner, loops=inner.loops[:7]),
    ):
        assert refused(wrong, family)
    cut = graph_slices(nv.as_model("mlp(2,2,1; x^3)"), 4, 0, generator(0, "test"))
    one_lost = replace(inner, family=ExactIncidence(cut).hash, values=(*inner.values[:-1], max(inner.values) + 1))
    assert refused(one_lost, ExactIncidence(cut))


def test_a_degree_is_the_number_of_points_on_slices_of_the_model(solved, distances):
    """Points of another kind, or of another model, are none."""
    incidence, found, _ = solved
    exact = exact_functions(nv.as_model(ARCHITECTURE))
    right = Because(Statement("degree", exact.hash, found.count), OF_SLICES, (found.verdict,))
    assert issue(right, exact).claim is Claim.COMPLETE
    assert refused(replace(right, rule=OF_NEAREST), exact)
    assert refused(Because(Statement("ed_degree generic", exact.hash, found.count), OF_NEAREST, (found.verdict,)), exact)
    assert refused(Because(Statement("ML degree", exact.hash, found.count), OF_LIKELIEST, (found.verdict,)), exact)
    assert refused(replace(right, statement=replace(right.statement, value=found.count - 1)), exact)
    other = exact_functions(nv.as_model("mlp(2,2,1; x^4)"))
    assert refused(replace(right, statement=replace(right.statement, subject=other.hash)), other)
    assert refused(right, other)
    problem, nearest = distances
    own = exact_functions(problem.model)
    assert issue(Because(Statement("ed_degree generic", own.hash, nearest.count), OF_NEAREST, (nearest.verdict,)), own)
    assert refused(Because(Statement("degree", own.hash, nearest.count), OF_SLICES, (nearest.verdict,)), own)
    foreign = dimension_of(nv.as_model("linear(2,2,2)"), seed=0).verdict
    mixed = issue(replace(found.verdict.certificate, premises=(foreign,)), incidence)
    assert refused(replace(right, premises=(mixed,)), exact)
    assert refused(replace(found.verdict.certificate, premises=()), incidence)
    both = (*found.verdict.certificate.premises, foreign)
    assert refused(replace(found.verdict.certificate, premises=both), incidence)


def test_a_traced_list_is_no_premise_of_a_proof(solved):
    _, found, _ = solved
    assert isinstance(found.verdict.certificate, Traced)
    assert found.verdict.claim is Claim.COMPLETE
