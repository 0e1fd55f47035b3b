"""The symmetries of the weights that are read off the layers: scalings that an activation carries, base changes between matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Literal

import numpy as np

from neurovariety.certificates.network_symmetries import attention_dimensions, gated_dimensions
from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.nonlinearity import Scaling
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.layers.gated_units import gated_layers
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, normalization
from neurovariety.checkpoints.layers.neuron_relations import scalings

Group = Scaling | Literal["base change", "heads", "gated units"]

_WORDS: dict[Group, str] = {
    "base change": "invertible base changes between two matrices",
    "gated units": "permutations of gated units, scalings of their factors",
    "heads": "permutations of heads, base changes of their queries and keys and of their values, constants that do not show",
    "any": "permutations and nonzero scalings of neurons",
    "positive": "permutations and positive scalings of neurons",
    "sign": "permutations and sign changes of neurons",
    "none": "permutations of neurons",
}


@dataclass(frozen=True)
class LayerSymmetry:
    """``kind`` says of which sort it is (of neurons: see `scalings`), ``dimension`` is that of its orbits at general weights."""

    layer: str
    kind: Group
    width: int
    dimension: int

    @property
    def words(self) -> str:
        return _WORDS[self.kind]


def kind_of(layer: HiddenLayer) -> Group:
    """What the neurons of a layer may be multiplied by: the strictest of what its readers' activations carry."""
    if layer.linear:
        return "base change"
    kinds = {scalings(a) for a in layer.activations}
    on_the_way = [operation(n).channelwise for r in layer.readers for n in r.before_filters]
    if any(c is not None and c.positive for c in on_the_way):
        kinds = {"positive" if k == "any" else "none" if k == "sign" else k for k in kinds}
    restricted: tuple[Scaling, ...] = ("none", "sign", "positive")
    for kind in restricted:
        if kind in kinds:
            return kind if len(kinds) == 1 or "sign" not in kinds or "positive" not in kinds else "none"
    return "any"


def layer_symmetries(network: Network, layers: Sequence[HiddenLayer]) -> tuple[LayerSymmetry, ...]:
    """The stated symmetries. Their dimensions add up to a proved lower bound of that of the orbits of general weights.

    Reading from the input on, a scaling that fixes general rows is 1, and so is a base change that fixes a matrix of full row rank:
    the group acts freely where widths do not exceed what comes in; elsewhere the dimension counted is 0.
    """
    out = []
    for layer in layers:
        kind = kind_of(layer)
        weight = network.weights[layer.producer.weights["weight"]]
        dimension = 0
        if kind == "base change":
            if _trained(network, layer):
                dimension = layer.width**2 if layer.width <= prod(np.shape(weight)[1:]) else 0
                both = "bias" in layer.producer.weights and "bias" in layer.readers[0].node.weights
                dimension += layer.width if both else 0
        elif kind in ("any", "positive") and _continuous(network, layer):
            dimension = layer.width
        out.append(LayerSymmetry(layer.producer.path or layer.producer.name, kind, layer.width, dimension))
    return tuple(out)


def gated_symmetries(network: Network) -> tuple[LayerSymmetry, ...]:
    """Those of the gated units, named by the map that makes their first factor."""
    layers = {x.product.name: x for x in gated_layers(network)}
    found = {node.name: dimension for node, dimension in gated_dimensions(network)}
    shapes = network.shapes()
    return tuple(
        LayerSymmetry(layers[k].place, "gated units", layers[k].width, found.get(k, 0))
        if k in layers
        else LayerSymmetry(k, "gated units", shapes[k][-1], found[k])
        for k in dict.fromkeys((*layers, *found))
    )


def head_symmetries(network: Network) -> tuple[LayerSymmetry, ...]:
    """Those of the attentions, named by the matrices that read their heads; ``width`` is the number of heads."""
    nodes = {n.name: n for n in network.nodes}
    out = []
    for block, dimension in attention_dimensions(network):
        reader = nodes[block.reader.name]
        out.append(LayerSymmetry(reader.path or reader.name, "heads", block.heads, dimension))
    return tuple(out)


def _trained(network: Network, layer: HiddenLayer) -> bool:
    """Whether all weights that a symmetry of this layer moves are trained."""
    touched = [*layer.producer.weights.values(), *(k for r in layer.readers for k in r.undoes.weights.values())]
    return not any(k in network.fixed for k in touched)


def _continuous(network: Network, layer: HiddenLayer) -> bool:
    """Whether scaled neurons are undone in the next weights with nothing left over, all of these being trained."""
    if not _trained(network, layer):
        return False
    if layer.leading and not {"scale", "shift"} <= set(layer.leading[-1].weights):
        return False
    for reader in layer.readers:
        after = reader.before_filters[len(layer.leading) :]
        applied = [n for n in after if n.function is not None]
        if len(applied) != 1 or any(normalization(n) is not None for n in after):
            return False
        constant = activation(applied[0].attributes).at(applied[0].attributes, Fraction(0))
        read_by = operation(reader.undoes).affine
        if constant and ("bias" not in reader.undoes.weights or read_by is None or not read_by.matrix):
            return False
    return True
