"""From a `Network` to a ``torch.nn.Module``, and from there to a ``.pt2`` file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import Array
from neurovariety.checkpoints.graph.network import Network, Node
from neurovariety.errors import InputError


def import_torch() -> Any:
    """The package, or an `InputError` that says how to get it."""
    try:
        import torch
    except ImportError as error:
        raise InputError('a torch module needs the package torch: pip install "neurovariety[checkpoints]"') from error
    return torch


def torch_module(network: Network, weights: Mapping[str, Array]) -> Any:
    """A ``torch.nn.Module`` that computes the network.

    Its ``state_dict`` has the keys and shapes of the network's weights, so that a module written by hand can load it; fixed weights
    are buffers. It is in evaluation mode: batch norm uses the stored mean and variance.
    """
    torch = import_torch()

    class NetworkModule(torch.nn.Module):
        """A network, node by node."""

        def __init__(self) -> None:
            super().__init__()
            self._places: dict[str, tuple[str, ...]] = {}
            for key, values in weights.items():
                tensor = torch.as_tensor(np.array(values))
                *path, last = [part for part in key.split(".") if part] or [key]
                owner: Any = self
                for part in path:
                    if part not in owner._modules:
                        owner.add_module(part, torch.nn.Module())
                    owner = owner._modules[part]
                if hasattr(owner, last):
                    raise InputError(f"the weight {key!r} has the name of something else in a torch module; rename it")
                if key in network.fixed or not tensor.is_floating_point():
                    owner.register_buffer(last, tensor)
                else:
                    owner.register_parameter(last, torch.nn.Parameter(tensor))
                self._places[key] = (*path, last)

        def _weight(self, key: str) -> Any:
            found: Any = self
            for part in self._places[key]:
                found = getattr(found, part)
            return found

        def forward(self, x: Any) -> Any:
            values: dict[str, Any] = {}
            for node in network.nodes:
                if node.kind == "input":
                    values[node.name] = x
                    continue
                roles = {role: self._weight(key) for role, key in node.weights.items()}
                values[node.name] = _KINDS[node.kind](torch, node, [values[n] for n in node.inputs], roles)
            out = values[network.output]
            return out if out.shape[0] == x.shape[0] else out.expand(x.shape[0], *out.shape[1:])

    return NetworkModule().eval()


def write_pt2(network: Network, weights: Mapping[str, Array], file: Path) -> None:
    """Export the module with an open batch axis and save it."""
    torch = import_torch()
    dtype = next((torch.as_tensor(w).dtype for k, w in weights.items() if w.dtype.kind == "f" and k in network.trained), torch.float32)
    x = torch.zeros((2, *network.input_shape), dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            torch_module(network, weights), (x,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
        )
        torch.export.save(program, str(file))


def _horner(coefficients: tuple[Fraction, ...], x: Any) -> Any:
    """Products and sums by whole numbers and quotients of them, so that 1/3 is read back as 1/3."""
    total: Any = x * 0 + _number(coefficients[-1]) if len(coefficients) == 1 else _times(x, coefficients[-1])
    for k in range(len(coefficients) - 2, -1, -1):
        if coefficients[k]:
            c = coefficients[k]
            total = total + _number(c) if float(c) == c else (total * c.denominator + c.numerator) / c.denominator
        if k:
            total = total * x
    return total


def _times(x: Any, c: Fraction) -> Any:
    if c == 1:
        return x
    return x * _number(c) if c.denominator == 1 or float(c) == c else x * c.numerator / c.denominator


def _number(c: Fraction) -> int | float:
    return c.numerator if c.denominator == 1 else float(c)


def _activation(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a, (x,), f = node.attributes, values, torch.nn.functional
    functions: dict[str, Callable[[], Any]] = {
        "polynomial": lambda: _horner(a["coefficients"], x),
        "rational": lambda: _horner(a["numerator"], x) / _horner(a["denominator"], x),
        "relu": lambda: f.relu(x),
        "leaky_relu": lambda: f.leaky_relu(x, float(a["slope"])),
        "relu6": lambda: f.relu6(x),
        "abs": lambda: torch.abs(x),
        "elu": lambda: f.elu(x, float(a["alpha"])),
        "softplus": lambda: f.softplus(x, float(a["beta"])),
        "tanh": lambda: torch.tanh(x),
        "sigmoid": lambda: torch.sigmoid(x),
        "gelu": lambda: f.gelu(x, approximate=a["approximate"]),
        "silu": lambda: f.silu(x),
        "erf": lambda: torch.erf(x),
        "exp": lambda: torch.exp(x),
    }
    return functions[a["function"]]()


def _convolution(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a = node.attributes
    x, padding = _padded(torch, values[0], a["padding"], 0.0)
    convolve = torch.nn.functional.conv1d if len(a["stride"]) == 1 else torch.nn.functional.conv2d
    return convolve(x, w["weight"], w.get("bias"), a["stride"], padding, a["dilation"], a["groups"])


def _padded(torch: Any, x: Any, padding: Any, fill: float) -> tuple[Any, list[int]]:
    """Uneven padding by torch's pad, even padding by the operation itself."""
    if all(a == b for a, b in padding):
        return x, [a for a, _ in padding]
    return torch.nn.functional.pad(x, [side for sides in reversed(padding) for side in sides], value=fill), [0] * len(padding)


def _pool(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a, f = node.attributes, torch.nn.functional
    d, largest = len(a["window"]), node.kind == "max_pool"
    if largest:
        pool = f.max_pool1d if d == 1 else f.max_pool2d
        x, padding = _padded(torch, values[0], a["padding"], -np.inf)
        return pool(x, a["window"], a["stride"], padding, a["dilation"])
    if any(n != 1 for n in a["dilation"]):
        raise InputError(f"{node.place} averages a dilated window, which torch does not have; write the network to ONNX or .npz")
    pool = f.avg_pool1d if d == 1 else f.avg_pool2d
    x, padding = _padded(torch, values[0], a["padding"], 0.0)
    return pool(x, a["window"], a["stride"], padding)


def _normalize(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    epsilon = float(node.attributes["epsilon"])
    return torch.nn.functional.batch_norm(values[0], w["mean"], w["variance"], w.get("scale"), w.get("shift"), False, 0.0, epsilon)


def _entrywise(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Node, list[Any], dict[str, Any]], Any]:
    def apply(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
        if len(values) == 2:
            rank = max(v.ndim for v in values)
            a, b = (v.reshape(v.shape[0], *[1] * (rank - v.ndim), *v.shape[1:]) if v.ndim < rank else v for v in values)
        else:
            a, b = values[0], w["weight"] if w else _number(node.attributes["constant"])
        return operation(b, a) if node.attributes.get("reversed") else operation(a, b)

    return apply


def _matmul(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a, b = (
        v.transpose(-1, -2) if flag else v for v, flag in zip(values, node.attributes.get("transpose", (False, False)), strict=True)
    )
    return torch.matmul(a, b)


def _slice(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a = node.attributes
    return values[0][(slice(None),) * (a["axis"] + 1) + (slice(a["start"], a["stop"], a["step"]),)]


def _pad(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    return torch.nn.functional.pad(values[0], [side for sides in reversed(node.attributes["padding"]) for side in sides])


def _sum(torch: Any, node: Node, values: list[Any], w: dict[str, Any]) -> Any:
    a = node.attributes
    reduce = torch.sum if node.kind == "sum" else torch.mean
    return reduce(values[0], dim=[k + 1 for k in a["axes"]], keepdim=a["keepdims"])


_KINDS: dict[str, Callable[[Any, Node, list[Any], dict[str, Any]], Any]] = {
    "linear": lambda torch, n, v, w: torch.nn.functional.linear(v[0], w["weight"], w.get("bias")),
    "conv": _convolution,
    "normalize": _normalize,
    "activation": _activation,
    "add": _entrywise(lambda a, b: a + b),
    "subtract": _entrywise(lambda a, b: a - b),
    "multiply": _entrywise(lambda a, b: a * b),
    "divide": _entrywise(lambda a, b: a / b),
    "matmul": _matmul,
    "parameter": lambda torch, n, v, w: w["value"].unsqueeze(0),
    "transpose": lambda torch, n, v, w: v[0].permute(0, *(k + 1 for k in n.attributes["permutation"])),
    "reshape": lambda torch, n, v, w: v[0].reshape(v[0].shape[0], *n.attributes["shape"]),
    "slice": _slice,
    "pad": _pad,
    "concatenate": lambda torch, n, v, w: torch.cat(v, dim=n.attributes["axis"] + 1),
    "sum": _sum,
    "mean": _sum,
    "average_pool": _pool,
    "max_pool": _pool,
}
