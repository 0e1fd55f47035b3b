"""Equations that vanish on a model, and what follows: functions that are excluded, their numbers by degree, bounds of the dimension."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, prod
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.functions import Coefficients, Equation, draw_of
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import LARGEST_ERROR, check_prime
from neurovariety.certificates.realized import Target, written
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

VANISH = "equations that vanish"


@dataclass(frozen=True, eq=False)
class WeightsPlace:
    """Random ``weights`` (S, N) mod ``prime``."""

    prime: int
    weights: np.ndarray


@runtime_checkable
class EquationsOfModel(Coefficients, Protocol):
    """A model with equations among its coefficients."""

    def vanishes_at(self, equation: Any, place: WeightsPlace) -> bool:
        """Whether an equation vanishes at the functions of a place, mod its prime."""
        ...

    def equations_error(self, equations: tuple[Any, ...], place: WeightsPlace) -> float:
        """The probability, at most, that one of them vanishes at a random place like this and not identically."""
        ...


def is_form(equation: Equation, count: int) -> bool:
    """Whether an equation is a form of the degree that it names, and not 0, in ``count`` coefficients and a last variable that stands
    for 1: different ascending terms with coprime integers."""
    terms = [term for term, _ in equation.terms]
    sized = all(len(t) == equation.degree and list(t) == sorted(t) and t[0] >= 0 and t[-1] <= count for t in terms if t)
    different = bool(terms) and all(terms) and len(set(terms)) == len(terms)
    return sized and different and all(c for _, c in equation.terms) and gcd(*(c for _, c in equation.terms)) == 1


def _sign(equation: Equation) -> int:
    """The sign of the coefficient of the first term."""
    return 1 if min(equation.terms)[1] > 0 else -1


@dataclass(frozen=True, eq=False)
class KnownEquations:
    """Equations among the ``count`` coefficients of a model, each of which vanishes on all functions: by expansion over Q, or, where
    that would take too long, at random ``places``, but for their error."""

    subject: str
    equations: tuple[Any, ...]
    count: int
    places: tuple[WeightsPlace, ...] = ()
    error: float = field(default=0.0, init=False)

    def check(self, subject: EquationsOfModel) -> None:
        """Raises `NotShown` where one is no form, or 0, or there twice, where one does not vanish, or the error says little."""
        if subject.hash != self.subject or subject.coefficient_count() != self.count:
            raise NotShown("the certificate is one of another model")
        if not all(is_form(e, self.count) for e in self.equations):
            raise NotShown("an equation is no form of its degree in the coefficients")
        if len({frozenset((t, c * _sign(e)) for t, c in e.terms) for e in self.equations}) < len(self.equations):
            raise NotShown("an equation is there twice")
        expanded = [subject.vanishes(e) for e in self.equations]
        if False in expanded:
            raise NotShown("an equation does not vanish identically")
        long = tuple(e for e, known in zip(self.equations, expanded, strict=True) if not known)
        if not long:
            object.__setattr__(self, "error", 0.0)
            return
        if len({draw_of(p.prime, p.weights) for p in self.places}) < len(self.places):
            raise NotShown("different places are expected")
        for place in self.places:
            check_prime(place.prime)
            if not all(subject.vanishes_at(e, place) for e in long):
                raise NotShown("an equation does not vanish")
        errors = [subject.equations_error(long, place) for place in self.places]
        object.__setattr__(self, "error", prod(errors) if errors else 1.0)
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many equations."""
        claim = Claim.PROBABILITY if self.error else Claim.PROVED
        return Statement(VANISH, self.subject, len(self.equations), error=self.error), claim


def equations_in(known: Verdict, subject: Coefficients) -> KnownEquations:
    """The equations of a verdict. Raises `NotShown` for another model, or what was not checked."""
    found = known.certificate
    if not known.checked or not isinstance(found, KnownEquations) or found.subject != subject.hash:
        raise NotShown("equations that vanish on the model are expected")
    return found


@dataclass(frozen=True)
class WrittenEquations:
    """Equations written out: those of ``listed``, numbers among the ``known`` ones."""

    known: Verdict
    listed: tuple[int, ...]

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` for equations that are not known."""
        found = equations_in(self.known, subject)
        if not all(0 <= i < len(found.equations) for i in self.listed):
            raise NotShown("an equation is not among those known")

    def concludes(self) -> tuple[Statement, Claim]:
        """The equations."""
        found = self.known.certificate
        assert isinstance(found, KnownEquations)
        lines = [written(found.equations[i], found.count) for i in self.listed]
        return Statement("equations", found.subject, lines, error=self.known.statement.error), self.known.claim


@dataclass(frozen=True)
class ViolatedEquation:
    """A ``target`` at which an equation that vanishes on the model does not vanish: it is not even a limit of functions. ``part``: what
    is said, the verdict or the equation."""

    known: Verdict
    number: int
    target: Target
    part: str = "verdict"

    def check(self, subject: EquationsOfModel) -> None:
        """Raises `NotShown` where it vanishes, or is not known to vanish on the model."""
        found = equations_in(self.known, subject)
        if not 0 <= self.number < len(found.equations):
            raise NotShown("the equation is not among those known")
        values = [self.target.get(name, Fraction(0)) for name in subject.coefficient_names] + [Fraction(1)]
        terms = found.equations[self.number].terms
        if not sum(c * prod((values[i] for i in term), start=Fraction(1)) for term, c in terms):
            raise NotShown("the equation holds at the target")

    def concludes(self) -> tuple[Statement, Claim]:
        """Excluded, by that equation."""
        found = self.known.certificate
        assert isinstance(found, KnownEquations)
        value = "excluded" if self.part == "verdict" else f"{written(found.equations[self.number], found.count)} = 0"
        return Statement(f"membership: {self.part}", found.subject, value, error=self.known.statement.error), self.known.claim


@dataclass(frozen=True)
class AbsentCoefficient:
    """A ``target`` with a coefficient that is 0 in all functions of the model, by expansion: it is not even a limit of them."""

    subject: str
    target: Target
    name: tuple[int, tuple[int, ...]]

    def check(self, subject: EquationsOfModel) -> None:
        """Raises `NotShown` where the model has that coefficient, or the target has not."""
        if subject.hash != self.subject or self.name in subject.coefficient_names or not self.target.get(self.name):
            raise NotShown("no coefficient of the target is absent from the model")

    def concludes(self) -> tuple[Statement, Claim]:
        """Excluded."""
        return Statement("membership: verdict", self.subject, "excluded"), Claim.PROVED
