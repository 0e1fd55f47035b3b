"""Attention as certificates see it: three matrices make queries, keys and values, a fourth reads what the heads have found.

Between them stand nodes without trained weights. Where every entry of a value comes from is carried along as an array of places:
whatever reshapes and transpositions an exporter wrote, the channels of each head are known, or it is known that they are not.

With the rows Wq, Wk, Wv of a head and the columns Wo that read it, its scores are (x', 1) [Wq bq]' (Wk y + bk). The softmax over y
does not see what is the same for all y, so that the scores are those of M = [Wq bq]' Wk; and what the head adds to the output is N =
Wo [Wv bv], weighted by probabilities that add up to 1. So the block is a function of the sums of N over heads of equal M alone, and of
the sum of all constants: the bias of the keys does not matter, nor a base of a head's queries against its keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.exact_arrays import product
from neurovariety.certificates.network_nodes import NetworkData, NodeData, exact, ratio
from neurovariety.certificates.network_shapes import Shape, shapes
from neurovariety.certificates.zeros import NotShown

_VIEWS = ("reshape", "transpose", "slice")


@dataclass(frozen=True, eq=False)
class Strand:
    """Queries, keys or values: ``channel`` (heads, size) are the rows of the matrix ``producer``, ``position`` where a row of a head
    comes from; values are multiplied by ``factor`` on the way, over the nodes ``path``. Heads that share keys have the same rows."""

    producer: NodeData
    channel: np.ndarray
    position: np.ndarray
    factor: Fraction
    path: tuple[NodeData, ...]


@dataclass(frozen=True, eq=False)
class AttentionBlock:
    """Heads whose outputs ``reader`` reads: ``columns`` (heads, size) of its weight, at the rows ``position``.

    ``chain`` are the nodes from the scores to the softmax, ``masks`` the values that are added on the way; ``gain`` multiplies what the
    heads have found, over the nodes ``path``.
    """

    reader: NodeData
    query: Strand
    key: Strand
    value: Strand
    columns: np.ndarray
    position: np.ndarray
    gain: Fraction
    scores: NodeData
    chain: tuple[NodeData, ...]
    mixing: NodeData
    path: tuple[NodeData, ...]
    masks: tuple[str, ...]

    @property
    def heads(self) -> int:
        """The number of heads."""
        return len(self.columns)

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Which heads share their keys, and which their values: (heads,) numbers, the same for those that do.

        Raises `NotShown` where heads share some rows and not others.
        """
        return _parts(self.key.channel), _parts(self.value.channel)

    @property
    def strands(self) -> tuple[Strand, Strand, Strand]:
        """Queries, keys, values."""
        return self.query, self.key, self.value

    @property
    def inner(self) -> frozenset[str]:
        """The nodes between the matrices."""
        found = [self.scores, self.mixing, *self.chain, *self.path, *(n for s in self.strands for n in s.path)]
        return frozenset(n.name for n in found)


def _parts(channel: np.ndarray) -> np.ndarray:
    different, which = np.unique(channel, axis=0, return_inverse=True)
    if len(np.unique(different)) != different.size:
        raise NotShown("its heads share some of their rows and not others")
    return np.asarray(which.reshape(-1))


class _Walk:
    """The way up from a reader."""

    def __init__(self, network: NetworkData, known: Mapping[str, Shape | None]) -> None:
        self.network, self.known = network, known
        self.nodes = {n.name: n for n in network.nodes}

    def shape(self, name: str) -> Shape:
        found = self.known[name]
        if found is None:
            raise NotShown(f"the shape of {name!r} is not known")
        return found

    def up(self, name: str) -> tuple[NodeData, tuple[NodeData, ...], Fraction]:
        """The node above a value that does more than move and scale entries, the nodes between from there on, and the factor."""
        path: list[NodeData] = []
        factor, at = Fraction(1), self.nodes[name]
        while True:
            c = constant_factor(self.network, at)
            if c is None and at.kind not in _VIEWS and not copies(at):
                return at, tuple(reversed(path)), factor
            factor *= 1 if c is None else c
            path.append(at)
            at = self.nodes[at.inputs[0]]

    def places(self, above: NodeData, path: Sequence[NodeData]) -> np.ndarray:
        """Where the entries of the last value come from, as places in the value of the node above."""
        shape = self.shape(above.name)
        return moved(np.arange(int(np.prod(shape))).reshape(shape), path)


def moved(values: np.ndarray, path: Sequence[NodeData]) -> np.ndarray:
    """An array after nodes that only move entries (and scale them, which is left out)."""
    for node in path:
        a = node.attributes
        if node.kind == "reshape":
            values = values.reshape(tuple(a["shape"]))
        elif node.kind == "transpose":
            values = values.transpose(tuple(a["permutation"]))
        elif node.kind == "slice":
            values = values[(slice(None),) * a["axis"] + (slice(a["start"], a["stop"], a["step"]),)]
        elif node.kind == "concatenate":
            values = np.concatenate([values] * len(node.inputs), axis=a["axis"])
    return values


def copies(node: NodeData) -> bool:
    """Whether a node joins copies of one value, as grouped queries have their keys."""
    return node.kind == "concatenate" and len(set(node.inputs)) == 1


def constant_factor(network: NetworkData, node: NodeData) -> Fraction | None:
    """c where the value is c times the one before it; None for any other node."""
    if node.kind == "activation":
        quotient = ratio(node.attributes)
        if quotient is None or quotient[1] != 1 or quotient[0].degree() != 1 or quotient[0][0] != 0:
            return None
        return Fraction(int(quotient[0][1].p), int(quotient[0][1].q))
    if node.kind in ("multiply", "divide") and len(node.inputs) == 1 and not node.attributes.get("reversed"):
        if node.weights:
            number = np.asarray(network.weights[node.weights["weight"]])
            if number.size != 1 or number.ndim > 1:
                return None
            c = Fraction(exact(number).reshape(-1)[0])
        else:
            c = Fraction(node.attributes["constant"])
        return c if node.kind == "multiply" else 1 / c if c else None
    return None


def attention_block(network: NetworkData, reader: NodeData, known: Mapping[str, Shape | None] | None = None) -> AttentionBlock:
    """The heads that a matrix reads. Raises `NotShown` where it reads something else, or heads in a form that is not understood."""
    walk = _Walk(network, shapes(network) if known is None else known)
    if reader.kind != "linear":
        raise NotShown("no matrix reads it")
    mixing, path, gain = walk.up(reader.inputs[0])
    if mixing.kind != "matmul":
        raise NotShown("it reads no product of probabilities and values")
    soft = walk.nodes[mixing.inputs[0]]
    turned = tuple(mixing.attributes.get("transpose", (False, False)))
    shape = walk.shape(soft.name)
    if soft.kind != "softmax" or soft.attributes["axis"] % len(shape) != len(shape) - 1 or turned[0]:
        raise NotShown("it reads no product of probabilities and values")
    chain: list[NodeData] = [soft]
    masks: list[str] = []
    if "mask" in soft.weights:
        _same_for_heads(np.shape(network.weights[soft.weights["mask"]]), shape)
    at = walk.nodes[soft.inputs[0]]
    while at.kind != "matmul":
        if at.kind == "add":
            at = _masked(walk, at, shape, chain, masks)
            continue
        if constant_factor(walk.network, at) is None:
            raise NotShown(f"its scores pass {at.name!r} ({at.kind})")
        chain.append(at)
        at = walk.nodes[at.inputs[0]]
    flags = tuple(at.attributes.get("transpose", (False, False)))
    query = _strand(walk, at.inputs[0], swapped=flags[0])
    key = _strand(walk, at.inputs[1], swapped=not flags[1])
    value = _strand(walk, mixing.inputs[1], swapped=turned[1])
    axes = {found[2] for found in (query, key, value)} - {None}
    if len(axes) > 1 or (axes and query[2] is None):
        raise NotShown("its heads lie along different axes")
    axis = query[2]
    columns, position = _columns(walk, mixing, path, axis)
    keys, values = (_shared(*found, query[1], axis) for found in (key, value))
    if {len(s.channel) for s in (query[0], keys, values)} != {len(columns)}:
        raise NotShown("its queries, keys and values have different numbers of heads")
    return AttentionBlock(reader, query[0], keys, values, columns, position, gain, at, tuple(chain), mixing, path, tuple(masks))


def _shared(strand: Strand, sizes: Shape, own: int | None, asked: Shape, axis: int | None) -> Strand:
    """Keys or values for as many heads as there are queries: one that all heads share is that of each."""
    apart = [(n, m) for k, (n, m) in enumerate(zip(sizes, asked, strict=False)) if k != axis]
    if len(sizes) != len(asked) or any(n != m for n, m in apart):
        raise NotShown("its queries, keys and values have different numbers of heads")
    if axis is None or own == axis:
        if sizes != asked:
            raise NotShown("its queries, keys and values have different numbers of heads")
        return strand
    if sizes[axis] not in (1, asked[axis]):
        raise NotShown("its queries, keys and values have different numbers of heads")
    first = np.take(strand.position, [0], axis=axis)
    if np.any(strand.position != first):
        raise NotShown("its heads share keys, and read them at other positions")
    return replace(strand, channel=np.repeat(strand.channel, asked[axis], axis=0), position=first)


def _masked(walk: _Walk, node: NodeData, shape: Shape, chain: list[NodeData], masks: list[str]) -> NodeData:
    """Past an addition to the scores of something that is the same for all heads."""
    chain.append(node)
    if len(node.inputs) == 1:
        if "weight" in node.weights:
            _same_for_heads(np.shape(walk.network.weights[node.weights["weight"]]), shape)
        return walk.nodes[node.inputs[0]]
    ways = [n for n in node.inputs if _comes_from_scores(walk, n)]
    if len(ways) != 1:
        raise NotShown(f"its scores are joined at {node.name!r}")
    (mask,) = [n for n in node.inputs if n != ways[0]]
    _same_for_heads(walk.shape(mask), shape)
    masks.append(mask)
    return walk.nodes[ways[0]]


def _comes_from_scores(walk: _Walk, name: str) -> bool:
    at = walk.nodes[name]
    while at.kind != "matmul":
        if not (constant_factor(walk.network, at) is not None or at.kind == "add") or len(at.inputs) != 1:
            return at.kind == "add" and any(_comes_from_scores(walk, n) for n in at.inputs)
        at = walk.nodes[at.inputs[0]]
    return True


def _same_for_heads(mask: Shape, scores: Shape) -> None:
    """Raises `NotShown` for what may differ from head to head: it has to have length 1 along all axes but the last two.

    A stored array may have one axis more, of length 1 for the batch.
    """
    if len(mask) > len(scores) + 1 or any(n != 1 for n in mask[:-2]):
        raise NotShown("its scores are shifted by what may differ from head to head")


def _strand(walk: _Walk, name: str, *, swapped: bool) -> tuple[Strand, Shape, int | None]:
    """Queries, keys or values, the sizes of their axes before the last two, and the one along which the heads lie (None: one head)."""
    above, path, factor = walk.up(name)
    if above.kind != "linear":
        raise NotShown(f"its heads are made by {above.name!r} ({above.kind}) and by no matrix, as where positions turn them (rotary)")
    places = walk.places(above, path)
    if places.ndim < 2:
        raise NotShown("its heads are vectors")
    places = places.swapaxes(-1, -2) if swapped else places
    width = walk.shape(above.name)[-1]
    channel, axis = _along_one_axis(places % width)
    position = places // width
    where = position[..., :1] if axis is None else np.take(position, [0], axis=axis)[..., :1]
    if not np.array_equal(np.broadcast_to(where, position.shape), position):
        raise NotShown("its heads mix channels with positions")
    return Strand(above, channel, where, factor, path), tuple(places.shape[:-2]), axis


def _along_one_axis(channel: np.ndarray) -> tuple[np.ndarray, int | None]:
    """The channels (heads, size) of an array (\\*axes, rows, size), and the axis of the heads."""
    varying = [k for k in range(channel.ndim - 1) if np.any(np.take(channel, [0], axis=k) != channel)]
    if len(varying) > 1 or channel.ndim - 2 in varying:
        raise NotShown("its heads mix channels with positions")
    first = channel[(0,) * (channel.ndim - 1)][None]
    if not varying:
        return first, None
    (axis,) = varying
    moved_first = np.moveaxis(channel, axis, 0)
    return moved_first.reshape(len(moved_first), -1, channel.shape[-1])[:, 0], axis


def _columns(walk: _Walk, mixing: NodeData, path: Sequence[NodeData], axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The columns (heads, size) of the reader, and the row of the mixed values that each row of it reads."""
    shape = walk.shape(mixing.name)
    places = np.arange(int(np.prod(shape))).reshape(shape)
    heads = np.broadcast_to(
        np.arange(1 if axis is None else shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape
    )
    sizes = np.broadcast_to(np.arange(shape[-1]), shape)
    first = places[..., :1] if axis is None else np.take(places, [0], axis=axis)[..., :1]
    rows = np.broadcast_to(first, shape)
    rank = np.unique(rows, return_inverse=True)[1].reshape(shape)  # the same number whatever the heads and sizes are
    read = [moved(v, path) for v in (heads, sizes, rank)]
    if any(np.any(v != v[(0,) * (v.ndim - 1)]) for v in read[:2]) or np.any(read[2] != read[2][..., :1]):
        raise NotShown("it mixes heads with positions")
    count = (1 if axis is None else shape[axis], shape[-1])
    columns = np.full(count, -1)
    columns[tuple(v[(0,) * (v.ndim - 1)] for v in read[:2])] = np.arange(read[0].shape[-1])
    if read[0].shape[-1] != columns.size or np.any(columns < 0):
        raise NotShown("it does not read every channel of the heads once")
    return columns, read[2][..., 0]


def within(network: NetworkData, reader: NodeData, known: Mapping[str, Shape | None]) -> frozenset[str]:
    """The nodes from the matrices that make the heads to their reader, without that."""
    block = attention_block(network, reader, known)
    return block.inner | {s.producer.name for s in block.strands}


@dataclass(frozen=True, eq=False)
class HeadProducts:
    """``score`` is M and ``output`` is N of a head, exactly."""

    score: flint.fmpq_mat
    output: flint.fmpq_mat


def as_stored(network: NetworkData, block: AttentionBlock, head: int) -> tuple[object, ...]:
    """Everything that a head is, as it is stored: equal ones are heads of one function."""
    weight = np.asarray(network.weights[block.reader.weights["weight"]])[:, block.columns[head]]
    parts = [weight]
    for s in block.strands:
        parts += [np.asarray(network.weights[k])[s.channel[head]] for _, k in sorted(s.producer.weights.items())]
    numbers = [(v.shape, str(v.dtype), tuple(v.reshape(-1).tolist()) if v.dtype == object else v.tobytes()) for v in parts]
    roles = [tuple(sorted(s.producer.weights)) for s in block.strands]
    return (*numbers, *roles, *(s.factor for s in block.strands), block.gain)


def head_products(network: NetworkData, block: AttentionBlock, which: Sequence[int]) -> list[HeadProducts]:
    """The invariants of some heads."""
    weight = np.asarray(network.weights[block.reader.weights["weight"]])
    factor = block.query.factor * block.key.factor
    out = []
    for b in which:
        q, k = with_bias(network, block.query, b), with_bias(network, block.key, b)[:, :-1]
        v = with_bias(network, block.value, b)
        made = product(exact(weight[:, block.columns[b]]) * (block.gain * block.value.factor), v)
        out.append(HeadProducts(product(q.T * factor, k), made))
    return out


def with_bias(network: NetworkData, strand: Strand, head: int) -> np.ndarray:
    """The rows of a head with their bias in the last column, as Fractions."""
    rows = exact(np.asarray(network.weights[strand.producer.weights["weight"]])[strand.channel[head]])
    key = strand.producer.weights.get("bias")
    bias = exact(np.zeros(len(rows)) if key is None else np.asarray(network.weights[key])[strand.channel[head]])
    return np.concatenate([rows, bias[:, None]], axis=1)
