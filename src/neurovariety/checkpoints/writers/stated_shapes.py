"""The shapes that an ONNX file states of its values, after a change."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.onnx_runtime import Message


def without_stale_shapes(model: Message, values: dict[str, Any]) -> None:
    """Drop the stated shapes of inner values that are other ones in ``values``, the values of a run."""
    infos = model.graph.value_info
    for k in range(len(infos) - 1, -1, -1):
        found = values.get(infos[k].name)
        sizes = [d.dim_value for d in infos[k].type.tensor_type.shape.dim]
        if isinstance(found, np.ndarray) and (
            len(sizes) != found.ndim or any(n > 0 and n != m for n, m in zip(sizes, found.shape, strict=True))
        ):
            del infos[k]


def resize(given: Message, shape: tuple[int, ...]) -> None:
    """State another shape of an input."""
    for dimension, n in zip(given.type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = n
