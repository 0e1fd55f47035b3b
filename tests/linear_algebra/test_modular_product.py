"""Centred residues and exact products at the edge of what float64 holds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurovariety.errors import DataError, ExactnessError, InputError
from neurovariety.linear_algebra import centred_bound, is_prime, matmul_mod, max_length, modular_product, reduce_mod

from .known_matrices import BORDER_PRIMES, LARGEST_PRIME, PRIME_22, primes, seeds


def centred(x: int, p: int) -> int:
    r = x % p
    return r - p if r > p // 2 else r


@given(p=st.sampled_from([*BORDER_PRIMES, 11, 2**27, 6]), data=st.data())
@settings(max_examples=200, deadline=None)
def test_reduction_is_exact_up_to_its_limit(p: int, data: st.DataObject) -> None:
    limit = 2**53 - 1 - 2 * p
    near_halves = st.integers(-(limit // p) + 1, limit // p - 1).map(lambda q: q * p + p // 2)
    values = data.draw(st.lists(st.integers(-limit, limit) | near_halves | st.sampled_from([limit, -limit]), max_size=40))
    a = np.array(values, dtype=np.float64)
    result = reduce_mod(a, p)
    assert result.tolist() == [centred(x, p) for x in values]
    assert reduce_mod(a, p, out=a) is a
    assert np.array_equal(a, result)


def test_reduction_of_views_scalars_and_large_arrays() -> None:
    rng = np.random.default_rng(1)
    a = rng.integers(-(2**52), 2**52, (60, 40)).astype(np.float64)
    expected = np.vectorize(lambda x: float(centred(int(x), 101)))(a)
    assert np.array_equal(reduce_mod(a.T, 101), expected.T)
    assert np.array_equal(reduce_mod(a[::2, 1:], 101), expected[::2, 1:])
    frozen = a.copy()
    frozen.flags.writeable = False
    assert np.array_equal(reduce_mod(frozen, 101), expected)
    target = np.zeros((40, 60)).T
    assert reduce_mod(a, 101, out=target) is target
    assert np.array_equal(target, expected)
    view = a[:, ::3]
    reduce_mod(view, 101, out=view)
    assert np.array_equal(view, expected[:, ::3])
    assert reduce_mod(np.asarray(102.0), 101).shape == ()
    assert reduce_mod(np.zeros((0, 3)), 101).shape == (0, 3)
    big = rng.integers(-(2**52), 2**52, 2**20 + 3)
    assert np.array_equal(reduce_mod(big.astype(np.float64), PRIME_22) % PRIME_22, big % PRIME_22)


def test_refused_input() -> None:
    for bad in (np.nan, 0.5, -3.25):
        with pytest.raises(DataError):
            reduce_mod(np.array([1.0, bad]), 7)
    for bad in (np.inf, 2.0**53, -(2.0**53), 1e300):
        with pytest.raises(ExactnessError):
            reduce_mod(np.array([1.0, bad]), 7)
    with pytest.raises(DataError):
        reduce_mod(np.zeros(3), 7, out=np.zeros(4))
    with pytest.raises(InputError):
        centred_bound(1)
    with pytest.raises(ExactnessError):
        reduce_mod(np.zeros(3), 2**52)


@pytest.mark.parametrize("p", BORDER_PRIMES)
def test_max_length_is_what_fits_and_no_less(p: int) -> None:
    h, length = centred_bound(p), max_length(p)
    assert length >= 1
    assert length * h * h + h <= 2**53 - 1 - 2 * p < (length + 1) * h * h + h


def test_the_largest_prime() -> None:
    assert is_prime(LARGEST_PRIME)
    following = next(q for q in range(LARGEST_PRIME + 1, LARGEST_PRIME + 1000) if is_prime(q))
    assert max_length(following) == 0
    assert max_length(PRIME_22) == 2048
    half = np.full((1, 1), float(following // 2))
    with pytest.raises(ExactnessError):
        matmul_mod(half, half, following)


@given(
    batch=st.sampled_from([(), (3,), (2, 3)]),
    rows=st.integers(0, 5),
    length=st.integers(0, 40),
    columns=st.integers(0, 5),
    p=primes,
    seed=seeds,
)
@settings(max_examples=80, deadline=None)
def test_products_agree_with_integers(batch: tuple[int, ...], rows: int, length: int, columns: int, p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = p // 2
    a = rng.integers(-half, half + 1, (*batch, rows, length))
    b = rng.integers(-half, half + 1, (length, columns)) if len(batch) < 2 else rng.integers(0, 2, (3, length, columns))
    expected = np.matmul(a.astype(object), b.astype(object)) if length else np.zeros((*batch, rows, columns), int)
    result = matmul_mod(a.astype(float), b.astype(float), p)
    assert np.array_equal(result % p, expected % p)
    assert np.abs(result).max(initial=0) <= half


def test_vectors_and_the_longest_exact_contraction() -> None:
    p = PRIME_22
    half = p // 2
    for n in (2047, 2048, 2049, 5000):
        a = np.full(n, float(half))
        assert int(matmul_mod(a, a, p)) == centred(n * half * half, p)
        assert int(matmul_mod(a, -a[:, None], p)[0]) == centred(-n * half * half, p)
    with pytest.raises(ExactnessError):
        matmul_mod(np.full((1, 1), 2.0**27), np.full((1, 1), 2.0**27), p)
    for bad in (np.nan, np.inf):
        with pytest.raises(DataError):
            matmul_mod(np.full((1, 1), bad), np.ones((1, 1)), p)


def test_threads_may_call_at_the_same_time() -> None:
    a = np.arange(3 * 2**20, dtype=np.float64)
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(reduce_mod(a, 32003))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(np.array_equal(r, results[0]) for r in results)


@pytest.mark.parametrize("p", [2, 3, 5, 4194301, 2**26 - 5])
def test_plain_and_compiled_reductions_agree(p):
    """Which one is used depends on how much was done before, so that they must not differ."""
    rng = np.random.default_rng(0)
    limit = modular_product.reducible_limit(p)
    a = rng.integers(-limit, limit, size=1000, endpoint=True).astype(np.float64)
    a[:6] = [0, -0.0, limit, -limit, p, -p]
    bad = np.array([np.nan, np.inf, -np.inf, 0.5, 2.0**53, 3.0])
    for values in (a, bad):
        one, two = np.empty_like(values), np.empty_like(values)
        counts = modular_product._reduce_plainly(values, one, p, limit)
        assert counts == modular_product._reduce(values, two, p, limit)
        if values is a:
            assert counts == (0, 0)
            assert np.array_equal(one, two)
