"""ML degrees against published values, a count of regions of hyperplane arrangements, and input that cannot be used."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from campaign import size
from neurovariety import Claim, InputError, ResourceError, as_model, ml_degree

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


def arrangement(forms):
    """The number of critical points of the likelihood on a linear space whose coefficients are linear ``forms`` (form -> how many):
    by a Groebner basis over Q, for some counts, where the coefficients add up to 1."""
    values = [sp.sympify(f) for f in forms]
    free, y = sorted(set().union(*(v.free_symbols for v in values)), key=str), sp.Symbol("y")
    counts, total = (3, 7, 5, 11, 13)[: len(values)], sum(k * v for v, k in zip(values, forms.values(), strict=True))
    score = [sum(u * v.diff(w) / v for u, v in zip(counts, values, strict=True)) - sum(counts) * total.diff(w) for w in free]
    equations = [*(sp.numer(sp.together(e)) for e in score), total - 1, y * sp.prod(values) - 1]
    basis = sp.groebner(equations, *free, y, order="grevlex")
    heads = [sp.Poly(g, *basis.gens).monoms(order="grevlex")[0] for g in basis.exprs]
    sizes = [min((h[i] for h in heads if sum(h) == h[i]), default=0) for i in range(len(basis.gens))]
    return sum(not any(all(m >= k for m, k in zip(e, h, strict=True)) for h in heads) for e in itertools.product(*map(range, sizes)))


TIED = [
    ("gnn(path(4); 1,1,1; x)", {"a": 2, "b": 6, "c": 4, "a + c": 2}, 2),
    ("equivariant(3; ranks=1,1)", {"a": 1, "b": 2, "c": 1, "-c": 1}, 0),
    ("equivariant(2; ranks=1,1)", {"a": 1, "b": 1}, 1),
    ("invariant(2,2,1; rank=1)", {"a": 2, "b": 2, "c": 1}, 1),
]


@pytest.mark.parametrize(("text", "forms", "value"), TIED)
def test_linear_spaces_that_tie_coefficients(text, forms, value):
    """They fill their span, on which the likelihood is another one than on the space of all coefficients."""
    found = ml_degree(text)
    assert found.value == value
    assert found.claim in (Claim.PROVED, Claim.COMPLETE)
    assert arrangement(forms) == value


def test_no_critical_points_on_a_curved_model():
    """The coefficient v = w_1 w_2 of x_1 and its negative: nothing bounds v. The others are (1, w_0, w_0^2 + w_0)."""
    model = as_model(
        lambda w, x: jnp.array([x[0] + w[0] * x[1] + w[1] * w[2] * x[2], (w[0] ** 2 + w[0]) * x[0] - w[1] * w[2] * x[1]]),
        (3,),
        input_shape=3,
    )
    found = ml_degree(model)
    assert (found.value, found.claim) == (0, Claim.PROBABILITY)
    assert found.evidence["error_bound"] < 2**-20


def test_bad_input():
    with pytest.raises(InputError, match="has one output"):
        ml_degree("mlp(2,2,1; x^2)", data=[[1, 2], [3, 4]])
    with pytest.raises(ResourceError, match="take a sample of the rows"):
        ml_degree("linear(2,2,2)", data=np.random.default_rng(0).normal(size=(100, 2)))
    with pytest.raises(InputError, match="divides by a function of its inputs"):
        ml_degree("mlp(2,2,1; 1/x)")
