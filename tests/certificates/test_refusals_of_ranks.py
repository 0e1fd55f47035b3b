"""Ranks of networks at their weights, with Jacobians that agree: each refusal alone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.functions import DIMENSION, SPAN, Place
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_ranks import (
    GENERIC,
    RANK,
    SOME_WEIGHTS,
    AtMostOrbits,
    Diagnosed,
    GenericFrom,
    GenericRank,
    RandomRanksAtWeights,
    RankAtWeights,
    TrainedJacobian,
)
from neurovariety.certificates.uniform_error import AT_LEAST, AlternationBound, NearPolynomial, UniformQuestion
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

P, Q = 101, 103
UP, DOWN, LIKELY = Claim.UPPER_BOUND, Claim.LOWER_BOUND, Claim.PROBABILITY


def place(*inputs, prime=P, kind=DIMENSION):
    return Place(kind, prime, None, np.zeros(0), np.array(inputs).reshape(-1, 1), None)


def at(value, *inputs, prime=P):
    return RankAtWeights(M, place(*inputs, prime=prime), value)


def jacobian(**answers):
    """Of rank 2 at two inputs and more, and 1 at one; the error of a trial is 2^-12 where the rank is at most 4."""
    given = {
        "rank": lambda where, exact: min(2, where.samples),
        "error": lambda where, most: 2.0**-12 if most == 4 else 1.0,
        "functions": "the functions",
        "parameters": 3,
    }
    return agreeing(TrainedJacobian, **{**given, **answers})


def test_a_rank_from_below():
    own = at(2, 1, 2)
    seen = {}
    refused = [
        {"subject": "another"},
        {"value": 3},
        {"place": place(1, 2, prime=9)},
        {"place": place(1, 2, kind=SPAN)},
    ]
    found = check_both_sides(own, jacobian(), [{"value": 1}, {"place": place(1, 2, prime=Q)}], refused)
    assert (found.statement.kind, *said(found)) == (RANK, 2, DOWN, (), 0.0)
    exact = np.array([[Fraction(1, 2)]])
    issue(replace(own, at=exact), jacobian(rank=lambda where, given: seen.setdefault("at", given) is exact and 2))
    assert seen["at"] is exact


UPPER = premise(RANK, 4, UP)
TRIALS = ((at(2, 1, 2, 3), at(2, 1, 2)), (at(2, 4, 5, 6), at(2, 4, 5)))


def trials(*more, first=TRIALS[0]):
    return (first, *more)


def test_random_ranks():
    """A rank of 2 that a third input does not add to, at two places; the error is twice that of one, squared."""
    own = RandomRanksAtWeights(TRIALS, UPPER)
    (a, b), (c, d) = TRIALS
    lower = at(1, 7)
    accepted = [
        {"trials": (TRIALS[0], (at(2, 4, 5, 6, prime=Q), at(2, 4, 5, prime=Q)))},
        {"trials": (*TRIALS, (lower, None))},
        {"trials": ((at(2, 1, 2, 3, 4), None), (c, d))},
        {"upper": premise(RANK, 4)},
    ]
    refused = [
        {"trials": ()},
        {"trials": TRIALS[:1]},
        {"trials": (TRIALS[0], TRIALS[0])},
        {"trials": (TRIALS[0], (at(2, 1 + P, 2, 3), b))},
        {"trials": ((a, None), (c, d))},
        {"trials": ((a, at(2, 1, 2, prime=Q)), (c, d))},
        {"trials": ((a, at(2, 1, 2, 3)), (c, d))},
        {"trials": ((at(2, 1, 2), at(1, 1)), (c, d))},
        {"trials": ((at(3, 1, 2, 3), at(2, 1, 2)), (c, d))},
        {"trials": ((a, at(3, 1, 2)), (c, d))},
        {"trials": (*TRIALS, (at(2, 7), None))},
        {"trials": ((replace(a, subject="another"), b), (c, d))},
        {"upper": premise(RANK, 5, UP)},
        *({"upper": v} for v in twins(UPPER, (DOWN, LIKELY))),
        {"model": {"error": always(2.0**-10)}},
    ]
    found = check_both_sides(own, jacobian(), accepted, refused)
    assert (found.statement.kind, *said(found)) == (RANK, 2, LIKELY, (), 2.0**-22)
    assert said(outcome(own, jacobian(), {"model": {"error": always(2.0**-11)}}))[3] == 2.0**-20
    unseen = replace(place(1, 2, 3), inputs=None), replace(place(1, 2), inputs=None)
    unkept = {"rank": always(2), "parameters": -1}
    many = (RankAtWeights(M, unseen[0], 2), None), (RankAtWeights(M, unseen[1], 2), None)
    assert outcome(own, jacobian(), {"trials": many, "model": unkept}) is not None
    assert outcome(own, jacobian(), {"trials": (many[0], many[0]), "model": unkept}) is None


def network(activation="x^2", **weights):
    made = {"W1": np.array([[1, 2], [3, 1], [1, 1]]), "W2": np.array([[1, 1, 2]]), **weights}
    return nv.load_network(made, architecture=f"mlp(2,3,1; {activation})")


def test_what_symmetries_leave():
    """9 weights less a scale of each neuron."""
    net = network()
    own = AtMostOrbits(network_hash(net), 6)
    assert said(issue(own, net)) == (6, UP, (), 0.0)
    assert issue(own, net).statement.kind == RANK
    assert issue(replace(own, general=True), net).statement.kind == GENERIC
    for wrong in (replace(own, value=5), replace(own, value=7), replace(own, subject="another")):
        with pytest.raises(NotShown):
            issue(wrong, net)


def test_general_weights_have_a_rank_of_some():
    net = network()
    other, known = network(W2=np.array([[2, 1, 2]])), premise(RANK, 3, DOWN, subject=network_hash(net))
    own = GenericFrom(known, net)
    found = issue(own, other)
    assert (found.statement.kind, found.statement.subject, *said(found)) == (GENERIC, network_hash(other), 3, DOWN, (), 0.0)
    assert issue(replace(own, known=premise(RANK, 3, subject=network_hash(net))), other).claim is DOWN
    for wrong in twins(known, (UP, LIKELY)):
        with pytest.raises(NotShown):
            issue(GenericFrom(wrong, net), other)
    for activation in ("x^3", "relu"):
        with pytest.raises(NotShown):
            issue(own, network(activation))
    with pytest.raises(NotShown):
        issue(own, nv.load_network({"W1": np.ones((2, 2)), "W2": np.ones((1, 2))}, architecture="mlp(2,2,1; x^2)"))


@pytest.mark.parametrize(
    ("activation", "kinks"), [("tanh", False), ("relu", True), ("elu", True), ("abs", True), ("x^3", False), ("hardswish", True)]
)
def test_kinks_limit_what_is_said_of_general_weights(activation, kinks):
    net = network(activation)
    known = premise(RANK, 3, DOWN, subject=network_hash(net))
    assert issue(GenericFrom(known, net), net).statement.scope == ((SOME_WEIGHTS,) if kinks else ())


def test_general_weights_have_the_dimension_of_the_model():
    known = premise(DIMENSION, 5, DOWN, subject="the functions")
    own = GenericRank(M, known)
    refused = [{"subject": "another"}, {"model": {"functions": "others"}}, *({"dimension": v} for v in twins(known, (UP, LIKELY)))]
    found = check_both_sides(own, jacobian(), [{"dimension": premise(DIMENSION, 5, subject="the functions")}], refused)
    assert (found.statement.kind, *said(found)) == (GENERIC, 5, DOWN, (), 0.0)


def test_keys_of_a_diagnosis():
    net = network()
    own = network_hash(net)
    rank = premise(RANK, 6, LIKELY, subject=own, scope=("p",), error=0.5)
    general = premise(GENERIC, 6, subject=own)
    assert said(issue(Diagnosed("rank", 6, rank), net)) == (6, LIKELY, ("p",), 0.5)
    assert said(issue(Diagnosed("generic", 6, general), net)) == (6, Claim.PROVED, (), 0.0)
    for key, number, claim in (("parameters", 9, Claim.PROVED), ("symmetry", 3, DOWN)):
        found = issue(Diagnosed(key, number), net)
        assert (found.statement.kind, found.statement.subject, *said(found)) == (f"diagnose: {key}", own, number, claim, (), 0.0)
        with pytest.raises(NotShown):
            issue(Diagnosed(key, number + 1), net)
    wrong = [v for v in twins(rank) if v.claim is LIKELY]
    for known in wrong:
        with pytest.raises(NotShown):
            issue(Diagnosed("rank", 6, known), net)
    for key, number, known in (
        ("rank", 5, rank),
        ("rank", 6, general),
        ("generic", 6, rank),
        ("parameters", 6, rank),
        ("size", 9, None),
    ):
        with pytest.raises(NotShown):
            issue(Diagnosed(key, number, known), net)


LINE = UniformQuestion("abs", Fraction(-1), Fraction(1), 1)
"""|x| on [-1, 1]: the best line is 1/2, with the error 1/2 at -1, 0 and 1."""
LEAST = premise(AT_LEAST, 0.5, subject="", scope=LINE.words)
HALF = NearPolynomial("error", LINE, (Fraction(1, 2),), (Fraction(-1), Fraction(0), Fraction(1)), 0.5, 64, 3, LEAST)


def answer(certificate, **changes):
    try:
        return issue(replace(certificate, **changes), None)
    except NotShown:
        return None


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": "none"},
        {"low": Fraction(1)},
        {"low": Fraction(2)},
        {"degree": -1},
        {"degree": True},
        {"activation": "rsqrt"},
        {"activation": "rsqrt", "low": Fraction(0)},
    ],
)
def test_questions_that_are_none(changes):
    with pytest.raises(NotShown):
        replace(LINE, **changes).known()


def test_errors_from_below():
    own = AlternationBound(LINE, (Fraction(-1), Fraction(0), Fraction(1)), 0.4999, 64)
    found = answer(own)
    assert (found.statement.kind, *said(found)) == (AT_LEAST, 0.4999, Claim.PROVED, LINE.words, 0.0)
    assert answer(own, error=0.0, points=(Fraction(-1), Fraction(-1, 2), Fraction(-1, 4))) is not None
    assert answer(replace(own, question=replace(LINE, degree=0)), points=own.points[1:]) is not None
    for changes in (
        {"error": 0.501},
        {"error": float("inf")},
        {"error": float("nan")},
        {"points": own.points[:2]},
        {"points": own.points[::-1]},
        {"points": (Fraction(-1), Fraction(-1), Fraction(1))},
        {"points": (Fraction(-1), Fraction(0), Fraction(0))},
        {"points": (Fraction(-2), Fraction(0), Fraction(1))},
        {"points": (Fraction(-1), Fraction(0), Fraction(2))},
        {"points": (Fraction(-1), Fraction(-1, 2), Fraction(-1, 4))},
        {"bits": 15},
        {"bits": 20001},
        {"bits": True},
        {"question": replace(LINE, degree=2)},
    ):
        assert answer(own, **changes) is None, changes
    assert answer(own, bits=16) is not None


def test_errors_from_above():
    exactly = 0.5 + 2.0**-29  # radii of balls have thirty bits
    found = answer(HALF, error=exactly)
    assert said(found) == (exactly, Claim.PROVED, LINE.words, 0.0)
    assert answer(HALF, error=0.5 + 6e-7).claim is UP
    assert answer(HALF, error=0.6, place=Fraction(1), seen=0.499).claim is UP
    assert answer(HALF, error=1.4, terms=1) is None  # one term: |x| and the line by their sizes alone
    assert answer(HALF, error=1.6, terms=1) is not None
    assert answer(HALF, error=exactly, coefficients=(Fraction(1, 2), Fraction(0))) is not None
    assert said(answer(HALF, key="degree", cuts=()))[:2] == (1, Claim.PROVED)
    for changes in (
        {"error": 0.499},
        {"error": -1.0},
        {"error": float("inf")},
        {"key": "another"},
        {"coefficients": ()},
        {"coefficients": (Fraction(1, 2), Fraction(0), Fraction(0))},
        {"coefficients": (Fraction(1, 3),)},
        {"cuts": (Fraction(-1),)},
        {"cuts": (Fraction(-1), Fraction(0))},
        {"cuts": (Fraction(0), Fraction(1))},
        {"cuts": (Fraction(-1), Fraction(0), Fraction(0), Fraction(1))},
        {"terms": 0},
        {"terms": 501},
        {"terms": True},
        {"bits": 8},
        {"place": Fraction(1), "seen": 0.51},
        {"place": Fraction(2), "seen": 0.1},
        {"place": Fraction(-2), "seen": 0.1},
        {"place": Fraction(1), "seen": float("nan")},
        {"seen": 0.1},
        {"question": replace(LINE, degree=0), "least": LEAST},
        *({"least": v} for v in twins(LEAST, (UP, LIKELY)) if v.statement.subject == ""),
    ):
        assert answer(HALF, **{"error": exactly, **changes}) is None, changes
    assert answer(HALF, error=exactly, place=Fraction(1), seen=0.4999) is not None


def test_the_activation_itself_has_no_error():
    cube = UniformQuestion("relu", Fraction(0), Fraction(2), 1)
    least = premise(AT_LEAST, 0.0, subject="", scope=cube.words)
    own = NearPolynomial("error", cube, (Fraction(0), Fraction(1)), (Fraction(0), Fraction(2)), 0.0, 64, 2, least)
    assert said(answer(own)) == (0.0, Claim.PROVED, cube.words, 0.0)
    assert answer(own, coefficients=(Fraction(0), Fraction(1, 2))) is None
