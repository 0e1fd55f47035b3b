"""Random primes and the proved counts."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.errors import InputError
from neurovariety.linear_algebra import count_primes_lower_bound, is_prime, random_prime

# pi(2**k) for k = 0, 1, ..., 30: OEIS A007053.
PRIME_COUNTS = [
    0, 1, 2, 4, 6, 11, 18, 31, 54, 97, 172, 309, 564, 1028, 1900, 3512, 6542, 12251, 23000, 43390, 82025, 155611,
    295947, 564163, 1077871, 2063689, 3957809, 7603553, 14630843, 28192750, 54400028,
]  # fmt: skip


def test_lower_bounds_against_the_true_counts() -> None:
    for bits in range(2, 31):
        truth = PRIME_COUNTS[bits] - PRIME_COUNTS[bits - 1] + (bits == 2)  # 2 = 2**1 itself has two bits
        bound = count_primes_lower_bound(bits)
        assert bound == truth if bits <= 17 else 0.95 * truth < bound <= truth
    assert all(count_primes_lower_bound(b) <= count_primes_lower_bound(b + 1) for b in range(2, 80))


def test_random_primes() -> None:
    rng = np.random.default_rng(0)
    for bits in (2, 3, 8, 22, 27, 62, 63):
        for _ in range(20):
            p = random_prime(bits, rng)
            assert p.bit_length() == bits
            assert is_prime(p)
    drawn = [random_prime(4, rng) for _ in range(600)]  # 11 or 13, each with probability 1/2
    assert set(drawn) == {11, 13}
    assert 200 < drawn.count(11) < 400
    assert random_prime(30, np.random.default_rng(7)) == random_prime(30, np.random.default_rng(7))
    assert not any(is_prime(n) for n in (-3, 0, 1, 4, 2**62))


@pytest.mark.parametrize("bits", [1, 64])
def test_refused_sizes(bits: int) -> None:
    with pytest.raises(InputError):
        random_prime(bits, np.random.default_rng(0))
    if bits == 1:
        with pytest.raises(InputError):
            count_primes_lower_bound(bits)
