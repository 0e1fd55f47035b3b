"""ONNX operators on the axes of values: one row each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurovariety.checkpoints.readers.building import (
    Operand,
    Stored,
    Turned,
    Value,
    refuse,
)
from neurovariety.checkpoints.readers.moved_batch import drop, insert, turn
from neurovariety.checkpoints.readers.onnx_call import OnnxCall
from neurovariety.checkpoints.readers.repeated_axes import expanded
from neurovariety.errors import InputError

_NO_END = 2**31 - 1
"""The end of a slice up to the end, whatever that is."""


def _flatten(c: OnnxCall) -> Value:
    shape = c.builder.shape(c.x)
    axis = int(c.attributes.get("axis", 1))
    if axis % (len(shape) + 1) != 1:
        refuse(c.path, c.operator, f"axis={axis}; the batch axis stays by itself")
    return c.make("reshape", c.x, shape=(int(np.prod(shape)),))


def _reshape(c: OnnxCall) -> Operand:
    target = c.integers(1, "shape") or []
    if (array := c.known(0)) is not None:
        return c.constant(array.reshape(target))
    given = c.operand(0)
    if isinstance(given, Stored):
        return _reshaped_weight(c, given, target)
    if not c.attributes.get("allowzero", 0):
        full = c.builder.full(c.x)
        target = [full[k] if n == 0 else n for k, n in enumerate(target)]
    return c.builder.reshape(c.name, c.path, c.x, target)


def _reshaped_weight(c: OnnxCall, weight: Stored, target: list[int]) -> Operand:
    """A weight in another shape, in which it is kept where nothing else reads it."""
    array = c.builder.weights[weight.key]
    shape = array.shape
    if not c.attributes.get("allowzero", 0):
        target = [shape[k] if n == 0 and k < len(shape) else n for k, n in enumerate(target)]
    wanted = array.reshape(target)
    if wanted.shape == shape:
        return weight
    if c.builder.uses[weight.key] == 1:
        c.builder.weights[weight.key] = wanted
        return weight
    return c.make("reshape", c.x, shape=wanted.shape)


def _transpose(c: OnnxCall) -> Operand:
    given = c.operand(0)
    if isinstance(given, Stored):  # a weight has no batch axis
        rank = c.array(0).ndim
        order = list(c.attributes.get("perm", range(rank - 1, -1, -1)))
        return Turned(given.key) if order == [1, 0] else c.make("transpose", c.x, permutation=tuple(int(k) % rank for k in order))
    return turn(c.builder, c.name, c.path, c.x, list(c.attributes.get("perm", range(len(c.builder.shape(c.x)), -1, -1))))


def _squeeze(c: OnnxCall) -> Operand:
    axes = c.integers(1, "axes")
    if (array := c.known(0)) is not None:
        return c.constant(np.squeeze(array) if axes is None else np.squeeze(array, tuple(axes)))
    if axes is None:
        refuse(c.path, c.operator, "without axes it takes away the batch of one sample as well")
    value = c.x
    rank = len(c.builder.full(value))
    for step, k in enumerate(sorted((a % rank for a in axes), reverse=True)):
        value = drop(c.builder, f"{c.name} {step}" if step < len(axes) - 1 else c.name, c.path, value, k)
    return value


def _unsqueeze(c: OnnxCall) -> Operand:
    axes = c.integers(1, "axes") or []
    if (array := c.known(0)) is not None:
        return c.constant(np.expand_dims(array, tuple(axes)))
    shape = list(c.builder.shape(c.x))
    rank = len(shape) + 1 + len(axes)
    if max(axes) >= 0 and not c.builder.differs(c.x):
        refuse(c.path, c.operator, "of weights; count the axes from the last, -1")
    if not c.builder.differs(c.x):
        for k in sorted(a % rank for a in axes):
            shape.insert(k - 1, 1)
        return c.make("reshape", c.x, shape=tuple(shape))
    value = c.x
    for step, k in enumerate(sorted(a % (len(c.builder.full(c.x)) + len(axes)) for a in axes)):
        value = insert(c.builder, f"{c.name} {step}" if step < len(axes) - 1 else c.name, c.path, value, k)
    return value


def _slice(c: OnnxCall) -> Operand:
    starts, ends = c.integers(1, "starts") or [], c.integers(2, "ends") or []
    axes = c.integers(3, "axes") or list(range(len(starts)))
    steps = c.integers(4) or [1] * len(starts)
    if (array := c.known(0)) is not None:
        cut = [slice(None)] * array.ndim
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            cut[axis] = slice(start, end if step > 0 or end >= -array.shape[axis] else None, step)
        return c.constant(array[tuple(cut)])
    value = c.x
    for k, (start, end, axis, step) in enumerate(zip(starts, ends, axes, steps, strict=True)):
        if step < 1:
            refuse(c.path, c.operator, "a step backwards")
        if (start, step) == (0, 1) and end >= _NO_END:  # the whole axis, that of the batch among them
            continue
        place = c.builder.axis(value, axis, c.path)
        begin, stop, _ = slice(start, end).indices(c.builder.shape(value)[place])
        value = c.builder.node(
            f"{c.name} {k}" if k else c.name, c.path, "slice", [value], axis=place, start=begin, stop=stop, step=step
        )
    return value


def _pad(c: OnnxCall) -> Value:
    c.only("mode", b"constant")
    pads = c.integers(1, "pads") or []
    rank = len(c.builder.shape(c.x)) + 1
    given = c.input(2)
    value = c.builder.number(given) if given is not None else c.attribute("value", 0)
    if value != 0 or c.input(3) is not None or len(pads) != 2 * rank or min(pads) < 0 or pads[0] or pads[rank]:
        refuse(c.path, c.operator, "zeros around the axes of a sample are understood")
    return c.make("pad", c.x, padding=tuple((pads[k], pads[k + rank]) for k in range(1, rank)))


def _split(c: OnnxCall) -> list[Value]:
    axis = c.builder.axis(c.x, int(c.attributes.get("axis", 0)), c.path)
    total = c.builder.shape(c.x)[axis]
    size = -(-total // c.outputs)
    sizes = c.integers(1, "split") or [min(size, total - k) for k in range(0, total, size)]
    ends = np.cumsum(sizes)
    return [
        c.builder.node(f"{c.name} {k}", c.path, "slice", [c.x], axis=axis, start=int(end - n), stop=int(end), step=1)
        for k, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]


def _concatenate(c: OnnxCall) -> Operand:
    axis = int(c.attributes["axis"])
    operands = [c.operand(k) for k in range(len(c.inputs))]
    if all(isinstance(v, Stored) for v in operands):
        return c.constant(np.concatenate([np.atleast_1d(c.array(k)) for k in range(len(operands))], axis=axis))
    values = [c.builder.promoted(v) for v in operands]
    return c.make("concatenate", *values, axis=c.builder.axis(values[0], axis, c.path))


def _reduced(kind: str) -> Callable[[OnnxCall], Value]:
    def make(c: OnnxCall) -> Value:
        axes = c.integers(1, "axes")
        if not axes:
            raise InputError(f"{c.path} takes the {kind} over the whole batch; give the axes of one sample")
        return c.make(kind, c.x, axes=c.builder.axes(c.x, axes, c.path), keepdims=bool(c.attributes.get("keepdims", 1)))

    return make


def _largest(c: OnnxCall) -> Value:
    """The largest entry along some axes: a maximum over a window that is as long as they are, with the other axes in front."""
    shape = c.builder.shape(c.x)
    if c.operator == "GlobalMaxPool":
        axes: tuple[int, ...] = tuple(range(1, len(shape)))
    elif given := c.integers(1, "axes"):
        axes = tuple(sorted(c.builder.axes(c.x, given, c.path)))
    else:
        refuse(c.path, c.operator, "over the whole batch; give the axes of one sample")
    rest = tuple(k for k in range(len(shape)) if k not in axes)
    window, value = tuple(shape[k] for k in axes), c.x
    if not c.builder.differs(value) or not axes or len(set(axes)) < len(axes):
        refuse(c.path, c.operator, "of weights, or along no axis")
    if (*rest, *axes) != tuple(range(len(shape))):
        value = c.builder.node(f"{c.name} turned", c.path, "transpose", [value], permutation=(*rest, *axes))
    if len(rest) != 1:
        front = (int(np.prod([shape[k] for k in rest], dtype=np.int64)), *window)
        value = c.builder.node(f"{c.name} in a row", c.path, "reshape", [value], shape=front)
    one = (1,) * len(axes)
    sides = ((0, 0),) * len(axes)
    found = c.builder.node(f"{c.name} largest", c.path, "max_pool", [value], window=window, stride=one, padding=sides, dilation=one)
    kept = c.operator == "GlobalMaxPool" or bool(c.attributes.get("keepdims", 1))
    return c.make("reshape", found, shape=tuple(1 if k in axes else n for k, n in enumerate(shape) if kept or k in rest))


def _shape(c: OnnxCall) -> Stored:
    given = c.operand(0)
    shape = c.array(0).shape if isinstance(given, Stored) else tuple(c.builder.full(c.x))
    if isinstance(given, Turned) or (isinstance(given, Value) and not c.builder.differs(given)):
        refuse(c.path, c.operator, "of what is made of weights")
    start, end = c.attributes.get("start"), c.attributes.get("end")
    return c.constant(np.asarray(shape[start:end], dtype=np.int64))


def _gather(c: OnnxCall) -> Operand:
    axis, indices = int(c.attributes.get("axis", 0)), c.integers(1) or []
    if (array := c.known(0)) is not None:
        return c.constant(np.asarray(np.take(array, c.array(1).astype(np.int64), axis=axis)))
    if len(indices) != 1 or c.array(1).ndim > 1:
        refuse(c.path, c.operator, "one index is understood")
    place = c.builder.axis(c.x, axis, c.path)
    shape = c.builder.shape(c.x)
    at = indices[0] % shape[place]
    cut = c.builder.node(f"{c.name} cut", c.path, "slice", [c.x], axis=place, start=at, stop=at + 1, step=1)
    single = c.array(1).ndim == 0
    return drop(c.builder, c.name, c.path, cut, axis) if single else cut


def _expanded(c: OnnxCall) -> Value:
    sizes = c.integers(1)
    full = list(c.builder.shape(c.x)) if isinstance(c.operand(0), Stored) else c.builder.full(c.x)
    if sizes is None or len(sizes) != len(full):
        refuse(c.path, c.operator, "sizes of all axes are understood")
    return expanded(c.builder, c.name, c.path, c.operand(0), [m if n == 1 else n for n, m in zip(sizes, full, strict=True)])


def _tiled(c: OnnxCall) -> Value:
    times = c.integers(1) or []
    if len(times) != len(c.builder.full(c.x)) or times[0] != 1 or min(times) < 1 or c.x.layout is not None:
        refuse(c.path, c.operator, "along the axes of one sample")
    value = c.x
    for k, n in enumerate(times):
        if n > 1:
            value = c.builder.node(f"{c.name} along {k}", c.path, "concatenate", [value] * n, axis=k - 1)
    return value


AXES: dict[str, Callable[[OnnxCall], object]] = {
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Pad": _pad,
    "Split": _split,
    "Concat": _concatenate,
    "ReduceSum": _reduced("sum"),
    "ReduceMean": _reduced("mean"),
    **dict.fromkeys(("ReduceMax", "GlobalMaxPool"), _largest),
    "Expand": _expanded,
    "Tile": _tiled,
    "Shape": _shape,
    "Gather": _gather,
}
"""Operator on axes -> nodes."""
