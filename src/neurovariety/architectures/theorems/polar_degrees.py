"""Polar degrees of projective varieties: how often the conormal variety meets general linear spaces.

Their sum is the generic ED degree (Draisma et al. 2016). The conormal variety of X in P^N is the closure of the pairs (x, H) of a
smooth point and a hyperplane tangent there; its class in P^N x P^N* has the polar degrees as coefficients. Here it is resolved by a
bundle P(E) x P(F) over a compact G, and they are the integrals over G of Segre classes s_a(E) s_b(F), a + b = dim G. Lists end with
the degree of X and begin with that of its dual, zero where this is no hypersurface. Where the numbers would be too large to be of use
the answer is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import comb, factorial, prod

_MOST_TERMS = 20_000_000
_MOST_CLASSES = 50_000
_MOST_DIMENSIONS = 200
_MOST_BITS = 64


def of_product(dimensions: Sequence[int], twists: Sequence[int]) -> tuple[int, ...] | None:
    """Of the product of the P^(n_i), n_i = ``dimensions``, embedded, or immersed, by sections of O(d_i), d_i = ``twists``.

    With c_i the degree of the Chern class c_i of the tangent bundle, polar degree j is sum_i (-1)^i C(m + 1 - i, j + 1) c_i, m the
    dimension (Holme 1988). An immersion suffices: the conormal spaces are then a bundle over the product.
    """
    m = sum(dimensions)
    if m > _MOST_DIMENSIONS or prod(n + 1 for n in dimensions) > _MOST_CLASSES or max(twists, default=1).bit_length() > _MOST_BITS:
        return None
    chern = [0] * (m + 1)
    for taken in product(*(range(n + 1) for n in dimensions)):
        i = sum(taken)
        classes = prod(comb(n + 1, e) for n, e in zip(dimensions, taken, strict=True))
        rest = [(d, n - e) for n, d, e in zip(dimensions, twists, taken, strict=True)]
        chern[i] += classes * factorial(m - i) * prod(d**e for d, e in rest) // prod(factorial(e) for _, e in rest)
    return tuple(sum((-1) ** i * comb(m + 1 - i, j + 1) * c for i, c in enumerate(chern)) for j in range(m + 1))


def of_matrices(rows: int, columns: int, rank: int) -> tuple[int, ...] | None:
    """Of the matrices of rank at most ``rank``, below full rank.

    A pair (A, B) of the conormal variety has AB = 0 and BA = 0: over G, the images U of A and the kernels K of A, it is A in
    Hom(C^n / K, U) and B in Hom(C^m / U, K). The integral is a sum over the fixed points of a torus (Bott), pairs of sets of
    ``rank`` rows and columns.
    """
    m, n, r = rows, columns, rank
    top = r * (m - r) + r * (n - r)
    if comb(m, r) * comb(n, r) * top * m * n > _MOST_TERMS:
        return None
    points = (
        (
            [i - j for i in chosen for j in kept],
            [j - i for i in _others(m, chosen) for j in _others(n, kept)],
            [k - i for i in chosen for k in _others(m, chosen)] + [j - l for j in kept for l in _others(n, kept)],
        )
        for chosen in combinations(range(m), r)
        for kept in combinations(range(n), r)
    )
    return _by_fixed_points(points, top)


def of_symmetric_matrices(size: int, rank: int) -> tuple[int, ...] | None:
    """Of the symmetric matrices of rank at most ``rank``, below full rank: A in Sym^2 U, B in Sym^2 (C^n / U)*, U the image of A."""
    n, r = size, rank
    top = r * (n - r)
    if comb(n, r) * top * n * n > _MOST_TERMS:
        return None
    points = (
        (
            [i + j for i in chosen for j in chosen if i <= j],
            [-i - j for i in _others(n, chosen) for j in _others(n, chosen) if i <= j],
            [k - i for i in chosen for k in _others(n, chosen)],
        )
        for chosen in combinations(range(n), r)
    )
    return _by_fixed_points(points, top)


def of_binary_forms(degree: int, width: int) -> tuple[int, ...] | None:
    """Of the sums of ``width`` powers of linear forms in two variables, 2 width <= ``degree``: secants of a rational normal curve.

    Over the P^k of binary forms q of degree k, A is a form that q kills, which is a linear space cut out by d - k + 1 sections of O(1),
    and B is a multiple of q^2: d - 2k + 1 copies of O(-2).
    """
    d, k = degree, width
    if d * k > _MOST_CLASSES:
        return None
    left = [comb(d - k + 1, a) for a in range(k + 1)]
    right = [comb(d - 2 * k + b, b) * 2**b for b in range(k + 1)]
    return tuple(left[a] * right[k - a] for a in range(k + 1))


def _others(size: int, chosen: Sequence[int]) -> list[int]:
    return [k for k in range(size) if k not in chosen]


def _by_fixed_points(points: Iterable[tuple[list[int], list[int], list[int]]], top: int) -> tuple[int, ...]:
    """Integrals of s_a(E) s_(top - a)(F) from the weights of E, F and the tangent space at the fixed points of a torus."""
    sums = [Fraction(0)] * (top + 1)
    for first, second, tangent in points:
        e, f, below = _segre(first, top), _segre(second, top), prod(tangent)
        for a in range(top + 1):
            sums[a] += Fraction(e[a] * f[top - a], below)
    assert all(s.denominator == 1 for s in sums)
    return tuple(int(s) for s in sums)


def _segre(weights: Iterable[int], top: int) -> list[int]:
    """The series of 1 / prod(1 + w t) up to t^top."""
    out = [1, *[0] * top]
    for w in weights:
        for k in range(1, top + 1):
            out[k] -= w * out[k - 1]
    return out
