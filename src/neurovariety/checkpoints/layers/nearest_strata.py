"""How far trained weights are from networks with fewer neurons: the strata of dead, equal, proportional neurons and of lower rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import float_rows, nearest_pairs
from neurovariety.rings.ring import Array

_NAMES = {"none": "equal neurons", "sign": "equal or opposite neurons", "positive": "positively proportional neurons"}


class StratumData(TypedDict):
    """A `NearestStratum` as plain data."""

    layer: str
    stratum: str
    neurons: list[int]
    distance: float
    relative: float


@dataclass(frozen=True)
class NearestStratum:
    """The nearest network of one kind of stratum, layer by layer.

    ``distance`` is how far the weights have to move (Euclidean norm, batch norm folded in), ``relative`` that by the norm of the
    weights that would move; ``neurons`` are those concerned.
    """

    layer: str
    stratum: str
    neurons: tuple[int, ...]
    distance: float
    relative: float

    def to_dict(self) -> StratumData:
        """Plain data."""
        return {
            "layer": self.layer,
            "stratum": self.stratum,
            "neurons": list(self.neurons),
            "distance": self.distance,
            "relative": self.relative,
        }


def nearest_strata(network: Network, layer: HiddenLayer) -> tuple[NearestStratum, ...]:
    """The nearest stratum of each kind for one layer, nearest (relative) first. Distances are float64, not bounds."""
    name = layer.producer.path or layer.producer.name
    rows = float_rows(network, layer)
    norms = np.linalg.norm(rows, axis=1)
    typical = float(np.sqrt((norms**2).mean())) or 1.0
    if layer.linear:
        return _ranks(network, layer, name)
    read = _read(network, layer)
    usual = float(np.sqrt((read**2).mean())) or 1.0
    weights = np.linalg.norm(rows[:, :-1], axis=1)
    i, k = int(read.argmin()), int(weights.argmin())
    out = [
        NearestStratum(name, "unread neuron", (i,), float(read[i]), float(read[i] / usual)),
        NearestStratum(name, "constant neuron", (k,), float(weights[k]), float(weights[k] / typical)),
    ]
    if layer.width > 1:
        kind = kind_of(layer)
        distance, partner = nearest_pairs(rows, kind)
        mean = np.sqrt((norms**2 + norms[partner] ** 2) / 2)
        relative = np.divide(distance, mean, out=np.zeros_like(distance), where=mean > 0)
        j = int(relative.argmin())
        both = tuple(sorted((j, int(partner[j]))))
        out.append(NearestStratum(name, _NAMES.get(kind, "proportional neurons"), both, float(distance[j]), float(relative[j])))
    return tuple(sorted(out, key=lambda s: s.relative))


def _read(network: Network, layer: HiddenLayer) -> Array:
    """Norm of all weights that read each neuron."""
    total = np.zeros(layer.width)
    for r in layer.readers:
        weight = to_floats(network.weights[r.node.weights["weight"]])
        squares = (weight.reshape(weight.shape[0], weight.shape[1], -1) ** 2).sum(axis=(0, 2))
        total += np.bincount(r.channel, weights=squares, minlength=layer.width)
    return np.sqrt(total)


def _ranks(network: Network, layer: HiddenLayer, name: str) -> tuple[NearestStratum, ...]:
    """A lower rank of either matrix: the smallest singular value is the distance."""
    out = []
    for node in (layer.producer, layer.readers[0].node):
        weight = to_floats(network.weights[node.weights["weight"]])
        s = np.linalg.svd(weight, compute_uv=False)
        size = float(np.linalg.norm(weight)) or 1.0
        if len(s) == layer.width:
            out.append(NearestStratum(name, f"lower rank of {node.path or node.name}", (), float(s[-1]), float(s[-1] / size)))
        else:
            out.append(NearestStratum(name, f"width above the rank of {node.path or node.name}", (), 0.0, 0.0))
    return tuple(sorted(out, key=lambda s: s.relative))
