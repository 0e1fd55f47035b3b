"""What an activation is: one record says its value, slope, kinks, Lipschitz constant, value at zero and scalings.

Three sorts, by what is exact. ``algebraic`` (polynomials and quotients of them): exact everywhere. ``piecewise linear``: rational at
rational numbers, but no polynomial. ``smooth``: transcendental, in floating point only. The sort derives from a few facts what every
part of the package asks, so that a new activation is one record in `neurovariety.checkpoints.graph.activations`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np

from neurovariety.checkpoints.graph.node import Attributes
from neurovariety.checkpoints.graph.three_arithmetics import FRACTIONS, Arithmetic, Array, Values, to_fractions
from neurovariety.errors import InputError

Sort = Literal["algebraic", "piecewise linear", "smooth"]
Scaling = Literal["any", "positive", "sign", "none"]
"""Which multiples of a value an activation carries to an affine function of its own value."""

Relation = tuple[Fraction, Fraction]
"""(a, b): one value is a times another, plus b, at every input."""

SAME: Relation = (Fraction(1), Fraction(0))
ROUNDED_UP = 1 + 2.0**-28
"""Sums of up to 2**24 nonnegative float64 numbers and a root have a smaller relative error."""


@dataclass(frozen=True)
class Nonlinearity(ABC):
    """One activation; ``name`` is the attribute ``function`` of its nodes.

    ``defaults`` are the attributes that it has besides, with the values that the notation ``mlp(2,3,1; name)`` means.
    """

    name: str
    defaults: Attributes = field(default_factory=dict, kw_only=True)
    sort: ClassVar[Sort]

    @abstractmethod
    def value(self, a: Attributes, x: Values, arithmetic: Arithmetic, place: str) -> Values:
        """The values at the entries of ``x``; an `InputError` that begins with ``place`` where there are none."""

    @abstractmethod
    def steepness(self, a: Attributes, radius: float) -> tuple[float, float]:
        """Upper bounds of |sigma'| on [-radius, radius] and of |sigma(0)|; inf where no finite bound is known."""

    @abstractmethod
    def scaled(self, a: Attributes, factor: Fraction) -> Relation | None:
        """(c, d) with sigma(factor x) = c sigma(x) + d for all x; None where there is none that is known to be rational."""

    @abstractmethod
    def scalings(self, a: Attributes) -> Scaling:
        """For which factors `scaled` has an answer: ``any`` nonzero number, ``positive`` ones, only the ``sign`` -1, or ``none``."""

    def at(self, a: Attributes, point: Fraction) -> Fraction | None:
        """The value at a rational number; None where that is not known to be rational."""
        try:
            found = self.value(a, to_fractions([point]), FRACTIONS, "")
        except InputError:
            return None
        return Fraction(found[0])

    def through(self, a: Attributes, relation: Relation) -> Relation | None:
        """The relation between sigma(u) and sigma(v) where u = a v + b is given; None where there is none that is rational."""
        factor, shift = relation
        if relation == SAME:
            return relation
        if factor == 0:
            value = self.at(a, shift)
            return None if value is None else (Fraction(0), value)
        return None if shift else self.scaled(a, factor)


@dataclass(frozen=True)
class Algebraic(Nonlinearity):
    """A quotient of two polynomials, given by their coefficients, lowest power first; ``ratio`` reads them off the attributes."""

    ratio: Callable[[Attributes], tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]
    sort: ClassVar[Sort] = "algebraic"

    def value(self, a: Attributes, x: Values, arithmetic: Arithmetic, place: str) -> Values:
        numerator, denominator = self.ratio(a)
        if denominator == (1,):
            return horner(numerator, x, arithmetic)
        under = horner(denominator, x, arithmetic)
        if arithmetic.exact and not np.all(under):
            raise InputError(f"the denominator of the activation {place} vanishes at this input; choose another one")
        return horner(numerator, x, arithmetic) / under

    def steepness(self, a: Attributes, radius: float) -> tuple[float, float]:
        numerator, denominator = self.ratio(a)
        if denominator != (1,):
            return math.inf, math.inf
        c = [abs(float(v)) * ROUNDED_UP for v in numerator]
        return sum(k * v * radius ** (k - 1) for k, v in enumerate(c) if k and v), c[0] if c else 0.0

    def scalings(self, a: Attributes) -> Scaling:
        (over, _), (under, _), _ = self._parts(a)
        return "any" if over == under == "any" else "sign" if "none" not in (over, under) else "none"

    def scaled(self, a: Attributes, factor: Fraction) -> Relation | None:
        kind = self.scalings(a)
        if kind == "none" or (kind == "sign" and factor != -1):
            return None
        (_, top), (_, bottom), constant = self._parts(a)
        moved = factor ** (top - bottom)
        return moved, constant - moved * constant

    def degree(self, a: Attributes) -> int | None:
        """The degree as a polynomial; None where it is none."""
        numerator, denominator = self.ratio(a)
        return max(len(numerator) - 1, 0) if denominator == (1,) else None

    def _parts(self, a: Attributes) -> tuple[tuple[Scaling, int], tuple[Scaling, int], Fraction]:
        """Scalings and exponents of numerator and denominator, with the constant of a polynomial set apart."""
        numerator, denominator = self.ratio(a)
        if denominator != (1,):
            return _monomials(numerator), _monomials(denominator), Fraction(0)
        return _monomials((Fraction(0), *numerator[1:])), ("any", 0), numerator[0] if numerator else Fraction(0)


def _monomials(coefficients: Sequence[Fraction]) -> tuple[Scaling, int]:
    """The scalings of a polynomial, and its degree or the parity of its exponents."""
    exponents = [k for k, c in enumerate(coefficients) if c]
    if len(exponents) < 2:
        return "any", exponents[0] if exponents else 0
    return ("sign", exponents[0] % 2) if len({k % 2 for k in exponents}) == 1 else ("none", 0)


def horner(coefficients: Sequence[Fraction], x: Values, arithmetic: Arithmetic) -> Values:
    """The polynomial with the given coefficients, lowest power first; a coefficient 0, or a leading 1, costs no operation."""
    if len(coefficients) < 2:
        constant = coefficients[0] if coefficients else Fraction(0)
        return x * arithmetic.scalar(Fraction(0)) + arithmetic.scalar(constant)
    *lower, top = coefficients
    total = x if top == 1 else x * arithmetic.scalar(top)
    for c in reversed(lower[1:]):
        total = (total + arithmetic.scalar(c) if c else total) * x
    return total + arithmetic.scalar(lower[0]) if lower[0] else total


@dataclass(frozen=True)
class PiecewiseLinear(Nonlinearity):
    """A continuous function of a few lines: ``kinks`` in ascending order, ``slopes`` one more, ``start`` the value at the first."""

    kinks: Callable[[Attributes], tuple[Fraction, ...]]
    slopes: Callable[[Attributes], tuple[Fraction, ...]]
    start: Callable[[Attributes], Fraction] = lambda a: Fraction(0)
    sort: ClassVar[Sort] = "piecewise linear"

    def pieces(self, a: Attributes) -> tuple[tuple[Fraction, Fraction], ...]:
        """Slope and offset of each line, from left to right."""
        kinks, slopes = self.kinks(a), self.slopes(a)
        offset = self.start(a) - slopes[0] * kinks[0]
        out = [(slopes[0], offset)]
        for kink, (before, after) in zip(kinks, pairwise(slopes), strict=True):
            offset += (before - after) * kink
            out.append((after, offset))
        return tuple(out)

    def lines(self, a: Attributes, x: Array) -> tuple[Array, Array]:
        """Slope and offset, Fractions, of the line that holds at each entry; at a kink that on its left."""
        (slope, offset), *later = self.pieces(a)
        slopes, offsets = (_filled(x.shape, v) for v in (slope, offset))
        for kink, (slope, offset) in zip(self.kinks(a), later, strict=True):
            over = np.asarray(x > kink, dtype=bool)
            slopes[over], offsets[over] = slope, offset
        return slopes, offsets

    def value(self, a: Attributes, x: Values, arithmetic: Arithmetic, place: str) -> Values:
        (slope, offset), *later = self.pieces(a)
        out = _line(slope, offset, x, arithmetic)
        for kink, (slope, offset) in zip(self.kinks(a), later, strict=True):
            over = np.asarray(x > arithmetic.scalar(kink), dtype=bool)
            out = np.where(over, _line(slope, offset, x, arithmetic), out)
        return out if arithmetic.exact else np.where(np.isnan(x), x, out)

    def steepness(self, a: Attributes, radius: float) -> tuple[float, float]:
        zero = self.at(a, Fraction(0))
        assert zero is not None
        return max(_above(abs(s)) for s in self.slopes(a)), _above(abs(zero))

    def homogeneous(self, a: Attributes) -> bool:
        """Whether sigma(c x) = c sigma(x) for c > 0: all lines pass through 0."""
        return not any(offset for _, offset in self.pieces(a))

    def scalings(self, a: Attributes) -> Scaling:
        if self.homogeneous(a):
            return "any" if self._parity(a) == -1 else "positive"
        return "sign" if self._parity(a) else "none"

    def scaled(self, a: Attributes, factor: Fraction) -> Relation | None:
        parity = self._parity(a)
        if self.homogeneous(a) and (factor > 0 or parity == -1):
            return abs(factor), Fraction(0)
        if factor != -1 or not parity or self.homogeneous(a):
            return None
        zero = self.at(a, Fraction(0))
        assert zero is not None
        return (Fraction(-1), 2 * zero) if parity == 1 else (Fraction(1), Fraction(0))

    def _parity(self, a: Attributes) -> int:
        """-1 for an even function, 1 where sigma(x) + sigma(-x) is constant, else 0."""
        kinks, slopes = self.kinks(a), self.slopes(a)
        if kinks != tuple(-k for k in reversed(kinks)):
            return 0
        return next((sign for sign in (-1, 1) if slopes == tuple(sign * s for s in reversed(slopes))), 0)


def _filled(shape: tuple[int, ...], value: Fraction) -> Array:
    out = np.empty(shape, dtype=object)
    out.reshape(-1)[:] = [value] * out.size
    return out


def _line(slope: Fraction, offset: Fraction, x: Values, arithmetic: Arithmetic) -> Values:
    if not slope:
        return np.full_like(x, arithmetic.scalar(offset))
    along = x if slope == 1 else -x if slope == -1 else x * arithmetic.scalar(slope)
    return along + arithmetic.scalar(offset) if offset else along


def _above(value: Fraction) -> float:
    """A float64 that is at least the number, and the number itself where that is one."""
    near = float(value)
    return near if Fraction(near) >= value else math.nextafter(near, math.inf)


Exponents = tuple[int, int]
"""(i, j) stands for x^i T^j, T an activation of a polynomial in x."""


@dataclass(frozen=True)
class Spelling:
    """How graphs write an activation by another one: ``factor`` times it is the sum of the ``terms``, T is ``inner`` of ``argument``.
    ``attributes`` are those of the activation, ``inner_attributes`` those of T.

    Coefficients of the argument that are Fractions hold exactly, floats to single precision.
    """

    inner: str
    argument: Mapping[Exponents, Fraction | float]
    terms: frozenset[Exponents]
    factor: Fraction
    attributes: Attributes = field(default_factory=dict)
    inner_attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Smooth(Nonlinearity):
    """A transcendental function: ``values`` and ``slopes`` in float64, ``lipschitz`` a bound of the slope (inf: none is known).

    ``zero`` is the value at 0 where that is rational, which is then the only rational value at a rational number that is used, and
    ``zero_bound`` a bound of it where it is not. ``centre`` is c where sigma(x) + sigma(-x) = 2 c for all x.
    """

    values: Callable[[Array, Attributes], Array]
    slopes: Callable[[Array, Attributes], Array]
    lipschitz: Callable[[Attributes], float]
    zero: Fraction | None = Fraction(0)
    zero_bound: Callable[[Attributes], float] = lambda a: math.inf
    centre: Fraction | None = None
    spellings: tuple[Spelling, ...] = ()
    sort: ClassVar[Sort] = "smooth"

    def value(self, a: Attributes, x: Values, arithmetic: Arithmetic, place: str) -> Values:
        if arithmetic.exact:
            raise InputError(
                f"{place} applies {self.name}, whose values at rational numbers are not rational: evaluate in floating point"
            )
        return self.values(np.asarray(x), a)

    def steepness(self, a: Attributes, radius: float) -> tuple[float, float]:
        steepest = self.lipschitz(a)
        if math.isinf(steepest):
            return math.inf, math.inf
        return steepest, self.zero_bound(a) if self.zero is None else abs(float(self.zero))

    def at(self, a: Attributes, point: Fraction) -> Fraction | None:
        return None if point else self.zero

    def scalings(self, a: Attributes) -> Scaling:
        return "none" if self.centre is None else "sign"

    def scaled(self, a: Attributes, factor: Fraction) -> Relation | None:
        return (Fraction(-1), 2 * self.centre) if self.centre is not None and factor == -1 else None
