"""From a `Network` to an ONNX file: one operator a node, polynomials by Horner's rule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import Array
from neurovariety.checkpoints.graph.network import Network, Node
from neurovariety.checkpoints.readers.onnx_import import FIXED, PATH, import_onnx
from neurovariety.errors import InputError

_OPSET = 20
_IR_VERSION = 10
"""The versions in which Gelu exists and which runtimes of 2024 and later read."""


def write_onnx(network: Network, weights: Mapping[str, Array], dtype: str, file: Path) -> None:
    """Write the network with the given weights, which are of ``dtype``."""
    onnx = import_onnx()
    onnx.save(onnx_model(network, weights, dtype), str(file))


def onnx_model(network: Network, weights: Mapping[str, Array], dtype: str) -> Any:
    """The network as an ``onnx.ModelProto`` whose batch axis is open."""
    onnx = import_onnx()
    writer = _Writer(network, weights, dtype)
    for node in network.nodes:
        writer.write(node)
    number = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shapes = network.shapes()
    (given,) = [n.name for n in network.nodes if n.kind == "input"]
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


class _Writer:
    def __init__(self, network: Network, weights: Mapping[str, Array], dtype: str) -> None:
        self.helper = import_onnx().helper
        self.weights, self.dtype, self.shapes = weights, np.dtype(dtype), network.shapes()
        self.uses = Counter(k for node in network.nodes for k in node.weights.values())
        self.arrays: dict[str, Array] = {}
        self.fixed = set(network.fixed)
        self.operators: list[Any] = []
        self.path = ""
        self.bare: set[str] = set()  # values without a batch axis: weights, and what is made of them alone
        self.names = {n.name for n in network.nodes} | set(weights)

    def write(self, node: Node) -> None:
        if node.kind == "input":
            return
        if node.kind not in _KINDS:
            raise InputError(f"{node.place} cannot be written to ONNX; write the network to .npz")
        if any(n in self.bare for n in node.inputs) and node.kind not in (
            "matmul",
            "transpose",
            "add",
            "subtract",
            "multiply",
            "divide",
        ):
            raise InputError(f"{node.place} works on a weight alone and cannot be written to ONNX; write the network to .npz")
        self.path = node.path
        _KINDS[node.kind](self, node)

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        made = self.helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        if self.path:
            made.metadata_props.add(key=PATH, value=self.path)
        self.operators.append(made)
        return output

    def fresh(self, name: str) -> str:
        unique, k = name, 1
        while unique in self.names:
            unique, k = f"{name}_{k}", k + 1
        self.names.add(unique)
        return unique

    def weight(self, key: str) -> str:
        self.arrays[key] = self.weights[key]
        return key

    def array(self, name: str, values: Any) -> str:
        """A constant that was not among the weights."""
        key = self.fresh(name)
        self.arrays[key] = np.asarray(values)
        self.fixed.add(key)
        return key

    def scalar(self, name: str, value: Fraction) -> str:
        """A rational constant; a quotient of two numbers of the type where it is not one itself, so that 1/3 stays 1/3."""
        exact = self.dtype.type(float(value))
        if Fraction(float(exact)) == value:
            return self.array(name, exact)
        top, bottom = (self.dtype.type(float(n)) for n in (value.numerator, value.denominator))
        if not all(np.isfinite(n) and Fraction(float(n)) == m for n, m in ((top, value.numerator), (bottom, value.denominator))):
            return self.array(name, exact)
        numerator, denominator = self.array(f"{name} numerator", top), self.array(f"{name} denominator", bottom)
        return self.add("Div", [numerator, denominator], self.fresh(name))

    def horner(self, name: str, coefficients: Sequence[Fraction], x: str) -> str:
        if len(coefficients) < 2:
            zero = self.add("Mul", [x, self.scalar(f"{name} zero", Fraction(0))], self.fresh(f"{name} zero"))
            return self.add("Add", [zero, self.scalar(f"{name} 0", coefficients[0])], self.fresh(f"{name} constant"))
        *lower, top = coefficients
        total = x if top == 1 else self.add("Mul", [x, self.scalar(f"{name} {len(lower)}", top)], self.fresh(f"{name} step"))
        for k in range(len(lower) - 1, -1, -1):
            if lower[k]:
                total = self.add("Add", [total, self.scalar(f"{name} {k}", lower[k])], self.fresh(f"{name} step"))
            if k:
                total = self.add("Mul", [total, x], self.fresh(f"{name} step"))
        return total

    def reshaped(self, x: str, shape: Sequence[int], output: str) -> str:
        """Reshape the axes of a sample; 0 keeps the batch."""
        return self.add("Reshape", [x, self.array(f"{output} shape", np.asarray([0, *shape], dtype=np.int64))], output)


def _linear(w: _Writer, node: Node) -> None:
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


def _window(node: Node) -> dict[str, Any]:
    a = node.attributes
    pads = [p[0] for p in a["padding"]] + [p[1] for p in a["padding"]]
    return {"strides": list(a["stride"]), "pads": pads, "dilations": list(a["dilation"])}


def _convolution(w: _Writer, node: Node) -> None:
    inputs = [node.inputs[0], *(w.weight(node.weights[r]) for r in ("weight", "bias") if r in node.weights)]
    w.add("Conv", inputs, node.name, **_window(node), group=node.attributes["groups"])


def _pool(w: _Writer, node: Node) -> None:
    largest = node.kind == "max_pool"
    more = {} if largest else {"count_include_pad": 1}
    w.add(
        "MaxPool" if largest else "AveragePool",
        node.inputs,
        node.name,
        kernel_shape=list(node.attributes["window"]),
        **_window(node),
        **more,
    )


def _normalize(w: _Writer, node: Node) -> None:
    channels = w.weights[node.weights["mean"]].shape
    blank = {"scale": np.ones, "shift": np.zeros}
    inputs = [
        w.weight(node.weights[r]) if r in node.weights else w.array(f"{node.name} {r}", blank[r](channels, dtype=w.dtype))
        for r in ("scale", "shift", "mean", "variance")
    ]
    w.add("BatchNormalization", [node.inputs[0], *inputs], node.name, epsilon=float(node.attributes["epsilon"]))


def _activation(w: _Writer, node: Node) -> None:
    a, (x,) = node.attributes, node.inputs
    function = a["function"]
    plain = {"relu": "Relu", "abs": "Abs", "tanh": "Tanh", "sigmoid": "Sigmoid", "erf": "Erf", "exp": "Exp"}
    if function in plain:
        w.add(plain[function], [x], node.name)
    elif function == "polynomial":
        w.add("Identity", [w.horner(node.name, a["coefficients"], x)], node.name)
    elif function == "rational":
        top = w.horner(f"{node.name} top", a["numerator"], x)
        w.add("Div", [top, w.horner(f"{node.name} bottom", a["denominator"], x)], node.name)
    elif function == "leaky_relu":
        w.add("LeakyRelu", [x], node.name, alpha=float(a["slope"]))
    elif function == "elu":
        w.add("Elu", [x], node.name, alpha=float(a["alpha"]))
    elif function == "relu6":
        w.add("Clip", [x, w.scalar(f"{node.name} low", Fraction(0)), w.scalar(f"{node.name} high", Fraction(6))], node.name)
    elif function == "gelu":
        w.add("Gelu", [x], node.name, approximate=a["approximate"])
    elif function == "silu":
        w.add("Mul", [x, w.add("Sigmoid", [x], w.fresh(f"{node.name} gate"))], node.name)
    else:
        _softplus(w, node)


def _softplus(w: _Writer, node: Node) -> None:
    """log(1 + exp(beta x))/beta."""
    (x,) = node.inputs
    if node.attributes["beta"] == 1:
        w.add("Softplus", [x], node.name)
        return
    beta = w.scalar(f"{node.name} beta", node.attributes["beta"])
    scaled = w.add("Mul", [x, beta], w.fresh(f"{node.name} scaled"))
    w.add("Div", [w.add("Softplus", [scaled], w.fresh(f"{node.name} soft")), beta], node.name)


def _entrywise(operator: str) -> Callable[[_Writer, Node], None]:
    def write(w: _Writer, node: Node) -> None:
        if len(node.inputs) == 2:
            rank = max(len(w.shapes[n]) for n in node.inputs)
            operands = []
            for k, n in enumerate(node.inputs):
                missing = rank - len(w.shapes[n])
                ready = n in w.bare or not missing
                operands.append(n if ready else w.reshaped(n, [1] * missing + list(w.shapes[n]), w.fresh(f"{node.name} {k}")))
        else:
            other = w.weight(node.weights["weight"]) if node.weights else w.scalar(f"{node.name} constant", node.attributes["constant"])
            operands = [node.inputs[0], other]
        if all(n in w.bare for n in node.inputs):
            w.bare.add(node.name)
        w.add(operator, operands[::-1] if node.attributes.get("reversed") else operands, node.name)

    return write


def _matmul(w: _Writer, node: Node) -> None:
    flags = node.attributes.get("transpose", (False, False))
    operands = []
    for k, (n, flag) in enumerate(zip(node.inputs, flags, strict=True)):
        rank = len(w.shapes[n]) + (n not in w.bare)
        order = [*range(rank - 2), rank - 1, rank - 2]
        operands.append(w.add("Transpose", [n], w.fresh(f"{node.name} {k}"), perm=order) if flag else n)
    if all(n in w.bare for n in node.inputs):
        w.bare.add(node.name)
    w.add("MatMul", operands, node.name)


def _parameter(w: _Writer, node: Node) -> None:
    w.add("Identity", [w.weight(node.weights["value"])], node.name)
    w.bare.add(node.name)


def _transpose(w: _Writer, node: Node) -> None:
    order = list(node.attributes["permutation"])
    if node.inputs[0] in w.bare:
        w.bare.add(node.name)
        w.add("Transpose", node.inputs, node.name, perm=order)
    else:
        w.add("Transpose", node.inputs, node.name, perm=[0, *(k + 1 for k in order)])


def _pad(w: _Writer, node: Node) -> None:
    sides = node.attributes["padding"]
    pads = [0, *(a for a, _ in sides), 0, *(b for _, b in sides)]
    w.add("Pad", [node.inputs[0], w.array(f"{node.name} sides", np.asarray(pads, dtype=np.int64))], node.name)


def _slice(w: _Writer, node: Node) -> None:
    a = node.attributes
    numbers = [w.array(f"{node.name} {k}", np.asarray([v], dtype=np.int64)) for k, v in _slice_numbers(a)]
    w.add("Slice", [node.inputs[0], *numbers], node.name)


def _slice_numbers(a: dict[str, Any]) -> list[tuple[str, int]]:
    return [("start", a["start"]), ("stop", a["stop"]), ("axis", a["axis"] + 1), ("step", a["step"])]


def _sum(w: _Writer, node: Node) -> None:
    axes = w.array(f"{node.name} axes", np.asarray([k + 1 for k in node.attributes["axes"]], dtype=np.int64))
    operator = "ReduceSum" if node.kind == "sum" else "ReduceMean"
    w.add(operator, [node.inputs[0], axes], node.name, keepdims=int(node.attributes["keepdims"]))


_KINDS: dict[str, Callable[[_Writer, Node], Any]] = {
    "linear": _linear,
    "conv": _convolution,
    "normalize": _normalize,
    "activation": _activation,
    "add": _entrywise("Add"),
    "subtract": _entrywise("Sub"),
    "multiply": _entrywise("Mul"),
    "divide": _entrywise("Div"),
    "matmul": _matmul,
    "parameter": _parameter,
    "transpose": _transpose,
    "reshape": lambda w, node: w.reshaped(node.inputs[0], w.shapes[node.name], node.name),
    "slice": _slice,
    "pad": _pad,
    "concatenate": lambda w, node: w.add("Concat", node.inputs, node.name, axis=node.attributes["axis"] + 1),
    "sum": _sum,
    "mean": _sum,
    "average_pool": _pool,
    "max_pool": _pool,
}
