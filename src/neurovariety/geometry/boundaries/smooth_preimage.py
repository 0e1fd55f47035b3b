"""A proof that a function is interior: weights at which the derivative is onto the tangent space of the equations.

Let f = f_w, r the rank of J at w and e the rank of the gradients at f of equations that all functions of the model satisfy. If r + e is
the number of coefficients, the zeros of the equations are a manifold of dimension r near f, which contains X, and the weights near w
cover a neighbourhood of f in it. Both ranks are taken modulo a prime, which can only lower them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.errors import ResourceError
from neurovariety.geometry.boundaries.exact_placement import exact_placement
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.equations_by_degree import Equation
from neurovariety.geometry.invariants.equations import equations_of
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.tolerances import PRIME_BITS


def interior_by_equations(
    model: Model, coordinates: Coordinates, weights: tuple[Fraction, ...], seed: int, rng: np.random.Generator
) -> tuple[int, tuple[Equation, ...], dict[str, Any]] | None:
    """A prime and equations whose ranks show that the function of ``weights`` is interior, with the evidence; None where they do
    not."""
    try:
        found = quietly(equations_of, model, seed=seed)
    except ResourceError:
        return None
    p, equations = random_prime(PRIME_BITS, rng), tuple(found.system.generators)
    if any(w.denominator % p == 0 for w in weights):
        return None
    exact, at = exact_placement(model), np.array([_residue(w, p) for w in weights], dtype=object)
    rank = exact.coefficients_rank(p, at)
    normal = exact.equations_rank(equations, p, at) if equations else 0
    if rank + normal != coordinates.count:
        return None
    return p, equations, {"rank_at_weights": rank, "rank_of_equations": normal, "coefficients": coordinates.count}


def _residue(value: Fraction, p: int) -> int:
    return value.numerator * pow(value.denominator, -1, p) % p
