"""Every ring of the package is held to the laws of the kit, and the kit notices what breaks them.

`Degrees` is none: sums of bounds never cancel. `SmallField` runs no programs.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neurovariety.rings as rings
from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.testing import check_ring

SMALL, LARGE = 4194301, 2**61 - 1
RINGS = [
    rings.Rationals(),
    rings.FiniteField(2),
    rings.FiniteField(7),
    rings.FiniteField(SMALL),
    rings.FiniteField(67108859),  # the largest prime below 2^26
    rings.WordField(7),
    rings.WordField(LARGE),
    rings.Polynomials(["x", "y"]),
    rings.DualNumbers(SMALL),
    rings.Jets(rings.FiniteField(SMALL), 3),
    rings.Jets(rings.Rationals(), 2),
    rings.Power(rings.FiniteField(101), 3),
    rings.Power(rings.Rationals(), 2),
]


@pytest.mark.parametrize("ring", RINGS, ids=lambda r: f"{type(r).__name__} {r.name}")
def test_exact_rings(ring):
    check_ring(ring)


def test_complex_numbers():
    check_ring(rings.Complexes(), within=1e-9)
    with pytest.raises(AssertionError, match="C: "):
        check_ring(rings.Complexes())


def test_every_ring_is_here():
    there = {getattr(rings, name) for name in rings.__all__} - {rings.Ring, rings.Degrees, rings.SmallField, rings.Complexes}
    assert {type(r) for r in RINGS} == there


class Dual:
    """a + b e with e^2 = 0 over Q; no number that NumPy knows."""

    def __init__(self, value, slope=Fraction(0)):
        self.value, self.slope = Fraction(value), Fraction(slope)

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other):
        return Dual(self.value - other.value, self.slope - other.slope)

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __truediv__(self, other):
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def __bool__(self):
        return bool(self.value or self.slope)


class RationalDuals(rings.Ring):
    """The ring that CONTRIBUTING.md shows."""

    name = "Q[e]/(e^2)"

    def scalar(self, value):
        return Dual(value)

    def random(self, shape, rng):
        out = np.empty(shape, dtype=object)
        flat = out.reshape(-1)
        for i in range(flat.size):
            flat[i] = Dual(*map(int, rng.integers(-9, 10, size=2)))
        return out

    def divide(self, a, b):
        if any(v.value == 0 for v in np.asarray(b).reshape(-1)):
            raise DivisionByZeroError("a denominator vanished in Q[e]/(e^2) at the sampled values")
        return np.asarray(a / b, dtype=object)


def test_a_ring_of_ones_own():
    check_ring(RationalDuals())


class WrongSlope(RationalDuals):
    def multiply(self, a, b):
        product = super().multiply(a, b)
        return self.add(product, self.constant(np.ones(product.shape)))


class NoRefusal(RationalDuals):
    def divide(self, a, b):
        return a


class LosesBatches(RationalDuals):
    def matmul(self, a, b):
        return super().matmul(a, b).reshape(-1, a.shape[-2], b.shape[-1])


class DrawsByItself(RationalDuals):
    def random(self, shape, rng):
        return super().random(shape, np.random.default_rng())


class NoQuotients(RationalDuals):
    """The elements that it divides have no ``/``."""

    def divide(self, a, b):
        return super().divide(np.array([object()]), b)


class OnlyZeros(RationalDuals):
    def random(self, shape, rng):
        return self.zeros(shape)


class OnlyOnes(RationalDuals):
    def random(self, shape, rng):
        return self.constant(np.ones(shape, dtype=np.int64))


class OnlySlopes(RationalDuals):
    """Any two of its elements multiply to 0."""

    def random(self, shape, rng):
        drawn = super().random(shape, rng)
        return drawn - np.vectorize(lambda d: Dual(d.value), otypes=[object])(drawn)


class Nothing(rings.FiniteField):
    """Every number is 0, and 1 as well."""

    def constant(self, values):
        return self.zeros(np.shape(values))


class LargePowers(RationalDuals):
    def __init__(self, wrong_from):
        self.wrong_from = wrong_from

    def power(self, a, exponent):
        return super().power(a, exponent if exponent < self.wrong_from else exponent + 1)


class Fails(RationalDuals):
    def sum(self, a, axis):
        return a.total(axis)


@pytest.mark.parametrize("p", [4, 6, 9, 15, 1, 0, -7, True, 2**26 + 15])
def test_moduli_that_are_no_primes_are_refused(p):
    with pytest.raises(InputError, match="prime modulus below 2\\^26"):
        rings.FiniteField(p)
    if p != 2**26 + 15:
        with pytest.raises(InputError, match="prime modulus below 2\\^63"):
            rings.WordField(p)


@pytest.mark.parametrize("wrong_from", [8, 18, 32, 100])
def test_large_powers(wrong_from):
    with pytest.raises(AssertionError, match=r"a\^"):
        check_ring(LargePowers(wrong_from))


@pytest.mark.parametrize(
    ("ring", "law"),
    [
        (NoQuotients(), r"^Q\[e\]/\(e\^2\): a TypeError in divide: unsupported operand"),
        (OnlyZeros(), "random elements are all equal"),
        (OnlyOnes(), "random elements are all equal"),
        (OnlySlopes(), "products of random elements are all 0"),
        (Nothing(7), "1 is 0"),
        (Fails(), "a AttributeError in sum"),
        (3, "derived from Ring, got 3"),
        (rings.SmallField(4), "derived from Ring, got SmallField"),
        (WrongSlope(), r"\(a b\) c = a \(b c\)|a 1 = a|a 0 = 0"),
        (NoRefusal(), r"a\^-1|\(a / b\) b = a"),
        (LosesBatches(), "matmul of"),
        (DrawsByItself(), "from the generator alone"),
        (rings.Degrees(), "a \\+ \\(-a\\) = 0|random elements"),
    ],
)
def test_what_breaks_a_law_is_named(ring, law):
    with pytest.raises(AssertionError, match=law):
        check_ring(ring)
