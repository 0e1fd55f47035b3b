"""Prime fields of up to 63 bits with python-flint: slower than BLAS, for error bounds that small primes cannot give."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.linear_algebra.primes import prime_below
from neurovariety.rings.ring import Array, Ring


class WordField(Ring):
    """F_p for a prime p below 2**63, elements ``flint.nmod`` in object arrays. Raises `InputError` for a p that is no such prime."""

    def __init__(self, p: int) -> None:
        self.p = prime_below(p, 63)
        self.name = f"F_{p}"

    def scalar(self, value: Fraction) -> flint.nmod:
        if value.denominator % self.p == 0:
            raise DivisionByZeroError(f"the constant {value} has no image in F_{self.p}; another prime is needed")
        return flint.nmod(value.numerator % self.p, self.p) / flint.nmod(value.denominator % self.p, self.p)

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.constant(rng.integers(0, self.p, size=shape))

    def divide(self, a: Array, b: Array) -> Array:
        if any(int(v) == 0 for v in np.asarray(b).reshape(-1)):
            raise DivisionByZeroError(f"a denominator vanished in F_{self.p} at the sampled values")
        return np.asarray(a / b, dtype=object)
