"""Voronoi cells of points on plane curves, exactly: the targets to which a point is the nearest of the curve.

For a curve c(t) with polynomial coordinates and a point p = c(t0) a target T = (u, v) is in the cell of p if and only if
D(t) = |c(t) - T|^2 - |p - T|^2 is nowhere negative. That is decided exactly for rational targets. At a cusp, c'(t0) = 0, the quotient
q = D / (t - t0)^2 is a polynomial, the cell has an interior, and where it ends q has a double root: its discriminant vanishes there.
At a smooth point the cell lies on the normal line, and where branches with different tangents meet it is the point alone.

Sources: Cifuentes, Ranestad, Sturmfels, Weinstein 2022; the cuspidal cubic is the example of Marchetti et al. 2025.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from neurovariety.errors import InputError
from neurovariety.geometry.images.target import read_target
from neurovariety.geometry.real.real_roots import factors_over_q
from neurovariety.rings.rational import to_fraction

_LIMIT = 12
"""Degree of a coordinate up to which discriminants take seconds at most."""
_TOUCHES = 1e-9


@dataclass(frozen=True, eq=False)
class PlaneCurveCell:
    """The Voronoi cell of the point c(``at``) of the curve t -> (``x``, ``y``), coefficients of 1, t, t^2, ...

    ``dimension`` of the cell: 2 at a cusp, 1 at a smooth point, 0 where branches with different tangents meet. ``boundary``: factors
    of the discriminant of q, polynomials in u and v as text, on one of which the boundary of a two-dimensional cell lies; empty
    otherwise.
    """

    x: tuple[Fraction, ...]
    y: tuple[Fraction, ...]
    at: Fraction
    point: tuple[Fraction, Fraction]
    dimension: int
    boundary: tuple[str, ...]
    discriminant: Any

    def contains(self, u: Fraction | int | str, v: Fraction | int | str) -> bool:
        """Whether no point of the curve is nearer to the rational target (u, v): exact."""
        target = Fraction(u), Fraction(v)
        squares = _sum([_minus(self.x, target[0]), _minus(self.y, target[1])])
        d = _minus(squares, (self.point[0] - target[0]) ** 2 + (self.point[1] - target[1]) ** 2)
        return _nowhere_negative(d)

    def probability(self, mean: tuple[float, float] = (0.0, 0.0), deviation: float = 1.0) -> float:
        """The probability that a normal target, with independent coordinates, lies in the cell: by quadrature, 0 for a cell without
        interior. Cells are convex: for each u the v in it are an interval, between roots of the discriminant."""
        if self.dimension < 2:
            return 0.0
        x, y = (np.array([float(c) for c in p]) for p in (self.x, self.y))
        terms = {tuple(map(int, e)): float(to_fraction(c)) for e, c in self.discriminant.to_dict().items()}
        degree = max(e[2] for e in terms)

        def slice_of(u: float) -> float:
            powers = np.zeros(degree + 1)
            for (_, i, j), c in terms.items():
                powers[degree - j] += c * u**i
            roots = np.roots(np.trim_zeros(powers, "f")) if np.any(powers) else np.array([])
            walls = np.unique(
                np.concatenate([[-np.inf], np.sort(roots[np.abs(roots.imag) < _TOUCHES * (1 + np.abs(roots))].real), [np.inf]])
            )
            total = 0.0
            for low, high in itertools.pairwise(walls):
                inside = low + 1 if np.isinf(high) and np.isfinite(low) else high - 1 if np.isinf(low) and np.isfinite(high) else None
                middle = inside if inside is not None else 0.0 if np.isinf(low) else (low + high) / 2
                if self._near(x, y, u, middle):
                    total += norm.cdf(high, mean[1], deviation) - norm.cdf(low, mean[1], deviation)
            return total * norm.pdf(u, mean[0], deviation)

        reach = 9 * deviation
        return float(quad(slice_of, mean[0] - reach, mean[0] + reach, limit=400, points=[float(self.point[0])], epsabs=1e-10)[0])

    def _near(self, x: Any, y: Any, u: float, v: float) -> bool:
        """`contains` in floating point, for targets that are not on the boundary."""
        a, b = (np.polynomial.polynomial.polysub(p, [c]) for p, c in ((x, u), (y, v)))
        d: Any = np.polynomial.polynomial.polyadd(np.polynomial.polynomial.polymul(a, a), np.polynomial.polynomial.polymul(b, b))
        here = (float(self.point[0]) - u) ** 2 + (float(self.point[1]) - v) ** 2
        stops = np.polynomial.polynomial.polyroots(np.polynomial.polynomial.polyder(d))
        stops = stops[np.abs(stops.imag) < 1e-6 * (1 + np.abs(stops))].real
        return bool((np.polynomial.polynomial.polyval(stops, d) >= here * (1 - _TOUCHES) - 1e-300).all())


def plane_curve_cell(x: str, y: str, at: Fraction | int | str = 0) -> PlaneCurveCell:
    """The Voronoi cell of the point with parameter ``at`` on the curve whose coordinates are the polynomials ``x`` and ``y`` in x.

    Raises `InputError` for coordinates that are no polynomials of degree at most 12 or are both constant, and for a parameter that is
    not rational.

    >>> cell = plane_curve_cell("x^2", "x^3")
    >>> cell.dimension, cell.contains(-1, 0), cell.contains(1, 0)
    (2, True, False)
    """
    first, second = (_coefficients(text) for text in (x, y))
    if max(len(first), len(second)) < 2:
        raise InputError(f"the coordinates {x!r} and {y!r} are constant: that is a point, and no curve")
    try:
        t0 = Fraction(at)
    except (ValueError, TypeError, ZeroDivisionError):
        raise InputError(f"the parameter of a point is a rational number such as 0 or 1/2, got {at!r}") from None
    point = _value(first, t0), _value(second, t0)
    dimension = 2 - _normals(first, second, point)
    quotient = None
    boundary: tuple[str, ...] = ()
    if dimension == 2:
        context = flint.fmpq_mpoly_ctx.get(["t", "u", "v"], "lex")
        t, u, v = context.gens()
        a, b = (sum((flint.fmpq(c.numerator, c.denominator) * t**k for k, c in enumerate(p)), 0 * t) for p in (first, second))
        (px, py), shift = (flint.fmpq(c.numerator, c.denominator) for c in point), t - flint.fmpq(t0.numerator, t0.denominator)
        d: Any = a * a + b * b - 2 * a * u - 2 * b * v - (px * px + py * py - 2 * px * u - 2 * py * v)
        quotient = (d / shift**2).discriminant("t")
        boundary = tuple(str(f) for f, _ in quotient.factor()[1])
    return PlaneCurveCell(first, second, t0, point, dimension, boundary, quotient)


def _coefficients(text: str) -> tuple[Fraction, ...]:
    try:
        terms = read_target(re.sub(r"\bx\b", "x0", text), 1, 1).coefficients
    except InputError:
        raise InputError(f"a coordinate of the curve is a polynomial in x such as x^2 - x, got {text!r}") from None
    degree = max((e for _, (e,) in terms), default=0)
    if degree > _LIMIT:
        raise InputError(f"a coordinate has degree at most {_LIMIT}, got {text!r}")
    return tuple(terms.get((0, (k,)), Fraction(0)) for k in range(degree + 1))


def _value(polynomial: tuple[Fraction, ...], t: Fraction) -> Fraction:
    return sum((c * t**k for k, c in enumerate(polynomial)), Fraction(0))


def _minus(polynomial: tuple[Fraction, ...], value: Fraction) -> tuple[Fraction, ...]:
    return (polynomial[0] - value, *polynomial[1:])


def _sum(of_squares: list[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
    """The sum of the squares of polynomials."""
    out = [Fraction(0)] * (2 * max(map(len, of_squares)) - 1)
    for p in of_squares:
        for i, a in enumerate(p):
            for k, b in enumerate(p):
                out[i + k] += a * b
    return tuple(out)


def _nowhere_negative(polynomial: tuple[Fraction, ...]) -> bool:
    if not any(polynomial):
        return True
    leading, factors = factors_over_q(polynomial)
    return leading > 0 and all(f.multiplicity % 2 == 0 or not f.real for f in factors)


def _normals(x: tuple[Fraction, ...], y: tuple[Fraction, ...], point: tuple[Fraction, Fraction]) -> int:
    """How many independent tangents the branches through the point have: 0 where all of them have cusps."""
    a, b = (
        flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in _minus(p, c0)]) for p, c0 in zip((x, y), point, strict=True)
    )
    common = a.gcd(b)  # its roots are the parameters of the point
    slopes = [p.derivative() for p in (a, b)]
    tangents = []
    for factor, _ in common.factor()[1]:
        if not any(s % factor for s in slopes):
            continue  # cusps
        roots: Any = factor.numer().complex_roots()
        for root, _ in roots:
            t = complex(root)
            if abs(t.imag) <= _TOUCHES * (1 + abs(t)):
                tangents.append([sum(float(to_fraction(c)) * t.real**k for k, c in enumerate(s.coeffs())) for s in slopes])
    return int(np.linalg.matrix_rank(np.array(tangents), tol=_TOUCHES)) if tangents else 0
