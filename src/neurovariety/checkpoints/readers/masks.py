"""Scores of which a softmax leaves some out, as causal attention has it: minus infinity is added to them or put in their place.

A network has finite numbers alone. What is masked is therefore no value but a pair, of scores and truth values, that nothing but a
softmax understands; its node then holds the truth values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, Value, refuse

ONLY_SOFTMAX = "of masked scores, which are minus infinity at places, a softmax alone is understood"


@dataclass(frozen=True, eq=False)
class Masked:
    """``value`` where ``seen``, which is broadcast to it, is true, and minus infinity elsewhere."""

    value: Value
    seen: Array


def known(builder: Builder, operand: object) -> Array | None:
    """A stored array that is not trained; None for any other operand."""
    fixed = isinstance(operand, Stored) and operand.key in builder.fixed
    return np.asarray(builder.weights[operand.key]) if isinstance(operand, Stored) and fixed else None


def added(builder: Builder, name: str, path: str, a: object, b: object) -> Masked | None:
    """The sum of scores and an array of which some numbers are minus infinity; None where it is no such sum.

    Raises `InputError` for a sum of masked scores and something else than an array.
    """
    for value, other in ((a, b), (b, a)):
        if not isinstance(other, Stored) or not isinstance(value, (Value, Masked)):
            continue
        array = np.asarray(builder.weights[other.key])
        if array.dtype.kind != "f" or not (np.any(np.isneginf(array)) or (isinstance(value, Masked) and other.key in builder.fixed)):
            continue
        hidden = np.isneginf(array)
        rest = np.where(hidden, np.zeros((), dtype=array.dtype), array)
        if not np.any(rest):
            return hiding(value, ~hidden)
        inner = value.value if isinstance(value, Masked) else value
        moved = builder.elementwise(f"{name} shifted", path, "add", inner, builder.constant(f"{name} shift", rest))
        assert isinstance(moved, Value)
        return hiding(Masked(moved, value.seen) if isinstance(value, Masked) else moved, ~hidden)
    if isinstance(a, Masked) or isinstance(b, Masked):
        refuse(path or name, "add", ONLY_SOFTMAX)
    return None


def hiding(value: Value | Masked, seen: Array) -> Masked:
    """A value with some of its entries masked, besides those that are."""
    if isinstance(value, Masked):
        return Masked(value.value, np.logical_and(value.seen, seen))
    return Masked(value, np.asarray(seen, dtype=bool))


def replaced(builder: Builder, name: str, path: str, value: object, hidden: Array, by: float) -> Operand | Masked:
    """A value with a number in place of some entries."""
    if not isinstance(value, (Value, Masked)):
        refuse(path or name, "masked", "scores that depend on the input are understood")
    if np.isneginf(by):
        return hiding(value, ~np.asarray(hidden, dtype=bool))
    if isinstance(value, Masked) or not np.isfinite(by):
        refuse(path or name, "masked", f"by the number {by}")
    hidden = np.asarray(hidden, dtype=np.float32)
    kept = builder.elementwise(f"{name} kept", path, "multiply", value, builder.constant(f"{name} keeps", 1 - hidden))
    filled = np.asarray(hidden * by, dtype=np.float32 if np.float32(by) == by else np.float64)
    return builder.elementwise(name, path, "add", kept, builder.constant(f"{name} puts", filled))


def softmax(builder: Builder, name: str, path: str, operand: Operand | Masked, axis: int) -> Value:
    """The softmax along an axis of the graph, of what is not masked."""
    if not isinstance(operand, Masked):
        value = builder.promoted(operand)
        return builder.node(name, path, "softmax", [value], axis=builder.axis(value, axis, path or name))
    value, seen = operand.value, operand.seen
    rank = len(builder.full(value))
    if axis % rank != rank - 1:
        refuse(path or name, "softmax", "of masked scores the last axis is understood")
    while seen.ndim and (seen.ndim >= rank or seen.shape[0] == 1):
        if seen.shape[0] != 1:
            refuse(path or name, "softmax", "the mask is one for each sample")
        seen = seen[0]
    seen = np.broadcast_to(seen, np.broadcast_shapes(seen.shape, builder.shape(value)[-1:])) if seen.ndim else seen
    if not np.all(np.any(seen, axis=-1)):
        refuse(path or name, "softmax", "all scores of a row are masked")
    mask = builder.constant(f"{name} mask", np.ascontiguousarray(seen))
    return builder.node(name, path, "softmax", [value], {"mask": mask}, axis=builder.axis(value, axis, path or name))
