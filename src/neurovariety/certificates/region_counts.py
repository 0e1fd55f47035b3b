"""What is counted of the regions of a piecewise linear network, once its cells are known: linear regions, and where its sign changes.

Two cells have the same affine function if the values at their rays say so; cells of one function belong to one *open* linear region
where a chain of facets joins them, and to one *closed* one where a chain of common points does. The sets where the output is positive,
negative and zero meet each cell in a convex set, so their components are those of the graph in which cells are joined that have a point
of the set in common: on a facet, and for the zero set, which is closed, at a point that any face has in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from neurovariety.certificates.cell_complex import REGIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.cell_domains import rank
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.piecewise_forms import UnitStage
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

OF_ONE_OUTPUT = ("zero_set_components", "zero_set_has_interior", "positive_components", "negative_components")
"""Keys that only a network with one output has."""

_PRIME = 4194301
_FEW = 2**15
"""Cells of which not many have functions with the same value at one place by chance."""
_TERMS = 2**8
"""Residues below 2^22: sums of 2^8 products stay below 2^53."""
_AT_ONCE = 2**10
"""Cells whose functions are computed together."""


@dataclass(frozen=True)
class RegionCount:
    """One number of what is counted, from a verdict on the cells of the network."""

    key: str
    value: int | bool
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the number is another, or the cells are not known to be all regions of this network."""
        known = self.cells
        complex_ = known.certificate
        if (
            not known.shown
            or known.statement.kind != REGIONS
            or known.claim is not Claim.PROVED
            or not isinstance(complex_, CellComplex)
        ):
            raise NotShown("cells that are known to be all regions are expected")
        found = region_counts(complex_, subject)
        if self.key not in found:
            raise NotShown(f"nothing called {self.key!r} is counted of such a network")
        if type(self.value) is not type(found[self.key]) or found[self.key] != self.value:
            raise NotShown(f"{self.key} is {found[self.key]}")

    def concludes(self) -> tuple[Statement, Claim]:
        """That number of the network."""
        said = self.cells.statement
        return Statement(f"regions: {self.key}", said.subject, self.value, said.scope), Claim.PROVED


def region_counts(complex_: CellComplex, subject: NetworkData) -> Mapping[str, int | bool]:
    """All that is counted, by key. Raises `NotShown` where the complex is not one of the network."""
    return _counts(complex_, known_cells(complex_, subject))


@lru_cache(maxsize=4)
def _counts(complex_: CellComplex, known: KnownCells) -> Mapping[str, int | bool]:
    function = _functions(known)
    one, two = known.facets.sides[known.facets.inner].T
    alike = function[one] == function[two]
    every = np.ones(len(known.signs), dtype=bool)
    bounded = complex_.domain.is_box or known.forms.inputs == known.whole.inputs
    found: dict[str, int | bool] = {
        "bounded_regions": int(np.sum(~known.any_ray(known.at_infinity))) if bounded else 0,
        "linear_regions_open": components(every, one[alike], two[alike]),
        "linear_regions_closed": components(every, *touching(known, function, np.ones(len(known.rays), dtype=bool))),
        "distinct_affine_functions": len(np.unique(function)),
        "facet_adjacencies": len(one),
        "degenerate_zero_preactivation_on_open_set": len(known.signs.zeros()[0]) > 0,
    }
    if known.outputs.shape[1] == 1:
        found |= _signs_of_output(known, complex_)
    return found


def _functions(known: KnownCells) -> np.ndarray:
    """For each cell the name of its affine function, a number.

    Functions that differ at a place modulo a prime are different; of those that do not the coefficients are computed exactly.
    """
    rows = np.ascontiguousarray(_functions_mod(known, _PRIME, _places(known.forms.inputs + 1, len(known.signs))).astype(np.int32))
    names: dict[Any, int] = {}
    found = np.array([names.setdefault(r, len(names)) for r in rows.view(f"V{4 * rows.shape[1]}")[:, 0].tolist()])
    twice = np.flatnonzero(np.bincount(found)[found] > 1)
    if len(twice):
        mine = found[twice].tolist()
        exact = _exact_functions(known, twice.tolist())
        found[twice] = [names.setdefault(n, len(names)) for n in zip(mine, exact, strict=True)]
    return found


def _places(width: int, cells: int) -> np.ndarray:
    """(width, places) where functions are told apart: as few as are fast, and so many that only few of them meet by chance."""
    count = min(width, 1 if cells < _FEW else 2)
    return np.eye(width) if count == width else np.random.default_rng(0).integers(1, _PRIME, (width, count)).astype(np.float64)


def _functions_mod(known: KnownCells, p: int, places: np.ndarray) -> np.ndarray:
    """(cells, outputs x places) the values of the affine functions modulo a small prime: sums of products that float64 holds.

    Each number is multiplied with the scale of its stage, which is a unit modulo the prime or not; it is the same for all cells. What
    units read is computed once for all cells of one pattern of the stages before.
    """
    forms = known.forms
    stages = [_StageMod.of(s, places, p) for s in (*forms.stages, forms.last)]
    found = []
    for start in range(0, len(known.signs), _AT_ONCE):
        signs = known.signs[start : start + _AT_ONCE] > 0
        group = np.zeros(len(signs), dtype=np.int64)
        kept: list[int] = []
        features = np.zeros((0, 1, places.shape[1]))
        cut = 0
        for k, stage in enumerate(stages[:-1], 1):
            z = stage.combined(features, kept)
            here = signs[:, cut : cut + stage.cuts]
            cut += stage.cuts
            above, (group, first) = group, _parted(group, here)
            made = stage.bent(z[:, above[first]], here[first].T)
            later = {f for s in stages[k:] for f in s.reads}
            old, new = [i for i, f in enumerate(kept) if f in later], [i for i, f in enumerate(stage.units) if f in later]
            more = made if len(new) == len(made) else made[new]
            features = np.concatenate([features[old][:, above[first]], more]) if old else more
            kept = [*(kept[i] for i in old), *(stage.units[i] for i in new)]
        rows = np.moveaxis(stages[-1].combined(features, kept), 1, 0)
        found.append(rows.reshape(len(rows), -1)[group])
    return np.concatenate(found)


@dataclass(frozen=True)
class _StageMod:
    """A stage modulo a small prime p: ``matrix`` (units, reads) of the units that it reads, ``reads``, and ``direct`` (units, 1,
    places) what it reads of t and the inputs; ``t`` at the places; of its own units the lines, or None where all are ReLU."""

    p: int
    units: tuple[int, ...]
    reads: list[int]
    direct: np.ndarray
    t: np.ndarray
    matrix: np.ndarray
    cuts: int
    kinks: list[int]
    lines: list[np.ndarray] | None

    @classmethod
    def of(cls, stage: UnitStage, places: np.ndarray, p: int) -> _StageMod:
        """A stage that reads t and the inputs as its first features, which have these values (features, places)."""
        width = len(places)
        matrix = np.array([[v % p for v in row] for row in stage.matrix], dtype=np.float64).reshape(len(stage.matrix), len(stage.reads))
        direct = np.zeros((len(matrix), places.shape[1]))
        first = sum(f < width for f in stage.reads)
        for at, f in enumerate(stage.reads[:first]):
            direct = (direct + matrix[:, at, None] * places[f]) % p
        plain = all(unit == ((0, 0), (1, 0)) for unit in stage.lines)
        lines = None if plain else [np.array([[v % p for v in line] for line in unit], dtype=np.float64).T for unit in stage.lines]
        reads = list(stage.reads[first:])
        return cls(
            p,
            stage.units,
            reads,
            direct[:, None],
            places[0],
            np.ascontiguousarray(matrix[:, first:]),
            len(stage.cuts),
            stage.kink_places,
            lines,
        )

    def combined(self, features: np.ndarray, kept: Sequence[int]) -> np.ndarray:
        """(units, groups, places) of what the units read, of those ``features`` that are ``kept``."""
        read = features if self.reads == kept else features[[kept.index(f) for f in self.reads]]
        shape = (len(self.matrix), *features.shape[1:])
        flat = read.reshape(len(read), prod(shape[1:]))
        total = np.broadcast_to(self.direct, shape).reshape(len(self.matrix), -1).copy()
        for k in range(0, len(flat), _TERMS):
            total += self.matrix[:, k : k + _TERMS] @ flat[k : k + _TERMS]
            total -= np.floor(total * (1 / self.p)) * self.p
        total += np.where(total < 0, self.p, np.where(total >= self.p, -self.p, 0))
        return total.reshape(shape)

    def bent(self, z: np.ndarray, on: np.ndarray) -> np.ndarray:
        """(units, groups, places) of the lines on which the units are, of what they read, which is overwritten."""
        if self.lines is None:
            z *= on[:, :, None]
            return z
        for u, (a, b) in enumerate(pairwise(self.kinks)):
            which = on[a:b].sum(axis=0)
            z[u] *= self.lines[u][0][which][:, None]
            z[u] += self.lines[u][1][which][:, None] * self.t
            z[u] %= self.p
        return z


def _parted(group: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) the number of the group of rows that were in one ``group`` and have equal signs, and a row of each group."""
    bits = np.packbits(np.concatenate([signs, np.zeros((len(signs), 1), dtype=bool)], axis=1), axis=1)
    names: dict[tuple[int, bytes], int] = {}
    keys = zip(group.tolist(), bits.view(f"V{bits.shape[1]}")[:, 0].tolist(), strict=True)
    found = np.array([names.setdefault(key, len(names)) for key in keys])
    return found, np.unique(found, return_index=True)[1]


def _exact_functions(known: KnownCells, chosen: Sequence[int]) -> list[tuple[int, ...]]:
    """The affine functions of some cells, all coefficients times the same number."""
    forms, out = known.forms, []
    k, outputs = len(forms.stages), range(len(forms.outputs))
    for start in range(0, len(chosen), _AT_ONCE):
        on = known.signs[list(chosen[start : start + _AT_ONCE])] > 0
        found = [forms.pulled_back(k, [j] * len(on), on) for j in outputs]
        out += [tuple(v for form in cell for v in form) for cell in zip(*found, strict=True)]
    return out


def touching(known: KnownCells, group: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells of one group (cells,) that have a vertex in common, one of the wanted ones (rays,): enough of them to join all."""
    cell = np.repeat(np.arange(len(known.signs)), np.diff(known.starts))
    use = (wanted & ~known.at_infinity)[known.members]
    cell, ray = cell[use], known.members[use]
    key = group[cell] * len(known.rays) + ray
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    return cell[order[same]], cell[order[same + 1]]


def _signs_of_output(known: KnownCells, complex_: CellComplex) -> dict[str, int | bool]:
    """Components of the sets where the output is positive, negative and zero.

    Where the output moves along a direction that no unit sees, each is one piece: over every point it takes all values once.
    """
    if not complex_.domain.is_box and rank(known.whole.input_rows(outputs=True)) > known.forms.inputs:
        return dict(zip(OF_ONE_OUTPUT, (1, False, 1, 1), strict=True))
    value = known.outputs[:, 0]
    low, high = known.any_ray(value < 0), known.any_ray(value > 0)
    inner = known.facets.inner
    one, two = known.facets.sides[inner].T
    below, above = (known.facets.any_ray(side)[inner] for side in (value < 0, value > 0))
    crossing = below & above
    meeting = touching(known, np.zeros(len(low), dtype=np.int64), value == 0)
    zero = (low & high) | known.any_ray((value == 0) & ~known.at_infinity)
    return {
        "zero_set_components": components(
            zero, np.concatenate([one[crossing], meeting[0]]), np.concatenate([two[crossing], meeting[1]])
        ),
        "zero_set_has_interior": bool(np.any(~low & ~high)),
        "positive_components": components(high, one[above], two[above]),
        "negative_components": components(low, one[below], two[below]),
    }


def components(chosen: np.ndarray, one: np.ndarray, two: np.ndarray) -> int:
    """The number of components of a graph on the chosen cells (cells,), which edges go between."""
    label = np.arange(len(chosen))
    while len(one):
        one, two = label[one], label[two]
        apart = one != two
        one, two = one[apart], two[apart]
        np.minimum.at(label, np.maximum(one, two), np.minimum(one, two))
        while np.any(label != (above := label[label])):
            label = above
    return int(np.sum(chosen & (label == np.arange(len(label)))))
