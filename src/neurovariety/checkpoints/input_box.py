"""The box of inputs on which a function is to stay: two numbers, or two arrays of the shape of an input."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import numpy as np

from neurovariety.certificates.box_bounds import Box
from neurovariety.checkpoints.graph.onnx_runtime import Feeds
from neurovariety.checkpoints.graph.three_arithmetics import to_floats, to_fractions
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array


def input_box(given: object, shape: tuple[int, ...]) -> Box:
    """The box (low, high) of inputs of a shape. Raises `InputError` for what is none."""
    try:
        ends = [to_fractions(np.asarray(v)) for v in cast("Sequence[object]", given)]
        if len(ends) != 2:
            raise ValueError("two ends are expected")
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"box= is a pair (low, high) of finite numbers or arrays of the shape {shape}, got {given!r:.100}") from error
    if any(v.shape not in ((), shape) for v in ends):
        raise InputError(f"the ends of box= are numbers or arrays of the shape {shape}, got {ends[0].shape} and {ends[1].shape}")
    if np.any(ends[0] > ends[1]):
        raise InputError("box= is a pair (low, high) with low at most high in every entry")
    one, two = (tuple(Fraction(v) for v in e.reshape(-1)) for e in ends)
    return Box(one, two)


def ends_of(box: Box, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Arrays of the exact ends."""
    low, high = (np.array([*side, None], dtype=object)[:-1] for side in (box.low, box.high))
    one, two = (np.broadcast_to(v.reshape(shape if v.size > 1 else ()), shape) for v in (low, high))
    return one, two


def fed_inside(feeds: Feeds, box: Box) -> Feeds:
    """Random inputs of a file, batch axis first, moved into the box."""
    out: dict[str, Array] = {}
    for name, x in feeds.items():
        low, high = (to_floats(v) for v in ends_of(box, tuple(np.shape(x))[1:]))
        out[name] = np.asarray(low + (high - low) * (1 + np.tanh(np.asarray(x, dtype=np.float64))) / 2).astype(np.asarray(x).dtype)
    return out
