"""Compiled loops on float64 arrays of residues: reduction, one elimination panel, inverses of small triangles.

numba's disk cache watches only the file of the caller, so every function here calls functions of this file alone.
Importing this module imports numba (about half a second), so the callers import it inside their functions.
All values are integers of absolute value below 2**53, where float64 addition and multiplication are exact; the flag
``contract`` (fused multiply-add) therefore changes no result. No other fast-math flag is used.

Notation: ``lo = (p-1)//2`` and ``hi = p//2``; a centred residue r has -lo <= r <= hi. ``chunk`` is the number of
products of two centred residues that may be added to a centred residue before a reduction (`max_length`).
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def _centred(x, p, inverse_p, lo, hi):
    """The centred residue of an exact x with |x| <= 2**53 - 2p: the rounded quotient is at most one off."""
    y = x - np.rint(x * inverse_p) * p
    if y > hi:
        y -= p
    if y < -lo:
        y += p
    return y


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def reduce_flat(source, target, p, lo, hi, limit):
    """target[i] = centred residue of source[i]. Returns (entries that are not <= limit, entries not integral)."""
    inverse_p = 1.0 / p
    too_large = 0
    fractional = 0
    for i in range(source.size):
        x = source[i]
        too_large += not (abs(x) <= limit)
        fractional += np.rint(x) != x
        y = x - np.rint(x * inverse_p) * p
        if y > hi:
            y -= p
        if y < -lo:
            y += p
        target[i] = y
    return too_large, fractional


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def subtract_reduce(a, row, column, product, p, lo, hi):
    """a[row:, column:] -= product on the shape of the product, then centred residues."""
    inverse_p = 1.0 / p
    width = product.shape[1]
    for i in range(product.shape[0]):
        target = a[row + i, column : column + width]
        source = product[i]
        for j in range(width):
            x = target[j] - source[j]
            y = x - np.rint(x * inverse_p) * p
            if y > hi:
                y -= p
            if y < -lo:
                y += p
            target[j] = y


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def swap_rows(a, row, swaps, c0, c1):
    """Exchange rows row+i and swaps[i], one after another, in columns c0:c1."""
    for i in range(swaps.size):
        other = swaps[i]
        if other != row + i:
            first = a[row + i]
            second = a[other]
            for j in range(c0, c1):
                x = first[j]
                first[j] = second[j]
                second[j] = x


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def _inverse_residue(x, p, lo, hi):
    """The centred inverse of a nonzero centred residue, by Euclid's algorithm on 64-bit integers."""
    modulus = np.int64(p)
    r0, r1 = modulus, np.int64(x) % modulus
    t0, t1 = np.int64(0), np.int64(1)
    while r1 != 0:
        q = r0 // r1
        r0, r1 = r1, r0 - q * r1
        t0, t1 = t1, t0 - q * t1
    return _centred(float(t0), p, 1.0 / p, lo, hi)


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def panel(a, row, c0, c1, p, lo, hi, chunk, work, columns, swaps):
    """Eliminate rows row: of columns c0:c1 and return the rank k found there.

    On return columns[:k] are the pivot columns (each the first independent one), swaps[:k] the rows exchanged with
    row, row+1, ...; the panel holds the echelon form in its first k rows and, below every pivot, the multipliers L
    (unit lower triangular). ``work`` has room for (rows - row) * (c1 - c0) numbers.
    """
    inverse_p = 1.0 / p
    height = a.shape[0] - row
    width = c1 - c0
    w = work[: width * height].reshape(width, height)  # transposed: a column of the panel is contiguous
    nonzero = False
    for t0 in range(0, height, 64):
        t1 = min(t0 + 64, height)
        for t in range(t0, t1):
            source = a[row + t, c0:c1]
            for j in range(width):
                x = source[j]
                w[j, t] = x
                nonzero |= x != 0.0
    if not nonzero:
        return 0
    rank = 0
    for j in range(width):
        column = w[j]
        # First the entries in the pivot rows: the unit lower triangle of multipliers, solved column by column.
        count = 0
        for s in range(rank):
            u = _centred(column[s], p, inverse_p, lo, hi)
            column[s] = u
            if u == 0.0:
                continue
            multipliers = w[columns[s]]
            for t in range(s + 1, rank):
                column[t] -= u * multipliers[t]
            count += 1
            if count == chunk:
                count = 0
                for t in range(s + 1, rank):
                    column[t] = _centred(column[t], p, inverse_p, lo, hi)
        if rank == height:
            continue
        # Then the rows below, in pieces that stay in cache, four pivots at a time.
        for b0 in range(rank, height, 1024):
            b1 = min(b0 + 1024, height)
            piece = w[j, b0:b1]
            length = b1 - b0
            count = 0
            s = 0
            while s < rank:
                if s + 4 <= rank and count + 4 <= chunk:
                    u0, u1, u2, u3 = column[s], column[s + 1], column[s + 2], column[s + 3]
                    l0 = w[columns[s], b0:b1]
                    l1 = w[columns[s + 1], b0:b1]
                    l2 = w[columns[s + 2], b0:b1]
                    l3 = w[columns[s + 3], b0:b1]
                    if u0 != 0.0 or u1 != 0.0 or u2 != 0.0 or u3 != 0.0:
                        for t in range(length):
                            piece[t] -= (u0 * l0[t] + u1 * l1[t]) + (u2 * l2[t] + u3 * l3[t])
                        count += 4
                    s += 4
                else:
                    u0 = column[s]
                    l0 = w[columns[s], b0:b1]
                    if u0 != 0.0:
                        for t in range(length):
                            piece[t] -= u0 * l0[t]
                        count += 1
                    s += 1
                if count == chunk or (s < rank and count + 4 > chunk and chunk >= 4):
                    count = 0
                    for t in range(length):
                        piece[t] = _centred(piece[t], p, inverse_p, lo, hi)
            if count > 0:
                for t in range(length):
                    piece[t] = _centred(piece[t], p, inverse_p, lo, hi)
        pivot = rank
        while pivot < height and column[pivot] == 0.0:
            pivot += 1
        if pivot == height:
            continue
        swaps[rank] = row + pivot
        if pivot != rank:
            for i in range(width):
                x = w[i, rank]
                w[i, rank] = w[i, pivot]
                w[i, pivot] = x
        inverse = _inverse_residue(column[rank], p, lo, hi)
        if inverse != 1.0:
            for t in range(rank + 1, height):
                column[t] = _centred(column[t] * inverse, p, inverse_p, lo, hi)
        columns[rank] = j
        rank += 1
    for t in range(height):
        target = a[row + t, c0:c1]
        for j in range(width):
            target[j] = w[j, t]
    for s in range(rank):
        columns[s] += c0
    return rank


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def inverse_lower(a, row, columns, p, lo, hi, chunk):
    """Minus the inverse of the unit lower triangle with entries a[row + i, columns[s]], s < i."""
    inverse_p = 1.0 / p
    size = columns.size
    x = np.zeros((size, size))
    for i in range(size):
        x[i, i] = -1.0
        count = 0
        for s in range(i):
            factor = a[row + i, columns[s]]
            for j in range(s + 1):
                x[i, j] -= factor * x[s, j]
            count += 1
            if count == chunk:
                count = 0
                for j in range(i):
                    x[i, j] = _centred(x[i, j], p, inverse_p, lo, hi)
        for j in range(i + 1):
            x[i, j] = _centred(x[i, j], p, inverse_p, lo, hi)
    return x


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True, fastmath={"contract"})
def inverse_upper(a, row, columns, p, lo, hi, chunk):
    """Minus the inverse of the upper triangle with entries a[row + i, columns[s]], s >= i."""
    inverse_p = 1.0 / p
    size = columns.size
    x = np.zeros((size, size))
    for i in range(size - 1, -1, -1):
        x[i, i] = -1.0
        count = 0
        for s in range(i + 1, size):
            factor = a[row + i, columns[s]]
            for j in range(s, size):
                x[i, j] -= factor * x[s, j]
            count += 1
            if count == chunk:
                count = 0
                for j in range(i, size):
                    x[i, j] = _centred(x[i, j], p, inverse_p, lo, hi)
        inverse = _inverse_residue(a[row + i, columns[i]], p, lo, hi)
        for j in range(i, size):
            x[i, j] = _centred(_centred(x[i, j], p, inverse_p, lo, hi) * inverse, p, inverse_p, lo, hi)
    return x
