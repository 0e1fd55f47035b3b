"""Plain arrays with the notation of an architecture: weights without a graph.

Matrices and vectors are matched to the layers in the order given. A matrix is (out, in), or (in, out) where its name ends in "kernel"
(the convention of Flax) or only that fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from neurovariety.architectures import CNN, MLP, Activation, Linear, parse
from neurovariety.checkpoints.graph.activations import ACTIVATIONS
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.graph.torch_tensors import array_of
from neurovariety.errors import InputError

_NAMED: dict[str, dict[str, object]] = {
    name: {"function": name, **record.defaults} for name, record in ACTIVATIONS.items() if record.sort != "algebraic"
}
"""Activations that are no polynomials, for the notation mlp(2,3,1; relu; bias) of this room."""
_NORMALIZED = {"axes": (0,), "epsilon": 1e-5, "centred": True}
"""Layer normalization, of what the units of a layer read."""


@dataclass(frozen=True)
class _Between:
    """What stands between layers: the attributes of an activation given by name, after layer normalization or not."""

    attributes: dict[str, object]
    normalized: bool


def from_weights(arrays: Mapping[str, object], architecture: object, source: str = "weights") -> Network:
    """The network of an architecture (mlp, linear or cnn, as notation or object) with the given arrays, nested mappings allowed."""
    weights = {k: array_of(v) for k, v in flattened(arrays).items()}
    for key, values in weights.items():
        if values.dtype.kind not in "fiuO" and "float" not in str(values.dtype):
            raise InputError(f"the array {key!r} holds {values.dtype}, not real numbers")
    built, named = _architecture(architecture)
    return _network(built, named, weights, source)


@singledispatch
def _network(built: object, named: _Between | None, weights: dict[str, Array], source: str) -> Network:
    """The network of an architecture, whose arrays are one a layer; ``named`` is an activation that is given by name."""
    raise InputError(
        f"plain weights are read for mlp(...), linear(...) and cnn(...), got {built!r}; import the network through torch or ONNX"
    )


def flattened(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested mappings as one, names joined by dots."""
    out: dict[str, object] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        out |= flattened(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return out


def _architecture(architecture: object) -> tuple[object, _Between | None]:
    """The architecture, and what stands between its layers where the notation has an activation by name."""
    if not isinstance(architecture, str):
        return architecture, None
    found = re.fullmatch(r"\s*mlp\(([^;]*);\s*(\w+)\s*((?:;\s*\w+\s*)*)\)\s*", architecture)
    if found is not None and found[2] in _NAMED:
        words = [word.strip().lower() for word in found[3].split(";")[1:]]
        if len(set(words)) == len(words) and {"bias", "layernorm"}.issuperset(words):
            bias = "; bias" if "bias" in words else ""
            return parse(f"mlp({found[1]}; x^2{bias})"), _Between(_NAMED[found[2]], "layernorm" in words)
    return parse(architecture), None


def activation_attributes(activation: Activation, place: str = "the activation") -> dict[str, object]:
    """An activation of the notation as attributes of a node."""
    if activation.is_generic:
        raise InputError(f"{place} is generic; a trained network has given coefficients, for example x^3 + x^2")
    numerator = _dense(activation.terms)
    if activation.is_polynomial:
        return {"function": "polynomial", "coefficients": numerator}
    return {"function": "rational", "numerator": numerator, "denominator": _dense(activation.denominator)}


def _dense(terms: Iterable[tuple[int, Fraction | None]]) -> tuple[Fraction, ...]:
    found = {e: Fraction(c) for e, c in terms if c is not None}
    return tuple(found.get(k, Fraction(0)) for k in range(max(found) + 1))


@_network.register
def _(built: Linear, named: _Between | None, weights: dict[str, Array], source: str) -> Network:
    return _layers(built, False, [], weights, source)


@_network.register
def _(built: MLP, named: _Between | None, weights: dict[str, Array], source: str) -> Network:
    between = [named or _Between(activation_attributes(a), False) for a in built.activations]
    return _layers(built, built.bias, between, weights, source)


def _layers(built: MLP | Linear, bias: bool, between: list[_Between], weights: dict[str, Array], source: str) -> Network:
    """Matrices, biases where there are any, and what stands ``between`` them (nothing in a linear network)."""
    matrices = [k for k, v in weights.items() if v.ndim == 2]
    vectors = [k for k, v in weights.items() if v.ndim == 1]
    widths, depth = built.widths, len(built.widths) - 1
    if len(matrices) != depth or len(vectors) != (depth if bias else 0) or len(matrices) + len(vectors) != len(weights):
        shapes = ", ".join(f"{k} {v.shape}" for k, v in list(weights.items())[:8])
        raise InputError(f"{built} has {depth} matrices and {depth if bias else 'no'} bias vectors; the arrays are {shapes}")
    nodes, stored, value = [Node("input", "input")], dict(weights), "input"
    for l, key in enumerate(matrices):
        shape = (widths[l + 1], widths[l])
        turn = key.rpartition(".")[2] == "kernel" or weights[key].shape != shape
        stored[key] = weights[key].T if turn else weights[key]
        if stored[key].shape != shape:
            raise InputError(f"layer {l + 1} of {built} has a matrix of shape {shape}, the array {key!r} has {weights[key].shape}")
        roles = {"weight": key}
        if bias:
            roles["bias"] = vectors[l]
            if weights[vectors[l]].shape != shape[:1]:
                raise InputError(
                    f"layer {l + 1} of {built} has {shape[0]} biases, the array {vectors[l]!r} has {weights[vectors[l]].shape}"
                )
        nodes.append(Node(f"layer {l + 1}", "linear", (value,), roles, {}, key.rpartition(".")[0] or key))
        value = f"layer {l + 1}"
        if l < len(between):
            if between[l].normalized:
                nodes.append(Node(f"normalization {l + 1}", "standardize", (value,), {}, dict(_NORMALIZED)))
                value = f"normalization {l + 1}"
            nodes.append(Node(f"activation {l + 1}", "activation", (value,), {}, between[l].attributes))
            value = f"activation {l + 1}"
    return Network((widths[0],), tuple(nodes), value, stored, source)


@_network.register
def _(built: CNN, named: _Between | None, weights: dict[str, Array], source: str) -> Network:
    names = list(weights)
    if len(names) != built.layers:
        raise InputError(f"{built} has {built.layers} filters and no biases; got {len(names)} arrays")
    size, d = built.size, built.dimensions
    nodes, stored, value = [Node("input", "input")], dict(weights), "input"
    if built.channels[0] == 1 and built.input_shape == size:
        nodes.append(Node("channel", "reshape", (value,), {}, {"shape": (1, *size)}))
        value = "channel"
    for l, key in enumerate(names):
        shape = (built.channels[l + 1], built.channels[l], *built.filters[l])
        kernel = weights[key]
        if key.rpartition(".")[2] == "kernel" and kernel.ndim == d + 2:  # Flax: window, in, out
            kernel = kernel.transpose((d + 1, d, *range(d)))
        if kernel.shape != shape:
            raise InputError(f"layer {l + 1} of {built} has a filter of shape {shape}, the array {key!r} has {weights[key].shape}")
        stored[key] = kernel
        attributes = {"stride": built.strides[l], "padding": ((0, 0),) * d, "dilation": (1,) * d, "groups": 1}
        nodes.append(Node(f"layer {l + 1}", "conv", (value,), {"weight": key}, attributes, key))
        value = f"layer {l + 1}"
        if l < built.layers - 1:
            nodes.append(Node(f"activation {l + 1}", "activation", (value,), {}, activation_attributes(built.activations[l])))
            value = f"activation {l + 1}"
    nodes.append(Node("output", "reshape", (value,), {}, {"shape": (-1,)}))
    return Network(built.input_shape, tuple(nodes), "output", stored, source)
