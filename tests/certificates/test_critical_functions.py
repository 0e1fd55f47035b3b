"""Lists of critical functions, what rests, and the least loss: each certificate refuses its false twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim
from neurovariety.certificates.account import FloatZeros
from neurovariety.certificates.completeness import Continued, Looped
from neurovariety.certificates.critical_functions import (
    AllInCharts,
    InCharts,
    NoneOfOtherLoss,
    RealAmongThem,
    SomeInCharts,
)
from neurovariety.certificates.issue import _TOKEN, Verdict, issue, recorded
from neurovariety.certificates.least_loss import LeastInLists, LossAtWeights, NoLossBelowZero, NoneBelow
from neurovariety.certificates.resting import AllResting, SomeLimits, SomeResting
from neurovariety.certificates.shown_points import Points
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.dictionary.landscape_lists import landscape_lists
from neurovariety.dictionary.landscape_verdicts import least_verdict, list_verdicts, subject_of
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.critical_points import critical_points
from neurovariety.geometry.solutions.quadrics import diagonal, only
from neurovariety.homotopy.incidence import ExactIncidence
from neurovariety.randomness import generator
from neurovariety.training.losses.canonical_units import canonical
from neurovariety.training.losses.loss import SquaredError
from neurovariety.training.losses.training_task import training_task


def made(text, **options):
    """Lists of a problem, and what their certificates speak of."""
    task = training_task(text, seed=0, **options)
    own, units = canonical(task)
    lists = landscape_lists(own, units, dimension_of(task.model, seed=0), None, 0)
    return lists, subject_of(lists, task.loss)


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(3)  # all of size 1 up to 2, so that canonical units are those of the data
    return made("linear(2,1,2)", data=(rng.uniform(-1.9, 1.9, (9, 2)), rng.uniform(-1.9, 1.9, (9, 2))))


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def moved(listed: InCharts, off: complex) -> InCharts:
    """The same list with the first point elsewhere."""
    place, *rest = listed.places
    zeros = place.points.zeros
    centres = zeros.centres.copy()
    centres[0] += off
    points = replace(place.points, zeros=replace(zeros, centres=centres), fine={})
    return replace(listed, places=(replace(place, points=points), *rest))


class TestLists:
    def test_what_is_shown(self, known):
        lists, subject = known
        said = list_verdicts(lists, subject)
        assert [(key, said[key].claim, said[key].statement.value) for key in ("complex", "real", "at_subnetworks")] == [
            ("complex", Claim.COMPLETE, 2),
            ("real", Claim.COMPLETE, 2),
            ("at_subnetworks", Claim.PROVED, 1),  # the zero matrix, which needs no list
        ]

    def test_a_list_that_lacks_one(self, known):
        lists, _ = known
        listed = lists.stages[0].listed
        whole = listed.verdict.certificate
        (place,) = whole.places
        part = replace(place.points, zeros=place.points.zeros.part(np.array([0])), fine={})
        short = (replace(place, points=part),)
        refused(AllInCharts(whole.charts_of, short, whole.general, whole.by), listed.charts)
        some = issue(SomeInCharts(whole.charts_of, short), listed.charts)
        assert (some.claim, some.statement.value) == (Claim.LOWER_BOUND, 1)
        refused(RealAmongThem(some, True, 1), listed.charts)

    def test_points_that_are_none(self, known):
        listed = known[0].stages[0].listed
        whole = listed.verdict.certificate
        for off in (1e-3, 1e-3j, np.nan):
            refused(moved(whole, off), listed.charts)

    def test_one_point_twice(self, known):
        listed = known[0].stages[0].listed
        whole = listed.verdict.certificate
        (place,) = whole.places
        twice = replace(place.points, zeros=place.points.zeros.part(np.array([0, 0])), fine={})
        refused(AllInCharts(whole.charts_of, (replace(place, points=twice),), whole.general, whole.by), listed.charts)

    def test_another_loss(self, known):
        listed = known[0].stages[0].listed
        whole = listed.verdict.certificate
        (place,) = whole.places
        other = replace(place.points, parameters=place.points.parameters * 2)  # the same zeros, of twice the loss
        refused(replace(whole, places=(replace(place, points=other),)), listed.charts)
        refused(replace(whole, charts_of="another"), listed.charts)

    def test_a_bound_is_no_number_of_all(self, known):
        listed = known[0].stages[0].listed
        whole = listed.verdict.certificate
        refused(replace(whole, general=issue(SomeInCharts(whole.charts_of, whole.places), listed.charts)), listed.charts)
        assert isinstance(whole.general.certificate, object)
        assert not isinstance(whole.general.certificate, Continued)

    def test_a_number_of_another_problem(self, known):
        listed = known[0].stages[0].listed
        whole, own = listed.verdict.certificate, listed.verdict.certificate.by
        assert issue(whole, listed.charts).claim is Claim.COMPLETE
        for by in (
            replace(own, fixed=tuple(2 * v for v in own.fixed)),
            replace(own, fixed=own.fixed[1:]),
            replace(own, free=own.free[::-1]),
            replace(own, free=own.free[1:]),
            replace(own, diagonal=True),
        ):
            refused(replace(whole, by=by), listed.charts)
        smaller = known[0].stages[0].listed.charts.problem
        rng = generator(1, "test")
        for family in (diagonal, lambda terms: only(terms, np.eye(len(terms)))):
            other = ExactIncidence(critical_points(smaller.model, smaller.dimension, smaller.critical.seed, rng, family))
            told = Statement("critical points", other.hash, 2)
            number = Verdict(told, Claim.COMPLETE, None, on=other, token=_TOKEN)  # as if it had been shown
            refused(replace(whole, general=number), listed.charts)
            if family is diagonal:
                issue(replace(whole, general=number, by=replace(own, diagonal=True)), listed.charts)
        refused(replace(whole, general=recorded(whole.general.statement, whole.general.claim)), listed.charts)

    def test_a_number_for_a_matrix_that_was_rounded(self, known):
        """As if it rested on loops of targets: then it is one for that matrix, which is not quite that of the data."""
        listed = known[0].stages[0].listed
        whole, charts = listed.verdict.certificate, listed.charts
        on, n = whole.general.on, len(charts.problem.terms)
        points = Points(charts.loss, FloatZeros(np.zeros((0, 0)), np.zeros((0, 0, 0))))
        loops = Looped("critical points", on.hash, points, whole.general, (), tuple(range(n)))
        number = Verdict(Statement("critical points", on.hash, 2), Claim.COMPLETE, loops, on=on, token=_TOKEN)
        assert charts.radii[n:].any()
        refused(replace(whole, general=number), charts)
        said = issue(replace(whole, general=number, rounded=True), charts).statement
        assert "as doubles hold them" in said.scope[-1]
        other = replace(loops, points=replace(points, parameters=2 * charts.loss))
        away = Verdict(number.statement, Claim.COMPLETE, other, on=on, token=_TOKEN)
        refused(replace(whole, general=away, rounded=True), charts)

    def test_another_number_of_real_ones(self, known):
        listed = known[0].stages[0].listed
        for count in (1, 3):
            refused(RealAmongThem(listed.verdict, True, count), listed.charts)

    def test_data_that_doubles_do_not_hold(self, known):
        """Boxes hold a critical function for all moments within the rounding of those of the data."""
        charts = known[0].stages[0].listed.charts
        assert 0 < charts.radii.max() < 1e-13

    def test_minima(self, known):
        first = known[0].stages[0]
        shown = first.minima.certificate
        assert (first.minima.claim, first.minima.statement.value) == (Claim.COMPLETE, 1)
        refused(replace(shown, count=2), first.listed.charts)
        flat = tuple(np.zeros_like(t) for t in shown.turns)
        none = replace(shown, places=replace(shown.places, places=()), turns=(), count=0)  # one real function was not looked at
        assert issue(none, first.listed.charts).claim is Claim.LOWER_BOUND
        for turns in (flat, shown.turns[:-1], (*shown.turns, shown.turns[0])):
            refused(replace(shown, turns=turns), first.listed.charts)


class TestResting:
    def test_what_is_kept(self, known):
        lists, subject = known
        shown = list_verdicts(lists, subject)["at_subnetworks"].certificate
        assert isinstance(shown, AllResting)
        (part,) = shown.parts
        refused(replace(shown, parts=(replace(part, kept=(False,)),)), subject)  # zero rests
        refused(replace(shown, parts=()), subject)
        refused(replace(shown, strata_of="another"), subject)

    def test_limits_are_counted_once(self, known):
        lists, subject = known
        some = lists.stages[0].listed.verdict
        assert issue(SomeLimits(subject.hash, (some,)), subject).statement.value == some.statement.value
        assert issue(SomeLimits(subject.hash, (some, some)), subject).statement.value == some.statement.value
        refused(SomeLimits("another", (some,)), subject)
        refused(SomeLimits(subject.hash, (lists.stages[0].listed.reality,)), subject)

    def test_a_family_without_a_theorem(self, known):
        lists, subject = known
        shown = list_verdicts(lists, subject)["at_subnetworks"].certificate
        other = replace(subject, listed="")
        refused(AllResting(other.hash, shown.parts), other)
        assert issue(SomeResting(other.hash, shown.parts, True), other).claim is Claim.LOWER_BOUND


class TestLeastLoss:
    def test_least_in_lists(self, known):
        lists, subject = known
        shown = least_verdict(lists, subject, lists.least)
        least = shown.certificate
        assert isinstance(least, LeastInLists)
        assert shown.claim is Claim.COMPLETE
        worse = min(p.loss for p in lists.points if p.kind == "saddle")
        saddle = next(p for p in lists.points if p.loss == worse)
        at = LossAtWeights(subject.hash, tuple(saddle.weights.tolist()), saddle.loss, 1e-9)
        assert issue(at, subject).claim is Claim.UPPER_BOUND
        refused(LeastInLists(at, least.lists), subject)
        refused(NoneBelow(at), subject)
        refused(replace(least, lists=least.lists[:1]), subject)
        refused(replace(least, lists=(None, *least.lists[1:])), subject)
        refused(least, replace(subject, singular=""))

    def test_the_same_lists_of_another_loss(self, known):
        """Targets orthogonal to all functions change the least loss, and no critical function."""
        lists, subject = known
        given = subject.given
        root = np.sqrt(given.weights)
        design = root[:, None] * given.inputs
        across = np.linalg.svd(design.T)[2][2:].T @ np.ones((len(given.inputs) - 2, 1)) / root[:, None]
        other = replace(subject, given=SquaredError(given.inputs, given.targets + 1e-6 * across))
        assert other.lists == subject.lists
        assert other.hash != subject.hash
        shown = least_verdict(lists, subject, lists.least)
        refused(shown.certificate, other)
        assert other.stored().hash == other.hash
        assert subject.stored().hash == subject.hash

    def test_understated(self, known):
        lists, subject = known
        at = least_verdict(lists, subject, lists.least).certificate.at
        refused(replace(at, value=at.value * 0.99, slack=0.0), subject)
        refused(replace(at, slack=-1.0), subject)
        refused(replace(at, weights=tuple(w + 1 for w in at.weights)), subject)
        refused(NoLossBelowZero(at), subject)


class TestOneFunction:
    def test_a_target_of_a_smaller_network(self):
        x = [[1, 2], [2, -1], [0, 1], [3, 0], [-1, 2], [1, 1]]
        y = [[(a - b) ** 3] for a, b in x]
        lists, subject = made("mlp(2,2,1; x^3)", data=(x, y))
        first = lists.stages[0].listed
        none = first.verdict.certificate
        assert isinstance(none, NoneOfOtherLoss)
        assert (first.verdict.claim, first.verdict.statement.scope) == (Claim.COMPLETE, ("where the loss is not 0",))
        refused(replace(none, weights=tuple(1.01 * w for w in none.weights)), first.charts)
        assert least_verdict(lists, subject, lists.least).claim is Claim.PROVED

    def test_a_network_that_does_not_fill(self, known):
        charts = known[0].stages[0].listed.charts
        refused(NoneOfOtherLoss(charts.hash, (), (0.0,) * 4), charts)
