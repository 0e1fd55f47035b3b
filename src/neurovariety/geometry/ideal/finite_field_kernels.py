"""Compiled loops over F_q given by tables: the row spaces of a matrix of polynomials at all points, the points of row spaces.

Importing this module imports numba, so callers import it inside their functions. Every function calls functions of this file alone
(numba's disk cache watches only the file of the caller). Elements are uint8.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def matrices_at(first, count, q, exponents, entries, shape, add, multiply, echelon):
    """Matrices of polynomials at the points number ``first``, ... (base-q digits): uint8 (count, rows * columns), flat.

    ``exponents`` (monomials, variables); ``entries`` (terms, 4): row, column, coefficient, monomial. Where ``echelon`` they are
    brought to reduced row echelon form, which depends on the row space alone.
    """
    rows, columns = shape
    monomials, variables = exponents.shape
    power = np.ones((q, exponents.max() + 1 if exponents.size else 1), dtype=np.uint8)
    for a in range(q):
        for e in range(1, power.shape[1]):
            power[a, e] = multiply[power[a, e - 1], a]
    inverse = np.zeros(q, dtype=np.uint8)
    negative = np.zeros(q, dtype=np.uint8)
    for a in range(q):
        for b in range(q):
            if multiply[a, b] == 1:
                inverse[a] = b
            if add[a, b] == 0:
                negative[a] = b
    out = np.zeros((count, rows * columns), dtype=np.uint8)
    digits = np.zeros(variables, dtype=np.int64)
    values = np.zeros(monomials, dtype=np.uint8)
    for k in range(count):
        number = first + k
        for i in range(variables):
            digits[i] = number % q
            number //= q
        for t in range(monomials):
            value = np.uint8(1)
            for i in range(variables):
                e = exponents[t, i]
                if e:
                    value = multiply[value, power[digits[i], e]]
            values[t] = value
        a = out[k].reshape(rows, columns)
        for t in range(len(entries)):
            i, j = entries[t, 0], entries[t, 1]
            a[i, j] = add[a[i, j], multiply[entries[t, 2], values[entries[t, 3]]]]
        if echelon:
            _reduce(a, add, multiply, inverse, negative)
    return out


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def _reduce(a, add, multiply, inverse, negative):
    """Reduced row echelon form in place; zero rows come last."""
    rows, columns = a.shape
    r = 0
    for c in range(columns):
        if r == rows:
            return
        pivot = -1
        for i in range(r, rows):
            if a[i, c]:
                pivot = i
                break
        if pivot < 0:
            continue
        if pivot != r:
            for j in range(columns):
                a[r, j], a[pivot, j] = a[pivot, j], a[r, j]
        scale = inverse[a[r, c]]
        for j in range(c, columns):
            a[r, j] = multiply[scale, a[r, j]]
        for i in range(rows):
            if i != r and a[i, c]:
                factor = negative[a[i, c]]
                for j in range(c, columns):
                    a[i, j] = add[a[i, j], multiply[factor, a[r, j]]]
        r += 1


@no_type_check
@njit(cache=True, nogil=True, no_cfunc_wrapper=True)
def points_of(bases, rank, q, add, multiply, word, factor, words):
    """The points of row spaces of ``rank`` >= 1, up to scaling, as keys: uint64 (spaces * points, words).

    ``bases`` (spaces, rank, columns) in reduced echelon form. The points are the combinations whose first nonzero coefficient is 1; in
    echelon form their first nonzero coordinate is 1 too. ``word`` and ``factor`` (columns,): where a coordinate goes in
    the key, and what it is multiplied by.
    """
    spaces, _, columns = bases.shape
    total = 0
    for lead in range(rank):
        total += q ** (rank - 1 - lead)
    out = np.zeros((spaces * total, words), dtype=np.uint64)
    point = np.zeros(columns, dtype=np.uint8)
    at = 0
    for s in range(spaces):
        for lead in range(rank):
            for number in range(q ** (rank - 1 - lead)):
                for j in range(columns):
                    point[j] = bases[s, lead, j]
                rest = number
                for i in range(lead + 1, rank):
                    c = rest % q
                    rest //= q
                    if c:
                        for j in range(columns):
                            point[j] = add[point[j], multiply[c, bases[s, i, j]]]
                for j in range(columns):
                    out[at, word[j]] += np.uint64(point[j]) * factor[j]
                at += 1
    return out
