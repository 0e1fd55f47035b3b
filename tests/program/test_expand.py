"""Small models written out."""

from __future__ import annotations

from fractions import Fraction

import pytest

import neurovariety as nv
from neurovariety.program import expand


def test_coefficients_and_latex():
    expansion = expand(nv.as_model("mlp(1,1,1; 1/3*x^2)"))
    assert expansion.variables == ("w0", "w1", "x0")
    assert expansion.coefficients() == {(2, 1, 2): Fraction(1, 3)}
    assert expansion.latex() == r"\frac{1}{3} w0^{2} w1 x0^{2}"
    assert "w0" in expansion._repr_latex_()


def test_a_network_of_two_neurons():
    found = expand(nv.as_model("mlp(2,2,1; x^2)")).coefficients()
    assert found == {
        (2, 0, 0, 0, 1, 0, 2, 0): 1,
        (1, 1, 0, 0, 1, 0, 1, 1): 2,
        (0, 2, 0, 0, 1, 0, 0, 2): 1,
        (0, 0, 2, 0, 0, 1, 2, 0): 1,
        (0, 0, 1, 1, 0, 1, 1, 1): 2,
        (0, 0, 0, 2, 0, 1, 0, 2): 1,
    }


def test_what_cannot_be_written_out():
    with pytest.raises(nv.InputError, match="generic"):
        expand(nv.as_model("mlp(2,2,1; generic(2))"))
    with pytest.raises(nv.ResourceError, match="terms"):
        expand(nv.as_model("mlp(3,4,4,1; x^5)"), max_terms=1000)
    rational = expand(nv.as_model(lambda w, x: w[0] / (x[0] + w[1]), (2,), input_shape=1))
    assert rational.latex().startswith(r"\frac{w0}")
    with pytest.raises(ValueError, match="rational"):
        rational.coefficients()
