"""The heads of an attention in other bases, in which their weights are nearest to those of another network.

Wq becomes A Wq and Wk becomes Wk / A', Wv becomes B Wv and Wo becomes Wo / B: the same function, but for rounding. Several bases are
tried, the orthogonal one that is nearest (Procrustes) and those that queries, or keys, ask for by least squares; none is proved to be
the nearest of all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layers.attention_heads import HeadRows, Unshaped, head_rows, with_heads
from neurovariety.checkpoints.layers.head_matching import same_heads
from neurovariety.rings.ring import Array

_MOST_UNEVEN = 1e8
"""Largest condition number of a base: its inverse loses that many units in the last place."""
Pair = tuple[Array, Array]
"""Rows (size, entries) of one network and those of the other."""


def bases_changed(one: Network, two: Network) -> Network:
    """The first network with its heads in bases in which they are nearer to those of the second, head by head as they stand.

    Weights are rounded to the types that they had, float64 where they were exact.
    """
    for at in range(len(same_heads(one, two))):
        heads, goal = same_heads(one, two)[at]
        pairs = list(zip(head_rows(one, heads), head_rows(two, goal), strict=True))
        rows = [_based(mine, theirs) for mine, theirs in pairs]
        if all(r is mine for r, (mine, _) in zip(rows, pairs, strict=True)):
            continue
        try:
            moved = with_heads(one, heads, rows)
        except Unshaped:
            continue
        kinds = {k: v.dtype for k, v in one.weights.items() if v.dtype.kind != "O"}
        changed = {k: to_floats(v) for k, v in moved.weights.items() if v is not one.weights.get(k)}
        rounded = {k: v.astype(kinds[k]) if k in kinds else v for k, v in changed.items()}
        if all(np.all(np.isfinite(v.astype(np.float64))) for v in rounded.values()):
            one = replace(moved, weights={**moved.weights, **rounded})
    return one


def _based(mine: HeadRows, theirs: HeadRows) -> HeadRows:
    """A head, or a group of heads with the same keys, in another base; itself where none that was tried is nearer."""
    p, q = (HeadRows(*(to_floats(v) for v in (r.query, r.key, r.value, r.output))) for r in (mine, theirs))
    asked = nearest_base((p.query, q.query), (p.key, q.key))
    given = nearest_base((p.value, q.value), (p.output.T, q.output.T))
    if asked is None and given is None:
        return mine
    out = p
    if asked is not None:
        out = replace(out, query=asked @ p.query, key=np.linalg.solve(asked.T, p.key))
    if given is not None:
        out = replace(out, value=given @ p.value, output=np.linalg.solve(given.T, p.output.T).T)
    return out


def nearest_base(first: Pair, second: Pair) -> Float[np.ndarray, "size size"] | None:
    """A with A a nearest to a' and b / A' nearest to b', of the bases that are tried; None where the one that stands is."""
    (a, c), (b, d) = first, second
    found, best = None, _gap(np.eye(len(a)), first, second)
    with np.errstate(all="ignore"):
        try:
            u, _, v = np.linalg.svd(c @ a.T + d @ b.T)
            tries = [u @ v, _solved(a, c), np.linalg.inv(_solved(b, d)).T]
        except np.linalg.LinAlgError:
            return None
        for base in tries:
            if np.all(np.isfinite(base)) and np.linalg.cond(base) < _MOST_UNEVEN:
                gap = _gap(base, first, second)
                if gap < best * (1 - 1e-9):
                    found, best = base, gap
    return found


def _solved(a: Array, c: Array) -> Array:
    return np.asarray(np.linalg.lstsq(a.T, c.T, rcond=None)[0].T)


def _gap(base: Array, first: Pair, second: Pair) -> float:
    (a, c), (b, d) = first, second
    return float(((base @ a - c) ** 2).sum() + ((np.linalg.solve(base.T, b) - d) ** 2).sum())


def head_gains(mine: list[HeadRows], theirs: list[HeadRows]) -> Float[np.ndarray, "heads heads"]:
    """(i, j): how much head j of the first network and head i of the second have in common in the best orthogonal bases."""
    out = np.zeros((len(theirs), len(mine)))
    floats = [[HeadRows(*(to_floats(v) for v in (r.query, r.key, r.value, r.output))) for r in rows] for rows in (mine, theirs)]
    for i, q in enumerate(floats[1]):
        for j, p in enumerate(floats[0]):
            both = (q.query @ p.query.T + q.key @ p.key.T, q.value @ p.value.T + q.output.T @ p.output)
            if all(np.all(np.isfinite(m)) for m in both):
                out[i, j] = sum(float(np.linalg.svd(m, compute_uv=False).sum()) for m in both)
            else:
                out[i, j] = np.inf
    return out
