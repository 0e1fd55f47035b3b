"""What an operation of a network is in functions of torch."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.node import Attributes, Node, flags, pairs, rational, rationals, whole, wholes, word
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Torch: TypeAlias = ModuleType
"""The package, which is imported only where it is needed."""

Row = Callable[[Torch, Node, Attributes, "Sequence[Tensor]", "Mapping[str, Tensor]"], "Tensor"]
"""The value of a node in torch, from those of its inputs and its weights by role."""


def _horner(coefficients: Sequence[Fraction], x: Tensor) -> Tensor:
    """Products and sums by whole numbers and quotients of them, so that 1/3 is read back as 1/3."""
    total = x * 0 + _number(coefficients[-1]) if len(coefficients) == 1 else _times(x, coefficients[-1])
    for k in range(len(coefficients) - 2, -1, -1):
        if coefficients[k]:
            c = coefficients[k]
            total = total + _number(c) if float(c) == c else (total * c.denominator + c.numerator) / c.denominator
        if k:
            total = total * x
    return total


def _times(x: Tensor, c: Fraction) -> Tensor:
    if c == 1:
        return x
    return x * _number(c) if c.denominator == 1 or float(c) == c else x * c.numerator / c.denominator


def _number(c: Fraction) -> int | float:
    return c.numerator if c.denominator == 1 else float(c)


_ACTIVATIONS: dict[str, Callable[[Torch, Attributes, Tensor], Tensor]] = {
    "polynomial": lambda torch, a, x: _horner(rationals(a, "coefficients"), x),
    "rational": lambda torch, a, x: _horner(rationals(a, "numerator"), x) / _horner(rationals(a, "denominator"), x),
    "relu": lambda torch, a, x: torch.nn.functional.relu(x),
    "leaky_relu": lambda torch, a, x: torch.nn.functional.leaky_relu(x, float(rational(a, "slope"))),
    "relu6": lambda torch, a, x: torch.nn.functional.relu6(x),
    "hardtanh": lambda torch, a, x: torch.nn.functional.hardtanh(x, float(rational(a, "low")), float(rational(a, "high"))),
    "abs": lambda torch, a, x: torch.abs(x),
    "elu": lambda torch, a, x: torch.nn.functional.elu(x, float(rational(a, "alpha"))),
    "softplus": lambda torch, a, x: torch.nn.functional.softplus(x, float(rational(a, "beta"))),
    "tanh": lambda torch, a, x: torch.tanh(x),
    "sigmoid": lambda torch, a, x: torch.sigmoid(x),
    "gelu": lambda torch, a, x: torch.nn.functional.gelu(x, approximate=word(a, "approximate")),
    "silu": lambda torch, a, x: torch.nn.functional.silu(x),
    "hardswish": lambda torch, a, x: torch.nn.functional.hardswish(x),
    "erf": lambda torch, a, x: torch.erf(x),
    "sin": lambda torch, a, x: torch.sin(x),
    "exp": lambda torch, a, x: torch.exp(x),
    "sqrt": lambda torch, a, x: torch.sqrt(x),
}


def _convolution(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    stride, dilation = wholes(a, "stride"), wholes(a, "dilation")
    x, padding = _padded(torch, v[0], pairs(a, "padding"), 0.0)
    convolve = torch.nn.functional.conv1d if len(stride) == 1 else torch.nn.functional.conv2d
    return convolve(x, w["weight"], w.get("bias"), stride, padding, dilation, whole(a, "groups"))


def _padded(torch: Torch, x: Tensor, padding: Sequence[tuple[int, int]], fill: float) -> tuple[Tensor, list[int]]:
    """Uneven padding by torch's pad, even padding by the operation itself."""
    if all(a == b for a, b in padding):
        return x, [a for a, _ in padding]
    return torch.nn.functional.pad(x, [side for sides in reversed(padding) for side in sides], value=fill), [0] * len(padding)


def _largest(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    window, f = wholes(a, "window"), torch.nn.functional
    x, padding = _padded(torch, v[0], pairs(a, "padding"), -np.inf)
    pool = f.max_pool1d if len(window) == 1 else f.max_pool2d
    return pool(x, window, wholes(a, "stride"), padding, wholes(a, "dilation"))


def _average(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    window, f = wholes(a, "window"), torch.nn.functional
    if any(n != 1 for n in wholes(a, "dilation")):
        raise InputError(f"{node.place} averages a dilated window, which torch does not have; write the network to ONNX or .npz")
    x, padding = _padded(torch, v[0], pairs(a, "padding"), 0.0)
    pool = f.avg_pool1d if len(window) == 1 else f.avg_pool2d
    return pool(x, window, wholes(a, "stride"), padding)


def _normalize(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    epsilon = float(rational(a, "epsilon"))
    return torch.nn.functional.batch_norm(v[0], w["mean"], w["variance"], w.get("scale"), w.get("shift"), False, 0.0, epsilon)


def _entrywise(operation: Callable[[Tensor | float, Tensor | float], Tensor]) -> Row:
    def apply(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
        if len(v) == 2:
            rank = max(x.ndim for x in v)
            first, second = (x.reshape(x.shape[0], *[1] * (rank - x.ndim), *x.shape[1:]) if x.ndim < rank else x for x in v)
            return operation(first, second)
        other: Tensor | float = w["weight"] if w else _number(rational(a, "constant"))
        return operation(other, v[0]) if a.get("reversed") else operation(v[0], other)

    return apply


def _matmul(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    turned = flags(a, "transpose") if "transpose" in a else (False, False)
    first, second = (x.transpose(-1, -2) if flag else x for x, flag in zip(v, turned, strict=True))
    return torch.matmul(first, second)


def _standardize(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    axes, epsilon, x = wholes(a, "axes"), float(rational(a, "epsilon")), v[0]
    rank = x.ndim - 1
    if tuple(sorted(axes)) == tuple(range(rank - len(axes), rank)):
        sizes = [x.shape[k + 1] for k in sorted(axes)]
        norm = torch.nn.functional.layer_norm if a["centred"] else torch.nn.functional.rms_norm
        return norm(x, sizes, eps=epsilon)
    places = [k + 1 for k in axes]
    x = x - x.mean(dim=places, keepdim=True) if a["centred"] else x
    return x / torch.sqrt((x * x).mean(dim=places, keepdim=True) + epsilon)


def _softmax(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    x = torch.where(w["mask"], v[0], -np.inf) if "mask" in w else v[0]
    return torch.softmax(x, dim=whole(a, "axis") + 1)


def _slice(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    cut = slice(whole(a, "start"), whole(a, "stop"), whole(a, "step"))
    return v[0][(slice(None),) * (whole(a, "axis") + 1) + (cut,)]


def _pad(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    return torch.nn.functional.pad(v[0], [side for sides in reversed(pairs(a, "padding")) for side in sides])


def _reduced(name: str) -> Row:
    def apply(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
        return getattr(torch, name)(v[0], dim=[k + 1 for k in wholes(a, "axes")], keepdim=bool(a["keepdims"]))

    return apply


def _spread(torch: Torch, node: Node, a: Attributes, v: Sequence[Tensor], w: Mapping[str, Tensor]) -> Tensor:
    factors, f, channels = wholes(a, "factors"), torch.nn.functional, v[0].shape[1]
    ones = torch.ones((channels, *(1 for _ in (1, *factors))), dtype=v[0].dtype)
    return (f.conv_transpose1d if len(factors) == 1 else f.conv_transpose2d)(v[0], ones, stride=factors, groups=channels)


ROWS: dict[str, Row] = {
    "linear": lambda torch, n, a, v, w: torch.nn.functional.linear(v[0], w["weight"], w.get("bias")),
    "conv": _convolution,
    "normalize": _normalize,
    "activation": lambda torch, n, a, v, w: _ACTIVATIONS[str(n.function)](torch, a, v[0]),
    "add": _entrywise(operator.add),
    "subtract": _entrywise(operator.sub),
    "multiply": _entrywise(operator.mul),
    "divide": _entrywise(operator.truediv),
    "matmul": _matmul,
    "parameter": lambda torch, n, a, v, w: w["value"].unsqueeze(0),
    "transpose": lambda torch, n, a, v, w: v[0].permute(0, *(k + 1 for k in wholes(a, "permutation"))),
    "reshape": lambda torch, n, a, v, w: v[0].reshape(v[0].shape[0], *wholes(a, "shape")),
    "slice": _slice,
    "softmax": _softmax,
    "standardize": _standardize,
    "pad": _pad,
    "concatenate": lambda torch, n, a, v, w: torch.cat(list(v), dim=whole(a, "axis") + 1),
    "sum": _reduced("sum"),
    "mean": _reduced("mean"),
    "average_pool": _average,
    "spread": _spread,
    "max_pool": _largest,
    "upsample": lambda torch, n, a, v, w: torch.nn.functional.interpolate(v[0], scale_factor=tuple(map(float, wholes(a, "factors")))),
}
"""By the kind of node."""
