"""The heads of two attentions matched by what does not depend on their bases: the products Wq' Wk and Wo Wv.

A search: pairs of heads by assignment, and where the products agree exactly the heads of the other network are put in place of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from neurovariety.certificates.exact_arrays import same
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.network_shapes import shapes
from neurovariety.certificates.product_relations import check_heads
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats
from neurovariety.checkpoints.layers.attention_heads import (
    AttentionHeads,
    HeadRows,
    attention_heads,
    each_head,
    head_rows,
    permuted,
)
from neurovariety.checkpoints.layers.grouped_channels import assigned_groups
from neurovariety.checkpoints.layers.rewritten import Rewritten

_ROUNDED = 1e-9
"""Products that differ by more, relative to the largest of their head, are not equal: float64 loses less."""
_SHOWN = 16
"""Largest head whose change of base is written into the evidence."""

Products = tuple[Float[np.ndarray, "heads asked answered"], Float[np.ndarray, "heads outputs inputs"]]


def same_heads(one: Network, two: Network) -> list[tuple[AttentionHeads, AttentionHeads]]:
    """The attentions of two networks of one graph, as far as they stand at the same places with heads of the same sizes."""
    others = {h.reader: h for h in attention_heads(two)[0]}
    names = {n.name: m.name for n, m in zip(one.nodes, two.nodes, strict=True)}
    found = [(h, others[names[h.reader]]) for h in attention_heads(one)[0] if names[h.reader] in others]
    return [(h, g) for h, g in found if _alike(h, g)]


def _alike(one: AttentionHeads, two: AttentionHeads) -> bool:
    pairs = zip(one.block.strands, two.block.strands, strict=True)
    return one.groups == two.groups and all(np.array_equal(p.channel, q.channel) for p, q in pairs)


def head_products(network: Network, heads: AttentionHeads) -> Products:
    """[Wq bq]' Wk and Wo [Wv] of all heads in float64, with the factors on the way."""
    block = heads.block
    asked, read = float(block.query.factor * block.key.factor), float(block.gain * block.value.factor)
    rows = [_floats(r) for r in each_head(heads, head_rows(network, heads))]
    with np.errstate(all="ignore"):
        scores = np.stack([asked * (r.query.T @ r.key[:, :-1]) for r in rows])
        outputs = np.stack([read * (r.output @ r.value[:, :-1]) for r in rows])
    return scores, outputs


def _constants(network: Network, heads: AttentionHeads) -> tuple[Array, Array]:
    """What all heads and the bias of their reader add to a row of the output, and the sum of the sizes of these."""
    key = heads.block.reader.weights.get("bias")
    width = len(np.asarray(network.weights[heads.block.reader.weights["weight"]]))
    total = np.zeros(width) if key is None else to_floats(network.weights[key])
    size, read = np.abs(total), float(heads.block.gain * heads.block.value.factor)
    for r in map(_floats, each_head(heads, head_rows(network, heads))):
        total = total + read * (r.output @ r.value[:, -1])
        size = size + abs(read) * (np.abs(r.output) @ np.abs(r.value[:, -1]))
    return total, size


def _floats(r: HeadRows) -> HeadRows:
    return HeadRows(*(to_floats(v) for v in (r.query, r.key, r.value, r.output)))


def heads_matched(first: Rewritten, second: Network) -> tuple[Rewritten, list[Mapping[str, object]]]:
    """The first network with its heads in the order of those of the second, whose products are nearest, and what was done.

    Where all products are the same, exactly, its matrices become those of the second.
    """
    done: list[Mapping[str, object]] = []
    for at in range(len(same_heads(first.network, second))):
        heads, goal = same_heads(first.network, second)[at]
        order = _order(head_products(first.network, heads), head_products(second, goal), len(heads.groups))
        if order != list(range(len(order))):
            first = first.with_heads(heads, permuted(first.network, heads, order))
        heads, _ = same_heads(first.network, second)[at]
        record: dict[str, object] = {"layer": heads.place, "kind": "heads", "width": heads.block.heads, "permutation": order}
        if max(heads.size) <= _SHOWN:
            record["bases"] = _bases(first.network, heads, second, goal)
        done.append(record)
        near = apart(first.network, second)[heads.reader] <= _ROUNDED
        taken = _with_its_matrices(first.network, heads, second, goal) if near else None
        if taken is not None:
            first = first.with_heads(heads, taken)
    return first, done


def _order(mine: Products, theirs: Products, groups: int) -> list[int]:
    """(i) -> the head of the first network that is nearest to head i of the second, each once; heads that share keys together."""
    gain = np.zeros((len(mine[0]), len(mine[0])))
    for one, two in zip(mine, theirs, strict=True):
        size = max(float(np.abs(v).max(initial=0.0)) for v in (one, two)) or 1.0
        p, q = (np.nan_to_num(v.reshape(len(v), -1) / size, posinf=1.0, neginf=-1.0) for v in (one, two))
        gain += 2 * q @ p.T - (p**2).sum(axis=1)[None, :] - (q**2).sum(axis=1)[:, None]
    return in_groups(gain, groups)


def in_groups(gain: Array, groups: int) -> list[int]:
    """The assignment of heads to heads with the largest sum among those that keep groups of equal length together."""
    each = len(gain) // groups
    _, blocks = assigned_groups(gain, groups)
    out: list[int] = []
    for g, h in enumerate(blocks):
        part = gain[g * each : (g + 1) * each, h * each : (h + 1) * each]
        out += [h * each + int(k) for k in linear_sum_assignment(part, maximize=True)[1]]
    return out


def _bases(one: Network, heads: AttentionHeads, two: Network, goal: AttentionHeads) -> list[dict[str, list[list[float]]]]:
    """For each head the matrices A, B with Wq' = A Wq and Wv' = B Wv, by least squares: Wk' = Wk / A' and Wo' = Wo / B then."""
    out = []
    for mine, theirs in zip(head_rows(one, heads), head_rows(two, goal), strict=True):
        p, q = _floats(mine), _floats(theirs)
        pairs = {"query": (p.query, q.query), "value": (p.value[:, :-1], q.value[:, :-1])}
        out.append({k: np.linalg.lstsq(a.T, b.T, rcond=None)[0].T.tolist() for k, (a, b) in pairs.items()})
    return out


def _with_its_matrices(one: Network, heads: AttentionHeads, two: Network, goal: AttentionHeads) -> Network | None:
    """The first network with the four matrices of the second, where its function stays; None where that is not known."""
    weights = dict(one.weights)
    theirs = {n.name: n for n in two.nodes}
    nodes = {n.name: n for n in one.nodes}
    pairs = {s.producer.name: t.producer.name for s, t in zip(heads.block.strands, goal.block.strands, strict=True)}
    for mine, other in {**pairs, heads.reader: goal.reader}.items():
        for role, key in nodes[mine].weights.items():
            weights[key] = two.weights[theirs[other].weights[role]]
    if all(weights[k] is one.weights[k] or same(np.asarray(weights[k]), np.asarray(one.weights[k])) for k in weights):
        return None  # they are these already
    found = replace(one, weights=weights)
    known = dict(shapes(one))
    try:
        check_heads(((one, known), (found, known)), (nodes[heads.reader], nodes[heads.reader]), lambda p, q: p == q)
    except NotShown:
        return None
    return found


def apart(one: Network, two: Network) -> dict[str, float]:
    """For the matrices of attentions in two networks of one graph, by name: how far products of heads are from each other, relative to
    the largest of that head."""
    out: dict[str, float] = {}
    for heads, goal in same_heads(one, two):
        worst = 0.0
        for p, q in zip(head_products(one, heads), head_products(two, goal), strict=True):
            gap = np.abs(p - q).reshape(len(p), -1).max(axis=1, initial=0.0)
            size = np.maximum(gap, np.abs(q).reshape(len(q), -1).max(axis=1, initial=0.0))
            worst = max(worst, float(np.max(np.divide(gap, size, out=np.zeros_like(gap), where=size > 0))))
        (c, _), (d, _) = _constants(one, heads), _constants(two, goal)
        if gap_of := float(np.abs(c - d).max(initial=0.0)):
            worst = max(worst, gap_of / max(gap_of, float(np.abs(d).max())))
        for name in (*heads.makers, heads.reader):
            out[name] = worst
    return out


def beyond(one: Network, two: Network, part: float) -> dict[str, bool]:
    """For the same matrices: whether products of heads are further apart than errors of this part of each weight explain."""
    out: dict[str, bool] = {}
    for heads, goal in same_heads(one, two):
        pairs = list(zip(head_rows(one, heads), head_rows(two, goal), strict=True))
        further = any(_further(p, q, part) for mine, theirs in pairs for p, q in _factors(_floats(mine), _floats(theirs)))
        (c, size), (d, other) = _constants(one, heads), _constants(two, goal)
        further = further or bool(np.any(np.abs(c - d) > part * (size + other)))
        for name in (*heads.makers, heads.reader):
            out[name] = further
    return out


def _factors(mine: HeadRows, theirs: HeadRows) -> list[tuple[tuple[Array, Array], tuple[Array, Array]]]:
    return [
        ((mine.query.T, mine.key[:, :-1]), (theirs.query.T, theirs.key[:, :-1])),
        ((mine.output, mine.value[:, :-1]), (theirs.output, theirs.value[:, :-1])),
    ]


def _further(one: tuple[Array, Array], two: tuple[Array, Array], part: float) -> bool:
    sizes = np.abs(one[0]) @ np.abs(one[1]) + np.abs(two[0]) @ np.abs(two[1])
    return bool(np.any(np.abs(one[0] @ one[1] - two[0] @ two[1]) > part * sizes))
