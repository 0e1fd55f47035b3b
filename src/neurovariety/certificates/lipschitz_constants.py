"""Lipschitz constants of piecewise linear networks, from the affine functions on all of their cells.

On a convex set a continuous function that is affine on finitely many cells grows at most as fast as on the cell where it grows fastest,
and there it does. So the constant is the largest operator norm of the linear parts: from l1 to l1 the largest sum of sizes in a column,
from linf to linf that in a row. From l2 to l2 its square is the largest eigenvalue of a matrix G = A A'; all roots of its
characteristic polynomial p are real, so none exceeds h where p(x + h) has no negative coefficient, and one reaches h where some is not
positive (Descartes)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.affine_pieces import AffinePieces, affine_pieces, cells_of, in_digits
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, rational
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_MOST_SIDE = 60
"""Of the smaller of the numbers of inputs and outputs, for eigenvalues."""


@dataclass(frozen=True)
class LipschitzConstant:
    """The constant from ``norm`` to ``norm`` lies between ``low`` and ``high``, which are the same for l1 and linf."""

    norm: str
    low: Fraction
    high: Fraction
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where it does not, or the cells are not known to be all regions of this network."""
        pieces = affine_pieces(cells_of(self.cells), subject)
        if self.norm in ("l1", "linf"):
            if not self.low == self.high == largest_sum(pieces, self.norm):
                raise NotShown("the largest sum of sizes is another")
            return
        if self.norm != "l2" or not 0 <= self.low <= self.high:
            raise NotShown("a norm l1, l2 or linf and two numbers are expected, the smaller first")
        least, most = ((v * pieces.scale) ** 2 for v in (self.low, self.high))
        sizes = traces(pieces)
        for cell in np.flatnonzero(sizes > most).tolist():
            if min(_shifted(gram(pieces, cell), most)) < 0:
                raise NotShown("the function grows faster on a cell")
        fast = np.flatnonzero(sizes >= least).tolist()
        if not any(min(_shifted(gram(pieces, cell), least)[:-1]) <= 0 for cell in sorted(fast, key=lambda c: -sizes[c])):
            raise NotShown("the function grows as fast on no cell")

    def concludes(self) -> tuple[Statement, Claim]:
        """The constant, or two numbers between which it lies."""
        said = self.cells.statement
        value = in_digits(self.low) if self.norm != "l2" else [in_digits(self.low), in_digits(self.high)]
        return Statement(f"lipschitz: {self.norm}", said.subject, value, said.scope), Claim.PROVED


def largest_sum(pieces: AffinePieces, norm: str) -> Fraction:
    """The largest sum of sizes of coefficients: of what all outputs read from an input (l1), of what an output reads (linf)."""
    slopes = np.abs(pieces.forms[:, :, 1:])
    sums = slopes.sum(axis=1 if norm == "l1" else 2)
    return Fraction(int(sums.max()) if sums.size else 0, pieces.scale)


def traces(pieces: AffinePieces) -> np.ndarray:
    """(cells,) the sums of squares of slopes, which no eigenvalue exceeds."""
    found: np.ndarray = (pieces.forms[:, :, 1:] ** 2).reshape(len(pieces.forms), -1).sum(axis=1)
    return found


def gram(pieces: AffinePieces, cell: int) -> flint.fmpz_mat:
    """The smaller of A A' and A' A for the linear part A on a cell, times the square of the scale. Raises `NotShown` for a large
    one."""
    slopes = pieces.forms[cell, :, 1:].tolist()
    a = flint.fmpz_mat(slopes)
    if min(a.nrows(), a.ncols()) > _MOST_SIDE:
        raise NotShown(f"eigenvalues of matrices with more than {_MOST_SIDE} rows and columns are not bounded here")
    return a * a.transpose() if a.nrows() <= a.ncols() else a.transpose() * a


def _shifted(matrix: flint.fmpz_mat, by: Fraction) -> list[flint.fmpq]:
    """The coefficients of p(x + by), for the characteristic polynomial p."""
    p = flint.fmpq_poly(matrix.charpoly())
    moved = p(flint.fmpq_poly([rational(by), 1]))
    return [moved[k] for k in range(p.degree() + 1)]
