"""Rank, echelon form and kernel against python-flint, over all block boundaries and border primes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurovariety.errors import DataError, ExactnessError, InputError
from neurovariety.linear_algebra import Echelon, _blocks, echelon, elimination, kernel, matmul_mod, rank
from neurovariety.linear_algebra.elimination import eliminate_panel

from .known_matrices import BORDER_PRIMES, KINDS, LARGEST_PRIME, PRIME_22, flint_rref, kinds, matrix, primes, seeds, to_flint


@contextmanager
def blocks_of(width: int) -> Iterator[None]:
    """Small panels and tiles bring every block boundary into matrices that flint does in no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elimination, "PANEL_WIDTH", width)
        if width < 64:
            patch.setattr(_blocks, "TILE_ROWS", 7)
            patch.setattr(_blocks, "TILE_COLUMNS", 6)
            patch.setattr(_blocks, "PARALLEL_TILE", 8)
            patch.setattr(elimination, "_PARALLEL_SIZE", 600)
        yield


def check(a: np.ndarray, p: int) -> Echelon:
    expected = flint_rref(a, p)
    form = echelon(a, p)
    assert form.rank == len(expected) == rank(a, p) == rank(np.asfortranarray(a), p)
    reduced = form.reduced()
    assert np.array_equal(reduced % p, expected)
    assert np.array_equal(form.pivot_columns, [np.flatnonzero(row)[0] for row in expected])
    assert np.array_equal(np.sort(np.concatenate([form.pivot_columns, form.free_columns])), np.arange(a.shape[1]))
    minor = a[np.ix_(form.pivot_rows, form.pivot_columns)]
    assert to_flint(minor, p).rank() == form.rank
    basis = kernel(a, p)
    assert basis.shape == (a.shape[1], a.shape[1] - form.rank)
    assert np.array_equal(basis[form.free_columns], np.eye(basis.shape[1]))
    assert not np.signbit(basis[basis == 0]).any()
    assert np.abs(basis).max(initial=0) <= p // 2
    assert not np.any(matmul_mod(np.where(a > p // 2, a - p, a), basis, p))
    return form


@given(
    width=st.sampled_from([1, 5, 64]),
    kind=kinds,
    rows=st.integers(0, 40),
    columns=st.integers(0, 40),
    p=primes,
    seed=seeds,
)
@settings(max_examples=200, deadline=None)
def test_small_matrices_agree_with_flint(width: int, kind: str, rows: int, columns: int, p: int, seed: int) -> None:
    with blocks_of(width):
        check(matrix(kind, rows, columns, p, np.random.default_rng(seed)), p)


@pytest.mark.parametrize("p", BORDER_PRIMES)
@pytest.mark.parametrize("kind", KINDS)
def test_sizes_beyond_the_panel(kind: str, p: int) -> None:
    rng = np.random.default_rng([p, KINDS.index(kind)])
    for rows, columns in ((64, 64), (65, 129), (200, 131), (127, 260)):
        check(matrix(kind, rows, columns, p, rng), p)


@pytest.mark.parametrize("p", [2, PRIME_22, LARGEST_PRIME])
def test_hundreds_of_columns(p: int) -> None:
    rng = np.random.default_rng(p)
    for kind, rows, columns in (("low rank", 420, 500), ("blocks", 600, 560), ("full", 385, 384)):
        check(matrix(kind, rows, columns, p, rng), p)


def test_more_products_than_one_reduction_allows_in_a_large_block() -> None:
    """A contraction longer than max_length, with the largest residues: rank known from the construction."""
    p, n = 67108859, 700  # max_length is 8 here
    half = float(p // 2)
    lower = np.tril(np.full((n, n), half), -1) + np.eye(n)
    upper = np.triu(np.full((n, n), -half), 1) + np.eye(n)
    upper[n // 2 :, :] = 0
    assert rank(matmul_mod(lower, upper, p), p) == n // 2


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_empty_matrices(shape: tuple[int, int]) -> None:
    form = echelon(np.zeros(shape), 7)
    assert form.rank == 0
    assert form.reduced().shape == (0, shape[1])
    assert np.array_equal(form.kernel(), np.eye(shape[1]))
    assert rank(np.zeros(shape), 7) == 0


def test_integer_dtypes_and_large_entries() -> None:
    p = 101
    a = np.array([[2**62, 5], [-(2**63), 2**62 - 1]], dtype=np.int64)
    assert rank(a, p) == to_flint(a, p).rank()
    assert rank(np.array([[2**64 - 1, 1], [3, 2]], dtype=np.uint64), p) == 2
    assert rank(np.array([[1, 2], [3, 4]], dtype=np.int8), 2) == 1


def test_refused_input() -> None:
    for bad in (np.nan, 0.5):
        with pytest.raises(DataError):
            rank(np.array([[1.0, bad]]), 7)
    for bad in (np.inf, -np.inf, 2.0**53, 1e300):
        with pytest.raises(ExactnessError):
            rank(np.array([[1.0, bad]]), 7)
    for p in (-7, 0, 1, 4, 4194303):
        with pytest.raises(InputError):
            rank(np.eye(2), p)
    for p in (189812533, 2**61 - 1):
        with pytest.raises(ExactnessError):
            echelon(np.eye(2), p)


def test_overwrite_uses_the_buffer_and_its_absence_does_not() -> None:
    rng = np.random.default_rng(5)
    a = rng.integers(0, PRIME_22, (150, 170)).astype(np.float64)
    before = a.copy()
    rank(a, PRIME_22)
    kernel(a, PRIME_22)
    assert np.array_equal(a, before)
    form = echelon(a, PRIME_22, overwrite=True)
    assert np.shares_memory(form._rows, a)
    fortran = np.asfortranarray(before)
    rank(fortran, PRIME_22, overwrite=True)
    assert not np.array_equal(fortran, before)
    frozen = before.copy()
    frozen.flags.writeable = False
    assert rank(frozen, PRIME_22, overwrite=True) == 150


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_peak_memory_is_one_matrix_and_a_few_tiles() -> None:
    program = (
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from neurovariety.linear_algebra import rank\n"
        "rank(np.random.default_rng(0).integers(0, 4194301, (300, 300)).astype(float), 4194301)\n"
        "a = np.random.default_rng(0).random((3000, 3000)); np.multiply(a, 4194301, out=a); np.floor(a, out=a)\n"
        "def peak():\n"  # ru_maxrss would inherit the peak of the parent process
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return int(next(line for line in lines if line.startswith('VmHWM')).split()[1]) * 1024\n"
        "before = peak()\n"
        "assert rank(a, 4194301, overwrite=True) == 3000\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 0.9 * 3000 * 3000 * 8  # a copy alone would be 72 MB


@given(rows=st.integers(1, 90), columns=st.integers(1, 90), kind=kinds, p=primes, seed=seeds)
@settings(max_examples=30, deadline=None)
def test_eliminate_panel(rows: int, columns: int, kind: str, p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    full = matrix(kind, rows, columns + 6, p, rng)
    full = np.where(full > p // 2, full - p, full)
    order, multipliers, inverse = eliminate_panel(np.ascontiguousarray(full[:, :columns]), p)
    found = len(inverse)
    assert np.array_equal(np.sort(order), np.arange(rows))
    permuted = full[order]
    pivots = matmul_mod(inverse, np.ascontiguousarray(permuted[:found]), p)
    rest = permuted[found:] - matmul_mod(multipliers, pivots, p)
    assert not np.any(rest[:, :columns] % p)
    assert found + rank(np.ascontiguousarray(rest), p) == rank(full, p)
