"""The infimum of the loss by perturbation, against relaxation, closed results, descents, and where no network attains it."""

from __future__ import annotations

import itertools

import flint
import numpy as np
import pytest
from scipy.optimize import minimize

from campaign import size
from neurovariety import InputError, ResourceError, as_model, landscape
from neurovariety.cli.main import main
from neurovariety.training.critical.perturbation import infimum_by_perturbation
from neurovariety.training.losses.loss import Distance, Form, SquaredError


def samples(seed, count, inputs, outputs=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, inputs)), rng.normal(size=(count, outputs))


@pytest.mark.parametrize("seed", range(size(1, 20)))
def test_every_seed(seed):
    """Eckart and Young with distinct and with equal singular values, where critical functions are a whole curve."""
    for small in (1, 3):
        found = infimum_by_perturbation(
            as_model("linear(2,1,2)"), Distance("frobenius", {(0, (1, 0)): 3, (1, (0, 1)): small}), seed=seed
        )
        assert (found.claim, found.attained, found.general) == ("complete", "yes", 17)
        assert found.infimum == pytest.approx(small**2, abs=1e-9)
        assert found.loss == pytest.approx(small**2, abs=1e-9)


@pytest.mark.parametrize(
    ("architecture", "inputs"), [("mlp(2,1,1; x^2)", 2), ("mlp(2,1,1; x^3)", 2), ("cnn(2,2; x^2)", 3)][: size(2, 3)]
)
def test_the_two_routes(architecture, inputs):
    """Relaxation, by functions and strata, and perturbation, by weights."""
    for seed in range(size(1, 3)):
        data = samples(seed, 20, inputs)
        relaxed = landscape(architecture, data=data).value["least_loss"]
        found = infimum_by_perturbation(as_model(architecture), SquaredError(*data), seed=seed)
        assert (found.claim, found.attained) == ("complete", "yes")
        assert found.infimum == pytest.approx(relaxed, rel=1e-7)


def test_against_descents():
    """Data that see three of four directions of a closure whose singular functions relaxation cannot leave out."""
    x, y = samples(4, 3, 2)
    found = infimum_by_perturbation(as_model("mlp(2,1,1; x^3)"), SquaredError(x, y), seed=0)

    def loss(w):
        return float((((x @ w[:2]) ** 3 * w[2] - y[:, 0]) ** 2).mean())

    rng = np.random.default_rng(0)
    ends = [minimize(loss, rng.normal(size=3), method="BFGS", options={"gtol": 1e-10}) for _ in range(60)]
    assert (found.claim, found.attained) == ("complete", "yes")
    assert found.infimum == pytest.approx(min(end.fun for end in ends), rel=1e-6)
    assert found.infimum == pytest.approx(loss(found.weights), rel=1e-6)


def test_not_attained():
    """(a x0 + e)^2 / e with e to 0 tends to a linear function, which is no network with one quadratic neuron."""
    for seed in range(size(1, 5)):
        found = infimum_by_perturbation(as_model("mlp(2,1,1; x^2; bias)"), Distance("frobenius", {(0, (1, 0)): 1}), seed=seed)
        assert (found.claim, found.attained) == ("complete", "no")
        assert found.infimum == pytest.approx(0, abs=1e-9)
        losses, weights = zip(*found.sequence, strict=True)
        assert list(losses) == sorted(losses, reverse=True)
        assert list(weights) == sorted(weights)
        assert losses[-1] > 0


def test_bounds_fall_with_the_perturbation():
    found = infimum_by_perturbation(as_model("mlp(2,1,1; x^2)"), SquaredError(*samples(2, 9, 2)), seed=1)
    least = [m["least"] for m in found.minima]
    assert all(low <= high for low, high in least)
    assert all(after[0] < before[1] for before, after in itertools.pairwise(least))
    assert found.infimum <= least[-1][1]


class TestEntry:
    def test_settles_what_relaxation_leaves(self):
        """An exact quadric of rank three on four coefficients, in general position: not definite, so relaxation has a bound only."""
        rng = np.random.default_rng(6)
        half = rng.integers(-3, 4, (3, 4))  # whole numbers: rounded, such a matrix may be definite, or indefinite
        terms = tuple((o, e) for o in (0, 1) for e in ((1, 0), (0, 1)))
        form = Form(terms, half.T @ half, rng.integers(-3, 4, 4))
        relaxed = landscape("linear(2,1,2)", form=form)
        settled = landscape("linear(2,1,2)", form=form, least_by="perturbation")
        assert settled.value["global_minimum"] in ("upper_bound", "undecided")  # perturbation has no certificate
        assert settled.evidence["perturbation"]["claim"] == "complete"
        assert settled.value["least_loss"] <= relaxed.value["least_loss"] + 1e-9

    @pytest.mark.parametrize("seed", [0, 6, 1, 3][: size(2, 4)])
    def test_rounded_quadrics_are_taken_as_they_are(self, seed):
        """The same in floats: nothing is below zero exactly where the determinant is above it."""
        rng = np.random.default_rng(seed)
        half = rng.normal(size=(3, 4))
        terms = tuple((o, e) for o in (0, 1) for e in ((1, 0), (0, 1)))
        matrix = half.T @ half
        exact = flint.fmpq_mat(4, 4, [flint.fmpq(*float(v).as_integer_ratio()) for v in matrix.reshape(-1)])
        found = landscape("linear(2,1,2)", form=Form(terms, matrix, rng.normal(size=4)))
        assert (found.value["global_minimum"] == "proved") == (exact.det() > 0)

    def test_agrees(self):
        found = landscape("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", least_by="perturbation")
        assert found.value["least_loss"] == pytest.approx(1, abs=1e-9)
        assert found.value["global_minimum"] == "proved"  # by Eckart and Young
        assert found.rerun(seed=3).value["global_minimum"] == "proved"

    def test_infimum_and_sequence(self):
        found = landscape("mlp(2,1,1; x^2; bias)", metric="frobenius", teacher="x0", least_by="perturbation")
        assert found.value["global_minimum"] == "undecided"
        assert found.value["least_loss"] == pytest.approx(0, abs=1e-9)
        assert "weights diverge" in found.evidence["least"]["reason"]

    def test_interpolation(self):
        found = landscape("mlp(2,1,1; x^2)", data=samples(1, 2, 2), least_by="perturbation")
        assert found.value["global_minimum"] in ("proved", "upper_bound")
        assert found.evidence["least"]["loss"] == pytest.approx(found.evidence["perturbation"]["infimum"], rel=1e-7)

    def test_bad_input(self, capsys):
        with pytest.raises(InputError, match="relaxation or perturbation, got 'luck'"):
            landscape("linear(2,1,2)", metric="frobenius", teacher="x0; x1", least_by="luck")
        with pytest.raises(ResourceError, match="take a smaller architecture"):
            infimum_by_perturbation(as_model("linear(3,3,3)"), Distance("frobenius", {(0, (1, 0, 0)): 1}), seed=0)
        with pytest.raises(SystemExit) as stopped:
            main(["landscape", "linear(2,1,2)", "--metric", "frobenius", "--teacher", "3*x0; x1", "--least-by", "perturbation"])
        assert not stopped.value.code
        assert "the best network found has a loss of 1, and no network has less" in capsys.readouterr().out
