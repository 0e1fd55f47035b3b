"""Trained networks as certificates see them: nodes and stored numbers, and what each activation is, exactly.

A network is data: whoever has the attributes below is one. What a node computes is written down in this room a second time,
independently of the code that evaluates and prunes networks, and only for what can be shown; of other nodes nothing is concluded but
that equal ones have equal values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol, SupportsIndex, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.zeros import NotShown

Attributes = Mapping[str, Any]
Relation = tuple[Fraction, Fraction]
"""(a, b): one value is a times another, plus b, at every input."""
Line = tuple[Fraction, Fraction]
"""Slope and offset."""


@runtime_checkable
class NodeData(Protocol):
    """One operation: its kind with attributes, the nodes that it reads, and its weights (role -> key of the network's weights)."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def weights(self) -> Mapping[str, str]: ...
    @property
    def attributes(self) -> Attributes: ...


@runtime_checkable
class NetworkData(Protocol):
    """Operations in topological order; stored numbers mean their exact values."""

    @property
    def input_shape(self) -> tuple[int, ...]: ...
    @property
    def nodes(self) -> Sequence[NodeData]: ...
    @property
    def output(self) -> str: ...
    @property
    def weights(self) -> Mapping[str, np.ndarray]: ...
    @property
    def fixed(self) -> Collection[str]: ...


def exact(values: Any) -> np.ndarray:
    """An object array of the Fractions that are the stored numbers."""
    source = np.asarray(values)
    if source.dtype.kind not in "Obiuf":
        source = source.astype(np.float64)  # bfloat16 and its like, which float64 holds
    out = np.empty(source.shape, dtype=object)
    flat = out.reshape(-1)
    for i, v in enumerate(source.reshape(-1).tolist()):
        flat[i] = v if isinstance(v, Fraction) else Fraction(v)
    return out


def network_hash(network: NetworkData) -> str:
    """sha256 of the operations and of all numbers that they use, as they are stored."""
    digest = hashlib.sha256(repr((tuple(network.input_shape), network.output)).encode())
    for node in network.nodes:
        known = sorted((k, _text(v)) for k, v in node.attributes.items())
        digest.update(repr((node.name, node.kind, tuple(node.inputs), sorted(node.weights.items()), known)).encode())
    for key in sorted({k for node in network.nodes for k in node.weights.values()}):
        values = np.asarray(network.weights[key])
        if values.dtype.kind not in "Obiuf":
            values = values.astype(np.float32)  # bfloat16 and its like, which float32 holds
        digest.update(repr((key, values.shape, str(values.dtype.newbyteorder("=")), key in network.fixed)).encode())
        if values.dtype == object:
            digest.update(repr([str(v) for v in values.reshape(-1).tolist()]).encode())
        else:
            digest.update(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _text(value: Any) -> str:
    """An attribute in full: arrays are shortened where they are printed, and lists mean what tuples do."""
    if isinstance(value, np.ndarray):
        kind = value.dtype.newbyteorder("<")
        return f"{value.shape} {kind.name} {hashlib.sha256(np.ascontiguousarray(value, dtype=kind).tobytes()).hexdigest()}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_text, value))})"
    return repr(value.item() if isinstance(value, np.generic) else value)


def uneven(node: NodeData, weights: Mapping[str, np.ndarray]) -> str | None:
    """The role of a weight that has not one entry for each channel that the node makes, where it must; None where all have.

    NumPy would repeat a bias of one entry, whose norm is not that of what is added.
    """
    if node.kind == "normalize":
        channels = np.shape(weights[node.weights["variance"]])[:1]
        return next((r for r, k in node.weights.items() if np.shape(weights[k]) != channels or not channels), None)
    if node.kind in ("linear", "conv") and "bias" in node.weights:
        return None if np.shape(weights[node.weights["bias"]]) == np.shape(weights[node.weights["weight"]])[:1] else "bias"
    return None


def misplaced_axis(node: NodeData) -> bool:
    """Whether an axis of a node is no whole number from 0 on: a negative one is counted from the end of a sample by some, and, moved by
    one for the batch, from the end of the axes before it by others."""
    every: list[Any] = []
    for key in ("axis", "axes", "permutation"):
        given = node.attributes.get(key, ())
        every.extend(given if isinstance(given, tuple | list) else [given])
    return not all(isinstance(axis, SupportsIndex) and axis.__index__() >= 0 for axis in every)


def check_order(network: NetworkData) -> None:
    """Raises `NotShown` unless nodes have different names and read what comes before them, from one input, axes are
    counted from the first one, and channels have a bias each."""
    seen: set[str] = set()
    for node in network.nodes:
        if node.name in seen or not set(node.inputs) <= seen or not set(node.weights.values()) <= set(network.weights):
            raise NotShown("the nodes of a network are in no order")
        role = uneven(node, network.weights)
        if role is not None:
            raise NotShown(f"the {role} of {node.name!r} has not one entry a channel")
        if misplaced_axis(node):
            raise NotShown(f"an axis of {node.name!r} is not counted from the first one")
        seen.add(node.name)
    if network.output not in seen or sum(node.kind == "input" for node in network.nodes) != 1:
        raise NotShown("a network has one input and an output")


def parameters(network: NetworkData) -> int:
    """The number of trained weights."""
    used = {k for node in network.nodes for k in node.weights.values()} - set(network.fixed)
    return sum(int(np.asarray(network.weights[k]).size) for k in used)


_FIXED_LINES: dict[str, tuple[tuple[int, ...], tuple[tuple[int, int], ...]]] = {
    "relu": ((0,), ((0, 0), (1, 0))),
    "relu6": ((0, 6), ((0, 0), (1, 0), (0, 6))),
    "abs": ((0,), ((-1, 0), (1, 0))),
}
_CENTRES = {"tanh": Fraction(0), "sin": Fraction(0), "erf": Fraction(0), "sigmoid": Fraction(1, 2)}
"""c where sigma(x) + sigma(-x) = 2 c."""
_AT_ZERO = {"tanh": 0, "sin": 0, "erf": 0, "elu": 0, "gelu": 0, "silu": 0, "hardswish": 0, "sqrt": 0, "exp": 1}


def lines(attributes: Attributes) -> tuple[tuple[Fraction, ...], tuple[Line, ...]] | None:
    """The kinks of a piecewise linear activation, ascending, and its lines from left to right; None for any other."""
    name = attributes.get("function")
    if name in _FIXED_LINES:
        kinks, found = _FIXED_LINES[name]
        return tuple(map(Fraction, kinks)), tuple((Fraction(s), Fraction(o)) for s, o in found)
    if name == "leaky_relu":
        return (Fraction(0),), ((Fraction(attributes["slope"]), Fraction(0)), (Fraction(1), Fraction(0)))
    if name == "hardtanh":
        low, high = Fraction(attributes["low"]), Fraction(attributes["high"])
        if low <= high:
            return (low, high), ((Fraction(0), low), (Fraction(1), Fraction(0)), (Fraction(0), high))
    return None


def ratio(attributes: Attributes) -> tuple[flint.fmpq_poly, flint.fmpq_poly] | None:
    """Numerator and denominator of a polynomial or rational activation; None for any other."""
    if attributes.get("function") == "polynomial":
        return polynomial(attributes["coefficients"]), flint.fmpq_poly([1])
    if attributes.get("function") == "rational":
        return polynomial(attributes["numerator"]), polynomial(attributes["denominator"])
    return None


def polynomial(coefficients: Sequence[Any]) -> flint.fmpq_poly:
    """The polynomial with these coefficients, lowest power first."""
    return flint.fmpq_poly([rational(Fraction(c)) for c in coefficients])


def rational(value: Fraction) -> flint.fmpq:
    """The number as flint has it."""
    return flint.fmpq(value.numerator, value.denominator)


def at(attributes: Attributes, point: Fraction) -> Fraction | None:
    """The activation's value at a number; None where it is not known to be rational, or is none."""
    straight, quotient = lines(attributes), ratio(attributes)
    if straight is not None:
        slope, offset = straight[1][sum(point > k for k in straight[0])]
        return slope * point + offset
    if quotient is not None:
        over, under = (p(rational(point)) for p in quotient)
        return None if under == 0 else Fraction(int((over / under).p), int((over / under).q))
    name = attributes.get("function")
    if point or name not in {**_CENTRES, **_AT_ZERO}:
        return None
    return _CENTRES[name] if name in _CENTRES else Fraction(_AT_ZERO[name])


def scaled(attributes: Attributes, factor: Fraction) -> Relation | None:
    """(c, d) with sigma(factor x) = c sigma(x) + d for all x; None where none is known. ``factor`` is not 0."""
    if factor == 1:
        return Fraction(1), Fraction(0)
    straight, quotient = lines(attributes), ratio(attributes)
    if straight is not None:
        if factor > 0:  # lines that meet at 0 alone have no offsets: all these activations are 0 there
            return None if any(straight[0]) else (factor, Fraction(0))
        kinks, found = straight
        even = attributes["function"] == "abs"
        if even:
            return -factor, Fraction(0)
        odd = factor == -1 and kinks == tuple(-k for k in reversed(kinks)) and found == tuple((s, -o) for s, o in reversed(found))
        return (Fraction(-1), Fraction(0)) if odd else None
    if quotient is not None:
        return _scaled_ratio(*quotient, factor)
    name = attributes.get("function")
    return (Fraction(-1), 2 * _CENTRES[name]) if factor == -1 and name in _CENTRES else None


def _scaled_ratio(over: flint.fmpq_poly, under: flint.fmpq_poly, factor: Fraction) -> Relation | None:
    inner = flint.fmpq_poly([0, rational(factor)])
    constant = flint.fmpq(0)
    if under == flint.fmpq_poly([1]):
        constant = over[0]
        over = over - flint.fmpq_poly([constant])
    if over == 0:
        return Fraction(1), Fraction(0)
    moved = over(inner) * under  # the identity is moved = c over(x) under(factor x)
    still = over * under(inner)
    c = moved.coeffs()[-1] / still.coeffs()[-1]
    if moved != still * c:
        return None
    d = constant - c * constant
    return Fraction(int(c.p), int(c.q)), Fraction(int(d.p), int(d.q))


def through(attributes: Attributes, relation: Relation) -> Relation | None:
    """The relation between sigma(u) and sigma(v) where u = a v + b; None where none is known."""
    factor, shift = relation
    if factor == 0:
        value = at(attributes, shift)
        return None if value is None else (Fraction(0), value)
    return None if shift else scaled(attributes, factor)


def reciprocal_root(node: NodeData, network: NetworkData) -> np.ndarray:
    """The factors 1/sqrt(variance + epsilon) of a batch norm: the float64 numbers that are taken for them (float64 throughout)."""
    stored = np.asarray(network.weights[node.weights["variance"]])
    variance = stored.astype(np.float64)
    under = variance + float(Fraction(node.attributes["epsilon"]))
    if not np.all(under > 0):
        raise NotShown("a variance is not positive")
    return np.asarray(1 / np.sqrt(under))


def channel_maps(node: NodeData, network: NetworkData, which: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Batch norm in evaluation mode, value -> t value + u for the channels ``which``: object arrays of Fractions."""
    chosen = list(which)
    t = exact(reciprocal_root(node, network)[chosen])
    if "scale" in node.weights:
        t = t * exact(np.asarray(network.weights[node.weights["scale"]])[chosen])
    u = -t * exact(np.asarray(network.weights[node.weights["mean"]])[chosen])
    if "shift" in node.weights:
        u = u + exact(np.asarray(network.weights[node.weights["shift"]])[chosen])
    return t, u
