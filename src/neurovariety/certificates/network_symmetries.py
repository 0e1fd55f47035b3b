"""Directions in which the weights of a trained network move and its function does not: how many there are at least, in general.

A neuron whose activation carries all positive factors is scaled, and what reads it is divided; two matrices with nothing between are
put into another base, and so are the queries of a head of an attention against its keys, and its values against what reads them. From
the input on, a scaling that fixes general rows is 1, and so is a base change that fixes a matrix of full row rank: the group acts
freely on general weights, and its dimension is subtracted from their number. What is not understood here counts as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

from neurovariety.certificates.attention_blocks import AttentionBlock, attention_block
from neurovariety.certificates.channel_relations import identity
from neurovariety.certificates.network_nodes import NetworkData, NodeData, scaled
from neurovariety.certificates.network_shapes import Shape, pads, shapes
from neurovariety.certificates.zeros import NotShown

_KEEPS_FACTORS = ("max_pool", "average_pool", "upsample", "spread", "transpose", "mean", "reshape")
_AFFINE = ("linear", "conv")


def symmetry_dimension(network: NetworkData) -> int:
    """A lower bound of the dimension of the orbits of general trained weights."""
    layers = sum(_Layer(network, node).dimension() for node in network.nodes if node.kind in _AFFINE)
    return layers + sum(d for _, d in attention_dimensions(network)) + sum(d for _, d in gated_dimensions(network))


def gated_dimensions(network: NetworkData) -> list[tuple[NodeData, int]]:
    """The products of two values made by matrices or convolutions, each with the dimension of the scalings of its factors.

    A factor without activation, or whose activation carries positive factors, is scaled, and what reads the products is divided.
    """
    by_name, known = {n.name: n for n in network.nodes}, shapes(network)
    out = []
    for node in network.nodes:
        if node.kind != "multiply" or len(node.inputs) != 2 or node.inputs[0] == node.inputs[1]:
            continue
        ways = [_Factor.of(network, by_name, known, name) for name in node.inputs]
        found = [w for w in ways if w is not None]
        producers = {w.producer.name: w.producer for w in found}
        if len(found) != 2 or not _disjoint(found):
            continue
        layers = [_Layer(network, p) for p in producers.values()]
        shape = layers[0].shapes[node.name]
        if shape is None or any(layers[0].shapes[n] != shape for n in node.inputs):
            continue
        axis = {0 if p.kind == "conv" else len(shape) - 1 for p in producers.values()}
        if len(axis) != 1 or not all(x.free(p) for x, p in zip(layers, producers.values(), strict=True)):
            continue
        if layers[0].followed(node, axis.pop(), node, False):
            out.append((node, sum(w.width for w in found if w.scales)))
    return out


@dataclass(frozen=True)
class _Factor:
    """The channels ``first`` and on of a producer that one factor of a product is made of; ``scales``: they may be scaled."""

    producer: NodeData
    first: int
    width: int
    scales: bool

    @staticmethod
    def of(network: NetworkData, by_name: dict[str, NodeData], known: dict[str, Shape | None], name: str) -> _Factor | None:
        """The way up from a product, past one slice and activations that nothing else reads."""
        readers = Counter(n for node in network.nodes for n in node.inputs)
        cut: NodeData | None = None
        scales, at = True, by_name[name]
        while at.kind not in _AFFINE:
            if readers[at.name] != 1 or at.name == network.output or cut is not None or len(at.inputs) != 1:
                return None
            if at.kind == "slice":
                cut = at
            elif at.kind == "activation":
                carried = scaled(at.attributes, Fraction(2))
                scales = scales and carried is not None and carried[0] != 0 and carried[1] == 0
            else:
                return None
            at = by_name[at.inputs[0]]
        shape = known[at.name]
        if shape is None or at.name == network.output or at.attributes.get("groups", 1) != 1 or readers[at.name] != (2 if cut else 1):
            return None
        axis = 0 if at.kind == "conv" else len(shape) - 1
        if cut is None:
            return _Factor(at, 0, shape[axis], scales)
        a = cut.attributes
        if a["axis"] != axis or a["step"] != 1:
            return None
        return _Factor(at, a["start"], a["stop"] - a["start"], scales)


def _disjoint(factors: Sequence[_Factor]) -> bool:
    """Whether two factors are made by different rows."""
    one, two = factors
    if one.producer.name != two.producer.name:
        return True
    return one.first + one.width <= two.first or two.first + two.width <= one.first


def attention_dimensions(network: NetworkData) -> list[tuple[AttentionBlock, int]]:
    """The attentions whose heads nothing else reads, each with the dimension of its base changes and of its constants that do not show.

    The bias of the keys does not show, and a bias of the values shows as one of the output.
    """
    if not any(node.kind == "softmax" for node in network.nodes):
        return []
    known = shapes(network)
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    reads: dict[str, set[str]] = {}
    for node in network.nodes:
        for name in node.inputs:
            reads.setdefault(name, set()).add(node.name)
    out = []
    for node in network.nodes:
        try:
            block = attention_block(network, node, known)
            keys, values = block.parts
        except NotShown:
            continue
        touched = {n.name: n for n in (node, *(s.producer for s in block.strands))}
        seen = (block.inner | set(touched)) - {node.name}
        alone = network.output not in seen and all(reads.get(name, set()) <= block.inner | {node.name} for name in seen)
        own = [block.query.channel, *(np.unique(s.channel, axis=0) for s in (block.key, block.value))]
        rows = [(s.producer.name, int(c)) for s, channel in zip(block.strands, own, strict=True) for c in channel.reshape(-1)]
        free = all(uses[k] == 1 and k not in network.fixed for n in touched.values() for k in n.weights.values())
        factors = [s.factor for s in block.strands] + [block.gain]
        if alone and free and len(set(rows)) == len(rows) and all(factors):
            out.append((block, _bases(network, block, len(set(keys.tolist())), len(set(values.tolist())))))
    return out


def _bases(network: NetworkData, block: AttentionBlock, keys: int, values: int) -> int:
    """``keys`` and ``values`` count the different ones: queries that share keys are put into another base together."""
    size, other = block.query.channel.shape[1], block.value.channel.shape[1]
    asked, given = (int(np.shape(network.weights[s.producer.weights["weight"]])[1]) for s in (block.query, block.value))
    of_keys = (size**2 if size <= asked else 0) + (size if "bias" in block.key.producer.weights else 0)
    of_values = other**2 if other <= given else 0
    of_values += other if {"bias"} <= set(block.value.producer.weights) & set(block.reader.weights) else 0
    return keys * of_keys + values * of_values


class _Layer:
    """The channels that one matrix or convolution makes, and what reads them."""

    def __init__(self, network: NetworkData, producer: NodeData) -> None:
        self.network, self.producer = network, producer
        self.shapes = shapes(network)
        self.uses = Counter(k for node in network.nodes for k in node.weights.values())
        self.reads: dict[str, list[NodeData]] = {}
        for node in network.nodes:
            for name in node.inputs:
                self.reads.setdefault(name, []).append(node)

    def dimension(self) -> int:
        """How many dimensions of the group belong to this layer; 0 where that is not known."""
        shape = self.shapes[self.producer.name]
        if shape is None or not self.free(self.producer):
            return 0
        axis = 0 if self.producer.kind == "conv" else len(shape) - 1
        width = shape[axis]
        based = self._base_changes(width)
        if based is not None:
            return based
        applied = self.followed(self.producer, axis, None, True)
        return width if applied else 0

    def free(self, node: NodeData) -> bool:
        """Whether all weights of a node are trained, and no other node's."""
        return all(self.uses[k] == 1 and k not in self.network.fixed for k in node.weights.values())

    def _base_changes(self, width: int) -> int | None:
        """Of two matrices in a row; None where another node than a matrix follows."""
        at = self.producer
        while True:
            readers = self.reads.get(at.name, [])
            if at.name == self.network.output or len(readers) != 1 or self.producer.kind != "linear":
                return None
            at = readers[0]
            if at.kind == "linear":
                break
            if at.kind != "activation" or not identity(at):
                return None
        if not self.free(at):
            return 0
        inner = int(np.shape(self.network.weights[self.producer.weights["weight"]])[1])
        both = "bias" in self.producer.weights and "bias" in at.weights
        return (width**2 if width <= inner else 0) + (width if both else 0)

    def followed(self, at: NodeData, axis: int, activated: NodeData | None, leading: bool) -> bool:
        """Whether every way from a value on ends at a map that undoes a factor, after one activation that carries it."""
        if at.name == self.network.output:
            return False
        readers = self.reads.get(at.name, [])
        if leading and len(readers) == 1 and readers[0].kind == "normalize" and axis == 0:
            node = readers[0]  # its scale and shift take up the factor
            if not {"scale", "shift"} <= set(node.weights) or any(
                self.uses[node.weights[r]] != 1 or node.weights[r] in self.network.fixed for r in ("scale", "shift")
            ):
                return False
            return self.followed(node, axis, activated, True)
        return bool(readers) and all(self._reader(node, at, axis, activated) for node in readers)

    def _reader(self, node: NodeData, before: NodeData, axis: int, activated: NodeData | None) -> bool:
        shape = self.shapes[before.name]
        if shape is None:
            return False
        if node.kind in _AFFINE:
            own = 0 if node.kind == "conv" else len(shape) - 1
            plain = activated is not None and axis == own and self.free(node)
            return plain and (not self._shifts(activated) or (node.kind == "linear" and "bias" in node.weights))
        if node.kind == "activation" and activated is None:
            found = scaled(node.attributes, Fraction(2))
            return found is not None and found[0] != 0 and self.followed(node, axis, node, False)
        if pads(node) and self._shifts(activated):
            return False
        after = self._axis_after(node, axis, shape)
        return after is not None and self.followed(node, after, activated, False)

    @staticmethod
    def _shifts(activated: NodeData | None) -> bool:
        """Whether a factor leaves a constant behind an activation, which the next bias has to take up."""
        found = None if activated is None else scaled(activated.attributes, Fraction(2))
        return found is not None and found[1] != 0

    @staticmethod
    def _axis_after(node: NodeData, axis: int, shape: Shape) -> int | None:
        """Where the channels lie after a node that keeps them apart and carries factors; None where it does not."""
        if node.kind not in _KEEPS_FACTORS:
            return None
        if node.kind == "transpose":
            return list(node.attributes["permutation"]).index(axis)
        if node.kind == "reshape":
            return 0 if tuple(node.attributes["shape"]) == (prod(shape),) else None
        if node.kind == "mean":
            axes = sorted({k % len(shape) for k in node.attributes["axes"]})
            if axis in axes:
                return None
            return axis if node.attributes["keepdims"] else axis - sum(k < axis for k in axes)
        return axis if axis == 0 else None
