"""What a number system must offer so that a `Program` can be run over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np

Array = np.ndarray
Element = Any
"""An element of a ring: what its arrays hold, a number, an object or a record."""


class Ring(ABC):
    """A commutative ring whose elements live in NumPy arrays of one dtype.

    Shape operations (reshape, transpose, indexing, concatenation, broadcasting) are NumPy's own, so a ring states only
    its arithmetic. The defaults below serve every ring of Python objects with ``+``, ``-``, ``*`` (dtype ``object``);
    rings with a faster representation override them.

    `random` is the source of the ring's generic points: exact rings draw integers, whose evaluation is a specialization
    of the generic one, so that a nonzero minor found there is nonzero.
    """

    name: str = "ring"
    dtype: Any = object

    @abstractmethod
    def scalar(self, value: Fraction) -> Element:
        """The image of a rational number. Raises `DivisionByZeroError` where its denominator is not invertible."""

    @abstractmethod
    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Independent random elements of the given shape."""

    @abstractmethod
    def divide(self, a: Array, b: Array) -> Array:
        """The quotient a / b. Raises `DivisionByZeroError` where some entry of b is not invertible."""

    def constant(self, values: Array) -> Array:
        """The image of an array of integers, booleans, floats (exact binary values) or Fractions."""
        values = np.asarray(values)
        out = np.empty(values.shape, dtype=self.dtype)
        flat = out.reshape(-1)
        known: dict[object, object] = {}
        same: dict[int, object] = {}  # fractions by identity: their hashes take longer than all the rest
        entries = values.reshape(-1).tolist()
        for i, v in enumerate(entries):
            if id(v) in same:
                flat[i] = same[id(v)]
                continue
            if v not in known:
                known[v] = self.scalar(as_fraction(v))
            flat[i] = known[v]
            if isinstance(v, Fraction):
                same[id(v)] = known[v]
        return out

    def zeros(self, shape: tuple[int, ...]) -> Array:
        out = np.empty(shape, dtype=self.dtype)
        out[...] = self.scalar(Fraction(0))
        return out

    def add(self, a: Array, b: Array) -> Array:
        return np.asarray(a + b, dtype=self.dtype)

    def subtract(self, a: Array, b: Array) -> Array:
        return np.asarray(a - b, dtype=self.dtype)

    def negative(self, a: Array) -> Array:
        return self.subtract(self.zeros(np.shape(a)), a)

    def multiply(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b, dtype=self.dtype)

    def matmul(self, a: Array, b: Array) -> Array:
        """Batched matrix product of shapes (..., m, k) and (..., k, n)."""
        if a.shape[-1] == 0:
            batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
            return self.zeros((*batch, a.shape[-2], b.shape[-1]))
        return np.asarray(np.matmul(a, b), dtype=self.dtype)

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        for k in sorted(axis, reverse=True):
            if a.shape[k] == 0:
                a = self.zeros(a.shape[:k] + a.shape[k + 1 :])
            else:
                a = np.asarray(np.add.reduce(a, axis=k), dtype=self.dtype)
        return a

    def power(self, a: Array, exponent: int) -> Array:
        """a**exponent by repeated squaring; a negative exponent divides."""
        if exponent < 0:
            return self.divide(self.constant(np.ones(a.shape, dtype=np.int64)), self.power(a, -exponent))
        if exponent == 0:
            return self.constant(np.ones(a.shape, dtype=np.int64))
        result: Array | None = None
        while True:
            if exponent & 1:
                result = a if result is None else self.multiply(result, a)
            exponent >>= 1
            if not exponent:
                assert result is not None
                return result
            a = self.multiply(a, a)


def as_fraction(value: float | Fraction) -> Fraction:
    """The exact rational value of an int, bool, float or Fraction (a float is its exact binary value)."""
    return value if isinstance(value, Fraction) else Fraction(value)


def distinct_denominators(arrays: Iterable[Array]) -> set[int]:
    """Denominators of all entries of arrays of exact constants."""
    found = {1}
    for values in arrays:
        if values.dtype.kind in "fO":
            found.update(as_fraction(v).denominator for v in values.reshape(-1).tolist())
    return found
