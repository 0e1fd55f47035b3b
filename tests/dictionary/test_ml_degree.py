"""ML degrees against published values, a count of regions of hyperplane arrangements, and input that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, InputError, ResourceError, ml_degree

# Hauenstein, Rodriguez, Sturmfels 2014, tables 1 and 2: matrices and symmetric matrices of bounded rank.
PUBLISHED = [
    ("linear(3,1,3)", 1),
    ("linear(3,2,3)", 10),
    pytest.param("linear(4,2,3)", 26, marks=pytest.mark.slow),
    ("mlp(3,2,1; x^2)", 6),
]


@pytest.mark.parametrize(("text", "value"), PUBLISHED)
def test_published_values(text, value):
    """A larger one, 191 for linear(4,2,4), stands in `python -m benchmarks.reliability`."""
    for seed in range(size(1, 20)):
        found = ml_degree(text, seed=seed)
        assert (found.value, found.claim) == (value, Claim.COMPLETE), seed
        ends = found.evidence["ends"]
        assert ends["regular"] + ends["singular"] + ends["at infinity"] == found.evidence["curve_degree"]


@pytest.mark.parametrize("samples", [3, 4, 5])
def test_cross_entropy_of_a_linear_model(samples):
    """Two linear outputs at m inputs of the plane: 3m planes in the P^3 of matrices.

    Points over F_q of the complement, counted by a Fourier sum, give its Euler characteristic (2 - m)((m - 1)^3 - m (m - 2)^2). The
    three planes of one input meet in a line at which the exponents add up to zero: such a line adds 1. The m - 2 critical points with a
    matrix of rank one are critical for the weights only.
    """
    m = samples
    expected = (m - 2) * ((m - 1) ** 3 - m * (m - 2) ** 2) - m - (m - 2)
    found = ml_degree("linear(2,2,2)", data=np.random.default_rng(m).normal(size=(m, 2)))
    assert (found.value, found.claim) == (expected, Claim.COMPLETE)


def test_a_model_with_one_distribution():
    found = ml_degree("mlp(1,1,1; x^2)")
    assert (found.value, found.evidence["dimension"]) == (1, 0)


def test_a_model_that_fills_its_space():
    found = ml_degree("mlp(3,3,1; x^2)")
    assert (found.value, found.claim) == (1, Claim.PROVED)


def test_bad_input():
    with pytest.raises(InputError, match="has one output"):
        ml_degree("mlp(2,2,1; x^2)", data=[[1, 2], [3, 4]])
    with pytest.raises(ResourceError, match="take a sample of the rows"):
        ml_degree("linear(2,2,2)", data=np.random.default_rng(0).normal(size=(100, 2)))
    with pytest.raises(InputError, match="divides by a function of its inputs"):
        ml_degree("mlp(2,2,1; 1/x)")
