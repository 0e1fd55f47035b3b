"""A family of functions that may be a piece of the boundary, each a limit of functions of real weights: exact dimension, samples.

A family is given by weights w(s, t), polynomials in parameters s, in t and in 1/t, such that the function f of w(s, t) is a polynomial
in t: its value f_0 at t = 0 is a limit of functions of the model by construction, whether or not any weights attain it. Where w does
not depend on t the functions are attained. As f is a polynomial in t, or in t^2, f_0 is found by interpolation from t = 1, 2, ....

The dimension of all f_0 is the rank of their derivative by s, over a prime field at a random point: a lower bound, proved, and smaller
than the general rank with little probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from neurovariety.geometry.exact.polynomial_values import Exponents, PolynomialValues
from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.geometry.images.target import Target, function_at
from neurovariety.linear_algebra import random_prime, rank_large
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import WIDE_PRIME_BITS

_SIZE = 9
"""Samples have integer parameters up to this: functions that can be read."""

Element = Any
"""An element of any ring, a Fraction, a residue or a polynomial: what + - * are for."""

Values = Sequence[Element]


@dataclass(frozen=True, eq=False)
class LimitFamily:
    """``name``: which functions. ``parameters``: how many s. ``weights(s, t, 1/t)``: in the order of ``Model.blocks``, by + - * alone.
    ``degree``: of f in t at most; 0 where w does not depend on t. ``drawn``: parameters of a random real sample. ``even``: f is a
    polynomial in t^2, and real where t^2 < 0, though the weights are not."""

    name: str
    parameters: int
    weights: Callable[[Values, Element, Element], list[Element]]
    degree: int
    drawn: Callable[[np.random.Generator], list[Fraction]]
    even: bool = False

    @property
    def is_limit(self) -> bool:
        """Whether the weights diverge on the way to these functions."""
        return self.degree > 0

    def weights_at(self, s: list[Fraction], t: Fraction) -> tuple[Fraction, ...]:
        """Exact weights whose function is near that of the sample s, the nearer the smaller t > 0."""
        return tuple(Fraction(w) for w in self.weights(s, t, 1 / t))

    def function(self, model: Model, s: list[Fraction]) -> Target:
        """The function f_0 of the sample s, exactly."""
        return self._at(model, s, Fraction(0))

    def beyond(self, model: Model, s: list[Fraction], t: Fraction) -> Target:
        """For an ``even`` family: the real function with i t in place of t, exactly; as t -> 0 it tends to f_0 too."""
        assert self.even
        return self._at(model, s, -t * t)

    def _at(self, model: Model, s: list[Fraction], place: Fraction) -> Target:
        found: dict[Coordinate, Fraction] = {}
        for t, factor in self._nodes(place):
            for key, c in function_at(model, self.weights_at(s, Fraction(t))).coefficients.items():
                found[key] = found.get(key, Fraction(0)) + factor * c
        return Target(model.inputs, model.outputs, {key: c for key, c in found.items() if c})

    def _nodes(self, place: Fraction) -> list[tuple[int, Fraction]]:
        """Values t with the factors by which f there adds up to f at ``place``, a value of t (of t^2 for an even family): Lagrange."""
        power, n = (2, self.degree // 2 + 1) if self.even else (1, self.degree + 1)
        out = []
        for j in range(1, n + 1):
            factor = Fraction(1)
            for k in range(1, n + 1):
                if k != j:
                    factor *= (place - k**power) / Fraction(j**power - k**power)
            out.append((j, factor))
        return out

    def error_bound(self, rank: int, degree: int) -> float:
        """Probability bound that `dimension` is too small, for coefficients of that ``degree`` in the weights (Schwartz 1980), without
        primes that divide all minors, of which there are far fewer."""
        return min(1.0, rank * degree * (self.degree + 3) / 2.0 ** (WIDE_PRIME_BITS - 1))

    def dimension(self, coefficients: list[dict[Exponents, Fraction]], model: Model, rng: np.random.Generator) -> int:
        """The rank of the derivative of s -> f_0 at a random point of a random prime field; ``coefficients`` as polynomials of the
        weights."""
        p = random_prime(WIDE_PRIME_BITS, rng)
        return self.rank_at(coefficients, model, p, [int(v) for v in rng.integers(0, p, size=self.parameters)])

    def rank_at(self, coefficients: list[dict[Exponents, Fraction]], model: Model, p: int, s: list[int]) -> int:
        """The same rank mod p at residues s."""
        map_ = PolynomialValues(coefficients, model.parameters, p)
        total: Array = np.zeros((len(coefficients), self.parameters), dtype=object)
        for t, exact in self._nodes(Fraction(0)):
            factor = exact.numerator * pow(exact.denominator, -1, p)
            inverse = pow(t, -1, p)
            w = np.array([int(v) % p for v in self.weights(s, t, inverse)], dtype=object)
            slopes: Array = np.zeros((model.parameters, self.parameters), dtype=object)
            for k in range(self.parameters):  # polynomials in e: their coefficient of e is the derivative along s_k
                dual = [flint.nmod_poly([v, int(i == k)], p) for i, v in enumerate(s)]
                for j, value in enumerate(self.weights(dual, t, inverse)):
                    slopes[j, k] = int(value[1]) if isinstance(value, flint.nmod_poly) else 0
            total = (total + factor * (map_.slopes(w) @ slopes % p)) % p
        return rank_large(total, p)


def integers(n: int) -> Callable[[np.random.Generator], list[Fraction]]:
    """Draws n nonzero integers of either sign."""

    def drawn(rng: np.random.Generator) -> list[Fraction]:
        signs = rng.choice([-1, 1], size=n)
        return [Fraction(int(s * v)) for s, v in zip(signs, rng.integers(1, _SIZE + 1, size=n), strict=True)]

    return drawn
