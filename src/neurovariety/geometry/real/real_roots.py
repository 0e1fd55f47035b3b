"""Real roots of polynomials with rational coefficients: counted exactly by Sturm sequences, factored over Q and over R."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from neurovariety.rings.rational import to_fraction


@dataclass(frozen=True)
class Factor:
    """An irreducible factor over Q, coefficients from the constant term up, with its multiplicity and number of real roots."""

    coefficients: tuple[Fraction, ...]
    multiplicity: int
    real: int

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1


def factors_over_q(coefficients: Sequence[Fraction]) -> tuple[Fraction, list[Factor]]:
    """The leading constant and the monic irreducible factors of a nonzero polynomial (constant term first)."""
    constant, found = _polynomial(coefficients).factor()
    leading = to_fraction(flint.fmpq(constant))
    out = []
    for factor, multiplicity in found:
        values = [to_fraction(c) for c in factor.coeffs()]
        leading *= values[-1] ** int(multiplicity)
        monic = tuple(v / values[-1] for v in values)
        out.append(Factor(monic, int(multiplicity), count_real_roots(monic)))
    return leading, out


def count_real_roots(coefficients: Sequence[Fraction]) -> int:
    """Number of distinct real roots of a nonconstant squarefree polynomial, by Sturm's theorem."""
    p = _polynomial(coefficients)
    chain = [p, p.derivative()]
    while chain[-1].degree() > 0:
        chain.append(-(chain[-2] % chain[-1]))
    leading = [c.leading_coefficient() for c in chain if c.degree() >= 0]
    degrees = [int(c.degree()) for c in chain if c.degree() >= 0]
    at_plus = [1 if c > 0 else -1 for c in leading]
    at_minus = [s if d % 2 == 0 else -s for s, d in zip(at_plus, degrees, strict=True)]
    return _changes(at_minus) - _changes(at_plus)


def factors_over_r(factor: Factor) -> list[tuple[float, ...]]:
    """Linear and quadratic real factors of an irreducible polynomial, in decimals, constant term first; monic."""
    exact = _polynomial(factor.coefficients)
    if factor.degree <= 1:
        return [tuple(float(c) for c in factor.coefficients)]
    roots = [root for root, _ in exact.numer().complex_roots()]
    real = [(-float(r.real.mid()), 1.0) for r in roots if r.imag.is_zero()]
    pairs = []
    for r in roots:
        if not r.imag.is_zero() and float(r.imag.mid()) > 0:
            a, b = float(r.real.mid()), float(r.imag.mid())
            pairs.append((a * a + b * b, -2 * a, 1.0))
    assert len(real) == factor.real
    assert len(real) + 2 * len(pairs) == factor.degree
    return [*real, *pairs]


def _polynomial(coefficients: Sequence[Fraction]) -> Any:
    return flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in coefficients])


def _changes(signs: Sequence[int]) -> int:
    return sum(a != b for a, b in itertools.pairwise(signs))
