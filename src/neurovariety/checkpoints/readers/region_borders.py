"""Where a region of a file begins and ends: its connected nodes, and those that part what enters it and join what leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.partial_network import Port
from neurovariety.checkpoints.graph.three_arithmetics import Array


def entry_nodes(taken: tuple[str, ...], inputs: tuple[Port, ...]) -> tuple[tuple[int, ...], tuple[Node, ...]]:
    """The shape of the joined input and the nodes that part it again."""
    if len(taken) == 1:
        return inputs[0].shape, (Node(taken[0], "input"),)
    everything = "all inputs of the region"
    nodes, at = [Node(everything, "input")], 0
    for name, port in zip(taken, inputs, strict=True):
        stop = at + prod(port.shape)
        nodes.append(Node(f"{name} flat", "slice", (everything,), {}, {"axis": 0, "start": at, "stop": stop, "step": 1}))
        nodes.append(Node(name, "reshape", (f"{name} flat",), {}, {"shape": port.shape}))
        at = stop
    return (at,), tuple(nodes)


def exit_nodes(outputs: tuple[Port, ...], names: Sequence[str]) -> tuple[tuple[Node, ...], str]:
    """The nodes that join the outputs, and the name of the joined one."""
    if len(outputs) == 1:
        return (), names[0]
    pairs = enumerate(zip(names, outputs, strict=True))  # two outputs may be one value
    nodes = [Node(f"{n} leaves {k}", "reshape", (n,), {}, {"shape": (prod(p.shape),)}) for k, (n, p) in pairs]
    joined = Node("all outputs of the region", "concatenate", tuple(n.name for n in nodes), {}, {"axis": 0})
    return (*nodes, joined), joined.name


def connected(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """Nodes that are connected by values that they make."""
    root: dict[str, str] = {n.name: n.name for n in nodes}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for node in nodes:
        for n in node.inputs:
            if n in root:
                root[find(n)] = find(node.name)
    parts: dict[str, list[Node]] = {}
    for node in nodes:
        parts.setdefault(find(node.name), []).append(node)
    yield from parts.values()


def moved_values(values: Array) -> Array:
    """Values like these and not these: each is moved by a part of the spread of all."""
    spread = values.std(axis=0, keepdims=True) + values.std() / 16
    return np.asarray(values + np.random.default_rng(5).normal(size=values.shape) * spread / 4)
