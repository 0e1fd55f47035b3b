"""The best uniform approximation of an activation by polynomials: Remez's exchange at high precision.

What comes out is a proposal, a polynomial and points on which its error alternates; `certificates.uniform_error` says how good it is.

Sources: Remez 1934; Pachon, Trefethen 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import cos, pi

import flint

from neurovariety.certificates.activation_series import (
    POSITIVE,
    Piece,
    PiecedActivation,
    rational_ball,
    taylor,
    taylor_coefficients,
)
from neurovariety.certificates.analytic_networks import PERIODIC
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.errors import ResourceError

MOST_DEGREE = 200
"""Degrees up to which polynomials are looked for."""
_ROUNDS = 80
_LEVEL = flint.arb(2) ** -36
"""How much of the error the exchange may leave: a good part of a millionth of a millionth."""
_STEPS = 5
_MOST_POINTS = 3000
_UNIT = 48
"""Bits of the points, as parts of the interval."""


@dataclass(frozen=True)
class Alternation:
    """``polynomial``: coefficients from the constant up; ``points``: where its error alternates; ``bits`` that were enough."""

    polynomial: tuple[Fraction, ...]
    points: tuple[Fraction, ...]
    bits: int


@dataclass(frozen=True)
class Bump:
    """A local extremum of an error: where in t, and the ``error`` there with its sign."""

    at: flint.arb
    error: flint.arb


class Curve:
    """A quotient of polynomials in t, of which the second may be 1."""

    def __init__(self, over: flint.arb_poly, under: flint.arb_poly | None = None) -> None:
        self.over, self.under = over, under
        self.slopes = [part.derivative() for part in (over, under) if part is not None]
        self.bends = [part.derivative() for part in self.slopes]

    def __call__(self, t: flint.arb) -> flint.arb:
        return self.over(t) if self.under is None else self.over(t) / self.under(t)

    def bend(self, t: flint.arb) -> tuple[flint.arb, flint.arb, flint.arb]:
        """Value and two derivatives."""
        p, first, second = self.over(t), self.slopes[0](t), self.bends[0](t)
        if self.under is None:
            return p, first, second
        q = self.under(t)
        value = p / q
        slope = (first - value * self.slopes[1](t)) / q
        return value, slope, (second - 2 * slope * self.slopes[1](t) - value * self.bends[1](t)) / q


def best_polynomial(question: UniformQuestion) -> Alternation:
    """A polynomial of at most the degree whose error on the interval is about the least. Raises `ResourceError` above `MOST_DEGREE`."""
    if question.degree > MOST_DEGREE:
        raise ResourceError(f"polynomials up to degree {MOST_DEGREE} are looked for, got {question.degree}; ask a smaller one")
    exact = of_one_piece(question)
    if exact is not None:
        return exact
    bits = 128 + 6 * question.degree
    while True:
        found, sure = Exchange(question, bits).run()
        if sure or bits > 4000:
            return found
        bits *= 2


def of_one_piece(question: UniformQuestion) -> Alternation | None:
    """The activation itself, where it is a polynomial of at most the degree on all of the interval."""
    known, low, high, n = question.known(), question.low, question.high, question.degree
    if any(low < k < high for k in known.kinks):
        return None
    piece = known.on(low, high)
    if isinstance(piece, str) or len(piece) > n + 1:
        return None
    return Alternation(piece, tuple(low + (high - low) * Fraction(i, n + 1) for i in range(n + 2)), 64)


class Exchange:
    """The exchange on t in [-1, 1], x = middle + half * t."""

    def __init__(self, question: UniformQuestion, bits: int) -> None:
        self.activation: PiecedActivation = question.known()
        self.question = question
        self.count = question.degree + 2
        self.bits = bits
        self.middle = (question.low + question.high) / 2
        self.half = (question.high - question.low) / 2
        self.kinks = [(k - self.middle) / self.half for k in self.activation.kinks if question.low < k < question.high]
        self.values: dict[Fraction, flint.arb] = {}

    def run(self) -> tuple[Alternation, bool]:
        n = self.question.degree
        grid = self.grid()
        points = [dyadic(-cos(pi * i / (n + 1))) for i in range(n + 2)]
        best: tuple[flint.arb, flint.arb_poly] | None = None
        with taylor(self.bits, 3):
            before: tuple[Sequence[Bump], list[Fraction], Curve, flint.arb] | None = None
            for _ in range(_ROUNDS):
                poly, level = self._levelled(points)
                if before is not None and abs(level) <= abs(before[3]):  # one at a time the level never falls
                    points = self._one_exchanged(*before[:3])
                    poly, level = self._levelled(points)
                bumps = self.bumps(Curve(poly), grid)
                largest = max(abs(b.error) for b in bumps)
                if best is None or largest < best[0]:
                    best = largest, poly
                    self.best_points = points
                if largest - abs(level) <= _LEVEL * largest:
                    break
                before = bumps, points, Curve(poly), level
                points = self.exchanged(bumps, points, Curve(poly))
            assert best is not None
            largest, poly = best
            scale = max([abs(poly[k]) for k in range(n + 1)] + [abs(self.value(Fraction(t))) for t in (-1, 1)])
            sure = bool(largest > scale * flint.arb(2) ** (60 - self.bits // 2))
            return Alternation(
                self.rounded(poly, largest), tuple(self.middle + self.half * t for t in self.best_points), self.bits
            ), sure

    def grid(self) -> list[Fraction]:
        """Where extrema are looked for: Chebyshev points, several to each wave of sin and cos, more of them about 0 of x and kinks on
        every scale, and the kinks; of functions of positive numbers as far as the interval is from 0."""
        n = 16 * (self.question.degree + 2)
        if self.question.activation in PERIODIC:
            n = max(n, min(_MOST_POINTS, int(10 * self.half)))
        places = {dyadic(-cos(pi * i / n)) for i in range(n + 1)} | {Fraction(-1), Fraction(1), *self.kinks}
        finest = min(Fraction(1, 64), self.question.low / 4) if self.question.activation in POSITIVE else Fraction(1, 64)
        for centre in (-self.middle / self.half, *self.kinks):
            step = Fraction(1)
            while step * self.half > finest and step > Fraction(1, 2**40):
                step /= 2
                places |= {dyadic(centre + s * step * k / 4) for s in (-1, 1) for k in (4, 5, 6, 7)}
        return sorted(t for t in places if -1 <= t <= 1)

    def value(self, t: Fraction) -> flint.arb:
        if t not in self.values:
            x = self.middle + self.half * t
            self.values[t] = taylor_coefficients(self.activation.at(x), rational_ball(x), 3)[0].mid()
        return self.values[t]

    def _levelled(self, points: Sequence[Fraction]) -> tuple[flint.arb_poly, flint.arb]:
        """The polynomial whose error alternates on the points with one size, and that size."""
        n = self.question.degree
        rows = []
        for i, t in enumerate(points):
            ball, power, row = rational_ball(t), flint.arb(1), []
            for _ in range(n + 1):
                row.append(power)
                power *= ball
            rows.append([*row, flint.arb((-1) ** i)])
        right = flint.arb_mat([[self.value(t)] for t in points])
        found = flint.arb_mat(rows).solve(right, nonstop=True)
        solved = [found[i, 0].mid() for i in range(n + 2)]
        return flint.arb_poly(solved[:-1]), solved[-1]

    def _error(self, near: Curve, t: Fraction) -> flint.arb:
        return (self.value(t) - near(rational_ball(t))).mid()

    def bumps(self, near: Curve, grid: Sequence[Fraction]) -> list[Bump]:
        """The local extrema of the error, each refined by Newton's method where the error is smooth."""
        errors = [self._error(near, t) for t in grid]
        found = []
        for i, t in enumerate(grid):
            size = abs(errors[i])
            if (i and errors[i - 1] * errors[i] > 0 and abs(errors[i - 1]) > size) or (
                i + 1 < len(grid) and errors[i + 1] * errors[i] > 0 and abs(errors[i + 1]) > size
            ):
                continue
            bump = Bump(rational_ball(t).mid(), errors[i])
            if 0 < i < len(grid) - 1 and t not in self.kinks:
                bump = self._refined(near, bump, grid[i - 1], grid[i + 1], t)
            found.append(bump)
        return found

    def _refined(self, near: Curve, start: Bump, low: Fraction, high: Fraction, t: Fraction) -> Bump:
        piece: Piece = self.activation.at(self.middle + self.half * t)
        centre, half = rational_ball(self.middle).mid(), rational_ball(self.half).mid()
        at, best = start.at, start
        ends = rational_ball(low).mid(), rational_ball(high).mid()
        for _ in range(_STEPS):
            c = taylor_coefficients(piece, (centre + half * at).mid(), 3)
            value, slope, bend = near.bend(at)
            error = (c[0] - value).mid()
            if abs(error) > abs(best.error) and error * best.error > 0:
                best = Bump(at, error)
            first, second = (c[1] * half - slope).mid(), (2 * c[2] * half * half - bend).mid()
            if second == 0 or not (first / second).is_finite():
                break
            at = (at - first / second).mid()
            if not ends[0] <= at <= ends[1]:
                break
        return best

    def farthest(self, near: Curve) -> tuple[Fraction, flint.arb]:
        """Where in x a curve in t is about farthest from the activation, and how far it is there."""
        top = max(self.bumps(near, self.grid()), key=lambda b: abs(b.error))
        t = dyadic(top.at)
        return self.middle + self.half * t, abs(self._error(near, t))

    def in_t(self, polynomial: Sequence[Fraction]) -> flint.arb_poly:
        """A polynomial in x, coefficients from the constant up, as one in t."""
        x = flint.arb_poly([rational_ball(self.middle), rational_ball(self.half)])
        return flint.arb_poly([rational_ball(c) for c in polynomial])(x)

    def exchanged(self, bumps: Sequence[Bump], points: Sequence[Fraction], near: Curve) -> list[Fraction]:
        """As many points as before on which the error alternates, with the largest error among them."""
        kept = alternating(bumps)
        while len(kept) > self.count:
            if len(kept) == self.count + 1:
                kept.pop(0 if abs(kept[0].error) < abs(kept[-1].error) else -1)
                continue
            k = min(range(len(kept) - 1), key=lambda i: max(abs(kept[i].error), abs(kept[i + 1].error)))
            del kept[k : k + 2]
        fresh = sorted({dyadic(b.at) for b in kept})
        return fresh if len(fresh) == self.count else self._one_exchanged(bumps, points, near)

    def _one_exchanged(self, bumps: Sequence[Bump], points: Sequence[Fraction], near: Curve) -> list[Fraction]:
        """The points with the place of the largest error instead of a neighbour of the same sign."""
        top = max(bumps, key=lambda b: abs(b.error))
        new = dyadic(top.at)
        if new in points:
            return list(points)
        found = sorted([*points, new])
        i = found.index(new)
        if i == 0:
            return found[:-1] if self._error(near, found[1]) * top.error < 0 else [new, *found[2:]]
        if i == len(found) - 1:
            return found[1:] if self._error(near, found[-2]) * top.error < 0 else [*found[:-2], new]
        drop = i - 1 if self._error(near, found[i - 1]) * top.error > 0 else i + 1
        return [t for k, t in enumerate(found) if k != drop]

    def rounded(self, poly: flint.arb_poly, error: flint.arb) -> tuple[Fraction, ...]:
        """Its coefficients in x, of as few bits as change it by less than a small part of the error."""
        n = self.question.degree
        with taylor(4 * self.bits, 3):
            x = flint.arb_poly([-rational_ball(self.middle / self.half), rational_ball(1 / self.half)])
            exact = poly(x)
            return self.shortened([exact[k] for k in range(n + 1)], error)

    def shortened(self, coefficients: Sequence[flint.arb], error: flint.arb) -> tuple[Fraction, ...]:
        """Coefficients of powers of x, of as few bits as change the sum by less than a small part of an error."""
        if not error > 0:
            return tuple(_fraction(c.mid()) for c in coefficients)
        reach = rational_ball(max(abs(self.question.low), abs(self.question.high), Fraction(1)))
        share = error * flint.arb(2) ** -34 / len(coefficients)
        out = []
        for k, c in enumerate(coefficients):
            step = share / reach**k
            mantissa, exponent = step.mid().man_exp()
            unit = Fraction(2) ** (int(mantissa).bit_length() + int(exponent) - 1)
            out.append(round(_fraction(c.mid()) / unit) * unit)
        return tuple(out)


def alternating(bumps: Sequence[Bump]) -> list[Bump]:
    """The largest of neighbours on one side, so that signs alternate, from left to right."""
    kept: list[Bump] = []
    for b in sorted(bumps, key=lambda b: float(b.at)):
        if b.error == 0:
            continue
        if kept and kept[-1].error * b.error > 0:
            kept[-1] = max(kept[-1], b, key=lambda v: abs(v.error))
        else:
            kept.append(b)
    return kept


def dyadic(value: float | Fraction | flint.arb) -> Fraction:
    """The nearest multiple of 2^-48."""
    if isinstance(value, flint.arb):
        value = _fraction(value.mid())
    return Fraction(round(Fraction(value) * 2**_UNIT), 2**_UNIT)


def _fraction(value: flint.arb) -> Fraction:
    mantissa, exponent = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
