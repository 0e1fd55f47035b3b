"""Strata of whole layers: of lower rank, or zero."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.strata.rank_strata import low_rank
from neurovariety.geometry.strata.weight_stratum import WeightStratum, free_places, own_model
from neurovariety.model import Block, Model
from neurovariety.parametrization import Layers
from neurovariety.rings.ring import Array
from neurovariety.units import Multiples, Silence, Units


def factored_layers(model: Model) -> list[Block]:
    """The matrices of a model that can be products through linear units, layer by layer: those of a perceptron with its activations."""
    layers = model.parametrization
    if not isinstance(layers, Layers) or model.factored is None or model.factored(0, 1) is None:
        return []
    named = {b.name: b for b in model.blocks}
    return [named[name] for name in layers.weights]


def lower_ranks(model: Model) -> list[WeightStratum]:
    """Layers of lower rank, the highest ranks first: the network with a narrow linear layer put in. Left out is the rank 1 of units
    without biases that are redundant where they are proportional, which is the stratum at which all of them are."""
    out: list[WeightStratum] = []
    layers = factored_layers(model)
    of_units = {u.made[0][0] for u in model.units if isinstance(u, Units) and _proportional(u)}
    hidden = tuple(u.count for u in model.units if isinstance(u, Units))
    narrow = tuple(min(b.shape) for b in layers)
    for l, block in enumerate(layers):
        places = model.places[block.name]
        others = free_places(model, [places])
        for r in range(narrow[l] - 1, int(block.name in of_units), -1):
            parameters, embed = low_rank(places, others, r, model.parameters)
            out.append(
                WeightStratum(
                    name=f"layer {l + 1} of rank {r}",
                    kind="rank",
                    model=model,
                    parameters=parameters,
                    embed=embed,
                    small=model.factored(l, r) if model.factored is not None else None,
                    sizes=((*hidden, *narrow[:l], r, *narrow[l + 1 :]),),
                )
            )
    return sorted(out, key=lambda s: -sum(s.sizes[0]))


def _proportional(units: Units) -> bool:
    alone = units.count > 1 and len(units.made) == 1 and not units.bias and not units.own and not units.absorbs.shift
    return alone and units.absorbs.multiples is Multiples.PROPORTIONAL


def silent_layers(model: Model) -> list[WeightStratum]:
    """Weights that are zero so that the function is zero, or constant where there are biases."""
    return [_silent(model, silence) for silence in model.silences]


def _silent(model: Model, silence: Silence) -> WeightStratum:
    free = free_places(model, [model.places[name] for name in silence.blocks])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s
        return out

    name = f"{silence.label} zero"
    if silence.constant is None:
        return WeightStratum(name, "zero", model, len(free), embed, None, free=len(free))
    last = model.places[silence.constant].reshape(-1)

    def constants(s: Array) -> Array:
        flat = np.zeros(model.parameters, dtype=s.dtype)
        flat[last] = s
        return flat

    small = own_model("constants", model, len(last), constants)
    hidden = sum(isinstance(u, Units) for u in model.units)
    sizes = ((0,) * (hidden + len(factored_layers(model))),)
    return WeightStratum(name, "zero", model, len(free), embed, small, sizes)
