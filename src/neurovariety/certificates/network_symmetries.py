"""Directions in which the weights of a trained network move and its function does not: how many there are at least, in general.

A neuron whose activation carries all positive factors is scaled, and what reads it is divided; two matrices with nothing between are
put into another base. From the input on, a scaling that fixes general rows is 1, and so is a base change that fixes a matrix of full
row rank: the group acts freely on general weights, and its dimension is subtracted from their number. What is not understood here
counts as 0.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import prod

import numpy as np

from neurovariety.certificates.channel_relations import identity
from neurovariety.certificates.network_nodes import NetworkData, NodeData, scaled
from neurovariety.certificates.network_shapes import Shape, pads, shapes

_KEEPS_FACTORS = ("max_pool", "average_pool", "upsample", "spread", "transpose", "mean", "reshape")
_AFFINE = ("linear", "conv")


def symmetry_dimension(network: NetworkData) -> int:
    """A lower bound of the dimension of the orbits of general trained weights."""
    return sum(_Layer(network, node).dimension() for node in network.nodes if node.kind in _AFFINE)


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
        if shape is None or not self._free(self.producer):
            return 0
        axis = 0 if self.producer.kind == "conv" else len(shape) - 1
        width = shape[axis]
        based = self._base_changes(width)
        if based is not None:
            return based
        applied = self._followed(self.producer, axis, None, True)
        return width if applied else 0

    def _free(self, node: NodeData) -> bool:
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
        if not self._free(at):
            return 0
        inner = int(np.shape(self.network.weights[self.producer.weights["weight"]])[1])
        both = "bias" in self.producer.weights and "bias" in at.weights
        return (width**2 if width <= inner else 0) + (width if both else 0)

    def _followed(self, at: NodeData, axis: int, activated: NodeData | None, leading: bool) -> bool:
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
            return self._followed(node, axis, activated, True)
        return bool(readers) and all(self._reader(node, at, axis, activated) for node in readers)

    def _reader(self, node: NodeData, before: NodeData, axis: int, activated: NodeData | None) -> bool:
        shape = self.shapes[before.name]
        if shape is None:
            return False
        if node.kind in _AFFINE:
            own = 0 if node.kind == "conv" else len(shape) - 1
            plain = activated is not None and axis == own and self._free(node)
            return plain and (not self._shifts(activated) or (node.kind == "linear" and "bias" in node.weights))
        if node.kind == "activation" and activated is None:
            found = scaled(node.attributes, Fraction(2))
            return found is not None and found[0] != 0 and self._followed(node, axis, node, False)
        if pads(node) and self._shifts(activated):
            return False
        after = self._axis_after(node, axis, shape)
        return after is not None and self._followed(node, after, activated, False)

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
