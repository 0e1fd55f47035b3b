"""Statements that follow from others: bounds that meet, and conclusions by a named rule. A claim is as weak as its weakest premise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.critical_functions import CRITICAL as CRITICAL_FUNCTIONS
from neurovariety.certificates.critical_functions import MINIMA, REAL
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.least_loss import LEAST
from neurovariety.certificates.resting import LIMITS, RESTING
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_BOUNDS = (Claim.PROVED, Claim.LOWER_BOUND, Claim.UPPER_BOUND)


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
        low, high = self.lower.statement, self.upper.statement
        scope = tuple(dict.fromkeys((*low.scope, *high.scope)))
        return Statement(low.kind, low.subject, low.value, scope, low.error + high.error), Claim.PROVED


@dataclass(frozen=True)
class Rule:
    """What may be concluded: a statement of the kind ``concludes`` (or one that begins so), from premises of the kinds ``premises``,
    the last of them any number of times where ``several``, where ``holds`` of the value, the facts, and the values of the premises.

    ``turned``: a larger premise makes a smaller value, so that a lower bound becomes an upper one. ``bound``: what is concluded is that
    a bound is one, so premises are bounds, and nothing is left to doubt. ``of_claim``: the value names the claim.
    """

    concludes: tuple[str, ...]
    premises: tuple[str, ...]
    holds: Callable[..., bool]
    several: bool = False
    turned: bool = False
    bound: bool = False
    of_claim: bool = False

    def fits(self, statement: Statement, premises: tuple[Verdict, ...]) -> bool:
        """Whether the kinds are those of the rule."""
        kinds = [p.statement.kind for p in premises]
        expected = list(self.premises)
        if self.several:
            expected += [self.premises[-1]] * (len(kinds) - len(expected))
            expected = expected[: max(len(kinds), len(self.premises) - 1)]
        matches = len(kinds) == len(expected) and all(k in e.split("|") for k, e in zip(kinds, expected, strict=True))
        return matches and any(statement.kind.startswith(c) for c in self.concludes)


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
LANDSCAPE: Mapping[str, str] = {
    "complex": "the number of smooth critical functions",
    "real": "the number of real ones",
    "minima": "the number of minima of real networks",
    "at_subnetworks": "the number of functions at rest",
    "at_limits": "the number of limits",
    "least_loss": "the least loss, up to the slack",
    "global_minimum": "what is claimed of the least loss",
}
"""By key of a landscape's value the rule by which it follows from what is shown of a list."""


def _same(value: Any, known: Any) -> bool:
    return bool(value == known)


_COUNT, _DEGREES, _LEFT_OVER = "points on a general slice", ("degree", "ed_degree", "ML degree"), "functions left by samples"
RULES: Mapping[str, Rule] = {
    SAME: Rule(_DEGREES, (f"{_COUNT}|critical points|ML degree",), lambda value, known: value == known),
    ONE_POINT: Rule(("degree", _COUNT, _LEFT_OVER), ("linear space", "samples"), lambda value, *_: value == 1, several=True),
    POINT: Rule(_DEGREES, (DIMENSION,), lambda value, dimension: value == 1 and dimension == 0),
    FREE: Rule(("ML degree",), ("fills all coefficients",), lambda value, dimension: value == 1),
    CRITICAL: Rule(("ed_degree",), ("linear space",), lambda value, dimension: value == 1),
    UNIQUE: Rule(
        ("samples that leave one function",),
        ("samples", _LEFT_OVER),
        lambda value, samples, finite, left: value == samples and left == 1,
    ),
    LISTED: Rule(
        (_LEFT_OVER,),
        ("samples", _LEFT_OVER),
        lambda value, names, _, *counts: value == dict(zip(names, counts, strict=True)),
        several=True,
    ),
    HIDES: Rule(("identifiable",), ("hidden directions",), lambda value, hidden: value == "no" and hidden > 0),
    COUNTED: Rule(
        ("identifiable",), ("generic fiber",), lambda value, orbits: value == "no" if orbits > 1 else value in ("yes", "generic")
    ),
    IS_BOUND: Rule(("bound of the dimension",), (DIMENSION,), lambda value, bound: value == bound, bound=True),
    LEFT: Rule(
        ("dimension of the fiber",), (DIMENSION,), lambda value, parameters, dimension: value == parameters - dimension, turned=True
    ),
    LANDSCAPE["complex"]: Rule(("landscape: complex",), (CRITICAL_FUNCTIONS,), _same),
    LANDSCAPE["real"]: Rule(("landscape: real",), (REAL,), _same),
    LANDSCAPE["minima"]: Rule(("landscape: minima",), (MINIMA,), _same),
    LANDSCAPE["at_subnetworks"]: Rule(("landscape: at_subnetworks",), (RESTING,), _same),
    LANDSCAPE["at_limits"]: Rule(("landscape: at_limits",), (LIMITS,), _same),
    LANDSCAPE["least_loss"]: Rule(("landscape: least_loss",), (LEAST,), _same),
    LANDSCAPE["global_minimum"]: Rule(("landscape: global_minimum",), (LEAST,), lambda value, known: True, of_claim=True),
}
"""By name what may be concluded; nothing else follows from anything."""


@dataclass(frozen=True)
class Because:
    """A statement that follows from ``premises``, and ``facts``, by the rule of that name.

    The claim is that of the weakest premise, and errors add up.
    """

    statement: Statement
    rule: str
    premises: tuple[Verdict, ...]
    facts: tuple[Any, ...] = ()

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where the rule does not give the value, or is one about other things."""
        rule = RULES[self.rule]
        values = [p.statement.value for p in self.premises]
        if not self.premises or not all(p.checked for p in self.premises) or not rule.fits(self.statement, self.premises):
            raise NotShown(f"the rule speaks of other things: {self.rule}")
        if not rule.holds(self.statement.value, *self.facts, *values):
            raise NotShown(f"the value does not follow: {self.rule}")
        own = [
            p for p in self.premises if p.statement.kind in (DIMENSION, "linear space", "samples", "generic fiber", "hidden directions")
        ]
        if any(p.statement.subject != own[0].statement.subject for p in own) or (own and not self._of(own[0].statement.subject)):
            raise NotShown("the premises speak of another model")
        if rule.of_claim and self.statement.value != str(self.concludes()[1]):
            raise NotShown("the value names another claim")
        if rule.bound and any(p.claim not in _BOUNDS for p in self.premises):
            raise NotShown("a bound that is proved is expected")

    def _of(self, model: str) -> bool:
        """Whether the conclusion is about a model; that about a slice is about the slice."""
        return self.statement.kind == _COUNT or self.statement.subject == model

    def concludes(self) -> tuple[Statement, Claim]:
        """The statement, with the errors of all premises."""
        rule = RULES[self.rule]
        claim = Claim.PROVED if rule.bound else Claim.weakest(p.claim for p in self.premises)
        if rule.turned:
            claim = {Claim.LOWER_BOUND: Claim.UPPER_BOUND, Claim.UPPER_BOUND: Claim.LOWER_BOUND}.get(claim, claim)
        scope = tuple(dict.fromkeys(phrase for p in (self.statement, *(q.statement for q in self.premises)) for phrase in p.scope))
        error = sum(p.statement.error for p in self.premises)
        own = self.statement
        return Statement(own.kind, own.subject, own.value, scope, error), claim


@dataclass(frozen=True)
class Part:
    """What another statement, one about a list that was made of ``model``, says under a ``key``, or all of it."""

    kind: str
    model: str
    premise: Verdict
    key: str | None = None

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where it says nothing there."""
        value = self.premise.statement.value
        if not self.premise.checked or (self.key is not None and not (isinstance(value, Mapping) and value.get(self.key) is not None)):
            raise NotShown(f"nothing is known of {self.key}")

    def concludes(self) -> tuple[Statement, Claim]:
        """That part, as far as the whole is known."""
        said = self.premise.statement
        value = said.value if self.key is None else said.value[self.key]
        return Statement(self.kind, self.model, value, said.scope, said.error), self.premise.claim


@dataclass(frozen=True)
class Narrow:
    """What is claimed of a least value that is known to lie in an interval: an upper bound alone where its length is more than ``gap``
    times the size of its upper end, or of ``unit`` if that is larger."""

    kind: str
    model: str
    interval: Verdict
    gap: float
    unit: float = 0.0

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where no interval is known."""
        value = self.interval.statement.value
        if not self.interval.checked or not (isinstance(value, tuple) and len(value) == 2 and value[0] <= value[1]):
            raise NotShown("an interval is expected")

    @property
    def _claim(self) -> Claim:
        low, high = self.interval.statement.value
        return self.interval.claim if high - low <= self.gap * max(abs(high), self.unit) else Claim.UPPER_BOUND

    def concludes(self) -> tuple[Statement, Claim]:
        """The word for it."""
        said = self.interval.statement
        return Statement(self.kind, self.model, str(self._claim), said.scope, said.error), self._claim


@dataclass(frozen=True)
class Said:
    """The word for what is claimed of another statement."""

    kind: str
    model: str
    premise: Verdict

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where that was not checked."""
        if not self.premise.checked:
            raise NotShown("nothing is known")

    def concludes(self) -> tuple[Statement, Claim]:
        """The claim, in words."""
        said = self.premise.statement
        return Statement(self.kind, self.model, str(self.premise.claim), said.scope, said.error), self.premise.claim
