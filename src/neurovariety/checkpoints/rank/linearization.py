"""A network with its activations replaced by their tangents: what the Jacobian by the weights needs, for any activation.

At one input, sigma(z) is replaced by s z + o with s = sigma'(z0) and o = sigma(z0) - s z0, two numbers that come in as further
inputs. Values and first derivatives by the weights stay the same there, and the network becomes polynomial: the exact programs apply.
For ReLU and its kin s is 0 or 1 (or the slope) and constant in the activation region of the input, so that ranks are exact within
these regions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.activations import ALGEBRAIC, PIECEWISE_LINEAR, activate
from neurovariety.checkpoints.graph.arithmetic import FLOATS, to_floats, to_fractions
from neurovariety.checkpoints.graph.network import Network, Node
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


@dataclass(frozen=True, eq=False)
class Linearization:
    """``network`` takes the input and the slopes and offsets of all ``tangents`` as one vector."""

    network: Network
    original: Network
    tangents: tuple[Tangent, ...]

    @property
    def kind(self) -> str:
        """``algebraic``, ``piecewise linear`` or ``smooth``, by the activations that were replaced."""
        functions = {t.node.attributes["function"] for t in self.tangents}
        return "algebraic" if not functions else "piecewise linear" if functions <= set(PIECEWISE_LINEAR) else "smooth"


def linearized(network: Network) -> Linearization:
    """Replace every activation that is neither polynomial nor rational. Raises `InputError` for a maximum over a window."""
    pooled = next((n for n in network.nodes if n.kind == "max_pool"), None)
    if pooled is not None:
        raise InputError(f"{pooled.place} takes a maximum over a window, whose derivative by the weights is not computed here")
    tangents = tuple(
        Tangent(n, n.attributes["function"] not in ("relu", "leaky_relu", "abs"))
        for n in network.nodes
        if n.kind == "activation" and n.attributes["function"] not in ALGEBRAIC
    )
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
        if node.kind == "input":
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


def with_tangents(found: Linearization, inputs: Array, network: Network | None = None) -> tuple[Array, bool]:
    """Inputs (batch, \\*input shape) with their slopes and offsets, (batch, size), and whether these are exact.

    ``network`` is the original one or one with other weights. Piecewise linear activations: exact signs by evaluation over Q where
    that is affordable, else in float64. Inputs where a sign is not told from 0 are left out.
    """
    network = network or found.original
    if not found.tangents:
        return inputs, True
    piecewise = found.kind == "piecewise linear"
    exact = piecewise and network.parameters * len(inputs) <= MOST_WORK
    values = network.values(inputs, exact=exact)
    batch = len(inputs)
    usable = np.ones(batch, dtype=bool)
    parts: list[Array] = [np.asarray(inputs).reshape(batch, -1)]
    for t in found.tangents:
        z = np.asarray(values[t.node.inputs[0]])
        z = z.reshape(z.shape[0], -1)
        if piecewise:
            usable &= _away(t.node.attributes, z, exact)
            slope, offset = _piece(t.node.attributes, z)
        else:
            z = to_floats(z)
            slope = _SLOPE[t.node.attributes["function"]](z, t.node.attributes)
            offset = activate(t.node.attributes, z, FLOATS, t.node.place) - slope * z
        parts += [slope, offset] if t.offset else [slope]
    dtype: Any = object if exact else np.float64
    return np.concatenate([p.astype(dtype) for p in parts], axis=1)[usable], exact


def _away(attributes: dict[str, Any], z: Array, exact: bool) -> Array:
    """Samples none of whose values is at (or, in floats, too near) a kink."""
    kinks = (0, 6) if attributes["function"] == "relu6" else (0,)
    margin = 0 if exact else _MARGIN * float(np.abs(z).max(initial=0.0))
    near: Any = [np.asarray(abs(z - k) <= margin, dtype=bool).any(axis=1) for k in kinks]
    return np.asarray(~np.logical_or.reduce(near))


def _piece(attributes: dict[str, Any], z: Array) -> tuple[Array, Array]:
    function = attributes["function"]
    positive = np.asarray(z > 0, dtype=bool)
    below: Any = {"leaky_relu": attributes.get("slope", 0), "abs": -1}.get(function, 0)
    slope = _choice(positive, Fraction(1), Fraction(below))
    offset = to_fractions(np.zeros(z.shape))
    if function == "relu6":
        over = np.asarray(z > 6, dtype=bool)
        slope, offset = _choice(over, Fraction(0), slope), _choice(over, Fraction(6), offset)
    return slope, offset


def _choice(where: Array, yes: Any, no: Any) -> Array:
    return np.asarray(np.where(where, np.asarray(yes, dtype=object), np.asarray(no, dtype=object)))


def _logistic(z: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(z))


def _normal(z: Array) -> Array:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _gelu(z: Array, attributes: dict[str, Any]) -> Array:
    if attributes["approximate"] == "tanh":
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (z + 0.044715 * z**3))
        return np.asarray(0.5 * (1 + t) + 0.5 * z * (1 - t**2) * c * (1 + 3 * 0.044715 * z**2))
    from scipy.special import ndtr

    return np.asarray(ndtr(z) + z * _normal(z))


def _silu(z: Array, attributes: dict[str, Any]) -> Array:
    s = _logistic(z)
    return s * (1 + z * (1 - s))


_SLOPE: dict[str, Callable[[Array, dict[str, Any]], Array]] = {
    "relu": lambda z, a: (z > 0).astype(np.float64),
    "leaky_relu": lambda z, a: np.where(z > 0, 1.0, float(a["slope"])),
    "relu6": lambda z, a: ((z > 0) & (z < 6)).astype(np.float64),
    "abs": lambda z, a: np.sign(z),
    "tanh": lambda z, a: 1 - np.tanh(z) ** 2,
    "sigmoid": lambda z, a: _logistic(z) * (1 - _logistic(z)),
    "softplus": lambda z, a: _logistic(float(a["beta"]) * z),
    "elu": lambda z, a: np.where(z > 0, 1.0, float(a["alpha"]) * np.exp(np.minimum(z, 0.0))),
    "gelu": _gelu,
    "silu": _silu,
    "erf": lambda z, a: 2 / np.sqrt(np.pi) * np.exp(-(z**2)),
    "exp": lambda z, a: np.exp(z),
}
