"""Ranks of networks with maxima over windows: exact at inputs without ties, which are moved where they have some."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.rank.linearization import linearized, with_tangents
from neurovariety.claim import Claim

RELU = {"function": "relu"}


def pooled(seed, pool, order=("relu", "pool"), size=6, channels=2):
    rng = np.random.default_rng(seed)
    window = {"stride": (1, 1), "padding": ((0, 0),) * 2, "dilation": (1, 1), "groups": 1}
    nodes = [Node("x", "input"), Node("c", "conv", ("x",), {"weight": "w", "bias": "b"}, window)]
    for kind in order:
        made = ("activation", RELU) if kind == "relu" else ("max_pool", pool)
        nodes.append(Node(kind, made[0], (nodes[-1].name,), {}, made[1]))
    bare = Network((1, size, size), tuple(nodes), nodes[-1].name, {"w": np.zeros((channels, 1, 3, 3)), "b": np.zeros(channels)})
    flat = int(np.prod(bare.output_shape))
    nodes += [Node("f", "reshape", (nodes[-1].name,), {}, {"shape": (flat,)}), Node("y", "linear", ("f",), {"weight": "v"})]
    weights = {
        "w": rng.integers(-8, 9, size=(channels, 1, 3, 3)) / 8,
        "b": rng.integers(-8, 9, size=channels) / 8,
        "v": rng.integers(-8, 9, size=(2, flat)) / 8,
    }
    return Network((1, size, size), tuple(nodes), "y", weights)


PLAIN = {"window": (2, 2), "stride": (2, 2), "padding": ((0, 0),) * 2, "dilation": (1, 1)}
PADDED = {"window": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 1)), "dilation": (1, 1)}


def jacobian_by_differences(network, x):
    """Rows of the Jacobian at inputs, by differences that are exact between kinks: the function is linear in each weight there."""
    rows, step = [], 2.0**-24
    flat = network.flat()
    shapes = [(k, network.weights[k].shape) for k in network.trained]

    def value(vector):
        out, at = {}, 0
        for k, shape in shapes:
            out[k] = vector[at : at + int(np.prod(shape))].reshape(shape)
            at += int(np.prod(shape))
        return network.evaluate(x, out).reshape(-1)

    for k in range(len(flat)):
        up, down = flat.copy(), flat.copy()
        up[k] += step
        down[k] -= step
        rows.append((value(up) - value(down)) / (2 * step))
    return np.array(rows).T


@pytest.mark.parametrize("seed", [3])
@pytest.mark.parametrize(("pool", "order"), [(PLAIN, ("relu", "pool")), (PLAIN, ("pool", "relu")), (PADDED, ("relu", "pool"))])
def test_the_rank_is_that_of_differences(pool, order, seed):
    source = pooled(seed, pool, order)
    found = nv.diagnose(source)
    x = np.random.default_rng(seed).normal(size=(80, 1, 6, 6))
    rank = np.linalg.matrix_rank(jacobian_by_differences(source, x), tol=1e-4)
    assert found.value["rank"] == rank
    assert found.claim in (Claim.PROVED, Claim.LOWER_BOUND)


@pytest.mark.parametrize("pool", [PLAIN, PADDED])
def test_values_and_slopes_are_those_of_the_network(pool):
    source = pooled(5, pool)
    bent = linearized(source)
    x = np.random.default_rng(1).integers(-64, 65, size=(5, 1, 6, 6)) / 16
    at = with_tangents(bent, x)
    assert at.exact
    assert at.left_out == 0
    moved = np.array(at.rows[:, :36], dtype=np.float64).reshape(-1, 1, 6, 6)
    assert np.array_equal(bent.network.evaluate_exact(at.rows), source.evaluate_exact(moved))
    slopes = jacobian_by_differences(source, moved)
    fixed = jacobian_by_differences(bent.network, np.array(at.rows, dtype=np.float64))
    assert np.abs(slopes - fixed).max() < 1e-5


def test_an_input_with_ties_is_moved_and_a_channel_that_always_ties_is_not_certified():
    source = pooled(0, PLAIN, ("pool", "relu"))
    constant = np.ones((3, 1, 6, 6))
    at = with_tangents(linearized(source), constant)
    assert at.exact
    assert at.left_out == 0
    assert not np.array_equal(np.array(at.rows[:, :36], dtype=np.float64).reshape(constant.shape), constant)
    source.weights["w"][0] = 0  # its entries are equal at every input, and each is moved by the weights in its own way
    again = with_tangents(linearized(source), constant)
    assert again.resting > 0
    assert not again.differentiable
    found = nv.diagnose(source)
    assert found.claim is not Claim.PROVED


def test_units_that_are_off_may_tie():
    source = pooled(1, PLAIN)
    source.weights["b"][:] = -100
    at = with_tangents(linearized(source), np.random.default_rng(0).normal(size=(4, 1, 6, 6)))
    assert (at.left_out, at.resting, at.differentiable) == (0, 0, True)


def test_no_usable_input_is_no_row():
    """All inputs may be left out, where each stays at a tie wherever it is moved."""
    found = with_tangents(linearized(pooled(3, PLAIN)), np.zeros((0, 1, 6, 6)))
    assert len(found.inputs) == 0
    assert all(len(line.which) == 0 for line in found.lines)


def test_a_rank_of_no_input_is_not_told(monkeypatch):
    """It would be 0."""
    right = with_tangents

    def none(found, inputs):
        return right(found, inputs[:0])

    monkeypatch.setattr("neurovariety.checkpoints.rank.jacobian_rank.with_tangents", none)
    found = nv.diagnose(pooled(3, PLAIN))
    assert (found.value["rank"], found.claim) == (None, Claim.UNDECIDED)
    assert any("stays at a kink" in n for n in found.notices)
