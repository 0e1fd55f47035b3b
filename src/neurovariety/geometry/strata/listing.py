"""The strata of weights that are known for each family of architectures."""

from __future__ import annotations

from neurovariety.architectures import CNN, MLP, Attention
from neurovariety.geometry.images.real_components import architecture_of
from neurovariety.geometry.strata.heads import head_strata
from neurovariety.geometry.strata.padding import filter_strata
from neurovariety.geometry.strata.rank_profiles import rank_strata
from neurovariety.geometry.strata.units import channel_strata, neuron_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.image import Layers
from neurovariety.model import Model

MOST = 60
"""Strata that are listed; where there are more, the largest ones are."""


def weight_strata(model: Model, *, most: int = MOST) -> tuple[WeightStratum, ...]:
    """The known strata of the weight space of ``model``, up to permutations of neurons, channels and heads; at most ``most``.

    Empty for a user's own function and for families without known strata. Where a layer has an activation s, neurons are inactive if
    their outgoing weights are zero, or their incoming ones if s(0) = 0; redundant if their rows are equal, for a monomial s if they
    are proportional.
    """
    architecture = architecture_of(model)
    found: list[WeightStratum] = []
    layers = model.parametrization
    if isinstance(layers, Layers) and layers.linear and not layers.biases and not layers.skips:
        found = rank_strata(model, layers.widths, most)
    elif isinstance(architecture, MLP):
        found = neuron_strata(model, architecture, most)
    elif isinstance(architecture, CNN):
        single = max(architecture.channels) == 1
        found = filter_strata(model, architecture, most) if single else channel_strata(model, architecture, most)
    elif isinstance(architecture, Attention):
        found = head_strata(model, architecture)
    return tuple(found[:most])
