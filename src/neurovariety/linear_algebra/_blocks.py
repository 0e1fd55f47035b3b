"""Blocked operations mod p in place on one float64 array: C -= A @ B, and triangular solves made of it."""

from __future__ import annotations

import itertools
from concurrent.futures import Executor

import numpy as np

from neurovariety.linear_algebra import _kernels
from neurovariety.linear_algebra.modular_product import require_length

TILE_ROWS = 2048
TILE_COLUMNS = 2048
"""A product is computed in tiles of this shape (32 MB), so that an update needs no copy of what it updates."""

PARALLEL_TILE = 2**17
"""Tiles of at least this many entries are reduced by several threads."""


class Triangle:
    """The pivot rows row:row+size of one panel: a unit lower triangle of multipliers, inverted at its first use."""

    def __init__(self, row: int, columns: np.ndarray) -> None:
        self.row = row
        self.columns = columns
        self.negative_inverse: np.ndarray | None = None


class Workspace:
    """The prime, the bounds it gives, and the buffers of one elimination."""

    def __init__(self, p: int, executor: Executor | None, threads: int) -> None:
        self.chunk = require_length(p)
        self.p = float(p)
        self.lo = float((p - 1) // 2)
        self.hi = float(p // 2)
        self.executor = executor
        self.threads = threads
        self._tile = np.empty(0)

    def buffer(self, size: int) -> np.ndarray:
        """A vector of at least ``size`` numbers, valid until the next call."""
        if self._tile.size < size:
            self._tile = np.empty(size)
        return self._tile

    def subtract_product(
        self, target: np.ndarray, row: int, column: int, left: np.ndarray, right: np.ndarray, index: slice | np.ndarray | None = None
    ) -> None:
        """target[row:, column:] -= left[:, index] @ right, reduced to centred residues.

        The lengths come from ``left`` and ``right``; ``index`` (default: all columns) is a slice or an index vector.
        """
        height, width, length = left.shape[0], right.shape[1], right.shape[0]
        if not (height and width and length):
            return
        pieces = -(-length // self.chunk)
        cuts = [length * i // pieces for i in range(pieces + 1)]
        tile_columns = min(width, TILE_COLUMNS)
        tile_rows = min(height, TILE_ROWS * max(1, TILE_COLUMNS // tile_columns))
        buffer = self.buffer(tile_rows * tile_columns)
        for i0 in range(0, height, tile_rows):
            i1 = min(i0 + tile_rows, height)
            factor = left[i0:i1] if index is None else left[i0:i1, index]
            for j0 in range(0, width, tile_columns):
                j1 = min(j0 + tile_columns, width)
                tile = buffer[: (i1 - i0) * (j1 - j0)].reshape(i1 - i0, j1 - j0)
                for k0, k1 in itertools.pairwise(cuts):
                    np.matmul(factor[:, k0:k1], right[k0:k1, j0:j1], out=tile)
                    self._subtract(target, row + i0, column + j0, tile)

    def _subtract(self, target: np.ndarray, row: int, column: int, tile: np.ndarray) -> None:
        if self.executor is None or tile.size < PARALLEL_TILE:
            _kernels.subtract_reduce(target, row, column, tile, self.p, self.lo, self.hi)
            return
        cuts = [tile.shape[0] * i // self.threads for i in range(self.threads + 1)]
        jobs = [
            self.executor.submit(_kernels.subtract_reduce, target, row + start, column, tile[start:stop], self.p, self.lo, self.hi)
            for start, stop in itertools.pairwise(cuts[1:])
        ]
        _kernels.subtract_reduce(target, row, column, tile[: cuts[1]], self.p, self.lo, self.hi)
        for job in jobs:
            job.result()

    def multiply_rows(self, target: np.ndarray, rows: slice, c0: int, c1: int, negative: np.ndarray) -> None:
        """target[rows, c0:c1] = -negative @ target[rows, c0:c1]."""
        for j0 in range(c0, c1, TILE_COLUMNS):
            j1 = min(j0 + TILE_COLUMNS, c1)
            block = target[rows, j0:j1]
            copy = block.copy()
            block[...] = 0.0
            self.subtract_product(target, rows.start, j0, negative, copy)

    def solve_lower(self, a: np.ndarray, triangles: list[Triangle], c0: int, c1: int) -> None:
        """Replace the pivot rows B of columns c0:c1 by L^-1 B, L the unit lower triangle of all these panels."""
        if len(triangles) == 1:
            triangle = triangles[0]
            if triangle.negative_inverse is None:
                triangle.negative_inverse = _kernels.inverse_lower(
                    a, triangle.row, triangle.columns, self.p, self.lo, self.hi, self.chunk
                )
            rows = slice(triangle.row, triangle.row + triangle.columns.size)
            self.multiply_rows(a, rows, c0, c1, triangle.negative_inverse)
            return
        middle = len(triangles) // 2
        upper, lower = triangles[:middle], triangles[middle:]
        self.solve_lower(a, upper, c0, c1)
        columns = as_slice(np.concatenate([t.columns for t in upper]))
        end = lower[-1].row + lower[-1].columns.size
        self.subtract_product(a, lower[0].row, c0, a[lower[0].row : end], a[upper[0].row : lower[0].row, c0:c1], columns)
        self.solve_lower(a, lower, c0, c1)

    def solve_upper(self, u: np.ndarray, columns: np.ndarray, start: int, stop: int, b: np.ndarray, block: int) -> None:
        """Replace rows start:stop of b by U^-1 b, U the upper triangle u[i, columns[j]] for start <= i <= j < stop."""
        if stop - start <= block:
            inverse = _kernels.inverse_upper(u, start, columns[start:stop], self.p, self.lo, self.hi, self.chunk)
            self.multiply_rows(b, slice(start, stop), 0, b.shape[1], inverse)
            return
        middle = (start + stop) // 2
        self.solve_upper(u, columns, middle, stop, b, block)
        self.subtract_product(b, start, 0, u[start:middle], b[middle:stop], as_slice(columns[middle:stop]))
        self.solve_upper(u, columns, start, middle, b, block)


def as_slice(columns: np.ndarray) -> slice | np.ndarray:
    """The same columns as a slice where they are consecutive: a view instead of a copy."""
    if columns.size and columns[-1] - columns[0] == columns.size - 1:
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns
