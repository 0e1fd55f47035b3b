"""Exact coefficients: integers, rationals, and Gaussian rationals, none of which is ever rounded.

A coefficient is in normal form: a Python integer where it is one, else a `flint.fmpq` where it is real, else a `Gaussian`. A float is
the binary fraction that it stores.
"""

from __future__ import annotations

from fractions import Fraction
from math import isfinite
from numbers import Integral, Rational
from typing import Any

import flint

from neurovariety.errors import InputError


class Gaussian:
    """A number re + i im with rational parts, im not 0; immutable. Results of +, - and * are coefficients in normal form."""

    __slots__ = ("_near", "im", "re")

    def __init__(self, re: Any, im: Any) -> None:
        self.re = re
        self.im = im
        self._near: tuple[complex, bool] | None = None

    def __repr__(self) -> str:
        return f"({self.re} + {self.im}*i)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gaussian) and bool(self.re == other.re) and bool(self.im == other.im)

    def __hash__(self) -> int:
        return hash((self.re, self.im))

    def __complex__(self) -> complex:
        return nearest(self)

    def __neg__(self) -> Gaussian:
        return Gaussian(-self.re, -self.im)

    def __add__(self, other: Coefficient) -> Coefficient:
        if isinstance(other, Gaussian):
            return _made(self.re + other.re, self.im + other.im)
        return Gaussian(self.re + other, self.im)

    __radd__ = __add__

    def __sub__(self, other: Coefficient) -> Coefficient:
        return self + (-other)

    def __rsub__(self, other: Coefficient) -> Coefficient:
        return -self + other

    def __mul__(self, other: Coefficient) -> Coefficient:
        if isinstance(other, Gaussian):
            return _made(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
        return Gaussian(self.re * other, self.im * other) if other else 0

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Coefficient:
        power: Coefficient = 1
        square: Coefficient = self
        while exponent:
            if exponent & 1:
                power = power * square
            exponent >>= 1
            square = square * square if exponent else square
        return power


Coefficient = int | flint.fmpq | Gaussian
"""An exact number in normal form."""


def _made(re: Any, im: Any) -> Coefficient:
    return Gaussian(re, im) if im else re


def exact(value: object) -> Coefficient:
    """A number as a coefficient. Raises `InputError` for what is no finite number."""
    if type(value) is complex:
        return _made(exact(value.real), exact(value.imag)) if value.imag else exact(value.real)
    if type(value) is float and isfinite(value):
        return _rational(*value.as_integer_ratio())
    if type(value) is int or isinstance(value, flint.fmpq | Gaussian):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Rational):
        return _rational(int(value.numerator), int(value.denominator))
    if hasattr(value, "item") and not isinstance(value, float | complex) and getattr(value, "ndim", 1) == 0:
        return exact(value.item())
    if isinstance(value, complex):
        return _made(exact(value.real), exact(value.imag))
    if isinstance(value, float):
        if not isfinite(value):
            raise InputError(f"the constant {value} is no finite number; leave it out")
        return _rational(*value.as_integer_ratio())
    shown = f"an array of shape {value.shape}" if hasattr(value, "shape") else f"{value!r}"[:60]
    raise InputError(f"a constant is {shown}, of type {type(value).__name__}, and a number is expected")


def _rational(p: int, q: int) -> Coefficient:
    return p if q == 1 else flint.fmpq(p, q)


def inverse(value: Coefficient) -> Coefficient:
    """1 / value, for a value that is not 0."""
    if isinstance(value, Gaussian):
        norm = value.re * value.re + value.im * value.im
        return Gaussian(_over(value.re, norm), _over(-value.im, norm))
    return _over(1, value)


def _over(a: Any, b: Any) -> Any:
    found = flint.fmpq(1) * a / b
    return int(found.p) if found.q == 1 else found


def parts(value: Coefficient) -> tuple[Fraction, Fraction]:
    """Real and imaginary part."""
    if isinstance(value, Gaussian):
        return _fraction(value.re), _fraction(value.im)
    return _fraction(value), Fraction(0)


def _fraction(value: Any) -> Fraction:
    return Fraction(value) if isinstance(value, int) else Fraction(int(value.p), int(value.q))


def nearest(value: Coefficient) -> complex:
    """The complex double next to a coefficient; each part is off by 2^-53 of it at most, or by 2^-1074.

    Raises `InputError` beyond what a double holds.
    """
    return rounded(value)[0]


def rounded(value: Coefficient) -> tuple[complex, bool]:
    """The complex double next to a coefficient (`nearest`), and whether it is the coefficient itself."""
    if type(value) is int and -_WHOLE <= value <= _WHOLE:
        return complex(value), True
    try:
        if not isinstance(value, Gaussian):
            x, fits = _rounded(value)
            return complex(x), fits
        if value._near is None:  # programs read a coefficient many times
            (x, real), (y, imaginary) = _rounded(value.re), _rounded(value.im)
            value._near = complex(x, y), real and imaginary
        return value._near
    except OverflowError:
        raise InputError("a constant is beyond the range of float64, 1.8e308; scale the unknowns or equations") from None


_WHOLE = 2**53


def _rounded(value: Any) -> tuple[float, bool]:
    """The double next to a rational number, and whether it is the number."""
    if isinstance(value, int):
        near = float(value)
        return near, int(near) == value
    p, q = int(value.p), int(value.q)
    near = p / q
    return near, (p.bit_length() <= 53 and not q & (q - 1) and q.bit_length() < 1000) or near.as_integer_ratio() == (p, q)
