"""Statements that follow from others: bounds that meet, and conclusions by a named rule. A claim is as weak as its weakest premise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


@dataclass(frozen=True)
class Meets:
    """A proved lower bound and a proved upper bound that are the same number."""

    lower: Verdict
    upper: Verdict

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where they are not of one kind and value, or do not bound from two sides."""
        low, high = self.lower.statement, self.upper.statement
        if (low.kind, low.subject, low.value) != (high.kind, high.subject, high.value) or not (
            self.lower.checked and self.upper.checked
        ):
            raise NotShown("the bounds do not meet")
        if self.lower.claim not in (Claim.LOWER_BOUND, Claim.PROVED) or self.upper.claim not in (Claim.UPPER_BOUND, Claim.PROVED):
            raise NotShown("a bound from below and one from above are expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The number is exactly that."""
        return self.lower.statement, Claim.PROVED


SAME = "the same number"
ONE_POINT = "a linear space meets a general slice in one point"
POINT = "a point has degree one"
FREE = "free coefficients have one critical point of the likelihood, the counts"
CRITICAL = "a linear space has one critical point"
UNIQUE = "with so many samples one function is left"
LISTED = "the counts, one after another"
HIDES = "hidden directions of the fiber determine no weights"
COUNTED = "orbits over a general function, one or several"
IS_BOUND = "a bound that is proved, for what it is"
LEFT = "parameters minus the dimension"

Rule = Callable[..., bool]
RULES: Mapping[str, Rule] = {
    SAME: lambda value, known: value == known,
    ONE_POINT: lambda value, dimension, *samples: value == 1,
    POINT: lambda value, dimension: value == 1 and dimension == 0,
    FREE: lambda value, dimension: value == 1,
    CRITICAL: lambda value, dimension: value == 1,
    UNIQUE: lambda value, samples, finite, left: value == samples and left == 1,
    LISTED: lambda value, names, *counts: value == dict(zip(names, counts, strict=True)),
    IS_BOUND: lambda value, bound: value == bound,
    HIDES: lambda value, hidden: value == "no" and hidden > 0,
    COUNTED: lambda value, orbits: value == "no" if orbits > 1 else value in ("yes", "generic"),
    LEFT: lambda value, parameters, dimension: value == parameters - dimension,
}
"""What a value has to satisfy, given those of the premises, to follow from them."""


@dataclass(frozen=True)
class Because:
    """A statement that follows from ``premises`` by the rule of that name. No premise may be numerical where the conclusion is exact:
    the claim is that of the weakest, and errors add up. ``turned`` says that a larger premise makes a smaller value, so that a lower
    bound becomes an upper one."""

    statement: Statement
    rule: str
    premises: tuple[Verdict, ...]
    facts: tuple[Any, ...] = ()
    turned: bool = False

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where the rule does not give the value."""
        values = [p.statement.value for p in self.premises]
        if not all(p.checked for p in self.premises) or not RULES[self.rule](self.statement.value, *self.facts, *values):
            raise NotShown(f"the value does not follow: {self.rule}")
        bounds = (Claim.PROVED, Claim.LOWER_BOUND, Claim.UPPER_BOUND)
        if self.rule == IS_BOUND and any(p.claim not in bounds for p in self.premises):
            raise NotShown("a bound that is proved is expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The statement, with the errors of all premises."""
        claim = Claim.weakest(p.claim for p in self.premises)
        if self.rule == IS_BOUND:
            claim = Claim.PROVED  # the value is called a bound, and is one
        if self.turned:
            claim = {Claim.LOWER_BOUND: Claim.UPPER_BOUND, Claim.UPPER_BOUND: Claim.LOWER_BOUND}.get(claim, claim)
        scope = tuple(dict.fromkeys(phrase for p in (self.statement, *(q.statement for q in self.premises)) for phrase in p.scope))
        error = sum(p.statement.error for p in self.premises)
        own = self.statement
        return Statement(own.kind, own.subject, own.value, scope, error), claim
