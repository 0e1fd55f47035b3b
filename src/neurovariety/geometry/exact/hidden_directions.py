"""Directions of the generic fiber that no stated symmetry explains, found exactly."""

from __future__ import annotations

import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.exact.stated_symmetries import field_matrix, stated_symmetries
from neurovariety.linear_algebra import random_prime, rank, rational_kernel
from neurovariety.model import Model
from neurovariety.program.of_model import jacobian_rows
from neurovariety.randomness import generator
from neurovariety.result import plain
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

_MAX_PARAMETERS = 60
_MAX_PRIMES = 400


def hidden_directions(model: Model, seed: int) -> dict[str, object] | None:
    """Kernel vectors of J at a small integer point that are independent of the stated symmetry fields there, over Q.

    Each is exact at the point shown; a kernel at one point is an illustration of the hidden direction, not a proof that it exists
    everywhere (the dimension's claim says that). None for models with more than 60 parameters, generic coefficients, or where the
    kernel's rational numbers are too large to reconstruct.
    """
    if model.parameters > _MAX_PARAMETERS or any(c is None for c in model.coefficients):
        return None
    rng = generator(seed, "geometry.exact.hidden_directions")
    weights = rng.integers(-3, 4, size=model.parameters)
    weights[weights == 0] = 1
    count = model.parameters + EXTRA_SAMPLES
    integers = rng.integers(-20, 21, size=(count, *model.input_shape))

    def residues(p: int) -> Array:
        return jacobian_at(model, FiniteField(p), weights, integers)

    primes = [random_prime(PRIME_BITS, rng) for _ in range(_MAX_PRIMES)]
    try:
        vectors = rational_kernel(residues, primes)
    except (DivisionByZeroError, ArithmeticError, ValueError):
        return None
    p = primes[0]
    ring = FiniteField(p)
    at = ring.constant(weights)
    point = Point(ring, at, ring.zeros((0,)), rng)
    fields = field_matrix(model, tuple(a for a in stated_symmetries(model, p, point).proved if not a.finite), at, p)
    known, chosen = rank(fields, p), []
    stack = fields
    for vector in vectors:
        candidate = np.vstack([stack, ring.constant(np.array(vector, dtype=object))[None, :]])
        grown = rank(candidate, p)
        if grown > known:
            known, stack = grown, candidate
            chosen.append(vector)
    return {
        "at": plain(weights),
        "directions": [{b.name: plain(np.array(v, dtype=object)[model.places[b.name]]) for b in model.blocks} for v in chosen],
    }


def jacobian_at(model: Model, ring: FiniteField, weights: Array, inputs: Array) -> Array:
    """J over F_p at given exact weights and inputs."""
    fixed = ring.constant(np.array(model.coefficients, dtype=object)) if model.coefficients else ring.zeros((0,))
    return jacobian_rows(model, ring, ring.constant(weights), ring.constant(inputs), fixed)
