"""Activations that are powers up to a shift and a constant, and what biases make of them."""

from __future__ import annotations

import pytest

import neurovariety as nv
from neurovariety import Activation
from neurovariety.architectures.reading.shifted_power import shifted_power


@pytest.mark.parametrize(
    ("text", "power"),
    [
        ("x", 1),
        ("x + 3", 1),
        ("x^2 + x", 2),
        ("generic(2)", 2),
        ("x^3", 3),
        ("2*x^3 + 6*x^2 + 6*x - 7", 3),
        ("(x + 1/2)^5 + 2", 5),
        ("x^1000000", 1_000_000),
        ("x^1000000 + 1", 1_000_000),
        ("x^3 + x", None),
        ("x^3 + 3*x^2 + x", None),
        ("x^1000000 + x", None),
        ("generic(3)", None),
        ("1/x", None),
    ],
)
def test_shifted_power(text, power):
    assert shifted_power(Activation.parse(text)) == power


@pytest.mark.parametrize("widths", ["2,2,1", "3,3,2", "2,3,3", "1,2,2,1", "2,1,2,2"])
@pytest.mark.parametrize("activation", ["x^2 + x", "3*x^2 - x + 2", "(x - 2)^3 + 1"])
def test_biases_make_it_a_power(widths, activation):
    """The same space of functions as with the power itself: dimension and span agree and are proved."""
    power = shifted_power(Activation.parse(activation))
    found, plain = (nv.dimension(f"mlp({widths}; {a}; bias)", route="computed") for a in (activation, f"x^{power}"))
    assert found.value == plain.value
    assert nv.ambient(f"mlp({widths}; {activation}; bias)").value == nv.ambient(f"mlp({widths}; x^{power}; bias)").value
    assert nv.dimension(f"mlp({widths}; {activation}; bias)").value == found.value
