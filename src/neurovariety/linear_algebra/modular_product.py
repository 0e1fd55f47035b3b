"""Exact arithmetic mod p on float64 arrays: centred residues and matrix products.

A *centred residue* mod p is an integer r with -(p-1)//2 <= r <= p//2, stored as float64; for odd p these are the p
integers of absolute value at most (p-1)/2. float64 adds and multiplies integers exactly as long as no partial sum
leaves the range |x| <= 2**53, whatever the order of the additions, which BLAS does not promise.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float

from neurovariety.errors import DataError, ExactnessError, InputError
from neurovariety.tolerances import EXACT_INTEGER_LIMIT

_PARALLEL_SIZE = 2**20
"""Arrays of at least this many entries are reduced by several threads; starting them costs about 0.1 ms."""

_plain_entries = 2**25
"""Entries that NumPy still reduces before the compiled loop is loaded, which takes over a second: a short computation never needs it.
Both give the same residues, so that this is a matter of time alone."""


_PLAIN_SIZE = 2**16
"""Entries of an array that NumPy reduces, with three temporary arrays of them."""

_CALL_ENTRIES = 2**6
"""What a call costs beside its entries, in entries."""

Line = np.ndarray[tuple[int], np.dtype[np.float64]]


def centred_bound(p: int) -> int:
    """The largest absolute value p//2 of a centred residue mod p.

    Raises `InputError` for p < 2.
    """
    if p < 2:
        raise InputError(f"the modulus {p} is not at least 2; choose a prime")
    return p // 2


def reducible_limit(p: int) -> int:
    """The largest absolute value 2**53 - 1 - 2p that `reduce_mod` accepts.

    For |x| up to it the rounded float64 quotient of x by p is at most one off, and quotient times p is exact, so that
    one correction by p gives the centred residue.
    """
    return EXACT_INTEGER_LIMIT - 1 - 2 * p


def max_length(p: int) -> int:
    """How many products of two centred residues mod p may be added to a centred residue before a reduction.

    The sum then stays below 2**53 in absolute value, in every order of addition, and `reduce_mod` accepts it. 0 says
    that not even one product fits: p is then too large for float64 (p above about 1.89e8).
    """
    bound = centred_bound(p)
    return max(0, (reducible_limit(p) - bound) // bound**2)


def require_length(p: int) -> int:
    """`max_length` of p, or `ExactnessError` where it is 0."""
    length = max_length(p)
    if length == 0:
        raise ExactnessError(f"one product of residues mod {p} can exceed 2**53; use a prime of at most 27 bits, or rank_large")
    return length


def reduce_mod(
    a: Float[np.ndarray, "*shape"], p: int, out: Float[np.ndarray, "*out_shape"] | None = None
) -> Float[np.ndarray, "*shape"]:
    """The centred residues mod p of a float64 array of integers of any shape.

    ``out`` may be ``a`` itself (in place) or another float64 array of the same shape; without it a new array is made.
    Every entry is checked: `DataError` for a NaN or a number that is not an integer, `ExactnessError` for an entry
    above 2**53 - 1 - 2p in absolute value (float64 may have rounded it; infinity too). After an error ``out`` is
    undefined.
    """
    centred_bound(p)
    limit = reducible_limit(p)
    if limit < p:
        raise ExactnessError(f"residues mod {p} do not fit into float64; use a prime of at most 27 bits, or rank_large")
    if a.dtype != np.float64 or (out is not None and out.dtype != np.float64):
        raise DataError("reduce_mod works on float64 arrays; convert exactly before")
    if out is None:
        out = np.empty(a.shape)
    elif out.shape != a.shape:
        raise DataError(f"the shape {out.shape} of out is not the shape {a.shape} of the array")
    work = out if out.flags.c_contiguous else np.empty(a.shape)
    if not (a.flags.c_contiguous and a.flags.writeable):  # one memory layout, so that one compiled loop serves all
        np.copyto(work, a)
        a = work
    source, target = a.reshape(-1), work.reshape(-1)
    reduce = _reduce_plainly if source.size <= _PLAIN_SIZE and is_short(source.size) else _reduce
    too_large, fractional = reduce(source, target, p, limit)
    if too_large or fractional:
        _refuse(too_large, fractional, p)
    if work is not out:
        out[...] = work
    return out


def is_short(entries: int) -> bool:
    """Whether so many entries more are reduced faster without the compiled loops, which are not loaded yet.

    Counts them as reduced: what answers False once answers False ever after.
    """
    global _plain_entries
    if _plain_entries >= 0:
        _plain_entries -= entries + _CALL_ENTRIES
    return _plain_entries >= 0


def _reduce_plainly(source: Line, target: Line, p: int, limit: int) -> tuple[int, int]:
    """target[i] = centred residue of source[i], with NumPy; the values of `_reduce`, returned likewise."""
    with np.errstate(invalid="ignore"):  # infinities, which are counted as too large
        too_large = int(np.count_nonzero(~(np.abs(source) <= limit)))
        fractional = int(np.count_nonzero(np.rint(source) != source))
        residues = source - np.rint(source * (1.0 / p)) * p
    residues[residues > p // 2] -= p
    residues[residues < -((p - 1) // 2)] += p
    target[...] = residues
    return too_large, fractional


def _reduce(source: Line, target: Line, p: int, limit: int) -> tuple[int, int]:
    """target[i] = centred residue of source[i], by the compiled loop: entries that are too large, and that are not integers."""
    from neurovariety.linear_algebra._kernels import reduce_flat

    arguments = (float(p), float((p - 1) // 2), float(p // 2), float(limit))
    if source.size < _PARALLEL_SIZE:
        too_large, fractional = reduce_flat(source, target, *arguments)
        return int(too_large), int(fractional)
    import numba

    threads = numba.get_num_threads()
    cuts = itertools.pairwise(source.size * i // threads for i in range(threads + 1))
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(reduce_flat, source[start:stop], target[start:stop], *arguments) for start, stop in cuts]
        counts = [job.result() for job in jobs]
    return sum(int(c[0]) for c in counts), sum(int(c[1]) for c in counts)


def _refuse(too_large: int, fractional: int, p: int) -> None:
    if fractional:  # NaN counts here as well: it differs from itself
        raise DataError("an entry of the array is not an integer (or NaN); exact arithmetic needs integers")
    raise ExactnessError(
        f"an entry of the array exceeds 2**53 - 2p in absolute value for p = {p}; float64 may have rounded it: "
        "reduce the factors mod p before, or take a smaller prime"
    )


def _largest(a: np.ndarray) -> float:
    return float(max(a.max(), -a.min())) if a.size else 0.0


def matmul_mod(a: Float[np.ndarray, "*left"], b: Float[np.ndarray, "*right"], p: int) -> Float[np.ndarray, "*product"]:
    """The matrix product mod p with the shapes and the broadcasting of ``numpy.matmul``, as centred residues.

    ``a`` and ``b`` are float64 arrays of integers, normally centred residues. The contraction is cut into pieces so
    short that max|a| * max|b| * length, plus a residue, stays below 2**53 (for centred residues at least `max_length`
    terms), with a reduction between them: every partial sum is exact.
    Raises `ExactnessError` where a single product may already exceed the limit, `DataError` for entries that are not
    finite integers as far as the product shows them (NaN and infinity always).
    """
    a, b = np.asarray(a), np.asarray(b)
    bound = centred_bound(p)
    largest = _largest(a) * _largest(b)
    room = reducible_limit(p) - bound
    if not largest <= room:
        if not np.isfinite(largest):
            raise DataError("an entry of a factor is not finite; exact arithmetic needs integers")
        raise ExactnessError(
            f"one product of the entries can reach {largest:.3g} > 2**53 for p = {p}; reduce the factors mod p, or take a smaller prime"
        )
    length = a.shape[-1] if a.ndim else 0
    step = max(1, length) if largest == 0 else max(1, int(room // int(largest)))
    if length <= step:
        result = np.asarray(np.matmul(a, b))
        return reduce_mod(result, p, out=result)
    pieces = -(-length // step)
    cuts = [length * i // pieces for i in range(pieces + 1)]
    total: np.ndarray | None = None
    for start, stop in itertools.pairwise(cuts):
        right = b[start:stop] if b.ndim == 1 else b[..., start:stop, :]
        product = np.asarray(np.matmul(a[..., start:stop], right))
        if total is not None:
            product += total
        total = reduce_mod(product, p, out=product)
    return np.asarray(total)
