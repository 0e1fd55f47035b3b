"""Diagnosis: ranks against independent routes, planted strata with their distances, several activations, data."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety import examples
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers
from neurovariety.checkpoints.layers.layer_symmetries import layer_symmetries
from neurovariety.checkpoints.layers.nearest_strata import nearest_strata
from neurovariety.checkpoints.layers.neuron_rows import nearest_pairs, proportional_classes
from neurovariety.checkpoints.rank.float_jacobian import float_jacobian
from neurovariety.checkpoints.rank.jacobian_rank import jacobian_rank
from neurovariety.checkpoints.rank.linearization import linearized, with_tangents
from neurovariety.checkpoints.rank.spelled_out import spelled_out
from neurovariety.claim import Claim

from .random_networks import arrays, network, notation


def differences(source, x, step=1e-6):
    """The Jacobian of the outputs at x by central differences, in the order of the flat weights."""
    columns = []
    for key in source.trained:
        for index in np.ndindex(source.weights[key].shape):
            pair = []
            for sign in (1, -1):
                moved = source.weights[key].astype(np.float64)
                moved[index] += sign * step
                pair.append(source.evaluate(x, {key: moved}).reshape(-1))
            columns.append((pair[0] - pair[1]) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(
    "activation", ["x^2", "relu", "leaky_relu", "relu6", "abs", "elu", "softplus", "tanh", "sigmoid", "gelu", "silu"]
)
def test_jacobians_of_linearizations_are_those_of_the_network(activation):
    source = network((2, 3, 2), activation, 1)
    x = np.random.default_rng(0).normal(size=(4, 2))
    found = linearized(source)
    assert np.allclose(float_jacobian(found, source, x), differences(source, x), atol=2e-5)
    full = with_tangents(found, x).rows
    assert np.allclose(found.network.evaluate(full), source.evaluate(x))


def test_ranks_of_polynomial_networks_agree_with_the_dictionary():
    for widths, activation in (((2, 3, 1), "x^2"), ((2, 2, 1), "x^3"), ((2, 2, 2, 1), "x^2")):
        found = nv.diagnose(network(widths, activation, 3, bias=False))
        assert found.value["rank"] == found.value["generic"] == nv.dimension(notation(widths, activation, bias=False)).value
        assert found.claim in (Claim.PROVED, Claim.PROBABILITY)


def test_one_input_is_not_enough_and_is_not_used():
    """A trap: one input caps the rank at the number of outputs."""
    found = nv.diagnose(network((3, 4, 2), "x^3", 0, bias=False))
    assert found.value["rank"] == 16 > 2
    assert found.claim is Claim.PROVED
    assert found.evidence["upper_bound"] == 20 - 4


@pytest.mark.parametrize("activation", ["x^3", "relu", "tanh"])
def test_the_rank_falls_where_neurons_are_equal_or_unread(activation):
    made = arrays((3, 4, 2), 2)
    general = nv.diagnose(made, architecture=notation((3, 4, 2), activation))
    assert general.value["rank"] == general.value["generic"] == 26 - (0 if activation == "tanh" else 4)
    made["l0.weight"][1], made["l0.bias"][1] = made["l0.weight"][0], made["l0.bias"][0]
    made["l1.weight"][:, 2] = 0
    found = nv.diagnose(made, architecture=notation((3, 4, 2), activation))
    assert found.value["rank"] < found.value["generic"]
    assert found.value["redundant"] == {"equal": 1, "unread": 1}
    assert ("critical" in found.meaning) == (activation != "relu")  # with kinks general weights may have less rank too
    expected = Claim.ESTIMATE if activation == "tanh" else Claim.PROBABILITY if activation == "x^3" else Claim.LOWER_BOUND
    assert found.claim is expected


def test_the_table_has_what_the_sentence_counts():
    """A matrix of too small a rank, a unit that is always off, and what only shows once another neuron is gone."""
    made = {**arrays((3, 6, 4, 2), 3), "l0.bias": np.full(6, 3.0, dtype=np.float32)}
    made["l0.weight"][1] = 0
    made["l1.weight"][2] = 0
    made["l1.bias"][2] = -1
    made["l2.weight"][:, 3] = 0
    for activation in ("x", "relu", "sigmoid"):
        found = nv.diagnose(made, architecture=notation((3, 6, 4, 2), activation))
        counted = Counter()
        for row in found.evidence["layers"]:
            counted.update(row["redundant"])
        assert dict(counted) == found.value["redundant"] != {}
    bounded = dict(made)
    bounded["l0.weight"], bounded["l0.bias"] = np.eye(6, 3, dtype=np.float32), np.zeros(6, dtype=np.float32)
    bounded["l1.weight"][0], bounded["l1.bias"][0] = -1, -1  # what it reads is never negative
    found = nv.diagnose(bounded, architecture=notation((3, 6, 4, 2), "relu"))
    assert found.value["redundant"]["always off"] == found.evidence["layers"][1]["redundant"]["always off"] == 1


@pytest.mark.parametrize("seed", [0, 1])
def test_relu_ranks_agree_with_floats(seed):
    """Second route: float64 singular values of the same kind of Jacobian at many inputs."""
    source = network((2, 4, 3, 1), "relu", seed)
    layers, _ = hidden_layers(source)
    bound = source.parameters - sum(s.dimension for s in layer_symmetries(source, layers))
    assert bound == source.parameters - 7
    exact = jacobian_rank(source, bound, None, np.random.default_rng(seed))
    x = 2 * np.random.default_rng(seed + 9).normal(size=(400, 2))
    singular = np.linalg.svd(float_jacobian(linearized(source), source, x), compute_uv=False)
    assert exact.rank <= int((singular > 1e-9 * singular[0]).sum()) <= bound


def test_a_jacobian_that_memory_does_not_hold_is_not_made(monkeypatch):
    monkeypatch.setattr("neurovariety.checkpoints.rank.jacobian_rank._ENTRIES_BEYOND", 100)
    found = nv.diagnose(network((3, 4, 2), "tanh", 0))
    assert (found.value["rank"], found.claim) == (None, Claim.UNDECIDED)
    assert any("2 outputs by 26 weights are more than a Jacobian" in n for n in found.notices)


def test_signs_of_relu_are_exact():
    source = network((2, 3, 1), "relu", 0)
    found = linearized(source)
    x = np.array([[Fraction(1, 3), Fraction(2)], [Fraction(0), Fraction(-1, 7)]], dtype=object)
    at = with_tangents(found, x)
    full = at.rows
    assert at.exact
    assert all(isinstance(v, Fraction) for v in full.reshape(-1))
    assert np.all(found.network.evaluate_exact(full) == source.evaluate_exact(x))
    on_a_kink = source.with_weights({"l0.bias": np.zeros(3, dtype=np.float32)})
    moved = with_tangents(linearized(on_a_kink), np.zeros((1, 2)))  # the input is moved, not dropped
    assert (len(moved.rows), moved.left_out, moved.resting) == (1, 0, 0)


def test_a_constant_neuron_that_no_exact_bias_takes_up_is_named():
    """tanh(1) is not rational, so that pruning leaves it; tanh(0) is 0, and goes."""
    given = {"w1": [[1, 2], [0, 0]], "b1": [0.5, 1], "w2": [[1, 2]], "b2": [0]}
    found = nv.diagnose(given, architecture="mlp(2,2,1; tanh; bias)")
    assert "neuron 1 of w1 reads no input and is constant" in found.meaning
    assert found.value["redundant"] == {}
    zero = nv.diagnose({**given, "b1": [0.5, 0]}, architecture="mlp(2,2,1; tanh; bias)")
    assert "is constant" not in zero.meaning
    assert zero.value["redundant"] == {"constant": 1}


def test_distances_to_planted_strata():
    made = arrays((3, 5, 2), 1)
    made["l0.weight"][4] = -2 * made["l0.weight"][0]
    made["l0.bias"][4] = -2 * made["l0.bias"][0]
    made["l1.weight"][:, 3] = np.float32(1 / 1024)
    for activation, expected in (("x^2", 0.0), ("relu", None)):
        source = nv.load_network(made, architecture=notation((3, 5, 2), activation))
        (layer,) = hidden_layers(source)[0]
        found = {s.stratum: s for s in nearest_strata(source, layer)}
        assert found["unread neuron"].neurons == (3,)
        assert found["unread neuron"].distance == pytest.approx(np.sqrt(2) / 1024)
        pairs = next(s for s in found.values() if "proportional" in s.stratum)
        if expected is None:
            assert pairs.distance > 0.1
        else:
            assert pairs.neurons == (0, 4)
            assert pairs.distance == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", ["any", "positive", "sign", "none"])
def test_pair_distances_against_a_search(kind):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(6, 3))
    distance, partner = nearest_pairs(rows, kind)
    for i in range(6):
        best = np.inf
        for j in set(range(6)) - {i}:
            options = {
                "none": [np.linalg.norm(rows[i] - rows[j]) / np.sqrt(2)],
                "sign": [np.linalg.norm(rows[i] - s * rows[j]) / np.sqrt(2) for s in (1, -1)],
                "any": [np.linalg.svd(rows[[i, j]], compute_uv=False)[1]],
                "positive": [
                    np.linalg.svd(rows[[i, j]], compute_uv=False)[1]
                    if rows[i] @ rows[j] > 0
                    else min(np.linalg.norm(rows[i]), np.linalg.norm(rows[j]))
                ],
            }[kind]
            best = min(best, *options)
        assert distance[i] == pytest.approx(best)
        assert partner[i] != i


def test_proportional_rows_are_found_among_many():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 40)).astype(np.float32)
    for i, j, c in ((7, 90, 2), (11, 12, -0.5), (200, 11, 4)):
        rows[i] = np.float32(c) * rows[j]
    source = nv.load_network({"w": rows, "v": rng.normal(size=(2, 300))}, architecture="mlp(40,300,2; x^2)")
    (layer,) = hidden_layers(source)[0]
    assert proportional_classes(source, layer, 0) == [[7, 90], [11, 12, 200]]


def test_the_trained_examples():
    plain = nv.diagnose(examples.path("penguins.onnx"))
    planted = nv.diagnose(examples.path("penguins_redundant.onnx"))
    assert planted.value["rank"] < planted.value["generic"]
    assert plain.value["rank"] == planted.value["rank"] == 18
    extra = {k: n - plain.value["redundant"].get(k, 0) for k, n in planted.value["redundant"].items()}
    assert {k: n for k, n in extra.items() if n} == {"equal": 1, "proportional": 1, "unread": 1, "rank": 1}
    assert plain.value["smallest"] == planted.value["smallest"]
    found = nv.align(examples.path("penguins.onnx"), examples.path("penguins_redundant.onnx"))
    assert found.value["same"] == "yes"
    assert found.value["exact"]
    assert found.claim is Claim.PROVED


def test_neurons_of_exp_that_are_multiples():
    """exp(z + 1) = e exp(z), and e is not rational: named, and left."""
    weights = {"W1": [[1, 2], [3, 1], [1, 2]], "b1": [0, 1, 1], "W2": [[1, 2, 1]], "b2": [0]}
    said = "neurons 0 and 2 of W1 read the same but for their biases"
    found = nv.diagnose(weights, architecture="mlp(2,3,1; exp; bias)")
    assert said in found.meaning
    assert found.value["redundant"] == {}


def test_ranks_through_softmax_and_layer_normalization():
    """As many directions as the dimension that is proved of such networks; what is spelled out has the same values and weights."""
    rng = np.random.default_rng(0)
    axes = {"axes": (0,), "epsilon": 1e-5, "centred": True}
    nodes = (
        Node("x", "input"),
        Node("a", "linear", ("x",), {"weight": "a", "bias": "c"}),
        Node("n", "standardize", ("a",), {}, axes),
        Node("t", "activation", ("n",), {}, {"function": "tanh"}),
        Node("b", "linear", ("t",), {"weight": "b", "bias": "d"}),
    )
    shapes = {"a": (3, 2), "c": 3, "b": (1, 3), "d": 1}
    found = nv.diagnose(Network((2,), nodes, "b", {k: rng.normal(size=s) for k, s in shapes.items()}))
    assert found.value["rank"] == found.value["generic"] == nv.dimension("mlp(2,3,1; tanh; layernorm; bias)").value == 10
    heads = (
        Node("x", "input"),
        *(Node(k, "linear", ("x",), {"weight": k}) for k in "kqv"),
        Node("s", "matmul", ("q", "k"), {}, {"transpose": (False, True)}),
        Node("p", "softmax", ("s",), {"mask": "m"}, {"axis": 1}),
        Node("y", "matmul", ("p", "v"), {}, {"transpose": (False, False)}),
    )
    weights = {"k": rng.normal(size=(1, 2)), "q": rng.normal(size=(1, 2)), "v": rng.normal(size=(2, 2)), "m": np.tri(2, dtype=bool)}
    masked = Network((2, 2), heads, "y", weights, fixed=frozenset({"m"}))
    x = rng.normal(size=(4, 2, 2))
    np.testing.assert_allclose(spelled_out(masked).evaluate(x), masked.evaluate(x), rtol=1e-12)
    assert spelled_out(masked).trained == masked.trained


def test_networks_of_sines():
    """sin is odd: opposite neurons are one, which is removed, and the function stays as it is."""
    weights = {"W1": [[1, 2], [3, 1], [-1, -2]], "b1": [0.5, 1, -0.5], "W2": [[1, 2, 4]], "b2": [0]}
    found = nv.diagnose(weights, architecture="mlp(2,3,1; sin; bias)")
    assert found.value["redundant"] == {"proportional": 1}
    pruned = nv.prune(weights, architecture="mlp(2,3,1; sin; bias)").network
    x = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(
        pruned.evaluate(x), nv.load_network(weights, architecture="mlp(2,3,1; sin; bias)").evaluate(x), rtol=1e-12
    )


def test_data_and_seeds():
    source = network((2, 3, 1), "tanh", 0)
    x = np.random.default_rng(0).normal(size=(30, 2))
    found = nv.diagnose(source, data=x, seed=4)
    again = nv.diagnose(source, data=x, seed=4)
    assert found.value == again.value
    jacobian = differences(source, x)
    assert np.allclose(found.evidence["spectrum"][:3], np.linalg.svd(jacobian, compute_uv=False)[:3] ** 2, rtol=1e-5)
    assert nv.DiagnoseResult.from_dict(found.to_dict()).summary()


def test_what_is_refused():
    source = network((2, 3, 1), "relu", 0)
    for data, message in (
        ([1, 2], "a table"),
        ([[1, 2, 3]], "takes 2 inputs"),
        ([[1, float("nan")]], "not finite"),
        ([["a", "b"]], "number"),
    ):
        with pytest.raises(nv.DataError, match=message):
            nv.diagnose(source, data=data)
    with pytest.raises(nv.InputError, match="no file"):
        nv.diagnose("nowhere.onnx")
