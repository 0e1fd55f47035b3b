"""Exact linear relations between columns and a constant, over the rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import flint
import numpy as np

_LONGEST = 12
"""Characters of a coefficient that is written exactly."""


class Relation(NamedTuple):
    """Column ``dependent`` is ``constant`` plus the sum of coefficient times column over ``terms``, in every row."""

    dependent: int
    constant: Fraction
    terms: tuple[tuple[int, Fraction], ...]


def linear_relations(columns: np.ndarray) -> tuple[Relation, ...]:
    """For columns (rows, k) of Fractions, those that are affine combinations of the ones before them, which span all relations.

    Exact: relations of a few rows are held against every row, and rows that refute one are added until none does.
    """
    rows, k = columns.shape
    chosen = sorted(set(np.linspace(0, rows - 1, min(rows, k + 1)).astype(int).tolist()))
    while True:
        found = _of_rows(columns[chosen])
        refuting = {i for r in found if (i := _refuted(r, columns)) is not None}
        if not refuting:
            return found
        chosen += sorted(refuting)


def written(relation: Relation, names: Sequence[str]) -> str:
    """``c = 2 a - b + 1``"""
    parts = [(c, f"{_coefficient(abs(c))}{names[j]}") for j, c in relation.terms]
    if relation.constant or not parts:
        parts.append((relation.constant, _number(abs(relation.constant))))
    text = "".join(f" {'-' if c < 0 else '+'} {part}" for c, part in parts)
    return f"{names[relation.dependent]} = {text[3:] if parts[0][0] >= 0 else '-' + text[3:]}"


def _of_rows(rows: np.ndarray) -> tuple[Relation, ...]:
    reduced, rank = flint.fmpq_mat([[flint.fmpq(1), *map(_rational, row)] for row in rows.tolist()]).rref()
    width = rows.shape[1] + 1
    entries = [[reduced[i, j] for j in range(width)] for i in range(rank)]
    pivots = [next(j for j in range(width) if row[j] != 0) for row in entries]
    found = []
    for j in range(1, width):
        if j in pivots:
            continue
        of = {p: Fraction(int(row[j].p), int(row[j].q)) for p, row in zip(pivots, entries, strict=True) if row[j] != 0}
        found.append(Relation(j - 1, of.pop(0, Fraction(0)), tuple((p - 1, c) for p, c in of.items())))
    return tuple(found)


def _rational(value: Fraction) -> flint.fmpq:
    return flint.fmpq(value.numerator, value.denominator)


def _refuted(relation: Relation, columns: np.ndarray) -> int | None:
    """The first row in which a relation does not hold."""
    for i, row in enumerate(columns.tolist()):
        if sum((c * row[j] for j, c in relation.terms), relation.constant) != row[relation.dependent]:
            return i
    return None


def _number(value: Fraction) -> str:
    return str(value) if len(str(value)) <= _LONGEST else f"{float(value):.6g}"


def _coefficient(value: Fraction) -> str:
    return "" if value == 1 else f"{_number(value)} "
