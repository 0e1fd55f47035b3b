"""Where training ends: every converged run on the enumerated list, conserved quantities, other methods, unusable input."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.flows import ARCHITECTURES, DATA_SETS, ends_of, table, wrong_with

from campaign import size
from neurovariety import Claim, InputError, as_model, gradient_flow
from neurovariety.certificates.issue import weak
from neurovariety.dictionary.gradient_flow import _glosses, _minima_shown
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.training.dynamics.dynamics import Settled, descend, flow, newton_ends, objective, trajectories, typical_gradient
from neurovariety.training.losses.loss import SquaredError


@pytest.mark.slow
@pytest.mark.parametrize(("text", "name"), list(zip(ARCHITECTURES, DATA_SETS, strict=True))[:: size(2, 1)])
def test_every_end_is_on_the_list(text, name):
    """The cross-check of the whole system: what training finds was enumerated before. Ten data sets, four of them real.

    Every architecture on every data set, with a thousand runs of each: `python -m benchmarks.flows 1000`.
    """
    found = ends_of(text, name, 40)
    assert not wrong_with(found), (found.value, found.evidence["not_converged"])
    assert found.landscape.verdicts["complex"].claim is Claim.COMPLETE


@pytest.mark.slow
def test_linear_networks_end_at_the_best_matrix():
    """No bad local minima: every run ends at the singular value decomposition, computed by itself."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    found = gradient_flow("linear(3,2,3)", data=(x, y), runs=4)
    best = np.linalg.lstsq(x, y, rcond=None)[0].T
    root = np.linalg.cholesky(x.T @ x / 50)
    sigma = np.linalg.svd(best @ root)[1]
    least = np.mean(np.sum((x @ best.T - y) ** 2, axis=1)) + sigma[2] ** 2
    assert found.value["converged"] == 4
    assert [b["loss"] for b in found.evidence["basins"]] == [pytest.approx(least, rel=1e-9)]


def test_a_minimum_is_named_where_the_list_shows_it():
    """A point of index 0 beside "local minima: not shown" is a point."""
    known = gradient_flow("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", runs=2)
    assert "100 % of the runs end at minimum 1 of the landscape" in known.meaning
    verdicts = {**known.landscape.verdicts, "minima": weak(known.landscape.verdicts["minima"].statement, Claim.UNDECIDED, "")}
    for doubtful in (
        replace(known.landscape, claims=verdicts, value={**known.landscape.value}),
        replace(known.landscape, points=tuple(replace(p, certified=False) for p in known.landscape.points)),
        replace(known.landscape, points=tuple(replace(p, stratum="smaller") for p in known.landscape.points)),
    ):
        said = _glosses(known.value, known.evidence, True, _minima_shown(doubtful))
        assert "end at point 1 of the landscape" in said[1].text


def test_nothing_is_said_of_runs_that_do_not_converge(monkeypatch):
    """Of no converged run it is not said that all of them are on the list."""
    none = lambda goal, runs: Settled(runs.ends, np.zeros(len(runs.ends), dtype=bool))  # noqa: E731
    monkeypatch.setattr("neurovariety.dictionary.gradient_flow.settled_ends", none)
    found = gradient_flow("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", runs=4)
    assert (found.value["converged"], found.value["unmatched"]) == (0, None)
    assert found.meaning.startswith(
        "gradient flow was followed from random weights, in 4 runs; no run converged, so nothing is said of where training ends"
    )
    assert "a critical point of the landscape" not in found.meaning
    assert "end off the list: not shown" in found.meaning


def test_ends_are_on_no_list_where_there_is_none():
    """With weight decay the loss is another, and its critical points are not listed."""
    found = gradient_flow("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", runs=4, weight_decay=0.01)
    assert found.value["unmatched"] is None
    assert "there is no list of critical points" in found.meaning


class TestFlow:
    goal = objective(
        as_model("linear(2,2,2)"),
        SquaredError(np.random.default_rng(1).normal(size=(9, 2)), np.random.default_rng(2).normal(size=(9, 2))),
    )

    def test_conserved_quantities(self):
        starts = np.random.default_rng(3).normal(size=(5, 8))
        ends = flow(self.goal, starts, typical_gradient(self.goal, starts)).ends

        def laws(w):
            first, second = w[:, :4].reshape(-1, 2, 2), w[:, 4:].reshape(-1, 2, 2)
            return first @ first.transpose(0, 2, 1) - second.transpose(0, 2, 1) @ second

        assert np.abs(laws(ends) - laws(starts)).max() < 1e-5

    def test_balanced_weights_stay_balanced(self):
        first = np.random.default_rng(4).normal(size=(2, 2))
        start = np.concatenate([first.reshape(-1), first.T.reshape(-1)])[None]
        ends = flow(self.goal, start, typical_gradient(self.goal, start)).ends[0]
        a, b = ends[:4].reshape(2, 2), ends[4:].reshape(2, 2)
        assert np.abs(a @ a.T - b.T @ b).max() < 1e-5

    def test_it_follows_the_equation(self):
        """Against ten thousand steps of Euler's method."""
        import jax

        start = np.random.default_rng(5).normal(size=(1, 8)) / 2
        path = trajectories(self.goal, start, (0.1, 0.5))[0]
        with jax.enable_x64(True):
            slope = jax.jit(jax.grad(self.goal.value))
            w, n = start[0].copy(), 5000
            for _ in range(n):
                w = w - 0.1 / n * np.asarray(slope(w))
            losses = [float(self.goal.value(p)) for p in path]
        assert np.abs(w - path[0]).max() < 1e-4
        assert losses[1] < losses[0]

    def test_newton_stays_near(self):
        starts = np.random.default_rng(6).normal(size=(6, 8))
        assert newton_ends(self.goal, flow(self.goal, starts, typical_gradient(self.goal, starts)).ends).settled.all()
        assert not newton_ends(self.goal, 5 * starts).settled.any()


@pytest.mark.slow
def test_other_methods():
    data = table("trees", 2, 1)
    by_flow = gradient_flow("mlp(2,2,1; x^2)", data=data, runs=8)
    for method in ("gd", "sgd"):
        found = gradient_flow("mlp(2,2,1; x^2)", data=data, runs=8, method=method, step=0.02)
        assert found.value["unmatched"] == 0
        assert 0 <= found.evidence["moved"] <= 8
        if method == "gd":
            assert found.value["converged"] == by_flow.value["converged"]
    decayed = gradient_flow("mlp(2,2,1; x^2)", data=data, runs=8, weight_decay=0.1)
    assert decayed.value["unmatched"] in (0, None)  # None where no list of critical points closes
    assert all(b["point"] is None for b in decayed.evidence["basins"])
    assert np.abs(decayed.ends).max() < np.abs(by_flow.ends).max()


def test_adam_steps():
    """Against Adam written out again."""
    import jax

    goal = TestFlow.goal
    w = np.random.default_rng(8).normal(size=(2, 8))
    found = descend(goal, w, "adam", 0.001, 0)
    first, second = np.zeros_like(w), np.zeros_like(w)
    with jax.enable_x64(True):
        for k in range(1, 400):
            g = goal.slopes(w)
            first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
            w = w - 0.001 * (first / (1 - 0.9**k)) / (np.sqrt(second / (1 - 0.999**k)) + 1e-8)
        losses = [float(goal.value(v)) for v in (w[0], found[0])]
    assert losses[1] < losses[0]
    assert np.isfinite(found).all()


def test_plateaus():
    """From small weights training passes by the zero function first, where the tangent kernel is small."""
    found = gradient_flow("mlp(3,2,1; x^2)", data=table("penguins", 3, 1), runs=8, scale=0.02)
    first = found.evidence["plateaus"][0]
    assert first["losses"] == sorted(first["losses"], reverse=True)
    assert max(first["kernel_rank"]) <= 5
    assert all(0 <= d < 2 for d in first["distance_to_smaller_networks"])


def test_wilson():
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)
    low, high = wilson(50, 100)
    assert (low, high) == (pytest.approx(0.4038, abs=1e-3), pytest.approx(0.5962, abs=1e-3))


def test_the_same_seed_gives_the_same_answer():
    one, two = (gradient_flow("mlp(2,1,1; x^2)", metric="gaussian", teacher="x0^2 - x1^2", runs=8, seed=3) for _ in range(2))
    assert np.array_equal(one.ends, two.ends)
    assert json.loads(json.dumps(one.to_dict()))["evidence"]["basins"] == one.to_dict()["evidence"]["basins"]


def test_bad_input():
    data = ([[1, 2], [3, 4], [0, 1]], [[1], [2], [0]])
    with pytest.raises(InputError, match="method 'newton' is unknown"):
        gradient_flow("mlp(2,1,1; x^2)", data=data, method="newton")
    with pytest.raises(InputError, match="number of runs"):
        gradient_flow("mlp(2,1,1; x^2)", data=data, runs=0)
    with pytest.raises(InputError, match="step size is a positive number"):
        gradient_flow("mlp(2,1,1; x^2)", data=data, runs=2, method="gd", step=-1.0)
    with pytest.raises(InputError, match="weight decay"):
        gradient_flow("mlp(2,1,1; x^2)", data=data, runs=2, weight_decay=-1.0)
    with pytest.raises(InputError, match="sgd needs samples"):
        gradient_flow("mlp(2,1,1; x^2)", metric="gaussian", runs=2, method="sgd")
    with pytest.raises(InputError, match="positive number"):
        gradient_flow("mlp(2,1,1; x^2)", data=data, scale=0.0)
