"""The tests T, C and L as certificates: lists with a point missing, twice or moved are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.account import FloatZeros
from neurovariety.certificates.completeness import Continued, Distinct, Looped, Traced
from neurovariety.certificates.fiber import EvenlyCovered, Sorted
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.shown_points import Points
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.affine_slices import slices
from neurovariety.geometry.solutions.complete_fiber import CompleteFiber, complete_fiber
from neurovariety.geometry.solutions.graph_slices import graph_slices
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
    assert refused(replace(shown, slices=(a, c, b)), incidence)
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
    assert issue(Distinct("points", incidence.hash, base), incidence).claim is Claim.LOWER_BOUND
    moved = FloatZeros(base.zeros.centres * 1.01, base.zeros.inverses)
    for forged in (
        Points(base.parameters, moved),
        Points(base.parameters * 1.01, base.zeros),
        Points(base.parameters, FloatZeros(base.zeros.centres, 0 * base.zeros.inverses)),
        part(base, np.array([0, 0])),
    ):
        assert refused(Distinct("points", incidence.hash, forged), incidence)
    assert len(shown_part(incidence, base.zeros.centres[[0, 1, 1, 0, 2]], base.parameters)) == 3
    assert len(shown_part(incidence, base.zeros.centres * 1.5, base.parameters)) == 0


def test_continued_and_looped(solved):
    incidence, found, _ = solved
    base = found.verdict.certificate.slices[0]
    rng = generator(1, "test")
    cut = incidence.members
    count = found.count
    ended = Continued("points", incidence.hash, base, found.verdict)
    assert issue(ended, incidence).claim is Claim.COMPLETE
    fewer = part(base, np.arange(count - 1))
    assert refused(replace(ended, points=fewer), incidence)
    lower = issue(Distinct("points", incidence.hash, base), incidence)
    assert refused(replace(ended, general=lower), incidence)

    def fresh() -> np.ndarray:
        return cut.random(1, rng)[1][0]

    some = base.zeros.centres[:3]
    points, loops = closed_under_loops(cut.system, cut.prints, some, base.parameters, fresh, rng)
    assert len(points) == count, "loops lead from a few points to all"
    shown = points_of(incidence, points, base.parameters)
    closed = Looped("points", incidence.hash, shown, found.verdict, loops)
    assert issue(closed, incidence).statement.value == count
    assert refused(replace(closed, loops=loops[:7]), incidence)
    assert refused(replace(closed, loops=(*loops[:-1], (0,) * count)), incidence)
    assert refused(replace(closed, points=part(shown, np.arange(count - 1))), incidence)


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
    assert refused(replace(shown, labels=(*shown.labels, 0)), None)
    cut = graph_slices(nv.as_model("mlp(2,2,1; x^3)"), 4, 0, generator(0, "test"))
    one_lost = replace(inner, family=ExactIncidence(cut).hash, values=(*inner.values[:-1], max(inner.values) + 1))
    assert refused(one_lost, ExactIncidence(cut))


def test_a_traced_list_is_no_premise_of_a_proof(solved):
    _, found, _ = solved
    assert isinstance(found.verdict.certificate, Traced)
    assert found.verdict.claim is Claim.COMPLETE
