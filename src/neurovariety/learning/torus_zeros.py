"""Common zeros with all coordinates real and not 0: combinations of polynomials that plainly have none, and places that are zeros.

Nothing here proves; what is found is checked in `certificates.germ_bounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import comb
from typing import Any

import flint

from neurovariety.budget import INTERPRETED, spend, used_up
from neurovariety.certificates.germs import Exponents, Polynomial, plain_terms, scaled, shows_no_zero, support, value_at, variables_of
from neurovariety.certificates.lines_of_exponents import direction_of, has_real_roots, on_line
from neurovariety.certificates.stored_coefficients import as_fraction, fmpq_of

_MOST_COLUMNS = 150
_MOST_DEGREE = 4
_POLYA = 6
_PLACES = 4000
_PER_TERM = 10 * INTERPRETED
"""Operations of a product with one term, for each term."""
_RATIONAL = 50
"""Operations of one of rational numbers."""


def combination(forms: Sequence[Polynomial]) -> list[Polynomial] | None:
    """Multipliers with which the sum plainly has no zero; None where none are found."""
    context = forms[0].context()
    for i, g in enumerate(forms):
        if shows_no_zero(g):
            return [context.constant(int(k == i)) for k in range(len(forms))]
    return _along_a_line(forms) or _definite(forms) or _by_elimination(forms)


def _definite(forms: Sequence[Polynomial]) -> list[Polynomial] | None:
    """One form times its images under changes of sign, and a power of the sum of the squares: a form without zeros becomes one with
    even terms of one sign (Polya)."""
    context = forms[0].context()
    for i, g in enumerate(forms):
        if used_up() or not _may_be_definite(g):
            continue
        found, h, used = g, context.constant(1), sorted(variables_of(g))
        for k in used:
            if any(e[k] % 2 for e in found.monoms()):
                flipped = found.compose(*[-x if j == k else x for j, x in enumerate(context.gens())], ctx=context)
                spend("products", 1, len(found) ** 2 * INTERPRETED)
                h, found = h * flipped, found * flipped
            if len(found) > _MOST_COLUMNS:
                break
        if any(k % 2 for e in found.monoms() for k in e):
            continue
        total = sum((x**2 for k, x in enumerate(context.gens()) if k in used), context.constant(0))
        for _ in range(_POLYA):
            if shows_no_zero(found):
                return [h if k == i else context.constant(0) for k in range(len(forms))]
            spend("products", 1, len(found) * len(used) * _PER_TERM)
            h, found = h * total, found * total
            if used_up() or len(found) > _MOST_COLUMNS:
                break
    return None


def _may_be_definite(f: Polynomial) -> bool:
    """Whether the corners of the hull of the exponents that are first or last by one of them are of one sign in each orthant: where one
    term leads the form has its sign, and a form of both signs has a zero between."""
    terms = [(tuple(map(int, e)), c > 0) for e, c in f.to_dict().items()]
    ends: set[tuple[Exponents, bool]] = set()
    for k in range(len(terms[0][0])):
        for end in (max, min):
            most = end(e[k] for e, _ in terms)
            face = [term for term in terms if term[0][k] == most]
            ends |= {max(face), min(face)}
    return len({(tuple(x % 2 for x in e), sign) for e, sign in ends}) == 1


def _along_a_line(forms: Sequence[Polynomial]) -> list[Polynomial] | None:
    """For forms that are, up to a monomial each, polynomials of one and the same monomial t: their greatest common divisor and, where
    that has real zeros, nothing."""
    direction = direction_of([support(g) for g in forms])
    if direction is None:
        return None
    context = forms[0].context()
    bases, lines = [], []
    for g in forms:
        base, line = on_line({tuple(map(int, e)): c for e, c in g.to_dict().items()}, direction)
        bases.append(base)
        lines.append(line)
    common, factors = flint.fmpq_poly([0]), [flint.fmpq_poly([0])] * len(lines)
    for i, line in enumerate(lines):
        common, s, t = common.xgcd(line) if len(common) else (line, flint.fmpq_poly([0]), flint.fmpq_poly([1]))
        factors = [f * s for f in factors[:i]] + [t] + factors[i + 1 :]
    if has_real_roots(common):
        return None
    return _lifted(context, factors, bases, direction)


def _lifted(
    context: Any, factors: Sequence[flint.fmpq_poly], bases: Sequence[Exponents], direction: Exponents
) -> list[Polynomial] | None:
    """Multipliers of the forms: each factor in t over the monomial of its form, times one monomial that clears denominators."""
    terms = [
        {tuple(k * d - b for d, b in zip(direction, base, strict=True)): c for k, c in enumerate(f.coeffs()) if c}
        for f, base in zip(factors, bases, strict=True)
    ]
    least = [min((e[i] for own in terms for e in own), default=0) for i in range(len(direction))]
    lift = [-min(x, 0) + min(x, 0) % 2 for x in least]  # even, so that even exponents stay so
    return [context.from_dict({tuple(x + s for x, s in zip(e, lift, strict=True)): c for e, c in own.items()}) for own in terms]


def _by_elimination(forms: Sequence[Polynomial]) -> list[Polynomial] | None:
    """A combination that is one monomial, by linear algebra with multipliers of small degree."""
    context = forms[0].context()
    used = sorted(set().union(*map(variables_of, forms)))
    for degree in range(1, _MOST_DEGREE + 1):
        factors = [scaled(context, dict(zip(used, e, strict=True))) for e in _degrees(len(used), degree)]
        products = [(i, m, m * g) for i, g in enumerate(forms) for m in factors]
        columns = {e: k for k, e in enumerate(sorted({e for _, _, p in products for e in support(p)}))}
        if used_up() or len(columns) > _MOST_COLUMNS or len(products) > 2 * _MOST_COLUMNS:
            return None
        spend("eliminations", 1, len(columns) * len(products) * min(len(columns), len(products)) * _RATIONAL)
        found = _monomial_row([p for *_, p in products], columns)
        if found is not None:
            out = [context.constant(0)] * len(forms)
            for (i, m, _), c in zip(products, found, strict=True):
                if c:
                    out[i] = out[i] + c * m
            return out
    return None


def _monomial_row(products: Sequence[Polynomial], columns: dict[Exponents, int]) -> list[flint.fmpq] | None:
    """Coefficients of a combination that is a monomial."""
    width = len(columns)
    matrix = flint.fmpq_mat(len(products), width)
    for i, p in enumerate(products):
        for e, c in p.to_dict().items():
            matrix[i, columns[tuple(map(int, e))]] = c
    reduced, rank = matrix.rref()
    for r in range(rank):
        entries = [k for k in range(width) if reduced[r, k]]
        if len(entries) == 1:
            return _combination_for(matrix, entries[0])
    return None


def _combination_for(matrix: flint.fmpq_mat, target: int) -> list[flint.fmpq]:
    """c with c . matrix = the unit row of the target, by elimination."""
    rows, width = matrix.nrows(), matrix.ncols()
    both = flint.fmpq_mat(width, rows + 1)
    for i in range(rows):
        for k in range(width):
            both[k, i] = matrix[i, k]
    both[target, rows] = 1
    reduced, rank = both.rref()
    out = [flint.fmpq(0)] * rows
    for r in range(rank):
        pivot = next(k for k in range(rows + 1) if reduced[r, k])
        if pivot < rows:
            out[pivot] = reduced[r, rows]
    return out


def _degrees(variables: int, most: int) -> Iterator[Exponents]:
    if comb(variables + most, most) > 2 * _MOST_COLUMNS:
        return
    for total in range(most + 1):
        for cut in combinations(range(total + variables - 1), variables - 1):
            ends = (-1, *cut, total + variables - 1)
            yield tuple(b - a - 1 for a, b in pairwise(ends))


def signs_of(g: Polynomial, still: frozenset[int]) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]] | None:
    """Two places, one where a form is positive and one where it is negative; the coordinates ``still`` are 0 there."""
    up = down = None
    for place in _places(g, still):
        value = value_at(g, place)
        up, down = (place if value > 0 else up), (place if value < 0 else down)
        if up is not None and down is not None:
            return up, down
    return None


def _places(g: Polynomial, still: frozenset[int]) -> Iterator[tuple[Fraction, ...]]:
    n, used = g.context().nvars(), sorted(variables_of(g) - still)
    for count, values in enumerate(product((1, -1, 2, -2, 3, -3, 5), repeat=len(used))):
        if count > _PLACES:
            return
        at = [Fraction(0)] * n
        for i, v in zip(used, values, strict=True):
            at[i] = Fraction(v)
        yield tuple(at)


def regular_zero(forms: Sequence[Polynomial], still: frozenset[int]) -> tuple[Fraction, ...] | None:
    """A common zero in rational numbers, 0 in the coordinates ``still`` alone, at which the slopes are independent: found by
    solving for variables in which the forms are linear."""
    used = sorted(set().union(*map(variables_of, forms)) - still)
    alive = [e for g in forms for e in support(g) if not any(e[i] for i in still)]
    linear = [i for i in used if all(e[i] <= 1 for e in alive)]
    for chosen in combinations(linear, len(forms)):
        if any(sum(e[i] for i in chosen) > 1 for e in alive):
            continue
        others = [i for i in used if i not in chosen]
        for count, values in enumerate(product((1, 2, 3, -1, -2, 5), repeat=len(others))):
            if count > _PLACES // 10:
                break
            found = _solved_at(forms, chosen, dict(zip(others, map(Fraction, values), strict=True)))
            if found is not None:
                return found
    return None


def _solved_at(forms: Sequence[Polynomial], chosen: Sequence[int], known: dict[int, Fraction]) -> tuple[Fraction, ...] | None:
    n = forms[0].context().nvars()
    at = [known.get(i, Fraction(0)) for i in range(n)]
    size = len(forms)
    matrix = flint.fmpq_mat([[fmpq_of(value_at(g.derivative(i), at)) for i in chosen] for g in forms])
    if matrix.rank() < size:
        return None
    right = flint.fmpq_mat(size, 1, [fmpq_of(-value_at(g, at)) for g in forms])
    for i, row in zip(chosen, matrix.solve(right).tolist(), strict=True):
        at[i] = as_fraction(row[0])
    return tuple(at) if all(at[i] for i in (*chosen, *known)) else None


def terms_of(forms: Sequence[Polynomial]) -> tuple[tuple[tuple[Exponents, Fraction], ...], ...]:
    """Polynomials as plain data."""
    return tuple(map(plain_terms, forms))
