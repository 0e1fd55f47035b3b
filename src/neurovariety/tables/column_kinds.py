"""What a column holds, and what to do about one that holds no numbers: in options that do what the sentence says they do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import NamedTuple

from neurovariety.tables.number_styles import looks_like_a_number
from neurovariety.tables.raw_table import Cell

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[ap]\.?m\.?)?(\s?(z|utc|gmt|[+-]\d{2}:?\d{2}))?"
_DAY = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|\d{{1,2}}\.?[\s/-]?{_MONTH}[\s,/-]*\d{{2,4}}|{_MONTH}[\s/-]\d{{1,2}},?[\s/-]\d{{2,4}}|\d{{4}}[\s/-]{_MONTH}[\s/-]\d{{1,2}}"
)
_DATE = re.compile(rf"({_DAY})([t\s,]+{_TIME})?", re.IGNORECASE)
_CLOCK = re.compile(_TIME, re.IGNORECASE)
_UNIT = re.compile(r"([^\w\s.,+-])\s*[+-]?\d[\d.,]*|[+-]?\d[\d.,]*\s*([^\W\d_]{1,6}|[^\w\s.,+-])")
_FRACTION = re.compile(r"[+-]?\d{1,9}\s*/\s*\d{1,9}")
_INFINITE = frozenset({"inf", "infinity"})
_LONGEST = 40
"""Characters of a name that a sentence repeats."""


class Column(NamedTuple):
    """A column that is used: its name, its cells, whether it is a target, whether the user named it, and the number of the last row
    that was asked for, where the first cell is that of the first row of the table (0 where it is not)."""

    name: str
    cells: Sequence[Cell]
    target: bool = False
    named: bool = False
    last: int = 0

    @property
    def kind(self) -> str:
        """`kind_of` its cells."""
        return kind_of(self.cells)


def kind_of(cells: Sequence[Cell]) -> str:
    """What a column holds: ``numbers``, ``yes or no`` (true and false), ``dates``, ``times`` of a day, ``fractions`` (1/3), ``words``,
    ``mixed`` or ``nothing``."""
    words = [c for c in cells if isinstance(c, str)]
    if not words:
        return "numbers" if any(c is not None for c in cells) else "nothing"
    if any(isinstance(c, Fraction) for c in cells):
        return "mixed"
    if all(w.lower() in ("true", "false") for w in words):
        return "yes or no"
    if all(_CLOCK.fullmatch(w) for w in words):
        return "times"
    if all(_FRACTION.fullmatch(w) for w in words):
        return "fractions"
    return "dates" if all(_DATE.fullmatch(w) or _CLOCK.fullmatch(w) for w in words) else "words"


def unit_of(cells: Sequence[Cell]) -> str:
    """The unit, or the sign of money or percent, that all values of a column have beside a number; empty where they have none, or not
    the same one."""
    found = {_UNIT.fullmatch(str(c).strip()) for c in cells if c is not None}
    units = {"".join(part or "" for part in match.groups()) if match else "" for match in found}
    return units.pop() if len(units) == 1 else ""


def infinite(cells: Sequence[Cell]) -> bool:
    """Whether a word among the cells says infinity."""
    return any(c.lower().lstrip("+-") in _INFINITE for c in cells if isinstance(c, str))


def first_row_differs(cells: Sequence[Cell]) -> bool:
    """Whether a word without digits stands in the first row and two numbers or more, and nothing else, below, as a second line of
    headings makes it."""
    first, below = next(iter(cells), None), [c for c in cells[1:] if c is not None]
    heading = isinstance(first, str) and not any(c.isdigit() for c in first) and not infinite([first])
    return heading and len(below) > 1 and all(isinstance(c, Fraction) for c in below)


def option_of(names: Collection[str]) -> str:
    """Names of columns as one word for an option of the command line; empty where that would not be read as they are."""
    text = ",".join(names)
    usable = len(text) <= 4 * _LONGEST and "\n" not in text and (len(names) == 1 or not any("," in n for n in names))
    return shlex.quote(text) if usable else ""


def left_out(column: Column) -> str:
    """How a column is not used: a target, or an input that was asked for, is not one that can be dropped."""
    if column.target:
        return "choose another --target"
    if column.named:
        return "take it out of --features"
    return f"leave it out with --drop {option_of([column.name])}".rstrip()


def refusal(column: Column, where: str, i: int, name: str) -> str:
    """The sentence about cell i of a column that holds no numbers; ``where`` it stands in the table ``name``."""
    place = f"column {column.name[:_LONGEST]!r} of {name}, {where}"
    value, kind, cells = column.cells[i], column.kind, column.cells
    other = left_out(column)
    if value is None:
        lost = sum(c is None for c in cells)
        many = f", as {lost} of {len(cells)} are" if lost > 1 else ""
        column_too = other.replace("leave it out with", "the column with")
        return f"{place}: the value is missing{many}; leave such rows out with --missing drop, or {column_too}"
    text = " ".join(str(value)[:30].split())
    if infinite([value]):
        return f"{place}: {text!r} is not finite; remove the row or column, or make it numeric"
    if kind in ("dates", "times"):
        what, instead = ("a date", "days or years") if kind == "dates" else ("a time", "hours or seconds")
        return f"{place}: {text!r} is not a number but {what}; write {instead} as numbers, or {other}"
    if "\n" in str(value):
        return f"{place}: {text!r} goes on over several lines, which is not a number; is a quotation mark not closed?"
    if kind == "mixed" and column.last and first_row_differs(cells):
        return (
            f"{place}: {text!r} is not a number, and all values below it are; is it a second line of headings, such as units? "
            f"--rows 2:{column.last} leaves it out"
        )
    if kind == "mixed":
        count = sum(isinstance(c, str) for c in cells)
        return f"{place}: {text!r} is not a number, as {count} of {len(cells)} values; {_mended(text)}or {other}"
    if unit_of(cells) or kind == "fractions":
        return f"{place}: {text!r} is not a number; {_mended(text)}or {other}"
    if all(looks_like_a_number(str(c)) for c in cells):
        return f"{place}: {text!r} is text that reads like a number, as all values there; make the column one of numbers, or {other}"
    return f"{place}: {text!r} is not a number; {_of_words(column)}, or {other}"


def _of_words(column: Column) -> str:
    """How columns of numbers are made of one of words, and what that means for a network whose outputs they are."""
    made = "make columns of 0 and 1 of its words with --categories one-hot"
    if not column.target:
        return made
    words = len({c for c in column.cells if c is not None})
    alone = "write its two words as 0 and 1 for one output, or " if words == 2 else ""
    return f"{alone}{made}, which takes a network with {words} outputs" if words > 1 else made


def _mended(text: str) -> str:
    """What to do about a value that almost is a number."""
    if text.endswith("%"):
        return "write parts in place of percents, "
    if _FRACTION.fullmatch(text):
        return "write fractions as decimals, "
    if unit_of([text]):
        return "write numbers without units, "
    return "mend it, "
