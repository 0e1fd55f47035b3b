"""The hidden layers of a network: which channels are made by one affine map and read by others, with channelwise maps between.

A layer is found where every value on the way keeps channels apart and is read by nothing else: removing, permuting or scaling its
channels then touches only the maps that make and read them. Where a value also feeds an addition (a skip connection), a gate, or
the output, its channels are left alone, and the reason is kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.network import Network, Node

_CHANNELWISE = ("activation", "normalize", "max_pool", "average_pool", "mean", "reshape", "transpose")


@dataclass(frozen=True, eq=False)
class Reader:
    """An affine map that reads the channels of a layer.

    ``path`` are the nodes between; ``channel`` (columns,) says which channel each column of its weight multiplies.
    """

    node: Node
    path: tuple[Node, ...]
    channel: np.ndarray

    @property
    def activation(self) -> Node | None:
        """The one activation on the way; None where there is none, or several."""
        found = [n for n in self.path if n.kind == "activation"]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """Channels made by ``producer`` and read by ``readers``; ``leading`` are the normalizations that follow the producer at once."""

    producer: Node
    leading: tuple[Node, ...]
    readers: tuple[Reader, ...]
    width: int

    @property
    def linear(self) -> bool:
        """Whether two plain matrices follow each other with nothing between: no activation but x, no reshaping."""
        return (
            self.producer.kind == "linear"
            and not self.leading
            and len(self.readers) == 1
            and all(_identity(n) for n in self.readers[0].path)
            and self.readers[0].node.kind == "linear"
        )

    @property
    def activations(self) -> tuple[dict[str, Any] | None, ...]:
        """The first activation on the way to each reader; None: no activation."""
        return tuple(next((n.attributes for n in r.path if n.kind == "activation"), None) for r in self.readers)


def _identity(node: Node) -> bool:
    return node.kind == "activation" and node.attributes.get("coefficients") == (Fraction(0), Fraction(1))


@dataclass(frozen=True)
class Untouched:
    """A map whose channels cannot be looked at by themselves, and why."""

    place: str
    reason: str


def hidden_layers(network: Network) -> tuple[tuple[HiddenLayer, ...], tuple[Untouched, ...]]:
    """All hidden layers in topological order, and the affine maps whose channels are left alone."""
    readers: dict[str, list[Node]] = {}
    for node in network.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    shapes = network.shapes()
    layers, left = [], []
    for node in network.nodes:
        if node.kind not in ("linear", "conv"):
            continue
        found = _layer(network, node, readers, uses, shapes)
        if isinstance(found, HiddenLayer):
            layers.append(found)
        elif found is not None:
            left.append(Untouched(node.place, found))
    return tuple(layers), tuple(left)


class _Blocked(Exception):
    """Why a layer cannot be looked at by itself."""


def _layer(
    network: Network, producer: Node, readers: dict[str, list[Node]], uses: Counter[str], shapes: dict[str, tuple[int, ...]]
) -> HiddenLayer | str | None:
    if any(uses[k] > 1 for k in producer.weights.values()):
        return "its weights are tied to those of another layer"
    if producer.kind == "conv" and producer.attributes["groups"] != 1:
        return "it is a grouped convolution"
    shape = shapes[producer.name]
    axis = 0 if producer.kind == "conv" else len(shape) - 1
    width = shape[axis]
    labels = np.broadcast_to(np.arange(width).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape)
    found: list[Reader] = []
    try:
        _follow(network, producer, (), labels, readers, uses, shapes, found)
    except _Blocked as reason:
        return str(reason) or None
    leading: list[Node] = []
    while len({r.path[len(leading)].name if len(r.path) > len(leading) else "" for r in found}) == 1:
        if len(found[0].path) == len(leading) or found[0].path[len(leading)].kind != "normalize":
            break
        leading.append(found[0].path[len(leading)])
    return HiddenLayer(producer, tuple(leading), tuple(found), width)


def _follow(
    network: Network,
    at: Node,
    path: tuple[Node, ...],
    labels: np.ndarray,
    readers: dict[str, list[Node]],
    uses: Counter[str],
    shapes: dict[str, tuple[int, ...]],
    found: list[Reader],
) -> None:
    """Add the readers of the value of ``at``, whose entries belong to the channels ``labels``."""
    if at.name == network.output:
        raise _Blocked("" if not path and at.kind in ("linear", "conv") else "its channels are outputs of the network")
    for node in readers.get(at.name, []):
        if any(uses[k] > 1 for k in node.weights.values()):
            raise _Blocked(f"it is read by {node.place}, whose weights are tied")
        if node.kind in ("linear", "conv"):
            found.append(Reader(node, path, _columns(node, labels)))
        elif node.kind in _CHANNELWISE:
            _follow(network, node, (*path, node), _labels(node, labels, shapes), readers, uses, shapes, found)
        else:
            raise _Blocked(f"its channels feed {node.place}")


def _columns(node: Node, labels: np.ndarray) -> np.ndarray:
    if node.kind == "conv":
        if node.attributes["groups"] != 1:
            raise _Blocked(f"it is read by {node.place}, a grouped convolution")
        flat = labels.reshape(labels.shape[0], -1)
        if np.any(flat != flat[:, :1]):
            raise _Blocked(f"{node.place} mixes its channels with positions")
        return np.ascontiguousarray(flat[:, 0])
    flat = labels.reshape(-1, labels.shape[-1])
    if np.any(flat != flat[:1]):
        raise _Blocked(f"{node.place} mixes its channels with positions")
    return np.ascontiguousarray(flat[0])


def _labels(node: Node, labels: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> np.ndarray:
    """The channels of the entries after a channelwise node."""
    if node.kind == "activation":
        return labels
    if node.kind == "transpose":
        return labels.transpose(node.attributes["permutation"])
    if node.kind == "reshape":
        if len(node.attributes["shape"]) != 1:
            raise _Blocked(f"its channels pass {node.place}")
        return labels.reshape(node.attributes["shape"])
    if node.kind == "mean":
        axes = tuple(node.attributes["axes"])
        low, high = labels.min(axis=axes, keepdims=True), labels.max(axis=axes, keepdims=True)
        if np.any(low != high):
            raise _Blocked(f"{node.place} averages over its channels")
        return low if node.attributes["keepdims"] else low.reshape(shapes[node.name])
    rows = labels.reshape(labels.shape[0], -1)  # batch norm and pools: channels are the first axis
    if np.any(rows != rows[:, :1]) or len(np.unique(rows[:, 0])) != len(rows):
        raise _Blocked(f"{node.place} mixes its channels with positions")
    return np.broadcast_to(rows[:, 0].reshape(-1, *(1 for _ in shapes[node.name][1:])), shapes[node.name])
