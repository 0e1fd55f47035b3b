"""Gaussian elimination mod p on float64 BLAS: rank, echelon form, right kernel.

The method. Columns are halved recursively. The left half is brought into echelon form, with the multipliers stored
below its pivots (unit lower triangular L); the right half then takes the same row exchanges, a triangular solve and one
product ``C -= L @ U``; then its rows below those pivots follow. Panels of at most `PANEL_WIDTH` columns are done by a
compiled loop, triangles of that size by their inverses, so that nearly all the work is dgemm. Products of residues are
added up to `max_length` times before one reduction (2048 times for p near 2**22).

Only rows are exchanged: the pivot columns are the first independent ones, those of the reduced row echelon form, for
every rank profile. Everything happens in one buffer; besides it there are a few tiles of 32 MB.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from neurovariety.budget import spend
from neurovariety.errors import DataError, InputError
from neurovariety.linear_algebra.large_prime import kernel_large, rank_large
from neurovariety.linear_algebra.modular_product import is_short, reduce_mod, require_length
from neurovariety.linear_algebra.primes import is_prime
from neurovariety.tolerances import EXACT_INTEGER_LIMIT

if TYPE_CHECKING:
    from neurovariety.linear_algebra._blocks import Triangle, Workspace

PANEL_WIDTH = 64
"""Columns of a panel that the compiled loop eliminates."""

_PARALLEL_SIZE = 2**18
"""Matrices of at least this many entries get threads for their reductions."""

_SMALL_SIZE = 2**14
"""Matrices of at most this many entries are ranked by python-flint until the compiled loops are there, which take a second to load."""

_FLINT_ENTRIES = 16
"""What an entry costs python-flint, in entries reduced."""


@dataclass(frozen=True, eq=False)
class Echelon:
    """The echelon form of a matrix A over F_p.

    ``pivot_columns`` are the lexicographically first rank(A) independent columns of A, increasing (those of the reduced
    row echelon form, hence unique); ``pivot_rows`` are rank(A) independent rows of A, in the order of elimination (not
    unique: those rows of A, restricted to the pivot columns, are an invertible matrix).
    The object keeps the buffer of the elimination alive: with ``overwrite=True`` that is the caller's array, which must
    then not be changed while `reduced` or `kernel` are still to be called.
    """

    prime: int
    rank: int
    n_columns: int
    pivot_columns: Int[np.ndarray, " rank"]
    pivot_rows: Int[np.ndarray, " rank"]
    _rows: Float[np.ndarray, "rank n_columns"] = field(repr=False)
    _panel_width: int = field(repr=False, default=PANEL_WIDTH)

    @property
    def free_columns(self) -> Int[np.ndarray, " nullity"]:
        """The columns without a pivot, increasing."""
        free = np.ones(self.n_columns, dtype=bool)
        free[self.pivot_columns] = False
        return np.flatnonzero(free)

    def reduced(self) -> Float[np.ndarray, "rank n_columns"]:
        """The nonzero rows of the reduced row echelon form of A, centred residues: unique, a basis of the row space."""
        result = np.zeros((self.rank, self.n_columns))
        result[np.arange(self.rank), self.pivot_columns] = 1.0
        result[:, self.free_columns] = self._reduced_free_columns()
        return result

    def kernel(self) -> Float[np.ndarray, "n_columns nullity"]:
        """The basis of {x : A x = 0} with the identity on the free columns, centred residues: unique."""
        free = self.free_columns
        result = np.zeros((self.n_columns, free.size))
        solved = self._reduced_free_columns()
        np.negative(solved, out=solved)
        if self.prime == 2:
            np.abs(solved, out=solved)
        result[self.pivot_columns] = solved
        result[free, np.arange(free.size)] = 1.0
        result += 0.0  # no -0.0
        return result

    def _reduced_free_columns(self) -> np.ndarray:
        free = self._rows[:, self.free_columns]
        if free.size:
            with _Threads(self._rows.size) as threads:
                workspace = threads.workspace(self.prime)
                workspace.solve_upper(self._rows, self.pivot_columns, 0, self.rank, free, self._panel_width)
        return free


def rank(a: Num[np.ndarray, "rows columns"], p: int, *, overwrite: bool = False) -> int:
    """The rank over F_p of an integer matrix; exact.

    ``a``: float64 (entries integers of absolute value at most 2**53 - 1 - 2p) or an integer dtype, reduced mod p here.
    ``p``: a prime for which products of centred residues fit into 53 bits (at most 27 bits).
    ``overwrite``: the elimination may destroy ``a``; then a writeable C- or Fortran-contiguous float64 array is not
    copied, and the memory besides it is a few tiles.
    Raises `InputError` for a p that is not prime, `ExactnessError` for a p or entries too large, `DataError` for NaN,
    fractions or a dtype that is not numeric.
    What is proved: the number returned is the rank mod p. For an integer matrix it is a lower bound of the rank over Q.
    """
    if a.ndim == 2 and a.flags.f_contiguous and not a.flags.c_contiguous:
        a = a.T
    matrix = to_residues(a, p, overwrite)
    if _is_small(matrix):
        return rank_large(matrix.astype(np.int64), p)
    return _eliminate(matrix, p, PANEL_WIDTH, rank_only=True).rank


def echelon(a: Num[np.ndarray, "rows columns"], p: int, *, overwrite: bool = False) -> Echelon:
    """The echelon form over F_p of an integer matrix: rank, pivot columns, pivot rows, and from them on demand the
    reduced row echelon form and the kernel.

    Arguments and errors as for `rank`, except that ``overwrite=True`` saves the copy for C-contiguous arrays only.
    """
    return _eliminate(to_residues(a, p, overwrite), p, PANEL_WIDTH, rank_only=False)


def kernel(a: Num[np.ndarray, "rows columns"], p: int, *, overwrite: bool = False) -> Float[np.ndarray, "columns nullity"]:
    """The basis of the right kernel {x : A x = 0} over F_p that is the identity on the free columns of A.

    The free columns are those that are not among the lexicographically first independent ones, so the basis is unique,
    and for all but finitely many primes it is the image of the basis over Q of the same form.
    Arguments and errors as for `echelon`. Result: centred residues, shape (columns, columns - rank).
    """
    matrix = to_residues(a, p, overwrite)
    if _is_small(matrix):  # the basis is unique, so that it does not matter who finds it
        return reduce_mod(kernel_large(matrix.astype(np.int64), p).astype(np.float64), p)
    return _eliminate(matrix, p, PANEL_WIDTH, rank_only=False).kernel()


def _is_small(matrix: np.ndarray) -> bool:
    """Whether python-flint is done with the matrix before the compiled loops would be there."""
    return matrix.size <= _SMALL_SIZE and is_short(_FLINT_ENTRIES * matrix.size)


def to_residues(a: Num[np.ndarray, "rows columns"], p: int, overwrite: bool = False) -> Float[np.ndarray, "rows columns"]:
    """A C-contiguous float64 array of centred residues: ``a`` itself where overwriting is allowed and possible.

    Arguments and errors as for `rank`.
    """
    if a.ndim != 2:
        raise DataError(f"a matrix has two axes, not the shape {a.shape}")
    if not is_prime(p):
        raise InputError(f"{p} is not a prime; ranks are computed over a prime field")
    require_length(p)
    if a.dtype.kind in "iu":
        if a.size and a.dtype.itemsize == 8 and max(int(a.max()), -int(a.min())) >= EXACT_INTEGER_LIMIT:
            a = a % a.dtype.type(p)
        a = a.astype(np.float64, order="C")
        overwrite = True
    elif a.dtype != np.float64:
        raise DataError(f"the matrix has dtype {a.dtype}; float64 or an integer dtype is needed")
    if overwrite and a.flags.c_contiguous and a.flags.writeable:
        return reduce_mod(a, p, out=a)
    return np.ascontiguousarray(reduce_mod(a, p))


class _Threads:
    """A thread pool for large matrices, none for small ones, where starting it would cost more than the work."""

    def __init__(self, size: int) -> None:
        import numba

        self._count = numba.get_num_threads() if size >= _PARALLEL_SIZE else 1
        self._pool = ThreadPoolExecutor(self._count - 1) if self._count > 1 else None

    def __enter__(self) -> _Threads:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def workspace(self, p: int) -> Workspace:
        from neurovariety.linear_algebra._blocks import Workspace

        return Workspace(p, self._pool, self._count)


def eliminate_panel(
    a: Float[np.ndarray, "rows columns"], p: int
) -> tuple[Int[np.ndarray, " rows"], Float[np.ndarray, "below rank"], Float[np.ndarray, "rank rank"]]:
    """Factor a few columns of centred residues, for eliminations whose large part runs elsewhere; ``a`` is not changed.

    Returns (order, M, S): after the rows are permuted to a[order], rank(a) pivot rows come first; S is the inverse of
    their unit lower triangle of multipliers, M the multipliers of the rows below. For any further columns B permuted
    the same way, U = S @ B[:rank] are the eliminated pivot rows and B[rank:] - M @ U the rows that remain, mod p.
    """
    n_rows, width = a.shape
    order = np.arange(n_rows)
    buffer = np.zeros((n_rows, 2 * width))  # room for the inverse on the right
    buffer[:, :width] = a
    if not a.size:
        return order, np.empty((n_rows, 0)), np.empty((0, 0))
    with _Threads(buffer.size) as threads:
        workspace = threads.workspace(p)
        part = _Elimination(buffer, workspace, PANEL_WIDTH, rank_only=False).run(0, 0, width)
        found = part.columns.size
        if found:
            buffer[np.arange(found), width + np.arange(found)] = 1.0
            workspace.solve_lower(buffer, part.triangles, width, width + found)
    _permute(order, part.swaps)
    return order, buffer[found:, part.columns], buffer[:found, width : width + found].copy()


def _permute(rows: np.ndarray, swaps: np.ndarray) -> None:
    for i, other in enumerate(swaps):
        if other != i:
            rows[i], rows[other] = rows[other], rows[i]


def _eliminate(a: np.ndarray, p: int, panel_width: int, rank_only: bool) -> Echelon:
    """Eliminate in place. With ``rank_only`` just the rank of the result means anything."""
    n_rows, n_columns = a.shape
    rows = np.arange(n_rows)
    columns = np.empty(0, dtype=np.int64)
    if a.size:
        spend("columns", n_columns, n_rows * min(n_rows, n_columns) / 3)
        with _Threads(a.size) as threads:
            part = _Elimination(a, threads.workspace(p), panel_width, rank_only).run(0, 0, n_columns, top=True)
        columns = part.columns
        _permute(rows, part.swaps)
    found = columns.size
    return Echelon(p, found, n_columns, columns, rows[:found].copy(), a[:found], panel_width)


class _Part(NamedTuple):
    """The pivots found in a range of columns from some row on."""

    columns: np.ndarray
    swaps: np.ndarray  # swaps[i]: the row exchanged with the i-th row of the range
    triangles: list[Triangle]


_NOTHING = _Part(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), [])


class _Elimination:
    def __init__(self, a: np.ndarray, workspace: Workspace, panel_width: int, rank_only: bool) -> None:
        self.a = a
        self.work = workspace
        self.panel_width = panel_width
        self.rank_only = rank_only
        self.panel_buffer = np.empty(a.shape[0] * min(panel_width, a.shape[1]))

    def run(self, row: int, c0: int, c1: int, top: bool = False) -> _Part:
        """Eliminate rows row: of columns c0:c1. Columns outside are not touched, rows above are not."""
        from neurovariety.linear_algebra import _kernels

        a, work = self.a, self.work
        if row >= a.shape[0]:
            return _NOTHING
        if c1 - c0 <= self.panel_width:
            return self._panel(row, c0, c1)
        middle = c0 + self.panel_width * (-(-(c1 - c0) // self.panel_width) // 2)
        left = self.run(row, c0, middle)
        below = row + left.columns.size
        if left.columns.size:
            if self.rank_only and below == a.shape[0]:
                return left
            _kernels.swap_rows(a, row, left.swaps, middle, c1)
            work.solve_lower(a, left.triangles, middle, c1)
            work.subtract_product(a, below, middle, a[below:], a[row:below, middle:c1], _blocks_as_slice(left.columns))
        right = self.run(below, middle, c1)
        if not right.columns.size:
            return left
        if not left.columns.size:
            return right
        if not top:  # the multipliers of the left half are needed outside
            _kernels.swap_rows(a, below, right.swaps, c0, middle)
        return _Part(
            np.concatenate([left.columns, right.columns]),
            np.concatenate([left.swaps, right.swaps]),
            left.triangles + right.triangles,
        )

    def _panel(self, row: int, c0: int, c1: int) -> _Part:
        from neurovariety.linear_algebra import _kernels
        from neurovariety.linear_algebra._blocks import Triangle

        columns = np.empty(c1 - c0, dtype=np.int64)
        swaps = np.empty(c1 - c0, dtype=np.int64)
        work = self.work
        found = _kernels.panel(self.a, row, c0, c1, work.p, work.lo, work.hi, work.chunk, self.panel_buffer, columns, swaps)
        if not found:
            return _NOTHING
        return _Part(columns[:found], swaps[:found], [Triangle(row, columns[:found])])


def _blocks_as_slice(columns: np.ndarray) -> slice | np.ndarray:
    from neurovariety.linear_algebra._blocks import as_slice

    result: slice | np.ndarray = as_slice(columns)
    return result
