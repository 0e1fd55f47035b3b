"""The prime field F_p on float64 BLAS: residues centred around zero, every product exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.linear_algebra.modular_product import matmul_mod, reduce_mod
from neurovariety.linear_algebra.primes import prime_below
from neurovariety.rings.ring import Array, Ring


class FiniteField(Ring):
    """F_p for a prime p below 2**26, elements stored as centred float64 residues.

    Sums of products are reduced before they could leave the range in which float64 is exact (2**53); `matmul_mod` checks
    the bound and raises `ExactnessError` rather than round. Raises `InputError` for a p that is no such prime.
    """

    dtype = np.float64

    def __init__(self, p: int) -> None:
        self.p = prime_below(p, 26)
        self.name = f"F_{p}"

    def scalar(self, value: Fraction) -> float:
        if value.denominator % self.p == 0:
            raise DivisionByZeroError(f"the constant {value} has no image in F_{self.p}; another prime is needed")
        residue = value.numerator * pow(value.denominator, -1, self.p) % self.p
        return float(residue - self.p if 2 * residue > self.p else residue)

    def constant(self, values: Array) -> Array:
        values = np.asarray(values)
        if values.dtype.kind in "biu" and (values.size == 0 or np.abs(values).max() < 2**52):
            return reduce_mod(values.astype(np.float64), self.p)
        return super().constant(values)

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return reduce_mod(rng.integers(0, self.p, size=shape).astype(np.float64), self.p)

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape)

    def add(self, a: Array, b: Array) -> Array:
        return self._reduced(a + b)

    def subtract(self, a: Array, b: Array) -> Array:
        return self._reduced(a - b)

    def negative(self, a: Array) -> Array:
        return np.asarray(-a)

    def multiply(self, a: Array, b: Array) -> Array:
        return self._reduced(a * b)

    def matmul(self, a: Array, b: Array) -> Array:
        if a.shape[-1] == 1:  # outer products: broadcasting is faster than BLAS called once a batch entry
            return self._reduced(a * b)
        return matmul_mod(a, b, self.p)

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        return self._reduced(np.asarray(a.sum(axis=axis)))

    def divide(self, a: Array, b: Array) -> Array:
        if not np.all(b):
            raise DivisionByZeroError(f"a denominator vanished in F_{self.p} at the sampled values")
        return self.multiply(a, self.power(b, self.p - 2))

    def _reduced(self, a: Array | np.number) -> Array:
        a = np.asarray(a, dtype=np.float64)
        return reduce_mod(a, self.p, out=a)
