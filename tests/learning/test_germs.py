"""Learning coefficients of germs: values that are known otherwise, traps over the reals, and other routes to the same numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from math import log

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.germ_proofs import Both, bounds
from neurovariety.certificates.germs import shows_no_zero
from neurovariety.learning.functions_text import read_functions
from neurovariety.learning.germ_search import search


def found(text):
    return search(read_functions(text).polynomials())


def pair(text):
    """The coefficient and its multiplicity, where the bounds meet."""
    got = found(text)
    assert got.exact, (text, got.bounds)
    return got.bounds.low[0] / 2, got.bounds.low[1]


@pytest.mark.parametrize(
    ("network", "coefficient"),
    [("mlp(2,2,2,1; x^2)", "1/2"), ("mlp(1,2,2,1; x^2)", "1/4"), ("mlp(1,2,2,1; x^3)", "1/9"), ("mlp(2,2,2; x^3)", "2/3")],
)
def test_deep_networks_at_the_zero_function(network, coefficient):
    """By hand: the last layer c leaves c g with g the squares h^2 of what the first layers give; |h^2| is |h|^2, and h is linear in b.
    For the first network 2c is half of 2, the exponent of |h|; for those with one input and x^k |h| has 2/k, a power of two inputs a,
    and 2c is 2/k^2. The last has the two inputs of two neurons, of degree 3: 2c is 4/3."""
    found = nv.learning_coefficient(network, truth="zero")
    assert (found.value["learning_coefficient"], str(found.claim)) == (coefficient, "proved")
    found.verify()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x^2 - 2*x*y + y^2", False),
        ("x^2*y - 2*x^2*y^2 + 1000001/1000000*x^2*y^3", True),
        ("x^2 - 3*x*y + 2*y^2", False),
        ("x^3 + y^3", False),
        ("x^2 + y^2 + x*y*z", False),  # on no line
        ("x^4 + x^2*y^2 - x^3*y + y^4", True),
        ("(x^2 + y^2)^2*(x - 2*y)", False),
        ("x^41 - y^82 + x", False),
    ],
)
def test_zeros_off_the_coordinate_planes(text, shown):
    (f,) = read_functions(text).polynomials()
    assert shows_no_zero(f) is shown
    assert shows_no_zero(-f) is shown


@pytest.mark.parametrize(
    ("text", "coefficient", "multiplicity"),
    [
        ("x", "1/2", 1),
        ("x^2 + y^2", "1/2", 1),  # over C xy, of multiplicity 2
        ("a^2 + b^2 + c^2", "3/4", 1),  # more than half of its one function
        ("a; b; c", "3/2", 1),
        ("x^2 - y^2", "1/2", 2),
        ("x^2 - 2*y^2", "1/2", 2),  # no rational zero
        ("x^2 + y^2 - z^2", "1/2", 1),  # the polyhedron alone would say 3/4
        ("x^2 + x*y + y^2", "1/2", 1),
        ("x^2 - 2*x*y + 1000000001/1000000000*y^2", "1/2", 1),  # complex zeros near the real line
        ("x^2 - 2*x*y + 999999999/1000000000*y^2", "1/2", 2),  # two real ones
        ("x^4 - 2*x^2*y^2 + 100001/100000*y^4 + z^3", "5/12", 1),
        ("(x - y)^2", "1/4", 1),  # the polyhedron alone would say 1/2
        ("x^2 - 2*x*y + y^2 + z^4", "3/8", 1),
        ("(x - y)^2*(x + y)", "1/4", 1),
        ("(y - x^2)^2 + x^5", "7/20", 1),
        ("(x^2 - y^3)^2 + x*y^5", "5/24", 1),  # two Puiseux pairs
        ("x^2 - y^3", "5/12", 1),
        ("x*(x - y^2)", "3/8", 1),
        ("x*y*z", "1/2", 3),
        ("(x + y)*(x + z)*(y + z)", "1/2", 3),
        ("x*y; y*z; z*x", "3/4", 1),
        ("x*y + y*z + z*x", "1/2", 1),
        ("a*b^2 + c*d^2", "1/2", 2),  # two neurons x^2 at zero
        ("a*b + c*d; a*b^3 + c*d^3", "2/3", 1),  # two neurons tanh at zero
        ("s; p + a*d; a*d^2", "5/4", 1),  # a neuron too many beside another one
        ("x^2 + y^3; x^2", "5/12", 1),
        ("x*(1 + y); y^2", "3/4", 1),
        ("x^2 + y^2; x*z", "3/4", 2),
        ("x + x^2", "1/2", 1),
        ("(x^2 - y^3)*(a^2 - b^3)", "5/12", 2),  # all products of functions in separate variables: the least, multiplicities together
        ("x*(a + b); y*(a + b); x*(a - b); y*(a - b)", "1", 2),
        ("(x^2 - y^3)*a; (x^2 - y^3)*(b + c^2)", "5/12", 1),
        ("(x^2 - y^3)^2*u; 3*(x^2 - y^3)^2*v", "5/24", 1),
    ],
)
def test_germs(text, coefficient, multiplicity):
    assert pair(text) == (Fraction(coefficient), multiplicity)


@pytest.mark.parametrize(
    ("text", "coefficient"), [("x*y^4*z^6; x^5*y; y^7*z; x^8*z^8", "34/191"), ("x^3; x*y; y^3", "1/2"), ("x^2*y; y^2*z; z^2*x", "1/2")]
)
def test_monomial_ideals_by_lattice_points(text, coefficient):
    """The least sum of lattice points a with a . v >= k for all exponents v is 2ck for the k that the optimal weights allow; the
    first is the threshold that Macaulay2 gives."""
    germ = read_functions(text)
    exponents = [np.array(terms[0][0]) for terms in germ.functions]
    assert pair(text)[0] == Fraction(coefficient)
    if Fraction(coefficient).denominator > 20:
        return
    k = 6 * Fraction(coefficient).denominator
    sums = [sum(a) for a in product(range(k + 1), repeat=len(germ.variables)) if all(v @ np.array(a) >= k for v in exponents)]
    assert Fraction(min(sums), k) == 2 * Fraction(coefficient)
    assert (sums.count(min(sums)) > 1) == (pair(text)[1] > 1)


def area(coefficients, eps):
    """The area of {|f| <= eps} in the unit square for f = sum c x^i y^j: along lines x = t, by roots."""
    total, edges = 0.0, np.concatenate([[0.0], np.logspace(-9, 0, 361)])
    for low, high in pairwise(edges):
        x = (low + high) / 2
        for sign in (1, -1):
            degree = max(j for _, j in coefficients)
            poly = np.zeros(degree + 1)
            for (i, j), c in coefficients.items():
                poly[degree - j] += c * (sign * x) ** i
            shifted = [poly - np.eye(degree + 1)[degree] * e for e in (eps, -eps)]
            cuts = np.concatenate([[-1.0, 1.0], *(np.roots(p) for p in shifted)])
            cuts = np.sort(cuts[np.abs(cuts.imag) < 1e-9 * (1 + np.abs(cuts.real))].real.clip(-1, 1))
            middle = (cuts[1:] + cuts[:-1]) / 2
            inside = np.abs(np.polyval(poly, middle)) <= eps
            total += (high - low) * np.diff(cuts)[inside].sum()
    return total


@pytest.mark.parametrize("text", ["x^2 - y^3", "x^2 - y^2", "x^2 + y^2", "(y - x)^2 + y^5", "y^3 - x^2*y", "(x-y)^2*(x+y)"])
def test_areas_grow_as_the_coefficient_says(text):
    """The area of {|f| <= e} goes like e^(2c) |log e|^(m - 1)."""
    (terms,) = read_functions(text).functions
    coefficients = {e: float(c) for e, c in terms}
    c, m = pair(text)
    a, b = 1e-4, 1e-6
    expected = 2 * float(c) * log(a / b) + (m - 1) * log(log(a) / log(b))
    assert log(area(coefficients, a) / area(coefficients, b)) == pytest.approx(expected, rel=0.04)


def test_bounds_where_nothing_is_exact():
    """A germ whose leading form is degenerate along a surface, in all coordinates that are tried."""
    got = search(read_functions("(x^2 + y^2 - z^2)^2 + x^5*z + y^7").polynomials(), 2e9)
    low, high = got.bounds.low, got.bounds.high
    assert low is not None
    assert high is not None
    assert low[0] <= high[0]
    assert isinstance(got.proof, Both) or not got.exact or low == high


def test_the_real_family_that_is_not_semicontinuous():
    """Varchenko's: at a = 0 the coefficient of (a x^2 + x^4 + y^2 + z^2)^2 is larger than near it and than with a as a variable, so
    that a restriction bounds nothing from below over the reals."""
    assert pair("x^4 + y^2 + z^2") == (Fraction(5, 8), 1)
    assert pair("x^4 + y^2 + z^2 - 1/9*x^2")[0] == Fraction(1, 2)
    assert pair("a*x^2 + x^4 + y^2 + z^2")[0] == Fraction(1, 2)


@pytest.mark.parametrize("text", ["(x - y)^2*z", "a*b^2 + c*d^2; a*b^4 + c*d^4", "x^2 + y^2 - z^2; x*z", "(y - x^2)^2 + x^5"])
def test_the_proof_shows_what_the_search_says(text):
    germ, got = read_functions(text).polynomials(), found(text)
    assert bounds(germ, got.proof) == got.bounds


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("x^2 - y^3; y*z", "4*x^2 - 8*y^3; 3*y*z"),  # other units
        ("x*(x - y^2)", "(u + v)*(u + v - u^2)"),  # other coordinates
        ("a*b; c*d", "c*d + a*b; a*b; c*d"),  # other generators
        ("x^2*y; y^3", "y^2*x; x^3"),  # other names
        ("x^2 - y^2", "x*y"),
        ("x; y^2", "x + y^2*z; y^2"),
        ("x*y*z", "(2*y - x - z)*(x - 2*z)*(x + y + 2*z)"),
        ("x^2*y^2*z", "(x + 2*y - 2*z)^2*(x + 2*y + z)^2*(y + z)"),
        ("x^2 + y^2*z^2", "(x + y + z)^2 + (x - y)^2*z^2"),
        ("x^2 + y^2*z^2", "(x*y + x - y)^2 + y^2*z^2"),  # x is no polynomial in the new coordinates
        ("x^2*y^3", "x^2*(x*y + y + 2*x^2)^3"),
        ("x^2*y + z^3", "(2*x + y)^2*(2*x - y + z) - 8*(x + z)^3"),  # by the Hessian
        ("x^2 + y^2 - z^3", "4*(z - x)^2 + (x - y + z)^2 - (x - 2*y - z)^3"),
        ("(x^2 - y^3)*a; (x^2 - y^3)*b", "5*(a + b)*((y + x)^2 - y^3); (a - b)*((y + x)^2 - y^3)"),
    ],
)
def test_equal_ideals_have_equal_coefficients(text, other):
    assert pair(text) == pair(other)
