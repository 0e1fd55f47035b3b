"""Where a classifier with several outputs decides: components of the sets where one output is the largest, and of the border.

Cells on which outputs keep their order are known. The set where output c is larger than all others meets each in a convex set: its
interior and some faces, or nothing. Two cells belong together where all of these differences are positive inside a common facet. The
border, where the largest value is attained twice, meets a cell in a face; two such faces that meet have a vertex in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from neurovariety.certificates.cell_complex import DECISIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.region_counts import components, touching
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

OF_CLASSES = ("class_components", "boundary_components")
"""Keys that only a network with several outputs has."""


@dataclass(frozen=True)
class DecisionCount:
    """One of what is counted of the classes, from a verdict on the cells on which outputs keep their order."""

    key: str
    value: int | dict[str, int]
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where it is another, or the cells are not known to be all of this network."""
        known, complex_ = self.cells, self.cells.certificate
        shown = known.shown and known.statement.kind == DECISIONS and known.claim is Claim.PROVED
        if not shown or not isinstance(complex_, CellComplex):
            raise NotShown("cells on which outputs keep their order are expected, all of them")
        found = decision_counts(known_cells(complex_, subject))
        if self.key not in found or found[self.key] != self.value:
            raise NotShown(f"{self.key} is {found.get(self.key)}")

    def concludes(self) -> tuple[Statement, Claim]:
        """That number of the network, or those of its classes."""
        said = self.cells.statement
        return Statement(f"regions: {self.key}", said.subject, self.value, said.scope), Claim.PROVED


@lru_cache(maxsize=4)
def decision_counts(known: KnownCells) -> Mapping[str, int | dict[str, int]]:
    """What is counted, by key."""
    outputs = known.outputs.shape[1]
    columns = _columns(known, outputs)
    of_cells, at_rays = known.signs[:], known.at_rays[:]
    inner = known.facets.inner
    one, two = known.facets.sides[inner].T
    classes, alone = {}, np.zeros(len(known.rays), dtype=bool)
    for k in range(outputs):
        others = [columns[k, j] for j in range(outputs) if j != k]
        mine: np.ndarray = np.all(_ahead(of_cells, others), axis=1)
        ahead = _ahead(at_rays, others)
        alone |= ahead.all(axis=1)
        within = mine[one] & mine[two] & known.facets.any_ray(ahead)[inner].all(axis=1)
        classes[str(k)] = components(mine, one[within], two[within])
    border = known.any_ray(~alone & ~known.at_infinity)
    meeting = touching(known, np.zeros(len(border), dtype=np.int64), ~alone)
    return {"class_components": classes, "boundary_components": components(border, *meeting)}


def _columns(known: KnownCells, outputs: int) -> dict[tuple[int, int], tuple[int, int]]:
    """(i, j) -> the cut that compares the outputs i and j, and the sign with which it does."""
    pairs = [(i, j) for i in range(outputs) for j in range(i + 1, outputs)]
    places = known.forms.cuts_by_unit[len(known.forms.cuts_by_unit) - len(pairs) :]
    found = {pair: (place, 1) for pair, place in zip(pairs, places, strict=True)}
    return found | {(j, i): (place, -1) for (i, j), (place, _) in found.items()}


def _ahead(signs: np.ndarray, others: Sequence[tuple[int, int]]) -> np.ndarray:
    """(rows, others) whether an output is larger than each other one, from rows of signs of all cuts."""
    return np.stack([signs[:, place] * sign > 0 for place, sign in others], axis=1)
