"""Where an operator of an ONNX graph reads the values that a matrix is applied to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from neurovariety.checkpoints.graph.onnx_runtime import Message

_BESIDE = ("Add", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Cast")
"""Operators that the reader of files makes a part of the matrix before them."""


def applied_to(makers: Mapping[str, Message], constant: Callable[[str], bool], name: str) -> tuple[Message, int] | None:
    """The product that makes the value ``name``, up to a bias, and which of its inputs is not constant; None for another value."""
    made = makers.get(name)
    while made is not None:
        moving = [k for k, given in enumerate(made.input) if given and not constant(given)]
        if len(moving) != 1:
            return None
        if made.op_type in ("MatMul", "Gemm"):
            return made, moving[0]
        made = makers.get(made.input[moving[0]]) if made.op_type in _BESIDE else None
    return None
