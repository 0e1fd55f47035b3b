"""The heads of attentions: where they are, and the same function with other heads: fewer, smaller, in another order.

Which rows of the matrices belong to which head is read off the graph (see `attention_block`). What stands between
the matrices is made smaller with them: the sizes of reshapes and the ends of slices follow from the entries that stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Shaped

from neurovariety.certificates.attention_blocks import AttentionBlock, Strand, attention_block, moved
from neurovariety.certificates.issue import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, flags, whole
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_fractions
from neurovariety.checkpoints.layers.removals import with_bias


@dataclass(frozen=True, eq=False)
class AttentionHeads:
    """An attention whose heads may be changed: ``block`` says what belongs to which head, ``place`` names it."""

    block: AttentionBlock
    place: str

    @property
    def reader(self) -> str:
        """The name of the matrix that reads the heads."""
        return self.block.reader.name

    @property
    def size(self) -> tuple[int, int]:
        """Channels of a head: of queries and keys, and of values."""
        return self.block.query.channel.shape[1], self.block.value.channel.shape[1]

    @property
    def groups(self) -> list[list[int]]:
        """The heads that share keys and values, an equal number in each group; one in each where none are shared."""
        which, _ = self.block.parts
        order = list(dict.fromkeys(which.tolist()))
        return [np.flatnonzero(which == g).tolist() for g in order]

    @property
    def makers(self) -> tuple[str, ...]:
        """The names of the matrices that make queries, keys and values, each once."""
        return tuple(dict.fromkeys(s.producer.name for s in self.block.strands))


@dataclass(frozen=True, eq=False)
class HeadRows:
    """One head: rows (size, inputs + 1) of queries, keys and values with their bias last, columns (outputs, size) that read it.

    Of heads that share keys and values the queries stand beside each other, (size, heads (inputs + 1)), and the columns below each
    other, (heads outputs, size): the products with keys and values are then those of all heads of the group.
    """

    query: Shaped[np.ndarray, "size asking"]
    key: Shaped[np.ndarray, "size asked"]
    value: Shaped[np.ndarray, "other given"]
    output: Shaped[np.ndarray, "outputs other"]


class Unshaped(Exception):
    """Why heads cannot be changed where they stand."""


def attention_heads(network: Network) -> tuple[tuple[AttentionHeads, ...], dict[str, str]]:
    """All attentions whose heads may be changed, and for matrices near a softmax why theirs may not, by the name of the matrix."""
    if not any(n.kind == "softmax" for n in network.nodes):
        return (), {}
    known = dict(network.shapes())
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    readers: dict[str, set[str]] = {}
    for node in network.nodes:
        for name in node.inputs:
            readers.setdefault(name, set()).add(node.name)
    found, why = [], dict[str, str]()
    for node in network.nodes:
        if node.kind != "linear" or not _near_softmax(network, node):
            continue
        try:
            block = attention_block(network, node, known)
            _check_alone(network, block, uses, readers)
        except (NotShown, Unshaped) as reason:
            why[node.name] = str(reason)
            continue
        path = node.path or node.name
        found.append(AttentionHeads(block, path))
    return tuple(found), why


def _near_softmax(network: Network, node: Node) -> bool:
    """Whether a matrix reads a product with a softmax, past nodes without weights."""
    by_name = {n.name: n for n in network.nodes}
    at = by_name[node.inputs[0]]
    while at.kind in ("reshape", "transpose", "slice", "activation") and at.inputs:
        at = by_name[at.inputs[0]]
    return at.kind == "matmul" and by_name[at.inputs[0]].kind == "softmax"


def _check_alone(network: Network, block: AttentionBlock, uses: Counter[str], readers: dict[str, set[str]]) -> None:
    """Raises `Unshaped` where something else reads what the heads are, or shares their weights."""
    touched = {s.producer.name: s.producer for s in block.strands} | {block.reader.name: block.reader}
    if any(uses[k] > 1 for n in touched.values() for k in n.weights.values()):
        raise Unshaped("its weights are tied to those of another layer")
    inside = block.inner | {block.reader.name}
    seen = block.inner | {s.producer.name for s in block.strands}
    if any(not readers.get(name, set()) <= inside for name in seen) or network.output in seen:
        raise Unshaped("something else reads its heads")
    keys, values = block.parts
    if not np.array_equal(keys, values) or len({int((keys == g).sum()) for g in keys}) != 1:
        raise Unshaped("its heads share keys in another way than values, or in groups of different sizes")
    first = np.unique(keys, return_index=True)[1]
    own = [block.query.channel, block.key.channel[first], block.value.channel[first]]
    for producer in {s.producer.name for s in block.strands}:
        parts = [c for s, c in zip(block.strands, own, strict=True) if s.producer.name == producer]
        rows = np.concatenate([c.reshape(-1) for c in parts])
        node = touched[producer]
        if len(np.unique(rows)) != len(rows) or len(rows) != len(network.weights[node.weights["weight"]]):
            raise Unshaped(f"its heads share the rows of {producer!r}, or leave some out")


def head_rows(network: Network, heads: AttentionHeads) -> list[HeadRows]:
    """What each head is, or each group of heads that share keys, in the types in which it is stored."""
    block = heads.block
    weight = np.asarray(network.weights[block.reader.weights["weight"]])
    out = []
    for group in heads.groups:
        queries = [_rows(network, block.query.producer.weights, block.query.channel[b]) for b in group]
        k, v = (_rows(network, s.producer.weights, s.channel[group[0]]) for s in (block.key, block.value))
        out.append(HeadRows(np.concatenate(queries, axis=1), k, v, np.concatenate([weight[:, block.columns[b]] for b in group])))
    return out


def each_head(heads: AttentionHeads, rows: Sequence[HeadRows]) -> list[HeadRows]:
    """The heads one by one, group after group; those of a group have the same keys and values."""
    count = len(heads.groups[0])
    out = []
    for r in rows:
        queries, outputs = np.split(r.query, count, axis=1), np.split(r.output, count)
        out += [replace(r, query=q, output=o) for q, o in zip(queries, outputs, strict=True)]
    return out


def _rows(network: Network, roles: object, channels: Array) -> Array:
    assert isinstance(roles, dict)
    rows = np.asarray(network.weights[roles["weight"]])[channels]
    bias = np.asarray(network.weights[roles["bias"]])[channels] if "bias" in roles else np.zeros(len(rows), dtype=rows.dtype)
    return np.concatenate([rows, bias[:, None]], axis=1)


def with_heads(network: Network, heads: AttentionHeads, rows: Sequence[HeadRows], shift: Array | None = None) -> Network:
    """The network with these heads, of one size each, in place of its own; ``shift`` is added to the bias of their reader.

    Raises `Unshaped` where what stands between the matrices cannot be made smaller with them.
    """
    block, groups = heads.block, heads.groups[: len(rows)]
    other = len(rows[0].value)
    kept: dict[str, list[int]] = {name: [] for name in heads.makers}
    made: dict[str, dict[int, Array]] = {name: {} for name in heads.makers}
    columns: list[tuple[int, Array]] = []

    def put(strand: Strand, head: int, table: Array) -> None:
        slots = strand.channel[head, : len(table)].tolist()
        kept[strand.producer.name] += slots
        made[strand.producer.name].update(zip(slots, table, strict=True))

    singles = iter(each_head(heads, rows))
    for group, r in zip(groups, rows, strict=True):
        put(block.key, group[0], r.key)
        put(block.value, group[0], r.value)
        for b in group:
            single = next(singles)
            put(block.query, b, single.query)
            columns += zip(block.columns[b, :other].tolist(), single.output.T, strict=True)
    nodes, weights = {n.name: n for n in network.nodes}, dict(network.weights)
    for name in heads.makers:
        node = nodes[name]
        table = np.stack([made[name][k] for k in sorted(kept[name])])
        weights[node.weights["weight"]] = table[:, :-1]
        if "bias" in node.weights:
            weights[node.weights["bias"]] = table[:, -1]
        elif np.any(table[:, -1] != 0):
            nodes[name], key = with_bias(node, weights)
            weights[key] = table[:, -1]
    nodes.update(_between(network, block, kept))
    reader = nodes[heads.reader]
    weights[reader.weights["weight"]] = np.stack([column for _, column in sorted(columns, key=lambda found: found[0])], axis=1)
    if shift is not None and np.any(shift != 0):
        if "bias" in reader.weights:
            shift = shift + to_fractions(network.weights[reader.weights["bias"]])
        nodes[heads.reader], key = with_bias(reader, weights)
        weights[key] = shift
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)


def _between(network: Network, block: AttentionBlock, kept: dict[str, list[int]]) -> dict[str, Node]:
    """The nodes between the matrices, for the entries that stay."""
    shapes = network.shapes()
    stays: dict[str, Array] = {}
    for name, chosen in kept.items():
        stays[name] = np.zeros(shapes[name], dtype=bool)
        stays[name][..., chosen] = True
    out: dict[str, Node] = {}
    for node in network.nodes:
        if node.name not in block.inner:
            continue
        if node.name == block.mixing.name:
            below = stays[node.inputs[1]]
            below = below.swapaxes(-1, -2) if "transpose" in node.attributes and flags(node.attributes, "transpose")[1] else below
            stays[node.name] = np.broadcast_to(below.any(axis=-2, keepdims=True), shapes[node.name])
        elif node.kind == "matmul" or node.inputs[0] not in stays:
            continue  # scores and probabilities, which are as many as heads
        else:
            stays[node.name] = moved(stays[node.inputs[0]], [node])
            out[node.name] = _smaller(node, stays[node.inputs[0]], stays[node.name])
    return out


def _smaller(node: Node, before: Array, after: Array) -> Node:
    first, then = _along_axes(node, before), _along_axes(node, after)
    if node.kind == "reshape":
        return replace(node, attributes={**node.attributes, "shape": tuple(int(v.sum()) for v in then)})
    if node.kind == "slice":
        a = node.attributes
        along = first[whole(a, "axis")]
        start, stop = (int(along[: whole(a, k)].sum()) for k in ("start", "stop"))
        if whole(a, "step") != 1:
            raise Unshaped(f"{node.place} takes every other entry")
        return replace(node, attributes={**a, "start": start, "stop": stop})
    return node


def _along_axes(node: Node, stays: Array) -> list[Array]:
    """Which places along each axis stay. Raises `Unshaped` where that depends on the other axes."""
    along = [np.asarray(stays.any(axis=tuple(k for k in range(stays.ndim) if k != axis))) for axis in range(stays.ndim)]
    product = np.ones((), dtype=bool)
    for v in along:
        product = product[..., None] & v
    if np.any(product != stays):
        raise Unshaped(f"{node.place} has entries of heads and of others along one axis")
    return along


def permuted(network: Network, heads: AttentionHeads, order: Sequence[int]) -> Network:
    """The same function with head i being the old head ``order[i]``, of all heads group after group; groups stay together."""
    rows, count = head_rows(network, heads), len(heads.groups[0])
    singles, out = each_head(heads, rows), []
    for start in range(0, len(order), count):
        chosen = order[start : start + count]
        if len({k // count for k in chosen}) != 1:
            raise Unshaped("heads that share keys are in one group")
        mine = [singles[k] for k in chosen]
        out.append(
            replace(mine[0], query=np.concatenate([r.query for r in mine], axis=1), output=np.concatenate([r.output for r in mine]))
        )
    return with_heads(network, heads, out)
