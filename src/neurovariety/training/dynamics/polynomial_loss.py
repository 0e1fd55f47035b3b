"""The compiled loss of a task as a polynomial in the weights: its gradient and its second derivatives at one point, without a batch.

Coefficients c of the functions are linear in monomials of the weights, and the loss is c^T Q c - 2 b . c + constant + decay |w|^2.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from neurovariety.compiled import compiled, compiled_within


class SparseLoss(NamedTuple):
    """Monomial m has the factors ``first[m]`` to ``first[m + 1]``, weights ``weight`` with exponents ``power``; it stands in the
    coefficients ``row[start[m]]`` to ``row[start[m + 1]]``, times ``entry``. ``quadric``, ``image`` and ``decay`` as above."""

    first: NDArray[np.int64]
    weight: NDArray[np.int64]
    power: NDArray[np.int64]
    start: NDArray[np.int64]
    row: NDArray[np.int64]
    entry: NDArray[np.float64]
    quadric: NDArray[np.float64]
    image: NDArray[np.float64]
    decay: float


def sparse_loss(
    table: Int[np.ndarray, "M N"],
    matrix: Float[np.ndarray, "n M"],
    quadric: Float[np.ndarray, "n n"],
    image: Float[np.ndarray, " n"],
    decay: float,
) -> SparseLoss:
    """The loss whose monomials have the exponents ``table``, and whose coefficients are ``matrix`` times these."""
    monomials, weight = np.nonzero(table)
    columns, row = np.nonzero(matrix.T)
    count = np.arange(len(table) + 1)
    return SparseLoss(
        np.searchsorted(monomials, count).astype(np.int64), weight.astype(np.int64), table[monomials, weight].astype(np.int64),
        np.searchsorted(columns, count).astype(np.int64), row.astype(np.int64), np.array(matrix[row, columns], dtype=np.float64),
        np.array(quadric, dtype=np.float64, order="C"), np.array(image, dtype=np.float64), float(decay),
    )  # fmt: skip


@no_type_check
@compiled_within
def _power(base, exponent):
    out = 1.0
    for _ in range(exponent):
        out *= base
    return out


@no_type_check
@compiled_within
def _product(w, loss, m, one, other):
    """Monomial m, differentiated by its factors ``one`` and ``other`` (-1: by none; the same twice where they are equal)."""
    out = 1.0
    for f in range(loss.first[m], loss.first[m + 1]):
        base, e = w[loss.weight[f]], loss.power[f]
        for _ in range(np.int64(f == one) + np.int64(f == other)):
            out *= e
            e -= 1
        if e < 0:
            return 0.0
        out *= _power(base, e)
    return out


@no_type_check
@compiled_within
def coefficients(w, loss, c):
    """Coefficients of the functions, into ``c`` (n,)."""
    c[:] = 0.0
    for m in range(len(loss.first) - 1):
        value = _product(w, loss, m, -1, -1)
        for s in range(loss.start[m], loss.start[m + 1]):
            c[loss.row[s]] += loss.entry[s] * value


@no_type_check
@compiled_within
def _pulled(c, loss, r):
    """Half the derivative of the loss by the coefficients, into ``r`` (n,)."""
    n = len(c)
    for i in range(n):
        total = -loss.image[i]
        for k in range(n):
            total += loss.quadric[i, k] * c[k]
        r[i] = total


@no_type_check
@compiled_within
def gradient(w, loss, c, r, g):
    """The gradient at ``w`` (N,) into ``g``; ``c`` and ``r`` (n,) are filled on the way."""
    coefficients(w, loss, c)
    _pulled(c, loss, r)
    for i in range(len(w)):
        g[i] = 2.0 * loss.decay * w[i]
    for m in range(len(loss.first) - 1):
        weighed = 0.0
        for s in range(loss.start[m], loss.start[m + 1]):
            weighed += loss.entry[s] * r[loss.row[s]]
        if weighed != 0.0:
            for f in range(loss.first[m], loss.first[m + 1]):
                g[loss.weight[f]] += 2.0 * weighed * _product(w, loss, m, f, -1)


@no_type_check
@compiled_within
def jacobian(w, loss, j):
    """Derivatives of the coefficients, into ``j`` (n, N)."""
    j[:, :] = 0.0
    for m in range(len(loss.first) - 1):
        for f in range(loss.first[m], loss.first[m + 1]):
            slope = _product(w, loss, m, f, -1)
            for s in range(loss.start[m], loss.start[m + 1]):
                j[loss.row[s], loss.weight[f]] += loss.entry[s] * slope


@no_type_check
@compiled_within
def hessian(w, loss, c, r, j, q, h):
    """Second derivatives at ``w`` into ``h`` (N, N); ``c``, ``r`` (n,), ``j`` and ``q`` (n, N) are filled on the way."""
    coefficients(w, loss, c)
    _pulled(c, loss, r)
    jacobian(w, loss, j)
    n, size = j.shape
    for i in range(n):
        for a in range(size):
            q[i, a] = 0.0
        for k in range(n):
            e = loss.quadric[i, k]
            if e != 0.0:
                for a in range(size):
                    q[i, a] += e * j[k, a]
    h[:, :] = 0.0
    for i in range(n):
        for a in range(size):
            e = 2.0 * j[i, a]
            if e != 0.0:
                for b in range(size):
                    h[a, b] += e * q[i, b]
    for a in range(size):
        h[a, a] += 2.0 * loss.decay
    for m in range(len(loss.first) - 1):
        weighed = 0.0
        for s in range(loss.start[m], loss.start[m + 1]):
            weighed += loss.entry[s] * r[loss.row[s]]
        if weighed == 0.0:
            continue
        for f in range(loss.first[m], loss.first[m + 1]):
            for o in range(loss.first[m], f + 1):
                value = 2.0 * weighed * _product(w, loss, m, f, o)
                a, b = loss.weight[f], loss.weight[o]
                h[a, b] += value
                if f != o:
                    h[b, a] += value


@no_type_check
@compiled
def coefficients_of(points, loss, out):
    """Coefficients at points (P, N), into ``out`` (P, n)."""
    for p in range(len(points)):
        coefficients(points[p], loss, out[p])


@no_type_check
def gradients(points, loss, out):
    """Gradients at points (P, N), into ``out`` (P, N)."""
    _gradients_in((np.zeros(len(loss.image)), np.zeros(len(loss.image))), points, loss, out)


@no_type_check
@compiled
def _gradients_in(room, points, loss, out):
    c, r = room
    for p in range(len(points)):
        gradient(points[p], loss, c, r, out[p])


@no_type_check
@compiled
def jacobians(points, loss, out):
    """Derivatives of the coefficients at points (P, N), into ``out`` (P, n, N)."""
    for p in range(len(points)):
        jacobian(points[p], loss, out[p])


@no_type_check
def hessians(points, loss, out):
    """Second derivatives at points (P, N), into ``out`` (P, N, N)."""
    n, size = len(loss.image), points.shape[1]
    _hessians_in((np.zeros(n), np.zeros(n), np.zeros((n, size)), np.zeros((n, size))), points, loss, out)


@no_type_check
@compiled
def _hessians_in(room, points, loss, out):
    c, r, j, q = room
    for p in range(len(points)):
        hessian(points[p], loss, c, r, j, q, out[p])
