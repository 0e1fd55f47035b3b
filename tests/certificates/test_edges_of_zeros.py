"""The inequalities of certificates of zeros, at both sides of where they begin to hold: numbers that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf, log2

import flint
import numpy as np
import pytest

from neurovariety.certificates.account import (
    AtLeast,
    BezoutAccount,
    FloatZeros,
    Shown,
    Zeros,
    log2_size_of_finite_zeros,
    widths,
)
from neurovariety.certificates.balls import contracts
from neurovariety.certificates.completeness import passes
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_balls import Balls, Boxes
from neurovariety.certificates.gaussian import exact
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.zeros import ClusterZero, SimpleZero, Square
from neurovariety.homotopy import System
from neurovariety.homotopy.exact_program import exact_system

ROOT_OF_TWO = exact_system(System.build(lambda x, p: [x[0] ** 2 - 2], 1), [])


def refused(certificate, subject) -> bool:
    try:
        certificate.check(subject)
    except NotShown:
        return True
    return False


def of(*values):
    return tuple(flint.acb(v) for v in values)


class TestOneZero:
    """x^2 - 2 around 1.5 with Y = 1/3: |Y F| = 1/12, and 1 - Y F' is at most 2 sqrt(2) r / 3 over the square of side 2 r."""

    ZERO = SimpleZero(of(1.5), (flint.arb(0.1),), of(1 / 3), 64)

    def test_the_box_is_mapped_into_itself(self):
        square = Square(ROOT_OF_TWO)
        (near,) = self.ZERO.check(square)
        assert float(near.mid()) == pytest.approx(1 / 12 + 2 * 2**0.5 / 3 * 0.01, rel=1e-7)
        assert [float(r.mid()) for r in self.ZERO.reach()] == pytest.approx([0.1])
        for radius in (0.0, 0.05, 0.09, 0.98, 2.0, -0.1):
            assert refused(replace(self.ZERO, radii=(flint.arb(radius),)), square)
        assert not refused(replace(self.ZERO, radii=(flint.arb(0.95),)), square)

    def test_two_unknowns_add_up(self):
        """x^2 - 2 and y^2 - 2, the second four times in the first: balls do not see that 8 y - 8 y cancels."""
        mixed = Square(exact_system(System.build(lambda x, p: [x[0] ** 2 - 2 + 4 * (x[1] ** 2 - 2), x[1] ** 2 - 2], 2), []))
        zero = SimpleZero(of(1.5, 1.5), (flint.arb(0.3), flint.arb(0.1)), of(1 / 3, -4 / 3, 0, 1 / 3), 64)
        near = [float(r.mid()) for r in zero.check(mixed)]
        assert near[0] == pytest.approx(1 / 12 + 2 * 2**0.5 / 3 * 0.09 + 16 * 2**0.5 / 3 * 0.01, rel=1e-7)
        assert near[1] == pytest.approx(1 / 12 + 2 * 2**0.5 / 3 * 0.01, rel=1e-7)
        assert refused(replace(zero, inverse=of(1 / 3, 0, 0, 1 / 3)), mixed)
        assert refused(replace(zero, radii=(flint.arb(0.1), flint.arb(0.1))), mixed)

    def test_sizes(self):
        square = Square(ROOT_OF_TWO)
        for twin in (
            replace(self.ZERO, centre=of(1.5, 1.5)),
            replace(self.ZERO, radii=(flint.arb(0.1),) * 2),
            replace(self.ZERO, inverse=of(1 / 3, 0)),
            replace(self.ZERO, inverse=()),
        ):
            assert refused(twin, square)
        with pytest.raises(NotShown, match="not square"):
            Square(ExactSystem(2, ROOT_OF_TWO.sums, ROOT_OF_TWO.equations))

    def test_in_intervals(self):
        """The same for real intervals, where 1 - Y F' is at most 2 r / 3."""

        def holds(radius, inverse=1 / 3):
            slopes = 2 * flint.arb(1.5, radius)
            return contracts([flint.arb(0.25)], [[slopes]], [[flint.arb(inverse)]], radius)

        assert [holds(r) for r in (0.08, 0.088, 0.0889, 0.1, 1.4, 1.5)] == [False, False, True, True, True, False]
        assert not holds(0.1, -1 / 3)
        one = [flint.arb(0.25)]
        assert not contracts(one, [[flint.arb(3)] * 2], [[flint.arb(1 / 3)]], 0.1)
        assert not contracts(one, [[flint.arb(3)]], [[flint.arb(1 / 3)] * 2], 0.1)
        assert not contracts(one, [[flint.arb(3)]], [[flint.arb(1 / 3)]] * 2, 0.1)
        assert not contracts(one * 2, [[flint.arb(3)]], [[flint.arb(1 / 3)]], 0.1)

    def test_in_two_intervals(self):
        """(x - 1/4, y + 1/8) at 0 with slopes that are known up to 1/4 off the diagonal: 1/4 + r/4 < r from r = 1/3 on."""
        off, zero, one = flint.arb(0, 0.25), flint.arb(0), flint.arb(1)
        residual, slopes, inverse = [flint.arb(-0.25), flint.arb(0.125)], [[one, off], [off, one]], [[one, zero], [zero, one]]
        assert [contracts(residual, slopes, inverse, r) for r in (0.25, 0.32, 0.34, 1.0)] == [False, False, True, True]
        assert not contracts(residual, slopes, [[one, one], [zero, one]], 0.34)


class TestTubes:
    """t + c t^2 - x^2 and t + x^2: a double zero at 0, in the coordinates x = y, t = xi, along xi = a y^2."""

    @staticmethod
    def system(c=Fraction(0), *, shift=Fraction(0)):
        return Square(exact_system(System.build(lambda x, p: [x[1] + c * x[1] ** 2 - x[0] ** 2, x[1] + x[0] ** 2 - shift], 2), []))

    @staticmethod
    def tube(a=0.75, radius=1.0, width=0.25, number=2):
        one = of(1, 0, 0, 1)
        return ClusterZero(of(0, 0), one, one, of(1), (of(0, 0, a),), flint.arb(radius), flint.arb(width), number, 64)

    def test_the_curve_stays_in_the_tube(self):
        """It is off by |1 - a| r^2, which the width takes up; the last equation is (1 + a) y^2, and that much off."""
        assert [float(r.mid()) for r in self.tube().check(self.system())] == [1.0, 1.0]
        assert [float(r.mid()) for r in self.tube(radius=0.5).reach()] == [0.5, 0.4375]
        assert refused(self.tube(width=0.2499), self.system())
        assert not refused(self.tube(a=0.01, width=1.0), self.system())
        assert refused(self.tube(a=0.0, width=2.0), self.system())  # 1 is not more than 1
        for twin in (self.tube(number=1), self.tube(number=3), self.tube(number=0), self.tube(radius=0.0), self.tube(width=-1.0)):
            assert refused(twin, self.system())

    def test_zeros_that_are_apart(self):
        """(1 + a) y^2 - s, with a quarter of y^2 off: 1.5 r^2 > s."""
        assert not refused(self.tube(radius=1.0), self.system(shift=Fraction(149, 100)))
        assert refused(self.tube(radius=1.0), self.system(shift=Fraction(151, 100)))
        assert not refused(self.tube(radius=0.5, width=0.0625), self.system(shift=Fraction(149, 400)))
        assert refused(self.tube(radius=0.5, width=0.0625), self.system(shift=Fraction(151, 400)))

    def test_the_contraction_is_uniform(self):
        """2 c |t| with |t| <= a + width in a square: below a half, and the curve's error is divided by what is left."""
        assert not refused(self.tube(width=0.48), self.system(Fraction(1, 10)))  # off by (0.25 + 0.05625) / (1 - 0.348)
        assert refused(self.tube(width=0.46), self.system(Fraction(1, 10)))
        assert refused(self.tube(a=0.9, width=0.9), self.system(Fraction(1, 5)))

    def test_coordinates_and_sizes(self):
        tube, system = self.tube(), self.system()
        for twin in (
            replace(tube, rows=of(1, 0, 1, 0)),
            replace(tube, basis=of(1, 0, 1, 0)),
            replace(tube, slopes=of(0)),
            replace(tube, slopes=of(2)),
            replace(tube, slopes=of(-1)),
            replace(tube, slopes=of(1, 1)),
            replace(tube, curve=(*tube.curve, *tube.curve)),
            replace(tube, curve=()),
            replace(tube, centre=of(0)),
            replace(tube, rows=of(1)),
            replace(tube, basis=of(1)),
            replace(tube, centre=of(0, 0.5)),
        ):
            assert refused(twin, system)

    def test_without_a_curve(self):
        """One unknown: x^2 - 1/4 has two zeros where r is more than a half."""
        square = Square(exact_system(System.build(lambda x, p: [x[0] ** 2 - 0.25], 1), []))
        tube = ClusterZero(of(0), of(1), of(1), (), (), flint.arb(0.6), flint.arb(0), 2, 64)
        assert [float(r.mid()) for r in tube.check(square)] == pytest.approx([0.6])
        for twin in (replace(tube, radius=flint.arb(0.5)), replace(tube, number=1), replace(tube, number=3)):
            assert refused(twin, square)
        assert not refused(replace(tube, centre=of(0.5), radius=flint.arb(0.9), number=1), square)  # y^2 + y
        assert refused(replace(tube, centre=of(0.5), radius=flint.arb(1.1), number=1), square)

    def test_scales_are_powers_of_two(self):
        nine, large, small = (((exact(c), ((k, 2),)),) for k, c in enumerate((9, 2**3000, Fraction(1, 2**3000))))
        assert Square(ExactSystem(3, (nine, large, small), (3, 4, 5))).scales == [2.0**-3, 2.0**-1000, 2.0**1000]


def shown(centres, near, patch=(1, 0)):
    """Zeros in doubles of which boxes were shown, as given."""
    z = np.array(centres, dtype=complex)
    r = np.array(near, dtype=float)
    zeros = Zeros(tuple(exact(complex(a)) for a in patch), FloatZeros(z, np.zeros((len(z), z.shape[1], z.shape[1]), dtype=complex)))
    return Shown(zeros, Boxes(2 * r, r, np.ones(len(z), dtype=bool)), [], [])


class TestApart:
    def test_one_coordinate_is_enough(self):
        assert shown([[0, 0], [0, 1]], [[5, 0.25], [5, 0.5]]).meetings() == []
        assert shown([[0, 0], [0, 1]], [[5, 0.5], [5, 0.5]]).meetings() == [(0, 1)]
        assert shown([[0, 0], [1j, 0]], [[0.5, 1], [0.25, 1]]).first_meeting() is None
        assert shown([[1, 2], [1, 2]], [[0, 0], [0, 0]]).first_meeting() == (0, 1)
        assert shown(np.zeros((0, 2)), np.zeros((0, 2))).meetings() == []

    def test_against_all_pairs(self):
        """By sorting along one coordinate, and by trying all pairs."""
        rng = np.random.default_rng(0)
        for scale in (2.0**-30, 1.0, 2.0**30):
            z = scale * (rng.integers(-4, 5, (60, 2)) + 1j * rng.integers(-2, 3, (60, 2)))
            r = scale * rng.choice([0.0, 0.25, 0.75, 3.0], (60, 2))
            expected = {(a, b) for b in range(60) for a in range(b) if not (np.abs(z[a] - z[b]) > r[a] + r[b]).any()}
            assert {tuple(sorted(pair)) for pair in shown(z, r).meetings()} == expected

    def test_finite_ones_and_others(self):
        thin = 2.0**-6
        found = shown([[1, 2], [0.5, 3], [1e-3, 4], [0, 1]], [[0.5, 0.25], [0.5, thin], [1e-3, thin], [0.25, thin]])
        assert found.finite.tolist() == [True, False, False, False]
        assert found.finite_count() == found.finite_count(simple=True) == 1
        least = [log2((3 - thin) / 1), log2((4 - thin) / 2e-3), log2((1 - thin) / 0.25)]
        assert found.log2_sizes() == pytest.approx(least, abs=0.6)
        assert all(a <= b for a, b in zip(found.log2_sizes(), least, strict=True))
        nothing = {"simple": 1, "clusters": (), "at_infinity": 0, "at_infinity_or_larger": 3}
        assert found.value(1e3) == nothing | {"log2_larger_than": 1}
        assert found.value(5) == nothing | {"at_infinity": 1, "at_infinity_or_larger": 2, "log2_larger_than": 1}
        assert found.value(0.0) == nothing | {"at_infinity": 3, "at_infinity_or_larger": 0, "log2_larger_than": None}
        radii = found.affine_radii()
        assert radii[0] == pytest.approx((0.25 + 2 * 0.5) / (1 - 0.5))
        assert radii[1] == radii[3] == inf
        assert found.affine()[:3].tolist() == [[2], [6], [4000]]
        assert widths(found.boxes, found.centres)[:2] == pytest.approx([0.25, 0.5 / 3])


class TestAccounts:
    def test_every_equation_has_an_unknown(self):
        nothing = np.zeros((0, 2))
        zeros = Zeros((exact(1), exact(0)), FloatZeros(nothing, np.zeros((0, 2, 2))))
        constant = ExactSystem(1, (((exact(1), ()),),), (1,))
        with pytest.raises(NotShown, match="contains no unknown"):
            issue(BezoutAccount(constant.hash, zeros), constant)
        assert issue(AtLeast(ROOT_OF_TWO.hash, zeros), ROOT_OF_TWO).statement.value["simple"] == 0
        with pytest.raises(NotShown, match="0 of 2"):
            issue(BezoutAccount(ROOT_OF_TWO.hash, zeros), ROOT_OF_TWO)
        with pytest.raises(NotShown, match="not checked"):
            AtLeast(ROOT_OF_TWO.hash, zeros).value()

    def test_the_size_that_no_finite_zero_has(self):
        """2 D (sum (h + d log2(n + 1)) / d + 2 (n + 1) log2(n + 2)): of x^2 = 2^e - 1, with a height of e."""
        one = exact_system(System.build(lambda x, p: [x[0] ** 2 - (2**40 - 1)], 1), [])
        assert log2_size_of_finite_zeros(one) == pytest.approx(4 * ((40 + 2 * 1) / 2 + 4 * log2(3)), rel=1e-6)
        two = exact_system(System.build(lambda x, p: [x[0] ** 2 - (2**40 - 1), x[1] ** 3 - (2**30 - 1)], 2), [])
        expected = 12 * ((40 + 2 * log2(3)) / 2 + (30 + 3 * log2(3)) / 3 + 6 * 2)
        assert log2_size_of_finite_zeros(two) == pytest.approx(expected, rel=1e-6)


class TestTrace:
    """Second differences 1, 2 and -3 of three points, whose sum is 0."""

    @staticmethod
    def images(moved=(1.0, 2.0, -3.0), size=0.0, scale=1.0):
        middle, slope = np.array([[10.0], [20.0], [40.0]]), np.array([[1.0], [5.0], [-2.0]])
        bent = np.array(moved)[: len(middle), None] / 2
        sizes = np.full((len(moved), 1), size * scale)
        good = np.ones(len(moved), dtype=bool)
        rows = slice(0, len(moved))
        return [Balls(scale * (middle[rows] + t * slope[rows] + t * t * bent), sizes, good) for t in (-1, 0, 1)]

    @pytest.mark.parametrize("scale", [2.0**-80, 1.0, 2.0**80])
    def test_all_and_a_part(self, scale):
        assert passes(self.images(scale=scale))
        assert not passes(self.images((1.0, 2.0), scale=scale))
        assert not passes(self.images((1.0, -1.0, 0.0), scale=scale))  # one of them moves in a line
        assert not passes(self.images((1.0, 2.0, -3.001), scale=scale))

    def test_radii(self):
        """The sum contains 0 within 12 times the size, of which every point has to be 10,000 times as far, but for 4 sizes."""
        assert passes(self.images((1.0, 2.0, -3.0), 1 / 130_000))
        assert not passes(self.images((1.0, 2.0, -3.0), 1 / 110_000))
        assert passes(self.images((1.0, 2.0, -3.00001), 1.1e-6))
        assert not passes(self.images((1.0, 2.0, -3.00001), 0.8e-6))

    def test_any_coordinate_tells_a_point(self):
        one, two = self.images(), self.images((0.0, 0.0, 0.0))
        both = [Balls(np.hstack([a.values, b.values]), np.hstack([a.sizes, b.sizes]), a.good) for a, b in zip(one, two, strict=True)]
        assert passes(both)
        assert not passes(two)
