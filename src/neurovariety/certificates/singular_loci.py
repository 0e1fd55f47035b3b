"""Dimensions of singular loci, from both sides.

From below: at a random point of a family of strata with common functions the images of J span more than the closure has dimensions, so
general functions of the family are singular; and a cone is singular at its vertex, where the tangent space holds its whole span. From
above: a theorem that only certain families are singular; or equations, whose gradients drop rank nowhere on a linear space of some
codimension, so that the locus, which is a cone, has at most that dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.functions import DIMENSION, SPAN, Coefficients, Functions, draw_of
from neurovariety.certificates.hilbert_function import generated_by
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.known_equations import equations_in
from neurovariety.certificates.ranks import LARGEST_ERROR, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stratum_ranks import ON_STRATUM, limits
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

LOCUS = "singularities: dimension"
_BELOW = (Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND)
"""Claims of dimensions that are ranks at one point at least, which is a proof."""
_ABOVE = (Claim.PROVED, Claim.UPPER_BOUND)
_SURE = (Claim.PROVED, Claim.PROBABILITY)


@dataclass(frozen=True, eq=False)
class FamilyPlace:
    """One function of a family of ``strata``, by name: residues mod ``prime`` of the parameters that they ``shared``, of the others of
    points ``on`` the strata (the number of a stratum, residues), of the model's ``coefficients``, and of ``inputs``."""

    strata: tuple[str, ...]
    prime: int
    shared: np.ndarray
    on: tuple[tuple[int, np.ndarray], ...]
    coefficients: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True, eq=False)
class SectionPlace:
    """A linear space spanned by the integer columns of ``frame``, mod ``prime``."""

    prime: int
    frame: np.ndarray


@runtime_checkable
class FamiliesOfStrata(Functions, Protocol):
    """A model with families of strata of its weights that give the same functions with the same parameters."""

    def family_network(self, strata: tuple[str, ...]) -> str | None:
        """The hash of a model with as many dimensions of functions as a family. Raises `NotShown` for strata that are no family."""
        ...

    def joint_rank(self, place: FamilyPlace) -> int:
        """The rank mod p of the derivatives at all points of a place together. Raises `NotShown` where it is no place of a family, or
        the points have different functions."""
        ...

    def vertex(self) -> int | None:
        """The dimension of the constants where the closure is known to be invariant under adding them, else 0 where it is known to be a
        cone; None where it is not."""
        ...

    def singular_families(self) -> tuple[str, tuple[tuple[str, ...], ...]] | None:
        """The theorem that all singular functions are those of some families, and 0, with these; None where there is none."""
        ...


@runtime_checkable
class SectionsOfLoci(Coefficients, Protocol):
    """A model whose equations can be cut by linear spaces."""

    def is_cone(self) -> bool:
        """Whether the coefficients of its functions are a cone."""
        ...

    def section_has_zero(self, equations: tuple[Any, ...], dimension: int, place: SectionPlace) -> tuple[int, bool | None]:
        """Of equations of a closure of that dimension, in as many coordinates as linear ones leave, with the minors of their gradients
        of the size of the codimension: the number of these coordinates, and whether they have a common zero but 0 on the linear space,
        by exact elimination mod p; None where that is too much work."""
        ...

    def section_error(self, equations: tuple[Any, ...], dimension: int, place: SectionPlace) -> float:
        """The probability, at most, that they have one on a random linear space like this, and none on general ones over Q."""
        ...


def _dimension(verdict: Verdict, subject: Functions, claims: tuple[Claim, ...]) -> int:
    said = verdict.statement
    if not verdict.shown or (said.kind, said.subject) != (DIMENSION, subject.hash) or verdict.claim not in claims:
        raise NotShown("a bound of the dimension of the closure is expected")
    return int(said.value)


def _size(verdict: Verdict, subject: FamiliesOfStrata, strata: tuple[str, ...], claims: tuple[Claim, ...]) -> int:
    """The dimension of the functions of a family, of a model with as many or a rank along one of its strata."""
    said = verdict.statement
    network = subject.family_network(strata)
    if not verdict.shown or verdict.claim not in claims:
        raise NotShown("the dimension of the functions of a family is expected")
    if said.kind == DIMENSION and said.subject == network and network is not None:
        return int(said.value)
    if (said.kind, said.subject) == (ON_STRATUM, subject.hash) and said.scope[0] in strata:
        return int(said.value[2])
    raise NotShown("the dimension is one of other functions")


@dataclass(frozen=True, eq=False)
class SingularFamily:
    """General functions of a family are singular, at a ``place`` where derivatives span more than the ``upper`` bound of the closure;
    the locus has at least the dimension of the functions of the family, ``size``."""

    place: FamilyPlace
    upper: Verdict
    size: Verdict
    value: int

    def check(self, subject: FamiliesOfStrata) -> None:
        """Raises `NotShown` where the functions are not shown to be singular, or so many."""
        check_prime(self.place.prime)
        if subject.joint_rank(self.place) <= _dimension(self.upper, subject, _ABOVE):
            raise NotShown("the derivatives span no more than the closure has dimensions")
        if _size(self.size, subject, self.place.strata, _BELOW) < self.value:
            raise NotShown("the functions have fewer dimensions")

    def concludes(self) -> tuple[Statement, Claim]:
        """The locus has at least that dimension."""
        return Statement(LOCUS, self.upper.statement.subject, self.value, limits([self.upper, self.size])), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class SingularVertex:
    """A cone is singular at 0, and where constants can be added at all of them, if its ``span`` is larger than it is (``upper``)."""

    span: Verdict
    upper: Verdict
    value: int

    def check(self, subject: FamiliesOfStrata) -> None:
        """Raises `NotShown` where the closure is not known to be a cone, or may be as large as its span."""
        said = self.span.statement
        known = self.span.shown and (said.kind, said.subject) == (SPAN, subject.hash) and self.span.claim in _BELOW
        if not known or said.value <= _dimension(self.upper, subject, _ABOVE):
            raise NotShown("the closure may be its whole span")
        if subject.vertex() is None or self.value != subject.vertex():
            raise NotShown("the vertex is another")

    def concludes(self) -> tuple[Statement, Claim]:
        """The locus has at least that dimension."""
        return Statement(LOCUS, self.upper.statement.subject, self.value, limits([self.upper, self.span])), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class SingularInFamilies:
    """A theorem says that all singular functions are those of some families, and 0: the locus has at most the largest of the dimensions
    of these, ``sizes`` in their order."""

    subject: str
    theorem: str
    sizes: tuple[Verdict, ...]
    value: int

    def check(self, subject: FamiliesOfStrata) -> None:
        """Raises `NotShown` where the theorem is another, or a family may be larger."""
        known = subject.singular_families()
        if subject.hash != self.subject or known is None or known[0] != self.theorem or len(known[1]) != len(self.sizes):
            raise NotShown("no theorem says that these are the singular functions")
        found = [_size(v, subject, strata, _SURE) for v, strata in zip(self.sizes, known[1], strict=True)]
        if max([0, *found]) > self.value:
            raise NotShown("a family is larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The locus has at most that dimension: but for the errors of those of the families."""
        error = sum(v.statement.error for v in self.sizes)
        claim = Claim.PROBABILITY if error or any(v.claim is Claim.PROBABILITY for v in self.sizes) else Claim.UPPER_BOUND
        return Statement(f"{LOCUS}, at most", self.subject, self.value, limits(self.sizes), error), claim


@dataclass(frozen=True, eq=False)
class LocusAtMost:
    """``known`` equations and the minors of their gradients, of the size of the codimension, have no common zero on a linear space: the
    locus, a cone, has at most the codimension of that space. ``dimension`` bounds that of the closure from below."""

    known: Verdict
    dimension: Verdict
    place: SectionPlace
    value: int

    def check(self, subject: SectionsOfLoci) -> None:
        """Raises `NotShown` where they may have one, or the space is larger or smaller."""
        found = equations_in(self.known, subject)
        if self.known.claim is not Claim.PROVED or not subject.is_cone():
            raise NotShown("equations of a cone that are proved to vanish are expected")
        check_prime(self.place.prime)
        coordinates, zero = subject.section_has_zero(found.equations, _dimension(self.dimension, subject, _BELOW), self.place)
        if zero is not False or coordinates - self.place.frame.shape[1] != self.value:
            raise NotShown("the locus may be larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The locus has at most that dimension."""
        scope = limits([self.known, self.dimension])
        return Statement(f"{LOCUS}, at most", self.known.statement.subject, self.value, scope), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class LocusAtLeast:
    """Equations that ``generate`` all have, with those minors, a common zero on random linear spaces of codimension ``value`` - 1, but
    for the error of these: the locus has at least that dimension. ``dimension`` is that of the closure."""

    known: Verdict
    generate: Verdict
    dimension: Verdict
    places: tuple[SectionPlace, ...]
    value: int
    error: float = field(default=1.0, init=False)

    def check(self, subject: SectionsOfLoci) -> None:
        """Raises `NotShown` where there may be more equations, a section has no zero, or the error says little."""
        found = generated_by(self.generate, equations_in(self.known, subject))
        size = _dimension(self.dimension, subject, _SURE)
        if not subject.is_cone() or len({draw_of(p.prime, p.frame) for p in self.places}) < len(self.places):
            raise NotShown("different sections of a cone are expected")
        for place in self.places:
            check_prime(place.prime)
            coordinates, zero = subject.section_has_zero(found.equations, size, place)
            if not zero or coordinates - place.frame.shape[1] != self.value - 1:
                raise NotShown("the equations have no common zero there")
        errors = [min(1.0, subject.section_error(found.equations, size, place)) for place in self.places]
        object.__setattr__(self, "error", prod(errors))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """The locus has at least that dimension, but for the error."""
        used = (self.generate, self.dimension)
        error = self.error + sum(v.statement.error for v in used)
        subject = self.generate.statement.subject
        return Statement(f"{LOCUS}, at least", subject, self.value, limits(used), error), Claim.PROBABILITY


@dataclass(frozen=True, eq=False)
class LocusDimension:
    """Bounds of the dimension of the locus from below and from above that are the same number, or one of them alone."""

    lower: Verdict | None
    upper: Verdict | None

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where they are no bounds of one locus, or do not meet."""
        for verdict, kinds, claims in (
            (self.lower, (LOCUS, f"{LOCUS}, at least"), (Claim.LOWER_BOUND, Claim.PROBABILITY)),
            (self.upper, (f"{LOCUS}, at most",), (Claim.UPPER_BOUND, Claim.PROBABILITY)),
        ):
            if verdict is None:
                continue
            said = verdict.statement
            if not verdict.shown or said.kind not in kinds or said.subject != subject.hash or verdict.claim not in claims:
                raise NotShown("a bound of the dimension of the locus is expected")
        known = [v.statement.value for v in (self.lower, self.upper) if v is not None]
        if not known or len(set(known)) > 1:
            raise NotShown("the bounds do not meet")
        if len(known) == 1 and any(v is not None and v.claim is Claim.PROBABILITY for v in (self.lower, self.upper)):
            raise NotShown("a bound that is right with a probability is none from one side")

    def concludes(self) -> tuple[Statement, Claim]:
        """That dimension, or a bound of it."""
        used = [v for v in (self.lower, self.upper) if v is not None]
        said, error = used[0].statement, sum(v.statement.error for v in used)
        scope = limits(used)
        claim = used[0].claim
        if len(used) == 2:
            claim = Claim.PROBABILITY if any(v.claim is Claim.PROBABILITY for v in used) else Claim.PROVED
        return Statement(LOCUS, said.subject, said.value, scope, error), claim


@dataclass(frozen=True, eq=False)
class LocusCodimension:
    """How much smaller than the ``whole`` the locus is, of which the dimension, or a bound, is known."""

    whole: Verdict
    locus: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where one of them is not known, or the locus is empty."""
        said = self.locus.statement
        if not self.locus.checked or (said.kind, said.subject) != (LOCUS, subject.hash) or said.value < 0:
            raise NotShown("the dimension of a locus that is not empty is expected")
        _dimension(self.whole, subject, _SURE)

    def concludes(self) -> tuple[Statement, Claim]:
        """The difference: a bound of the dimension bounds it from the other side."""
        said, whole = self.locus.statement, self.whole.statement
        turned = {Claim.LOWER_BOUND: Claim.UPPER_BOUND, Claim.UPPER_BOUND: Claim.LOWER_BOUND}
        claim = Claim.weakest([self.whole.claim, turned.get(self.locus.claim, self.locus.claim)])
        value, scope, error = whole.value - said.value, limits([self.locus, self.whole]), said.error + whole.error
        return Statement("singularities: codimension", said.subject, value, scope, error), claim


@dataclass(frozen=True, eq=False)
class DegreeOfVertex:
    """A locus of dimension 0 that is a cone is the point 0, of degree 1."""

    locus: Verdict

    def check(self, subject: FamiliesOfStrata) -> None:
        """Raises `NotShown` where the locus is not known to be a point."""
        said = self.locus.statement
        known = self.locus.shown and (said.kind, said.subject, said.value) == (LOCUS, subject.hash, 0)
        if not known or self.locus.claim not in _SURE or subject.vertex() != 0:
            raise NotShown("the locus is not known to be a point")

    def concludes(self) -> tuple[Statement, Claim]:
        """Its degree is 1."""
        said = self.locus.statement
        return Statement("singularities: degree", said.subject, 1, said.scope, said.error), self.locus.claim
