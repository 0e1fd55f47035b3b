"""Functions written down without JAX are the functions that JAX traces; Jacobians forwards are those backwards."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import neurovariety as nv
from neurovariety.arithmetic import write
from neurovariety.errors import NotAlgebraicError
from neurovariety.geometry.exact.points import draw_point
from neurovariety.program import interpret, is_invariant
from neurovariety.program import of_model as programs
from neurovariety.program.trace import program_of, trace
from neurovariety.randomness import generator
from neurovariety.rings import Complexes, DualNumbers, FiniteField, Rationals, WordField

NOTATIONS = (
    "linear(3,2,3)",
    "mlp(3,4,2; 1/x + 2; bias)",
    "mlp(2,2,2,1; x^3+1/2*x, x^2)",
    "mlp(2,3,1; generic(3))",
    "cnn(3,2; x^2; strides=2,1; channels=1,2,2)",
    "cnn(2x2,2x2; x^2+x; channels=2,2,1)",
    "attention(3,2,2; a=2,1; t=3; heads=2)",
    "tt(2,3,2; ranks=2,2; outputs=2)",
    "cp(2,3,2; rank=2; outputs=2)",
    "diagonal(3; layers=2)",
    "ssm(2,3,1; t=3; x^2; diagonal)",
    "gnn(path(3); 1,2,1; x^2 + 3*x; pool)",
    "groupconv(cyclic(4); channels=1,2,2; x^2+x)",
    "equivariant(3,3; ranks=2,1)",
    "invariant(2,2,1; rank=1)",
    "sequence(linear(2,2); residual(mlp(2,1,2; x^2)); linear(2,1))",
    "ratio(mlp(2,1,1; x^2); linear(2,1))",
)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_written_and_traced_programs_agree(notation):
    """In value, in every step's size, and in what is proved of symmetries."""
    model = nv.as_model(notation)
    assert model.sheet is not None
    # A user's own function is left to JAX, so that the same one called foreign is traced.
    traced = replace(model, foreign=True)
    assert traced.sheet is None
    written, other = programs.values_program(model), programs.values_program(traced)
    assert (written.inputs, written.output_shapes) == (other.inputs, other.output_shapes)
    _, point = draw_point(model, generator(0, "tests"))
    arguments = [*programs.leaves(model, point.weights), point.inputs(model, 1)[0], point.coefficients]
    assert np.array_equal(interpret(written, point.ring, arguments)[0], interpret(other, point.ring, arguments)[0])
    assert [is_invariant(model, s) for s in model.symmetries] == [is_invariant(traced, s) for s in model.symmetries]


@pytest.mark.parametrize(
    "function",
    [
        lambda w, x: jnp.tanh(w["a"] @ x),
        lambda w, x: w["a"] @ x if w["a"][0, 0] > 0 else x,
        lambda w, x: [w["a"] @ x],
        lambda w, x: w["a"] @ w["a"] @ x,
        lambda w, x: w["a"] ** 0.5,
        lambda w, x: sum(w["a"]),
        lambda w, x: w["a"][[0, 1]],
        lambda w, x: w["a"][::-1],
        lambda w, x: np.exp(w["a"]),
        lambda w, x: w["a"].reshape(7),
        lambda w, x: w["a"] + 1j,
    ],
)
def test_what_is_not_arithmetic_is_left_to_jax(function):
    assert write(function, {"a": (2, 3)}, (3,)) is None


@pytest.mark.parametrize(
    "function",
    [
        lambda w: w["a"][1],
        lambda w: w["a"][:, 1:, -2],
        lambda w: w["a"][0, ::2, None, 1:3],
        lambda w: w["a"].sum(axis=(0, -1)),
        lambda w: w["a"].transpose(2, 0, 1).reshape(4, -1),
        lambda w: 3 - w["a"].T / 2 + np.arange(3)[None, :, None] * w["a"].T,
        lambda w: w["a"][0] @ np.ones(4) - w["a"][0] @ w["a"][1].T @ w["a"][1, :, 0],
    ],
)
def test_indices_and_shapes_are_those_of_numpy(function):
    """The written steps, run over Q, against NumPy on the same numbers."""
    numbers = np.arange(24).reshape(2, 3, 4)
    sheet = write(function, {"a": numbers.shape})
    (found,) = interpret(program_of(sheet), Rationals(), [Rationals().constant(numbers)])
    assert found.shape == sheet.shape
    assert np.array_equal(found, Rationals().constant(function({"a": numbers})))


@pytest.mark.parametrize("ring", [FiniteField(3712333), Rationals(), WordField(2**61 - 1), DualNumbers(3712333), Complexes()])
@pytest.mark.parametrize("notation", NOTATIONS[1::3])
def test_jacobians_forwards_and_backwards(notation, ring):
    model, rng = nv.as_model(notation), np.random.default_rng(0)
    weights, inputs = ring.random((model.parameters,), rng), ring.random((3, *model.input_shape), rng)
    fixed = programs.draw_coefficients(model, ring, rng)
    forward = programs._forward_rows(model, ring, weights, inputs, fixed)
    backward = np.empty_like(forward)
    programs._backward_rows(model, ring, weights, inputs, fixed, backward)
    assert np.allclose(forward, backward) if ring.name == "C" else np.array_equal(forward, backward)
    if ring.dtype == np.float64:
        factors = ring.random((3, 4, model.outputs), rng)
        combined = programs.combined_rows(model, ring, weights, inputs, factors, fixed)
        rows = backward.reshape(3, model.outputs, -1)
        assert np.array_equal(combined.reshape(3, 4, -1), ring.matmul(factors, rows))


def test_a_derivative_that_is_stated_is_still_checked():
    def stopped(w, x):
        return w[0] * x[0] + lax.stop_gradient(w[1]) * x[1]

    with pytest.raises(NotAlgebraicError, match="not the derivative of its values"):
        nv.dimension(nv.as_model(stopped, (2,), input_shape=2))


def test_traced_functions_give_the_same_program_as_a_jax_function():
    """Two outer products in one: what a user writes with JAX, and the family."""
    user = trace(lambda a, b, x, c: b @ (a @ x) ** 2, (3, 2), (1, 3), (2,), (0,))
    family = programs.values_program(nv.as_model("mlp(2,3,1; x^2)"))
    assert user.output_shapes == family.output_shapes
    assert len(user.instructions) == len(family.instructions)
