"""``as_model``: notation, an architecture, a model, or any JAX function with a parameter pytree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.notation import parse
from neurovariety.errors import InputError
from neurovariety.model import Model, Shape, is_shape

Source = str | Architecture | Model | Callable[..., Any]


def as_model(source: Source, parameters: object = None, *, input_shape: int | Shape | None = None, name: str | None = None) -> Model:
    """The model that ``source`` denotes.

    ``source`` is the notation of an architecture, an object of `neurovariety.architectures`, a `Model`, or a JAX function
    ``f(parameters, x)``. For a function, ``parameters`` is a pytree whose floating-point array leaves are the parameters (only
    their shapes matter; tuples of ints stand for shapes); other leaves (activation functions of an Equinox module, integers)
    are kept as they are. ``input_shape`` is the shape of one input, an int for a vector.

    A floating-point constant inside the function means its exact binary value. Raises `InputError` where something is missing
    or does not fit, `NotationError` for an unreadable notation.

    >>> import jax.numpy as jnp
    >>> f = lambda w, x: w["a"] @ (w["b"] @ x) ** 2
    >>> as_model(f, {"a": (1, 2), "b": (2, 2)}, input_shape=2).parameters
    6
    """
    if isinstance(source, Model):
        return source
    if isinstance(source, str):
        return parse(source).model
    if isinstance(source, Architecture):
        return source.model
    if not callable(source):
        raise InputError(f"a model is a notation, an architecture, a Model or a function f(parameters, x), got {type(source).__name__}")
    if parameters is None or input_shape is None:
        raise InputError("a function needs its parameters (a pytree of arrays or shapes) and input_shape= to become a model")
    return _from_function(source, parameters, input_shape, name or str(getattr(source, "__name__", "model")))


def _from_function(function: Callable[..., Any], parameters: Any, input_shape: int | Shape, name: str) -> Model:
    import jax

    leaves, structure = jax.tree_util.tree_flatten_with_path(parameters, is_leaf=is_shape)
    shapes: dict[str, Shape] = {}
    places: list[str | None] = []
    for path, leaf in leaves:
        shape = _parameter_shape(leaf)
        key = re.sub(r"\['?([^'\]]*)'?\]", r".\1", jax.tree_util.keystr(path)).strip(".") or "w"
        places.append(None if shape is None else key)
        if shape is not None:
            shapes[key] = shape
    if not shapes:
        raise InputError("the parameters hold no floating-point array: nothing to vary")
    shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
    if any(n < 1 for n in shape):
        raise InputError(f"input_shape {shape} has an empty axis; every axis needs at least one entry")

    def wrapped(blocks: dict[str, Any], x: Any, coefficients: Any) -> Any:
        filled = [leaf if key is None else blocks[key] for key, (_, leaf) in zip(places, leaves, strict=True)]
        return function(jax.tree_util.tree_unflatten(structure, filled), x)

    return Model(name=name, function=wrapped, shapes=shapes, input_shape=shape, foreign=True)


def _parameter_shape(leaf: Any) -> Shape | None:
    if is_shape(leaf):
        return tuple(int(n) for n in leaf)
    if hasattr(leaf, "shape") and hasattr(leaf, "dtype") and np.dtype(leaf.dtype).kind == "f":
        return tuple(int(n) for n in leaf.shape)
    return None
