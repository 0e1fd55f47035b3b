"""How few points a slice of a variety can have, by exact arithmetic.

An irreducible variety of dimension r that lies in no hyperplane of an affine space of dimension s has degree at least s - r + 1
(Eisenbud, Harris 1987); for a cone the span is linear. And its image under linear functions to C^(r + 1) lies on a hypersurface of no
larger degree than its own: where no polynomial of degree d vanishes at random points of the image, the variety has a degree above d.
Both are ranks mod p, which prove what a lower bound of the degree needs. Unlike floating point they feel every branch.
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np

from neurovariety.geometry.exact.points import draw_point, with_new_values
from neurovariety.geometry.exact.span import AffineVariety, affine_span_at_least
from neurovariety.linear_algebra import rank
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import values_program
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array

LARGEST_RANGE = 100.0
"""Where the coefficients of a model are of more different sizes, sheets of its varieties come near only at weights of other
sizes, and no test in doubles feels them: it is passed by a part of the points as well."""

_MOST_MONOMIALS = 3500
"""Of polynomials that are looked for: a rank of that size takes a second."""

_REPEATED = 20
"""Spare points: among thousands on a curve over a field of four million elements a few are the same."""


def can_have_degree(points: int, variety: AffineVariety, dimension: int, coordinates: int, seed: int, apart: float) -> bool:
    """Whether a variety of that dimension, in so many coordinates, can have so few points on a slice; ``apart``: the range of its
    coefficients, in the units of the slice.

    One is never enough: that a variety is linear is for others to prove. False is proved; True says that nothing is known against it.
    """
    if points < 2 or apart > LARGEST_RANGE:
        return False
    enough = points + dimension
    if enough <= coordinates and affine_span_at_least(variety, enough, seed) >= enough:
        return False
    return not _degree_is_above(points, variety, dimension, seed)


def coefficient_range(model: Model) -> float:
    """The largest absolute value of a coefficient or constant of a model over the smallest that is not 0."""
    return model.kept.once(_RANGE, lambda: _range(model))


def _range(model: Model) -> float:
    sizes = [1.0, *(abs(float(c)) for c in model.coefficients if c)]  # terms without a coefficient have 1
    for values in values_program(model).constants.values():
        sizes += [abs(float(v)) for v in np.asarray(values).reshape(-1) if v] if np.asarray(values).dtype.kind != "b" else []
    return max(sizes) / min(sizes)


_RANGE: Final = Slot[float]("the range of its coefficients")


def _degree_is_above(degree: int, variety: AffineVariety, dimension: int, seed: int) -> bool:
    """Whether no polynomial of that degree vanishes on a projection to a space of one dimension more; False where it would be too large
    to look for."""
    size = comb(degree + dimension + 1, dimension + 1)
    if size > _MOST_MONOMIALS:
        return False

    def attempt(k: int) -> bool:
        p, point = draw_point(variety.model, generator(seed, "geometry.solutions.least_degree", k))
        values = variety.points(point, size + _REPEATED, dimension + 1)
        factors = point.ring.random((values.shape[1], dimension + 1), point.rng)
        return rank(_monomials(FiniteField(p).matmul(values, factors), degree, p), p, overwrite=True) == size

    return with_new_values(attempt)[0]


def _monomials(coordinates: Array, degree: int, p: int) -> Array:
    """The values mod p of all monomials of at most that degree at points (P, variables)."""
    found = [np.ones(len(coordinates))]
    level = [(found[0], 0)]
    for _ in range(degree):
        level = [(np.mod(m * coordinates[:, v], p), v) for m, first in level for v in range(first, coordinates.shape[1])]
        found += [m for m, _ in level]
    return np.ascontiguousarray(np.stack(found, axis=1))
