"""Finite fields with at most 256 elements by tables: exhaustive counts over F_q, q a prime power."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.rings.ring import Array

MAX_ORDER = 256


@dataclass(frozen=True)
class SmallField:
    """F_q; the elements are 0, ..., q-1. For q = p they are residues; for q = p^k the digits to base p of an element are its
    coefficients as a polynomial in a generator of the multiplicative group, so that 0, ..., p-1 are the prime field.

    Raises `InputError` unless q is a prime power of at most 256.
    """

    q: int

    def __post_init__(self) -> None:
        if not 2 <= self.q <= MAX_ORDER or len(_prime_factors(self.q)) != 1:
            raise InputError(
                f"a field has a prime power of elements, here at most {MAX_ORDER}: 2, 3, 4, 5, 7, 8, 9, 11, ...; got {self.q}"
            )

    @cached_property
    def p(self) -> int:
        """The characteristic."""
        return _prime_factors(self.q)[0]

    @cached_property
    def degree(self) -> int:
        """k where q = p^k."""
        return next(k for k in range(1, 9) if self.p**k == self.q)

    def scalar(self, value: Fraction) -> int:
        """The image of a rational number. Raises `DivisionByZeroError` where p divides its denominator."""
        if value.denominator % self.p == 0:
            raise DivisionByZeroError(f"{value} has no image in F_{self.q}")
        return value.numerator * pow(value.denominator, -1, self.p) % self.p

    @cached_property
    def addition(self) -> Array:
        """Table of sums, uint8 of shape (q, q)."""
        out = np.zeros((self.q, self.q), dtype=np.int64)
        elements = np.arange(self.q)
        for k in range(self.degree):
            digit = elements // self.p**k % self.p
            out += (digit[:, None] + digit[None, :]) % self.p * self.p**k
        return out.astype(np.uint8)

    @cached_property
    def multiplication(self) -> Array:
        """Table of products, uint8 of shape (q, q)."""
        if self.degree == 1:
            return (np.outer(np.arange(self.q), np.arange(self.q)) % self.q).astype(np.uint8)
        powers = self._powers
        logarithm = np.zeros(self.q, dtype=np.int64)
        logarithm[powers] = np.arange(self.q - 1)
        out = np.zeros((self.q, self.q), dtype=np.uint8)
        out[1:, 1:] = powers[(logarithm[1:, None] + logarithm[None, 1:]) % (self.q - 1)]
        return out

    @cached_property
    def negation(self) -> Array:
        """Table of negatives, uint8 of shape (q,)."""
        return self.addition.argmin(axis=1).astype(np.uint8)  # the one element b with a + b = 0

    @cached_property
    def inversion(self) -> Array:
        """Table of inverses, uint8 of shape (q,); entry 0 is 0 and means nothing."""
        return np.where(np.arange(self.q) > 0, (self.multiplication == 1).argmax(axis=1), 0).astype(np.uint8)

    @cached_property
    def _powers(self) -> Array:
        """x^0, ..., x^(q-2) modulo the first monic polynomial of degree k for which they are all different.

        Then every nonzero residue is a power of x, hence invertible, and the residue ring is the field.
        """
        for tail in range(1, self.q):
            reduction = [-(tail // self.p**k) % self.p for k in range(self.degree)]  # x^k = sum of these
            found = [1]
            while len(found) < self.q:
                digits = [found[-1] // self.p**k % self.p for k in range(self.degree)]
                top = digits[-1]
                digits = [(d + top * r) % self.p for d, r in zip([0, *digits[:-1]], reduction, strict=True)]
                found.append(sum(d * self.p**k for k, d in enumerate(digits)))
                if found[-1] == 1 or found[-1] == 0:
                    break
            if len(found) == self.q and found[-1] == 1:
                return np.array(found[:-1], dtype=np.uint8)
        raise AssertionError("every finite field has a generator")


def _prime_factors(n: int) -> list[int]:
    out, p = [], 2
    while n > 1:
        if n % p == 0:
            out.append(p)
            while n % p == 0:
                n //= p
        p += 1
    return out
