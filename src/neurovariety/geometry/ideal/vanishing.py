"""Equations held against a parametrization: verified identically, evaluated at a function, differentiated at a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.known_equations import WeightsPlace
from neurovariety.certificates.stored_coefficients import vanishes_on
from neurovariety.geometry.ideal.coefficients import Coordinate, Coordinates
from neurovariety.linear_algebra import count_primes_lower_bound, echelon, random_prime
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, PRIME_BITS

_TRIALS = 8
_POINTS = 20


def vanishes_identically(equation: Equation, coordinates: Coordinates) -> bool | None:
    """Whether E(c_1(w), ..., c_n(w)) is the zero polynomial, by exact expansion over Q; None where that would take too long."""
    return vanishes_on(coordinates.polynomials, equation)


def vanishing_error(equations: Sequence[Equation], coordinates: Coordinates, points: int) -> float:
    """A bound for the probability that equations of which one does not vanish identically vanish at so many random points mod a random
    prime.

    A composition of degree D and height H survives only if the prime divides all its coefficients (at most log2 H / 21 primes) or the
    points are zeros of it mod p, each with probability D / p.
    """
    if not equations:
        return 0.0
    degree = max(int(q.total_degree()) for q in coordinates.polynomials) * max(e.degree for e in equations)
    log_norms = [_log_norm(q) for q in coordinates.polynomials] + [0.0]
    height = max(math.log2(sum(abs(c) for _, c in e.terms)) + e.degree * max(log_norms) for e in equations)
    bad_prime = height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    once = min(1.0, bad_prime + (degree / 2.0 ** (PRIME_BITS - 1)) ** points)
    return min(1.0, len(equations) * once)


def trial_places(equations: Sequence[Equation], coordinates: Coordinates, rng: np.random.Generator) -> tuple[WeightsPlace, ...]:
    """Random places at which to try equations that are too long to expand, as many as their error asks for; none where there are no
    equations."""
    places: list[WeightsPlace] = []
    error = 1.0 if equations else 0.0
    while error > ERROR_BOUND and len(places) < _TRIALS:
        p = random_prime(PRIME_BITS, rng)
        places.append(WeightsPlace(p, rng.integers(0, p, size=(_POINTS, coordinates.parameters))))
        error *= vanishing_error(equations, coordinates, _POINTS)
    return tuple(places)


def vanish_at(equation: Equation, coordinates: Coordinates, p: int, weights: Array) -> bool:
    """Whether an equation vanishes mod p at the functions of integer ``weights`` (S, N)."""
    values = np.concatenate([coordinates.at(weights % p, p), np.ones((len(weights), 1))], axis=1).astype(np.int64) % p
    return not np.any(_evaluated(equation, values, p))


def independent_gradients(equations: Sequence[Equation], coordinates: Coordinates, p: int, weights: Array) -> list[int]:
    """Indices of equations whose gradients at the function of ``weights`` (N,) are independent mod p, as many as possible.

    Equations that vanish on the model are constant along it, so its dimension is at most n minus their number: independence mod p at
    one point implies independence over Q at a generic one.
    """
    columns = gradients(equations, coordinates.at(weights[None], p)[0], p)
    return [int(i) for i in echelon(columns, p).pivot_columns] if equations else []


def gradients(equations: Sequence[Equation], point: Array, p: int) -> Array:
    """The gradients mod p at a function with the coefficients ``point`` (n,), one a column: shape (n, equations)."""
    values = [int(v) % p for v in point] + [1]
    columns = np.zeros((len(point), len(equations)))
    for e, equation in enumerate(equations):
        for term, coefficient in equation.terms:
            for k, i in enumerate(term):
                if i < len(point):
                    others = math.prod(values[j] for j in (*term[:k], *term[k + 1 :])) % p
                    columns[i, e] = (columns[i, e] + coefficient % p * others) % p
    return columns


def violated(
    equations: Sequence[Equation], coordinates: Coordinates, target: Mapping[Coordinate, Fraction]
) -> Equation | Coordinate | None:
    """What shows that a function is outside the model: a coefficient that no function of the model has, or the first equation that
    does not vanish at it; None where every equation holds."""
    places = {key: j for j, key in enumerate(coordinates.monomials)}
    for key, value in target.items():
        if value and key not in places:
            return key
    values = [target.get(key, Fraction(0)) for key in coordinates.monomials] + [Fraction(1)]
    for equation in equations:
        if sum(c * math.prod((values[i] for i in term), start=Fraction(1)) for term, c in equation.terms):
            return equation
    return None


def _evaluated(equation: Equation, values: Array, p: int) -> Array:
    total = np.zeros(len(values), dtype=np.int64)
    for term, coefficient in equation.terms:
        product = np.full(len(values), coefficient % p, dtype=np.int64)
        for i in term:
            product = product * values[:, i if i < values.shape[1] else -1] % p
        total = (total + product) % p
    return total


def _log_norm(polynomial: flint.fmpq_mpoly) -> float:
    """log2 of the sum of the absolute values of the coefficients, over their common denominator."""
    coefficients = [Fraction(int(c.p), int(c.q)) for c in polynomial.coeffs()]
    common = math.lcm(*(c.denominator for c in coefficients))
    return math.log2(max(1, sum(abs(c) * common for c in coefficients)) * common)
