"""The facets of the cells of a complex, from which rays lie on which hyperplanes: all of them, with the one or two cells at each.

That all facets of a cone are known is seen from incidences. A face is *closed* if the largest proper faces that hyperplanes cut from it
are closed, and each of their facets lies in exactly two of them; one of rank 2 if these are two single rays. Then its rank is as said
(ranks fall from face to face, and a ray has rank 1), and no facet is missing, since the facets of a cone are connected through theirs.

Most cells are *simple*, for which less is to be seen: at each ray v exactly n hyperplanes meet, and on all of them but one lies another
ray that is not on that one. Then the n forms are independent, and v with the n other rays as well: v is an extreme ray of the cone P
that all hyperplanes cut out, and the edges of P at v go to rays of the cell. So cell and P have the same tangent cone at every ray of
the cell, which is the intersection of these: cell and P are the same, and the facets are the hyperplanes. Arrays of many cells at once
are searched for this; the other cells are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from neurovariety.certificates.sign_table import SignTable
from neurovariety.certificates.zeros import NotShown

_AT_ONCE = 2**15
"""Cells that are looked at together."""
_MOST_STEPS = 5 * 10**6
"""Sets of rays that are compared to find the faces of one cone: some seconds."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class CellFacets:
    """Facet f has the rays ``rays[starts[f] : starts[f + 1]]``, ascending, and the cells ``sides[f]``, the second -1 at infinity or on
    a side of a box."""

    starts: np.ndarray
    rays: np.ndarray
    sides: np.ndarray

    @property
    def inner(self) -> np.ndarray:
        """The facets that two cells share."""
        return np.flatnonzero(self.sides[:, 1] >= 0)

    def any_ray(self, wanted: np.ndarray) -> np.ndarray:
        """Of each facet whether one of its rays is wanted, of (rays,) or (rays, questions) answers."""
        if not len(self.sides):
            return np.zeros((0, *wanted.shape[1:]), dtype=bool)
        return np.logical_or.reduceat(wanted[self.rays], self.starts[:-1], axis=0)


@dataclass(frozen=True)
class Incidences:
    """Cells by their rays, and on which hyperplanes rays lie: first the ``walls`` of the domain, then cuts.

    Cell c has the rays ``members[starts[c] : starts[c + 1]]``, ascending; ray r lies on ``planes[plane_starts[r] : ...]``, ascending.
    """

    starts: np.ndarray
    members: np.ndarray
    plane_starts: np.ndarray
    planes: np.ndarray
    walls: int
    cuts: int


def incidences(starts: np.ndarray, members: np.ndarray, walls: np.ndarray, at_rays: SignTable) -> Incidences:
    """Hyperplanes that hold the same rays count once: the first of them."""
    on_wall, wall = np.nonzero(walls == 0)
    on_cut, cut = at_rays.zeros()
    ray, plane = np.concatenate([on_wall, on_cut]), np.concatenate([wall, cut + walls.shape[1]])
    order = np.lexsort((ray, plane))
    ray, plane = ray[order], plane[order]
    ends = np.searchsorted(plane, np.arange(walls.shape[1] + at_rays.columns + 1))
    first: dict[bytes, int] = {}
    kept = [first.setdefault(ray[a:b].tobytes(), k) == k for k, (a, b) in enumerate(pairwise(ends.tolist()))]
    keep = np.array(kept, dtype=bool)[plane]
    ray, plane = ray[keep], plane[keep]
    order = np.argsort(ray, kind="stable")
    plane_starts = np.concatenate([[0], np.cumsum(np.bincount(ray, minlength=len(walls)))])
    return Incidences(starts, members, plane_starts, plane[order], walls.shape[1], at_rays.columns)


def facets_of(cells: Incidences, constant: SignTable, rank: int) -> CellFacets:
    """The facets of all cells; ``constant`` are their patterns, 0 for what is 0 on a whole cell.

    Raises `NotShown` where a cell is not closed or has not that rank, or has no neighbour at a facet that is not on a wall.
    """
    found = [part for lo in range(0, len(constant), _AT_ONCE) for part in _of_block(cells, constant, rank, lo)]
    owner = np.concatenate([f[0] for f in found] or [np.zeros(0, dtype=np.int64)])
    sizes = np.concatenate([f[1] for f in found] or [np.zeros(0, dtype=np.int64)])
    rays = np.concatenate([f[2] for f in found] or [np.zeros(0, dtype=np.int64)])
    return _matched(cells, owner, sizes, rays)


def lattice_of_faces(planes: Sequence[int], whole: int, rank: int) -> list[set[int]]:
    """The proper faces of a cone of that rank at most, as bits for its rays, those of rank 1 first, from the rays on each of some
    hyperplanes that support it; the cone itself where it is a ray. Raises `NotShown` where its rank is less, or facets are missing."""
    faces = _Faces(list(planes))
    level, found = {whole}, [{whole}]
    for r in range(rank, 1, -1):
        level = {facet for face in level for facet in faces.facets(face, r)}
        found.append(level)
    faces.facets(whole, rank)
    return found[:0:-1] or found


def spans(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The places starts[i], ..., starts[i] + counts[i] - 1 for all i, one after another."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def _of_block(cells: Incidences, constant: SignTable, rank: int, lo: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The facets of some cells: their cells, numbers of rays, and rays."""
    hi = min(lo + _AT_ONCE, len(constant))
    sizes = np.diff(cells.starts[lo : hi + 1])
    rays = cells.members[cells.starts[lo] : cells.starts[hi]]
    owner = np.repeat(np.arange(hi - lo), sizes)
    counts = np.diff(cells.plane_starts)[rays]
    at = np.repeat(np.arange(len(rays)), counts)
    plane = cells.planes[spans(cells.plane_starts[rays], counts)]
    moves = (plane < cells.walls) | constant.is_nonzero(owner[at] + lo, np.maximum(plane - cells.walls, 0))
    at, plane = at[moves], plane[moves]
    known = _simple(at, plane, owner, hi - lo, cells.walls + cells.cuts, rank - 1)
    mine = known[owner[at]]
    if mine.any():
        key = owner[at[mine]] * (cells.walls + cells.cuts) + plane[mine]
        order = np.argsort(key, kind="stable")
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        yield owner[at[mine]][order][first] + lo, np.diff(first, append=len(order)), rays[at[mine]][order]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    steps = np.searchsorted(at, ends)
    for c in np.flatnonzero(~known).tolist():
        own = slice(steps[c], steps[c + 1])
        masks: dict[int, int] = {}
        for v, p in zip((at[own] - ends[c]).tolist(), plane[own].tolist(), strict=True):
            masks[p] = masks.get(p, 0) | 1 << v
        whole = (1 << int(sizes[c])) - 1
        planes = list(set(masks.values()) - {whole})
        faces = planes if _is_simple(planes, whole, rank - 1) else _Faces(planes).facets(whole, rank)
        lists = [[m for i, m in enumerate(rays[ends[c] : ends[c + 1]].tolist()) if face >> i & 1] for face in faces]
        if lists:
            flat = np.array([v for f in lists for v in f], dtype=np.int64)
            yield np.full(len(lists), c + lo), np.array([len(f) for f in lists]), flat


def _simple(at: np.ndarray, plane: np.ndarray, owner: np.ndarray, cells: int, planes: int, n: int) -> np.ndarray:
    """Which cells are seen to be simple: n hyperplanes at each ray, and any n - 1 of them at exactly one other ray of the cell.

    ``at`` (ascending) are places of rays in cells, ``plane`` hyperplanes there, and ``owner`` the cell of each place.
    """
    known = np.ones(cells, dtype=bool)
    known[owner[np.bincount(at, minlength=len(owner)) != n]] = False
    if n == 0:
        return np.zeros(cells, dtype=bool)
    table = plane[known[owner[at]]].reshape(-1, n)
    where = owner[known[owner]]
    keys, most = [], 1
    for i in range(n):
        key, most = where, cells
        for j in range(n):
            if j != i:
                if most * planes >= 2**62:
                    names, key = np.unique(key, return_inverse=True)
                    most = len(names)
                key, most = key * planes + table[:, j], most * planes
        keys.append(key)
    key, left, cell = np.concatenate(keys), table.T.reshape(-1), np.tile(where, n)
    order = np.argsort(key, kind="stable")
    key, left, cell = key[order], left[order], cell[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    size = np.diff(first, append=len(key))
    two = size == 2
    two[two] = left[first[two]] != left[first[two] + 1]
    known[cell[first[~two]]] = False
    return known


def _matched(cells: Incidences, owner: np.ndarray, sizes: np.ndarray, rays: np.ndarray) -> CellFacets:
    """Facets with the same rays are one. Raises `NotShown` where one has more than two cells, or one that is not on a wall."""
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if not len(sizes):
        return CellFacets(starts, rays, np.zeros((0, 2), dtype=np.int64))
    with np.errstate(over="ignore"):
        mixed = (np.arange(1, len(cells.plane_starts), dtype=np.uint64)) * _ODD
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _ODD
        mixed ^= mixed >> np.uint64(32)
        names = np.add.reduceat(mixed[rays], starts[:-1])
    order = np.argsort(names, kind="stable")
    same = np.zeros(len(order), dtype=bool)  # as the one before, in that order
    alike = np.flatnonzero(names[order[1:]] == names[order[:-1]])
    alike = alike[sizes[order[alike]] == sizes[order[alike + 1]]]
    if len(alike):
        one, two = order[alike], order[alike + 1]
        equal = rays[spans(starts[one], sizes[one])] == rays[spans(starts[two], sizes[two])]
        same[alike + 1] = np.logical_and.reduceat(equal, np.cumsum(sizes[one]) - sizes[one])
    if np.any(same[1:] & same[:-1]):
        raise NotShown("more than two cells have the same facet")
    first = order[~same]
    sides = np.full((len(first), 2), -1, dtype=np.int64)
    sides[:, 0] = owner[first]
    second = np.flatnonzero(same)
    sides[np.cumsum(~same)[second] - 1, 1] = owner[order[second]]
    lists = spans(starts[first], sizes[first])
    found = CellFacets(np.concatenate([[0], np.cumsum(sizes[first])]).astype(np.int64), rays[lists], sides)
    _check_walls(cells, found)
    return found


def _check_walls(cells: Incidences, found: CellFacets) -> None:
    on = np.zeros((len(cells.plane_starts) - 1, cells.walls), dtype=bool)
    ray = np.repeat(np.arange(len(on)), np.diff(cells.plane_starts))
    wall = cells.planes < cells.walls
    on[ray[wall], cells.planes[wall]] = True
    alone = np.flatnonzero(found.sides[:, 1] < 0)
    if len(alone):
        sizes = np.diff(found.starts)[alone]
        on_all = np.logical_and.reduceat(on[found.rays[spans(found.starts[alone], sizes)]], np.cumsum(sizes) - sizes, axis=0)
        if not on_all.any(axis=1).all():
            raise NotShown("beyond a facet there is no cell: a region is missing")


def _is_simple(planes: Sequence[int], whole: int, n: int) -> bool:
    """Whether a cell is simple, from the rays on each hyperplane, as bits."""
    if n == 0:
        return whole == 1
    for v in range(whole.bit_length()):
        mine = [p for p in planes if p >> v & 1]
        if len(mine) != n:
            return False
        for own in mine:
            edge = whole
            for p in mine:
                if p != own:
                    edge &= p
            if not edge & ~own:
                return False
    return True


@dataclass
class _Faces:
    """The faces of a cell, as bits for its rays, with the largest proper faces of each; ``closed`` are those that are."""

    planes: list[int]
    below: dict[int, list[int]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    steps: int = 0

    def facets(self, face: int, rank: int) -> list[int]:
        """The facets of a face, whose rank is at most that. Raises `NotShown` where it is less, or facets are not all known."""
        if rank == 1:
            if face.bit_count() != 1:
                raise NotShown("a face of rank 1 is a ray")
            return []
        own = self._largest(face)
        if face in self.closed:
            return own
        if rank == 2:
            if face.bit_count() != 2 or len(own) != 2:
                raise NotShown("a face of rank 2 has two rays")
        else:
            times: dict[int, int] = {}
            for facet in own:
                for ridge in self.facets(facet, rank - 1):
                    times[ridge] = times.get(ridge, 0) + 1
            if not times or any(n != 2 for n in times.values()):
                raise NotShown("not all facets of a cell are known")
        self.closed.add(face)
        return own

    def _largest(self, face: int) -> list[int]:
        """The largest proper faces that hyperplanes cut from a face. Raises `NotShown` where there are too many faces."""
        if face not in self.below:
            own: list[int] = []
            self.steps += len(self.planes)
            for cut in sorted({plane & face for plane in self.planes} - {0, face}, key=int.bit_count, reverse=True):
                self.steps += len(own)
                if not any(cut & other == cut for other in own):
                    own.append(cut)
            if self.steps > _MOST_STEPS:
                raise NotShown("a cone has too many faces to be followed")
            self.below[face] = own
        return self.below[face]
