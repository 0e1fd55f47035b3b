"""Softmax and layer normalization spelled out by exponentials, roots, sums and quotients, which have derivatives entry by entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, rational, whole, wholes

_ACROSS = ("softmax", "standardize")


def spelled_out(network: Network) -> Network:
    """The network with other nodes in place of these two kinds; the same where it has none."""
    if not any(n.kind in _ACROSS for n in network.nodes):
        return network
    nodes: list[Node] = []
    weights, fixed = dict(network.weights), set(network.fixed)
    for node in network.nodes:
        if node.kind == "softmax":
            key = node.weights.get("mask")
            if key is not None:
                weights[f"{key} as numbers"] = np.asarray(network.weights[key]).astype(np.int64)
                fixed.add(f"{key} as numbers")
            nodes += _softmax(node, key)
        elif node.kind == "standardize":
            nodes += _standardized(node)
        else:
            nodes.append(node)
    return replace(network, nodes=tuple(nodes), weights=weights, fixed=frozenset(fixed), origin=None)


def _softmax(node: Node, mask: str | None) -> list[Node]:
    name = node.name
    found = [Node(f"{name} powers", "activation", node.inputs, {}, {"function": "exp"}, node.path)]
    if mask is not None:
        found.append(Node(f"{name} shown", "multiply", (found[-1].name,), {"weight": f"{mask} as numbers"}, {}, node.path))
    shown = found[-1].name
    axes: dict[str, object] = {"axes": (whole(node.attributes, "axis"),), "keepdims": True}
    found.append(Node(f"{name} sum", "sum", (shown,), {}, axes, node.path))
    return [*found, Node(name, "divide", (shown, found[-1].name), {}, {}, node.path)]


def _standardized(node: Node) -> list[Node]:
    name, (read,), found = node.name, node.inputs, list[Node]()
    axes: dict[str, object] = {"axes": wholes(node.attributes, "axes"), "keepdims": True}
    if node.attributes["centred"]:
        found.append(Node(f"{name} mean", "mean", (read,), {}, axes, node.path))
        found.append(Node(f"{name} centred", "subtract", (read, f"{name} mean"), {}, {}, node.path))
        read = found[-1].name
    epsilon: dict[str, object] = {"constant": rational(node.attributes, "epsilon")}
    return [
        *found,
        Node(f"{name} squares", "multiply", (read, read), {}, {}, node.path),
        Node(f"{name} variance", "mean", (f"{name} squares",), {}, axes, node.path),
        Node(f"{name} under", "add", (f"{name} variance",), {}, epsilon, node.path),
        Node(f"{name} root", "activation", (f"{name} under",), {}, {"function": "sqrt"}, node.path),
        Node(name, "divide", (read, f"{name} root"), {}, {}, node.path),
    ]
