"""What a file is beside the parts that are understood.

That is its operators with their attributes, all that is stored for those that are kept, and where the parts are joined to them. Two
files for which that is the same differ in the weights of their parts alone.

Values are called by the order in which they come up, so that names do not matter. An array is left out only where the network of a
part holds it, equal to what is stored, and no other operator of the file reads it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx, names_read
from neurovariety.checkpoints.graph.onnx_runtime import Message, entries
from neurovariety.checkpoints.graph.partial_network import PartialNetwork, Port, Region
from neurovariety.checkpoints.graph.three_arithmetics import Array

Border = tuple[int, tuple[tuple[str, tuple[int, ...]], ...], tuple[tuple[str, tuple[int, ...]], ...]]
"""Where a part is joined to the rest: the length of its first axis, and its inputs and outputs, each with its shape."""


@dataclass(frozen=True, eq=False)
class KeptOperators:
    """The ``hash`` of what is kept, as a number, the parts in the order of their ``borders``, which belong to it, and the sizes
    ``at`` which inputs of open size were taken: what the parts compute may depend on these."""

    hash: int
    borders: tuple[Border, ...]
    parts: tuple[Region, ...] = field(repr=False)
    at: str = ""


def kept_operators(source: PartialNetwork) -> KeptOperators:
    """What is kept of a file."""
    graph, names = source.model.graph, _NumberedNames(any(_inner(n) for n in source.model.graph.node))
    arrays = _arrays(graph)
    own = _of_parts(source, arrays)
    digest = hashlib.sha256()

    def put(*values: object) -> None:
        digest.update(repr(values).encode() + b"\0")

    put(sorted((i.domain, i.version) for i in source.model.opset_import))
    put([f.SerializeToString(deterministic=True) for f in source.model.functions])
    put([t.SerializeToString(deterministic=True) for t in graph.sparse_initializer])
    put([t.SerializeToString(deterministic=True) for t in graph.quantization_annotation])
    put(opened := _opened(source))
    for i in graph.input:
        if i.name not in arrays:
            put("input", names.of(i.name), i.name, i.type.tensor_type.elem_type)

    def stored(name: str) -> None:
        if name in arrays and name not in names.known:
            put("stored", names.of(name))
            if name not in own:
                put(*_told(arrays[name]))

    for node in graph.node:
        if node.op_type == "Constant" and node.output[0] in arrays:
            continue
        for name in names_read(node):
            stored(name)
        put("" if node.domain == "ai.onnx" else node.domain, node.op_type, node.overload, [names.of(n) for n in node.input])
        put([names.of(n) for n in node.output])
        put(sorted((a.name, a.SerializeToString(deterministic=True)) for a in node.attribute))
    for o in graph.output:  # one may be a stored array that no operator reads
        stored(o.name)
    put([(o.name, names.of(o.name), o.type.tensor_type.elem_type) for o in graph.output])
    borders = sorted(((_border(r, names), k) for k, r in enumerate(source.regions)), key=repr)
    put([b for b, _ in borders])
    parts = tuple(source.regions[k] for _, k in borders)
    return KeptOperators(int(digest.hexdigest(), 16), tuple(b for b, _ in borders), parts, opened)


def _opened(source: PartialNetwork) -> str:
    """The inputs whose sizes the file leaves open, at the sizes at which it was read."""
    found = [e.name for e in entries(source.model) if e.sizes is None or not all(isinstance(n, int) for n in e.sizes)]
    return ", ".join(f"{name}: {' x '.join(map(str, source.inputs[name]))}" for name in found if name in source.inputs)


class _NumberedNames:
    """Names by the order in which they come up; with ``as_given``, where inner graphs use them, the names themselves."""

    def __init__(self, as_given: bool) -> None:
        self.as_given = as_given
        self.known: dict[str, str] = {}

    def of(self, name: str) -> str:
        if not name:
            return ""
        return self.known.setdefault(name, name if self.as_given else f"value {len(self.known)}")


def _told(array: Array) -> tuple[str, tuple[int, ...], str]:
    """Type, shape and entries of an array. Strings are told themselves: the bytes of their array are addresses."""
    entries = repr(array.tolist()).encode() if array.dtype.kind in "OSUT" else array.tobytes()
    return str(array.dtype), array.shape, hashlib.sha256(entries).hexdigest()


def _inner(node: Message) -> bool:
    return any(a.HasField("g") or len(a.graphs) for a in node.attribute)


def _arrays(graph: Message) -> dict[str, Array]:
    """What is stored in the outermost graph, in initializers and as values of Constant nodes."""
    numbers = import_onnx().numpy_helper
    found = {t.name: np.asarray(numbers.to_array(t)) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            value = next((a.t for a in node.attribute if a.name == "value"), None)
            if value is not None:
                found[node.output[0]] = np.asarray(numbers.to_array(value))
    return found


def _of_parts(source: PartialNetwork, arrays: dict[str, Array]) -> set[str]:
    """The stored arrays that a part holds as they are, and that nothing else reads."""
    uses = Counter(name for node in source.model.graph.node for name in names_read(node))
    uses.update(o.name for o in source.model.graph.output)
    found: set[str] = set()
    for region in source.regions:
        network = region.network
        assert network.origin is not None
        held = {k for n in network.nodes for k in n.weights.values() if k in arrays and uses[k] == 1}
        found |= {k for k in held if np.array_equal(network.origin.as_stored(network, k, k), arrays[k])}
    return found


def _border(region: Region, names: _NumberedNames) -> Border:
    def told(ports: Iterable[Port]) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return tuple((names.of(p.name), tuple(p.shape)) for p in ports)

    return region.batch, told(region.inputs), told(region.outputs)
