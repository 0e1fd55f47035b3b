"""The fiber through given weights w: its local dimension over C, from below by families of weights in it, from above by local algebra.

All dimensions are those of sets of complex weights. The real fiber through real weights may have fewer: w_1^2 + w_2^2 = 0 is two lines
over C and a point over R.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Protocol, runtime_checkable

import numpy as np

from neurovariety.certificates.functions import DIMENSION, Functions, draw_of
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_symmetries import SparseVector
from neurovariety.certificates.ranks import LARGEST_ERROR, ModularRank, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Weights = tuple[Fraction, ...]

OVER_C = "over the complex numbers (real fibers can be smaller)"
_SCOPE = ("at the weights given", OVER_C)
FIBER_AT = "dimension of the fiber at given weights"
HIDDEN_AT, IDENTIFIED = "hidden directions at given weights", "given weights are identifiable"
_AT_LEAST, _AT_MOST, _ORBIT = f"{FIBER_AT}: at least", f"{FIBER_AT}: at most", "dimension of the orbit of given weights"


@dataclass(frozen=True, eq=False)
class Steps:
    """Multiples ``steps`` (k,) of k directions mod ``prime``, and inputs and coefficients at which the function is asked."""

    prime: int
    steps: np.ndarray
    inputs: np.ndarray
    coefficients: np.ndarray


@dataclass(frozen=True, eq=False)
class LocalSlice:
    """The fiber cut by the linear space through the weights ``at`` that the columns of ``directions`` B (N, m), integers, span: f at
    w + B t equals f at w for each of the ``inputs``, integers, and the ``coefficients`` of the model."""

    at: Weights
    directions: np.ndarray
    inputs: np.ndarray
    coefficients: tuple[Fraction, ...]


@runtime_checkable
class FunctionsAtWeights(Functions, Protocol):
    """A model near given weights."""

    def fields_rank_over_q(self, at: Weights) -> int | None:
        """The rank over Q of the stated symmetry fields that are verified; None where that would take too long."""
        ...

    def fields_error_at(self, at: Weights, prime: int) -> float:
        """The probability, at most, that their rank mod a random prime like this is smaller."""
        ...

    def is_constant(self, at: Weights, directions: tuple[SparseVector, ...]) -> bool | None:
        """Whether the function stays the same along all combinations of directions, by expansion over Q; None where that would take too
        long."""
        ...

    def stays(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> bool:
        """Whether it does mod p, at a place."""
        ...

    def stays_error(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> float:
        """The probability, at most, that it does at a random place like this and not everywhere."""
        ...

    def swept_rank(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> int:
        """The rank mod p of the directions and the verified symmetry fields at the weights that lie so many steps away."""
        ...

    def local_dimension(self, piece: LocalSlice, order: int, prime: int) -> int:
        """The dimension over F_p of power series in t modulo the equations of the piece and all terms above ``order``."""
        ...


def _of(subject: Functions, expected: str, at: Weights) -> None:
    if subject.hash != expected or len(at) != subject.parameters:
        raise NotShown("the certificate is one of another model, or of other weights")


def residues(at: Weights, prime: int) -> list[int]:
    """Exact numbers mod a prime. Raises `NotShown` where it divides a denominator, and for what is no prime."""
    check_prime(prime)
    if any(v.denominator % prime == 0 for v in at):
        raise NotShown("the prime divides a denominator")
    return [v.numerator * pow(v.denominator, -1, prime) % prime for v in at]


@dataclass(frozen=True, eq=False)
class NoSmallerThanGeneral:
    """No fiber has a smaller local dimension than a general one: the parameters less the dimension of the functions."""

    at: Weights
    dimension: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the dimension is not bounded from above."""
        known = self.dimension.statement
        _of(subject, known.subject, self.at)
        above = self.dimension.claim in (Claim.PROVED, Claim.PROBABILITY, Claim.UPPER_BOUND)
        if known.kind != DIMENSION or not above or not self.dimension.shown:
            raise NotShown("the dimension is not bounded from above")

    def concludes(self) -> tuple[Statement, Claim]:
        """At least what is left."""
        known = self.dimension.statement
        claim = Claim.PROBABILITY if self.dimension.claim is Claim.PROBABILITY else Claim.PROVED
        value = len(self.at) - known.value
        return Statement(_AT_LEAST, known.subject, value, (*_SCOPE, *known.scope), known.error), claim


@dataclass(frozen=True)
class OrbitAt:
    """The orbit of the weights under the stated symmetries that are verified has dimension ``value``: the largest rank of their fields
    mod ``primes``. It is no more where all of them are independent, by the rank over Q, or but for the error at random primes."""

    subject: str
    at: Weights
    primes: tuple[int, ...]
    value: int
    error: float = field(default=0.0, init=False, compare=False)

    def check(self, subject: FunctionsAtWeights) -> None:
        """Raises `NotShown` where the rank is another."""
        _of(subject, self.subject, self.at)
        if not self.primes or len(set(self.primes)) < len(self.primes):
            raise NotShown("different primes are expected")
        ranks = [subject.fields_rank(p, np.array(residues(self.at, p), dtype=np.float64)) for p in self.primes]
        if max(ranks) != self.value:
            raise NotShown("the fields have another rank")
        if self.value in (subject.field_generators, len(self.at)) or subject.fields_rank_over_q(self.at) == self.value:
            return
        object.__setattr__(self, "error", prod(subject.fields_error_at(self.at, p) for p in self.primes))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """It has that dimension."""
        claim = Claim.PROBABILITY if self.error else Claim.PROVED
        return Statement(_ORBIT, self.subject, self.value, _SCOPE, self.error), claim


@dataclass(frozen=True)
class OrbitInFiber:
    """The orbit lies in the fiber, which has at least the rank of the symmetry fields there as its dimension."""

    subject: str
    at: Weights
    prime: int
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the fields have a smaller rank."""
        _of(subject, self.subject, self.at)
        if subject.fields_rank(self.prime, np.array(residues(self.at, self.prime), dtype=np.float64)) < self.value:
            raise NotShown("the fields have a smaller rank")

    def concludes(self) -> tuple[Statement, Claim]:
        """At least that dimension."""
        return Statement(_AT_LEAST, self.subject, self.value, _SCOPE), Claim.PROVED


@dataclass(frozen=True, eq=False)
class SweptSpace:
    """The function stays the same along all combinations of ``directions``; that space, moved by the stated symmetries, sweeps out an
    irreducible piece of the fiber through the weights, of at least the dimension that directions and fields at a ``place`` of it span.

    That it stays the same is shown by expansion over Q, or, where there are ``tests`` at random places, but for their error.
    """

    subject: str
    at: Weights
    directions: tuple[SparseVector, ...]
    place: Steps
    value: int
    tests: tuple[Steps, ...] = ()
    error: float = field(default=0.0, init=False)

    def check(self, subject: FunctionsAtWeights) -> None:
        """Raises `NotShown` where the function changes, the rank is smaller, or the error says little."""
        _of(subject, self.subject, self.at)
        for direction in self.directions:
            if len({i for i, _ in direction}) < len(direction) or not all(0 <= i < len(self.at) for i, _ in direction):
                raise NotShown("a direction is no direction of the weights")
        if any(len(place.steps) != len(self.directions) for place in (self.place, *self.tests)):
            raise NotShown("a step along each direction is expected")
        if not self.tests:
            if not subject.is_constant(self.at, self.directions):
                raise NotShown("the function is not shown to stay the same")
        else:
            if len({draw_of(t.prime, t.steps) for t in self.tests}) < len(self.tests):
                raise NotShown("tests at different places are expected")
            for t in self.tests:
                check_prime(t.prime)
                if not subject.stays(self.at, self.directions, t):
                    raise NotShown("the function changes")
            object.__setattr__(self, "error", prod(subject.stays_error(self.at, self.directions, t) for t in self.tests))
            if not self.error <= LARGEST_ERROR:
                raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")
        check_prime(self.place.prime)
        if subject.swept_rank(self.at, self.directions, self.place) < self.value:
            raise NotShown("directions and fields have a smaller rank")

    def concludes(self) -> tuple[Statement, Claim]:
        """At least that dimension."""
        claim = Claim.PROBABILITY if self.tests else Claim.PROVED
        return Statement(_AT_LEAST, self.subject, self.value, _SCOPE, self.error), claim


@dataclass(frozen=True, eq=False)
class TangentSpace:
    """The tangent space of the fiber at the weights is the kernel of the Jacobian there, over all inputs: its dimension is at most the
    parameters less the ``rank`` at some."""

    at: Weights
    rank: ModularRank

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the rank is smaller, or one at other weights."""
        _of(subject, self.rank.subject, self.at)
        place = self.rank.place
        if place.kind != DIMENSION or place.weights is None:
            raise NotShown("the rank of a Jacobian at weights that are kept is expected")
        if [int(v) % place.prime for v in place.weights] != residues(self.at, place.prime):
            raise NotShown("the rank is one at other weights")
        self.rank.check(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """At most that dimension."""
        return Statement(_AT_MOST, self.rank.subject, len(self.at) - self.rank.value, (*_SCOPE, *self.rank.scope)), Claim.PROVED


@dataclass(frozen=True, eq=False)
class IsolatedOnSlice:
    """A linear space of m dimensions through the weights meets the fiber in them alone, near them: N - m dimensions at most.

    Where, mod ``prime``, terms of degree ``order`` add nothing to the power series modulo the equations, these are finitely generated
    over the integers localized at the prime (Nakayama), so over Q of finite dimension.
    """

    subject: str
    piece: LocalSlice
    prime: int
    order: int
    general: bool = False

    def check(self, subject: FunctionsAtWeights) -> None:
        """Raises `NotShown` where the quotient still grows."""
        _of(subject, self.subject, self.piece.at)
        residues(self.piece.at, self.prime)
        residues(self.piece.coefficients, self.prime)
        if subject.generic != self.general or self.piece.directions.shape[0] != subject.parameters or self.order < 1:
            raise NotShown("directions of the weights, and an order, are expected")
        before = subject.local_dimension(self.piece, self.order - 1, self.prime)
        if subject.local_dimension(self.piece, self.order, self.prime) != before:
            raise NotShown("the weights are not shown to be isolated on the slice")

    def concludes(self) -> tuple[Statement, Claim]:
        """At most that dimension."""
        n, m = self.piece.directions.shape
        return Statement(_AT_MOST, self.subject, n - m, _SCOPE), Claim.PROVED


def weights_of(bound: Verdict) -> Weights | None:
    """The weights that a bound of a fiber, or the dimension of an orbit, speaks of."""
    known = bound.certificate
    if isinstance(known, IsolatedOnSlice):
        return known.piece.at
    if isinstance(known, NoSmallerThanGeneral | OrbitAt | OrbitInFiber | SweptSpace | TangentSpace):
        return known.at
    return None


def _together(first: Verdict, second: Verdict, subject: Functions, kinds: tuple[str, str]) -> None:
    """Raises `NotShown` unless two statements are of these kinds, and of the same weights."""
    for known, kind in zip((first, second), kinds, strict=True):
        if known.statement.kind != kind or not known.shown or known.statement.subject != subject.hash:
            raise NotShown(f"{kind} is expected")
    if weights_of(first) != weights_of(second):
        raise NotShown("the two speak of different weights")


@dataclass(frozen=True)
class LocalDimension:
    """Bounds of the local dimension of a fiber that meet."""

    lower: Verdict
    upper: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where they do not."""
        _together(self.lower, self.upper, subject, (_AT_LEAST, _AT_MOST))
        if self.lower.statement.value != self.upper.statement.value:
            raise NotShown("the bounds do not meet")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is that number."""
        low, high = self.lower.statement, self.upper.statement
        scope = tuple(dict.fromkeys((*low.scope, *high.scope)))
        claim = Claim.weakest((self.lower.claim, self.upper.claim))
        return Statement(FIBER_AT, low.subject, low.value, scope, low.error + high.error), claim


@dataclass(frozen=True)
class BeyondOrbit:
    """What the fiber has at least (``lower``) beyond the orbit of the stated symmetries: where that is positive, these do not identify
    the weights. Where an ``upper`` bound meets the lower one, it is how many dimensions are hidden."""

    lower: Verdict
    orbit: Verdict
    upper: Verdict | None = None

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where nothing is left, or where the upper bound is larger."""
        _together(self.lower, self.orbit, subject, (_AT_LEAST, _ORBIT))
        if self.upper is None:
            if self._left() <= 0:
                raise NotShown("the orbit may be all of the fiber")
            return
        _together(self.lower, self.upper, subject, (_AT_LEAST, _AT_MOST))
        if self.upper.statement.value != self.lower.statement.value:
            raise NotShown("the bounds do not meet")

    def _left(self) -> int:
        return int(self.lower.statement.value - self.orbit.statement.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """Not identifiable; or so many hidden dimensions."""
        known = [self.lower, self.orbit, *([] if self.upper is None else [self.upper])]
        scope = tuple(dict.fromkeys(phrase for v in known for phrase in v.statement.scope))
        error = sum(v.statement.error for v in known)
        kind, value = (IDENTIFIED, "no") if self.upper is None else (HIDDEN_AT, self._left())
        return Statement(kind, self.lower.statement.subject, value, scope, error), Claim.weakest(v.claim for v in known)
