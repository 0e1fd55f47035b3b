"""One reader for tables: files of any usual kind, frames, arrays, and pairs of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError, InputError
from neurovariety.options import require_choice
from neurovariety.tables.chosen_columns import as_dataset
from neurovariety.tables.file_kinds import file_table
from neurovariety.tables.frames import array_columns, frame_table, is_frame, laid_out, records_table
from neurovariety.tables.raw_table import RawTable, plain_cell, unmet
from neurovariety.tables.table_options import TableOptions


def read_table(source: object, target: str | Sequence[str] | None = None, **options: Unpack[TableOptions]) -> Dataset:
    """Read a table: a file, a frame (pandas, polars, Arrow, a dictionary of columns), rows as dictionaries, an array, or a
    pair (inputs, targets).

    What a file is, is told by its content: text with commas, semicolons, tabs, bars or spaces between columns, decimal points or
    commas, quotes, comment lines (``#``), UTF-8, UTF-16 or Latin-1; Parquet and Feather (with pyarrow), Excel (with openpyxl), NumPy's
    .npy and .npz; packed with gzip or not. ``target`` names the target column, or several separated by commas; all other columns are
    inputs, unless options say otherwise (``features``, ``drop``, ``missing``, ``categories``, ``rows``, ``header``, ``decimal``; see
    `TableOptions`). Decimals in text and in Excel are exact rational numbers, floats of the others are their exact binary values.

    The data set says in ``done`` what was found and done. Raises `DataError` for a file that is missing, empty, ragged or of another
    kind, an unknown column, a value that is missing or is not a finite number (naming column and line), and for what can be read in two
    ways; `InputError` for unusable options.

    >>> read_table({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, "c", drop="b")
    Dataset(data: 2 samples of a -> c; column b left out)
    """
    unknown = set(options) - set(TableOptions.__annotations__)
    if unknown:
        raise InputError(f"tables have no option {min(unknown)!r}; their options are {', '.join(TableOptions.__annotations__)}")
    if isinstance(source, Dataset):
        raise InputError("this is a Dataset already; give read_table the file, frame or arrays that it came from")
    header, decimal = options.get("header"), options.get("decimal")
    if header is not None:
        require_choice("header", header, ("yes", "no"))
    if decimal is not None:
        require_choice("decimal", decimal, ("comma", "point"))
    if isinstance(source, tuple) and len(source) == 2 and not isinstance(source[0], str):
        if target is not None:
            raise InputError("a pair is inputs and targets; give no name of a target")
        return _of_pair(source, options)
    return as_dataset(raw_table(source, header, decimal), target, options)


def read_csv(path: str | Path, target: str | Sequence[str] | None = None, **options: Unpack[TableOptions]) -> Dataset:
    """Read a file with a table: `read_table`, by the name that everybody tries first. Takes the same options, raises the same."""
    return read_table(path, target, **options)


def raw_table(source: Any, header: str | None = None, decimal: str | None = None) -> RawTable:
    """The table in a file, a frame or an array, as it was found. Raises `DataError` like `read_table`."""
    if isinstance(source, str | Path):
        if str(source).lower().startswith(("http://", "https://", "s3://", "ftp://")):
            raise DataError(f"{str(source)[:80]} is an address; download the file and give its name")
        if source == "":
            raise DataError("the name of the data file is empty; give the path of a file with a table")
        return file_table(Path(source), header, decimal)
    if is_frame(source):
        return frame_table(source)
    if isinstance(source, list) and source and all(isinstance(row, Mapping) for row in source):
        return records_table(source)
    if hasattr(source, "read"):
        raise DataError("this is an open file; give its name")
    columns, rows = array_columns(source, "x", "the table")
    return RawTable("data", columns, rows, range(1, len(rows) + 1), "row", plain_cell, laid_out(source))


def taken(data: Any) -> Any:
    """What an entry does with data that it is given: a frame, a file or a pair with frames becomes a `Dataset`; anything else stays."""
    if isinstance(data, str | Path) or (is_frame(data) and not isinstance(data, Dataset)):
        return as_dataset(raw_table(data), None, TableOptions())
    if isinstance(data, tuple) and len(data) == 2 and any(is_frame(part) or hasattr(part, "to_list") for part in data):
        return read_table(data)
    return data


def _of_pair(pair: tuple[Any, Any], options: TableOptions) -> Dataset:
    """Columns of two tables side by side."""
    first, second = array_columns(pair[0], "x", "the table of inputs"), array_columns(pair[1], "y", "the table of targets")
    if len(first[1]) != len(second[1]):
        raise DataError(f"{len(first[1])} rows of inputs and {len(second[1])} of targets do not go together: give one target a sample")
    names = unmet("the pair of tables", first[0] + second[0])
    rows = [a + b for a, b in zip(first[1], second[1], strict=True)]
    raw = RawTable("data", names, rows, range(1, len(rows) + 1), "row", plain_cell)
    return as_dataset(raw, second[0], options)
