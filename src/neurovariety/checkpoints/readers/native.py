"""The library's own form of a network in one ``.npz`` file: the arrays, and the graph as JSON. Nothing is lost, nothing is pickled."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import Array
from neurovariety.checkpoints.graph.network import Network, Node
from neurovariety.errors import InputError

GRAPH = "__network__"
"""The entry that holds the graph."""


def write_npz(network: Network, weights: Mapping[str, Array], file: Path) -> None:
    """Write arrays and graph."""
    nodes = [
        [n.name, n.kind, list(n.inputs), n.weights, {k: _coded(v) for k, v in n.attributes.items()}, n.path] for n in network.nodes
    ]
    graph = {"input_shape": list(network.input_shape), "output": network.output, "fixed": sorted(network.fixed), "nodes": nodes}
    with file.open("wb") as f:
        np.savez(f, **{**weights, GRAPH: np.asarray(json.dumps(graph))})  # type: ignore[arg-type]


def read_npz(file: Path) -> dict[str, Array]:
    """The arrays of an ``.npz`` file. Raises `InputError` for a damaged file, and for one that holds pickled objects."""
    try:
        with np.load(file, allow_pickle=False) as found:
            return {k: np.asarray(found[k]) for k in found.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError, KeyError, AttributeError) as error:
        raise InputError(
            f"{file.name} cannot be read as plain arrays ({str(error)[:100]}); write it with numpy.savez from numbers"
        ) from error


def network_of(arrays: dict[str, Array], source: str) -> Network:
    """The network of arrays among which the graph is."""
    weights = {k: v for k, v in arrays.items() if k != GRAPH}
    try:
        graph = json.loads(str(arrays[GRAPH]))
        nodes = tuple(
            Node(name, kind, tuple(inputs), dict(roles), {k: _decoded(v) for k, v in attributes.items()}, path)
            for name, kind, inputs, roles, attributes, path in graph["nodes"]
        )
        shape, output, fixed = tuple(map(int, graph["input_shape"])), str(graph["output"]), frozenset(map(str, graph["fixed"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"the graph in {source} cannot be read ({type(error).__name__}: {str(error)[:80]})") from error
    return Network(shape, nodes, output, weights, source, fixed)


def _coded(value: Any) -> Any:
    """Fractions as {"q": "1/3"}, tuples as lists."""
    if isinstance(value, Fraction):
        return {"q": str(value)}
    return [_coded(v) for v in value] if isinstance(value, tuple) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return Fraction(value["q"])
    return tuple(_decoded(v) for v in value) if isinstance(value, list) else value
