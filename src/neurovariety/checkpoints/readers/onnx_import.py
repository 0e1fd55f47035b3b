"""From an ONNX file to a `Network`. The file is a protocol buffer: it holds data and names of operators, nothing that runs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.onnx_format import FIXED, PATH, import_onnx
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.agreement import for_any_batch
from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, refuse
from neurovariety.checkpoints.readers.onnx_agreement import hold_against_runtime
from neurovariety.checkpoints.readers.onnx_call import Above, OnnxCall
from neurovariety.checkpoints.readers.onnx_operations import OPERATIONS
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""


def read_onnx(file: str | Path) -> Network:
    """The network in an ONNX file. Raises `InputError` for what cannot be read or is not understood.

    Stored arrays of floating point count as trained weights, but for running means and variances and for single numbers: the format
    does not say which arrays were trained. Weights in external files are read only from the folder of the file.
    """
    onnx = import_onnx()
    path = Path(file)
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf raises its own classes
        raise InputError(f"{path.name} cannot be read as an ONNX file ({type(error).__name__}: {str(error)[:100]})") from error
    return read_onnx_model(model, path.name, path.parent)


def read_onnx_model(model: Message, source: str = "onnx", folder: Path | None = None) -> Network:
    """The network in an ``onnx.ModelProto``; ``folder`` is where weights in external files lie.

    A batch of fixed length is read at that length, the only one that the file computes with.
    """
    onnx = import_onnx()
    graph = model.graph
    weights: dict[str, Array] = {}
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _load_external(tensor, source, folder)
        weights[tensor.name] = _array(onnx, tensor, source)
    fixed = {k for k, v in weights.items() if v.ndim == 0 or v.dtype.kind in "biuSUO"} | _stated_fixed(model)
    inputs = [i for i in graph.input if i.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{source} has {len(inputs)} inputs and {len(graph.output)} outputs; a network has one of each")
    sizes = [d.dim_value or None for d in inputs[0].type.tensor_type.shape.dim]
    if not sizes or None in sizes[1:]:
        raise InputError(f"{source} leaves the shape of an input open ({sizes}); export it with fixed sizes, the batch axis first")
    _check_type(onnx, graph, inputs[0], source)
    shape = tuple(int(n) for n in sizes[1:] if n)

    def read(batch: int) -> Network:
        uses = Counter(n for node in graph.node for n in node.input if n in weights)
        return _read_graph(onnx, graph, Builder(source, weights, fixed, uses, batch), inputs[0].name, shape)

    network = read(sizes[0]) if sizes[0] else for_any_batch(read, source)
    kind = onnx.helper.tensor_dtype_to_np_dtype(inputs[0].type.tensor_type.elem_type or onnx.TensorProto.FLOAT)
    hold_against_runtime(network, model, inputs[0].name, kind, sizes[0], source)
    return network


def _check_type(onnx: ModuleType, graph: Message, entry: Message, source: str) -> None:
    """Refuse an input of whole numbers, which are divided with rounding; one that is made into floating-point numbers first is none."""
    kind = onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type or onnx.TensorProto.FLOAT)
    if kind.kind in "biu" and any(node.op_type != "Cast" for node in graph.node if entry.name in node.input):
        raise InputError(f"{source} computes with inputs of the type {kind}; a network maps real numbers")


def _read_graph(onnx: ModuleType, graph: Message, builder: Builder, entry: str, shape: tuple[int, ...]) -> Network:
    source = builder.source
    values: dict[str, Operand | Above] = {k: Stored(k) for k in builder.weights}
    values[entry] = builder.input(entry, shape)
    for node in graph.node:
        place = _path(node)
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATIONS:
            refuse(place, f"{node.domain + '.' if node.domain else ''}{node.op_type}")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            values[node.output[0]] = _constant(onnx, builder, node.output[0], attributes, source)
            continue
        missing = [n for n in node.input if n and n not in values]
        if missing:
            raise InputError(f"{place} takes {missing[0]!r}, which nothing in {source} makes")
        call = OnnxCall(
            builder, node.output[0], place, node.op_type, [values[n] if n else None for n in node.input], attributes, len(node.output)
        )
        try:
            made = OPERATIONS[node.op_type](call)
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
    if isinstance(output, Above):
        raise InputError(f"the output {graph.output[0].name!r} of {source} is a comparison; a network returns numbers")
    return builder.finish(output)


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
            builder.weights[name] = _array(onnx, value, source) if key == "value" else np.asarray(value)
            builder.fixed.add(name)
            builder.uses[name] += 1
            return Stored(name)
    raise InputError(f"the constant {name!r} of {source} is neither a tensor nor a number")


def _load_external(tensor: Message, source: str, folder: Path | None) -> None:
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
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", path.stat().st_size))
        with path.open("rb") as f:
            f.seek(offset)
            tensor.raw_data = f.read(min(length, path.stat().st_size))
    except (ValueError, OSError) as error:
        raise InputError(f"the data of {tensor.name!r} in {location!r} cannot be read ({error})") from error
    tensor.data_location = 0  # in the model itself
