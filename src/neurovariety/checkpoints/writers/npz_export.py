"""The library's own form of a network in one ``.npz`` file: the arrays, and the graph as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.npz_format import BFLOAT16, GRAPH, graph_data
from neurovariety.checkpoints.graph.three_arithmetics import Array


def write_npz(network: Network, weights: Mapping[str, Array], file: Path) -> None:
    """Write arrays and graph."""
    short = [k for k, v in weights.items() if str(v.dtype) == "bfloat16"]  # which the format of NumPy lacks: as 16 bits each
    stored = {k: np.ascontiguousarray(v).view(np.uint16) if k in short else v for k, v in weights.items()}
    graph = {**graph_data(network), **({BFLOAT16: short} if short else {})}
    with file.open("wb") as f:
        np.savez(f, **{**stored, GRAPH: np.asarray(json.dumps(graph))})  # type: ignore[arg-type]
