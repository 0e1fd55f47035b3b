"""What a reader of parts of a file knows of the names in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurovariety.checkpoints.graph.onnx_trial import SeenValue
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import Operand, Stored, Turned

FLOATING = ("float16", "float32", "float64", "bfloat16")
"""The types of values that are numbers."""


@dataclass(eq=False)
class KnownNames:
    """What is known of the names of the graph: stored operands, shapes of the values that depend on inputs."""

    stored: dict[str, Operand]
    weights: dict[str, Array]
    fixed: set[str]
    uses: Counter[str]
    seen: Mapping[str, SeenValue]

    def shaped(self, key: str) -> bool:
        """Whether a stored array holds floating-point numbers along at least one axis."""
        return str(self.weights[key].dtype) in FLOATING and self.weights[key].ndim > 0

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a floating-point value with at least one axis; None for any other."""
        found = self.seen.get(name)
        return None if found is None or str(found.dtype) not in FLOATING or not found.shape or not found.bytes else found.shape

    def array(self, name: str) -> Array:
        """The array that a name stands for."""
        operand = self.stored[name]
        if isinstance(operand, Turned):
            return np.ascontiguousarray(self.weights[operand.key].T)
        assert isinstance(operand, Stored)
        return self.weights[operand.key]
