"""What a data file is, told by its first bytes and never by its name."""

from __future__ import annotations

import contextlib
import difflib
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from neurovariety.errors import DataError
from neurovariety.tables.array_files import npy_table, npz_table
from neurovariety.tables.columnar_files import excel_table, feather_table, parquet_table
from neurovariety.tables.delimited_text import text_table
from neurovariety.tables.raw_table import RawTable

_LONGEST_NAME = 80
"""Characters of a name that a sentence repeats."""

_LARGEST = 2**31
"""Bytes of a file, unpacked."""
_READERS: dict[bytes, Callable[[str, bytes], RawTable]] = {
    b"PAR1": parquet_table,
    b"ARROW1": feather_table,
    b"FEA1": feather_table,
    b"\x93NUMPY": npy_table,
}
_PICKLE = "a pickle, which can run code and is not opened; give the frame in it, or write it as CSV"
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
    b"%PDF": "a PDF document; export the table in it as CSV",
    b"\x89HDF": "an HDF5 file; write the table in it as CSV, Parquet or .npz",
    b"SQLite format 3": "an SQLite database; export one table of it as CSV",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"<stata_dta>": "a Stata file; export it as CSV",
    b"$FL2": "an SPSS file; export it as CSV",
    b"RDX": "an R workspace; write the table with write.csv",
    b"\x89PNG": "a picture; give the table itself",
    b"\xff\xd8\xff": "a picture; give the table itself",
    b"GIF8": "a picture; give the table itself",
    b"MATLAB 5.0": "a file of MATLAB; save the table in it as CSV or .npz",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it first",
    b"Obj\x01": "an Avro file; write it as CSV or Parquet",
    b"ORC": "an ORC file; write it as CSV or Parquet",
    **{bytes((0x80, version)): _PICKLE for version in (2, 3, 4, 5)},
}
_TEXTS = {
    b"<!doctype": "a web page; download the table itself",
    b"<html": "a web page; download the table itself",
    b"{": "JSON; write it as CSV, or read it with json in Python and give the columns or the rows in it",
    b"[": "JSON; write it as CSV, or read it with json in Python and give the columns or the rows in it",
    b"<?xml": "XML; save it as CSV or .xlsx",
    b"@relation": "ARFF; save it as CSV",
    b"version https://git-lfs": "a pointer to a large file that was not fetched; run git lfs pull",
}


def file_table(path: Path, header: str | None, decimal: str | None) -> RawTable:
    """The table in a file. Raises `DataError` for a file that is missing, or holds no table that can be read."""
    name = path.name
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _LARGEST else b""
    except FileNotFoundError:
        raise DataError(f"the data file {path} does not exist{_meant(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a directory; give a file with a table") from None
    except (OSError, ValueError) as error:
        short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
        raise DataError(
            f"the data file {short} cannot be read: {getattr(error, 'strerror', None) or 'it has no usable name'}"
        ) from None
    if size > _LARGEST:
        raise DataError(f"the data file {name} has more than {_LARGEST / 2**30:.0f} GiB; give a part of it")
    return _of_bytes(name, data, header, decimal)


def _of_bytes(name: str, data: bytes, header: str | None, decimal: str | None) -> RawTable:
    for mark, reader in _READERS.items():
        if data.startswith(mark):
            return reader(name, data)
    for mark, what in _OTHERS.items():
        if data.startswith(mark):
            raise DataError(f"{name} is {what}")
    if data.startswith(b"\x1f\x8b"):
        return _of_bytes(name, _unpacked(name, data), header, decimal)
    if data.startswith(b"PK\x03\x04"):
        return _of_archive(name, data, header)
    start = data[:2000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, what in _TEXTS.items():
        if start.startswith(mark) and (mark not in (b"[", b"{") or _is_json(data)):
            raise DataError(f"{name} is {what}")
    return text_table(name, data, header, decimal)


def _is_json(data: bytes) -> bool:
    """Whether text that begins with a bracket is JSON, or lines of JSON: a header may begin with one too."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb'[{[]\s*(["{[]|$)', text):  # what no header begins with
        return True
    for part in (text.split(b"\n", 1)[0], text):
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(part)
            return True
    return False


def _unpacked(name: str, data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            found = file.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        raise DataError(f"{name} is packed with gzip, and cut short or damaged") from None
    if len(found) > _LARGEST or found.startswith(b"\x1f\x8b"):
        raise DataError(f"{name} is packed with gzip; unpack it first: there is too much in it")
    return found


def _of_archive(name: str, data: bytes, header: str | None) -> RawTable:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile:
        raise DataError(f"{name} is a ZIP archive or Excel file that is cut short or damaged") from None
    if "xl/workbook.xml" in members:
        return excel_table(name, data, header)
    if members and all(m.endswith(".npy") for m in members):
        return npz_table(name, data)
    if "mimetype" in members:
        raise DataError(f"{name} is an OpenDocument file; save it as .xlsx or CSV")
    shown = ", ".join(members[:3]) + (", ..." if len(members) > 3 else "")
    raise DataError(f"{name} is a ZIP archive of {shown[:100] or 'nothing'}; unpack it and give one table")


def _meant(path: Path) -> str:
    try:
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()][:10_000], 1)
    except OSError:
        return ""
    return f"; did you mean {near[0]}?" if near else ""
