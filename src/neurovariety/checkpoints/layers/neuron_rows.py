"""The rows of a hidden layer: weights and bias of each neuron with batch norm folded in; which are zero, equal or proportional.

Exact and fast: rows are reduced mod a random prime and compared by a hash that is the same for proportional rows, so that a
million weights take seconds and no pair is missed but with probability about 1/p; every pair found is then compared in fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Int, Num, Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Numbers, integers, to_floats, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.neuron_relations import affine
from neurovariety.linear_algebra import random_prime
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

_HASH_BITS = 31
"""Products of two residues stay below 2**62."""
_SUM = 2**31
"""Products that may be added in uint64 after a reduction."""
_BLOCK = 2048
"""Rows of a Gram matrix at a time: 2048 x 20,000 in float64 is 320 MiB."""


def exact_rows(network: Network, layer: HiddenLayer, which: Sequence[int] | None = None) -> Shaped[np.ndarray, "neurons entries"]:
    """Rows (neurons, inputs + 1), bias last, as Fractions: what the activation is applied to, batch norm folded in."""
    weight = np.asarray(network.weights[layer.producer.weights["weight"]])
    chosen = np.arange(layer.width) if which is None else np.asarray(which, dtype=int)
    rows = to_fractions(weight.reshape(layer.width, -1)[chosen])
    if "bias" in layer.producer.weights:
        bias = to_fractions(np.asarray(network.weights[layer.producer.weights["bias"]])[chosen])
    else:
        bias = to_fractions(np.zeros(len(chosen)))
    for node in layer.leading:
        t, u = (v[chosen] for v in affine(network, node))
        rows, bias = rows * t[:, None], bias * t + u
    return np.concatenate([rows, bias[:, None]], axis=1)


def exact_biases(network: Network, layer: HiddenLayer, which: Sequence[int]) -> Shaped[np.ndarray, " neurons"]:
    """The last entries of these rows alone: the constants that neurons without weights are."""
    key = layer.producer.weights.get("bias")
    bias = to_fractions(np.zeros(len(which)) if key is None else np.asarray(network.weights[key])[list(which)])
    for node in layer.leading:
        t, u = (v[list(which)] for v in affine(network, node))
        bias = bias * t + u
    return bias


def float_rows(network: Network, layer: HiddenLayer) -> Num[np.ndarray, "neurons entries"]:
    """The same in float64."""
    weight = to_floats(network.weights[layer.producer.weights["weight"]])
    rows = weight.reshape(layer.width, -1)
    bias = to_floats(network.weights[layer.producer.weights["bias"]]) if "bias" in layer.producer.weights else np.zeros(layer.width)
    for node in layer.leading:
        t, u = (to_floats(v) for v in affine(network, node))
        with np.errstate(all="ignore"):
            rows, bias = rows * t[:, None], bias * t + u
    return np.concatenate([rows, bias[:, None]], axis=1)


def of_size_one(values: Array) -> tuple[Array, int]:
    """The array times a power of two, 2**-exponent, so that its largest entry is between 1/2 and 1; with that exponent.

    Infinite entries (batch norm folded into weights near the end of float64) count as the largest number.
    """
    largest = float(np.finfo(np.float64).max)
    finite = np.nan_to_num(values, nan=0.0, posinf=largest, neginf=-largest)
    exponent = int(np.frexp(np.abs(finite).max(initial=0.0))[1])
    return np.ldexp(finite, -exponent), exponent


def residues(values: Numbers, p: int) -> Int[np.ndarray, ...]:
    """Entries mod p as int64: floats are m 2^e, Fractions quotients. A denominator divisible by p raises ZeroDivisionError."""
    array = np.asarray(values)
    if array.dtype != object:
        mantissa, exponent = np.frexp(to_floats(array))
        whole = np.ldexp(mantissa, 53).astype(np.int64) % p
        powers = exponent.astype(np.int64) - 53
        low = int(powers.min(initial=0))
        high = int(powers.max(initial=0))
        table = np.array([pow(2, k, p) if k >= 0 else pow(pow(2, -k, p), -1, p) for k in range(low, high + 1)], dtype=np.int64)
        return np.asarray(whole * table[powers - low] % p)
    inverses: dict[int, int] = {}  # denominators repeat: powers of two, and those of one elimination

    def inverse(n: int) -> int:
        if n not in inverses:
            if n % p == 0:
                raise ZeroDivisionError("a denominator is divisible by the prime")
            inverses[n] = pow(n, -1, p)
        return inverses[n]

    numbers = [v if isinstance(v, Fraction) else Fraction(v) for v in array.reshape(-1).tolist()]
    return np.array([q.numerator % p * inverse(q.denominator) % p for q in numbers], dtype=np.int64).reshape(array.shape)


def _residue_rows(network: Network, layer: HiddenLayer, p: int) -> Array:
    rows = residues(np.asarray(network.weights[layer.producer.weights["weight"]]).reshape(layer.width, -1), p)
    bias = np.zeros(layer.width, dtype=np.int64)
    if "bias" in layer.producer.weights:
        bias = residues(network.weights[layer.producer.weights["bias"]], p)
    for node in layer.leading:
        t, u = (residues(v, p) for v in affine(network, node))
        rows, bias = rows * t[:, None] % p, (bias * t + u) % p
    return np.concatenate([rows, bias[:, None]], axis=1)


def proportional_classes(network: Network, layer: HiddenLayer, seed: int, without: Iterable[int] = ()) -> list[list[int]]:
    """Classes of two or more neurons whose rows, biases included, are nonzero multiples of each other; zero rows are left out.

    So are the neurons ``without``.
    """
    left_out = set(without)
    buckets: dict[tuple[int, int], list[int]] = {}
    for i, key in enumerate(direction_keys(lambda p: _residue_rows(network, layer, p), seed)):
        if key is not None and i not in left_out:
            buckets.setdefault(key, []).append(i)
    classes = []
    for members in buckets.values():
        if len(members) > 1:
            classes += _confirmed(exact_rows(network, layer, members), members)
    return sorted(classes)


def direction_keys(rows_mod: Callable[[int], Array], seed: int) -> list[tuple[int, int] | None]:
    """A key for each row that is the same for its nonzero multiples, and for other rows but with probability about 1/p; None for zero.

    ``rows_mod`` gives the rows mod a prime, or raises `ZeroDivisionError` for one that does not fit.
    """
    rng = generator(seed, "checkpoints.layers.neuron_rows")
    while True:
        p = random_prime(_HASH_BITS, rng)
        try:
            rows = rows_mod(p)
        except ZeroDivisionError:
            continue
        draws = rng.integers(1, p, size=(3, rows.shape[1]), dtype=np.int64)
        hashes = np.stack([_dots(rows, u, p) for u in draws])
        zero = ~rows.any(axis=1)
        if np.all(hashes[0][~zero]):
            break  # else a nonzero row has hash 0: draw again
    keys: list[tuple[int, int] | None] = [None] * len(rows)
    for i in np.flatnonzero(~zero).tolist():
        inverse = pow(int(hashes[0][i]), -1, p)
        keys[i] = int(hashes[1][i]) * inverse % p, int(hashes[2][i]) * inverse % p
    return keys


def _dots(rows: Array, u: Array, p: int) -> Array:
    """rows . u mod p; each product is reduced before the sum, which has far fewer than 2**31 terms."""
    assert rows.shape[1] < _SUM
    return np.asarray((rows * u % p).sum(axis=1) % p)


def _confirmed(rows: Array, members: list[int]) -> list[list[int]]:
    """Neurons of one hash sorted into classes of exactly proportional rows."""
    classes: list[tuple[Array, list[int]]] = []
    for row, i in zip(rows, members, strict=True):
        for first, found in classes:
            if ratio(row, first) is not None:
                found.append(i)
                break
        else:
            classes.append((row, [i]))
    return [found for _row, found in classes if len(found) > 1]


def ratio(row: Shaped[np.ndarray, " entries"], other: Shaped[np.ndarray, " entries"]) -> Fraction | None:
    """The number c with row = c other, exactly; None where there is none, or ``other`` is zero."""
    k = next((k for k, v in enumerate(other) if v), None)
    if k is None:
        return None
    (mine, _), (theirs, _) = integers(np.asarray(row)), integers(np.asarray(other))
    if np.any(mine * theirs[k] != theirs * mine[k]):
        return None
    return Fraction(row[k]) / Fraction(other[k])


def nearest_pairs(
    rows: Num[np.ndarray, "neurons entries"], kind: str
) -> tuple[Num[np.ndarray, " neurons"], Int[np.ndarray, " neurons"]]:
    """For each neuron, the nearest distance at which it and another become redundant, and that other (-1 where there is none).

    ``kind`` is what `scalings` says: equal rows (none), equal or opposite (sign), one a nonnegative multiple of the other (positive)
    or any multiple (any). The distance is how far the weights of the two have to move, in Euclidean norm.
    """
    n = len(rows)
    distance, partner = np.full(n, np.inf), np.full(n, -1)
    squares = (rows**2).sum(axis=1)
    for start, gram in _gram_blocks(rows):
        at = np.arange(start, start + len(gram))
        mine = squares[at][:, None]
        half = np.abs(gram) if kind == "sign" else gram
        if kind in ("none", "sign"):
            moved = np.maximum(mine + squares[None, :] - 2 * half, 0) / 2
        else:
            total, difference = mine + squares[None, :], mine - squares[None, :]
            root = np.sqrt(difference**2 + 4 * gram**2)
            moved = np.maximum(total - root, 0) / 2  # square of the smaller singular value of the two rows
            if kind == "positive":
                moved = np.where(gram > 0, moved, np.minimum(mine, squares[None, :]))
        moved[np.arange(len(at)), at] = np.inf
        partner[at] = moved.argmin(axis=1)
    if n < 2:
        return distance, np.full(n, -1)
    return _distance(rows, rows[partner], kind), partner


def _distance(a: Array, b: Array, kind: str) -> Array:
    """The distances of `nearest_pairs` row by row, without the cancellation of Gram matrices."""
    equal, opposite = (np.linalg.norm(a - b, axis=1) / np.sqrt(2), np.linalg.norm(a + b, axis=1) / np.sqrt(2))
    if kind in ("none", "sign"):
        return np.asarray(equal if kind == "none" else np.minimum(equal, opposite))
    long, inner = (b**2).sum(axis=1), (a * b).sum(axis=1)
    along = np.divide(inner, long, out=np.zeros_like(inner), where=long > 0)
    area = np.sqrt(long) * np.linalg.norm(a - along[:, None] * b, axis=1)  # product of the two singular values
    short = (a**2).sum(axis=1)
    largest = np.sqrt((long + short + np.sqrt((long - short) ** 2 + 4 * inner**2)) / 2)
    line = np.divide(area, largest, out=np.zeros_like(area), where=largest > 0)
    if kind == "any":
        return np.asarray(line)
    return np.asarray(np.where(inner > 0, line, np.sqrt(np.minimum(long, short))))


def _gram_blocks(rows: Array) -> Iterator[tuple[int, Array]]:
    for start in range(0, len(rows), _BLOCK):
        yield start, rows[start : start + _BLOCK] @ rows.T
