"""A model whose inputs and outputs are moved, as certificates see it (`certificates.equivariant_functions.MovableFunctions`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.elements_of_finite_order import HiddenGroup, LayerClass, is_class
from neurovariety.certificates.equivariant_bounds import PairOfMaps
from neurovariety.certificates.equivariant_functions import ComponentPlace, ComponentRanks, EquivariancePlace, Parts
from neurovariety.certificates.issue import Certificate
from neurovariety.certificates.stored_motions import MotionFacts
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import DivisionByZeroError, ResourceError
from neurovariety.geometry.equivariance.adjunction import (
    OverField,
    input_adjunction,
    missed_inequality,
    output_adjunction,
    zero_function,
)
from neurovariety.geometry.equivariance.bounds import linear_network, output_degrees
from neurovariety.geometry.equivariance.equivariant_spaces import EquivariantSpaces
from neurovariety.geometry.equivariance.layer_classes import commuting, hidden_groups
from neurovariety.geometry.equivariance.linear_map import LinearMap
from neurovariety.geometry.exact.exact_functions import ExactFunctions
from neurovariety.geometry.exact.stated_symmetries import all_verified
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import with_known_coefficients
from neurovariety.tolerances import PRIME_BITS


class ExactEquivariance(ExactFunctions):
    """The exact functions of a model, and linear maps of its inputs and outputs."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._components: WeakKeyDictionary[ComponentPlace, tuple[PairOfMaps, ComponentRanks]] = WeakKeyDictionary()

    @property
    def axes(self) -> tuple[int, int, int, int]:
        model = self.model
        return model.inputs, model.outputs, model.input_shape[0], model.output_shape[0] if model.output_shape else 1

    def moves(self, outputs: bool) -> bool:
        return input_adjunction(self.model) and (not outputs or output_adjunction(self.model))

    def linear_layers(self) -> tuple[tuple[int, ...], bool] | None:
        found = linear_network(self.model)
        return None if found is None else (tuple(found.widths), bool(found.biases))

    def input_degrees(self) -> tuple[int, int] | None:
        return output_degrees(self.model)

    def zero_weights(self) -> int | None:
        return zero_function(self.model)

    def saw_component(self, maps: PairOfMaps, place: ComponentPlace, ranks: ComponentRanks) -> None:
        """Keep ranks that were taken by exact elimination."""
        self._components[place] = maps, ranks

    def component_taken(self, maps: PairOfMaps, place: ComponentPlace) -> ComponentRanks:
        known = self._components.get(place)
        if known is not None and known[0] == maps:
            return known[1]
        chosen, rng = self._classes(maps, place.classes), np.random.default_rng(0)
        t, s = LinearMap(maps.inputs), LinearMap(maps.outputs)
        try:
            spaces = EquivariantSpaces(self.model, all_verified(self.model), t, s, place.prime, rng)
            spaces.field.coefficients = with_known_coefficients(self.model, spaces.ring, place.coefficients)
            if not spaces.holds(chosen, place.weights):
                raise NotShown("the point does not follow the maps")
            basis = spaces.basis(chosen)
            functions, whole, *_ = spaces.ranks(basis, place.weights, place.inputs)
            found = ComponentRanks(sum(k.shape[1] for k in basis), spaces.swept(basis, place.weights), functions, whole)
        except (DivisionByZeroError, ResourceError) as reason:
            raise NotShown(str(reason)) from None
        self.saw_component(maps, place, found)
        return found

    def component_words(self, maps: PairOfMaps, classes: Parts) -> list[str]:
        return [c.words for c in self._classes(maps, classes)]

    def _classes(self, maps: PairOfMaps, classes: Parts) -> tuple[LayerClass, ...]:
        """One class of each group. Raises `NotShown` where one is none."""
        groups, order = self._groups(), maps.order or 1
        if len(groups) != len(classes) or not all(is_class(g, parts, order) for g, parts in zip(groups, classes, strict=True)):
            raise NotShown("these are no elements of that order of the stated groups")
        return tuple(LayerClass(g, parts, order) for g, parts in zip(groups, classes, strict=True))

    def _groups(self) -> tuple[HiddenGroup, ...]:
        model = self.model
        return commuting(hidden_groups(all_verified(model)), (*model.input_axes, *model.output_axes))

    def facts(self, certificates: Sequence[Certificate]) -> MotionFacts:
        """How maps act on weights, and the groups, as plain data."""
        model = self.model
        return MotionFacts(
            blocks=tuple(b.name for b in model.blocks),
            sizes=self.axes,
            input_axes=tuple(model.input_axes),
            output_axes=tuple(model.output_axes),
            verified=(input_adjunction(model), output_adjunction(model)),
            groups=self._groups(),
            layers=self.linear_layers(),
        )

    def is_equivariant(self, maps: PairOfMaps, place: EquivariancePlace) -> bool:
        try:
            field = OverField(self.model, LinearMap(maps.inputs), LinearMap(maps.outputs), place.prime, np.random.default_rng(0))
            field.coefficients = with_known_coefficients(self.model, field.ring, place.coefficients)
            return field.is_equivariant(place.weights, place.inputs)
        except DivisionByZeroError as reason:
            raise NotShown(str(reason)) from None

    def equivariance_error(self, maps: PairOfMaps, prime: int) -> float:
        if prime.bit_length() != PRIME_BITS:
            return 1.0
        return missed_inequality(self.model, LinearMap(maps.inputs), LinearMap(maps.outputs))


_EXACT: Final = Slot[ExactEquivariance]("the exact functions with maps of inputs and outputs")


def exact_equivariance(model: Model) -> ExactEquivariance:
    """A model with linear maps of its inputs and outputs, kept with it."""
    return model.kept.once(_EXACT, lambda: ExactEquivariance(model))
