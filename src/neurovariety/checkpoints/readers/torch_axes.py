"""aten operations on the axes of values: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurovariety.checkpoints.readers.building import (
    Operand,
    Stored,
    Turned,
    Value,
    refuse,
)
from neurovariety.checkpoints.readers.moved_batch import drop, insert, turn
from neurovariety.checkpoints.readers.repeated_axes import expanded, repeated
from neurovariety.checkpoints.readers.torch_call import AtenCall
from neurovariety.errors import InputError

_NO_END = 2**62


def _flatten(c: AtenCall) -> Value:
    rank = len(c.builder.full(c.x))
    start, end = c.get("start_dim", 0) % rank, c.get("end_dim", -1) % rank
    if not c.builder.differs(c.x):
        raise InputError(f"{c.place} flattens weights; store them in the shape that is used")
    full = c.builder.full(c.x)
    return c.builder.reshape(c.name, c.path, c.x, [*full[:start], int(np.prod(full[start : end + 1])), *full[end + 1 :]])


def _view(c: AtenCall) -> Value:
    return c.builder.reshape(c.name, c.path, c.x, [int(n) for n in c.get("size", c.get("shape"))])


def _unflatten(c: AtenCall) -> Value:
    full = c.builder.full(c.x)
    axis = int(c.arguments["dim"]) % len(full)
    return c.builder.reshape(c.name, c.path, c.x, [*full[:axis], *map(int, c.arguments["sizes"]), *full[axis + 1 :]])


def _squeeze(c: AtenCall) -> Value:
    if "dim" not in c.arguments:
        refuse(c.place, c.operator, "without an axis it takes away the batch of one sample as well")
    axis = c.builder.axis(c.x, int(c.arguments["dim"]), c.place)
    return drop(c.builder, c.name, c.path, c.x, int(c.arguments["dim"])) if c.builder.shape(c.x)[axis] == 1 else c.x


def _unsqueeze(c: AtenCall) -> Value:
    if isinstance(c.arguments["self"], Stored) and c.arguments["dim"] == 0:  # a weight that becomes a value of a batch of one
        return c.x
    axis = int(c.arguments["dim"]) % (len(c.builder.full(c.x)) + 1)
    if not c.builder.differs(c.x) and c.arguments["dim"] >= 0:
        raise InputError(f"{c.place} puts an axis between those of weights; count from the last axis, -1")
    return insert(c.builder, c.name, c.path, c.x, axis)


def _transpose(c: AtenCall) -> Operand:
    stored = c.arguments["self"]
    if isinstance(stored, Stored) and c.builder.weights[stored.key].ndim == 2:
        same = c.operator == "permute" and [int(k) % 2 for k in c.arguments["dims"]] == [0, 1]
        return stored if same else Turned(stored.key)
    if c.operator in ("t", "numpy_T"):
        raise InputError(f"{c.place} transposes the batch; only the axes of one sample can be used")
    if c.operator == "permute":
        return turn(c.builder, c.name, c.path, c.x, [int(k) for k in c.arguments["dims"]])
    rank = len(c.builder.full(c.x))
    i, j = (int(k) % rank for k in ((-1, -2) if c.operator == "mT" else (c.arguments["dim0"], c.arguments["dim1"])))
    order = list(range(rank))
    order[i], order[j] = j, i
    return turn(c.builder, c.name, c.path, c.x, order)


def _slice(c: AtenCall) -> Value:
    start, stop, step = int(c.get("start", 0)), int(c.get("end", _NO_END)), int(c.get("step", 1))
    if int(c.get("dim", 0)) == 0:
        length = c.builder.batch if c.builder.differs(c.x) else c.builder.shape(c.x)[0]
        if start == 0 and stop >= length and step == 1:
            return c.x
        raise InputError(f"{c.place} cuts the batch; a network maps each sample by itself")
    axis = c.builder.axis(c.x, int(c.get("dim", 0)), c.place)
    begin, end, _ = slice(start, stop).indices(c.builder.shape(c.x)[axis])
    return c.make("slice", c.x, axis=axis, start=begin, stop=end, step=step)


def _pad(c: AtenCall) -> Value:
    c.only("mode", "constant")
    c.only("value", 0, 0.0)
    flat = [int(n) for n in c.arguments["pad"]]
    rank = len(c.builder.shape(c.x))
    pairs = [(flat[k], flat[k + 1]) for k in range(0, len(flat), 2)][::-1]  # torch begins with the last axis
    if len(pairs) > rank or any(n < 0 for n in flat):
        refuse(c.place, c.operator, f"pad={flat}")
    return c.make("pad", c.x, padding=((0, 0),) * (rank - len(pairs)) + tuple(pairs))


def _select(c: AtenCall) -> Value:
    axis = c.builder.axis(c.x, int(c.arguments["dim"]), c.place)
    at = int(c.arguments["index"]) % c.builder.shape(c.x)[axis]
    cut = c.builder.node(f"{c.name} cut", c.path, "slice", [c.x], axis=axis, start=at, stop=at + 1, step=1)
    return drop(c.builder, c.name, c.path, cut, int(c.arguments["dim"]))


def _unbound(c: AtenCall) -> list[Value]:
    axis = c.builder.axis(c.x, int(c.get("dim", 0)), c.place)
    out = []
    for k in range(c.builder.shape(c.x)[axis]):
        cut = c.builder.node(f"{c.name} cut {k}", c.path, "slice", [c.x], axis=axis, start=k, stop=k + 1, step=1)
        out.append(drop(c.builder, f"{c.name} {k}", c.path, cut, int(c.get("dim", 0))))
    return out


def _pieces(c: AtenCall) -> list[Value]:
    axis = c.builder.axis(c.x, int(c.get("dim", 0)), c.place)
    total = c.builder.shape(c.x)[axis]
    if c.operator == "chunk":
        size: Any = -(-total // int(c.arguments["chunks"]))
    else:
        size = c.get("split_size", c.get("split_sizes"))
    sizes = list(map(int, size)) if isinstance(size, list) else [min(int(size), total - k) for k in range(0, total, int(size))]
    ends = np.cumsum(sizes)
    return [
        c.builder.node(f"{c.name} {k}", c.path, "slice", [c.x], axis=axis, start=int(end - n), stop=int(end), step=1)
        for k, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]


def _concatenate(c: AtenCall) -> Value:
    values = [c.builder.promoted(v) for v in c.arguments["tensors"]]
    return c.make("concatenate", *values, axis=c.builder.axis(values[0], int(c.get("dim", 0)), c.place))


def _reduced(kind: str) -> Callable[[AtenCall], Value]:
    def make(c: AtenCall) -> Value:
        dims = c.get("dim")
        if dims is None or dims == []:
            raise InputError(f"{c.place} takes the {kind} over the whole batch; give the axes of one sample")
        axes = c.builder.axes(c.x, dims if isinstance(dims, list) else [dims], c.place)
        return c.make(kind, c.x, axes=axes, keepdims=bool(c.get("keepdim", False)))

    return make


def _expanded(c: AtenCall) -> Value:
    return expanded(c.builder, c.name, c.path, c.operand("self"), [int(n) for n in c.arguments["size"]])


def _repeated(c: AtenCall) -> Value:
    if "dim" not in c.arguments:
        refuse(c.place, c.operator, "without an axis it flattens the batch")
    return repeated(c.builder, c.name, c.path, c.x, int(c.arguments["repeats"]), int(c.arguments["dim"]))


AXES: dict[str, Callable[[AtenCall], object]] = {
    "flatten": _flatten,
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _view),
    "unflatten": _unflatten,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    **dict.fromkeys(("transpose", "permute", "mT", "t", "numpy_T"), _transpose),
    "slice": _slice,
    "select": _select,
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
    **dict.fromkeys(("chunk", "split", "split_with_sizes"), _pieces),
    "unbind": _unbound,
    "cat": _concatenate,
    "expand": _expanded,
    "repeat_interleave": _repeated,
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
}
"""Operation on axes -> nodes."""
