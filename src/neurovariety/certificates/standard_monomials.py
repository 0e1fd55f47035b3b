"""An upper bound for the dimension of F_p[x_1, ..., x_n] / I, by linear algebra on the polynomials of I up to a degree.

All multiples of the generators of degree at most k are reduced to echelon form, largest degree first. Where the degree of a row has
fallen, its multiples by the unknowns belong to I as well, and join in, until nothing changes. If then every monomial of degree k is a
leading one, the others span the quotient: a monomial of higher degree is one of degree k times others, so it reduces to lower ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import flint

_FURTHER = 3
"""Degrees beyond Macaulay's that are tried."""

Exponents = tuple[int, ...]
Polynomial = dict[Exponents, int]
"""Exponents -> a residue that is not 0."""


@dataclass(frozen=True)
class DimensionBound:
    """A bound ``dimension`` that was reached at ``degree``, and the word operations that all of it took, about."""

    dimension: int
    degree: int
    work: int


def monomials(unknowns: int, degree: int) -> list[Exponents]:
    """All monomials of a degree, in lexicographic order."""

    def rest(left: int, places: int) -> Iterator[Exponents]:
        if places == 1:
            yield (left,)
            return
        for e in range(left, -1, -1):
            for more in rest(left - e, places - 1):
                yield (e, *more)

    return list(rest(degree, unknowns)) if unknowns else ([()] if not degree else [])


def bounds(polynomials: Sequence[Polynomial], unknowns: int, p: int, most_columns: int, most_work: int) -> Iterator[DimensionBound]:
    """Bounds for the dimension of the quotient, as they are found, degree after degree; none where the columns or the work run out."""
    if any(set(f) == {(0,) * unknowns} for f in polynomials):
        yield DimensionBound(0, 0, 0)
        return
    polynomials = [f for f in polynomials if f]
    if not unknowns:
        yield DimensionBound(0 if polynomials else 1, 0, 0)
        return
    degrees = [max(map(sum, f)) for f in polynomials]
    if not polynomials:
        return
    work, basis, leading, k = 0, list[Polynomial](), list[Exponents](), max(min(degrees), 1)
    # Where the leading forms have no common zero, all monomials of Macaulay's degree are leading ones.
    last = sum(d - 1 for d in degrees) + 1 + _FURTHER
    while comb(unknowns + k, unknowns) <= most_columns and k <= last:
        columns = [m for d in range(k, -1, -1) for m in monomials(unknowns, d)]
        place = {m: i for i, m in enumerate(columns)}
        rows = [f for f, d in zip(polynomials, degrees, strict=True) if d == k] + basis
        rows += [times(f, i) for f in basis if max(map(sum, f)) == k - 1 for i in range(unknowns)]
        # Multiples of what was there at the degree before are among the rows; those of rows with new leading monomials join in.
        known = set(leading)
        while True:
            work += len(rows) * len(columns) * min(len(rows), len(columns))
            if work > most_work:
                return
            rows, leading = _echelon(rows, columns, place, p)
            fallen = [f for f, m in zip(rows, leading, strict=True) if sum(m) < k and m not in known]
            if not fallen:
                break
            known |= set(leading)
            rows += [times(f, i) for f in fallen for i in range(unknowns)]
        basis = rows
        missing = len(columns) - len(rows)
        if k >= max(degrees) and sum(sum(m) == k for m in leading) == comb(unknowns + k - 1, k):
            yield DimensionBound(missing, k, work)
        k += 1


def times(f: Polynomial, i: int) -> Polynomial:
    """A polynomial times unknown number ``i``."""
    return {(*m[:i], m[i] + 1, *m[i + 1 :]): c for m, c in f.items()}


def _echelon(
    rows: Sequence[Polynomial], columns: list[Exponents], place: dict[Exponents, int], p: int
) -> tuple[list[Polynomial], list[Exponents]]:
    """The reduced row echelon form, and the leading monomial of each row."""
    matrix = flint.nmod_mat(len(rows), len(columns), p)
    for i, f in enumerate(rows):
        for m, c in f.items():
            matrix[i, place[m]] = c
    reduced, rank = matrix.rref()
    pivots, j = list[int](), 0
    for i in range(rank):
        while not int(reduced[i, j]):
            j += 1
        pivots.append(j)
        j += 1
    own = set(pivots)
    others = [j for j in range(len(columns)) if j not in own]  # in the columns of pivots a row has nothing but its own 1
    out = []
    for i, pivot in enumerate(pivots):
        out.append({columns[pivot]: 1} | {columns[j]: c for j in others if j > pivot and (c := int(reduced[i, j]))})
    return out, [columns[j] for j in pivots]
