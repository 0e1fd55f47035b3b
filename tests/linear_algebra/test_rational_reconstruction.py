"""Chinese remainders, rational reconstruction and kernels over Q, with primes that go wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from math import isqrt, prod

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurovariety.errors import DataError, DivisionByZeroError, InputError
from neurovariety.linear_algebra import (
    chinese_remainder,
    is_prime,
    random_prime,
    rational_kernel,
    rational_reconstruction,
)

PRIMES = [2, 3, 101, 32003, 4194301]


@given(x=st.integers(0, prod(PRIMES) - 1))
def test_chinese_remainder(x: int) -> None:
    total, modulus = chinese_remainder([np.array([[float(x % p), 0.0]]) for p in PRIMES], PRIMES)
    assert modulus == prod(PRIMES)
    assert total.tolist() == [[x, 0]]


def test_chinese_remainder_refuses() -> None:
    with pytest.raises(DataError):
        chinese_remainder([], [])
    with pytest.raises(DataError):
        chinese_remainder([np.zeros(1)] * 2, [7, 7])
    with pytest.raises(DataError):
        chinese_remainder([np.zeros(1)] * 2, [7])


@given(n=st.integers(-(10**9), 10**9), d=st.integers(1, 10**9))
def test_reconstruction_inverts_reduction(n: int, d: int) -> None:
    modulus = 2**89 - 1
    value = Fraction(n, d)
    x = value.numerator * pow(value.denominator, -1, modulus) % modulus
    assert rational_reconstruction(x, modulus) == value


@pytest.mark.parametrize("modulus", [2, 15, 101, 1024])
def test_reconstruction_of_every_residue(modulus: int) -> None:
    bound = isqrt(modulus // 2)
    for x in range(modulus):
        found = rational_reconstruction(x, modulus)
        exists = any(
            (n - d * x) % modulus == 0 and Fraction(n, d).denominator == d and np.gcd(d, modulus) == 1
            for n, d in itertools.product(range(-bound, bound + 1), range(1, bound + 1))
        )
        assert (found is not None) == exists
        if found is not None:
            assert (found.numerator - found.denominator * x) % modulus == 0
            assert max(abs(found.numerator), found.denominator) <= bound


def test_reconstruction_refuses() -> None:
    with pytest.raises(InputError):
        rational_reconstruction(0, 1)


def reductions(a: flint.fmpq_mat, p: int) -> np.ndarray:
    def residue(x: flint.fmpq) -> int:
        if int(x.q) % p == 0:
            raise DivisionByZeroError("a denominator vanishes")
        return int(x.p) * pow(int(x.q), -1, p) % p

    return np.array([residue(x) for x in a.entries()], dtype=np.int64).reshape(a.nrows(), a.ncols())


def all_primes() -> Iterator[int]:
    return (p for p in itertools.count(2) if is_prime(p))


def expected_kernel(a: flint.fmpq_mat) -> list[list[Fraction]]:
    reduced, rank = a.rref()
    pivots = [next(j for j in range(a.ncols()) if reduced[i, j] != 0) for i in range(rank)]
    vectors = []
    for free in sorted(set(range(a.ncols())) - set(pivots)):
        vector = [Fraction(0)] * a.ncols()
        vector[free] = Fraction(1)
        for i, pivot in enumerate(pivots):
            vector[pivot] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
        vectors.append(vector)
    return vectors


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 6), columns=st.integers(1, 7), inner=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_kernels_over_the_rationals(seed: int, rows: int, columns: int, inner: int) -> None:
    rng = np.random.default_rng(seed)

    def random(m: int, n: int) -> flint.fmpq_mat:
        entries = [flint.fmpq(int(x), int(y)) for x, y in zip(rng.integers(-9, 10, m * n), rng.integers(1, 10, m * n), strict=True)]
        return flint.fmpq_mat(m, n, entries)

    a = random(rows, inner) * random(inner, columns)
    large = iter([random_prime(22, rng) for _ in range(200)])
    distinct = dict.fromkeys(large)
    assert rational_kernel(lambda p: reductions(a, p), distinct) == expected_kernel(a)


def test_bad_primes_at_the_start_do_not_matter() -> None:
    """2, 3, 5 and 7 lower the rank, move the pivots or divide a denominator."""
    a = flint.fmpq_mat(3, 4, [flint.fmpq(*x) for x in [
        (2, 1), (0, 1), (1, 1), (1, 1),
        (0, 1), (3, 1), (1, 5), (1, 1),
        (2, 1), (3, 1), (48, 5), (2, 7),
    ]])  # fmt: skip
    seen: list[int] = []

    def residues(p: int) -> np.ndarray:
        seen.append(p)
        return reductions(a, p)

    assert rational_kernel(residues, itertools.islice(all_primes(), 60)) == expected_kernel(a)
    assert seen[:5] == [2, 3, 5, 7, 11]


def test_a_full_column_rank_is_settled_by_one_prime() -> None:
    calls: list[int] = []
    assert rational_kernel(lambda p: (calls.append(p), np.eye(3))[1], [101, 103]) == []
    assert calls == [101]


def test_primes_that_run_out() -> None:
    with pytest.raises(InputError):
        rational_kernel(lambda p: np.array([[1000003 % p, 999983 % p]], dtype=np.int64), [101, 103, 107])
