"""Polynomial vector fields mod p: their values, slopes and brackets, and ranks of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

from neurovariety.certificates.zeros import NotShown

Polynomial = Mapping[tuple[int, ...], Fraction]
"""Exponents of the weights -> coefficient."""

VectorField = Sequence[Polynomial]
"""A component for each weight."""


def context_of(variables: int, p: int) -> flint.fmpz_mod_mpoly_ctx:
    """The polynomials in so many variables mod ``p``."""
    return flint.fmpz_mod_mpoly_ctx.get([f"w{i}" for i in range(variables)] or ["_unused"], modulus=p)


def residue(value: Fraction, p: int) -> int:
    """A rational number mod p. Raises `NotShown` where p divides its denominator."""
    if value.denominator % p == 0:
        raise NotShown(f"the prime {p} divides a denominator")
    return value.numerator * pow(value.denominator, -1, p) % p


def mod_p(polynomial: Polynomial, context: flint.fmpz_mod_mpoly_ctx, p: int) -> flint.fmpz_mod_mpoly:
    """A polynomial with rational coefficients mod p. Raises `NotShown` where p divides a denominator."""
    return context.from_dict({e: residue(c, p) for e, c in polynomial.items()})


@dataclass(frozen=True, eq=False)
class FieldModP:
    """A polynomial vector field mod p with its value at a point and its derivatives (component, direction) that are not zero."""

    components: tuple[flint.fmpz_mod_mpoly, ...]
    point: tuple[int, ...]
    value: tuple[int, ...]
    slopes: tuple[tuple[int, int, flint.fmpz_mod_mpoly], ...]
    p: int

    @classmethod
    def of(cls, components: Sequence[flint.fmpz_mod_mpoly], point: Sequence[int], p: int) -> FieldModP:
        """The field with these components, seen at a point."""
        pairs = ((l, j, f.derivative(j)) for l, f in enumerate(components) for j in range(len(point)))
        value = tuple(int(f(*point)) for f in components)
        return cls(tuple(components), tuple(point), value, tuple(s for s in pairs if s[2]), p)

    @property
    def terms(self) -> int:
        """Number of terms of all components."""
        return sum(map(len, self.components))

    def bracket_value(self, other: FieldModP) -> list[int]:
        """The value of D(self) other - D(other) self at the point."""
        out = [0] * len(self.components)
        for sign, one, two in ((1, self, other), (-1, other, self)):
            for l, j, slope in one.slopes:
                if two.value[j]:
                    out[l] = (out[l] + sign * int(slope(*self.point)) * two.value[j]) % self.p
        return out

    def bracket(self, other: FieldModP, zero: flint.fmpz_mod_mpoly) -> FieldModP:
        """D(self) other - D(other) self."""
        out = [zero] * len(self.components)
        for l, j, slope in self.slopes:
            out[l] = out[l] + slope * other.components[j]
        for l, j, slope in other.slopes:
            out[l] = out[l] - slope * self.components[j]
        return FieldModP.of(out, self.point, self.p)


def rank_of_rows(rows: Sequence[Sequence[int]], p: int) -> int:
    """The rank of vectors mod p."""
    return int(flint.nmod_mat([[int(v) % p for v in row] for row in rows], p).rank()) if rows and len(rows[0]) else 0
