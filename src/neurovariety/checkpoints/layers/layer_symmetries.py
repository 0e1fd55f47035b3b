"""The symmetries of the weights that are read off the layers: scalings that an activation carries, base changes between matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.neuron_relations import scalings

_WORDS = {
    "base change": "invertible base changes between two matrices",
    "any": "permutations and nonzero scalings of neurons",
    "positive": "permutations and positive scalings of neurons",
    "sign": "permutations and sign changes of neurons",
    "none": "permutations of neurons",
}


@dataclass(frozen=True)
class LayerSymmetry:
    """``kind`` is base change, any, positive, sign or none (see `scalings`); ``dimension`` that of its orbits at general weights."""

    layer: str
    kind: str
    width: int
    dimension: int

    @property
    def words(self) -> str:
        return _WORDS[self.kind]


def kind_of(layer: HiddenLayer) -> str:
    """What the neurons of a layer may be multiplied by: the strictest of what its readers' activations carry."""
    if layer.linear:
        return "base change"
    kinds = {scalings(a) for a in layer.activations}
    if any(n.kind == "max_pool" for r in layer.readers for n in r.path):
        kinds = {"positive" if k == "any" else "none" if k == "sign" else k for k in kinds}
    for kind in ("none", "sign", "positive"):
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


def _trained(network: Network, layer: HiddenLayer) -> bool:
    """Whether all weights that a symmetry of this layer moves are trained."""
    touched = [*layer.producer.weights.values(), *(k for r in layer.readers for k in r.node.weights.values())]
    return not any(k in network.fixed for k in touched)


def _continuous(network: Network, layer: HiddenLayer) -> bool:
    """Whether scaled neurons are undone in the next weights with nothing left over, all of these being trained."""
    if not _trained(network, layer):
        return False
    if layer.leading and not {"scale", "shift"} <= set(layer.leading[-1].weights):
        return False
    for reader in layer.readers:
        after = reader.path[len(layer.leading) :]
        if sum(n.kind == "activation" for n in after) != 1 or any(n.kind == "normalize" for n in after):
            return False
        (activation,) = (n for n in after if n.kind == "activation")
        constant = (activation.attributes.get("coefficients") or (Fraction(0),))[0]
        if constant and ("bias" not in reader.node.weights or reader.node.kind != "linear"):
            return False
    return True
