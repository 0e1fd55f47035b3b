"""What is counted of the regions of a piecewise linear network, once its cells are known: linear regions, and where its sign changes.

Two cells have the same affine function if the values at their rays say so; cells of one function belong to one *open* linear region
where a chain of facets joins them, and to one *closed* one where a chain of common points does. The sets where the output is positive,
negative and zero meet each cell in a convex set, so their components are those of the graph in which cells are joined that have a point
of the set in common: on a facet, and for the zero set, which is closed, at a point that any face has in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from math import gcd
from typing import Any

import flint
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
    cells = range(len(known.cells))
    joined = [(s[0], s[1], facet) for facet, s in known.facets.items() if len(s) == 2]
    function = _functions(known)
    alike = [(a, b) for a, b, _ in joined if function[a] == function[b]]
    bounded = complex_.domain.is_box or known.forms.inputs == known.whole.inputs
    found: dict[str, int | bool] = {
        "bounded_regions": sum(known.at_infinity.isdisjoint(c) for c in known.cells) if bounded else 0,
        "linear_regions_open": components(cells, alike),
        "linear_regions_closed": components(cells, touching(known, lambda c, ray: function[c], lambda ray: True)),
        "distinct_affine_functions": len(set(function)),
        "facet_adjacencies": len(joined),
        "degenerate_zero_preactivation_on_open_set": bool(np.any(known.signs == 0)),
    }
    if known.outputs.shape[1] == 1:
        found |= _signs_of_output(known, joined, complex_)
    return found


def _functions(known: KnownCells) -> list[tuple[int, ...]]:
    """For each cell a name of its affine function.

    Functions that differ modulo a prime are different; of those that do not the coefficients are computed exactly.
    """
    names = [tuple(map(int, row)) for row in _functions_mod(known, _PRIME).tolist()]
    times: dict[tuple[int, ...], int] = {}
    for name in names:
        times[name] = times.get(name, 0) + 1
    twice = [c for c, name in enumerate(names) if times[name] > 1]
    for c, exact in zip(twice, _exact_functions(known, twice), strict=True):
        names[c] = (*names[c], *exact)
    return names


def _functions_mod(known: KnownCells, p: int) -> np.ndarray:
    """(cells, outputs x coefficients) of the affine functions modulo a small prime: sums of products that float64 holds.

    Each number is multiplied with the scale of its stage, which is a unit modulo the prime or not; it is the same for all cells.
    """
    forms = known.forms
    n, found = forms.inputs + 1, []
    for start in range(0, len(known.cells), _AT_ONCE):
        signs = known.signs[start : start + _AT_ONCE]
        features = {k: np.broadcast_to(np.eye(n)[k], (len(signs), n)) for k in range(n)}
        cut = 0
        for stage in forms.stages:
            z = _combined_mod(stage, features, len(signs), n, p)
            for u, place in enumerate(stage.units):
                kinks = len(stage.lines[u]) - 1
                which = (signs[:, cut : cut + kinks] > 0).sum(axis=1)
                cut += kinks
                a, b = (np.array([line[j] % p for line in stage.lines[u]], dtype=np.float64)[which] for j in (0, 1))
                value = a[:, None] * z[:, u]
                value[:, 0] += b
                features[place] = value % p
        found.append(_combined_mod(forms.last, features, len(signs), n, p).reshape(len(signs), -1))
    return np.concatenate(found)


def _combined_mod(stage: UnitStage, features: Mapping[int, np.ndarray], cells: int, n: int, p: int) -> np.ndarray:
    """(cells, units, coefficients) of what a stage reads."""
    total = np.zeros((cells, len(stage.matrix), n))
    for k in range(0, len(stage.reads), _TERMS):
        matrix = np.array([[v % p for v in row[k : k + _TERMS]] for row in stage.matrix], dtype=np.float64)
        read = np.stack([features[r] for r in stage.reads[k : k + _TERMS]], axis=1)
        total = (total + matrix @ read) % p
    return total


def _exact_functions(known: KnownCells, chosen: Sequence[int]) -> list[tuple[int, ...]]:
    """The affine functions of some cells, from the values of the outputs at their rays: a common denominator and the coefficients."""
    used = sorted({v for c in chosen for v in known.cells[c]})
    values = known.forms.values([known.rays[v] for v in used])[1] if used else []
    rows = {v: [*map(flint.fmpz, known.rays[v]), *(row[i] for row in values)] for i, v in enumerate(used)}
    n, out = known.forms.inputs + 1, []
    for c in chosen:
        reduced, denominator, found = flint.fmpz_mat([rows[v] for v in known.cells[c]]).rref()
        if found != n:  # the rays span all, and on a cell the outputs are linear
            raise NotShown("outputs are not linear on a cell")
        numbers = [int(denominator), *(int(reduced[i, j]) for i in range(n) for j in range(n, n + len(values)))]
        g = reduce(gcd, numbers) * (1 if denominator > 0 else -1)
        out.append(tuple(v // g for v in numbers))
    return out


def touching(known: KnownCells, group: Callable[[int, int], Any], wanted: Callable[[int], bool]) -> Iterable[tuple[int, int]]:
    """Pairs of cells of one group that have a point in common, which is one of the wanted rays."""
    first: dict[tuple[int, Any], int] = {}
    for c, members in enumerate(known.cells):
        for ray in members:
            if ray not in known.at_infinity and wanted(ray):
                yield c, first.setdefault((ray, group(c, ray)), c)


def _signs_of_output(
    known: KnownCells, joined: Sequence[tuple[int, int, tuple[int, ...]]], complex_: CellComplex
) -> dict[str, int | bool]:
    """Components of the sets where the output is positive, negative and zero.

    Where the output moves along a direction that no unit sees, each is one piece: over every point it takes all values once.
    """
    if not complex_.domain.is_box and rank(known.whole.input_rows(outputs=True)) > known.forms.inputs:
        return dict(zip(OF_ONE_OUTPUT, (1, False, 1, 1), strict=True))
    value = known.outputs[:, 0].tolist()
    has = [(any(value[r] < 0 for r in c), any(value[r] > 0 for r in c)) for c in known.cells]
    crossing = [(a, b) for a, b, f in joined if any(value[r] < 0 for r in f) and any(value[r] > 0 for r in f)]
    meeting = touching(known, lambda c, ray: 0, lambda ray: not value[ray])
    zero = [
        c for c, members in enumerate(known.cells) if all(has[c]) or any(not value[r] and r not in known.at_infinity for r in members)
    ]
    return {
        "zero_set_components": components(zero, [*crossing, *meeting]),
        "zero_set_has_interior": any(not low and not high for low, high in has),
        "positive_components": components(
            [c for c, (_, high) in enumerate(has) if high], [(a, b) for a, b, f in joined if any(value[r] > 0 for r in f)]
        ),
        "negative_components": components(
            [c for c, (low, _) in enumerate(has) if low], [(a, b) for a, b, f in joined if any(value[r] < 0 for r in f)]
        ),
    }


def components(chosen: Iterable[int], pairs: Iterable[tuple[int, int]]) -> int:
    """The number of components of a graph on the chosen cells."""
    above = {c: c for c in chosen}

    def top(c: int) -> int:
        while above[c] != c:
            above[c] = above[above[c]]
            c = above[c]
        return c

    count = len(above)
    for a, b in pairs:
        one, two = top(a), top(b)
        if one != two:
            above[one] = two
            count -= 1
    return count
