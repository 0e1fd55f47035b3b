"""How many functions weights in a finite field give, beside the numbers of points of spaces over that field."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.functions import DIMENSION, SPAN, Coefficients
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FIELD, POINTS, SHARE = "elements of the field", "functions over the field", "share of the span"


@runtime_checkable
class Enumerable(Coefficients, Protocol):
    """A model whose functions over a finite field are counted one by one."""

    def points_over(self, q: int) -> int:
        """The number of different functions, as polynomials, of all weights in the field of ``q`` elements."""
        ...


def _over(kind: str, q: int) -> str:
    return f"{kind} of {q} elements" if kind == POINTS else f"{q} to the {kind}"


@dataclass(frozen=True)
class FieldOfElements:
    """There is a field of ``value`` elements: a power of a prime."""

    subject: str
    value: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject or self.value < 2 or len(flint.fmpz(self.value).factor()) != 1:
            raise NotShown(f"there is no field of {self.value} elements")

    def concludes(self) -> tuple[Statement, Claim]:
        """That number."""
        return Statement(FIELD, self.subject, self.value), Claim.PROVED


@dataclass(frozen=True)
class PointsOverField:
    """All weights in the field of ``q`` elements have so many different functions: they were counted one by one."""

    subject: str
    q: int
    value: int

    def check(self, subject: Enumerable) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        found = subject.points_over(self.q)
        if found != self.value:
            raise NotShown(f"there are {found} functions")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many."""
        return Statement(_over(POINTS, self.q), self.subject, self.value), Claim.PROVED


@dataclass(frozen=True)
class PowerOfField:
    """q to the ``exponent``, a dimension or that of the linear span: the number of points of a space of that dimension."""

    exponent: Verdict
    q: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` for another exponent."""
        known = self.exponent.checked and self.exponent.statement.kind in (DIMENSION, SPAN) and self.q > 1
        if not known or self.exponent.statement.subject != subject.hash:
            raise NotShown("a dimension of the model is expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """That power, as far as the exponent is known."""
        said = self.exponent.statement
        return Statement(_over(said.kind, self.q), said.subject, self.q**said.value, said.scope, said.error), self.exponent.claim


@dataclass(frozen=True)
class ShareOfSpan:
    """The number of functions over a field divided by that of points of the linear span."""

    points: Verdict
    span: Verdict
    q: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where one of them is of another kind, or is not known exactly."""
        for given, kind in ((self.points, POINTS), (self.span, SPAN)):
            right = given.shown and given.claim is Claim.PROVED and given.statement.subject == subject.hash
            if not right or given.statement.kind != _over(kind, self.q):
                raise NotShown("the number of functions and that of points of the span are expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The fraction, as text."""
        share = Fraction(self.points.statement.value, self.span.statement.value)
        return Statement(SHARE, self.points.statement.subject, str(share)), Claim.PROVED
