"""The parametrization w -> coefficients of f_w, exactly, as the scripts write it.

The coordinates c_0, c_1, ... are the coefficients of the monomials in the inputs, output by output, in the order that the entry
`equations` uses too. A model with generic coefficients, ``generic(3)`` say, has no one parametrization: integers are drawn for them
from the seed, and the script says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import lcm, prod
from typing import Any

import numpy as np

from neurovariety.errors import InputError
from neurovariety.export.names import Name, weight_names
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.randomness import generator

_STREAM = "export.written_parametrization"
_LARGEST_DRAWN = 1000
_ZERO, _ONE = Fraction(0), Fraction(1)

Terms = tuple[tuple[tuple[int, ...], Fraction], ...]
"""A polynomial in the weights: (exponents, coefficient) pairs."""


@dataclass(frozen=True, eq=False)
class WrittenParametrization:
    """``coordinates[j]`` is c_j as a polynomial in the weights named ``names``; ``drawn`` holds the integers put for generic
    coefficients, in the order of the model's coefficients. ``model`` has them filled in."""

    model: Model
    names: tuple[Name, ...]
    coordinates: tuple[Terms, ...]
    legend: tuple[str, ...]
    drawn: tuple[Fraction, ...]

    @classmethod
    def of(cls, model: Model, seed: int) -> WrittenParametrization:
        """Expand ``model``. Raises `InputError` for a rational model or one without weights, `ResourceError` for a large one."""
        if not model.parameters:
            raise InputError(f"{model.name} has no weights, so it is one function and there is nothing to ask of another system")
        rng = generator(seed, _STREAM)
        drawn: list[Fraction] = []
        filled: list[Fraction] = []
        for c in model.coefficients:
            if c is None:
                drawn.append(Fraction(int(rng.integers(1, _LARGEST_DRAWN + 1))))
            filled.append(drawn[-1] if c is None else c)
        if drawn:
            model = replace(model, coefficients=tuple(filled))
        expanded = Coordinates.of(model)
        described = expanded.described(model.inputs)
        terms = tuple(
            tuple(
                (tuple(int(k) for k in e), Fraction(int(v.p), int(v.q)))
                for e, v in sorted(p.to_dict().items(), key=lambda item: tuple(-int(k) for k in item[0]))
            )
            for p in expanded.polynomials
        )
        return cls(model, weight_names(model), terms, tuple(described[n] for n in expanded.names()), tuple(drawn))

    @property
    def parameters(self) -> int:
        """Number of weights N."""
        return len(self.names)

    @property
    def count(self) -> int:
        """Number of coordinates n."""
        return len(self.coordinates)

    @cached_property
    def denominator(self) -> int:
        """Common denominator of all coefficients; a prime that divides it is not used."""
        return lcm(*(c.denominator for terms in self.coordinates for _, c in terms))

    def written(self, variables: Sequence[str], power: str = "^", number: Callable[[Fraction], str] | None = None) -> list[str]:
        """Each coordinate as text in ``variables``, with ``power`` between base and exponent and ``number`` for coefficients."""
        return [written(terms, variables, power, number) for terms in self.coordinates]

    def values(self, point: Sequence[int]) -> list[Fraction]:
        """The coordinates at integer weights, exactly."""

        def value(terms: Terms) -> Fraction:
            factors = ((c, zip(point, exponents, strict=True)) for exponents, c in terms)
            return sum((c * prod((Fraction(w) ** e for w, e in pairs), start=_ONE) for c, pairs in factors), _ZERO)

        return [value(terms) for terms in self.coordinates]

    def restricted(self, fixed: Mapping[int, int]) -> tuple[Terms, ...]:
        """The coordinates with the ``fixed`` weights at their values, as polynomials in all weights still."""
        return tuple(_restricted(terms, fixed) for terms in self.coordinates)

    def jacobian(self, point: Sequence[int], p: int) -> Any:
        """dc_j/dw_i at ``point`` mod ``p``: a float64 array of shape (n, N) of residues."""
        out = np.zeros((self.count, self.parameters))
        for j, terms in enumerate(self.coordinates):
            for exponents, c in terms:
                value = c.numerator * pow(c.denominator, -1, p) % p
                used = [i for i, k in enumerate(exponents) if k]
                for i in used:
                    slope = value * exponents[i]
                    for other in used:
                        slope = slope * pow(point[other], exponents[other] - (other == i), p) % p
                    out[j, i] = (out[j, i] + slope) % p
        return out

    def jacobian_rank(self, point: Sequence[int], p: int) -> int:
        """Rank of the Jacobian at ``point`` mod ``p``, for a prime of at most `PRIME_BITS` bits."""
        return rank(self.jacobian(point, p), p)


def _restricted(terms: Terms, fixed: Mapping[int, int]) -> Terms:
    found: dict[tuple[int, ...], Fraction] = {}
    for exponents, c in terms:
        left = tuple(0 if i in fixed else e for i, e in enumerate(exponents))
        found[left] = found.get(left, _ZERO) + c * prod(fixed[i] ** e for i, e in enumerate(exponents) if i in fixed)
    return tuple((e, c) for e, c in found.items() if c)


def derivative(terms: Terms, i: int) -> Terms:
    """The derivative of a polynomial by weight i."""
    return tuple(((*e[:i], e[i] - 1, *e[i + 1 :]), c * e[i]) for e, c in terms if e[i])


def written(terms: Terms, variables: Sequence[str], power: str = "^", number: Callable[[Fraction], str] | None = None) -> str:
    """A polynomial as text: ``2*a^2*b - 1/3*c``. ``number`` writes a positive coefficient."""
    pieces: list[str] = []
    for exponents, c in terms:
        factors = [v if e == 1 else f"{v}{power}{e}" for v, e in zip(variables, exponents, strict=True) if e]
        size = abs(c)
        body = "*".join([*([(number or str)(size)] if size != 1 or not factors else []), *factors])
        sign = "-" if c < 0 else "+"
        pieces.append(f" {sign} {body}" if pieces else f"-{body}" if c < 0 else body)
    return "".join(pieces) or "0"
