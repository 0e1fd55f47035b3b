"""Linear symmetries of a parametrization: the Lie algebra of the matrices A with J(w) A w = 0 for all w, within an ansatz.

From above: of the equations at finitely many points mod a prime at most as many are independent as over Q at all points. From below:
matrices of which the identity is shown. The dimension of a general orbit is the generic rank of the fields A w.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from types import MappingProxyType
from typing import Literal, Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.functions import DIMENSION, Functions, draw_of
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, LARGEST_ERROR, ModularRank, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

AnsatzScope = Literal["all", "block-diagonal", "axes"]
"""Which linear maps of the weights are searched: all of them, those within the blocks, those along the axes of blocks."""

AMONG: Mapping[AnsatzScope, str] = MappingProxyType(
    {
        "all": "among all linear maps of the parameters",
        "block-diagonal": "among linear maps within each parameter block",
        "axes": "among linear maps along the axes of each parameter block",
    }
)
STATED = "stated linear symmetries"

SparseVector = tuple[tuple[int, Fraction], ...]
"""(unknown of the ansatz, coefficient) of a linear map."""


def symmetries_in(scope: AnsatzScope) -> str:
    """The kind of a statement on the dimension of the Lie algebra within an ansatz: one in another is another statement."""
    return f"linear symmetries: {scope}"


@dataclass(frozen=True, eq=False)
class MapsPlace:
    """Linear equations J(w) A w = 0 mod ``prime`` on the maps A of an ansatz, at each of ``weights`` (W, N) with ``inputs``
    (W, n, *input shape), for the ``coefficients`` of the model. The first two are None where they were too large to keep."""

    ansatz: AnsatzScope
    prime: int
    weights: np.ndarray | None
    inputs: np.ndarray | None
    coefficients: np.ndarray


@runtime_checkable
class Reparametrizations(Functions, Protocol):
    """A model with linear maps of its weights, written in the unknowns of an ansatz."""

    def ansatz_unknowns(self, ansatz: AnsatzScope) -> int:
        """The number of linear maps that span the ansatz."""
        ...

    def map_of(self, ansatz: AnsatzScope, vector: SparseVector) -> dict[tuple[int, int], Fraction]:
        """The matrix of a vector of unknowns: (target, source) -> entry."""
        ...

    def maps_rank(self, place: MapsPlace) -> int:
        """The rank mod p of the equations at a place. Raises `NotShown` where its arrays were too large to keep."""
        ...

    def maps_vanish(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> bool:
        """Whether linear maps solve the equations at a place."""
        ...

    def maps_error(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> float:
        """The probability, at most, that one of them solves the equations at a random place like this without being a symmetry."""
        ...

    def is_symmetry(self, ansatz: AnsatzScope, vector: SparseVector) -> bool | None:
        """Whether J(w) A w = 0 identically, by expansion over Q; None where that would take too long."""
        ...

    def stated_maps_rank(self, ansatz: AnsatzScope, prime: int) -> int:
        """The rank mod p of the stated generators that are verified, as maps. Raises `NotShown` where one is not of the ansatz."""
        ...

    def stated_maps_over_q(self, ansatz: AnsatzScope) -> int | None:
        """The same over Q; None where that would take too long."""
        ...

    def maps_fields_rank(self, ansatz: AnsatzScope, vectors: tuple[SparseVector, ...], prime: int, weights: np.ndarray) -> int:
        """The rank mod p of the fields A w of linear maps at ``weights``."""
        ...


def _of(subject: Functions, expected: str) -> None:
    if subject.hash != expected:
        raise NotShown("the certificate is one of another model")


def _scope(ansatz: AnsatzScope, general: bool) -> tuple[str, ...]:
    return (AMONG[ansatz], GENERAL_COEFFICIENTS) if general else (AMONG[ansatz],)


@dataclass(frozen=True, eq=False)
class MapsAtMost:
    """The equations at a place leave ``value`` dimensions of maps mod p, so no more over Q. ``general``: the model has general
    coefficients, which are drawn there."""

    subject: str
    place: MapsPlace
    value: int
    general: bool = False

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where the equations leave more."""
        _of(subject, self.subject)
        check_prime(self.place.prime)
        if self.general != subject.generic:
            raise NotShown("general coefficients belong to the statement")
        left = subject.ansatz_unknowns(self.place.ansatz) - subject.maps_rank(self.place)
        if left > self.value:
            raise NotShown(f"the equations leave {left} dimensions")

    def concludes(self) -> tuple[Statement, Claim]:
        """The Lie algebra has at most that dimension."""
        ansatz = self.place.ansatz
        scope = _scope(ansatz, self.general)
        return Statement(symmetries_in(ansatz), self.subject, self.value, scope), Claim.UPPER_BOUND


@dataclass(frozen=True)
class StatedMaps:
    """The generators of the stated symmetries that are verified as identities lie in the ansatz, and ``value`` of them are independent
    mod ``prime``."""

    subject: str
    ansatz: AnsatzScope
    prime: int
    value: int

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where fewer are independent."""
        _of(subject, self.subject)
        check_prime(self.prime)
        if subject.stated_maps_rank(self.ansatz, self.prime) < self.value:
            raise NotShown("the stated symmetries span less")

    def concludes(self) -> tuple[Statement, Claim]:
        """The Lie algebra has at least that dimension."""
        return Statement(symmetries_in(self.ansatz), self.subject, self.value, _scope(self.ansatz, False)), Claim.LOWER_BOUND


@dataclass(frozen=True)
class StatedSpan:
    """The dimension of the span of the stated symmetries that are verified. It is ``exactly`` ``value`` where all generators are
    independent, where the Lie algebra has no more dimensions (``within``), or by the rank over Q."""

    least: StatedMaps
    within: Verdict | None = None
    exactly: bool = True

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where the span is smaller, or (``exactly``) not shown to be no larger."""
        self.least.check(subject)
        if not self.exactly or subject.field_generators == self.least.value:
            return
        if self.within is None:
            if subject.stated_maps_over_q(self.least.ansatz) != self.least.value:
                raise NotShown("the stated symmetries may span more")
            return
        said = self.within.statement
        known = self.within.shown and self.within.claim in (Claim.PROVED, Claim.UPPER_BOUND)
        if not known or (said.kind, said.subject, said.value) != (symmetries_in(self.least.ansatz), subject.hash, self.least.value):
            raise NotShown("the Lie algebra may be larger than the stated symmetries")

    def concludes(self) -> tuple[Statement, Claim]:
        """They span that many dimensions."""
        least = self.least
        said = Statement(STATED, least.subject, least.value, _scope(least.ansatz, False))
        return said, Claim.PROVED if self.exactly else Claim.LOWER_BOUND


@dataclass(frozen=True)
class ExpandedMaps:
    """Linear maps of the ansatz, independent mod ``prime``, each with J(w) A w = 0 identically, by expansion over Q."""

    subject: str
    ansatz: AnsatzScope
    vectors: tuple[SparseVector, ...]
    prime: int

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where one is no symmetry, or they depend on each other."""
        _of(subject, self.subject)
        if subject.generic:
            raise NotShown("general coefficients are not expanded")
        check_independent(subject, self.ansatz, self.vectors, self.prime)
        if not all(subject.is_symmetry(self.ansatz, v) for v in self.vectors):
            raise NotShown("a linear map is not shown to change no function")

    def concludes(self) -> tuple[Statement, Claim]:
        """The Lie algebra has at least that dimension."""
        said = Statement(symmetries_in(self.ansatz), self.subject, len(self.vectors), _scope(self.ansatz, False))
        return said, Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class SampledMaps:
    """As many linear maps as the Lie algebra has dimensions at most (``upper``), independent mod ``prime``, that pass a test at each of
    the random ``places``. A wrong one makes an entry of J(w) A w a nonzero polynomial, which degree and height bound the zeros of."""

    vectors: tuple[SparseVector, ...]
    prime: int
    places: tuple[MapsPlace, ...]
    upper: Verdict
    error: float = field(default=1.0, init=False)

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where a map fails, or the error says little."""
        known = self.upper.certificate
        if not self.upper.shown or not isinstance(known, MapsAtMost) or self.upper.statement.value != len(self.vectors):
            raise NotShown("as many maps as the equations leave are expected")
        _of(subject, known.subject)
        ansatz = known.place.ansatz
        check_independent(subject, ansatz, self.vectors, self.prime)
        if len({draw_of(p.prime, *(() if p.weights is None else (p.weights,))) for p in self.places}) < len(self.places):
            raise NotShown("tests at different places are expected")
        for place in self.places:
            check_prime(place.prime)
            if place.ansatz != ansatz or not subject.maps_vanish(self.vectors, place):
                raise NotShown("a linear map changes a function")
        errors = [subject.maps_error(self.vectors, place) for place in self.places]
        object.__setattr__(self, "error", prod(errors) if errors else 1.0)
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """The Lie algebra has that dimension, but for the error."""
        said = self.upper.statement
        return Statement(said.kind, said.subject, said.value, said.scope, self.error), Claim.PROBABILITY


def check_independent(subject: Reparametrizations, ansatz: AnsatzScope, vectors: tuple[SparseVector, ...], prime: int) -> None:
    """Raises `NotShown` unless the maps, as matrices, are independent mod ``prime``."""
    check_prime(prime)
    maps = [subject.map_of(ansatz, v) for v in vectors]
    places = {key: i for i, key in enumerate(dict.fromkeys(key for entries in maps for key in entries))}
    matrix = flint.nmod_mat(len(maps), max(len(places), 1), prime)
    for i, entries in enumerate(maps):
        for key, value in entries.items():
            if value.denominator % prime == 0:
                raise NotShown("the prime divides a denominator")
            matrix[i, places[key]] = value.numerator * pow(value.denominator, -1, prime) % prime
    if matrix.rank() < len(maps):
        raise NotShown("the linear maps are not shown to be independent")


@dataclass(frozen=True)
class UnstatedMaps:
    """What the stated symmetries leave of the Lie algebra."""

    dimension: Verdict
    stated: Verdict

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where they are not those of one ansatz."""
        whole, part = self.dimension, self.stated
        known = isinstance(part.certificate, StatedSpan) and whole.shown and part.shown
        if not known or whole.claim in (Claim.LOWER_BOUND, Claim.ESTIMATE, Claim.UNDECIDED):
            raise NotShown("the dimension of the Lie algebra, from above, and that of its stated part are expected")
        assert isinstance(part.certificate, StatedSpan)
        _of(subject, whole.statement.subject)
        _of(subject, part.statement.subject)
        if whole.statement.kind != symmetries_in(part.certificate.least.ansatz):
            raise NotShown("the two are searched among other maps")

    def concludes(self) -> tuple[Statement, Claim]:
        """The difference; at most that, where a bound is not reached."""
        whole, part = self.dimension.statement, self.stated.statement
        claim = Claim.weakest((self.dimension.claim, self.stated.claim))
        claim = Claim.UPPER_BOUND if claim is Claim.LOWER_BOUND else claim
        return Statement("unstated linear symmetries", whole.subject, whole.value - part.value, whole.scope, whole.error), claim


@dataclass(frozen=True, eq=False)
class OrbitDimension:
    """The dimension of a general orbit of the Lie algebra is ``value``: the fields of ``maps``, which are shown, have that rank at
    ``weights`` mod ``prime``, and none can have a larger one, by the dimension of the Lie algebra (``upper``) or by the ``rank`` of the
    Jacobian, in whose kernel they lie."""

    maps: Verdict
    upper: Verdict
    rank: ModularRank
    prime: int
    weights: np.ndarray
    value: int

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` where the fields have a smaller rank, or may have a larger one."""
        check_prime(self.prime)
        known, above = self.maps.certificate, self.upper.certificate
        if not self.maps.shown or not self.upper.shown or not isinstance(above, MapsAtMost):
            raise NotShown("what bounds the Lie algebra is expected")
        _of(subject, above.subject)
        _of(subject, self.maps.statement.subject)
        if self.maps.statement.kind != self.upper.statement.kind:
            raise NotShown("the maps are of another ansatz")
        if isinstance(known, StatedMaps):
            found = subject.fields_rank(self.prime, self.weights)
        elif isinstance(known, ExpandedMaps | SampledMaps):
            found = subject.maps_fields_rank(above.place.ansatz, known.vectors, self.prime, self.weights)
        else:
            raise NotShown("linear maps that are shown are expected")
        self.rank.check(subject)
        if self.rank.kind != DIMENSION:
            raise NotShown("the rank of the Jacobian is expected")
        if found < self.value or self.value < min(above.value, subject.parameters - self.rank.value):
            raise NotShown("the rank of the fields is not as large as it can be")

    def concludes(self) -> tuple[Statement, Claim]:
        """A general orbit has that dimension."""
        said, upper = self.maps.statement, self.upper.statement
        claim = Claim.PROBABILITY if self.maps.claim is Claim.PROBABILITY else Claim.PROVED
        return Statement("general orbit", said.subject, self.value, upper.scope, said.error), claim


@dataclass(frozen=True)
class SearchedAmong:
    """Which linear maps were searched: those of the ansatz of ``upper``."""

    upper: Verdict

    def check(self, subject: Reparametrizations) -> None:
        """Raises `NotShown` for what bounds no Lie algebra."""
        if not self.upper.shown or not isinstance(self.upper.certificate, MapsAtMost):
            raise NotShown("a bound of the Lie algebra is expected")
        _of(subject, self.upper.statement.subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The ansatz."""
        assert isinstance(self.upper.certificate, MapsAtMost)
        return Statement("ansatz", self.upper.statement.subject, self.upper.certificate.place.ansatz), Claim.PROVED
