"""How many equations there are of each degree: the Hilbert function of the closure of the functions, and what follows from it.

From below: of the values of forms of degree k at functions of the model so many are independent mod a prime. From above: equations
that vanish have so many multiples. Where the closure is no cone, a last coordinate with the value 1 makes forms of equations.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import comb
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.known_equations import EquationsOfModel, KnownEquations, equations_in
from neurovariety.certificates.ranks import ModularRank, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


@dataclass(frozen=True, eq=False)
class FormsPlace:
    """Forms of a ``degree`` in the coefficients ``kept`` (indices), at functions of integer ``weights`` (S, N) mod ``prime``."""

    degree: int
    kept: tuple[int, ...]
    prime: int
    weights: np.ndarray


@runtime_checkable
class GradedEquations(EquationsOfModel, Protocol):
    """A model with the forms in its coefficients."""

    @property
    def form_variables(self) -> int:
        """The number of coefficients, and one more where a last coordinate stands for 1."""
        ...

    def forms_rank(self, place: FormsPlace) -> int:
        """The rank mod p of the values of all forms at a place, weight by weight of the gradings."""
        ...

    def quotient_dimensions(self, equations: tuple[Any, ...], degree: int, prime: int) -> tuple[int, ...]:
        """Dimensions of the forms of degree 0, 1, ..., ``degree`` modulo the multiples of equations, counted mod p: at least those over
        Q. Raises `NotShown` for equations that are not reduced by the linear ones among them."""
        ...

    def implied_over_q(self, equations: tuple[Any, ...], degree: int) -> int | None:
        """The dimension over Q of the forms of a degree that are multiples of equations of smaller ones, modulo linear equations; None
        where that would take too long."""
        ...


@dataclass(frozen=True, eq=False)
class HilbertFunction:
    """``values``: the dimensions of the forms of degree 0, 1, ..., K modulo those that vanish on the model. They are at least the ranks
    at ``places``, one a degree, and at most what the ``known`` equations leave mod ``prime``."""

    known: Verdict
    values: tuple[int, ...]
    places: tuple[FormsPlace, ...]
    prime: int

    def check(self, subject: GradedEquations) -> None:
        """Raises `NotShown` where a rank is smaller, or the equations leave more."""
        equations = equations_in(self.known, subject).equations
        check_prime(self.prime)
        if [place.degree for place in self.places] != list(range(1, len(self.values))) or self.values[:1] != (1,):
            raise NotShown("a place for each degree is expected")
        left = subject.quotient_dimensions(equations, len(self.values) - 1, self.prime)
        if any(most > value for most, value in zip(left, self.values, strict=True)):
            raise NotShown("there may be fewer equations")
        for place, value in zip(self.places, self.values[1:], strict=True):
            check_prime(place.prime)
            if len(set(place.kept)) < len(place.kept) or not all(0 <= j < subject.form_variables for j in place.kept):
                raise NotShown("different coordinates are expected")
            if subject.forms_rank(place) < value:
                raise NotShown("there may be more equations")

    def concludes(self) -> tuple[Statement, Claim]:
        """The Hilbert function."""
        known = self.known.statement
        return Statement("Hilbert function", known.subject, list(self.values), error=known.error), self.known.claim


def _hilbert(verdict: Verdict, subject: GradedEquations) -> tuple[HilbertFunction, list[int], Counter[int]]:
    """The Hilbert function of a verdict, the numbers of forms in as many variables as the linear equations leave, and how many of the
    known equations there are of each degree. Raises `NotShown`."""
    found = verdict.certificate
    if not verdict.checked or not isinstance(found, HilbertFunction):
        raise NotShown("the Hilbert function is expected")
    equations = equations_in(found.known, subject).equations
    m = found.values[1] if len(found.values) > 1 else subject.form_variables
    forms = [comb(m + k - 1, k) for k in range(len(found.values))]
    return found, forms, Counter(e.degree for e in equations)


@dataclass(frozen=True)
class MinimalGenerators:
    """How many equations of each degree are no combinations of multiples of those of smaller degree. ``exactly``: as many as there are
    known ones; else no more than these."""

    hilbert: Verdict
    exactly: bool = True

    def check(self, subject: GradedEquations) -> None:
        """Raises `NotShown` where fewer may be enough."""
        found, forms, by_degree = _hilbert(self.hilbert, subject)
        equations = equations_in(found.known, subject).equations
        if not self.exactly:
            return
        if by_degree[1] != subject.form_variables - forms[1]:
            raise NotShown("the linear equations depend on each other")
        for k in sorted(by_degree):
            if k >= len(forms):
                raise NotShown("a degree that was not searched")
            if k == 1:
                continue
            below = tuple(e for e in equations if e.degree < k)
            implied = subject.implied_over_q(below, k) if any(e.degree > 1 for e in below) else 0
            if implied is None or forms[k] - found.values[k] - implied != by_degree[k]:
                raise NotShown("fewer equations may be enough")

    def concludes(self) -> tuple[Statement, Claim]:
        """The numbers by degree."""
        found = self.hilbert.certificate
        assert isinstance(found, HilbertFunction)
        assert isinstance(found.known.certificate, KnownEquations)
        counts = Counter(e.degree for e in found.known.certificate.equations)
        said = self.hilbert.statement
        claim = self.hilbert.claim if self.exactly else Claim.UPPER_BOUND
        value = {str(k): n for k, n in counts.items()}
        return Statement("minimal generators", said.subject, value, error=said.error), claim


@dataclass(frozen=True)
class SearchedUpTo:
    """The degree up to which the Hilbert function is known."""

    hilbert: Verdict

    def check(self, subject: GradedEquations) -> None:
        """Raises `NotShown` for another verdict."""
        _hilbert(self.hilbert, subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The degree."""
        said = self.hilbert.statement
        return Statement("equations up to degree", said.subject, len(said.value) - 1, error=said.error), self.hilbert.claim


@dataclass(frozen=True, eq=False)
class GenerateAll:
    """Whether the known equations are shown to generate all.

    They do (``complete``) where the ``rank`` of the Jacobian says that the model fills what the linear ones leave, or a hypersurface in
    it, whose equation is that of least degree: there is one, and none below.
    """

    hilbert: Verdict
    rank: ModularRank
    complete: bool

    def check(self, subject: GradedEquations) -> None:
        """Raises `NotShown` where they are said to, and it is not shown."""
        found, forms, by_degree = _hilbert(self.hilbert, subject)
        if not self.complete:
            return
        self.rank.check(subject)
        if self.rank.kind != DIMENSION:
            raise NotShown("the rank of the Jacobian is expected")
        room = subject.coefficient_count() - (subject.form_variables - forms[1])
        curved = {k: n for k, n in by_degree.items() if k > 1}
        if self.rank.value == room and not curved:
            return
        (d, n), *others = list(curved.items()) or [(0, 0)]
        below = d < len(forms) and all(v == f for v, f in zip(found.values[:d], forms[:d], strict=True))
        if self.rank.value != room - 1 or others or n != 1 or not below or forms[d] - found.values[d] != 1:
            raise NotShown("further equations are not excluded")

    def concludes(self) -> tuple[Statement, Claim]:
        """Whether they are shown to."""
        said = self.hilbert.statement
        claim = self.hilbert.claim if self.complete else Claim.PROVED
        return Statement("shown to generate all equations", said.subject, self.complete, error=said.error), claim


def generated_by(generate: Verdict, known: KnownEquations) -> KnownEquations:
    """The ``known`` equations, which a verdict says to generate all. Raises `NotShown` where it says so of others, or does not."""
    shown = generate.certificate
    hilbert = shown.hilbert.certificate if isinstance(shown, GenerateAll) and shown.complete and generate.shown else None
    if not isinstance(hilbert, HilbertFunction) or hilbert.known.certificate is not known:
        raise NotShown("equations that generate all are expected")
    return known


@dataclass(frozen=True, eq=False)
class BoundByEquations:
    """The dimension is at most the number of coefficients less the rank, at one place, of the gradients of the known equations."""

    known: Verdict
    prime: int
    weights: np.ndarray
    rank: int

    def check(self, subject: GradedEquations) -> None:
        """Raises `NotShown` where the gradients have a smaller rank."""
        equations = equations_in(self.known, subject).equations
        check_prime(self.prime)
        if self.rank and subject.equations_rank(equations, self.prime, self.weights) < self.rank:
            raise NotShown("the equations do not have gradients of that rank")

    def concludes(self) -> tuple[Statement, Claim]:
        """A bound."""
        found = self.known.certificate
        assert isinstance(found, KnownEquations)
        value = found.count - self.rank
        return Statement("bound of the dimension", found.subject, value, error=self.known.statement.error), self.known.claim
