"""Partial sums of Chebyshev and Hermite series: coefficients by other routes, errors from both sides, false twins that are refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from numpy.polynomial import Polynomial, chebyshev, hermite_e
from scipy.special import erf, iv

import neurovariety as nv
from neurovariety.beyond.approximation.approximate import of_deviations
from neurovariety.beyond.approximation.held_polynomials import held_polynomials
from neurovariety.beyond.approximation.one_activation import nearest_polynomial
from neurovariety.certificates.issue import issue
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import VerificationError

FLOATS = {
    "tanh": np.tanh,
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "exp": np.exp,
    "sin": np.sin,
}
CASES = [("tanh", -3, 3, 7), ("gelu", -4, 1, 6), ("relu", -1, 2, 5), ("relu6", -3, 9, 4), ("exp", -2, 3, 5), ("sin", -20, 15, 3)]


def padded(series, degree):
    return np.pad(series, (0, degree + 1 - len(series)))


def moved(found, middle, half):
    """The polynomial in t, x = middle + half t."""
    return Polynomial([float(c) for c in found])(Polynomial([middle, half]))


@pytest.mark.parametrize(("name", "low", "high", "degree"), CASES)
def test_coefficients_are_means(name, low, high, degree):
    """Against the rule of midpoints in the angle, and sums on a fine grid for the normal distribution, in floats."""
    middle, half = (low + high) / 2, (high - low) / 2
    options = {"activation": name, "interval": (low, high), "degree": degree}
    found = nv.approximate(**options, kind="chebyshev").nearest[0].polynomial
    angles = (np.arange(50_000) + 0.5) * np.pi / 50_000
    values = FLOATS[name](middle + half * np.cos(angles))
    means = [(2 if k else 1) * np.mean(values * np.cos(k * angles)) for k in range(degree + 1)]
    np.testing.assert_allclose(padded(chebyshev.poly2cheb(moved(found, middle, half).coef), degree), means, atol=1e-8)

    found = nv.approximate(**options, kind="hermite").nearest[0].polynomial
    z = np.linspace(-16, 16, 50_001)
    weighed = FLOATS[name](middle + half / 3 * z) * np.exp(-z * z / 2) * (z[1] - z[0]) / math.sqrt(2 * math.pi)
    means = [np.sum(weighed * hermite_e.hermeval(z, [0] * k + [1])) / math.factorial(k) for k in range(degree + 1)]
    np.testing.assert_allclose(padded(hermite_e.poly2herme(moved(found, middle, half / 3).coef), degree), means, rtol=1e-7, atol=1e-7)


def test_known_series():
    """exp has Bessel's functions as coefficients on [-1, 1], and exp(s^2/2) s^k/k! for a normal number with deviation s."""
    found = nv.approximate(activation="exp", interval=(-1, 1), degree=6, kind="chebyshev").nearest[0].polynomial
    bessel = [(2 if k else 1) * iv(k, 1) for k in range(7)]
    np.testing.assert_allclose(chebyshev.poly2cheb([float(c) for c in found]), bessel, rtol=1e-9)
    found = nv.approximate(activation="exp", interval=("-9/2", "9/2"), degree=6, kind="hermite").nearest[0].polynomial
    known = [math.exp(9 / 8) * 1.5**k / math.factorial(k) for k in range(7)]
    np.testing.assert_allclose(hermite_e.poly2herme(moved(found, 0, 1.5).coef), known, rtol=1e-9)
    found = nv.approximate(activation="relu", interval=of_deviations("0,1"), degree=2, kind="hermite").nearest[0].polynomial
    np.testing.assert_allclose(
        hermite_e.poly2herme([float(c) for c in found]), [1 / math.sqrt(2 * math.pi), 1 / 2, 1 / math.sqrt(8 * math.pi)]
    )


@pytest.mark.parametrize("kind", ["chebyshev", "hermite"])
@pytest.mark.parametrize(("name", "low", "high", "degree"), CASES)
def test_errors_are_those_of_a_fine_grid(name, low, high, degree, kind):
    """Never exceeded, and reached to three digits; never below what no polynomial undercuts."""
    found = nv.approximate(activation=name, interval=(low, high), degree=degree, kind=kind)
    assert found.claim is Claim.PROVED
    x = np.linspace(low, high, 20_001)
    seen = np.max(np.abs(FLOATS[name](x) - Polynomial([float(c) for c in found.nearest[0].polynomial])(x)))
    assert seen <= found.value["error"] * (1 + 1e-9)
    assert seen >= found.value["error"] * (1 - 1e-3)
    least = nv.approximate(activation=name, interval=(low, high), degree=degree).value
    assert found.value["error_at_least"] == least["error_at_least"] <= found.value["error"]
    assert found.evidence["kind"] == kind


def test_high_degrees():
    """Beyond the digits of floats: the error of exp is about that of the first coefficient that is left out."""
    found = nv.approximate(activation="exp", interval=(-1, 1), degree=24, kind="chebyshev")
    assert found.value["error"] == pytest.approx(2 * float(mpmath.besseli(25, 1)), rel=0.05)


def test_what_is_a_polynomial_itself():
    found = nv.approximate(activation="relu", interval=(0, 3), degree=1, kind="chebyshev")
    assert (found.value["error"], found.claim) == (0.0, Claim.PROVED)
    beyond = nv.approximate(activation="relu", interval=(0, 3), degree=1, kind="hermite")  # a normal number may be negative
    assert beyond.value["error"] > 1e-3


def test_networks_with_partial_sums():
    weights = {"W1": [[1, 2], [-1, 0.5]], "b1": [0.25, 0], "W2": [[1, -3]], "b2": [1]}
    x = np.random.default_rng(0).uniform(-1, 1, (5000, 2))
    read = x @ np.array(weights["W1"]).T + weights["b1"]
    for kind in ("chebyshev", "hermite"):
        found = nv.approximate(weights, architecture="mlp(2,2,1; tanh; bias)", degree=5, kind=kind)
        p = Polynomial([float(c) for c in found.nearest[0].polynomial])
        change = np.max(np.abs((p(read) - np.tanh(read)) @ np.array(weights["W2"]).T))
        assert change <= found.value["error"] * (1 + 1e-9)
        assert found.value["error_at_least"] <= found.value["error"] <= 10 * found.value["error_at_least"]
        assert found.evidence["layers"][0]["kind"] == kind


@pytest.fixture(scope="module")
def near():
    return nearest_polynomial(UniformQuestion("gelu", Fraction(-2), Fraction(3), 4), "hermite").claims["error"].certificate


TWINS = {
    "farther than it is": lambda c: replace(c, seen=c.seen * (1 + 1e-9)),
    "infinitely far": lambda c: replace(c, seen=math.inf),
    "no number": lambda c: replace(c, seen=math.nan),
    "nowhere": lambda c: replace(c, place=None),
    "another place": lambda c: replace(c, place=c.place + Fraction(1, 10)),
    "outside": lambda c: replace(c, place=c.question.high + 1, seen=0.0),
    "understated": lambda c: replace(c, error=c.seen * (1 - 1e-9)),
    "another polynomial": lambda c: replace(c, coefficients=(c.coefficients[0] + 1, *c.coefficients[1:])),
}


@pytest.mark.parametrize("twin", TWINS)
def test_false_distances(near, twin):
    assert issue(near, None).claim is Claim.PROVED
    with pytest.raises(NotShown):
        issue(TWINS[twin](near), None)


def test_without_a_place_the_error_is_a_bound(near):
    assert issue(replace(near, place=None, seen=0.0), None).claim is Claim.UPPER_BOUND
    assert issue(replace(near, seen=near.seen / 2), None).claim is Claim.UPPER_BOUND


def test_a_polynomial_of_another_kind_is_not_held():
    """The kind that a result names is that of the polynomial in its certificates."""
    for given in (
        {"activation": "silu", "interval": (-3, 2)},
        {"network": {"w1": [[1, 2]], "w2": [[1]]}, "architecture": "mlp(2,1,1; silu)"},
    ):
        data = json.loads(json.dumps(nv.approximate(**given, degree=3, kind="hermite").to_dict(certificates=True)))
        held_polynomials(recheck(data), data["evidence"])
        text = json.dumps(data["evidence"])
        for other in ("chebyshev", "taylor"):
            with pytest.raises(VerificationError, match="not of the kind"):
                held_polynomials(recheck(data), json.loads(text.replace("hermite", other)))
        with pytest.raises(VerificationError):
            held_polynomials(recheck(data), json.loads(text.replace('"polynomial": ["', '"polynomial": ["1')))


@pytest.mark.parametrize("kind", ["taylor", None, ["uniform"]])
def test_refusals_of_kinds(kind):
    with pytest.raises(nv.InputError, match="kind= is one of"):
        nv.approximate(activation="tanh", interval=(0, 1), degree=3, kind=kind)


@pytest.mark.parametrize(
    ("normal", "words"), [((0, 0), "above 0"), (1, "mean, standard deviation"), ((0, 1, 2), "mean, standard deviation")]
)
def test_refusals_of_normal_distributions(normal, words):
    assert of_deviations((1, "1/2")) == (Fraction(-1, 2), Fraction(5, 2))
    with pytest.raises(nv.InputError, match=words):
        of_deviations(normal)


@pytest.mark.parametrize("kind", ["chebyshev", "hermite"])
def test_an_error_that_is_rounding_alone(kind):
    """Where ReLU is x: what is seen at a place is a distance as the check computes it, not one in another variable."""
    found = nv.approximate(activation="relu", interval=(1e-6, 2e-6), degree=4, kind=kind)
    assert 0 <= found.nearest[0].error < 1e-12


@pytest.mark.parametrize("kind", ["uniform", "rational", "chebyshev", "hermite"])
def test_values_beyond_all_floats(kind):
    with pytest.raises(nv.ResourceError, match="beyond all floats; ask an interval where they are smaller"):
        nv.approximate(activation="exp", interval=(1000, 1001), degree=3, kind=kind)
