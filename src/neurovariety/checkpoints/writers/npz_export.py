"""The library's own form of a network in one ``.npz`` file: the arrays, and the graph as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.npz_format import GRAPH, graph_data
from neurovariety.checkpoints.graph.three_arithmetics import Array


def write_npz(network: Network, weights: Mapping[str, Array], file: Path) -> None:
    """Write arrays and graph."""
    with file.open("wb") as f:
        np.savez(f, **{**weights, GRAPH: np.asarray(json.dumps(graph_data(network)))})  # type: ignore[arg-type]
