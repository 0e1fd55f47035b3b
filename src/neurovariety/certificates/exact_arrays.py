"""Identities of exact numbers: equal arrays, products of matrices, combinations of powers of affine functions that vanish."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import flint
import numpy as np

from neurovariety.certificates.network_nodes import exact, rational


def product(v: np.ndarray, w: np.ndarray) -> flint.fmpq_mat:
    """The product of matrices of Fractions."""
    one, two = (flint.fmpq_mat(m.shape[0], m.shape[1], [rational(x) for x in m.reshape(-1).tolist()]) for m in (v, w))
    return one * two


def vanishes(
    rows: list[np.ndarray], shifts: list[Fraction], factors: list[Fraction], coefficients: list[Fraction], constant: Fraction
) -> bool:
    """Whether the sum of factors times sigma(row . x + shift) is the constant."""
    inner = [[sum((a * b for a, b in zip(r, s, strict=True)), Fraction(0)) for s in rows] for r in rows]
    for m in range(len(coefficients)):
        g = [
            f * sum((c * comb(k, m) * b ** (k - m) for k, c in enumerate(coefficients) if k >= m), Fraction(0))
            for f, b in zip(factors, shifts, strict=True)
        ]
        if m == 0:
            if sum(g, Fraction(0)) != constant:
                return False
        elif sum((x * y * inner[i][j] ** m for i, x in enumerate(g) for j, y in enumerate(g) if x and y), Fraction(0)):
            return False
    return True


def same(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether all entries are equal as numbers."""
    if one.shape != two.shape:
        return False
    if one.dtype == two.dtype and one.dtype.kind in "fiub":
        return bool(np.array_equal(one, two))
    if one.dtype.kind == two.dtype.kind == "f":
        return bool(np.array_equal(one.astype(np.float64), two.astype(np.float64)))
    return bool(np.all(exact(one) == exact(two)))
