"""The functions of a stored program over a finite field, counted one by one: what certificates on point counts ask.

All weights are gone through, with tables of sums and products of the field. That is slower than the count which is rechecked, and
shares nothing with it.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import flint
import numpy as np

from neurovariety.certificates.stored_coefficients import NotStored, as_fraction
from neurovariety.certificates.stored_forms import StoredForms
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown

_LARGEST_FIELD = 256
_MOST_STEPS = 3 * 10**8
"""Tables looked up: some seconds."""
_CHUNK = 2**16


class FiniteFieldTables:
    """The field of ``q`` elements 0, ..., q - 1, at most 256: digits to the base of its characteristic are the coefficients of an
    element as a polynomial. Raises `NotShown` where there is none."""

    def __init__(self, q: int) -> None:
        factors = flint.fmpz(q).factor() if 2 <= q <= _LARGEST_FIELD else []
        if len(factors) != 1:
            raise NotShown(f"no field of {q} elements is known here")
        ((prime, degree),) = factors
        self.q, self.p, self.degree = q, int(prime), int(degree)
        modulus = self._irreducible()
        polynomials = [flint.nmod_poly(self._digits(a), self.p) for a in range(q)]
        self.sums = np.array([[self._number(a + b) for b in polynomials] for a in polynomials], dtype=np.uint8)
        self.products = np.array([[self._number(a * b % modulus) for b in polynomials] for a in polynomials], dtype=np.uint8)

    def _digits(self, element: int) -> list[int]:
        return [element // self.p**k % self.p for k in range(self.degree)]

    def _number(self, polynomial: flint.nmod_poly) -> int:
        return sum(int(c) * self.p**k for k, c in enumerate(polynomial.coeffs()))

    def _irreducible(self) -> flint.nmod_poly:
        for tail in range(self.q):
            found = flint.nmod_poly([*self._digits(tail), 1], self.p)
            _, factors = found.factor()
            if len(factors) == 1 and factors[0][1] == 1:
                return found
        raise AssertionError("there are irreducible polynomials of every degree")


class StoredCounts(StoredForms):
    """A program whose outputs are polynomials."""

    def points_over(self, q: int) -> int:
        f = FiniteFieldTables(q)
        forms = self._over(f)
        steps = sum(max(sum(e), 1) for form in forms for e, _ in form)
        if q**self.parameters * max(steps, 1) > _MOST_STEPS or q ** len(forms) >= 2**63:
            raise NotStored(f"{q}^{self.parameters} weights are too many to be gone through here")
        found = np.zeros(0, dtype=np.int64)
        for first in range(0, q**self.parameters, _CHUNK):
            numbers = np.arange(first, min(first + _CHUNK, q**self.parameters), dtype=np.int64)
            weights = [(numbers // q**i % q).astype(np.uint8) for i in range(self.parameters)]
            keys = np.zeros(len(numbers), dtype=np.int64)
            for form in forms:
                keys = keys * q + _values(form, weights, f, len(numbers))
            found = np.union1d(found, keys)
        return len(found)

    def _over(self, f: FiniteFieldTables) -> list[list[tuple[tuple[int, ...], int]]]:
        """The coefficients over the prime field: exponents and residue of each term. Where the functions are a cone the rational number
        that divides all of them is left out."""
        written = [{tuple(map(int, e)): as_fraction(c) for e, c in form.to_dict().items()} for _, form in self.coordinates]
        values = [c for form in written for c in form.values()]
        common = Fraction(1)
        if self._cone and values:
            common = Fraction(gcd(*(c.numerator for c in values)), lcm(*(c.denominator for c in values)))
        return [[(e, r) for e, c in form.items() if (r := residue(c / common, f.p))] for form in written]


def _values(form: list[tuple[tuple[int, ...], int]], weights: list[np.ndarray], f: FiniteFieldTables, count: int) -> np.ndarray:
    total = np.zeros(count, dtype=np.uint8)
    for exponents, c in form:
        product = np.full(count, c, dtype=np.uint8)
        for w, e in zip(weights, exponents, strict=True):
            for _ in range(e):
                product = f.products[product, w]
        total = f.sums[total, product]
    return total.astype(np.int64)
