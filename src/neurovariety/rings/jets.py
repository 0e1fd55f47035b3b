"""First-order jets a + b_1 e_1 + ... + b_n e_n with e_i e_j = 0: a run of a program over them gives its values and its Jacobian."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.rings.ring import Array, Element, Ring


class Jets(Ring):
    """R[e_1, ..., e_n] / (e_i e_j), elements as pairs (value, slopes) over any ring R.

    A program at w_1 + e_1, ..., w_n + e_n has the slopes d f(w) / d w_i, by the rules of arithmetic alone: no derivative rule that
    somebody states is used. `DualNumbers` is one direction over F_p, with less work a call.
    """

    def __init__(self, base: Ring, directions: int) -> None:
        self.base, self.directions = base, directions
        self.dtype = np.dtype([("value", base.dtype), ("slopes", base.dtype, (directions,))])
        self.name = f"{base.name}[e_1, ..., e_{directions}]/(e_i e_j)"

    def jet(self, value: Array, slopes: Array) -> Array:
        """value (*shape) + slopes (*shape, n) . e."""
        out = np.empty(value.shape, dtype=self.dtype)
        out["value"], out["slopes"] = value, slopes
        return out

    def still(self, value: Array) -> Array:
        """Elements of R, which do not move with any e_i."""
        return self.jet(value, self.base.zeros((1,)))

    def variables(self, values: Array) -> Array:
        """values_i + e_i for a vector of n elements of R."""
        return self.jet(values, self.base.constant(np.eye(self.directions, dtype=np.int64)))

    def scalar(self, value: Fraction) -> Element:
        return self.constant(np.array(value, dtype=object))[()]

    def constant(self, values: Array) -> Array:
        return self.still(self.base.constant(values))

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return self.still(self.base.zeros(shape))

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.jet(self.base.random(shape, rng), self.base.random((*shape, self.directions), rng))

    def add(self, a: Array, b: Array) -> Array:
        return self.jet(self.base.add(a["value"], b["value"]), self.base.add(*_slopes(a, b)))

    def subtract(self, a: Array, b: Array) -> Array:
        return self.jet(self.base.subtract(a["value"], b["value"]), self.base.subtract(*_slopes(a, b)))

    def negative(self, a: Array) -> Array:
        return self.jet(self.base.negative(a["value"]), self.base.negative(a["slopes"]))

    def multiply(self, a: Array, b: Array) -> Array:
        r = self.base
        left, right = _slopes(a, b)
        slopes = r.add(r.multiply(a["value"][..., None], right), r.multiply(left, b["value"][..., None]))
        return self.jet(r.multiply(a["value"], b["value"]), slopes)

    def divide(self, a: Array, b: Array) -> Array:
        r = self.base
        quotient = r.divide(a["value"], b["value"])
        left, right = _slopes(a, b)
        slopes = r.divide(r.subtract(left, r.multiply(quotient[..., None], right)), b["value"][..., None])
        return self.jet(quotient, slopes)

    def power(self, a: Array, exponent: int) -> Array:
        if exponent < 1:
            return super().power(a, exponent)
        r = self.base
        below = r.power(a["value"], exponent - 1)
        factor = r.multiply(below, r.constant(np.array(exponent)))
        return self.jet(r.multiply(below, a["value"]), r.multiply(factor[..., None], a["slopes"]))

    def matmul(self, a: Array, b: Array) -> Array:
        r = self.base
        va, vb = a["value"], b["value"]
        if a.shape[-1] == 0:
            return super().matmul(a, b)
        moved_a, moved_b = (np.moveaxis(m["slopes"], -1, 0) for m in (a, b))
        batch = max(va.ndim, vb.ndim)
        moved_a, moved_b = (m.reshape(m.shape[0], *(1,) * (batch + 1 - m.ndim), *m.shape[1:]) for m in (moved_a, moved_b))
        slopes = r.add(r.matmul(va, moved_b), r.matmul(moved_a, vb))
        return self.jet(r.matmul(va, vb), np.moveaxis(slopes, 0, -1))

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        return self.jet(self.base.sum(a["value"], axis), self.base.sum(a["slopes"], axis))


def _slopes(a: Array, b: Array) -> tuple[Array, Array]:
    """The slopes of two arrays of jets, with axes in front where one has fewer of them, so that they broadcast as a and b do."""
    n = max(a.ndim, b.ndim)
    left, right = (m["slopes"].reshape((1,) * (n - m.ndim) + m["slopes"].shape) for m in (a, b))
    return left, right
