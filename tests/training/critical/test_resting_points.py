"""Points at rest where J drops rank: what is listed of them, what is said of the list, and descents that would find what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, as_model, landscape
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.strata.rank_drops import RANK_DROP, rank_drop
from neurovariety.training.critical.weight_map import weight_map
from neurovariety.training.losses.loss import SquaredError

ROWS = [
    ("linear", "linear(3,2,3)"),
    ("linear", "linear(2,3,3,1)"),
    ("linear", "mlp(3,2,2; 2*x)"),
    ("no hidden layer", "linear(3,1)"),
    ("no hidden layer", "cnn(3)"),
    ("squares", "mlp(3,2,1; x^2)"),
    ("squares", "mlp(3,4,1; 5*x^2)"),
    ("one neuron", "mlp(3,1,2; x^3)"),
    ("binary forms", "mlp(2,2,1; x^4)"),
    ("one channel", "cnn(2,2; x^2)"),
    ("one channel", "cnn(2,2,2; x^3)"),
]
OTHERS = [
    "cp(2,2; rank=2)",
    "tt(2,2; ranks=2)",
    "cnn(2,2; x)",
    "cnn(2,2; x^2; channels=1,2,1)",
    "cnn(2,2; x^2 + x)",
    "mlp(2,2,2; x^2)",
    "mlp(2,1,1; x^2; bias)",
    "mlp(3,2,1; x^3)",
    "mlp(2,2,1; x^2 + 1)",
    "mlp(2,2,2,1; x^2)",
    "mlp(2,2,2; x; bias)",
    "attention(2,2; a=1; t=2)",
    "equivariant(3; ranks=1,1)",
    "residual(mlp(2,1,2; x^2))",
]


@pytest.mark.parametrize(("row", "text"), ROWS)
def test_rows_of_the_table(row, text):
    assert rank_drop(as_model(text)) == RANK_DROP[row]


@pytest.mark.parametrize("text", OTHERS)
def test_no_other_family_is_in_it(text):
    assert rank_drop(as_model(text)) == ""


def all_weights(text, dimension):
    """The coefficients of a network as functions of all its weights."""
    model = as_model(text)
    return weight_map(model, coordinates(model, find_chart(model, dimension, 0), 0, 0).terms, 0)


def image_contains(maps, weights, tangent):
    """Whether the image of J at weights contains the columns of ``tangent``."""
    slopes = maps.derivatives(np.asarray(weights)[None] + 0j)[0].real
    basis, singular, _ = np.linalg.svd(slopes, full_matrices=False)
    basis = basis[:, singular > 1e-9 * singular.max()]
    return np.abs(tangent - basis @ (basis.T @ tangent)).max() <= 1e-8 * np.abs(tangent).max()


@pytest.mark.parametrize("seed", range(4))
def test_binary_forms_and_squares_against_random_weights(seed):
    """At weights with dead, equal and cancelling units the image of J contains the tangent space of the smaller network there."""
    rng = np.random.default_rng(seed)
    for text, dimension, e in (("mlp(2,3,1; x^5)", 6, 2), ("mlp(2,3,1; x^5)", 6, 1), ("mlp(2,2,1; x^2)", 3, 1)):
        maps = all_weights(text, dimension)
        m = maps.model.parameters // 3
        v, a = np.zeros((m, 2)), np.zeros(m)
        v[:e], a[:e] = rng.normal(size=(e, 2)), rng.normal(size=e)
        live = np.concatenate([v.reshape(-1), a])
        tangent = maps.derivatives(live[None] + 0j)[0].real
        for k in range(e, m):  # dead units with incoming weights, units that are multiples of a live one
            v[k] = rng.normal(size=2) if k % 2 else 2 * v[0]
        assert image_contains(maps, np.concatenate([v.reshape(-1), a]), tangent)
        if m - e >= 2:  # two units that cancel each other
            v[e + 1] = -3 * v[e]
            a[e : e + 2] = (-3.0) ** (5 if "x^5" in text else 2), -1
            assert image_contains(maps, np.concatenate([v.reshape(-1), a]), tangent)


class TestStrataOfFillingModels:
    def test_filters_with_a_double_root(self):
        """The product of two real filters has real roots: the best one for a target without has a double root."""
        found = landscape("cnn(2,2; x)", metric="frobenius", teacher="2*x0 + x1 + 3*x2")
        losses = [p.loss for p in found.points if p.stratum == "filters 1 and 2 with a common root" and p.real]
        assert min(losses) == pytest.approx(3.5200862, abs=1e-6)
        assert found.claim is Claim.LOWER_BOUND
        assert found.evidence["stages"][0]["complete"]
        assert "the strata listed are not known to be all where J drops rank: points at rest on others" in found.notices[-1]

    @pytest.mark.parametrize("text", ["cp(2,2; rank=2)", "tt(2,2; ranks=2)", "linear(2,2,2)"])
    def test_rank_of_two_by_two_matrices(self, text):
        """Zero and the two nearest matrices of rank one, in every notation."""
        teacher = "7*x0 - 4*x1; -9*x0 + 4*x1" if "linear" in text else "7*x0*x2 - 4*x0*x3 - 9*x1*x2 + 4*x1*x3"
        found = landscape(text, metric="frobenius", teacher=teacher)
        sigma = np.linalg.svd([[7, -4], [-9, 4]], compute_uv=False)
        resting = sorted(p.loss for p in found.points if p.stratum and p.real)
        assert resting == pytest.approx([sigma[1] ** 2, sigma[0] ** 2, 162])
        assert found.value["at_subnetworks"] == 3
        assert (found.claim is Claim.COMPLETE) == ("linear" in text)

    def test_several_outputs(self):
        x = [[1, 2], [-3, 2], [0, 0], [1, -1], [3, -3], [-2, -1], [0, -1]]
        y = [[-3, -4], [-4, -4], [-3, 4], [-3, 1], [2, -2], [-2, -1], [-2, 4]]
        found = landscape("mlp(2,2,2; x^2)", data=(x, y))
        assert found.claim is Claim.LOWER_BOUND
        assert "at least" in found.meaning
        (inner,) = [p for p in found.points if p.real and p.stratum == "layer 2 of rank 1" and abs(p.loss - 11.9964717) < 2e-6]
        w1, w2 = inner.weights[:4].reshape(2, 2), inner.weights[4:].reshape(2, 2)
        hidden = np.array(x) @ w1.T
        errors = hidden**2 @ w2.T - np.array(y)
        assert np.linalg.matrix_rank(w2, tol=1e-6) == 1
        assert np.abs(errors.T @ hidden**2).max() < 1e-5  # no gradient in the second layer, nor in the first
        assert np.abs(((errors @ w2) * hidden).T @ np.array(x)).max() < 1e-5


class TestActivationsWithAConstant:
    @pytest.mark.parametrize("activation", ["x^2 + x + 1", "x^3 + 2", "x^2 + 1"][: size(1, 3)])
    def test_copies_of_units_rest(self, activation):
        """Two equal neurons are one: where one neuron rests, so does the network."""
        rng = np.random.default_rng(1)
        data = (rng.integers(-3, 4, (8, 2)), rng.integers(-4, 3, (8, 1)))
        found = landscape(f"mlp(2,2,1; {activation})", data=data)
        alone = landscape(f"mlp(2,1,1; {activation})", data=data)
        smaller = [p for p in found.points if p.stratum == f"mlp(2,1,1; {activation})"]
        assert len(smaller) == alone.value["complex"]
        assert found.claim is Claim.LOWER_BOUND
        for weights in (p.weights for p in smaller if p.weights is not None):
            assert np.allclose(weights[:2], weights[2:4])

    def test_constants(self):
        """x^2 + 1: two dead neurons make a constant, at which nothing moves."""
        rng = np.random.default_rng(2)
        y = rng.normal(size=(9, 1))
        found = landscape("mlp(2,2,1; x^2 + 1)", data=(rng.normal(size=(9, 2)), y))
        constants = [p for p in found.points if p.stratum == "constants"]
        assert [p.loss for p in constants] == pytest.approx([float(y.var())])


class TestRealizableTargets:
    """A smaller network is the target: the global minimum is 0, and its function stays on the list."""

    @pytest.mark.parametrize(
        ("text", "make", "open_key"),
        [
            ("mlp(2,2,1; x^3)", lambda x: (x[:, 0] - x[:, 1]) ** 3, None),
            ("mlp(2,2,1; x^2)", lambda x: (x[:, 0] + 2 * x[:, 1]) ** 2, None),
            # where functions do not fill their span and paths end at the singular target, no test says how many should
            ("mlp(3,2,1; x^2)", lambda x: (x @ [1, -1, 2]) ** 2, "complex"),
            ("mlp(3,3,1; x^2)", lambda x: (x @ [1, -1, 2]) ** 2 - (x @ [0, 1, 1]) ** 2, None),
            ("mlp(2,2,1; x^3)", lambda x: 0 * x[:, 0], "at_subnetworks"),
            pytest.param("mlp(2,2,1; x^5)", lambda x: (x[:, 0] - x[:, 1]) ** 5, "complex", marks=pytest.mark.slow),
        ],
    )
    def test_of_data(self, text, make, open_key):
        inputs = as_model(text).inputs
        x = np.random.default_rng(0).integers(-3, 4, (12, inputs)).astype(float)
        found = landscape(text, data=(x, make(x)[:, None]))
        at_zero = [p for p in found.points if p.stratum and p.real and 0 <= p.loss < 1e-20]
        assert at_zero
        assert found.value["global_minimum"] == "proved"
        claims = {key: found.claims[key].claim for key in ("complex", "at_subnetworks")}
        assert claims == {key: Claim.LOWER_BOUND if key == open_key else Claim.COMPLETE for key in claims}
        assert 0 <= found.value["least_loss"] < 1e-20
        low, high = found.evidence["least"]["interval"]
        assert 0 <= low <= high < 1e-20

    def test_number_of_points(self):
        """Seven nonzero cubes of linear forms are critical for a general quadric, and zero is at rest: one of them is the target."""
        x = np.array([[1, 2], [2, -1], [0, 1], [3, 0], [-1, 2], [1, 1]])
        found = landscape("mlp(2,2,1; x^3)", data=(x, ((x[:, 0] - x[:, 1]) ** 3)[:, None]))
        assert (found.value["complex"], found.value["at_subnetworks"]) == (0, 8)

    def test_of_a_teacher(self):
        found = landscape("linear(3,2,3)", metric="frobenius", teacher="x0 + x1; 2*x0 + 2*x1; 0*x0")
        assert found.value["least_loss"] == 0
        assert any(p.stratum == "linear(3,1,3)" and p.loss == 0 for p in found.points)


def test_points_that_move_are_no_points_at_rest():
    """One layer: zero is no critical point, as its gradient is that of a convex function."""
    rng = np.random.default_rng(4)
    found = landscape("linear(3,1)", data=(rng.normal(size=(9, 3)), rng.normal(size=(9, 1))))
    assert (found.value["at_subnetworks"], found.claim) == (0, Claim.COMPLETE)
    assert len(found.points) == 1


@pytest.mark.parametrize(
    "text", ["linear(2,2,2)", "mlp(3,2,1; x^2)", "mlp(2,1,2; x^3)", "cnn(2,2; x^2)", "mlp(2,2,1; x^3)"][: size(3, 5)]
)
def test_against_descents(text):
    """Gauss and Newton's descents on the network itself come to rest at listed points alone, where the list is called complete."""
    from scipy.optimize import least_squares

    model = as_model(text)
    rng = np.random.default_rng(len(text))
    x, y = rng.normal(size=(12, model.inputs)), rng.normal(size=(12, model.outputs))
    found = landscape(text, data=(x, y))
    assert found.claim is Claim.COMPLETE
    problem = found.problem
    design, offset, _ = problem.quadratic(SquaredError(x, y)).residual
    listed = np.array([p.loss for p in found.points if p.real])
    for _ in range(12):
        start = rng.normal(size=model.parameters)
        end = least_squares(lambda w: design @ problem.map.at(w[None] + 0j)[0].real - offset, start, xtol=1e-15, ftol=1e-15, gtol=1e-14)
        loss = float((end.fun**2).sum())
        assert found.value["global_minimum"] not in ("complete", "proved") or loss >= found.value["least_loss"] * (1 - 1e-9)
        if np.abs(end.grad).max() < 1e-11 and np.abs(end.x).max() < 20:
            assert np.abs(listed - loss).min() < 1e-6 * max(loss, 1)
