"""Reading a data set: numbers exactly as they are written."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety.errors import DataError

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of exact numbers: ``inputs`` (samples, features) and ``targets`` (samples, columns) hold Fractions.

    A decimal such as 39.1 is the rational number 391/10, not its binary approximation. Nothing is standardized, dropped or split.
    """

    name: str
    features: tuple[str, ...]
    target_names: tuple[str, ...]
    inputs: np.ndarray[Any, np.dtype[Any]]
    targets: np.ndarray[Any, np.dtype[Any]]


def read_csv(path: str | Path, target: str | None = None) -> Dataset:
    """Read a CSV file with a header line.

    ``target`` names the target column, or several separated by commas; all other columns are inputs. Raises `DataError` for a file
    that is missing, empty, ragged, or not UTF-8, an unknown target, and a value that is not a finite number (naming column and line).
    """
    path = Path(path)
    header, rows = _table(path)
    targets = [t.strip() for t in target.split(",")] if target else []
    for name in targets:
        if name not in header:
            raise DataError(f"{path.name} has no column {name!r}; its columns are {', '.join(header)}")
    chosen = [header.index(t) for t in targets]
    rest = [k for k in range(len(header)) if k not in chosen]
    if not rest:
        raise DataError(f"{path.name} has no input column beside the target {', '.join(targets)}")
    values = np.empty((len(rows), len(header)), dtype=object)
    for i, (line, row) in enumerate(rows):
        for k, text in enumerate(row):
            values[i, k] = _number(text, header[k], line, path.name)
    return Dataset(path.name, tuple(header[k] for k in rest), tuple(targets), values[:, rest], values[:, chosen])


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(i, row) for i, row in enumerate(csv.reader(file), start=1) if any(c.strip() for c in row)]
    except FileNotFoundError:
        raise DataError(f"the data file {path} does not exist") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a directory; give a CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the data file {path.name} cannot be read as CSV text: {error}") from error
    if not lines:
        raise DataError(f"the data file {path.name} is empty; expected a header line and rows of numbers")
    header = [c.strip() for c in lines[0][1]]
    if len(lines) == 1:
        raise DataError(f"the data file {path.name} has a header but no rows")
    if len(set(header)) < len(header):
        raise DataError(f"the data file {path.name} has two columns of the same name")
    for i, row in lines[1:]:
        if len(row) != len(header):
            raise DataError(f"line {i} of {path.name} has {len(row)} values, the header has {len(header)}")
    return header, lines[1:]


def _number(text: str, column: str, line: int, name: str) -> Fraction:
    text = text.strip()
    if _NUMBER.fullmatch(text) and len(text) <= 60:
        return Fraction(text)
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        problem = "is not finite"
    elif not text or text.lower() in ("na", "n/a", "null", "none", "?"):
        problem = "is missing"
    else:
        problem = "is not a number"
    raise DataError(f"column {column!r} of {name}, line {line}: {text[:30]!r} {problem}; remove the row or column, or make it numeric")
