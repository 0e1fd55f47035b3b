"""The rational numbers, exact, with python-flint."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.rings.ring import Array, Ring
from neurovariety.tolerances import INTEGER_SAMPLE_BITS


class Rationals(Ring):
    """Q, elements ``flint.fmpq`` in object arrays."""

    name = "Q"

    def scalar(self, value: Fraction) -> flint.fmpq:
        return flint.fmpq(value.numerator, value.denominator)

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        bound = 2 ** (INTEGER_SAMPLE_BITS - 1)
        return self.constant(rng.integers(-bound, bound, size=shape))

    def divide(self, a: Array, b: Array) -> Array:
        if any(v == 0 for v in np.asarray(b).reshape(-1)):
            raise DivisionByZeroError("a denominator vanished in Q at the sampled values")
        return np.asarray(a / b, dtype=object)


def to_fraction(value: flint.fmpq) -> Fraction:
    """A ``flint.fmpq`` as a Fraction."""
    return Fraction(int(value.p), int(value.q))
