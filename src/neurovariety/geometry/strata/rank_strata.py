"""Strata of chains of matrices by the ranks of their partial products, and of a single matrix by its rank."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from neurovariety.architectures import Linear
from neurovariety.geometry.strata.rank_profiles import RankProfile, profile_name, rank_profiles
from neurovariety.geometry.strata.weight_stratum import Embedding, WeightStratum, own_model
from neurovariety.model import Model
from neurovariety.parametrization import Layers
from neurovariety.rings.ring import Array

Matrices = Callable[[Array], list[Array]]
"""A polynomial map to a chain of matrices."""


def multiplied(model: Model) -> Layers | None:
    """The layers of a model whose weights are all multiplied, up to slopes between them: a linear network; None of any other."""
    layers = model.parametrization
    plain = isinstance(layers, Layers) and layers.linear and not layers.biases and not layers.skips
    return layers if plain and isinstance(layers, Layers) else None


def rank_strata(model: Model, layers: Layers, most: int) -> list[WeightStratum]:
    """Strata of a linear network, one a rank profile."""
    blocks = [model.places[name] for name in layers.weights]
    out = []
    for profile in rank_profiles(layers.widths)[:most]:
        parameters, put = orbit(profile)
        r = profile.end_to_end
        embed = _placed(blocks, put, model.parameters)
        name = profile_name(profile)
        small = None
        if r:  # without hidden units a matrix of lower rank is no smaller network
            small = of_rank(layers.widths, r) if len(blocks) > 1 else own_model(name, model, parameters, embed)
        out.append(
            WeightStratum(
                name=name,
                kind="rank" if r else "zero",
                model=model,
                parameters=parameters,
                embed=embed,
                small=small,
                sizes=((r,),) if r else (),
                profile=profile,
            )
        )
    return out


@cache
def of_rank(widths: tuple[int, ...], r: int) -> Model:
    """The network of the matrices of rank at most r; its theorems take seconds for large matrices."""
    return Linear((widths[0], *(r for _ in widths[1:-1]), widths[-1])).model


def orbit(profile: RankProfile) -> tuple[int, Matrices]:
    """A polynomial map onto a dense part of the orbit: s -> [W_1, ..., W_L].

    W_l = G_l E_l G_{l-1}^-1 for the chain E of zeros and scalars and G_l = lower times upper unipotent, whose inverses are polynomials.
    """
    chain = profile.matrices()
    triangles = [d * (d - 1) // 2 for d in profile.widths]
    ones = [np.argwhere(e) for e in chain]
    total = 2 * sum(triangles) + sum(map(len, ones))

    def matrices(s: Array) -> list[Array]:
        at = 0
        bases, inverses = [], []
        for d, t in zip(profile.widths, triangles, strict=True):
            lower, upper = unipotent(s[at : at + t], d), unipotent(s[at + t : at + 2 * t], d)
            bases.append((lower, upper.T))
            inverses.append((unipotent_inverse(lower), unipotent_inverse(upper).T))
            at += 2 * t
        out = []
        for l, (e, places) in enumerate(zip(chain, ones, strict=True)):
            scaled = np.zeros(e.shape, dtype=s.dtype)
            for k, (a, b) in enumerate(places):
                scaled[a, b : b + 1] = s[at + k : at + k + 1]
            at += len(places)
            (lower, upper), (left, right) = bases[l + 1], inverses[l]
            out.append(lower @ (upper @ scaled @ right) @ left)
        return out

    return total, matrices


def unipotent(entries: Array, d: int) -> Array:
    """The lower unipotent (d, d) matrix with these d (d - 1) / 2 entries below its diagonal."""
    out = np.zeros((d, d), dtype=entries.dtype)
    out[np.arange(d), np.arange(d)] = 1
    out[np.tril_indices(d, -1)] = entries
    return out


def unipotent_inverse(lower: Array) -> Array:
    """Inverse of a lower unipotent matrix, by substitution."""
    d = len(lower)
    out = np.zeros((d, d), dtype=lower.dtype)
    for i in range(d):
        out[i, i : i + 1] = 1
        if i:
            out[i, :i] = -(lower[i : i + 1, :i] @ out[:i, :i])[0]
    return out


def _placed(blocks: list[Array], matrices: Matrices, parameters: int) -> Embedding:
    def embed(s: Array) -> Array:
        out = np.zeros(parameters, dtype=s.dtype)
        for places, matrix in zip(blocks, matrices(s), strict=True):
            out[places] = matrix
        return out

    return embed


def low_rank(places: Array, others: Array, r: int, parameters: int) -> tuple[int, Embedding]:
    """Weights whose block at ``places`` (rows, columns) is a product through dimension r, the ``others`` free."""
    rows, columns = places.shape
    left = rows * r

    def embed(s: Array) -> Array:
        out = np.zeros(parameters, dtype=s.dtype)
        out[others] = s[: len(others)]
        factors = s[len(others) :]
        out[places] = factors[:left].reshape(rows, r) @ factors[left:].reshape(r, columns)
        return out

    return len(others) + left + r * columns, embed
