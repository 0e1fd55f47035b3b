"""ONNX operators that normalize: softmax, layer and root-mean-square normalization."""

from __future__ import annotations

from collections.abc import Callable

from neurovariety.checkpoints.readers import masks
from neurovariety.checkpoints.readers.building import Operand, refuse
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.onnx_call import OnnxCall


def _softmax(c: OnnxCall) -> Operand:
    given = c.inputs[0]
    scores = given if isinstance(given, Masked) else c.x
    rank = len(c.builder.full(scores.value if isinstance(scores, Masked) else scores))
    axis = int(c.attributes.get("axis", -1 if c.opset >= 13 else 1)) % rank
    if axis != rank - 1:  # before version 13 it was taken over all axes from there on
        refuse(c.path, c.operator, f"axis={axis}; the last axis is understood")
    return masks.softmax(c.builder, c.name, c.path, scores, -1)


def _layer_norm(c: OnnxCall) -> Operand:
    if c.outputs > 1:
        refuse(c.path, c.operator, "its mean is used as well")
    rank = len(c.builder.full(c.x))
    first = int(c.attributes.get("axis", -1)) % rank
    axes = c.builder.axes(c.x, range(first, rank), c.path)
    centred = c.operator == "LayerNormalization"
    parts = [v for k, v in (("scale", c.input(1)), ("shift", c.input(2))) if v is not None]
    name = f"{c.name} standardized" if parts else c.name
    made: Operand = c.builder.node(
        name, c.path, "standardize", [c.x], None, axes=axes, epsilon=c.attribute("epsilon", 1e-5), centred=centred
    )
    if c.input(1) is not None:
        last = c.input(2) is None
        made = c.builder.elementwise(c.name if last else f"{c.name} scaled", c.path, "multiply", made, c.operand(1))
    return made if c.input(2) is None else c.builder.elementwise(c.name, c.path, "add", made, c.operand(2))


NORMALIZING: dict[str, Callable[[OnnxCall], object]] = {
    "Softmax": _softmax,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _layer_norm,
}
"""Operator that normalizes -> nodes."""
