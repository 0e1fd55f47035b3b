"""Frames and arrays at hand: whatever has columns by name (pandas, polars, Arrow, narwhals, a dictionary), and tables of numbers.

No package of frames is imported: a frame is known by its ``columns``, a column by its method that gives a list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neurovariety.errors import DataError
from neurovariety.tables.raw_table import RawTable, numbered_columns, plain_cell, unmet

_LISTS = ("to_pylist", "to_list", "tolist")
"""What a column calls the method that gives its values as a list."""


def is_frame(value: object) -> bool:
    """Whether a value has columns by name."""
    if isinstance(value, np.ndarray):
        return value.dtype.names is not None
    return isinstance(value, Mapping) or any(hasattr(value, name) for name in ("collect", "columns", "column_names"))


def frame_table(frame: Any, name: str = "data", done: tuple[str, ...] = ()) -> RawTable:
    """The table in a frame, a structured array, or a dictionary of columns.

    Raises `DataError` where columns have different lengths or the same name, or cannot be listed.
    """
    if hasattr(frame, "collect") and not hasattr(frame, "to_dict"):
        frame = _collected(frame)
    keys = _keys(frame)
    names = unmet(name, (" ".join(map(str, k)) if isinstance(k, tuple) else str(k) for k in keys))
    columns = [_listed(frame[k], title) for k, title in zip(keys, names, strict=True)]
    if len({len(c) for c in columns}) > 1:
        lengths = ", ".join(f"{n} {len(c)}" for n, c in zip(names, columns, strict=True))
        raise DataError(f"the columns of {name} have different lengths: {lengths[:150]}")
    rows = [list(row) for row in zip(*columns, strict=True)]
    return RawTable(name, names, rows, range(1, len(rows) + 1), "row", plain_cell, done + _index_of(frame))


def records_table(records: Sequence[Mapping[Any, Any]], name: str = "data") -> RawTable:
    """The table in a list of dictionaries, one a row; a value that one does not have is missing."""
    keys = dict.fromkeys(key for record in records for key in record)
    return frame_table({key: [record.get(key) for record in records] for key in keys}, name)


def laid_out(values: object) -> tuple[str, ...]:
    """That samples with several axes are laid out as columns, where they are."""
    shape = getattr(values, "shape", ())
    if not isinstance(shape, tuple) or len(shape) < 3:
        return ()
    return (f"samples of shape {' x '.join(map(str, shape[1:]))} laid out as {math.prod(shape[1:])} columns",)


def _index_of(frame: Any) -> tuple[str, ...]:
    """That an index with a name, which pandas does not count as a column, is left out."""
    names = getattr(getattr(frame, "index", None), "names", None)
    named = [str(n) for n in names if n is not None] if isinstance(names, Iterable) and not isinstance(names, str) else []
    return (f"index {', '.join(named)} left out (reset_index makes it a column)",) if named else ()


def array_columns(values: object, letter: str, what: str) -> tuple[tuple[str, ...], list[list[object]]]:
    """Names and rows of a table without a frame: columns ``letter0, letter1, ...`` of an array (samples, ...), one column where it has
    one axis; a series keeps its name. Raises `DataError`, naming ``what`` it is, where it is no table."""
    if is_frame(values):
        found = frame_table(values, what)
        return found.columns, [list(row) for row in found.rows]
    title = getattr(values, "name", None)
    if hasattr(values, "toarray"):
        raise DataError(f"{what} is sparse; give {letter}.toarray()")
    if title is not None and not callable(title) and any(hasattr(values, m) for m in _LISTS) and not isinstance(values, np.ndarray):
        return (str(title) or letter,), [[v] for v in _listed(values, str(title))]
    try:
        array = np.asarray(values, dtype=object if isinstance(values, list | tuple) else None)
    except Exception as error:  # whatever a foreign array says of itself
        raise DataError(f"{what} is no table of numbers ({type(error).__name__}); give rows of equally many numbers") from None
    if not array.ndim:
        raise DataError(f"{what} is a single value; give a table with one row a sample")
    if array.dtype == object and any(isinstance(v, list | tuple | dict) for v in array.reshape(-1).tolist()):
        raise DataError(f"{what} has rows of different lengths, or lists in it; give rows of equally many numbers")
    if np.iscomplexobj(array) or any(isinstance(v, complex) for v in (array.reshape(-1).tolist() if array.dtype == object else ())):
        raise DataError(f"{what} holds complex numbers; give real and imaginary parts as columns of their own")
    flat = array.reshape(len(array), -1) if len(array) else array.reshape(0, 0)
    names = (letter,) if array.ndim == 1 else numbered_columns(letter, flat.shape[1])
    return names, flat.tolist()


def _collected(frame: Any) -> Any:
    try:
        return frame.collect()
    except Exception as error:
        raise DataError(f"the frame cannot be computed ({type(error).__name__}); give its collect()") from None


def _keys(frame: Any) -> Sequence[Any]:
    if isinstance(frame, np.ndarray):
        return list(frame.dtype.names or ())
    if isinstance(frame, Mapping):
        return list(frame)
    names: Iterable[Any] = frame.column_names if hasattr(frame, "column_names") else frame.columns
    return list(names)


def _listed(column: Any, title: str) -> list[object]:
    """The values of a column. A list of exact numbers stays what it is."""
    method = next((getattr(column, m) for m in _LISTS if hasattr(column, m)), None)
    try:
        found = method() if method is not None else list(column)
    except Exception as error:  # two columns of one name are a frame again
        raise DataError(
            f"the column {title[:40]!r} cannot be listed ({type(error).__name__}); rename it if two are called so"
        ) from None
    if not isinstance(found, list) or any(isinstance(v, list | tuple | dict) for v in found):
        raise DataError(f"the column {title[:40]!r} holds lists, not numbers; make a column of each of their entries")
    return found
