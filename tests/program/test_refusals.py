"""What is not algebraic is refused: the primitive, the user's own file and line, and what to do instead."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np
import pytest
from jax import lax

import neurovariety as nv
from neurovariety import InputError, NotAlgebraicError
from neurovariety.program import expand, trace

HERE = __file__


def line_of(function, text):
    """The line of this file, within ``function``, that holds ``text``."""
    lines, start = inspect.getsourcelines(function)
    return start + next(k for k, line in enumerate(lines) if text in line)


def _exp(x):
    return x * jnp.exp(x)  # here


def _tanh(x):
    y = x + 1
    return jnp.tanh(y)  # here


def _relu(x):
    return jax.nn.relu(x)  # here


def _maximum(x):
    return jnp.maximum(x, 0.0)  # here


def _minimum(x):
    return jnp.minimum(x, x[::-1])  # here


def _abs(x):
    return jnp.abs(x)  # here


def _sqrt(x):
    return jnp.sqrt(x**2)  # here


def _rsqrt(x):
    return lax.rsqrt(x)  # here


def _softmax(x):
    return jax.nn.softmax(x)  # here


def _log_softmax(x):
    return jax.nn.log_softmax(x)  # here


def _gelu(x):
    return jax.nn.gelu(x)  # here


def _divided_by_the_norm(x):
    return x / jnp.linalg.norm(x)  # here


def _standardize(x):
    return jax.nn.standardize(x)  # here


def _rms(x):
    return x * lax.rsqrt(jnp.mean(x**2))  # here


def _where(x):
    return jnp.where(x > 0, x, 0.0)  # here


def _while(x):
    return lax.while_loop(lambda c: c[0] < 3.0, lambda c: c * 2, x)  # here


def _cond(x):
    return lax.cond(x[0] > 0, lambda v: v, lambda v: -v, x)  # here


def _floor(x):
    return jnp.floor(x)  # here


def _argmax(x):
    return x[jnp.argmax(x)]  # here


def _integer(x):
    return x.astype(jnp.int32) * 1.0  # here


def _sort(x):
    return jnp.sort(x)  # here


def _sign(x):
    return jnp.sign(x)  # here


def _fraction_power(x):
    return x**1.5  # here


def _variable_power(x):
    return jnp.power(2.0, x)  # here


def _computed_index(x):
    return lax.dynamic_slice(x, (lax.convert_element_type(x[0], jnp.int32),), (1,))  # here


def _past_the_end(x):
    return jnp.take(x, np.array([0, 7]), mode="fill", fill_value=5.0)  # here


def _factors(x):
    return jsp.linalg.lu(x.reshape(2, 2))  # here


def _cholesky(x):
    return jnp.linalg.cholesky(x.reshape(2, 2))  # here


def _largest(x):
    return x.at[0].max(x[1])  # here


def _root_of_one_entry(x):
    return x ** np.array([1.0, 0.5, 2.0, 3.0])  # here


def _infinite_power(x):
    return x ** np.array([1.0, np.inf, 2.0, 3.0])  # here


def _comparison(x):
    return x > x[0]  # here


def _sorted_out(x):
    return lax.select(np.array([True, False, True, True]), x, jnp.sqrt(x))  # here


REFUSED = [
    # function, name in the message, word of the advice
    (_exp, "exp", "polynomial"),
    (_tanh, "tanh", "polynomial"),
    (_relu, "max", "x^2"),
    (_maximum, "max", "x^2"),
    (_minimum, "min", "x^2"),
    (_abs, "abs", "x^2"),
    (_sqrt, "sqrt", "normalization"),
    (_rsqrt, "rsqrt", "normalization"),
    (_softmax, "reduce_max in softmax", "transcendental"),
    (_softmax, "max", "linear attention"),
    (_log_softmax, "reduce_max in log_softmax", "linear attention"),
    (_gelu, "tanh", "transcendental"),
    (_divided_by_the_norm, "sqrt in norm", "normalization"),
    (_standardize, "max in standardize", "normalization"),
    (_rms, "rsqrt", "not rational"),
    (_where, "gt", "polynomial"),
    (_while, "", "polynomial"),
    (_cond, "", "polynomial"),
    (_floor, "floor", "polynomial"),
    (_argmax, "argmax", "polynomial"),
    (_integer, "conversion to integers", "polynomial"),
    (_sort, "sort", "polynomial"),
    (_sign, "sign", "polynomial"),
    (_fraction_power, "pow", "polynomial"),
    (_variable_power, "pow", "polynomial"),
    (_computed_index, "integer", "polynomial"),
    (_past_the_end, "gather", "polynomial"),
    (_factors, "lu", "jnp.linalg"),
    (_cholesky, "cholesky", "not rational"),
    (_largest, "scatter-max", "polynomial"),
    (_root_of_one_entry, "pow with the non-integer exponent 0.5", "polynomial"),
    (_infinite_power, "pow with the non-integer exponent inf", "polynomial"),
    (_comparison, "gt", "polynomial"),
    (_sorted_out, "sqrt", "not rational"),
]


@pytest.mark.parametrize(("function", "primitive", "advice"), REFUSED, ids=lambda v: getattr(v, "__name__", str(v)))
def test_names_primitive_line_and_advice(function, primitive, advice):
    with pytest.raises(nv.NotAlgebraicError) as caught:
        trace(function, (4,))
    message = str(caught.value)
    assert f"the model uses {primitive}" in message or primitive in message.split(" at ")[0]
    assert f"{HERE}:{line_of(function, '# here')}" in message
    assert advice in message
    assert "\n" not in message


UNREAD = [
    (lambda x: jnp.fft.fft(x), "complex numbers", "two real arrays"),
    (lambda x: jnp.fft.rfft(x), "fft", "jnp.convolve"),
    (lambda x: lax.complex(x, x).real, "complex", "two real arrays"),
    (lambda x: (x * 1j).imag, "complex", "two real arrays"),
    (lambda x: jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct((4,), np.float64), x), "pure_callback", "jax.numpy"),
    (lambda x: lax.linalg.householder_product(x.reshape(2, 2), x[:2]), "householder_product", "sums, products"),
]


@pytest.mark.parametrize(("function", "primitive", "advice"), UNREAD)
def test_what_is_not_read_is_not_called_a_wrong_name(function, primitive, advice):
    """Some of these are polynomial in real and imaginary parts: the sentence does not say that they are none."""
    with pytest.raises(nv.InputError, match=primitive) as caught:
        trace(function, (4,))
    assert advice in str(caught.value)
    assert "not a polynomial" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_computed_and_dropped_does_no_harm():
    """Only what an output needs is refused: a loss, a norm for a plot, a guard against NaN are not."""

    def function(x):
        y, size = lax.scan(lambda c, a: (c * a, jnp.exp(c)), x[0], x)
        return y + lax.select(np.array(True), x[0], size[0]) + jnp.where(jnp.isnan(x[1]), 0, x[1])

    assert {i.primitive for i in trace(function, (4,)).instructions} <= {"slice", "reshape", "squeeze", "mul", "add", "take"}


@pytest.mark.parametrize("function", [_exp, _relu, _softmax])
def test_also_inside_jit_and_under_derivatives(function):
    for wrapped in (jax.jit(function), jax.vmap(lambda a: function(a * jnp.ones(2))), jax.jacrev(function)):
        with pytest.raises(nv.NotAlgebraicError, match=r"test_refusals\.py:\d+"):
            trace(wrapped, (4,))


def test_a_library_function_called_twice_names_each_caller():
    """JAX keeps the body of relu from its first call; the message must still name the line at hand."""

    def first(x):
        return jax.nn.relu(x)  # first

    def second(x):
        return jax.nn.relu(x) + 1  # second

    for function, mark in ((first, "# first"), (second, "# second"), (first, "# first")):
        with pytest.raises(nv.NotAlgebraicError, match=rf"test_refusals\.py:{line_of(function, mark)},"):
            trace(function, (4,))


def _branch(x):
    return x if x[0] > 0 else -x


def _to_float(x):
    return float(x[0]) * x


def _to_numpy(x):
    return np.sin(x)


def _as_index(x):
    return [1.0, 2.0][x[0]]


def _mask(x):
    return x[x > 0]


@pytest.mark.parametrize("function", [_branch, _to_float, _to_numpy, _as_index, _mask])
def test_python_control_flow_on_values(function):
    with pytest.raises(nv.InputError) as caught:
        trace(function, (4,))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda x: x / 0.0, "constant 0"),
        (lambda x: x * jnp.nan, "not finite"),
        (lambda x: x + jnp.inf, "not finite"),
        (lambda x: (x, jnp.array(jnp.nan)), "not finite"),
        (lambda x: x * 1j, "complex"),
        (lambda x: x @ jnp.ones((5, 2)), "dot_general"),
        (lambda x: lax.scan(lambda c, _: (c * 2, None), x, None, length=20_000)[0], "10000 steps"),
        (lambda x: "text", "JAX type"),
        (lambda x, y: x, "argument"),
    ],
)
def test_unusable_functions(function, word):
    with pytest.raises(nv.InputError, match=word) as caught:
        trace(function, (4,))
    assert "\n" not in str(caught.value)


def test_unused_constants_that_are_not_finite_do_no_harm():
    """The variance of JAX holds a NaN for the case of no samples, which is not taken."""
    assert nv.dimension(nv.as_model(lambda w, x: (w * x).var(), (3,), input_shape=3)).value == 3


def test_the_refusal_reaches_the_public_functions():
    model = nv.as_model(lambda w, x: jnp.exp(w @ x), (3,), input_shape=3)
    for function in (nv.dimension, nv.ambient, nv.fibers, nv.symmetries):
        with pytest.raises(nv.NotAlgebraicError, match="exp"):
            function(model)


@pytest.mark.parametrize(
    "function",
    [
        lambda w, x: (jnp.linalg.norm(w * x) ** 2)[None],
        lambda w, x: (jnp.linalg.norm(w * x) ** 2.0)[None],
        lambda w, x: jnp.square(jnp.linalg.norm(w * x))[None],
        lambda w, x: jnp.linalg.norm(w * x, axis=0, keepdims=True) ** 2,
        lambda w, x: (lambda n: n * n)(jnp.linalg.norm(w * x))[None],
    ],
)
def test_the_square_of_a_norm_is_a_sum_of_squares(function):
    """As the polynomial that it is: its square root alone is none."""
    model = nv.as_model(function, (2,), input_shape=2)
    plain = nv.as_model(lambda w, x: ((w * x) ** 2).sum()[None], (2,), input_shape=2)
    assert repr(expand(model).outputs[0].numerator) == repr(expand(plain).outputs[0].numerator)


def test_even_powers_and_no_others():
    def model(function):
        return nv.as_model(function, (2,), input_shape=2)

    fourth, absolute = (
        model(lambda w, x: (jnp.linalg.norm(w * x) ** 4)[None]),
        model(lambda w, x: (jnp.abs(w @ x) ** 2)[None]),
    )
    assert max(sum(e) for e in expand(fourth).coefficients()) == 8
    assert expand(absolute).coefficients() == expand(model(lambda w, x: ((w @ x) ** 2)[None])).coefficients()
    for function in (
        lambda w, x: (jnp.linalg.norm(w * x) ** 3)[None],
        lambda w, x: jnp.linalg.norm(w * x)[None],
        lambda w, x: (jnp.linalg.norm(w) * jnp.linalg.norm(x))[None],
    ):
        with pytest.raises(NotAlgebraicError, match="sqrt"):
            nv.dimension(model(function))


def test_a_cast_to_fewer_bits_is_no_integer():
    assert nv.dimension(nv.as_model(lambda w, x: w.astype(jnp.bfloat16) * x, (2,), input_shape=2)).value == 2
    with pytest.raises(NotAlgebraicError, match="conversion to integers"):
        nv.dimension(nv.as_model(lambda w, x: w.astype(int) * x, (2,), input_shape=2))


def test_a_transform_is_called_linear():
    with pytest.raises(InputError, match="linear, with roots of unity"):
        nv.dimension(nv.as_model(lambda w, x: jnp.fft.irfft(jnp.fft.rfft(w) * jnp.fft.rfft(x), n=4), (4,), input_shape=4))
