"""The rules of `float_balls` and `double_double`, one instruction at a time, against rational numbers: midpoints, radii, refusals.

The functions are interpreted, not compiled: what is written is what is tested.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from neurovariety.certificates import double_double, float_balls
from neurovariety.certificates.float_balls import Approximations, Balls, Boxes, TapeArrays

from .interpreted import interpreted  # noqa: F401 (a fixture of every test here)

U = Fraction(1, 2**53)
CLOSE = 1 + Fraction(1, 2**40)
RNG = np.random.default_rng(3)


def size(re, im) -> Fraction:
    """The modulus, from below, to 60 bits and more."""
    squared = Fraction(re) ** 2 + Fraction(im) ** 2
    if not squared:
        return Fraction(0)
    bits = 2 * max(0, 80 + squared.denominator.bit_length() - squared.numerator.bit_length())
    return Fraction(isqrt((squared.numerator << bits) // squared.denominator), 2 ** (bits // 2))


def about(value: float, least: Fraction) -> bool:
    """Whether an upper bound is one, and hardly larger."""
    return least <= Fraction(value) <= least * CLOSE + Fraction(1e-289)


def times(a, b):
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def drawn(k, width):
    """Rows of numbers of many sizes, which cancel in part, with radii; exact ones among them."""
    rows = RNG.normal(size=(k, width)) * 10.0 ** RNG.integers(-3, 4, size=(k, 1))
    rows[:, -1] = np.abs(rows[:, -1]) * 1e-6 * (np.arange(k) % 3 > 0)
    if width == 5:
        rows[:, [1, 3]] = rows[:, [0, 2]] * RNG.uniform(-1, 1, size=(k, 2)) * 2.0**-54
    return rows


def tape(code, terms, numbers=()):
    return TapeArrays(
        np.array([code], dtype=np.int32), np.array(terms, dtype=np.int32).reshape(-1, 2), np.array(numbers).reshape(-1, 2), 8
    )


def middle(row):
    """The exact midpoint of a row of three or five numbers."""
    row = [Fraction(float(v)) for v in row]
    return (row[0], row[1]) if len(row) == 3 else (row[0] + row[1], row[2] + row[3])


MODULES = [(float_balls.run, 3, 2 * U), (double_double._run, 5, 16 * U**2)]
"""What runs tapes, the numbers of a row, and the rounding of a term."""


@pytest.mark.parametrize(("run", "width", "unit"), MODULES, ids=["doubles", "two doubles"])
@pytest.mark.parametrize(
    ("k", "kind", "add", "rounded"), [(1, 0, 0, 0), (4, 0, 1, 0), (3, 1, 0, 2.0**-40), (5, 1, 1, 0), (2, 2, 1, 0.25), (0, 1, 1, 0)]
)
def test_sums_of_products(run, width, unit, k, kind, add, rounded):
    for _ in range(3):
        w = drawn(8, width)
        numbers = RNG.normal(size=(k + 1, 2))
        before = w.copy()
        pairs = [(1 + (j % 3), 4 + (j % 2)) for j in range(k)]
        assert run(w, tape((kind, 7, 1, 1 + k, add), [(0, 0), *pairs], numbers), rounded)
        re, im, radius, total = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
        for j, (a, b) in enumerate(pairs):
            x, r = middle(before[a]), Fraction(before[a, -1])
            if kind == 0:
                y, s = middle(before[b]), Fraction(before[b, -1])
            else:
                y = tuple(map(Fraction, numbers[1 + j].tolist()))
                s = Fraction(rounded) * size(*y)
            p, q = size(*x), size(*y)
            product = times(x, y)
            re, im, radius, total = re + product[0], im + product[1], radius + p * s + q * r + r * s, total + p * q
        count = k + add
        if add:
            x = middle(before[7])
            re, im, radius, total = re + x[0], im + x[1], radius + Fraction(before[7, -1]), total + size(*x)
        found = middle(w[7])
        assert size(found[0] - re, found[1] - im) <= (count + 4) * unit * total
        assert about(w[7, -1], radius + (count + 4) * unit * total)
        assert np.array_equal(np.delete(w, 7, 0), np.delete(before, 7, 0))


@pytest.mark.parametrize(("run", "width", "unit"), MODULES, ids=["doubles", "two doubles"])
@pytest.mark.parametrize("relative", [0.0, 1e-9, 0.5, 0.999])
@pytest.mark.parametrize("point", [(3.0, -0.7), (1e-120, 2e-125), (-1e110, 1e100), (0.0, 5.0)])
def test_reciprocals(run, width, unit, relative, point):
    w = np.zeros((8, width))
    w[2, 0], w[2, width // 2 if width == 3 else 2], w[2, -1] = point[0], point[1], relative * abs(complex(*point))
    assert run(w, tape((3, 7, 1, 2, 0), [(0, 0), (2, 0)]), 0.0)
    x = middle(w[2])
    squared, below, r = x[0] ** 2 + x[1] ** 2, size(*x), Fraction(w[2, -1])
    found = middle(w[7])
    away = size(found[0] - x[0] / squared, found[1] + x[1] / squared)
    ideal = r / (below * (below - r))
    assert (
        away + ideal <= Fraction(w[7, -1]) <= (ideal + 64 * unit / below) * (1 + 128 * U / (1 - Fraction(relative))) + Fraction(1e-289)
    )


@pytest.mark.parametrize(("run", "width"), [(float_balls.run, 3), (double_double._run, 5)])
@pytest.mark.parametrize(
    ("re", "im", "r"),
    [
        (1.0, 0.0, 1.0),
        (3.0, 4.0, 5.0),
        (3.0, 4.0, 6.0),
        (0.0, 0.0, 0.0),
        (1e-141, 0.0, 0.0),
        (0.0, 2e140, 0.0),
        (1.0, 0.0, np.inf),
        (np.nan, 0.0, 0.0),
    ],
)
def test_a_ball_that_meets_zero_has_no_reciprocal(run, width, re, im, r):
    w = np.zeros((8, width))
    w[2, 0], w[2, 1 if width == 3 else 2], w[2, -1] = re, im, r
    assert not run(w, tape((3, 7, 1, 2, 0), [(0, 0), (2, 0)]), 0.0)


@pytest.mark.parametrize("large", [(1, 0), (1, 2), (2, 0), (2, 2)])
def test_numbers_that_are_too_large_are_refused(large):
    w = np.ones((8, 5))
    w[large] = 1e140
    assert not double_double._run(w, tape((0, 7, 0, 1, 0), [(1, 2)]), 0.0)
    w[large] = 1e139
    assert double_double._run(w, tape((0, 7, 0, 1, 0), [(1, 2)]), 0.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-150, 1e-30, 1.0, 1e100, 1e145, 1e300])
@pytest.mark.parametrize("point", [(3.0, 4.0), (-1.1, 0.0), (0.0, -0.7), (1.0, 1e-3), (0.3, -0.3)])
def test_a_modulus_is_bounded_from_above(scale, point):
    re, im = point[0] * scale, point[1] * scale
    found, exact = Fraction(float(float_balls.modulus(re, im))), size(re, im)
    most = exact * (1 + 16 * U) if 1e-140 < scale < 1e140 else (abs(Fraction(re)) + abs(Fraction(im))) * (1 + 8 * U)
    assert exact <= found <= most + Fraction(1e-289)


NUMBERS = [(a, b) for a in (1.0, -3.7, 1e-9, 2.0**60 + 2.0**8, 1 / 3) for b in (1.0, -1.0, 0.1, -3.7000000001, 1e15 / 7, -(2.0**60))]


@pytest.mark.parametrize(("a", "b"), NUMBERS)
def test_sums_and_products_of_two_doubles(a, b):
    f = Fraction
    for function, exact in ((double_double._exact_sum, f(a) + f(b)), (double_double._exact_product, f(a) * f(b))):
        high, low = function(a, b)
        assert f(high) + f(low) == exact
        assert high == float(exact)
    x, y = (a, a * 2.0**-54 / 3), (b, -b * 2.0**-54 / 7)
    meant = f(x[0]) + f(x[1]), f(y[0]) + f(y[1])
    cases = [(double_double._add, meant[0] + meant[1], 3), (double_double._times, meant[0] * meant[1], 5)]
    for function, exact, errors in cases:
        high, low = function(*x, *y)
        assert abs(f(high) + f(low) - exact) <= (errors + f(1, 100)) * U**2 * abs(exact)
        assert abs(low) <= float(U) * abs(high)
    high, low, away = double_double._reciprocal(*x)
    error = abs((f(high) + f(low)) * meant[0] - 1)
    assert error <= f(away) <= 64 * U**2


def test_boxes_are_those_of_krawczyk():
    """x^2 = p, x y = 1 at p = 2 with inverses that are nearly right: what the left sides of the inequalities are, from the balls of the
    Jacobian over the boxes."""
    # slots: 1, x, y, p | x^2 - p, x y - 1, then the Jacobian row by row: 2x, 0, y, x
    code = [
        (0, 10, 0, 1, 0),
        (0, 11, 1, 2, 0),
        (1, 4, 2, 4, 0),
        (1, 5, 4, 6, 0),
        (1, 6, 6, 7, 0),
        (1, 7, 7, 8, 0),
        (1, 8, 8, 9, 0),
        (1, 9, 9, 10, 0),
    ]
    terms = [(1, 1), (1, 2), (10, 0), (3, 0), (11, 0), (0, 0), (1, 0), (1, 0), (2, 0), (1, 0)]
    numbers = [(1, 0), (1, 0), (1, 0), (-1, 0), (1, 0), (-1, 0), (2, 0), (0, 0), (1, 0), (1, 0)]
    arrays = TapeArrays(np.array(code, dtype=np.int32), np.array(terms, dtype=np.int32), np.array(numbers, dtype=float), 12)
    roots = np.array([[2**0.5, 2**-0.5], [-(2**0.5), -(2**-0.5)], [1.9, 0.3], [2**0.5, 2**-0.5]], dtype=complex)
    points = roots + np.array([1e-7 + 2e-8j, -3e-8])
    inverses = np.array([np.linalg.inv(np.array([[2 * x, 0], [y, x]])) for x, y in points]) * (1 + 1e-3j)
    parameters = np.array([[2.0]] * 4, dtype=complex)
    values = np.array([[x * x - 2, x * y - 1] for x, y in points])
    sizes = np.array([[1e-9, 2e-9]] * 4)
    near = Approximations(points, parameters, inverses)
    residuals = Balls(values, sizes, np.array([True, True, True, False]))
    out = Boxes(np.zeros((4, 2)), np.zeros((4, 2)), np.ones(4, dtype=bool))
    float_balls.krawczyk(arrays, 0.0, near, residuals, 6, out)
    assert out.good.tolist() == [True, True, False, False]
    assert not out.radii[2:].any()
    for k in range(2):
        rho = [Fraction(v) for v in out.radii[k].tolist()]
        inverse = [[(Fraction(z.real), Fraction(z.imag)) for z in row] for row in inverses[k].tolist()]
        found = [(Fraction(z.real), Fraction(z.imag)) for z in values[k].tolist()]
        x, y = ((Fraction(z.real), Fraction(z.imag)) for z in points[k].tolist())
        jacobian = [[((2 * x[0], 2 * x[1]), 2 * rho[0]), ((Fraction(0),) * 2, Fraction(0))], [(y, rho[1]), (x, rho[0])]]
        for i in range(2):
            product = [times(inverse[i][j], found[j]) for j in range(2)]
            left = size(sum(p[0] for p in product), sum(p[1] for p in product))
            left += sum(size(*inverse[i][j]) * Fraction(float(sizes[k, j])) for j in range(2))
            for j in range(2):
                entries = [times(inverse[i][l], jacobian[l][j][0]) for l in range(2)]
                off = size(int(i == j) - sum(e[0] for e in entries), -sum(e[1] for e in entries))
                left += (off + sum(size(*inverse[i][l]) * jacobian[l][j][1] for l in range(2))) * rho[j]
            assert left <= Fraction(out.near[k, i]) <= left * (1 + Fraction(1, 10**7))
            assert out.near[k, i] < out.radii[k, i]


def boxed(arrays, points, parameters, inverses, values, tries=6):
    """What `krawczyk` finds from residuals without radii."""
    near = Approximations(*(np.array(v, dtype=complex) for v in (points, parameters, inverses)))
    shape = near.points.shape
    out = Boxes(np.zeros(shape), np.zeros(shape), np.zeros(len(points), dtype=bool))
    residuals = Balls(np.array(values, dtype=complex), np.zeros(shape), np.ones(len(points), dtype=bool))
    float_balls.krawczyk(arrays, 0.0, near, residuals, tries, out)
    return out


def test_jacobians_of_boxes_are_those_at_the_parameters():
    """p x + q y = 1, r x + y = 0: the Jacobian is made of the parameters, and at each point those of that point."""
    # slots: 1, x, y, p, q, r | two that are not read, then the Jacobian row by row
    terms, numbers = [(3, 0), (4, 0), (5, 0), (0, 0)], [(1, 0)] * 4
    code = [(1, target, at, at + 1, 0) for at, target in enumerate((8, 9, 10, 11))]
    arrays = TapeArrays(np.array(code, dtype=np.int32), np.array(terms, dtype=np.int32), np.array(numbers, dtype=float), 12)
    parameters = np.array([[2 + 1j, 0.5j, -1 + 0.25j], [1j, 3 - 2j, 0.5 + 4j], [-0.25 + 2j, 1.5, 2j]])
    jacobians = np.array([[[p, q], [r, 1]] for p, q, r in parameters])
    points = np.array([np.linalg.solve(j, [1, 0]) for j in jacobians])
    values = np.einsum("kij,kj->ki", jacobians, points) - [1, 0]
    inverses = np.linalg.inv(jacobians)
    assert boxed(arrays, points, parameters, inverses, values).good.all()
    for k in range(3):
        for i in range(3):
            for turn in (0.0, 400.0, 400j):  # one parameter of one point is another: its inverse is wrong there, and there alone
                other = parameters.copy()
                other[k, i] += turn
                found = boxed(arrays, points, other, inverses, values).good
                assert found.tolist() == [not turn or j != k for j in range(3)]


def test_what_underflows_stays_in_the_ball():
    one, other = 1e-160, 1e-165
    for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        w = np.zeros((8, 3))
        w[1, place[0]], w[2, place[1]] = one, -other
        assert float_balls.run(w, tape((0, 7, 0, 1, 0), [(1, 2)], [(1, 0)]), 0.0)
        found = (Fraction(v) for v in w[7].tolist())
        exact = times(*((Fraction(w[k, 0]), Fraction(w[k, 1])) for k in (1, 2)))
        re, im, radius = found
        assert 0 < size(re - exact[0], im - exact[1]) <= radius <= Fraction(1e-289)
    x = TapeArrays(np.array([(1, 3, 0, 1, 0)], dtype=np.int32), np.array([(0, 0)], dtype=np.int32), np.array([[1.0, 0.0]]), 4)
    out = boxed(x, [[0.0]], np.zeros((1, 0)), [[[1.0]]], [[0.0]], 1)
    assert out.good.all()
    assert 1e-290 < out.near[0, 0] < out.radii[0, 0] < 1e-288


@pytest.mark.parametrize("module", [float_balls, double_double])
def test_what_is_enclosed_is_put_where_it_belongs(module):
    """(x y + p + 2, 1/x) over boxes, and where x meets 0."""
    code = [(0, 5, 0, 1, 0), (1, 5, 1, 3, 1), (3, 6, 3, 4, 0)]
    arrays = TapeArrays(
        np.array(code, dtype=np.int32),
        np.array([(1, 2), (3, 0), (0, 0), (1, 0)], dtype=np.int32),
        np.array([(1.0, 0), (1, 0), (2, 0), (1, 0)]),
        8,
    )
    points = np.array([[2 + 1j, 1 - 1j, 0.5j], [0, 1, 1], [4, 0.25, 1]], dtype=complex)
    out = Balls(np.zeros((3, 2), dtype=complex), np.zeros((3, 2)), np.ones(3, dtype=bool))
    outputs = np.array([6, 5], dtype=np.int32)
    if module is float_balls:
        radii = np.array([[0.5, 0.25, 0.125]] * 3)
        float_balls.enclose(arrays, 0.0, points, radii, outputs, out)
    else:
        radii = np.zeros((3, 3))
        near = Approximations(points[:, :2], points[:, 2:], points)
        double_double._enclose(np.zeros((arrays.slots, 5)), arrays, 0.0, near, outputs, out)
    assert out.good.tolist() == [True, False, True]
    for k in (0, 2):
        x, y, p = points[k]
        assert out.values[k] == pytest.approx([1 / x, x * y + p + 2], rel=1e-15)
        expected = [radii[k, 0] / (abs(x) * (abs(x) - radii[k, 0])), abs(x) * 0.25 + abs(y) * 0.5 + 0.25]
        if module is float_balls:
            assert out.sizes[k] == pytest.approx(expected, rel=1e-12)
        else:
            assert (out.sizes[k] <= 2.0**-53 * np.abs(out.values[k]) * 2).all()


def with_less(parts, name):
    """The same, one of its arrays without its last row."""
    return parts._replace(**{name: getattr(parts, name)[:-1]})


@pytest.mark.parametrize("name", ["points", "parameters", "inverses", "values", "sizes", "good", "slots"])
def test_arrays_of_other_sizes_are_refused(name):
    """Compiled code would read what lies beside them."""
    near = Approximations(np.zeros((2, 1), dtype=complex), np.zeros((2, 0), dtype=complex), np.ones((2, 1, 1), dtype=complex))
    residuals = Balls(np.zeros((2, 1), dtype=complex), np.zeros((2, 1)), np.ones(2, dtype=np.bool_))
    tape = TapeArrays(np.zeros((0, 5), dtype=np.int32), np.zeros((0, 2), dtype=np.int32), np.zeros((0, 2)), 4)
    out = Boxes(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros(2, dtype=np.bool_))
    float_balls.krawczyk(tape, 0.0, near, residuals, 1, out)
    if name == "slots":
        tape = tape._replace(slots=3)
    elif name in near._fields:
        near = with_less(near, name)
    else:
        residuals = with_less(residuals, name)
    with pytest.raises(ValueError, match="of one size"):
        float_balls.krawczyk(tape, 0.0, near, residuals, 1, out)


def test_boxes_of_other_sizes_are_not_enclosed():
    tape = TapeArrays(np.zeros((0, 5), dtype=np.int32), np.zeros((0, 2), dtype=np.int32), np.zeros((0, 2)), 2)
    out = Balls(np.zeros((2, 1), dtype=complex), np.zeros((2, 1)), np.zeros(2, dtype=np.bool_))
    for shape, radii in (((2, 1), (1, 1)), ((2, 2), (2, 2))):
        with pytest.raises(ValueError, match="of one size"):
            float_balls.enclose(tape, 0.0, np.zeros(shape, dtype=complex), np.zeros(radii), np.array([1]), out)
