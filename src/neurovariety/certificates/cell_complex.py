"""All activation regions of a piecewise linear network: rays, which of them each region has, and why nothing is missing.

Let a cell be the cone of its rays. If no unit has both signs on the rays, all units keep theirs on the cone, where they are linear; if
the rays span everything, the cone has an interior, and all of it has the cell's pattern. So cells of different patterns do not overlap.
If moreover each facet of each cell is a facet of another one, or lies at infinity or on a side of the box, the union of the cells
has no boundary but in faces of codimension 2, which do not separate the domain: the cells are everything, and each is a whole region.

That all facets of a cone are known is seen from which rays lie on which hyperplanes. A face is *closed* if the largest proper faces
that hyperplanes cut from it are closed, and each of their facets lies in exactly two of them; one of rank 2 if these are two single
rays. Then its rank is as said (ranks fall from face to face, and a ray has rank 1), and no facet is missing, since the facets of a cone
are connected through theirs. Most cells are simple, for which less is to be seen (`_is_simple`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import cast

import numpy as np

from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.network_nodes import NetworkData, network_hash
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.piecewise_signs import signs_at
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

REGIONS = "regions: activation_regions"
DECISIONS = "pieces on which outputs keep their order"
Face = tuple[int, ...]
"""The rays of a face, ascending."""


@dataclass(frozen=True, eq=False)
class CellComplex:
    """Cells of the network of that hash on a domain: ``rays`` (rays, 1 + coordinates) are primitive whole numbers, and cell c has the
    rays ``members[starts[c] : starts[c + 1]]``, ascending."""

    subject: str
    domain: CellDomain
    rays: np.ndarray
    starts: np.ndarray
    members: np.ndarray
    decisions: bool = False
    """Whether cells are cut further where two outputs are equal."""

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where a cell is no region, where two are the same, and where one is missing."""
        known_cells(self, subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The network has that many activation regions; or so many pieces of these on which its outputs keep their order."""
        kind = DECISIONS if self.decisions else REGIONS
        return Statement(kind, self.subject, len(self.starts) - 1, self.domain.words), Claim.PROVED


@dataclass(frozen=True, eq=False)
class KnownCells:
    """What was shown of a complex: the forms on its domain, and of cells their rays, patterns and facets.

    ``at_rays``: (rays, cuts) signs. ``signs``: (cells, cuts), 0 where a kink is met on all of a cell. ``facets``: rays -> one or two
    cells. ``outputs``: (rays, outputs) the signs of the outputs. ``at_infinity`` are the rays with t = 0.
    """

    whole: PiecewiseForms
    forms: PiecewiseForms
    rays: list[list[int]]
    cells: list[Face]
    at_rays: np.ndarray
    signs: np.ndarray
    facets: dict[Face, list[int]]
    outputs: np.ndarray
    at_infinity: frozenset[int]


def known_cells(complex_: CellComplex, subject: NetworkData) -> KnownCells:
    """Check a complex, or give what was shown of it when it was. Raises `NotShown`."""
    return _shown(complex_, cast("Hashable", subject))


@lru_cache(maxsize=4)
def _shown(complex_: CellComplex, of: Hashable) -> KnownCells:
    subject = cast("NetworkData", of)
    if network_hash(subject) != complex_.subject:
        raise NotShown("the certificate is one of another network")
    whole = piecewise_forms(subject)
    whole = whole.deciding() if complex_.decisions else whole
    forms = complex_.domain.of(whole)
    rays = _rays(complex_.rays, forms.inputs)
    cells = _cells(complex_, len(rays))
    walls = complex_.domain.faces(rays)
    if np.any(walls < 0):
        raise NotShown("a ray lies outside of the domain")
    signs, outputs = signs_at(forms, rays)
    patterns = _patterns(cells, signs)
    return KnownCells(
        whole,
        forms,
        rays,
        cells,
        signs,
        patterns,
        _facets(cells, np.concatenate([walls, signs], axis=1), walls.shape[1], forms.inputs + 1),
        outputs,
        frozenset(i for i, r in enumerate(rays) if not r[0]),
    )


def _rays(given: np.ndarray, inputs: int) -> list[list[int]]:
    if given.ndim != 2 or given.shape[1] != inputs + 1 or given.dtype.kind not in "iuO":
        raise NotShown("rays of whole numbers are expected, one a row")
    rays = given.tolist()
    if any(type(v) is not int for r in rays for v in r) or any(gcd(*r) != 1 for r in rays) or len(set(map(tuple, rays))) < len(rays):
        raise NotShown("rays are different primitive vectors of whole numbers")
    return rays


def _cells(complex_: CellComplex, rays: int) -> list[Face]:
    starts, members = complex_.starts.tolist(), complex_.members.tolist()
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != len(members) or any(a >= b for a, b in pairwise(starts)):
        raise NotShown("cells are lists of rays, one after another")
    cells = [tuple(members[a:b]) for a, b in pairwise(starts)]
    if any(c[0] < 0 or c[-1] >= rays or any(a >= b for a, b in pairwise(c)) for c in cells):
        raise NotShown("a cell names its rays in ascending order")
    return cells


def _patterns(cells: Sequence[Face], signs: np.ndarray) -> np.ndarray:
    """The sign of each cut on each cell. Raises `NotShown` where it has both, or where two cells have the same pattern.

    Two cells differ in a cut that is positive on one and negative on the other: the first cut in which they differ is the same form on
    both, and one that vanishes on a cell vanishes everywhere.
    """
    found = np.empty((len(cells), signs.shape[1]), dtype=np.int8)
    for c, members in enumerate(cells):
        mine = signs[list(members)]
        low, high = mine.min(axis=0, initial=0), mine.max(axis=0, initial=0)
        if np.any((low < 0) & (high > 0)):
            raise NotShown("a unit bends within a cell")
        found[c] = low + high
    if len({row.tobytes() for row in found}) < len(cells):
        raise NotShown("two cells have the same pattern")
    return found


def _facets(cells: Sequence[Face], signs: np.ndarray, walls: int, rank: int) -> dict[Face, list[int]]:
    """The facets of all cells, with the cells on their sides. Raises `NotShown` where a cell is not closed, or has no neighbour."""
    zero = signs == 0
    found: dict[Face, list[int]] = {}
    for c, members in enumerate(cells):
        planes = _planes(zero[list(members)])
        whole = (1 << len(members)) - 1
        for mask in planes if _is_simple(planes, whole, rank - 1) else _Faces(planes).facets(whole, rank):
            found.setdefault(tuple(m for i, m in enumerate(members) if mask >> i & 1), []).append(c)
    outside = [frozenset(np.flatnonzero(zero[:, k]).tolist()) for k in range(walls)]
    for facet, sides in found.items():
        if len(sides) != 2 and not (len(sides) == 1 and any(wall.issuperset(facet) for wall in outside)):
            raise NotShown("beyond a facet there is no cell: a region is missing")
    return found


def _planes(zero: np.ndarray) -> list[int]:
    """The rays of a cell on each hyperplane that holds some of them and not all, as bits."""
    packed = np.packbits(zero, axis=0, bitorder="little")
    data, width = np.ascontiguousarray(packed.T).tobytes(), len(packed)
    masks = {int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)}
    return list(masks - {0, (1 << len(zero)) - 1})


def _is_simple(planes: Sequence[int], whole: int, n: int) -> bool:
    """Whether at each ray v exactly n hyperplanes meet, and on all of them but one lies another ray that is not on that one.

    Then the n forms are independent, and v with the n other rays as well: v is an extreme ray of the cone P that all hyperplanes cut
    out, and the edges of P at v go to rays of the cell. So cell and P have the same tangent cone at every ray of the cell, which is the
    intersection of these: cell and P are the same, and the facets are the hyperplanes.
    """
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
        """The largest proper faces that hyperplanes cut from a face."""
        if face not in self.below:
            own: list[int] = []
            for cut in sorted({plane & face for plane in self.planes} - {0, face}, key=int.bit_count, reverse=True):
                if not any(cut & other == cut for other in own):
                    own.append(cut)
            self.below[face] = own
        return self.below[face]


def complex_of(
    subject: str, domain: CellDomain, rays: Sequence[Sequence[int]], cells: Sequence[Sequence[int]], decisions: bool = False
) -> CellComplex:
    """The certificate of cells that are given as lists of rays."""
    table = np.empty((len(rays), len(rays[0])), dtype=object)
    table[:] = [list(r) for r in rays]
    starts = np.cumsum([0, *map(len, cells)])
    members = np.array([v for c in cells for v in sorted(c)], dtype=np.int64)
    for array in (table, starts, members):  # what was checked stays as it was
        array.setflags(write=False)
    return CellComplex(subject, domain, table, starts, members, decisions)
