"""Ranks and kernels over prime fields of up to 63 bits, by python-flint: slower than BLAS, for small error bounds."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import flint
import numpy as np
from jaxtyping import Shaped

from neurovariety.errors import DataError, InputError
from neurovariety.linear_algebra.primes import is_prime


def rank_large(a: Shaped[np.ndarray, "rows columns"], p: int) -> int:
    """The rank over F_p of an integer matrix, for a prime p < 2**63; exact.

    ``a`` has an integer dtype, or dtype object with integers (int, NumPy, flint ``fmpz`` or ``nmod`` over the same p).
    Raises `InputError` for p that is not a prime below 2**63, `DataError` for other entries or shapes.
    """
    return int(_to_flint(a, p).rank())


def kernel_large(a: Shaped[np.ndarray, "rows columns"], p: int) -> Shaped[np.ndarray, "columns nullity"]:
    """The basis of the right kernel over F_p that is the identity on the free columns (as `kernel`), prime p < 2**63.

    Result: dtype object, Python integers in [0, p), shape (columns, columns - rank). Errors as for `rank_large`.
    """
    n_columns = a.shape[1] if a.ndim == 2 else 0
    reduced, rank = _to_flint(a, p).rref()
    table = np.empty((rank, n_columns), dtype=object)
    for i in range(rank):
        table[i] = [int(reduced[i, j]) for j in range(n_columns)]
    pivots = [int(np.flatnonzero(row)[0]) for row in table]
    free = np.setdiff1d(np.arange(n_columns), pivots)
    result = np.zeros((n_columns, free.size), dtype=object)
    if rank and free.size:
        result[pivots] = -table[:, free] % p
    result[free, np.arange(free.size)] = 1
    return result


def _to_flint(a: np.ndarray, p: int) -> flint.nmod_mat:
    if a.ndim != 2:
        raise DataError(f"a matrix has two axes, not the shape {a.shape}")
    if not (p < 2**63 and is_prime(p)):
        raise InputError(f"{p} is not a prime below 2**63")
    if a.dtype.kind in "iub":
        entries = [x % p for x in a.ravel().tolist()]
    elif a.dtype == object:
        entries = [_residue(x, p) for x in a.ravel().tolist()]
    else:
        raise DataError(f"the matrix has dtype {a.dtype}; an integer dtype or object is needed")
    return flint.nmod_mat(a.shape[0], a.shape[1], entries, p)


def _residue(x: object, p: int) -> int:
    if isinstance(x, flint.nmod):
        if x.modulus() != p:
            raise DataError(f"an entry of the matrix is a residue mod {x.modulus()}, not mod {p}")
        return int(x)
    if isinstance(x, flint.fmpz):
        return int(x) % p
    if isinstance(x, SupportsIndex):
        return operator.index(x) % p
    raise DataError(f"an entry of the matrix has type {type(x).__name__}; integers are needed")
