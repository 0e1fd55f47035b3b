"""A polynomial function is read whatever operations of JAX it is made of: values, Jacobian, dimension and span, one test an operation.

A case is a function of weights. Its model is f_w(x) = sum_i f_i(w) x_i: the dimension is the rank of the Jacobian of f, the ambient
dimension that of the span of its values, and float64 JAX says both.
"""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
import pytest
from jax import lax

import neurovariety as nv
from neurovariety.errors import InputError
from neurovariety.program import interpret, trace
from neurovariety.program import of_model as programs
from neurovariety.program.primitives import RING_OPERATIONS
from neurovariety.rings import Complexes, FiniteField, Rationals

from . import test_primitives
from .over_rings import P, check_against_jax, fractions, residue

MASK = np.array([True, False, True])
ONES_AND_ZEROS = np.array([0, 1, 0])
MATRIX = np.array([[2.0, 1.0], [1.0, 1.0]])
SCALES = np.arange(1.0, 3.0)
THIRD = np.array([[3.0, 1.0], [1.0, 1.0]])
STRONG = ("proved", "complete", "probability")


@jax.custom_jvp
def cube(x):
    return x**3


cube.defjvps(lambda tangent, value, x: 3 * x**2 * tangent)


@jax.custom_batching.custom_vmap
def batched_square(x):
    return x * x


@batched_square.def_vmap
def _(size, batched, x):
    return x * x, batched[0]


def doubled(x):
    return jax.custom_derivatives.linear_call(lambda r, v: r * v, lambda r, t: r * t, 2.0, x)


def halved(x):
    return lax.custom_linear_solve(lambda y: 2 * y, x, lambda _, b: b / 2, lambda _, b: b / 2)


def printed(x):
    jax.debug.print("{}", x)
    return x * x


def counted(x):
    """A loop that JAX cannot differentiate backwards."""
    return lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] * x + 1), (0, x))[1]


OPERATIONS = {
    "stack": (lambda x: jnp.stack([x[0], x[0] * x[1]]), (2,)),
    "stack along another axis": (lambda x: jnp.stack([x, x * x], axis=1), (2, 2)),
    "unstack": (lambda x: jnp.unstack(x, axis=1)[1] * x[:, 0], (2, 2)),
    "unstack by iteration": (lambda x: jnp.stack([a * b for a, b in zip(x, x[::-1], strict=True)]), (3,)),
    "stack of unstack": (lambda x: jnp.stack(jnp.unstack(x), axis=-1), (2, 2)),
    "at set": (lambda x: jnp.zeros(3).at[0].set(x[0] * x[1]).at[1].add(x[0]), (3,)),
    "at set by a slice": (lambda x: jnp.zeros((3, 3)).at[1:, ::2].set(x.reshape(2, 2)), (4,)),
    "at set by a mask": (lambda x: x.at[MASK].set(x[1]), (3,)),
    "at subtract": (lambda x: x.at[ONES_AND_ZEROS].subtract(x[:3] ** 2), (4,)),
    "at multiply": (lambda x: x.at[1].multiply(x[0]), (3,)),
    "at multiply, repeated": (lambda x: x.at[ONES_AND_ZEROS].mul(x[1] * x[:3]), (4,)),
    "at multiply, of rows": (lambda x: x.at[:, ONES_AND_ZEROS].multiply(x[:, :3]), (2, 3)),
    "at divide": (lambda x: x.at[1].divide(4.0), (3,)),
    "at divide by weights": (lambda x: x.at[1].divide(x[0] ** 2 + 1), (3,)),
    "at power": (lambda x: x.at[1].power(3), (3,)),
    "at apply": (lambda x: x.at[1].apply(lambda v: v * v + 1), (3,)),
    "at apply, repeated": (lambda x: x.at[ONES_AND_ZEROS].apply(lambda v: v * v), (3,)),
    "at get": (lambda x: x.at[np.array([0, 7])].get(mode="fill", fill_value=0) + x.at[np.array([1, 2])].get(), (3,)),
    "at add beyond the end": (lambda x: x.at[np.array([1, 9])].add(x[:2], mode="drop"), (3,)),
    "sums by segments": (lambda x: jax.ops.segment_sum(x * x[0], np.array([0, 1, 0]), num_segments=2), (3,)),
    "products by segments": (lambda x: jax.ops.segment_prod(x, np.array([0, 1, 0]), num_segments=2), (3,)),
    "transpose of scatter": (lambda x: jax.linear_transpose(lambda y: y.at[np.array([1, 1])].add(y[:2]), x)(x * x), (3,)),
    "gather by integers": (lambda x: x[(np.arange(3)[:, None] - np.arange(3)) % 3], (3,)),
    "take, roll, repeat, tile": (lambda x: jnp.roll(jnp.repeat(x, 2), 1)[:3] * jnp.tile(x, 2)[1:4] + jnp.take(x, 0), (2,)),
    "padding by modes": (lambda x: jnp.pad(x, 2, mode="reflect") * jnp.pad(x, 2, mode="wrap") + jnp.pad(x, 2, mode="edge"), (3,)),
    "padding by a weight": (lambda x: lax.pad(x, x[0], ((1, 1, 1),)), (3,)),
    "dynamic slices in vmap": (lambda x: jax.vmap(lambda i: lax.dynamic_slice(x, (i,), (2,)))(np.arange(2)), (3,)),
    "dynamic updates in vmap": (lambda x: jax.vmap(lambda i: lax.dynamic_update_slice(x, x[:1] * x[1], (i,)))(np.arange(2)), (3,)),
    "powers by constants": (lambda x: x ** np.array([1, 2, 3]), (3,)),
    "powers by constants, broadcast": (lambda x: x[:, None] ** jnp.arange(3), (2,)),
    "powers by float constants": (lambda x: lax.pow(x, jnp.array([1.0, 2.0, 0.0])), (3,)),
    "powers in a loop": (lambda x: lax.scan(lambda c, k: (c, x**k), 0.0, jnp.arange(3))[1], (2,)),
    "negative powers": (lambda x: (x**2 + 1) ** np.array([-1, -2]), (2,)),
    "derivative of powers by constants": (jax.jacfwd(lambda x: (x ** np.array([1, 2])).sum()), (2,)),
    "vander, polyval": (lambda x: jnp.vander(x, 3) * jnp.polyval(x, x[0]), (2,)),
    "reduce by a function": (lambda x: lax.reduce(x, 0.0, lambda a, b: a + b + a * b, (0,)), (3, 2)),
    "reduce of pairs": (lambda x: lax.reduce((x, x**2), (1.0, 0.0), lambda a, b: (a[0] * b[0], a[1] + b[1]), (0,))[0], (3, 2)),
    "products over windows": (lambda x: lax.reduce_window(x, 1.0, lax.mul, (2,), (1,), ((0, 1),)), (3,)),
    "windows by a function": (lambda x: lax.reduce_window(x, 0.0, lambda a, b: a + b + a * b, (2,), (1,), ((1, 0),)), (3,)),
    "windows from another start": (lambda x: lax.reduce_window(x, 1.0, lax.add, (2,), (2,), ((1, 0),), base_dilation=(2,)), (3,)),
    "cumulative products, derivative": (jax.jacfwd(lambda x: jnp.cumprod(x)), (3,)),
    "matrix powers": (lambda x: jnp.linalg.matrix_power(x, 3), (2, 2)),
    "associative scan of matrices": (lambda x: lax.associative_scan(jnp.matmul, x)[-1], (2, 2, 2)),
    "ragged product": (lambda a, b: lax.ragged_dot(a, b, np.array([1, 1], dtype=np.int32)), (2, 2), (2, 2, 1)),
    "grouped convolution": (lambda x, w: lax.conv_general_dilated(x, w, (2,), "SAME", feature_group_count=2), (1, 2, 3), (2, 1, 2)),
    "transposed convolution": (
        lambda x, w: lax.conv_transpose(x, w, (2,), "SAME", dimension_numbers=("NHC", "HIO", "NHC")),
        (1, 2, 1),
        (2, 1, 1),
    ),
    "convolve2d": (lambda x, y: jsp.signal.convolve2d(x, y), (2, 2), (2, 1)),
    "determinant of four rows": (lambda x: jnp.linalg.det(jnp.eye(4).at[1:3, 0:3].add(x))[None], (2, 3)),
    "determinants in vmap": (
        lambda x: jax.vmap(jnp.linalg.det, in_axes=2)(jnp.eye(4)[..., None] + x[..., None] * np.arange(2.0)),
        (4, 4),
    ),
    "determinant of constants": (lambda x: x * jnp.linalg.det(np.diag([2.0, 3.0, 4.0, 5.0])), (2,)),
    "inverse": (lambda x: jnp.linalg.inv(x + 9 * MATRIX), (2, 2)),
    "solution": (lambda a, b: jnp.linalg.solve(a + 9 * MATRIX, b), (2, 2), (2,)),
    "solution that needs another order": (lambda x: jnp.linalg.solve(jnp.array([[0.0, 1.0], [1.0, 0.0]]) * x[0], x[1:]), (3,)),
    "solution with constants": (lambda x: jnp.linalg.solve(THIRD, x * x[0]), (2,)),
    "triangular solution": (lambda a, b: jsp.linalg.solve_triangular(a + 9 * MATRIX, b, trans=1), (2, 2), (2,)),
    "triangular solution from the right": (
        lambda a, b: lax.linalg.triangular_solve(a + 9 * MATRIX, b, left_side=False, lower=True, unit_diagonal=True),
        (2, 2),
        (1, 2),
    ),
    "factor of constants": (lambda x: jsp.linalg.cho_solve((np.array([[2.0, 0.0], [1.0, 1.0]]), True), x), (2,)),
    "tests for NaN": (lambda x: jnp.where(jnp.isnan(x), 0, x) * jnp.nansum(x), (2,)),
    "tests for infinity": (lambda x: jnp.nan_to_num(x * x) + jnp.where(jnp.isinf(x), 0, x) + jnp.where(jnp.isfinite(x), x, 0), (2,)),
    "choice by a constant of what is no polynomial": (lambda x: jnp.where(True, x, jnp.exp(x)) + lax.select_n(MASK[1:], x, x**2), (2,)),
    "what is dropped": (lambda x: (jnp.sqrt(x), x * x)[1], (2,)),
    "branches on constants": (lambda x: jax.vmap(lambda p, v: lax.cond(p, lambda u: u**2, lambda u: -u, v))(MASK[:2], x), (2,)),
    "orders of constants": (lambda x: x[jnp.argsort(np.array([3.0, 1.0, 2.0]))] * x[jnp.argmax(np.array([0.0, 2.0, 1.0]))], (3,)),
    "rounding of constants": (lambda x: x * jnp.floor(jnp.array([1.5, 3.0])) + x * jnp.clip(np.array([3.0, 1.0]), 1.5, 2.5), (2,)),
    "random constants": (
        lambda x: x * jax.random.randint(jax.random.key(0), (2,), 1, 9) + x[jax.random.permutation(jax.random.key(1), 2)],
        (2,),
    ),
    "conversions": (lambda x: x.astype(jnp.float32) * x.astype(jnp.bfloat16).astype(jnp.float64), (2,)),
    "barriers": (lambda x: lax.optimization_barrier((x, x * x))[1] * jnp.copy(x), (2,)),
    "printing": (printed, (2,)),
    "composite": (lambda x: lax.composite(lambda y: y * y, "my.square")(x), (2,)),
    "custom rules": (lambda x: jnp.stack([cube(x), batched_square(x)]), (2,)),
    "custom linear maps": (lambda x: doubled(x) * halved(x), (2,)),
    "checkpoint of stack": (lambda x: jax.checkpoint(jax.jit(lambda v: jnp.stack([v, v * v])))(x), (2,)),
    "while, counted": (counted, (2,)),
    "loop with writing": (lambda x: lax.fori_loop(0, 2, lambda i, c: c.at[i].set(c[i] * x[i] + c.sum()), x), (3,)),
    "linearize": (lambda x: jax.linearize(lambda y: jnp.stack([y[0], y[0] * y[1]]), x)[1](x * x), (2,)),
    "vjp": (lambda x: jax.vjp(lambda y: jnp.stack([y[0], y[0] * y[1]]), x)[1](x * x)[0], (2,)),
    "Hessian of stack": (jax.hessian(lambda x: jnp.stack([x[0] ** 3, x[0] * x[1] ** 2]).sum()), (2,)),
    "derivative of a determinant": (jax.grad(lambda x: jnp.linalg.det(jnp.eye(4).at[:2, :3].add(x))), (2, 3)),
    "derivative of a solution": (jax.jacfwd(lambda x: jnp.linalg.solve(9 * MATRIX + jnp.outer(x, x), x)), (2,)),
    "derivative of at set": (jax.grad(lambda x: (jnp.zeros(3).at[0].set(x[0] * x[1]).at[np.array([1, 1])].set(x) ** 2).sum()), (2,)),
}
"""What `test_primitives.FUNCTIONS` does not have."""

SOME = {
    *("stack", "unstack", "at set", "at multiply, repeated", "at apply", "powers by constants", "reduce by a function"),
    *("products over windows", "determinant of four rows", "solution", "solution with constants", "tests for NaN", "what is dropped"),
    *("while, counted", "ragged product"),
}
"""The cases that are tried each time; `make test` tries all."""


def cases(names):
    return [pytest.param(name, marks=() if name in SOME else pytest.mark.slow) for name in names]


def flat_function(name):
    """The case as a function of one vector with one vector as its value, and the length of both."""
    function, *shapes = OPERATIONS.get(name) or test_primitives.FUNCTIONS[name]
    sizes = [int(np.prod(s, dtype=int)) for s in shapes]

    def flat(w):
        parts = [w[sum(sizes[:k]) : sum(sizes[: k + 1])].reshape(s) for k, s in enumerate(shapes)]
        return jnp.concatenate([jnp.ravel(v) * 1.0 for v in jax.tree_util.tree_leaves(function(*parts))])

    with jax.enable_x64(True):
        outputs = jax.eval_shape(flat, jax.ShapeDtypeStruct((sum(sizes),), np.float64)).shape[0]
    return flat, sum(sizes), outputs


@cache
def oracle(name):
    """What JAX says in float64 at odd quarters, where no denominator of the cases vanishes.

    Points, values, the Jacobian at the first point and its generic rank (None where JAX has no derivative), the rank of the values.
    """
    flat, weights, outputs = flat_function(name)
    rng = np.random.default_rng(3)
    points = (2 * rng.integers(-8, 8, size=(min(outputs, 40) + 3, weights)) + 1) / 4
    with jax.enable_x64(True):
        try:
            both = jax.jit(lambda w: (flat(w), jax.jacfwd(flat)(w)))
            both(jnp.asarray(points[0]))
        except (NotImplementedError, ValueError):  # no rule, or one that fails
            both = jax.jit(lambda w: (flat(w), None))
        values, slopes = zip(*[both(jnp.asarray(w)) for w in points], strict=True)
    rank = (
        None
        if slopes[0] is None
        else max(np.linalg.matrix_rank(s, tol=1e-9 * np.abs(s).max(initial=1)) for s in map(np.asarray, slopes))
    )
    scaled = np.array([v / np.abs(v).max(initial=1) for v in map(np.asarray, values)])
    first = None if slopes[0] is None else np.asarray(slopes[0])
    return points, np.asarray(values[0]), first, rank, np.linalg.matrix_rank(scaled, tol=1e-9)


def model_of(name):
    flat, weights, outputs = flat_function(name)
    return nv.as_model(lambda w, x: (flat(w) @ x)[None], (weights,), input_shape=outputs)


@pytest.mark.parametrize("name", cases(OPERATIONS))
def test_values_over_q_and_a_prime_field(name):
    flat, weights, _ = flat_function(name)
    points, values, *_ = oracle(name)
    program, exact, field = trace(flat, (weights,)), Rationals(), FiniteField(P)
    (over_q,) = interpret(program, exact, [exact.constant(points[0])])
    (over_p,) = interpret(program, field, [field.constant(points[0])])
    found = fractions(over_q)
    np.testing.assert_allclose(found.astype(np.float64), values, rtol=1e-9, atol=1e-9)
    assert [int(v) % P for v in over_p] == [residue(v) for v in found]


@pytest.mark.parametrize("name", cases(OPERATIONS))
def test_jacobian_forwards_and_backwards(name):
    flat, weights, outputs = flat_function(name)
    model, ring = nv.as_model(lambda w, x: flat(w) * x, (weights,), input_shape=outputs), Complexes()
    points, _, slopes, *_ = oracle(name)
    arguments = [ring.constant(points[0]), ring.constant(np.ones((1, outputs))), ring.constant(np.zeros(0))]
    forward = programs._forward_rows(model, ring, *arguments)
    if slopes is not None:
        np.testing.assert_allclose(forward, slopes, rtol=1e-8, atol=1e-8)
    if programs._check_once(model):
        backward = np.empty_like(forward)
        programs._backward_rows(model, ring, *arguments, backward)
        np.testing.assert_allclose(backward, forward, rtol=1e-8, atol=1e-8)
    factors = ring.constant(np.arange(2.0 * outputs).reshape(1, 2, outputs))
    combined = programs.combined_rows(model, ring, arguments[0], arguments[1], factors, arguments[2])
    np.testing.assert_allclose(combined, ring.matmul(factors[0], forward), rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("name", cases([*OPERATIONS, *test_primitives.FUNCTIONS]))
def test_dimension_and_span(name):
    _, weights, outputs = flat_function(name)
    if not weights or not outputs:
        return
    *_, rank, span = oracle(name)
    model = model_of(name)
    dimension, ambient = nv.dimension(model), nv.ambient(model)
    assert str(dimension.claim) in STRONG
    assert rank in (None, dimension.value)
    assert ambient.value == span
    assert str(ambient.claim) in STRONG or name == "derivative of a determinant"  # written by JAX with a factorization: high degrees


def test_every_ring_operation_has_a_case():
    seen = set()
    for name in SOME | {"at subtract", "inverse"}:
        flat, weights, _ = flat_function(name)
        seen |= {i.primitive for i in trace(flat, (weights,)).instructions}
    assert {"scatter-mul", "det", "lu", "triangular_solve", "take"} <= seen
    assert seen <= set(RING_OPERATIONS)


@pytest.mark.parametrize("name", ["stack", "at multiply, repeated", "powers by constants", "solution with constants"])
def test_also_inside_vmap_and_jit(name):
    flat, weights, _ = flat_function(name)
    check_against_jax(jax.vmap(jax.jit(flat)), (2, weights), points=1)


def test_constant_equations_are_solved_exactly():
    """The inverse of a constant matrix is one of rationals, and no denominator of the model."""
    program = trace(lambda x: jnp.linalg.solve(THIRD, x), (2,))
    ring = Rationals()
    ((a, b),) = [fractions(v) for v in interpret(program, ring, [ring.constant(np.array([1, 0]))])]
    assert (2 * a, 2 * b) == (1, -1)
    assert program.rounded == ()
    assert "div" not in {i.primitive for i in program.instructions}


def test_a_loop_that_jax_cannot_differentiate_backwards(monkeypatch):
    """A large model is differentiated backwards by JAX, or, where there is no such derivative, by jets, a few parameters at a time."""

    def looped(w, x):
        return lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, (w["a"] @ s[1]) ** 2), (0, x))[1]

    model = nv.as_model(looped, {"a": (3, 3)}, input_shape=3)
    small = nv.dimension(model).value
    monkeypatch.setattr(programs, "_FORWARD_WORK", 0)
    monkeypatch.setattr(programs, "_JET_WORK", 4 * 13 * programs.values_program(model).work)
    assert not programs._check_once(model)
    assert nv.dimension(model).value == small == 9


def test_symmetries_of_what_jax_cannot_differentiate():
    def f(w, x):
        return x.at[np.array([0, 0])].mul(w)

    def written(w, x):
        return jnp.stack([x[0] * w[0] * w[1], x[1]])

    found, same = (nv.symmetries(nv.as_model(g, (2,), input_shape=2)) for g in (f, written))
    assert found.value == same.value


def test_a_matrix_that_is_never_invertible():
    with pytest.raises(InputError, match="singular for all weights"):
        trace(lambda w: jnp.linalg.solve(jnp.outer(w, w), w), (3,))
    with pytest.raises(InputError, match="constant matrix that is singular"):
        trace(lambda w: jnp.linalg.solve(np.ones((2, 2)), w), (2,))
