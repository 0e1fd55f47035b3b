"""Determinants and systems of linear equations over any ring, and exactly for constants."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.program.jaxpr import Parameters
from neurovariety.rings.rational import Rationals, to_fraction
from neurovariety.rings.ring import Array, Ring

Operation = Callable[[Ring, list[Array], Parameters, tuple[int, ...]], Array]

EXACT_SIZE = 32
"""Rows of constant matrices up to which a factorization is made over Q; its numbers grow with every row."""


def determinant(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    """Determinants of matrices (..., n, n) without division, by Bird's n - 1 products: a polynomial stays one."""
    (a,) = operands
    n = a.shape[-1]
    if n == 0:
        return ring.constant(np.ones(shape, dtype=np.int64))
    rows, columns = np.triu_indices(n, 1)
    power = a
    for _ in range(n - 1):
        above = ring.zeros(a.shape)
        above[..., rows, columns] = power[..., rows, columns]
        diagonal = np.diagonal(power, axis1=-2, axis2=-1)
        for i in range(n - 1):
            above[..., i, i] = ring.negative(ring.sum(diagonal[..., i + 1 :], (diagonal.ndim - 1,)))
        power = ring.matmul(above, a)
    out = power[..., 0, 0]
    return ring.negative(out) if n % 2 == 0 else np.array(out)


def lower_upper(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    """L and U in one array, as LAPACK packs them, of square matrices whose rows are taken in the order ``p["permutation"]``."""
    a = np.take_along_axis(operands[0], np.broadcast_to(p["permutation"][..., None], operands[0].shape), axis=-2).copy()
    for k in range(a.shape[-1] - 1):
        below = ring.divide(a[..., k + 1 :, k], np.broadcast_to(a[..., k : k + 1, k], a[..., k + 1 :, k].shape))
        a[..., k + 1 :, k] = below
        product = ring.multiply(below[..., :, None], a[..., k : k + 1, k + 1 :])
        a[..., k + 1 :, k + 1 :] = ring.subtract(a[..., k + 1 :, k + 1 :], product)
    return a


def triangular(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    """JAX's ``triangular_solve``: X with op(A) X = B, or X op(A) = B, by substitution."""
    a, b = operands
    lower = bool(p["lower"])
    if bool(p["transpose_a"]) == bool(p["left_side"]):  # X op(A) = B is op(A)^T X^T = B^T
        a, lower = np.swapaxes(a, -1, -2), not lower
    if not p["left_side"]:
        b = np.swapaxes(b, -1, -2)
    n = a.shape[-1]
    x = ring.zeros(b.shape)
    for i in range(n) if lower else reversed(range(n)):
        known = slice(0, i) if lower else slice(i + 1, n)
        rest = b[..., i : i + 1, :]
        if known.start < known.stop:
            rest = ring.subtract(rest, ring.matmul(a[..., i : i + 1, known], x[..., known, :]))
        if not p["unit_diagonal"]:
            rest = ring.divide(rest, np.broadcast_to(a[..., i : i + 1, i : i + 1], rest.shape))
        x[..., i : i + 1, :] = rest
    return x if p["left_side"] else np.swapaxes(x, -1, -2)


def pivots(matrix: Array, p: int | None = None) -> tuple[list[int], list[int]]:
    """Interchanges, as LAPACK counts them, and the order of rows that elimination needs: of the largest entries, or mod p the first.

    ``matrix`` holds Fractions, or integers mod p. Raises `InputError` where a column has no entry left: then no order of rows will do.
    """
    rows = matrix.copy()
    n = len(rows)
    swaps, order = [], list(range(n))
    for k in range(n):
        column = list(rows[k:, k])
        best = k + (next((i for i, v in enumerate(column) if v), 0) if p else max(range(n - k), key=lambda i: abs(column[i])))
        if not rows[best, k] and k < n - 1:
            raise InputError("the model solves equations with a matrix that is singular for all weights and inputs")
        swaps.append(best)
        rows[[k, best]] = rows[[best, k]]
        order[k], order[best] = order[best], order[k]
        for i in range(k + 1, n):
            factor = rows[i, k] * pow(rows[k, k], -1, p) % p if p else rows[i, k] / rows[k, k]
            rows[i] = (rows[i] - factor * rows[k]) % p if p else rows[i] - factor * rows[k]
    return swaps, order


def interchanges(matrices: Array, p: int | None = None) -> tuple[Array, Array]:
    """`pivots` of matrices (..., n, n): two arrays (..., n) of int32."""
    found = np.empty((2, *matrices.shape[:-1]), dtype=np.int32)
    for index in np.ndindex(matrices.shape[:-2]):
        one = matrices[index] if p is None else np.array([[int(v) % p for v in row] for row in matrices[index]], dtype=object)
        found[(0, *index)], found[(1, *index)] = pivots(one, p)
    return found[0], found[1]


def constant_factorization(matrices: Array) -> tuple[Array, Array, Array]:
    """``lu`` of constant matrices: L and U as Fractions, interchanges, order of rows."""
    exact = _fractions(matrices)
    swaps, order = interchanges(exact)
    return _over_q(lower_upper, [exact], {"permutation": order}), swaps, order


def constant_solution(a: Array, b: Array, p: Parameters) -> Array:
    """``triangular_solve`` of constants, as Fractions."""
    return _over_q(triangular, [a, b], p)


def constant_determinant(matrices: Array) -> Array:
    """Determinants of constant matrices, as Fractions."""
    return _over_q(determinant, [matrices], {})


def small(*arrays: Array) -> bool:
    """Whether constants are few and finite enough for arithmetic over Q."""
    return all(a.shape[-1] <= EXACT_SIZE and np.all(np.isfinite(a.astype(np.float64))) for a in arrays)


def _over_q(
    operation: Callable[[Ring, list[Array], Parameters, tuple[int, ...]], Array], operands: list[Array], p: Parameters
) -> Array:
    ring = Rationals()
    try:
        found = operation(ring, [ring.constant(a) for a in operands], p, operands[0].shape[:-2])
    except DivisionByZeroError:
        raise InputError("the model solves equations with a constant matrix that is singular") from None
    return np.asarray(np.vectorize(to_fraction, otypes=[object])(found), dtype=object)


def _fractions(values: Array) -> Array:
    out = np.empty(values.shape, dtype=object)
    out.reshape(-1)[:] = [Fraction(v) for v in values.reshape(-1).tolist()]
    return out
