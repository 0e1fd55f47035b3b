"""Pruning: what was planted is found, the function stays the same over Q, and what must not be touched is not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.layers.removals import by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.checkpoints.rank.perturbation_bound import change_bound
from neurovariety.claim import Claim

from .random_networks import arrays, network, notation

WIDTHS = (3, 6, 5, 2)


def planted(activation, seed, bias=True):
    """Neuron 1 equals 0, 3 is -2 times 2, 5 is minus 4; neuron 2 of the second layer is constant, and 3 is not read."""
    found = arrays(WIDTHS, seed, bias)
    for key in ("l0.weight", "l0.bias")[: 1 + bias]:
        found[key][1], found[key][3], found[key][5] = found[key][0], -2 * found[key][2], -found[key][4]
    found["l1.weight"][2] = 0
    found["l2.weight"][:, 3] = 0
    return nv.load_network(found, architecture=notation(WIDTHS, activation, bias))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("activation", "removed"),
    [
        ("x^2", {"constant": 1, "equal": 1, "proportional": 2, "unread": 1}),
        ("x^3", {"constant": 1, "equal": 1, "proportional": 2, "unread": 1}),
        ("abs", {"constant": 1, "equal": 1, "proportional": 2, "unread": 1}),
        ("x^3 + x", {"constant": 1, "equal": 1, "proportional": 1, "unread": 1}),
        ("x^3 + x^2", {"constant": 1, "equal": 1, "unread": 1}),
        ("relu", {"constant": 1, "equal": 1, "unread": 1}),
        ("tanh", {"equal": 1, "proportional": 1, "unread": 1}),
        ("sigmoid", {"equal": 1, "proportional": 1, "unread": 1}),
        ("gelu", {"equal": 1, "unread": 1}),
    ],
)
def test_what_was_planted_is_found(activation, removed, seed):
    source = planted(activation, seed)
    found = nv.prune(source)
    assert found.value["removed"] == removed
    assert found.claim is Claim.PROVED
    assert found.value["error_bound"] == 0
    gone = sum(removed.values())
    first = removed.get("equal", 0) + removed.get("proportional", 0)
    assert found.value["widths"] == {"l0": [6, 6 - first], "l1": [5, 5 - (gone - first)]}
    x = np.random.default_rng(seed).normal(size=(20, 3))
    assert np.allclose(source.evaluate(x), found.network.evaluate(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("activation", ["x^2", "x^3 + x^2", "relu", "abs", "leaky_relu"])
def test_the_difference_is_exactly_zero(activation):
    source = planted(activation, 5)
    pruned = nv.prune(source).network
    x = np.random.default_rng(0).integers(-9, 10, size=(7, 3))
    assert np.all(source.evaluate_exact(x) - pruned.evaluate_exact(x) == 0)
    assert nv.prune(pruned).value["removed"] == {}


def test_polynomials_are_proved_equal_by_enough_points():
    assert nv.prune(planted("x^2", 3)).evidence["checked"]["by_coefficients"] is True
    assert nv.prune(planted("relu", 3)).evidence["checked"]["by_coefficients"] is False


def test_dependent_squares():
    """Squares of linear forms in two variables span a space of dimension 3, of affine ones 5 and the constants."""
    for bias, left in ((False, 3), (True, 5)):
        source = network((2, 7, 2), "x^2", 4, bias)
        found = nv.prune(source)
        assert found.value["widths"] == {"l0": [7, left]}
        x = np.random.default_rng(0).integers(-9, 10, size=(7, 2))
        assert np.all(source.evaluate_exact(x) == found.network.evaluate_exact(x))
    assert nv.prune(network((2, 4, 1), "x^3", 4, False)).value["removed"] == {}, "four cubes of binary forms are independent"
    assert nv.prune(network((2, 4, 1), "gelu", 4)).value["removed"] == {}


@pytest.mark.parametrize("bias", [True, False])
def test_bottlenecks_are_narrowed(bias):
    made = arrays((5, 6, 5, 3), 8, bias)
    made["l1.weight"] = made["l1.weight"][:, :2] @ made["l1.weight"][:2, :]
    source = nv.load_network(made, architecture=notation((5, 6, 5, 3), "x", bias))
    found = nv.prune(source)
    assert found.value["widths"] == {"l0": [6, 2], "l1": [5, 2]}
    x = np.random.default_rng(0).integers(-9, 10, size=(7, 5))
    assert np.all(source.evaluate_exact(x) == found.network.evaluate_exact(x))


@pytest.mark.parametrize(("activation", "left"), [("x^2", 1), ("relu", 0)])
def test_at_least_one_neuron_stays_or_the_matrices_become_one(activation, left):
    made = arrays((2, 3, 1), 0)
    made["l0.weight"][:] = 0
    made["l0.bias"][:] = np.abs(made["l0.bias"]) + 1  # always on, as relu goes
    source = nv.load_network(made, architecture=notation((2, 3, 1), activation))
    found = nv.prune(source)
    assert found.value["widths"] == {"l0": [3, left]}
    assert np.allclose(found.network.evaluate([[1, 2]]), source.evaluate([[0, 0]]))


def test_constants_of_transcendental_activations_stay():
    """tanh(1) is not rational: a neuron with this constant value cannot be folded exactly; tanh(0) = 0 can."""
    for bias, removed in ((1.0, {}), (0.0, {"constant": 1})):
        made = arrays((2, 3, 1), 0)
        made["l0.weight"][1] = 0
        made["l0.bias"][1] = bias
        assert nv.prune(made, architecture="mlp(2,3,1; tanh; bias)").value["removed"] == removed


def test_with_a_tolerance_the_bound_holds():
    made = arrays((3, 5, 2), 3)
    rng = np.random.default_rng(0)
    made["l0.weight"][1] = made["l0.weight"][0] + 1e-3 * rng.normal(size=3)
    made["l0.bias"][1] = made["l0.bias"][0]
    for activation in ("relu", "tanh", "x^2"):
        source = nv.load_network(made, architecture=notation((3, 5, 2), activation))
        assert nv.prune(source).value["removed"] == {}
        found = nv.prune(source, tolerance=1e-2, radius=2.0)
        assert found.value["widths"] == {"l0": [5, 4]}
        x = rng.normal(size=(2000, 3))
        x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
        seen = np.linalg.norm(source.evaluate(x) - found.network.evaluate(x), axis=1).max()
        assert 0 < seen <= found.value["error_bound"] < 10


def test_a_rank_is_lowered_within_a_tolerance():
    made = arrays((4, 3, 4), 6, False)
    made["l0.weight"][2] = made["l0.weight"][0] + made["l0.weight"][1]
    made["l0.weight"] += np.float32(1e-4) * np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    source = nv.load_network(made, architecture="linear(4,3,4)")
    found = nv.prune(source, tolerance=1e-2)
    assert found.value["widths"] == {"l0": [3, 2]}
    x = np.random.default_rng(1).normal(size=(500, 4))
    x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
    assert 0 < np.linalg.norm(source.evaluate(x) - found.network.evaluate(x), axis=1).max() <= found.value["error_bound"]


def test_the_bound_of_a_change_is_zero_without_one_and_unknown_for_poles():
    source = network((2, 3, 1), "relu", 0)
    assert change_bound(source, source, 3.0) == 0
    moved = source.with_weights({"l0.bias": source.weights["l0.bias"] + np.float32(0.5)})
    assert change_bound(source, moved, 3.0) > 0


@pytest.mark.slow
def test_a_million_parameters():
    rng = np.random.default_rng(0)
    made = {
        k: v.astype(np.float32)
        for k, v in zip(("a", "b", "c"), (rng.normal(size=s) for s in ((900, 400), (700, 900), (10, 700))), strict=True)
    }
    made["b"][5] = 4 * made["b"][9]
    made["a"][7] = made["a"][8]
    found, removed = exactly_pruned(Rewritten.of(nv.load_network(made, architecture="mlp(400,900,700,10; relu)")))
    assert by_reason(removed) == {"equal": 1, "proportional": 1}
    assert found.network.weights["b"].shape == (699, 899)


def test_what_is_refused():
    source = network((2, 3, 1), "relu", 0)
    for options in ({"tolerance": 1.5}, {"tolerance": -1}, {"radius": 0.0}, {"radius": float("nan")}):
        with pytest.raises(nv.InputError):
            nv.prune(source, **options)
    with pytest.raises(nv.InputError, match="a network is a file"):
        nv.prune(3)


def test_a_result_reads_back(tmp_path):
    found = nv.prune(planted("relu", 1))
    again = nv.PruneResult.from_dict(found.to_dict())
    assert again.value["pruned"] == found.value["pruned"]
    with pytest.raises(nv.InputError, match="does not hold the network"):
        again.write(tmp_path / "x.npz")
    rounding = found.write(tmp_path / "x.npz", dtype="float64")
    assert rounding.weight_error < Fraction(1, 10**12)
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert np.allclose(nv.load_network(tmp_path / "x.npz").evaluate(x), found.network.evaluate(x))
