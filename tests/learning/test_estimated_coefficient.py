"""Estimated learning coefficients: against exact values, and what an estimate must not say."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.claim import Claim
from neurovariety.learning.coefficient_fit import fitted
from neurovariety.learning.estimate_of_question import _near_enough, near_origin
from neurovariety.learning.estimated_coefficient import effective, rhat, uncalibrated
from neurovariety.learning.functions_text import read_functions
from neurovariety.learning.sampled_problem import of_polynomials, of_products
from neurovariety.learning.sampling_kernel import draw_block, energy, integrated, scale_about, slice_along

DEGENERATE = "(x*y - z^2)^2 + z^7"


@cache
def linear(widths, rank, seed):
    return uncalibrated(of_products(widths, rank), seed)


@pytest.mark.parametrize(("widths", "rank"), [((2, 2, 2), 0), ((1, 1, 1), 0), ((2, 2, 2, 2), 0), ((2, 3, 2), 1)])
def test_linear_networks(widths, rank):
    twice, _ = coefficient_of_linear(widths, rank)
    found = linear(widths, rank, 0)
    assert found.value == pytest.approx(float(twice / 2), rel=0.03)
    assert found.mixed
    assert found.effective > 100


def test_the_same_seed_gives_the_same_answer():
    assert uncalibrated(of_products((1, 1, 1), 0), 0) == linear((1, 1, 1), 0, 0)
    assert uncalibrated(of_products((1, 1, 1), 0), 1) != linear((1, 1, 1), 0, 0)


def test_a_multiplicity_shows_as_a_slope():
    """One temperature alone is too low by (m - 1)/log b, and the fit is not."""
    found = linear((2, 2, 2, 2), 0, 0)
    assert found.means[0] < 1.5 * 0.93
    assert found.means[-1] < 1.5 * 0.98
    assert found.multiplicity in (3, None)


def test_the_fit_finds_what_was_put_in():
    logs = np.linspace(13, 41, 27)
    noise = np.random.default_rng(0).normal(0, 0.01, (6, 27))
    for value, m, a in ((1.5, 1, 0.0), (1.5, 3, 2.0), (0.5, 2, 4.0)):
        fit = fitted(logs, value - (m - 1) / (logs + a) + noise)
        assert fit.low < value < fit.high
        assert abs(fit.value - value) < 0.03 * value
    assert fitted(logs, 1.5 - 4 / (logs + 2) + noise / 10).multiplicity == 5


def test_chains_that_disagree_are_seen():
    draws = np.random.default_rng(0).standard_normal((6, 1, 240))
    assert rhat(draws)[0] < 1.05
    assert effective(draws)[0] > 700
    assert rhat(draws + 2 * np.arange(6)[:, None, None])[0] > 1.5
    slow = np.repeat(draws[:, :, ::12], 12, axis=2)
    assert effective(slow)[0] < 250


def test_a_block_is_drawn_from_its_conditional():
    """r = a b - 1/2 in a, given b: normal, with mean and variance known; the mean energy is that of the draws."""
    problem = of_products((1, 1, 1), 0)
    problem = problem.__class__(problem.terms._replace(target=np.array([0.5])), problem.blocks, problem.around)
    b, other = 50.0, 0.7
    s, small = np.empty((3, 5)), np.empty(2)
    draws, energies = [], []
    for _ in range(4000):
        w = np.array([0.0, other])
        mean = draw_block(problem.terms, problem.blocks, 0, w, b, problem.around, s, small)
        draws.append(w[0])
        energies.append(b * energy(problem.terms, w))
    precision = 2 * b * other**2 + 1
    assert np.mean(draws) == pytest.approx(2 * b * other * 0.5 / precision, abs=0.01)
    assert np.var(draws) == pytest.approx(1 / precision, rel=0.08)
    assert mean == pytest.approx(np.mean(energies), rel=0.08)


def test_a_block_is_integrated_out():
    """Against the integral over a of exp(-b (a c - t)^2 - a^2/2), by quadrature."""
    problem = of_products((1, 1, 1), 0)
    terms = problem.terms._replace(target=np.array([0.5]))
    a = np.linspace(-9, 9, 200001)
    logs = []
    for c in (0.01, 0.7):
        got = integrated(terms, problem.blocks, 0, np.array([0.0, c]), 30.0, problem.around, np.empty((3, 5)))
        logs.append(got - np.log(np.trapezoid(np.exp(-30 * (a * c - 0.5) ** 2 - a**2 / 2), a)))
    assert logs[0] == pytest.approx(logs[1], abs=1e-8)


def test_slices_leave_the_density_as_it_is():
    """One variable: exp(-b x^4 - x^2/2)."""
    problem = of_polynomials(read_functions("x^2").polynomials(), [0.0], [0.0], 1.0)
    w, found = np.zeros(1), []
    for _ in range(4000):
        slice_along(problem.terms, problem.blocks, w, np.ones(1), 5.0, problem.around, np.empty((2, 4)))
        found.append(w[0])
    x = np.linspace(-3, 3, 100001)
    density = np.exp(-5 * x**4 - x**2 / 2)
    assert np.mean(np.square(found)) == pytest.approx((x**2 * density).sum() / density.sum(), rel=0.08)


def test_weights_are_scaled_by_the_rays_of_newton_polyhedra():
    """x^2 - y^3 is quasihomogeneous with the weights 3 and 2; x y - z is affine in each weight and is drawn in blocks."""
    normals = [
        of_polynomials(read_functions(f).polynomials(), [0.0], [0.0] * n, 1.0).blocks.normals
        for f, n in (("x^2 - y^3", 2), ("x*y - z", 3))
    ]
    assert normals[0].tolist() == [[1.0, pytest.approx(2 / 3)]]
    assert normals[1].shape == (0, 3)


def test_scalings_leave_the_density_as_it_is():
    """Draws from exp(-b (x^2 - y^3)^2 - |w - c|^2 / (2 s^2)) by rejection, each scaled a few times, against those that were not."""
    centre, spread, b = [0.25, -0.5], 0.75, 8.0
    problem = of_polynomials(read_functions("x^2 - y^3").polynomials(), [0.0], centre, spread)
    rng = np.random.default_rng(0)
    drawn = centre + spread * rng.standard_normal((200_000, 2))
    drawn = drawn[rng.random(len(drawn)) < np.exp(-b * (drawn[:, 0] ** 2 - drawn[:, 1] ** 3) ** 2)]
    scaled, new = drawn.copy(), np.empty(2)
    for w in scaled[:20_000]:
        for _ in range(3):
            scale_about(problem.terms, w, problem.blocks.normals[0], b, problem.around, new)
    before, after = drawn[20_000:], scaled[:20_000]
    assert np.mean(np.any(after != drawn[:20_000], axis=1)) > 0.3
    for f in (lambda w: w[:, 0], lambda w: w[:, 1], lambda w: w[:, 0] ** 2, lambda w: w[:, 1] ** 2, lambda w: w[:, 0] * w[:, 1]):
        error = np.hypot(np.std(f(before)) / len(before) ** 0.5, np.std(f(after)) / len(after) ** 0.5)
        assert abs(np.mean(f(before)) - np.mean(f(after))) < 5 * error


def test_an_estimate_where_bounds_do_not_meet():
    found = nv.learning_coefficient(functions=DEGENERATE, method="estimate")
    low, high = found.value["interval"]
    assert 1 / 4 <= low <= found.value["learning_coefficient"] <= high <= 3 / 8  # inside of what is proved
    assert found.claim is Claim.ESTIMATE
    assert found.verdicts["at_least"].claim is Claim.LOWER_BOUND
    assert "about" in found.meaning
    assert "exactly" not in found.meaning
    assert found.evidence["estimate"]["calibration"]["network"] == "linear(1,1,1)"


def test_an_estimate_beside_an_exact_answer():
    found = nv.learning_coefficient("linear(2,1,2)", true_rank=1, method="estimate")
    assert found.value == {"learning_coefficient": "3/2", "multiplicity": 1}
    assert found.claim is Claim.PROVED
    assert found.evidence["estimate"]["low"] <= 1.5 <= found.evidence["estimate"]["high"]
    assert found.notices == ()


@pytest.mark.parametrize(
    ("functions", "at"),
    [("x*(1 - 2*x)^3", "1/2"), ("x*(1 - 5*x)^3", "1/2"), ("(x - y)^2*(1 - x)^4", "1/4"), ("x^2 + y^3 + x*z^2", "1/2")],
)
def test_more_singular_zeros_nearby_are_not_asked_for(functions, at):
    """At x = 1/2 the first has 1/6."""
    found = nv.learning_coefficient(functions=functions, method="estimate")
    assert found.value["learning_coefficient"] == at
    assert found.evidence["estimate"]["low"] <= Fraction(at) <= found.evidence["estimate"]["high"]
    assert found.notices == ()


def test_two_widths_of_the_prior_that_differ_are_told():
    found, said = _near_enough(near_origin(read_functions("x*(1 - 2*x)^3")).problem, 0)
    assert found.low <= 0.5 <= found.high
    assert "by a prior of standard deviation 0.0375 about the weights; one of 0.3 gives 0.1" in said
    homogeneous = near_origin(read_functions("x*y^2")).problem
    assert homogeneous.around.spread == 1.0
    assert _near_enough(homogeneous, 0)[1] == ""


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (lambda: nv.learning_coefficient("linear(2,2)", method="estimate"), "say for which function"),
        (lambda: nv.learning_coefficient("linear(9,9)", true_rank=0, method="estimate"), "at most 60 weights"),
        (lambda: nv.learning_coefficient(functions="x - x", method="estimate"), "at all weights"),
        (lambda: nv.learning_coefficient("mlp(1,1,1; 1/x)", at=[1, 1], method="estimate"), "rational"),
        (lambda: nv.learning_coefficient(functions="x", method="guess"), "method"),
    ],
)
def test_what_cannot_be_estimated(asked, sentence):
    with pytest.raises((nv.InputError, nv.ResourceError), match=sentence):
        asked()
