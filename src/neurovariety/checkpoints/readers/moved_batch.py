"""Operations on the axes of a graph's value wherever its batch lies: another order, an axis of length 1 more or less."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.checkpoints.readers import batch_layouts
from neurovariety.checkpoints.readers.batch_layouts import NoLayout
from neurovariety.checkpoints.readers.building import Builder, Value
from neurovariety.errors import InputError


def turn(builder: Builder, name: str, path: str, value: Value, order: Sequence[int]) -> Value:
    """The axes that a value has in the graph in another order, batch included."""
    before = builder.layout(value)
    layout, axes = batch_layouts.turned(before, [int(k) % len(before) for k in order])
    made = builder.node(name, path, "transpose", [Value(value.name)], permutation=axes)
    return Value(made.name, None if layout == batch_layouts.in_front(len(axes)) else layout)


def insert(builder: Builder, name: str, path: str, value: Value, axis: int) -> Value:
    """An axis of length 1 more, in front of one of the graph."""
    return builder.laid(name, path, value, *batch_layouts.inserted(builder.layout(value), builder.shape(value), axis))


def drop(builder: Builder, name: str, path: str, value: Value, axis: int) -> Value:
    """Without one of the graph's axes, of length 1."""
    before = builder.layout(value)
    try:
        found = batch_layouts.dropped(before, builder.shape(value), axis % len(before))
    except NoLayout as reason:
        raise InputError(f"{path or name} works along an axis that cannot be used ({reason})") from reason
    return builder.laid(name, path, value, *found)
