"""Whether functions of one small model can be limits of those of another: excluded where an equation shows it."""

from __future__ import annotations

from fractions import Fraction

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.find_equations import QUICK, FoundEquations, equations_bound
from neurovariety.geometry.ideal.vanishing import violated
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.rings.rational import to_fraction

_STREAM = "geometry.strata.inclusion"
_RANGE = 1000

_TERMS = 300
"""Models with more terms than this have many equations, whose proofs take seconds."""


def equations_of(model: Model, dimension: int, seed: int) -> FoundEquations | None:
    """Proved equations that show the ``dimension``, a proved lower bound, of a model that is quickly written out; None elsewhere."""
    try:
        Coordinates.of(model, _TERMS)
    except (InputError, ResourceError):
        return None
    return equations_bound(model, dimension, seed)


def excluded(smaller: Model, system: FoundEquations, seed: int) -> bool:
    """Whether some function of ``smaller`` violates one of the proved equations ``system`` of another model. False says nothing."""
    try:
        coordinates = Coordinates.of(smaller, QUICK.terms)
    except (InputError, ResourceError):
        return False
    weights = generator(seed, _STREAM).integers(-_RANGE, _RANGE + 1, size=coordinates.parameters).tolist()
    values = [to_fraction(q(*weights)) for q in coordinates.polynomials]
    target: dict[tuple[int, tuple[int, ...]], Fraction] = dict(zip(coordinates.monomials, values, strict=True))
    return violated(system.generators, system.coordinates, target) is not None
