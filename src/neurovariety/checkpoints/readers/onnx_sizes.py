"""Is anything in an ONNX file larger than can be held? Sizes are inferred from shapes before a runtime, or a reader, makes the arrays.

A file of a kilobyte may ask for terabytes: constants that are joined with themselves again and again, or expanded to a stated shape.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""
MOST_ENTRIES = 2**26
"""Entries of a value at one sample: 256 MB in single precision."""
_SHAPES_AT_MOST = 4096
"""Stored arrays with more entries are not shapes of others, and are left out of the inference."""
_SIZES = {
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "Range": (0, 1, 2),
    "Tile": (1, 2),
    "Pad": (1,),
    "Resize": (1, 2, 3),
    "Upsample": (1,),
}
"""Operators whose values may be larger than what they are given, and which inputs say how much; others are values of any size."""


def check_sizes(model: Message, source: str) -> None:
    """Raises `InputError` for a file in which a value has more than `MOST_ENTRIES` entries, as far as its shape can be inferred."""
    onnx = import_onnx()
    _check_stated(onnx, model, source)
    light = type(model)()
    light.CopyFrom(model)
    large = {t.name: t for t in light.graph.initializer if prod(t.dims) > _SHAPES_AT_MOST}
    kept = [t for t in light.graph.initializer if t.name not in large]
    del light.graph.initializer[:]
    light.graph.initializer.extend(kept)
    stated = {i.name for i in light.graph.input}
    light.graph.input.extend(
        onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in large.values() if t.name not in stated
    )
    try:
        inferred = onnx.shape_inference.infer_shapes(light, data_prop=True)
    except Exception:  # what cannot be inferred is refused by those who read it
        inferred = light
    for info in inferred.graph.value_info:
        _refuse_large(info.name, [d.dim_value for d in info.type.tensor_type.shape.dim], source)


def _check_stated(onnx: Any, model: Message, source: str) -> None:
    """Sizes that operators take from stored arrays; the inference would make some of these values."""
    stored = {t.name: t for t in model.graph.initializer if prod(t.dims) <= _SHAPES_AT_MOST}
    for node in model.graph.node:
        if node.op_type == "Constant":
            written = [a.t for a in node.attribute if a.name == "value" and prod(a.t.dims) <= _SHAPES_AT_MOST]
            stored.update(dict.fromkeys(node.output, written[0]) if written else {})
        found = []
        for k, name in enumerate(node.input):
            if k in _SIZES.get(node.op_type, ()) and name in stored:
                try:
                    found.append(np.asarray(onnx.numpy_helper.to_array(stored[name])))
                except Exception:  # a damaged tensor: those who read it refuse it
                    return
        numbers = [v for v in found if v.dtype.kind in "if" and v.size and np.isfinite(v).all()]
        if node.op_type == "Range":
            if len(numbers) == 3 and numbers[2].reshape(-1)[0]:
                start, stop, step = (Fraction(v.reshape(-1)[0].item()) for v in numbers)
                _refuse_large(node.output[0], [max(int((stop - start) / step), 0)], source)
        elif node.op_type in ("ConstantOfShape", "Expand") and numbers:
            _refuse_large(node.output[0], [int(n) for n in numbers[-1].reshape(-1)], source)
        elif numbers:
            _refuse_large(node.output[0], [int(max(float(np.abs(v).max()) for v in numbers))], source)


def _refuse_large(name: str, sizes: list[int], source: str) -> None:
    entries = prod(max(n, 1) for n in sizes)
    if entries > MOST_ENTRIES:
        raise InputError(f"{source} makes a value {name!r} of {entries:,} entries, more than the limit of {MOST_ENTRIES:,}")
