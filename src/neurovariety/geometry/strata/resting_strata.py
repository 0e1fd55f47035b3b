"""Strata beside smaller networks on which J drops rank, where training can rest: as far as they have names.

Filters with a common factor (without activations functions are products of polynomials, and those of filters with a common factor are
multiples of it), a last layer of lower rank where there are several outputs, units whose incoming weights are zero and which make a
constant, and smaller networks also where all functions are those of the large one. Nothing says that these are all (`rank_drops`).
"""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.strata.filters import shared_roots
from neurovariety.geometry.strata.layers import lower_ranks
from neurovariety.geometry.strata.smaller_models import Stratum, strata_of_units
from neurovariety.geometry.strata.weight_stratum import WeightStratum, own_model
from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers, Layers
from neurovariety.rings.ring import Array
from neurovariety.units import FilterStack

_MOST = 6


def resting_strata(model: Model, fills: bool) -> tuple[Stratum, ...]:
    """The strata of a model whose functions fill their span (``fills``) or not; at most six."""
    layers = model.parametrization
    if isinstance(layers, FilterLayers):
        stack = next((u for u in model.units if isinstance(u, FilterStack)), None)
        found = [] if stack is None else [_own(model, s) for s in shared_roots(model, stack)]
        return tuple(found[:_MOST])
    if not isinstance(layers, Layers) or layers.skips or model.resized is None:
        return strata_of_units(model)[:_MOST] if fills else ()
    found = []
    if layers.widths[-1] > 1 and not layers.linear:
        last = f"layer {len(layers.weights)} of"
        found = [_own(model, s) for s in lower_ranks(model) if s.name.startswith(last)]
    return tuple((found + _with_constants(model, layers))[:_MOST])


def _own(model: Model, stratum: WeightStratum) -> Stratum:
    return Stratum(stratum.name, own_model(stratum.name, model, stratum.parameters, stratum.embed), stratum.embed, (), True)


def _with_constants(model: Model, layers: Layers) -> list[Stratum]:
    """Fewer units and a constant, where an activation s has s(0) not 0 and s'(0) = 0: units with incoming weights 0 make the constant,
    and to first order stay where they are. For one hidden layer without biases."""
    exponents = {e for a in layers.activations for e, _ in a.terms}
    if len(layers.widths) != 3 or layers.biases or 0 not in exponents or 1 in exponents:
        return []
    incoming, outgoing = (model.places[name] for name in layers.weights)
    found = []
    for live in range(layers.widths[1] - 1, -1, -1):
        places = np.concatenate([incoming[:live].reshape(-1), outgoing[:, : live + 1].reshape(-1)])
        name = f"{live} units and constants" if live else "constants"
        found.append(_at_places(model, name, places))
    return found


def _at_places(model: Model, name: str, places: Array) -> Stratum:
    def embed(weights: Array) -> Array:
        out = np.zeros(model.parameters, dtype=np.asarray(weights).dtype)
        out[places] = weights
        return out

    dead = tuple(sorted(set(range(model.parameters)) - set(places.tolist())))
    return Stratum(name, own_model(name, model, len(places), embed), embed, dead)
