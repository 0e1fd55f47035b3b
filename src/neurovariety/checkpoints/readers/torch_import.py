"""From PyTorch to a `Network`: a module through ``torch.export``, a ``.pt2`` file by itself.

Both come to the same JSON program (`torch_archive`), so that this file knows one format and no class of torch. What is read: the
graph of aten operations and the tensors.
"""

from __future__ import annotations

import copy
import io
import operator
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.checkpoints.graph.fusion import fused
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.agreement import agrees, for_any_batch
from neurovariety.checkpoints.readers.building import BATCH, OTHER_BATCHES, Builder, Operand, Stored, Value, refuse
from neurovariety.checkpoints.readers.masks import ONLY_SOFTMAX, Masked
from neurovariety.checkpoints.readers.opaque_programs import read_by_onnx
from neurovariety.checkpoints.readers.quiet_torch import quiet_torch
from neurovariety.checkpoints.readers.step_agreement import Reading
from neurovariety.checkpoints.readers.torch_agreement import hold_against_torch
from neurovariety.checkpoints.readers.torch_archive import Archive, Json, read_archive
from neurovariety.checkpoints.readers.torch_constants import computed
from neurovariety.checkpoints.readers.torch_operations import OPERATIONS, UNDERSTOOD_OF_MASKED, AtenCall
from neurovariety.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.nn import Module


_OF_SIZES = {
    "_operator.mul": operator.mul,
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.floordiv": operator.floordiv,
}
"""What graphs compute from the length of the batch."""


def read_pt2(file: str | Path) -> Network:
    """The network in a ``.pt2`` file of ``torch.export.save``. Nothing in the file is executed or unpickled; torch is not needed."""
    try:
        return read_program(read_archive(file, str(file)), Path(file).name)
    except InputError as error:
        if "is not supported" not in str(error):
            raise
        raise InputError(
            f"{error}; if you trust the file, load it with torch.export.load and give the program: what is not understood of it is "
            "then kept as it is"
        ) from error


def read_module(module: Module, example: Any = None) -> Network | PartialNetwork:
    """The network of a ``torch.nn.Module``, exported in evaluation mode.

    ``example`` is a batch of inputs (batch, \\*input shape), or the shape of one input as a tuple of ints; without it the module must
    begin with a linear layer, or have an ``example_input_array``. Several inputs are given as a tuple of tensors, whole numbers as a
    tensor. The network is compared with the module on random inputs before it is returned. A module with operations that are not
    understood is read by way of ONNX, where these are kept as they are. Raises `InputError` where the module cannot be exported, or
    computes something else than what was read.
    """
    import torch

    dtype = next((p.dtype for p in module.parameters() if p.dtype.is_floating_point), torch.float32)
    given = _given(example)
    shape = tuple(given[0].shape[1:]) if given else _input_shape(module, example)
    training = {m: m.training for m in module.modules()}
    module.eval()
    try:
        with quiet_torch():
            try:
                inputs = given or (torch.zeros((BATCH, *shape), dtype=dtype),)
                program = torch.export.export(module, inputs, strict=False)
                archive = _archive(program)
            except Exception as error:  # torch raises its own classes and bare RuntimeErrors
                first = (str(error).strip().splitlines() or [""])[0][:160]
                raise InputError(
                    f"torch.export cannot export the module for inputs of shape {shape} ({type(error).__name__}: {first}); check "
                    "example="
                ) from error
        try:
            network, reading = _read_program(archive, "torch")
        except InputError as reason:
            return _in_parts(module, inputs, program, reason)
        _compare(network, module, shape, dtype)
        with quiet_torch():
            hold_against_torch(network, reading, program, dtype)
    finally:
        for m, was in training.items():
            m.training = was
    return network


def _in_parts(module: Module, inputs: tuple[torch.Tensor, ...], program: ExportedProgram, reason: InputError) -> PartialNetwork:
    """The parts of a module that are understood: of the program with a batch of any length, where it has one, else of ``program``."""
    import torch

    try:
        with quiet_torch():
            axes = tuple({0: torch.export.Dim("batch")} for _ in inputs)
            return read_by_onnx(torch.export.export(module, inputs, dynamic_shapes=axes, strict=False), reason)
    except Exception:  # code that fixes the length of its batch, which torch says in classes of its own
        return read_by_onnx(program, reason)


def read_exported(program: ExportedProgram) -> Network | PartialNetwork:
    """The network of a ``torch.export.ExportedProgram``, by way of ONNX where operations of it are not understood."""
    with quiet_torch():
        archive = _archive(program)
    try:
        network, reading = _read_program(archive, "torch")
    except InputError as reason:
        return read_by_onnx(program, reason)
    dtype = next(t.dtype for t in program.state_dict.values()) if program.state_dict else None
    if dtype is not None and dtype.is_floating_point:
        batch = program.example_inputs[0][0].shape[0] if program.example_inputs else BATCH
        x = np.random.default_rng(0).normal(size=(batch, *network.input_shape)).astype(np.float32).astype(np.float64)
        module = program.module()
        if not agrees(x, network.evaluate, lambda x: _outputs(module, x, dtype)):
            raise InputError("the network read from the program does not compute what the program does on random inputs")
        if program.example_inputs:
            with quiet_torch():
                hold_against_torch(network, reading, program, dtype)
    return network


def _archive(program: ExportedProgram) -> Archive:
    import torch

    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    buffer.seek(0)
    return read_archive(buffer, "the exported module")


def _compare(network: Network, module: Module, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Raise `InputError` unless the network computes what the module does, on batches of several lengths."""
    import torch

    for batch in (BATCH, *OTHER_BATCHES):
        x = torch.as_tensor(np.random.default_rng(0).normal(size=(batch, *shape)), dtype=dtype).double().numpy()
        try:
            same = agrees(x, network.evaluate, lambda x: _outputs(module, x, dtype), lambda x: _in_double(module, x))
        except Exception:  # whatever the user's code raises on another batch than it was exported with
            if batch == BATCH:
                raise
            same = False
        if not same and batch == BATCH:
            raise InputError(
                "the network read from the module does not compute what the module does on random inputs, or neither is finite there; "
                "it may mix samples of a batch, or an operation was misread: please report it"
            )
        if not same:
            raise InputError(
                f"the module computes something else on a batch of {batch} than on one of {BATCH}; a network maps each sample by itself"
            )


def _outputs(module: Module, x: Array, dtype: torch.dtype) -> Array:
    import torch

    with torch.no_grad():
        found = torch.utils._pytree.tree_leaves(module(torch.as_tensor(x, dtype=dtype)))
        return np.asarray(found[0].double().numpy())


def _in_double(module: Module, x: Array) -> Array | None:
    """The outputs in double precision, for deep networks that multiply rounding; None where the module has no such copy."""
    import torch

    try:
        return _outputs(copy.deepcopy(module).double(), x, torch.float64)
    except Exception:  # whatever the user's code raises on other numbers than it was written for
        return None


def _given(example: Any) -> tuple[torch.Tensor, ...]:
    """Tensors that are taken as they are: several inputs, or one of whole numbers; none for any other example."""
    import torch

    tensors = example if isinstance(example, (tuple, list)) else (example,)
    if not tensors or not all(isinstance(v, torch.Tensor) and v.ndim for v in tensors):
        return ()
    return tuple(tensors) if len(tensors) > 1 or not tensors[0].dtype.is_floating_point else ()


def _input_shape(module: Module, example: Any) -> tuple[int, ...]:
    if example is None:
        example = getattr(module, "example_input_array", None)
    if example is None:
        features = next((m.in_features for m in module.modules() if isinstance(getattr(m, "in_features", None), int)), None)
        if features is None:
            raise InputError(
                "the module does not say the shape of its inputs; give example=, a batch of inputs or the shape of one input"
            )
        assert isinstance(features, int)
        return (features,)
    if isinstance(example, tuple) and all(isinstance(n, int) for n in example):
        return example
    shape = tuple(np.shape(example))
    if len(shape) < 1:
        raise InputError(f"example= is a batch of inputs, with the batch axis first, or a tuple of ints; got shape {shape}")
    return tuple(int(n) for n in shape[1:])


def read_program(archive: Archive, source: str) -> Network:
    """The network of an exported program, batch axis taken off."""
    return _read_program(archive, source)[0]


def _read_program(archive: Archive, source: str) -> tuple[Network, Reading]:
    """The network, and how it was before it was simplified."""
    readings: list[Reading] = []

    def read(reader: _ProgramReader) -> Network:
        readings.append(reader.reading())
        return fused(readings[-1].plain)

    try:
        first = _ProgramReader(archive, source)
        if not first.open:
            return read(first), readings[0]
        return for_any_batch(lambda batch: read(_ProgramReader(archive, source, batch)), source), readings[0]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"the exported program of {source} has a form that is not understood ({type(error).__name__}: {error})"
        ) from error


class _ProgramReader:
    """The reading of one program; ``open`` says whether the length of its batch is. It is then ``batch``."""

    def __init__(self, archive: Archive, source: str, batch: int = BATCH) -> None:
        self.graph = archive.program["graph_module"]["graph"]
        self.values: dict[str, Operand | Masked] = {}
        self.made: dict[str, str] = {}
        """Name of a value, before anything overwrites it -> the node that makes it."""
        kinds = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
        fixed, input_name = set(), []
        for spec in archive.program["graph_module"]["signature"]["input_specs"]:
            ((kind, entry),) = spec.items()
            if kind in kinds:
                key = entry[kinds[kind]]
                if key not in archive.tensors:
                    raise InputError(f"{source} has no tensor for {key!r}; save it with its state")
                self.values[entry["arg"]["name"]] = Stored(key)
                fixed |= {key} if kind != "parameter" else set()
            elif kind == "user_input" and "as_tensor" in entry["arg"]:
                input_name.append(entry["arg"]["as_tensor"]["name"])
            else:
                raise InputError(f"{source} takes an argument that is not a tensor ({kind}); export a module with one tensor input")
        if len(input_name) != 1:
            raise InputError(f"{source} takes {len(input_name)} tensor inputs; a network has one")
        sizes = self.graph["tensor_values"][input_name[0]]["sizes"]
        if not sizes:
            raise InputError(f"{source} takes a number; export it with a batch of inputs, the batch axis first")
        shape = []
        for n in sizes[1:]:
            if "as_int" not in n:
                raise InputError(f"{source} leaves the shape of an input open; only the batch axis may be dynamic")
            shape.append(int(n["as_int"]))
        self.open = "as_int" not in sizes[0]
        batch = int(sizes[0].get("as_int", batch))
        # a batch of dynamic length shows as symbols; they stand for the length of the batch here
        self.symbols = dict.fromkeys(self.graph["sym_int_values"], batch)
        read = (t["name"] for node in self.graph["nodes"] for argument in node["inputs"] for t in _tensors(argument["arg"]))
        uses = Counter(operand.key for operand in map(self.values.get, read) if isinstance(operand, Stored))
        self.builder = Builder(source, archive.tensors, fixed, uses, batch)
        self.seen = set(archive.tensors)
        """Stored arrays that may not be overwritten: those of the module, and those that an operation has read."""
        self.values[input_name[0]] = self.builder.input(input_name[0], tuple(shape))

    def reading(self) -> Reading:
        for node in self.graph["nodes"]:
            self._read(node)
        outputs = self.graph["outputs"]
        if len(outputs) != 1 or "as_tensor" not in outputs[0]:
            raise InputError(f"{self.builder.source} returns {len(outputs)} values; a network returns one tensor")
        output = self.values[outputs[0]["as_tensor"]["name"]]
        if isinstance(output, Masked):
            refuse(self.builder.source, "output", ONLY_SOFTMAX)
        return Reading.of(self.builder.plain(output), self.made)

    def _read(self, node: Json) -> None:
        path = _module_path(node.get("metadata", {}))
        name = node["target"].removeprefix("torch.ops.aten.").partition(".")[0]
        arguments = {a["name"]: self._argument(a["arg"]) for a in node["inputs"]}
        outputs = node["outputs"]
        if name == "sym_size" and "as_sym_int" in outputs[0]:
            if arguments.get("dim") != 0:
                raise InputError(f"{path or self.builder.source} leaves an axis other than the batch open; export with fixed shapes")
            return
        place = path or self.builder.source
        if node["target"] in _OF_SIZES and "as_sym_int" in outputs[0]:
            self.symbols[outputs[0]["as_sym_int"]["as_name"]] = _OF_SIZES[node["target"]](*arguments.values())
            return
        if name.startswith("_assert") and not outputs:  # what export checks of shapes and types
            return
        names = [t["name"] for o in outputs for t in _tensors(o)]
        if not names:
            refuse(place, node["target"].removeprefix("torch.ops."), "it makes no tensor")
        if any(isinstance(v, Masked) for v in arguments.values()) and name not in UNDERSTOOD_OF_MASKED:
            refuse(place, name, ONLY_SOFTMAX)
        call = AtenCall(self.builder, names[0], path, name, arguments, node)
        made: Any = computed(call) if node["target"].startswith("torch.ops.aten.") else None
        if made is None:
            if not node["target"].startswith("torch.ops.aten.") or name not in OPERATIONS:
                refuse(place, node["target"].removeprefix("torch.ops."))
            made = OPERATIONS[name](call)
        for key, value in zip(names, made if isinstance(made, list) else [made], strict=True):
            self.values[key] = value
            if isinstance(value, Value) and value.layout is None:
                self.made[key] = value.name
        if name.endswith("_") and name != "detach_":
            self._overwrite(node, place, name, self.values[names[0]])
        self.seen |= {v.key for v in arguments.values() if isinstance(v, Stored)}

    def _overwrite(self, node: Json, place: str, name: str, new: Operand | Masked) -> None:
        """After an operation in place every name of the old value means the new one; views of it would change too, and are refused."""
        old = self.values[node["inputs"][0]["arg"]["as_tensor"]["name"]]
        if (
            isinstance(old, Stored) and isinstance(new, Stored) and old.key not in self.seen
        ):  # made in the graph, and read by this alone
            self.values.update({key: new for key, value in self.values.items() if value == old})
            return
        made = None if isinstance(old, Masked) else self.builder.made(old)
        if made is None or any(operation(n).view and (n is made or made.name in n.inputs) for n in self.builder.nodes):
            refuse(place, name, "it overwrites a value of which there are views, or an input or a weight")
        self.values.update({key: new for key, value in self.values.items() if value == old})

    def _argument(self, argument: Json) -> Any:
        ((kind, value),) = argument.items()
        if kind == "as_tensor":
            return self.values[value["name"]]
        if kind == "as_tensors":
            return [self.values[t["name"]] for t in value]
        if kind == "as_sym_int":
            return self._symbol(value)
        if kind == "as_sym_ints":
            return [self._symbol(v) for v in value]
        if kind == "as_float":
            return float(value)  # JSON has no NaN, which is a text there
        if kind == "as_floats":
            return [float(v) for v in value]
        if kind in ("as_int", "as_ints", "as_bool", "as_string", "as_scalar_type"):
            return value
        return None

    def _symbol(self, value: Json) -> int:
        return int(value["as_int"]) if "as_int" in value else self.symbols[value["as_name"]]


def _tensors(argument: Json) -> list[Json]:
    ((kind, value),) = argument.items()
    return [value] if kind == "as_tensor" else list(value) if kind == "as_tensors" else []


def _module_path(metadata: dict[str, str]) -> str:
    """The path of the innermost module that made a node: the second field of the last entry of its module stack."""
    stack = metadata.get("nn_module_stack", "")
    fields = stack.split(";")[-1].split(",")
    return fields[1] if len(fields) > 2 else ""
