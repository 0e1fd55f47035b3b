"""From records to a table with named columns: the header, names of rows, and columns without a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from neurovariety.errors import DataError
from neurovariety.tables.raw_table import Cell, RawTable, Record, numbered_columns, unmet

_SHOWN = 5


class FileLayout(NamedTuple):
    """What is known of a file beside its records: its name, how a cell is read, the word for the place of a record, what was done, and
    whether the first record names the columns (None: not yet said)."""

    name: str
    read: Callable[[object], Cell]
    place: str
    done: tuple[str, ...]
    header: str | None


def headed(records: Sequence[Record], layout: FileLayout) -> RawTable:
    """The table of records, the first of which names the columns unless they have no names.

    Raises `DataError` for a file without rows, rows of different lengths, a first row that is all numbers where nobody said whether it
    is a header, and two columns of the same name.
    """
    name, read = layout.name, layout.read
    if not records:
        raise DataError(f"the data file {name} is empty; expected a header line and rows of numbers")
    first = [_text(c) for c in records[0].cells]
    looks = _looks_like_data(records, read) if layout.header is None else ""
    if looks:
        shown = ", ".join(first[:_SHOWN]) + (", ..." if len(first) > _SHOWN else "")
        raise DataError(
            f"the first line of {name} {looks} ({shown[:60]}): does it name the columns? say --header yes, or --header no, and they "
            "are called x0, x1, ..."
        )
    if layout.header == "no":
        rows, width = records, len(first)
        _check_lengths(rows, width, layout, f"the first has {width}")
        return _table(numbered_columns("x", width), rows, layout, ("no header: columns are called x0, x1, ...",))
    rows = records[1:]
    if not rows:
        raise DataError(f"the data file {name} has a header but no rows")
    said: tuple[str, ...] = ()
    if len(first) > 1 and all(len(r.cells) == len(first) + 1 for r in rows) and _name_rows([read(r.cells[0]) for r in rows]):
        first, said = ["", *first], ("names of rows left out",)
        rows = [Record(r.place, ["", *r.cells[1:]]) for r in rows]
    _check_lengths(rows, len(first), layout, f"the header has {len(first)}")
    kept, more = _named(first, rows, read)
    rows = [Record(r.place, [r.cells[k] for k in kept]) for r in rows] if len(kept) < len(first) else rows
    return _table(tuple(kept.values()), rows, layout, said or more)


def _looks_like_data(records: Sequence[Record], read: Callable[[object], Cell]) -> str:
    """Why the first record is more likely data than names of columns, in words; empty where it is not.

    Names are words, or whole numbers such as years beside words; a decimal, or a word that stands in its column again beside a number,
    is data.
    """
    first = [read(c) for c in records[0].cells]
    numbers = [c for c in first if isinstance(c, Fraction)]
    if numbers and all(c is None or isinstance(c, Fraction) for c in first):
        return "is all numbers"
    again = any(
        isinstance(c, str) and any(len(r.cells) > k and read(r.cells[k]) == c for r in records[1:]) for k, c in enumerate(first)
    )
    return "looks like data" if any(n.denominator > 1 for n in numbers) or (numbers and again) else ""


def _name_rows(cells: Sequence[Cell]) -> bool:
    """Whether the first cells of rows name them: words, or numbers that count three rows or more."""
    return all(isinstance(c, str) for c in cells) or (len(cells) > 2 and cells == [Fraction(i + 1) for i in range(len(cells))])


def _table(columns: tuple[str, ...], rows: Sequence[Record], layout: FileLayout, said: tuple[str, ...]) -> RawTable:
    cells, places = [r.cells for r in rows], [r.place for r in rows]
    named = unmet(f"the data file {layout.name}", columns)
    return RawTable(layout.name, named, cells, places, layout.place, layout.read, (*layout.done, *said))


def _named(first: Sequence[str], rows: Sequence[Record], read: Callable[[object], Cell]) -> tuple[Mapping[int, str], tuple[str, ...]]:
    """The columns to keep with their names: one without a name that is empty, or counts the rows, is left out."""
    kept, said = {}, []
    for k, title in enumerate(first):
        if title:
            kept[k] = title
            continue
        cells = [read(r.cells[k]) for r in rows]
        if all(c is None for c in cells):
            said.append(f"column {k + 1}, empty and without a name, left out")
        elif any(cells == [Fraction(i + start) for i in range(len(rows))] for start in (0, 1)):
            said.append(f"column {k + 1}, which has no name and counts the rows, left out")
        else:
            kept[k] = f"column {k + 1}"
            said.append(f"column {k + 1} has no name and is called so")
    if said == ["column 1, empty and without a name, left out"]:
        said = []  # names of rows, which were left out with a sentence of their own
    return kept, tuple(said)


def _check_lengths(rows: Sequence[Record], width: int, layout: FileLayout, expected: str) -> None:
    wrong = next((r for r in rows if len(r.cells) != width), None)
    if wrong is None:
        return
    found, name = len(wrong.cells), layout.name
    lengths = {len(r.cells) for r in rows}
    hint = ""
    if any("\n" in _text(c) for c in wrong.cells):
        hint = ": is a quotation mark not closed?"
    elif width == 1 and layout.header != "no":
        hint = "; if the first line is a title, remove it; if commas are decimal signs, say --decimal comma"
    elif lengths == {2 * width} and layout.place == "line":
        hint = ": commas as decimal signs between commas cannot be told apart; save it with semicolons or tabs between columns"
    raise DataError(f"{layout.place} {wrong.place} of {name} has {found} value{'' if found == 1 else 's'}, {expected}{hint}")


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()
