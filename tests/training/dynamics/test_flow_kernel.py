"""The compiled loss against JAX, and the integrators against another program and against what is known of stiff flows."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurovariety import as_model
from neurovariety.training.dynamics.dynamics import REST, flow, objective, settled_ends, trajectories, typical_gradient
from neurovariety.training.dynamics.flow_kernel import FlowNumbers, FlowRuns, followed
from neurovariety.training.dynamics.polynomial_loss import sparse_loss
from neurovariety.training.losses.loss import SquaredError

NUMBERS = FlowNumbers(1e-9, 1e-12, 100_000, 1e6)


def task(text, decay=0.0):
    model, rng = as_model(text), np.random.default_rng(1)
    return objective(model, SquaredError(rng.normal(size=(12, model.inputs)), rng.normal(size=(12, model.outputs))), decay)


@pytest.mark.parametrize("text", ["linear(2,1,2)", "mlp(2,2,1; x^3 + x; bias)"])
def test_derivatives_are_those_of_jax(text):
    goal = task(text, 0.3)
    points = np.random.default_rng(2).normal(size=(3, goal.model.parameters))
    with jax.enable_x64(True):
        values = [float(goal.value(p)) for p in points]
        slopes = jax.jit(jax.vmap(jax.grad(goal.value)))(points)
        second = jax.jit(jax.vmap(jax.hessian(goal.value)))(points)
        seen = np.linalg.svd(jax.jit(jax.vmap(jax.jacfwd(goal.seen)))(points), compute_uv=False)
    np.testing.assert_allclose(goal.losses(points), values, rtol=1e-11)
    np.testing.assert_allclose(goal.slopes(points), slopes, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(goal.hessians(points), second, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(np.linalg.svd(goal.jacobians(points), compute_uv=False), seen, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("explicit", [True, False])
def test_both_integrators_follow_the_equation(explicit):
    """Against scipy's DOP853, and better by the order of the method where the tolerance is."""
    goal = task("mlp(2,2,1; x^2)")
    start = np.random.default_rng(3).normal(size=(1, goal.model.parameters)) / 2
    there = solve_ivp(lambda _, w: -goal.slopes(w[None])[0], (0, 1.5), start[0], "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    off = []
    for rtol in (1e-5, 1e-9):
        runs = FlowRuns(start.copy(), np.zeros(1), np.zeros(1))
        followed(goal.sparse, 1.5, explicit, NUMBERS._replace(rtol=rtol, atol=1e-3 * rtol), runs)
        assert runs.times[0] == 1.5
        off.append(np.abs(runs.weights[0] - there).max())
    assert off[0] < 1e-3
    assert off[1] < 1e-7
    assert off[1] < off[0] / 100


def test_stiff_ends_take_few_steps():
    """Rates 1e6 and 1e-3: an explicit method is held to steps of some 1e-6, the implicit one goes to the end of the slow part."""
    loss = sparse_loss(np.eye(2, dtype=np.int64), np.eye(2), np.diag([5e5, 5e-4]), np.zeros(2), 0.0)
    for explicit, arrives in ((True, False), (False, True)):
        runs = FlowRuns(np.ones((1, 2)), np.zeros(1), np.zeros(1))
        followed(loss, 1000.0, explicit, NUMBERS._replace(steps=2000), runs)
        assert bool(runs.times[0] == 1000.0) is arrives
    np.testing.assert_allclose(runs.weights[0], [0, np.exp(-1)], atol=1e-8)


def test_a_run_depends_on_no_other():
    """The end of each is the same to the last digit alone, in a batch, and in another order."""
    goal = task("linear(2,1,2)")
    starts = np.random.default_rng(4).normal(size=(70, 4)) / 2
    typical = typical_gradient(goal, starts)
    together = flow(goal, starts, typical).ends
    assert (flow(goal, starts[::-1], typical).ends[::-1] == together).all()
    assert (flow(goal, starts[67:68], typical).ends == together[67:68]).all()


def test_runs_that_grow_or_stop_are_left():
    """A loss without a lower bound: weights leave every ball in finite time; nothing of it is called at rest, and paths end there."""
    loss = sparse_loss(np.array([[1]]), np.eye(1), np.array([[-0.5]]), np.zeros(1), 0.0)
    runs = FlowRuns(np.array([[1.0], [0.0]]), np.zeros(2), np.zeros(2))
    followed(loss, 1e4, True, NUMBERS, runs)
    assert 1e6 <= runs.weights[0, 0] < 1e8
    assert runs.times[0] == pytest.approx(np.log(runs.weights[0, 0]), rel=1e-6)
    assert runs.weights[1, 0] == 0
    assert runs.times[1] == 1e4


def test_paths_are_where_flow_is():
    goal = task("linear(2,1,2)")
    starts = np.random.default_rng(5).normal(size=(3, 4)) / 2
    path = trajectories(goal, starts, (0.1, 10.0))
    runs = FlowRuns(starts.copy(), np.zeros(3), np.zeros(3))
    followed(goal.sparse, 0.1, True, NUMBERS, runs)
    np.testing.assert_allclose(path[:, 0], runs.weights, atol=1e-6)
    ended = flow(goal, starts, typical_gradient(goal, starts))
    found = settled_ends(goal, ended)
    assert (found.settled == (ended.gradients <= REST)).all()
