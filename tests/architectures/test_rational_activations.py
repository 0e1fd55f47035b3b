"""Rational activations: notation, values, rescalings, and dimensions read off the poles against exact ranks."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import Activation, Claim, parse
from neurovariety.architectures.reading.not_algebraic import refusal
from neurovariety.architectures.theorems.poles import shallow_rational_dimension

ONE_POLE = [
    "1/x",
    "3/x",
    "x^-2",
    "1/x^3",
    "(x + 1)/x",
    "(x^2 + 1)/x",
    "(x^3 + 2)/x^2",
    "(x^2 + x + 1)/x^2",
    "1/(x - 2)",
    "(x^2 + 1)/(x - 2)",
]
TWO_POLES = ["1/(x^2 + 1)", "x/(x^2 - 1)", "(x^3 + 1)/(x^2 - x)", "(x^2 + 1)/(x^3 - x)"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1/x", "1/x"),
        ("x^-2", "1/x^2"),
        ("2/(4*x)", "1/2/x"),
        ("(x^2 - 1)/(x - 1)", "x + 1"),
        ("(2*x^2 + 2)/(2*x - 4)", "(x^2 + 1)/(x - 2)"),
        ("x/(x^2 + 1)", "x/(x^2 + 1)"),
        ("1/(1 + 1/x)", None),
    ],
)
def test_normal_form(text, shown):
    """Numerator and denominator coprime, the denominator monic; the text of it reads back as the same function."""
    found = Activation.parse(text)
    assert Activation.parse(str(found)) == found
    if shown is not None:
        assert found == Activation.parse(shown)
    assert found.denominator[0][1] == 1


@pytest.mark.parametrize("text", [*ONE_POLE, *TWO_POLES])
def test_values(text):
    """Against the text as a Python expression."""
    a = Activation.parse(text)
    x = np.array([0.3, -1.7, 5.0])
    given = np.asarray([float(c) for c in a.inexact_coefficients])
    with jax.enable_x64(True):
        found = np.asarray(a.apply(jax.numpy.asarray(x), given))
    np.testing.assert_allclose(found, eval(text.replace("^", "**"), {"x": x}), rtol=1e-9)


@pytest.mark.parametrize(("text", "exponent"), [("1/x", -1), ("5/x^3", -3), ("x^2", 2), ("1/(x - 1)", None), ("(x + 1)/x", None)])
def test_homogeneity(text, exponent):
    assert Activation.parse(text).homogeneity == exponent


@pytest.mark.parametrize("text", [*ONE_POLE, *TWO_POLES])
@pytest.mark.parametrize("bias", [False, True])
def test_dimension_read_off_the_poles(text, bias):
    """The theorem against exact ranks, for small sizes of every shape, defects included."""
    activation = Activation.parse(text)
    held = 0
    for n, m, k in itertools.product((1, 2, 3), (1, 2, 3, 5), (1, 2)):
        found = shallow_rational_dimension(n, m, k, activation, bias)
        if found is None:
            continue
        network = f"mlp({n},{m},{k}; {text}{'; bias' * bias})"
        assert nv.dimension(network, route="computed").value == found[0], network
        held += 1
    assert held >= 16


def test_shallow_networks_of_inverses():
    """m(n + k - 1) for 1/x, arXiv:2509.11088: a neuron is one hyperplane of poles and one residue."""
    for n, m, k in [(2, 3, 1), (3, 4, 2), (2, 7, 3), (5, 2, 2)]:
        found = nv.dimension(f"mlp({n},{m},{k}; 1/x)")
        assert found.value == m * (n + k - 1)
        assert found.claim is Claim.PROVED


def test_rescaling_is_stated_and_polynomial_theorems_are_not():
    model = nv.as_model("mlp(2,3,1; 1/x)")
    assert any("c^--1" in s.name or "c^1" in s.name for s in model.symmetries)
    for network in ("mlp(2,3,2,1; 1/x)", "mlp(2,2,1; 1/x; bias)", "cnn(2,2; 1/x)", "cnn(2,2; 1/x; channels=1,2,1)"):
        for theorem in nv.as_model(network).theorems:
            assert not theorem.quantity.startswith("ambient")
    assert nv.dimension("cnn(2,2; 1/x)").value == 3


@pytest.mark.parametrize(
    "text", ["1/0", "1/(x - x)", "x/", "/x", "1/x^0.5", "x^-1000000000000", "(x+1)/(x-1)/", "1/(x", "generic(2)/x", "0/x"]
)
def test_bad_activations_are_one_sentence(text):
    with pytest.raises(nv.InputError) as caught:
        parse(f"mlp(2,2,1; {text})")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 30


@pytest.mark.parametrize(
    ("notation", "words"),
    [
        ("mlp(2,3,1; softmax)", "transcendental"),
        ("mlp(2,3,1; tanh)", "transcendental"),
        ("mlp(2,3,1; GELU)", "transcendental"),
        ("mlp(2,3,1; relu)", "wall"),
        ("mlp(2,3,1; x^2; layernorm)", "square root"),
        ("cnn(2,2; sigmoid)", "transcendental"),
        ("attention(3,2; a=2; t=4; softmax)", "lightning"),
        ("layernorm(3)", "square root"),
        ("batch_norm(mlp(2,2,2; x^2))", "square root"),
        ("softmax(linear(2,2))", "transcendental"),
        ("sequence(linear(2,2); rmsnorm(2))", "square root"),
    ],
)
def test_what_is_not_rational_is_refused_with_the_reason(notation, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(notation)
    assert "use " in str(caught.value) or "leave " in str(caught.value)


def test_refusal_is_by_name_only():
    assert refusal("x^2 + 1") is None
    assert refusal("strides=2") is None
    assert refusal("Layer-Norm") is not None
