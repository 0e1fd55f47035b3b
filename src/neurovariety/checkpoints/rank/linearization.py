"""A network with its activations replaced by their tangents: what the Jacobian by the weights needs, for any activation.

At one input, sigma(z) is replaced by s z + o with s = sigma'(z0) and o = sigma(z0) - s z0, two numbers that come in as further
inputs. Values and first derivatives by the weights stay the same there, and the network becomes polynomial: the exact programs apply.
For ReLU and its kin s is 0 or 1 (or the slope) and constant in the activation region of the input, so that ranks are exact within
these regions; a maximum over a window is replaced by the entry where it is reached.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, pairs, wholes
from neurovariety.checkpoints.graph.nonlinearity import Nonlinearity, PiecewiseLinear, Smooth, Sort
from neurovariety.checkpoints.graph.operation import Shape
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, to_floats, to_fractions
from neurovariety.checkpoints.layers.neuron_rows import residues
from neurovariety.checkpoints.rank.kinks import OffKinks, flat, moved_by_own_weights, off_kinks, under_window
from neurovariety.checkpoints.rank.spelled_out import spelled_out
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array


@dataclass(frozen=True)
class Tangent:
    """The activation that was replaced, the value it is applied to, and whether its tangent has an offset."""

    node: Node
    offset: bool

    @property
    def record(self) -> Nonlinearity:
        """What the activation is."""
        return activation(self.node.attributes)


@dataclass(frozen=True, eq=False)
class Linearization:
    """``network`` takes the input and the slopes and offsets of all ``tangents`` as one vector."""

    network: Network
    original: Network
    tangents: tuple[Tangent, ...]

    @property
    def sort(self) -> Sort:
        """``algebraic``, ``piecewise linear`` or ``smooth``, by the activations that were replaced."""
        sorts = {operation(t.node).sort(t.node) for t in self.tangents}
        return "algebraic" if not sorts else "piecewise linear" if sorts == {"piecewise linear"} else "smooth"


def linearized(network: Network) -> Linearization:
    """Replace every activation that is neither polynomial nor rational, and maxima over windows; softmax and layer normalization are
    spelled out. Raises `InputError` for others."""
    network = spelled_out(network)
    replaced = [n for n in network.nodes if operation(n).sort(n) != "algebraic"]
    other = next((n for n in replaced if n.function is None and n.kind != "max_pool"), None)
    if other is not None:
        raise InputError(
            f"{other.place} takes {operation(other).words(other)} over several entries, whose derivative by the weights is not computed"
        )
    tangents = tuple(Tangent(n, n.function is not None and _has_offset(n)) for n in replaced)
    if not tangents:
        return Linearization(network, network, ())
    shapes = network.shapes()
    everything = "input with tangents"
    nodes: list[Node] = []
    at = 0

    def part(name: str, shape: tuple[int, ...]) -> str:
        nonlocal at
        stop = at + prod(shape)
        nodes.append(Node(f"{name} flat", "slice", (everything,), {}, {"axis": 0, "start": at, "stop": stop, "step": 1}))
        nodes.append(Node(name, "reshape", (f"{name} flat",), {}, {"shape": shape}))
        at = stop
        return name

    by_name = {t.node.name: t for t in tangents}
    for node in network.nodes:
        if node.is_input:
            part(node.name, network.input_shape)
        elif node.kind == "max_pool":
            nodes += _chosen(node, shapes[node.name], part)
        elif node.name in by_name:
            shape, bent = shapes[node.name], by_name[node.name].offset
            slope = part(f"slope of {node.name}", shape)
            product = f"{node.name} without offset" if bent else node.name
            nodes.append(Node(product, "multiply", (node.inputs[0], slope), path=node.path))
            if bent:
                offset = part(f"offset of {node.name}", shape)
                nodes.append(Node(node.name, "add", (product, offset), path=node.path))
        else:
            nodes.append(node)
    made = replace(network, input_shape=(at,), nodes=(Node(everything, "input"), *nodes))
    return Linearization(made, network, tangents)


def _chosen(node: Node, after: Shape, part: Callable[[str, Shape], str]) -> list[Node]:
    """The sum over the places of a window of the entries there, times 1 where the maximum is reached and 0 elsewhere."""
    a, source = node.attributes, node.inputs[0]
    padding, stride, dilation = pairs(a, "padding"), wholes(a, "stride"), wholes(a, "dilation")
    nodes: list[Node] = []
    if any(side for sides in padding for side in sides):
        nodes.append(Node(f"{node.name} padded", "pad", (source,), {}, {"padding": ((0, 0), *padding)}))
        source = nodes[-1].name
    places = list(product(*map(range, wholes(a, "window"))))
    total = ""
    for k, place in enumerate(places):
        at = source
        for axis, (o, n, s, d) in enumerate(zip(place, after[1:], stride, dilation, strict=True), start=1):
            cut: dict[str, object] = {"axis": axis, "start": o * d, "stop": o * d + (n - 1) * s + 1, "step": s}
            nodes.append(Node(f"{node.name} place {k} axis {axis}", "slice", (at,), {}, cut))
            at = nodes[-1].name
        last = k == len(places) - 1
        term = node.name if last and not total else f"{node.name} term {k}"
        nodes.append(Node(term, "multiply", (at, part(f"choice {k} of {node.name}", after)), path=node.path))
        if total:
            term = node.name if last else f"{node.name} sum {k}"
            nodes.append(Node(term, "add", (total, nodes[-1].name), path=node.path))
        total = term
    return nodes


def _choices(node: Node, flat_values: Array, shape: Shape) -> Array:
    """(batch, places, entries): 1 at the first place of the window where the maximum is reached, 0 elsewhere."""
    cuts = under_window(node, flat_values, shape)
    where = np.expand_dims(np.argmax(cuts == cuts.max(axis=1, keepdims=True), axis=1), 1)
    return np.asarray(np.arange(cuts.shape[1])[None, :, None] == where).astype(np.int64)


def _has_offset(node: Node) -> bool:
    record = activation(node.attributes)
    return not (isinstance(record, PiecewiseLinear) and record.homogeneous(node.attributes))


@dataclass(frozen=True, eq=False)
class Chosen:
    """Numbers of a ``table``: the entry of input i is ``table[which[i, entry]]``."""

    table: tuple[Fraction, ...]
    which: Shaped[np.ndarray, "usable entries"]


@dataclass(frozen=True, eq=False)
class Tangents:
    """``inputs`` (usable, size), and the slopes and offsets that hold there: ``lines`` of tables, or ``smooth`` ones (usable, size).

    ``exact``: slopes were decided over Q. ``left_out`` inputs stayed at a kink wherever they were moved, or have values too large for
    float64. ``resting`` entries are at a
    kink at every input: their slope is set to 0, which leaves out what the weights do through them. ``differentiable``: nothing but
    the weights that make a resting entry moves it, so that the function is differentiable in all the other weights.
    """

    inputs: Shaped[np.ndarray, "usable ..."]
    exact: bool
    lines: tuple[Chosen, ...] = ()
    smooth: Shaped[np.ndarray, "usable tangents"] | None = None
    resting: int = 0
    left_out: int = 0
    differentiable: bool = True

    @property
    def rows(self) -> Shaped[np.ndarray, "usable ..."]:
        """The inputs of the linearized network: Fractions where they are exact and piecewise linear, else as they were given."""
        if self.smooth is not None:
            return np.concatenate([self.inputs, self.smooth], axis=1)
        if not self.lines:
            return self.inputs
        own = to_fractions(self.inputs) if self.exact else to_floats(self.inputs)
        parts = [_chosen_of(c.table, c.which) for c in self.lines]
        return np.concatenate([own, *(p if self.exact else to_floats(p) for p in parts)], axis=1)

    def residues(self, p: int, span: range) -> Shaped[np.ndarray, "some ..."]:
        """The exact inputs of the linearized network mod p, as residues from 0 on in float64, for a range of the usable inputs.

        Raises `ZeroDivisionError` where p divides a denominator.
        """
        at = slice(span.start, span.stop)
        parts = [residues(self.inputs[at], p)]
        parts += [residues(np.array(c.table, dtype=object), p)[c.which[at]] for c in self.lines]
        return np.concatenate(parts, axis=1).astype(np.float64) if self.lines else parts[0].astype(np.float64)


def with_tangents(found: Linearization, inputs: Shaped[np.ndarray, "batch ..."], network: Network | None = None) -> Tangents:
    """Inputs (batch, \\*input shape) with their slopes and offsets, (batch, size).

    ``network`` is the original one or one with other weights. Piecewise linear activations: exact sides, in balls and over Q where
    these leave doubt, or in float64 where that takes too long. Inputs at a kink are moved a little. Raises `InputError` where values
    are too large for float64.
    """
    network = spelled_out(network or found.original)
    if not found.tangents:
        return Tangents(inputs, True)
    given = inputs.reshape(len(inputs), math.prod(inputs.shape[1:]))
    if found.sort == "piecewise linear":
        return _between_kinks(found, network, off_kinks([t.node for t in found.tangents], network, inputs))
    values = network.values(inputs)
    parts = [to_floats(given)]
    for t in found.tangents:
        z = to_floats(flat(values[t.node.inputs[0]], len(inputs)))
        if t.node.kind == "max_pool":
            chosen = _choices(t.node, z, network.shapes()[t.node.inputs[0]])
            parts.append(chosen.reshape(len(chosen), math.prod(chosen.shape[1:])).astype(np.float64))
            continue
        record, attributes = t.record, t.node.attributes
        if isinstance(record, PiecewiseLinear):
            slope = to_floats(record.lines(attributes, z)[0])
        else:
            assert isinstance(record, Smooth)
            with np.errstate(all="ignore"):
                slope = record.slopes(z, attributes)
        with np.errstate(all="ignore"):
            offset = record.value(attributes, z, FLOATS, t.node.place) - slope * z
        parts += [slope, offset] if t.offset else [slope]
    rows = _finite(np.concatenate(parts, axis=1))
    own = given.shape[1]
    return Tangents(rows[:, :own], False, smooth=rows[:, own:], left_out=len(inputs) - len(rows))


def _between_kinks(found: Linearization, network: Network, at: OffKinks) -> Tangents:
    """The tangents of piecewise linear activations at inputs that were moved off the kinks as far as that goes."""
    inputs = at.inputs[at.usable].reshape(int(at.usable.sum()), math.prod(network.input_shape))
    lines: list[Chosen] = []
    still: dict[str, Array] = {}
    for t in found.tangents:
        on, rest = at.sides.lines[t.node.name][at.usable], at.resting[t.node.name]
        if t.node.kind == "max_pool":
            chosen = np.arange(math.prod(wholes(t.node.attributes, "window")))[None, :, None] == on[:, None, :]
            chosen[:, :, rest] = False
            lines.append(Chosen((Fraction(0), Fraction(1)), chosen.reshape(len(chosen), math.prod(chosen.shape[1:])).astype(np.int8)))
            continue
        assert isinstance(t.record, PiecewiseLinear)
        pieces, kinks = t.record.pieces(t.node.attributes), t.record.kinks(t.node.attributes)
        slopes, offsets = tuple(s for s, _ in pieces), tuple(o for _, o in pieces)
        slope, offset = on.copy(), on.copy()
        slope[:, rest] = len(pieces)  # what rests has slope 0 and the value at its kink
        where = at.sides.kinks[t.node.name][at.usable][:, rest]
        offset[:, rest] = len(pieces) + on[:, rest] * len(kinks) + where
        lines.append(Chosen((*slopes, Fraction(0)), slope))
        if t.offset:  # a kink without offset is at 0
            lines.append(Chosen((*offsets, *(s * kink + o for s, o in pieces for kink in kinks)), offset))
        still[t.node.name] = np.asarray((np.array([*(not s for s in slopes), True])[slope]).all(axis=0))
    return Tangents(
        inputs,
        at.exact,
        tuple(lines),
        resting=sum(int(r.sum()) for r in at.resting.values()),
        left_out=int((~at.usable).sum()),
        differentiable=all(
            moved_by_own_weights(network, t.node, np.flatnonzero(at.resting[t.node.name]).tolist(), still) for t in found.tangents
        ),
    )


def _chosen_of(values: Sequence[Fraction], which: Array) -> Array:
    """An object array of the numbers with these indices."""
    table = np.empty(len(values), dtype=object)
    table[:] = values
    return np.asarray(table[which])


def _finite(rows: Array) -> Array:
    """The inputs at which float64 holds all values. Raises `InputError` where there is none."""
    held = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) and not len(held):
        raise InputError("values of the network at the sampled inputs are too large for float64")
    return held
