"""Bounds of dimensions from above, and statements of theorems: each checked by exact arithmetic with the model, none by a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN, Coefficients, Equation, Functions
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.ranks import check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


def _same(subject: Functions, expected: str) -> None:
    if subject.hash != expected:
        raise NotShown("the certificate is one of another model")


@dataclass(frozen=True)
class AtMostParameters:
    """The dimension is at most the number of parameters."""

    subject: str
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another number."""
        _same(subject, self.subject)
        if subject.parameters != self.value:
            raise NotShown(f"the model has {subject.parameters} parameters")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most that."""
        return Statement(DIMENSION, self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class FieldsVanish:
    """Symmetry fields that are verified as identities lie in the kernel of the Jacobian; their rank at one point bounds the generic
    one from below, so the dimension is at most ``parameters`` - ``rank``. ``weights`` (N,) are residues mod ``prime``."""

    subject: str
    prime: int
    weights: np.ndarray
    parameters: int
    rank: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the fields have a smaller rank, or one of them is not verified."""
        _same(subject, self.subject)
        check_prime(self.prime)
        if subject.parameters != self.parameters or subject.fields_rank(self.prime, self.weights) < self.rank:
            raise NotShown("the symmetry fields do not have that rank")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most what they leave."""
        return Statement(DIMENSION, self.subject, self.parameters - self.rank), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class EquationsVanish:
    """Equations that vanish identically on a model of so many ``coordinates``, with gradients of that ``rank`` mod ``prime`` at the
    function of ``weights``: the dimension is at most coordinates - rank. ``equations`` are sums of (indices, coefficient), where an
    index beyond the coordinates stands for 1."""

    subject: str
    equations: tuple[Equation, ...]
    coordinates: int
    prime: int
    weights: np.ndarray
    rank: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where an equation does not vanish, or the gradients depend on each other."""
        _same(subject, self.subject)
        check_prime(self.prime)
        if subject.coefficient_count() != self.coordinates or not all(map(subject.vanishes, self.equations)):
            raise NotShown("an equation is not shown to vanish identically")
        if subject.equations_rank(self.equations, self.prime, self.weights) < self.rank:
            raise NotShown("the equations do not have gradients of that rank")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most what they leave."""
        return Statement(DIMENSION, self.subject, self.coordinates - self.rank), Claim.UPPER_BOUND


@dataclass(frozen=True)
class Expanded:
    """The dimension of the linear (or ``affine``) span is the rank over Q of the expanded model."""

    subject: str
    value: int
    affine: bool = False

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the expansion has another rank, or is too large."""
        _same(subject, self.subject)
        found = subject.expanded_span(self.affine)
        if found != self.value:
            raise NotShown("too large to expand" if found is None else f"the expanded model has rank {found}")

    def concludes(self) -> tuple[Statement, Claim]:
        """The span has that dimension."""
        return Statement(AFFINE if self.affine else SPAN, self.subject, self.value), Claim.PROVED


@dataclass(frozen=True)
class AllMonomials:
    """The span is at most the number of all monomials of the degrees that a run of the program over degrees allows."""

    subject: str
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another number."""
        _same(subject, self.subject)
        if subject.monomials != self.value:
            raise NotShown(f"there are {subject.monomials} monomials")

    def concludes(self) -> tuple[Statement, Claim]:
        """The span has at most that dimension."""
        return Statement(SPAN, self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AtMostSpan:
    """The dimension is at most that of the linear span, which is known from above."""

    span: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the span is not known from above."""
        _same(subject, self.span.statement.subject)
        if not self.span.shown or self.span.statement.kind != SPAN or self.span.claim not in (Claim.PROVED, Claim.UPPER_BOUND):
            raise NotShown("the span is not bounded from above")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most that."""
        known = self.span.statement
        return Statement(DIMENSION, known.subject, known.value, known.scope), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AtLeastDimension:
    """The linear span is at least as large as the dimension, which is known from below."""

    dimension: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the dimension is not known from below."""
        _same(subject, self.dimension.statement.subject)
        known = self.dimension.statement.kind == DIMENSION and self.dimension.claim in (Claim.PROVED, Claim.LOWER_BOUND)
        if not known or not self.dimension.shown:
            raise NotShown("the dimension is not bounded from below")

    def concludes(self) -> tuple[Statement, Claim]:
        """The span has at least that dimension."""
        known = self.dimension.statement
        return Statement(SPAN, known.subject, known.value, known.scope), Claim.LOWER_BOUND


LINEAR = "linear space"


def _from_below(dimension: Verdict) -> bool:
    """Whether a dimension is bounded from below: one that is proved or random is, by the rank it rests on."""
    claims = (Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND)
    return dimension.shown and dimension.statement.kind == DIMENSION and dimension.claim in claims


@dataclass(frozen=True)
class FillsSpan:
    """The closure of the functions is a linear (affine) space: its dimension, which is proved from below, is that of the span."""

    dimension: Verdict
    span: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the two differ, or the span is not known from above."""
        _same(subject, self.dimension.statement.subject)
        _same(subject, self.span.statement.subject)
        low, high = self.dimension.statement, self.span.statement
        known = _from_below(self.dimension) and high.kind in (SPAN, AFFINE) and self.span.shown
        if not known or low.value != high.value or self.span.claim not in (Claim.PROVED, Claim.PROBABILITY):
            raise NotShown("the span is not shown to be as small as the dimension")

    def concludes(self) -> tuple[Statement, Claim]:
        """A linear space of that dimension."""
        known = self.span.statement
        return Statement(LINEAR, known.subject, known.value, scopes(known.scope, self.dimension), known.error), self.span.claim


FILLS_COEFFICIENTS = "fills all coefficients"


@dataclass(frozen=True)
class FillsCoefficients:
    """The dimension is the number of all monomials: almost every polynomial of the degrees is a function of the model."""

    dimension: Verdict
    monomials: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the two differ."""
        _same(subject, self.dimension.statement.subject)
        all_of_them = isinstance(self.monomials.certificate, AllMonomials) and self.monomials.statement.subject == subject.hash
        if not all_of_them or not _from_below(self.dimension) or not self.dimension.statement.value:
            raise NotShown("a dimension and the number of all monomials are expected")
        if self.dimension.statement.value != self.monomials.statement.value:
            raise NotShown("the dimension is not the number of all monomials")

    def concludes(self) -> tuple[Statement, Claim]:
        """That number, of free coefficients."""
        low = self.dimension.statement
        return Statement(FILLS_COEFFICIENTS, low.subject, low.value, low.scope), Claim.PROVED


@dataclass(frozen=True)
class FreeCoefficients:
    """The coefficients are multiples f_i a_j of as many polynomials a_1, ..., a_r in the weights as the dimension says, so these are
    independent; ``sums`` are those of the f_i of each."""

    dimension: Verdict
    sums: tuple[Any, ...]

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the classes of proportional coefficients are others, or more than the dimension."""
        _same(subject, self.dimension.statement.subject)
        low = self.dimension.statement
        if not _from_below(self.dimension) or low.value != len(self.sums) or not self.sums:
            raise NotShown("the coefficients are not shown to be independent")
        if sorted(subject.proportional_sums()) != sorted(self.sums):
            raise NotShown("the proportional coefficients have other sums")

    def concludes(self) -> tuple[Statement, Claim]:
        """The maximum likelihood degree: one critical point, or none where a sum is 0, for then nothing bounds that a_j."""
        low = self.dimension.statement
        return Statement(ML_DEGREE, low.subject, int(all(self.sums)), low.scope), Claim.PROVED


ML_DEGREE = "ML degree"
_QUANTITIES = {
    "dimension": (DIMENSION, Claim.PROVED),
    "dimension at most": (DIMENSION, Claim.UPPER_BOUND),
    "ambient": (SPAN, Claim.PROVED),
    "ambient at most": (SPAN, Claim.UPPER_BOUND),
}


@dataclass(frozen=True)
class ByTheorem:
    """A theorem whose hypotheses code has checked; ``quantity`` is what it is about, with "at most" where it is a bound."""

    subject: str
    name: str
    quantity: str
    value: int
    source: str

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the theorem is not stated of the model, or a hypothesis fails."""
        _same(subject, self.subject)
        if not subject.applies(self.name, self.quantity, self.value, self.source):
            raise NotShown(f"the theorem {self.name!r} does not apply")

    def concludes(self) -> tuple[Statement, Claim]:
        """What the theorem says."""
        kind, claim = _QUANTITIES.get(self.quantity, (self.quantity, Claim.PROVED))
        return Statement(kind, self.subject, self.value), claim
