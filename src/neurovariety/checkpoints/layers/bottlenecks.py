"""Two matrices in a row: the hidden width can be narrowed to the rank of what passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.neuron_rows import residues
from neurovariety.checkpoints.layers.removals import with_bias
from neurovariety.linear_algebra import random_prime, rank, reduce_mod
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

MOST_NARROWED = 160
"""Widest bottleneck that is narrowed over Q: the fractions of an elimination grow with the rank."""


def narrowed(network: Network, layer: HiddenLayer, seed: int) -> Network | None:
    """The same function with the least width between these two matrices; None where it is least already, or too wide to eliminate.

    V (W x + b) + c: rows of W that depend on others are given to these (then W has full rank), and then columns of V; the width is
    the rank of V W at the end. Raises nothing; exact over Q.
    """
    reader = layer.readers[0].node
    producer = layer.producer
    first = np.asarray(network.weights[producer.weights["weight"]])
    second = np.asarray(network.weights[reader.weights["weight"]])
    if likely_rank(first, seed) == layer.width == likely_rank(second, seed) or layer.width > MOST_NARROWED:
        return None
    w, v = to_fractions(first), to_fractions(second)
    b = to_fractions(network.weights[producer.weights["bias"]]) if "bias" in producer.weights else to_fractions(np.zeros(len(w)))
    shift = exact_matmul(v, b[:, None])[:, 0]  # the bias between the two passes as a constant
    combine, kept = row_basis(w)  # w = combine w[kept]
    w, v = w[kept], exact_matmul(v, combine)
    combine, kept = row_basis(v)  # v = combine v[kept], and v[kept] is absorbed by the first matrix
    w, v = exact_matmul(v[kept], w), combine
    if not len(w):  # a constant passes: one channel of zeros stays
        w, v = to_fractions(np.zeros((1, first.shape[1]))), to_fractions(np.zeros((len(second), 1)))
    if len(w) >= layer.width:
        return None
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    weights[producer.weights["weight"]], weights[reader.weights["weight"]] = w, v
    if "bias" in producer.weights:
        roles = {k: key for k, key in producer.weights.items() if k != "bias"}
        weights.pop(producer.weights["bias"])
        nodes[producer.name] = replace(producer, weights=roles)
    if any(shift):
        if "bias" in reader.weights:
            shift = shift + to_fractions(network.weights[reader.weights["bias"]])
        nodes[reader.name], key = with_bias(reader, weights)
        weights[key] = shift
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)


def row_basis(matrix: Shaped[np.ndarray, "rows columns"]) -> tuple[Shaped[np.ndarray, "rows rank"], list[int]]:
    """(C, rows) with matrix = C matrix[rows], the rows independent; Fractions."""
    m, n = matrix.shape
    transposed = flint.fmpq_mat(n, m, [flint.fmpq(v.numerator, v.denominator) for v in matrix.T.reshape(-1).tolist()])
    reduced, found = transposed.rref()
    kept, at = [], 0
    for r in range(found):
        while reduced[r, at] == 0:
            at += 1
        kept.append(at)
    combine = np.empty((m, found), dtype=object)
    for i in range(m):
        for r in range(found):
            combine[i, r] = Fraction(int(reduced[r, i].p), int(reduced[r, i].q))
    return combine, kept


def likely_rank(matrix: Array, seed: int) -> int:
    """A rank mod a prime: where it is full, so is the rank over Q."""
    rng = generator(seed, "checkpoints.layers.bottlenecks")
    while True:
        p = random_prime(PRIME_BITS, rng)
        try:
            return int(rank(reduce_mod(residues(matrix, p).astype(np.float64), p), p, overwrite=True))
        except ZeroDivisionError:
            continue


def images(products: Sequence[tuple[Array, Array]], seed: int) -> list[tuple[int, ...]]:
    """Each product of two matrices applied to one random vector mod a prime: other images are those of other products."""
    rng = generator(seed, "checkpoints.layers.bottlenecks.images")
    while True:
        p = random_prime(PRIME_BITS, rng)
        drawn = rng.integers(1, p, size=max((right.shape[1] for _, right in products), default=0), dtype=np.int64)
        try:
            return [tuple(_applied(left, _applied(right, drawn[: right.shape[1]], p), p).tolist()) for left, right in products]
        except ZeroDivisionError:
            continue


def _applied(matrix: Array, vector: Array, p: int) -> Array:
    """The matrix times a vector mod p, each product reduced before the sum."""
    return np.asarray((residues(matrix, p) * vector % p).sum(axis=1) % p)
