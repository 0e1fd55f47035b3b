"""The equations of a neurovariety as far as they are known, and what they say at a function."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurovariety.certificates.hilbert_function import GenerateAll, HilbertFunction
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.ranks import ModularRank
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.find_equations import FoundEquations
from neurovariety.geometry.ideal.vanishing import gradients
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.invariants.equations import equations_of
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.rings.ring import Array

_COUNTED_DIMENSION = 5
"""Largest dimension of a model whose degree is counted on the way: a second."""

_MOST_COORDINATES = 64
"""Coefficients of a model whose equations are searched for: with more they say little about few functions."""


@dataclass(frozen=True, eq=False)
class KnownIdeal:
    """Equations of the closure X of a model of dimension ``dimension``; ``complete``: they generate its ideal, because of ``why``."""

    system: FoundEquations
    dimension: int
    complete: bool
    why: str
    rank: ModularRank

    @property
    def coordinates(self) -> int:
        """Number n of coefficients."""
        return self.system.coordinates.count

    def generate_all(self, model: Model) -> Verdict | None:
        """The verdict that the equations generate all, None where it is not shown, or a count alone says so."""
        system, known = self.system, self.system.known
        if known is None or not self.complete or not system.places:
            return None
        exact = exact_coefficients(model)
        try:
            hilbert = issue(HilbertFunction(known, system.hilbert, system.places, system.places[0].prime), exact)
            return issue(GenerateAll(hilbert, self.rank, True), exact)
        except NotShown:
            return None

    def tangent_dimension(self, point: Array, p: int) -> int:
        """n minus the rank of the gradients mod p at a function (coefficients mod p): at least the dimension of the tangent space of X
        there if the function is the reduction of one over Q, and equal to it, but for bad primes, if the ideal is complete."""
        if not self.system.generators:
            return self.coordinates
        return self.coordinates - rank(gradients(self.system.generators, point, p), p)


def known_ideal(model: Model, dimension: int, seed: int) -> KnownIdeal | None:
    """The ideal of the closure of ``model`` from a search of seconds; None where it has no coefficients or too many, or where its
    equations are too long to be verified identically.

    The ideal is complete where the closure is its span or a hypersurface in it, and where as many equations as the codimension have
    degrees whose product is the degree of the closure: these are then a complete intersection, which is unmixed, so nothing else is in
    it, and generically reduced, so it is reduced.
    """
    try:
        if Coordinates.of(model).count > _MOST_COORDINATES:
            return None
        found = quietly(equations_of, model, seed=seed)
    except (InputError, ResourceError):
        return None
    system = found.system
    if system.error:
        return None
    complete, why = found.complete, found.why
    curved = [g.degree for g in system.generators if g.degree > 1]
    codimension = system.coordinates.count - sum(g.degree == 1 for g in system.generators) - dimension
    if not complete and len(curved) == codimension and system.bound == dimension <= _COUNTED_DIMENSION:
        try:
            counted = quietly(degree_of, model, seed=seed)
        except (InputError, ResourceError):
            return KnownIdeal(system, dimension, False, why, found.rank)
        if counted.sure and counted.value == math.prod(curved):
            complete = True
            why = f"{len(curved)} equations in codimension {codimension}; the product of their degrees is the degree {counted.value}"
    return KnownIdeal(system, dimension, complete, why, found.rank)
