"""The least loss where a theorem says it: nearest matrices and quadratic forms of bounded rank.

By Eckart and Young the nearest matrix of rank at most r keeps the r largest singular values, and the loss is the sum of squares of the
others. The same holds for symmetric matrices and eigenvalues, so for quadratic forms in Bombieri's product, which is that of their
symmetric matrices. Equal singular values make no difference to the loss, however many nearest matrices there are.

Source: Eckart and Young 1936.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from neurovariety.image import Matrices, Quadrics
from neurovariety.training.losses.loss import Distance, Loss


def spectral_least(image: object, loss: Loss) -> float | None:
    """The least loss of functions of an image, in floating point; None where no such theorem says it."""
    return _least(image, loss) if isinstance(loss, Distance) else None


@singledispatch
def _least(image: object, loss: Distance) -> float | None:
    return None


@_least.register
def _(image: Matrices, loss: Distance) -> float | None:
    if image.bias or any(sum(e) != 1 for _, e in loss.target) or loss.metric not in ("frobenius", "bombieri"):
        return None
    matrix = np.zeros((image.outputs, image.inputs))
    for (o, e), c in loss.target.items():
        matrix[o, e.index(1)] = float(c)
    return float((np.linalg.svd(matrix, compute_uv=False)[image.rank :] ** 2).sum())


@_least.register
def _(image: Quadrics, loss: Distance) -> float | None:
    if image.bias or any(sum(e) != 2 for _, e in loss.target) or loss.metric != "bombieri":
        return None
    matrix = np.zeros((image.inputs, image.inputs))
    for (_, e), c in loss.target.items():
        i, j = (k for k, power in enumerate(e) for _ in range(power))
        matrix[i, j] += float(c) / 2
        matrix[j, i] += float(c) / 2
    sizes = np.sort(np.abs(np.linalg.eigvalsh(matrix)))[::-1]
    return float((sizes[image.rank :] ** 2).sum())
