"""A trained network of which parts are understood: regions, each a `Network`, between operators that are kept as they are.

An operator is opaque where no reader understands it, where it mixes what a `Network` keeps apart, or where what was read differs from
the runtime. Nothing is assumed of it. The values that it makes are inputs of the regions that read them, and what it reads of a region
is an output of that: a layer whose channels leave its region is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.onnx_runtime import Runtime
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.errors import InputError


@dataclass(frozen=True)
class OpaqueOperator:
    """An operator that is kept as it is: its place, its name in the format, why, and the trained numbers that it alone holds."""

    place: str
    operator: str
    reason: str
    parameters: int = 0
    output: str = ""


@dataclass(frozen=True)
class Port:
    """A value on the border of a region: its name in the file, the shape of one sample, who is on the other side."""

    name: str
    shape: tuple[int, ...]
    beyond: str = ""


@dataclass(frozen=True, eq=False)
class Region:
    """A connected part that is understood. ``network`` takes all ``inputs``, flattened and joined where there are several, and gives
    all ``outputs`` in the same way; ``batch`` is the length of their common first axis where the file was run."""

    network: Network
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    batch: int

    def joined(self, values: Mapping[str, Any], ports: tuple[Port, ...]) -> Array:
        """Values by name as the network takes and gives them: (batch, \\*shape)."""
        parts = [np.asarray(values[p.name], dtype=np.float64) for p in ports]
        if len(ports) == 1:
            return parts[0].reshape(len(parts[0]), *ports[0].shape)
        return np.concatenate([v.reshape(len(v), -1) for v in parts], axis=1)

    def parts(self, found: Array, ports: tuple[Port, ...]) -> dict[str, Array]:
        """What `joined` put together, by name."""
        if len(ports) == 1:
            return {ports[0].name: found}
        ends = np.cumsum([prod(p.shape) for p in ports])
        return {p.name: v.reshape(len(v), *p.shape) for p, v in zip(ports, np.split(found, ends[:-1], axis=1), strict=True)}


@dataclass(frozen=True, eq=False, repr=False)
class PartialNetwork:
    """A file of which parts are understood. It computes by its runtime, and is written as it is.

    ``inputs`` and ``outputs`` are names with shapes, at the sizes at which the file was run; ``chosen`` says which of these were open,
    ``why`` what kept the file from being read as a whole. ``weights`` are the arrays of floating point that count as trained, wherever
    in the file they lie. ``unread`` says why no runtime could run the file, where none could: then nothing in it is understood.
    """

    model: Any
    source: str
    regions: tuple[Region, ...]
    opaque: tuple[OpaqueOperator, ...]
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    weights: dict[str, Array]
    chosen: tuple[str, ...] = ()
    why: str = ""
    unread: str = ""
    runtime: Runtime | None = field(default=None, compare=False)

    @property
    def parameters(self) -> int:
        """Number of stored numbers that count as trained."""
        return sum(int(v.size) for v in self.weights.values())

    @property
    def understood(self) -> int:
        """Number of parameters in the regions."""
        return sum(r.network.parameters for r in self.regions)

    def run(self, feeds: Mapping[str, object]) -> dict[str, Any]:
        """The outputs by name, computed by the runtime in the file's own precision. Raises `InputError` where it cannot."""
        runtime = self.runtime or Runtime(self.model)
        found = runtime.run({k: np.asarray(v) for k, v in feeds.items()})
        if found is None:
            raise InputError(f"{runtime.name} cannot run {self.source} at these inputs ({runtime.refused})")
        return found

    def evaluate(self, *inputs: object, **named: object) -> Any:
        """The output, or a tuple of several, at inputs in order or by name; by the runtime. Raises `InputError` where none can."""
        if self.unread:
            raise InputError(f"no runtime of ONNX that is here can run {self.source}: {self.unread}")
        if len(inputs) > len(self.inputs):
            raise InputError(f"{self.source} takes {len(self.inputs)} inputs ({', '.join(self.inputs)}), got {len(inputs)}")
        feeds = {**dict(zip(self.inputs, inputs, strict=False)), **named}
        absent = [n for n in self.inputs if n not in feeds]
        if absent:
            raise InputError(f"the input {absent[0]!r} of {self.source} is missing; it takes {', '.join(self.inputs)}")
        types = _types(self.model)
        found = tuple(self.run({k: np.asarray(v).astype(types.get(k, np.asarray(v).dtype)) for k, v in feeds.items()}).values())
        return found[0] if len(found) == 1 else found

    def __repr__(self) -> str:
        return (
            f"PartialNetwork({self.source}: {self.parameters} parameters, {self.understood} of them in {len(self.regions)} regions "
            f"that are understood; {len(self.opaque)} operator{'' if len(self.opaque) == 1 else 's'} kept as they are)"
        )


def _types(model: Any) -> dict[str, Any]:
    from neurovariety.checkpoints.graph.onnx_runtime import entries

    return {e.name: e.dtype for e in entries(model) if e.dtype is not None and e.dtype.kind != "O"}
