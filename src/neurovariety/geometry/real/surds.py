"""Numbers a + b sqrt(d) with rational a, b and a rational d > 0: exact weights where square roots are needed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, sqrt


def rational_root(d: Fraction) -> Fraction | None:
    """The rational square root of d >= 0, or None."""
    p, q = isqrt(d.numerator), isqrt(d.denominator)
    return Fraction(p, q) if p * p == d.numerator and q * q == d.denominator else None


@dataclass(frozen=True)
class Surd:
    """a + b sqrt(d); both operands of an operation have the same d."""

    a: Fraction
    b: Fraction
    d: Fraction

    def __add__(self, other: Surd) -> Surd:
        return Surd(self.a + other.a, self.b + other.b, self.d)

    def __sub__(self, other: Surd) -> Surd:
        return Surd(self.a - other.a, self.b - other.b, self.d)

    def __mul__(self, other: Surd) -> Surd:
        return Surd(self.a * other.a + self.d * self.b * other.b, self.a * other.b + self.b * other.a, self.d)

    def __truediv__(self, other: Surd) -> Surd:
        norm = other.a**2 - self.d * other.b**2
        return self * Surd(other.a / norm, -other.b / norm, self.d)

    def __float__(self) -> float:
        return float(self.a) + float(self.b) * sqrt(self.d)

    def __str__(self) -> str:
        if not self.b:
            return str(self.a)
        root = f"{'' if abs(self.b) == 1 else f'{abs(self.b)}*'}sqrt({self.d})"
        if not self.a:
            return root if self.b > 0 else f"-{root}"
        return f"{self.a} {'+' if self.b > 0 else '-'} {root}"
