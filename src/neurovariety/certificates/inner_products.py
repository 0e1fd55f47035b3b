"""Inner products of monomials, exactly: those of coefficients, Bombieri's, and means over normal and over uniform inputs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import factorial, prod

Exponents = tuple[int, ...]

KEPT = 2**16
"""Products that are kept: those of all pairs of 250 monomials."""


def _frobenius(e: Exponents, f: Exponents) -> Fraction:
    return Fraction(e == f)


def _bombieri(e: Exponents, f: Exponents) -> Fraction:
    return Fraction(prod(map(factorial, e)), factorial(sum(e))) if e == f else Fraction(0)


def _gaussian(e: Exponents, f: Exponents) -> Fraction:
    orders = [a + b for a, b in zip(e, f, strict=True)]
    return Fraction(0 if any(n % 2 for n in orders) else prod(prod(range(n - 1, 0, -2)) for n in orders))


def _uniform(e: Exponents, f: Exponents) -> Fraction:
    orders = [a + b for a, b in zip(e, f, strict=True)]
    return Fraction(0) if any(n % 2 for n in orders) else Fraction(1, prod(n + 1 for n in orders))


EXACT_PRODUCTS: dict[str, Callable[[Exponents, Exponents], Fraction]] = {
    "frobenius": lru_cache(KEPT)(_frobenius),
    "bombieri": lru_cache(KEPT)(_bombieri),
    "gaussian": lru_cache(KEPT)(_gaussian),
    "uniform": lru_cache(KEPT)(_uniform),
}
"""Inner products of monomials x^e and x^f: of coefficients; Bombieri's, which orthogonal changes of inputs keep; mean over standard
normal inputs; mean over inputs uniform in the cube [-1, 1]^d."""
