"""Interior, boundary, limits and what lies outside, of functions whose place is known by hand; roots of forms multiplied out."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest

from neurovariety.certificates.image_membership import POSITIONS, real_roots
from neurovariety.certificates.interior_of_images import _odd_real_roots, has_no_boundary, position


def multiplied(*factors):
    """A form, constant term first."""
    total = [1]
    for f in factors:
        total = [int(c) for c in np.convolve(total, f)]
    return [Fraction(c) for c in total]


def at(root):
    return [-root, 1]


PAIR, OTHER = [1, 0, 1], [5, 2, 1]
ROOTS = [
    *([at(0)], [at(3)], [at(1), at(2)], [at(1), at(1)], [at(1)] * 3, [at(1)] * 4, [at(-2)] * 3 + [at(5)] * 2),
    *([PAIR], [PAIR, PAIR], [PAIR, OTHER], [at(0), PAIR], [at(0)] * 2 + [PAIR] * 2, [at(4)] * 5 + [PAIR]),
    *([at(1)] * 3 + [at(2)] * 3 + [OTHER], [at(k) for k in range(-3, 4)], [at(1)] * 2 + [at(2)] * 4 + [at(3)] * 3 + [at(4)], []),
]


@pytest.mark.parametrize("factors", ROOTS)
@pytest.mark.parametrize("infinite", range(4))
@pytest.mark.parametrize("sign", [1, -2])
def test_real_roots_of_forms(factors, infinite, sign):
    form = [sign * c for c in multiplied(*factors)] + [Fraction(0)] * infinite
    roots = [-f[0] for f in factors if len(f) == 2]
    times = [roots.count(r) for r in set(roots)] + [infinite] * (infinite > 0)
    assert real_roots(form) == (sum(times), len(times))
    assert _odd_real_roots(form) == sum(t % 2 for t in times)


def test_the_form_0_has_no_roots_of_odd_multiplicity():
    assert _odd_real_roots([Fraction(0)] * 3) == 0


def filters(*factors):
    """The target of one filter, output by output: stride 1, two outputs."""
    found = multiplied(*factors)
    n = len(found) + 1
    unit = [tuple(int(i == k) for k in range(n)) for i in range(n)]
    return {(o, unit[i + o]): c for o in range(2) for i, c in enumerate(found)}, (len(found) - 1, n)


@pytest.mark.parametrize(
    ("factors", "needed", "expected"),
    [
        ([at(1), at(2)], 2, "interior"),
        ([at(1), at(1)], 2, "boundary"),
        ([PAIR], 2, "outside"),
        ([PAIR], 1, "outside"),
        ([at(1), PAIR], 1, "interior"),
        ([at(1), at(1), at(2)], 3, "boundary"),
        ([at(1), at(1), at(2)], 1, "interior"),
        ([at(1), at(1), at(2)], 2, "boundary"),
        ([at(0), at(1), at(2)], 3, "interior"),
        ([at(0), at(0), at(0)], 3, "boundary"),
        ([at(0), at(0), PAIR], 2, "boundary"),
        ([at(0), at(3), PAIR], 2, "interior"),
        ([at(0), at(3), PAIR], 4, "outside"),
    ],
)
def test_filters_by_their_roots(factors, needed, expected):
    target, (degree, inputs) = filters(*factors)
    facts = ("filters", (degree, needed, 1, inputs, 2))
    assert position(facts, target) == expected
    assert POSITIONS["filters"](target, *facts[1]) == ("excluded" if expected == "outside" else "realizable")
    for key in target:  # the outputs are no shifts of one filter any more, or the filter is another one of both
        assert POSITIONS["filters"]({**target, key: target[key] + 1}, *facts[1]) == "excluded"
    assert position(facts, {**target, (0, (2, *(0,) * (inputs - 1))): Fraction(1)}) == "outside"
    zero = position(facts, {})
    assert zero == ("interior" if needed <= 1 else "boundary")


def form(*rows):
    """Outputs that are quadratic forms a x^2 + b x y + c y^2."""
    return {(o, e): Fraction(c) for o, row in enumerate(rows) for e, c in zip(((2, 0), (1, 1), (0, 2)), row, strict=True)}


@pytest.mark.parametrize(
    ("rows", "squares", "expected"),
    [
        ([(1, 0, 1), (0, 0, 0)], 2, "interior"),  # definite
        ([(1, 0, -1), (2, 0, -2)], 2, "boundary"),
        ([(0, 0, 0), (1, 2, 1)], 2, "boundary"),
        ([(0, 0, 0), (1, 1, 1)], 2, "interior"),
        ([(0, 0, 0), (0, 0, 0)], 2, "boundary"),
        ([(1, 0, 0), (0, 0, 1)], 2, "interior"),  # x^2, y^2
        ([(1, 0, 0), (0, 1, 0)], 2, "closure only"),
        ([(1, 0, -1), (0, 1, 0)], 2, "outside"),
        ([(1, 2, 1), (1, -2, 1)], 2, "interior"),
        ([(1, 2, 1), (2, 4, 2)], 1, "interior"),
        ([(1, 0, 1), (2, 0, 2)], 1, "outside"),
        ([(1, 0, 0), (0, 0, 1)], 1, "outside"),
        ([(1, 0, -1), (0, 1, 0)], 3, "interior"),
    ],
)
def test_squares_of_binary_forms(rows, squares, expected):
    facts = ("binary quadrics", (squares, 2))
    assert position(facts, form(*rows)) == expected
    assert position(facts, form(*rows[::-1])) == expected
    assert position(facts, form(*[tuple(-3 * c for c in row) for row in rows])) == expected
    assert position(facts, form(*[row[::-1] for row in rows])) == expected
    assert position(facts, {**form(*rows), (0, (1, 0)): Fraction(1)}) == "outside"


def powers(degree, *terms):
    """The sum of c (a x + b y)^degree."""
    return {
        (0, (degree - k, k)): sum((Fraction(c) * comb(degree, k) * a ** (degree - k) * b**k for c, a, b in terms), Fraction(0))
        for k in range(degree + 1)
    }


@pytest.mark.parametrize(
    ("target", "terms", "degree", "expected"),
    [
        (powers(3, (1, 1, 0), (2, 0, 1)), 2, 3, "interior"),
        (powers(3, (1, 1, 2)), 2, 3, "boundary"),
        (powers(3, (1, 1, 2)), 1, 3, "interior"),
        ({(0, (2, 1)): Fraction(1)}, 2, 3, "closure only"),
        ({(0, (3, 0)): Fraction(1), (0, (1, 2)): Fraction(-3)}, 2, 3, "outside"),
        (powers(3, (1, 1, 0), (2, 0, 1)), 1, 3, "outside"),
        (powers(5, (1, 1, 0), (2, 0, 1), (-1, 1, 1)), 3, 5, "interior"),
        (powers(5, (1, 1, 0), (2, 0, 1)), 3, 5, "boundary"),
        (powers(5, (1, 1, 0), (2, 0, 1), (-1, 1, 1)), 2, 5, "outside"),
        ({(0, (4, 1)): Fraction(1)}, 2, 5, "closure only"),
        ({}, 2, 3, "boundary"),
        ({}, 1, 3, "interior"),
        ({(0, (2, 0)): Fraction(1)}, 2, 3, "outside"),
    ],
)
def test_sums_of_powers(target, terms, degree, expected):
    facts = ("power sums", (terms, degree))
    assert position(facts, target) == expected
    assert position(facts, {k: -7 * c for k, c in target.items()}) == expected
    assert position(facts, {(o, e[::-1]): c for (o, e), c in target.items()}) == expected


@pytest.mark.parametrize(
    ("square", "linear", "most", "expected"),
    [
        ((1, 0, 0), (0, 0), 1, "boundary"),  # x^2 + 0 is a limit's neighbour: rank A = 1 = m, and (A | b) has it too
        ((1, 0, 0), (0, 1), 1, "outside"),
        ((1, 0, 0), (0, 1), 2, "closure only"),
        ((1, 0, 0), (3, 0), 2, "boundary"),
        ((1, 0, 1), (3, 5), 2, "interior"),
        ((0, 0, 0), (0, 0), 2, "boundary"),
        ((0, 0, 0), (0, 1), 2, "boundary"),
        ((0, 0, 0), (0, 1), 3, "interior"),
        ((1, 1, 0), (0, 1), 2, "interior"),
        ((1, 0, 0), (0, 1), 3, "interior"),
    ],
)
def test_quadratic_polynomials(square, linear, most, expected):
    target = {(0, e): Fraction(c) for e, c in zip(((2, 0), (1, 1), (0, 2), (1, 0), (0, 1)), (*square, *linear), strict=True)}
    target[0, (0, 0)] = Fraction(7)
    if (square, linear, most) == ((1, 0, 0), (0, 0), 1):
        expected = "interior"  # of rank m
    assert position(("quadrics", (2, most, 1)), target) == expected
    swapped = {(o, e[::-1]): c for (o, e), c in target.items()}
    assert position(("quadrics", (2, most, 1)), swapped) == expected
    assert position(("quadrics", (2, most, 0)), target) == "outside"
    plain = {k: c for k, c in target.items() if sum(k[1]) == 2}
    assert position(("quadrics", (2, most, 0)), plain) == "interior"


def test_what_has_no_boundary():
    answers = {
        ("matrices", (2, 2, 1, 0)): True,
        ("quadrics", (2, 2, 0)): True,
        ("quadrics", (2, 2, 1)): False,
        ("quadrics", (2, 3, 1)): True,
        ("binary quadrics", (1, 2)): True,
        ("binary quadrics", (2, 2)): False,
        ("binary quadrics", (3, 2)): True,
        ("power sums", (1, 3)): True,
        ("power sums", (2, 3)): False,
        ("filters", (2, 0, 1, 3, 1)): True,
        ("filters", (2, 1, 1, 3, 1)): True,
        ("filters", (2, 2, 1, 3, 1)): False,
    }
    assert {facts: has_no_boundary(facts) for facts in answers} == answers


@pytest.mark.parametrize(("bias", "most"), list(product((0, 1), (1, 2))))
def test_matrices_by_their_rank(bias, most):
    """Inputs 2, outputs 3; with biases each output has a constant term, of which nothing is asked."""
    for rows in ([(1, 2), (2, 4), (0, 0)], [(1, 0), (0, 1), (1, 1)], [(0, 0)] * 3):
        target = {(o, e): Fraction(c) for o, row in enumerate(rows) for e, c in zip(((1, 0), (0, 1)), row, strict=True)}
        rank = np.linalg.matrix_rank(np.array(rows))
        facts = ("matrices", (2, 3, most, bias))
        assert position(facts, target) == ("interior" if rank <= most else "outside")
        constant = {**target, (2, (0, 0)): Fraction(5)}
        assert position(facts, constant) == ("interior" if rank <= most and bias else "outside")
        assert position(facts, {**target, (2, (2, 0)): Fraction(5)}) == "outside"
