"""The best uniform approximation of an activation by quotients of polynomials of a degree: Remez's exchange at high precision.

On 2n + 2 points a quotient p/q whose error alternates with one size E solves p(t_i) = (f(t_i) - (-1)^i E) q(t_i). Divided differences
remove p, and what is left is a symmetric eigenvalue problem for E and q with a definite right side; at most one eigenvector has no zero
between the points, and that is the one. Degrees grow one by one, each from the points of the one before, which leads to points that
crowd together about a kink. What comes out is a proposal; `certificates.rational_error` says how good it is.

Sources: Maehly 1963; Filip, Nakatsukasa, Trefethen, Beckermann 2018 (degrees that grow).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import cos, pi

import flint

from neurovariety.beyond.approximation.remez import Bump, Curve, Exchange, alternating, dyadic, of_one_piece
from neurovariety.certificates.activation_series import rational_ball, taylor
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.errors import ResourceError

MOST_DEGREE = 24
"""Degrees up to which quotients are looked for."""
_ROUNDS = 40
_FINEST = 36
_LEVEL = flint.arb(2) ** -30
"""How much of the error the exchange may leave."""


@dataclass(frozen=True)
class BestQuotient:
    """Coefficients from the constant up, the last of the denominator 1; ``points``: where the error alternates, as many as were found;
    ``bits`` that were enough."""

    numerator: tuple[Fraction, ...]
    denominator: tuple[Fraction, ...]
    points: tuple[Fraction, ...]
    bits: int


def best_quotient(question: UniformQuestion) -> BestQuotient:
    """A quotient of polynomials of at most the degree whose error is about the least. Raises `ResourceError` above `MOST_DEGREE`, and
    where none without a pole was found."""
    if question.degree > MOST_DEGREE:
        raise ResourceError(f"quotients of polynomials up to degree {MOST_DEGREE} are looked for, got {question.degree}; ask less")
    exact = of_one_piece(question)
    if exact is not None:
        return BestQuotient(exact.polynomial, (Fraction(1),), exact.points, exact.bits)
    bits = 192 + 32 * question.degree
    with taylor(bits, 3):
        best: _Levelled | None = None
        points = [Fraction(-1), Fraction(1)]
        for degree in range(question.degree + 1):
            exchange = _QuotientExchange(question, degree, bits)
            for start in (_stretched(points, exchange.count), [dyadic(-cos(pi * i / (2 * degree + 1))) for i in range(exchange.count)]):
                found = exchange.run(start)
                if found is not None and (best is None or found.largest < best.largest):
                    best, points = found, found.points
                    break
        if best is None:
            raise ResourceError(
                f"no quotient of polynomials without a pole was found for {question.activation} on [{question.low}, {question.high}]; "
                "ask another interval"
            )
        return best.rounded()


def _stretched(points: Sequence[Fraction], count: int) -> list[Fraction]:
    """As many points, spread as the given ones are."""
    out = []
    for i in range(count):
        place = Fraction(i * (len(points) - 1), count - 1)
        left = min(int(place), len(points) - 2)
        out.append(points[left] + (place - left) * (points[left + 1] - points[left]))
    return [dyadic(t) for t in out]


@dataclass(frozen=True)
class _Levelled:
    exchange: _QuotientExchange
    curve: Curve
    points: list[Fraction]
    largest: flint.arb

    def rounded(self) -> BestQuotient:
        """In x, the denominator with leading coefficient 1, of as few bits as change it by a small part of the error."""
        own, n = self.exchange, self.exchange.degree
        assert self.curve.under is not None
        with taylor(4 * own.bits, 3):
            x = flint.arb_poly([-rational_ball(own.middle / own.half), rational_ball(1 / own.half)])
            over, under = (_midpoints(part(x), n) for part in (self.curve.over, self.curve.under))
            reach = max(abs(own.question.low), abs(own.question.high), Fraction(1))
            sizes = [abs(c) * rational_ball(reach**k) for k, c in enumerate(under)]
            top = max(k for k, size in enumerate(sizes) if size > max(sizes, key=float) * flint.arb(2) ** (-own.bits // 3))
            lead = under[top]
            grid = [rational_ball(t) for t in own.grid()]
            least = min((abs(self.curve.under(t) / lead) for t in grid), key=float)
            size = max((abs(self.curve(t)) for t in grid), key=float)
            share = self.largest * least / (1 + size)
            denominator = own.shortened([c / lead for c in under[: top + 1]], share)
            numerator = own.shortened([c / lead for c in over], share)
        exact = Curve(own.in_t(numerator), own.in_t(denominator))
        bumps = alternating(own.bumps(exact, own.grid()))
        degree = max(max((k for k, c in enumerate(part) if c), default=0) for part in (numerator, denominator))
        kept = _largest(bumps, own.question.degree + degree + 2)
        points = tuple(own.middle + own.half * t for t in sorted({dyadic(b.at) for b in kept}))
        return BestQuotient(numerator, denominator, points, own.bits)


def _midpoints(polynomial: flint.arb_poly, degree: int) -> list[flint.arb]:
    return [polynomial[k].mid() for k in range(degree + 1)]


def _largest(bumps: list[Bump], count: int) -> list[Bump]:
    """At most so many neighbours that alternate, without the smallest at the ends."""
    while len(bumps) > count:
        bumps = bumps[1:] if abs(bumps[0].error) < abs(bumps[-1].error) else bumps[:-1]
    return bumps


class _QuotientExchange(Exchange):
    """The exchange with quotients of polynomials of a degree, which may be smaller than the one that is asked."""

    def __init__(self, question: UniformQuestion, degree: int, bits: int) -> None:
        super().__init__(question, bits)
        self.degree = degree
        self.count = 2 * degree + 2

    def grid(self) -> list[Fraction]:
        """More places about kinks, where extrema crowd together as degrees grow, on every scale."""
        found = set(super().grid())
        for kink in self.kinks:
            found |= {kink + Fraction(s * k, 2**j) for s in (-1, 1) for j in range(5, _FINEST) for k in (8, 9, 10, 11, 12, 13, 14, 15)}
        return sorted(t for t in found if -1 <= t <= 1)

    def run(self, points: list[Fraction]) -> _Levelled | None:  # type: ignore[override]
        """The best quotient that was met; None where there was none without a pole."""
        grid = self.grid()
        best: _Levelled | None = None
        before: flint.arb | None = None
        for _ in range(_ROUNDS):
            if len(set(points)) != self.count:
                break
            levelled = self._levelled_quotient(points, grid)
            if levelled is None:
                break
            curve, level = levelled
            bumps = self.bumps(curve, grid)
            largest = max((abs(b.error) for b in bumps), key=float)
            if best is None or largest < best.largest:
                best = _Levelled(self, curve, points, largest)
            if largest - abs(level) <= _LEVEL * largest or (
                before is not None and abs(level) < before * (1 - _LEVEL) and best.largest < largest
            ):
                break
            before = abs(level)
            points = self.exchanged(bumps, points, curve)
        return best

    def _levelled_quotient(self, points: Sequence[Fraction], grid: Sequence[Fraction]) -> tuple[Curve, flint.arb] | None:
        """The quotient whose error alternates on the points with one size, and that size; None where each has a pole."""
        n, at = self.degree, [rational_ball(t) for t in points]
        basis = [_chebyshev(n, t) for t in at]
        weights = []
        for i, t in enumerate(at):
            weight = flint.arb((-1) ** (i + 1))
            for j, other in enumerate(at):
                if j != i:
                    weight /= t - other
            weights.append(weight.mid())
        scale = max((abs(w) for w in weights), key=float)
        left, right = flint.arb_mat(n + 1, n + 1), flint.arb_mat(n + 1, n + 1)
        for i, (point, weight, row) in enumerate(zip(points, weights, basis, strict=True)):
            value = self.value(point) * weight / scale
            for j in range(n + 1):
                for k in range(n + 1):
                    left[j, k] += (-1) ** i * value * row[j] * row[k]
                    right[j, k] += weight / scale * row[j] * row[k]
        product = flint.acb_mat(right.mid().solve(left.mid(), nonstop=True).mid())
        try:
            sizes, vectors = product.eig(right=True, algorithm="approx")
        except (ValueError, ZeroDivisionError):
            return None
        for k, size in enumerate(sizes):
            parts = [vectors[j, k] for j in range(n + 1)]
            turn = max(parts, key=lambda v: float(abs(v)))
            under = _in_powers([(v / turn).real.mid() for v in parts])
            signs = {bool(under(rational_ball(t)) > 0) for t in (*points, *grid)}
            if len(signs) == 1:
                level = size.real.mid()
                chosen = range(0, 2 * n + 2, 2)
                rows = [basis[i] for i in chosen]
                wanted = [[(self.value(points[i]) - (-1) ** i * level) * under(at[i])] for i in chosen]
                solved = flint.arb_mat(rows).solve(flint.arb_mat(wanted), nonstop=True)
                return Curve(_in_powers([solved[j, 0].mid() for j in range(n + 1)]), under), level
        return None


def _chebyshev(degree: int, t: flint.arb) -> list[flint.arb]:
    """T_0, ..., T_n at a number."""
    found = [flint.arb(1), t]
    while len(found) <= degree:
        found.append((2 * t * found[-1] - found[-2]).mid())
    return found[: degree + 1]


def _in_powers(sums: Sequence[flint.arb]) -> flint.arb_poly:
    """sum c_k T_k in powers of t."""
    before, now, total = flint.arb_poly([0]), flint.arb_poly([1]), flint.arb_poly([0])
    for k, c in enumerate(sums):
        total += c * now
        before, now = now, (2 if k else 1) * flint.arb_poly([0, 1]) * now - before
    return total
