"""Parquet, Feather and Excel, by packages that are asked for only here."""

from __future__ import annotations

import importlib
import io
from types import ModuleType

from neurovariety.errors import DataError
from neurovariety.tables.frames import frame_table
from neurovariety.tables.headed_records import FileLayout, headed
from neurovariety.tables.raw_table import Cell, RawTable, Record, plain_cell

_EXTRA = "tables"


def parquet_table(name: str, data: bytes) -> RawTable:
    """The table in a Parquet file. Raises `DataError` where pyarrow is not installed, or the file is damaged."""
    return _by_arrow(name, data, "Parquet", "pyarrow.parquet", "read_table")


def feather_table(name: str, data: bytes) -> RawTable:
    """The table in a Feather (Arrow) file. Raises `DataError` where pyarrow is not installed, or the file is damaged."""
    return _by_arrow(name, data, "Feather", "pyarrow.feather", "read_table")


def _by_arrow(name: str, data: bytes, what: str, module: str, function: str) -> RawTable:
    reader = getattr(_package(name, what, module, "pyarrow"), function)
    try:
        found = reader(io.BytesIO(data))
    except Exception:  # whatever the package says of its codecs
        raise DataError(f"{name} is {what}, and cut short or damaged; write it again") from None
    return frame_table(found, name, (what,))


def excel_table(name: str, data: bytes, header: str | None) -> RawTable:
    """The table in the first sheet of an .xlsx file; a number is the shortest decimal that the file's float can be.

    Raises `DataError` where openpyxl is not installed, or the file is damaged.
    """
    package = _package(name, "Excel", "openpyxl", "openpyxl")
    try:
        book = package.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        names = [str(s) for s in book.sheetnames]
        book.close()
    except Exception:  # whatever the package says of the file's parts
        raise DataError(f"{name} is an Excel file that is damaged or has no table; save it as CSV") from None
    filled = [(k, row) for k, row in enumerate(rows, start=1) if any(c is not None for c in row)]
    width = max((1 + max(k for k, c in enumerate(row) if c is not None) for _, row in filled), default=0)
    records = [Record(k, (row + [None] * width)[:width]) for k, row in filled]
    which = f"Excel, sheet {str(sheet.title)!r}" + (f", the first of {len(names)}" if len(names) > 1 else "")
    return headed(records, FileLayout(name, _sheet_cell, "row", (which,), header))


def _sheet_cell(value: object) -> Cell:
    return plain_cell(_decimal(value)) if isinstance(value, float) else plain_cell(value)


def _decimal(value: float) -> object:
    from decimal import Decimal

    return Decimal(repr(value)) if value == value and abs(value) != float("inf") else value


def _package(name: str, what: str, module: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise DataError(
            f"{name} is {what}, which needs {package}: pip install 'neurovariety[{_EXTRA}]' (or save the table as CSV)"
        ) from None
