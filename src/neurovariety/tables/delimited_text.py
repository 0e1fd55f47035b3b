"""Tables written as text: what stands between columns, how numbers are written, comments, and the alphabet, all found out and said."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from neurovariety.errors import DataError
from neurovariety.tables.headed_records import FileLayout, headed
from neurovariety.tables.number_styles import looks_like_a_number, style_of
from neurovariety.tables.raw_table import RawTable, Record

_SEPARATORS = {",": "", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "spaces"}
"""What may stand between columns, with its name where it is not the usual."""
_LOOKED_AT = 200
"""Lines by which the separator is found."""
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a\x1b")


class _Line(NamedTuple):
    place: int
    text: str


def text_table(name: str, data: bytes, header: str | None, decimal: str | None) -> RawTable:
    """The table in a text. Raises `DataError` where it is no text, or no table."""
    text, done = _decoded(name, data)
    lines, comments, stated = _lines(text)
    if not lines:
        raise DataError(f"the data file {name} is empty; expected a header line and rows of numbers")
    quote = _quote(lines)
    separator = stated or _separator(lines[:_LOOKED_AT], quote, decimal)
    above = comments[-1] if comments and comments[-1].place < lines[0].place else None
    records = list(_records(name, lines, separator, quote))
    titles = _commented_header(above, records, separator, quote)
    if titles is not None:
        records, comments = [titles, *records], comments[:-1]
        done += ("header after a comment sign",)
    records = _without_last(records)
    style = style_of(name, (c for r in records[1:] for c in r.cells), decimal)
    between = _SEPARATORS[separator] if any(len(r.cells) > 1 for r in records) else ""
    done += (f"{between} between columns",) if between else ()
    done += (f"{len(comments)} comment line{'s' if len(comments) > 1 else ''} left out",) if comments else ()
    return headed(records, FileLayout(name, style.read, "line", done + style.said(), "yes" if titles is not None else header))


def _decoded(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and the alphabet where it is not UTF-8."""
    if data.startswith(_MARKS[1:]):
        try:
            return data.decode("utf-16"), ("UTF-16",)
        except UnicodeDecodeError:
            raise DataError(f"the data file {name} cannot be read: it begins as UTF-16 text and is cut short or damaged") from None
    unmarked = _unmarked(data[:4000])
    if unmarked:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(unmarked), ("UTF-16",)
    if _CONTROL.intersection(data[:100_000]):
        raise DataError(f"{name} is not a text file; give a table as CSV text, Parquet, Feather, .xlsx, .npy or .npz")
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), ("not UTF-8, read as Latin-1",)
    except UnicodeDecodeError:
        return data.decode("latin-1"), ("not UTF-8, read as Latin-1",)


def _unmarked(start: bytes) -> str:
    """UTF-16 without the mark at its beginning is known by its zeros, which stand at every other place; empty where it is not that."""
    first, second = start[::2], start[1::2]
    if len(second) > 3 and second.count(0) > 0.6 * len(second) and not first.count(0):
        return "utf-16-le"
    return "utf-16-be" if len(first) > 3 and first.count(0) > 0.6 * len(first) and not second.count(0) else ""


def _lines(text: str) -> tuple[list[_Line], list[_Line], str]:
    """Lines with content, comment lines, and the separator where the first line states it (``sep=;``, as Excel does)."""
    lines, comments, inside, stated = [], [], False, ""
    for place, line in enumerate(io.StringIO(text, newline=""), start=1):
        bare = line.strip()
        if not inside and (not bare or bare.startswith("#")):
            if bare:
                comments.append(_Line(place, bare))
            continue
        if place == 1 and bare.lower().startswith("sep=") and bare[4:5] in _SEPARATORS:
            stated = bare[4]
            continue
        inside ^= line.count('"') % 2 == 1
        lines.append(_Line(place, line))
    return lines, comments, stated


def _quote(lines: Sequence[_Line]) -> str:
    """The quotation mark: a single one where every value of the first line stands between two."""
    first = lines[0].text.strip()
    return "'" if len(first) > 2 and first[0] == first[-1] == "'" and '"' not in first else '"'


def _separator(lines: Sequence[_Line], quote: str, decimal: str | None) -> str:
    """What most likely stands between columns: as many values in every line as in the first, and numbers rather than words. Where
    commas are said to be decimal signs, they are not asked."""
    candidates = [s for s in _SEPARATORS if s != "," or decimal != "comma"]
    best, found = (0.0, 0.0), candidates[0]
    for separator in candidates:
        try:
            records = [r.cells for r in _records("", lines, separator, quote)]
        except DataError:
            continue
        width, rows = len(records[0]), records[1:]
        if width < 2:
            continue
        same = sum(len(r) in (width, width + 1) for r in rows) / len(rows) if rows else 1.0
        if separator == " " and same < 1:
            continue
        cells = [c for r in rows for c in r]
        score = (round(same, 1) + 0.01, sum(looks_like_a_number(str(c)) for c in cells) / max(len(cells), 1))
        if score > best:
            best, found = score, separator
    return found


def _records(name: str, lines: Sequence[_Line], separator: str, quote: str) -> Iterator[Record]:
    spaces = separator == " "
    texts = (line.text.strip() + "\n" if spaces else line.text for line in lines)
    reader = csv.reader(texts, delimiter=separator, quotechar=quote, skipinitialspace=spaces)
    seen = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            raise DataError(
                f"line {lines[min(seen, len(lines) - 1)].place} of {name} has a value of more than 100,000 characters that cannot be "
                "read: is a quotation mark missing?"
            ) from None
        if cells is None:
            return
        place, seen = lines[min(seen, len(lines) - 1)].place, reader.line_num
        if any(c.strip() for c in cells):
            yield Record(place, cells)


def _commented_header(above: _Line | None, records: Sequence[Record], separator: str, quote: str) -> Record | None:
    """The last comment line above a table whose first line is no header, where it has as many values and they are names."""
    if above is None or not any(looks_like_a_number(str(c)) for c in records[0].cells):
        return None
    bare = above.text.lstrip("#").strip()
    found = next(_records("", [_Line(above.place, bare)], separator, quote), None)
    if found is None or len(found.cells) != len(records[0].cells):
        return None
    names = [str(c).strip() for c in found.cells]
    return Record(above.place, names) if all(n and not looks_like_a_number(n) for n in names) else None


def _without_last(records: list[Record]) -> list[Record]:
    """Records without their last value, where that is empty in all: separators at the ends of lines."""
    while len(records[0].cells) > 1 and all(len(r.cells) > 1 and not str(r.cells[-1]).strip() for r in records):
        records = [Record(r.place, r.cells[:-1]) for r in records]
    return records
