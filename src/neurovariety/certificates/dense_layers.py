"""A chain of dense layers with activations that are linear on pieces: its weights as exact numbers, and derivatives piece by piece.

On a region the values before and after each layer are affine functions of the input, and how the outputs depend on them is a matrix.
Both follow from the lines on which the units lie there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from neurovariety.certificates.network_nodes import Line, NetworkData, NodeData, exact, lines
from neurovariety.certificates.zeros import NotShown


@dataclass(frozen=True, eq=False)
class DenseLayers:
    """``matrices`` (out, in) and ``biases`` of each layer (None where it has none); ``bends``: kinks and lines of each activation."""

    inputs: int
    matrices: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray | None, ...]
    bends: tuple[tuple[tuple[Fraction, ...], tuple[Line, ...]], ...]

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(m.size for m in self.matrices) + sum(b.size for b in self.biases if b is not None)

    @property
    def hidden(self) -> int:
        """The number of units."""
        return sum(len(m) for m in self.matrices[:-1])

    def numbers(self) -> list[Fraction]:
        """All numbers of which the network is made."""
        weights = [v for m in (*self.matrices, *(b for b in self.biases if b is not None)) for v in m.reshape(-1).tolist()]
        return [*weights, *(v for kinks, pieces in self.bends for v in (*kinks, *(x for line in pieces for x in line)))]

    def places(self) -> list[tuple[int, int | None]]:
        """Where the matrix and the bias of each layer begin in the vector of all weights, layer by layer."""
        found, at = list[tuple[int, int | None]](), 0
        for m, b in zip(self.matrices, self.biases, strict=True):
            found.append((at, None if b is None else at + m.size))
            at += m.size + (0 if b is None else b.size)
        return found

    def on_lines(self, signs: Sequence[int]) -> list[list[Line]]:
        """The lines on which units lie, layer by layer, where their cuts have these signs."""
        found, at = [], 0
        for m, (kinks, pieces) in zip(self.matrices, self.bends, strict=False):
            rows = []
            for _ in range(len(m)):
                rows.append(pieces[sum(s > 0 for s in signs[at : at + len(kinks)])])
                at += len(kinks)
            found.append(rows)
        return found

    def scalings(self) -> list[list[Fraction]]:
        """For each unit that scales with its input the direction in which its weights grow and those that read it shrink.

        The function stays, so its derivative along it is 0 on each region: where the unit is c times its input, W' c z changes by
        W' c z - W' c z. (With derivative 0 at the kink this holds for a unit that reads 0 as well.)
        """
        found = []
        for l, ((kinks, pieces), (at, bias), (after, _)) in enumerate(zip(self.bends, self.places(), self.places()[1:], strict=False)):
            m, b, reads = self.matrices[l], self.biases[l], self.matrices[l + 1]
            if any(kinks) or any(offset for _, offset in pieces):
                continue
            for u in range(len(m)):
                row = [Fraction(0)] * self.parameters
                row[at + u * m.shape[1] : at + (u + 1) * m.shape[1]] = m[u].tolist()
                if b is not None and bias is not None:
                    row[bias + u] = b[u]
                for i in range(len(reads)):
                    row[after + i * reads.shape[1] + u] = -reads[i, u]
                found.append(row)
        return found


def dense_chain(network: NetworkData) -> Iterator[NodeData]:
    """The nodes of a network after its input: linear ones with activations between them. Raises `NotShown` for anything else."""
    nodes = list(network.nodes)
    if len(network.input_shape) != 1 or not nodes or nodes[0].kind != "input" or nodes[-1].name != network.output or len(nodes) % 2:
        raise NotShown(
            "the network is no chain of dense layers and activations in turn that reads a vector and ends with a dense layer"
        )
    for k, (before, node) in enumerate(pairwise(nodes)):
        if tuple(node.inputs) != (before.name,):
            raise NotShown("a layer reads the one before it")
        if node.kind != ("activation" if k % 2 else "linear"):
            raise NotShown(f"{node.name!r} ({node.kind}) is no {'activation' if k % 2 else 'dense layer'}")
        yield node


def dense_layers(network: NetworkData, with_biases: bool = True) -> DenseLayers:
    """The layers of a network; without biases, which have to be 0 then. Raises `NotShown` for one that is no chain of dense layers,
    each with weights of its own, all trained."""
    keys = [k for n in network.nodes for k in n.weights.values()]
    if len(set(keys)) < len(keys) or set(keys) & set(network.fixed):
        raise NotShown("each layer has trained weights of its own")
    matrices: list[np.ndarray] = []
    biases: list[np.ndarray | None] = []
    bends: list[tuple[tuple[Fraction, ...], tuple[Line, ...]]] = []
    for node in dense_chain(network):
        if node.kind == "linear":
            matrices.append(exact(network.weights[node.weights["weight"]]))
            bias = exact(network.weights[node.weights["bias"]]) if "bias" in node.weights else None
            if not with_biases and bias is not None and bias.any():
                raise NotShown(f"{node.name!r} has biases other than 0")
            biases.append(bias if with_biases else None)
            continue
        bend = lines(node.attributes)
        if bend is None:
            raise NotShown(f"{node.name!r} is not linear on pieces")
        bends.append(bend)
    return DenseLayers(int(network.input_shape[0]), tuple(matrices), tuple(biases), tuple(bends))
