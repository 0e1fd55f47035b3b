"""The least loss where a theorem says it: nearest matrices and quadratic forms of bounded rank (`certificates.nearest_matrices`).

Equal singular values make no difference to the loss, however many nearest matrices there are.

Source: Eckart and Young 1936.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

import flint
import numpy as np

from neurovariety.certificates.nearest_matrices import Matrix, NearestMatrices, least_distance
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.image import Matrices, Quadrics
from neurovariety.training.losses.loss import Distance, Loss


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
    return None if found is None else least_distance(*found)


def nearest_matrices(image: object, loss: Loss, terms: tuple[Term, ...]) -> NearestMatrices | None:
    """What such a theorem is about, as data: the matrix of the target, and how the coordinates of ``terms`` make matrices."""
    found = _matrix(image, loss) if isinstance(loss, Distance) else None
    if found is None:
        return None
    return NearestMatrices(*found, tuple(_entries(o, e, 1 / Fraction(float(s))) for o, e, s in terms))


def _entries(output: int, exponents: tuple[int, ...], factor: Fraction) -> tuple[tuple[int, int, Fraction], ...]:
    """Where the matrix of a monomial of degree 1 or 2 has entries: x_i in the row of its output, x_i x_j at both its places."""
    own = [k for k, power in enumerate(exponents) for _ in range(power)]
    if len(own) == 1:
        return ((output, own[0], factor),)
    i, j = own
    return ((i, i, factor),) if i == j else ((i, j, factor / 2), (j, i, factor / 2))


@singledispatch
def _matrix(image: object, loss: Distance) -> tuple[Matrix, int] | None:
    """The matrix of the target, and the rank of what is near it."""
    return None


@_matrix.register
def _(image: Matrices, loss: Distance) -> tuple[Matrix, int] | None:
    if image.bias or any(sum(e) != 1 for _, e in loss.target) or loss.metric not in ("frobenius", "bombieri"):
        return None
    matrix = [[Fraction(0)] * image.inputs for _ in range(image.outputs)]
    for (o, e), c in loss.target.items():
        matrix[o][e.index(1)] = Fraction(c)
    return tuple(map(tuple, matrix)), image.rank


@_matrix.register
def _(image: Quadrics, loss: Distance) -> tuple[Matrix, int] | None:
    if image.bias or any(sum(e) != 2 for _, e in loss.target) or loss.metric != "bombieri":
        return None
    matrix = [[Fraction(0)] * image.inputs for _ in range(image.inputs)]
    for (_, e), c in loss.target.items():
        i, j = (k for k, power in enumerate(e) for _ in range(power))
        matrix[i][j] += Fraction(c) / 2
        matrix[j][i] += Fraction(c) / 2
    return tuple(map(tuple, matrix)), image.rank
