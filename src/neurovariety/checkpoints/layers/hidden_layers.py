"""The hidden layers of a network: which channels are made by one affine map and read by others, with channelwise maps between.

A layer is found where every value on the way keeps channels apart and is read by nothing else: removing, permuting or scaling its
channels then touches only the maps that make and read them. Where a value also feeds an addition (a skip connection), a gate, or
the output, its channels are left alone, and the reason is kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node
from neurovariety.checkpoints.graph.operation import Affine, MixedChannels, Shape
from neurovariety.checkpoints.graph.operations import channelwise, operation
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.layers.grouped_channels import depthwise, groups_of

_MOST_DENSE = 2**25
"""Entries of a grouped convolution, written as one that reads all channels, up to which its channels are looked at."""


@dataclass(frozen=True, eq=False)
class Reader:
    """An affine map that reads the channels of a layer.

    ``path`` are the nodes between, depthwise convolutions among them; ``channel`` (columns,) says which channel each column of its
    weight multiplies, that of a grouped convolution being written with zeros at the channels of other groups.
    """

    node: Node
    path: tuple[Node, ...]
    channel: Int[np.ndarray, " columns"]

    @property
    def before_filters(self) -> tuple[Node, ...]:
        """The path up to the first depthwise convolution, whose filters can undo a scaling."""
        at = next((k for k, n in enumerate(self.path) if operation(n).affine is not None), len(self.path))
        return self.path[:at]

    @property
    def undoes(self) -> Node:
        """The map that undoes a scaling: the first depthwise convolution on the path, else the reader itself."""
        return self.path[len(self.before_filters)] if len(self.before_filters) < len(self.path) else self.node

    @property
    def activation(self) -> Node | None:
        """The one activation on the way; None where there is none, or several."""
        found = [n for n in self.path if n.function is not None]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """Channels made by ``producer`` and read by ``readers``; ``leading`` are the normalizations that follow the producer at once."""

    producer: Node
    leading: tuple[Node, ...]
    readers: tuple[Reader, ...]
    width: int

    @property
    def parts(self) -> int:
        """Into how many ranges of equal length the channels fall, so that each group of the maps around is a union of some."""
        return math.lcm(groups_of(self.producer), *(groups_of(r.node) for r in self.readers))

    @property
    def linear(self) -> bool:
        """Whether two plain matrices follow each other with nothing between: no activation but x, no reshaping."""
        return (
            _affine(self.producer).matrix
            and not self.leading
            and len(self.readers) == 1
            and all(n.function is not None and operation(n).idle(n, (), ()) for n in self.readers[0].path)
            and _affine(self.readers[0].node).matrix
        )

    @property
    def activations(self) -> tuple[Attributes | None, ...]:
        """The first activation on the way to each reader; None: no activation."""
        return tuple(next((n.attributes for n in r.before_filters if n.function is not None), None) for r in self.readers)


def _affine(node: Node) -> Affine:
    found = operation(node).affine
    assert found is not None
    return found


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
        if operation(node).affine is None:
            continue
        found = _layer(network, node, readers, uses, shapes)
        if isinstance(found, HiddenLayer):
            layers.append(found)
        elif found is not None:
            left.append(Untouched(node.place, found))
    return tuple(layers), tuple(left)


def _layer(
    network: Network, producer: Node, readers: dict[str, list[Node]], uses: Counter[str], shapes: dict[str, Shape]
) -> HiddenLayer | str | None:
    if any(uses[k] > 1 for k in producer.weights.values()):
        return "its weights are tied to those of another layer"
    affine = _affine(producer)
    shape = shapes[producer.name]
    axis = affine.axis % len(shape)
    width = shape[axis]
    labels = np.broadcast_to(np.arange(width).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape)
    found: list[Reader] = []
    try:
        _follow(network, producer, (), labels, readers, uses, shapes, found)
    except MixedChannels as reason:
        return str(reason) or None
    leading: list[Node] = []
    while len({r.path[len(leading)].name if len(r.path) > len(leading) else "" for r in found}) == 1:
        if len(found[0].path) == len(leading) or normalization(found[0].path[len(leading)]) is None:
            break
        leading.append(found[0].path[len(leading)])
    return HiddenLayer(producer, tuple(leading), tuple(found), width)


def readers_of(network: Network, node: Node, labels: np.ndarray) -> tuple[Reader, ...]:
    """The affine maps that read a value whose entries belong to the channels ``labels``. Raises `MixedChannels` where they cannot be
    followed."""
    readers: dict[str, list[Node]] = {}
    for other in network.nodes:
        for name in other.inputs:
            readers.setdefault(name, []).append(other)
    uses = Counter(k for other in network.nodes for k in other.weights.values())
    found: list[Reader] = []
    _follow(network, node, (), labels, readers, uses, network.shapes(), found)
    return tuple(found)


def _follow(
    network: Network,
    at: Node,
    path: tuple[Node, ...],
    labels: np.ndarray,
    readers: dict[str, list[Node]],
    uses: Counter[str],
    shapes: dict[str, Shape],
    found: list[Reader],
) -> None:
    """Add the readers of the value of ``at``, whose entries belong to the channels ``labels``."""
    if at.name == network.output:
        raise MixedChannels("its channels are outputs of the network" if path else "")
    for node in readers.get(at.name, []):
        if any(uses[k] > 1 for k in node.weights.values()):
            raise MixedChannels(f"it is read by {node.place}, whose weights are tied")
        record = channelwise(node)
        if operation(node).affine is not None and not depthwise(network, node):
            found.append(Reader(node, path, _columns(network, node, labels)))
        elif record is not None:
            after = record.labels(node, labels, shapes[node.name])
            _follow(network, node, (*path, node), after, readers, uses, shapes, found)
        else:
            raise MixedChannels(f"its channels feed {node.place}")


def _columns(network: Network, node: Node, labels: np.ndarray) -> np.ndarray:
    channels = np.moveaxis(labels, _affine(node).axis, 0)
    flat = channels.reshape(channels.shape[0], -1)
    if np.any(flat != flat[:, :1]):
        raise MixedChannels(f"{node.place} mixes its channels with positions")
    if groups_of(node) > 1:
        if not np.array_equal(flat[:, 0], np.arange(len(flat))):
            raise MixedChannels(f"the groups of {node.place} are others than its own")
        if np.size(network.weights[node.weights["weight"]]) * groups_of(node) > _MOST_DENSE:
            raise MixedChannels(f"it is read by {node.place}, a grouped convolution that is too large")
    return np.ascontiguousarray(flat[:, 0])


def normalization(node: Node) -> Callable[[Node, Mapping[str, Array]], tuple[Array, Array]] | None:
    """The affine map a channel of a node that is one (batch norm), from the weights of the network; None for another node."""
    channelwise = operation(node).channelwise
    return None if channelwise is None else channelwise.affine
