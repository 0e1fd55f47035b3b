"""All activation regions of a piecewise linear network: rays, which of them each region has, and why nothing is missing.

Let a cell be the cone of its rays. If no unit has both signs on the rays, all units keep theirs on the cone, where they are linear; if
the rays span everything, the cone has an interior, and all of it has the cell's pattern. So cells of different patterns do not overlap.
If moreover each facet of each cell is a facet of another one, or lies at infinity or on a side of the box, the union of the cells
has no boundary but in faces of codimension 2, which do not separate the domain: the cells are everything, and each is a whole region.

`cell_facets` sees that all facets of each cell are known.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise, starmap
from math import gcd
from typing import cast

import numpy as np

from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.cell_facets import CellFacets, facets_of, incidences
from neurovariety.certificates.digit_sums import table_of
from neurovariety.certificates.network_nodes import NetworkData, network_hash
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.certificates.sign_table import SignTable
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

    To walk it: cell c has the rays ``members[starts[c] : starts[c + 1]]``, ascending places in ``rays``, each primitive whole numbers
    (t, x_1, ..., x_n): the point x / t, or the direction x where t = 0 (``at_infinity``). With a list of cells, ``cells``, that is
    ``for v in known.cells[c]: known.rays[v]``. The sum of its rays, each over its largest entry, lies inside a cell. ``at_rays[v]`` are
    the signs of all cuts at a ray, ``signs[c]`` those on a cell, stage by stage (`PiecewiseForms.cuts_by_unit` has the places in the
    order of units), 0 where a kink is met on all of a cell; ``outputs[v]`` the signs of the outputs. ``facets`` are arrays
    (`CellFacets`): facet f has the rays ``facets.rays[facets.starts[f] : facets.starts[f + 1]]`` and the cells ``facets.sides[f]``, of
    which the second is -1 at infinity or on a side of the box; ``facets.inner`` are those with two.
    """

    whole: PiecewiseForms
    forms: PiecewiseForms
    rays: list[list[int]]
    starts: np.ndarray
    members: np.ndarray
    at_rays: SignTable
    signs: SignTable
    facets: CellFacets
    outputs: np.ndarray
    at_infinity: np.ndarray
    """(rays,) whether t = 0."""

    @cached_property
    def cells(self) -> list[Face]:
        """The rays of each cell."""
        members = self.members.tolist()
        return [tuple(members[a:b]) for a, b in pairwise(self.starts.tolist())]

    def any_ray(self, wanted: np.ndarray) -> np.ndarray:
        """(cells,) whether one of its rays is wanted, of (rays,) answers."""
        return np.logical_or.reduceat(wanted[self.members], self.starts[:-1])


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
    table = table_of(complex_.rays, forms.inputs + 1)
    starts, members = _cells(complex_, len(rays))
    walls = complex_.domain.faces(table)
    if np.any(walls < 0):
        raise NotShown("a ray lies outside of the domain")
    at_rays, outputs = SignForms.ready(forms).signs(table)
    patterns = _patterns(starts, members, at_rays)
    facets = facets_of(incidences(starts, members, walls, at_rays), patterns, forms.inputs + 1)
    return KnownCells(whole, forms, rays, starts, members, at_rays, patterns, facets, outputs, walls[:, 0] == 0)


def _rays(given: np.ndarray, inputs: int) -> list[list[int]]:
    if given.ndim != 2 or given.shape[1] != inputs + 1 or given.dtype.kind not in "iuO":
        raise NotShown("rays of whole numbers are expected, one a row")
    rays = given.tolist()
    whole = set(map(type, chain.from_iterable(rays))) <= {int}
    if not whole or any(g != 1 for g in starmap(gcd, rays)) or len(set(map(tuple, rays))) < len(rays):
        raise NotShown("rays are different primitive vectors of whole numbers")
    return rays


def _cells(complex_: CellComplex, rays: int) -> tuple[np.ndarray, np.ndarray]:
    starts, members = complex_.starts, complex_.members
    if any(a.ndim != 1 or a.dtype.kind not in "iu" for a in (starts, members)):
        raise NotShown("cells are lists of rays, one after another")
    starts, members = starts.astype(np.int64), members.astype(np.int64)
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != len(members) or np.any(np.diff(starts) <= 0):
        raise NotShown("cells are lists of rays, one after another")
    ascends = np.diff(members) > 0
    ascends[starts[1:-1] - 1] = True
    if members.min() < 0 or members.max() >= rays or not ascends.all():
        raise NotShown("a cell names its rays in ascending order")
    return starts, members


def _patterns(starts: np.ndarray, members: np.ndarray, at_rays: SignTable) -> SignTable:
    """The sign of each cut on each cell. Raises `NotShown` where it has both, or where two cells have the same pattern.

    Two cells differ in a cut that is positive on one and negative on the other: the first cut in which they differ is the same form on
    both, and one that vanishes on a cell vanishes everywhere.
    """
    found, both = at_rays.on_groups(starts, members)
    if both:
        raise NotShown("a unit bends within a cell")
    if not found.rows_differ():
        raise NotShown("two cells have the same pattern")
    return found


def complex_of(
    subject: str, domain: CellDomain, rays: Sequence[Sequence[int]], cells: Sequence[Sequence[int]], decisions: bool = False
) -> CellComplex:
    """The certificate of cells that are given as lists of rays."""
    starts = np.cumsum([0, *map(len, cells)])
    members = np.array([v for c in cells for v in sorted(c)], dtype=np.int64)
    return complex_of_arrays(subject, domain, rays, (starts, members), decisions)


def complex_of_arrays(
    subject: str,
    domain: CellDomain,
    rays: Sequence[Sequence[int]] | np.ndarray,
    cells: tuple[np.ndarray, np.ndarray],
    decisions: bool = False,
) -> CellComplex:
    """The certificate of cells that are given as starts and members."""
    table = table_of(rays, len(rays[0]))
    for array in (table, *cells):  # what was checked stays as it was
        array.setflags(write=False)
    return CellComplex(subject, domain, table, *cells, decisions)
