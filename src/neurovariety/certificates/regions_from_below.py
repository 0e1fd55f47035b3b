"""At least so many activation regions of a piecewise linear network: a point inside of each, all of different patterns.

If at a point each unit is off its kinks, or reads one affine function near the point that is on a kink everywhere, then all units keep
their lines near it: it lies inside of a region, or of its part in a box. Two points of one region have the same pattern, for a form
that two patterns have in common vanishes for both or for none; so points of different patterns lie in different regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from neurovariety.certificates.cell_complex import REGIONS
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.network_nodes import NetworkData, network_hash
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.certificates.sign_table import SignTable
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim


@dataclass(frozen=True, eq=False)
class RegionsAtLeast:
    """Points of the network of that hash on a domain: ``points`` (points, 1 + coordinates) are whole numbers t, x with t above 0."""

    subject: str
    domain: CellDomain
    points: np.ndarray

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where a point lies on a border or outside of the domain, and where two have the same pattern."""
        if network_hash(subject) != self.subject:
            raise NotShown("the certificate is one of another network")
        forms = self.domain.of(piecewise_forms(subject))
        given = self.points
        if given.ndim != 2 or given.shape[1] != forms.inputs + 1 or given.dtype.kind not in "iuO" or not len(given):
            raise NotShown("points of whole numbers are expected, one a row")
        points = given.tolist()
        if any(type(v) is not int for p in points for v in p) or any(p[0] <= 0 for p in points):
            raise NotShown("points are whole numbers, the first of them above 0")
        if np.any(self.domain.faces(points) < 0):
            raise NotShown("a point lies outside of the domain")
        signs, _ = SignForms(forms).signs(points)
        if not inside_of_regions(forms, signs).all():
            raise NotShown("a point lies on a border between regions")
        if not signs.rows_differ():
            raise NotShown("two points have the same pattern")

    def concludes(self) -> tuple[Statement, Claim]:
        """The network has at least as many activation regions as there are points."""
        return Statement(REGIONS, self.subject, len(self.points), self.domain.words), Claim.LOWER_BOUND


def inside_of_regions(forms: PiecewiseForms, signs: SignTable) -> np.ndarray:
    """(points,) whether all cuts that are 0 there, of which these are the signs, are 0 around it."""
    found = np.ones(len(signs), dtype=bool)
    point, cut = signs.zeros()
    for k, (first, last) in enumerate(pairwise([0, *accumulate(len(s.cuts) for s in forms.stages)])):
        mine = (cut >= first) & (cut < last)
        if mine.any():
            read = forms.pulled_back(k, (cut[mine] - first).tolist(), signs[point[mine]][:, :first] > 0)
            found[point[mine][[any(form) for form in read]]] = False
    return found
