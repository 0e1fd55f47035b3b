"""Polynomials in one monomial: their directions, coefficients, and real roots counted in another way."""

from __future__ import annotations

import flint
import pytest

from neurovariety.certificates.lines_of_exponents import MOST_ROOTS, direction_of, has_real_roots, on_line

Q = flint.fmpq


def poly(*coefficients):
    return flint.fmpq_poly(list(coefficients))


@pytest.mark.parametrize(
    ("supports", "direction"),
    [
        ([[(0, 0), (2, 4), (3, 6)]], (1, 2)),
        ([[(3, 6), (0, 0)]], (1, 2)),
        ([[(0, 5), (2, 0)], [(4, 0), (0, 10)]], (2, -5)),
        ([[(0, 5), (0, 2)], [(7, 7)]], (0, 1)),
        ([[(0, 2), (0, 5)]], (0, 1)),
        ([[(0, 0), (1, 0), (0, 1)]], None),
        ([[(0, 0), (1, 0)], [(0, 0), (0, 1)]], None),
        ([[(0, 0), (1, 0)], [(0, 0), (-1, 1)]], None),
        ([[(1, 2)], [(3, 4)]], None),
    ],
)
def test_directions(supports, direction):
    assert direction_of(supports) == direction


@pytest.mark.parametrize(
    ("terms", "direction", "base", "coefficients"),
    [
        ({(0, 5): 7, (4, -5): 3, (2, 0): 2}, (2, -5), (0, 5), (7, 2, 3)),
        ({(6, 0): 1, (3, 0): 2, (12, 0): 5}, (3, 0), (3, 0), (2, 1, 0, 5)),
        ({(1, 8): 1, (1, 2): -1}, (0, 3), (1, 2), (-1, 0, 1)),
        ({(1, 8): 1}, (0, 3), (1, 8), (1,)),
    ],
)
def test_coefficients_along_a_line(terms, direction, base, coefficients):
    assert on_line({e: Q(c) for e, c in terms.items()}, direction) == (base, poly(*coefficients))


def product_of(*factors):
    out = poly(1)
    for f in factors:
        out *= f
    return out


NONE = (poly(1, 0, 1), poly(3, 1, 1), poly(Q(1, 10**12), 0, 1), poly(5, -4, 1))
"""Without a real root, one of them nearly with one."""
SOME = (poly(-1, 1), poly(1, 1), poly(-2, 0, 1), poly(Q(-1, 10**9), 1), poly(1, 2, 1), poly(-3, 0, 0, 1))


def test_real_roots():
    for k, f in enumerate(NONE):
        for g in (*NONE[k:], poly(2), poly(-1), poly(0, 1), poly(0, 0, 0, 4)):
            assert not has_real_roots(f * g), (f, g)
            assert not has_real_roots(f * f * g)
            for one in SOME:
                assert has_real_roots(f * g * one), (f, g, one)
    for number in (poly(3), poly(-3), poly(0, 2), poly(0, 0, 5)):
        assert not has_real_roots(number)  # 0 is none that counts
    assert all(has_real_roots(product_of(*SOME[:k])) for k in range(1, len(SOME) + 1))


def test_above_a_degree_roots_are_not_counted():
    """Of t^n + 1 with n even none is real; what is divided by t is not of the degree."""
    high = flint.fmpq_poly([1, *[0] * (MOST_ROOTS - 1), 1])
    assert not has_real_roots(high)
    assert not has_real_roots(high * poly(0, 1))
    assert has_real_roots(high * poly(1, 0, 1))
