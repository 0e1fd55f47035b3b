"""From an ONNX file to a `Network`. The file is a protocol buffer: it holds data and names of operators, nothing that runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.fusion import fused
from neurovariety.checkpoints.graph.network import Network, OnnxOrigin
from neurovariety.checkpoints.graph.onnx_format import FIXED, PATH, defaults, import_onnx, opset_of, tensors_held
from neurovariety.checkpoints.graph.onnx_runtime import MOST_BYTES, entries
from neurovariety.checkpoints.graph.onnx_trial import tried
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.agreement import for_any_batch
from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, Turned, Value, refuse
from neurovariety.checkpoints.readers.masks import ONLY_SOFTMAX, Masked
from neurovariety.checkpoints.readers.onnx_agreement import hold_against_runtime
from neurovariety.checkpoints.readers.onnx_call import Above, Compared, NotANumber, OnnxCall
from neurovariety.checkpoints.readers.onnx_constants import computed
from neurovariety.checkpoints.readers.onnx_operations import OPERATIONS
from neurovariety.checkpoints.readers.onnx_regions import read_regions
from neurovariety.checkpoints.readers.onnx_sizes import check_sizes
from neurovariety.checkpoints.readers.step_agreement import Reading
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""
_NAMED = 3
"""Inputs with a stored value that are named; of more, their number."""


def read_onnx(file: str | Path) -> Network:
    """The network in an ONNX file. Raises `InputError` for what cannot be read or is not understood.

    Stored arrays of floating point count as trained weights, but for running means and variances and for single numbers: the format
    does not say which arrays were trained. Weights in external files are read only from the folder of the file.
    """
    path = Path(file)
    return read_onnx_model(_loaded(path), path.name)


def read_onnx_file(file: str | Path, shapes: Mapping[str, Sequence[int]] | None = None) -> Network | PartialNetwork:
    """The network in an ONNX file, or, where not all of it is understood, its parts that are (see `PartialNetwork`).

    ``shapes`` fixes the shapes of inputs, batch axis first, by name; "" is the name of the only one. Open sizes that it does not fix
    are taken from what the runtime accepts. Raises `InputError` for a damaged file and shapes that do not fit.
    """
    path = Path(file)
    model = _loaded(path)
    source = path.name + _at_defaults(model)
    weights = _stored(model, source)
    _check_file(model, source)
    given = _by_name(model, shapes or {})
    whole = _whole(model, weights, source, given)
    if isinstance(whole, Network):
        return whole
    fixed = _not_trained(model, weights) | _statistics(model)
    trial = tried(model, given)
    if isinstance(trial, str):
        _check_written(model, source)
    return read_regions(model, source, weights, fixed, trial, whole)


def _at_defaults(model: Message) -> str:
    """What is said of a file with inputs of which it stores a value: it is read as if nobody gave another."""
    names = [printable(n) for n in defaults(model)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" at the stored values of its inputs {', '.join(names[:_NAMED])}{more}" if names else ""


def read_parts(model: Message, source: str, why: str) -> PartialNetwork:
    """The parts that are understood of a file that was not read as a whole, which ``why`` says."""
    _embed(model, source, None)
    weights = _stored(model, source)
    fixed = _not_trained(model, weights) | _statistics(model)
    return read_regions(model, source, weights, fixed, tried(model, {}), why)


def _whole(model: Message, weights: dict[str, Array], source: str, given: Mapping[str, Sequence[int]]) -> Network | str:
    """The whole network, at the shape of the input that was fixed or that a runtime accepts; why there is none, else."""
    found = entries(model)
    try:
        if len(found) != 1 or found[0].sizes is None or all(isinstance(n, int) for n in found[0].sizes[1:]):
            return _read_whole(model, weights, source, given)
        trial = tried(model, given)
        if isinstance(trial, str):
            return trial
        fixed = type(model)()
        fixed.CopyFrom(model)
        entry = next(i for i in fixed.graph.input if i.name == found[0].name)
        sizes = trial.feeds[entry.name].shape
        for k, n in enumerate(sizes):
            if k or given:
                entry.type.tensor_type.shape.dim[k].dim_value = n
        read = _read_whole(fixed, weights, f"{source} at inputs of {' x '.join(map(str, sizes[1:]))}", {})
        assert read.origin is not None
        return replace(read, origin=replace(read.origin, model=model))  # the file itself keeps its open sizes
    except InputError as error:
        return str(error)


def _by_name(model: Message, shapes: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    found = entries(model)
    if "" in shapes and len(found) != 1:
        names = ", ".join(repr(e.name) for e in found)
        raise InputError(f"the file has {len(found)} inputs ({names}); say which one a shape is for, NAME=1,3,64,64")
    return {k or found[0].name: v for k, v in shapes.items()}


def _loaded(path: Path) -> Message:
    onnx = import_onnx()
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf raises its own classes
        raise InputError(f"{path.name} cannot be read as an ONNX file ({type(error).__name__}: {str(error)[:100]})") from error
    _embed(model, path.name, path.parent)
    check_sizes(model, path.name)
    return model


def _embed(model: Message, source: str, folder: Path | None) -> None:
    """Put the bytes of external files into the message, of tensors anywhere in it, before anything looks at them.

    A runtime, and the package, look for files that are left in the folder of the process, which may hold another model's.
    """
    onnx = import_onnx()
    held = 0
    for tensor in tensors_held(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _load_external(onnx, tensor, source, folder, MOST_BYTES - held)
            held += len(tensor.raw_data)


def _stored(model: Message, source: str) -> dict[str, Array]:
    """The initializers."""
    onnx = import_onnx()
    weights: dict[str, Array] = {}
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            raise InputError(f"{source} stores two arrays of the name {printable(tensor.name)!r}: which one is meant is not defined")
        weights[tensor.name] = _array(onnx, tensor, source)
    return weights


def _check_file(model: Message, source: str) -> None:
    """Refuse what is damaged, or means something else than what would be read: nothing in such a file can be looked at."""
    if not model.graph.node and not model.graph.output:
        raise InputError(f"{source} holds no ONNX graph; is it another kind of file?")
    if not model.graph.output:
        raise InputError(f"{source} has no output; nothing can be said of what it computes")


def _check_written(model: Message, source: str) -> None:
    """Refuse a file that no runtime can run because it is no ONNX file as the format has it."""
    onnx = import_onnx()
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # the checker raises a class of its own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise InputError(f"{source} is not a valid ONNX file: {(lines or [type(error).__name__])[0][:150]}") from error


def _not_trained(model: Message, weights: Mapping[str, Array]) -> set[str]:
    return {k for k, v in weights.items() if v.ndim == 0 or v.dtype.kind in "biuSUO"} | _stated_fixed(model)


def _statistics(model: Message) -> set[str]:
    """Running means and variances."""
    return {n for node in model.graph.node if node.op_type == "BatchNormalization" for n in node.input[3:5]}


def printable(name: str) -> str:
    """A name without control characters, which could rewrite a terminal."""
    return "".join(c if c.isprintable() else "?" for c in name)[:120]


def read_onnx_model(model: Message, source: str = "onnx") -> Network:
    """The network in an ``onnx.ModelProto`` that holds its weights itself.

    A batch of fixed length is read at that length, the only one that the file computes with.
    """
    _embed(model, source, None)
    return _read_whole(model, _stored(model, source), source + _at_defaults(model), {})


def _read_whole(model: Message, weights: dict[str, Array], source: str, given: Mapping[str, Sequence[int]]) -> Network:
    onnx = import_onnx()
    graph = model.graph
    fixed = _not_trained(model, weights)
    inputs = [i for i in graph.input if i.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{source} has {len(inputs)} inputs and {len(graph.output)} outputs; a network has one of each")
    sizes = [d.dim_value if d.dim_value > 0 else None for d in inputs[0].type.tensor_type.shape.dim]
    if inputs[0].name in given and len(given[inputs[0].name]) == len(sizes):
        sizes = [n or int(m) for n, m in zip(sizes, given[inputs[0].name], strict=True)]
    if not sizes or None in sizes[1:]:
        raise InputError(f"{source} leaves the shape of an input open ({sizes}); export it with fixed sizes, the batch axis first")
    _check_type(onnx, graph, inputs[0], source)
    shape = tuple(int(n) for n in sizes[1:] if n)
    turned: set[str] = set()
    readings: list[Reading] = []

    def read(batch: int) -> Network:
        uses = Counter(n for node in graph.node for n in node.input if n in weights)
        builder = Builder(source, weights, fixed, uses, batch)
        reading = _read_graph(onnx, model, builder, inputs[0].name, shape)
        turned.clear()
        turned.update(builder.turned)
        if not readings:  # one is compared: all lengths make the same network
            readings.append(reading)
        return fused(reading.plain)

    network = read(sizes[0]) if sizes[0] else for_any_batch(read, source)
    kind = onnx.helper.tensor_dtype_to_np_dtype(inputs[0].type.tensor_type.elem_type or onnx.TensorProto.FLOAT)
    hold_against_runtime(network, readings[0], model, inputs[0].name, kind, sizes[0], source)
    return replace(network, origin=OnnxOrigin(model, network, frozenset(turned)))


def _check_type(onnx: ModuleType, graph: Message, entry: Message, source: str) -> None:
    """Refuse an input of whole numbers, which are divided with rounding; one that is made into floating-point numbers first is none."""
    kind = onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type or onnx.TensorProto.FLOAT)
    if kind.kind in "biu" and any(node.op_type != "Cast" for node in graph.node if entry.name in node.input):
        raise InputError(f"{source} computes with inputs of the type {kind}; a network maps real numbers")


def _read_graph(onnx: ModuleType, model: Message, builder: Builder, entry: str, shape: tuple[int, ...]) -> Reading:
    graph, opset, source = model.graph, opset_of(model), builder.source
    values: dict[str, Operand | Compared | Masked] = {k: Stored(k) for k in builder.weights}
    values[entry] = builder.input(entry, shape)
    readers = Counter(n for node in graph.node for n in node.input)
    for node in graph.node:
        place = _path(node)
        if node.domain not in ("", "ai.onnx"):
            refuse(place, f"{node.domain}.{node.op_type}")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            values[node.output[0]] = _constant(onnx, builder, node.output[0], attributes, source)
            continue
        missing = [n for n in node.input if n and n not in values]
        if missing:
            raise InputError(f"{place} takes {missing[0]!r}, which nothing in {source} makes")
        call = OnnxCall(
            builder=builder,
            name=node.output[0],
            path=place,
            operator=node.op_type,
            inputs=[values[n] if n else None for n in node.input],
            attributes=attributes,
            outputs=len(node.output),
            opset=opset,
        )
        try:
            made: object = computed(call)
            if made is None:
                if node.op_type not in OPERATIONS:
                    refuse(place, node.op_type)
                made = OPERATIONS[node.op_type](call)
            if isinstance(made, (Stored, Turned)):  # another name of an array: its uses are those of the array
                builder.uses[made.key] += readers[node.output[0]] - 1
        except (ValueError, TypeError, KeyError, IndexError) as error:  # a graph that nothing could run
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{place}: the operation {node.op_type} cannot be read ({type(error).__name__}: {str(error)[:100]})"
            ) from error
        for name, value in zip(node.output, made if isinstance(made, list) else [made], strict=False):
            values[name] = value
    if graph.output[0].name not in values:
        raise InputError(f"nothing in {source} makes its output {graph.output[0].name!r}")
    output = values[graph.output[0].name]
    if isinstance(output, (Above, NotANumber)):
        raise InputError(f"the output {graph.output[0].name!r} of {source} is a comparison; a network returns numbers")
    if isinstance(output, Masked):
        refuse(source, "output", ONLY_SOFTMAX)
    made_by = {name: v.name for name, v in values.items() if isinstance(v, Value) and v.layout is None}
    return Reading.of(builder.plain(output), made_by)


def _stated_fixed(model: Message) -> set[str]:
    """The weights that a file of our own says were not trained."""
    for prop in model.metadata_props:
        if prop.key == FIXED:
            try:
                found = json.loads(prop.value)
            except (ValueError, RecursionError):
                return set()
            return {k for k in found if isinstance(k, str)} if isinstance(found, list) else set()
    return set()


def _path(node: Message) -> str:
    """The module path that torch's exporter notes, or the name of the node."""
    for prop in node.metadata_props:
        if prop.key == PATH:
            return str(prop.value)
        if prop.key == "pkg.torch.onnx.name_scopes":
            scopes = [part.strip(" '\"") for part in prop.value.strip("[]").split(",")]
            if len(scopes) > 1 and scopes[-2]:
                return scopes[-2]
    return node.name or node.output[0]


def _array(onnx: ModuleType, tensor: Message, source: str) -> Array:
    try:
        return np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception as error:  # damaged data: numpy and protobuf raise all sorts
        raise InputError(f"the tensor {tensor.name!r} of {source} cannot be read ({str(error)[:100]})") from error


def _constant(onnx: ModuleType, builder: Builder, name: str, attributes: dict[str, Any], source: str) -> Stored:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if key in attributes:
            value = attributes[key]
            array = _array(onnx, value, source) if key == "value" else np.asarray(value)
            builder.weights[name] = array
            if array.size == 1 or array.dtype.kind in "biuSUO":  # exporters write trained arrays as constants too
                builder.fixed.add(name)
            builder.uses[name] += 1
            return Stored(name)
    raise InputError(f"the constant {name!r} of {source} is neither a tensor nor a number")


def _load_external(onnx: ModuleType, tensor: Message, source: str, folder: Path | None, room: int) -> None:
    """Put the bytes of an external file into the tensor, if the file lies in the model's folder, links resolved."""
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise InputError(f"{source} keeps {tensor.name!r} in the file {location!r}; give the path of the model instead of its contents")
    root = folder.resolve()
    path = (root / location).resolve()
    if not location or not path.is_relative_to(root) or not path.is_file():
        raise InputError(
            f"{source} keeps {tensor.name!r} in {location!r}, which is not a file in its own folder; put it beside the model"
        )
    try:
        offset = int(entries.get("offset", 0))
        length = min(int(entries.get("length", path.stat().st_size)), path.stat().st_size - offset)
        needed = prod(tensor.dims) * np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        if not 0 <= length <= needed:
            raise InputError(f"{source} takes {length:,} bytes from {location!r} for {tensor.name!r}, which has {needed:,}")
        if length > room:
            raise InputError(f"{source} keeps more than 2 GB in other files, more than a runtime of ONNX takes in one piece")
        with path.open("rb") as f:
            f.seek(offset)
            tensor.raw_data = f.read(length)
    except (ValueError, KeyError, TypeError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the data of {tensor.name!r} in {location!r} cannot be read ({error})") from error
    tensor.data_location = 0  # in the model itself
