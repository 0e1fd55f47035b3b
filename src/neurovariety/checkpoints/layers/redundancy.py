"""Which channels of a hidden layer are redundant, exactly: unread, constant, multiples of another, or dependent polynomials."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from math import comb

import flint
import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.nonlinearity import Algebraic, Relation
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Reader
from neurovariety.checkpoints.layers.neuron_relations import pushed, silenced
from neurovariety.checkpoints.layers.neuron_rows import exact_biases, exact_rows, proportional_classes, residues
from neurovariety.checkpoints.layers.removals import NOTHING, Combination, Removal, balanced, columns, takes_constants
from neurovariety.linear_algebra import matmul_mod, random_prime, rank, reduce_mod
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

MOST_DEPENDENT = 160
"""Widest layer whose dependent polynomials are eliminated over Q: the fractions grow with the width."""
_MOST_DEGREE = 12
"""Largest degree of an activation for that, for the same reason."""


def redundant(network: Network, layer: HiddenLayer, seed: int) -> list[Removal]:
    """Channels that can be removed together; at least one channel stays. Empty: nothing redundant was found.

    Where the channels fall into groups, of grouped convolutions that make or read them, an equal number of each group is removed.
    """
    if layer.parts == 1:
        return every_redundant(network, layer, seed)
    return balanced(every_redundant(network, layer, seed), layer) if layer.parts < layer.width else []


def unbalanced(network: Network, layer: HiddenLayer, seed: int) -> int:
    """How many redundant channels have to stay, because groups of equal length would not be left without them."""
    if not 1 < layer.parts < layer.width:
        return 0
    found = every_redundant(network, layer, seed)
    return len(found) - len(balanced(found, layer))


def every_redundant(network: Network, layer: HiddenLayer, seed: int) -> list[Removal]:
    """Channels that can be removed together, as far as groups of equal length need not be left; at least one channel stays.

    Complete for unread, constant and proportional neurons, as far as the activation's value is rational and nothing stands in the
    way (a constant beside a zero padding); for polynomials also linear dependence of any number of neurons, up to `MOST_DEPENDENT`.
    """
    found: dict[int, Removal] = {}
    unread = [all(not np.any(columns(network, r)[:, r.channel == i]) for r in layer.readers) for i in range(layer.width)]
    for i in np.flatnonzero(unread).tolist():
        found[i] = Removal(i, (NOTHING,) * len(layer.readers), "unread")
    weight = np.asarray(network.weights[layer.producer.weights["weight"]]).reshape(layer.width, -1)
    flat = np.flatnonzero(~weight.astype(bool).any(axis=1))
    dead = [i for i in [*flat.tolist(), *_flattened(network, layer, flat)] if i not in found]
    for i, constant in zip(dead, exact_biases(network, layer, dead), strict=True):
        combinations = _combinations(network, layer, i, i, (Fraction(0), constant))
        if combinations is not None:
            found[i] = Removal(i, combinations, "constant", Combination((), constant))
    for i, combinations in _silenced(network, layer, found):
        found[i] = Removal(i, combinations, "constant")
    each = layer.width // layer.parts
    classes = proportional_classes(network, layer, seed, found)
    for members in ([i for i in c if i // each == part] for c in classes for part in sorted({i // each for i in c})):
        kept: list[int] = []
        first = dict(zip(members, _first_entries(exact_rows(network, layer, members)), strict=True))
        for i in members:
            if i in found:
                continue
            for j in kept:
                c = first[i] / first[j]  # the rows of a class are multiples of each other
                combinations = _combinations(network, layer, i, j, (c, Fraction(0)))
                if combinations is not None:
                    made = Combination(((j, c),), Fraction(0))
                    found[i] = Removal(i, combinations, "equal" if c == 1 else "proportional", made)
                    break
            else:
                kept.append(i)
    if not found and layer.parts == 1:
        found = {r.channel: r for r in _dependent(network, layer, seed)}
    if len(found) == layer.width:
        found.pop(max(found))
    return [found[i] for i in sorted(found)]


def _first_entries(rows: Array) -> list[Fraction]:
    """The first entry of each row that is not 0; the rows are not 0."""
    return [Fraction(next(v for v in row if v)) for row in rows]


def _flattened(network: Network, layer: HiddenLayer, known: Array) -> list[int]:
    """Channels that a batch norm of scale 0 makes constant."""
    out: set[int] = set()
    for node in layer.leading:
        if "scale" in node.weights:
            out |= set(np.flatnonzero(~np.asarray(network.weights[node.weights["scale"]]).astype(bool)).tolist())
    return sorted(out - set(known.tolist()))


def _silenced(network: Network, layer: HiddenLayer, known: Collection[int]) -> list[tuple[int, tuple[Combination, ...]]]:
    """Channels that a later batch norm of scale 0 or a depthwise filter of zeros makes constant, on the way to every reader."""
    out = []
    for i in range(layer.width):
        if i in known:
            continue
        constants = [silenced(network, r.path, i) for r in layer.readers]
        found = [c for c, r in zip(constants, layer.readers, strict=True) if c is not None and (not c or takes_constants(r))]
        if len(found) == len(layer.readers):
            out.append((i, tuple(Combination((), c) for c in found)))
    return out


def _combinations(network: Network, layer: HiddenLayer, i: int, j: int, relation: Relation) -> tuple[Combination, ...] | None:
    out = []
    for reader in layer.readers:
        got = pushed(network, reader.path[len(layer.leading) :], i, j, relation)
        if got is None or (got[1] and not takes_constants(reader)):
            return None
        out.append(Combination(((j, got[0]),) if got[0] else (), got[1]))
    return tuple(out)


def _polynomial(layer: HiddenLayer) -> tuple[Fraction, ...] | None:
    """The coefficients of the activation where all readers see one polynomial and then only linear maps of each channel."""
    found = set()
    for reader in layer.readers:
        rest: Sequence[Node] = reader.path[len(layer.leading) :]
        if not rest or rest[0].function is None or not all(_linear(n) for n in rest[1:]):
            return None
        record = activation(rest[0].attributes)
        if not isinstance(record, Algebraic) or record.degree(rest[0].attributes) is None:
            return None
        found.add(record.ratio(rest[0].attributes)[0])
    return next(iter(found)) if len(found) == 1 else None


def _linear(node: Node) -> bool:
    channelwise = operation(node).channelwise
    return channelwise is not None and channelwise.linear


def _keeps_constants(reader: Reader) -> bool:
    return takes_constants(reader) and not any(operation(n).pads(n) for n in reader.path)


def _dependent(network: Network, layer: HiddenLayer, seed: int) -> list[Removal]:
    """Neurons whose polynomials are linear combinations of those of others, up to a constant.

    With f_i = sum_m g_im (w_i . x)^m, the sum over m of g_im g_jm (w_i . w_j)^m is the inner product of f_i and f_j in which forms
    of different degree are orthogonal and those of one degree have Bombieri's; it is positive definite on polynomials without
    constant, so the kernel of this Gram matrix is exactly the space of linear relations.
    """
    coefficients = _polynomial(layer)
    if coefficients is None or not 2 <= layer.width <= MOST_DEPENDENT or len(coefficients) - 1 > _MOST_DEGREE:
        return []
    if _full_rank(network, layer, coefficients, seed):
        return []
    rows = exact_rows(network, layer)
    gram = _gram(exact_matmul(rows[:, :-1], rows[:, :-1].T), _pieces(rows[:, -1], coefficients))
    n = layer.width
    matrix = flint.fmpq_mat(n, n, [flint.fmpq(v.numerator, v.denominator) for v in gram.reshape(-1).tolist()])
    reduced, found = matrix.rref()
    pivots, at = [], 0
    for r in range(found):
        while reduced[r, at] == 0:
            at += 1
        pivots.append(at)
    constants = _pieces(rows[:, -1], coefficients)[0]
    out = []
    for i in sorted(set(range(n)) - set(pivots)):
        terms = [(j, Fraction(int(reduced[r, i].p), int(reduced[r, i].q))) for r, j in enumerate(pivots) if reduced[r, i] != 0]
        constant = constants[i] - sum((c * constants[j] for j, c in terms), Fraction(0))
        if constant and not all(_keeps_constants(r) for r in layer.readers):
            continue
        out.append(Removal(i, (Combination(tuple(terms), constant),) * len(layer.readers), "dependent"))
    return out


def _pieces(bias: Array, coefficients: Sequence[Fraction]) -> list[Array]:
    """g_m: the factors of (w . x)^m in sigma(w . x + bias), for m = 0, 1, ..."""
    powers = [to_fractions(np.ones(len(bias)))]
    for _ in coefficients[1:]:
        powers.append(powers[-1] * bias)
    zero = to_fractions(np.zeros(len(bias)))
    return [sum((c * comb(k, m) * powers[k - m] for k, c in enumerate(coefficients) if k >= m), zero) for m in range(len(coefficients))]


def _gram(inner: Array, pieces: list[Array]) -> Array:
    total, power = to_fractions(np.zeros(inner.shape)), to_fractions(np.ones(inner.shape))
    for piece in pieces[1:]:
        power = power * inner
        total = total + piece[:, None] * piece[None, :] * power
    return total


def _full_rank(network: Network, layer: HiddenLayer, coefficients: Sequence[Fraction], seed: int) -> bool:
    """Whether the Gram matrix is invertible mod a prime, which proves that there is no relation."""
    rng = generator(seed, "checkpoints.layers.redundancy")
    p = random_prime(PRIME_BITS, rng)
    rows = exact_rows(network, layer)
    try:
        exact = residues(rows, p)
        pieces = [residues(g, p) for g in _pieces(rows[:, -1], coefficients)]
    except ZeroDivisionError:
        return False
    weights = reduce_mod(exact[:, :-1].astype(np.float64), p)
    inner: Array = matmul_mod(weights, np.ascontiguousarray(weights.T), p).astype(np.int64) % p
    total = np.zeros_like(inner)
    power = np.ones_like(inner)
    for piece in pieces[1:]:
        power = power * inner % p
        total = (total + piece[:, None] * piece[None, :] % p * power) % p
    return bool(rank(reduce_mod(total.astype(np.float64), p), p, overwrite=True) == layer.width)
