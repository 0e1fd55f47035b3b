"""A loss as its options state it, made anew from these, to be held against the loss that certificates speak of.

Coordinates are written out from the model, and inner products from the data or the teacher; nothing of what was stored is used. What
is compared: the coordinates as functions of all weights, at random points modulo two random primes of 61 bits, and the quadric on them,
entry by entry: exactly, or, where data were prepared in floating point, which another machine may round in another way, up to `slack`
of the largest entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import log2

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.decayed_loss import DecayedLoss, rational
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.gaussian import nearest
from neurovariety.certificates.modular_runs import ModularRun
from neurovariety.certificates.stored_charts import StoredCharts, StoredQuadric
from neurovariety.certificates.zeros import NotShown
from neurovariety.geometry.solutions.chart import Chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.homotopy.exact_program import exact_expressions
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.training.critical.rational_quadric import stored_quadric
from neurovariety.training.losses.exact_products import exact_products
from neurovariety.training.losses.exact_residuals import exact_squares
from neurovariety.training.losses.loss import Loss
from neurovariety.training.losses.whitened import BITS

_PRIME_BITS = 61
_EXACT = 1e-40
"""Part of the largest entry by which balls of that precision are told apart."""


@dataclass(frozen=True, eq=False)
class FunctionCoordinates:
    """The coordinates of a model's functions as a ``program`` in all weights, in the order of ``terms``; ``fixed``: those that no
    weight changes, with their values."""

    terms: tuple[Term, ...]
    fixed: tuple[tuple[Term, float], ...]
    program: ExactSystem

    @classmethod
    def of(cls, model: Model, seed: int) -> FunctionCoordinates:
        """Those of a polynomial model without general coefficients."""
        every = coordinates(model, Chart(tuple(range(model.parameters)), {}), 0, seed, constants=True)
        pairs = list(zip(every.terms, every.expressions, strict=True))
        moving = [(t, e) for t, e in pairs if not e.is_constant]
        fixed = tuple((t, nearest(e.value).real) for t, e in pairs if e.is_constant)
        return cls(tuple(t for t, _ in moving), fixed, exact_expressions(every.graph, [e for _, e in moving]))

    def are(self, stored: ExactSystem, rng: np.random.Generator) -> bool:
        """Whether a stored program gives the same, at a random point modulo two random primes."""
        if (stored.unknowns, len(stored.equations)) != (self.program.unknowns, len(self.program.equations)):
            return False
        for _ in range(2):
            p = random_prime(_PRIME_BITS, rng)
            at = np.array([int(v) for v in rng.integers(0, p, self.program.unknowns)], dtype=object)
            nothing = np.zeros((1, 0), dtype=object)
            try:
                own, other = (ModularRun(system, p).values(at, nothing, [])[0] for system in (self.program, stored))
            except (NotShown, ValueError):
                return False
            if [int(v) for v in own] != [int(v) for v in other]:
                return False
        return True


@dataclass(frozen=True, eq=False)
class StatedLoss:
    """The ``loss`` of the functions of ``on``; ``slack``: part of the largest entry by which a quadric may be another one."""

    on: FunctionCoordinates
    loss: Loss
    slack: float = 0.0

    @cached_property
    def exactly(self) -> StoredQuadric | None:
        """The quadric in rational numbers; None for one that is not rational, or large."""
        return stored_quadric(self.on, self.loss)

    @cached_property
    def entries(self) -> tuple[dict[tuple[int, int], flint.arb], list[flint.arb]]:
        """The entries on and below the diagonal, and the image of the target, in balls."""
        terms = self.on.terms
        with precision(BITS):
            products = exact_products(self.loss)
            fixed = [(o, e, flint.arb(value) / flint.arb(s)) for (o, e, s), value in self.on.fixed]
            pairs = {
                (i, k): products.pair((o, e), (p, f)) / flint.arb(s * t)
                for i, (o, e, s) in enumerate(terms)
                for k, (p, f, t) in enumerate(terms[: i + 1])
            }
            image = [
                (products.against((o, e)) - sum((v * products.pair((o, e), (p, f)) for p, f, v in fixed), flint.arb(0))) / flint.arb(s)
                for o, e, s in terms
            ]
        return pairs, image

    def is_quadric(self, stored: StoredQuadric | None) -> bool:
        """Whether a stored quadric is that of the loss; one that is not stored is no other."""
        if stored is None:
            return True
        if not self.slack:
            own = self.exactly
            return own is not None and own == stored
        own = self.exactly
        if len(stored.against) != len(self.on.terms):
            return False
        pairs, image = self.entries
        pairs_near = self._near([(stored.pairs[i][k], value) for (i, k), value in pairs.items()])
        constant = own is None or self._near([(stored.constant, _arb(own.constant))])
        return pairs_near and self._near(zip(stored.against, image, strict=True)) and constant

    def are_charts(self, stored: StoredCharts) -> bool:
        """Whether the parameters of stored charts, in doubles, are those of the loss in some unit, up to the radii that they are known
        to; and the quadric beside them is that of the loss."""
        n = len(self.on.terms)
        if len(stored.values.equations) != n or stored.loss.imag.any() or not self.is_quadric(stored.quadric):
            return False
        doubles, radii = stored.loss.real, stored.radii
        pairs, image = self.entries
        held = dict.fromkeys(pairs, (0.0, 0.0))
        for i, k, at, factor in stored.places:
            value, radius = held[i, k]
            held[i, k] = value + factor * float(doubles[n + at]), radius + abs(factor) * float(radii[n + at])
        unit = _unit([*(v for v, _ in held.values()), *doubles[:n].tolist()], [*pairs.values(), *image])
        if unit is None:
            return False
        with precision(BITS):
            scaled = [unit * v for v in pairs.values()]
            against = [unit * v for v in image]
        rows = self._near(((Fraction(v), b) for (v, _), b in zip(held.values(), scaled, strict=True)), [r for _, r in held.values()])
        return rows and self._near(zip(map(Fraction, doubles[:n].tolist()), against, strict=True), radii[:n].tolist())

    def _near(self, both: Iterable[tuple[Fraction, flint.arb]], radii: Iterable[float] | None = None) -> bool:
        """Whether numbers may be those of balls, up to radii and to the slack."""
        pairs = list(both)
        allowed = [0.0] * len(pairs) if radii is None else list(radii)
        with precision(BITS):
            size = max((float(abs(ball).upper()) for _, ball in pairs), default=0.0)
            slack = max(self.slack, _EXACT) * size
            return not any(abs(_arb(v) - ball).lower() > r * (1 + 1e-12) + slack for (v, ball), r in zip(pairs, allowed, strict=True))

    def is_decayed(self, stored: DecayedLoss, strengths: list[float], rng: np.random.Generator) -> bool | None:
        """Whether a stored objective is the loss with decay towards 0 of these strengths, at a random point; None where the loss is no
        sum of squares in rational numbers."""
        program = self.on.program
        squares = exact_squares(self.loss, _with_constants(program, self.on), (*self.on.terms, *(t for t, _ in self.on.fixed)))
        if squares is None:
            return None
        n = program.unknowns
        if stored.unknowns != n or len(strengths) != n:
            return False
        one, nought = flint.fmpq(1), flint.fmpq(0)
        own = DecayedLoss(squares.residuals, squares.shares, tuple(map(rational, strengths)), (nought,) * n, one, (one,) * n)
        u = tuple(flint.fmpq(int(v)) for v in rng.integers(-(2**60), 2**60, n))
        w = tuple(a * s for a, s in zip(u, stored.scales, strict=True))
        both = ((stored.loss_at(u), own.loss_at(w)), (stored.objective_at(u), own.objective_at(w)))
        return all(abs(a - b) <= rational(self.slack) * abs(b) for a, b in both)


def _with_constants(program: ExactSystem, on: FunctionCoordinates) -> ExactSystem:
    """The program with the coordinates that no weight changes after the others."""
    first = program.unknowns + len(program.sums)
    more = tuple(((flint.fmpq(*float(v).as_integer_ratio()), ()),) if v else () for _, v in on.fixed)
    return ExactSystem(program.unknowns, (*program.sums, *more), (*program.equations, *range(first, first + len(more))))


def _unit(doubles: list[float], balls: list[flint.arb]) -> flint.arb | None:
    """The power of two by which balls are multiplied to be doubles, read off the largest; None where these have other signs."""
    largest = max(range(len(balls)), key=lambda k: abs(float(balls[k].mid())), default=None)
    if largest is None or not float(balls[largest].mid()):
        return flint.arb(1)
    ratio = doubles[largest] / float(balls[largest].mid())
    return flint.arb(2) ** round(log2(ratio)) if ratio > 0 else None


def _arb(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))
