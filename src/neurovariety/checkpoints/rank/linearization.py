"""A network with its activations replaced by their tangents: what the Jacobian by the weights needs, for any activation.

At one input, sigma(z) is replaced by s z + o with s = sigma'(z0) and o = sigma(z0) - s z0, two numbers that come in as further
inputs. Values and first derivatives by the weights stay the same there, and the network becomes polynomial: the exact programs apply.
For ReLU and its kin s is 0 or 1 (or the slope) and constant in the activation region of the input, so that ranks are exact within
these regions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node
from neurovariety.checkpoints.graph.nonlinearity import Nonlinearity, PiecewiseLinear, Smooth, Sort
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, to_floats
from neurovariety.checkpoints.rank.exact_equality import MOST_WORK
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array

_MARGIN = 1e-9
"""Values within this part of the largest in their layer may have the wrong sign in float64; such an input is not used."""


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
        sorts = {t.record.sort for t in self.tangents}
        return "algebraic" if not sorts else "piecewise linear" if sorts == {"piecewise linear"} else "smooth"


def linearized(network: Network) -> Linearization:
    """Replace every activation that is neither polynomial nor rational. Raises `InputError` for a maximum over a window."""
    replaced = [n for n in network.nodes if operation(n).sort(n) != "algebraic"]
    other = next((n for n in replaced if n.function is None), None)
    if other is not None:
        raise InputError(
            f"{other.place} takes {operation(other).words(other)} over a window, whose derivative by the weights is not computed here"
        )
    tangents = tuple(Tangent(n, _has_offset(n)) for n in replaced)
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


def _has_offset(node: Node) -> bool:
    record = activation(node.attributes)
    return not (isinstance(record, PiecewiseLinear) and record.homogeneous(node.attributes))


def with_tangents(
    found: Linearization, inputs: Shaped[np.ndarray, "batch ..."], network: Network | None = None
) -> tuple[Shaped[np.ndarray, "usable ..."], bool]:
    """Inputs (batch, \\*input shape) with their slopes and offsets, (batch, size), and whether these are exact.

    ``network`` is the original one or one with other weights. Piecewise linear activations: exact signs by evaluation over Q where
    that is affordable, else in float64. Inputs where a sign is not told from 0 are left out.
    """
    network = network or found.original
    if not found.tangents:
        return inputs, True
    piecewise = found.sort == "piecewise linear"
    exact = piecewise and network.parameters * len(inputs) <= MOST_WORK
    values = network.values(inputs, exact=exact)
    batch = len(inputs)
    usable = np.ones(batch, dtype=bool)
    parts: list[Array] = [np.asarray(inputs).reshape(batch, -1)]
    for t in found.tangents:
        z = np.asarray(values[t.node.inputs[0]])
        z = z.reshape(z.shape[0], -1)
        record, attributes = t.record, t.node.attributes
        if piecewise:
            assert isinstance(record, PiecewiseLinear)
            usable &= _away(record, attributes, z, exact)
            slope, offset = record.lines(attributes, z)
        else:
            z = to_floats(z)
            if isinstance(record, PiecewiseLinear):
                slope = to_floats(record.lines(attributes, z)[0])
            else:
                assert isinstance(record, Smooth)
                slope = record.slopes(z, attributes)
            offset = record.value(attributes, z, FLOATS, t.node.place) - slope * z
        parts += [slope, offset] if t.offset else [slope]
    joined = np.concatenate([p.astype(object if exact else np.float64) for p in parts], axis=1)
    return joined[usable], exact


def _away(record: PiecewiseLinear, attributes: Attributes, z: Array, exact: bool) -> Array:
    """Samples none of whose values is at (or, in floats, too near) a kink."""
    margin = 0 if exact else _MARGIN * float(np.abs(z).max(initial=0.0))
    near = [np.asarray(abs(z - (k if exact else float(k))) <= margin, dtype=bool).any(axis=1) for k in record.kinks(attributes)]
    return np.asarray(~np.logical_or.reduce(near))
