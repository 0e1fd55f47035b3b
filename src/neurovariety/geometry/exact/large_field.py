"""A rank trial over a 62-bit prime with python-flint: slower, with an error bound small primes cannot give."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import RankTrial
from neurovariety.geometry.exact.points import Point
from neurovariety.linear_algebra import random_prime, rank_large
from neurovariety.model import Model
from neurovariety.program.of_model import combined_rows, draw_coefficients, jacobian_rows
from neurovariety.rings.word_field import WordField
from neurovariety.tolerances import LARGE_PRIME_BITS


def large_field_rank(model: Model, rng: np.random.Generator, like: RankTrial) -> RankTrial:
    """The rank of J at a random point over a random 62-bit prime field, at as many random inputs as ``like`` has, and at one fewer.

    Where ``like`` combined the outputs at each input, this does as well.
    """
    p = random_prime(LARGE_PRIME_BITS, rng)
    ring = WordField(p)
    weights = ring.random((model.parameters,), rng)
    samples = ring.random((like.inputs, *model.input_shape), rng)
    fixed = draw_coefficients(model, ring, rng)
    factors = None
    if like.combined is None:
        matrix = jacobian_rows(model, ring, weights, samples, fixed)
    else:
        factors = ring.random((like.inputs, like.combined, model.outputs), rng)
        matrix = np.concatenate(
            [combined_rows(model, ring, weights, x[None], u[None], fixed) for x, u in zip(samples, factors, strict=True)]
        )
    found = rank_large(matrix, p)
    fewer = rank_large(matrix[: -(like.combined or model.outputs)], p)
    point, exact = Point(ring, weights, fixed, rng), exact_functions(model)
    less = None if factors is None else factors[:-1]
    shown = exact.taken(point, samples, factors, found), exact.taken(point, samples[:-1], less, fewer)
    return RankTrial(p, found, like.inputs, fewer == found, False, like.combined, *shown)
