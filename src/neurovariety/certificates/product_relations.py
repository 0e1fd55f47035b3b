"""What two networks share although their weights differ: products of matrices that follow each other, and the products of heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import flint
import numpy as np

from neurovariety.certificates.attention_blocks import AttentionBlock, Strand, as_stored, attention_block, head_products
from neurovariety.certificates.channel_relations import identity
from neurovariety.certificates.exact_arrays import product, same
from neurovariety.certificates.network_nodes import NetworkData, NodeData, exact, rational
from neurovariety.certificates.network_shapes import Shape
from neurovariety.certificates.zeros import NotShown

Nodes = Mapping[str, NodeData]
Unchanged = Callable[[str, str], bool]
"""Whether a node of the first network is known to have the value of one of the second."""
Side = tuple[NetworkData, Mapping[str, Shape | None]]
"""A network with its shapes."""


def bias(network: NetworkData, node: NodeData, width: int) -> np.ndarray:
    """The bias of a matrix as Fractions, zeros where it has none."""
    return exact(np.zeros(width) if "bias" not in node.weights else np.asarray(network.weights[node.weights["bias"]]))


def check_products(
    pair: tuple[NetworkData, NetworkData], known: tuple[Nodes, Nodes], nodes: tuple[NodeData, NodeData], unchanged: Unchanged
) -> None:
    """Raises `NotShown` unless V W = V' W' and V b + c = V' b' + c', where a matrix follows another one at once."""
    made = []
    place = nodes[0].name
    for network, names, n in zip(pair, known, nodes, strict=True):
        before = names[n.inputs[0]]
        while before.kind == "activation" and identity(before):
            before = names[before.inputs[0]]
        if n.kind != "linear" or before.kind != "linear":
            raise NotShown(f"{place!r} is no matrix that follows another one")
        v, w = (exact(network.weights[m.weights["weight"]]) for m in (n, before))
        made.append(
            (
                before.inputs[0],
                product(v, np.concatenate([w, bias(network, before, len(w))[:, None]], axis=1)),
                bias(network, n, len(v)),
            )
        )
    (mine, p, c), (theirs, q, d) = made
    if not unchanged(mine, theirs):
        raise NotShown(f"the matrix before {place!r} reads another value")
    if (p.nrows(), p.ncols()) != (q.nrows(), q.ncols()):
        raise NotShown(f"the products at {place!r} differ")
    last = p.ncols() - 1
    for i in range(p.nrows()):
        if any(p[i, k] != q[i, k] for k in range(last)) or p[i, last] + rational(c[i]) != q[i, last] + rational(d[i]):
            raise NotShown(f"the products at {place!r} differ")


def check_merged(pair: tuple[NetworkData, NetworkData], nodes: tuple[NodeData, NodeData, NodeData], unchanged: Unchanged) -> None:
    """Raises `NotShown` unless V W = V' and V b + c = c', of two matrices of the first network and one of the second."""
    first, second = pair
    before, node, other = nodes
    if {n.kind for n in nodes} != {"linear"} or any(dict(n.attributes) != dict(other.attributes) for n in nodes):
        raise NotShown(f"{node.name!r} is no matrix that follows another one")
    if not unchanged(before.inputs[0], other.inputs[0]):
        raise NotShown(f"the matrix before {node.name!r} reads another value")
    w, v = (exact(first.weights[n.weights["weight"]]) for n in (before, node))
    made = product(v, np.concatenate([w, bias(first, before, len(w))[:, None]], axis=1))
    theirs = exact(second.weights[other.weights["weight"]])
    wanted = np.concatenate([theirs, bias(second, other, len(theirs))[:, None]], axis=1)
    if wanted.shape != (made.nrows(), made.ncols()):
        raise NotShown(f"the product at {node.name!r} differs")
    own, last = bias(first, node, len(v)), made.ncols() - 1
    for i, row in enumerate(wanted.tolist()):
        if any(made[i, k] + (rational(own[i]) if k == last else 0) != rational(x) for k, x in enumerate(row)):
            raise NotShown(f"the product at {node.name!r} differs")


def check_heads(sides: tuple[Side, Side], nodes: tuple[NodeData, NodeData], unchanged: Unchanged) -> None:
    """Raises `NotShown` unless two matrices that read heads have the same value: the sums of their products over heads of equal scores
    are the same, and so is the sum of all constants (see `attention_blocks`)."""
    (first, _), (second, _) = sides
    one, two = (attention_block(side[0], node, side[1]) for side, node in zip(sides, nodes, strict=True))
    place = nodes[0].name
    for mine, theirs in zip(one.strands, two.strands, strict=True):
        _same_strand(mine, theirs, unchanged, place)
    if not np.array_equal(one.position, two.position):
        raise NotShown(f"the heads before {place!r} are read at other positions")
    _same_chain(first, second, one, two, unchanged)
    apart: list[tuple[flint.fmpq_mat, flint.fmpq_mat]] = []  # scores -> sum of the first's products minus those of the second
    others = _not_in_both((first, one), (second, two))
    for network, block, which, sign in ((first, one, others[0], 1), (second, two, others[1], -1)):
        for head in head_products(network, block, which):
            k = next((k for k, (score, _) in enumerate(apart) if _equal(score, head.score)), None)
            if k is None:
                apart.append((head.score, head.output * sign))
            else:
                apart[k] = apart[k][0], apart[k][1] + head.output * sign
    rows, width = (len(np.asarray(n.weights[x.reader.weights["weight"]])) for n, x in ((first, one), (second, two)))
    last = apart[0][1].ncols() - 1 if apart else 0
    if rows != width or any((total.nrows(), total.ncols()) != (rows, last + 1) for _, total in apart):
        raise NotShown(f"the matrices {place!r} make values of other sizes")
    c, d = (bias(network, node, rows) for network, node in zip((first, second), nodes, strict=True))
    for i in range(rows):
        if any(total[i, j] != 0 for _, total in apart for j in range(last)):
            raise NotShown(f"the products of the heads before {place!r} differ")
        if sum((total[i, last] for _, total in apart), rational(c[i]) - rational(d[i])) != 0:
            raise NotShown(f"the constants of the heads before {place!r} differ")


def _not_in_both(one: tuple[NetworkData, AttentionBlock], two: tuple[NetworkData, AttentionBlock]) -> tuple[list[int], list[int]]:
    """The heads of each network that are not stored alike in the other: those that are cancel."""
    left = [[as_stored(network, block, b) for b in range(block.heads)] for network, block in (one, two)]
    both = Counter(left[0]) & Counter(left[1])
    out: list[list[int]] = []
    for stored in left:
        rest, kept = both.copy(), []
        for b, head in enumerate(stored):
            if rest[head]:
                rest[head] -= 1
            else:
                kept.append(b)
        out.append(kept)
    return out[0], out[1]


def _equal(one: flint.fmpq_mat, two: flint.fmpq_mat) -> bool:
    return (one.nrows(), one.ncols()) == (two.nrows(), two.ncols()) and one == two


def _same_strand(mine: Strand, theirs: Strand, unchanged: Unchanged, place: str) -> None:
    if not unchanged(mine.producer.inputs[0], theirs.producer.inputs[0]) or not np.array_equal(mine.position, theirs.position):
        raise NotShown(f"the heads before {place!r} are made of other values")


def _same_chain(first: NetworkData, second: NetworkData, one: AttentionBlock, two: AttentionBlock, unchanged: Unchanged) -> None:
    place = one.reader.name
    if len(one.chain) != len(two.chain) or len(one.masks) != len(two.masks):
        raise NotShown(f"the scores before {place!r} go another way")
    for mine, theirs in zip(one.chain, two.chain, strict=True):
        weights = [(first.weights[k], second.weights.get(theirs.weights.get(r, ""))) for r, k in mine.weights.items()]
        alike = (
            mine.kind == theirs.kind and dict(mine.attributes) == dict(theirs.attributes) and set(mine.weights) == set(theirs.weights)
        )
        if not alike or not all(q is not None and same(np.asarray(p), np.asarray(q)) for p, q in weights):
            raise NotShown(f"the scores before {place!r} go another way")
    if not all(unchanged(p, q) for p, q in zip(one.masks, two.masks, strict=True)):
        raise NotShown(f"the scores before {place!r} are shifted by other values")
