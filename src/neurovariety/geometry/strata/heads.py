"""Strata of lightning self-attention: attention matrices of lower rank, values of lower rank, heads that are dead or alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np

from neurovariety.geometry.strata.layers import silent_layers
from neurovariety.geometry.strata.rank_profiles import profile_name, rank_profiles
from neurovariety.geometry.strata.rank_strata import Matrices, low_rank, orbit, unipotent, unipotent_inverse
from neurovariety.geometry.strata.weight_stratum import Embedding, Sizes, WeightStratum, free_places, own_model
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.units import Heads, Size, Units, size_of


@dataclass(frozen=True, eq=False)
class AttentionLayers:
    """Places of K, Q, V of each head of each layer of ``model``, K and Q of a rows, V of e rows, on d features."""

    model: Model
    heads: list[list[list[Array]]]

    @classmethod
    def of(cls, model: Model) -> AttentionLayers:
        """Those of a model whose hidden units are heads."""
        layers = [u for u in model.units if isinstance(u, Heads)]
        return cls(model, [[[model.places[name] for name in head] for head in u.blocks] for u in layers])

    @property
    def count(self) -> int:
        """Heads of a layer."""
        return len(self.heads[0])

    def ranks(self, layer: int) -> tuple[int, int]:
        """The largest ranks of K^T Q and of V."""
        k, _, v = self.heads[layer][0]
        return min(k.shape), min(v.shape)

    def with_heads(self, count: int) -> Model | None:
        """The network with another number of heads in each layer."""
        return self._resized({}, count)

    def with_rows(self, layer: int, rows: int) -> Model | None:
        """The network with so many rows of K and Q in one layer; None for several heads, of which it would change all."""
        return self._resized({self._rows_of(layer): rows}, self.count) if self.count == 1 else None

    def _rows_of(self, layer: int) -> int:
        """The place among the hidden units of the rows of K and Q of a layer, which stand before its heads."""
        return [i for i, u in enumerate(self.model.units) if isinstance(u, Heads)][layer] - 1

    def _resized(self, changed: dict[int, int], heads: int) -> Model | None:
        if self.model.resized is None:
            return None
        sizes: list[Size] = [heads if isinstance(u, Heads) else size_of(u) for u in self.model.units]
        for place, size in changed.items():
            assert isinstance(self.model.units[place], Units)
            sizes[place] = size
        return self.model.resized(tuple(sizes))


def head_strata(model: Model) -> list[WeightStratum]:
    """Strata with one head altered, or two where they are alike, in one layer; others are intersections of these."""
    attention = AttentionLayers.of(model)
    out: list[WeightStratum] = []
    for l, heads in enumerate(attention.heads):
        where = f" of layer {l + 1}" if len(attention.heads) > 1 else ""
        if attention.count > 1:
            out += _pairs(attention, l, where)
        last = f"head {attention.count}" if attention.count > 1 else ""
        out += _ranks(attention, l, heads[-1], f", {last}{where}" if last else where)
    return [*out, *silent_layers(model)]


def _sizes(attention: AttentionLayers, layer: int, heads: int, scores: int, values: int) -> Sizes:
    """Heads, rank of the last head's K^T Q and of its V in each layer; full but in one."""
    full = [(attention.count, *attention.ranks(l)) for l in range(len(attention.heads))]
    full[layer] = (heads, scores, values)
    return (tuple(n for one in full for n in one),)


def _ranks(attention: AttentionLayers, l: int, head: list[Array], where: str) -> list[WeightStratum]:
    """K^T Q of lower rank, by the types of the chain d - a - d; V of lower rank; both of rank one."""
    model = attention.model
    k, q, v = head
    a, d = k.shape
    full, wide = attention.ranks(l)
    rest = free_places(model, [k, q])
    out = []
    for profile in rank_profiles((d, a, d)):
        r = profile.end_to_end
        if not 0 < r < full:
            continue
        parameters, put = orbit(profile)
        embed = _scores(model, rest, k, q, put)
        kind = "rank-one attention" if r == 1 else "rank"
        small = attention.with_rows(l, r)
        name = f"attention of rank {r}{where} ({profile_name(profile).replace('layers', 'Q and K').replace('W2 W1', 'K^T Q')})"
        sizes = _sizes(attention, l, attention.count, r, wide)
        out.append(_stratum(name, kind, model, len(rest) + parameters, embed, small, sizes))
    for r in range(wide - 1, 0, -1):
        parameters, embed = low_rank(v, free_places(model, [v]), r, model.parameters)
        out.append(
            _stratum(f"V of rank {r}{where}", "rank", model, parameters, embed, None, _sizes(attention, l, attention.count, full, r))
        )
    if full > 1 and wide > 1:
        out.append(_rank_one(attention, l, head, where))
    return out


def _rank_one(attention: AttentionLayers, l: int, head: list[Array], where: str) -> WeightStratum:
    """K = b k^T, Q = c q^T and V = u v^T: f = (b.c) u (v.XX^T k) q^T X."""
    model = attention.model
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

    sizes = _sizes(attention, l, attention.count, 1, 1)
    return _stratum(f"attention and V of rank 1{where}", "rank-one attention", model, total, embed, None, sizes)


def _exchange(attention: AttentionLayers, exchanged: bool, of_k: bool) -> WeightStratum:
    """V = u v^T and K^T Q = k q^T, with k and v ``exchanged`` or not: (v.XX^T k) is symmetric in them. Further rows of Q are free, or
    of K (``of_k``), as those of the other are zero."""
    model = attention.model
    k, q, v = attention.heads[0][0]
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
    return replace(_stratum(name, "rank-one attention", model, 3 * d + e + extra, embed, None, sizes), free=extra)


def head_families(model: Model) -> list[WeightStratum]:
    """Strata over the same functions with common parameters of these functions: heads without effect, K or Q with zero rows, and the
    exchange of k and v where both K^T Q and V have rank one. For one layer."""
    attention = AttentionLayers.of(model)
    if len(attention.heads) > 1:
        return []
    if attention.count > 1:
        return [s for s in head_strata(model) if s.free is not None and s.sizes and s.sizes[0][0] < attention.count]
    k, q, v = attention.heads[0][0]
    out = []
    for r in range(1, min(k.shape)):
        corner = _first(attention, 1, r)
        for gone, what in ((k[r:], "K"), (q[r:], "Q")):
            free = np.concatenate([corner, np.setdiff1d(free_places(model, [gone]), corner)])
            sizes = _sizes(attention, 0, 1, r, min(v.shape))
            name = f"{what} with {r} nonzero rows"
            extra = len(free) - len(corner)
            small = attention.with_rows(0, r)
            out.append(replace(_stratum(name, "rank", model, len(free), _kept(model, free), small, sizes), free=extra))
    return [*out, *(_exchange(attention, exchanged, of_k) for exchanged in (False, True) for of_k in (False, True))]


def _first(attention: AttentionLayers, heads: int, rows: int) -> Array:
    """Where the weights of a network of one layer with fewer or smaller heads go: into the first heads, the first rows of K and Q."""
    first = attention.heads[0][:heads]
    kept = [[head[i] if i == 2 else head[i][:rows] for head in first] for i in range(3)]
    return np.concatenate([places.reshape(-1) for letter in kept for places in letter])


def _pairs(attention: AttentionLayers, l: int, where: str) -> list[WeightStratum]:
    """The last head dead; the first two with proportional K^T Q, or with proportional V."""
    model, heads, h = attention.model, attention.heads[l], attention.count
    alone = len(attention.heads) == 1
    fewer = attention.with_heads(h - 1) if alone else None
    sizes = _sizes(attention, l, h - 1, *attention.ranks(l))
    corner = _first(attention, h - 1, len(heads[0][0])) if alone else None
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
        out.append(
            replace(_stratum(f"head {h}{where} {what}", kind, model, len(free), _kept(model, free), fewer, sizes, h), free=extra)
        )
    pairs = comb(h, 2)
    parameters, embed = _equal_scores(model, heads[0], heads[1])
    out.insert(
        0, _stratum(f"heads 1 and 2{where} with proportional K^T Q", "equal heads", model, parameters, embed, fewer, sizes, pairs)
    )
    parameters, embed = _equal_values(model, heads[0][2], heads[1][2])
    alike = _stratum(f"heads 1 and 2{where} with proportional V", "equal values", model, parameters, embed, None, (), pairs)
    return [*out, alike]


def _equal_scores(model: Model, first: list[Array], second: list[Array]) -> tuple[int, Embedding]:
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


def _equal_values(model: Model, first: Array, second: Array) -> tuple[int, Embedding]:
    free = free_places(model, [second])

    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s[: len(free)]
        out[second] = out[first] * s[len(free) :].reshape(1, 1)
        return out

    return len(free) + 1, embed


def _scores(model: Model, rest: Array, k: Array, q: Array, put: Matrices) -> Embedding:
    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[rest] = s[: len(rest)]
        queries, keys = put(s[len(rest) :])
        out[q], out[k] = queries, keys.T
        return out

    return embed


def _kept(model: Model, free: Array) -> Embedding:
    def embed(s: Array) -> Array:
        out = np.zeros(model.parameters, dtype=s.dtype)
        out[free] = s
        return out

    return embed


def _stratum(
    name: str, kind: str, model: Model, parameters: int, embed: Embedding, small: Model | None, sizes: Sizes, copies: int = 1
) -> WeightStratum:
    """A stratum over a smaller network; where that has no notation it is the stratum's own model."""
    return WeightStratum(name, kind, model, parameters, embed, small or own_model(name, model, parameters, embed), sizes, copies)
