"""Weights over a function of a smaller network: strata that carry the same functions with the same parameters."""

from __future__ import annotations

from dataclasses import replace

from neurovariety.geometry.strata.fewer_units import unit_strata
from neurovariety.geometry.strata.filters import all_windows, exchanged_factors, padding_strata
from neurovariety.geometry.strata.heads import head_families
from neurovariety.geometry.strata.known_strata import MOST, weight_strata
from neurovariety.geometry.strata.rank_strata import multiplied, of_rank
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model
from neurovariety.units import FilterStack, Heads, Units

_MOST_FAMILIES = 4 * MOST


def families_of_all_windows(model: Model) -> bool:
    """Whether the families of a convolutional network of one channel are all its padded filters."""
    return any(isinstance(u, FilterStack) and all_windows(u, _MOST_FAMILIES) for u in model.units)


def fiber_families(model: Model) -> list[tuple[WeightStratum, ...]]:
    """Groups of strata; the first parameters of a group's members are the weights of one smaller network, and give its function
    whatever the others (the last ``free`` ones) are. From large images to small; the zero function is not among them. Filters of
    linear convolutions with factors to exchange are among them, though not of a smaller network."""
    groups: dict[tuple[object, int], list[WeightStratum]] = {}
    for s in _with_free_weights(model):
        if s.free is not None and s.small is not None and s.sizes:
            groups.setdefault((s.sizes, s.parameters - s.free), []).append(s)
    return [tuple(g) for g in groups.values()]


def _with_free_weights(model: Model) -> list[WeightStratum]:
    layers = multiplied(model)
    if layers is not None:
        # One rank throughout is enough for all functions.
        hidden = sum(isinstance(u, Units) for u in model.units)
        return [
            replace(s, small=of_rank(layers.widths, s.sizes[0][0]))
            for s in unit_strata(model, _MOST_FAMILIES)
            if s.sizes and len(set(s.sizes[0][:hidden])) == 1 and s.free is not None
        ]
    for u in model.units:
        if isinstance(u, FilterStack):
            return [*exchanged_factors(model, u), *padding_strata(model, u)[:_MOST_FAMILIES]]
        if isinstance(u, Heads):
            return head_families(model)
    return list(weight_strata(model, most=MOST))
