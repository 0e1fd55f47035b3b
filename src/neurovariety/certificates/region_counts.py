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
from typing import Any

import numpy as np

from neurovariety.certificates.cell_complex import REGIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.cell_domains import rank
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

OF_ONE_OUTPUT = ("zero_set_components", "zero_set_has_interior", "positive_components", "negative_components")
"""Keys that only a network with one output has."""

_PRIME = 4194301
_TERMS = 2**8
"""Residues below 2^22: sums of 2^8 products stay below 2^53."""
_AT_ONCE = 2**12
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

    Functions that differ modulo a prime are different; of those that do not the coefficients are computed exactly.
    """
    rows = np.ascontiguousarray(_functions_mod(known, _PRIME).astype(np.int32))
    names: dict[Any, int] = {}
    found = np.array([names.setdefault(r, len(names)) for r in rows.view(f"V{4 * rows.shape[1]}")[:, 0].tolist()])
    twice = np.flatnonzero(np.bincount(found)[found] > 1)
    if len(twice):
        mine = found[twice].tolist()
        exact = _exact_functions(known, twice.tolist())
        found[twice] = [names.setdefault(n, len(names)) for n in zip(mine, exact, strict=True)]
    return found


def _functions_mod(known: KnownCells, p: int) -> np.ndarray:
    """(cells, outputs x coefficients) of the affine functions modulo a small prime: sums of products that float64 holds.

    Each number is multiplied with the scale of its stage, which is a unit modulo the prime or not; it is the same for all cells.
    """
    forms = known.forms
    n, found = forms.inputs + 1, []
    matrices = [np.array([[v % p for v in row] for row in s.matrix], dtype=np.float64) for s in (*forms.stages, forms.last)]
    lines = [[np.array([[v % p for v in line] for line in unit], dtype=np.float64).T for unit in s.lines] for s in forms.stages]
    for start in range(0, len(known.signs), _AT_ONCE):
        signs = known.signs[start : start + _AT_ONCE].T > 0
        cells = signs.shape[1]
        features = np.zeros((n + len(forms.units), cells, n))
        features[np.arange(n), :, np.arange(n)] = 1
        cut = 0
        for stage, matrix, own in zip(forms.stages, matrices, lines, strict=False):
            z = _combined_mod(matrix, features[list(stage.reads)], p)
            for u, place in enumerate(stage.units):
                kinks = len(stage.lines[u]) - 1
                which = signs[cut : cut + kinks].sum(axis=0)
                cut += kinks
                if stage.lines[u] == ((0, 0), (1, 0)):
                    np.multiply(z[u], which[:, None], out=features[place])
                    continue
                value = own[u][0][which][:, None] * z[u]
                value[:, 0] += own[u][1][which]
                features[place] = value % p
        found.append(np.moveaxis(_combined_mod(matrices[-1], features[list(forms.last.reads)], p), 1, 0).reshape(cells, -1))
    return np.concatenate(found)


def _combined_mod(matrix: np.ndarray, read: np.ndarray, p: int) -> np.ndarray:
    """(units, cells, coefficients) of what a stage reads."""
    total = np.zeros((len(matrix), *read.shape[1:]))
    for k in range(0, len(read), _TERMS):
        some = read[k : k + _TERMS]
        total += (matrix[:, k : k + _TERMS] @ some.reshape(len(some), -1)).reshape(total.shape)
        total -= np.floor(total * (1 / p)) * p
    return np.where(total < 0, total + p, np.where(total >= p, total - p, total))


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
