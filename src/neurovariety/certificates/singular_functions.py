"""Singular functions of a closure, where a theorem says which they are.

None of a linear space, those of lower rank of determinantal varieties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from neurovariety.certificates.functions import DIMENSION, Functions
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import LINEAR
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_ENTRY = "singularities"
DEGREE = "degree"
Part = Literal["dimension", "codimension", "degree"]


@runtime_checkable
class SmallerModels(Functions, Protocol):
    """A model with smaller models inside it."""

    def singular_models(self) -> tuple[str, dict[str, str]] | None:
        """The theorem that the singular functions of the closure are exactly those of smaller models and 0, or constants, where code
        finds that its hypotheses hold, with the hash of the exact functions of each by its name; None where there is none."""
        ...

    def constants(self) -> int:
        """The dimension of the constants, or of 0, which are singular by the same theorem."""
        ...


@dataclass(frozen=True, eq=False)
class SmoothClosure:
    """The closure is an affine space, so it has no singular function: ``-1`` is the dimension of the empty set."""

    flat: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it is not known to be one."""
        said = self.flat.statement
        if not self.flat.shown or said.kind != LINEAR or said.subject != subject.hash:
            raise NotShown("the closure is not shown to be a linear space")

    def concludes(self) -> tuple[Statement, Claim]:
        """There are none."""
        said = self.flat.statement
        return Statement(f"{_ENTRY}: dimension", said.subject, -1, said.scope, said.error), self.flat.claim


@dataclass(frozen=True, eq=False)
class SmoothFunction:
    """The closure is an affine space, so the function of any weights is a smooth point."""

    flat: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it is not known to be one."""
        SmoothClosure(self.flat).check(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """It is smooth."""
        said = self.flat.statement
        return Statement(f"{_ENTRY}: status", said.subject, "smooth", said.scope, said.error), self.flat.claim


@dataclass(frozen=True, eq=False)
class SingularByTheorem:
    """The singular functions are exactly those of the smaller models, and constants: the locus has the largest of their dimensions.

    ``sizes`` are verdicts of the dimensions of all of these by name, ``whole`` that of the closure. ``degree``: that of the only one of
    the largest dimension, which is irreducible.
    """

    whole: Verdict
    theorem: str
    sizes: tuple[tuple[str, Verdict], ...]
    constants: int
    part: Part
    degree: Verdict | None = None

    def check(self, subject: SmallerModels) -> None:
        """Raises `NotShown` where the theorem is another, a model is missing, or more than one has the largest dimension."""
        known = subject.singular_models()
        if not self.whole.shown or (self.whole.statement.kind, self.whole.statement.subject) != (DIMENSION, subject.hash):
            raise NotShown("the dimension is not that of the model")
        names = [name for name, _ in self.sizes]
        if known is None or known[0] != self.theorem or sorted(known[1]) != sorted(names) or subject.constants() != self.constants:
            raise NotShown("no theorem says that these are the singular functions")
        for name, verdict in self.sizes:
            if not verdict.shown or (verdict.statement.kind, verdict.statement.subject) != (DIMENSION, known[1][name]):
                raise NotShown(f"the dimension of {name} is not known")
        if self._size() >= self.whole.statement.value:
            raise NotShown("a smaller model is as large as the closure")
        if self.part == "degree":
            self._check_degree(known[1])

    def _check_degree(self, hashes: dict[str, str]) -> None:
        largest = self._largest()
        if len(largest) > 1:
            raise NotShown("one model of the largest dimension is expected")
        if not largest and self.degree is None:
            return  # constants are a linear space
        if not largest or self.degree is None or not self.degree.shown:
            raise NotShown("the degree of the largest model is expected")
        if (self.degree.statement.kind, self.degree.statement.subject) != (DEGREE, hashes[largest[0]]):
            raise NotShown("the degree is one of another model")

    def _size(self) -> int:
        return max([self.constants, *(int(v.statement.value) for _, v in self.sizes)])

    def _largest(self) -> list[str]:
        return [name for name, v in self.sizes if v.statement.value == self._size() > self.constants]

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension of the locus, how much less it is than that of the closure, or its degree."""
        used, value = [v for _, v in self.sizes], self._size()
        if self.part == "codimension":
            used, value = [self.whole, *used], self.whole.statement.value - value
        elif self.part == "degree":
            used, value = (used, 1) if self.degree is None else ([self.degree, *used], int(self.degree.statement.value))
        claim, error = Claim.weakest(v.claim for v in used), sum(v.statement.error for v in used)
        scope = scopes((), self.whole, *used)
        return Statement(f"{_ENTRY}: {self.part}", self.whole.statement.subject, value, scope, error), claim
