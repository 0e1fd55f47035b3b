"""Does each operation that was read compute what the runtime's does, from the runtime's own values before it?

Compared entry by entry, each within what rounding explains of one operation (`neurovariety.checkpoints.graph.step_rounding`). Outputs
that are constant, saturated or small beside others hide nothing then: whatever is before them is compared too. Where a runtime tells
no value of an operation, its rounding is carried on to the next that is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operation import Call
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.step_rounding import Rounded, known_exactly, step
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, Array, to_floats, unit
from neurovariety.checkpoints.readers.bands import Band, bands
from neurovariety.errors import InputError

_LARGEST = {"float16": 65504.0, "float32": 3.4e38, "bfloat16": 3.3e38, "float64": 1.7e308}
_NORMAL_FORM = 4e-6
"""Part of a value, or of what it is made of, by which a spelled-out activation may differ from the one that it is: constants such as
1/sqrt(2) are stored in single precision."""
_DOUBLE = 1e-11
_LARGE = 2**20
"""Numbers that stay in the precision that they are told in until an operation takes them."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A graph as it was read, one operation after the other, before it is simplified.

    ``names`` says which value of the file a node makes, where it makes one as the file has it.
    """

    plain: Network
    names: Mapping[str, Sequence[str]]
    numbers: Mapping[str, Array]
    """The weights in float64."""

    @staticmethod
    def of(plain: Network, names: Mapping[str, str], numbers: Mapping[str, Array] | None = None) -> Reading:
        """``names`` are those of the file, each with the node that makes its value."""
        made: dict[str, list[str]] = {}
        for told, node in names.items():
            made.setdefault(node, []).append(told)
        used = {k for node in plain.nodes for k in node.weights.values()}
        return Reading(plain, made, numbers if numbers is not None else {k: to_floats(plain.weights[k]) for k in used})

    @property
    def samples(self) -> list[str]:
        """Those of them that have samples along their first axis: what depends on the input."""
        moving = {node.name for node in self.plain.nodes if node.is_input}
        for node in self.plain.nodes:
            if not moving.isdisjoint(node.inputs):
                moving.add(node.name)
        return [n for node in self.plain.nodes if node.name in moving for n in self.names.get(node.name, ())]

    @property
    def numbers_told(self) -> int:
        """How many numbers of one sample the values are that are compared."""
        shapes = self.plain.shapes()
        return sum(prod(shapes[node.name]) * len(self.names.get(node.name, ())) for node in self.plain.nodes)

    @property
    def told(self) -> list[str]:
        """The values of the file that are compared."""
        return [n for node in self.plain.nodes for n in self.names.get(node.name, ())]


@dataclass(frozen=True)
class StepsCompared:
    """The first place at which values differ, empty where none do, and how many were compared."""

    apart: str
    values: int


def held_step_by_step(
    reading: Reading, given: Mapping[str, Array], told: Mapping[str, Any], nodes: Sequence[Node] | None = None
) -> StepsCompared:
    """Compare ``nodes``, all by default, with the values that a runtime has ``told``, from the ``given`` values by the name of a node.

    Nothing is said of an operation that has infinities or NaN before it, and of a value beyond the largest number of its type.
    """
    chosen = reading.plain.nodes if nodes is None else nodes
    epsilon = max((unit(v.dtype) for v in told.values() if isinstance(v, np.ndarray)), default=0.0)
    values: dict[str, Rounded] = {name: known_exactly(v if v.size > _LARGE else _floats(v)) for name, v in given.items()}
    last = {n: k for k, node in enumerate(chosen) for n in node.inputs}
    count = 0
    with np.errstate(all="ignore"):
        for k, node in enumerate(chosen):
            if node.name not in given:
                below = [values[n] for n in node.inputs]
                names = [n for n in reading.names.get(node.name, ()) if _has_numbers(told.get(n))]
                clear = all(np.isfinite(b.value).all() for b in below)
                try:
                    rows = bands(node, below, reading.plain) if names and clear else None
                    if rows is not None:
                        made = known_exactly(told[names[0]])  # as it is: only some rows become numbers of double precision
                        apart = any(not _bands_near(reading, band, told[n], epsilon) for n in names for band in rows)
                        names = []
                        if apart:
                            return StepsCompared(node.place, count)
                        count += 1
                    else:
                        below = [Rounded(np.asarray(b.value, dtype=np.float64), b.off) for b in below]
                        made = step(node, below, reading.numbers, reading.plain.weights, epsilon)
                except (ValueError, TypeError, IndexError, KeyError) as error:
                    if isinstance(error, InputError):
                        raise
                    return StepsCompared(node.place, count)
                for name in names:
                    found = told[name]
                    seen = _shaped(found, made.value)
                    if seen is None or (clear and not _near(made, seen, found.dtype)):
                        return StepsCompared(node.place, count)
                    count += clear and bool(np.isfinite(seen).all())
                    made = known_exactly(seen)
                values[node.name] = made
            for name in set(node.inputs):
                if last[name] == k:
                    del values[name]
    return StepsCompared("", count)


def _has_numbers(value: object) -> bool:
    return isinstance(value, np.ndarray) and bool(unit(value.dtype))


def _bands_near(reading: Reading, band: Band, found: Array, epsilon: float) -> bool:
    """Whether an operation agrees with what a runtime told of some of its rows."""
    made = step(band.node, [band.below], reading.numbers, reading.plain.weights, epsilon)
    seen = _floats(found[:, :, band.start : band.stop])
    return seen.shape == made.value.shape and found.shape[2] == band.rows and _near(made, seen, found.dtype)


def _floats(value: Array) -> Array:
    return np.asarray(value).astype(np.float64)


def _shaped(found: Array, value: Array) -> Array | None:
    """A value of the runtime as a batch; None where it has another shape. What is made of weights alone has no batch, or one of 1."""
    told = _floats(found)
    if told.shape == value.shape:
        return told
    if value.shape[0] != 1:
        return None
    if told.shape == value.shape[1:]:
        return told[None]
    return told if told.shape[1:] == value.shape[1:] and np.all(told == told[:1]) else None


def _near(made: Rounded, seen: Array, kind: np.dtype[Any]) -> bool:
    value = np.broadcast_to(made.value, seen.shape)
    off = np.broadcast_to(made.off, seen.shape) + 4 * unit(kind) * np.abs(seen)
    beyond = ~np.isfinite(seen) & ~(np.abs(value) + off < 0.25 * _LARGEST[str(kind)])  # NaN and infinite values, and those too large
    return bool(np.all(beyond | (np.abs(value - seen) <= off)))


def simplified_apart(reading: Reading, network: Network, seed: int = 0) -> str:
    """Where the simplified ``network`` differs from the graph as it was read, at random values before each operation that changed."""
    before = {node.name: node for node in reading.plain.nodes}
    after = {node.name: node for node in network.nodes}
    shapes = reading.plain.shapes()
    same_weights = {k for k, v in network.weights.items() if v is reading.plain.weights.get(k)}
    numbers = {
        k: reading.numbers[k] if k in same_weights and k in reading.numbers else to_floats(v) for k, v in network.weights.items()
    }
    rng = np.random.default_rng(seed)
    for node in network.nodes:
        name = reading.plain.output if node.name == network.output else node.name  # which may be the value before a reshape
        if node.is_input or name not in before or (node.name == name and _alike(node, before[name], same_weights)):
            continue
        bases: dict[str, Array] = {}
        _borders(node, after, before, bases, shapes, rng)
        with np.errstate(all="ignore"):
            new, _ = _evaluated(node.name, after, network.weights, numbers, dict(bases), top=True)
            old, largest = _evaluated(name, before, reading.plain.weights, reading.numbers, dict(bases), top=True)
            size = np.abs(old)
            for x in bases.values():
                size = np.maximum(size, np.abs(x)) if x.shape == old.shape else size
            seen = np.isfinite(old)
            if new.shape != old.shape or not np.all(np.abs(new - old)[seen] <= (_NORMAL_FORM * size + _DOUBLE * largest)[seen]):
                return node.place
    return ""


def _alike(one: Node, two: Node, same: set[str]) -> bool:
    return (one.kind, one.inputs, one.weights, one.attributes) == (
        two.kind,
        two.inputs,
        two.weights,
        two.attributes,
    ) and same.issuperset(one.weights.values())


def _borders(
    node: Node,
    after: Mapping[str, Node],
    before: Mapping[str, Node],
    bases: dict[str, Array],
    shapes: Mapping[str, tuple[int, ...]],
    rng: np.random.Generator,
) -> None:
    """Random values for the operands of a node that the graph had before too."""
    for name in node.inputs:
        if name in before and before[name].kind != "parameter":
            if name not in bases:
                scale = 10.0 ** rng.uniform(-1, 1, size=(2, *shapes[name]))
                bases[name] = rng.normal(size=(2, *shapes[name])) * scale
        elif name not in before:
            _borders(after[name], after, before, bases, shapes, rng)


def _evaluated(
    name: str,
    nodes: Mapping[str, Node],
    stored: Mapping[str, Array],
    numbers: Mapping[str, Array],
    known: dict[str, Array],
    top: bool = False,
) -> tuple[Array, float]:
    """A value of the graph from those that are known, and the largest number on the way."""
    largest = 0.0
    todo = [name]
    while todo:
        node = nodes[todo[-1]]
        if node.name in known and not (top and node.name == name and len(todo) == 1):
            todo.pop()
            continue
        missing = [n for n in node.inputs if n not in known]
        if missing:
            todo += missing
            continue
        if node.is_input:
            raise InputError(f"{node.place} is read elsewhere than before")
        made = np.asarray(operation(node).value(Call(node, [known[n] for n in node.inputs], numbers, stored, FLOATS)))
        finite = np.abs(made[np.isfinite(made)])
        largest = max(largest, float(finite.max(initial=0.0)))
        known[node.name] = made
        if len(todo) == 1:
            return made, largest
        todo.pop()
    return known[name], largest
