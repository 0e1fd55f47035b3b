"""One table: kind of node -> its value, written once for float64, for exact fractions and for JAX.

Values carry the batch in axis 0; axes and shapes in attributes are those of one sample, without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.checkpoints.graph.activations import activate
from neurovariety.checkpoints.graph.arithmetic import Arithmetic, exact_linear, to_floats
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from neurovariety.checkpoints.graph.network import Node

Weights = Mapping[str, Any]
"""Key -> array in the arithmetic at hand."""


def apply(node: Node, values: list[Any], weights: Weights, stored: Mapping[str, Any], arithmetic: Arithmetic) -> Any:
    """The value of a node at the values of its inputs. ``stored`` holds the weights as they are, for what is no ring operation."""
    return _OPERATIONS[node.kind](_Call(node, values, weights, stored, arithmetic))


class _Call:
    """A node with everything its operation may ask for."""

    def __init__(self, node: Node, values: list[Any], weights: Weights, stored: Mapping[str, Any], arithmetic: Arithmetic) -> None:
        self.node, self.values, self.stored, self.arithmetic = node, values, stored, arithmetic
        self._weights = weights
        self.xp = arithmetic.xp

    @property
    def x(self) -> Any:
        return self.values[0]

    @property
    def attributes(self) -> dict[str, Any]:
        return self.node.attributes

    def weight(self, role: str) -> Any:
        return self._weights[self.node.weights[role]]

    def has(self, role: str) -> bool:
        return role in self.node.weights


def _linear(c: _Call) -> Any:
    stored = c.stored[c.node.weights["weight"]]
    rows = c.x.reshape((-1, c.x.shape[-1]))
    product = exact_linear(rows, np.asarray(stored)) if c.arithmetic.exact else c.arithmetic.matmul(rows, c.weight("weight").T)
    out = product.reshape((*c.x.shape[:-1], stored.shape[0]))
    return out + c.weight("bias") if c.has("bias") else out


def _convolution(c: _Call) -> Any:
    """Sum over the places of the window of (channels out) x (channels in) products with a strided cut of the padded input."""
    weight, a = c.weight("weight"), c.attributes
    groups, window = a["groups"], weight.shape[2:]
    x = _padded(c, c.x, a["padding"], Fraction(0))
    size = _windows(c, x.shape[2:], window, a["stride"], a["dilation"])
    batch, channels = x.shape[0], weight.shape[1]
    total: Any = None
    for offset in product(*map(range, window)):
        cut = x[(slice(None), slice(None), *_cut(offset, size, a["stride"], a["dilation"]))]
        pixels = cut.reshape((batch, groups, channels, prod(size)))
        filters = weight[(slice(None), slice(None), *offset)].reshape((groups, weight.shape[0] // groups, channels))
        term = c.arithmetic.matmul(filters, pixels)
        total = term if total is None else total + term
    out = total.reshape((batch, weight.shape[0], *size))
    return out + c.weight("bias").reshape((-1, *(1 for _ in size))) if c.has("bias") else out


def _padded(c: _Call, x: Any, padding: Any, fill: Any) -> Any:
    if not any(side for sides in padding for side in sides):
        return x
    value = c.arithmetic.scalar(fill) if isinstance(fill, Fraction) else fill
    if c.arithmetic.exact or c.xp is np:
        return np.pad(x, [(0, 0), (0, 0), *padding], constant_values=value)
    return c.xp.pad(x, [(0, 0), (0, 0), *padding])


def _windows(c: _Call, size: Any, window: Any, stride: Any, dilation: Any) -> tuple[int, ...]:
    if min(*stride, *dilation) < 1 or len(stride) != len(size) or len(window) != len(size):
        raise InputError(
            f"{c.node.place} has stride {tuple(stride)} and dilation {tuple(dilation)}; each is at least 1, one a direction"
        )
    found = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, window, stride, dilation, strict=True))
    if min(found) < 1:
        raise InputError(f"{c.node.place} slides a window of {tuple(window)} over an input of {tuple(size)}, which is smaller")
    return found


def _cut(offset: Any, size: Any, stride: Any, dilation: Any) -> list[slice]:
    return [slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in zip(offset, size, stride, dilation, strict=True)]


def _pool(c: _Call) -> Any:
    a = c.attributes
    largest = c.node.kind == "max_pool"
    x = _padded(c, c.x, a["padding"], -np.inf if largest else Fraction(0))
    size = _windows(c, x.shape[2:], a["window"], a["stride"], a["dilation"])
    total: Any = None
    for offset in product(*map(range, a["window"])):
        cut = x[(slice(None), slice(None), *_cut(offset, size, a["stride"], a["dilation"]))]
        total = cut if total is None else np.maximum(total, cut) if largest else total + cut
    return total if largest else total * c.arithmetic.scalar(Fraction(1, prod(a["window"])))


def _normalize(c: _Call) -> Any:
    """scale * (x - mean) / sqrt(variance + epsilon) + shift; the reciprocal root is a float64 and from there on a rational number."""
    variance = to_floats(c.stored[c.node.weights["variance"]])
    factor = c.arithmetic.array(1 / np.sqrt(variance + float(c.attributes["epsilon"])))
    shape = (-1, *(1 for _ in c.x.shape[2:]))
    out = (c.x - c.weight("mean").reshape(shape)) * factor.reshape(shape)
    if c.has("scale"):
        out = out * c.weight("scale").reshape(shape)
    return out + c.weight("shift").reshape(shape) if c.has("shift") else out


def _pair(c: _Call) -> tuple[Any, Any]:
    """Both operands of an entrywise operation, left and right, as arrays that broadcast over the axes of a sample."""
    if len(c.values) == 2:
        rank = max(v.ndim for v in c.values)
        a, b = (v.reshape((v.shape[0], *(1 for _ in range(rank - v.ndim)), *v.shape[1:])) for v in c.values)
        return a, b
    other = c.weight("weight") if c.has("weight") else c.arithmetic.scalar(c.attributes["constant"])
    if c.has("weight") and (other.ndim > c.x.ndim or (other.ndim == c.x.ndim and other.shape[0] != 1)):
        raise InputError(
            f"{c.node.place} joins a weight of shape {tuple(other.shape)} to the batch axis; a network maps each sample by itself"
        )
    return (other, c.x) if c.attributes.get("reversed") else (c.x, other)


def _add(c: _Call) -> Any:
    a, b = _pair(c)
    return a + b


def _subtract(c: _Call) -> Any:
    a, b = _pair(c)
    return a - b


def _multiply(c: _Call) -> Any:
    a, b = _pair(c)
    return a * b


def _divide(c: _Call) -> Any:
    a, b = _pair(c)
    if c.arithmetic.exact and not np.all(b):
        raise InputError(f"the denominator of {c.node.place} vanishes at this input; choose another one")
    return a / b


def _matmul(c: _Call) -> Any:
    a, b = c.values
    if min(a.ndim, b.ndim) < 3:
        raise InputError(f"{c.node.place} multiplies a value that is a vector in each sample; a product has two matrices")
    first, second = c.attributes.get("transpose", (False, False))
    a = c.xp.swapaxes(a, -1, -2) if first else a
    b = c.xp.swapaxes(b, -1, -2) if second else b
    return c.arithmetic.matmul(a, b)


def _parameter(c: _Call) -> Any:
    return c.weight("value")[None]


def _transpose(c: _Call) -> Any:
    return c.x.transpose((0, *(k + 1 for k in c.attributes["permutation"])))


def _reshape(c: _Call) -> Any:
    return c.x.reshape((c.x.shape[0], *c.attributes["shape"]))


def _pad(c: _Call) -> Any:
    sides = [(0, 0), *c.attributes["padding"]]
    return np.pad(c.x, sides, constant_values=c.arithmetic.scalar(Fraction(0))) if c.xp is np else c.xp.pad(c.x, sides)


def _slice(c: _Call) -> Any:
    a = c.attributes
    return c.x[(slice(None),) * (a["axis"] + 1) + (slice(a["start"], a["stop"], a["step"]),)]


def _concatenate(c: _Call) -> Any:
    batch = max(v.shape[0] for v in c.values)
    whole = [v if v.shape[0] == batch else c.xp.broadcast_to(v, (batch, *v.shape[1:])) for v in c.values]
    return c.xp.concatenate(whole, axis=c.attributes["axis"] + 1)


def _sum(c: _Call) -> Any:
    axes = tuple(k + 1 for k in c.attributes["axes"])
    total = c.x.sum(axis=axes, keepdims=c.attributes["keepdims"])
    if c.node.kind == "sum":
        return total
    return total * c.arithmetic.scalar(Fraction(1, prod(c.x.shape[k] for k in axes)))


_OPERATIONS: dict[str, Callable[[_Call], Any]] = {
    "linear": _linear,
    "conv": _convolution,
    "normalize": _normalize,
    "activation": lambda c: activate(c.attributes, c.x, c.arithmetic, c.node.place),
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "matmul": _matmul,
    "parameter": _parameter,
    "transpose": _transpose,
    "reshape": _reshape,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "sum": _sum,
    "mean": _sum,
    "average_pool": _pool,
    "max_pool": _pool,
}
KINDS = ("input", *_OPERATIONS)
