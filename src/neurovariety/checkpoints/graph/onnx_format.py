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

FIRST_WITHOUT_INPUTS = 4
"""The version of the format from which stored arrays need not be listed among the inputs."""


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
    """Whether an operator draws random numbers, in an inner graph or a function too: then the file is no function of its inputs.

    A Dropout draws none where the file stores that it is not in training.
    """
    off = _stored_false(model)
    functions = (node for function in model.functions for node in function.node)
    return any(_draws(node, off) for node in with_inner_ones(model.graph.node)) or any(
        _draws(node, set()) for node in with_inner_ones(functions)
    )


def _draws(node: Any, off: set[str]) -> bool:
    training = node.input[2] if node.op_type == "Dropout" and len(node.input) > 2 else ""
    return node.op_type in _RANDOM or bool(training and training not in off)


def _stored_false(model: Any) -> set[str]:
    """Stored single truth values that are false, and that no caller can give otherwise."""
    given = set(defaults(model))
    tensors = {t.name: t for t in model.graph.initializer if t.name not in given}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            tensors |= dict.fromkeys(node.output, next((a.t for a in node.attribute if a.name == "value"), None))
    onnx = import_onnx()
    single = {k: t for k, t in tensors.items() if t is not None and t.data_type == onnx.TensorProto.BOOL and sum(t.dims) <= 1}
    held = {k: onnx.numpy_helper.to_array(t) for k, t in single.items()}
    return {k for k, v in held.items() if v.size == 1 and not v.any()}


def defaults(model: Any) -> list[str]:
    """The stored arrays that are inputs with a default: whoever runs the file may give others.

    Before version 4 of the format all stored arrays are listed as inputs, and runtimes take none but the stored ones.
    """
    if model.ir_version < FIRST_WITHOUT_INPUTS:
        return []
    stored = {t.name for t in model.graph.initializer}
    return [i.name for i in model.graph.input if i.name in stored]


def opset_of(model: Any) -> int:
    """The version of ONNX's own operators that a file asks for, 1 where it names none."""
    return max((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), default=1)


def changed_since(model: Any) -> str:
    """An operator that means something else in the version that a file asks for than in the newest; empty where there is none.

    Broadcasting along an axis and slopes of channels before version 7, softmax over several axes together before 13; batch norm before
    14, which the reference evaluator takes for that of training where a momentum stands.
    """
    version = opset_of(model)
    single = {t.name for t in model.graph.initializer if max(t.dims, default=1) == 1}
    functions = [node for f in model.functions for node in f.node]
    for node in with_inner_ones((*model.graph.node, *functions)):
        given = {a.name: a.i for a in node.attribute}
        before_7 = (node.op_type == "PRelu" and node.input[-1] not in single) or {"broadcast", "axis"} <= given.keys()
        before_13 = node.op_type in ("Softmax", "LogSoftmax", "Hardmax") and given.get("axis") != -1
        before_14 = node.op_type == "BatchNormalization"
        old = (version < 7 and before_7) or (version < 13 and before_13) or (version < 14 and before_14)
        if node.domain in ("", "ai.onnx") and old:
            return str(node.op_type)
    return ""


def with_inner_ones(nodes: Iterable[Any]) -> Iterator[Any]:
    """Nodes, with those of the graphs inside them."""
    for node in nodes:
        yield node
        for a in node.attribute:
            for graph in (*([a.g] if a.HasField("g") else []), *a.graphs):
                yield from with_inner_ones(graph.node)
