"""From a table as it was found to a data set: columns and rows are chosen, missing values and words dealt with, and all of it said."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import compress
from typing import NamedTuple, cast

import numpy as np

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError, InputError
from neurovariety.options import require_choice, shown
from neurovariety.tables.raw_table import Cell, RawTable
from neurovariety.tables.table_options import TableOptions

_MOST_WORDS = 50
"""Different words of a column of which columns are made; more are names, not categories."""
_NAMED = 12
"""Names that a sentence lists."""
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}([T ].*)?")
_UNIT = re.compile(r"([^\w\s.,+-])\s*[+-]?\d[\d.,]*|[+-]?\d[\d.,]*\s*([^\W\d_]{1,6}|[^\w\s.,+-])")
_INFINITE = frozenset({"inf", "infinity"})


class Selection(NamedTuple):
    """Names of the input and target columns, the cells (rows, columns) of both in this order, the place of each row, and what was left
    out."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    cells: list[list[Cell]]
    places: list[int]
    done: tuple[str, ...]


def as_dataset(raw: RawTable, target: str | Sequence[str] | None, options: TableOptions) -> Dataset:
    """The data set in a table. Raises `DataError` where columns are unknown, values are missing or no numbers and nobody said what is
    to be done, or nothing is left; `InputError` for unusable options."""
    missing, categories = options.get("missing", "fail"), options.get("categories", "fail")
    require_choice("missing", missing, ("drop", "fail"), "missing values: {value!r} is unknown, choose {choices}")
    require_choice("categories", categories, ("one-hot", "fail"), "categories: {value!r} is unknown, choose {choices}")
    found = selected(raw, target, options)
    done = [*raw.done, *found.done]
    cells, places = found.cells, found.places
    complete = [None not in row for row in cells]
    if missing == "drop" and not all(complete):
        left = complete.count(False)
        if left == len(cells):
            worst = Counter(k for row in cells for k, c in enumerate(row) if c is None).most_common(1)[0][0]
            name = (found.features + found.targets)[worst]
            raise DataError(f"every row of {raw.name} has a missing value; leave out columns that have many, such as --drop {name}")
        cells, places = list(compress(cells, complete)), list(compress(places, complete))
        done.append(f"{left} of {len(complete)} rows left out, which have missing values")
    features, inputs, first = _numbers(raw, found.features, [row[: len(found.features)] for row in cells], places, categories)
    targets, outputs, second = _numbers(raw, found.targets, [row[len(found.features) :] for row in cells], places, categories)
    return Dataset(raw.name, features, targets, inputs, outputs, (*done, *first, *second))


def selected(raw: RawTable, target: str | Sequence[str] | None, options: TableOptions) -> Selection:
    """The columns and rows that were asked for. Raises `DataError` for unknown columns and for nothing left."""
    targets = _names(raw, target)
    asked = options.get("features")
    dropped = _names(raw, options.get("drop"))
    features = _names(raw, asked) if asked is not None else tuple(c for c in raw.columns if c not in (*targets, *dropped))
    both = next((c for c in features if c in targets), None) or next((c for c in dropped if c in (*features, *targets)), None)
    if both is not None:
        raise DataError(f"column {both!r} of {raw.name} is asked for twice, as {'input and target' if both in targets else 'input'}"
                        f"{' and to be left out' if both in dropped else ''}")  # fmt: skip
    if not features:
        beside = f" beside the target {', '.join(targets)}" if targets else ""
        raise DataError(f"{raw.name} has no input column{beside}")
    rows = _rows(options.get("rows"), len(raw.rows), raw.name)
    places = [raw.columns.index(c) for c in features + targets]
    cells = [[raw.read(raw.rows[i][k]) for k in places] for i in rows]
    left = [c for c in raw.columns if c not in features + targets]
    done = []
    if left:
        done.append(f"column{'s' if len(left) > 1 else ''} {', '.join(left[:_NAMED])}{', ...' if len(left) > _NAMED else ''} left out")
    if len(rows) < len(raw.rows):
        done.append(f"rows {rows[0] + 1} to {rows[-1] + 1} of {len(raw.rows)}")
    if not rows:
        raise DataError(f"{raw.name} has no rows")
    return Selection(features, targets, cells, [raw.places[i] for i in rows], tuple(done))


def kind_of(cells: Sequence[Cell]) -> str:
    """What a column holds: ``numbers``, ``yes or no`` (true and false), ``dates``, ``words``, ``mixed`` or ``nothing``."""
    words = [c for c in cells if isinstance(c, str)]
    if not words:
        return "numbers" if any(c is not None for c in cells) else "nothing"
    if any(isinstance(c, Fraction) for c in cells):
        return "mixed"
    if all(w.lower() in ("true", "false") for w in words):
        return "yes or no"
    return "dates" if all(_DATE.fullmatch(w) for w in words) else "words"


def unit_of(cells: Sequence[Cell]) -> str:
    """The unit, or the sign of money or percent, that all values of a column have beside a number; empty where they have none, or not
    the same one."""
    found = {_UNIT.fullmatch(str(c).strip()) for c in cells if c is not None}
    units = {"".join(part or "" for part in match.groups()) if match else "" for match in found}
    return units.pop() if len(units) == 1 else ""


def _names(raw: RawTable, asked: str | Sequence[str] | None) -> tuple[str, ...]:
    """Columns by name; a text is one name, or several with commas between."""
    if asked is None or (isinstance(asked, str) and not asked.strip()):
        return ()
    if isinstance(asked, str):
        parts = [asked.strip()] if asked.strip() in raw.columns else [t.strip() for t in asked.split(",")]
    else:
        parts = [str(t) for t in asked]
    found: list[str] = []
    for part in parts:
        group = raw.groups.get(part, (part,))
        if part not in raw.columns and part not in raw.groups:
            near = difflib.get_close_matches(part, raw.columns, 1)
            columns = ", ".join(raw.columns[:_NAMED]) + (", ..." if len(raw.columns) > _NAMED else "")
            raise DataError(
                f"{raw.name} has no column {part[:60]!r}; its columns are {columns[:200]}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        found += [c for c in group if c not in found]
    return tuple(found)


def _rows(asked: str | int | None, count: int, name: str) -> range:
    if asked is None:
        return range(count)
    found = re.fullmatch(r"\s*(?:(\d{1,12})\s*:)?\s*(\d{1,12})\s*", str(asked))
    first, last = (int(found[1] or 1), int(found[2])) if found else (0, 0)
    if isinstance(asked, bool) or not 1 <= first <= last:
        raise InputError(f"rows are a number of first rows such as 100, or a part such as 11:20, got {shown(asked)}")
    if first > count:
        raise DataError(f"{name} has {count} rows, and none from row {first} on")
    return range(first - 1, min(last, count))


def _numbers(
    raw: RawTable, names: tuple[str, ...], cells: list[list[Cell]], places: Sequence[int], categories: str
) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Columns of numbers, their names, and what was made of words."""
    columns: dict[str, list[Fraction]] = {}
    done: list[str] = []
    for k, name in enumerate(names):
        column = [row[k] for row in cells]
        kind = kind_of(column)
        if None in column or kind in ("mixed", "dates") or (kind == "words" and (categories == "fail" or _INFINITE & _bare(column))):
            raise DataError(_refusal(raw, name, column, places, kind))
        if kind == "numbers":
            columns[name] = cast("list[Fraction]", column)
        elif kind == "yes or no":
            columns[name] = [Fraction(str(c).lower() == "true") for c in column]
            done.append(f"true and false of {name} are 1 and 0")
        else:
            made = _one_hot(raw, name, cast("list[str]", column))
            columns |= made
            done.append(f"{name} made {len(made)} columns of 0 and 1, one a word")
    if len(columns) < len(names):
        raise DataError(f"two columns of {raw.name} would have the same name; rename one")
    found = np.empty((len(cells), len(columns)), dtype=object)
    for k, values in enumerate(columns.values()):
        found[:, k] = values
    return tuple(columns), found, tuple(done)


def _one_hot(raw: RawTable, name: str, column: list[str]) -> Mapping[str, list[Fraction]]:
    words = sorted(set(column))
    if len(words) > _MOST_WORDS:
        raise DataError(
            f"column {name!r} of {raw.name} has {len(words)} different words, more than {_MOST_WORDS}: names rather than "
            f"categories; leave it out with --drop {name}"
        )
    return {f"{name}={word}": [Fraction(c == word) for c in column] for word in words}


def _bare(column: Sequence[Cell]) -> set[str]:
    return {c.lower().lstrip("+-") for c in column if isinstance(c, str)}


def _refusal(raw: RawTable, name: str, column: Sequence[Cell], places: Sequence[int], kind: str) -> str:
    """The sentence about the first value of a column that is no number."""
    i = next(k for k, c in enumerate(column) if not isinstance(c, Fraction))
    value, where = column[i], f"column {name[:40]!r} of {raw.name}, {raw.place} {places[i]}"
    if value is None or (kind == "yes or no" and None in column):
        lost = sum(c is None for c in column)
        i = next(k for k, c in enumerate(column) if c is None)
        many = f", as {lost} of {len(column)} are" if lost > 1 else ""
        return (
            f"column {name[:40]!r} of {raw.name}, {raw.place} {places[i]}: the value is missing{many}; leave such rows out with "
            f"--missing drop, or the column with --drop {name[:40]}"
        )
    text = " ".join(str(value)[:30].split())
    if _INFINITE & _bare([value]):
        return f"{where}: {text!r} is not finite; remove the row or column, or make it numeric"
    if kind == "dates":
        return f"{where}: {text!r} is not a number but a date; write days or years as numbers, or leave it out with --drop {name[:40]}"
    if "\n" in str(value):
        return f"{where}: {text!r} goes on over several lines, which is not a number; is a quotation mark not closed?"
    if kind == "mixed":
        count = sum(isinstance(c, str) for c in column)
        mend = f"{_mended(text)}or leave it out with --drop {name[:40]}"
        return f"{where}: {text!r} is not a number, as {count} of {len(column)} values; {mend}"
    if unit_of(column):
        return f"{where}: {text!r} is not a number; {_mended(text)}or leave it out with --drop {name[:40]}"
    return (
        f"{where}: {text!r} is not a number; make columns of 0 and 1 of its words with --categories one-hot, or leave it out with "
        f"--drop {name[:40]}"
    )


def _mended(text: str) -> str:
    """What to do about a value that almost is a number."""
    if text.endswith("%"):
        return "write parts in place of percents, "
    if unit_of([text]):
        return "write numbers without units, "
    return "mend it, "
