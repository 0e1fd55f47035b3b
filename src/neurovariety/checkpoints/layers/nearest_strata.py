"""How far trained weights are from networks with fewer neurons: the strata of dead, equal, proportional neurons and of lower rank."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import float_rows, nearest_pairs, of_size_one
from neurovariety.checkpoints.layers.removals import columns
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
    """The nearest stratum of each kind for one layer, nearest (relative) first. Distances are float64, not bounds.

    Weights are brought to the size 1 by powers of two first, so that neither large nor tiny ones leave float64 when they are squared.
    """
    name = layer.producer.path or layer.producer.name
    if layer.linear:
        return _ranks(network, layer, name)
    rows, size = of_size_one(float_rows(network, layer))
    norms = _norms(rows)
    typical = float(np.sqrt((norms**2).mean())) or 1.0
    read, read_size = read_norms(network, layer)
    usual = float(np.sqrt((read**2).mean())) or 1.0
    weights = _norms(rows[:, :-1])
    i, k = int(read.argmin()), int(weights.argmin())
    out = [
        NearestStratum(name, "unread neuron", (i,), _scaled(float(read[i]), read_size), float(read[i] / usual)),
        NearestStratum(name, "constant neuron", (k,), _scaled(float(weights[k]), size), float(weights[k] / typical)),
    ]
    if layer.width > 1 and layer.parts == 1:  # rows of different groups read different channels
        kind = kind_of(layer)
        distance, partner = nearest_pairs(rows, kind)
        mean = np.sqrt((norms**2 + norms[partner] ** 2) / 2)
        relative = np.divide(distance, mean, out=np.zeros_like(distance), where=mean > 0)
        j = int(relative.argmin())
        both = tuple(sorted((j, int(partner[j]))))
        stratum = _NAMES.get(kind, "proportional neurons")
        out.append(NearestStratum(name, stratum, both, _scaled(float(distance[j]), size), float(relative[j])))
    return tuple(sorted(out, key=lambda s: s.relative))


def _scaled(distance: float, exponent: int) -> float:
    """The distance in the units of the weights; the largest float64 where it is larger."""
    try:
        return math.ldexp(distance, exponent)
    except OverflowError:
        return float(np.finfo(np.float64).max)


def _norms(rows: Array) -> Array:
    """Euclidean norms of rows; a row far smaller than others does not become 0 when it is squared."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    _, exponents = np.frexp(largest)
    return np.asarray(np.ldexp(np.linalg.norm(np.ldexp(rows, -exponents[:, None]), axis=1), exponents))


def read_norms(network: Network, layer: HiddenLayer) -> tuple[Array, int]:
    """Norm of all weights that read each neuron, in units of a power of two, and the exponent of that."""
    tables = []
    for r in layer.readers:
        read = to_floats(columns(network, r))
        tables.append(np.moveaxis(read, 1, 0).reshape(read.shape[1], -1))
    _, exponent = of_size_one(np.array([np.abs(t).max(initial=0.0) for t in tables]))
    total = np.zeros(layer.width)
    for r, table in zip(layer.readers, tables, strict=True):
        norms = _norms(np.ldexp(table, -exponent))
        for i, norm in zip(r.channel.tolist(), norms.tolist(), strict=True):
            total[i] = math.hypot(total[i], norm)
    return total, exponent


def _ranks(network: Network, layer: HiddenLayer, name: str) -> tuple[NearestStratum, ...]:
    """A lower rank of either matrix: the smallest singular value is the distance."""
    out = []
    for node in (layer.producer, layer.readers[0].node):
        weight, exponent = of_size_one(to_floats(network.weights[node.weights["weight"]]))
        s = np.linalg.svd(weight, compute_uv=False)
        size = float(np.linalg.norm(weight)) or 1.0
        if len(s) == layer.width:
            distance = _scaled(float(s[-1]), exponent)
            out.append(NearestStratum(name, f"lower rank of {node.path or node.name}", (), distance, float(s[-1] / size)))
        else:
            out.append(NearestStratum(name, f"width above the rank of {node.path or node.name}", (), 0.0, 0.0))
    return tuple(sorted(out, key=lambda s: s.relative))
