"""Random primes of a given size, and a proved lower bound of how many there are."""

from __future__ import annotations

import math

import flint
import numpy as np

from neurovariety.errors import InputError

_EXACT_BITS = 17
"""Up to this size primes are counted one by one; above it the explicit estimates of Dusart hold."""


def is_prime(n: int) -> bool:
    """Whether n is prime (python-flint's proved test)."""
    return n > 1 and bool(flint.fmpz(n).is_prime())


def prime_below(p: int, bits: int) -> int:
    """p, where it is a prime below 2**bits. Raises `InputError` where it is none: residues modulo it are no field."""
    if isinstance(p, bool) or not isinstance(p, (int, np.integer)) or not p < 2**bits or not is_prime(int(p)):
        raise InputError(
            f"a field of residues has a prime modulus below 2^{bits}, got {p!r}; a field of 4 or 9 elements is a SmallField"
        )
    return int(p)


def random_prime(bits: int, rng: np.random.Generator) -> int:
    """A prime drawn uniformly among the primes p with 2**(bits-1) <= p < 2**bits.

    ``bits`` is from 2 to 63, else `InputError`. Draws uniformly random integers of that range until one is prime.
    """
    if not 2 <= bits <= 63:
        raise InputError(f"primes of {bits} bits are not offered; choose 2 to 63 bits")
    while True:
        candidate = int(rng.integers(2 ** (bits - 1), 2**bits, dtype=np.uint64))
        if is_prime(candidate):
            return candidate


def count_primes_lower_bound(bits: int) -> int:
    """A number that is proved to be at most #{p prime : 2**(bits-1) <= p < 2**bits}; `InputError` for bits < 2.

    Up to 17 bits it is the exact count. Above, with pi(x) >= x/(ln x - 1) for x >= 5393 and pi(x) <= x/(ln x - 1.1) for
    x >= 60184 (P. Dusart, *Estimates of some functions over primes without R.H.*, arXiv:1002.0442, theorem 6.9):
    pi(2**bits) - pi(2**(bits-1)) rounded down with a margin far above the rounding of the logarithms.
    It is within 2 % of the truth at 22 bits.
    """
    if bits < 2:
        raise InputError(f"there is no prime of {bits} bits; choose at least 2")
    if bits <= _EXACT_BITS:
        limit = 2**bits
        sieve = np.ones(limit, dtype=bool)
        sieve[:2] = False
        for i in range(2, math.isqrt(limit) + 1):
            if sieve[i]:
                sieve[i * i :: i] = False
        return int(np.count_nonzero(sieve[limit // 2 :]))
    log2 = math.log(2.0)
    estimate = 2 / (bits * log2 - 1) - 1 / ((bits - 1) * log2 - 1.1)
    return math.floor(estimate * (1 - 1e-9) * 2 ** (bits - 1))
