"""Strata of whole layers: of lower rank, or zero."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neurovariety.architectures import MLP
from neurovariety.architectures.reading.activation import Activation
from neurovariety.geometry.strata.rank_profiles import low_rank
from neurovariety.geometry.strata.weight_stratum import WeightStratum, free_places, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array


def lower_ranks(model: Model, mlp: MLP, weights: list[str]) -> list[WeightStratum]:
    """Layers of lower rank, the highest ranks first: the network with a narrow linear layer put in."""
    out: list[WeightStratum] = []
    narrow = tuple(min(pair) for pair in pairwise(mlp.widths))
    for l, full in enumerate(narrow):
        places = model.places[weights[l]]
        others = free_places(model, [places])
        for r in range(full - 1, 0, -1):
            parameters, embed = low_rank(places, others, r, model.parameters)
            widths = (*mlp.widths[: l + 1], r, *mlp.widths[l + 1 :])
            activations = (*mlp.activations[:l], Activation.monomial(1), *mlp.activations[l:])
            out.append(
                WeightStratum(
                    name=f"layer {l + 1} of rank {r}",
                    kind="rank",
                    model=model,
                    parameters=parameters,
                    embed=embed,
                    small=MLP(widths, activations, mlp.bias).model,
                    sizes=((*mlp.widths[1:-1], *narrow[:l], r, *narrow[l + 1 :]),),
                )
            )
    return sorted(out, key=lambda s: -sum(s.sizes[0]))


def silent_layers(model: Model, mlp: MLP, weights: list[str]) -> list[WeightStratum]:
    """A layer whose weights are all zero, as far as the function is then zero, or constant where there are biases."""
    out = []
    for l, name in enumerate(weights):
        if not mlp.bias and any(not vanishes(a) for a in mlp.activations[l:]):
            continue
        if not all(defined_at_zero(a) for a in mlp.activations):
            continue
        out.append(zeroed(model, name, l + 1))
    if not mlp.bias:
        return out
    sizes = ((0,) * (len(mlp.widths) - 2 + len(weights)),)
    last = model.places[[b.name for b in model.blocks if b.name.startswith("b")][-1]]

    def constants(s: Array) -> Array:
        flat = np.zeros(model.parameters, dtype=s.dtype)
        flat[last] = s
        return flat

    small = own_model("constants", model, len(last), constants)
    return [WeightStratum(s.name, "zero", model, s.parameters, s.embed, small, sizes) for s in out]


def vanishes(s: Activation) -> bool:
    """Whether s(0) = 0."""
    return all(e > 0 for e, _ in s.terms) and defined_at_zero(s)


def defined_at_zero(s: Activation) -> bool:
    return s.denominator[-1][0] == 0


def zeroed(model: Model, block: str, layer: int) -> WeightStratum:
    """The weights with one block zero, over the zero function."""
    free = free_places(model, [model.places[block]])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s
        return out

    return WeightStratum(f"layer {layer} zero", "zero", model, len(free), embed, None, free=len(free))
