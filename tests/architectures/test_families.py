"""Each family against plain NumPy written from its definition, and the closed bounds against known values."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurovariety.architectures import parse
from neurovariety.architectures.theorems.dimension_bounds import alexander_hirschowitz, forms, monomial_network_bound, rank_bounded

CASES = [
    "linear(3,2,4)",
    "linear(2,2)",
    "mlp(2,3,1; x^2)",
    "mlp(3,3,2,2; x^2, x^3)",
    "mlp(2,3,2; x^3 + 1/3*x^2 - 2*x; bias)",
    "mlp(2,3,3,1; x^2 + 5, x; bias)",
    "mlp(3,2; bias)",
    "mlp(2,3,3,1; generic(3))",
    "cnn(2,2; x^2)",
    "cnn(3,2,2; x^2, 1/2*x^3 + x; strides=2,1,1; outputs=3)",
    "cnn(3,3; x; strides=2,1; outputs=2)",
    "cnn(2,2; x^2; channels=2,3,2; input=5)",
    "cnn(3x2,2x2; x^2; strides=2x1,1; channels=1,2,1; outputs=2x3)",
    "cnn(2x2; channels=2,3; input=3x4)",
    "attention(3,2; a=2; t=4)",
    "attention(3,2,4; a=2,1; t=3; heads=2)",
]


def polynomial(activation, coefficients, z):
    """The activation at z; ``coefficients`` yields those that are not 1, in order."""
    return sum((next(coefficients) if c != 1 else 1.0) * z**e for e, c in activation.terms)


def linear(a, w, c, x):
    return np.linalg.multi_dot([w[f"W{l}"] for l in range(a.layers, 0, -1)] + [x]) if a.layers > 1 else w["W1"] @ x


def mlp(a, w, c, x):
    for l in range(1, a.layers + 1):
        x = np.array([sum(w[f"W{l}"][i, j] * x[j] for j in range(len(x))) for i in range(a.widths[l])])
        x = x + w[f"b{l}"] if a.bias else x
        if l < a.layers:
            x = polynomial(a.activations[l - 1], c, x)
    return x


def cnn(a, w, c, x):
    h = x.reshape(a.channels[0], *a.size)
    for l in range(1, a.layers + 1):
        kernel, steps = w[f"W{l}"], a.strides[l - 1]
        space = [(n - k) // s + 1 for n, k, s in zip(h.shape[1:], kernel.shape[2:], steps, strict=True)]
        out = np.zeros((kernel.shape[0], *space))
        for place in itertools.product(*map(range, space)):
            window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, steps, kernel.shape[2:], strict=True))
            for o in range(kernel.shape[0]):
                out[(o, *place)] = np.sum(h[(slice(None), *window)] * kernel[o])
        h = polynomial(a.activations[l - 1], c, out) if l < a.layers else out
    return h.reshape(-1)


def attention(a, w, c, x):
    for l in range(1, a.layers + 1):
        out = 0
        for head in range(1, a.heads + 1):
            k, q, v = (w[f"{m}{l}" + (f"h{head}" if a.heads > 1 else "")] for m in "KQV")
            out = out + v @ x @ x.T @ k.T @ q @ x
        x = out
    return x


PLAIN = {"linear": linear, "mlp": mlp, "cnn": cnn, "attention": attention}


@pytest.mark.parametrize("text", CASES)
def test_function(text):
    architecture = parse(text)
    model = architecture.model
    rng = np.random.default_rng(0)
    weights = {b.name: rng.standard_normal(b.shape) for b in model.blocks}
    x = rng.standard_normal(model.input_shape)
    fixed = np.array([rng.standard_normal() if c is None else float(c) for c in model.coefficients])
    with jax.enable_x64(True):
        found = np.asarray(architecture.apply(weights, x, fixed))
    expected = PLAIN[architecture.family](architecture, weights, iter(fixed), x)
    assert found.shape == expected.shape == model.output_shape
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert [b.name for b in model.blocks] == list(architecture.shapes())


@pytest.mark.parametrize(("widths", "value"), [((5, 5, 3, 1), 32), ((2, 3, 4, 5), 24), ((2, 3, 1), 3), ((5, 3, 1), 12), ((2, 2, 2), 6)])
def test_known_bounds_for_quadratic_networks(widths, value):
    """Kileel, Trager, Bruna 2019 (5,5,3,1); arXiv:2605.09609 (2,3,4,5); symmetric matrices of bounded rank."""
    assert monomial_network_bound(widths, (2,) * (len(widths) - 2), False)[0] == value


@pytest.mark.parametrize(
    ("inputs", "exponent", "width", "value"),
    [
        (3, 4, 5, 14),
        (4, 4, 9, 34),
        (5, 4, 14, 69),
        (5, 3, 7, 34),
        (3, 4, 4, 12),
        (3, 4, 6, 15),
        (5, 3, 6, 30),
        (4, 2, 2, 7),
        (3, 2, 5, 6),
        (2, 5, 3, 6),
    ],
)
def test_alexander_hirschowitz(inputs, exponent, width, value):
    """The four exceptional cases, their neighbours, and quadrics."""
    assert alexander_hirschowitz(inputs, width, exponent) == value
    assert monomial_network_bound((inputs, width, 1), (exponent,), False)[0] <= value


def test_closed_forms():
    assert [forms(3, d) for d in range(4)] == [1, 3, 6, 10]
    assert rank_bounded(3, 4, 2) == 10
    assert rank_bounded(3, 4, 9) == 12
    assert monomial_network_bound((3, 2, 4), (1,), False)[0] == rank_bounded(3, 4, 2)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.data(), st.booleans())
def test_bounds_are_monotone_and_capped(widths, data, bias):
    """More neurons never lower the bound, which stays below parameters and the ambient space."""
    exponents = tuple(data.draw(st.integers(1, 4)) for _ in widths[1:-1])
    value, how = monomial_network_bound(tuple(widths), exponents, bias)
    count = sum(a * b for a, b in itertools.pairwise(widths)) + (sum(widths[1:]) if bias else 0)
    degree = int(np.prod(exponents, dtype=int))
    assert 0 < value <= min(count - sum(widths[1:-1]), widths[-1] * forms(widths[0] + bias, degree))
    assert how


QUANTITIES = (
    *("dimension", "dimension at most", "ambient", "ambient at most", "generic fiber", "degree"),
    *(f"ed_degree {metric}" for metric in ("generic", "frobenius", "bombieri", "gaussian", "data")),
)


@pytest.mark.parametrize("text", CASES)
def test_stated_theorems_are_complete_sentences_with_a_source(text):
    from neurovariety.citations import SOURCES

    for theorem in parse(text).theorems():
        assert theorem.applies
        assert theorem.source in SOURCES
        assert theorem.quantity in QUANTITIES
        assert not theorem.summands or sum(theorem.summands) == theorem.value
        assert theorem.value >= 0
        assert theorem.to_dict()["hypotheses"] == [h.text for h in theorem.hypotheses]
