"""Statements that follow from others: bounds that meet, and conclusions by a named rule. A claim is as weak as its weakest premise.

A rule says of which kinds its premises are, and what they speak of: a number of another model, or of another problem, proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from neurovariety.certificates.critical_functions import CRITICAL as CRITICAL_FUNCTIONS
from neurovariety.certificates.critical_functions import MINIMA, REAL
from neurovariety.certificates.fiber import GENERIC_FIBER, HIDDEN, LEFT_BY, left_by
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.general_members import CRITICAL_POINTS, SLICE
from neurovariety.certificates.issue import WEAK, Verdict
from neurovariety.certificates.kinds_of_families import cuts, is_likeliest, is_nearest
from neurovariety.certificates.least_loss import LEAST
from neurovariety.certificates.model_of_premises import ProblemOfModel, models_under
from neurovariety.certificates.resting import LIMITS, RESTING
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import FILLS_COEFFICIENTS, LINEAR, ML_DEGREE, ByTheorem
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FIBER = "dimension of the fiber"


@dataclass(frozen=True)
class Meets:
    """A proved lower bound and a proved upper bound that are the same number."""

    lower: Verdict
    upper: Verdict

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where they are not of one kind and value, or do not bound from two sides."""
        low, high = self.lower.statement, self.upper.statement
        if (low.kind, low.subject, low.value) != (high.kind, high.subject, high.value) or not (self.lower.shown and self.upper.shown):
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

    ``about``: what the premises speak of. `MODEL`: the model of the conclusion. `SLICES`: of systems that rest on that model alone, and
    that ``family`` says to be of the kind expected. `SLICE_ITSELF`: the conclusion is about a slice, and the premises about the model
    whose slice it is. `PROBLEM`: data that are said to be a problem of the model; `SMALLER`:
    that, with lists of smaller networks.

    ``claims``: how far premises have to be known. ``turned``: a larger premise makes a smaller value, so that a lower bound becomes an
    upper one. ``of_claim``: the value names the claim. ``facts``: of the data and the premises, what ``holds`` is asked of between the
    value and the values of the premises. ``certificate``: what the premises rest on.
    """

    concludes: tuple[str, ...]
    premises: tuple[str, ...]
    holds: Callable[..., bool]
    about: str
    several: bool = False
    claims: tuple[Claim, ...] = tuple(Claim)
    turned: bool = False
    of_claim: bool = False
    family: Callable[[Any], bool] | None = None
    facts: Callable[[Any, tuple[Verdict, ...]], tuple[Any, ...]] = lambda subject, premises: ()
    certificate: type | None = None

    def fits(self, statement: Statement, premises: tuple[Verdict, ...]) -> bool:
        """Whether the kinds are those of the rule."""
        kinds = [p.statement.kind for p in premises]
        expected = list(self.premises)
        if self.several:
            expected += [self.premises[-1]] * (len(kinds) - len(expected))
            expected = expected[: max(len(kinds), len(self.premises) - 1)]
        if self.certificate is not None and not all(isinstance(p.certificate, self.certificate) for p in premises):
            return False
        matches = len(kinds) == len(expected) and all(_is_kind(k, e) for k, e in zip(kinds, expected, strict=True))
        return matches and any(_is_kind(statement.kind, c) for c in self.concludes)

    def speaks(self, statement: Statement, premises: tuple[Verdict, ...], subject: Any) -> bool:
        """Whether the premises speak of what the conclusion is about, the data that it is checked on."""
        if self.about in (PROBLEM, SMALLER):
            if not isinstance(subject, ProblemOfModel):
                return False
            for premise in premises:
                subject.check_one(premise, statement.subject, self.about == PROBLEM)
            return True
        if statement.subject != subject.hash:
            return False
        if self.about == SLICE_ITSELF:  # whatever model: `models_under` says which one
            return True
        if self.about == MODEL:
            return all(p.statement.subject == statement.subject for p in premises)
        known = all(models_under(p) == {statement.subject} and p.on is not None for p in premises)
        return known and all(p.on.hash == p.statement.subject and self.family is not None and self.family(p.on) for p in premises)


def _is_kind(kind: str, expected: str) -> bool:
    return any(fnmatchcase(kind, e) for e in expected.split("|"))


MODEL, SLICES, SLICE_ITSELF = "the model", "systems of the model", "a slice of the model"
PROBLEM, SMALLER = "a problem of the model", "a problem of the model with smaller ones inside it"
_EXACT = (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE)

OF_SLICES, OF_NEAREST, OF_LIKELIEST = (
    "the number of points on a slice",
    "the number of nearest points",
    "the number of likeliest points",
)
ONE_POINT = "a linear space meets a general slice in one point"
ONE_ON_SLICE = "a linear space meets this slice in one point"
POINT = "a point has degree one"
FREE = "free coefficients have one critical point of the likelihood, the counts"
CRITICAL = "a linear space has one critical point"
UNIQUE = "with so many samples one function is left, and with fewer more"
LISTED = "the counts, one after another"
HIDES = "hidden directions of the fiber determine no weights"
COUNTED = "orbits over a general function, one or several"
SETTLED = "orbits of all weights over a general function, by a theorem"
FINITE = "one weight over a general function, of finitely many"
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


def parameters_of(subject: Any, premises: tuple[Verdict, ...]) -> tuple[Any, ...]:
    """The number of parameters of the model."""
    return (subject.parameters,)


def _kinds(subject: Any, premises: tuple[Verdict, ...]) -> tuple[Any, ...]:
    return (tuple(p.statement.kind for p in premises),)


def _same(value: Any, known: Any) -> bool:
    return bool(value == known)


def _listed(value: Any, kinds: tuple[str, ...], samples: int, *counts: int) -> bool:
    return value == {kinds[k].split()[3]: n for k, n in enumerate(counts, 1)} and len(set(kinds)) == len(kinds)


def _unique(value: Any, kinds: tuple[str, ...], samples: int, *counts: int) -> bool:
    """From as many samples as leave finitely many on, to the first that leave one."""
    every = kinds[1:] == tuple(left_by(n) for n in range(samples, samples + len(counts)))
    return bool(every and counts and counts[-1] == 1 and 1 not in counts[:-1] and value == samples + len(counts) - 1)


_LEFT_OVER, _DEGREES = "functions left by samples", ("degree", "ed_degree *", ML_DEGREE)
RULES: Mapping[str, Rule] = {
    OF_SLICES: Rule(("degree",), (SLICE,), _same, SLICES, family=cuts),
    OF_NEAREST: Rule(("ed_degree *",), (f"{SLICE}|{CRITICAL_POINTS}",), _same, SLICES, family=is_nearest),
    OF_LIKELIEST: Rule((ML_DEGREE,), (f"{CRITICAL_POINTS}|{ML_DEGREE}",), _same, SLICES, family=is_likeliest),
    ONE_POINT: Rule(("degree", LEFT_BY), (LINEAR, "samples"), lambda value, *_: value == 1, MODEL, several=True),
    ONE_ON_SLICE: Rule((SLICE,), (LINEAR,), lambda value, _: value == 1, SLICE_ITSELF),
    POINT: Rule(_DEGREES, (DIMENSION,), lambda value, dimension: value == 1 and dimension == 0, MODEL),
    FREE: Rule((ML_DEGREE,), (FILLS_COEFFICIENTS,), lambda value, _: value == 1, MODEL),
    CRITICAL: Rule(("ed_degree *",), (LINEAR,), lambda value, _: value == 1, MODEL),
    UNIQUE: Rule(("samples that leave one function",), ("samples", LEFT_BY), _unique, MODEL, several=True, claims=_EXACT, facts=_kinds),
    LISTED: Rule((_LEFT_OVER,), ("samples", LEFT_BY), _listed, MODEL, several=True, facts=_kinds),
    HIDES: Rule(
        ("identifiable",),
        (HIDDEN,),
        lambda value, hidden: value == "no" and hidden > 0,
        MODEL,
        claims=(Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND),
    ),
    COUNTED: Rule(
        ("identifiable",),
        (GENERIC_FIBER,),
        lambda value, orbits: value == ("no" if orbits > 1 else "generic"),
        MODEL,
        claims=_EXACT,
    ),
    SETTLED: Rule(
        ("identifiable",),
        (GENERIC_FIBER,),
        lambda value, orbits: value == ("no" if orbits > 1 else "yes"),
        MODEL,
        claims=_EXACT,
        certificate=ByTheorem,
    ),
    FINITE: Rule(
        ("identifiable",),
        (GENERIC_FIBER, FIBER),
        lambda value, orbits, dimension: value == "yes" and orbits == 1 and dimension == 0,
        MODEL,
        claims=(*_EXACT, Claim.UPPER_BOUND),
    ),
    LEFT: Rule(
        (FIBER,),
        (DIMENSION,),
        lambda value, parameters, dimension: value == parameters - dimension,
        MODEL,
        turned=True,
        facts=parameters_of,
    ),
    LANDSCAPE["complex"]: Rule(("landscape: complex",), (CRITICAL_FUNCTIONS,), _same, PROBLEM),
    LANDSCAPE["real"]: Rule(("landscape: real",), (REAL,), _same, PROBLEM),
    LANDSCAPE["minima"]: Rule(("landscape: minima",), (MINIMA,), _same, PROBLEM),
    LANDSCAPE["at_subnetworks"]: Rule(("landscape: at_subnetworks",), (RESTING,), _same, SMALLER),
    LANDSCAPE["at_limits"]: Rule(("landscape: at_limits",), (LIMITS,), _same, SMALLER),
    LANDSCAPE["least_loss"]: Rule(("landscape: least_loss",), (LEAST,), _same, SMALLER),
    LANDSCAPE["global_minimum"]: Rule(("landscape: global_minimum",), (LEAST,), lambda value, known: True, SMALLER, of_claim=True),
}
"""By name what may be concluded; nothing else follows from anything."""


@dataclass(frozen=True)
class Because:
    """A statement that follows from ``premises`` by the rule of that name.

    The claim is that of the weakest premise, and errors add up.
    """

    statement: Statement
    rule: str
    premises: tuple[Verdict, ...]

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where the rule does not give the value, or is one about other things."""
        rule = RULES.get(self.rule)
        if (
            rule is None
            or not self.premises
            or not all(p.checked for p in self.premises)
            or not rule.fits(self.statement, self.premises)
        ):
            raise NotShown(f"the rule speaks of other things: {self.rule}")
        if not rule.speaks(self.statement, self.premises, subject):
            raise NotShown("the premises speak of another model")
        if any(p.claim not in (*rule.claims, *WEAK) for p in self.premises):
            raise NotShown(f"a premise is not known in that way: {self.rule}")
        facts = rule.facts(subject, self.premises)
        if not rule.holds(self.statement.value, *facts, *(p.statement.value for p in self.premises)):
            raise NotShown(f"the value does not follow: {self.rule}")
        if rule.of_claim and self.statement.value != str(self.concludes()[1]):
            raise NotShown("the value names another claim")

    def concludes(self) -> tuple[Statement, Claim]:
        """The statement, with the errors of all premises."""
        rule = RULES[self.rule]
        claim = Claim.weakest(p.claim for p in self.premises)
        if rule.turned:
            claim = {Claim.LOWER_BOUND: Claim.UPPER_BOUND, Claim.UPPER_BOUND: Claim.LOWER_BOUND}.get(claim, claim)
        scope = tuple(dict.fromkeys(phrase for p in (self.statement, *(q.statement for q in self.premises)) for phrase in p.scope))
        error = sum(p.statement.error for p in self.premises)
        own = self.statement
        return Statement(own.kind, own.subject, own.value, scope, error), claim
