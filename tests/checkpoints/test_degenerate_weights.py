"""Diagnosis of networks with dead, resting and duplicate units, zero matrices, weights of any size: no traceback, nothing false."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurovariety as nv
from neurovariety.checkpoints.rank.float_jacobian import float_jacobian
from neurovariety.checkpoints.rank.linearization import linearized, with_tangents
from neurovariety.claim import Claim

from .random_networks import notation

PIECEWISE = ("relu", "leaky_relu", "abs", "relu6", "hardtanh")


def checked(weights, architecture):
    """The diagnosis, written out in all ways."""
    found = nv.diagnose(weights, architecture=architecture)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.summary()
    assert found.value["generic"] is None or found.value["rank"] <= found.value["generic"] <= found.value["parameters"]
    return found


def singular_rank(network, *, size=3.0):
    """A second route: float64 singular values at many inputs, with slope 0 for entries that rest at a kink."""
    x = size * np.random.default_rng(7).normal(size=(300, *network.input_shape))
    s = np.linalg.svd(float_jacobian(linearized(network), network, x), compute_uv=False)
    return int((s > 1e-11 * max(s.max(initial=0.0), 1e-300)).sum())


def test_a_dead_relu_unit():
    found = checked({"w1": [[1, 2], [0, 0], [3, 1]], "w2": [[1, 1, 1]]}, "mlp(2,3,1; relu)")
    assert found.value["rank"] == 4
    assert found.claim is Claim.LOWER_BOUND
    assert found.value["redundant"] == {"constant": 1}
    assert found.evidence["rank"]["resting_at_kinks"] == 1
    assert "at a kink at every input" in found.meaning


@pytest.mark.parametrize("activation", [*PIECEWISE, "tanh", "sigmoid", "x^2", "x^3 + x"])
def test_all_weights_zero(activation):
    zero = {"w0": np.zeros((3, 2)), "b0": np.zeros(3), "w1": np.zeros((2, 3)), "b1": np.zeros(2)}
    found = checked(zero, notation((2, 3, 2), activation))
    assert found.value["smallest"] < found.value["parameters"]
    assert found.value["rank"] == 2  # the biases of the outputs


@pytest.mark.parametrize("activation", PIECEWISE)
def test_a_whole_layer_that_is_always_off(activation):
    dead = {
        "w0": np.zeros((2, 2)),
        "b0": np.full(2, -9.0),
        "w1": np.ones((2, 2)),
        "b1": np.zeros(2),
        "w2": np.ones((1, 2)),
        "b2": np.zeros(1),
    }
    found = checked(dead, notation((2, 2, 2, 1), activation))
    assert 1 <= found.value["rank"] <= singular_rank(nv.load_network(dead, architecture=notation((2, 2, 2, 1), activation)))
    assert found.claim is Claim.LOWER_BOUND


@pytest.mark.parametrize("activation", [*PIECEWISE, "tanh", "x^2", "softplus", "exp"])
@pytest.mark.parametrize("size", [1e200, 8e307, 1e-200, 5e-324])
def test_weights_of_any_size(activation, size):
    for place in ("w0", "w1"):
        weights = {"w0": np.array([[1, 0.5], [-0.5, 0.25]]), "w1": np.array([[1.0, -0.5]])}
        weights[place] = weights[place] * size
        found = checked(weights, notation((2, 2, 1), activation, bias=False))
        if found.value["rank"] is None:
            assert found.claim is Claim.UNDECIDED
            assert found.notices
        assert all(np.isfinite(s["relative"]) for s in found.evidence["near"])
        nv.prune(weights, architecture=notation((2, 2, 1), activation, bias=False), tolerance=0.3)


def test_distances_do_not_depend_on_units():
    weights = {"w0": np.array([[1, 0.5], [-0.5, 0.25], [1, 1]]), "w1": np.array([[1.0, -0.5, 0.25]])}
    found = []
    for power in (0, 700, -700):
        source = {k: np.ldexp(v, power if k == "w0" else 0) for k, v in weights.items()}
        found.append(checked(source, "mlp(2,3,1; relu)").evidence["near"])
    for near in found[1:]:
        assert [s["relative"] for s in near] == [s["relative"] for s in found[0]]


def test_a_tiny_weight_is_not_zero():
    found = checked({"w0": [[1.0, 2.0], [1e-200, 0.0]], "w1": [[1.0, 1.0]]}, "mlp(2,2,1; tanh)")
    assert found.value["redundant"] == {}
    constant = next(s for s in found.evidence["near"] if s["stratum"] == "constant neuron")
    assert constant["distance"] == 1e-200


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("entry", [nv.diagnose, nv.prune])
def test_what_is_no_number_is_refused_in_one_sentence(entry, bad):
    with pytest.raises(nv.InputError, match="no finite real numbers") as error:
        entry({"w0": [[1.0, bad]], "w1": [[1.0]]}, architecture="mlp(2,1,1; relu)")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_short_types(name):
    dtype = getattr(pytest.importorskip("ml_dtypes"), name) if name == "bfloat16" else np.dtype(name)
    weights = {k: np.asarray(v).astype(dtype) for k, v in {"w0": [[1, 0.1], [1, 0.1], [2, 3]], "w1": [[1, 1, 0.3]]}.items()}
    found = checked(weights, "mlp(2,3,1; relu)")
    assert found.value["redundant"] == {"equal": 1}


def test_inputs_at_kinks_are_moved():
    """All given inputs are 0, where every unit without bias is at its kink; the general directions are found all the same."""
    weights = {"w0": [[1.0, 2.0], [-1.0, 1.0]], "w1": [[1.0, 3.0]]}
    found = nv.diagnose(weights, architecture="mlp(2,2,1; relu)", data=np.zeros((5, 2)))
    assert found.evidence["rank"]["inputs_left_out"] == found.evidence["rank"]["resting_at_kinks"] == 0
    assert found.value["rank"] == 4
    source = nv.load_network(weights, architecture="mlp(2,2,1; relu)")
    at = with_tangents(linearized(source), np.zeros((4, 2)))
    assert len(at.rows) == 4


def test_a_rank_from_too_few_rows_says_what_it_is_limited_by():
    """A lower bound where a minor shows it; singular values in float64 are an estimate, whatever they are limited by."""
    rng = np.random.default_rng(0)
    weights = {"w0": rng.normal(size=(60, 50)) / 7, "w1": rng.normal(size=(1, 60)) / 8}
    found = nv.diagnose(weights, architecture="mlp(50,60,1; tanh)")
    assert found.claim is Claim.ESTIMATE
    assert "64 rows of the Jacobian" in found.meaning
    assert "are critical" not in found.meaning


@st.composite
def degenerate(draw):
    """A small network with planted zero rows, duplicates, multiples, cancelling and unread units; weights are eighths."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    activation = draw(st.sampled_from([*PIECEWISE, "tanh", "x^2", "x^3"]))
    bias = draw(st.booleans())
    widths = (int(rng.integers(1, 4)), *(int(rng.integers(1, 5)) for _ in range(draw(st.integers(1, 3)))), int(rng.integers(1, 3)))
    weights, planted = {}, 0
    for k, (n, m) in enumerate(pairwise(widths)):
        w = rng.integers(1, 17, size=(m, n)) * rng.choice([-1, 1], size=(m, n)) / 8
        b = rng.integers(1, 17, size=m) * rng.choice([-1, 1], size=m) / 8
        for i in range(m if k < len(widths) - 2 else 0):
            kind = rng.integers(7)
            if kind == 0:
                w[i], b[i] = 0, b[i] * rng.integers(2)
            elif kind == 1 and i:
                w[i], b[i] = w[i - 1], b[i - 1]
                planted += 1
            elif kind == 2 and i and activation in ("relu", "leaky_relu", "abs", "x^2", "x^3"):
                w[i], b[i] = 2 * w[i - 1], 2 * b[i - 1]
                planted += 1
            elif kind == 3:
                b[i] = -100
        if k:
            w[:, rng.random(n) < 0.1] = 0
        weights[f"w{k}"] = w
        if bias:
            weights[f"b{k}"] = b
    return weights, notation(widths, activation, bias), planted


@settings(max_examples=8, deadline=None)
@given(degenerate())
def test_nothing_false_is_said_of_degenerate_networks(made):
    weights, architecture, planted = made
    found = checked(weights, architecture)
    source = nv.load_network(weights, architecture=architecture)
    assert sum(found.value["redundant"].values()) >= min(planted, 1)
    if "x^" not in architecture:  # whose columns differ too much in size for floats
        floats = singular_rank(source)
        assert found.value["rank"] <= floats or found.claim is Claim.ESTIMATE
    small = nv.prune(weights, architecture=architecture)
    x = np.random.default_rng(1).integers(-40, 40, size=(8, *source.input_shape)) / 8
    assert np.allclose(source.evaluate(x), small.network.evaluate(x), rtol=1e-9, atol=1e-9 * np.abs(source.evaluate(x)).max())
    if "tanh" not in architecture.replace("hardtanh", ""):
        assert np.all(source.evaluate_exact(x) == small.network.evaluate_exact(x))
