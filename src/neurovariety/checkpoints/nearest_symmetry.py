"""The permutation of neurons that brings the weights of one network nearest to those of another, and the line between the two.

Weight matching (Ainsworth, Hayase, Srinivasa 2023, Git Re-Basin): stream by stream the channels are assigned so that the inner product
of the weights is largest, the others being held, until nothing moves. Each step is optimal for its stream and the distance only falls;
the permutation is not proved to be the nearest of all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

import numpy as np
from scipy.optimize import linear_sum_assignment

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layers.attention_heads import each_head, head_rows, permuted
from neurovariety.checkpoints.layers.gated_units import GatedLayer, branch_rows, gated_layers
from neurovariety.checkpoints.layers.grouped_channels import assigned, assigned_groups, dense, groups_of
from neurovariety.checkpoints.layers.head_bases import head_gains
from neurovariety.checkpoints.layers.head_matching import in_groups, same_heads
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.layers.streams import Stream, bundles, streams
from neurovariety.errors import DataError
from neurovariety.rings.ring import Array

_SWEEPS = 50
_AS_IT_IS = (Fraction(1), Fraction(1))
_LINE = 21
"""Networks on the line between two whose losses are taken."""


def nearest_permutation(first: Rewritten, second: Network) -> Rewritten:
    """The first network permuted towards the second, which has the same graph.

    Two starts are tried, as the networks stand and with rows matched from the input on, and the nearer end is taken. Weights so large
    that their products overflow are left where they are.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        ends = [_descended(first, second), _descended(_by_rows(first, second), second)]
        return min(ends, key=lambda end: distance(end.network, second))


def distance(a: Network, b: Network) -> float:
    """The Euclidean distance of the trained weights of two networks of one graph."""
    total = 0.0
    for n, m in zip(a.nodes, b.nodes, strict=True):
        for role, key in n.weights.items():
            if key not in a.fixed:
                apart = to_floats(a.weights[key]) - to_floats(b.weights[m.weights[role]])
                largest = float(np.abs(apart).max(initial=0.0)) or 1.0
                total = math.hypot(total, largest * float(np.linalg.norm(apart / largest)))
    return total


def _by_rows(first: Rewritten, second: Network) -> Rewritten:
    names = {n.name: m.name for n, m in zip(first.network.nodes, second.nodes, strict=True)}
    others = {m.name: m for m in second.nodes}
    for at in range(len(streams(first.network))):
        stream = streams(first.network)[at]
        maker = stream.makers[0]
        gain = _rows(second, others[names[maker.name]].weights) @ _rows(first.network, maker.weights).T
        norms = (_rows(first.network, maker.weights) ** 2).sum(axis=1)
        if not np.isfinite(gain).all() or not np.isfinite(norms).all():
            continue
        gain = 2 * gain - norms[None, :]
        bundle = next((b for b in bundles(first.network, streams(first.network)) if b.streams[0].makers[0] is maker), None)
        if bundle is not None:  # the groups of all its streams go where those of the first belong
            more, blocks = assigned_groups(gain, bundle.groups)
            if more > 0:
                first = first.groups_permuted(bundle, blocks)
                gain = gain[:, bundle.orders(blocks)[0]]
                stream = streams(first.network)[at]
        first = first.stream_permuted(stream, assigned(gain, stream.parts))
    return first


def _descended(first: Rewritten, second: Network) -> Rewritten:
    for _ in range(_SWEEPS):
        moved = False
        for at in range(len(streams(first.network))):
            stream = streams(first.network)[at]
            gain = _gain(first.network, second, stream)
            if not np.isfinite(gain).all():
                continue
            order = assigned(gain, stream.parts)
            if _is_better(gain, np.asarray(order)):
                first, moved = first.stream_permuted(stream, order), True
        for several in (_heads_assigned, _units_assigned):
            first, more = several(first, second)
            moved = moved or more
        if not moved:
            break
    return first


def _is_better(gain: Array, order: Array) -> bool:
    """Whether an order gains more than the one that stands, beyond rounding."""
    better = gain[np.arange(len(gain)), order].sum() - np.trace(gain)
    return bool(better > 1e-12 * max(abs(gain).max(initial=0.0), 1e-300) * len(gain))


def _heads_assigned(first: Rewritten, second: Network) -> tuple[Rewritten, bool]:
    """The heads of each attention in the order in which their weights are nearest, each in its best base."""
    moved = False
    for at in range(len(same_heads(first.network, second))):
        heads, goal = same_heads(first.network, second)[at]
        pairs = ((first.network, heads), (second, goal))
        gain = head_gains(*(each_head(h, head_rows(net, h)) for net, h in pairs))
        if not np.isfinite(gain).all():
            continue
        order = in_groups(gain, len(heads.groups))
        if _is_better(gain, np.asarray(order)):
            first, moved = first.with_heads(heads, permuted(first.network, heads, order)), True
    return first, moved


def _units_assigned(first: Rewritten, second: Network) -> tuple[Rewritten, bool]:
    """Gated units in the order in which the rows of both factors and the columns that read them are nearest."""
    moved = False
    names = {n.name: m.name for n, m in zip(first.network.nodes, second.nodes, strict=True)}
    goals = {x.product.name: x for x in gated_layers(second)}
    for product in [x.product.name for x in gated_layers(first.network)]:
        layer = next(x for x in gated_layers(first.network) if x.product.name == product)
        goal = goals.get(names[product])
        if goal is None or goal.width != layer.width or len(goal.readers) != len(layer.readers):
            continue
        one, two = (_units(net, x) for net, x in ((first.network, layer), (second, goal)))
        gain = two @ one.T
        if not np.isfinite(gain).all():
            continue
        _, order = linear_sum_assignment(gain, maximize=True)
        found = first.units_moved(layer, order.tolist(), [_AS_IT_IS] * layer.width) if _is_better(gain, order) else None
        if found is not None:
            first, moved = found, True
    return first, moved


def _units(network: Network, layer: GatedLayer) -> Array:
    rows = [to_floats(branch_rows(network, layer, k)) for k in (0, 1)]
    columns = [_columns(network, r.node, r.channel, layer.width) for r in layer.readers]
    return np.concatenate([*rows, *columns], axis=1)


def _gain(first: Network, second: Network, stream: Stream) -> Array:
    """(i, j): the inner product of all weights of channel i of the second network and of channel j of the first."""
    names = {n.name: m for n, m in zip(first.nodes, second.nodes, strict=True)}
    total = np.zeros((stream.width, stream.width))
    for node in (*stream.makers, *stream.norms):
        total += _rows(second, names[node.name].weights) @ _rows(first, node.weights).T
    for reader in stream.readers:
        one, two = (
            _columns(net, node, reader.channel, stream.width) for net, node in ((first, reader.node), (second, names[reader.node.name]))
        )
        total += two @ one.T
    return total


def _rows(network: Network, weights: dict[str, str]) -> Array:
    parts = [to_floats(network.weights[k]) for _, k in sorted(weights.items())]
    return np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1)


def _columns(network: Network, node: Node, channel: Array, width: int) -> Array:
    weight = dense(to_floats(network.weights[node.weights["weight"]]), groups_of(node))
    columns = np.moveaxis(weight.reshape(weight.shape[0], weight.shape[1], -1), 1, 0)
    return np.stack([columns[channel == i].reshape(-1) for i in range(width)])


class LineData(TypedDict):
    """Losses on the line between two networks, and by how much the largest is above the straight line between the ends."""

    losses: list[float]
    barrier: float


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Inputs (samples, \\\\*input shape) with targets: classes, for which the loss is cross-entropy, or values: mean squares."""

    inputs: Array
    targets: Array

    @staticmethod
    def of(network: Network, inputs: object, targets: object) -> LabelledData:
        """Checked against a network. Raises `DataError` for data that do not fit."""
        x, y = to_floats(np.asarray(inputs)), np.asarray(targets)
        if x.ndim < 2 or not len(x) or math.prod(x.shape[1:]) != math.prod(network.input_shape) or len(x) != len(y):
            raise DataError(f"data are samples of {math.prod(network.input_shape)} inputs each, with a target for each sample")
        if not np.all(np.isfinite(x)) or not np.all(np.isfinite(to_floats(y))):
            raise DataError("the data contain a value that is not finite (NaN or infinity); remove or repair that row")
        return LabelledData(x.reshape(len(x), *network.input_shape), y)

    def loss(self, network: Network, weights: dict[str, Array]) -> float:
        """The mean loss of a network with these weights."""
        out = np.asarray(network.evaluate(self.inputs, weights)).reshape(len(self.inputs), -1)
        labels = to_floats(self.targets).reshape(len(out), -1)
        classes = labels.shape[1] == 1 and out.shape[1] > 1 and bool(np.all(labels == np.round(labels))) and labels.min() >= 0
        if classes and labels.max() < out.shape[1]:
            shifted = out - out.max(axis=1, keepdims=True)
            logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            return float(-logs[np.arange(len(out)), labels[:, 0].astype(int)].mean())
        if labels.shape[1] != out.shape[1]:
            raise DataError(f"the network has {out.shape[1]} outputs, the data {labels.shape[1]} targets")
        return float(((out - labels) ** 2).sum(axis=1).mean())


def line(first: Network, second: Network, data: LabelledData) -> LineData:
    """The losses at equally spaced networks from the first to the second, whose weights are interpolated."""
    losses = [data.loss(first, _between(first, second, t)) for t in np.linspace(0.0, 1.0, _LINE)]
    ends = [(1 - t) * losses[0] + t * losses[-1] for t in np.linspace(0.0, 1.0, _LINE)]
    return {"losses": losses, "barrier": float(max(a - b for a, b in zip(losses, ends, strict=True)))}


def merged(first: Network, second: Network) -> Network:
    """The network half way between two."""
    halves = _between(first, second, 0.5)
    return first.with_weights(
        {k: v.astype(np.asarray(first.weights[k]).dtype) if first.weights[k].dtype.kind == "f" else v for k, v in halves.items()}
    )


def _between(first: Network, second: Network, t: float) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for n, m in zip(first.nodes, second.nodes, strict=True):
        for role, key in n.weights.items():
            one, two = to_floats(first.weights[key]), to_floats(second.weights[m.weights[role]])
            out[key] = (1 - t) * one + t * two
    return out
