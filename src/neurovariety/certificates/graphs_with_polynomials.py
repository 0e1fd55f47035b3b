"""The network with polynomials, or their quotients, in place of activations, exp in softmax and 1/sqrt in layer normalization.

Softmax becomes p(x_i) / sum_j p(x_j), and layer normalization (x - mean) p(mean of (x - mean)^2 + epsilon).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.activation_ranges import name_of
from neurovariety.certificates.activation_series import POWER, ROOT
from neurovariety.certificates.network_nodes import NetworkData, NodeData, ratio
from neurovariety.certificates.stored_networks import StoredNetwork, StoredNode, stored_network
from neurovariety.certificates.zeros import NotShown

Quotient = tuple[Sequence[Fraction], Sequence[Fraction]]
"""Numerator and denominator, coefficients from the constant up."""
_OF_KIND = {"softmax": POWER, "standardize": ROOT}
"""What polynomials stand for in nodes that are no activations."""


def function_of(node: NodeData) -> str | None:
    """The name of the function of a node for which a polynomial is put; None where there is none. Raises `NotShown` for an activation
    that is not known here."""
    if node.kind != "activation":
        return _OF_KIND.get(node.kind)
    return None if ratio(node.attributes) is not None else name_of(node.attributes)


def functions_of(network: NetworkData) -> list[str]:
    """The functions for which polynomials are put, node by node."""
    return [name for node in network.nodes if (name := function_of(node)) is not None]


def graph_with_polynomials(network: NetworkData, quotients: Sequence[Quotient]) -> StoredNetwork:
    """The network with quotients of polynomials in place of `functions_of` it. Raises `NotShown` where they are not as many."""
    if len(functions_of(network)) != len(quotients):
        raise NotShown("a polynomial for each function is expected")
    source, left = stored_network(network), list(quotients)
    nodes: list[StoredNode] = []
    numbers, fixed = dict(source.numbers), list(source.fixed)
    for node in source.nodes:
        if function_of(node) is None:
            nodes.append(node)
            continue
        attributes = _activation(*left.pop(0))
        if node.kind == "activation":
            nodes.append(replace(node, attributes=attributes))
        elif node.kind == "softmax":
            nodes += _softmax(node, attributes)
            if "mask" in node.weights:
                key = node.weights["mask"]
                numbers[key] = np.asarray(source.weights[key]).astype(np.int64)
        else:
            nodes += _standardized(node, attributes)
    return StoredNetwork(source.input_shape, tuple(nodes), source.output, numbers, tuple(fixed))


def _activation(over: Sequence[Fraction], under: Sequence[Fraction]) -> dict[str, Any]:
    if len(under) == 1:
        return {"function": "polynomial", "coefficients": tuple(c / under[0] for c in over)}
    return {"function": "rational", "numerator": tuple(over), "denominator": tuple(under)}


def _softmax(node: StoredNode, attributes: dict[str, Any]) -> list[StoredNode]:
    def made(what: str, kind: str, inputs: tuple[str, ...], **given: Any) -> StoredNode:
        return StoredNode(f"{node.name} {what}" if what else node.name, kind, inputs, {}, given, node.path)

    powers, shown = f"{node.name} powers", f"{node.name} {'shown' if 'mask' in node.weights else 'powers'}"
    found = [replace(made("powers", "activation", node.inputs), attributes=attributes)]
    if "mask" in node.weights:
        found.append(replace(made("shown", "multiply", (powers,)), weights={"weight": node.weights["mask"]}))
    total = made("sum", "sum", (shown,), axes=(node.attributes["axis"],), keepdims=True)
    return [*found, total, made("", "divide", (shown, total.name))]


def _standardized(node: StoredNode, attributes: dict[str, Any]) -> list[StoredNode]:
    def made(what: str, kind: str, inputs: tuple[str, ...], **given: Any) -> StoredNode:
        return StoredNode(f"{node.name} {what}" if what else node.name, kind, inputs, {}, given, node.path)

    axes = tuple(node.attributes["axes"])
    found, centred = list[StoredNode](), node.inputs[0]
    if node.attributes["centred"]:
        found.append(made("mean", "mean", node.inputs, axes=axes, keepdims=True))
        found.append(made("centred", "subtract", (centred, found[-1].name)))
        centred = found[-1].name
    found.append(made("squares", "multiply", (centred, centred)))
    found.append(made("variance", "mean", (found[-1].name,), axes=axes, keepdims=True))
    found.append(made("under", "add", (found[-1].name,), constant=Fraction(node.attributes["epsilon"])))
    found.append(replace(made("root", "activation", (found[-1].name,)), attributes=attributes))
    return [*found, made("", "multiply", (centred, found[-1].name))]
