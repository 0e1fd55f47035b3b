"""All activation regions of a piecewise linear network by subdivision: cells as cones, cut by one unit after another, exactly.

A cell is a list of rays (t, x), primitive whole numbers: points where t > 0, directions where t = 0. It begins with the orthants that
as many independent units of the first stage make as there are coordinates, or with a box, so that every cell is pointed and lines and
unbounded pieces need no case of their own. A unit that has both signs on a cell cuts it: edges between rays of different signs are
those whose common zeros no third ray has, and the new ray on an edge is shared by all cells around it. Values of units at a new ray are
combinations of those at the ends of its edge, since no unit of a stage bends within a cell; so signs are exact, ties among them.

Nothing here is proved: `certificates.cell_complex` checks what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import product
from math import gcd, lcm

import flint
import numpy as np

from neurovariety.beyond.piecewise.cut_cells import CutCells, CutEdges, GrowingRows
from neurovariety.beyond.piecewise.kept_subdivision import Begun, KeptSubdivision
from neurovariety.certificates.cell_domains import CellDomain, rank
from neurovariety.certificates.piecewise_forms import PiecewiseForms, UnitStage
from neurovariety.certificates.piecewise_signs import SignForms, signs_at, values_at
from neurovariety.certificates.sign_table import SignTable
from neurovariety.errors import InputError, ResourceError
from neurovariety.progress import note

Ray = tuple[int, ...]
LARGEST_BOX = 14
"""Dimensions of a box, which has 2^14 corners then."""


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


def subdivided(forms: PiecewiseForms, domain: CellDomain, most: int) -> CutCells:
    """The cells of a network on a domain. Raises `ResourceError` where there are more than ``most``, or edges take too long to find."""
    cells = first_cells(forms, domain, most)
    cut_by_all(cells, forms, most)
    return cells


def first_cells(forms: PiecewiseForms, domain: CellDomain, most: int) -> CutCells:
    """The cells that a subdivision begins with. Raises `ResourceError` where these alone are too many."""
    n = forms.inputs
    if domain.is_box and n > LARGEST_BOX:
        raise ResourceError(
            f"a box of {n} inputs has 2^{n} corners, and regions are found in boxes of up to {LARGEST_BOX}; without a box fewer may do"
        )
    if not domain.is_box and 2**n > most:
        raise ResourceError(
            f"there are more than {most:,} regions: units tell inputs apart in {n} directions, which alone make 2^{n}; raise limit="
        )
    rays, members = _corners(domain) if domain.is_box else _orthants(forms)
    walls = domain.faces(rays)
    cells = CutCells(rays, members, walls.shape[1] + forms.cuts)
    for side in walls.T:
        cells.mark(side)
    return cells


def cut_by_all(cells: CutCells, forms: PiecewiseForms, most: int, kept: KeptSubdivision | None = None) -> None:
    """Cut the first cells of a network by all of its units. Raises `ResourceError` as `subdivided`.

    With ``kept`` it goes on from what is there, and what is found is kept now and then.
    """
    ready, on = SignForms.ready(forms), np.zeros((len(cells), 0), dtype=bool)
    begun = None if kept is None else kept.read(cells)
    for k, stage in enumerate(forms.stages):
        order = _basis_first(forms, stage) if k == 0 else list(range(len(stage.cuts)))
        if begun is not None and k < begun.stage:
            continue
        here = begun if begun is not None and k == begun.stage else None
        step = _StageCuts(cells, ready, k, on) if here is None else _StageCuts.again(cells, ready, here)
        on = step.cut(order, most, 0 if here is None else here.place, kept)


class _StageCuts:
    """Cells that are cut by the units of a stage: none of them bends within one of the *parents*, the cells of the stages before.

    ``on`` says which cuts of those stages are positive on each parent. The sign of a cut at a new ray follows from those at the ends of
    its edge where they do not differ; or else it is found, in float64 with a bound of the error or from the form on the parent.
    """

    def __init__(self, cells: CutCells, ready: SignForms, k: int, on: np.ndarray) -> None:
        self._cells, self._ready, self._k, self._on = cells, ready, k, on
        cells.parents = GrowingRows(np.arange(len(cells)))
        signs, unsure = ready.of_stage(cells.rays, k)
        if unsure.any():
            starts, members = cells.listed()
            within = np.zeros(len(cells.rays), dtype=np.int64)
            within[members] = np.repeat(np.arange(len(cells)), np.diff(starts))
            ray, cut = np.nonzero(unsure)
            signs[ray, cut] = self._exact(cut, within[ray], cells.rays[ray])
        self._table = GrowingRows(signs)

    @classmethod
    def again(cls, cells: CutCells, ready: SignForms, begun: Begun) -> _StageCuts:
        """The stage in which a subdivision was left."""
        step = cls.__new__(cls)
        step._cells, step._ready, step._k, step._on = cells, ready, begun.stage, begun.on
        step._table = GrowingRows(begun.table)
        return step

    def cut(self, order: Sequence[int], most: int, begin: int = 0, kept: KeptSubdivision | None = None) -> np.ndarray:
        """Cut by the units in that order, from a place on; which cuts of this stage and those before are positive on each cell that
        there is then."""
        cells, table = self._cells, self._table
        stages, total = self._ready.forms.stages, self._ready.forms.cuts
        for place, j in enumerate(order):
            if place < begin:
                continue
            if kept is not None and kept.is_due:
                kept.write(cells, Begun(self._k, place, self._on, table.rows))
            note(phase=f"{len(cells):,} pieces by {place + sum(len(s.cuts) for s in stages[: self._k])} of {total} kinks")
            edges = cells.split(np.ascontiguousarray(table.rows[:, j]), most)
            if len(edges.up):
                cells.append(self._meets(j, edges))
                table.append(self._signs(j, order[place + 1 :], edges))
        here, _ = SignTable.of(table.rows).on_groups(*cells.listed())
        return np.concatenate([self._on[cells.parents.rows], here[:] > 0], axis=1)

    def _meets(self, j: int, edges: CutEdges) -> np.ndarray:
        """The rays on edges on which cut j is 0, which is positive at one end and negative at the other."""
        parents, which = np.unique(edges.parent, return_inverse=True)
        forms = self._ready.forms.forms_of(self._k, [j] * len(parents), self._on[parents])[which.reshape(-1)]
        p, q = self._cells.rays[edges.up], self._cells.rays[edges.down]
        up, down = values_at(forms, p), values_at(forms, q)
        whole = up[:, None] * q - down[:, None] * p
        return np.asarray(whole // np.gcd.reduce(whole, axis=1)[:, None], dtype=object)

    def _signs(self, j: int, later: Sequence[int], edges: CutEdges) -> np.ndarray:
        """(edges, cuts) the signs of the later cuts at the rays on edges where cut j is 0."""
        one, two = self._table.rows[edges.up], self._table.rows[edges.down]
        made = np.sign(one + two)
        made[:, j] = 0
        apart = np.zeros(made.shape, dtype=bool)
        apart[:, later] = (one * two)[:, later] < 0
        some = np.flatnonzero(apart.any(axis=1))
        if len(some):
            rays = self._cells.rays[edges.first + some]
            found, unsure = self._ready.of_stage(rays, self._k)
            made[some] = np.where(apart[some], found, made[some])
            at, cut = np.nonzero(unsure & apart[some])
            if len(at):
                made[some[at], cut] = self._exact(cut, edges.parent[some[at]], rays[at])
        return made

    def _exact(self, cuts: np.ndarray, parents: np.ndarray, rays: np.ndarray) -> np.ndarray:
        """The signs of cuts at rays of parents."""
        pairs, which = np.unique(cuts * len(self._on) + parents, return_inverse=True)
        cut, parent = np.divmod(pairs, len(self._on))
        forms = self._ready.forms.forms_of(self._k, cut.tolist(), self._on[parent])
        return signs_at(forms[which.reshape(-1)], rays)


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


def _corners(domain: CellDomain) -> tuple[list[Ray], list[tuple[int, ...]]]:
    rays = []
    for corner in product(*zip(domain.low, domain.high, strict=True)):
        d = lcm(*(v.denominator for v in corner))
        rays.append((d, *(int(v * d) for v in corner)))
    return rays, [tuple(range(len(rays)))]


def _orthants(forms: PiecewiseForms) -> tuple[list[Ray], list[tuple[int, ...]]]:
    """The cells of as many independent cuts of the first stage as there are coordinates. Raises `InputError` where there are fewer."""
    n, chosen = forms.inputs, _independent(forms)
    if len(chosen) < n:
        raise InputError(
            "later layers read directions of the inputs that the first one does not cut (a connection past it, or maxima of few); "
            "give a box of inputs"
        )
    if not n:
        return [(1,)], [(0,)]
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
    return rays, members


def _primitive(ray: Sequence[Fraction]) -> Ray:
    d = lcm(*(v.denominator for v in ray))
    whole = [int(v * d) for v in ray]
    g = reduce(gcd, whole)
    return tuple(v // g for v in whole)
