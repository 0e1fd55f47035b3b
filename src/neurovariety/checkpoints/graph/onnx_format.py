"""What the reader and the writer of ONNX agree on: the package, the keys of our own metadata, and what an operator reads."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from neurovariety.errors import InputError

FIXED = "neurovariety.fixed"
"""The key of the model's metadata under which it is noted which weights were not trained."""

PATH = "neurovariety.path"
"""The key under which the path of the module is noted that a node came from."""


def import_onnx() -> ModuleType:
    """The package, or an `InputError` that says how to get it."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise InputError('reading and writing ONNX needs the package onnx: pip install "neurovariety[checkpoints]"') from error
    found: ModuleType = onnx
    return found


def names_read(node: Any) -> Iterator[str]:
    """The names that an operator reads, those that its inner graphs take from outside among them."""
    yield from (n for n in node.input if n)
    for a in node.attribute:
        for graph in (*([a.g] if a.HasField("g") else []), *a.graphs):
            inside = {t.name for t in graph.initializer} | {i.name for i in graph.input}
            for inner in graph.node:
                yield from (n for n in names_read(inner) if n not in inside)
                inside.update(inner.output)
            yield from (o.name for o in graph.output if o.name not in inside)
