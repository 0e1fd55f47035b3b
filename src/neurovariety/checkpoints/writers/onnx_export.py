"""From a `Network` to an ONNX file: one operator a node, polynomials by Horner's rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node, flags, pairs, rational, whole, wholes
from neurovariety.checkpoints.graph.onnx_format import FIXED, import_onnx
from neurovariety.checkpoints.graph.three_arithmetics import Array, floating
from neurovariety.checkpoints.writers.activation_operators import write_activation
from neurovariety.checkpoints.writers.onnx_writer import Writer
from neurovariety.errors import InputError

_OPSET = 20
_IR_VERSION = 10
"""The versions in which Gelu exists and which runtimes of 2024 and later read."""


def write_onnx(network: Network, weights: Mapping[str, Array], dtype: str, file: Path) -> None:
    """Write the network with the given weights, which are of ``dtype``."""
    onnx = import_onnx()
    onnx.save(onnx_model(network, weights, dtype), str(file))


def onnx_model(network: Network, weights: Mapping[str, Array], dtype: str) -> object:
    """The network as an ``onnx.ModelProto`` whose batch axis is open."""
    onnx = import_onnx()
    writer = Writer(network, weights, dtype)
    for node in network.nodes:
        if not node.is_input:
            _write(writer, node)
    number = onnx.helper.np_dtype_to_tensor_dtype(floating(dtype))
    shapes = network.shapes()
    (given,) = [n.name for n in network.nodes if n.is_input]
    graph = onnx.helper.make_graph(
        writer.operators,
        "network",
        [onnx.helper.make_tensor_value_info(given, number, ["batch", *network.input_shape])],
        [onnx.helper.make_tensor_value_info(network.output, number, ["batch", *shapes[network.output]])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(a), k) for k, a in writer.arrays.items()],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="neurovariety"
    )
    onnx.helper.set_model_props(model, {FIXED: json.dumps(sorted(writer.fixed))})
    onnx.checker.check_model(model)
    return model


@dataclass(frozen=True)
class _Row:
    """How a kind of node is written; ``bare``: also on a weight alone, which has no batch axis."""

    write: Callable[[Writer, Node], object]
    bare: bool = False


def _write(w: Writer, node: Node) -> None:
    if node.kind not in _KINDS:
        raise InputError(f"{node.place} cannot be written to ONNX; write the network to .npz")
    row = _KINDS[node.kind]
    if any(n in w.bare for n in node.inputs) and not row.bare:
        raise InputError(f"{node.place} works on a weight alone and cannot be written to ONNX; write the network to .npz")
    w.path = node.path
    row.write(w, node)


def _linear(w: Writer, node: Node) -> None:
    (x,), key = node.inputs, node.weights["weight"]
    bias = [w.weight(node.weights["bias"])] if "bias" in node.weights else []
    if len(w.shapes[x]) == 1:
        w.add("Gemm", [x, w.weight(key), *bias], node.name, transB=1)
        return
    if w.uses[key] == 1:
        w.arrays[key] = w.weights[key].T
        turned = key
    else:
        turned = w.add("Transpose", [w.weight(key)], w.fresh(f"{node.name} weight"), perm=[1, 0])
    product = w.add("MatMul", [x, turned], w.fresh(f"{node.name} product") if bias else node.name)
    if bias:
        w.add("Add", [product, *bias], node.name)


def _window(a: Attributes) -> dict[str, list[int]]:
    padding = pairs(a, "padding")
    pads = [p[0] for p in padding] + [p[1] for p in padding]
    return {"strides": list(wholes(a, "stride")), "pads": pads, "dilations": list(wholes(a, "dilation"))}


def _convolution(w: Writer, node: Node) -> None:
    inputs = [node.inputs[0], *(w.weight(node.weights[r]) for r in ("weight", "bias") if r in node.weights)]
    w.add("Conv", inputs, node.name, **_window(node.attributes), group=whole(node.attributes, "groups"))


def _pool(operator: str, **more: int) -> Callable[[Writer, Node], object]:
    def write(w: Writer, node: Node) -> None:
        window = list(wholes(node.attributes, "window"))
        w.add(operator, node.inputs, node.name, kernel_shape=window, **_window(node.attributes), **more)

    return write


def _normalize(w: Writer, node: Node) -> None:
    channels = w.weights[node.weights["mean"]].shape
    blank = {"scale": np.ones, "shift": np.zeros}
    inputs = [
        w.weight(node.weights[r]) if r in node.weights else w.array(f"{node.name} {r}", blank[r](channels, dtype=w.dtype))
        for r in ("scale", "shift", "mean", "variance")
    ]
    w.add("BatchNormalization", [node.inputs[0], *inputs], node.name, epsilon=float(rational(node.attributes, "epsilon")))


def _entrywise(operator: str) -> Callable[[Writer, Node], None]:
    def write(w: Writer, node: Node) -> None:
        if len(node.inputs) == 2:
            rank = max(len(w.shapes[n]) for n in node.inputs)
            operands = []
            for k, n in enumerate(node.inputs):
                missing = rank - len(w.shapes[n])
                ready = n in w.bare or not missing
                operands.append(n if ready else w.reshaped(n, [1] * missing + list(w.shapes[n]), w.fresh(f"{node.name} {k}")))
        else:
            a, roles = node.attributes, node.weights
            other = w.weight(roles["weight"]) if roles else w.scalar(f"{node.name} constant", rational(a, "constant"))
            operands = [node.inputs[0], other]
        w.bare_if(node)
        w.add(operator, operands[::-1] if node.attributes.get("reversed") else operands, node.name)

    return write


def _matmul(w: Writer, node: Node) -> None:
    turned = flags(node.attributes, "transpose") if "transpose" in node.attributes else (False, False)
    operands = []
    for k, (n, flag) in enumerate(zip(node.inputs, turned, strict=True)):
        rank = len(w.shapes[n]) + (n not in w.bare)
        order = [*range(rank - 2), rank - 1, rank - 2]
        operands.append(w.add("Transpose", [n], w.fresh(f"{node.name} {k}"), perm=order) if flag else n)
    w.bare_if(node)
    w.add("MatMul", operands, node.name)


def _parameter(w: Writer, node: Node) -> None:
    w.add("Identity", [w.weight(node.weights["value"])], node.name)
    w.bare.add(node.name)


def _reshape(w: Writer, node: Node) -> None:
    w.bare_if(node)
    w.reshaped(node.inputs[0], w.shapes[node.name], node.name)


def _transpose(w: Writer, node: Node) -> None:
    order = list(wholes(node.attributes, "permutation"))
    if node.inputs[0] in w.bare:
        w.bare.add(node.name)
        w.add("Transpose", node.inputs, node.name, perm=order)
    else:
        w.add("Transpose", node.inputs, node.name, perm=[0, *(k + 1 for k in order)])


def _pad(w: Writer, node: Node) -> None:
    sides = pairs(node.attributes, "padding")
    pads = [0, *(a for a, _ in sides), 0, *(b for _, b in sides)]
    w.add("Pad", [node.inputs[0], w.array(f"{node.name} sides", np.asarray(pads, dtype=np.int64))], node.name)


def _slice(w: Writer, node: Node) -> None:
    a = node.attributes
    places = {"start": whole(a, "start"), "stop": whole(a, "stop"), "axis": whole(a, "axis") + 1, "step": whole(a, "step")}
    numbers = [w.array(f"{node.name} {k}", np.asarray([v], dtype=np.int64)) for k, v in places.items()]
    w.add("Slice", [node.inputs[0], *numbers], node.name)


def _standardize(w: Writer, node: Node) -> None:
    """Layer normalization without weights where the axes are the last ones and values are centred; else written out."""
    axes, (x,) = sorted(wholes(node.attributes, "axes")), node.inputs
    epsilon, shape = rational(node.attributes, "epsilon"), w.shapes[x]
    if node.attributes["centred"] and axes == list(range(axes[0], len(shape))):
        ones = w.array(f"{node.name} ones", np.ones(shape[axes[0] :], dtype=w.dtype))
        w.add("LayerNormalization", [x, ones], node.name, axis=axes[0] + 1, epsilon=float(epsilon))
        return
    places = w.array(f"{node.name} axes", np.asarray([k + 1 for k in axes], dtype=np.int64))
    if node.attributes["centred"]:
        mean = w.add("ReduceMean", [x, places], w.fresh(f"{node.name} mean"), keepdims=1)
        x = w.add("Sub", [x, mean], w.fresh(f"{node.name} centred"))
    square = w.add("Mul", [x, x], w.fresh(f"{node.name} square"))
    mean = w.add("ReduceMean", [square, places], w.fresh(f"{node.name} mean square"), keepdims=1)
    total = w.add("Add", [mean, w.scalar(f"{node.name} epsilon", epsilon)], w.fresh(f"{node.name} total"))
    w.add("Div", [x, w.add("Sqrt", [total], w.fresh(f"{node.name} root"))], node.name)


def _softmax(w: Writer, node: Node) -> None:
    (x,) = node.inputs
    if "mask" in node.weights:
        hidden = w.array(f"{node.name} hidden", np.asarray(-np.inf, dtype=w.dtype))
        x = w.add("Where", [w.weight(node.weights["mask"]), x, hidden], w.fresh(f"{node.name} masked"))
    w.add("Softmax", [x], node.name, axis=whole(node.attributes, "axis") + 1)


def _reduced(operator: str) -> Callable[[Writer, Node], object]:
    def write(w: Writer, node: Node) -> None:
        axes = w.array(f"{node.name} axes", np.asarray([k + 1 for k in wholes(node.attributes, "axes")], dtype=np.int64))
        w.add(operator, [node.inputs[0], axes], node.name, keepdims=int(bool(node.attributes["keepdims"])))

    return write


def _upsample(w: Writer, node: Node) -> None:
    scales = w.array(f"{node.name} scales", np.asarray([1, 1, *wholes(node.attributes, "factors")], dtype=np.float32))
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    w.add("Resize", [node.inputs[0], "", scales], node.name, **nearest)


def _spread(w: Writer, node: Node) -> None:
    """A transposed convolution of each channel with the number 1."""
    factors, channels = wholes(node.attributes, "factors"), w.shapes[node.name][0]
    ones = w.array(f"{node.name} ones", np.ones((channels, *(1 for _ in (1, *factors))), dtype=w.dtype))
    w.add("ConvTranspose", [node.inputs[0], ones], node.name, strides=list(factors), group=channels)


_KINDS: dict[str, _Row] = {
    "linear": _Row(_linear),
    "conv": _Row(_convolution),
    "normalize": _Row(_normalize),
    "activation": _Row(write_activation),
    "add": _Row(_entrywise("Add"), bare=True),
    "subtract": _Row(_entrywise("Sub"), bare=True),
    "multiply": _Row(_entrywise("Mul"), bare=True),
    "divide": _Row(_entrywise("Div"), bare=True),
    "matmul": _Row(_matmul, bare=True),
    "parameter": _Row(_parameter),
    "transpose": _Row(_transpose, bare=True),
    "reshape": _Row(_reshape, bare=True),
    "slice": _Row(_slice),
    "softmax": _Row(_softmax),
    "standardize": _Row(_standardize),
    "pad": _Row(_pad),
    "concatenate": _Row(lambda w, node: w.add("Concat", node.inputs, node.name, axis=whole(node.attributes, "axis") + 1)),
    "sum": _Row(_reduced("ReduceSum")),
    "mean": _Row(_reduced("ReduceMean")),
    "average_pool": _Row(_pool("AveragePool", count_include_pad=1)),
    "max_pool": _Row(_pool("MaxPool")),
    "upsample": _Row(_upsample),
    "spread": _Row(_spread),
}
