"""Word-size primes: entries of every integer kind, ranks and kernels."""

from __future__ import annotations

import flint
import numpy as np
import pytest

from neurovariety.errors import DataError, InputError
from neurovariety.linear_algebra import kernel, kernel_large, rank, rank_large

from .known_matrices import KINDS, PRIME_22, matrix

P = 9223372036854775783  # the largest prime below 2**63


@pytest.mark.parametrize("kind", KINDS)
def test_agreement_with_the_small_field_code(kind: str) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    for rows, columns in ((20, 30), (33, 21), (0, 4), (4, 0)):
        a = matrix(kind, rows, columns, PRIME_22, rng)
        whole = a.astype(np.int64)
        assert rank_large(whole, PRIME_22) == rank(a, PRIME_22)
        assert np.array_equal(kernel_large(whole, PRIME_22), kernel(a, PRIME_22).astype(np.int64) % PRIME_22)


def test_kernel_over_63_bits() -> None:
    rng = np.random.default_rng(3)
    left = rng.integers(0, P, (12, 5)).astype(object)
    right = rng.integers(0, P, (5, 15)).astype(object)
    a = left @ right
    assert rank_large(a, P) == 5
    basis = kernel_large(a, P)
    assert basis.shape == (15, 10)
    assert not np.any(a @ basis % P)


def test_entries_of_other_types() -> None:
    a = np.array([[flint.nmod(1, P), flint.fmpz(2)], [np.int64(-1), -2 + P]], dtype=object)
    assert rank_large(a, P) == 1
    assert rank_large(np.array([[2**64 - 1, 0]], dtype=np.uint64), P) == 1
    for bad in (0.5, "1", flint.nmod(1, 7)):
        with pytest.raises(DataError):
            rank_large(np.array([[bad]], dtype=object), P)
    with pytest.raises(DataError):
        rank_large(np.eye(2), P)
    for p in (P + 1, 2**89 - 1, 1):
        with pytest.raises(InputError):
            rank_large(np.eye(2, dtype=np.int64), p)
