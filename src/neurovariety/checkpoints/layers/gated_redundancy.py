"""Which gated units are redundant, exactly: unread, a factor that is constantly zero, or both factors multiples of another unit's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.nonlinearity import Relation
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_fractions
from neurovariety.checkpoints.layers.gated_units import Branch, GatedLayer, branch_rows
from neurovariety.checkpoints.layers.neuron_relations import pushed
from neurovariety.checkpoints.layers.neuron_rows import direction_keys, ratio, residues
from neurovariety.checkpoints.layers.removals import NOTHING, Combination, Removal, columns, takes_constants


@dataclass(frozen=True)
class GatedRemoval:
    """A unit that goes. ``made`` says what its two factors are before their activations, None where that is not needed."""

    removal: Removal
    made: tuple[Combination | None, Combination | None]


def redundant_units(network: Network, layer: GatedLayer, seed: int) -> list[GatedRemoval]:
    """Units that can be removed together; at least one stays. Empty: nothing redundant was found."""
    rows = [branch_rows(network, layer, k) for k in (0, 1)]
    found: dict[int, GatedRemoval] = {}
    unread = [all(not np.any(columns(network, r)[:, r.channel == i]) for r in layer.readers) for i in range(layer.width)]
    for i in np.flatnonzero(unread).tolist():
        found[i] = GatedRemoval(Removal(i, (NOTHING,) * len(layer.readers), "unread"), (None, None))
    flat = np.logical_or(*(~np.any(r[:, :-1] != 0, axis=1) for r in rows))
    for i in np.flatnonzero(flat).tolist():
        made = _constant(network, layer, rows, i) if i not in found else None
        if made is not None:
            found[i] = made
    for members in _classes(rows, seed, set(found)):
        _merge(network, layer, rows, members, found)
    if len(found) == layer.width:
        found.pop(max(found))
    return [found[i] for i in sorted(found)]


def _through(network: Network, branch: Branch, i: int, relation: Relation) -> Relation | None:
    return pushed(network, [n for n in branch.path if n is not branch.cut], i, i, relation)


def _read(network: Network, layer: GatedLayer, i: int, j: int, relation: Relation) -> tuple[Combination, ...] | None:
    """What each reader gets of unit i in terms of unit j, from the relation of the products."""
    out = []
    for reader in layer.readers:
        got = pushed(network, reader.path, i, j, relation)
        if got is None or (got[1] and not takes_constants(reader)):
            return None
        out.append(Combination(((j, got[0]),) if got[0] else (), got[1]))
    return tuple(out)


def _constant(network: Network, layer: GatedLayer, rows: Sequence[Array], i: int) -> GatedRemoval | None:
    """A unit with a factor that is constantly zero, or with two constant factors."""
    values: list[Fraction | None] = []
    made: list[Combination | None] = []
    for branch, table in zip(layer.branches, rows, strict=True):
        if np.any(table[i, :-1] != 0):
            values.append(None)
            made.append(None)
            continue
        bias = Fraction(to_fractions(table[i, -1:])[0])
        value = _through(network, branch, i, (Fraction(0), bias))
        values.append(None if value is None else value[1])
        made.append(Combination((), bias))
    first, second = values
    if first == 0 or second == 0:
        made = [m if v == 0 else None for m, v in zip(made, values, strict=True)]
        total = Fraction(0)
    elif first is None or second is None:
        return None
    else:
        total = first * second
    combinations = _read(network, layer, i, i, (Fraction(0), total))
    return None if combinations is None else GatedRemoval(Removal(i, combinations, "constant"), (made[0], made[1]))


def _classes(rows: Sequence[Array], seed: int, without: set[int]) -> list[list[int]]:
    """Units of which both rows are multiples of each other's, as far as a hash says."""
    keys = [direction_keys(lambda p, r=r: residues(r, p), seed) for r in rows]  # type: ignore[misc]
    buckets: dict[object, list[int]] = {}
    for i, pair in enumerate(zip(*keys, strict=True)):
        if None not in pair and i not in without:
            buckets.setdefault(pair, []).append(i)
    return [members for members in buckets.values() if len(members) > 1]


def _merge(network: Network, layer: GatedLayer, rows: Sequence[Array], members: list[int], found: dict[int, GatedRemoval]) -> None:
    exact = [dict(zip(members, to_fractions(r[members]), strict=True)) for r in rows]
    kept: list[int] = []
    for i in members:
        for j in kept:
            made = _multiple(network, layer, exact, i, j)
            if made is not None:
                found[i] = made
                break
        else:
            kept.append(i)


def _multiple(network: Network, layer: GatedLayer, exact: Sequence[dict[int, Array]], i: int, j: int) -> GatedRemoval | None:
    factors, total = [], Fraction(1)
    for branch, rows in zip(layer.branches, exact, strict=True):
        c = ratio(rows[i], rows[j])
        after = None if c is None else _through(network, branch, i, (c, Fraction(0)))
        if c is None or after is None or after[1]:
            return None
        factors.append(Combination(((j, c),), Fraction(0)))
        total *= after[0]
    combinations = _read(network, layer, i, j, (total, Fraction(0)))
    if combinations is None:
        return None
    reason = "equal" if all(f.terms[0][1] == 1 for f in factors) else "proportional"
    return GatedRemoval(Removal(i, combinations, reason), (factors[0], factors[1]))
