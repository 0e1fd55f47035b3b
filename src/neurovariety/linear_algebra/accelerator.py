"""The rank mod p with the large products on a GPU, through JAX. Optional: without a GPU the answer is None."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Num

from neurovariety.linear_algebra.elimination import eliminate_panel, to_residues
from neurovariety.linear_algebra.modular_product import max_length

ACCELERATOR_PANEL = 256
"""Columns that the host eliminates at a time; the device does the rest."""


def find_accelerator() -> Any | None:
    """The first GPU that JAX reports, or None; no error and no message where there is none."""
    import jax

    try:
        devices = jax.devices("gpu")
    except RuntimeError:
        return None
    return devices[0] if devices else None


def accelerator_rank(
    a: Num[np.ndarray, "rows columns"], p: int, *, device: Any = None, panel_width: int = ACCELERATOR_PANEL
) -> int | None:
    """The rank over F_p, exact, with the trailing updates on a JAX ``device``; None where there is no device.

    ``device`` is a GPU by default (`find_accelerator`); any JAX device may be given. The host eliminates
    ``panel_width`` columns at a time, the device solves for the pivot rows and subtracts one product, in float64 below
    2**53 as everywhere. ``a`` is not changed; the device holds about three copies of it. The 64-bit mode of JAX is
    entered for the duration of the call only. Errors as for `rank`; what is proved is the same.
    """
    device = find_accelerator() if device is None else device
    if device is None:
        return None
    import jax

    residues = to_residues(a, p)
    width = min(panel_width, max(1, residues.shape[1]))
    # Zero columns up to a multiple of the width, zero rows so that a slice of pivot rows always fits.
    padded = np.pad(residues, ((0, width), (0, -residues.shape[1] % width)))
    n_rows = residues.shape[0]
    rank = row = column = 0
    with jax.enable_x64(True), jax.default_device(device):
        take = jax.jit(lambda matrix, start: jax.lax.dynamic_slice_in_dim(matrix, start, width, axis=1))
        update = jax.jit(partial(_update, p=float(p), chunk=max_length(p)), donate_argnums=0)
        matrix = jax.device_put(padded, device)
        while row < n_rows and column < matrix.shape[1]:
            if 2 * column >= matrix.shape[1]:  # drop what is finished; each shape is compiled once, log2 times in all
                matrix, n_rows, row, column = matrix[row:, column:], n_rows - row, 0, 0
            panel = np.asarray(take(matrix, column))[row:n_rows]
            order, multipliers, inverse = eliminate_panel(panel, p)
            found = inverse.shape[0]
            if found:
                permutation = np.arange(matrix.shape[0])
                permutation[row:n_rows] = row + order
                below = np.zeros((matrix.shape[0], width))
                below[row + found : n_rows, :found] = multipliers
                solve = np.zeros((width, width))
                solve[:found, :found] = inverse
                matrix = update(matrix, permutation, solve, below, row)
            rank, row, column = rank + found, row + found, column + width
    return rank


def _update(matrix: Any, permutation: Any, solve: Any, below: Any, row: Any, *, p: float, chunk: int) -> Any:
    """Exchange rows, solve for the pivot rows, subtract their multiples from the rows below."""
    import jax
    from jax import numpy as jnp

    def subtract(c: Any, a: Any, b: Any) -> Any:
        for start in range(0, a.shape[1], chunk):
            stop = min(start + chunk, a.shape[1])
            product = jnp.matmul(a[:, start:stop], b[start:stop], precision=jax.lax.Precision.HIGHEST)
            c = c - product
            c = c - jnp.rint(c * (1.0 / p)) * p
            c = jnp.where(c > p // 2, c - p, c)
            c = jnp.where(c < -((p - 1) // 2), c + p, c)
        return c

    matrix = matrix[permutation]
    pivots = jax.lax.dynamic_slice_in_dim(matrix, row, solve.shape[0], axis=0)
    solved = subtract(jnp.zeros_like(pivots), -solve, pivots)
    return subtract(matrix, below, solved)
