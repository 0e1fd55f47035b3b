"""A network's graph as plain data (JSON), which reader and writer of ``.npz`` files share: nothing lost, nothing pickled."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.three_arithmetics import Array, floating
from neurovariety.errors import InputError

GRAPH = "__network__"
"""The entry of the file that holds the graph."""
BFLOAT16 = "bfloat16"
"""The key of the graph under which the arrays are named that are stored as the 16 bits of each number."""

_MOST_DIGITS = 10_000
"""Characters of a number of the graph."""


def graph_data(network: Network) -> dict[str, object]:
    """The graph without its weights."""
    nodes = [
        [n.name, n.kind, list(n.inputs), n.weights, {k: _coded(v) for k, v in n.attributes.items()}, n.path] for n in network.nodes
    ]
    return {"input_shape": list(network.input_shape), "output": network.output, "fixed": sorted(network.fixed), "nodes": nodes}


def network_of(read: object, weights: Mapping[str, Array], source: str) -> Network:
    """The network of a graph that was read from JSON. Raises `InputError` where it is none, naming ``source``."""
    try:
        if not isinstance(read, dict):
            raise TypeError(f"a graph is an object, got {type(read).__name__}")
        nodes = tuple(
            Node(name, kind, tuple(inputs), dict(roles), {k: _decoded(v) for k, v in attributes.items()}, path)
            for name, kind, inputs, roles, attributes, path in read["nodes"]
        )
        short = {k: weights[k].view(floating(BFLOAT16)) for k in read.get(BFLOAT16, [])}
        shape, output, fixed = tuple(map(int, read["input_shape"])), str(read["output"]), frozenset(map(str, read["fixed"]))
        found = Network(shape, nodes, output, {**weights, **short}, source, fixed)
        found.shapes()
    except InputError:
        raise
    except Exception as error:  # a graph of anything: names that are lists, attributes of other types
        raise InputError(f"the graph in {source} cannot be read ({type(error).__name__}: {str(error)[:80]})") from error
    return found


def _coded(value: object) -> object:
    """Fractions as {"q": "1/3"}, tuples as lists."""
    if isinstance(value, Fraction):
        return {"q": str(value)}
    return [_coded(v) for v in value] if isinstance(value, tuple) else value


def _decoded(value: object) -> object:
    if isinstance(value, dict):
        text = str(value["q"])
        if len(text) > _MOST_DIGITS or "e" in text.lower():  # 1e999999999 is short, and larger than any memory
            raise ValueError("a number is too long")
        return Fraction(text)
    return tuple(_decoded(v) for v in value) if isinstance(value, list) else value
