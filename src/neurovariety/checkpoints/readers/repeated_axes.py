"""Values repeated along an axis, as grouped queries have their keys: the same value several times, joined."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, Value, refuse


def expanded(builder: Builder, name: str, path: str, operand: Operand, sizes: Sequence[int]) -> Value:
    """A value whose axes of length 1 have these lengths in the graph, batch included; -1 leaves one as it is.

    A weight with an axis of length 1 for the batch becomes a value of one sample.
    """
    value = builder.promoted(operand)
    if not builder.differs(value):
        shape = builder.shape(value)
        if not isinstance(operand, Stored) or len(sizes) != len(shape) or shape[:1] != (1,) or sizes[0] not in (-1, 1, builder.batch):
            refuse(path or name, "expand", "of weights that have no axis for the batch")
        value = builder.node(f"{name} of a sample", path, "reshape", [value], shape=shape[1:])
    wanted = [int(n) for n in sizes]
    full = builder.full(value) if builder.differs(value) else [wanted[0], *builder.shape(value)]
    if len(wanted) > len(full):
        refuse(path or name, "expand", "it gets more axes")
    wanted = [-1] * (len(full) - len(wanted)) + wanted
    for axis, (n, m) in enumerate(zip(wanted, full, strict=True)):
        if n in (-1, m) or (axis == 0 and n == 1):
            continue
        if m != 1 or n < 1:
            refuse(path or name, "expand", f"from {m} to {n}")
        place = axis - 1 if not builder.differs(value) else builder.axis(value, axis, path or name)
        value = builder.node(f"{name} along {axis}", path, "concatenate", [value] * n, axis=place)
    return value


def repeated(builder: Builder, name: str, path: str, value: Value, times: int, axis: int) -> Value:
    """Each entry along an axis several times, one after the other."""
    place, shape = builder.axis(value, axis, path or name), builder.shape(value)
    if value.layout is not None or times < 1:
        refuse(path or name, "repeat", "the batch axis is in front")
    if times == 1:
        return value
    apart = builder.node(f"{name} apart", path, "reshape", [value], shape=(*shape[: place + 1], 1, *shape[place + 1 :]))
    copies = builder.node(f"{name} copies", path, "concatenate", [apart] * times, axis=place + 1)
    return builder.node(name, path, "reshape", [copies], shape=(*shape[:place], shape[place] * times, *shape[place + 1 :]))
