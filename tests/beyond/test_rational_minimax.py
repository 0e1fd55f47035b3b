"""Best quotients of polynomials in place of activations: published errors, another route, networks, and false twins."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest
from numpy.polynomial.polynomial import polyval
from scipy.optimize import linprog

import neurovariety as nv
from neurovariety.beyond.approximation.held_polynomials import held_polynomials
from neurovariety.beyond.approximation.one_activation import nearest_polynomial
from neurovariety.certificates.activation_series import ACTIVATIONS, taylor
from neurovariety.certificates.issue import issue
from neurovariety.certificates.rational_error import largest_error_of_quotient
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import VerificationError

FLOATS = {
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "abs": np.abs,
    "exp": np.exp,
    "relu": lambda x: np.maximum(x, 0),
    "cos": np.cos,
}
KNOWN = [
    ("abs", (-1, 1), 2, 0.0436890127),  # Varga, Ruttan, Carpenter 1993, also for 3
    ("abs", (-1, 1), 3, 0.0436890127),
    ("abs", (-1, 1), 4, 0.0085014847),
    ("abs", (-1, 1), 8, 0.00073656361),
    ("exp", (-1, 1), 2, 8.6899911e-5),
    ("abs", (1, 3), 2, 0.0),
    ("cos", (-10, 10), 3, 1.0),
]


def values(found, x):
    return polyval(x, [float(c) for c in found.polynomial]) / polyval(x, [float(c) for c in found.denominator])


@pytest.mark.parametrize(("name", "interval", "degree", "error"), KNOWN)
def test_known_errors(name, interval, degree, error):
    found = nv.approximate(activation=name, interval=interval, degree=degree, kind="rational")
    assert found.value["error_at_least"] <= found.value["error"] * (1 + 1e-9)
    assert found.value["error"] == pytest.approx(error, rel=1e-6, abs=1e-12)
    assert found.claim is Claim.PROVED


@pytest.mark.parametrize(
    ("name", "interval", "degree"), [("tanh", (-3, 3), 3), ("softplus", (-3, 8), 2), ("silu", (-2, 4), 2), ("relu", (-1, 2), 3)]
)
def test_against_linear_programmes(name, interval, degree):
    """On a grid, whether any quotient has an error below e is a linear programme: |f q - p| <= e q, q >= 1 somewhere."""
    found = nv.approximate(activation=name, interval=interval, degree=degree, kind="rational")
    x = np.linspace(*interval, 20_001)
    seen = np.max(np.abs(values(found.nearest[0], x) - FLOATS[name](x)))
    assert found.value["error"] * (1 - 1e-3) <= seen <= found.value["error"] * (1 + 1e-9)
    t = np.cos(np.linspace(0, np.pi, 401))
    f = FLOATS[name]((interval[0] + interval[1]) / 2 + (interval[1] - interval[0]) / 2 * t)
    basis = np.polynomial.chebyshev.chebvander(t, degree)

    def possible(e):
        rows = [np.hstack([-basis, (f - e)[:, None] * basis]), np.hstack([basis, -(f + e)[:, None] * basis])]
        rows.append(np.hstack([0 * basis, -basis]))
        right = np.concatenate([np.zeros(2 * len(t)), -np.full(len(t), 1e-3)])
        return linprog(np.zeros(2 * degree + 2), A_ub=np.vstack(rows), b_ub=right, bounds=[(-1e3, 1e3)] * (2 * degree + 2)).status == 0

    assert possible(found.value["error"] * 1.02)
    assert not possible(found.value["error"] * 0.9)


def test_quotients_beat_polynomials_of_the_same_number_of_coefficients():
    quotient = nv.approximate(activation="relu", interval=(-1, 1), degree=5, kind="rational")
    polynomial = nv.approximate(activation="relu", interval=(-1, 1), degree=10)
    assert quotient.value["error"] < polynomial.value["error"] / 4


def test_networks_with_quotients():
    """Never exceeded; the network is one of the dictionary, a rational one, and what a recheck reads is held to the result."""
    weights = {"W1": [[1, 2], [-1, 0.5]], "b1": [0.25, 0], "W2": [[1, -3]], "b2": [1]}
    x = np.random.default_rng(0).uniform(-1, 1, (5000, 2))
    read = x @ np.array(weights["W1"]).T + weights["b1"]
    found = nv.approximate(weights, architecture="mlp(2,2,1; tanh; bias)", degree=3, kind="rational")
    change = np.max(np.abs((values(found.nearest[0], read) - np.tanh(read)) @ np.array(weights["W2"]).T))
    assert change <= found.value["error"] * (1 + 1e-9)
    assert found.value["error_at_least"] <= found.value["error"] <= 10 * found.value["error_at_least"]
    assert "quotients of polynomials of degree at most 3" in found.meaning
    assert nv.parse(found.evidence["architecture"]) == found.architecture
    small = nv.approximate("mlp(1,1,1; tanh)", interval=(-2, 2), degree=2, kind="rational").architecture
    assert not small.activations[0].is_polynomial
    assert (nv.dimension(small).value, nv.dimension(small).claim) == (2, Claim.PROVED)
    data = json.loads(json.dumps(found.to_dict(certificates=True)))
    rechecked = recheck(data)
    assert len(rechecked.rechecked) == 3
    held_polynomials(rechecked, data["evidence"])
    other = json.loads(json.dumps(data["evidence"]).replace('"denominator": ["', '"denominator": ["1'))
    with pytest.raises(VerificationError):
        held_polynomials(rechecked, other)


@pytest.fixture(scope="module")
def shown():
    found = nearest_polynomial(UniformQuestion("relu", Fraction(-1), Fraction(2), 2), "rational")
    return found.claims["error_at_least"].certificate, found.claims["error"].certificate


FALSE_BOUNDS = {
    "overstated": lambda c: replace(c, error=c.error * (1 + 1e-6)),
    "another activation": lambda c: replace(c, question=replace(c.question, activation="elu")),
    "a larger degree": lambda c: replace(c, question=replace(c.question, degree=3)),
    "a smaller degree": lambda c: replace(c, question=replace(c.question, degree=1)),
    "a shorter interval": lambda c: replace(c, question=replace(c.question, high=Fraction(1))),
    "a point less": lambda c: replace(c, points=c.points[1:]),
    "a point twice": lambda c: replace(c, points=(c.points[0], *c.points[:-1])),
    "points in another order": lambda c: replace(c, points=c.points[::-1]),
    "no denominator": lambda c: replace(c, denominator=(Fraction(0),)),
    "the other sign": lambda c: replace(c, numerator=tuple(-v for v in c.numerator)),
    "no number": lambda c: replace(c, error=math.nan),
    "no precision": lambda c: replace(c, bits=1),
}


@pytest.mark.parametrize("twin", FALSE_BOUNDS)
def test_false_bounds_from_below(shown, twin):
    issue(shown[0], None)
    with pytest.raises(NotShown):
        issue(FALSE_BOUNDS[twin](shown[0]), None)


FALSE_ERRORS = {
    "understated": lambda c: replace(c, error=c.error * (1 - 1e-5)),
    "another numerator": lambda c: replace(c, numerator=(c.numerator[0] + Fraction(1, 100), *c.numerator[1:])),
    "a pole": lambda c: replace(c, denominator=(Fraction(0), *c.denominator[1:])),
    "a denominator that is nothing": lambda c: replace(c, denominator=(Fraction(0),)),
    "another activation": lambda c: replace(c, question=replace(c.question, activation="abs")),
    "an interval that is left out": lambda c: replace(c, cuts=c.cuts[1:]),
    "an interval over a kink": lambda c: replace(c, cuts=tuple(x for x in c.cuts if x)),
    "long intervals": lambda c: replace(c, cuts=(Fraction(-1), Fraction(0), Fraction(2))),
    "a numerator of a larger degree": lambda c: replace(c, numerator=(*c.numerator, Fraction(0))),
    "a denominator of a larger degree": lambda c: replace(c, denominator=(*c.denominator, Fraction(0))),
    "infinity": lambda c: replace(c, error=math.inf),
    "series of no terms": lambda c: replace(c, terms=0),
    "what is not asked": lambda c: replace(c, key="size"),
    "a bound for polynomials": lambda c: replace(c, least=nearest_polynomial(c.question).claims["error_at_least"]),
}


@pytest.mark.parametrize("twin", FALSE_ERRORS)
def test_false_errors(shown, twin):
    issue(shown[1], None)
    with pytest.raises(NotShown):
        issue(FALSE_ERRORS[twin](shown[1]), None)


def test_a_bound_for_quotients_is_none_for_polynomials(shown):
    """And the reverse: a polynomial may be far from the best one, and a quotient near."""
    near = nearest_polynomial(shown[1].question).claims["error"].certificate
    with pytest.raises(NotShown, match="same error"):
        issue(replace(near, least=issue(shown[0], None)), None)


def test_a_removable_pole_is_refused():
    """x/x is 1 but for 0: the denominator has to stay away from 0."""
    with taylor(64, 4), pytest.raises(NotShown, match="may be 0"):
        largest_error_of_quotient(
            ACTIVATIONS["abs"].pieces[1], (Fraction(0), Fraction(1)), (Fraction(0), Fraction(1)), (Fraction(-1), Fraction(1)), 4
        )
    with taylor(64, 6):
        off = largest_error_of_quotient(
            "exp", (Fraction(1), Fraction(1, 2)), (Fraction(1), Fraction(-1, 2)), (Fraction(0), Fraction(1, 8)), 6
        )
    assert flint.arb((1 + 1 / 16) / (1 - 1 / 16) - math.exp(1 / 8)) <= off <= flint.arb(3e-4)


def test_refusals():
    with pytest.raises(nv.ResourceError, match="up to degree"):
        nv.approximate(activation="tanh", interval=(-1, 1), degree=60, kind="rational")
    with pytest.raises(nv.InputError, match="constant"):
        nv.approximate("mlp(1,1,1; cos)", interval=(-10, 10), degree=3, kind="rational")


@pytest.mark.parametrize(("low", "degree"), [("1/100000", 2), ("1/100000", 6), ("1/10000000", 3)])
def test_a_function_with_a_pole_beside_the_interval(low, degree):
    """1/sqrt of what layer normalization reads, with its epsilon; on an interval four times as long the error is half as large."""
    one = nv.approximate(activation="rsqrt", interval=(low, 1), degree=degree, kind="rational")
    four = nv.approximate(activation="rsqrt", interval=(4 * Fraction(low), 4), degree=degree, kind="rational")
    assert four.value["error"] == pytest.approx(one.value["error"] / 2, rel=1e-6)
    assert one.value["error_at_least"] == pytest.approx(one.value["error"], rel=1e-6)


@pytest.mark.parametrize(("half", "degree"), [("1/2", 6), ("1/50", 4)])
def test_errors_far_below_those_of_floats(half, degree):
    """Of exp the error is about h^(2n+1) n! n! / (2^(2n) (2n)! (2n+1)!) on [-h, h] (Braess 1984)."""
    h, n = float(Fraction(half)), degree
    found = nv.approximate(activation="exp", interval=(-Fraction(half), Fraction(half)), degree=n, kind="rational")
    about = h ** (2 * n + 1) * math.factorial(n) ** 2 / 4**n / math.factorial(2 * n) / math.factorial(2 * n + 1)
    assert found.value["error"] == pytest.approx(about, rel=0.05)
    assert found.value["error_at_least"] == pytest.approx(found.value["error"], rel=1e-6)
    assert found.claim is Claim.PROVED
