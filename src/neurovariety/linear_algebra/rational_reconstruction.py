"""From residues modulo several primes to rational numbers, entrywise, and rational kernels made that way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Shaped

from neurovariety.errors import DataError, DivisionByZeroError, InputError
from neurovariety.linear_algebra.elimination import echelon


def chinese_remainder(
    residues: Sequence[Shaped[np.ndarray, "*shape"]], primes: Sequence[int]
) -> tuple[Shaped[np.ndarray, "*shape"], int]:
    """The array x with x = residues[i] mod primes[i] for all i, and the product M of the primes.

    ``residues`` are arrays of one shape holding integers (integral float64 is fine); the primes are distinct. Result:
    dtype object, Python integers in [0, M). Raises `DataError` for lists that do not match or are empty, or primes that
    repeat.
    """
    if not primes or len(residues) != len(primes):
        raise DataError(f"{len(residues)} arrays of residues do not match {len(primes)} primes; give one array a prime")
    if math.lcm(*primes) != math.prod(primes):
        raise DataError("the moduli are not pairwise coprime; use distinct primes")
    total, modulus = _integers(residues[0]) % primes[0], primes[0]
    for residue, p in zip(residues[1:], primes[1:], strict=True):
        total, modulus = _extend(total, modulus, _integers(residue), p)
    return total, modulus


def rational_reconstruction(x: int, modulus: int) -> Fraction | None:
    """The fraction n/d with n = d x mod ``modulus``, |n| and d at most sqrt(modulus/2) and d prime to it, or None.

    There is at most one such fraction (Wang's theorem: two of them would agree mod ``modulus`` with a difference too
    small not to vanish); it is found by the Euclidean algorithm. Raises `InputError` for modulus < 2.
    """
    if modulus < 2:
        raise InputError(f"the modulus {modulus} is not at least 2")
    bound = math.isqrt(modulus // 2)
    x %= modulus
    if x <= bound:
        return Fraction(x)
    if modulus - x <= bound:
        return Fraction(x - modulus)
    r0, r1, t0, t1 = modulus, x, 0, 1
    while r1 > bound:
        q = r0 // r1
        r0, r1, t0, t1 = r1, r0 - q * r1, t1, t0 - q * t1
    if abs(t1) > bound or math.gcd(r1, t1) != 1 or math.gcd(t1, modulus) != 1:
        return None
    return Fraction(r1, t1)


def rational_kernel(residues: Callable[[int], Shaped[np.ndarray, "rows columns"]], primes: Iterable[int]) -> list[list[Fraction]]:
    """A basis of the right kernel over Q of a rational matrix A that is known by its residues.

    ``residues(p)`` is A mod p (float64 or integers, as for `echelon`); it may raise `DivisionByZeroError` where p
    divides a denominator, and the prime is skipped. ``primes`` are distinct; as many are used as needed. The basis is
    the one with the identity on the columns that are not among the first independent ones, one list of length
    ``columns`` a vector.

    Primes at which the rank drops or the pivot columns come later are discarded, also afterwards: only those with the
    largest rank and, among these, the lexicographically first pivot columns count. Residues are joined by Chinese
    remaindering until the reconstructed fractions agree with the kernel modulo one further prime.

    What is proved: the kernel over Q has at most as many dimensions as the list has vectors (the rank mod p is a lower
    bound); an empty list is therefore proved. That the vectors lie in the kernel is established modulo the last prime,
    not over Q: multiply A by them where a proof is needed; the list is then a basis for certain.
    Raises `InputError` if the primes run out before that.
    """
    best: tuple[int, tuple[int, ...]] | None = None
    total: np.ndarray | None = None
    modulus = 1
    used = 0
    n_columns = 0
    for p in primes:
        try:
            form = echelon(residues(p), p)
        except DivisionByZeroError:
            continue
        used += 1
        key = (-form.rank, tuple(int(c) for c in form.pivot_columns))
        if best is None or key < best:
            best, total, modulus, n_columns = key, None, 1, form.n_columns
        elif key > best:
            continue
        if form.rank == n_columns:
            return []
        free = form.free_columns
        new = _integers(form.kernel()[form.pivot_columns])
        if total is not None:
            candidate = _reconstruct(total, modulus)
            if candidate is not None and _agree(candidate, new, p):
                return _vectors(candidate, form.pivot_columns, free, n_columns)
            total, modulus = _extend(total, modulus, new, p)
        else:
            total, modulus = new % p, p
    raise InputError(
        f"the kernel over Q did not settle after {used} usable primes ({modulus.bit_length()} bits together); "
        "give more primes or larger ones"
    )


def _integers(a: np.ndarray) -> np.ndarray:
    if a.dtype.kind == "f":
        return a.astype(np.int64).astype(object)
    return a.astype(object)


def _extend(total: np.ndarray, modulus: int, residue: np.ndarray, p: int) -> tuple[np.ndarray, int]:
    step = (residue - total) * pow(modulus, -1, p) % p
    return np.asarray(total + modulus * step, dtype=object), modulus * p


def _reconstruct(total: np.ndarray, modulus: int) -> np.ndarray | None:
    """All entries as fractions, or None. Denominators repeat, so the last common one is tried before Euclid."""
    bound = math.isqrt(modulus // 2)
    result = np.empty(total.shape, dtype=object)
    common = 1
    flat = result.reshape(-1)
    for i, x in enumerate(total.reshape(-1).tolist()):
        numerator = x * common % modulus
        if 2 * numerator > modulus:
            numerator -= modulus
        if common <= bound and abs(numerator) <= bound:
            flat[i] = Fraction(numerator, common)
            continue
        value = rational_reconstruction(x, modulus)
        if value is None:
            return None
        flat[i] = value
        common = math.lcm(common, value.denominator)
        if common > bound:
            common = value.denominator
    return result


def _agree(candidate: np.ndarray, residue: np.ndarray, p: int) -> bool:
    for value, r in zip(candidate.reshape(-1).tolist(), residue.reshape(-1).tolist(), strict=True):
        if value.denominator % p == 0 or (value.numerator - r * value.denominator) % p:
            return False
    return True


def _vectors(values: np.ndarray, pivots: np.ndarray, free: np.ndarray, n_columns: int) -> list[list[Fraction]]:
    vectors = []
    for k, column in enumerate(free):
        vector = [Fraction(0)] * n_columns
        vector[int(column)] = Fraction(1)
        for i, pivot in enumerate(pivots):
            vector[int(pivot)] = values[i, k]
        vectors.append(vector)
    return vectors
