"""Forms on linear spaces mod a prime: determinants, what is left in each degree, common zeros and errors, each in a second way."""

from __future__ import annotations

from itertools import permutations, product
from math import comb, log2

import flint
import numpy as np
import pytest

from neurovariety.certificates import linear_sections
from neurovariety.certificates.functions import Equation
from neurovariety.certificates.linear_sections import (
    SECTION_RANGE,
    FormsModPrime,
    LocusProblem,
    common_zero,
    echelon_rows,
    independent_forms,
    missed_section,
)
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.singular_loci import SectionPlace

P = 10007


def ring(n, p=P):
    return flint.nmod_mpoly_ctx.get(tuple(f"y{i}" for i in range(n)), p, flint.Ordering.degrevlex)


def forms(n, *exponents, p=P):
    """Sums of monomials, each given by its exponents and coefficient."""
    context = ring(n, p)
    return FormsModPrime(tuple(context.from_dict(dict(e)) for e in exponents), n, p)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_determinants(size):
    """By permutations; with entries that are 0."""
    context = ring(2)
    x, y = context.gens()
    rows = [[(i + 1) * x**2 + (j * j + 1) * y**2 if (i + 2 * j) % 4 else context.constant(0) for j in range(size)] for i in range(size)]
    expected = context.constant(0)
    for order in permutations(range(size)):
        sign = (-1) ** sum(a > b for k, a in enumerate(order) for b in order[k + 1 :])
        term = context.constant(sign % P)
        for i, j in enumerate(order):
            term = term * rows[i][j]
        expected = expected + term
    assert linear_sections._determinant(rows, context.constant(0)) == expected


@pytest.mark.parametrize("degrees", [(1,), (2,), (2, 2), (2, 3), (1, 2, 2), (2, 2, 2), (3, 2, 2), (2, 2, 2, 2)])
@pytest.mark.parametrize("variables", [2, 3])
def test_what_is_left_in_each_degree(degrees, variables):
    """Powers of different variables, and of one further form: prod (1 - t^d) / (1 - t)^m as long as there are no more than m."""
    if len(degrees) > variables:
        return
    found = forms(variables, *({tuple(d * (k == i) for k in range(variables)): 1} for i, d in enumerate(degrees)))
    series = [comb(k + variables - 1, variables - 1) for k in range(9)]
    for d in degrees:
        series = [v - (series[k - d] if k >= d else 0) for k, v in enumerate(series)]
    left = [pair for pair, _ in zip(linear_sections._left(found), range(8), strict=False)]
    assert left == [(k, series[k]) for k in range(1, 9)]
    assert common_zero(found) is (len(degrees) < variables)
    assert found.regularity == sum(d - 1 for d in sorted(degrees, reverse=True)[:variables]) + 1


def test_common_zeros():
    assert common_zero(forms(2)) is True
    assert common_zero(FormsModPrime((), 0, P)) is False
    for a, b in product(range(1, 4), repeat=2):  # x^a - y^a and x^b + 2 y^b
        one, two = {(a, 0): 1, (0, a): P - 1}, {(b, 0): 1, (0, b): 2}
        assert common_zero(forms(2, one, two)) is False
        assert common_zero(forms(2, one)) is True
    line = {(1, 0, 0): 1, (0, 1, 0): 1}
    assert common_zero(forms(3, line, {(2, 0, 0): 1, (0, 2, 0): P - 1})) is True  # x + y divides both
    assert common_zero(forms(3, line, {(2, 0, 0): 1}, {(0, 0, 2): 1})) is False
    twisted = [{(1, 0, 1, 0): 1, (0, 2, 0, 0): P - 1}, {(0, 1, 0, 1): 1, (0, 0, 2, 0): P - 1}, {(1, 0, 0, 1): 1, (0, 1, 1, 0): P - 1}]
    assert common_zero(forms(4, *twisted)) is True
    assert common_zero(forms(4, *twisted, {(1, 0, 0, 0): 1}, {(0, 0, 0, 1): 1})) is False


def test_work_is_bounded(monkeypatch):
    """A matrix of the products in degree 2 of x, and of one new form, has 2 + 1 rows and 3 columns."""
    given = forms(2, {(1, 0): 1}, {(0, 2): 1})
    for most, steps in ((8, 1), (9, 2)):
        monkeypatch.setattr(linear_sections, "MOST_ENTRIES", most)
        assert len([None for _ in linear_sections._left(given)]) == steps
    monkeypatch.setattr(linear_sections, "MOST_ENTRIES", 1)
    assert common_zero(given) is None


def test_rows_in_echelon_form():
    matrix = flint.nmod_mat(3, 4, [0, 0, 2, 1, 0, 3, 1, 1, 0, 3, 3, 2], 7)
    found, rank, pivots = echelon_rows(matrix)
    assert (rank, pivots) == (2, [1, 2])
    assert [[int(found[i, j]) for j in range(4)] for i in range(3)][2] == [0, 0, 0, 0]


def test_forms_that_are_independent():
    context = ring(2, 7)
    x, y = context.gens()
    given = [x * y, x, 2 * x * y, context.constant(0), y**2 + x * y, y, x + y, y**2]
    found = independent_forms(given, 2, 7)
    assert [str(f) for f in found.forms] == [str(f) for f in (x, y, x * y, y**2 + x * y)]
    assert (found.variables, found.p, found.degrees) == (2, 7, [1, 1, 2, 2])


@pytest.mark.parametrize(("degrees", "variables"), [((2,), 2), ((2, 3), 2), ((3, 3, 3), 3), ((12,) * 8, 8)])
def test_errors_of_sections(degrees, variables):
    """A prime that divides a minor, or a space that meets the locus though general ones do not."""
    found = forms(variables, *({tuple(d * (k == i) for k in range(variables)): 1} for i, d in enumerate(degrees)))
    top = sum(d - 1 for d in sorted(degrees)[-variables:]) + 1
    size = comb(top + variables - 1, variables - 1)
    bits = max(degrees) * (20 + log2(variables + 1)) + 8
    expected = size * (bits + log2(size) / 2) / (SMALL_BITS - 1) / primes_of(SMALL_BITS) + variables * max(degrees) ** variables / 2**20
    assert missed_section(found) == pytest.approx(min(1.0, expected), rel=1e-12)
    assert SECTION_RANGE == 2**20


CUBE = [Equation(2, (((0, 2), 1), ((1, 1), -1))), Equation(2, (((1, 3), 1), ((2, 2), -1))), Equation(2, (((0, 3), 1), ((1, 2), -1)))]


def test_sections_of_a_locus():
    """The forms on a linear space are those of substitution, the minors those of its gradients, in coordinates that are kept."""
    frame = np.array([[1, 0], [2, 1], [0, 3], [5, 1]], dtype=object)
    problem = LocusProblem.of(CUBE, 4, 2)
    assert (problem.kept, problem.codimension) == ([0, 1, 2, 3], 2)
    found = problem.cut(SectionPlace(P, frame), (3,))
    context = ring(2)
    y = context.gens()
    x = [sum((int(row[j]) * y[j] for j in range(2)), context.constant(0)) for row in frame]
    values = [x[0] * x[2] - x[1] ** 2, x[1] * x[3] - x[2] ** 2, x[0] * x[3] - x[1] * x[2]]
    zero = context.constant(0)
    slopes = [[x[2], -2 * x[1], x[0], zero], [zero, x[3], -2 * x[2], x[1]], [x[3], -x[2], -x[1], x[0]]]
    minors = [
        slopes[a][i] * slopes[b][j] - slopes[a][j] * slopes[b][i]
        for a in range(3)
        for b in range(a + 1, 3)
        for i in range(4)
        for j in range(i + 1, 4)
    ]
    assert [str(f) for f in found.forms] == [str(f) for f in independent_forms([*values, *minors, x[3]], 2, P).forms]


def test_linear_equations_are_solved():
    line = Equation(1, (((0,), 1), ((4,), -1)))
    problem = LocusProblem.of([*CUBE, line], 5, 2)
    assert (problem.kept, problem.equations) == ([0, 1, 2, 3], CUBE)
    assert LocusProblem.of([*CUBE, Equation(1, (((3,), 1),))], 4, 1) is None  # a coordinate that is solved for stands in others
    for dimension, holds in ((4, False), (3, True), (0, False)):  # codimension 0 has no minors; 4 of 3 gradients neither
        assert (LocusProblem.of(CUBE, 4, dimension) is not None) is holds


def test_problems_that_are_too_large(monkeypatch):
    minors, terms = comb(4, 2) * comb(3, 2), 6
    for name, most in (("_MOST_MINORS", minors), ("_MOST_TERMS", terms)):
        monkeypatch.setattr(linear_sections, name, most)
        assert LocusProblem.of(CUBE, 4, 2) is not None
        monkeypatch.setattr(linear_sections, name, most - 1)
        assert LocusProblem.of(CUBE, 4, 2) is None
        monkeypatch.setattr(linear_sections, name, most)
