"""A table as it was found: named columns, and cells that are numbers, words, or missing."""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from neurovariety.errors import DataError
from neurovariety.exact_numbers import exact_number

Cell = Fraction | str | None
"""A number, a word, or nothing."""

_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "?", ".", "-", "--"})
"""Words, in small letters, that stand where no value is."""


@dataclass(frozen=True, eq=False)
class RawTable:
    """``columns``: their names, each once. ``rows``: cells as they were found, of which ``read`` makes a `Cell`; ``places``: the
    line or row of the file where each stands, in the word ``place``. ``done``: how it was read, where that is not as usual.
    ``groups``: names that stand for several columns (arrays of a file of arrays)."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    places: Sequence[int]
    place: str
    read: Callable[[object], Cell]
    done: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Record(NamedTuple):
    """A row of a file before anybody knows which is the header: where it stands, and its cells."""

    place: int
    cells: Sequence[object]


def is_missing(text: str) -> bool:
    """Whether a text says that there is no value."""
    return text.lower() in _MISSING


def plain_cell(value: object) -> Cell:
    """What a cell of an array, a frame or a sheet holds: floats are their exact binary values, days and times are words."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return None if is_missing(value.strip()) else value.strip()
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, numbers.Number):
        try:
            return exact_number(value)
        except ValueError:
            return str(value)
    return str(value)


def unmet(name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Names of columns, each of which stands once. Raises `DataError` where two are the same, or there is none."""
    found = tuple(columns)
    if not found:
        raise DataError(f"{name} has no columns")
    twice = next((c for k, c in enumerate(found) if c in found[:k]), None)
    if twice is not None:
        raise DataError(f"{name} has two columns of the same name, {twice[:40]!r}; rename one")
    return found


def numbered_columns(letter: str, count: int) -> tuple[str, ...]:
    """``x0, x1, ...``"""
    return tuple(f"{letter}{k}" for k in range(count))
