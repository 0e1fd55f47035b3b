"""The least loss where a theorem says it: nearest matrices and quadratic forms of bounded rank.

By Eckart and Young the nearest matrix of rank at most r keeps the r largest singular values, and the loss is the sum of squares of the
others. The same holds for symmetric matrices and eigenvalues, so for quadratic forms in Bombieri's product, which is that of their
symmetric matrices. Equal singular values make no difference to the loss, however many nearest matrices there are.

The sum of the smallest eigenvalues of G = M^T M is bounded from below in balls: with V near its eigenvectors those of G are at least
those of V^T G V divided by the norm of V^T V (Ostrowski), and these lie within the norm of what is off its diagonal (Weyl).

Source: Eckart and Young 1936.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.image import Matrices, Quadrics
from neurovariety.training.losses.exact_products import arb_of
from neurovariety.training.losses.loss import Distance, Loss
from neurovariety.training.losses.whitened import BITS

Table = list[list[Fraction]]


def spectral_least(image: object, loss: Loss) -> float | None:
    """The least loss of functions of an image, in floating point; None where no such theorem says it."""
    found = _matrix(image, loss) if isinstance(loss, Distance) else None
    if found is None:
        return None
    matrix, rank = found
    return float((np.linalg.svd(np.array(matrix, dtype=np.float64), compute_uv=False)[rank:] ** 2).sum())


def spectral_bound(image: object, loss: Loss) -> flint.arb | None:
    """A lower bound of it, in balls."""
    found = _matrix(image, loss) if isinstance(loss, Distance) else None
    if found is None:
        return None
    matrix, rank = found
    with precision(BITS):
        m = flint.arb_mat([[arb_of(v) for v in row] for row in matrix])
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


@singledispatch
def _matrix(image: object, loss: Distance) -> tuple[Table, int] | None:
    """The matrix of the target, and the rank of what is near it."""
    return None


@_matrix.register
def _(image: Matrices, loss: Distance) -> tuple[Table, int] | None:
    if image.bias or any(sum(e) != 1 for _, e in loss.target) or loss.metric not in ("frobenius", "bombieri"):
        return None
    matrix = [[Fraction(0)] * image.inputs for _ in range(image.outputs)]
    for (o, e), c in loss.target.items():
        matrix[o][e.index(1)] = Fraction(c)
    return matrix, image.rank


@_matrix.register
def _(image: Quadrics, loss: Distance) -> tuple[Table, int] | None:
    if image.bias or any(sum(e) != 2 for _, e in loss.target) or loss.metric != "bombieri":
        return None
    matrix = [[Fraction(0)] * image.inputs for _ in range(image.inputs)]
    for (_, e), c in loss.target.items():
        i, j = (k for k, power in enumerate(e) for _ in range(power))
        matrix[i][j] += Fraction(c) / 2
        matrix[j][i] += Fraction(c) / 2
    return matrix, image.rank
