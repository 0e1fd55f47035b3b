"""The adjunction f_w(T x) = f_{w.T}(x), S f_w = f_{S.w}: a linear map of inputs or outputs traded for one of the weights.

A model states on which axes of which blocks such maps act. Here the statement is proved, for all linear maps at once: with the input
made a parameter block, moving T from the weights to the input is an action of the general linear group on axes that changes no
value, and the output is paired with a covector in the same way. `program.group_actions` reads both off the program. Where it cannot,
and to see whether all functions of a model are equivariant, random points of prime fields are asked, with a bound for the error.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, Final

import jax.numpy as jnp
import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.geometry.equivariance.linear_map import LinearMap
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.linear_algebra import count_primes_lower_bound, random_prime
from neurovariety.model import Model, Slot
from neurovariety.program.group_actions import is_invariant
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, draw_coefficients, leaves
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.tolerances import ERROR_BOUND, MAX_TRIALS, PRIME_BITS

_WEIGHTS, _INPUT, _COVECTOR = "weights", "input", "covector"
_PAIRED: Final = Slot[Model]("paired with its inputs and covectors of its outputs")

_MOST_POWER, _MOST_BLOCKS = 4, 12
"""Powers of a factor, and blocks of weights, among which scalings are sought."""

BlockMap = list[tuple[str, int | None, Array]]
"""A linear map of the weights as factors (block, axis, matrix) that act one after the other; an axis of None takes a 1 x 1 matrix."""


def input_adjunction(model: Model) -> bool:
    """Whether f_w(T x) = f_{w.T}(x) is proved for every square matrix T on the first axis of the input."""
    axes = tuple((f"{_WEIGHTS}.{block}", axis, 1) for block, axis in model.input_axes)
    return bool(axes) and is_invariant(_paired(model), _action(model.input_shape[0], (*axes, (_INPUT, 0, -1))))


def output_adjunction(model: Model) -> bool:
    """Whether S f_w = f_{S.w} is proved for every square matrix S on the first axis of the output."""
    axes = tuple((f"{_WEIGHTS}.{block}", axis, 1) for block, axis in model.output_axes)
    return bool(axes and model.output_shape) and is_invariant(
        _paired(model), _action(model.output_shape[0], (*axes, (_COVECTOR, 0, -1)))
    )


def input_scaling(model: Model) -> dict[str, int] | None:
    """Powers of a factor t of some blocks that undo t in all inputs: f_w(t x) = f_{w.t}(x), proved; None where none was found."""
    return _scaling(model, _INPUT)


def covector_scaling(model: Model) -> dict[str, int] | None:
    """Powers of a factor t of some blocks with t f_w = f_{w.t}, proved; None where none was found."""
    return _scaling(model, _COVECTOR)


def _scaling(model: Model, side: str) -> dict[str, int] | None:
    names = [b.name for b in model.blocks]
    single = [{name: power} for power in range(1, _MOST_POWER + 1) for name in names]
    for powers in (*single, *({a: 1, b: 1} for a, b in combinations(names, 2))) if len(names) <= _MOST_BLOCKS else ():
        axes = tuple((f"{_WEIGHTS}.{block}", None, power) for block, power in powers.items())
        if is_invariant(
            _paired(model), AxisAction(Kind.TORUS, 1, (*axes, (side, None, -1)), "moving a factor between weights and data")
        ):
            return powers
    return None


def _action(size: int, axes: tuple[tuple[str, int | None, int], ...]) -> AxisAction:
    return AxisAction(Kind.GENERAL_LINEAR, size, axes, "moving a linear map between weights and data")


def _paired(model: Model) -> Model:
    """The model whose parameters are the weights, the input and a covector of outputs; its value is their pairing."""

    def value(parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        out = model.function(parameters[_WEIGHTS], parameters[_INPUT], coefficients)
        return jnp.tensordot(parameters[_COVECTOR], jnp.reshape(out, model.output_shape or (1,)), axes=(0, 0))

    shapes = {_WEIGHTS: model.shapes, _INPUT: model.input_shape, _COVECTOR: model.output_shape[:1] or (1,)}
    return model.kept.once(_PAIRED, lambda: Model(f"{model.name}, paired", value, shapes, (1,), model.coefficients))


def zero_function(model: Model) -> int | None:
    """Dimension of a linear space of weights whose function is zero, from the proved adjunctions with the zero map; None: none known.

    S = 0 gives f_{0.w} = 0; T = 0 gives f_{w.0}(x) = f_w(0), which is zero where the function has no constant term.
    """
    bounds, sizes = degree_bounds(model), {b.name: b.size for b in model.blocks}
    if bounds.rational:
        return None
    killed = [model.output_axes] if output_adjunction(model) else []
    if bounds.low > 0 and input_adjunction(model):
        killed.append(model.input_axes)
    return max((model.parameters - sum(sizes[block] for block in {name for name, _ in axes}) for axes in killed), default=None)


def require_axes(model: Model, outputs: bool) -> None:
    """Raise `InputError` where the model does not say how maps of its inputs (and outputs) act on its weights."""
    if not model.input_axes:
        raise InputError(
            f"{model.name} does not say on which weights a linear map of its inputs acts, so nothing can be said of invariance; take "
            "an architecture whose first layer is a full matrix, such as mlp(2,2,1; x^2), linear(3,2,3) or attention(3,2; a=2; t=2)"
        )
    if outputs and not model.output_axes:
        raise InputError(
            f"{model.name} does not say on which weights a linear map of its outputs acts; leave the output map out, or take an "
            "architecture whose last layer is a full matrix"
        )


def map_factors(axes: tuple[tuple[str, int], ...], matrix: Array) -> BlockMap:
    """The factors of a map that multiplies each of the axes by ``matrix``."""
    return [(block, axis, matrix) for block, axis in axes]


class OverField:
    """The model and the two maps over a prime field: T on inputs and w.T, S on outputs and S.w, values.

    Raises `DivisionByZeroError` where an entry of a map has no image in the field.
    """

    def __init__(self, model: Model, inputs: LinearMap, outputs: LinearMap, p: int, rng: np.random.Generator) -> None:
        self.model, self.p, self.rng = model, p, rng
        self.ring = FiniteField(p)
        self.t, self.s = self._image(inputs), self._image(outputs)
        self.moved = map_factors(model.input_axes, np.ascontiguousarray(self.t.T))
        self.turned = [] if outputs.is_identity else map_factors(model.output_axes, self.s)
        self.coefficients = draw_coefficients(model, self.ring, rng)

    def _image(self, given: LinearMap) -> Array:
        return np.array([[self.ring.scalar(v) for v in row] for row in given.rows], dtype=np.float64)

    def inputs(self, count: int) -> Array:
        """Random inputs, shape (count, *input shape)."""
        return self.ring.random((count, *self.model.input_shape), self.rng)

    def weights(self) -> Array:
        """Random weights, shape (N,)."""
        return self.ring.random((self.model.parameters,), self.rng)

    def values(self, weights: Array, inputs: Array) -> Array:
        """f_w at each of the inputs, shape (count, *output shape)."""
        program = batch_program(self.model, len(inputs))
        (out,) = interpret(program, self.ring, [*leaves(self.model, weights), inputs, self.coefficients])
        return out

    def along(self, matrix: Array, batch: Array) -> Array:
        """The matrix on the first axis of each member of a batch (of scalars: the 1 x 1 matrix)."""
        flat = batch.reshape(batch.shape[0], len(matrix), -1)
        return self.ring.matmul(np.broadcast_to(matrix, (len(flat), *matrix.shape)), flat).reshape(batch.shape)

    def applied(self, factors: BlockMap, weights: Array) -> Array:
        """The flat weights after the factors, one after the other; shape (N,)."""
        blocks = dict(self.model.unflatten(weights))
        for block, axis, matrix in factors:
            value = blocks[block]
            if axis is None:
                blocks[block] = self.ring.multiply(value, matrix.reshape(()))
                continue
            moved = value.swapaxes(0, axis)
            flat = self.ring.matmul(matrix, np.ascontiguousarray(moved).reshape(len(moved), -1))
            blocks[block] = flat.reshape(moved.shape).swapaxes(0, axis)
        return self.model.flatten(blocks)

    def is_equivariant(self, weights: Array, inputs: Array) -> bool:
        """Whether f_w(T x) = S f_w(x) at the inputs."""
        there = self.values(weights, self.along(self.t, inputs))
        return np.array_equal(there, self.along(self.s, self.values(weights, inputs)))

    def adjunction_holds(self, weights: Array, inputs: Array) -> bool:
        """Whether f_w(T x) = f_{w.T}(x) and S f_w(x) = f_{S.w}(x) at the inputs."""
        there = self.values(weights, self.along(self.t, inputs))
        turned = self.along(self.s, self.values(weights, inputs))
        first = np.array_equal(there, self.values(self.applied(self.moved, weights), inputs))
        return first and np.array_equal(turned, self.values(self.applied(self.turned, weights), inputs))


def missed_inequality(model: Model, inputs: LinearMap, outputs: LinearMap) -> float:
    """The probability, at most, that one random point over a random prime does not tell f(T x) from S f(x), or from f_{w.T}(x).

    That is an identity between polynomials whose degrees and coefficients `degree_bounds` bounds, times powers of the entries of the
    maps (Schwartz 1980). 1 where the bound says nothing.
    """
    d = degree_bounds(model)
    if d.rational or not math.isfinite(d.inputs + d.parameters + d.log_norm):
        return 1.0
    degree = d.inputs + d.parameters
    height = d.log_norm + 1 + (degree + 1) * (inputs.log_size + outputs.log_size)
    return min(1.0, degree / 2.0 ** (PRIME_BITS - 1) + height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS))


def adjunction_error(model: Model, inputs: LinearMap, outputs: LinearMap, rng: np.random.Generator) -> float:
    """Ask at random weights and inputs over independent primes whether the adjunction holds; a bound of the probability that it does by
    accident, 1 where it fails, or where the bound says nothing."""
    once = missed_inequality(model, inputs, outputs)
    if once >= 1:
        return 1.0
    error = 1.0
    for _ in range(MAX_TRIALS):
        try:
            field = OverField(model, inputs, outputs, random_prime(PRIME_BITS, rng), rng)
        except DivisionByZeroError:
            continue
        if not field.adjunction_holds(field.weights(), field.inputs(1)):
            return 1.0
        error *= once
        if error <= ERROR_BOUND:
            break
    return error
