"""By how much do the outputs of two attentions differ, whose products of heads differ a little? Bounds by Euclidean norms, rounded up.

Rows x (a 1 appended) ask and rows y are asked, of norm at most X and Y as whole values. Scores differ by at most X |dM| Y + dX |M| Y +
X |M| dY + dX |M| dY, probabilities by half of that (see `across_slopes`), and what the heads add to the output by
|P| (|dN| Y + |N| dY) + |dP| |N| Y, where |P| is at most the root of the number of rows. The bias of the keys and the bases of a head
do not show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.activation_slopes import above
from neurovariety.certificates.attention_blocks import AttentionBlock, Strand, attention_block, constant_factor
from neurovariety.certificates.exact_arrays import same
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.network_shapes import Shape, shapes
from neurovariety.certificates.zeros import NotShown

_UP = 1 + 2.0**-28
_ROUNDED = 2.0**-50
_TINY = 1e-300
Norms = Mapping[str, tuple[float, float]]
"""Node -> bounds of the norm of its value in both networks, and of the difference."""


@dataclass(frozen=True, eq=False)
class AttentionPair:
    """The attention before a matrix in both networks, with bounds of |M|, |dM|, |N|, |dN| of all heads taken together.

    ``shift`` bounds the constants that add up in the output of one row, and how much they differ; ``rows`` counts rows of probabilities
    of all heads, ``positions`` those of one; ``factor`` bounds what scores are multiplied by, ``masks`` what the norms of the values
    that are added to them are.
    """

    block: AttentionBlock
    score: tuple[float, float]
    output: tuple[float, float]
    shift: tuple[float, float]
    rows: int
    positions: int
    factor: float
    masks: tuple[float, ...]

    def bound(self, found: Norms) -> tuple[float, float]:
        """Bounds of the norm of the output and of the difference, from those of the values before."""
        (x, dx), (y, dy), (v, dv) = (found[s.producer.inputs[0]] for s in self.block.strands)
        ones = math.sqrt(self.positions)
        x = math.hypot(x, ones) * _UP  # a 1 beside every row
        m, dm = self.score
        moved = self.factor * (x * dm * y + dx * m * y + x * m * dy + dx * m * dy)
        moved += sum(found[n][1] * copies for n, copies in zip(self.block.masks, self.masks, strict=True))
        mixed = math.sqrt(self.rows)
        n, dn = self.output
        shift, dshift = self.shift
        size = mixed * n * v + ones * shift
        error = mixed * (dn * v + n * dv) + min(moved / 2, 2 * mixed) * n * (v + dv) + ones * dshift
        return size * _UP**8, error * _UP**8


def attention_pairs(first: NetworkData, second: NetworkData, names: Mapping[str, str]) -> dict[str, AttentionPair]:
    """The readers of heads whose attention is understood in both networks, which have one graph."""
    known, others, table = shapes(first), {n.name: n for n in second.nodes}, shapes(second)
    out: dict[str, AttentionPair] = {}
    for node in first.nodes:
        if node.kind != "linear":
            continue
        try:
            one, two = attention_block(first, node, known), attention_block(second, others[names[node.name]], table)
            if _comparable(first, second, one, two):
                out[node.name] = _pair(first, second, one, two, known)
        except (NotShown, OverflowError):
            continue
    return out


def _comparable(first: NetworkData, second: NetworkData, one: AttentionBlock, two: AttentionBlock) -> bool:
    """Whether both read the same places, each of them once, and shift scores alike."""
    places = [(p.channel, q.channel) for p, q in zip(one.strands, two.strands, strict=True)]
    rows = [s.position for s in one.strands] + [one.position]
    shifts = [
        (first.weights[n.weights[r]], second.weights[m.weights[r]])
        for n, m in zip(one.chain, two.chain, strict=True)
        for r in n.weights
    ]
    factors = [[s.factor for s in block.strands] + [block.gain] for block in (one, two)]
    return (
        factors[0] == factors[1]
        and all(np.array_equal(p, q) for p, q in (*places, (one.columns, two.columns)))
        and all(len(np.unique(v)) == v.size for v in rows)
        and all(same(np.asarray(p), np.asarray(q)) for p, q in shifts)
    )


def _pair(
    first: NetworkData, second: NetworkData, one: AttentionBlock, two: AttentionBlock, known: Mapping[str, Shape | None]
) -> AttentionPair:
    sides = ((first, one), (second, two))
    scores, outputs = [], []
    for b in range(one.heads):
        scores.append(_products([(_rows(n, s.query, b).T, _rows(n, s.key, b)[:, :-1]) for n, s in sides]))
        outputs.append(_products([(_read(n, s, b), _rows(n, s.value, b)[:, :-1]) for n, s in sides]))
    gain = above(abs(one.gain)) * above(abs(one.value.factor))
    shape, soft, passed = (
        known[one.scores.name],
        known[one.chain[0].name],
        [abs(c) for n in one.chain if (c := constant_factor(first, n)) is not None],
    )
    masks = [known[n] for n in one.masks]
    if shape is None or shape != soft or None in masks:
        raise NotShown("a shape is not known, or masks repeat scores")
    copies = [math.sqrt(math.prod(shape) / max(math.prod(m or ()), 1)) * _UP for m in masks]
    return AttentionPair(
        one,
        _joined(scores, above(abs(one.query.factor)) * above(abs(one.key.factor))),
        _joined(outputs, gain),
        _shifts(sides),
        math.prod(shape[:-1]),
        math.prod(shape[:-1]) // one.heads,
        math.prod(map(above, passed)) * _UP,
        tuple(c * math.prod(max(1.0, above(f)) for f in passed) * _UP for c in copies),
    )


def _shifts(sides: Sequence[tuple[NetworkData, AttentionBlock]]) -> tuple[float, float]:
    """Bounds of the norm of what constants add to a row of the output, and of the difference."""
    found, lost = [], 0.0
    for network, block in sides:
        gain = float(block.gain * block.value.factor)
        key, width = block.reader.weights.get("bias"), len(np.asarray(network.weights[block.reader.weights["weight"]]))
        total = np.zeros(width) if key is None else np.asarray(network.weights[key]).astype(np.float64)
        sizes = np.abs(total)
        for b in range(block.heads):
            read, bias = _read(network, block, b), _rows(network, block.value, b)[:, -1]
            total = total + gain * (read @ bias)
            sizes = sizes + abs(gain) * (np.abs(read) @ np.abs(bias))
        found.append(total)
        lost += float(np.linalg.norm(sizes)) * (block.columns.size + 8) * _ROUNDED
    one, two = found
    return (
        max(float(np.linalg.norm(v)) for v in found) * _UP + lost + _TINY,
        float(np.linalg.norm(one - two)) * _UP + lost + _TINY,
    )


def _joined(pairs: Sequence[tuple[np.ndarray, np.ndarray]], factor: float) -> tuple[float, float]:
    """Bounds of the norm of all matrices beside each other, and of all differences."""
    size, change = (math.sqrt(sum(float((m**2).sum()) for m in found)) for found in zip(*pairs, strict=True))
    return (size * _UP + _TINY) * factor * _UP, (change * _UP + _TINY) * factor * _UP


def _products(pair: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Bounds, entry by entry, of the size of two products and of their difference."""
    (a, b), (c, d) = pair
    one, two = a @ b, c @ d
    lost = (np.abs(a) @ np.abs(b) + np.abs(c) @ np.abs(d)) * ((a.shape[1] + 4) * _ROUNDED)
    return np.maximum(np.abs(one), np.abs(two)) * _UP + lost, np.abs(one - two) * _UP + lost + _TINY


def _rows(network: NetworkData, strand: Strand, head: int) -> np.ndarray:
    rows = np.asarray(network.weights[strand.producer.weights["weight"]])[strand.channel[head]].astype(np.float64)
    key = strand.producer.weights.get("bias")
    bias = np.zeros(len(rows)) if key is None else np.asarray(network.weights[key])[strand.channel[head]].astype(np.float64)
    return np.concatenate([rows, bias[:, None]], axis=1)


def _read(network: NetworkData, block: AttentionBlock, head: int) -> np.ndarray:
    return np.asarray(network.weights[block.reader.weights["weight"]])[:, block.columns[head]].astype(np.float64)
