"""From a table as it was found to a data set: columns and rows are chosen, missing values and words dealt with, and all of it said."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import compress
from typing import NamedTuple, cast

import numpy as np

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError, InputError
from neurovariety.options import require_choice, shown
from neurovariety.tables.column_kinds import Column, infinite, left_out, refusal
from neurovariety.tables.raw_table import Cell, RawTable
from neurovariety.tables.table_options import TableOptions

_MOST_WORDS = 50
"""Different words of a column of which columns are made; more are names, not categories."""
_NAMED = 12
"""Names that a sentence lists."""


class Selection(NamedTuple):
    """Names of the input and target columns, whether the inputs were asked for by name, the cells (rows, columns) of both in this
    order, the place of each row, the number of the last one, and what was left out."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    named: bool
    cells: list[list[Cell]]
    places: list[int]
    last: int
    done: tuple[str, ...]

    def columns(self, raw: RawTable, cells: Sequence[Sequence[Cell]], places: Sequence[int]) -> list[Column]:
        """The columns of these rows, which stand at these places."""
        last = self.last if list(places[:1]) == list(raw.places[:1]) else 0
        return [
            Column(name, [row[k] for row in cells], name in self.targets, self.named, last)
            for k, name in enumerate(self.features + self.targets)
        ]


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
            many = found.columns(raw, cells, places)[worst]
            raise DataError(f"every row of {raw.name} has a missing value, most of them in column {many.name[:40]!r}; {left_out(many)}")
        cells, places = list(compress(cells, complete)), list(compress(places, complete))
        done.append(f"{left} of {len(complete)} rows left out, which have missing values")
    columns = found.columns(raw, cells, places)
    features, inputs, first = _numbers(raw, columns[: len(found.features)], places, categories)
    targets, outputs, second = _numbers(raw, columns[len(found.features) :], places, categories)
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
    return Selection(features, targets, asked is not None, cells, [raw.places[i] for i in rows], rows[-1] + 1, tuple(done))


def _names(raw: RawTable, asked: object) -> tuple[str, ...]:
    """Columns by name; a text is one name, or several with commas between."""
    if asked is None or (isinstance(asked, str) and not asked.strip()):
        return ()
    if isinstance(asked, str):
        parts = [asked.strip()] if asked.strip() in raw.columns else [t.strip() for t in asked.split(",")]
    else:
        given = list(asked) if isinstance(asked, Iterable) else [asked]
        parts = [t for t in given if isinstance(t, str)]
        if len(parts) < len(given):  # frames may number their columns, and the name is then the number as a text
            wrong = next(t for t in given if not isinstance(t, str))
            raise InputError(f"columns are called by their names, which are texts such as '1', got {shown(wrong)}")
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
    raw: RawTable, used: Sequence[Column], places: Sequence[int], categories: str
) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Columns of numbers, their names, and what was made of words."""
    columns: dict[str, list[Fraction]] = {}
    done: list[str] = []
    for column in used:
        name, cells, kind = column.name, column.cells, column.kind
        words = kind == "words" and categories != "fail" and not infinite(cells)
        if None in cells or not (words or kind in ("numbers", "yes or no")):
            lost = kind == "yes or no"
            i = next(k for k, c in enumerate(cells) if (c is None if lost else not isinstance(c, Fraction)))
            raise DataError(refusal(column, f"{raw.place} {places[i]}", i, raw.name))
        if kind == "numbers":
            columns[name] = cast("list[Fraction]", cells)
        elif kind == "yes or no":
            columns[name] = [Fraction(str(c).lower() == "true") for c in cells]
            done.append(f"true and false of {name} are 1 and 0")
        else:
            made = _one_hot(raw, column)
            columns |= made
            done.append(f"{name} made {len(made)} columns of 0 and 1, one a word")
    if len(columns) < len(used):
        raise DataError(f"two columns of {raw.name} would have the same name; rename one")
    found = np.empty((len(used[0].cells) if used else len(places), len(columns)), dtype=object)
    for k, values in enumerate(columns.values()):
        found[:, k] = values
    return tuple(columns), found, tuple(done)


def _one_hot(raw: RawTable, column: Column) -> Mapping[str, list[Fraction]]:
    words = sorted(set(cast("Sequence[str]", column.cells)))
    if len(words) > _MOST_WORDS:
        raise DataError(
            f"column {column.name[:40]!r} of {raw.name} has {len(words)} different words, more than {_MOST_WORDS}: names rather than "
            f"categories; {left_out(column)}"
        )
    return {f"{column.name}={word}": [Fraction(c == word) for c in column.cells] for word in words}
