"""Tables of data as they are written beside certificates: the loss that these speak of can then be made anew from the file alone.

A number is written as the integer or the double that it is, else as a text such as ``391/10``; nothing is rounded.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError
from neurovariety.exact_numbers import exact_table

MOST_NUMBERS = 50_000
"""Of a table that is written; about a megabyte."""
_LARGEST_WHOLE = 2**53


def written_table(table: Any, has_targets: bool) -> Any:
    """Inputs, or inputs and targets as an object of these; None for a table that is no such thing, or too large."""
    if isinstance(table, Dataset):
        table = (table.inputs, table.targets) if has_targets else table.inputs
    if has_targets:
        parts = [_rows(part) for part in table] if isinstance(table, tuple | list) and len(table) == 2 else [None]
        return None if None in parts else {"inputs": parts[0], "targets": parts[1]}
    return _rows(table)


def table_read_back(written: Any) -> Any:
    """The table that was written: inputs, or a pair of inputs and targets."""
    if isinstance(written, dict) and written.keys() == {"inputs", "targets"}:
        return written["inputs"], written["targets"]
    return written


def _rows(table: Any) -> Any:
    try:
        exact = exact_table(table, "data")
    except DataError:
        return None
    if not exact.ndim or exact.size > MOST_NUMBERS:
        return None
    out = np.empty(exact.shape, dtype=object)
    out.reshape(-1)[:] = [_number(v) for v in exact.reshape(-1).tolist()]
    return out.tolist()


def _number(value: Fraction) -> int | float | str:
    if value.denominator == 1:
        return value.numerator if abs(value.numerator) <= _LARGEST_WHOLE else str(value.numerator)
    try:
        near = float(value)
    except OverflowError:
        return str(value)
    return near if Fraction(near) == value else str(value)
