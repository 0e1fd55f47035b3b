"""What stored data answer, worked out by hand: quadrics, gradients in charts, values, and what is not shown to be real."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nextafter

import flint
import numpy as np
import pytest

from neurovariety.certificates.account import _above
from neurovariety.certificates.critical_list import PointWithDecay, real_and_minima
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.stored_charts import StoredCharts, StoredQuadric, bounds_of, values_at
from neurovariety.certificates.zeros import NotShown

HALF = Fraction(1, 2)


def quadric(rows, against=None, constant=0):
    numbers = tuple(tuple(map(Fraction, row)) for row in rows)
    return StoredQuadric(numbers, tuple(map(Fraction, against or [0] * len(rows))), Fraction(constant))


class TestQuadrics:
    def test_definite(self):
        assert quadric([[2, 1], [1, 1]]).definite
        assert quadric([[4, 2, 2], [2, 3, 1], [2, 1, 3]]).definite
        for rows in ([[1, 2], [2, 1]], [[0, 1], [1, 0]], [[1, 1], [1, 1]], [[-1]], [], [[1, 0, 0], [0, 0, 0], [0, 0, 1]]):
            assert not quadric(rows).definite

    def test_sums_of_squares(self):
        assert quadric([[1]], [1], 1).nonnegative  # (c - 1)^2
        assert quadric([[2, 0], [0, 0]], [2, 0], 2).nonnegative
        assert not quadric([[1]], [1], Fraction(99, 100)).nonnegative
        assert not quadric([[0]], [1], 1).nonnegative
        assert not quadric([[1, 2], [2, 1]]).nonnegative

    def test_values(self):
        """c' P c - 2 b' c + k."""
        assert quadric([[2, 1], [1, 3]], [1, -1], 5).at([Fraction(2), HALF]) == 8 + 2 + Fraction(3, 4) - 4 + 1 + 5

    @pytest.mark.parametrize("rows", [[[1, 2], [3, 1]], [[1, 2]], [[1], [2]], [[1, 0, 0], [0, 1, 2], [0, 1, 1]]])
    def test_others_are_refused(self, rows):
        with pytest.raises(ValueError, match="symmetric"):
            quadric(rows)

    def test_doubles_around_a_number(self):
        for value in (Fraction(1, 3), -Fraction(1, 3), Fraction(2, 3), Fraction(1, 10), Fraction(0), HALF, -Fraction(7)):
            low, high = bounds_of(value)
            assert Fraction(low) <= value <= Fraction(high)
            assert high <= nextafter(low, inf)
            assert (low == high) == (Fraction(float(value)) == value)


PROGRAM = ExactSystem(3, (((1, ((0, 1), (1, 1))),), ((1, ((2, 2),)), (1, ((0, 1),)))), (3, 4))
"""Coordinates u v and w^2 + u of the weights u, v, w."""


def at(program, values):
    found = Over(program, lambda c: flint.fmpq(1) * c)([flint.fmpq(v.numerator, v.denominator) for v in values])
    return [Fraction(int(v.p), int(v.q)) for v in found]


def charts(places=((0, 0, 0, 1.0), (1, 0, 1, 2.0), (1, 1, 2, 1.0)), n=5, quadric=None):
    return StoredCharts(PROGRAM, places, np.arange(1.0, n + 1), np.zeros(n), quadric)


class TestCharts:
    def test_gradients(self):
        """The gradient of half of c' P c - 2 b' c in the free weights, by differences of its values."""
        found = charts().chart((2, 0))
        assert (found.unknowns, found.held) == (2, 1)
        u, v, w, b, p = Fraction(2), Fraction(-3), Fraction(5), (Fraction(7), Fraction(11)), (Fraction(3), HALF, Fraction(13))

        def loss(u, w):
            x, y = u * v, w * w + u
            return (p[0] * x * x + 2 * 2 * p[1] * x * y + p[2] * y * y) / 2 - b[0] * x - b[1] * y

        slopes = at(found.system, [w, u, v, *b, *p])
        # A polynomial of degree 4 in each: this rule of differences is exact.
        for slope, f in zip(slopes, (lambda t: loss(u, w + t), lambda t: loss(u + t, w)), strict=True):
            assert slope == (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / 12
        assert at(found.coordinates, [w, u, v]) == [u * v, w * w + u]
        assert at(found.slopes, [w, u, v]) == [0, v, 2 * w, 1]

    def test_all_coordinates_move(self):
        assert charts().fills
        same = ExactSystem(3, (PROGRAM.sums[0], ((2, ((3, 1),)),)), (3, 4))
        assert not StoredCharts(same, (), np.arange(2.0), np.zeros(2), None).fills
        whole = charts()
        assert whole.chart((0,)) is whole.chart((0,))

    @pytest.mark.parametrize("place", [(2, 0, 0), (0, 1, 0), (0, 0, 3), (0, 0, -1), (0, -1, 0)])
    def test_places_that_are_none(self, place):
        with pytest.raises(ValueError, match="number of coordinates or parameters"):
            charts(((*place, 1.0),))

    def test_sizes(self):
        for n in (1, 4):
            with pytest.raises(ValueError, match="number of coordinates or parameters"):
                charts(n=n)
        assert charts((), 2).loss.size == 2
        with pytest.raises(ValueError, match="another number of coordinates"):
            charts(quadric=quadric([[1]]))
        for free in ((0, 0), (3,), (-1,)):
            with pytest.raises(NotShown):
                charts().chart(free)

    def test_values_at_floats(self):
        assert values_at(PROGRAM, [0.5, 3.0, 0.1]) == [Fraction(3, 2), Fraction(0.1) ** 2 + HALF]
        for weights in ([1.0, 2.0], [1.0, 2.0, inf]):
            with pytest.raises(NotShown, match="other weights"):
                values_at(PROGRAM, weights)
        with pytest.raises(NotShown, match="denominator"):
            values_at(ExactSystem(1, (((1, ((0, -1),)),),), (1,)), [0.0])


class TestPoints:
    @pytest.mark.parametrize(("imaginary", "reach", "real"), [(0, 1, True), (1, 0.5, False), (1, 1, None), (-1, 0.5, False)])
    def test_whether_a_point_is_real(self, imaginary, reach, real):
        """On the rim of its box a zero may still be real."""
        point = PointWithDecay.__new__(PointWithDecay)
        point.centre, point.reach = [flint.acb(2), flint.acb(1, imaginary)], [flint.arb(3), flint.arb(reach)]
        assert point.real is real

    def test_numbers_of_them(self):
        true, false = True, False
        assert real_and_minima([true, false, true], [0, None, 1], True) == (2, 1)
        assert real_and_minima([true, None], [0, None], True) == (None, None)
        assert real_and_minima([true, true], [0, None], True) == (2, None)
        assert real_and_minima([true, true, None], [0, None, None], False) == (2, 1)

    def test_a_double_above(self):
        for r in (flint.arb(0), flint.arb(2) ** -1070, flint.arb(1) / 3, flint.arb(10) ** 300 / 7):
            assert flint.arb(_above(r)) > r.upper()
