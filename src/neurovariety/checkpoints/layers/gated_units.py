"""Gated units: act(W1 x + b1) times (W3 x + b3), entry by entry, read by W2, as SwiGLU, GeGLU and GLU have them.

A layer is found where two branches, each made by one affine map (or by two parts of one), meet in a product and nothing else reads
them. Its units are permuted together; a branch without activation is scaled by any number, which what reads the products undoes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, whole
from neurovariety.checkpoints.graph.operation import MixedChannels, Shape
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import Reader, readers_of
from neurovariety.checkpoints.layers.neuron_relations import pushed, scalings
from neurovariety.checkpoints.layers.removals import Removal, columns_without, path_without

Scales = tuple[Fraction, Fraction]
"""What the two factors of a unit are multiplied by."""


@dataclass(frozen=True, eq=False)
class Branch:
    """One factor of the units: rows ``first`` and on of ``producer``, and the nodes ``path`` to the product; ``cut`` is among them
    where the producer makes both."""

    producer: Node
    first: int
    path: tuple[Node, ...]
    cut: Node | None

    @property
    def kind(self) -> str:
        """What its rows may be multiplied by."""
        kinds = {scalings(n.attributes) for n in self.path if n.function is not None}
        return "any" if not kinds else kinds.pop() if len(kinds) == 1 else "none"


@dataclass(frozen=True, eq=False)
class GatedLayer:
    """``width`` units, products of two ``branches`` at the node ``product``, read by ``readers``."""

    branches: tuple[Branch, Branch]
    product: Node
    readers: tuple[Reader, ...]
    width: int

    @property
    def place(self) -> str:
        """The name of the layer: that of the map that makes its first branch."""
        return self.branches[0].producer.path or self.branches[0].producer.name

    @property
    def makers(self) -> tuple[str, ...]:
        """The names of the maps that make the branches, each once."""
        return tuple(dict.fromkeys(b.producer.name for b in self.branches))


def gated_layers(network: Network) -> tuple[GatedLayer, ...]:
    """All gated layers whose units may be changed."""
    if not any(n.kind == "multiply" and len(n.inputs) == 2 for n in network.nodes):
        return ()
    reads: dict[str, list[Node]] = {}
    for node in network.nodes:
        for name in node.inputs:
            reads.setdefault(name, []).append(node)
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    shapes = network.shapes()
    out = []
    for node in network.nodes:
        if node.kind != "multiply" or len(node.inputs) != 2 or node.inputs[0] == node.inputs[1]:
            continue
        try:
            found = [_branch(network, name, reads, uses, shapes) for name in node.inputs]
        except MixedChannels:
            continue
        axes = {_axis(b.producer, shapes[node.name]) for b in found}
        if (
            shapes[node.inputs[0]] != shapes[node.inputs[1]]
            or len(axes) != 1
            or not _apart(network, found, shapes[node.name][min(axes)])
        ):
            continue
        (axis,) = axes
        shape = shapes[node.name]
        labels = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape)
        try:
            readers = readers_of(network, node, labels)
        except MixedChannels:
            continue
        if readers:
            out.append(GatedLayer((found[0], found[1]), node, readers, shape[axis]))
    return tuple(out)


def _axis(producer: Node, shape: Shape) -> int:
    affine = operation(producer).affine
    assert affine is not None
    return affine.axis % len(shape)


def _branch(network: Network, name: str, reads: dict[str, list[Node]], uses: Counter[str], shapes: dict[str, Shape]) -> Branch:
    """The way up from a product. Raises `MixedChannels` where it does not keep channels apart, or something else reads from it."""
    by_name = {n.name: n for n in network.nodes}
    path: list[Node] = []
    cut: Node | None = None
    at = by_name[name]
    while operation(at).affine is None:
        if len(reads[at.name]) != 1 or cut is not None or at.name == network.output:
            raise MixedChannels("something else reads it")
        if at.kind == "slice":
            cut = at
        elif at.function is None:
            raise MixedChannels(f"it passes {at.place}")
        path.append(at)
        at = by_name[at.inputs[0]]
    affine = operation(at).affine
    assert affine is not None
    if affine.grouped(at) or any(uses[k] > 1 for k in at.weights.values()) or at.name == network.output:
        raise MixedChannels("its weights are tied or grouped")
    if len(reads[at.name]) != (1 if cut is None else 2):
        raise MixedChannels("something else reads it")
    first = 0
    if cut is not None:
        if whole(cut.attributes, "axis") != _axis(at, shapes[at.name]) or whole(cut.attributes, "step") != 1:
            raise MixedChannels("it is cut across its channels")
        first = whole(cut.attributes, "start")
    return Branch(at, first, tuple(reversed(path)), cut)


def _apart(network: Network, branches: Sequence[Branch], width: int) -> bool:
    """Whether the branches are made by all rows of two maps, or by both parts of one."""
    one, two = branches
    rows = [len(np.asarray(network.weights[b.producer.weights["weight"]])) for b in branches]
    if one.producer is two.producer:
        return one.cut is not None and two.cut is not None and sorted((one.first, two.first)) == [0, width] and rows[0] == 2 * width
    return rows == [width, width] and one.cut is None and two.cut is None


def branch_rows(network: Network, layer: GatedLayer, which: int) -> Array:
    """The rows (units, entries) of a branch with the bias last, as they are stored."""
    branch = layer.branches[which]
    weight = np.asarray(network.weights[branch.producer.weights["weight"]])[branch.first : branch.first + layer.width]
    flat = weight.reshape(layer.width, -1)
    if "bias" not in branch.producer.weights:
        return np.concatenate([flat, np.zeros((layer.width, 1), dtype=flat.dtype)], axis=1)
    bias = np.asarray(network.weights[branch.producer.weights["bias"]])[branch.first : branch.first + layer.width]
    return np.concatenate([flat, bias[:, None]], axis=1)


def gated_without(network: Network, layer: GatedLayer, removals: Sequence[Removal]) -> Network:
    """The network without some units, the same function; ``combinations`` speak of the products."""
    gone = {r.channel for r in removals}
    kept = [i for i in range(layer.width) if i not in gone]
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    for name in layer.makers:
        rows = sorted(b.first + i for b in layer.branches if b.producer.name == name for i in kept)
        for key in nodes[name].weights.values():
            weights[key] = np.asarray(network.weights[key])[rows]
    for branch in layer.branches:
        if branch.cut is not None:
            start = len(kept) if branch.first else 0
            cut = {**branch.cut.attributes, "start": start, "stop": start + len(kept)}
            nodes[branch.cut.name] = replace(branch.cut, attributes=cut)
    path_without(network, layer.readers, layer.width, kept, weights, nodes)
    columns_without(network, layer.readers, removals, kept, weights, nodes)
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)


def gated_moved(network: Network, layer: GatedLayer, order: Sequence[int], scales: Sequence[Scales]) -> Network | None:
    """The same function with unit i being the old unit ``order[i]``, its branches multiplied by ``scales[i]``.

    None where the activations do not carry that.
    """
    weights = dict(network.weights)
    for which, branch in enumerate(layer.branches):
        factors = [s[which] for s in scales]
        plain = all(f == 1 for f in factors)
        for key in branch.producer.weights.values():
            old = np.asarray(weights[key])
            rows = old[branch.first : branch.first + layer.width][list(order)]
            new = old.copy() if plain else to_fractions(old)
            along = np.array(factors, dtype=object).reshape(-1, *(1 for _ in rows.shape[1:]))
            new[branch.first : branch.first + layer.width] = rows if plain else to_fractions(rows) * along
            weights[key] = new
    made = [[_carried(network, b, s[k]) for k, b in enumerate(layer.branches)] for s in scales]
    for reader in layer.readers:
        key = reader.node.weights["weight"]
        old = np.asarray(weights[key])
        new = np.array(old) if all(p == q == 1 for p, q in made) else to_fractions(old)
        source = np.array(new)
        for i, (j, (p, q)) in enumerate(zip(order, made, strict=True)):
            if p is None or q is None:
                return None
            relation = pushed(network, reader.path, j, j, (p * q, Fraction(0)))
            if relation is None or not relation[0] or relation[1]:
                return None
            to, at = reader.channel == i, reader.channel == j
            new[:, to] = source[:, at] if relation[0] == 1 else source[:, at] / relation[0]
        weights[key] = new
    return replace(network, weights=weights)


def _carried(network: Network, branch: Branch, factor: Fraction) -> Fraction | None:
    """What a branch is multiplied by, where its rows are by a factor."""
    if factor == 1:
        return factor
    path = [n for n in branch.path if n is not branch.cut]
    found = pushed(network, path, 0, 0, (factor, Fraction(0)))
    return found[0] if found is not None and found[0] and not found[1] else None
