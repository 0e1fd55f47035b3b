"""All activation regions of a piecewise linear network by subdivision: cells as cones, cut by one unit after another, exactly.

A cell is a list of rays (t, x), primitive whole numbers: points where t > 0, directions where t = 0. It begins with the orthants that
as many independent units of the first stage make as there are coordinates, or with a box, so that every cell is pointed and lines and
unbounded pieces need no case of their own. A unit that has both signs on a cell cuts it: edges between rays of different signs are
those whose common zeros no third ray has, and the new ray on an edge is shared by all cells around it. Values of units at a new ray are
combinations of those at the ends of its edge, since no unit of a stage bends within a cell; so signs are exact, ties among them.

Nothing here is proved: `certificates.cell_complex` checks what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import chain, product
from math import gcd, lcm

import flint
import numpy as np

from neurovariety.certificates.cell_domains import CellDomain, rank
from neurovariety.certificates.piecewise_forms import PiecewiseForms, UnitStage
from neurovariety.errors import InputError, ResourceError

Ray = tuple[int, ...]
LARGEST_DIMENSION = 12
"""Coordinates with which a subdivision begins: it has 4,096 orthants then."""


@dataclass
class Cells:
    """``rays``, by cell the ``members`` among them, and for each ray the set of forms that vanish there, as bits of ``zeros``."""

    rays: list[Ray]
    members: list[tuple[int, ...]]
    zeros: list[int] = field(default_factory=list)
    bits: int = 0

    def mark(self, values: Sequence[int]) -> None:
        """Note where a form vanishes that no cell has both signs of."""
        bit = 1 << self.bits
        self.bits += 1
        for i, v in enumerate(values):
            if not v:
                self.zeros[i] |= bit


def domain_of(whole: PiecewiseForms, box: tuple[Sequence[Fraction], Sequence[Fraction]] | None) -> CellDomain:
    """The box, or the first coordinates that tell apart all inputs that units do."""
    if box is not None:
        return CellDomain(tuple(range(whole.inputs)), tuple(box[0]), tuple(box[1]))
    rows = whole.input_rows()
    chosen: list[int] = []
    if rows and whole.inputs:
        reduced, found = flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in r] for r in rows]).rref()
        chosen = [next(j for j in range(whole.inputs) if reduced[i, j] != 0) for i in range(found)]
    return CellDomain(tuple(chosen))


def subdivided(forms: PiecewiseForms, domain: CellDomain, most: int) -> Cells:
    """The cells of a network on a domain. Raises `ResourceError` where there are more than ``most``."""
    if forms.inputs > LARGEST_DIMENSION:
        raise ResourceError(
            f"units tell inputs apart in {forms.inputs} directions, and regions are found in up to {LARGEST_DIMENSION}; "
            "ask for those of a slice"
        )
    cells = _corners(domain) if domain.is_box else _orthants(forms)
    for side in domain.faces(cells.rays).T:
        cells.mark(side.tolist())
    for k, stage in enumerate(forms.stages):
        values = [[int(v) for v in row] for row in forms.values(cells.rays, k + 1)[0][k]]
        order = _basis_first(forms, stage) if k == 0 else list(range(len(values)))
        for place, j in enumerate(order):
            _cut(cells, values, j, order[place + 1 :], most)
    return cells


def _basis_first(forms: PiecewiseForms, stage: UnitStage) -> list[int]:
    """The cuts of the first stage, those first that the orthants begin with."""
    first = _independent(forms)
    return [*first, *(j for j in range(len(stage.cuts)) if j not in set(first))]


def _independent(forms: PiecewiseForms) -> list[int]:
    """Cuts of the first stage whose forms in the inputs are a basis."""
    if not forms.stages:
        return []
    rows, stage = forms.input_rows(forms.stages[:1]), forms.stages[0]
    chosen: list[int] = []
    seen: set[int] = set()
    for j, (u, _, _) in enumerate(stage.cuts):
        if len(chosen) == forms.inputs:
            break
        if u not in seen and rank([rows[stage.cuts[i][0]] for i in chosen] + [rows[u]]) == len(chosen) + 1:
            chosen.append(j)
        seen.add(u)
    return chosen


def _corners(domain: CellDomain) -> Cells:
    rays = []
    for corner in product(*zip(domain.low, domain.high, strict=True)):
        d = lcm(*(v.denominator for v in corner))
        rays.append((d, *(int(v * d) for v in corner)))
    return Cells(rays, [tuple(range(len(rays)))], [0] * len(rays))


def _orthants(forms: PiecewiseForms) -> Cells:
    """The cells of as many independent cuts of the first stage as there are coordinates. Raises `InputError` where there are fewer."""
    n, chosen = forms.inputs, _independent(forms)
    if len(chosen) < n:
        raise InputError(
            "later layers read directions of the inputs that the first one does not (a connection past it); give a box of inputs"
        )
    if not n:
        return Cells([(1,)], [(0,)], [0])
    rows, stage = forms.input_rows(forms.stages[:1]), forms.stages[0]
    units = [forms.units[stage.units[stage.cuts[j][0]] - n - 1] for j in chosen]
    firsts = {u: k for k, (u, _, _) in reversed(list(enumerate(stage.cuts)))}
    at = [unit.kinks[j - firsts[stage.cuts[j][0]]] - unit.reads.get(0, Fraction(0)) for j, unit in zip(chosen, units, strict=True)]
    inverse = flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in rows[stage.cuts[j][0]]] for j in chosen]).inv()
    columns = [[Fraction(int(inverse[i, j].p), int(inverse[i, j].q)) for i in range(n)] for j in range(n)]
    apex = [sum((c[i] * a for c, a in zip(columns, at, strict=True)), Fraction(0)) for i in range(n)]
    rays = [_primitive([Fraction(1), *apex])]
    for c in columns:
        rays += [_primitive([Fraction(0), *c]), _primitive([Fraction(0), *(-v for v in c)])]
    members = [(0, *(1 + 2 * k + s for k, s in enumerate(sides))) for sides in product((0, 1), repeat=n)]
    return Cells(rays, members, [0] * len(rays))


def _primitive(ray: Sequence[Fraction]) -> Ray:
    d = lcm(*(v.denominator for v in ray))
    whole = [int(v * d) for v in ray]
    g = reduce(gcd, whole)
    return tuple(v // g for v in whole)


def _cut(cells: Cells, values: list[list[int]], j: int, later: Sequence[int], most: int) -> None:
    """Cut every cell on which form ``j`` has both signs; values of the ``later`` forms are known at new rays too."""
    mine, bit = values[j], 1 << cells.bits
    signs = np.fromiter(((v > 0) - (v < 0) for v in mine), dtype=np.int8, count=len(mine))
    sizes = np.fromiter(map(len, cells.members), dtype=np.intp, count=len(cells.members))
    flat = signs[np.fromiter(chain.from_iterable(cells.members), dtype=np.intp, count=int(sizes.sum()))]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    crossed = np.flatnonzero((np.minimum.reduceat(flat, starts) < 0) & (np.maximum.reduceat(flat, starts) > 0))
    cells.mark(mine)
    if len(cells.members) + len(crossed) > most:
        raise ResourceError(f"there are more than {most:,} regions; ask for those of a box, or raise limit=")
    side = signs.tolist()
    made: dict[tuple[int, int], int] = {}
    for c in crossed.tolist():
        members = cells.members[c]
        cut = []
        for p, q in _edges(members, side, cells.zeros, len(cells.rays[0]) - 2):
            if (p, q) not in made:
                made[p, q] = len(cells.rays)
                _meet(cells, values, (p, q), (mine[p], mine[q]), later, bit)
            cut.append(made[p, q])
        cells.members[c] = (*(v for v in members if side[v] >= 0), *cut)
        cells.members.append((*(v for v in members if side[v] <= 0), *cut))
    for row in values:
        row += [0] * (len(cells.rays) - len(row))  # forms that are done: nothing asks for these any more


def _edges(members: Sequence[int], side: Sequence[int], zeros: Sequence[int], enough: int) -> Iterator[tuple[int, int]]:
    """The edges of a cell between rays of different signs: their common zeros, ``enough`` for a line, are those of no third ray."""
    for p in members:
        if side[p] <= 0:
            continue
        for q in members:
            if side[q] < 0:
                common = zeros[p] & zeros[q]
                if common.bit_count() >= enough and not any(zeros[w] & common == common for w in members if w != p and w != q):
                    yield p, q


def _meet(cells: Cells, values: list[list[int]], edge: tuple[int, int], at: tuple[int, int], later: Sequence[int], bit: int) -> None:
    """The ray on an edge where a form vanishes that is ``at`` its ends, positive and negative."""
    (p, q), (up, down) = edge, at
    g = gcd(up, down)
    a, b = -down // g, up // g
    whole = [a * v + b * w for v, w in zip(cells.rays[p], cells.rays[q], strict=True)]
    g = reduce(gcd, whole)
    cells.rays.append(tuple(v // g for v in whole))
    cells.zeros.append((cells.zeros[p] & cells.zeros[q]) | bit)
    for k in later:
        row = values[k]
        row.append((a * row[p] + b * row[q]) // g)
