"""In which regions of a piecewise linear network given inputs lie.

Units have the signs of a region at all points inside of it, and at no others: units that read inputs alone are the same forms
everywhere, and those that read units with the same signs are as well. So an input lies in the region that has its signs; where none
has, some unit is at a kink there that is met on no region as a whole, and the input lies on a border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np

from neurovariety.certificates.affine_pieces import cells_of
from neurovariety.certificates.cell_complex import CellComplex, KnownCells, known_cells
from neurovariety.certificates.functions import Inputs, at_inputs
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


@dataclass(frozen=True)
class RegionsOfData:
    """How many of the ``points`` lie in each region that holds some, by its number, from a verdict on the cells of the network."""

    points: Inputs
    counts: Mapping[str, int]
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where points lie in other regions, or outside of the domain."""
        complex_ = cells_of(self.cells)
        found = held(regions_at(complex_, known_cells(complex_, subject), self.points))
        if dict(self.counts) != found or any(type(n) is not int for n in self.counts.values()):
            raise NotShown("inputs lie in other regions")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many inputs, in so many regions, with the number of those in each and of those on borders."""
        said = self.cells.statement
        value: dict[str, Any] = {
            "inputs": len(self.points),
            "regions": len(self.counts),
            "on_borders": len(self.points) - sum(self.counts.values()),
            "counts": dict(self.counts),
        }
        return Statement(at_inputs("regions: data", self.points), said.subject, value, said.scope), Claim.PROVED


def held(regions: np.ndarray) -> dict[str, int]:
    """By the number of a region how many points it has, those with most first."""
    place, count = np.unique(regions[regions >= 0], return_counts=True)
    order = np.lexsort((place, -count))
    return {str(k): n for k, n in zip(place[order].tolist(), count[order].tolist(), strict=True)}


def regions_at(complex_: CellComplex, known: KnownCells, points: Inputs) -> np.ndarray:
    """(points,) the numbers of the regions in which points lie, -1 on a border. Raises `NotShown` for points outside of the domain."""
    domain, width = complex_.domain, known.whole.inputs
    rays = []
    for point in points:
        if len(point) != width or any(not a <= v <= b for a, v, b in zip(domain.low, point, domain.high, strict=False)):
            raise NotShown("inputs of the network, in its box, are expected")
        d = lcm(*(v.denominator for v in point))
        rays.append([d, *(v.numerator * (d // v.denominator) for v in point)])
    if not rays:
        raise NotShown("inputs are expected")
    at = SignForms(known.whole).signs(rays)[0][:][:, known.whole.cuts_by_unit]
    own = known.signs[:][:, known.forms.cuts_by_unit]
    names = {row.tobytes(): c for c, row in enumerate(own)}
    return np.array([names.get(row.tobytes(), -1) for row in at], dtype=np.int64)
