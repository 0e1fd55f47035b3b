"""Where a function lies relative to the functions of real weights: interior, on the boundary, a limit alone, or outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.balls import contracts, precision
from neurovariety.certificates.functions import DIMENSION, Coefficients
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.ranks import check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

INTERIOR, OUTSIDE = "interior", "outside"
_ON = ("boundary", "closure only")
_PRECISION = 160
Function = Mapping[tuple[int, tuple[int, ...]], Fraction]
"""(output, exponents) -> coefficient."""
Part = Literal["position", "reason"]


@runtime_checkable
class Positions(Coefficients, Protocol):
    """A model whose real functions are known by a theorem, or whose coefficients are written out."""

    def placed(self, target: Function) -> tuple[str, str] | None:
        """The position and the reason by the theorem for the kind of the model, from exact arithmetic with the function; None where
        none
        is known."""
        ...

    def no_boundary(self) -> str:
        """Why real weights attain every real function of the closure, by that theorem; empty where they do not, or none is known."""
        ...

    def family_sample(self, family: str, sample: tuple[Fraction, ...]) -> dict[tuple[int, tuple[int, ...]], Fraction] | None:
        """The exact function of a sample of a family of which the theorem says that near samples on the boundary all others are; None
        where no family has that name."""
        ...

    def family_rank(self, family: str, prime: int, sample: tuple[Fraction, ...]) -> int:
        """The rank mod p of the derivative of the family's functions at a sample."""
        ...

    def coefficient_keys(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(output, exponents) of the coefficients that occur, in the order in which equations count them."""
        ...

    def coefficients_rank(self, prime: int, weights: np.ndarray) -> int:
        """The rank mod p of the derivative of all coefficients at weights."""
        ...

    def on_span(self, target: Function) -> list[Fraction] | None:
        """Coordinates of a function in the linear span, which determine it there; None for one that is not in the span."""
        ...

    def span_balls(self, weights: list[flint.arb], columns: tuple[int, ...]) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        """Balls of these coordinates at weights, and of their derivatives by some of them."""
        ...


def _said(part: Part, position: str, reason: str) -> str:
    return position if part == "position" else reason


@dataclass(frozen=True)
class Placed:
    """A function lies where the theorem for the kind of the model says, and for that reason."""

    subject: str
    target: Function
    position: str
    reason: str
    part: Part

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where it lies elsewhere, or no theorem says."""
        if subject.hash != self.subject or subject.placed(self.target) != (self.position, self.reason):
            raise NotShown("no theorem says that the function lies there")

    def concludes(self) -> tuple[Statement, Claim]:
        """The position, or the reason."""
        return Statement(f"boundary: {self.part}", self.subject, _said(self.part, self.position, self.reason)), Claim.PROVED


@dataclass(frozen=True, eq=False)
class InteriorByRanks:
    """Weights have the target as their function; J has rank r there, and equations that vanish on the model have gradients of rank e,
    r + e the number of coefficients: the zeros of the equations are a manifold of dimension r there, and weights nearby cover a
    neighbourhood in it."""

    subject: str
    target: Function
    weights: tuple[Fraction, ...]
    equations: tuple[Any, ...]
    prime: int
    reason: str
    part: Part

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where the weights have another function, an equation does not vanish, or the ranks are too small."""
        p = self.prime
        check_prime(p)
        if subject.hash != self.subject or subject.function_at(self.weights) != {k: v for k, v in self.target.items() if v}:
            raise NotShown("the weights have another function")
        if any(w.denominator % p == 0 for w in self.weights):
            raise NotShown("the prime divides a denominator")
        if not all(map(subject.vanishes, self.equations)):
            raise NotShown("an equation is not shown to vanish identically")
        at = np.array([w.numerator * pow(w.denominator, -1, p) % p for w in self.weights], dtype=object)
        normal = subject.equations_rank(self.equations, p, at) if self.equations else 0
        if subject.coefficients_rank(p, at) + normal < subject.coefficient_count():
            raise NotShown("the derivative is not shown to be onto the zeros of the equations")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is interior."""
        return Statement(f"boundary: {self.part}", self.subject, _said(self.part, INTERIOR, self.reason)), Claim.PROVED


@dataclass(frozen=True)
class InteriorByBall:
    """Krawczyk's test: a box of half-width ``radius`` in ``columns`` around ``weights``, exact binary numbers, holds weights with the
    target as their function, at which the derivative is onto the linear span. ``inverse`` is an approximate inverse."""

    subject: str
    target: Function
    weights: tuple[float, ...]
    columns: tuple[int, ...]
    radius: float
    inverse: tuple[tuple[float, ...], ...]
    reason: str
    part: Part

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where the operator does not map the box into its interior."""
        goal = subject.on_span(self.target)
        n = len(self.columns)
        if subject.hash != self.subject or goal is None or len(goal) != n or len(set(self.columns)) != n or not self.radius > 0:
            raise NotShown("as many different columns as the span has dimensions are expected")
        with precision(_PRECISION):
            self._contracts(subject, goal)

    def _contracts(self, subject: Positions, goal: list[Fraction]) -> None:
        middle = [flint.arb(w) for w in self.weights]
        box = list(middle)
        for i in self.columns:
            box[i] = flint.arb(self.weights[i], self.radius)
        values, _ = subject.span_balls(middle, ())
        residual = [v - flint.arb(flint.fmpq(t.numerator, t.denominator)) for v, t in zip(values, goal, strict=True)]
        _, slopes = subject.span_balls(box, self.columns)
        y = [[flint.arb(v) for v in row] for row in self.inverse]
        if not contracts(residual, slopes, y, self.radius):
            raise NotShown("the box is not mapped into its interior")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is interior."""
        return Statement(f"boundary: {self.part}", self.subject, _said(self.part, INTERIOR, self.reason)), Claim.PROVED


@dataclass(frozen=True, eq=False)
class Violates:
    """The target violates an ``equation`` that vanishes on all functions of the model, or has a coefficient that none of them has
    (None): it is not even a limit of them."""

    subject: str
    target: Function
    equation: Any | None
    keys: tuple[tuple[int, tuple[int, ...]], ...]
    reason: str
    part: Part

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where the equation is not one of the model, or the target satisfies it."""
        if subject.hash != self.subject or tuple(subject.coefficient_keys()) != self.keys:
            raise NotShown("the certificate is one of another model")
        if self.equation is None:
            if all(key in self.keys for key, c in self.target.items() if c):
                raise NotShown("all coefficients are ones of the model")
            return
        if not subject.vanishes(self.equation):
            raise NotShown("the equation is not shown to vanish identically")
        total = Fraction(0)
        for term, c in self.equation.terms:
            product = Fraction(int(c))
            for j in term:
                product *= Fraction(1) if j >= len(self.keys) else Fraction(self.target.get(self.keys[j], 0))
            total += product
        if not total:
            raise NotShown("the target satisfies the equation")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is outside."""
        return Statement(f"boundary: {self.part}", self.subject, _said(self.part, OUTSIDE, self.reason)), Claim.PROVED


@dataclass(frozen=True)
class NoBoundary:
    """Real weights attain every real function of the closure, by the theorem for the kind of the model."""

    subject: str
    why: str

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where no theorem says so."""
        if subject.hash != self.subject or not self.why or subject.no_boundary() != self.why:
            raise NotShown("no theorem says that there is no boundary")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is empty."""
        return Statement("boundary: boundary", self.subject, "empty"), Claim.PROVED


@dataclass(frozen=True, eq=False)
class BoundaryPiece:
    """A family of functions on the boundary: one exact ``sample`` is there, at which their derivative has that rank."""

    subject: str
    family: str
    sample: tuple[Fraction, ...]
    position: str
    dimension: int
    prime: int

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where the sample lies elsewhere, or the rank is smaller."""
        check_prime(self.prime)
        function = subject.family_sample(self.family, self.sample) if subject.hash == self.subject else None
        if function is None or self.position not in _ON:
            raise NotShown("the family is none of the model")
        placed = subject.placed(function)
        if placed is None or placed[0] != self.position:
            raise NotShown("the sample lies elsewhere")
        if subject.family_rank(self.family, self.prime, self.sample) < self.dimension:
            raise NotShown("the family is smaller there")

    def concludes(self) -> tuple[Statement, Claim]:
        """A piece of at least that dimension."""
        value = {"name": self.family, "position": self.position, "dimension": self.dimension}
        return Statement("piece of a boundary", self.subject, value), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class BoundaryPieces:
    """Pieces show that there is a boundary, and a part of it. It is that of a semialgebraic set, so its dimension is less than that of
    the closure (``variety``): a piece of one dimension less shows it."""

    variety: Verdict
    pieces: tuple[Verdict, ...]
    part: Literal["boundary", "pieces", "dimension"]

    def check(self, subject: Positions) -> None:
        """Raises `NotShown` where there is no piece, or one is as large as the closure."""
        kinds = [p.statement.kind == "piece of a boundary" and p.shown for p in self.pieces]
        known = self.variety.shown and self.variety.statement.kind == DIMENSION
        subjects = {v.statement.subject for v in (self.variety, *self.pieces)}
        if not kinds or not all(kinds) or not known or subjects != {subject.hash}:
            raise NotShown("pieces of the boundary of the model are expected")
        if self._largest() >= self.variety.statement.value and self.variety.claim in (Claim.PROVED, Claim.PROBABILITY):
            raise NotShown("a piece is as large as the closure")

    def _largest(self) -> int:
        return max(int(p.statement.value["dimension"]) for p in self.pieces)

    def concludes(self) -> tuple[Statement, Claim]:
        """That the boundary is not empty; pieces of it; its dimension."""
        said = self.variety.statement
        if self.part == "boundary":
            return Statement("boundary: boundary", said.subject, "nonempty", scopes((), *self.pieces)), Claim.PROVED
        if self.part == "pieces":
            value = [dict(p.statement.value) for p in self.pieces]
            return Statement("boundary: pieces", said.subject, value, scopes((), *self.pieces)), Claim.LOWER_BOUND
        meets = self._largest() == said.value - 1
        claim = self.variety.claim if meets and self.variety.claim in (Claim.PROVED, Claim.PROBABILITY) else Claim.LOWER_BOUND
        return Statement("boundary: dimension", said.subject, self._largest(), scopes(said.scope, *self.pieces), said.error), claim
