"""Conserved quantities: published counts, laws as identities, drift along flows, and input that cannot be used."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neurovariety import Claim, InputError, ResourceError, as_model, conservation
from neurovariety.geometry.exact.gradient_fields import conserved_polynomials, flow_closure, gradient_fields

# Marcotte, Gribonval, Peyre, arXiv:2307.00144: two layers by formula, deep ones by their computation.
LINEAR = [
    ("linear(1,1,1)", 1),
    ("linear(2,1,2)", 1),
    ("linear(1,2,1)", 3),
    ("linear(2,2,2)", 3),
    ("linear(1,3,1)", 5),
    ("linear(2,3,1)", 6),
    ("linear(2,3,2)", 6),
    ("linear(3,3,3)", 6),
    ("linear(3,2,4)", 3),
    ("linear(2,5,2)", 14),
    ("linear(1,1,1,1)", 2),
    ("linear(2,2,2,2)", 6),
    ("linear(3,2,3,2)", 9),
]


@pytest.mark.parametrize(("text", "value"), LINEAR)
def test_linear_networks(text, value):
    found = conservation(text)
    assert found.value["independent"] == value
    assert found.value["complete"]
    assert found.claim is Claim.PROVED


def test_two_layers_by_the_formula():
    """r(r + 1)/2 laws where the hidden width r is at most N, the sum of the others, else N r - N(N - 1)/2."""
    for n, r, m in [(1, 2, 2), (2, 4, 1), (1, 4, 1), (2, 1, 1)]:
        total = n + m
        expected = r * (r + 1) // 2 if r <= total else total * r - total * (total - 1) // 2
        assert conservation(f"linear({n},{r},{m})").value["independent"] == expected


def test_families():
    """One law for each rescaling; attention: K K^T - Q Q^T and the scale of V; a generic activation leaves none."""
    for text, value in [
        ("mlp(2,2,1; x^3)", 2),
        ("mlp(2,3,2; x^2)", 3),
        ("mlp(3,2,1; x^2; bias)", 2),
        ("cnn(2,2,2; x^2)", 2),
        ("attention(2,1; a=1; t=2)", 2),
        ("attention(2,2; a=2; t=2)", 4),
        ("mlp(2,2,1; x^2 + x)", 0),
    ]:
        found = conservation(text)
        assert (found.value["independent"], found.claim) == (value, Claim.PROVED), text


@pytest.mark.parametrize("text", ["linear(2,2,2)", "mlp(2,2,1; x^3)", "attention(2,1; a=1; t=2)", "cnn(2,2; x^2)"])
def test_no_drift_along_a_flow(text):
    """The derivative of every law along the gradient of a loss on random data is rounding."""
    model = as_model(text)
    laws = conserved_polynomials(gradient_fields(model, None), model.parameters, 2)
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(7, *model.input_shape)), rng.normal(size=(7, *model.output_shape))

    coefficients = jnp.array([float(c) for c in model.coefficients])

    def loss(w):
        leaves = [w[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        values = jax.vmap(lambda x: model.function(model.tree(leaves), x, coefficients))(inputs)
        return ((values - targets) ** 2).sum()

    def law(w, k):
        return sum(float(c) * jnp.prod(w ** jnp.array(e)) for e, c in laws[k].items())

    w = jnp.array(rng.normal(size=model.parameters))
    force = jax.grad(loss)(w)
    for k in range(len(laws)):
        slope = jax.grad(law)(w, k)
        assert abs(float(slope @ force)) < 1e-5 * float(jnp.linalg.norm(slope) * jnp.linalg.norm(force))
    assert laws


def test_higher_degrees_add_only_functions_of_the_laws():
    quadratic, quartic = conservation("linear(1,1,1)"), conservation("linear(1,1,1)", degree=4)
    assert quadratic.value["independent"] == quartic.value["independent"] == 1
    assert quartic.evidence["basis_size"] == 2


def test_fixed_data_conserve_more():
    """One sample has fewer gradient fields; two general ones see all of a linear model of two inputs."""
    whole, one = conservation("linear(2,2,2)"), conservation("linear(2,2,2)", data=[[1, 2]])
    assert one.value["independent"] >= whole.value["independent"]
    assert one.evidence["for_data"] == 1
    enough = conservation("linear(2,2,2)", data=[[1, 2], [0, 1]])
    assert enough.value["independent"] == whole.value["independent"]


def test_closure_is_larger_than_the_gradients():
    """linear(2,2,2): four gradient fields, five directions."""
    fields = gradient_fields(as_model("linear(2,2,2)"), None)
    found = flow_closure(fields, 8, 8, np.random.default_rng(0))
    assert (len(fields), found.rank, len(found.brackets)) == (4, 5, 1)
    assert found.looked_at > 1


def test_verify_and_bad_input():
    assert conservation("linear(1,2,1)").rerun().value["independent"] == 3
    with pytest.raises(InputError, match="a degree is a positive integer"):
        conservation("linear(2,2,2)", degree=0)
    with pytest.raises(ResourceError, match="monomials"):
        conservation("linear(8,8,8)")
    with pytest.raises(InputError, match="expected at most 60"):
        conservation("linear(2,2,2)", data=np.random.default_rng(0).normal(size=(70, 2)))


@pytest.mark.parametrize(
    ("text", "dimension", "functions"),
    [("linear(2,2,2)", 5, 4), ("linear(2,1,3)", 4, 4), ("linear(3,2,2)", 7, 6), ("linear(2,1,1,2)", 3, 3), ("mlp(2,1,1; x^2)", 2, 2)],
)
def test_balanced_leaf(text, dimension, functions):
    """Weights less laws, and every function can be reached there."""
    found = conservation(text)
    leaf = found.evidence["balanced"]
    assert (leaf["found"], leaf["dimension"], leaf["functions"]) == (True, dimension, functions)
    assert dimension == found.evidence["parameters"] - found.value["independent"]
    assert leaf["gap"] > 1e4


def test_without_laws_there_is_no_leaf():
    assert conservation("mlp(2,2,1; x^2 + x)").evidence["balanced"] is None
