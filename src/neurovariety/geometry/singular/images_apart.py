"""Whether two sets of functions of smaller networks are different, by what their members span mod a random prime."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.singular.image_facts import ImageFacts
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, draw_coefficients, leaves
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

_STREAM = "geometry.singular.images_apart"
_MOST_COLUMNS = 120
"""Linear functions of a function, and products of two of these, by which sets are told apart."""

_SPARE = 4


def told_apart(model: Model, one: ImageFacts, other: ImageFacts, seed: int) -> bool:
    """Whether members of the images, both of one dimension, span different linear spaces, themselves or by products of two of their
    values. False says nothing."""
    if one.stratum is None or other.stratum is None:
        linear, curved = (one, other) if one.stratum is None else (other, one)
        return curved.stratum is not None and _values_span(model, curved, seed, 1) > linear.dimension
    for degree in (1, 2):
        both = [_members(model, image, seed, degree) for image in (one, other)]
        p = _prime(seed)
        together = rank(np.vstack(both), p)
        if any(rank(m, p) < together for m in both):
            return True
    return False


def vanishing_coordinates(image: ImageFacts, ideal: KnownIdeal, seed: int) -> set[int]:
    """The coefficients that vanish at a random function of an image."""
    monomials = ideal.system.coordinates.monomials
    if image.stratum is None:
        return {j for j, (_, e) in enumerate(monomials) if any(e) or not image.dimension}
    p, rng = _prime(seed), generator(seed, _STREAM, 2)
    weights = image.stratum.at(rng.integers(0, p, size=image.stratum.parameters), p)
    return set(np.flatnonzero(ideal.system.coordinates.at(np.asarray(weights, dtype=np.int64)[None], p)[0] % p == 0).tolist())


def _prime(seed: int) -> int:
    return random_prime(PRIME_BITS, generator(seed, _STREAM))


def _values_span(model: Model, image: ImageFacts, seed: int, degree: int) -> int:
    return rank(_members(model, image, seed, degree), _prime(seed))


def _members(model: Model, image: ImageFacts, seed: int, degree: int) -> Array:
    """Values of random members at inputs that are the same for all images, or all products of two of some of these."""
    p, rng = _prime(seed), generator(seed, _STREAM, 1)
    field, stratum = FiniteField(p), image.stratum
    assert stratum is not None
    columns = _MOST_COLUMNS if degree == 1 else int((2 * _MOST_COLUMNS) ** 0.5)
    inputs = field.random((-(-columns // model.outputs), *model.input_shape), rng)
    coefficients = draw_coefficients(model, field, rng)
    program = batch_program(model, len(inputs))
    drawn = generator(seed, f"{_STREAM}.{image.name}")
    rows = []
    for _ in range(_MOST_COLUMNS + _SPARE):
        point = Point(field, stratum.at(drawn.integers(0, p, size=stratum.parameters), p), coefficients, drawn)
        (out,) = interpret(program, field, [*leaves(model, point.weights), inputs, point.coefficients])
        values = np.asarray(out, dtype=np.float64).reshape(-1)[:columns] % p
        if degree == 2:
            values = np.outer(values, values)[np.triu_indices(len(values))] % p
        rows.append(values)
    return np.array(rows)
