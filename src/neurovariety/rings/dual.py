"""Dual numbers over a prime field: a + b e with e^2 = 0, which differentiate a program without anybody's derivative rules."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array, Element, Ring

DUAL = np.dtype([("value", np.float64), ("slope", np.float64)])


class DualNumbers(Ring):
    """F_p[e] / (e^2), elements as pairs (value, slope) of centred residues.

    A program at w + v e has the slope d f(w) . v, by the rules of arithmetic alone.
    """

    dtype = DUAL

    def __init__(self, p: int) -> None:
        self.field = FiniteField(p)
        self.name = f"F_{p}[e]/(e^2)"

    def pair(self, value: Array, slope: Array) -> Array:
        """value + slope e."""
        value, slope = np.broadcast_arrays(value, slope)
        out = np.empty(value.shape, dtype=DUAL)
        out["value"], out["slope"] = value, slope
        return out

    def scalar(self, value: Fraction) -> Element:
        return self.pair(np.asarray(self.field.scalar(value)), np.zeros(()))[()]

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.pair(self.field.random(shape, rng), self.field.random(shape, rng))

    def add(self, a: Array, b: Array) -> Array:
        return self.pair(self.field.add(a["value"], b["value"]), self.field.add(a["slope"], b["slope"]))

    def subtract(self, a: Array, b: Array) -> Array:
        return self.add(a, self.negative(b))

    def negative(self, a: Array) -> Array:
        return self.pair(self.field.negative(a["value"]), self.field.negative(a["slope"]))

    def multiply(self, a: Array, b: Array) -> Array:
        f = self.field
        slope = f.add(f.multiply(a["value"], b["slope"]), f.multiply(a["slope"], b["value"]))
        return self.pair(f.multiply(a["value"], b["value"]), slope)

    def divide(self, a: Array, b: Array) -> Array:
        f = self.field
        quotient = f.divide(a["value"], b["value"])
        slope = f.divide(f.subtract(a["slope"], f.multiply(quotient, b["slope"])), b["value"])
        return self.pair(quotient, slope)

    def matmul(self, a: Array, b: Array) -> Array:
        f = self.field
        va, sa, vb, sb = (np.ascontiguousarray(x) for x in (a["value"], a["slope"], b["value"], b["slope"]))
        return self.pair(f.matmul(va, vb), f.add(f.matmul(va, sb), f.matmul(sa, vb)))

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        return self.pair(self.field.sum(a["value"], axis), self.field.sum(a["slope"], axis))
