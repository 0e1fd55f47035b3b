"""What follows by a named rule, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.certificates.agreeing_models import M, agreeing, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.compose import (
    COUNTED,
    CRITICAL,
    FIBER,
    FINITE,
    FREE,
    HIDES,
    LANDSCAPE,
    LEFT,
    LISTED,
    ONE_ON_SLICE,
    ONE_POINT,
    POINT,
    RULES,
    SETTLED,
    UNIQUE,
    Because,
    Meets,
)
from neurovariety.certificates.fiber import GENERIC_FIBER, HIDDEN, left_by
from neurovariety.certificates.functions import DIMENSION, Functions
from neurovariety.certificates.general_members import SLICE
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import FILLS_COEFFICIENTS, LINEAR, ML_DEGREE, ByTheorem
from neurovariety.claim import Claim

EXACT = {Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE}
BELOW = {Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND}
THEOREM = ByTheorem(M, "", GENERIC_FIBER, 1, "")
UNIQUE_KIND, LISTED_KIND = "samples that leave one function", "functions left by samples"
FOLLOWS = [
    (ONE_POINT, "degree", 1, [(LINEAR, 3)], None),
    (ONE_POINT, left_by(3), 1, [(LINEAR, 3), ("samples", 2), ("samples", 2)], None),
    (POINT, "degree", 1, [(DIMENSION, 0)], None),
    (POINT, "ed_degree x", 1, [(DIMENSION, 0)], None),
    (POINT, ML_DEGREE, 1, [(DIMENSION, 0)], None),
    (FREE, ML_DEGREE, 1, [(FILLS_COEFFICIENTS, 3)], None),
    (CRITICAL, "ed_degree x", 1, [(LINEAR, 3)], None),
    (UNIQUE, UNIQUE_KIND, 4, [("samples", 3), (left_by(3), 2), (left_by(4), 1)], EXACT),
    (LISTED, LISTED_KIND, {"3": 2, "5": 1}, [("samples", 3), (left_by(3), 2), (left_by(5), 1)], None),
    (HIDES, "identifiable", "no", [(HIDDEN, 1)], BELOW),
    (COUNTED, "identifiable", "no", [(GENERIC_FIBER, 2)], EXACT),
    (COUNTED, "identifiable", "generic", [(GENERIC_FIBER, 1)], EXACT),
    (SETTLED, "identifiable", "yes", [(GENERIC_FIBER, 1)], EXACT),
    (SETTLED, "identifiable", "no", [(GENERIC_FIBER, 2)], EXACT),
    (FINITE, "identifiable", "yes", [(GENERIC_FIBER, 1), (FIBER, 0)], {*EXACT, Claim.UPPER_BOUND}),
    (LEFT, FIBER, 5, [(DIMENSION, 2)], None),
]
DOES_NOT = [
    (ONE_POINT, "degree", 2, [(LINEAR, 3)]),
    (ONE_POINT, "ed_degree x", 1, [(LINEAR, 3)]),
    (ONE_POINT, "degree", 1, [("samples", 3)]),
    (ONE_POINT, "degree", 1, [(LINEAR, 3), (LINEAR, 3)]),
    (POINT, "degree", 1, [(DIMENSION, 1)]),
    (POINT, "degree", 0, [(DIMENSION, 0)]),
    (POINT, "samples", 1, [(DIMENSION, 0)]),
    (POINT, "degree", 1, [(DIMENSION, 0), (DIMENSION, 0)]),
    (FREE, ML_DEGREE, 2, [(FILLS_COEFFICIENTS, 3)]),
    (CRITICAL, "ed_degree x", 0, [(LINEAR, 3)]),
    (UNIQUE, UNIQUE_KIND, 3, [("samples", 3), (left_by(3), 2), (left_by(4), 1)]),
    (UNIQUE, UNIQUE_KIND, 4, [("samples", 3), (left_by(3), 1), (left_by(4), 1)]),
    (UNIQUE, UNIQUE_KIND, 4, [("samples", 3), (left_by(3), 2), (left_by(4), 2)]),
    (UNIQUE, UNIQUE_KIND, 4, [("samples", 3), (left_by(3), 2), (left_by(5), 1)]),
    (UNIQUE, UNIQUE_KIND, 2, [("samples", 3)]),
    (UNIQUE, UNIQUE_KIND, 4, [("samples", 2), (left_by(3), 2), (left_by(4), 1)]),
    (LISTED, LISTED_KIND, {"3": 1}, [("samples", 3), (left_by(3), 1), (left_by(3), 1)]),
    (LISTED, LISTED_KIND, {"3": 2}, [("samples", 3), (left_by(3), 1)]),
    (LISTED, LISTED_KIND, {}, [("samples", 3), (left_by(3), 1)]),
    (HIDES, "identifiable", "no", [(HIDDEN, 0)]),
    (HIDES, "identifiable", "yes", [(HIDDEN, 1)]),
    (COUNTED, "identifiable", "yes", [(GENERIC_FIBER, 1)]),
    (COUNTED, "identifiable", "generic", [(GENERIC_FIBER, 2)]),
    (SETTLED, "identifiable", "yes", [(GENERIC_FIBER, 2)]),
    (SETTLED, "identifiable", "generic", [(GENERIC_FIBER, 1)]),
    (FINITE, "identifiable", "yes", [(GENERIC_FIBER, 2), (FIBER, 0)]),
    (FINITE, "identifiable", "yes", [(GENERIC_FIBER, 1), (FIBER, 1)]),
    (FINITE, "identifiable", "no", [(GENERIC_FIBER, 1), (FIBER, 0)]),
    (LEFT, FIBER, 9, [(DIMENSION, 2)]),
    (LEFT, FIBER, 3, [(DIMENSION, 2)]),
    ("another", "degree", 1, [(DIMENSION, 0)]),
    (POINT, "degree", 1, []),
]


def because(rule, kind, value, premises, claim=Claim.PROVED):
    theorem = THEOREM if rule == SETTLED else None
    known = tuple(premise(k, v, claim, certificate=theorem, scope=(k,), error=0.125) for k, v in premises)
    return Because(Statement(kind, M, value, ("own",)), rule, known)


SEVEN = agreeing(Functions, parameters=7)


@pytest.mark.parametrize(("rule", "kind", "value", "premises", "claims"), FOLLOWS)
def test_what_follows(rule, kind, value, premises, claims):
    own = because(rule, kind, value, premises)
    first = own.premises[0]
    changed = [{"premises": (v, *own.premises[1:])} for v in list(twins(first))[:3]]
    last = [{"premises": (*own.premises[:-1], v)} for v in list(twins(own.premises[-1]))[:3]]
    changed += [{"statement": replace(own.statement, subject="another")}, {"statement": replace(own.statement, kind="another")}]
    verdict = check_both_sides(own, SEVEN, [], [*changed, *last])
    phrases = tuple(dict.fromkeys(("own", *(k for k, _ in premises))))
    assert said(verdict) == (value, Claim.PROVED, phrases, 0.125 * len(premises))
    for claim in Claim:
        found = outcome(because(rule, kind, value, premises, claim), SEVEN, {})
        if claims is not None and claim not in {*claims, Claim.ESTIMATE, Claim.UNDECIDED}:
            assert found is None, claim
        elif RULES[rule].turned:
            assert found.claim is {Claim.LOWER_BOUND: Claim.UPPER_BOUND, Claim.UPPER_BOUND: Claim.LOWER_BOUND}.get(claim, claim)
        else:
            assert found.claim is claim


@pytest.mark.parametrize(("rule", "kind", "value", "premises"), DOES_NOT)
def test_what_does_not_follow(rule, kind, value, premises):
    assert outcome(because(rule, kind, value, premises), SEVEN, {}) is None


def test_a_theorem_is_needed_where_a_rule_says_so():
    own = because(SETTLED, "identifiable", "yes", [(GENERIC_FIBER, 1)])
    assert outcome(own, SEVEN, {"premises": (premise(GENERIC_FIBER, 1),)}) is None


def test_rules_of_problems():
    """A problem of the model, and one of a smaller network in it; slices whose model their premises say."""
    data, kind = ProblemOfModel(M, ("problem", "smaller")), "landscape: "
    for key, rule in LANDSCAPE.items():
        named = RULES[rule].premises[0]
        value = "complete" if key == "global_minimum" else 3
        on = premise(named, 3, Claim.COMPLETE, "problem", ByTheorem("", "", "", 0, ""))
        own = Because(Statement(kind + key, M, value), rule, (on,))
        assert issue(own, data).claim is Claim.COMPLETE
        foreign = premise(named, 3, Claim.COMPLETE, "problem", Meets(premise(DIMENSION, 1, subject="another"), premise(DIMENSION, 1)))
        wrong = [premise(named, 3, Claim.COMPLETE, "another"), premise("another", 3, Claim.COMPLETE, "problem")]
        for changed in (
            replace(own, statement=replace(own.statement, subject="another")),
            replace(own, statement=replace(own.statement, value="proved" if key == "global_minimum" else 4)),
            *(replace(own, premises=(v,)) for v in wrong),
        ):
            with pytest.raises(NotShown):
                issue(changed, data)
        with pytest.raises(NotShown):
            issue(own, SEVEN)
        if key in ("complex", "real", "minima"):
            with pytest.raises(NotShown):
                issue(replace(own, premises=(foreign,)), data)
        else:
            assert issue(replace(own, premises=(foreign,)), data)
    one = Because(Statement(SLICE, M, 1), ONE_ON_SLICE, (premise(LINEAR, 3, subject="another"),))
    assert check_both_sides(one, SEVEN, [], [{"statement": Statement(SLICE, M, 2)}])


def test_bounds_that_meet():
    low, high = (
        premise(DIMENSION, 3, Claim.LOWER_BOUND, scope=("a", "b"), error=0.25),
        premise(DIMENSION, 3, Claim.UPPER_BOUND, scope=("b", "c"), error=0.5),
    )
    weak = (Claim.PROBABILITY, Claim.COMPLETE)
    verdict = issue(Meets(low, high), None)
    assert said(verdict) == (3, Claim.PROVED, ("a", "b", "c"), 0.75)
    for changed in (
        *(Meets(v, high) for v in (*twins(low, (*weak, Claim.UPPER_BOUND)), premise(DIMENSION, 2))),
        *(Meets(low, v) for v in (*twins(high, (*weak, Claim.LOWER_BOUND)), premise(DIMENSION, 4))),
    ):
        with pytest.raises(NotShown):
            issue(changed, None)
    assert issue(Meets(premise(DIMENSION, 3), premise(DIMENSION, 3)), None)
