"""The symmetries that a model states, verified as identities, and the rank of their vector fields at a generic point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from neurovariety.geometry.exact.points import Point
from neurovariety.linear_algebra import count_primes_lower_bound, rank, reduce_mod
from neurovariety.model import Model, Slot
from neurovariety.program.group_actions import is_invariant
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction
from neurovariety.tolerances import PRIME_BITS

_MAX_ENTRIES = 2 * 10**8
"""Largest matrix of vector fields that is worth an elimination; beyond it the bound from symmetries is not used."""

_COLUMNS_A_FIELD = 4
_RANKS: Final = Slot[dict[tuple[int, bytes], int]]("ranks of stated fields at points")
_VERDICTS: Final = Slot[list[bool]]("which stated symmetries are verified")


@dataclass(frozen=True)
class StatedSymmetries:
    """``proved`` and ``unproved`` actions; ``rank`` of the proved infinitesimal ones at the ``weights`` of a generic point mod
    ``prime`` (None: too many to ask)."""

    proved: tuple[AxisAction, ...]
    unproved: tuple[AxisAction, ...]
    rank: int | None
    prime: int
    weights: Array

    def to_dict(self) -> dict[str, object]:
        return {
            "verified": [a.name for a in self.proved],
            "not verified": [a.name for a in self.unproved],
            "rank of vector fields": self.rank,
        }


def stated_symmetries(model: Model, p: int, point: Point) -> StatedSymmetries:
    """Verify each stated action as an identity and take the rank of the verified fields at ``point``.

    The rank at one point over F_p is at most the generic rank over Q, and every verified field lies in the kernel of the
    Jacobian everywhere, so parameters minus this rank bounds the dimension of the neuromanifold from above.
    """
    proved = all_verified(model)
    unproved = tuple(a for a in model.symmetries if a not in proved)
    found = _rank(model, proved, p, point)
    if found is not None:
        model.kept.once(_RANKS, dict)[p, point.weights.tobytes()] = found
    return StatedSymmetries(proved, unproved, found, p, point.weights)


def all_verified(model: Model) -> tuple[AxisAction, ...]:
    """The stated actions that are verified, permutations among them."""
    verdicts = model.kept.once(_VERDICTS, lambda: [is_invariant(model, a) for a in model.symmetries])
    return tuple(a for a, ok in zip(model.symmetries, verdicts, strict=True) if ok)


def verified_actions(model: Model) -> tuple[AxisAction, ...]:
    """The stated infinitesimal actions that are verified."""
    return tuple(a for a in all_verified(model) if not a.finite)


def verified_generators(model: Model) -> int:
    """The number of stated fields that are verified."""
    return sum(a.generators for a in verified_actions(model))


def verified_rank(model: Model, p: int, weights: Array) -> int:
    """The rank mod p, at ``weights``, of the stated fields that are verified: as it was taken, or taken now."""
    known = model.kept.once(_RANKS, dict)
    if (p, weights.tobytes()) not in known:
        proved = verified_actions(model)
        known[p, weights.tobytes()] = rank(field_matrix(model, proved, weights, p), p, overwrite=True) if proved else 0
    return known[p, weights.tobytes()]


def field_matrix(model: Model, actions: tuple[AxisAction, ...], weights: Array, p: int) -> Array:
    """The vector fields of the actions at ``weights`` over F_p, one a row; all N columns."""
    return _field_matrix(model, actions, weights, p, np.arange(model.parameters))


def fields_error(model: Model) -> float:
    """Probability bound that the rank of the stated fields at a point over one prime is below their generic rank.

    An entry of a field is a sum of at most as many terms weight * parameter as the block has axes acted on; a minor of size at most N
    has degree at most N, and its height is bounded by the sizes of its rows.
    """
    n = model.parameters
    largest = max((abs(w) for a in model.symmetries for _, _, w in a.axes), default=1)
    row = math.log2(4.0 * n * largest + 1)
    return min(1.0, n / 2.0 ** (PRIME_BITS - 1) + n * row / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS))


def _rank(model: Model, actions: tuple[AxisAction, ...], p: int, point: Point) -> int | None:
    actions = tuple(a for a in actions if not a.finite)
    fields = sum(a.generators for a in actions)
    if not fields:
        return 0
    columns = np.arange(model.parameters)
    if fields * _COLUMNS_A_FIELD < model.parameters // 4:
        # Any columns give a lower bound of the rank; a few that each field touches almost always give all of it.
        picked = []
        for a in actions:
            generator, target, _, _ = a.entries(model.places)
            order = point.rng.permutation(len(generator))
            order = order[np.argsort(generator[order], kind="stable")]
            ranked = generator[order]
            position = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
            picked.append(target[order][position < _COLUMNS_A_FIELD])
        columns = np.unique(np.concatenate(picked))
    if fields * len(columns) > _MAX_ENTRIES:
        return None
    return rank(_field_matrix(model, actions, point.weights, p, columns), p, overwrite=True)


def _field_matrix(model: Model, actions: tuple[AxisAction, ...], weights: Array, p: int, columns: Array) -> Array:
    where = np.full(model.parameters, -1)
    where[columns] = np.arange(len(columns))
    out = np.zeros((sum(a.generators for a in actions), len(columns)))
    at = 0
    for a in actions:
        generator, target, source, value = a.entries(model.places)
        keep = where[target] >= 0
        np.add.at(out, (at + generator[keep], where[target[keep]]), value[keep] * weights[source[keep]])
        at += a.generators
    return reduce_mod(out, p)
