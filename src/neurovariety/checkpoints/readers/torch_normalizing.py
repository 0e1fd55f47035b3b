"""aten operations that normalize, and attention as one operation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import sqrt

import numpy as np

from neurovariety.checkpoints.readers.building import Operand, Stored, refuse
from neurovariety.checkpoints.readers.torch_call import AtenCall


def _softmax(c: AtenCall) -> Operand:
    c.only("half_to_float", False)
    return c.make("softmax", c.x, axis=c.builder.axis(c.x, int(c.arguments["dim"]), c.place))


def _normalized(c: AtenCall) -> Operand:
    count = len(c.arguments["normalized_shape"])
    axes = c.builder.axes(c.x, range(-count, 0), c.place)
    centred = c.operator == "layer_norm"
    default = 1e-5
    if not centred and c.arguments.get("eps") is None:
        stored = {str(v.dtype) for v in c.builder.weights.values()}
        if stored & {"float16", "bfloat16", "float64"}:
            refuse(c.place, c.operator, "its epsilon is that of the type")
        default = float(np.finfo(np.float32).eps)
    weight, shift = c.arguments.get("weight"), c.arguments.get("bias")
    name = c.name if weight is None and shift is None else f"{c.name} standardized"
    made: Operand = c.builder.node(
        name, c.path, "standardize", [c.x], None, axes=axes, epsilon=c.number("eps", default), centred=centred
    )
    if weight is not None:
        made = c.builder.elementwise(c.name if shift is None else f"{c.name} scaled", c.path, "multiply", made, weight)
    return made if shift is None else c.builder.elementwise(c.name, c.path, "add", made, shift)


def _attention(c: AtenCall) -> Operand:
    """softmax(q k' scale + mask) v, written out."""
    c.only("dropout_p", 0.0, 0)
    c.only("enable_gqa", False)
    q, k, v = (c.builder.promoted(c.operand(name)) for name in ("query", "key", "value"))
    size = c.builder.full(q)[-1]
    given = c.arguments.get("scale")
    scale = Fraction(1 / sqrt(size)) if given is None else c.number("scale", 1.0)
    scores: Operand = c.builder.product(f"{c.name} scores", c.path, q, k, (False, True))
    scores = c.builder.elementwise(f"{c.name} scaled", c.path, "multiply", scores, scale)
    mask = c.arguments.get("attn_mask")
    if c.get("is_causal", False):
        refuse(c.place, c.operator, "is_causal: what is masked is minus infinity")
    if mask is not None:
        if isinstance(mask, Stored) and not np.all(np.isfinite(np.asarray(c.builder.weights[mask.key], dtype=np.float64))):
            refuse(c.place, c.operator, "what is masked is minus infinity")
        scores = c.builder.elementwise(f"{c.name} masked", c.path, "add", scores, mask)
    above = c.builder.promoted(scores)
    soft = c.builder.node(f"{c.name} probabilities", c.path, "softmax", [above], axis=c.builder.axis(above, -1, c.place))
    return c.builder.product(c.name, c.path, soft, v, (False, False))


NORMALIZING: dict[str, Callable[[AtenCall], object]] = {
    **dict.fromkeys(("softmax", "_softmax", "_safe_softmax"), _softmax),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normalized),
    "scaled_dot_product_attention": _attention,
}
"""Operation that normalizes -> nodes."""
