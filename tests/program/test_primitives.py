"""Every ring primitive against JAX itself."""

from __future__ import annotations

import itertools
import threading
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import neurovariety as nv
from neurovariety.program import trace
from neurovariety.program.indexing import PICKS
from neurovariety.program.primitives import RING_OPERATIONS

from .over_rings import check_against_jax, exactly

MASK = np.array([True, False, True, True])
INDEX = np.array([[3, 0], [1, 1]])

FUNCTIONS = {
    "arithmetic": (lambda x, y: x * y + x - 3 * y - (-x), (3,), (3,)),
    "broadcasting": (lambda x, y: x[:, None] * y[None, :] + x.sum(), (3,), (2,)),
    "powers": (lambda x: x**2 + x**3 - x**0 + lax.integer_pow(x, 5) + jnp.square(x), (4,)),
    "float power": (lambda x: x**2.0 + jnp.power(x, 3), (4,)),
    "division by constants": (lambda x: x / 4 + x / jnp.array([1.0, 2.0, 8.0]), (3,)),
    "division": (lambda x, y: x / (y**2 + 1) + (y**2 + 2.0) ** -1, (3,), (3,)),
    "mean and variance": (lambda x: jnp.stack([x.mean(), x.var()]), (4,)),
    "scalars": (lambda x, y: x * y + x**2, (), ()),
    "scalar choice": (lambda x: jnp.where(np.array(True), x, 2 * x), ()),
    "matmul": (lambda a, b, v: (a @ b) @ v, (2, 3), (3, 4), (4,)),
    "dot with batch": (
        lambda a, b: lax.dot_general(a, b, (((2,), (1,)), ((0,), (0,)))),
        (2, 3, 4),
        (2, 4, 2),
    ),
    "dot, many contractions, batch in odd places": (
        lambda a, b: lax.dot_general(a, b, (((0, 3), (2, 0)), ((1,), (3,)))),
        (2, 3, 2, 4),
        (4, 5, 2, 3),
    ),
    "einsum": (lambda a, b: jnp.einsum("bij,bjk,bli->bkl", a, b, a), (2, 3, 3), (2, 3, 2)),
    "outer": (lambda a, b: jnp.einsum("i,jk->ijk", a, b), (2,), (3, 2)),
    "contraction of length 0": (lambda a, b: a @ b, (2, 0), (0, 3)),
    "trace, diagonal, triangle": (lambda a: jnp.trace(a) + jnp.diagonal(a) + jnp.triu(a).sum(0) + jnp.diag(a[0]).sum(0), (3, 3)),
    "determinant": (jnp.linalg.det, (3, 3)),
    "kronecker": (jnp.kron, (2, 2), (2, 3)),
    "indexing by a number": (lambda x: x[1] * x[-1], (4, 2)),
    "strided slice": (lambda x: x[::2] * x[1::2][::-1], (4,)),
    "gather": (lambda x: x[INDEX] * 2, (4,)),
    "gather of rows and columns": (lambda x: x[INDEX[0]][:, [1, 0, 1]], (4, 2)),
    "take with a zero fill": (lambda x: jnp.take(x, np.array([0, 9, 1]), mode="fill", fill_value=0.0), (3,)),
    "take, clipped": (lambda x: jnp.take(x, np.array([0, 9, -7]), mode="clip"), (3,)),
    "take along an axis": (lambda x: jnp.take_along_axis(x, np.array([[1], [0]]), axis=1), (2, 2)),
    "dynamic slice": (lambda x: lax.dynamic_slice(x, (1, 0), (2, 2)), (4, 3)),
    "dynamic slice past the end": (lambda x: lax.dynamic_slice(x, (3,), (2,)), (4,)),
    "dynamic update": (lambda x: lax.dynamic_update_slice(x, x[:2] ** 2, (1,)), (4,)),
    "set": (lambda x: x.at[INDEX[0]].set(x[:2] * 3).at[2].set(7.0), (4,)),
    "scatter-add": (lambda x: x.at[INDEX].add(jnp.stack([x[:2], x[2:]])), (4,)),
    "pad": (lambda x: jnp.pad(x, ((1, 2), (0, 1)), constant_values=3.0), (2, 2)),
    "pad, inner and negative": (lambda x: lax.pad(x, 0.0, ((-1, 2, 1),)), (4,)),
    "concatenate and stack": (lambda x, y: jnp.concatenate([x, y, x * y[:2]]) * jnp.stack([y] * 1).sum(), (2,), (3,)),
    "split": (lambda x: jnp.split(x, [1, 3])[1] * x[0], (4,)),
    "roll, repeat, tile": (lambda x: jnp.roll(x, 1).sum() * jnp.repeat(x, 2) + jnp.tile(x, 2), (3,)),
    "reshape and transpose": (lambda x: (x.reshape(3, 4).T @ x.reshape(3, 4)).transpose(1, 0).reshape(2, 8), (12,)),
    "squeeze and expand": (lambda x: jnp.expand_dims(jnp.squeeze(x, 1), (0, 2)), (3, 1)),
    "cumulative sums": (lambda x: jnp.cumsum(x, axis=1) + lax.cumsum(x, axis=0, reverse=True), (3, 2)),
    "cumulative products": (lambda x: jnp.cumprod(x) + lax.cumprod(x, reverse=True), (4,)),
    "product": (lambda x: jnp.prod(x, axis=0) + jnp.prod(x), (2, 3)),
    "sums": (lambda x: x.sum((0, 2)) + jnp.sum(x, initial=2.0), (2, 3, 2)),
    "empty sum": (lambda x: x[:0].sum() + jnp.prod(x[:0]) + x, (2,)),
    "window sums": (lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 2), ((0, 1), (1, 1))), (3, 4)),
    "window sums, dilated": (
        lambda x: lax.reduce_window(x, 0.0, lax.add, (2,), (1,), ((1, 2),), base_dilation=(2,), window_dilation=(3,)),
        (4,),
    ),
    "choice by a constant mask": (lambda x: jnp.where(MASK, x**2, 5.0) + jnp.where(MASK, x, x[::-1]), (4,)),
    "choice among three": (lambda x: lax.select_n(np.array([0, 2, 1]), x, 2 * x, x**2), (3,)),
    "reverse and flip": (lambda x: jnp.flip(x, (0, 1)) * lax.rev(x, (1,)), (2, 3)),
    "convolve": (lambda x, y: jnp.convolve(x, y), (4,), (3,)),
    "scan": (lambda x: lax.scan(lambda c, a: (c * a + 1, c - a), jnp.ones(()), x), (4,)),
    "reverse scan": (lambda x: lax.scan(lambda c, a: (c + a * a, c * a), x[0], x, reverse=True), (3, 2)),
    "scan that stacks constants": (lambda x: lax.scan(lambda c, a: (c + a, 2.0), 0.0, x)[1] * x, (3,)),
    "for loop": (lambda x: lax.fori_loop(0, 3, lambda i, c: c * jnp.asarray(x)[i], 1.0), (3,)),
    "while with a count": (lambda x: lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * x + 1), (0, x))[1], (2,)),
    "branch on a constant": (lambda x: lax.cond(np.array(2) > 1, lambda v: v**2, lambda v: -v, x), (2,)),
    "switch on a constant": (lambda x: lax.switch(np.array(5), [lambda v: v, lambda v: 2 * v, lambda v: 3 * v], x), (2,)),
    "map": (lambda x: lax.map(lambda a: a @ a, x), (3, 2)),
    "associative scan": (lambda x: lax.associative_scan(jnp.multiply, x), (4,)),
    "jit inside": (lambda x: jax.jit(lambda v: v**2 + 1)(x) * jax.jit(jnp.sum)(x), (3,)),
    "checkpoint": (lambda x: jax.checkpoint(lambda v: (v**2).sum() * v)(x), (3,)),
    "vmap": (jax.vmap(lambda a, b: a @ b, in_axes=(0, None)), (3, 2), (2,)),
    "constant folding": (lambda x: x * (jnp.arange(3.0) ** 2 + jnp.eye(3)[1] * 2 - jnp.ones(3).sum()), (3,)),
    "constant output": (lambda x: (x, jnp.arange(4.0).reshape(2, 2)), (2,)),
    "derivative of indexing": (jax.grad(lambda x: (x[INDEX] ** 2).sum() * x[1]), (4,)),
    "derivative of a dynamic slice": (jax.jacrev(lambda x: lax.dynamic_slice(x, (1,), (2,)) ** 2), (4,)),
    "derivative of cumulative sums": (jax.jacfwd(lambda x: jnp.cumsum(x**2) * x), (3,)),
    "derivative of padding": (jax.jacrev(lambda x: lax.pad(x * x, 0.0, ((1, -1, 2),))), (3,)),
    "derivative of a choice": (jax.jacrev(lambda x: jnp.where(MASK, x**2, 3 * x)), (4,)),
    "derivative of a scan": (jax.grad(lambda x: lax.scan(lambda c, a: (c * a + a, c), 1.0, x)[0]), (3,)),
    "derivative of a quotient": (jax.jacrev(lambda x: x[0] / (x[1] ** 2 + 1)), (2,)),
    "derivative by vmap": (jax.vmap(jax.grad(lambda v: (v**3).sum() * v[0])), (2, 3)),
    "Hessian": (jax.hessian(lambda x: jnp.prod(x) + (x**3).sum()), (3,)),
    "jvp": (lambda x, v: jax.jvp(lambda z: (z @ z) * z, (x,), (v,)), (3,), (3,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_agrees_with_jax(name):
    function, *shapes = FUNCTIONS[name]
    check_against_jax(function, *shapes)


def _custom():
    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda primals, tangents: (cube(*primals), 3 * primals[0] ** 2 * tangents[0]))
    return cube


def _custom_reverse():
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (cube(x), x), lambda x, g: (3 * x**2 * g,))
    return cube


@pytest.mark.parametrize("make", [_custom, _custom_reverse])
def test_custom_derivatives(make):
    cube = make()
    check_against_jax(lambda x: cube(x) * x.sum(), (3,))
    check_against_jax(jax.jacrev(lambda x: cube(x) * x.sum()), (3,))


CONVOLUTIONS = [
    # strides, padding, lhs dilation, rhs dilation, feature groups, batch groups
    ((1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1), 1, 1),
    ((2, 1), ((1, 0), (2, 1)), (1, 1), (1, 1), 1, 1),
    ((1, 2), ((-1, 0), (0, -1)), (1, 1), (1, 1), 1, 1),
    ((1, 1), ((0, 1), (1, 1)), (2, 3), (1, 1), 1, 1),
    ((1, 1), ((2, 1), (1, 2)), (1, 1), (2, 1), 1, 1),
    ((2, 2), ((2, -1), (3, 1)), (2, 1), (1, 2), 1, 1),
    ((1, 1), ((0, 0), (1, 0)), (1, 1), (1, 1), 2, 1),
    ((2, 1), ((1, 0), (0, 0)), (1, 2), (1, 1), 1, 2),
]


@pytest.mark.parametrize(("strides", "padding", "lhs", "rhs", "groups", "batches"), CONVOLUTIONS)
@pytest.mark.parametrize("layout", [("NCHW", "OIHW", "NCHW"), ("NHWC", "HWIO", "NHWC"), ("CHNW", "HOWI", "HNCW")])
def test_convolution_in_two_dimensions(strides, padding, lhs, rhs, groups, batches, layout):
    sizes = {"N": 2, "C": 2, "H": 4, "W": 5}
    kernel = {"O": 2, "I": 2 // groups, "H": 2, "W": 3}
    x, w = (tuple(s[c] for c in spec) for s, spec in zip((sizes, kernel), layout, strict=False))

    def convolution(a, b):
        return lax.conv_general_dilated(
            a,
            b,
            strides,
            padding,
            lhs_dilation=lhs,
            rhs_dilation=rhs,
            dimension_numbers=layout,
            feature_group_count=groups,
            batch_group_count=batches,
        )

    check_against_jax(convolution, x, w, points=1)
    if layout[0] == "NCHW":
        gradients = jax.jacrev(lambda a, b: (convolution(a, b) ** 2).sum(), argnums=(0, 1))
        program = check_against_jax(gradients, x, w, points=1)
        assert sum(i.primitive == "conv_general_dilated" for i in program.instructions) >= 3


@pytest.mark.parametrize(
    ("stride", "padding", "lhs", "rhs", "groups"), list(itertools.product([1, 2], [(0, 0), (2, 1), (-1, 2)], [1, 2], [1, 2], [1, 2]))
)
def test_convolution_in_one_dimension(stride, padding, lhs, rhs, groups):
    def convolution(a, b):
        return lax.conv_general_dilated(
            a, b, (stride,), (padding,), lhs_dilation=(lhs,), rhs_dilation=(rhs,), feature_group_count=groups
        )

    check_against_jax(convolution, (1, 2, 7), (2, 2 // groups, 3), points=1)
    check_against_jax(jax.jacrev(lambda a, b: convolution(a, b)[0, 1, 0], argnums=(0, 1)), (1, 2, 7), (2, 2 // groups, 3), points=1)


def test_a_filter_longer_than_its_input_gives_nothing():
    check_against_jax(lambda a, b: lax.conv_general_dilated(a, b, (1,), ((0, 0),)), (1, 1, 2), (1, 1, 3), points=1)


def test_every_primitive_of_the_table_has_been_compared():
    """The functions above reach every ring operation and indexing primitive, except those that only old versions of JAX have, and those
    of `test_every_operation`."""
    seen = set()
    for function, *shapes in FUNCTIONS.values():
        seen |= {i.primitive for i in trace(function, *shapes).instructions}
    elsewhere = {
        *("scatter-mul", "scatter_mul", "det", "lu", "triangular_solve"),
        *("add_any", "scatter_add", "conv_general_dilated", "expand_dims", "stack", "tile", "split", "copy", "copy_p", "stop_gradient"),
        *("reduce_precision", "device_put", "name", "sharding_constraint", "optimization_barrier", "convert_element_type"),
    }
    assert set(RING_OPERATIONS) - seen <= elsewhere
    assert {"gather", "pad", "select_n", "scatter", "dynamic_slice", "dynamic_update_slice"} == set(PICKS)


def test_identity_primitives():
    def function(x):
        y = lax.optimization_barrier(lax.reduce_precision(lax.stop_gradient(x) * 1.0, 11, 52))
        return jnp.copy(jax.device_put(y)) + x.astype(jnp.float32).astype(jnp.float64)

    check_against_jax(function, (3,))


class TestEquinox:
    @pytest.mark.parametrize("bias", [True, False])
    def test_mlp(self, bias):
        network = eqx.nn.MLP(2, 1, 3, 1, activation=lambda x: x**2, use_bias=bias, use_final_bias=bias, key=jax.random.PRNGKey(0))
        model = nv.as_model(lambda net, x: net(x), network, input_shape=2)
        same = f"mlp(2,3,1; x^2{'; bias' if bias else ''})"
        assert model.parameters == nv.parse(same).parameters
        assert nv.dimension(model).value == nv.dimension(same).value

    def test_linear(self):
        layer = eqx.nn.Linear(3, 2, key=jax.random.PRNGKey(0))
        assert nv.dimension(nv.as_model(lambda net, x: net(x), layer, input_shape=3)).value == 8

    def test_convolution(self):
        layers = [eqx.nn.Conv1d(1, 1, 2, use_bias=False, key=jax.random.PRNGKey(k)) for k in range(2)]
        model = nv.as_model(lambda net, x: net[1](net[0](x) ** 2), layers, input_shape=(1, 3))
        assert (model.parameters, model.output_shape) == (4, (1, 1))
        assert nv.dimension(model).value == nv.dimension("cnn(2,2; x^2)").value == 3


class TestConstants:
    def test_a_float_is_its_exact_binary_value(self):
        ((value,),) = exactly(lambda x: 0.1 * x, (1,), at=[[Fraction(1)]])
        assert value == Fraction(0.1) != Fraction(1, 10)

    def test_a_large_integer_is_kept(self):
        ((value,),) = exactly(lambda x: 16777217.0 * x, (1,), at=[[Fraction(1)]])
        assert value == 16777217

    def test_division_by_a_constant_is_exact(self):
        ((value,),) = exactly(lambda x: x / 3, (1,), at=[[Fraction(1)]])
        assert value == Fraction(1, 3)

    def test_rational_coefficients_are_not_floats(self):
        model = nv.parse("mlp(1,1,1; 1/3*x^2)").model
        assert model.coefficients == (Fraction(1, 3),)

    def test_rounding_is_recorded(self):
        assert trace(lambda x: jnp.sqrt(jnp.array(2.0)) * x, (1,)).rounded == ("sqrt",)
        assert trace(lambda x: 2.0 * x, (1,)).rounded == ()

    @pytest.mark.parametrize("call", [lambda f: f(), lambda f: _in_thread(f)])
    def test_the_global_precision_is_left_alone(self, call):
        before = jax.config.jax_enable_x64
        value = call(lambda: exactly(lambda x: 0.1 * x, (1,), at=[[Fraction(1)]])[0][0])
        assert value == Fraction(0.1)
        assert jax.config.jax_enable_x64 == before is False
        assert jnp.ones(1).dtype == np.float32


def _in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]
