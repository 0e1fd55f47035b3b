"""Complex double precision: the one ring here that rounds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.rings.ring import Array, Ring


class Complexes(Ring):
    """C in double precision (complex128). Results carry rounding errors; nothing exact is concluded from them."""

    name = "C"
    dtype = np.complex128

    def scalar(self, value: Fraction) -> complex:
        return complex(float(value))

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return np.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))

    def divide(self, a: Array, b: Array) -> Array:
        if not np.all(b):
            raise DivisionByZeroError("a denominator vanished in C at the sampled values")
        return np.asarray(a / b, dtype=np.complex128)
