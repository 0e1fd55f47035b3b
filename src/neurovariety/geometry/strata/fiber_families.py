"""Weights over a function of a smaller network: strata that carry the same functions with the same parameters."""

from __future__ import annotations

from dataclasses import replace

from neurovariety.architectures import CNN, MLP, Attention
from neurovariety.architectures.reading.activation import Activation
from neurovariety.geometry.images.real_components import architecture_of
from neurovariety.geometry.strata.heads import head_families
from neurovariety.geometry.strata.listing import MOST
from neurovariety.geometry.strata.padding import all_windows, exchanged_factors, padding_strata
from neurovariety.geometry.strata.rank_profiles import of_rank
from neurovariety.geometry.strata.units import channel_strata, neuron_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.image import Layers
from neurovariety.model import Model

_MOST_FAMILIES = 4 * MOST


def families_of_all_windows(model: Model) -> bool:
    """Whether the families of a convolutional network of one channel are all its padded filters."""
    cnn = architecture_of(model)
    return isinstance(cnn, CNN) and max(cnn.channels) == 1 and all_windows(cnn, _MOST_FAMILIES)


def fiber_families(model: Model) -> list[tuple[WeightStratum, ...]]:
    """Groups of strata; the first parameters of a group's members are the weights of one smaller network, and give its function
    whatever the others (the last ``free`` ones) are. From large images to small; the zero function is not among them. Filters of
    linear convolutions with factors to exchange are among them, though not of a smaller network."""
    architecture = architecture_of(model)
    found: list[WeightStratum] = []
    layers = model.parametrization
    if isinstance(layers, Layers) and layers.linear and not layers.biases and not layers.skips:
        # A neuron of a linear network is one whose activation is x; one rank throughout is enough for all functions.
        hidden = len(layers.weights) - 1
        mlp = MLP(layers.widths, (Activation.monomial(1),) * hidden)
        found = [
            replace(s, small=of_rank(layers.widths, s.sizes[0][0]))
            for s in neuron_strata(model, mlp, _MOST_FAMILIES)
            if s.sizes and len(set(s.sizes[0][:hidden])) == 1 and s.free is not None
        ]
    elif isinstance(architecture, MLP):
        found = neuron_strata(model, architecture, MOST)
    elif isinstance(architecture, CNN):
        single = max(architecture.channels) == 1
        if single:
            found = [*exchanged_factors(model, architecture), *padding_strata(model, architecture)[:_MOST_FAMILIES]]
        else:
            found = channel_strata(model, architecture, MOST)
    elif isinstance(architecture, Attention):
        found = head_families(model, architecture)
    groups: dict[tuple[object, int], list[WeightStratum]] = {}
    for s in found:
        if s.free is not None and s.small is not None and s.sizes:
            groups.setdefault((s.sizes, s.parameters - s.free), []).append(s)
    return [tuple(g) for g in groups.values()]
