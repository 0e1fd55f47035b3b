"""Tangent kernels: exact ranks, spectra, what a dead neuron does, and input that cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurovariety import Claim, InputError, as_model, tangent_kernel
from neurovariety.dictionary.tangent_kernel import _glosses


@pytest.mark.parametrize(
    ("weights", "rank"), [([1, 2, 1, -1], 3), ([0, 0, 1, -1], 2), ([1, "1/3", 0, 0], 2), ([0, 0, 0, 0], 0), ([1, 0, 1, 0], 3)]
)
def test_rank_one_matrices(weights, rank):
    found = tangent_kernel("linear(2,1,2)", metric="frobenius", teacher="x0; x1", weights=weights)
    assert (found.value["rank"], found.value["generic"], found.claim) == (rank, 3, Claim.PROVED)
    assert sum(v > 1e-9 for v in found.evidence["spectrum"]) == rank


def test_rank_by_formula():
    """For two linear layers: r1 d2 + r2 d0 - r1 r2 at weights of ranks r1 and r2 (Trager, Kohn, Bruna 2020)."""
    rng = np.random.default_rng(0)
    for r1, r2 in ((2, 2), (1, 2), (2, 1), (1, 1)):
        first = rng.integers(-3, 4, (2, r1)) @ rng.integers(-3, 4, (r1, 3))
        second = rng.integers(-3, 4, (3, r2)) @ rng.integers(-3, 4, (r2, 2))
        r1, r2 = np.linalg.matrix_rank(first), np.linalg.matrix_rank(second)
        weights = [*first.reshape(-1).tolist(), *second.reshape(-1).tolist()]
        found = tangent_kernel("linear(3,2,3)", metric="frobenius", teacher="x0; x1; x2", weights=weights)
        assert found.value["rank"] == r1 * 3 + r2 * 3 - r1 * r2


def test_spectrum_is_that_of_the_jacobian():
    """Against finite differences of the network itself."""
    import jax.numpy as jnp

    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 2)), rng.normal(size=(7, 1))
    model = as_model("mlp(2,2,1; x^2; bias)")
    weights = np.round(rng.normal(size=model.parameters) * 16) / 16
    found = tangent_kernel(model, data=(x, y), weights=weights.tolist())

    def outputs(flat):
        leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        return np.array([float(np.asarray(model.function(model.tree(leaves), jnp.asarray(v), jnp.zeros(0)))[0]) for v in x])

    step = 1e-2
    slopes = np.array([(outputs(weights + step * e) - outputs(weights - step * e)) / (2 * step) for e in np.eye(len(weights))]).T
    values = np.linalg.svd(slopes, compute_uv=False) ** 2
    assert np.allclose(found.evidence["spectrum"][: len(values)], values, rtol=2e-2, atol=1e-2 * values[0])
    assert found.value["condition"] == pytest.approx(found.value["largest"] / found.value["smallest"])


def test_what_does_not_move_is_not_the_slowest():
    """Of more errors than directions the rest stays, and is said to where the rank is sure."""
    stated = tangent_kernel("linear(2,1,2)", metric="frobenius", teacher="x0; x1", weights=[1, 2, 1, -1])
    assert "as the slowest of the 3 that move, in floating point; at these weights the rest of the error stays" in stated.meaning
    given = tangent_kernel("linear(1,1,1)", data=([[1], [2]], [[1], [1]]), weights=[1, 2])
    assert given.meaning.endswith("1 part of the error shrinks; at these weights the rest of the error stays")
    for parts, sure in ((3, True), (4, False)):
        (speeds,) = _glosses(stated.value, parts, sure)
        assert speeds.text.endswith(" times as fast as the slowest, in floating point")


def test_along_training():
    rng = np.random.default_rng(2)
    data = (rng.normal(size=(30, 2)), rng.normal(size=(30, 1)))
    found = tangent_kernel("mlp(2,2,1; x^2)", data=data, seed=5)
    training = found.evidence["training"]
    assert training["losses"] == sorted(training["losses"], reverse=True)
    assert max(training["ranks"]) <= found.value["generic"] == 3
    assert training["spectra"][0] == pytest.approx(found.evidence["spectrum"])
    # a dead neuron stays dead, and the kernel with it
    dead = tangent_kernel("mlp(2,2,1; x^2)", data=data, weights=[1, 2, 0, 0, 1, 0])
    assert dead.value["rank"] == 2
    assert set(dead.evidence["training"]["ranks"]) == {2}
    assert dead.evidence["by_block"] == {"W1": 2, "W2": 1}


def test_verify_and_json():
    found = tangent_kernel("mlp(2,1,1; x^2)", metric="gaussian", teacher="x0^2", weights=[1, 2, 3])
    assert found.rerun().value == found.value
    assert json.loads(json.dumps(found.to_dict()))["value"]["rank"] == 2


def test_bad_input():
    with pytest.raises(InputError, match="has 4 parameters, got 3 weights"):
        tangent_kernel("linear(2,1,2)", metric="frobenius", weights=[1, 2, 3])
    with pytest.raises(InputError, match=r"weights: expected a list of finite numbers such as 2, 1/3 or 0.5, got 'x'"):
        tangent_kernel("linear(2,1,2)", metric="frobenius", weights=[1, 2, 3, "x"])
    with pytest.raises(InputError, match="training needs data"):
        tangent_kernel("linear(2,1,2)")
