"""Alignment: symmetries are found, other functions are told apart, and the canonical form agrees."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.checkpoints.canonical_form import same_weights
from neurovariety.claim import Claim

from .random_networks import ACTIVATIONS, arrays, network, notation, related

WIDTHS = (3, 5, 4, 2)


@pytest.mark.parametrize("activation", ["x^2", "x^3 + x^2", "relu", "tanh"])
def test_random_symmetries(activation):
    tried, aligned = size(12, 100), 0
    for seed in range(tried):
        source = network(WIDTHS, activation, seed)
        found = nv.align(source, related(source, seed), seed=seed)
        aligned += found.value["same"] == "yes" and found.value["exact"] and found.claim is Claim.PROVED
    assert aligned == tried


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "x"])
def test_canonical_forms_agree_exactly_for_related_networks(activation):
    for seed in range(3):
        source = network(WIDTHS, activation, seed)
        other = related(source, seed)
        assert not same_weights(source, other)
        assert same_weights(nv.canonical_form(source), nv.canonical_form(other))
        assert not same_weights(nv.canonical_form(source), nv.canonical_form(network(WIDTHS, activation, seed + 50)))
        x = np.random.default_rng(seed).normal(size=(5, 3))
        assert np.allclose(nv.canonical_form(source).evaluate(x), source.evaluate(x), rtol=1e-6)


@pytest.mark.parametrize("activation", ["x^2", "relu", "tanh", "x"])
def test_the_symmetry_that_is_returned_is_the_one_that_was_applied(activation):
    source = network(WIDTHS if activation != "x" else (4, 3, 3, 3), activation, 7)  # of matrices, nothing must be redundant
    other = related(source, 7)
    found = nv.align(source, other)
    assert same_weights(found.network, other)
    assert len(found.evidence["symmetry"]) == 2


@pytest.mark.parametrize("activation", ["x^2", "relu", "x"])
def test_rounded_weights_are_aligned_within_rounding(activation):
    source = network(WIDTHS if activation != "x" else (4, 3, 3, 3), activation, 3)
    other = related(source, 3)
    rounded = other.with_weights({k: np.asarray(v).astype(np.float64).astype(np.float32) for k, v in other.weights.items()})
    found = nv.align(source, rounded)
    assert found.value["same"] == found.value["related"] == "within"
    assert found.value["exact"] is False
    assert found.claim is Claim.PROVED
    assert 0 < found.value["residual"] < 1e-4
    x = np.random.default_rng(0).normal(size=(100, *source.input_shape))
    x *= found.value["box"] / np.linalg.norm(x, axis=1, keepdims=True)
    seen = np.linalg.norm(source.evaluate(x) - rounded.evaluate(x), axis=1).max()
    assert 0 < seen <= found.value["bound"] < (1e4 if activation == "x^2" else 1e-2)


@pytest.mark.parametrize("activation", ["x^2", "x^3 + x^2", "relu", "abs", "x"])
def test_other_functions_are_told_apart_with_an_exact_input(activation):
    one, two = network(WIDTHS, activation, 1), network(WIDTHS, activation, 2)
    found = nv.align(one, two)
    assert found.value["same"] == "no"
    assert found.claim is Claim.PROVED
    x = np.array([Fraction(v) for v in found.value["input"]], dtype=object)[None]
    assert np.any(one.evaluate_exact(x) != two.evaluate_exact(x))


def test_a_small_change_of_one_weight_is_seen():
    one = network(WIDTHS, "relu", 1)
    weights = one.weights["l1.weight"].copy()
    weights[1, 2] += np.float32(1 / 64)
    assert nv.align(one, one.with_weights({"l1.weight": weights})).value["same"] == "no"


def test_transcendental_functions_are_told_apart_in_balls():
    found = nv.align(network(WIDTHS, "tanh", 1), network(WIDTHS, "tanh", 2))
    assert found.value["same"] == "no"
    assert found.claim is Claim.PROVED


def test_redundant_neurons_do_not_hide_the_symmetry():
    """The second network has a copy of a neuron that shares its output weights."""
    made = arrays((2, 3, 1), 4)
    larger = dict(made)
    larger["l0.weight"] = np.vstack([made["l0.weight"], made["l0.weight"][:1]])
    larger["l0.bias"] = np.concatenate([made["l0.bias"], made["l0.bias"][:1]])
    larger["l1.weight"] = np.hstack([made["l1.weight"], made["l1.weight"][:, :1] / 2])
    larger["l1.weight"][:, 0] /= 2
    one = nv.load_network(made, architecture=notation((2, 3, 1), "relu"))
    two = nv.load_network(larger, architecture=notation((2, 4, 1), "relu"))
    found = nv.align(two, one)
    assert found.value["same"] == "yes"
    assert found.value["exact"]
    assert found.evidence["pruned"] == [4, 0]


def test_one_function_by_no_known_symmetry():
    """4 x^2 as (2x)^2 of one neuron; x1 x2 as two differences of squares that no scaling and permutation relates."""
    one = {"a": [[1, 1], [1, -1]], "b": [[1, -1]]}  # 4 x1 x2
    two = {"a": [[2, 1], [2, -1]], "b": [[Fraction(1, 2), Fraction(-1, 2)]]}  # 4 x1 x2 again
    two = {k: np.array(v, dtype=object) for k, v in two.items()}
    found = nv.align(one, two, architecture="mlp(2,2,1; x^2)")
    assert found.value["same"] == "yes"
    assert found.value["related"] == "no"
    assert found.claim is Claim.PROVED


def test_units_that_no_known_symmetry_relates():
    """relu(x) - relu(-x) = x = relu(x + 3) - relu(-x - 3) - 3, and ReLU's known symmetries do not move kinks. Of one hidden layer the
    normal form decides; with one before it nothing does."""
    one = {"w": [[1.0], [-1.0]], "b": [0.0, 0.0], "v": [[1.0, -1.0]], "c": [0.0]}
    two = {"w": [[1.0], [-1.0]], "b": [3.0, -3.0], "v": [[1.0, -1.0]], "c": [-3.0]}
    found = nv.align(one, two, architecture="mlp(1,2,1; relu; bias)")
    assert found.value["same"] == "yes"
    assert found.verdicts["same"].claim is Claim.PROVED
    first = {"first": [[1.0], [-2.0]], "start": [0.0, 0.0]}
    deep = [{**first, **x, "w": [[1.0, -1.0], [-1.0, 1.0]]} for x in (one, two)]
    found = nv.align(*deep, architecture="mlp(1,2,2,1; relu; bias)")
    assert found.value["same"] == "undecided"
    assert found.claim is Claim.UNDECIDED


def test_shapes_must_agree():
    with pytest.raises(nv.InputError, match="same inputs and outputs"):
        nv.align(network((2, 3, 1), "relu", 0), network((3, 3, 1), "relu", 0))


def test_one_hidden_layer_written_otherwise_is_the_same_function(tmp_path):
    """Slopes of their own, permuted; a product with a half and doubled weights. Another slope is told apart."""
    onnx = pytest.importorskip("onnx")

    def saved(name, *nodes, **arrays):
        x, y = (onnx.helper.make_tensor_value_info(n, 1, s) for n, s in (("x", ["b", 3]), ("y", None)))
        stored = [onnx.numpy_helper.from_array(v.astype(np.float32), k) for k, v in arrays.items()]
        graph = onnx.helper.make_graph([onnx.helper.make_node(*n[:3], **n[3]) for n in nodes], "g", [x], [y], stored)
        onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), str(tmp_path / name))
        return tmp_path / name

    rng, order = np.random.default_rng(0), [2, 0, 3, 1]
    w, b, s, v = rng.normal(size=(3, 4)), rng.normal(size=4), rng.uniform(0.1, 0.4, size=4), rng.normal(size=(4, 2))
    last = ("MatMul", ["r", "v"], ["y"], {})
    own = ("Gemm", ["x", "w", "b"], ["h"], {}), ("PRelu", ["h", "s"], ["r"], {}), last
    half = ("Gemm", ["x", "w", "b"], ["h"], {"alpha": 0.5}), ("Relu", ["h"], ["r"], {}), last
    plain = ("Gemm", ["x", "w", "b"], ["h"], {}), ("Relu", ["h"], ["r"], {}), last
    one = saved("1.onnx", *own, w=w, b=b, s=s, v=v)
    two = saved("2.onnx", *own, w=w[:, order], b=b[order], s=s[order], v=v[order])
    three, four = saved("3.onnx", *half, w=2 * w, b=b, v=v), saved("4.onnx", *plain, w=w, b=b, v=v)
    for pair in ((one, two), (three, four)):
        found = nv.align(*pair)
        assert found.value["same"] == "yes"
        assert found.verdicts["same"].claim is Claim.PROVED
    other = saved("5.onnx", *own, w=w, b=b, s=s * 1.01, v=v)
    assert nv.align(one, other).value["same"] != "yes"
    assert nv.align(three, one).value["same"] == "no"
