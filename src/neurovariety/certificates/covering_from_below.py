"""Covering numbers from below: functions that are far apart, and a cube of weights whose functions have a volume.

A ball of radius epsilon holds at most one of several functions that are more than 2 epsilon apart (`FarApart`). And where m linear
values of the functions of a small cube of weights fill a set of some volume, each ball takes away no more than the volume of the
values that it has (`FillsVolume`); so the number grows like epsilon^-m. Both are checked by exact or ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import isfinite

import flint

from neurovariety.certificates.balls import precision
from neurovariety.certificates.covering_numbers import AT_LEAST, SUP, BallOfFunctions, Names, arb_of, norm_at_most, volumes_of_balls
from neurovariety.certificates.functions import Coefficients
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.certificates.realized import RealFunctions
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_BITS = 128
Vector = Mapping[tuple[int, tuple[int, ...]], Fraction]


def thousandths_below(value: flint.arb) -> float:
    """A bound from below as it is told: the last multiple of 1/1000 that is not above it, as decimals or as a double."""
    mantissa, exponent = value.lower().man_exp()
    bound = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    count = bound * 1000 // 1
    while max(Fraction(count, 1000), Fraction(float(Fraction(count, 1000)))) > bound:
        count -= 1
    return float(Fraction(count, 1000))


def _held(bound: flint.arb, value: float) -> None:
    """Raises `NotShown` where a bound is below the value that is told."""
    if not isfinite(value) or not bound >= arb_of(Fraction(value)):
        raise NotShown("the bound is below the value stated")


def gram(norm: str, names: Names) -> flint.fmpq_mat:
    """The matrix of the inner product of a norm on coefficients; for `SUP` that of the mean square, which is no larger."""
    product = EXACT_PRODUCTS["uniform" if norm == SUP else norm]
    matrix = flint.fmpq_mat(len(names), len(names))
    for i, (output, e) in enumerate(names):
        for j, (other, f) in enumerate(names):
            if output == other and (value := product(e, f)):
                matrix[i, j] = flint.fmpq(value.numerator, value.denominator)
    return matrix


@dataclass(frozen=True)
class FarApart:
    """Functions of exact ``weights``, of norm at most the radius, any two of which are more than 2 epsilon apart: at least as many
    balls are needed. For the largest size, two are so at one of ``points`` of the cube."""

    subject: str
    ball: BallOfFunctions
    weights: tuple[tuple[Fraction, ...], ...]
    points: tuple[tuple[Fraction, ...], ...]
    value: float

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where a function is too large, or two are too near."""
        if subject.hash != self.subject or not self.weights or any(len(w) != subject.parameters for w in self.weights):
            raise NotShown("functions of the model are expected, one or more")
        ball = self.ball
        if ball.weights is not None and any(abs(v) > ball.weights for w in self.weights for v in w):
            raise NotShown("a weight is too large")
        names = subject.coefficient_names
        found = [subject.function_at(w) for w in self.weights]
        if ball.norm == SUP:
            self._apart_at_points(names, found)
        elif ball.norm in EXACT_PRODUCTS:
            self._apart(names, found)
        else:
            raise NotShown("the inputs are not known")
        with precision(_BITS):
            _held(flint.arb(len(found)).log(), self.value)

    def _apart(self, names: Names, found: Sequence[Vector]) -> None:
        rows = flint.fmpq_mat(len(found), max(len(names), 1))
        for i, function in enumerate(found):
            for j, name in enumerate(names):
                value = function.get(name, Fraction(0))
                rows[i, j] = flint.fmpq(value.numerator, value.denominator)
        products = rows * gram(self.ball.norm, names) * rows.transpose()
        most, least = (flint.fmpq(v.numerator, v.denominator) for v in (self.ball.radius**2, (2 * self.ball.epsilon) ** 2))
        for i in range(len(found)):
            if products[i, i] > most:
                raise NotShown("a function is too large")
            for j in range(i):
                if not products[i, i] + products[j, j] - 2 * products[i, j] > least:
                    raise NotShown("two functions are too near")

    def _apart_at_points(self, names: Names, found: Sequence[Vector]) -> None:
        if any(abs(v) > 1 for x in self.points for v in x) or any(len(x) != len(e) for x in self.points for _, e in names):
            raise NotShown("a point is not in the cube")
        with precision(_BITS):
            for function in found:
                size = norm_at_most(SUP, names, [arb_of(function.get(name, Fraction(0))) for name in names])
                if not size <= arb_of(self.ball.radius):
                    raise NotShown("a function is not shown to be small enough")
        values = [[_values(function, x) for x in self.points] for function in found]
        for i in range(len(found)):
            for j in range(i):
                gaps = (
                    {o: a.get(o, Fraction(0)) - b.get(o, Fraction(0)) for o in (*a, *b)}
                    for a, b in zip(values[i], values[j], strict=True)
                )
                if not any(sum(v * v for v in gap.values()) > (2 * self.ball.epsilon) ** 2 for gap in gaps):
                    raise NotShown("two functions are too near at the points given")

    def concludes(self) -> tuple[Statement, Claim]:
        """log N is at least the logarithm of their number."""
        return Statement(AT_LEAST, self.subject, self.value, self.ball.scope), Claim.LOWER_BOUND


def _values(function: Vector, x: tuple[Fraction, ...]) -> dict[int, Fraction]:
    """The outputs of a function at a point."""
    found: dict[int, Fraction] = {}
    for (output, e), c in function.items():
        term = c
        for v, k in zip(x, e, strict=True):
            term *= v**k
        found[output] = found.get(output, Fraction(0)) + term
    return found


@dataclass(frozen=True)
class CubeOfWeights:
    """The weights within ``radii`` of a ``centre`` in the places ``columns``, all others as at the centre. ``tests`` are m functions,
    a row of coefficients each, whose products with a function are its m values; ``inverse`` is near the inverse of their derivative."""

    centre: tuple[Fraction, ...]
    columns: tuple[int, ...]
    radii: tuple[Fraction, ...]
    tests: tuple[tuple[float, ...], ...]
    inverse: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class FillsVolume:
    """log N by the volume of m linear values of the functions of a cube of weights: `log_of_volume`."""

    subject: str
    ball: BallOfFunctions
    cube: CubeOfWeights
    value: float

    def check(self, subject: RealFunctions) -> None:
        """Raises `NotShown` where functions of the cube are too large, its values fill no volume, or the bound is smaller."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        _held(log_of_volume(subject, self.ball, self.cube), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """log N is at least that."""
        return Statement(AT_LEAST, self.subject, self.value, self.ball.scope), Claim.LOWER_BOUND


def log_of_volume(subject: RealFunctions, ball: BallOfFunctions, cube: CubeOfWeights) -> flint.arb:
    """log of (2 (1 - q))^m r_1 ... r_m / (|det Y| vol_m epsilon^m sqrt(det of the products of the tests)), a bound of N from below.

    With g the m values, Y the inverse and q a bound of the norm of 1 - Y g' over the cube of half-widths r_i, as a map of this cube,
    u -> u - Y (g(u) - y) contracts, so that Y g takes all values in a cube of half-widths (1 - q) r_i. The values of a ball of
    radius epsilon fill an ellipsoid of volume vol_m epsilon^m sqrt(det). Raises `NotShown` where q is not below 1, or a function of
    the cube may be too large.
    """
    names, m = subject.coefficient_names, len(cube.columns)
    shapes = (len(cube.centre), len(cube.radii), len(cube.tests), len(cube.inverse), *map(len, cube.tests), *map(len, cube.inverse))
    if (
        shapes != (subject.parameters, m, m, m, *[len(names)] * m, *[m] * m)
        or len(set(cube.columns)) < m
        or min(cube.radii, default=1) <= 0
    ):
        raise NotShown("the cube is one of another model")
    if not m or not all(0 <= j < subject.parameters for j in cube.columns) or not (ball.euclidean or ball.norm == SUP):
        raise NotShown("the cube has no directions, or the inputs are not known")
    width = [cube.radii[cube.columns.index(j)] if j in cube.columns else Fraction(0) for j in range(subject.parameters)]
    if ball.weights is not None and any(abs(v) + r > ball.weights for v, r in zip(cube.centre, width, strict=True)):
        raise NotShown("a weight is too large")
    with precision(_BITS):
        box = [arb_of(v) + flint.arb(0, arb_of(r).upper()) for v, r in zip(cube.centre, width, strict=True)]
        values, slopes = subject.coefficient_balls(tuple(range(len(names))), box, cube.columns)
        products = gram(ball.norm, names)
        if not _norm(ball.norm, names, values, products) <= arb_of(ball.radius):
            raise NotShown("a function of the cube may be too large")
        tests = flint.fmpq_mat(m, len(names), [_rational(v) for row in cube.tests for v in row])
        weighed = flint.arb_mat(tests * products)
        inverse = flint.arb_mat(m, m, [arb_of(Fraction(v)) for row in cube.inverse for v in row])
        moved = inverse * (weighed * flint.arb_mat(len(names), m, [v for row in slopes for v in row]))
        half = [arb_of(r) for r in cube.radii]
        rows = [sum((abs(moved[i, j] - int(i == j)) * half[j] for j in range(m)), flint.arb(0)) / half[i] for i in range(m)]
        off = reduce(flint.arb.max, rows)
        left = 1 - off
        size, volume = abs(inverse.det()), flint.arb((tests * products * tests.transpose()).det())
        if not (left > 0 and size > 0 and volume > 0):
            raise NotShown("the values of the cube are not shown to fill a volume")
        wide = sum(((2 * left * r / arb_of(ball.epsilon)).log() for r in half), flint.arb(0))
        return wide - size.log() - volumes_of_balls(m)[m].log() - volume.log() / 2


def _norm(norm: str, names: Names, values: Sequence[flint.arb], products: flint.fmpq_mat) -> flint.arb:
    """An upper bound of the norm of functions whose coefficients lie in balls."""
    if norm == SUP:
        return norm_at_most(SUP, names, values)
    row = flint.arb_mat(1, len(values), list(values))
    square = (row * flint.arb_mat(products) * row.transpose())[0, 0].upper()
    return square.sqrt().upper() if square > 0 else flint.arb(0)


def _rational(value: float) -> flint.fmpq:
    exact = Fraction(value)
    return flint.fmpq(exact.numerator, exact.denominator)
