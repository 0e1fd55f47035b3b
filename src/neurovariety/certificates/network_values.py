"""The value of a trained network at one input, exactly over Q or in balls, and the degree of its outputs in the inputs.

The numbers are those of flint: ``fmpq``, or ``arb`` where an activation is transcendental. One program serves both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.activation_series import GELU_CUBIC, GELU_ROOT
from neurovariety.certificates.network_nodes import NetworkData, NodeData, exact, lines, ratio, rational, reciprocal_root
from neurovariety.certificates.network_shapes import shapes, spread_out, windows
from neurovariety.certificates.zeros import NotShown

Values = np.ndarray
"""An object array of flint numbers."""


@dataclass(frozen=True)
class Field:
    """``of`` brings a rational number in. ``balls``: numbers are balls, and comparisons may be undecided. ``bend``: what piecewise
    linear activations do, where it is another thing than `_on_lines`."""

    of: Callable[[Fraction], Any]
    balls: bool
    bend: Callable[[Any, list[Any], list[Any]], Any] | None = None

    def larger(self, p: Any, q: Any) -> Any:
        """The larger of two numbers."""
        return flint.arb.max(p, q) if self.balls else max(p, q)

    def array(self, values: Any) -> Values:
        """A stored array in the field."""
        source = np.asarray(values)
        out = np.empty(source.shape, dtype=object)
        flat = out.reshape(-1)
        for i, v in enumerate(exact(source).reshape(-1).tolist()):
            flat[i] = self.of(v)
        return out

    def product(self, x: Values, matrix: Any) -> Values:
        """Rows of numbers times the rows of a stored matrix."""
        return np.asarray(np.matmul(x, self.array(matrix).T), dtype=object)  # np.dot goes on where a product raises


RATIONALS = Field(rational, balls=False)
BALLS = Field(lambda v: flint.arb(rational(v)), balls=True)


def value(network: NetworkData, x: Any, field: Field) -> Values:
    """The output at one input of exact numbers. Raises `NotShown` for a node that is not known here, that has no value there, or whose
    values have another shape than is known: axes would be others."""
    found, sizes = dict[str, Values](), known_shapes(network)
    for node in network.nodes:
        if node.kind == "input":
            found[node.name] = field.array(np.asarray(x).reshape(tuple(network.input_shape)))
            continue
        try:
            found[node.name] = _value(network, node, [found[n] for n in node.inputs], field)
        except (ZeroDivisionError, KeyError, IndexError, TypeError, ValueError) as error:
            raise NotShown(f"{node.name!r} has no value there ({error})") from error
        if sizes[node.name] not in (None, found[node.name].shape):
            raise NotShown(f"the shape of {node.name!r} is not known")
    return found[network.output]


def known_shapes(network: NetworkData) -> dict[str, tuple[int, ...] | None]:
    """The shapes of all values. Raises `NotShown` where what nodes read does not fit together."""
    try:
        return shapes(network)
    except (ZeroDivisionError, KeyError, IndexError, TypeError, ValueError) as error:
        raise NotShown(f"the shapes of values are not known ({error})") from error


def without_batch(stored: Values, axes: int) -> Values:
    """A stored array beside a value of so many axes: it may have one of length 1 more, for the batch."""
    return stored.reshape(stored.shape[1:]) if stored.ndim == axes + 1 and stored.shape[0] == 1 else stored


def _value(network: NetworkData, node: NodeData, below: Sequence[Values], field: Field) -> Values:
    def weight(role: str) -> Values:
        return field.array(network.weights[node.weights[role]])

    a = node.attributes
    if node.kind == "linear":
        out = field.product(below[0], network.weights[node.weights["weight"]])
        return out + weight("bias") if "bias" in node.weights else out
    if node.kind == "conv":
        out = convolved(node, below[0], weight("weight"), field)
        return out + weight("bias").reshape(-1, *(1 for _ in out.shape[1:])) if "bias" in node.weights else out
    if node.kind == "normalize":
        return _normalized(network, node, below[0], weight, field)
    if node.kind == "activation":
        return _activated(node, below[0], field)
    if node.kind in ("add", "subtract", "multiply", "divide"):
        return _joined(node, below, weight, field)
    if node.kind == "matmul":
        p, q = (v.swapaxes(-1, -2) if t else v for v, t in zip(below, a.get("transpose", (False, False)), strict=True))
        return matrix_products(p, q)
    if node.kind == "parameter":
        return weight("value")
    if node.kind in ("softmax", "standardize"):
        return _across(network, node, below[0], field)
    moved = moved_entries(node, below, field)
    if moved is None:
        raise NotShown(f"{node.name!r} ({node.kind}) is not evaluated here")
    return moved


def matrix_products(p: Values, q: Values) -> Values:
    """The products of matrices in the last two axes: one by one, since np.matmul of several goes on where a product raises."""
    several = np.broadcast_shapes(p.shape[:-2], q.shape[:-2])
    p, q = (np.broadcast_to(v, (*several, *v.shape[-2:])) for v in (p, q))
    out = np.empty((*several, p.shape[-2], q.shape[-1]), dtype=object)
    for place in np.ndindex(*several):
        out[place] = np.matmul(p[place], q[place])
    return out


def moved_entries(node: NodeData, below: Sequence[Values], field: Field) -> Values | None:
    """What a node makes that puts entries elsewhere, or adds them up; None of any other node."""
    a, x = node.attributes, below[0]
    if node.kind == "reshape":
        return x.reshape(tuple(a["shape"]))
    if node.kind == "transpose":
        return x.transpose(tuple(a["permutation"]))
    if node.kind == "slice":
        return x[(slice(None),) * a["axis"] + (slice(a["start"], a["stop"], a["step"]),)]
    if node.kind == "concatenate":
        return np.concatenate(below, axis=a["axis"])
    if node.kind == "pad":
        return np.pad(x, [tuple(side) for side in a["padding"]], constant_values=field.of(Fraction(0)))
    if node.kind in ("sum", "mean"):
        axes = tuple(a["axes"])
        total = np.asarray(x.sum(axis=axes, keepdims=bool(a["keepdims"])), dtype=object)
        share = Fraction(1, math.prod(x.shape[k] for k in axes)) if node.kind == "mean" else Fraction(1)
        return np.asarray(total * field.of(share), dtype=object)  # of a sum of all entries too
    if node.kind == "average_pool":
        found = _cuts(node, _padded(node, x, field.of(Fraction(0))), tuple(a["window"]))
        return np.asarray(sum(found[1:], found[0]) * field.of(Fraction(1, math.prod(a["window"]))), dtype=object)
    if node.kind == "max_pool":
        return _maximal(node, x, field)
    if node.kind == "upsample":
        for axis, factor in enumerate(a["factors"], start=1):
            x = x.repeat(factor, axis=axis)
        return x
    if node.kind == "spread":
        return spread_out(x, a["factors"], field.of(Fraction(0)))
    return None


def _padded(node: NodeData, x: Values, fill: Any) -> Values:
    return np.pad(x, [(0, 0), *(tuple(s) for s in node.attributes["padding"])], constant_values=fill)


def _cuts(node: NodeData, x: Values, window: tuple[int, ...]) -> list[Values]:
    """The values under each place of the window, wherever it slides over the padded ones."""
    a = node.attributes
    size = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:], window, a["stride"], a["dilation"], strict=True))
    return [
        x[
            (
                slice(None),
                *(slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in zip(at, size, a["stride"], a["dilation"], strict=True)),
            )
        ]
        for at in product(*map(range, window))
    ]


def convolved(node: NodeData, x: Values, weight: Values, field: Field) -> Values:
    """What a convolution with these filters makes of a value, without biases."""
    groups, window = node.attributes["groups"], weight.shape[2:]
    size = windows(node, x.shape[1:], window)
    cuts = np.stack(_cuts(node, _padded(node, x, field.of(Fraction(0))), window), axis=1)  # channels, places, *size
    rows = weight.reshape(groups, weight.shape[0] // groups, -1)
    places = cuts.reshape(groups, -1, math.prod(size))
    return np.concatenate([np.matmul(r, p) for r, p in zip(rows, places, strict=True)]).reshape(weight.shape[0], *size)


def _normalized(network: NetworkData, node: NodeData, x: Values, weight: Callable[[str], Values], field: Field) -> Values:
    shape = (-1, *(1 for _ in x.shape[1:]))
    out = (x - weight("mean").reshape(shape)) * field.array(reciprocal_root(node, network)).reshape(shape)
    if "scale" in node.weights:
        out = out * weight("scale").reshape(shape)
    return out + weight("shift").reshape(shape) if "shift" in node.weights else out


def _joined(node: NodeData, below: Sequence[Values], weight: Callable[[str], Values], field: Field) -> Values:
    left = below[0]
    if len(below) == 2:
        right = below[1]
    else:
        number = None if "weight" in node.weights else field.of(Fraction(node.attributes["constant"]))
        # some numbers know no arrays
        right = without_batch(weight("weight"), left.ndim) if number is None else np.asarray(number, dtype=object)
        if node.attributes.get("reversed"):
            left, right = right, left
    if node.kind == "add":
        return np.asarray(left + right, dtype=object)
    if node.kind == "subtract":
        return np.asarray(left - right, dtype=object)
    return np.asarray(left * right if node.kind == "multiply" else left / right, dtype=object)


def _across(network: NetworkData, node: NodeData, x: Values, field: Field) -> Values:
    """Softmax along an axis, of what its mask shows, or values standardized along axes: transcendental, so in balls alone."""
    if not field.balls:
        raise NotShown(f"{node.name!r} has no rational values")
    if node.kind == "softmax":
        powers = _each(lambda v: v.exp(), x)
        if "mask" in node.weights:
            shown = without_batch(np.asarray(network.weights[node.weights["mask"]], dtype=bool), x.ndim)
            powers = np.where(shown, powers, field.of(Fraction(0)))
        return np.asarray(powers / powers.sum(axis=node.attributes["axis"], keepdims=True), dtype=object)
    axes = tuple(node.attributes["axes"])
    share = field.of(Fraction(1, math.prod(x.shape[k] for k in axes)))
    if node.attributes["centred"]:
        x = x - x.sum(axis=axes, keepdims=True) * share
    under = np.asarray((x * x).sum(axis=axes, keepdims=True) * share + field.of(Fraction(node.attributes["epsilon"])), dtype=object)
    return np.asarray(x / _each(lambda v: v.sqrt(), under), dtype=object)


def _each(function: Callable[[Any], Any], x: Values) -> Values:
    out = np.empty(x.shape, dtype=object)
    out.reshape(-1)[:] = [function(v) for v in x.reshape(-1).tolist()]
    return out


def _maximal(node: NodeData, x: Values, field: Field) -> Values:
    a = node.attributes
    if any(side >= d * (k - 1) + 1 for sides, k, d in zip(a["padding"], a["window"], a["dilation"], strict=True) for side in sides):
        raise NotShown(f"a window of {node.name!r} lies in the padding alone")
    if any(side for sides in a["padding"] for side in sides):
        low = x.reshape(-1)[0]
        for v in x.reshape(-1)[1:].tolist():
            low = min(low, v) if not field.balls else flint.arb.min(low, v)
        x = _padded(node, x, low)  # nothing is smaller
    first, *rest = _cuts(node, x, tuple(a["window"]))
    out = first
    for cut in rest:
        pairs = zip(out.reshape(-1).tolist(), cut.reshape(-1).tolist(), strict=True)
        made = np.empty(out.shape, dtype=object)
        made.reshape(-1)[:] = [field.larger(p, q) for p, q in pairs]
        out = made
    return out


def _activated(node: NodeData, x: Values, field: Field) -> Values:
    return _each(_entrywise(node, field), x)


def _entrywise(node: NodeData, field: Field) -> Callable[[Any], Any]:
    a = node.attributes
    straight, quotient, bend = lines(a), ratio(a), field.bend or _on_lines
    if straight is not None:
        kinks, pieces = ([field.of(k) for k in straight[0]], [(field.of(s), field.of(o)) for s, o in straight[1]])
        return lambda v: bend(v, kinks, pieces)
    if quotient is not None:
        over, under = ([field.of(Fraction(int(c.p), int(c.q))) for c in p.coeffs()] for p in quotient)
        zero = field.of(Fraction(0))
        return lambda v: _horner(over, v, zero) / _horner(under, v, zero)
    if a.get("function") == "hardswish":
        ends, flat = [field.of(Fraction(k)) for k in (0, 1)], field.of(Fraction(0))
        steps = [(flat, flat), (field.of(Fraction(1)), flat), (flat, field.of(Fraction(1)))]
        return lambda v: v * bend(v / 6 + field.of(Fraction(1, 2)), ends, steps)
    if field.balls and a.get("function") in _SMOOTH:
        return _SMOOTH[a["function"]](a)
    raise NotShown(f"the activation {node.name!r} is not evaluated here")


def _on_lines(v: Any, kinks: list[Any], pieces: list[Any]) -> Any:
    """The value on the piece where a number lies; for a ball on several pieces the smallest ball around what it has there."""
    low = sum(bool(v > k) for k in kinks)
    high = sum(not bool(v <= k) for k in kinks)
    slope, offset = pieces[low]
    out = slope * v + offset
    for slope, offset in pieces[low + 1 : high + 1]:
        out = out.union(slope * v + offset)
    return out


def _horner(coefficients: list[Any], v: Any, zero: Any) -> Any:
    total = zero
    for c in reversed(coefficients):
        total = total * v + c
    return total


def _ball(value: Fraction) -> flint.arb:
    return flint.arb(rational(value))


def _sigmoid(v: Any) -> Any:
    return 1 / (1 + (-v).exp())


def _gelu(a: Mapping[str, Any]) -> Callable[[Any], Any]:
    if a["approximate"] == "tanh":
        return lambda v: v * (1 + (_ball(GELU_ROOT) * (v + _ball(GELU_CUBIC) * v**3)).tanh()) / 2
    return lambda v: v * (1 + (v / flint.arb(2).sqrt()).erf()) / 2


def _elu(a: Mapping[str, Any]) -> Callable[[Any], Any]:
    alpha = _ball(Fraction(a["alpha"]))

    def of(v: Any) -> Any:
        if v > 0:
            return v
        below = alpha * (v.exp() - 1)
        return below if v <= 0 else below.union(v)

    return of


def _softplus(a: Mapping[str, Any]) -> Callable[[Any], Any]:
    beta = _ball(Fraction(a["beta"]))
    return lambda v: (1 + (beta * v).exp()).log() / beta


_SMOOTH: Mapping[str, Callable[[Mapping[str, Any]], Callable[[Any], Any]]] = {
    "tanh": lambda a: lambda v: v.tanh(),
    "sigmoid": lambda a: _sigmoid,
    "erf": lambda a: lambda v: v.erf(),
    "exp": lambda a: lambda v: v.exp(),
    "sin": lambda a: lambda v: v.sin(),
    "sqrt": lambda a: lambda v: v.sqrt(),
    "silu": lambda a: lambda v: v * _sigmoid(v),
    "softplus": _softplus,
    "elu": _elu,
    "gelu": _gelu,
}


def degree(network: NetworkData) -> int | None:
    """A bound of the degree of the outputs as polynomials in the inputs; None where they are not known to be polynomials."""
    found: dict[str, int] = {}
    for node in network.nodes:
        below = [found[n] for n in node.inputs]
        if node.kind == "input":
            own: int | None = 1
        elif node.kind == "parameter":
            own = 0
        elif node.kind == "activation":
            quotient = ratio(node.attributes)
            own = None if quotient is None or quotient[1] != 1 else max(quotient[0].degree(), 0) * below[0]
        elif node.kind in ("multiply", "matmul"):
            own = sum(below)
        elif node.kind == "divide":
            own = None if len(below) == 2 or node.attributes.get("reversed") or "weight" in node.weights else below[0]
        elif node.kind in _LINEAR:
            own = max(below)
        else:
            own = None
        if own is None:
            return None
        found[node.name] = own
    return found[network.output]


_LINEAR = frozenset(
    {"linear", "conv", "normalize", "add", "subtract", "reshape", "transpose", "slice", "concatenate", "pad", "sum", "mean"}
    | {"average_pool", "upsample", "spread"}
)
