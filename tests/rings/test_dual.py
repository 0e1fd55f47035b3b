"""Dual numbers differentiate programs, and catch derivative rules that are not the function's."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

import neurovariety as nv


@jax.custom_jvp
def square_with_a_wrong_rule(x):
    return x**2


@square_with_a_wrong_rule.defjvp
def _rule(primals, tangents):
    return primals[0] ** 2, 3 * tangents[0]


@jax.custom_jvp
def square_with_a_right_rule(x):
    return x**2


@square_with_a_right_rule.defjvp
def _right(primals, tangents):
    return primals[0] ** 2, 2 * primals[0] * tangents[0]


@pytest.mark.parametrize(
    "function",
    [
        lambda w, x: jax.lax.stop_gradient(w[0]) * x + w[1] * x**2,
        lambda w, x: square_with_a_wrong_rule(w[0]) * x + w[1] * x**2,
        lambda w, x: (w * jax.lax.stop_gradient(w)) @ jnp.concatenate([x, x**2]),
    ],
)
@pytest.mark.parametrize("entry", [nv.dimension, nv.symmetries, nv.fibers])
def test_another_derivative_is_refused(function, entry):
    with pytest.raises(nv.NotAlgebraicError, match="stop_gradient"):
        entry(nv.as_model(function, (2,), input_shape=1))


def test_another_derivative_is_refused_each_time():
    """What was refused is not taken for checked when the same model is asked about again."""
    model = nv.as_model(lambda w, x: jax.lax.stop_gradient(w[0]) * x + w[1] * x**2, (2,), input_shape=1)
    for _ in range(2):
        with pytest.raises(nv.NotAlgebraicError, match="stop_gradient"):
            nv.dimension(model)


@pytest.mark.parametrize(
    "function",
    [
        lambda w, x: square_with_a_right_rule(w[0]) * x + w[1] * x**2,
        lambda w, x: w[0] * x / (1 + w[1] * x),
        lambda w, x: jnp.cumsum(w)[1] * x + jnp.prod(w) ** 3 * x**2,
    ],
)
def test_the_right_derivative_is_accepted(function):
    assert nv.dimension(nv.as_model(function, (2,), input_shape=1)).value == 2
