"""One ONNX operator of a graph that is being read, with typed access to its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import Builder, Operand, Roles, Stored, Value, exact, refuse
from neurovariety.checkpoints.readers.masks import ONLY_SOFTMAX, Masked


@dataclass(frozen=True)
class Above:
    """The comparison x > number, which only the exported form of softplus needs."""

    value: Value
    number: Fraction


@dataclass(frozen=True)
class NotANumber:
    """Whether entries of a value are NaN, which exporters ask of a softmax whose scores may all be masked."""

    value: Value


Compared = Above | NotANumber
"""Truth values that depend on the input."""


@dataclass(frozen=True, eq=False)
class OnnxCall:
    """One operator of a graph with its inputs in order and its attributes by name."""

    builder: Builder
    name: str
    path: str
    operator: str
    inputs: Sequence[Operand | Compared | Masked | None]
    attributes: Mapping[str, Any]
    outputs: int
    opset: int
    """The version of the operators that the file asks for."""

    @property
    def x(self) -> Value:
        return self.builder.promoted(self.operand(0))

    def input(self, k: int) -> Operand | None:
        """Input k, None where it is left out."""
        found = self.inputs[k] if k < len(self.inputs) else None
        if isinstance(found, (Above, NotANumber)):
            refuse(self.path, self.operator, "comparisons are not algebraic")
        if isinstance(found, Masked):
            refuse(self.path, self.operator, ONLY_SOFTMAX)
        return found

    def operand(self, k: int) -> Operand:
        """Input k, which must be there."""
        found = self.input(k)
        if found is None:
            refuse(self.path, self.operator, f"its input {k} is left out")
        return found

    def stored(self, k: int) -> Stored | None:
        """Input k where it is a stored array, None where it is left out."""
        found = self.input(k)
        if found is not None and not isinstance(found, Stored):
            refuse(self.path, self.operator, f"its input {k} is computed")
        return found

    def known(self, k: int) -> Array | None:
        """Input k as an array that is known while reading and not trained; None where it is none."""
        found = self.input(k)
        return self.builder.weights[found.key] if isinstance(found, Stored) and found.key in self.builder.fixed else None

    def array(self, k: int) -> Array:
        """Input k, a stored array."""
        found = self.stored(k)
        if found is None:
            refuse(self.path, self.operator, f"its input {k} is left out")
        return np.asarray(self.builder.weights[found.key])

    def make(self, kind: str, *inputs: Operand, weights: Roles | None = None, **attributes: object) -> Value:
        return self.builder.node(self.name, self.path, kind, list(inputs), weights, **attributes)

    def activation(self, function: str, **attributes: object) -> Value:
        return self.make("activation", self.x, weights=None, function=function, **attributes)

    def attribute(self, name: str, default: float) -> Fraction:
        given = self.attributes.get(name, default)
        return exact(self.path, self.operator, float(np.float32(given)) if np.isfinite(given) else given)  # defaults are float32 too

    def integers(self, k: int, name: str = "") -> list[int] | None:
        """Integers given as input k or as an attribute, by the version of the operator."""
        if name and name in self.attributes:
            found = self.attributes[name]
            return [int(v) for v in found] if isinstance(found, (list, tuple)) else [int(found)]
        operand = self.input(k)
        if operand is None:
            return None
        if not isinstance(operand, Stored):
            refuse(self.path, self.operator, "its sizes are computed")
        try:
            return [int(v) for v in np.asarray(self.builder.weights[operand.key]).reshape(-1)]
        except (OverflowError, ValueError):  # infinite, or not a number
            refuse(self.path, self.operator, "its sizes are not finite")

    def numpy_type(self, number: int) -> np.dtype[Any]:
        """The type of a number of ONNX; one that NumPy has not is refused."""
        from onnx.helper import tensor_dtype_to_np_dtype

        try:
            found = np.dtype(tensor_dtype_to_np_dtype(number))
        except (KeyError, TypeError):
            refuse(self.path, self.operator, f"type {number}")
        if found.kind not in "biufV":
            refuse(self.path, self.operator, f"type {found}")
        return found

    def only(self, name: str, *allowed: object) -> None:
        """Refuse the operator where an attribute has another value than the ones that are understood."""
        found = self.attributes.get(name)
        if found is not None and found not in allowed:
            refuse(self.path, self.operator, f"{name}={found}")

    def constant(self, array: Array) -> Stored:
        """An array that is known while reading (shapes and their like)."""
        key = f"{self.name} (constant)"
        self.builder.weights[key] = array
        self.builder.fixed.add(key)
        return Stored(key)
