"""A rank trial over a 62-bit prime with python-flint: slower, with an error bound small primes cannot give."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.exact.generic_rank import RankTrial
from neurovariety.linear_algebra import random_prime, rank_large
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients, jacobian_rows
from neurovariety.rings.word_field import WordField
from neurovariety.tolerances import LARGE_PRIME_BITS


def large_field_rank(model: Model, rng: np.random.Generator, inputs: int) -> RankTrial:
    """The rank of J at a random point over a random 62-bit prime field, at ``inputs`` random inputs, and at one fewer."""
    p = random_prime(LARGE_PRIME_BITS, rng)
    ring = WordField(p)
    weights = ring.random((model.parameters,), rng)
    samples = ring.random((inputs, *model.input_shape), rng)
    matrix = jacobian_rows(model, ring, weights, samples, draw_coefficients(model, ring, rng))
    found = rank_large(matrix, p)
    return RankTrial(p, found, inputs, rank_large(matrix[: -model.outputs], p) == found, False)
