"""Local learning coefficients of losses: regular ones, singular ones, of JAX and of torch, with the same seed and another."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.learning.local_coefficient import jax_loss, local_learning_coefficient, torch_loss

INPUTS = np.random.default_rng(0).standard_normal((400, 6))


def squares(w):
    return 0.5 * jnp.mean((INPUTS @ w["a"]) ** 2)


def regular(**options):
    return local_learning_coefficient(jax_loss(squares, {"a": np.zeros(6)}, 400), localization=0.5, **options)


def test_a_regular_loss_has_half_of_its_parameters():
    """Up to what the prior takes away: at b = n/log n sums h b/(h b + g) of curvatures h."""
    b, curvatures = 400 / np.log(400), np.linalg.eigvalsh(INPUTS.T @ INPUTS / 400)
    truth = 0.5 * float((curvatures * b / (curvatures * b + 0.5)).sum())
    found = regular(draws=150)
    assert found.low < truth < found.high
    assert found.value == pytest.approx(truth, rel=0.15)
    assert found.calibration == pytest.approx(1, abs=0.15)
    assert found.rhat < 1.1
    assert found.below == 0
    assert "an estimate" in str(found)


def test_the_same_seed_gives_the_same_answer():
    assert regular(draws=5, warm=5) == regular(draws=5, warm=5)
    assert regular(draws=5, warm=5) != regular(draws=5, warm=5, seed=1)


def test_a_singular_loss_has_less():
    """(x y)^2 with (1/2, 2) in place of two regular parameters, which would have 1."""
    found = local_learning_coefficient(jax_loss(lambda w: (w[0] * w[1]) ** 2, np.zeros(2), 10**6), localization=1.0, draws=150)
    assert found.high < 0.6


@pytest.mark.parametrize(
    ("functions", "dimension", "samples", "truth"),
    [
        (lambda w: (w[0] * (1 - 2 * w[0]) ** 6) ** 2, 1, 10**4, 0.5),
        (lambda w: (w[0] * (1 - 2 * w[0]) ** 6) ** 2, 1, 10**6, 0.5),
        (lambda w: (w**2).sum() * (1 - 2 * w[0]) ** 6, 3, 10**5, 1.5),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_a_zero_nearby_does_not_answer(functions, dimension, samples, truth, seed):
    """At w = 1/2 the loss is 0 too, and far flatter: by a prior of width 1 alone these were told as 0.1, 0.3 and 0.8."""
    found = local_learning_coefficient(jax_loss(functions, np.zeros(dimension), samples), localization=1.0, draws=150, seed=seed)
    assert found.nearby
    assert (found.localization, found.other[0]) == (64.0, 1.0)
    assert found.other[1] < 0.7 * truth < found.value < 1.3 * truth
    assert "other weights with as small a loss lie within that" in str(found)


def test_a_narrower_prior_says_no_more_of_a_loss_without_other_zeros():
    found = regular(draws=60)
    assert not found.nearby
    assert (found.localization, found.other[0]) == (0.5, 32.0)
    assert found.other[1] < found.value
    assert "other weights" not in str(found)


def test_torch_and_jax_agree():
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(6, 1, bias=False).double()
    with torch.no_grad():
        module.weight.zero_()
    x, y = torch.as_tensor(INPUTS), torch.zeros(400, 1, dtype=torch.double)
    batches = [(x[:150], y[:150]), (x[150:], y[150:])]
    other = torch_loss(module, batches, lambda out, target: 0.5 * ((out - target) ** 2).mean())
    mine = jax_loss(squares, {"a": np.zeros(6)}, 400)
    places = np.random.default_rng(1).standard_normal((3, 6))
    for a, b in zip(other.evaluate(places), mine.evaluate(places), strict=True):
        assert np.allclose(a, b)
    assert other.samples == 400
    assert module.training
    assert not module.weight.any()


def test_what_cannot_be_asked():
    with pytest.raises(nv.InputError, match="at least 3 samples"):
        local_learning_coefficient(jax_loss(squares, {"a": np.zeros(6)}, 2))
    with pytest.raises(nv.InputError, match="finite number"):
        local_learning_coefficient(jax_loss(lambda w: jnp.log(w[0]), -np.ones(1), 100))
    torch = pytest.importorskip("torch")
    with pytest.raises(nv.InputError, match="at least one batch"):
        torch_loss(torch.nn.Linear(1, 1), [], torch.nn.functional.mse_loss)
