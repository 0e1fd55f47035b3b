"""Weight decay: published counts, counts by hand, descents that end only where the list says, symmetric and degenerate strengths."""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.reference.notation import HERE

from campaign import size
from neurovariety import Claim, InputError, ResourceError, as_model
from neurovariety.training.critical.decayed_points import decayed_points, least_with_decay
from neurovariety.training.losses.loss import Distance, SquaredError

ROWS = json.loads((HERE / "critical_points.json").read_text(encoding="utf-8"))


def problem(text, samples, seed, strength=0.5):
    """A model, general data and general strengths up to ``strength``."""
    model, rng = as_model(text), np.random.default_rng([seed, 91])
    inputs, targets = rng.normal(size=(samples, model.inputs)), rng.normal(size=(samples, model.outputs))
    return model, SquaredError(inputs, targets), rng.uniform(0.2, 1.0, model.parameters) * strength


def objective(model, loss, strengths):
    """The objective as training computes it, from the network's own function."""

    coefficients = np.array([float(c) for c in model.coefficients])

    def value(w):
        tree = model.tree([w[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks])
        outputs = jax.vmap(lambda x: model.function(tree, x.reshape(model.input_shape), coefficients))(loss.inputs)
        return jnp.sum((outputs.reshape(loss.targets.shape) - loss.targets) ** 2) / len(loss.inputs) + jnp.sum(strengths * w**2)

    return value


def counted(row, seed):
    """1/2 sum |W x - y|^2 + 1/2 sum (L_i w_i)^2 over m samples is m / 2 times the mean with strengths L^2 / m."""
    spec = row["spec"]
    assert spec["hidden_layers"] == 1
    model, loss, factors = problem(f"linear({spec['dx']},{spec['hidden_width']},{spec['dy']})", spec["samples"], seed, 1.5)
    return decayed_points(model, loss, factors**2 / spec["samples"], seed=seed)


@pytest.mark.parametrize("row", ROWS, ids=[r["id"] for r in ROWS])
def test_published_counts(row):
    away = int(row["notes"].split()[2])
    for seed in range(size(1, 20)):
        found = counted(row, seed)
        assert found.complete, found.reason
        assert found.verdict.claim in (Claim.PROVED, Claim.PROBABILITY)
        assert len(found.weights) == found.verdict.statement.value["complex"] == row["value"]
        assert ((np.abs(found.weights) > 1e-9).all(axis=1)).sum() == away
        assert found.morse_sum == 1


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_chains_by_hand(layers):
    """With one neuron a layer all s_i w_i^2 are equal: 2^(L-1) choices of signs, each with an equation of degree 2L - 2 in w_1 beside
    w = 0."""
    model, loss, strengths = problem(f"linear({','.join(['1'] * (layers + 1))})", 3, 0, 0.02)
    found = decayed_points(model, loss, strengths, seed=1)
    assert found.complete
    assert len(found.weights) == 2 ** (layers - 1) * (2 * layers - 2) + 1
    assert np.ptp(strengths * found.weights**2, axis=1).max() < 1e-12


@pytest.mark.parametrize("strength", [1e-6, 1e3, 1e-3, 1.0][: size(2, 4)])
def test_the_count_does_not_depend_on_the_size_of_strengths(strength):
    """Straight from a total degree homotopy solutions for small strengths are taken for infinite ones."""
    model, loss, strengths = problem("mlp(2,1,1; x^2)", 6, 1, strength)
    found = decayed_points(model, loss, strengths, seed=0)
    assert (found.complete, len(found.weights), found.morse_sum) == (True, 33, 1)


def test_units_of_data_do_not_matter():
    model, loss, strengths = problem("linear(2,1,2)", 4, 3, 0.1)
    plain = decayed_points(model, loss, strengths, seed=0)
    units = np.array([1e3, 1e-2])
    data = SquaredError(loss.inputs * units, loss.targets * 1e2)
    own = strengths.copy()  # with the weights of the first layer divided by the units, those of the second times 100
    own[model.places["W1"][0]] *= 1e4 * units**2
    scaled = decayed_points(model, data, own, seed=5)
    assert (plain.complete, scaled.complete) == (True, True)
    assert np.abs(scaled.losses[:, None] / 1e4 - plain.losses).min(axis=0).max() < 1e-9
    assert np.allclose(np.array(scaled.least) / 1e4, plain.least, rtol=1e-9)


@pytest.mark.parametrize("text", ["linear(1,2,2)", "mlp(1,2,1; x^2 + x)", "mlp(1,1,1; x^2; bias)", "attention(1,1; a=1; t=2)"])
def test_points_are_critical_for_the_network_itself(text):
    model, loss, strengths = problem(text, 6, 0, 0.1)
    found = decayed_points(model, loss, strengths, seed=0)
    assert (found.complete, found.morse_sum) == (True, 1)
    real = [k for k, truth in enumerate(found.real) if truth == "yes"]
    assert len(real) > 1
    with jax.enable_x64(True):
        value = objective(model, loss, strengths)
        w = jnp.array(found.weights[real].real)
        slopes, hessians, values = (np.asarray(jax.jit(jax.vmap(f))(w)) for f in (jax.grad(value), jax.hessian(value), value))
    assert np.abs(slopes).max() < 1e-10
    assert (np.abs(values - found.losses[real]) <= found.radii[real] + 1e-12 * np.abs(values)).all()
    assert [int((np.linalg.eigvalsh(h) < 0).sum()) for h in hessians] == [found.index[k] for k in real]
    conjugates = [np.abs(found.weights - z.conj()).max(axis=1).min() for z in found.weights]
    assert max(conjugates) < 1e-9


@pytest.mark.parametrize(("text", "samples"), [("mlp(2,1,1; x^2)", 6), ("linear(1,2,2)", 3), ("mlp(1,2,1; x^2 + x)", 6)])
def test_descents_end_at_listed_minima_only(text, samples):
    model, loss, strengths = problem(text, samples, 4, 0.1)
    found = decayed_points(model, loss, strengths, seed=0)
    assert found.complete
    with jax.enable_x64(True):
        value = objective(model, loss, strengths)
        slope, hessian = jax.vmap(jax.grad(value)), jax.vmap(jax.hessian(value))
        values = jax.vmap(value)

        @jax.jit
        def step(w, radius):
            sizes, turned = jnp.linalg.eigh(hessian(w))
            g = jnp.einsum("bik,bi->bk", turned, slope(w))
            move = -jnp.einsum("bik,bk->bi", turned, g / jnp.maximum(jnp.abs(sizes), 1e-6))
            move = move * jnp.minimum(1.0, radius / jnp.maximum(jnp.linalg.norm(move, axis=1), 1e-300))[:, None]
            better = values(w + move) < values(w)
            return jnp.where(better[:, None], w + move, w), jnp.where(better, jnp.minimum(2 * radius, 0.3), radius / 2)

        w, radius = jnp.array(np.random.default_rng(0).normal(size=(200, model.parameters))), jnp.full(200, 0.1)
        for _ in range(150):  # Newton's steps with the moduli of eigenvalues go down; each is kept only where the objective falls
            w, radius = step(w, radius)
        ends = np.asarray(w)
    minima = found.weights[list(found.minima)].real
    off = np.abs(ends[:, None] - minima[None]).max(axis=2)
    assert off.min(axis=1).max() < 1e-6
    reached = {found.minima[k] for k in off.argmin(axis=1)}
    assert reached & set(found.minimizers)


def test_the_global_minimum_is_the_least_of_the_list():
    model, loss, strengths = problem("mlp(2,1,1; x^2)", 6, 2, 0.01)
    found = decayed_points(model, loss, strengths, seed=0)
    low, high = found.least
    assert 0 <= high - low < 1e-10
    assert low <= min(found.losses[list(found.minima)].real) <= high
    assert len(found.minimizers) == 2  # the sign of the hidden neuron's weights
    again = decayed_points(model, loss, strengths, seed=0)
    assert np.array_equal(found.weights, again.weights)
    other = decayed_points(model, loss, strengths, seed=7)
    assert abs(other.least[0] - low) < 1e-10


def test_points_with_a_dead_neuron_are_those_of_the_smaller_network():
    model, loss, strengths = problem("linear(1,2,2)", 3, 1)
    found = decayed_points(model, loss, strengths, seed=0)
    first = [p for name in model.places for p in model.places[name].reshape(-1)]
    assert first == list(range(6))
    w1, w2 = model.places["W1"], model.places["W2"]
    kept = [*w1[0], *w2[:, 0]]
    small = decayed_points(as_model("linear(1,1,2)"), loss, strengths[kept], seed=0)
    dead = np.abs(found.weights[:, [*w1[1], *w2[:, 1]]]).max(axis=1) < 1e-9
    assert dead.sum() == len(small.weights) == 9
    for z in small.weights:
        assert np.abs(found.weights[dead][:, kept] - z).max(axis=1).min() < 1e-9


@pytest.mark.parametrize("text", ["linear(2,1,2)", "linear(2,2,1)", "linear(1,2,1)"])
def test_equal_strengths_are_the_nuclear_norm(text):
    """min over w of |W - T|^2 + s sum w^2 is that over W of |W - T|^2 + 2 s |W|_*: singular values shrink by s."""
    model, rng = as_model(text), np.random.default_rng(5)
    target, strength = rng.normal(size=(model.outputs, model.inputs)) * 2, 0.3
    inputs = np.eye(model.inputs) * np.sqrt(model.inputs)
    loss = SquaredError(inputs, inputs @ target.T)
    sizes = np.linalg.svd(target, compute_uv=False)
    rank = min(model.places["W1"].shape)
    kept, lost = sizes[:rank], sizes[rank:]
    expected = (lost**2).sum() + sum(x**2 - max(x - strength, 0) ** 2 for x in kept)
    low, high = least_with_decay(model, loss, strength, seed=0)
    assert low <= expected * (1 + 1e-14)
    assert expected * (1 - 1e-14) <= high <= low * 1.003


@pytest.mark.parametrize("text", ["linear(1,2,1)", "linear(2,2,1)"])
def test_orbits_of_critical_points_are_said(text):
    model, loss, _ = problem(text, 3, 0)
    found = decayed_points(model, loss, 0.1, seed=0)
    assert not found.complete
    assert "group of dimension" in found.reason
    assert found.least is None
    assert len(found.weights) == 1  # all weights zero is the one critical point that rotations of the hidden neurons leave where it is
    assert np.abs(found.weights).max() < 1e-12


def test_equal_strengths_without_such_a_symmetry():
    model, loss, _ = problem("mlp(1,2,1; x^2)", 5, 0)
    found = decayed_points(model, loss, 0.02, seed=0)
    assert (found.complete, len(found.weights), found.morse_sum) == (True, 33, 1)
    low, high = least_with_decay(model, loss, 0.02, seed=0)
    assert low <= found.least[0] <= found.least[1] <= high


def test_no_decay_leaves_whole_fibers():
    model, loss, _ = problem("linear(2,1,2)", 4, 0)
    found = decayed_points(model, loss, 0.0, seed=0)
    assert not found.complete
    assert found.least is None


def test_a_degenerate_point_is_said():
    """(a b - 1)^2 + a^2 + b^2 has the Hessian ((2, -2), (-2, 2)) at 0."""
    found = decayed_points(as_model("linear(1,1,1)"), SquaredError(np.ones((1, 1)), np.ones((1, 1))), [1.0, 1.0], seed=0)
    assert not found.complete
    assert "degenerate" in found.reason
    assert np.abs(found.degenerate).max() < 1e-3
    assert len(found.weights) == 2


def test_other_losses():
    """The mean over standard normal inputs of (a b x - 2 x)^2 is (a b - 2)^2."""
    model = as_model("linear(1,1,1)")
    found = decayed_points(model, Distance("gaussian", {(0, (1,)): 2}), 0.2, seed=0)
    assert found.complete
    assert found.least[0] - 1e-15 <= 4 - 1.8**2 <= found.least[1] + 1e-15


def test_unusable_input():
    model, loss, _ = problem("linear(2,1,2)", 4, 0)
    for wrong in (-0.1, np.nan, [0.1, 0.2], [0.1, 0.1, 0.1, -1e-9], "much", np.inf):
        with pytest.raises(InputError, match="strength"):
            decayed_points(model, loss, wrong, seed=0)
    with pytest.raises(InputError, match="zero"):
        least_with_decay(model, loss, [0.1, 0.1, 0.1, 0.0], seed=0)
    with pytest.raises(InputError, match="spread"):
        least_with_decay(model, loss, 0.1, seed=0, spread=0.0)
    with pytest.raises(InputError, match="seed"):
        decayed_points(model, loss, 0.1, seed=-1)
    large, many, _ = problem("mlp(3,3,1; x^2)", 5, 0)
    with pytest.raises(ResourceError, match="60,000"):
        decayed_points(large, many, 0.1, seed=0)
    wide, much, _ = problem("linear(9,9)", 12, 0)
    with pytest.raises(ResourceError, match="81 weights"):
        decayed_points(wide, much, 0.1, seed=0)
    rational, data, _ = problem("mlp(1,1,1; 1/(x^2 + 1))", 4, 0)
    with pytest.raises(InputError, match="rational"):
        decayed_points(rational, data, 0.1, seed=0)
