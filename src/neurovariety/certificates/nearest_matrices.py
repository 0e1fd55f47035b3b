"""The least squared distance from a matrix to those of bounded rank, from below in balls.

By Eckart and Young it is the sum of the squares of all singular values but the largest r, so of the smallest eigenvalues of G = M^T M.
With V near the eigenvectors of G they are at least those of V^T G V divided by the norm of V^T V (Ostrowski), and these lie within the
norm of what is off its diagonal (Weyl). The same holds for symmetric matrices, so for quadratic forms in Bombieri's product.

Source: Eckart and Young 1936.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.certificates.zeros import NotShown

_BITS = 160
Matrix = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class NearestMatrices:
    """All functions are ``matrix`` plus something, of rank at most ``rank``: the functions with coordinates c_k stand for the
    matrices sum of c_k E_k, of which ``places`` has for each k the entries (row, column, factor)."""

    matrix: Matrix
    rank: int
    places: tuple[tuple[tuple[int, int, Fraction], ...], ...]

    def check(self, quadric: StoredQuadric) -> None:
        """Raises `NotShown` unless the quadric is the squared distance from the matrix, as a polynomial in the coordinates."""
        rows, columns = len(self.matrix), len(self.matrix[0]) if self.matrix else 0
        if self.rank < 0 or any(len(row) != columns for row in self.matrix) or len(self.places) != len(quadric.against):
            raise NotShown("a matrix, and entries of each coordinate, are expected")
        if any(not (0 <= i < rows and 0 <= k < columns) for own in self.places for i, k, _ in own):
            raise NotShown("an entry is not there")
        entries = [{(i, k): Fraction(0) for i, k, _ in own} for own in self.places]
        for found, own in zip(entries, self.places, strict=True):
            for i, k, factor in own:
                found[i, k] += factor
        against = [sum((f * self.matrix[i][k] for (i, k), f in own.items()), Fraction(0)) for own in entries]
        pairs = [[sum((f * other.get(at, Fraction(0)) for at, f in own.items()), Fraction(0)) for other in entries] for own in entries]
        square = sum((v * v for row in self.matrix for v in row), Fraction(0))
        if [list(row) for row in quadric.pairs] != pairs or list(quadric.against) != against or quadric.constant != square:
            raise NotShown("the loss is not the distance from the matrix")

    def below(self) -> flint.arb:
        """A lower bound of the distance of every matrix of that rank."""
        return least_distance(self.matrix, self.rank)


def least_distance(matrix: Matrix, rank: int) -> flint.arb:
    """A lower bound of the squared distances from a matrix to all of that rank at most."""
    with precision(_BITS):
        m = flint.arb_mat([[flint.arb(v.numerator) / flint.arb(v.denominator) for v in row] for row in matrix])
        gram = m.transpose() * m
        n = gram.ncols()
        near = np.array([[float(gram[i, k].mid()) for k in range(n)] for i in range(n)])
        v = flint.arb_mat([[flint.arb(float(x)) for x in row] for row in np.linalg.eigh(near)[1]])
        turned, norm = v.transpose() * gram * v, _norm(v.transpose() * v)
        off = _norm(turned - flint.arb_mat([[turned[i, i] if i == k else flint.arb(0) for k in range(n)] for i in range(n)]))
        diagonal = sorted((float((turned[i, i] - off).lower()) for i in range(n)), reverse=True)
        return sum((flint.arb(d) for d in diagonal[rank:] if d > 0), flint.arb(0)) / norm


def _norm(matrix: flint.arb_mat) -> flint.arb:
    """The largest sum of a row, which is no less than the norm of a symmetric matrix."""
    sums = [sum((abs(matrix[i, k]) for k in range(matrix.ncols())), flint.arb(0)).upper() for i in range(matrix.nrows())]
    return max(sums, default=flint.arb(0))
