"""A power R^n of a ring: n elements side by side, so that one run of a program gives its values at n points."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.rings.ring import Array, Element, Ring


class Power(Ring):
    """R^n with entrywise operations; an element's n entries lie in the field ``at`` of its dtype."""

    def __init__(self, base: Ring, copies: int) -> None:
        self.base, self.copies = base, copies
        self.dtype = np.dtype([("at", base.dtype, (copies,))])
        self.name = f"({base.name})^{copies}"

    def of(self, entries: Array) -> Array:
        """Entries (*shape, n), or (*shape, 1) for n equal ones, as elements (*shape)."""
        out = np.empty(entries.shape[:-1], dtype=self.dtype)
        out["at"] = entries
        return out

    def scalar(self, value: Fraction) -> Element:
        return self.constant(np.array(value, dtype=object))[()]

    def constant(self, values: Array) -> Array:
        return self.of(self.base.constant(values)[..., None])

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return self.of(self.base.zeros((*shape, 1)))

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.of(self.base.random((*shape, self.copies), rng))

    def add(self, a: Array, b: Array) -> Array:
        return self.of(self.base.add(*_aligned(a, b)))

    def subtract(self, a: Array, b: Array) -> Array:
        return self.of(self.base.subtract(*_aligned(a, b)))

    def negative(self, a: Array) -> Array:
        return self.of(self.base.negative(a["at"]))

    def multiply(self, a: Array, b: Array) -> Array:
        return self.of(self.base.multiply(*_aligned(a, b)))

    def divide(self, a: Array, b: Array) -> Array:
        return self.of(self.base.divide(*_aligned(a, b)))

    def power(self, a: Array, exponent: int) -> Array:
        return self.of(self.base.power(a["at"], exponent))

    def matmul(self, a: Array, b: Array) -> Array:
        """The entries become a batch axis of the product over R."""
        left, right = (np.ascontiguousarray(np.moveaxis(m["at"], -1, -3)) for m in (a, b))
        return self.of(np.moveaxis(self.base.matmul(left, right), -3, -1))

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        return self.of(self.base.sum(a["at"], axis))


def _aligned(a: Array, b: Array) -> tuple[Array, Array]:
    """The entries of two arrays of elements, with axes in front where one has fewer of them, so that they broadcast as a and b do."""
    n = max(a.ndim, b.ndim)
    left, right = (m["at"].reshape((1,) * (n - m.ndim) + m["at"].shape) for m in (a, b))
    return left, right
