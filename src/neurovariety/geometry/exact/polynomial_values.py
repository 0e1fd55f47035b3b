"""A polynomial map of the weights written out: values, Jacobian and curvature, in floating point or exactly over a prime field."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

from neurovariety.rings.ring import Array

Exponents = tuple[int, ...]
Number = int | float
"""A residue, or a number in floating point."""
T = TypeVar("T", int, float, Array)


class PolynomialValues:
    """``polynomials`` (k of them, exponents -> coefficient) as a map of weights (n,).

    With a prime ``p`` weights are integers, and everything is a residue 0..p-1 in an object array; without one it is float64.
    """

    def __init__(self, polynomials: Sequence[dict[Exponents, Fraction]], n: int, p: int | None = None) -> None:
        self.n, self.p = n, p
        self.monomials = sorted({e for f in polynomials for e in f})
        self._places = [[(j, k) for j, k in enumerate(e) if k] for e in self.monomials]
        self._degrees = [max((e[j] for e in self.monomials), default=0) for j in range(n)]
        at = {e: t for t, e in enumerate(self.monomials)}
        self.matrix = np.zeros((len(polynomials), len(self.monomials)), dtype=np.float64 if p is None else object)
        for i, f in enumerate(polynomials):
            for e, c in f.items():
                self.matrix[i, at[e]] = float(c) if p is None else c.numerator * pow(c.denominator, -1, p) % p

    def _reduced(self, values: T) -> T:
        return values if self.p is None else values % self.p

    def _powers(self, w: Array) -> list[list[Number]]:
        out = []
        for j, degree in enumerate(self._degrees):
            row: list[Number] = [1]
            for _ in range(degree):
                row.append(row[-1] * w[j] if self.p is None else row[-1] * int(w[j]) % self.p)
            out.append(row)
        return out

    def _zeros(self, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape, dtype=self.matrix.dtype)

    def values(self, w: Array) -> Array:
        """The values (k,) at weights (n,)."""
        powers = self._powers(w)
        terms = self._zeros((len(self.monomials),))
        for t, places in enumerate(self._places):
            value: Number = 1
            for j, k in places:
                value = self._reduced(value * powers[j][k])
            terms[t] = value
        return self._reduced(self.matrix @ terms)

    def slopes(self, w: Array) -> Array:
        """The Jacobian (k, n) at weights (n,)."""
        powers = self._powers(w)
        out = self._zeros((len(self.monomials), self.n))
        for t, places in enumerate(self._places):
            for i, power in places:
                value: Number = power
                for j, k in places:
                    value = self._reduced(value * powers[j][k - (j == i)])
                out[t, i] = value
        return self._reduced(self.matrix @ out)

    def curvature(self, w: Array, normal: Array) -> Array:
        """The Hessian (n, n) at weights (n,) of the sum of ``normal`` (k,) times the polynomials."""
        powers = self._powers(w)
        factors = self._reduced(np.asarray(normal) @ self.matrix)
        out = self._zeros((self.n, self.n))
        for t, places in enumerate(self._places):
            if not factors[t]:
                continue
            for a, (i, first) in enumerate(places):
                for b, second in places[a:]:
                    value: Number = factors[t] * first * (second if b != i else first - 1)
                    for j, k in places:
                        left = k - (j == i) - (j == b)
                        if left < 0:
                            value = 0
                            break
                        value = self._reduced(value * powers[j][left])
                    out[i, b] = self._reduced(out[i, b] + value)
                    out[b, i] = out[i, b]
        return out

    def many(self, weights: Array) -> Array:
        """The values (B, k) at real weights (B, n), in floating point."""
        w = np.asarray(weights, dtype=np.float64)
        terms = np.ones((len(w), len(self.monomials)))
        for t, places in enumerate(self._places):
            for j, k in places:
                terms[:, t] *= w[:, j] ** k
        return terms @ self.matrix.T

    def many_slopes(self, weights: Array) -> Array:
        """The Jacobians (B, k, n) at real weights (B, n), in floating point."""
        w = np.asarray(weights, dtype=np.float64)
        out = np.zeros((len(w), len(self.monomials), self.n))
        for t, places in enumerate(self._places):
            for i, power in places:
                value = np.full(len(w), float(power))
                for j, k in places:
                    value *= w[:, j] ** (k - (j == i))
                out[:, t, i] = value
        return np.einsum("kt,btn->bkn", self.matrix, out)
