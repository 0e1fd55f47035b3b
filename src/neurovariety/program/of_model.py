"""The programs of a model: its values, its Jacobian, its derivative along given directions; each traced once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError, NotAlgebraicError
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model, Shape, Slot
from neurovariety.program.interpret import interpret
from neurovariety.program.jaxpr import Traced
from neurovariety.program.program import Program
from neurovariety.program.trace import program_of, trace
from neurovariety.rings.dual import DualNumbers
from neurovariety.rings.jets import Jets
from neurovariety.rings.power import Power
from neurovariety.rings.ring import Array, Ring
from neurovariety.tolerances import MAX_DIVISION_RETRIES, PRIME_BITS

_CHECK_SEED = 2025
_VALUES: Final = Slot[Program]("values")
_BATCH: Final = Slot[Program]("values at inputs")
_SAMPLES: Final = Slot[Program]("values of samples of weights at inputs")
_JACOBIAN: Final = Slot[Program]("Jacobian at inputs")
_COMBINED: Final = Slot[Program]("derivative of combinations of outputs at inputs")
_DERIVATIVE: Final = Slot[Program]("derivative in a direction")
_CHECKED: Final = Slot[bool]("derivative rules checked")

_JET_WORK = 2**22
"""Products of entries of one run over jets where a Jacobian must be taken forwards: as many parameters at a time."""

_FORWARD_WORK = 2**20
"""Products of entries up to which a Jacobian is taken forwards, some 20 ms; having JAX trace its derivative takes longer."""


def values_program(model: Model) -> Program:
    """w, x, coefficients -> f_w(x) at one input; inputs are the parameter leaves, x, the coefficients."""

    def build() -> Program:
        return trace(model.function, *_arguments(model, None)) if model.sheet is None else program_of(model.sheet)

    return model.kept.once(_VALUES, build)


def batch_program(model: Model, batch: int) -> Program:
    """w, X, coefficients -> f_w at each of ``batch`` inputs, shape (batch, *output shape)."""

    def values(parameters: Traced, inputs: Traced, coefficients: Traced) -> Traced:
        import jax

        return jax.vmap(lambda x: model.function(parameters, x, coefficients))(inputs)

    return model.kept.once(_BATCH, lambda: trace(values, *_arguments(model, batch)), batch)


def samples_program(model: Model, samples: int, batch: int) -> Program:
    """Like `batch_program` for ``samples`` parameter vectors at once: leaves carry a leading axis; values (samples, batch, ...)."""

    def values(parameters: Traced, inputs: Traced, coefficients: Traced) -> Traced:
        import jax

        over_inputs = jax.vmap(lambda w, x: model.function(w, x, coefficients), in_axes=(None, 0))
        return jax.vmap(lambda w: over_inputs(w, inputs))(parameters)

    def build() -> Program:
        _shapes, x, coefficients = _arguments(model, batch)
        many = model.tree([(samples, *b.shape) for b in model.blocks])
        return trace(values, many, x, coefficients)

    return model.kept.once(_SAMPLES, build, samples, batch)


def sample_values(model: Model, ring: Ring, weights: Array, inputs: Array, coefficients: Array) -> Array:
    """Values of the functions with ``weights`` (samples, N) at ``inputs`` (batch, *input shape): (samples, batch, outputs)."""
    samples, batch = len(weights), len(inputs)
    if values_program(model).work * samples * batch <= _FORWARD_WORK:
        points = Power(ring, samples * batch)
        w = points.of(np.repeat(weights, batch, axis=0).T)
        x = points.of(np.moveaxis(np.concatenate([inputs] * samples), 0, -1))
        (values,) = interpret(values_program(model), points, [*leaves(model, w), x, points.of(coefficients[:, None])])
        return np.asarray(values.reshape(-1)["at"].T.reshape(samples, batch, -1))
    program = samples_program(model, samples, batch)
    (values,) = interpret(program, ring, [*leaves(model, weights), inputs, coefficients])
    return values.reshape(samples, batch, -1)


def jacobian_program(model: Model, batch: int) -> Program:
    """w, X, coefficients -> derivative of f_w(X) by w, one output a block, shape (batch, *output shape, *block shape).

    Raises `NotAlgebraicError` where the derivative rules of a user's own function are not those of its values.
    """
    _check_once(model)
    return _jacobian(model, batch)


def _jacobian(model: Model, batch: int) -> Program:
    """The same, whatever the derivative rules state."""

    def jacobian(parameters: Traced, inputs: Traced, coefficients: Traced) -> Traced:
        import jax

        def at(x: Traced) -> Traced:
            return jax.jacrev(lambda w: model.function(w, x, coefficients))(parameters)

        return jax.vmap(at)(inputs)

    return model.kept.once(_JACOBIAN, lambda: trace(jacobian, *_arguments(model, batch)), batch)


def combined_program(model: Model, batch: int, rows: int) -> Program:
    """w, X, U, coefficients -> derivative by w of ``rows`` combinations of the outputs at each input, one output a block.

    U has the shape (batch, rows, *output shape), the derivatives (batch, rows, *block shape).
    """

    def combined(parameters: Traced, inputs: Traced, factors: Traced, coefficients: Traced) -> Traced:
        import jax

        def at(x: Traced, u: Traced) -> Traced:
            _, pull = jax.vjp(lambda w: model.function(w, x, coefficients), parameters)
            return jax.vmap(lambda one: pull(one)[0])(u)

        return jax.vmap(at)(inputs, factors)

    shapes, x, coefficients = _arguments(model, batch)
    factors = (batch, rows, *model.output_shape)
    return model.kept.once(_COMBINED, lambda: trace(combined, shapes, x, factors, coefficients), batch, rows)


def derivative_program(model: Model) -> Program:
    """w, direction, x, coefficients -> d f_w(x) . direction at one input."""

    def derivative(parameters: Traced, direction: Traced, x: Traced, coefficients: Traced) -> Traced:
        import jax

        return jax.jvp(lambda w: model.function(w, x, coefficients), (parameters,), (direction,))[1]

    shapes, x, coefficients = _arguments(model, None)
    return model.kept.once(_DERIVATIVE, lambda: trace(derivative, shapes, shapes, x, coefficients))


def directional(model: Model, ring: Ring, weights: Array, direction: Array, x: Array, coefficients: Array) -> Array:
    """d f_w(x) . direction at one input, over any ring; by JAX's derivative, or by jets where JAX has none that can be read."""
    try:
        program = derivative_program(model)
    except InputError:
        jets = Jets(ring, 1)
        at = jets.jet(weights, direction[:, None])
        (values,) = interpret(values_program(model), jets, [*leaves(model, at), jets.still(x), jets.still(coefficients)])
        return np.asarray(values["slopes"][..., 0])
    (found,) = interpret(program, ring, [*leaves(model, weights), *leaves(model, direction), x, coefficients])
    return found


def leaves(model: Model, flat: Array) -> list[Array]:
    """A flat parameter vector (..., N) as the list of parameter leaves that the programs take."""
    return list(model.unflatten(flat).values())


def jacobian_rows(model: Model, ring: Ring, flat: Array, inputs: Array, coefficients: Array, out: Array | None = None) -> Array:
    """The Jacobian of the values at ``inputs`` (batch, *input shape) by the parameters: shape (batch * outputs, N).

    Rows are input by input, outputs within. ``out`` receives the rows where it is given.
    """
    if out is None:
        out = np.empty((len(inputs) * model.outputs, model.parameters), dtype=ring.dtype)
    program = values_program(model)
    forward = program.work * len(inputs) * model.parameters <= _FORWARD_WORK
    if program.stated or not forward:
        forward = not _check_once(model) or forward
    if forward:
        out[...] = _forward_rows(model, ring, flat, inputs, coefficients)
    else:
        _backward_rows(model, ring, flat, inputs, coefficients, out)
    return out


def combined_rows(model: Model, ring: Ring, flat: Array, inputs: Array, factors: Array, coefficients: Array) -> Array:
    """``factors`` (batch, rows, outputs) times the Jacobian at ``inputs``, input by input: shape (batch * rows, N).

    The rows of the Jacobian itself, which may be many more, are not made, unless JAX cannot differentiate the function backwards.
    """
    batch, rows, _ = factors.shape
    if not _check_once(model):
        jacobian = _forward_rows(model, ring, flat, inputs, coefficients).reshape(batch, model.outputs, model.parameters)
        return ring.matmul(factors, jacobian).reshape(batch * rows, model.parameters)
    u = factors.reshape(batch, rows, *model.output_shape)
    parts = interpret(combined_program(model, batch, rows), ring, [*leaves(model, flat), inputs, u, coefficients])
    return np.concatenate([part.reshape(batch * rows, -1) for part in parts], axis=1)


def _check_once(model: Model) -> bool:
    """`check_derivative` of a user's function before the first use of JAX's derivative; whether there is one.

    JAX has none of some functions (a ``while`` loop backwards, products at positions that may repeat), and one that is not
    rational of others. Their values are differentiated by jets.
    """

    def readable() -> bool:
        try:
            _jacobian(model, 1)
        except InputError:
            return False
        check_derivative(model)
        return True

    return not model.foreign or model.kept.once(_CHECKED, readable)


def _backward_rows(model: Model, ring: Ring, flat: Array, inputs: Array, coefficients: Array, out: Array) -> None:
    """Write the rows into ``out``, by JAX's derivative from the outputs back."""
    parts = interpret(_jacobian(model, len(inputs)), ring, [*leaves(model, flat), inputs, coefficients])
    for block, part in zip(model.blocks, parts, strict=True):
        out[:, block.start : block.start + block.size] = part.reshape(len(out), block.size)


def _forward_rows(model: Model, ring: Ring, flat: Array, inputs: Array, coefficients: Array) -> Array:
    """The same, by runs of the values over jets in the parameters: nothing is traced, but every step costs N times as much.

    As many parameters move at once as fit the work of one run; for a small model these are all.
    """
    points = Power(ring, len(inputs))
    at, x, fixed = points.of(flat[:, None]), points.of(np.moveaxis(inputs, 0, -1)), points.of(coefficients[:, None])
    program = values_program(model)
    step = max(1, min(model.parameters, _JET_WORK // (max(program.work, 1) * len(inputs))))
    out = np.empty((len(inputs) * model.outputs, model.parameters), dtype=ring.dtype)
    for span in chunks(model.parameters, step):
        jets = Jets(points, len(span))
        weights = jets.still(at)
        weights[span.start : span.stop] = jets.variables(at[span.start : span.stop])
        (values,) = interpret(program, jets, [*leaves(model, weights), jets.still(x), jets.still(fixed)])
        slopes = values.reshape(-1)["slopes"]["at"]  # outputs, parameters, inputs
        out[:, span.start : span.stop] = slopes.transpose(2, 0, 1).reshape(-1, len(span))
    return out


def check_derivative(model: Model) -> None:
    """Hold JAX's derivative of the model against the one that dual numbers give, at a random point of a prime field.

    They differ where a ``custom_jvp``, ``custom_vjp`` or ``stop_gradient`` states another derivative than the function has, and
    ranks of J would then be those of no function. Raises `NotAlgebraicError`.
    """
    rng = np.random.default_rng(_CHECK_SEED)
    for _ in range(MAX_DIVISION_RETRIES):
        ring = DualNumbers(random_prime(PRIME_BITS, rng))
        weights, x = ring.random((model.parameters,), rng), ring.field.random((1, *model.input_shape), rng)
        fixed = draw_coefficients(model, ring.field, rng)
        still = [ring.pair(x[0], np.zeros(())), ring.pair(fixed, np.zeros(()))]
        try:
            (exact,) = interpret(values_program(model), ring, [*leaves(model, weights), *still])
            j = np.empty((model.outputs, model.parameters))
            _backward_rows(model, ring.field, np.ascontiguousarray(weights["value"]), x, fixed, j)
        except DivisionByZeroError:
            continue
        slopes = ring.field.matmul(j, np.ascontiguousarray(weights["slope"])[:, None])[:, 0]
        if not np.array_equal(slopes, exact["slope"].reshape(-1)):
            raise NotAlgebraicError(
                f"JAX's derivative of {model.name} is not the derivative of its values: a stop_gradient, custom_jvp or custom_vjp "
                "in it states another one; remove it, or freeze those parameters by leaving them out of the parameter tree"
            )
        return


def draw_coefficients(model: Model, ring: Ring, rng: np.random.Generator) -> Array:
    """The model's fixed coefficients in ``ring``; generic ones (None) are random elements."""
    out = np.empty(len(model.coefficients), dtype=ring.dtype)
    for i, value in enumerate(model.coefficients):
        out[i] = ring.random((1,), rng)[0] if value is None else ring.scalar(value)
    return out


def with_known_coefficients(model: Model, ring: Ring, kept: Array) -> Array:
    """Coefficients that were drawn, ``kept`` with a certificate, where the model has generic ones, and its own elsewhere."""
    out = np.empty(len(model.coefficients), dtype=ring.dtype)
    for i, (value, drawn) in enumerate(zip(model.coefficients, kept, strict=True)):
        out[i] = drawn if value is None else ring.scalar(value)
    return out


def _arguments(model: Model, batch: int | None) -> tuple[object, Shape, Shape]:
    x = model.input_shape if batch is None else (batch, *model.input_shape)
    return model.shapes, x, (len(model.coefficients),)


def chunks(total: int, size: int) -> Sequence[range]:
    """Consecutive ranges of at most ``size`` that cover range(total)."""
    return [range(i, min(i + size, total)) for i in range(0, total, size)]
