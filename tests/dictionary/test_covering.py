"""Covering numbers of networks: bounds from both sides in order, with the dimension as slope, and never below a packing."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.claim import Claim
from neurovariety.geometry.ideal.coefficients import Coordinates

SMALL = (
    *("linear(1,1)", "linear(2,2)", "linear(2,1,2)", "linear(3,1,2)", "linear(3,2,3)", "linear(2,1,1,2)"),
    *("mlp(1,1,1; x^2)", "mlp(2,1,1; x^2)", "mlp(2,2,1; x^2)", "mlp(2,1,1; x^3)", "mlp(2,2,1; x^4)", "mlp(2,2,2; x^2)"),
    *("mlp(1,2,1; x^3; bias)", "mlp(2,1,1; x^2 + x)", "mlp(2,2,2,1; x^2)", "mlp(1,1,1; x^2 + 1)", "cnn(2,2; x^2)", "cnn(2,2; x)"),
    *("attention(2,1; a=1; t=2)", "diagonal(2; layers=2)"),
)
"""Twenty small neuromanifolds."""


def packing(architecture, epsilon, rng, draws=1500):
    """Functions with coefficients of norm at most 1, any two of them more than 2 epsilon apart: random draws, one after another."""
    coordinates = Coordinates.of(nv.as_model(architecture))
    powers = [[(np.array(e), float(c)) for e, c in q.to_dict().items()] for q in coordinates.polynomials]
    weights = rng.normal(size=(draws, coordinates.parameters)) * rng.uniform(0, 1.2, (draws, 1))
    found = np.stack([sum(c * np.prod(weights ** e.astype(int), axis=1) for e, c in terms) for terms in powers], axis=1)
    chosen: list[np.ndarray] = []
    for f in found[np.linalg.norm(found, axis=1) <= 1]:
        if not chosen or np.linalg.norm(np.array(chosen) - f, axis=1).min() > 2 * epsilon:
            chosen.append(f)
    return len(chosen)


@pytest.mark.parametrize("architecture", SMALL)
def test_a_bound_is_never_below_a_packing(architecture):
    epsilon = 0.1
    found = nv.covering(architecture, epsilon=epsilon)
    count = packing(architecture, epsilon, np.random.default_rng(7))
    assert count > 1
    assert log(count) <= found.value["at_most"]
    assert 0 <= found.value["at_least"] <= found.value["at_most"]


@pytest.mark.parametrize("architecture", SMALL)
def test_a_millionth_of_the_radius(architecture):
    """log N is at most three times the dimension times the logarithm of radius over epsilon, and no less than 0.4 times that."""
    found = nv.covering(architecture, epsilon=1e-6)
    slope = found.evidence["constants"]["dimension"] * log(1e6)
    assert (found.claim, found.claims["at_least"].claim) == (Claim.UPPER_BOUND, Claim.LOWER_BOUND)
    assert 0.4 * slope <= found.value["at_least"] <= found.value["at_most"] <= 3 * slope


@pytest.mark.parametrize(("architecture", "dimension"), [("linear(2,1,2)", 3), ("cnn(2,2; x^2)", 3), ("mlp(2,1,1; x^3)", 2)])
def test_the_slope_is_the_dimension(architecture, dimension):
    coarse, fine = (nv.covering(architecture, epsilon=e) for e in (1e-6, 1e-8))
    for key in ("at_most", "at_least"):
        assert fine.value[key] - coarse.value[key] == pytest.approx(dimension * log(100), abs=0.1)


@pytest.mark.parametrize("norm", ["frobenius", "bombieri", "gaussian", "uniform", "sup"])
def test_every_norm(norm):
    found = nv.covering("mlp(2,1,1; x^2 + x)", norm=norm, epsilon=0.01)
    assert 0 < found.value["at_least"] <= found.value["at_most"]
    assert {k.outcome for k in found.verify().keys} <= {"rechecked", "rechecked, on trust"}
    assert found.evidence["norm"] in found.meaning


def test_units():
    """A cone: radius and epsilon in other units; the bound from above is the same number."""
    for architecture in ("linear(2,1,2)", "mlp(2,2,1; x^4)"):
        values = [nv.covering(architecture, radius=r, epsilon=r / 128).value for r in (1, 2.0**-20, 2.0**30)]
        assert len({v["at_most"] for v in values}) == 1
        assert all(v["at_least"] > 0 for v in values)


@pytest.mark.parametrize("radius", [1e-300, 1e300])
@pytest.mark.parametrize("norm", ["gaussian", "sup"])
def test_units_whose_squares_are_no_floating_point_numbers(radius, norm):
    """Bounds from below were 0, or far below 0, or null."""
    for architecture in ("mlp(1,1,1; x^9)", "linear(2,1,2)"):
        usual, found = (nv.covering(architecture, radius=r, epsilon=r / 128, norm=norm).value for r in (1, radius))
        assert found["at_most"] == usual["at_most"]
        assert found["at_least"] == pytest.approx(usual["at_least"], abs=0.5)
    for architecture in ("linear(2,1,2)", "mlp(1,1,1; x^31)"):
        found = nv.covering(architecture, radius=5e-324, epsilon=1e308, norm=norm).value
        assert found["at_most"] == 0
        assert found["at_least"] in (0, None), "functions as small may need weights that are no floating-point numbers"


def test_bounded_weights_allow_a_third_bound():
    free = nv.covering("mlp(1,1,1; x + 1)", radius=100, epsilon=0.1)
    held = nv.covering("mlp(1,1,1; x + 1)", radius=100, epsilon=0.1, weights=0.125)
    assert held.evidence["best"] == "weights"
    assert held.value["at_least"] <= held.value["at_most"] < free.value["at_most"]
    assert set(free.evidence["bounds"]) == {"cells", "span"}
    assert "that have weights between -0.125 and 0.125" in held.meaning


def test_what_is_said_of_general_coefficients_and_large_models():
    general = nv.covering("mlp(2,2,1; generic(3))")
    assert general.value["at_least"] is None
    assert general.claims["at_least"].claim is Claim.UNDECIDED
    large = nv.covering("attention(8,4; a=4; t=6)")
    assert large.value["at_least"] is None
    assert any("no bound from below" in n for n in large.notices)
    assert large.evidence["constants"]["dimension"] == 79


def test_a_ball_without_functions():
    """x^2 + 1 on a hidden unit: the coefficients are (w1 w0^2, w1), so the ball has functions; a constant far away has none."""
    found = nv.covering("mlp(1,1,1; x^2 + 1)", radius=1e-6, epsilon=1e-3)
    assert found.value["at_least"] == 0
    assert found.value["at_most"] >= 0


@pytest.mark.parametrize("seed", range(3))
def test_other_seeds(seed):
    found = nv.covering("cnn(2,2; x^2)", epsilon=1e-4, seed=seed)
    assert found.value["at_most"] == nv.covering("cnn(2,2; x^2)", epsilon=1e-4).value["at_most"]
    assert found.value["at_most"] / 3 < found.value["at_least"] < found.value["at_most"]


@pytest.mark.parametrize(
    ("architecture", "options", "match"),
    [
        ("mlp(2,2,1; 1/x)", {}, "polynomial models"),
        ("linear(2,2)", {"epsilon": 0}, "epsilon is a positive number"),
        ("linear(2,2)", {"radius": -1}, "a radius is a positive number"),
        ("linear(2,2)", {"weights": 0}, "positive number"),
        ("linear(2,2)", {"norm": "l1"}, "norm 'l1' is unknown"),
    ],
)
def test_refusals(architecture, options, match):
    with pytest.raises(nv.InputError, match=match):
        nv.covering(architecture, **options)


def test_samples_that_are_enough():
    found = nv.sample_complexity("mlp(2,2,1; x^2)", epsilon=0.1, delta=0.05, radius=1)
    assert found.value["finite"] <= found.value["exact_fit"] < found.value["uniform"]
    assert found.claims["uniform"].claim is found.claims["exact_fit"].claim is Claim.UPPER_BOUND
    assert found.value["uniform"] == min(found.evidence["bounds"].values())
    assert "independent samples are enough" in found.meaning
    assert "loose" in found.meaning
    noisy = nv.sample_complexity("mlp(2,2,1; x^2)", epsilon=0.1, delta=0.05, radius=1, noise=0.5)
    assert noisy.value["exact_fit"] is None
    assert noisy.value["uniform"] > found.value["uniform"]


def test_samples_that_there_are():
    """The error that a number of samples allows: a little less would ask for more samples."""
    found = nv.sample_complexity("mlp(2,2,1; x^2)", samples=5000, delta=0.05, radius=1)
    epsilon = found.evidence["epsilon"]
    assert found.value["uniform"] <= 5000
    assert nv.sample_complexity("mlp(2,2,1; x^2)", epsilon=0.99 * epsilon, delta=0.05, radius=1).value["uniform"] > 5000
    with pytest.raises(nv.InputError, match="10 are enough for an epsilon of 4"):
        nv.sample_complexity("mlp(2,2,1; x^2)", samples=5, delta=0.05, radius=1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"samples": 9, "epsilon": 0.1, "delta": 0.1, "radius": 1}, "give one of them"),
        ({"samples": 9}, "give delta and radius as well"),
        ({"epsilon": 1e-300, "delta": 0.1, "radius": 1e300}, "too small"),
        ({"epsilon": 0.1}, "give delta and radius as well"),
        ({"delta": 0.1, "radius": 1}, "give epsilon as well"),
        ({"noise": 1}, "give epsilon, delta and radius"),
        ({"epsilon": 0.1, "delta": 1, "radius": 1}, "delta is a number between 0 and 1"),
        ({"epsilon": 0.1, "delta": 0.5, "radius": 1, "noise": -1}, "noise is a number from 0 on"),
    ],
)
def test_half_a_question_on_samples_is_refused(options, match):
    with pytest.raises(nv.InputError, match=match):
        nv.sample_complexity("linear(1,1)", **options)


def test_one_ball_holds_what_is_no_larger():
    for architecture in ("linear(2,2)", "mlp(2,2,1; x^4)"):
        assert nv.covering(architecture, radius=0.5, epsilon=0.5).value == {"at_most": 0.0, "at_least": 0.0}


@pytest.mark.parametrize(("radius", "epsilon"), [(1e300, 1e-300), (1e-300, 1e-305), (1e308, 5e-324)])
def test_sizes_at_the_ends_of_floats(radius, epsilon):
    for architecture in ("linear(2,2)", "mlp(1,1,1; x^2 + 7)"):
        found = nv.covering(architecture, radius=radius, epsilon=epsilon)
        assert 0 < found.value["at_most"] < 6000
        assert found.value["at_least"] is None or found.value["at_least"] <= found.value["at_most"]


def test_numbers_that_are_too_long_are_told_by_their_size():
    found = nv.covering("mlp(30,30,30,5; x^2)", epsilon=1e-6)
    assert found.evidence["constants"]["points"] == "10^1598"
    assert found.value["at_most"] <= 3 * 1890 * log(1e6)
