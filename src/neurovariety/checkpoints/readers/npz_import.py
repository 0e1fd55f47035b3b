"""Arrays, and the library's own networks, out of ``.npz`` files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.npz_format import GRAPH, network_of
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.zip_sizes import check_sizes_of
from neurovariety.errors import InputError


def read_npz(file: Path) -> dict[str, Array]:
    """The arrays of an ``.npz`` file. Raises `InputError` for a damaged file, and for one that holds pickled objects."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_sizes_of(archive, file.stat().st_size, file.name)
        with np.load(file, allow_pickle=False) as found:
            return {k: np.asarray(found[k]) for k in found.files}
    except (InputError, MemoryError):
        raise
    except Exception as error:  # a damaged header is read as a Python literal, which fails in many ways
        raise InputError(
            f"{file.name} cannot be read as plain arrays ({str(error)[:100]}); write it with numpy.savez from numbers"
        ) from error


def read_network(arrays: Mapping[str, Array], source: str) -> Network:
    """The network of arrays among which the graph is."""
    try:
        graph = json.loads(str(arrays[GRAPH]))
    except (ValueError, RecursionError) as error:
        raise InputError(f"the graph in {source} cannot be read ({type(error).__name__}: {str(error)[:80]})") from error
    return network_of(graph, {k: v for k, v in arrays.items() if k != GRAPH}, source)
