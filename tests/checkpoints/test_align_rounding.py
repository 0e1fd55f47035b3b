"""Alignment says yes of equal functions alone: files rewritten in their own type, noise on weights, bounds that hold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurovariety as nv
from neurovariety.certificates.network_distance import bound as kernel_bound
from neurovariety.checkpoints.rank.perturbation_bound import change_bound
from neurovariety.claim import Claim

from .random_networks import notation

ml_dtypes = pytest.importorskip("ml_dtypes")
TYPES = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
DEGREES = {"relu": 1, "leaky_relu": 1, "abs": 1, "x^2": 2, "tanh": 1}


def stored(widths, dtype, seed):
    rng = np.random.default_rng(seed)
    out = {}
    for k, (n, m) in enumerate(pairwise(widths)):
        out[f"w{k}"] = (rng.normal(size=(m, n)) / np.sqrt(n)).astype(dtype)
        out[f"b{k}"] = (0.1 * rng.normal(size=m)).astype(dtype)
    return out


def rewritten(weights, activation, powers_of_two, seed):
    """The same function with hidden neurons permuted and scaled, and everything stored in its type again."""
    rng = np.random.default_rng([seed, 1])
    out = {k: v.astype(np.float64) for k, v in weights.items()}
    for k in range(len(weights) // 2 - 1):
        n = len(out[f"w{k}"])
        scale = 2.0 ** rng.integers(-2, 3, size=n) if powers_of_two else np.exp(rng.normal(size=n) / 2)
        scale = rng.choice([-1.0, 1.0], size=n) if activation == "tanh" else scale
        order = rng.permutation(n)
        out[f"w{k}"] = (out[f"w{k}"] * scale[:, None])[order]
        out[f"b{k}"] = (out[f"b{k}"] * scale)[order]
        out[f"w{k + 1}"] = (out[f"w{k + 1}"] / scale ** DEGREES[activation])[:, order]
    return {k: v.astype(weights[k].dtype) for k, v in out.items()}


def aligned(one, two, widths, activation):
    return nv.align(*(nv.load_network(w, architecture=notation(widths, activation)) for w in (one, two)))


def largest_difference(one, two, widths, activation, radius):
    x = np.random.default_rng(5).normal(size=(200, widths[0]))
    x *= radius / np.linalg.norm(x, axis=1, keepdims=True)
    a, b = (nv.load_network(w, architecture=notation(widths, activation)).evaluate(x) for w in (one, two))
    return float(np.linalg.norm(a - b, axis=1).max())


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: np.dtype(t).name)
@pytest.mark.parametrize("activation", DEGREES)
def test_a_file_against_its_own_rewriting(activation, dtype):
    widths = (4, 6, 5, 2)
    one = stored(widths, dtype, 3)
    if dtype is not np.float16:  # whose smallest numbers have fewer digits, so that halving rounds
        found = aligned(one, rewritten(one, activation, True, 3), widths, activation)
        assert found.value["same"] == found.value["related"] == "yes"
        assert found.value["exact"]
        assert found.value["bound"] == 0
        assert found.claim is Claim.PROVED
    two = rewritten(one, activation, False, 3)
    found = aligned(one, two, widths, activation)
    if activation == "tanh":
        assert found.value["same"] == "yes"
        return
    assert found.value["same"] == found.value["related"] == "within"
    assert found.claim is Claim.PROVED
    assert largest_difference(one, two, widths, activation, found.value["box"]) <= found.value["bound"]
    assert found.value["bound"] < 2**16 * (1 if activation == "x^2" else 1 / 64) * float(ml_dtypes.finfo(dtype).eps)
    assert "at most" in found.meaning
    assert "same function" not in found.meaning


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(TYPES), st.sampled_from(sorted(DEGREES)), st.sampled_from([0.03, 0.05]))
def test_noise_on_any_one_weight_is_never_the_same(seed, dtype, activation, noise):
    widths = (3, 4, 2)
    one = stored(widths, dtype, seed)
    two = {k: v.copy() for k, v in one.items()}
    rng = np.random.default_rng(seed)
    flat = two[sorted(two)[rng.integers(len(two))]].reshape(-1)
    place = rng.integers(len(flat))
    flat[place] = dtype(float(flat[place]) * (1 + noise))
    found = aligned(one, two, widths, activation)
    assert found.value["same"] != "yes"
    if found.value["same"] == "within":
        assert largest_difference(one, two, widths, activation, found.value["box"]) <= found.value["bound"] * (1 + 1e-9)
    if dtype in (np.float32, np.float64):
        assert found.value["same"] == "no"


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: np.dtype(t).name)
@pytest.mark.parametrize("activation", ["relu", "x^2", "tanh"])
def test_noise_on_all_weights_makes_another_function(activation, dtype):
    widths = (8, 16, 3)
    one = stored(widths, dtype, 1)
    rng = np.random.default_rng(2)
    two = {k: (v.astype(np.float64) * (1 + 0.05 * rng.normal(size=v.shape))).astype(dtype) for k, v in one.items()}
    assert aligned(one, two, widths, activation).value["same"] == "no"


def test_a_coarse_tensor_excuses_no_other_one():
    widths = (4, 6, 2)
    one = stored(widths, np.float32, 0)
    one["b1"] = one["b1"].astype(np.float16)
    two = one | {"w0": one["w0"].copy()}
    two["w0"][2, 1] *= np.float32(1.0001)
    assert aligned(one, two, widths, "relu").value["same"] == "no"


def test_a_large_weight_excuses_no_small_neuron():
    """The other neuron's weights are a million times larger, and no scale for this one."""
    one = {"w0": np.array([[1e6, -1e6], [1.0, 2.0]]), "b0": np.zeros(2), "w1": np.ones((1, 2)), "b1": np.zeros(1)}
    two = one | {"w0": np.array([[1e6, -1e6], [1.0, 2.1]])}
    found = aligned(one, two, (2, 2, 1), "sigmoid")
    assert found.value["same"] == "no"


def test_outputs_too_large_for_floats_are_no_agreement():
    one = {"w0": np.full((2, 2), 1e200), "b0": np.zeros(2), "w1": np.full((1, 2), 1e200), "b1": np.zeros(1)}
    two = one | {"w1": np.array([[1e200, 2e200]])}
    assert aligned(one, two, (2, 2, 1), "softplus").value["same"] in ("undecided", "no")
    assert aligned(one, two, (2, 2, 1), "relu").value["same"] == "no"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["relu", "abs", "tanh", "x^2", "x^3 + x", "gelu"]), st.integers(-40, 40))
def test_bounds_hold_whatever_the_units(seed, activation, power):
    widths = (3, 4, 3, 2)
    one = stored(widths, np.float64, seed)
    one["w1"] = one["w1"] * 2.0**power
    rng = np.random.default_rng(seed)
    two = {k: v * (1 + 1e-6 * rng.normal(size=v.shape)) for k, v in one.items()}
    a, b = (nv.load_network(w, architecture=notation(widths, activation)) for w in (one, two))
    seen = largest_difference(one, two, widths, activation, 2.0)
    for bound in (change_bound, kernel_bound):
        assert seen <= bound(a, b, 2.0) * (1 + 1e-9)
        assert bound(a, a, 2.0) == 0


def test_a_change_far_below_a_double_is_no_equality():
    """The squares of the differences are 0 in float64, and so are products of them."""
    one = {"w0": np.array([[1e-200, 1e-200]]), "w1": np.array([[1e-200]])}
    two = {"w0": np.array([[2e-200, 1e-200]]), "w1": np.array([[1e-200]])}
    a, b = (nv.load_network(w, architecture="mlp(2,1,1; relu)") for w in (one, two))
    assert change_bound(a, b, 1.0) > 0
    assert kernel_bound(a, b, 1.0) > 0
