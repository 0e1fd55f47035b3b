"""Double doubles: what they enclose is held against python-flint at 400 bits, and residuals are as small as they should be."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurovariety.certificates.account import WIDE, FloatZeros, Tapes, widths
from neurovariety.certificates.balls import ball, precision
from neurovariety.certificates.double_double import residuals
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.float_balls import Approximations
from neurovariety.certificates.float_tape import enclosed, float_tape
from neurovariety.certificates.gaussian import exact
from neurovariety.certificates.zeros import Square
from neurovariety.homotopy import System
from neurovariety.homotopy.certify import inverses, sharpened
from neurovariety.homotopy.exact_program import exact_system

NO_PARAMETERS = np.zeros((1, 0), dtype=np.complex128)


def at(points: np.ndarray) -> Approximations:
    count, n = points.shape
    return Approximations(points, np.zeros((count, 0), dtype=np.complex128), np.zeros((count, n, n), dtype=np.complex128))


monomials = st.lists(st.tuples(st.integers(0, 1), st.integers(-2, 3)), max_size=3)
numbers = st.tuples(st.integers(-9, 9), st.integers(-9, 9)).map(lambda c: exact(complex(*c)))


@given(
    st.lists(st.tuples(numbers, monomials), min_size=1, max_size=6),
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
    st.integers(-60, 60),
)
def test_balls_hold_what_is_meant(terms, coordinates, scale):
    made = tuple((c, tuple((k, e) for k, e in sorted(dict(m).items()) if e)) for c, m in terms)
    system = ExactSystem(2, (made,), (2,))
    x = np.array([[complex(*coordinates[:2]), complex(*coordinates[2:])]]) * 2.0**scale
    found = residuals(float_tape(system), at(x))
    plain = enclosed(float_tape(system), x)
    if not found.good[0]:
        return
    with precision(400):
        meant = Over(system, ball)([flint.acb(z.real, z.imag) for z in x[0].tolist()])[0]
        z = complex(found.values[0, 0])
        assert abs(meant - flint.acb(z.real, z.imag)).upper() <= flint.arb(float(found.sizes[0, 0]))
    assert found.sizes[0, 0] <= plain.sizes[0, 0] * (1 + 1e-9) + 1e-280 or not plain.good[0]


def test_what_cancels_is_kept():
    """(1 + x)^2 - 1 - 2 x - x^2 + x^4 at x = 2^-20 is 2^-80: doubles see its noise, double doubles the number."""
    one, x = exact(1 + 0j), ((0, 1),)
    system = ExactSystem(
        1,
        (((one, ()), (one, x)), ((one, ((1, 2),)), (-one, ()), (exact(-2 + 0j), x), (-one, ((0, 2),)), (one, ((0, 4),)))),
        (2,),
    )
    point = np.array([[2.0**-20 + 0j]])
    found = residuals(float_tape(system), at(point))
    assert found.values[0, 0] == pytest.approx(2.0**-80, rel=1e-6)
    assert found.sizes[0, 0] < 2.0**-95
    assert enclosed(float_tape(system), point).sizes[0, 0] > 2.0**-53


def test_reciprocals_are_enclosed_and_zero_is_refused():
    system = ExactSystem(1, (((exact(1 + 0j), ((0, -1),)),),), (1,))
    z = 0.1 + 0.7j
    found = residuals(float_tape(system), at(np.array([[z], [0.0], [1e-200]])))
    assert found.good.tolist() == [True, False, False]
    below = Fraction(z.real) ** 2 + Fraction(z.imag) ** 2
    assert abs(Fraction(found.values[0, 0].real) - Fraction(z.real) / below) <= Fraction(found.sizes[0, 0])
    assert found.sizes[0, 0] < 1e-15


def test_boxes_of_an_ill_conditioned_system_shrink():
    """Wilkinson's polynomial with the roots 1, ..., 12, multiplied out: its coefficients are integers below 2^53."""
    coefficients = np.array([1], dtype=object)
    for root in range(1, 13):
        coefficients = np.convolve(coefficients, np.array([1, -root], dtype=object))
    system = System.build(lambda x, p: [sum(int(c) * x[0] ** (12 - k) for k, c in enumerate(coefficients))], 1)
    program = exact_system(system, [])
    square, points = Square(program), np.arange(1, 13, dtype=np.complex128).reshape(-1, 1)
    rough = FloatZeros(points + 1e-9, inverses(system, points))
    tapes = Tapes.of(square)
    found = sharpened(rough, tapes, np.zeros(0))
    boxes = found.boxes(square)
    assert np.abs(found.centres - points).max() <= 2e-15
    assert boxes.good.all()
    assert (widths(boxes, found.centres) < WIDE).all()
    away = FloatZeros(points + 0.25, inverses(system, points))
    assert not away.boxes(square).good.any()
