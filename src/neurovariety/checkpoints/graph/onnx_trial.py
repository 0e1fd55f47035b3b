"""A file is run once: at which shapes it runs, which type and shape each of its inner values has, and what is made of stored arrays.

The values themselves are not kept: those of a convolution network at pictures take gigabytes. A runtime is asked again for the few that
are needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from math import prod
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx, names_read
from neurovariety.checkpoints.graph.onnx_runtime import (
    MOST_ENTRIES,
    SECONDS_OF_TRIALS,
    Feeds,
    Message,
    Runtime,
    check_given,
    entries,
    exposed,
    new_session,
    sampled,
    shapes_to_try,
    with_outputs,
)
from neurovariety.checkpoints.graph.opened_file import OpenedFile
from neurovariety.checkpoints.graph.three_arithmetics import Array, floating

_WORDS = {"float": "float32", "double": "float64", "string": "object"}
_KINDS = {
    f"tensor({k})": floating(_WORDS.get(k, k))
    for k in (*_WORDS, "float16", "bfloat16", "bool", *(f"{sign}int{n}" for sign in ("", "u") for n in (8, 16, 32, 64)))
}
"""The types of tensors by the words of onnxruntime."""


@dataclass(frozen=True)
class SeenValue:
    """The type and the shape that a value had."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Trial:
    """Inputs at which a runtime has run a file.

    ``seen`` says of all that its outermost graph makes there, and of the inputs, what it is; ``values`` holds what is made of stored
    arrays and sizes alone. A value that is no tensor is in neither.
    """

    feeds: Feeds
    values: dict[str, Any]
    fixed: tuple[str, ...] = ()
    """Which open sizes were chosen, in words."""
    seen: dict[str, SeenValue] = field(default_factory=dict)


def tried(model: Message, given: Mapping[str, Sequence[int]] | None = None) -> Trial | str:
    """The first shapes at which a runtime runs the file; why there are none, as a sentence, else.

    ``given`` fixes shapes by the name of the input. Raises `InputError` where it names no input, or has another rank.
    """
    found = entries(model)
    wanted = {k: tuple(int(n) for n in v) for k, v in (given or {}).items()}
    check_given(found, wanted)
    strange = next((e for e in found if e.dtype is None), None)
    if strange is not None:
        return f"its input {strange.name!r} is no tensor of a type that NumPy has"
    runtime = Runtime(model)
    start = time.monotonic()
    for shapes, words in shapes_to_try(found, wanted):
        if sum(int(np.prod(s, dtype=object)) for s in shapes.values()) > MOST_ENTRIES:
            return f"its inputs have more than {MOST_ENTRIES:,} numbers"
        feeds = {e.name: sampled(e, shapes[e.name], 1) for e in found}
        if runtime.run(feeds) is not None:
            values, seen = _looked_at(model, feeds)
            return Trial(feeds, values, words, {**seen, **_seen(feeds)})
        if time.monotonic() - start > SECONDS_OF_TRIALS:
            break
    return f"no runtime could run it at any shape that was tried ({runtime.refused}); give the shapes with --input-shape"


def _seen(values: Mapping[str, Any]) -> dict[str, SeenValue]:
    return {k: SeenValue(v.dtype, v.shape) for k, v in values.items() if isinstance(v, np.ndarray)}


def _looked_at(model: Message, feeds: Feeds) -> tuple[dict[str, Any], dict[str, SeenValue]]:
    made = [o for node in model.graph.node for o in node.output if o]
    kept = of_stored_and_sizes(model)
    others = [n for n in made if n not in set(kept)]
    if find_spec("onnxruntime") is not None:
        try:
            return _by_their_sizes(model, feeds, kept, others)
        except Exception:  # a value that is a sequence, say: all values are looked at themselves
            pass
    values = exposed(model, feeds) or {}
    return {k: values[k] for k in kept if k in values}, _seen({k: v for k, v in values.items() if k in set(made)})


def _by_their_sizes(model: Message, feeds: Feeds, kept: list[str], others: list[str]) -> tuple[dict[str, Any], dict[str, SeenValue]]:
    """The shape of each value, computed beside it by an operator that is added, so that it need not be kept."""
    onnx = import_onnx()
    every = new_session(with_outputs(model, others))
    kinds = {o.name: _KINDS[o.type] for o in every.get_outputs()}
    del every
    opened = with_outputs(model, kept)
    taken = {n for node in model.graph.node for n in (*node.input, *node.output)} | {t.name for t in model.graph.initializer}
    label = "shape of"
    while any(n.startswith(label) for n in taken):
        label += "_"
    shapes = [f"{label} {k}" for k in range(len(others))]
    opened.graph.node.extend(onnx.helper.make_node("Shape", [name], [shape]) for name, shape in zip(others, shapes, strict=True))
    opened.graph.output.extend(onnx.ValueInfoProto(name=n) for n in shapes)
    found = new_session(opened, in_order=True).run([*kept, *shapes], feeds)
    values = dict(zip(kept, found, strict=False))
    seen = {name: SeenValue(kinds[name], tuple(v.tolist())) for name, v in zip(others, found[len(kept) :], strict=True)}
    return values, {**seen, **_seen(values)}


def of_stored_and_sizes(model: Message) -> list[str]:
    """The values that operators of stored arrays and of sizes alone make."""
    known = {t.name for t in model.graph.initializer}
    made: dict[str, None] = {}
    for node in model.graph.node:
        if node.op_type in ("Shape", "Size") or all(n in known for n in names_read(node)):
            known.update(node.output)
            made.update(dict.fromkeys(o for o in node.output if o))
    return list(made)


def values_at(model: Message, feeds: Feeds, names: Iterable[str]) -> dict[str, Array]:
    """Some inner values at these inputs; those that no runtime tells are missing."""
    wanted = [n for n in names if n not in feeds]
    found = (OpenedFile(model, wanted).values(feeds) or {}) if wanted else {}
    return {k: v for k, v in {**found, **feeds}.items() if isinstance(v, np.ndarray)}
