"""Polynomial and rational activations: their notation, their homogeneity and their coefficients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurovariety.architectures.reading.rational_function import MAX_EXPANDED_DEGREE, Terms, read_rational, shown
from neurovariety.errors import NotationError
from neurovariety.image import RationalFunction

_ONE: Terms = ((0, Fraction(1)),)


@dataclass(frozen=True)
class Activation(RationalFunction):
    """A univariate polynomial or rational function applied entrywise, with its notation.

    ``generic(r)`` has generic coefficients in degrees 1 to r and no constant term, so that inactive neurons exist.
    """

    @classmethod
    def monomial(cls, exponent: int) -> Activation:
        """x^exponent, for a negative exponent 1/x^(-exponent)."""
        return cls(((exponent, Fraction(1)),)) if exponent > 0 else cls(_ONE, ((-exponent, Fraction(1)),))

    @classmethod
    def generic(cls, degree: int) -> Activation:
        return cls(tuple((e, None) for e in range(degree, 0, -1)))

    @classmethod
    def parse(cls, text: str) -> Activation:
        """Read ``x^3 + x^2``, ``1/3*x^2 - 2x``, ``(x + 1)^2``, ``1/x``, ``x^-2``, ``(x^2 + 1)/(x - 2)`` or ``generic(3)``.

        Raises `NotationError`.
        """
        text = text.strip()
        match = re.fullmatch(r"generic\s*\(\s*(\d{1,9})\s*\)", text)
        if not match:
            return cls(*read_rational(text))
        degree = int(match.group(1))
        if not 1 <= degree <= MAX_EXPANDED_DEGREE:
            raise NotationError(f"generic({degree}) needs a degree from 1 to {MAX_EXPANDED_DEGREE}")
        return cls.generic(degree)

    @property
    def defined_at_zero(self) -> bool:
        """Whether there is no pole at 0."""
        return self.denominator[-1][0] == 0

    @property
    def vanishes_at_zero(self) -> bool:
        """Whether s(0) = 0."""
        return self.defined_at_zero and all(e > 0 for e, _ in self.terms)

    def has_parity(self, *, constant: bool) -> bool:
        """Whether a polynomial is even or odd; up to its constant term where that does not count."""
        return self.is_polynomial and len({e % 2 for e, _ in self.terms if e or constant}) == 1

    @property
    def inexact_coefficients(self) -> tuple[Fraction | None, ...]:
        """The coefficients that enter a program as inputs: those that are not 1, the numerator's first."""
        return tuple(c for _, c in (*self.terms, *self.denominator) if c != 1)

    def apply(self, z: Any, coefficients: Any) -> Any:
        """The activation at a JAX array; ``coefficients`` holds `inexact_coefficients` in order."""
        if self.is_polynomial:
            return _value(self.terms, z, coefficients, z * 0 + 1 if self.terms[-1][0] == 0 else None)
        numerator = sum(c != 1 for _, c in self.terms)
        over = _value(self.terms, z, coefficients, 1.0)
        return over / _value(self.denominator, z, coefficients[numerator:] if coefficients is not None else None, 1.0)

    def __str__(self) -> str:
        if self.is_generic:
            return f"generic({self.degree})"
        numerator = shown(tuple((e, c) for e, c in self.terms if c is not None))
        if self.is_polynomial:
            return numerator
        if len(self.terms) > 1 or "/" in numerator:
            numerator = f"({numerator})"
        denominator = shown(self.denominator)
        return f"{numerator}/{denominator if len(self.denominator) == 1 else f'({denominator})'}"


def _value(terms: tuple[tuple[int, Fraction | None], ...], z: Any, coefficients: Any, one: Any) -> Any:
    """A polynomial at a JAX array; ``one`` stands for its power 0, ``coefficients`` begins with those that are not 1."""
    total, at = None, 0
    for exponent, c in terms:
        power = z if exponent == 1 else z**exponent if exponent else one
        if c != 1:
            power, at = power * coefficients[at], at + 1
        total = power if total is None else total + power
    return total
