"""Operators of an ONNX graph that are kept as they are: what they are called, why, and the arrays that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx, names_read
from neurovariety.checkpoints.graph.onnx_runtime import Message
from neurovariety.checkpoints.graph.partial_network import OpaqueOperator
from neurovariety.checkpoints.graph.three_arithmetics import Array


def inner_arrays(graph: Message, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """The arrays that stand in Constant nodes and in inner graphs, by a name of their own."""
    onnx = import_onnx()
    for node in graph.node:
        if node.op_type == "Constant":
            for a in node.attribute:
                if a.name == "value":
                    yield f"{prefix}{node.output[0]}", np.asarray(onnx.numpy_helper.to_array(a.t))
        for a in node.attribute:
            for inner in (*([a.g] if a.HasField("g") else []), *a.graphs):
                place = f"{prefix}{node.name or node.output[0]}/{a.name}/"
                for tensor in inner.initializer:
                    yield f"{place}{tensor.name}", np.asarray(onnx.numpy_helper.to_array(tensor))
                yield from inner_arrays(inner, place)


def opaque_operator(node: Message, reason: str, trained: Mapping[str, Array]) -> OpaqueOperator:
    """The record of an operator that is kept as it is."""
    place = node.name or (node.output[0] if node.output else node.op_type)
    operator = f"{node.domain + '.' if node.domain not in ('', 'ai.onnx') else ''}{node.op_type}"
    held = {n for n in names_read(node) if n in trained} | {k for k in trained if k.startswith(f"{node.name or place}/")}
    return OpaqueOperator(place, operator, reason, sum(int(trained[k].size) for k in held), node.output[0] if node.output else "")


_QUANTIZED = "quantized: it computes with numbers that were rounded to a few bits, which no exact change of weights keeps"
_INNER = "it holds graphs of its own, of which a value or a condition chooses"
_CELL = "a recurrent cell, whose units feed back into themselves through several gates"
_WORDS = {
    **dict.fromkeys(("If", "Loop", "Scan"), _INNER),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _CELL),
}
"""What operators are that no reader understands."""


def not_understood(node: Message) -> str:
    """Why an operator is kept of which there is no reader."""
    name = str(node.op_type)
    if "quantize" in name.lower() or name.startswith(("QLinear", "QGemm")) or name.endswith("Integer"):
        return _QUANTIZED
    return _WORDS.get(name, "the operator is not understood")


def short_reason(sentence: str) -> str:
    """The reason in a refusal, without the advice that follows a semicolon."""
    reason = sentence.split("; ")[0]
    if "is not supported (" in reason:
        reason = reason.split("is not supported (", 1)[1].removesuffix(")")
    return reason[:160]
