"""Lists of critical points, least values and bounds in a ball as certificates: false twins of each are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.balls import precision
from neurovariety.certificates.completeness import Distinct, Looped
from neurovariety.certificates.critical_list import TESTED, LeastValue
from neurovariety.certificates.decayed_loss import DecayedLoss
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue, recorded
from neurovariety.certificates.model_of_premises import ProblemOfModel, models_under
from neurovariety.certificates.parts_of_lists import Narrow, Part, Said, Together
from neurovariety.certificates.points_of_faces import FaceSigns, NoneOnFace, PointsOfFace
from neurovariety.claim import Claim
from neurovariety.dictionary.polyhedral_lists import face_lists
from neurovariety.dictionary.polyhedral_problem import of_data
from neurovariety.training.critical.decayed_account import accounted, best_in_ball, least_value
from neurovariety.training.critical.decayed_points import decayed_points
from neurovariety.training.critical.face_stage import face_stage
from neurovariety.training.losses.loss import SquaredError


@pytest.fixture(scope="module")
def found():
    """(a b - 2)^2 + a^2 / 10 + 2 b^2 / 5: five critical points, of which three are real and two minima."""
    loss = SquaredError(np.array([[1.0]]), np.array([[2.0]]))
    return decayed_points(nv.as_model("linear(1,1,1)"), loss, [0.1, 0.4], seed=0)


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_a_list_and_its_false_twins(found):
    own, subject = found.verdict.certificate, found.exact.subject
    assert issue(own, subject).statement.value == {"complex": 5, "real": 3, "minima": 2}
    for wrong in ({"real": 5}, {"real": 1}, {"minima": 1}, {"minima": 3}, {"real": None}, {"minima": None}):
        refused(replace(own, **wrong), subject)
    four = replace(own, points=replace(own.points, zeros=own.points.zeros.part(np.arange(4))), turns=own.turns[:4])
    refused(four, subject)
    twice = replace(own, points=replace(own.points, zeros=own.points.zeros.part(np.array([0, 1, 2, 3, 3])), fine={}))
    refused(twice, subject)
    moved = own.points.zeros.centres + 0.1
    refused(replace(own, points=replace(own.points, zeros=replace(own.points.zeros, centres=moved), fine={})), subject)
    singular = tuple(None if t is None else 0 * t for t in own.turns)
    refused(replace(own, turns=singular), subject)
    refused(own, subject.with_strengths(tuple(2 * s for s in subject.strengths)))


def test_a_least_value_and_its_false_twins(found):
    """4 - (2 - 0.2)^2, by hand."""
    subject, verdict = found.exact.subject, found.least_verdict
    own = verdict.certificate
    low, high = verdict.statement.value
    assert low <= 0.76 + 1e-15
    assert 0.76 - 1e-15 <= high <= low + 1e-12
    assert verdict.claim in (Claim.PROVED, Claim.PROBABILITY)
    refused(replace(own, low=low + 1e-9), subject)
    refused(replace(own, high=high - 1e-9), subject)
    refused(replace(own, high=float("nan")), subject)
    refused(replace(own, at=(flint.fmpq(0), flint.fmpq(0))), subject)
    refused(replace(own, at=own.at[:1]), subject)
    refused(replace(own, strengths=tuple(2 * s for s in own.strengths)), subject)  # a list for larger ones bounds nothing
    refused(replace(own, strengths=(flint.fmpq(0), own.strengths[1])), subject)
    larger = subject.with_strengths(tuple(2 * s for s in subject.strengths))
    above = least_value(found.exact, larger)
    assert above.statement.value[0] <= low  # the same list bounds the least for larger strengths, though not closely
    assert above.statement.value[1] > high


def test_a_list_for_smaller_strengths_of_another_loss_is_refused(found):
    subject = found.exact.subject
    other = DecayedLoss(
        subject.residuals, tuple(2 * q for q in subject.shares), subject.strengths, subject.centre, subject.unit, subject.scales
    )
    own = found.least_verdict.certificate
    refused(replace(own, family=other.hash), other)


def test_no_test_closes_a_list_with_decay(found):
    """There are no other members to go round, and a test says nothing of degenerate points."""
    own, subject = found.verdict.certificate, found.exact.subject
    some = replace(own, points=replace(own.points, zeros=own.points.zeros.part(np.arange(2)), fine={}), turns=own.turns[:2])
    general = issue(Distinct(TESTED, subject.hash, some.points), subject)
    looped = Looped(TESTED, subject.hash, some.points, general, ((0, 1),) * 8, (0,))
    refused(looped, subject)
    passed = Verdict(*looped.concludes(), looped, on=subject, token=_TOKEN)  # as if it had passed
    assert passed.claim is Claim.COMPLETE
    refused(replace(some, whole=passed, real=None, minima=None), subject)


def test_a_bound_in_a_ball_and_its_false_twins(found):
    """The loss (a b - 2)^2 is 0 in the ball."""
    subject = found.exact.subject
    known = best_in_ball(found.least_verdict, subject)
    own = known.verdict.certificate
    low, high = known.verdict.statement.value
    assert low == 0 <= high < 0.2
    assert any("within" in phrase for phrase in known.verdict.statement.scope)
    refused(replace(own, radius=flint.fmpq(1, 1000)), subject)  # the network known is not in it
    refused(replace(own, low=high / 2, high=high), subject)
    refused(replace(own, high=high / 2), subject)
    refused(replace(own, least=found.verdict), subject)


def test_a_bound_in_a_ball_says_something_for_little_decay():
    """Rows x = 1 with targets 0 and 2: no network has less than 1."""
    loss = SquaredError(np.array([[1.0], [1.0]]), np.array([[0.0], [2.0]]))
    found = decayed_points(nv.as_model("linear(1,1,1)"), loss, [1e-6, 2e-6], seed=0)
    low, high = best_in_ball(found.least_verdict, found.exact.subject).verdict.statement.value
    assert 0.99 < low <= 1 <= high < 1.00001


def test_losses_that_are_no_sums_of_squares_are_refused():
    one = ExactSystem(1, (((1, ((0, 1),)),),), (1,))
    half = (flint.fmpq(1, 2),)
    for wrong in ({"shares": (flint.fmpq(-1),)}, {"strengths": (flint.fmpq(-1),)}, {"unit": flint.fmpq(0)}, {"centre": ()}):
        parts = {"residuals": one, "shares": half, "strengths": half, "centre": half, "unit": flint.fmpq(1), "scales": half} | wrong
        with pytest.raises(NotShown):
            DecayedLoss(**parts)


def test_degenerate_points_give_no_least_value():
    """(a b - 1)^2 + a^2 + b^2 is degenerate at 0, where it is least: the two other points say nothing of that."""
    found = decayed_points(nv.as_model("linear(1,1,1)"), SquaredError(np.ones((1, 1)), np.ones((1, 1))), [1.0, 1.0], seed=0)
    assert found.least is None
    own = LeastValue(found.exact.subject.hash, found.verdict, found.exact.subject.strengths, (flint.fmpq(0),) * 2, 0.5, 1.0)
    refused(own, found.exact.subject)


def test_parts_and_words(found):
    """What is said of a model is a part of what is shown of a problem of it, under the key of that name."""
    posed = ProblemOfModel("model", (found.verdict.statement.subject,))
    part, word = "weight-decay: real", "weight-decay: global_minimum"
    assert issue(Part(part, "model", found.verdict), posed).statement.value == 3
    for kind in ("k", "weight-decay: least", "maximum-likelihood: real", word):
        refused(Part(kind, "model", found.verdict), posed)
    refused(Part(part, "another", found.verdict), posed)
    refused(Part(part, "model", found.verdict), ProblemOfModel("another", posed.problems))
    refused(Part(part, "model", found.verdict), ProblemOfModel("model", ("another",)))
    refused(Part(part, "model", recorded(found.verdict.statement, found.verdict.claim)), posed)
    assert issue(Narrow(word, "model", found.least_verdict), posed).statement.value == str(found.least_verdict.claim)
    for kind, premise in ((word, found.verdict), (part, found.least_verdict), ("polyhedral: global_minimum", found.least_verdict)):
        refused(Narrow(kind, "model", premise), posed)
        refused(Said(kind, "model", premise), posed)
    wide = found.least_verdict.certificate
    at = (flint.fmpq(0), flint.fmpq(0))
    least = issue(replace(wide, at=at, high=float(found.exact.subject.objective_at(at))), found.exact.subject)
    said = issue(Narrow(word, "model", least), posed)
    assert (said.claim, said.statement.value) == (Claim.UPPER_BOUND, "upper_bound")


def test_sums_of_lists_are_those_of_all_problems(faces):
    _, _, stage = faces
    posed = ProblemOfModel("model", tuple(v.statement.subject for v in stage.listed), True)
    model = models_under(stage.listed[-1])
    assert len(model) == 1
    refused(Together("polyhedral: real", "model", stage.listed, True), posed)  # the lists rest on another model
    posed = replace(posed, model=next(iter(model)))
    key = "polyhedral: real"
    whole = Together(key, posed.model, stage.listed, True)
    assert issue(whole, posed).claim is Claim.COMPLETE
    assert issue(replace(whole, every=False), posed).claim is Claim.LOWER_BOUND
    refused(whole, replace(posed, every=False))
    refused(replace(whole, parts=stage.listed[1:]), posed)
    refused(replace(whole, parts=(*stage.listed, stage.listed[0])), posed)
    refused(replace(whole, parts=stage.listed[::-1]), posed)
    for kind in ("k", "polyhedral: least", "maximum-likelihood: at_subnetworks"):
        refused(replace(whole, kind=kind), posed)
    refused(replace(whole, model="another"), posed)


@pytest.fixture(scope="module")
def faces():
    """Two values of a b x, at x = 1 and 2, against 1 and 3: the sum of errors is least at a b = 3 / 2."""
    model = nv.as_model("linear(1,1,1)")
    asked = of_data(model, "l1", (np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])), "none", 0)
    return model, asked, face_stage(model, asked.distance, asked.evaluated, 0)


def test_points_on_faces_and_their_false_twins(faces):
    _, _, stage = faces
    pairs = [(v, face) for v, face in zip(stage.listed, stage.posed, strict=True) if isinstance(v.certificate, PointsOfFace)]
    assert len(pairs) == stage.faces == 2
    numbers = {key: sum(v.statement.value[key] for v, _ in pairs) for key in ("complex", "real", "on_faces", "stationary", "minima")}
    assert numbers == {"complex": 2, "real": 2, "on_faces": 2, "stationary": 1, "minima": 1}
    for verdict, face in pairs:
        own = verdict.certificate
        assert issue(own, face).claim is Claim.COMPLETE
        for key in ("real", "on_faces", "stationary", "minima"):
            refused(replace(own, **{key: (getattr(own, key) or 0) + 1}), face)
        refused(own, replace(face, functional=tuple(2 * g for g in face.functional)))
        refused(own, replace(face, errors=tuple(tuple(2 * v for v in e) for e in face.errors)))
        others = [f for _, f in pairs if f.equal != face.equal]
        refused(own, replace(face, functional=others[0].functional, equal=others[0].equal))


def test_no_point_on_a_face_and_its_false_twins(faces):
    _, _, stage = faces
    shown = [(v, f) for v, f in zip(stage.listed, stage.posed, strict=True) if isinstance(v.certificate, NoneOnFace)]
    assert len(shown) == 2, "errors c - 1 and 2 c - 3 with signs 1, 1 and 1, -1"
    for verdict, face in shown:
        assert (issue(verdict.certificate, face).claim, verdict.statement.value) == (Claim.PROVED, 0)
        one, other = face.functional
        level = ((Fraction(one), Fraction(0)), (Fraction(-other), Fraction(0)))
        told = replace(face, errors=level)
        refused(verdict.certificate, told)
        refused(NoneOnFace(told.hash), told)  # g e does not depend on c: all are critical
        for wrong in (replace(face, free=2), replace(face, functional=(2, 1))):
            refused(NoneOnFace(wrong.hash), wrong)
        refused(NoneOnFace("another"), face)


def test_signs_are_those_for_the_parameters_of_the_face_not_as_they_are_rounded():
    """With c = 1 + 2^-60 on the face, which doubles round to 1, c - 1 - 2^-61 is positive; at 1 it is negative."""
    model = nv.as_model("linear(1,1,1)")
    asked = of_data(model, "l1", (np.ones((3, 1)), np.array([[1.0], [1.0], [0.0]])), "none", 0)
    stage = face_stage(model, asked.distance, asked.evaluated, 0)
    own, face = next(
        (v.certificate, f)
        for v, f in zip(stage.listed, stage.posed, strict=True)
        if f is not None and f.equal == ((0, 1),) and f.functional[1] == f.functional[2]
    )

    slope, start = face.errors[0]

    def signs(condition, error):
        errors = ((slope, start * condition), (slope, start * error), face.errors[2])
        found = FaceSigns(replace(face, errors=errors), own.listed, own.turns)
        with precision(128):
            return found.interior(0), found.distance(0)

    one, little = Fraction(1), Fraction(1, 2**60)
    assert signs(one + little, one + little / 2)[0] is None
    assert signs(one + little, one - 2**20 * little)[0] is True
    assert signs(one + little, one + 2**20 * little)[0] is False
    assert signs(one, one + little / 2)[0] is False, "exact parameters leave nothing open"
    least = abs(face.errors[2][0] * start / slope) * (one - little)
    with precision(128):
        assert signs(one - little, one - little)[1] <= flint.arb(flint.fmpq(least.numerator, least.denominator))


def test_the_least_of_lists_and_its_false_twins(faces):
    model, asked, _ = faces
    found = face_lists(model, asked, 0)
    own = found.verdict.certificate
    assert (found.verdict.claim, found.least) == (Claim.COMPLETE, pytest.approx(0.25, abs=1e-12))
    subject = found.subject
    assert issue(own, subject).statement.value == found.least
    refused(replace(own, at=replace(own.at, value=0.2)), subject)
    refused(replace(own, at=replace(own.at, weights=(0.0, 0.0))), subject)
    refused(replace(own, lists=own.lists[1:]), subject)
    refused(replace(own, lists=own.lists[::-1]), subject)
    refused(own, replace(subject, singular=""))
    worse = replace(own.at, weights=(1.0, 1.0), value=0.5)
    refused(replace(own, at=worse), subject)
    assert issue(worse, subject).claim is Claim.UPPER_BOUND


def test_a_cluster_may_hide_critical_points():
    """(u^2 - e)^2 with e = 10^-700 has the critical points 0 and +-sqrt(e), which no precision here tells apart: no number is exact."""
    small, one, none = flint.fmpq(1, 10**700), (flint.fmpq(1),), (flint.fmpq(0),)
    base = ExactSystem(1, (((flint.fmpq(1), ((0, 2),)), (-small, ())),), (1,))
    found, account = accounted(DecayedLoss(base, one, none, none, flint.fmpq(1), one), 0)
    assert account.verdict.statement.value["clusters"] == (3,)
    assert found.verdict.claim is Claim.LOWER_BOUND
    assert not found.verdict.certificate.all
