"""Networks written as text, of exact numbers: ``{"architecture": "mlp(2,4,1; relu; bias)", "weights": {"W1": ..., ...}}``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_table

_FORM = '{"architecture": "mlp(2,3,1; relu; bias)", "weights": {"W1": [[1, "1/3"], ...], "b1": [0, ...], ...}}'


def read_json(file: Path, architecture: object = None) -> tuple[dict[str, Array], object]:
    """The arrays of a file, and the architecture that it or the caller names. Numbers are whole ones, floats (their binary values) and
    text such as "1/3"; arrays of floats alone stay floats. Raises `InputError` for a file of another form."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f"{file.name} cannot be read as JSON ({str(error)[:80]}); a network is written {_FORM}") from None
    weights = found.get("weights") if isinstance(found, Mapping) else None
    if not isinstance(weights, Mapping) or not weights:
        raise InputError(f"{file.name} has no weights by name; a network is written {_FORM}")
    known = found.get("architecture", architecture) if architecture is None else architecture
    if not isinstance(known, str) and architecture is None:
        raise InputError(f"{file.name} does not say its architecture; a network is written {_FORM}, or give architecture=")
    return {str(name): _array(values, f"numbers of {name!r} in {file.name}") for name, values in weights.items()}, known


def _array(values: object, what: str) -> Array:
    floats = np.asarray(values, dtype=object)
    if floats.size and all(type(v) is float for v in floats.reshape(-1).tolist()):
        return floats.astype(np.float64)
    return exact_table(values, what)
