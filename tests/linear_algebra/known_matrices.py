"""Matrices with a known structure, and the same questions answered by python-flint."""

from __future__ import annotations

import flint
import numpy as np
from hypothesis import strategies as st

SMALL_PRIMES = [2, 3, 5, 7, 32003]
PRIME_22 = 4194301  # the largest prime below 2**22
LARGEST_PRIME = 189812507  # the largest prime for which one product of residues fits; checked in test_modular_product
BORDER_PRIMES = [*SMALL_PRIMES, PRIME_22, 67108859, LARGEST_PRIME]


def to_flint(a: np.ndarray, p: int) -> flint.nmod_mat:
    return flint.nmod_mat(a.shape[0], a.shape[1], [int(x) % p for x in a.ravel()], p)


def from_flint(m: flint.nmod_mat) -> np.ndarray:
    return np.array([int(x) for x in m.entries()], dtype=np.int64).reshape(m.nrows(), m.ncols())


def flint_rref(a: np.ndarray, p: int) -> np.ndarray:
    reduced, rank = to_flint(a, p).rref()
    return from_flint(reduced)[:rank]


def matrix(kind: str, rows: int, columns: int, p: int, rng: np.random.Generator) -> np.ndarray:
    """A float64 matrix of residues in [0, p), structured so that pivots are missing in interesting places."""

    def random(m: int, n: int) -> np.ndarray:
        return rng.integers(0, p, (m, n)).astype(np.float64)

    a = random(rows, columns)
    if kind == "zero":
        a[:] = 0
    elif kind == "low rank" and min(rows, columns) > 1:
        inner = int(rng.integers(1, min(rows, columns)))
        left, right = random(rows, inner), random(inner, columns)
        a = from_flint(to_flint(left, p) * to_flint(right, p)).astype(np.float64)
    elif kind == "repeated columns" and columns:
        a = a[:, np.sort(rng.integers(0, columns, columns))]
    elif kind == "repeated rows" and rows:
        a = a[rng.integers(0, rows, rows)]
    elif kind == "blocks":
        mask = np.zeros((rows, columns), dtype=bool)
        row = column = 0
        while row < rows and column < columns:
            height, width = int(rng.integers(1, 9)), int(rng.integers(1, 9))
            mask[row : row + height, column : column + width] = True
            row, column = row + height, column + width + int(rng.integers(0, 4))
        a = (a * mask)[rng.permutation(rows)]
    elif kind == "sparse":
        a *= rng.random((rows, columns)) < 0.05
    elif kind == "zero strips":
        a[:, : columns // 3] = 0
        a[rows // 2 :] = 0
    return np.ascontiguousarray(a)


KINDS = ["full", "zero", "low rank", "repeated columns", "repeated rows", "blocks", "sparse", "zero strips"]
kinds = st.sampled_from(KINDS)
primes = st.sampled_from(BORDER_PRIMES)
seeds = st.integers(0, 2**32 - 1)
