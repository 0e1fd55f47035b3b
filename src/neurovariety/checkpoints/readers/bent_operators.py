"""Activations of a file by themselves, at numbers of all sizes: clips that no usual input reaches are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.onnx_format import import_onnx
from neurovariety.checkpoints.graph.onnx_runtime import Message
from neurovariety.checkpoints.graph.opened_file import OpenedFile
from neurovariety.checkpoints.graph.three_arithmetics import Array, unit
from neurovariety.checkpoints.readers.step_agreement import Reading, held_step_by_step

_ENTRYWISE = ("activation", "add", "subtract", "multiply", "divide")
_COUNT = 4096
"""Numbers at which an activation without weights is compared."""
_SIZES = (-2.0, 2.3)
"""Powers of ten of the numbers."""


def apart_alone(reading: Reading, model: Message, told: Mapping[str, Any]) -> str:
    """The first activation that differs from its operator run by itself; ``told`` are the values of the file at some inputs, among
    them whatever its operators compute of stored arrays."""
    onnx = import_onnx()
    stored = {t.name: t for t in model.graph.initializer}
    makers = {name: node for node, names in reading.names.items() for name in names}
    nodes = {n.name: n for n in reading.plain.nodes}
    rng = np.random.default_rng(7)
    seen = set[object]()
    operators: list[Message] = []
    arrays: list[Message] = []
    cases: list[tuple[str, str, Sequence[Node]]] = []
    feeds: dict[str, Array] = {}
    for node in model.graph.node:
        moving = [n for n in node.input if n in makers]
        if len(node.output) != 1 or node.output[0] not in makers or len(set(moving)) != 1:
            continue
        steps = entrywise_steps(nodes, makers[moving[0]], makers[node.output[0]])
        at = told.get(moving[0])
        given = [stored[n] if n in stored else _tensor(told.get(n), n) for n in node.input if n and n not in makers]
        others = [t for t in given if t is not None]
        if steps is None or not isinstance(at, np.ndarray) or not unit(at.dtype) or len(others) < len(given):
            continue
        single = all(int(np.prod(t.dims)) == 1 for t in others)
        shape = (1, _COUNT) if single else at.shape
        key = (node.op_type, shape, tuple(a.SerializeToString() for a in node.attribute), tuple(t.raw_data or str(t) for t in others))
        if key in seen or (single and any(len(t.dims) > 2 for t in others)):
            continue
        seen.add(key)
        k = len(operators)
        alone = type(node)()
        alone.CopyFrom(node)
        alone.output[0] = f"out {k}"
        for j, name in enumerate(node.input):
            alone.input[j] = f"in {k}" if name in makers else name and f"{k} {name}"
        for tensor in others:
            copy = type(tensor)()
            copy.CopyFrom(tensor)
            copy.name = f"{k} {tensor.name}"
            arrays.append(copy)
        operators.append(alone)
        with np.errstate(over="ignore"):
            feeds[f"in {k}"] = of_all_sizes(rng, shape).astype(at.dtype)
        cases.append((makers[moving[0]], makers[node.output[0]], steps))
    if not operators:
        return ""
    number = onnx.helper.np_dtype_to_tensor_dtype
    inputs = [onnx.helper.make_tensor_value_info(n, number(v.dtype), list(v.shape)) for n, v in feeds.items()]
    outputs = [onnx.ValueInfoProto(name=f"out {k}") for k in range(len(operators))]
    graph = onnx.helper.make_graph(operators, "alone", inputs, outputs, arrays)
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version or 8)
    found = OpenedFile(made, ()).values(feeds)
    for k, (start, end, steps) in enumerate(cases if found is not None else ()):
        assert found is not None
        named = Reading(reading.plain, {end: (f"out {k}",)}, reading.numbers)
        compared = held_step_by_step(named, {start: feeds[f"in {k}"]}, {f"out {k}": found[f"out {k}"]}, steps)
        if compared.apart:
            return compared.apart
    return ""


def of_all_sizes(rng: np.random.Generator, shape: Sequence[int]) -> Array:
    """Numbers of both signs, from hundredths to hundreds."""
    return np.asarray(rng.normal(size=tuple(shape)) * 10 ** rng.uniform(*_SIZES, size=tuple(shape)))


def _tensor(value: object, name: str) -> Message | None:
    return import_onnx().numpy_helper.from_array(value, name) if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else None


def entrywise_steps(nodes: Mapping[str, Node], start: str, end: str) -> Sequence[Node] | None:
    """The nodes from one value to another, an activation among them, where nothing else enters and all are entrywise; None else."""
    found: dict[str, Node] = {}
    todo = [end]
    while todo:
        name = todo.pop()
        if name == start or name in found:
            continue
        node = nodes[name]
        if node.kind not in _ENTRYWISE or name == start:
            return None
        found[name] = node
        todo += node.inputs
    order = [n for n in nodes.values() if n.name in found]
    return order if any(n.kind == "activation" for n in order) else None
