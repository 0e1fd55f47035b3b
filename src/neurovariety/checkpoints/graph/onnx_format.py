"""What the reader and the writer of ONNX agree on: the package, the keys of our own metadata, and what an operator reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def tensors_held(model: Any) -> Iterator[Any]:
    """All tensors in a model: initializers, sparse ones, and those in attributes, of inner graphs and functions too."""
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from _of_nodes(function.node)
        yield from _of_attributes(function.attribute_proto)


def _of_graph(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield from _of_attributes(node.attribute)


def _of_attributes(attributes: Iterable[Any]) -> Iterator[Any]:
    for a in attributes:
        yield from (*([a.t] if a.HasField("t") else []), *a.tensors)
        for sparse in (*([a.sparse_tensor] if a.HasField("sparse_tensor") else []), *a.sparse_tensors):
            yield from (sparse.values, sparse.indices)
        for graph in (*([a.g] if a.HasField("g") else []), *a.graphs):
            yield from _of_graph(graph)


_RANDOM = frozenset(["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"])


def draws_at_random(model: Any) -> bool:
    """Whether an operator draws random numbers, in an inner graph or a function too: then the file is no function of its inputs."""
    functions = (node for function in model.functions for node in function.node)
    return any(
        node.op_type in _RANDOM or (node.op_type == "Dropout" and len(node.input) > 2)
        for node in _with_inner_ones((*model.graph.node, *functions))
    )


def _with_inner_ones(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield node
        for a in node.attribute:
            for graph in (*([a.g] if a.HasField("g") else []), *a.graphs):
                yield from _with_inner_ones(graph.node)
