"""From an ONNX file with operators that are not understood to a `PartialNetwork`: regions that are, and what is kept as it is.

The file is run once, with the shapes of all its values seen. An operator is read where its floating-point operands and its value have
one first axis in common and the reader makes a node of the same shape of it; else it is opaque, with the reason. What depends on stored
arrays alone is folded to the value that the runtime gave. Each region is then held against the runtime, at the values that the file has
there and, run by itself, at others like them; one that differs is opaque too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from neurovariety.checkpoints.graph.fusion import fused
from neurovariety.checkpoints.graph.network import Network, OnnxOrigin
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.onnx_format import import_onnx, names_read, opset_of
from neurovariety.checkpoints.graph.onnx_runtime import Message, Runtime
from neurovariety.checkpoints.graph.onnx_trial import Trial, values_at
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.partial_network import OpaqueOperator, PartialNetwork, Port, Region
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, Turned, Value
from neurovariety.checkpoints.readers.building_records import State
from neurovariety.checkpoints.readers.known_names import FLOATING, KnownNames
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.onnx_agreement import held_part
from neurovariety.checkpoints.readers.onnx_call import Compared, OnnxCall
from neurovariety.checkpoints.readers.onnx_opaque import inner_arrays, not_understood, opaque_operator, short_reason
from neurovariety.checkpoints.readers.onnx_operations import OPERATIONS
from neurovariety.checkpoints.readers.region_borders import connected, entry_nodes, exit_nodes
from neurovariety.checkpoints.readers.step_agreement import Reading, simplified_apart
from neurovariety.errors import InputError

_UNFOLDED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "RandomNormal", "RandomUniform", "Bernoulli", "Multinomial")
"""Operators of stored arrays that stay: rounded weights are not trained numbers that could be changed, random ones are none."""
_SIZED_BY_VALUES = ("NonZero", "Unique", "Compress", "NonMaxSuppression", "Loop", "SequenceAt")  # as long as values say
_MOST_FOLDED = 2**26
"""Largest array that is folded."""
_MOST_BYTES = 2**28
"""Values on the borders of all parts that are kept at once."""
_Operands = list[Operand | Compared | Masked | None]
_UNSEEN = "nothing is known of its value"


def read_regions(
    model: Message, source: str, weights: dict[str, Array], fixed: set[str], trial: Trial | str, why: str
) -> PartialNetwork:
    """The parts of a file that are understood. ``weights`` are its initializers, ``fixed`` those that are not trained, ``why`` says
    why it was not read as a whole.

    Nothing is understood of a file that no runtime could run, which ``trial`` says then.
    """
    stored = {**weights, **dict(inner_arrays(model.graph))}
    trained = {
        k: v for k, v in stored.items() if k not in fixed and str(v.dtype) in FLOATING and v.ndim and (v.size > 1 or k in weights)
    }
    if isinstance(trial, str):
        opaque = [opaque_operator(n, "no runtime could run the file", trained) for n in model.graph.node if n.op_type != "Constant"]
        return PartialNetwork(model, source, (), tuple(opaque), {}, {}, trained, why=why, unread=trial)
    reading = _Reading(model, source, weights, fixed, trial, trained)
    regions = reading.regions()
    found = {o.name: trial.seen.get(o.name) for o in model.graph.output}
    outputs = {name: () if v is None else v.shape for name, v in found.items()}  # a sequence has no shape
    inputs = {k: np.shape(v) for k, v in trial.feeds.items()}
    return PartialNetwork(
        model,
        source,
        regions,
        tuple(reading.opaque),
        inputs,
        outputs,
        reading.used(regions),
        trial.fixed,
        why=why,
        runtime=Runtime(model),
    )


class _Reading:
    """One pass over the nodes of the outermost graph."""

    def __init__(
        self, model: Message, source: str, weights: dict[str, Array], fixed: set[str], trial: Trial, trained: dict[str, Array]
    ) -> None:
        self.model, self.source, self.trial, self.trained = model, source, trial, trained
        self.uses = Counter(name for node in model.graph.node for name in names_read(node))
        self.uses.update(o.name for o in model.graph.output)
        self.known = KnownNames({k: Stored(k) for k in weights}, dict(weights), set(fixed), self.uses, trial.seen)
        self.values: dict[str, tuple[int, Value]] = {}
        self.masked: dict[str, tuple[int, Masked]] = {}
        self.builders: dict[int, Builder] = {}
        self.opaque: list[OpaqueOperator] = []
        self.read: dict[str, tuple[Message, tuple[str, ...]]] = {}
        """Node of a builder -> the operator it came from, by the name of its value."""
        self.used_keys: set[str] = set()
        """Stored arrays, and those computed of them alone, that an operator of values reads."""
        self.from_sizes: set[str] = set()  # names of what is computed from sizes alone
        self.odd_sizes = any(node.op_type in _SIZED_BY_VALUES for node in model.graph.node)
        self.left: dict[str, list[str]] = {}
        """Name of a value -> the operators outside that read it."""
        for node in model.graph.node:
            self._take(node)
        for o in model.graph.output:
            self.left.setdefault(self._scores(o.name), []).append("an output of the file")

    def _take(self, node: Message) -> None:
        read = list(names_read(node))
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            self._constant(node)
            return
        of_sizes = node.op_type in ("Shape", "Size") and not self.odd_sizes
        if (of_sizes or all(n in self.known.stored for n in read)) and self._folded(node):
            return
        self.used_keys.update(k for k in map(self._key, read) if k)
        reason = self._understood(node)
        if reason:
            self._keep(node, reason)

    def _keep(self, node: Message, reason: str) -> None:
        touches = any(self.known.shape(n) for n in names_read(node)) or any(self.known.shape(n) for n in node.output)
        made = opaque_operator(
            node, reason, {**self.trained, **{n: v for n, v in map(self._array_named, names_read(node)) if v is not None}}
        )
        if touches or made.parameters or (node.attribute and any(a.HasField("g") for a in node.attribute)):
            self.opaque.append(made)
        for n in names_read(node):
            self.left.setdefault(self._scores(n), []).append(f"{made.place} ({made.operator})")

    def _scores(self, name: str) -> str:
        """The name of the scores that a masked value is made of, which stay what they are where it is read; any other name itself."""
        found = self.masked.get(name)
        return name if found is None else next((o for o, v in self.values.items() if v == (found[0], found[1].value)), name)

    def _constant(self, node: Message) -> None:
        onnx = import_onnx()
        name = node.output[0]
        found = next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name.startswith("value")), None)
        if found is None:
            return
        array = np.asarray(onnx.numpy_helper.to_array(found) if isinstance(found, onnx.TensorProto) else found)
        self._store(name, array)

    def _store(self, name: str, array: Array) -> None:
        self.known.weights[name] = array
        self.known.stored[name] = Stored(name)
        if array.ndim == 0 or array.size == 1 or str(array.dtype) not in FLOATING:
            self.known.fixed.add(name)

    def _folded(self, node: Message) -> bool:
        """Whether the values of an operator on stored arrays alone are known from now on."""
        if node.op_type in _UNFOLDED or any(a.HasField("g") or len(a.graphs) for a in node.attribute):
            return False
        if node.op_type == "Identity":
            self._alias(node, self.known.stored[node.input[0]])
            return True
        given = self.known.stored.get(node.input[0]) if node.input else None
        if node.op_type == "Transpose" and isinstance(given, Stored) and self.known.weights[given.key].ndim == 2:
            order = next((list(a.ints) for a in node.attribute if a.name == "perm"), [1, 0])
            if order == [1, 0]:
                self._alias(node, Turned(given.key))
                return True
        found = {n: self.trial.values.get(n) for n in node.output if n}
        if any(not isinstance(v, np.ndarray) or v.size > _MOST_FOLDED for v in found.values()):
            return False
        of_sizes = node.op_type in ("Shape", "Size") or any(n in self.from_sizes for n in names_read(node))
        trained = any(k and k not in self.known.fixed and self.known.shaped(k) for k in map(self._key, names_read(node)))
        for name, value in found.items():
            self._store(name, np.asarray(value))
            if of_sizes:
                self.from_sizes.add(name)
            if of_sizes or not trained:  # a table of positions, say: made of whole numbers and constants
                self.known.fixed.add(name)
        return True

    def _alias(self, node: Message, operand: Operand) -> None:
        """Another name of a stored array: its uses are those of the array."""
        self.known.stored[node.output[0]] = operand
        assert isinstance(operand, (Stored, Turned))
        self.uses[operand.key] += self.uses[node.output[0]] - 1

    def _understood(self, node: Message) -> str:
        """Read a node into the builder of its first axis; the reason where that does not go."""
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATIONS or node.op_type in ("Shape", "Size"):
            return not_understood(node)
        moving = [n for n in node.input if n and n not in self.known.stored]
        shapes = {n: self.known.shape(n) for n in (*moving, *(o for o in node.output if o))}
        odd = next((n for n, s in shapes.items() if s is None), None)
        if odd is not None or not moving:
            return "it computes with something else than floating-point numbers" if moving else _UNSEEN
        lengths = {s[0] for s in shapes.values() if s}
        if len(lengths) != 1:
            return "it works across the first axis"
        shared = next((k for k in (self._key(n) for n in node.input) if k and self._tied(k)), None)
        if shared is not None:
            return f"its array {shared!r} is used elsewhere too"
        (batch,) = lengths
        if batch not in self.builders:
            self.builders[batch] = Builder(self.source, self.known.weights, self.known.fixed, self.uses, batch)
        builder = self.builders[batch]
        operands = self._operands(builder, node, {n: shape[1:] for n, shape in shapes.items() if shape and n in moving})
        saved = builder.state()
        try:
            made = self._call(builder, node, operands)
        except InputError as error:
            builder.restore(saved)
            return short_reason(str(error))
        except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, AttributeError, AssertionError) as error:
            builder.restore(saved)
            return f"it cannot be read ({type(error).__name__})"
        outputs = [o for o in node.output if o]
        if isinstance(made, Masked):
            return self._hidden(builder, saved, made, node, shapes)
        made = made if isinstance(made, list) else [made]
        if any(isinstance(v, Value) and v.layout is not None for v in made):
            builder.restore(saved)
            return "it moves the axis of the batch, which is followed in files that are understood as a whole"
        right = len(made) >= len(outputs) and all(
            isinstance(v, Value) and v.layout is None and builder.shape(v) == (shapes[o] or (0,))[1:] and builder.differs(v)
            for v, o in zip(made, outputs, strict=False)
        )
        if not right:
            builder.restore(saved)
            return "it was read with another shape than its runtime gives"
        for o, v in zip(outputs, made, strict=False):
            assert isinstance(v, Value)
            self.values[o] = batch, v
        for n in builder.nodes[saved.nodes :]:
            self.read[n.name] = node, tuple(outputs)
        return ""

    def _hidden(self, builder: Builder, saved: State, made: Masked, node: Message, shapes: Mapping[str, tuple[int, ...] | None]) -> str:
        """Note masked scores for the softmax that reads them; the reason where these are no value that has a name in the file."""
        known = any(v == (builder.batch, made.value) for v in self.values.values())
        if not known or builder.shape(made.value) != (shapes[node.output[0]] or (0,))[1:]:
            builder.restore(saved)
            return "scores that are moved and masked at once are not followed in parts of a file"
        self.masked[node.output[0]] = builder.batch, made
        return ""

    def used(self, regions: Sequence[Region]) -> dict[str, Array]:
        """The trained arrays as operators read them: folded where the file computes them, and those of inner graphs."""
        untrained = self.known.fixed | {k for r in regions for k in r.network.fixed}
        read = {k: self.known.weights[k] for k in sorted(self.used_keys - untrained) if self.known.shaped(k)}
        return {**read, **{k: v for k, v in self.trained.items() if k not in self.known.weights}}

    def _array_named(self, name: str) -> tuple[str, Array | None]:
        key = self._key(name)
        return name, self.known.weights[key] if key and key not in self.known.fixed and self.known.shaped(key) else None

    def _key(self, name: str) -> str | None:
        operand = self.known.stored.get(name)
        return operand.key if isinstance(operand, (Stored, Turned)) else None

    def _tied(self, key: str) -> bool:
        return self.uses[key] > 1 and key not in self.known.fixed and self.known.weights[key].size > 1

    def _operands(self, builder: Builder, node: Message, moving: dict[str, tuple[int, ...]]) -> _Operands:
        """What a node is applied to; values that nothing has made yet come from outside, also where this node is not understood."""
        builder.learn(self.known.weights, self.known.fixed)
        operands: _Operands = []
        for n in node.input:
            if not n:
                operands.append(None)
            elif n in self.masked and self.masked[n][0] == builder.batch:
                operands.append(self.masked[n][1])
            elif n in moving:
                if n not in self.values:
                    self.values[n] = builder.batch, builder.border(n, moving[n])
                operands.append(self.values[n][1])
            else:
                operands.append(self.known.stored[n])
        return operands

    def _call(self, builder: Builder, node: Message, operands: _Operands) -> object:
        onnx = import_onnx()
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        place = node.name or node.output[0]
        call = OnnxCall(builder, node.output[0], place, node.op_type, operands, attributes, len(node.output), opset_of(self.model))
        return OPERATIONS[node.op_type](call)

    def regions(self) -> tuple[Region, ...]:
        """The connected parts that hold a layer, as far as they are what their runtime computes."""
        made = []
        for batch, builder in self.builders.items():
            for nodes in connected(builder.nodes):
                if any(operation(n).affine is not None for n in nodes):
                    found = self._region(batch, builder, nodes)
                    if isinstance(found, str):
                        self._give_up(nodes, found)
                    else:
                        made.append((*found, nodes))
        out = []
        borders = self._borders([r for r, _, _ in made])
        for (region, reading, nodes), border in zip(made, borders, strict=True):
            if self._holds(region, reading, nodes, border):
                out.append(region)
            else:
                self._give_up(nodes, "it was read, but computes something else in its runtime")
        return tuple(out)

    def _borders(self, regions: Sequence[Region]) -> Iterator[dict[str, Array]]:
        """The values around each region where the file was run: of one run, or of one a region where they take much memory."""
        names = [[p.name for p in (*r.inputs, *r.outputs)] for r in regions]
        every = dict.fromkeys(n for several in names for n in several)
        if sum(self.known.seen[n].bytes for n in every) <= _MOST_BYTES:
            names = [list(every)]
        told: dict[str, Array] = {}
        for k in range(len(regions)):
            told = values_at(self.model, self.trial.feeds, names[k]) if k < len(names) else told
            yield told

    def _give_up(self, nodes: Sequence[Node], reason: str) -> None:
        operators = {id(m): m for m, _ in (self.read[n.name] for n in nodes)}
        self.opaque += [opaque_operator(m, reason, self.trained) for m in operators.values()]

    def _region(self, batch: int, builder: Builder, nodes: Sequence[Node]) -> tuple[Region, Reading] | str:
        made = {n.name for n in nodes}
        taken = dict.fromkeys(n for node in nodes for n in node.inputs if n not in made)
        inputs = tuple(Port(n, builder.shape(Value(n))) for n in taken)
        leaving = [(o, v) for o, (b, v) in self.values.items() if b == batch and v.name in made and o in self.left]
        if not leaving:
            return "nothing reads what it makes"
        outputs = tuple(Port(o, builder.shape(v), ", ".join(dict.fromkeys(self.left[o]))) for o, v in leaving)
        everything, border = entry_nodes(tuple(taken), inputs)
        ends, output = exit_nodes(outputs, [v.name for _, v in leaving])
        try:
            plain = Network(everything, (*border, *nodes, *ends), output, builder.weights, self.source, frozenset(builder.fixed))
            network = fused(plain)
        except InputError as error:
            return short_reason(str(error))
        origin = OnnxOrigin(self.model, network, frozenset(builder.turned))
        region = Region(replace(network, origin=origin), inputs, outputs, batch)
        names = {o: v.name for o, (b, v) in self.values.items() if b == batch and v.name in made}
        return region, Reading.of(plain, names)

    def _part(self, region: Region) -> Message:
        """The operators of a region as a file of its own."""
        onnx = import_onnx()
        makes = {o: node for node in self.model.graph.node for o in node.output}
        arrays: dict[str, Array] = {}
        chosen: set[int] = set()
        ports = {p.name for p in region.inputs}
        todo = [p.name for p in region.outputs]
        while todo:
            name = todo.pop()
            if name in ports or name in arrays:
                continue
            if name in self.known.stored:
                arrays[name] = self.known.array(name)
            elif id(makes[name]) not in chosen:
                chosen.add(id(makes[name]))
                todo += [n for n in makes[name].input if n]
        number = onnx.helper.np_dtype_to_tensor_dtype
        inputs = [onnx.helper.make_tensor_value_info(p.name, number(self.known.seen[p.name].dtype), None) for p in region.inputs]
        graph = onnx.helper.make_graph(
            [node for node in self.model.graph.node if id(node) in chosen],
            "part",
            inputs,
            [onnx.ValueInfoProto(name=p.name) for p in region.outputs],
            [onnx.numpy_helper.from_array(v, k) for k, v in arrays.items()],
        )
        return onnx.helper.make_model(graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version or 8)

    def _holds(self, region: Region, reading: Reading, nodes: Sequence[Node], border: Mapping[str, Array]) -> bool:
        """Whether the region computes what its part of the file does: where the file was run, and on random inputs of several sizes."""
        try:
            if simplified_apart(reading, region.network):
                return False
            here = {p.name: border[p.name] for p in region.inputs}
            return held_part(reading, nodes, self._part(region), here, {p.name: border[p.name] for p in region.outputs})
        except (InputError, MemoryError, KeyError):
            return False
