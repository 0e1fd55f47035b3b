"""Channels that belong together: those of one layer, and those of all layers that are added up, as in a residual stream.

Permuting the channels of a stream, in every map that makes and every map that reads them, changes nothing. A depthwise convolution
keeps channels apart and is permuted with them. Where a grouped convolution makes or reads a stream, its channels move inside their
groups, and whole groups with those of all streams that grouped convolutions join to it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurovariety.certificates.network_rewrites import Rows
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operation import MixedChannels, Shape
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.layers.grouped_channels import dense, depthwise, gathered, groups_of
from neurovariety.rings.ring import Array


@dataclass(frozen=True, eq=False)
class StreamReader:
    """A map that reads a stream; ``channel`` (columns,) says which channel each column of its weight multiplies."""

    node: Node
    channel: Array


@dataclass(frozen=True, eq=False)
class Stream:
    """``makers`` are the matrices, convolutions and depthwise convolutions whose rows are the channels, ``norms`` the batch norms."""

    makers: tuple[Node, ...]
    norms: tuple[Node, ...]
    readers: tuple[StreamReader, ...]
    width: int
    parts: int = 1
    """The number of ranges of equal length inside which channels may be permuted."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """Streams that convolutions of ``groups`` groups join, and whose groups may be permuted together."""

    streams: tuple[Stream, ...]
    groups: int

    def orders(self, blocks: Sequence[int]) -> list[list[int]]:
        """For each stream the order of its channels in which group i is the old group ``blocks[i]``."""
        each = [s.width // self.groups for s in self.streams]
        return [[b * n + k for b in blocks for k in range(n)] for n in each]


def bundles(network: Network, found: Sequence[Stream]) -> tuple[Bundle, ...]:
    """The bundles among the streams of a network."""
    grouped = [n for n in network.nodes if n.kind == "conv" and groups_of(n) > 1 and not depthwise(network, n)]
    joined = {k: {k} for k in range(len(found))}
    stuck: set[int] = set()
    for node in grouped:
        ends = [k for k, s in enumerate(found) if any(r.node is node for r in s.readers) or any(m is node for m in s.makers)]
        both = set[int]().union(*(joined[k] for k in ends))
        for k in both:
            joined[k] = both
        if len(ends) != 2:
            stuck |= both
    out = []
    for members in {min(v): v for v in joined.values()}.values():
        parts = {found[k].parts for k in members}
        if len(members) > 1 and len(parts) == 1 and not members & stuck:
            out.append(Bundle(tuple(found[k] for k in sorted(members)), parts.pop()))
    return tuple(out)


def streams(network: Network) -> tuple[Stream, ...]:
    """All streams whose channels may be permuted, those that are made first in front."""
    return _Streams(network).found()


class _Streams:
    """Values joined with those whose channels are theirs."""

    def __init__(self, network: Network) -> None:
        self.network, self.shapes = network, network.shapes()
        self.parent = {n.name: n.name for n in network.nodes}
        self.labels: dict[str, Array] = {}
        self.fixed: set[str] = set()
        self.uses = Counter(k for node in network.nodes for k in node.weights.values())

    def found(self) -> tuple[Stream, ...]:
        for node in self.network.nodes:
            self._join(node)
        self.fixed.add(self.network.output)
        stuck = {self._root(name) for name in self.fixed}
        groups: dict[str, list[Node]] = {}
        for node in self.network.nodes:
            groups.setdefault(self._root(node.name), []).append(node)
        out = []
        for root, nodes in groups.items():
            makers = tuple(n for n in nodes if operation(n).affine is not None)
            if root in stuck or not makers:
                continue
            readers = tuple(self._reader(n) for n in self.network.nodes if self._reads(n) and self._root(n.inputs[0]) == root)
            norms = tuple(n for n in nodes if n.kind == "normalize")
            width = len(np.asarray(self.network.weights[makers[0].weights["weight"]]))
            if readers and all(len(np.asarray(self.network.weights[m.weights["weight"]])) == width for m in makers):
                beside = [*(m for m in makers if not depthwise(self.network, m)), *(r.node for r in readers)]
                out.append(Stream(makers, norms, readers, width, math.lcm(*map(groups_of, beside))))
        return tuple(out)

    def _root(self, name: str) -> str:
        while self.parent[name] != name:
            name = self.parent[name]
        return name

    def _reads(self, node: Node) -> bool:
        return operation(node).affine is not None and not depthwise(self.network, node)

    def _reader(self, node: Node) -> StreamReader:
        labels = self.labels[node.inputs[0]]
        axis = -1 if node.kind == "linear" else 0
        return StreamReader(node, np.moveaxis(labels, axis, 0).reshape(labels.shape[axis], -1)[:, 0])

    def _join(self, node: Node) -> None:
        shape = self.shapes[node.name]
        record = operation(node)
        tied = any(self.uses[k] > 1 for k in node.weights.values())
        if record.affine is not None:
            self._affine(node, shape, tied)
            return
        if record.channelwise is not None and len(node.inputs) == 1 and not tied:
            try:
                self.labels[node.name] = record.channelwise.labels(node, self.labels[node.inputs[0]], shape)
            except (MixedChannels, ValueError):
                self._stuck(node, shape)
                return
            self.parent[self._root(node.name)] = self._root(node.inputs[0])
            return
        pair = [self.labels[n] for n in node.inputs]
        if node.kind in ("add", "subtract", "multiply") and len(pair) == 2 and np.array_equal(pair[0], pair[1]):
            self.labels[node.name] = pair[0]
            for name in node.inputs:
                self.parent[self._root(node.name)] = self._root(name)
            return
        self._stuck(node, shape)

    def _affine(self, node: Node, shape: Shape, tied: bool) -> None:
        axis = 0 if node.kind == "conv" else len(shape) - 1
        width = shape[axis]
        along = [-1 if k == axis else 1 for k in range(len(shape))]
        self.labels[node.name] = np.broadcast_to(np.arange(width).reshape(along), shape)
        below = self.labels[node.inputs[0]]
        if depthwise(self.network, node) and not tied:
            flat = below.reshape(below.shape[0], -1)
            if len(flat) == width and np.array_equal(flat, np.broadcast_to(np.arange(width)[:, None], flat.shape)):
                self.parent[self._root(node.name)] = self._root(node.inputs[0])
                return
        across = np.moveaxis(below, -1 if node.kind == "linear" else 0, 0)
        rows = across.reshape(across.shape[0], -1)
        mixed = groups_of(node) > 1 and not np.array_equal(rows[:, 0], np.arange(len(rows)))
        if tied or mixed or bool(np.any(rows != rows[:, :1])):
            self.fixed |= {node.name, node.inputs[0]}

    def _stuck(self, node: Node, shape: Shape) -> None:
        """A node of which nothing is known: neither its channels nor those that it reads are moved."""
        self.labels[node.name] = np.broadcast_to(np.zeros((), dtype=int), shape)
        self.fixed |= {node.name, *node.inputs}


def stream_permuted(network: Network, stream: Stream, order: Sequence[int]) -> Network:
    """The same function with channel i being the old channel ``order[i]``."""
    chosen = list(order)
    weights = dict(network.weights)
    for node in (*stream.makers, *stream.norms):
        for key in node.weights.values():
            weights[key] = np.asarray(network.weights[key])[chosen]
    for reader in stream.readers:
        key = reader.node.weights["weight"]
        old = dense(np.asarray(weights[key]), groups_of(reader.node))
        places = [np.flatnonzero(reader.channel == i) for i in range(stream.width)]
        to, at = np.concatenate(places), np.concatenate([places[j] for j in chosen])
        new = np.array(old)
        new[:, to] = old[:, at]
        weights[key] = gathered(new, groups_of(reader.node))
    return replace(network, weights=weights)


def groups_permuted(network: Network, bundle: Bundle, blocks: Sequence[int]) -> Network:
    """The same function with group i of every stream being the old group ``blocks[i]``."""
    for stream, order in zip(bundle.streams, bundle.orders(blocks), strict=True):
        plain = tuple(r for r in stream.readers if groups_of(r.node) == 1)  # others read the same places of another group
        network = stream_permuted(network, replace(stream, readers=plain), order)
    return network


def permutation_rows(stream: Stream, order: Sequence[int]) -> dict[str, Rows]:
    """What certificates want to know of a permutation: where each channel went."""
    source = np.empty(stream.width, dtype=np.int64)
    source[list(order)] = np.arange(stream.width)
    return {node.name: Rows(source) for node in stream.makers}
