"""Which heads of an attention are redundant, exactly: dead, of equal scores, or larger than the ranks of their products.

A head whose N = Wo Wv is zero adds a constant at most; of heads with equal scores one can do what both did, where its values suffice;
and the channels of a head can be as few as the rank of Wo Wv, and of [Wq bq]' Wk. All heads of an attention have one size, so that the
largest of these ranks counts. The bias of the keys shifts all scores of a row alike, which the softmax does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, exact_matmul, in_floats, to_fractions
from neurovariety.checkpoints.layers.attention_heads import AttentionHeads, HeadRows, Unshaped, head_rows, with_heads
from neurovariety.checkpoints.layers.bottlenecks import MOST_NARROWED, images, likely_rank, row_basis


@dataclass(frozen=True, eq=False)
class SmallerHeads:
    """The network with fewer or smaller heads, and the channels of queries, keys and values that went, by reason."""

    network: Network
    removed: dict[str, int]


def smaller_heads(
    network: Network, heads: AttentionHeads, seed: int, accept: Callable[[Network], bool] = lambda found: True
) -> SmallerHeads | None:
    """The same function with fewer or smaller heads; None where nothing was found.

    Complete for heads whose product is zero, and for the sizes of all heads where queries, keys and values may have their own; of heads
    with equal scores those are found whose values are combinations of another's. ``accept`` may refuse what was found.
    """
    rows = head_rows(network, heads)
    size, other = heads.size
    asked = len(heads.groups[0])  # queries that share the keys of a group, which goes as a whole
    shift = to_fractions(np.zeros(len(rows[0].output)))
    alive, shift, dead = _without_dead(rows, shift, seed)
    alive, shift, equal = _without_equal(alive, shift, seed)
    narrow = [_narrow(r, seed) for r in alive]
    needed = max(len(r.query) for r, _ in narrow), max(len(r.value) for r, _ in narrow)
    both = (max(needed), max(needed))
    tries = [t for t in dict.fromkeys((needed, both, (size, other))) if t[0] <= size and t[1] <= other]
    for wanted in tries:
        if len(alive) == len(rows) and wanted == (size, other):
            return None
        chosen, constant = [], shift
        for r, small in zip(alive, narrow, strict=True):
            made, added = _of_size(r, small, wanted)
            chosen.append(made)
            constant = constant + added
        try:
            found = with_heads(network, heads, chosen, constant.reshape(asked, -1).sum(axis=0))
        except Unshaped:
            continue
        if accept(found):
            return SmallerHeads(found, _removed(asked, (dead, equal, len(alive)), (size, other), wanted))
    return None


def _removed(asked: int, groups: tuple[int, int, int], before: tuple[int, int], after: tuple[int, int]) -> dict[str, int]:
    dead, equal, stay = groups
    each, less = (asked + 1) * before[0] + before[1], (asked + 1) * (before[0] - after[0]) + before[1] - after[1]
    found = {"dead head": dead * each, "equal head": equal * each, "rank of heads": stay * less}
    return {k: n for k, n in found.items() if n}


def _without_dead(rows: Sequence[HeadRows], shift: Array, seed: int) -> tuple[list[HeadRows], Array, int]:
    """Heads whose values never reach the output go, but for one; what their constants add is added."""
    alive = [not _is_dead(r, seed) for r in rows]
    if not any(alive):
        alive[0] = True
    for r, stays in zip(rows, alive, strict=True):
        if not stays:
            shift = shift + _constant(r)
    return [r for r, stays in zip(rows, alive, strict=True) if stays], shift, alive.count(False)


def _is_dead(r: HeadRows, seed: int) -> bool:
    used = np.any(r.output != 0, axis=0) & np.any(r.value[:, :-1] != 0, axis=1)
    if not used.any():
        return True
    (image,) = images([(r.output[:, used], r.value[used, :-1])], seed)
    if any(image):
        return False
    return not np.any(exact_matmul(to_fractions(r.output[:, used]), to_fractions(r.value[used, :-1])) != 0)


def _constant(r: HeadRows) -> Array:
    """What the bias of the values adds to the output."""
    return exact_matmul(to_fractions(r.output), to_fractions(r.value[:, -1:]))[:, 0]


def _without_equal(rows: list[HeadRows], shift: Array, seed: int) -> tuple[list[HeadRows], Array, int]:
    """Of heads with equal scores those go whose values are combinations of those of one that stays."""
    kept: list[HeadRows] = []
    of_scores: list[tuple[int, ...]] = []
    gone = 0
    for r, image in zip(rows, images([(r.query.T, r.key[:, :-1]) for r in rows], seed), strict=True):
        for k, first in enumerate(kept):
            base = _base(first.value, r.value) if of_scores[k] == image and _same_scores(first, r) else None
            if base is not None:  # the values are base times those of the other, but for constants
                output = to_fractions(first.output) + exact_matmul(to_fractions(r.output), base)
                moved = to_fractions(r.value[:, -1:]) - exact_matmul(base, to_fractions(first.value[:, -1:]))
                shift = shift + exact_matmul(to_fractions(r.output), moved)[:, 0]
                kept[k] = replace(first, output=output)
                gone += 1
                break
        else:
            kept.append(r)
            of_scores.append(image)
    return kept, shift, gone


def _same_scores(one: HeadRows, two: HeadRows) -> bool:
    """Whether [Wq bq]' Wk is the same, exactly."""
    if all(p.dtype == q.dtype and np.array_equal(p, q) for p, q in ((one.query, two.query), (one.key[:, :-1], two.key[:, :-1]))):
        return True
    first, second = (exact_matmul(to_fractions(r.query.T), to_fractions(r.key[:, :-1])) for r in (one, two))
    return bool(np.all(first == second))


def _base(first: Array, second: Array) -> Array | None:
    """The matrix B with the second's rows B times the first's, biases left out; None where there is none."""
    if first.dtype == second.dtype and np.array_equal(first[:, :-1], second[:, :-1]):
        return to_fractions(np.eye(len(first)))
    if len(first) > MOST_NARROWED:
        return None
    stacked = to_fractions(np.concatenate([first[:, :-1], second[:, :-1]]))
    combine, kept = row_basis(stacked)
    if any(k >= len(first) for k in kept):
        return None
    base = to_fractions(np.zeros((len(second), len(first))))
    base[:, kept] = combine[len(first) :]
    return base


def _narrow(r: HeadRows, seed: int) -> tuple[HeadRows, Array]:
    """The head with as few channels as its products need, and what it then adds to the output as a constant."""
    added = to_fractions(np.zeros(len(r.output)))
    keys = np.any(r.query != 0, axis=1) & np.any(r.key[:, :-1] != 0, axis=1)
    values = np.any(r.value[:, :-1] != 0, axis=1) & np.any(r.output != 0, axis=0)
    if not values.all():
        gone = ~values
        added = exact_matmul(to_fractions(r.output[:, gone]), to_fractions(r.value[gone, -1:]))[:, 0]
    query, key = (rows[keys] if keys.any() else rows[:1] * 0 for rows in (r.query, r.key))
    small = HeadRows(query, key, *_pair(r, values))
    if 1 < len(small.query) <= MOST_NARROWED and not _independent(small.query.T, small.key[:, :-1].T, seed):
        query, key = _factored(small.query.T, small.key[:, :-1])
        small = replace(small, query=query.T, key=_with_zeros(key))
    if 1 < len(small.value) <= MOST_NARROWED and not _independent(small.output, small.value[:, :-1].T, seed):
        added = added + _constant(small)
        output, value = _factored(small.output, small.value[:, :-1])
        small = replace(small, output=output, value=_with_zeros(value))
    return small, added


def _pair(r: HeadRows, values: Array) -> tuple[Array, Array]:
    if values.any():
        return r.value[values], r.output[:, values]
    return r.value[:1] * 0, r.output[:, :1] * 0


def _independent(left: Array, right: Array, seed: int) -> bool:
    return likely_rank(left, seed) == left.shape[1] == likely_rank(right, seed)


def _factored(left: Array, right: Array) -> tuple[Array, Array]:
    """Matrices with the same product and as few columns and rows as its rank; one of zeros where it is 0."""
    combine, kept = row_basis(to_fractions(right))  # right = combine right[kept]
    left, right = exact_matmul(to_fractions(left), combine), to_fractions(right)[kept]
    combine, kept = row_basis(left)
    left, right = combine, exact_matmul(left[kept], right)
    if not len(right):
        return np.zeros((len(left), 1)), np.zeros((1, right.shape[1]))
    return in_floats(left), in_floats(right)


def _with_zeros(rows: Array) -> Array:
    zeros = np.zeros((len(rows), 1))
    return np.concatenate([rows, to_fractions(zeros) if rows.dtype == object else zeros], axis=1)


def _of_size(r: HeadRows, found: tuple[HeadRows, Array], wanted: tuple[int, int]) -> tuple[HeadRows, Array]:
    """The head at the sizes that all have: as it is where that is its own, else with the fewest channels and zeros."""
    small, added = found
    size, other = wanted
    query, key = (r.query, r.key) if size == len(r.query) else (_filled(v, size) for v in (small.query, small.key))
    if other == len(r.value):
        return HeadRows(query, key, r.value, r.output), to_fractions(np.zeros(len(r.output)))
    return HeadRows(query, key, _filled(small.value, other), _filled(small.output.T, other).T), added


def _filled(rows: Shaped[np.ndarray, "rows entries"], count: int) -> Array:
    """With rows of zeros at the end."""
    blank: Array = np.zeros((count - len(rows), rows.shape[1]), dtype=rows.dtype)
    if rows.dtype == object:
        blank = to_fractions(blank.astype(float)) if blank.size else blank
    return np.concatenate([rows, blank])
