"""Integrals that count: degrees of products of projective spaces, their double points, and secant planes of Veronese surfaces.

Products of projective spaces are given by the ``dimensions`` n_i of their factors and by the ``twists`` d_i of the line bundle
O(d_1, ..., d_s), all at least one, that embeds them. Numbers that would be too large to be of use are None.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb, factorial, prod

_MOST_BITS = 4_000
_MOST_DIMENSIONS = 500
_MOST_CLASSES = 10_000
_MOST_POINTS = 40


def degree_of_product(dimensions: Sequence[int], twists: Sequence[int]) -> int | None:
    """The degree of a product of projective spaces: the integral of (sum d_i H_i)^q, with q the sum of the n_i."""
    q = sum(dimensions)
    if q > _MOST_DIMENSIONS or sum(n * d.bit_length() for n, d in zip(dimensions, twists, strict=True)) > _MOST_BITS:
        return None
    powers = prod(d**n for n, d in zip(dimensions, twists, strict=True))
    return factorial(q) // prod(factorial(n) for n in dimensions) * powers


def double_points(dimensions: Sequence[int], twists: Sequence[int]) -> int | None:
    """The number of double points that X, a product of projective spaces of dimension q, acquires in a general projection to P^(2q).

    The double point formula gives twice this number as D^2 - sum_j C(2q + 1, j) int h^j s_(q-j)(T_X), where D is the degree, h the
    hyperplane class and s = 1/c the Segre classes of the tangent bundle, here s(T_X) = product of (1 + H_i)^-(n_i + 1).
    """
    whole = degree_of_product(dimensions, twists)
    if whole is None or prod(n + 1 for n in dimensions) > _MOST_CLASSES:
        return None
    q, excess = sum(dimensions), 0
    for left in product(*(range(n + 1) for n in dimensions)):
        j = sum(left)  # h^j takes left_i of the hyperplanes of factor i, the Segre class the others
        segre = prod((-1) ** (n - e) * comb(2 * n - e, n - e) for n, e in zip(dimensions, left, strict=True))
        planes = factorial(j) // prod(factorial(e) for e in left) * prod(d**e for d, e in zip(twists, left, strict=True))
        excess += comb(2 * q + 1, j) * segre * planes
    return (whole**2 - excess) // 2


def secant_planes_of_surface(degree: int, points: int) -> int | None:
    """The integral of the top Segre class of O(degree) on the Hilbert scheme of so many points of the projective plane.

    Lehn's formula: with H the line bundle and K the canonical one, the generating function of these integrals in z is
    (1 - t)^a (1 - 2t)^b / (1 - 6t + 6t^2)^c at z = t (1 - t) (1 - 2t)^4 / (1 - 6t + 6t^2)^3, where a = HK - 2K^2,
    b = (H - K)^2 + 3 and c = H(H - K)/2 + 1. The coefficient of z^k is the residue of F dz / z^(k + 1).
    """
    k = points
    if k > _MOST_POINTS:
        return None
    a, b, c = -3 * degree - 18, (degree + 3) ** 2 + 3, degree * (degree + 3) // 2 + 1
    unit = _times(_power((1, -1), 1, k), _power((1, -2), 4, k), _power((1, -6, 6), -3, k))
    change = [(i + 1) * u for i, u in enumerate(unit)]
    n = k + 1
    rest = _times(_power((1, -1), a - n, k), _power((1, -2), b - 4 * n, k), _power((1, -6, 6), 3 * n - c, k))
    return _times(rest, change)[k]


def _power(base: tuple[int, ...], exponent: int, order: int) -> list[int]:
    """The power series base^exponent up to t^order; the base is a polynomial with constant term one."""
    out = [1]
    for n in range(1, order + 1):
        terms = ((exponent * i - n + i) * base[i] * out[n - i] for i in range(1, min(n, len(base) - 1) + 1))
        out.append(sum(terms) // n)
    return out


def _times(first: list[int], *others: list[int]) -> list[int]:
    """The product of power series of one length, cut off there."""
    for other in others:
        first = [sum(first[i] * other[n - i] for i in range(n + 1)) for n in range(len(first))]
    return first
