"""What is said of a model from lists of points: a part of what is shown of a list, a sum over lists, the word for what is claimed.

Each is checked on a `ProblemOfModel`, which says of which problems of the model the lists are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.critical_list import CRITICAL as WITH_DECAY
from neurovariety.certificates.critical_list import LEAST as LEAST_WITH_DECAY
from neurovariety.certificates.general_members import CRITICAL_POINTS
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.least_of_lists import LEAST_VALUE
from neurovariety.certificates.model_of_premises import ProblemOfModel, models_under
from neurovariety.certificates.points_of_faces import FACES
from neurovariety.certificates.real_points import LIKELIHOOD
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

PARTS: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    **{f"maximum-likelihood: {key}": ((LIKELIHOOD,), key) for key in ("complex", "real", "positive", "minima")},
    **{f"weight-decay: {key}": ((WITH_DECAY,), key) for key in ("complex", "real", "minima")},
    "maximum-likelihood: least": ((LEAST_VALUE,), None),
    "polyhedral: least": ((LEAST_VALUE,), None),
    "weight-decay: least": ((LEAST_WITH_DECAY,), None),
}
"""By kind of statement the kinds of statements on lists that it is a part of, and the key there."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "maximum-likelihood: global_minimum": (LEAST_VALUE,),
    "polyhedral: global_minimum": (LEAST_VALUE,),
}
INTERVALS: Mapping[str, tuple[str, ...]] = {"weight-decay: global_minimum": (LEAST_WITH_DECAY,)}
"""The same for words for what is claimed."""


def _check_part(kind: str, expected: tuple[str, ...], model: str, premise: Verdict, subject: Any) -> None:
    """Raises `NotShown` where a premise is none of the kinds ``expected``, or one of no problem of the model."""
    if not premise.checked or premise.statement.kind not in expected or not isinstance(subject, ProblemOfModel):
        raise NotShown(f"{kind} follows from other statements")
    subject.check_one(premise, model, kind in PARTS and PARTS[kind][1] is not None)


@dataclass(frozen=True)
class Part:
    """What another statement, one about a list that was made of ``model``, says under the key that its ``kind`` names, or all of it."""

    kind: str
    model: str
    premise: Verdict

    @property
    def _key(self) -> str | None:
        return PARTS[self.kind][1]

    def check(self, subject: ProblemOfModel) -> None:
        """Raises `NotShown` where it says nothing there, or speaks of another problem or model."""
        expected, key = PARTS.get(self.kind, ((), None))
        _check_part(self.kind, expected, self.model, self.premise, subject)
        value = self.premise.statement.value
        if key is not None and not (isinstance(value, Mapping) and value.get(key) is not None):
            raise NotShown(f"nothing is known of {key}")

    def concludes(self) -> tuple[Statement, Claim]:
        """That part, as far as the whole is known."""
        said = self.premise.statement
        value = said.value if self._key is None else said.value[self._key]
        return Statement(self.kind, self.model, value, said.scope, said.error), self.premise.claim


@dataclass(frozen=True)
class Narrow:
    """What is claimed of a least value that is known to lie in an interval: an upper bound alone where its length is more than `GAP`
    times the size of its upper end."""

    kind: str
    model: str
    interval: Verdict

    def check(self, subject: ProblemOfModel) -> None:
        """Raises `NotShown` where no interval is known."""
        _check_part(self.kind, INTERVALS.get(self.kind, ()), self.model, self.interval, subject)
        value = self.interval.statement.value
        if not (isinstance(value, tuple) and len(value) == 2 and value[0] <= value[1]):
            raise NotShown("an interval is expected")

    @property
    def _claim(self) -> Claim:
        low, high = self.interval.statement.value
        return self.interval.claim if high - low <= GAP * abs(high) else Claim.UPPER_BOUND

    def concludes(self) -> tuple[Statement, Claim]:
        """The word for it."""
        said = self.interval.statement
        return Statement(self.kind, self.model, str(self._claim), said.scope, said.error), self._claim


GAP = 1e-6
"""Relative length of an interval within which a least value is known."""


@dataclass(frozen=True)
class Said:
    """The word for what is claimed of another statement."""

    kind: str
    model: str
    premise: Verdict

    def check(self, subject: ProblemOfModel) -> None:
        """Raises `NotShown` where that was not checked, or speaks of another problem or model."""
        _check_part(self.kind, WORDS.get(self.kind, ()), self.model, self.premise, subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The claim, in words."""
        said = self.premise.statement
        return Statement(self.kind, self.model, str(self.premise.claim), said.scope, said.error), self.premise.claim


SUMS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "maximum-likelihood: at_subnetworks": ((LIKELIHOOD,), "complex"),
    **{f"polyhedral: {key}": ((FACES, CRITICAL_POINTS), key) for key in ("complex", "real", "on_faces", "stationary", "minima")},
}
"""By kind of statement the kinds of the lists whose numbers it adds, and the key there."""
_OF_ITSELF = "polyhedral"
"""Lists of faces are those of the model itself, the others of smaller ones inside it."""


@dataclass(frozen=True)
class Together:
    """The sum of numbers of several lists, one for each problem of a ``model``: complete at most, for no certificate says which lists
    there are; at least so many where one of these may lack some, or where there may be other lists."""

    kind: str
    model: str
    parts: tuple[Verdict, ...]
    every: bool

    @property
    def _key(self) -> str:
        return SUMS[self.kind][1]

    def check(self, subject: ProblemOfModel) -> None:
        """Raises `NotShown` where a number is not known, or the lists are not those of all problems of the model."""
        expected = SUMS.get(self.kind, ((), ""))[0]
        if not isinstance(subject, ProblemOfModel) or subject.model != self.model or (self.every and not subject.every):
            raise NotShown("the lists are those of another model")
        if tuple(p.statement.subject for p in self.parts) != subject.problems or any(
            p.statement.kind not in expected for p in self.parts
        ):
            raise NotShown("a list is missing, or one of something else")
        if self.kind.startswith(_OF_ITSELF) and any(models_under(p) - {self.model} for p in self.parts):
            raise NotShown("a list is one of another model")
        if any(not p.shown or not isinstance(self._of(p), int) or not self._whole(p) for p in self.parts):
            raise NotShown("a number is not known")

    def _of(self, part: Verdict) -> object:
        value = part.statement.value
        return value if isinstance(value, int) else value.get(self._key)

    def _whole(self, part: Verdict) -> bool:
        """Whether a list that is no mapping says something of the key: that there is nothing, or of all points."""
        value = part.statement.value
        return not isinstance(value, int) or value == 0 or self._key == "complex"

    def concludes(self) -> tuple[Statement, Claim]:
        """The sum."""
        said = [p.statement for p in self.parts]
        scope = tuple(dict.fromkeys(phrase for s in said for phrase in s.scope))
        value = sum(int(str(self._of(p))) for p in self.parts)
        claim = Claim.weakest([Claim.COMPLETE, *(p.claim for p in self.parts)]) if self.every else Claim.LOWER_BOUND
        return Statement(self.kind, self.model, value, scope, sum(s.error for s in said)), claim
