"""Least uniform errors of activations by polynomials: known values, other routes, and false twins that are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import erf, expit

import neurovariety as nv
from neurovariety.beyond.approximation.one_activation import nearest_polynomial
from neurovariety.certificates.activation_series import ACTIVATIONS, POSITIVE, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.issue import issue
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.uniform_error import AlternationBound, NearPolynomial, UniformQuestion
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FLOATS = {
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sigmoid": expit,
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "erf": erf,
    "relu": lambda x: np.maximum(x, 0),
    "abs": np.abs,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
}
KNOWN = [
    ("relu", (-1, 1), 2, 1 / 16),  # |x| by degree 2 has 1/8
    ("abs", (-1, 1), 1, 1 / 2),
    ("exp", (0, 1), 0, (math.e - 1) / 2),
    ("cos", (-100, 100), 3, 1.0),
    ("sin", (-10, 10), 2, 1.0),
    ("tanh", (-5, 5), 9, 0.0358938308114),
    ("gelu", (-3, 3), 8, 0.0018683185034),
]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_floats(name):
    """Balls hold the values in floats and difference quotients, and neighbouring pieces agree at kinks."""
    known = ACTIVATIONS[name]
    for x in np.linspace(0 if name in POSITIVE else -7, 7, 29) + 0.013:
        exact = Fraction(float(x))
        with taylor(80, 3):
            value, slope, _ = (float(c.mid()) for c in taylor_coefficients(known.at(exact), rational_ball(exact), 3))
        assert value == pytest.approx(FLOATS[name](x), rel=1e-12, abs=1e-14)
        h = 1e-6
        assert slope == pytest.approx((FLOATS[name](x + h) - FLOATS[name](x - h)) / (2 * h), rel=1e-5, abs=1e-8)
    for k, left, right in zip(known.kinks, known.pieces, known.pieces[1:], strict=False):
        with taylor(80, 1):
            one, two = (taylor_coefficients(p, rational_ball(k), 1)[0] for p in (left, right))
            assert one.overlaps(two)


@pytest.mark.parametrize(("name", "interval", "degree", "error"), KNOWN)
def test_known_errors(name, interval, degree, error):
    found = nv.approximate(activation=name, interval=interval, degree=degree)
    assert found.claim is Claim.PROVED
    assert found.value["error"] == pytest.approx(error, rel=2e-6)


@pytest.mark.parametrize(
    ("name", "interval", "degree"),
    [("silu", ("-1/3", 4), 6), ("softplus", (2, 9), 3), ("elu", (-4, 1), 5), ("gelu_tanh", (-2, 2), 5), ("relu6", (-1, 8), 7)],
)
def test_against_a_linear_programme(name, interval, degree):
    """On a grid a linear programme gives the least error up to its spacing; no value of the polynomial found is farther away."""
    from scipy.optimize import linprog

    found = nv.approximate(activation=name, interval=interval, degree=degree)
    low, high = (float(Fraction(v)) for v in interval)
    t = np.cos(np.linspace(0, np.pi, 801))
    f = FLOATS[name]((low + high) / 2 + (high - low) / 2 * t)
    basis = np.polynomial.chebyshev.chebvander(t, degree)
    ones = np.ones((len(t), 1))
    solved = linprog(
        [0] * (degree + 1) + [1],
        A_ub=np.block([[basis, -ones], [-basis, -ones]]),
        b_ub=np.concatenate([f, -f]),
        bounds=[(None, None)] * (degree + 1) + [(0, None)],
    )
    assert solved.fun <= found.value["error"] * (1 + 1e-7)
    assert solved.fun == pytest.approx(found.value["error"], rel=2e-3)
    x = np.random.default_rng(0).uniform(low, high, 2000)
    p = [float(Fraction(c)) for c in found.evidence["polynomial"]]
    assert np.max(np.abs(np.polyval(p[::-1], x) - FLOATS[name](x))) <= found.value["error"] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("name", "interval", "degree"), [("relu", (0, 3), 1), ("abs", (-3, -1), 4), ("leaky_relu", (-2, 0), 1), ("hardtanh", (2, 3), 0)]
)
def test_pieces_that_are_polynomials(name, interval, degree):
    found = nv.approximate(activation=name, interval=interval, degree=degree)
    assert (found.value["error"], found.claim) == (0.0, Claim.PROVED)


def test_the_same_question_otherwise():
    """An odd function has the same error for two degrees; the other half of the line, and a shift of silu, change nothing."""
    errors = [nv.approximate(activation="tanh", interval=(-2, 2), degree=n).value["error"] for n in (5, 6)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-7)
    one = nv.approximate(activation="softplus", interval=(-1, 3), degree=4)  # softplus(x) - softplus(-x) = x
    two = nv.approximate(activation="softplus", interval=(-3, 1), degree=4)
    assert one.value["error"] == pytest.approx(two.value["error"], rel=1e-7)
    three = nv.approximate(activation="sigmoid", interval=(-4, 4), degree=5)  # sigmoid(2x) = (1 + tanh(x))/2
    four = nv.approximate(activation="tanh", interval=(-2, 2), degree=5)
    assert three.value["error"] == pytest.approx(four.value["error"] / 2, rel=1e-7)


def test_high_degrees_and_wide_intervals():
    small = nv.approximate(activation="exp", interval=(-1, 1), degree=16)
    assert small.claim is Claim.PROVED
    assert small.value["error"] == pytest.approx(2.0**-16 / math.factorial(17), rel=0.05)
    wide = nv.approximate(activation="tanh", interval=(-(10**4), 10**4), degree=3)
    assert 0.5 < wide.value["error_at_least"] <= wide.value["error"] < 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"activation": "softmax"}, "unknown"),
        ({"activation": 3}, "unknown"),
        ({"interval": (1, 1)}, "low below high"),
        ({"interval": "1"}, "pair of numbers"),
        ({"interval": (0, float("inf"))}, "pair of numbers"),
        ({"interval": 5}, "pair of numbers"),
        ({"interval": (0, 10**12)}, "at most"),
        ({"degree": -1}, "whole number"),
        ({"degree": 2.5}, "whole number"),
        ({"degree": 10**6}, "whole number"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(nv.InputError, match=words):
        nv.approximate(**{"activation": "tanh", "interval": (-1, 1), "degree": 3, **options})


@pytest.fixture(scope="module")
def shown():
    found = nearest_polynomial(UniformQuestion("relu", Fraction(-1), Fraction(2), 3))
    return found.claims["error_at_least"].certificate, found.claims["error"].certificate


FALSE_BOUNDS = {
    "overstated": lambda c: replace(c, error=c.error * (1 + 1e-9)),
    "another activation": lambda c: replace(c, question=replace(c.question, activation="elu")),
    "a larger degree": lambda c: replace(c, question=replace(c.question, degree=4)),
    "a shorter interval": lambda c: replace(c, question=replace(c.question, high=Fraction(1))),
    "a point twice": lambda c: replace(c, points=(c.points[0], *c.points[:-1])),
    "points in another order": lambda c: replace(c, points=c.points[::-1]),
    "no number": lambda c: replace(c, error=float("nan")),
    "no precision": lambda c: replace(c, bits=1),
    "an unknown activation": lambda c: replace(c, question=replace(c.question, activation="softmax")),
}


@pytest.mark.parametrize("twin", FALSE_BOUNDS)
def test_false_bounds_from_below(shown, twin):
    issue(shown[0], None)
    with pytest.raises(NotShown):
        issue(FALSE_BOUNDS[twin](shown[0]), None)


FALSE_ERRORS = {
    "understated": lambda c: replace(c, error=c.error * (1 - 1e-7)),
    "another polynomial": lambda c: replace(c, coefficients=(c.coefficients[0] + Fraction(1, 100), *c.coefficients[1:])),
    "another activation": lambda c: replace(c, question=replace(c.question, activation="abs")),
    "a longer interval": lambda c: replace(c, question=replace(c.question, high=Fraction(3)), cuts=(*c.cuts[:-1], Fraction(3))),
    "an interval that is left out": lambda c: replace(c, cuts=c.cuts[1:]),
    "an interval over a kink": lambda c: replace(c, cuts=tuple(x for x in c.cuts if x)),
    "long intervals": lambda c: replace(c, cuts=(Fraction(-1), Fraction(0), Fraction(2))),
    "cuts in another order": lambda c: replace(c, cuts=c.cuts[::-1]),
    "a polynomial of a larger degree": lambda c: replace(c, coefficients=(*c.coefficients, Fraction(0))),
    "infinity": lambda c: replace(c, error=float("inf")),
    "series of no terms": lambda c: replace(c, terms=0),
}


@pytest.mark.parametrize("twin", FALSE_ERRORS)
def test_false_errors(shown, twin):
    issue(shown[1], None)
    with pytest.raises(NotShown):
        issue(FALSE_ERRORS[twin](shown[1]), None)


def test_an_error_that_is_far_above_is_a_bound():
    """With another bound from below, or a larger error, six digits are not shown; a bound of another question is no premise."""
    found = nearest_polynomial(UniformQuestion("relu", Fraction(-1), Fraction(2), 3))
    least, near = found.claims["error_at_least"], found.claims["error"].certificate
    assert issue(replace(near, error=near.error * 1.001), None).claim is Claim.UPPER_BOUND
    weaker = issue(replace(least.certificate, error=least.certificate.error / 2), None)
    assert issue(replace(near, least=weaker), None).claim is Claim.UPPER_BOUND
    other = nearest_polynomial(UniformQuestion("relu", Fraction(-1), Fraction(2), 2)).claims["error_at_least"]
    with pytest.raises(NotShown, match="same error"):
        issue(replace(near, least=other), None)
    assert isinstance(least.certificate, AlternationBound)
    assert isinstance(near, NearPolynomial)


def test_recheck_from_json():
    """What is written is rechecked, and one digit elsewhere is not let through."""
    found = nv.approximate(activation="gelu", interval=(-3, 3), degree=4)
    data = found.to_dict(certificates=True)
    assert len(recheck(data).rechecked) == 3
    for key, value in (("error", found.value["error"] / 2), ("error_at_least", 1.0), ("degree", 3)):
        changed = {**data, "value": {**data["value"], key: value}}
        assert key in {k.key for k in recheck(changed).refused}
