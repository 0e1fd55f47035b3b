"""The coefficients of a stored program's outputs, expanded over Q: what `functions.Coefficients` asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite, prod
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.functions import Equation
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.program_bounds import ProgramBounds, program_bounds
from neurovariety.certificates.zeros import NotShown

LARGEST_EXPANSION = 20_000
"""Terms of the outputs beyond which they are not expanded."""
_MOST_PRODUCTS = 5 * 10**6
"""Term products of a composition that are worth expanding (a second or two)."""
MOST_ENTRIES = 4 * 10**6
"""Of a matrix that is made here."""

Coordinate = tuple[int, tuple[int, ...]]


def vanishes_on(polynomials: Sequence[flint.fmpq_mpoly], equation: Equation) -> bool | None:
    """Whether an equation in coordinates and 1 is the zero polynomial once the coordinates are these, by exact expansion over Q; None
    where that would take too long."""
    sizes = [*map(len, polynomials), 1]
    if sum(prod(sizes[i] for i in term) for term, _ in equation.terms) > _MOST_PRODUCTS:
        return None
    context = polynomials[0].context()
    values = [*polynomials, context.constant(1)]
    total = context.constant(0)
    for term, coefficient in equation.terms:
        product = context.constant(coefficient)
        for i in term:
            product = product * values[i]
        total = total + product
    return bool(total == 0)


class NotStored(NotShown):
    """A certificate asks for what is not stored."""


class NotAnswered(NotStored, AttributeError):
    """The same, of something that has no answer to it at all."""


class ExpandedProgram:
    """A program of weights, inputs and general coefficients, and its outputs as polynomials. Those who inherit hold the data."""

    parameters: int
    inputs: int
    coefficients: tuple[Fraction | None, ...]
    program: ExactSystem

    @property
    def outputs(self) -> int:
        return len(self.program.equations)

    @property
    def generic(self) -> bool:
        return any(c is None for c in self.coefficients)

    @cached_property
    def bounds(self) -> ProgramBounds:
        """Degrees and sizes of the outputs."""
        return program_bounds(self.program, range(self.parameters, self.parameters + self.inputs))

    @property
    def weight_degree(self) -> int | None:
        return None if self.bounds.below or not isfinite(self.bounds.weights) else int(self.bounds.weights)

    @cached_property
    def expansion(self) -> list[dict[tuple[int, ...], flint.fmpq]] | None:
        """The outputs as polynomials in weights and inputs, exponents -> coefficient; None for a rational or general model, and for a
        large one."""
        if self.generic or self.bounds.below:
            return None
        context = flint.fmpq_mpoly_ctx.get([f"v{i}" for i in range(max(self.program.unknowns, 1))], flint.Ordering.degrevlex)
        run = Expanding(context)
        try:
            found = Over(self.program, run.constant)([Short(context.gen(i)) for i in range(self.program.unknowns)])
        except NotStored:
            return None
        return [{tuple(map(int, e))[: self.program.unknowns]: c for e, c in f.value.to_dict().items()} for f in found]

    @property
    def coordinates(self) -> tuple[tuple[Coordinate, flint.fmpq_mpoly], ...]:
        """(output, exponents of the inputs) and that coefficient, a polynomial in the weights, in their order. Raises `NotStored`."""
        if self._parts is None:
            raise NotStored("the functions are too large to expand here, or rational")
        return self._parts

    @cached_property
    def _parts(self) -> tuple[tuple[Coordinate, flint.fmpq_mpoly], ...] | None:
        if self.expansion is None:
            return None
        n = self.parameters
        context = flint.fmpq_mpoly_ctx.get([f"w{i}" for i in range(n)], flint.Ordering.degrevlex)
        found: dict[Coordinate, dict[tuple[int, ...], flint.fmpq]] = {}
        for output, terms in enumerate(self.expansion):
            for e, c in terms.items():
                found.setdefault((output, e[n:]), {})[e[:n]] = c
        return tuple((key, context.from_dict(found[key])) for key in sorted(found, key=lambda k: (k[0], tuple(-e for e in k[1]))))

    def expanded_span(self, affine: bool) -> int | None:
        if self.expansion is None:
            return None
        rows: dict[tuple[int, ...], dict[tuple[int, tuple[int, ...]], flint.fmpq]] = {}
        for (output, e), q in self.coordinates:
            for w, c in q.to_dict().items():
                rows.setdefault(tuple(w), {})[output, e] = c
        chosen = [row for w, row in rows.items() if any(w) or not affine]
        place = {key: i for i, (key, _) in enumerate(self.coordinates)}
        if len(rows) * len(place) > MOST_ENTRIES:
            return None
        matrix = flint.fmpq_mat(len(chosen), max(len(place), 1))
        for i, row in enumerate(chosen):
            for key, c in row.items():
                matrix[i, place[key]] = c
        return int(matrix.rank())

    def proportional_sums(self) -> list[Fraction]:
        classes: dict[Any, Fraction] = {}
        for _, q in self.coordinates:
            terms = sorted((tuple(map(int, e)), as_fraction(c)) for e, c in q.to_dict().items())
            if not any(any(e) for e, _ in terms):
                continue  # no weight changes it
            first = terms[0][1]
            key = tuple((e, c / first) for e, c in terms)
            classes[key] = classes.get(key, Fraction(0)) + first
        return list(classes.values())

    def coefficient_count(self) -> int:
        return len(self.coordinates)

    @property
    def coefficient_names(self) -> tuple[Coordinate, ...]:
        return tuple(key for key, _ in self.coordinates)

    def vanishes(self, equation: Equation) -> bool | None:
        return vanishes_on([q for _, q in self.coordinates], equation)

    def function_at(self, weights: tuple[Fraction, ...]) -> dict[Coordinate, Fraction]:
        at = [flint.fmpq(w.numerator, w.denominator) for w in weights]
        found = {key: as_fraction(q(*at)) for key, q in self.coordinates}
        return {key: c for key, c in found.items() if c}

    def equations_rank(self, equations: tuple[Equation, ...], prime: int, weights: np.ndarray) -> int:
        at = [residue_at(q, [int(w) for w in weights], prime) for _, q in self.coordinates] + [1]
        rows = []
        for equation in equations:
            row = [0] * (len(at) - 1)
            for term, c in equation.terms:
                for k, i in enumerate(term):
                    if i < len(row):
                        row[i] = (row[i] + c * prod(at[j] for j in (*term[:k], *term[k + 1 :]))) % prime
            rows.append(row)
        return int(flint.nmod_mat(rows, prime).rank()) if rows and rows[0] else 0


@dataclass(frozen=True)
class Short:
    """A polynomial that may not become long: sums and products of it raise `NotStored` where they would."""

    value: flint.fmpq_mpoly

    def __add__(self, other: Short) -> Short:
        return _kept(self.value + other.value)

    def __mul__(self, other: Short) -> Short:
        if len(self.value) * len(other.value) > 64 * LARGEST_EXPANSION:
            raise NotStored("the functions are too large to expand")
        return _kept(self.value * other.value)

    def __pow__(self, e: int) -> Short:
        found = self
        for _ in range(e - 1):
            found = found * self
        return found


def _kept(value: flint.fmpq_mpoly) -> Short:
    if len(value) > LARGEST_EXPANSION:
        raise NotStored("the functions are too large to expand")
    return Short(value)


@dataclass(frozen=True)
class Expanding:
    """Constants as polynomials of a ``context``."""

    context: Any

    @property
    def constant(self) -> Callable[[Any], Short]:
        """Carries a rational number there."""
        return lambda c: Short(self.context.constant(flint.fmpq(*parts(c)[0].as_integer_ratio())))

    def letter(self, i: int) -> Short:
        """A variable."""
        return Short(self.context.gen(i))


def fmpq_of(c: Fraction) -> flint.fmpq:
    """A rational number as one of python-flint."""
    return flint.fmpq(c.numerator, c.denominator)


def as_fraction(c: flint.fmpq) -> Fraction:
    """The same the other way."""
    return Fraction(int(c.p), int(c.q))


def residue_at(q: flint.fmpq_mpoly, at: list[int], p: int) -> int:
    total = 0
    for e, c in q.to_dict().items():
        value = int(c.p) * pow(int(c.q), -1, p)
        for w, k in zip(at, e, strict=True):
            value = value * pow(w, int(k), p) % p
        total += value
    return total % p
