"""A ReLU network as a difference of tropical polynomials, g - h: each the maximum of affine functions, none of which can be left out.

Write every value as P - N with convex P and N. Of a sum with coefficients c the parts are those of the terms where c > 0, and changed
over where c < 0. Of relu(z) with z = P - N they are max(P, N) = N + relu(z), and N. So both are combinations of the units of the
network, with which they are affine on each of its cells; and a convex function that is affine on each of finitely many cells is the
maximum of what it is there. Each of these is the maximum on the interior of a cell, so each is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from neurovariety.certificates.cell_complex import REGIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.piecewise_forms import PiecewiseForms
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Monomial = tuple[Fraction, ...]
"""The constant, then the slopes along the inputs: in tropical terms a coefficient and exponents."""
_RELU = ((Fraction(0), Fraction(0)), (Fraction(1), Fraction(0)))
_MOST_STEPS = 2 * 10**7
"""Products of whole numbers: some ten seconds."""


@dataclass(frozen=True)
class TropicalPart:
    """``monomials``: for each output those of g (``part`` numerator) or h (denominator), ascending."""

    part: Literal["numerator", "denominator"]
    monomials: tuple[tuple[Monomial, ...], ...]
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where they are others, or the cells are not known to be all regions of this network."""
        known, complex_ = self.cells, self.cells.certificate
        shown = known.shown and known.statement.kind == REGIONS and known.claim is Claim.PROVED
        if not shown or not isinstance(complex_, CellComplex):
            raise NotShown("cells that are known to be all regions are expected")
        if self.part not in ("numerator", "denominator"):
            raise NotShown("a part is the numerator or the denominator")
        if tropical_parts(known_cells(complex_, subject))[self.part] != self.monomials:
            raise NotShown("the affine functions of this part are others")

    def concludes(self) -> tuple[Statement, Claim]:
        """The functions are the differences of maxima of these affine functions, which are all needed."""
        said = self.cells.statement
        value = [[[str(v) for v in m] for m in output] for output in self.monomials]
        return Statement(f"tropical: {self.part}", said.subject, value, said.scope), Claim.PROVED


def tropical_parts(known: KnownCells) -> Mapping[str, tuple[tuple[Monomial, ...], ...]]:
    """The monomials of both parts, for each output. Raises `NotShown` for activations other than ReLU and maxima, or many regions."""
    whole = known.whole
    if any(unit.lines != _RELU or unit.kinks != (0,) for unit in whole.units):
        raise NotShown("a network of ReLUs and maxima is expected")
    steps = sum(len(s.reads) * len(s.matrix) for s in (*whole.stages, whole.last)) * (whole.inputs + 1) * len(known.cells)
    if steps > _MOST_STEPS:
        raise NotShown("there are too many regions of too many units to write all affine functions down")
    both = _convex_parts(whole)
    found: list[set[Monomial]] = [set() for _ in both.outputs]
    for signs in known.signs:
        for own, monomial in zip(found, _affine(both, signs), strict=True):
            own.add(monomial)
    lists = [tuple(sorted(own)) for own in found]
    count = len(whole.outputs)
    return {"numerator": tuple(lists[:count]), "denominator": tuple(lists[count:])}


def _convex_parts(forms: PiecewiseForms) -> PiecewiseForms:
    """The network with outputs P, then N, of each of its outputs."""
    below: dict[int, dict[int, Fraction]] = {}  # of units: N in terms of features

    def parts(reads: Mapping[int, Fraction]) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
        up, down = dict[int, Fraction](), dict[int, Fraction]()
        for k, c in reads.items():
            if k <= forms.inputs:  # affine: convex with either sign
                _add(up, {k: Fraction(1)}, c)
                continue
            one, two = (up, down) if c > 0 else (down, up)
            _add(one, below[k], abs(c))
            _add(one, {k: Fraction(1)}, abs(c))
            _add(two, below[k], abs(c))
        return up, down

    for i, unit in enumerate(forms.units, forms.inputs + 1):
        below[i] = parts(unit.reads)[1]
    both = [parts(o) for o in forms.outputs]
    return forms.with_outputs([up for up, _ in both] + [down for _, down in both])


def _add(total: dict[int, Fraction], terms: Mapping[int, Fraction], factor: Fraction) -> None:
    for k, c in terms.items():
        total[k] = total.get(k, Fraction(0)) + factor * c


def _affine(forms: PiecewiseForms, signs: np.ndarray) -> list[Monomial]:
    """The outputs on a cell as affine functions of all inputs."""
    n = forms.inputs + 1
    features = {k: [int(i == k) for i in range(n)] for k in range(n)}
    at = 0
    for stage in forms.stages:
        on = (signs[at : at + len(stage.cuts)] > 0).tolist()
        at += len(stage.cuts)
        for u, place in enumerate(stage.units):
            features[place] = _sum(stage.matrix[u], [features[k] for k in stage.reads], n) if on[u] else [0] * n
    rows = [_sum(row, [features[k] for k in forms.last.reads], n) for row in forms.last.matrix]
    return [tuple(Fraction(v, forms.last.grown) for v in row) for row in rows]


def _sum(factors: tuple[int, ...], rows: list[list[int]], n: int) -> list[int]:
    total = [0] * n
    for factor, row in zip(factors, rows, strict=True):
        if factor:
            total = [t + factor * v for t, v in zip(total, row, strict=True)]
    return total
