"""Exact matrices over Q, small: rank factorizations, nonvanishing minors, quadratic forms as sums of squares."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint

from neurovariety.rings.rational import to_fraction

Matrix = list[list[Fraction]]


def flint_matrix(a: Sequence[Sequence[Fraction]], columns: int) -> Any:
    """``a`` as a ``flint.fmpq_mat`` with that many columns."""
    return flint.fmpq_mat(len(a), columns, [flint.fmpq(v.numerator, v.denominator) for row in a for v in row])


def echelon_form(a: Sequence[Sequence[Fraction]], columns: int) -> tuple[Matrix, list[int]]:
    """The nonzero rows of the reduced row echelon form of ``a``, and the pivot columns."""
    reduced, rank = flint_matrix(a, columns).rref()
    rows = [[to_fraction(reduced[i, j]) for j in range(columns)] for i in range(int(rank))]
    return rows, [next(j for j, v in enumerate(row) if v) for row in rows]


def rank_factorization(a: Matrix, columns: int) -> tuple[Matrix, Matrix]:
    """L (rows x r) and R (r x columns) of rank r with a = L R: R is the echelon form, L the pivot columns of ``a``."""
    rows, pivots = echelon_form(a, columns)
    return [[row[j] for j in pivots] for row in a], rows


def nonzero_minor(a: Matrix, columns: int, size: int) -> tuple[list[int], list[int], Fraction]:
    """Rows, columns and value of a nonvanishing minor of this size; the rank must be at least that."""
    _, pivot_columns = echelon_form(a, columns)
    assert len(pivot_columns) >= size
    chosen = pivot_columns[:size]
    narrow = [[row[j] for j in chosen] for row in a]
    _, rows = echelon_form([list(column) for column in zip(*narrow, strict=True)], len(a))
    value = flint_matrix([narrow[i] for i in rows], size).det()
    return rows, chosen, to_fraction(value)


def minor_sentence(minor: tuple[list[int], list[int], Fraction], name: str) -> str:
    """The violated equation in words."""
    rows, columns, value = minor
    return (
        f"the {len(rows)} x {len(rows)} minor of {name} in rows {_listed(rows)} and columns {_listed(columns)} is 0 for every function "
        f"of the model, here {value}"
    )


def sum_of_squares(a: Matrix) -> list[tuple[Fraction, list[Fraction]]]:
    """A symmetric matrix as a sum of d_i l_i l_i^T with rational d_i != 0 and independent l_i, as many as its rank.

    Congruence by pivots (Lagrange): a nonzero diagonal entry splits off a square; where the diagonal vanishes and a_ij does not,
    2 a_ij x_i x_j = (a_ij / 2) ((x_i + x_j)^2 - (x_i - x_j)^2) shows a direction x_i + x_j with nonzero value.
    """
    n = len(a)
    rest = [row[:] for row in a]
    squares: list[tuple[Fraction, list[Fraction]]] = []
    while True:
        direction = _anisotropic(rest)
        if direction is None:
            return squares
        image = [sum((rest[i][j] * direction[j] for j in range(n)), Fraction(0)) for i in range(n)]
        value = sum((direction[i] * image[i] for i in range(n)), Fraction(0))
        squares.append((1 / value, image))
        rest = [[rest[i][j] - image[i] * image[j] / value for j in range(n)] for i in range(n)]


def _anisotropic(a: Matrix) -> list[Fraction] | None:
    """A vector v with v^T a v != 0, or None for the zero matrix."""
    n = len(a)
    for i in range(n):
        if a[i][i]:
            return [Fraction(int(k == i)) for k in range(n)]
    for i in range(n):
        for j in range(i):
            if a[i][j]:
                return [Fraction(int(k in (i, j))) for k in range(n)]
    return None


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
