"""Programs in rings, each held against the same sums of products in rational numbers, or derivatives by symbols: every slot of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf, log2, prod

import flint
import numpy as np
import pytest

from neurovariety.certificates.exact_arrays import product as exact_product
from neurovariety.certificates.exact_arrays import same, vanishes
from neurovariety.certificates.exact_system import ExactSystem, Over, log2_sum
from neurovariety.certificates.gaussian import Gaussian, exact, inverse, nearest, parts, rounded
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.modular_products import Residues
from neurovariety.certificates.modular_runs import ModularRun, as_rows, field_rows
from neurovariety.errors import InputError

THIRD, I = flint.fmpq(1, 3), Gaussian(0, 1)
PRIMES = (1009, 2**31 - 1, 2**31 + 11, 2**61 - 1)
PROGRAM = ExactSystem(
    3,
    (
        ((2, ((0, 1), (1, 1))), (THIRD, ((2, 2),)), (-1, ())),  # a = 2 x y + z^2 / 3 - 1
        ((1, ((3, 3),)), (1, ((0, 1),)), (5, ((3, 1), (1, 2), (2, 1)))),  # b = a^3 + x + 5 a y^2 z
        (),
        ((1, ()),),
        ((-THIRD, ((4, 1), (3, 2))), (3, ((2, 4),)), (1, ((1, 1), (1, 1)))),  # c = -b a^2 / 3 + 3 z^4 + y y
    ),
    (7, 3, 0, 5, 6, 4),
)
DIVIDES = ExactSystem(2, (((1, ((0, -2), (1, 1))), (THIRD, ((1, -1),))), ((2, ((2, -1),)), (1, ((0, 3), (2, 2))))), (3, 2))
PLACES = ([2, 3, 5], [-1, 4, 6], [3, 1, 2])


def as_fraction(c):
    re, im = parts(c)
    assert not im
    return re


def values(program, at, one=Fraction):
    """All slots, as the definition says."""
    slots = [one(v) for v in at]
    for terms in program.sums:
        slots.append(sum((one(as_fraction(c)) * prod((slots[s] ** e for s, e in m), start=one(1)) for c, m in terms), one(0)))
    return [slots[k] for k in program.equations]


class Slope:
    """A number with its derivatives."""

    def __init__(self, value, by):
        self.value, self.by = value, by

    def __mul__(self, other):
        return Slope(self.value * other.value, [self.value * b + a * other.value for a, b in zip(self.by, other.by, strict=True)])

    def __add__(self, other):
        return Slope(self.value + other.value, [a + b for a, b in zip(self.by, other.by, strict=True)])

    def __pow__(self, e):
        return Slope(self.value**e, [e * self.value ** (e - 1) * a for a in self.by])


def jacobian(program, at):
    n = len(at)
    given = [Slope(Fraction(v), [Fraction(int(i == k)) for i in range(n)]) for k, v in enumerate(at)]

    def one(value):
        return value if isinstance(value, Slope) else Slope(Fraction(value), [Fraction(0)] * n)

    return [f.by for f in values(program, given, one)]


def mod(value, p):
    return value.numerator * pow(value.denominator, -1, p) % p


@pytest.mark.parametrize("program", [PROGRAM, DIVIDES])
@pytest.mark.parametrize("p", PRIMES)
def test_programs_mod_p(program, p):
    """One weight vector, or a weight, inputs and a number that is the same at all of them: values and derivatives at each."""
    n = program.unknowns
    places = [at[:n] for at in PLACES]
    run = ModularRun(program, p)
    for at in places:
        expected = [mod(v, p) for v in values(program, at)]
        slopes = [[mod(v, p) for v in row] for row in jacobian(program, at)]
        for kind in (np.int64, object):
            weights, inputs = np.array(at[:1], dtype=kind), np.array([at[1:2], at[1:2], [1]], dtype=kind)
            assert run.values(weights, inputs, at[2:])[:2].tolist() == [expected] * 2
            assert run.jacobians(weights, inputs, [v + p for v in at[2:]])[:2].tolist() == [slopes] * 2
    others = run.jacobians(np.array([], dtype=object), np.array(places, dtype=object), [])
    assert others.tolist() == [[[mod(v, p) for v in row] for row in jacobian(program, at)] for at in places]
    assert others.dtype == (np.int64 if p < 2**31 else object)
    assert run.values(np.array([]), np.array(places) + p, []).tolist() == [[mod(v, p) for v in values(program, at)] for at in places]


def test_residues_of_arrays():
    small, large = ModularRun(PROGRAM, 7), ModularRun(PROGRAM, 2**61 - 1)
    for kind in (np.int64, np.float64, object):
        a = np.array([[-1, 7, 8], [13, 0, -15]], dtype=kind)
        assert small.residues(a).tolist() == [[6, 0, 1], [6, 0, 6]]
        assert small.residues(a).dtype == np.int64
        assert large.residues(a).dtype == object
        assert large.residues(a)[0, 0] == 2**61 - 2
        assert small.product(a, a.T).tolist() == [[int(v) % 7 for v in row] for row in a @ a.T]
    assert small.product(np.array([[2**40]]), np.array([[2**40]])).tolist() == [[2**80 % 7]]
    for a, b in (((2, 0), (0, 3)), ((0, 2), (2, 3)), ((2, 3), (3, 0))):
        found = small.product(np.ones(a, dtype=int), np.ones(b, dtype=int))
        assert (found.shape, found.dtype, found.any()) == ((a[0], b[1]), np.int64, False)
    assert as_rows(np.zeros((3, 2, 4))).shape == (3, 8)
    assert as_rows(np.zeros((0, 2, 4))).shape == (0, 8)
    assert as_rows(np.zeros((3, 0))).shape == (3, 0)
    fields = np.array([[0, 1, 2, 3], [0, 1, 0, -1], [2, 0, 1, 4], [2, 2, 2, 1]])
    assert field_rows(fields, 3, [5, 6, 10], 7) == [[0, 25 % 7, 0], [0, 0, 0], [3, 0, 3]]


def test_numbers_without_residue():
    for constant in (flint.fmpq(1, 14), I, Gaussian(1, 2)):
        program = ExactSystem(1, (((constant, ((0, 1),)),),), (1,))
        with pytest.raises(NotShown):
            ModularRun(program, 7)
    assert ModularRun(ExactSystem(1, (((THIRD, ()),),), (1,)), 5).values(np.array([1]), np.zeros((1, 0)), []) == [[2]]
    with pytest.raises(NotShown, match="vanishes"):
        ModularRun(DIVIDES, 7).values(np.array([14, 1]), np.zeros((1, 0)), [])


@pytest.mark.parametrize("program", [PROGRAM, DIVIDES])
def test_programs_over_rational_numbers(program):
    n = program.unknowns
    for at in ([2, 3, 5], [Fraction(1, 2), Fraction(-3), Fraction(2, 7)]):
        at = at[:n]
        given = [flint.fmpq(Fraction(v).numerator, Fraction(v).denominator) for v in at]

        def found(own, given=given):
            return [as_fraction(v) for v in Over(own, lambda c: flint.fmpq(1) * c)(given)]

        slopes = jacobian(program, at)
        assert found(program) == values(program, at)
        assert found(program.with_jacobian()) == [*values(program, at), *(v for row in slopes for v in row)]
        for by in range(n + 1):
            own = program.with_jacobian(by)
            assert len(own.sums) <= len(program.sums) * (1 + by) + 2
            assert found(own) == [*values(program, at), *(v for row in slopes for v in row[:by])]
        for chosen in ([0], [1], [1, 0], [0, 0], []):
            own = program.only(chosen)
            assert found(own) == [values(program, at)[k] for k in chosen]
            read = {s for terms in own.sums for _, m in terms for s, _ in m} | set(own.equations)
            assert {n + k for k in range(len(own.sums))} <= read


def test_sizes_of_programs():
    """Degrees, the product of them, norms and heights: those of the polynomials where nothing cancels."""
    x, y, z = flint.fmpq_mpoly_ctx.get(["x", "y", "z"]).gens()
    expanded = Over(PROGRAM, lambda c: x**0 * c)([x, y, z])
    assert PROGRAM.degrees() == [1, 1, 1, 2, 6, 0, 0, 10]
    assert [PROGRAM.degrees()[k] for k in PROGRAM.equations] == [max(int(f.total_degree()), 0) for f in expanded]
    assert PROGRAM.bezout_number == 0
    assert PROGRAM.only([0, 1, 2]).bezout_number == 20
    assert PROGRAM.terms == 3 + 3 + 1 + 3
    steep = Gaussian(3, flint.fmpq(-1, 4))
    positive = ExactSystem(2, (((2, ((0, 1), (1, 1))), (THIRD, ())), ((steep, ((2, 2),)), (1, ((0, 3),))), ()), (3,))
    first = Fraction(7, 3)
    sizes = [1, 1, first, Fraction(13, 4) * first**2 + 1]
    assert positive.log2_norms() == pytest.approx([*map(log2, sizes), 0.0], abs=1e-6)
    assert all(a >= log2(b) for a, b in zip(positive.log2_norms()[2:4], sizes[2:], strict=True))
    heights = [1, 1, 3 * first, 36 * sizes[3], 1]
    assert positive.log2_heights() == pytest.approx([log2(v) for v in heights], abs=1e-5)
    assert all(a >= log2(b) for a, b in zip(positive.log2_heights(), heights, strict=True))
    tiny = ExactSystem(1, (((flint.fmpq(1, 8), ((0, 1),)),),), (1,))
    assert tiny.log2_norms()[1] == pytest.approx(-3)
    assert tiny.log2_heights()[1] == pytest.approx(0, abs=1e-5)
    for a, b in product((3.0, -2.0, 1100.0, -1100.0, -inf), repeat=2):
        big = max(a, b)
        expected = big if big == -inf else big + log2(1 + 2.0 ** (min(a, b) - big)) if min(a, b) > -inf else big
        assert log2_sum(a, b) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="divides"):
        DIVIDES.degrees()


@pytest.mark.parametrize(
    ("sums", "equations"),
    [
        ((((1, ((2, 1),)),),), (0,)),
        ((((1, ((0, 0),)),),), (0,)),
        ((((1, ((-1, 1),)),),), (0,)),
        ((((1, ((0, 1),)),), ((1, ((3, 1),)),)), (0,)),
        ((((1, ((0, 1), (2, 1))),),), (0,)),
        ((((1, ()), (1, ((2, 1),))),), (0,)),
        ((), (2,)),
        ((), (-1,)),
        ((((1, ()),),), (0, 3)),
    ],
)
def test_programs_that_read_ahead(sums, equations):
    with pytest.raises(ValueError, match="slot"):
        ExactSystem(2, sums, equations)


def test_programs_at_the_last_slot():
    own = ExactSystem(2, (((1, ((1, 1),)),), ((1, ((2, -1),)),)), (3, 0))
    other = ExactSystem(2, (((1, ((1, 1),)),), ((1, ((2, -1),)),)), (3, 1))
    assert len({own.hash, other.hash, PROGRAM.hash, DIVIDES.hash}) == 4
    assert own.hash == ExactSystem(2, own.sums, own.equations).hash


def test_the_patch_of_a_program():
    """Homogeneous, of the degrees of the program, and itself where the new unknown is 1."""
    own = PROGRAM.only([0, 1, 2])
    patch = own.on_patch([1, 2, THIRD, I])
    numbers = flint.fmpq(2), flint.fmpq(3), flint.fmpq(5)

    def found(program, at):
        return Over(program, lambda c: flint.fmpq(1) * c if not isinstance(c, Gaussian) else 0)(at)

    assert patch.unknowns == 4
    assert found(patch, [flint.fmpq(1), *numbers])[:3] == found(own, numbers)
    t, x, y, z = flint.fmpq_mpoly_ctx.get(["t", "x", "y", "z"]).gens()
    forms = Over(own.on_patch([1, 2, THIRD, 4]), lambda c: t**0 * c)([t, x, y, z])
    assert [{sum(map(int, e)) for e in f.to_dict()} for f in forms[:3]] == [{10}, {2}, {1}]
    assert forms[3] == t + 2 * x + THIRD * y + 4 * z - 1


COEFFICIENTS = [0, 1, -2, THIRD, flint.fmpq(-5, 7), I, Gaussian(flint.fmpq(1, 2), -3), Gaussian(-4, flint.fmpq(2, 3))]


@pytest.mark.parametrize("a", COEFFICIENTS)
def test_gaussian_numbers(a):
    re, im = parts(a)
    for b in COEFFICIENTS:
        u, v = parts(b)
        if isinstance(a, Gaussian) or isinstance(b, Gaussian):
            assert parts(a + b) == (re + u, im + v)
            assert parts(a - b) == (re - u, im - v)
            assert parts(a * b) == (re * u - im * v, re * v + im * u)
            for c in (a + b, a - b, a * b):
                assert isinstance(c, Gaussian) == bool(parts(c)[1])
            assert (a == b) == ((re, im) == (u, v))
    if isinstance(a, Gaussian):
        power = (Fraction(1), Fraction(0))
        for e in range(9):
            assert parts(a**e) == power
            power = (power[0] * re - power[1] * im, power[0] * im + power[1] * re)
        assert parts(-a) == (-re, -im)
        assert a != re
        assert hash(a) == hash(Gaussian(a.re, a.im))
    if a:
        assert parts(inverse(a) * a) == (1, 0)
    if type(inverse(2)) is flint.fmpq:
        assert inverse(flint.fmpq(1, 2)) == 2
        assert isinstance(inverse(flint.fmpq(1, 2)), int)
    assert complex(nearest(a)) == complex(float(re), float(im))
    assert rounded(a) == (complex(float(re), float(im)), Fraction(float(re)) == re and Fraction(float(im)) == im)
    assert exact(a) is a


def test_numbers_that_are_coefficients():
    for value, expected in (
        (1.5, flint.fmpq(3, 2)),
        (2.0, 2),
        (np.float32(0.1), flint.fmpq(*float(np.float32(0.1)).as_integer_ratio())),
        (np.int8(-3), -3),
        (True, 1),
        (Fraction(2, 3), flint.fmpq(2, 3)),
        (Fraction(4), 4),
        (np.array(0.25), flint.fmpq(1, 4)),
        (1 + 0j, 1),
        (np.complex64(2 - 0.5j), Gaussian(2, flint.fmpq(-1, 2))),
        (0.5j, Gaussian(0, flint.fmpq(1, 2))),
        (np.float64(0.75), flint.fmpq(3, 4)),
    ):
        found = exact(value)
        assert found == expected
        assert type(found) is type(expected)
    for value in (inf, -inf, float("nan"), np.float32(inf), complex(inf, 0), "1", None, np.array([1.0]), [1]):
        with pytest.raises(InputError):
            exact(value)


def test_the_nearest_doubles():
    half = 2**53
    for value, held in (
        (half, True),
        (half + 1, False),
        (half + 2, True),
        (-half, True),
        (-half - 1, False),
        (flint.fmpq(half + 1, 2), False),
        (flint.fmpq(half - 1, 2), True),
        (flint.fmpq(1, 3), False),
        (flint.fmpq(1, 2**999), True),
        (flint.fmpq(1, 2**1074), True),
        (flint.fmpq(1, 2**1075), False),
        (flint.fmpq(3, 2**1074), True),
        (Gaussian(1, half + 1), False),
        (Gaussian(half + 1, 1), False),
        (Gaussian(THIRD, 1), False),
        (Gaussian(flint.fmpq(1, 2), 1), True),
    ):
        re, im = parts(value)
        for _ in range(2):  # the second time it is remembered
            assert rounded(value) == (complex(float(re), float(im)), held)
    for value in (10**400, flint.fmpq(10**400, 3), Gaussian(10**400, 1)):
        with pytest.raises(InputError):
            nearest(value)


def test_products_of_exact_matrices():
    a = np.array([[Fraction(1, 2), Fraction(3)], [Fraction(-2, 5), Fraction(0)], [Fraction(1), Fraction(7)]], dtype=object)
    b = np.array([[Fraction(2), Fraction(1, 3), Fraction(0)], [Fraction(-1), Fraction(4), Fraction(5)]], dtype=object)
    for left, right in ((a, b), (b, a)):
        found = exact_product(left, right)
        assert [[as_fraction(found[i, j]) for j in range(found.ncols())] for i in range(found.nrows())] == (left @ right).tolist()


def test_sums_of_powers_that_vanish():
    """(a x + 1)^2 - (a x)^2 - 2 a x = 1 for every x, and what is no constant, or another one."""
    row, zero = np.array([Fraction(2), Fraction(-1, 3)]), Fraction(0)
    square = [zero, zero, Fraction(1)]
    cubic = [zero, Fraction(1), Fraction(2), Fraction(1)]
    one = Fraction(1)
    for rows, shifts, factors, coefficients, constant, holds in (
        ([row, row], [one, -one], [one, one], [zero, one], zero, False),
        ([row, -row], [one, one], [one, one], [zero, one], Fraction(2), True),
        ([row, -row], [one, one], [one, one], [zero, one], Fraction(3), False),
        ([row, -row], [one, -one], [one, one], [zero, one], zero, True),
        ([row, -row], [one, -one], [one, -one], square, zero, True),
        ([row, -row], [one, -one], [one, one], square, zero, False),
        ([row, -row], [one, one], [one, -one], square, zero, False),
        ([row, row, row], [one, zero, -one], [one, -2 * one, one], square, Fraction(2), True),
        ([row, row, row], [one, zero, -one], [one, -2 * one, one], cubic, Fraction(4), False),
        ([row, row, row, row], [zero, one, 2 * one, 3 * one], [-one, 3 * one, -3 * one, one], cubic, Fraction(6), True),
        ([row, 2 * row], [zero, zero], [Fraction(4), -one], square, zero, True),
        ([row, 2 * row], [zero, zero], [Fraction(2), -one], square, zero, False),
        ([zero * row], [one], [one], cubic, Fraction(4), True),
        ([zero * row], [one], [one], cubic, Fraction(3), False),
        ([], [], [], cubic, zero, True),
        ([], [], [], cubic, one, False),
        ([row], [one], [zero], cubic, zero, True),
    ):
        assert vanishes(rows, shifts, factors, coefficients, constant) == holds
        for x in ([0, 0], [1, 2], [3, -5], [2, 7]):  # the same of values: a constant at few points may be none
            inner = [sum(a * b for a, b in zip(r, x, strict=True)) + s for r, s in zip(rows, shifts, strict=True)]
            total = sum((f * sum(c * t**k for k, c in enumerate(coefficients)) for f, t in zip(factors, inner, strict=True)), zero)
            assert total == constant or not holds


def test_equal_arrays():
    a = np.array([1.0, 0.5])
    for one, two, equal in (
        (a, a.copy(), True),
        (a, a.astype(np.float32), True),
        (a, np.array([1, Fraction(1, 2)], dtype=object), True),
        (a, np.array([1, Fraction(1, 3)], dtype=object), False),
        (np.array([0.1]), np.array([0.1], dtype=np.float32), False),
        (a, a[:, None], False),
        (a, np.array([1.0, 0.25]), False),
        (np.array([1, 2]), np.array([1.0, 2.0]), True),
        (np.array([1, 2]), np.array([1.0, 2.5]), False),
        (np.array([2**53 + 1]), np.array([2.0**53]), False),
        (np.array([1, 2]), np.array([1, 3]), False),
    ):
        assert same(one, two) is equal
        assert same(two, one) is equal


@pytest.mark.parametrize("p", [2, 3, 2**21 - 9, 2**21 + 17, 2**42 - 11, 2**42 + 15, 2**61 - 1])
def test_products_of_residues(p):
    rng, own = np.random.default_rng(1), Residues(p)
    assert own.digits == (1 if p < 2**21 else 2 if p < 2**42 else 3)
    a, b = rng.integers(0, p, size=(2, 3, 5))
    a[0], b[0] = p - 1, p - 1
    assert own.times(a, b).tolist() == [[int(x) * int(y) % p for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]
    assert own.times(a, b[:1]).shape == a.shape
    assert own.times(a[:, :1], b[0]).shape == (3, 5)
    for inner in (0, 1, 511, 512, 513, 1024, 1100):
        a, b = rng.integers(0, p, size=(2, inner)), rng.integers(0, p, size=(inner, 3))
        for left, right in ((a, b), (np.full_like(a, p - 1), np.full_like(b, p - 1)), (np.full_like(a, p - 1), np.ones_like(b))):
            expected = [[sum(int(x) * int(y) for x, y in zip(r, c, strict=True)) % p for c in right.T] for r in left]
            assert own.product(left, right).tolist() == expected
