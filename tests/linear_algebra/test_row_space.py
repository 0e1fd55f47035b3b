"""Ranks of rows that come a block at a time, held against the elimination of the whole matrix; the largest entries there are."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.errors import DataError, ExactnessError, InputError
from neurovariety.linear_algebra import RowSpace, matmul_mod, rank
from neurovariety.linear_algebra.row_space import SINGLE_BELOW

PRIMES = (2, 3, 131, 251, 509, 521, 4194301)


def drawn(rng, p, rows, columns, at_most):
    left, right = (rng.integers(0, p, size=s).astype(np.float64) for s in ((rows, at_most), (at_most, columns)))
    return matmul_mod(left, right, p)


def added(space, matrix, rng):
    cuts = np.sort(rng.integers(0, len(matrix) + 1, size=3))
    return sum(space.add(part) for part in np.split(matrix, cuts))


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("form", ["general", "few columns", "sparse", "at both ends", "rows of zeros"])
def test_the_rank_is_that_of_the_whole(p, form):
    rng = np.random.default_rng([p, len(form)])
    for rows, columns in ((9, 5), (5, 9), (700, 300), (300, 700)):
        matrix = drawn(rng, p, rows, columns, int(rng.integers(0, min(rows, columns) + 1)))
        if form == "few columns":
            matrix[:, rng.random(columns) < 0.8] = 0
        elif form == "sparse":
            matrix[rng.random(matrix.shape) < 0.98] = 0
        elif form == "at both ends":
            matrix[:, columns // 3 : -columns // 3] = 0
        elif form == "rows of zeros":
            matrix[rng.random(rows) < 0.5] = 0
        space = RowSpace(columns, p)
        assert added(space, matrix, rng) == space.rank == rank(matrix, p)
        assert space.add(matrix) == 0
        combined = matmul_mod(rng.integers(0, p, size=(4, rows)).astype(np.float64), matrix, p)
        assert space.add(combined) == 0


@pytest.mark.parametrize("p", [p for p in PRIMES if p > 3])
def test_sums_of_the_largest_residues_stay_exact(p):
    """Entries of largest size and of one sign, so that sums of products are as large as they get."""
    rng = np.random.default_rng(p)
    largest = float((p - 1) // 2)
    matrix = np.where(rng.random((900, 640)) < 0.5, largest, largest - 1)
    space = RowSpace(640, p)
    assert added(space, matrix, rng) == rank(matrix, p)
    same = RowSpace(640, p)
    assert same.add(np.full((600, 640), -largest)) == 1
    assert same.dtype == (np.float32 if p < SINGLE_BELOW else np.float64)


def test_integers_of_any_size_and_multiples_of_the_prime():
    space = RowSpace(2, 131)
    assert space.add(np.array([[131.0, 262.0], [0.0, 0.0]])) == 0
    assert space.add(np.array([[2.0**52, 1.0]])) == 1
    assert space.add(np.array([[float(2**52 % 131), 1.0]])) == 0
    assert space.add(np.array([[5.0, -7.0]])) == 1
    assert RowSpace(0, 131).add(np.zeros((3, 0))) == 0
    assert RowSpace(3, 131).add(np.zeros((0, 3))) == 0


def test_what_is_refused():
    space = RowSpace(3, 131)
    with pytest.raises(DataError, match="length 3"):
        space.add(np.zeros((2, 4)))
    with pytest.raises(DataError, match="not an integer"):
        space.add(np.array([[0.5, 0, 0]]))
    with pytest.raises(ExactnessError):
        space.add(np.array([[2.0**60, 0, 0]]))
    with pytest.raises(InputError, match="prime"):
        RowSpace(3, 129)
