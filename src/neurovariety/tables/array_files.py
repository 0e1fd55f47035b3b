"""Files of NumPy: one array, or several by name."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from neurovariety.errors import DataError
from neurovariety.tables.frames import array_columns, laid_out
from neurovariety.tables.raw_table import RawTable, plain_cell, unmet


def npy_table(name: str, data: bytes) -> RawTable:
    """The table in an .npy file: columns x0, x1, ..., or those of a structured array."""
    array = _loaded(name, data)
    columns, rows = array_columns(array, "x", f"the array in {name}")
    return RawTable(name, columns, rows, range(1, len(rows) + 1), "row", plain_cell, laid_out(array))


def npz_table(name: str, data: bytes) -> RawTable:
    """The arrays of an .npz file side by side: a one-dimensional one is a column of its name, of another with the name X columns are
    X0, X1, ..., and X stands for all of them. Raises `DataError` where they have different numbers of rows."""
    loaded = _loaded(name, data)
    arrays = {key: _member(name, loaded, key) for key in loaded.files}
    counts = {key: len(a) if a.ndim else 0 for key, a in arrays.items()}
    if len(set(counts.values())) != 1 or not any(counts.values()):
        shown = ", ".join(f"{k} {v}" for k, v in list(counts.items())[:6])
        raise DataError(f"{name} holds arrays with different numbers of rows ({shown}); give arrays with one row a sample")
    groups: dict[str, tuple[str, ...]] = {}
    parts: list[list[list[object]]] = []
    for key, array in arrays.items():
        columns, rows = array_columns(array, key, f"the array {key} in {name}")
        groups[key] = (key,) if array.ndim == 1 and not array.dtype.names else columns
        parts.append(rows)
    names = unmet(name, (c for columns in groups.values() for c in columns))
    rows = [[cell for part in parts for cell in part[i]] for i in range(len(parts[0]))]
    said: tuple[str, ...] = (f"arrays {', '.join(groups)}",) if len(groups) > 1 else ()
    said += tuple(f"{key}: {what}" for key, array in arrays.items() for what in laid_out(array))
    return RawTable(name, names, rows, range(1, len(rows) + 1), "row", plain_cell, said, groups)


def _loaded(name: str, data: bytes) -> Any:
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # NumPy tells of pickles and of headers
        if "allow_pickle" in str(error):
            raise DataError(f"{name} holds Python objects, not numbers; save an array of numbers") from None
        raise DataError(f"{name} is a NumPy file that is cut short or damaged") from None
    return found


def _member(name: str, loaded: Any, key: str) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        found: np.ndarray[Any, np.dtype[Any]] = loaded[key]
    except Exception as error:
        what = "holds Python objects, not numbers" if "allow_pickle" in str(error) else "is cut short or damaged"
        raise DataError(f"the array {key} in {name} {what}") from None
    if math.prod(found.shape) == 0:
        raise DataError(f"the array {key} in {name} is empty")
    return found
