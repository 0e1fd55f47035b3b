"""Strata of lightning self-attention: attention matrices of lower rank, values of lower rank, heads that are dead or alike."""

from __future__ import annotations

from dataclasses import replace
from math import comb
from typing import Any

import numpy as np

from neurovariety.architectures import Attention
from neurovariety.geometry.strata.rank_profiles import (
    low_rank,
    orbit,
    profile_name,
    rank_profiles,
    unipotent,
    unipotent_inverse,
)
from neurovariety.geometry.strata.weight_stratum import Sizes, WeightStratum, free_places, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array


def head_strata(model: Model, attention: Attention) -> list[WeightStratum]:
    """Strata with one head altered, or two where they are alike, in one layer; others are intersections of these."""
    out: list[WeightStratum] = []
    for l in range(attention.layers):
        heads = [[model.places[name] for name in names] for names in attention.head_blocks(l + 1)]
        where = f" of layer {l + 1}" if attention.layers > 1 else ""
        if attention.heads > 1:
            out += _pairs(model, attention, l, heads, where)
        last = f"head {attention.heads}" if attention.heads > 1 else ""
        out += _ranks(model, attention, l, heads[-1], f", {last}{where}" if last else where)
        if attention.heads == 1:
            out += _silent(model, l, heads[0])
    return sorted(out, key=lambda s: s.small is None)


def _sizes(attention: Attention, layer: int, heads: int, scores: int, values: int) -> Sizes:
    """Heads, rank of the last head's K^T Q and of its V in each layer; full but in one."""
    full = [
        (attention.heads, min(a, d), min(d, e))
        for a, d, e in zip(attention.inner, attention.widths, attention.widths[1:], strict=False)
    ]
    full[layer] = (heads, scores, values)
    return (tuple(n for one in full for n in one),)


def _ranks(model: Model, attention: Attention, l: int, head: list[Array], where: str) -> list[WeightStratum]:
    """K^T Q of lower rank, by the types of the chain d - a - d; V of lower rank; both of rank one."""
    k, q, v = head
    (a, d), e = k.shape, v.shape[0]
    full, wide = min(a, d), min(d, e)
    rest = free_places(model, [k, q])
    out = []
    for profile in rank_profiles((d, a, d)):
        r = profile.end_to_end
        if not 0 < r < full:
            continue
        parameters, put = orbit(profile)
        embed = _scores(model, rest, k, q, put)
        kind = "rank-one attention" if r == 1 else "rank"
        small = _narrow(attention, l, r)
        name = f"attention of rank {r}{where} ({profile_name(profile).replace('layers', 'Q and K').replace('W2 W1', 'K^T Q')})"
        sizes = _sizes(attention, l, attention.heads, r, wide)
        out.append(_stratum(name, kind, model, len(rest) + parameters, embed, small, sizes))
    for r in range(wide - 1, 0, -1):
        parameters, embed = low_rank(v, free_places(model, [v]), r, model.parameters)
        out.append(
            _stratum(f"V of rank {r}{where}", "rank", model, parameters, embed, None, _sizes(attention, l, attention.heads, full, r))
        )
    if full > 1 and wide > 1:
        out.append(_rank_one(model, attention, l, head, where))
    return out


def _rank_one(model: Model, attention: Attention, l: int, head: list[Array], where: str) -> WeightStratum:
    """K = b k^T, Q = c q^T and V = u v^T: f = (b.c) u (v.XX^T k) q^T X."""
    rest = free_places(model, head)
    total = len(rest) + sum(sum(m.shape) for m in head)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[rest], at = s[: len(rest)], len(rest)
        for places in head:
            rows, columns = places.shape
            out[places] = s[at : at + rows].reshape(rows, 1) @ s[at + rows : at + rows + columns].reshape(1, columns)
            at += rows + columns
        return out

    sizes = _sizes(attention, l, attention.heads, 1, 1)
    return _stratum(f"attention and V of rank 1{where}", "rank-one attention", model, total, embed, None, sizes)


def _exchange(model: Model, attention: Attention, head: list[Array], exchanged: bool, of_k: bool) -> WeightStratum:
    """V = u v^T and K^T Q = k q^T, with k and v ``exchanged`` or not: (v.XX^T k) is symmetric in them. Further rows of Q are free, or
    of K (``of_k``), as those of the other are zero."""
    k, q, v = head
    (a, d), e = k.shape, v.shape[0]
    loose = (k if of_k else q)[1:].reshape(-1)

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        first, second, third, left = s[:d], s[d : 2 * d], s[2 * d : 3 * d], s[3 * d : 3 * d + e]
        if exchanged:
            first, third = third, first
        out[k[0]], out[q[0]] = first, second
        out[v] = left.reshape(e, 1) @ third.reshape(1, d)
        out[loose] = s[3 * d + e :]
        return out

    extra = (a - 1) * d
    name = "attention and V of rank 1" + (", k and v exchanged" if exchanged else "") + (", rows of K free" if of_k else "")
    sizes = _sizes(attention, 0, 1, 1, 1)
    return _stratum(name, "rank-one attention", model, 3 * d + e + extra, embed, None, sizes, free=extra)


def head_families(model: Model, attention: Attention) -> list[WeightStratum]:
    """Strata over the same functions with common parameters of these functions: heads without effect, K or Q with zero rows, and the
    exchange of k and v where both K^T Q and V have rank one. For one layer."""
    if attention.layers > 1:
        return []
    if attention.heads > 1:
        return [s for s in head_strata(model, attention) if s.free is not None and s.sizes[0][0] < attention.heads]
    head = [model.places[name] for name in attention.head_blocks(1)[0]]
    k, q, _ = head
    out = []
    for r in range(1, min(k.shape)):
        small = replace(attention, inner=(r,))
        corner = smaller_places(model, attention, small)
        for gone, what in ((k[r:], "K"), (q[r:], "Q")):
            free = np.concatenate([corner, np.setdiff1d(free_places(model, [gone]), corner)])
            sizes = _sizes(attention, 0, 1, r, min(attention.widths))
            name = f"{what} with {r} nonzero rows"
            extra = len(free) - len(corner)
            out.append(_stratum(name, "rank", model, len(free), _kept(model, free), small.model, sizes, free=extra))
    return [*out, *(_exchange(model, attention, head, exchanged, of_k) for exchanged in (False, True) for of_k in (False, True))]


def smaller_places(model: Model, attention: Attention, small: Attention) -> Array:
    """Where the weights of a network with fewer or smaller heads go: into the first heads, the first rows of K and Q."""
    found: dict[str, str] = {}
    for l in range(1, attention.layers + 1):
        for own, large in zip(small.head_blocks(l), attention.head_blocks(l), strict=False):
            found.update(zip(own, large, strict=True))
    corners = [model.places[found[b.name]][tuple(slice(n) for n in b.shape)].reshape(-1) for b in small.model.blocks]
    return np.concatenate(corners)


def _silent(model: Model, l: int, head: list[Array]) -> list[WeightStratum]:
    """No head is left in layer l: its only one has K, Q or V zero."""
    out = []
    for letter, places in zip("KQV", head, strict=True):
        free = free_places(model, [places])
        out.append(WeightStratum(f"{letter}{l + 1} zero", "zero", model, len(free), _kept(model, free), None))
    return out


def _pairs(model: Model, attention: Attention, l: int, heads: list[list[Array]], where: str) -> list[WeightStratum]:
    """The last head dead; the first two with proportional K^T Q, or with proportional V."""
    h = attention.heads
    fewer = replace(attention, heads=h - 1).model if attention.layers == 1 else None
    full = (min(attention.inner[l], attention.widths[l]), min(attention.widths[l], attention.widths[l + 1]))
    sizes = _sizes(attention, l, h - 1, *full)
    corner = smaller_places(model, attention, replace(attention, heads=h - 1)) if attention.layers == 1 else None
    out = []
    for letters, kind, what in (
        ("V", "outgoing zero", "with V zero"),
        ("K", "incoming zero", "with K zero"),
        ("KQV", "inactive", "dead"),
    ):
        free = free_places(model, [m for letter, m in zip("KQV", heads[-1], strict=True) if letter in letters])
        if corner is not None:
            free = np.concatenate([corner, np.setdiff1d(free, corner)])
        extra = None if corner is None else len(free) - len(corner)
        out.append(_stratum(f"head {h}{where} {what}", kind, model, len(free), _kept(model, free), fewer, sizes, h, extra))
    pairs = comb(h, 2)
    parameters, embed = _equal_scores(model, heads[0], heads[1])
    out.insert(
        0, _stratum(f"heads 1 and 2{where} with proportional K^T Q", "equal heads", model, parameters, embed, fewer, sizes, pairs)
    )
    parameters, embed = _equal_values(model, heads[0][2], heads[1][2])
    alike = _stratum(f"heads 1 and 2{where} with proportional V", "equal values", model, parameters, embed, None, (), pairs)
    return [*out, alike]


def _equal_scores(model: Model, first: list[Array], second: list[Array]) -> tuple[int, Any]:
    """K_2 = G K_1 and Q_2 = c G^-T Q_1, with G lower times upper unipotent times a scale that c absorbs."""
    free = free_places(model, second[:2])
    a = first[0].shape[0]
    t = a * (a - 1) // 2
    total = len(free) + 2 * t + 2 * a

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        extra = s[len(free) :]
        lower, upper = unipotent(extra[:t], a), unipotent(extra[t : 2 * t], a)
        # scales c_i of K and the products of the others for Q: diag(c) and its adjugate, whose product is a multiple of the identity
        c, scale = extra[2 * t : 2 * t + a], extra[2 * t + a : 2 * t + a + 1]
        cofactor = np.zeros(a, dtype=s.dtype)
        for i in range(a):
            cofactor[i : i + 1] = scale
            for j in range(a):
                if j != i:
                    cofactor[i : i + 1] = cofactor[i : i + 1] * c[j : j + 1]
        out[second[0]] = lower @ (upper.T @ (c[:, None] * out[first[0]]))
        out[second[1]] = unipotent_inverse(lower).T @ (unipotent_inverse(upper) @ (cofactor[:, None] * out[first[1]]))
        return out

    return total - a + 1, embed


def _equal_values(model: Model, first: Array, second: Array) -> tuple[int, Any]:
    free = free_places(model, [second])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        out[second] = out[first] * s[len(free) :].reshape(1, 1)
        return out

    return len(free) + 1, embed


def _scores(model: Model, rest: Array, k: Array, q: Array, put: Any) -> Any:
    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[rest] = s[: len(rest)]
        queries, keys = put(s[len(rest) :])
        out[q], out[k] = queries, keys.T
        return out

    return embed


def _kept(model: Model, free: Array) -> Any:
    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s
        return out

    return embed


def _narrow(attention: Attention, l: int, r: int) -> Model | None:
    """The network with head size r in layer l, where all heads of the layer are narrowed with it."""
    if attention.heads > 1:
        return None
    return replace(attention, inner=(*attention.inner[:l], r, *attention.inner[l + 1 :])).model


def _stratum(
    name: str,
    kind: str,
    model: Model,
    parameters: int,
    embed: Any,
    small: Model | None,
    sizes: Sizes,
    copies: int = 1,
    free: int | None = None,
) -> WeightStratum:
    """A stratum over a smaller network; where that has no notation it is the stratum's own model."""
    return WeightStratum(name, kind, model, parameters, embed, small or own_model(name, model, parameters, embed), sizes, copies, free)
