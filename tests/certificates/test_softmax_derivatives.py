"""Attention with softmax: derivatives by complex steps, fields that change no function, and what is enough."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from neurovariety.certificates.balls import precision
from neurovariety.certificates.softmax_attention import SoftmaxAttention

NETWORKS = [
    ((2, 2), (1,), 2, 1),
    ((2, 3, 2), (2, 1), 2, 2),
    ((3, 1, 2), (1, 1), 3, 1),
    ((2, 2), (3,), 2, 2),
    ((2, 4, 1), (2, 2), 1, 2),
    ((1, 3, 1), (2, 2), 2, 1),
]


def of(network, w, x):
    """The outputs, row by row, at a table of a column for each token."""
    value = x
    blocks = {k: w[at : at + rows * columns].reshape(rows, columns) for k, (at, rows, columns) in network.blocks.items()}
    for l in range(len(network.inner)):
        total = 0
        for h in range(network.heads):
            scores = (blocks["K", l, h] @ value).T @ (blocks["Q", l, h] @ value)
            powers = np.exp(scores)
            total = total + blocks["V", l, h] @ value @ (powers / powers.sum(axis=0, keepdims=True))
        value = total
    return value.reshape(-1)


def derivatives(network, w, x):
    columns = []
    for k in range(len(w)):
        moved = w.astype(complex)
        moved[k] += 1e-30j
        columns.append(of(network, moved, x.astype(complex)).imag / 1e-30)
    return np.array(columns).T


def drawn(network, seed):
    rng = np.random.default_rng(seed)
    w = rng.integers(-3, 4, network.parameters)
    w[w == 0] = 2
    return w, rng.integers(-4, 5, (network.widths[0], network.tokens)) / 4


@pytest.mark.parametrize("numbers", NETWORKS)
def test_derivatives(numbers):
    network = SoftmaxAttention(*numbers)
    for seed in range(2):
        w, x = drawn(network, seed)
        with precision(128):
            rows = network.jacobian([Fraction(int(v)) / 4 for v in w], [tuple(Fraction(float(v)) for v in x.reshape(-1))])
            found = np.array([[float(v.mid()) for v in row] for row in rows])
            assert all(isinstance(v, flint.arb) and float(v.rad()) < 1e-25 for row in rows for v in row)
        assert found == pytest.approx(derivatives(network, w / 4, x), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("numbers", NETWORKS)
def test_fields_change_no_function(numbers):
    """They lie in the kernel of the derivatives, and where the network has no more than is enough they are all of it."""
    network = SoftmaxAttention(*numbers)
    w, _ = drawn(network, 5)
    rows = np.concatenate([derivatives(network, w / 4, drawn(network, seed)[1]) for seed in range(2 * network.parameters)])
    fields = np.array(list(network.fields([int(v) for v in w])), dtype=float)
    fields = fields.reshape(-1, network.parameters)
    assert np.abs(rows @ fields.T).max(initial=0) <= 1e-7 * (1 + np.abs(rows).max() * np.abs(fields).max(initial=0))
    rank = network.orbit_rank([int(v) for v in w])
    assert rank == (np.linalg.matrix_rank(fields) if len(fields) else 0)
    size = np.linalg.svd(rows / np.linalg.norm(rows, axis=0).max(), compute_uv=False)
    kernel = network.parameters - int((size > 1e-9 * size[0]).sum())
    assert kernel >= rank
    if network.enough == network:
        assert kernel == rank


def test_what_is_enough():
    enough = [SoftmaxAttention(*numbers).enough for numbers in NETWORKS]
    assert [(e.widths, e.inner, e.tokens, e.heads) for e in enough] == [
        ((2, 2), (1,), 2, 1),
        ((2, 3, 2), (2, 1), 2, 2),
        ((3, 1, 2), (1, 1), 3, 1),
        ((2, 2), (2,), 2, 2),
        ((2, 2, 1), (1, 1), 1, 1),
        ((1, 1, 1), (1, 1), 2, 1),
    ]
    wide = SoftmaxAttention((1, 5, 2), (3, 4), 2, 3).enough
    assert (wide.widths, wide.inner, wide.heads) == ((1, 3, 2), (1, 3), 3)
