"""Verdicts of the dimensions of equivariant functions and weights, from components that were found and from bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.equivariant_bounds import PairOfMaps
from neurovariety.certificates.equivariant_functions import (
    ComponentsListed,
    EquivariancePlace,
    EquivariantAtLeast,
    EquivariantAtMost,
    EquivariantComponent,
    EveryFunctionEquivariant,
    LinearEquivariance,
    Part,
    kind_of,
)
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.equivariance.adjunction import OverField
from neurovariety.geometry.equivariance.equivariant_weights import Component
from neurovariety.geometry.equivariance.exact_equivariance import exact_equivariance
from neurovariety.geometry.equivariance.linear_map import LinearMap
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.tolerances import ERROR_BOUND, MAX_TRIALS, PRIME_BITS

_NOT_VERIFIED = "how the maps act on the weights was tested, not proved"


class ShownEquivariance:
    """What is shown of the functions of ``model`` with f(T x) = S f(x), T and S the ``maps``; ``whole`` is its dimension, and ``upper``
    bounds it from above."""

    def __init__(self, model: Model, maps: PairOfMaps, whole: Verdict, upper: Verdict) -> None:
        self.model, self.maps, self.whole, self.upper = model, maps, whole, upper
        self.exact = exact_equivariance(model)
        self._verdicts: dict[int, Verdict] = {}

    def certificate(self, component: Component) -> EquivariantComponent:
        """The certificate of a component, still to be checked, which knows its two dimensions."""
        self.exact.saw_component(self.maps, component.place, component.numbers)
        exact, place = self.exact, component.place
        return EquivariantComponent(
            exact.hash, self.maps, place, component.numbers, self.upper, exact.parameters, general=exact.generic
        )

    def listed(self, components: Sequence[Component]) -> Verdict:
        """The verdict of the list of components, with a row each."""
        found = [self.certificate(c) for c in components]
        words = tuple(tuple(c.words) for c in components)
        try:
            shown = ComponentsListed(self.maps, self.exact.hash, tuple(map(self._shown, found)), words)
            return issue(shown, self.exact)
        except NotShown:
            rows = [{"classes": list(w), "weights": c.weights, "functions": c.functions} for w, c in zip(words, found, strict=True)]
            return weak(Statement(kind_of("components", self.maps), self.exact.hash, rows), Claim.ESTIMATE, _NOT_VERIFIED)

    def dimension(self, part: Part, value: int, components: Sequence[Component], at_most: int) -> Verdict:
        """The verdict of a dimension: by a theorem, where bounds from both sides meet, or from below."""
        exact, maps = self.exact, self.maps
        try:
            return issue(LinearEquivariance(exact.hash, maps, part, value), exact)
        except NotShown:
            pass
        try:
            lower = self._lower(part, value, components)
        except NotShown as reason:
            level = Claim.ESTIMATE if components else Claim.UNDECIDED
            return weak(Statement(kind_of(part, maps), exact.hash, value), level, str(reason))
        if value < at_most:
            return lower
        return issue(Meets(lower, issue(EquivariantAtMost(exact.hash, maps, part, at_most, self.upper, self.whole), exact)), exact)

    def _lower(self, part: Part, value: int, components: Sequence[Component]) -> Verdict:
        exact, general = self.exact, self.exact.generic
        if not exact.moves(not self.maps.outputs_stay):
            raise NotShown(_NOT_VERIFIED)
        for found in map(self.certificate, components):
            if (found.functions if part == "function_dimension" else found.weights) >= value:
                shown = EquivariantAtLeast(exact.hash, self.maps, part, value, self._shown(found), general)
                return issue(shown, exact)
        return issue(EquivariantAtLeast(exact.hash, self.maps, part, value, None, general), exact)

    def _shown(self, found: EquivariantComponent) -> Verdict:
        key = id(found.place)
        if key not in self._verdicts:
            self._verdicts[key] = issue(found, self.exact)
        return self._verdicts[key]

    def every_function(self, rng: np.random.Generator) -> tuple[EquivariancePlace, ...]:
        """Random places at which functions are equivariant, as many as it takes to say that all are; none where one is not, or where
        the bound of the error says nothing."""
        places: list[EquivariancePlace] = []
        error, t, s = 1.0, LinearMap(self.maps.inputs), LinearMap(self.maps.outputs)
        for _ in range(MAX_TRIALS):
            p = random_prime(PRIME_BITS, rng)
            once = self.exact.equivariance_error(self.maps, p)
            if once >= 1:
                return ()
            try:
                field = OverField(self.model, t, s, p, rng)
            except DivisionByZeroError:
                continue
            place = EquivariancePlace(p, field.weights(), field.coefficients, field.inputs(1))
            if not self.exact.is_equivariant(self.maps, place):
                return ()
            places.append(place)
            error *= once
            if error <= ERROR_BOUND:
                return tuple(places)
        return ()

    def of_all(self, part: Part, places: tuple[EquivariancePlace, ...]) -> Verdict:
        """The verdict of a dimension where all functions are equivariant."""
        found = EveryFunctionEquivariant(self.maps, part, self.whole, self.exact.parameters, places)
        return issue(found, self.exact)
