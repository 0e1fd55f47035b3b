"""aten operations that normalize, and attention as one operation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import sqrt

import numpy as np

from neurovariety.checkpoints.readers import masks
from neurovariety.checkpoints.readers.building import Operand, Value, refuse
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.repeated_axes import repeated
from neurovariety.checkpoints.readers.torch_call import AtenCall


def _softmax(c: AtenCall) -> Operand:
    c.only("half_to_float", False)
    given = c.arguments.get("self")
    return masks.softmax(c.builder, c.name, c.path, given if isinstance(given, Masked) else c.x, int(c.arguments["dim"]))


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
    """softmax(q k' scale + mask) v, written out; heads that share keys and values get a copy each."""
    c.only("dropout_p", 0.0, 0)
    q, k, v = (c.builder.promoted(c.operand(name)) for name in ("query", "key", "value"))
    if c.get("enable_gqa", False):
        heads = [c.builder.full(x)[-3] for x in (q, k, v)]
        if any(heads[0] % n for n in heads):
            refuse(c.place, c.operator, "the heads of keys do not divide those of queries")
        names = (f"{c.name} keys", f"{c.name} values")
        pairs = zip(names, (k, v), heads[1:], strict=True)
        k, v = (repeated(c.builder, name, c.path, x, heads[0] // n, -3) for name, x, n in pairs)
    size = c.builder.full(q)[-1]
    given = c.arguments.get("scale")
    scale = Fraction(1 / sqrt(size)) if given is None else c.number("scale", 1.0)
    scores: Operand = c.builder.product(f"{c.name} scores", c.path, q, k, (False, True))
    scores = c.builder.elementwise(f"{c.name} scaled", c.path, "multiply", scores, scale)
    soft = masks.softmax(c.builder, f"{c.name} probabilities", c.path, _masked(c, c.builder.promoted(scores)), -1)
    return c.builder.product(c.name, c.path, soft, v, (False, False))


def _masked(c: AtenCall, scores: Value) -> Operand | Masked:
    mask = c.arguments.get("attn_mask")
    if c.get("is_causal", False):
        if mask is not None:
            refuse(c.place, c.operator, "it has a mask and is_causal")
        rows, columns = c.builder.full(scores)[-2:]
        return masks.hiding(scores, np.tri(rows, columns, dtype=bool))
    if mask is None:
        return scores
    array = masks.known(c.builder, mask)
    if array is not None and array.dtype == bool:
        return masks.hiding(scores, array)
    found = masks.added(c.builder, f"{c.name} masked", c.path, scores, mask)
    return c.builder.elementwise(f"{c.name} masked", c.path, "add", scores, mask) if found is None else found


NORMALIZING: dict[str, Callable[[AtenCall], object]] = {
    **dict.fromkeys(("softmax", "_softmax", "_safe_softmax"), _softmax),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normalized),
    "scaled_dot_product_attention": _attention,
}
"""Operation that normalizes -> nodes."""
