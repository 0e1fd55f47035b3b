"""The law of parametrizations: a family that says how weights make its functions is held to that, over Q."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.image import RationalFunction
from neurovariety.model import Model
from neurovariety.parametrization import EntrywiseProduct, FilterLayers, Layers, Parametrization
from neurovariety.rings.ring import Array
from neurovariety.testing.laws import drawn_until_defined, exact_values, hold, some_coefficients, whole_numbers


def check_parametrization(model: Model, rng: np.random.Generator) -> None:
    """Hold the values of a model to those of the parametrization that it states. Raises `AssertionError`."""
    made = model.parametrization
    if made is None or None in model.coefficients:
        return

    def attempt() -> tuple[Array, Array]:
        weights, x = whole_numbers(rng, (model.parameters,)), whole_numbers(rng, model.input_shape)
        blocks = {b.name: weights[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks}
        (exact,) = exact_values(model, weights, [x], some_coefficients(model, rng))
        return exact, _made_by(made, blocks, x)

    exact, found = drawn_until_defined(attempt, model.name)
    hold(np.array_equal(exact.reshape(-1), found.reshape(-1)), f"{model.name} has other values than its parametrization {made}")


@singledispatch
def _made_by(parametrization: Parametrization, blocks: dict[str, Array], x: Array) -> Array:
    """What a parametrization says that the value is at x."""
    raise AssertionError(
        f"the kit does not know the parametrization {type(parametrization).__name__}: add it to testing/parametrizations.py"
    )


@_made_by.register
def _(parametrization: Layers, blocks: dict[str, Array], x: Array) -> Array:
    out = x = x.reshape(-1)
    for k, name in enumerate(parametrization.weights):
        out = blocks[name] @ out
        out = out + blocks[parametrization.biases[k]] if parametrization.biases else out
        out = _applied(parametrization.activations[k], out) if k < len(parametrization.activations) else out
    return np.asarray(out + parametrization.skips * x if parametrization.skips else out)


@_made_by.register
def _(parametrization: EntrywiseProduct, blocks: dict[str, Array], x: Array) -> Array:
    return np.sum(np.prod([blocks[u] for u in parametrization.vectors], axis=0) * x, keepdims=True)


@_made_by.register
def _(parametrization: FilterLayers, blocks: dict[str, Array], x: Array) -> Array:
    out = x.reshape(-1)
    for k, (name, size, stride) in enumerate(zip(parametrization.filters, parametrization.sizes, parametrization.strides, strict=True)):
        kernel = blocks[name].reshape(-1)
        out = np.array([kernel @ out[i : i + size] for i in range(0, len(out) - size + 1, stride)], dtype=object)
        out = _applied(parametrization.activations[k], out) if k < len(parametrization.activations) else out
    return out


def _applied(activation: RationalFunction, values: Array) -> Array:
    out = np.empty(values.shape, dtype=object)
    for at, v in np.ndenumerate(values):
        over, under = (
            sum((c * v**e for e, c in terms if c is not None), Fraction(0)) for terms in (activation.terms, activation.denominator)
        )
        if not under:
            raise DivisionByZeroError(f"a pole of {activation}")
        out[at] = over / under
    return out
