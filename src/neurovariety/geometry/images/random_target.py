"""A random target: an integer element of the linear span of a model's functions."""

from __future__ import annotations

from fractions import Fraction

from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.geometry.images.target import Target
from neurovariety.model import Model
from neurovariety.randomness import generator

_RANDOM_SIZE = 5


def random_target(model: Model, seed: int) -> Target:
    """The coefficients with an independent random integer for each monomial in the weights: a random element of the span."""
    try:
        coordinates = written_out(model)
    except ResourceError as error:
        raise ResourceError(f"{model.name} is too large to draw a random target for; give one with --target or --weights") from error
    rng = generator(seed, "geometry.images.random_target")
    drawn: dict[tuple[int, ...], int] = {}
    found: dict[Coordinate, Fraction] = {}
    for key, polynomial in zip(coordinates.monomials, coordinates.polynomials, strict=True):
        total = Fraction(0)
        for e, c in sorted(polynomial.to_dict().items()):
            monomial = tuple(int(k) for k in e)
            if monomial not in drawn:
                drawn[monomial] = int(rng.integers(-_RANDOM_SIZE, _RANDOM_SIZE + 1))
            total += drawn[monomial] * Fraction(int(c.p), int(c.q))
        if total:
            found[key] = total
    return Target(model.inputs, model.outputs, found)
