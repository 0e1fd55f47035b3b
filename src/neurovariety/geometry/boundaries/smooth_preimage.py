"""A proof that a function is interior: weights at which the derivative is onto the tangent space of the equations.

Let f = f_w, r the rank of J at w and e the rank of the gradients at f of equations that all functions of the model satisfy. If r + e is
the number of coefficients, the zeros of the equations are a manifold of dimension r near f, which contains X, and the weights near w
cover a neighbourhood of f in it. Both ranks are taken modulo a prime, which can only lower them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.claim import Claim
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.invariants.equations import equations_of
from neurovariety.linear_algebra import random_prime, rank_large
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.tolerances import WIDE_PRIME_BITS


def jacobian_rank(model: Model, coordinates: Coordinates, weights: tuple[Fraction, ...], rng: np.random.Generator) -> int | None:
    """The rank of the derivative of all coefficients at exact weights mod a prime; None where it divides a denominator."""
    p = random_prime(WIDE_PRIME_BITS, rng)
    if any(w.denominator % p == 0 for w in weights):
        return None
    polynomials = [
        {tuple(int(k) for k in e): Fraction(int(c.p), int(c.q)) for e, c in q.to_dict().items()} for q in coordinates.polynomials
    ]
    map_ = PolynomialValues(polynomials, model.parameters, p)
    return rank_large(map_.slopes(np.array([_residue(w, p) for w in weights], dtype=object)), p)


def interior_by_equations(
    model: Model, coordinates: Coordinates, target: Target, weights: tuple[Fraction, ...], seed: int, rng: np.random.Generator
) -> tuple[Claim, dict[str, Any]] | None:
    """The claim that the function of ``weights`` is interior, with its evidence; None where this is not shown."""
    try:
        found = quietly(equations_of, model, seed=seed)
    except ResourceError:
        return None
    system = found.system
    rank = jacobian_rank(model, coordinates, weights, rng)
    if rank is None:
        return None
    p = random_prime(WIDE_PRIME_BITS, rng)
    keys = system.coordinates.monomials
    values = [_residue(target.coefficients.get(key, Fraction(0)), p) for key in keys] + [1]
    gradients = np.zeros((max(len(system.generators), 1), len(keys)), dtype=object)
    for i, equation in enumerate(system.generators):
        for term, c in equation.terms:
            for place, j in enumerate(term):
                if j < len(keys):
                    slope = int(c) % p
                    for other, k in enumerate(term):
                        if other != place:
                            slope = slope * values[k] % p
                    gradients[i, j] = (gradients[i, j] + slope) % p
    normal = rank_large(gradients, p)
    if rank + normal != len(keys):
        return None
    return found.claim, {"rank_at_weights": rank, "rank_of_equations": normal, "coefficients": len(keys)}


def _residue(value: Fraction, p: int) -> int:
    return value.numerator * pow(value.denominator, -1, p) % p
