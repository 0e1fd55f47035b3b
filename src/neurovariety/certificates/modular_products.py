"""Arrays of residues modulo a prime below 2^61 in NumPy, with exact products.

A residue is cut into digits of 21 bits. Products of matrices of digits are products in doubles, exact since every sum stays below
2^53, in whatever order it is formed; the results are put together by Horner's rule, with one rounded quotient a step. Sums that leave
64 bits come back: only differences that are small in truth, below 2p in size, are read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Integers = np.ndarray
"""An array of int64."""

DIGIT = 21
_INNER = 512
"""Sums of so many products of digits, three times over, stay below 2^53."""


@dataclass(frozen=True)
class Residues:
    """Arithmetic of int64 arrays with entries from 0 to p - 1."""

    p: int

    @property
    def digits(self) -> int:
        """How many digits a residue has."""
        return -(-self.p.bit_length() // DIGIT)

    def _digit(self, a: Integers, i: int) -> Integers:
        return (a >> (DIGIT * i)) & ((1 << DIGIT) - 1)

    def times(self, a: Integers, b: Integers) -> Integers:
        """Products of entries."""
        share = 1.0 / self.p
        real = a.astype(np.float64) * share
        out: Integers = np.zeros(np.broadcast(a, b).shape, dtype=np.int64)
        for i in range(self.digits - 1, -1, -1):
            digit = self._digit(b, i)
            quotient = np.rint(out * (2.0**DIGIT * share) + real * digit).astype(np.int64)
            out = (out << DIGIT) + a * digit - quotient * self.p
        out %= self.p
        return out

    def product(self, a: Integers, b: Integers) -> Integers:
        """The product of matrices."""
        out: Integers = np.zeros((a.shape[0], b.shape[1]), dtype=np.int64)
        for at in range(0, a.shape[1], _INNER):
            out += self._part(a[:, at : at + _INNER], b[at : at + _INNER])
            out -= self.p * (out >= self.p)
        return out

    def _part(self, a: Integers, b: Integers) -> Integers:
        k = self.digits
        left = [self._digit(a, i).astype(np.float64) for i in range(k)]
        right = [self._digit(b, i).astype(np.float64) for i in range(k)]
        out: Integers = np.zeros((a.shape[0], b.shape[1]), dtype=np.int64)
        for s in range(2 * k - 2, -1, -1):
            pairs = [(i, s - i) for i in range(k) if 0 <= s - i < k]
            total = left[pairs[0][0]] @ right[pairs[0][1]]
            for i, j in pairs[1:]:
                total += left[i] @ right[j]
            quotient = np.rint(out * (2.0**DIGIT / self.p) + total * (1.0 / self.p)).astype(np.int64)
            out = (out << DIGIT) + total.astype(np.int64) - quotient * self.p
        out %= self.p
        return out
