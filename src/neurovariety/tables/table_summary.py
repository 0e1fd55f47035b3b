"""A table at a glance: what its columns hold, what is missing, which depend on others, and the preparation that a loss on it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Unpack, cast

import numpy as np

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError
from neurovariety.exact_numbers import float_table
from neurovariety.tables.chosen_columns import selected
from neurovariety.tables.column_kinds import Column, first_row_differs, option_of, unit_of
from neurovariety.tables.linear_relations import linear_relations, written
from neurovariety.tables.raw_table import RawTable
from neurovariety.tables.read_table import raw_table
from neurovariety.tables.table_options import TableOptions

_WELL = 1e3
"""Condition numbers of columns of size 1 up to which no preparation is needed: squared they leave ten of sixteen digits."""
_INFLATED = 100.0
"""Variance inflation from which a column is almost a combination of the others: these explain 99 % of how it varies."""
_LEVELS = 50
_MOST_NAMED = 8
_WIDEST = 24
"""Characters of a name up to which its figures stand beside it, not below."""


@dataclass(frozen=True)
class ColumnSummary:
    """A column: its name, whether it is a target, what it holds (``numbers``, ``yes or no``, ``dates``, ``times``, ``fractions``,
    ``words``, ``with units`` (numbers that all have one), ``headed twice`` (a word, and numbers below it), ``mixed``, ``nothing``),
    how many values are missing and how many different ones there are, and for numbers the least, the mean, the standard deviation and
    the greatest."""

    name: str
    target: bool
    holds: str
    missing: int
    different: int
    least: float | None
    mean: float | None
    spread: float | None
    greatest: float | None


@dataclass(frozen=True, repr=False)
class TableSummary:
    """``columns``; ``rows``, and how many of them are ``complete``; ``done``: how the table was read. ``relations``: input columns
    of numbers that are exact linear combinations of others and a constant; ``nearly``: those that almost are, with the share of
    their variance that the others explain. ``condition``: of the matrix of inputs with columns of size 1, as they are and
    ``standardize``-d. ``needs``: what has to be done before training, in words; ``prepare``: the preparation to ask for."""

    name: str
    rows: int
    complete: int
    columns: tuple[ColumnSummary, ...]
    done: tuple[str, ...]
    relations: tuple[str, ...]
    nearly: Mapping[str, float]
    condition: Mapping[str, float | None]
    needs: tuple[str, ...]
    prepare: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return asdict(self) | {
            "columns": [asdict(c) for c in self.columns],
            "nearly": dict(self.nearly),
            "condition": dict(self.condition),
        }

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Several lines: how it was read, a line a column, and what follows."""
        done = f"; {'; '.join(self.done)}" if self.done else ""
        lines = [f"{self.name}: {self.rows} row{'s' * (self.rows != 1)}, {self.complete} without missing values{done}", ""]
        head = ("column", "holds", "missing", "different", "least", "mean", "spread", "greatest")
        body = [
            (
                f"{' '.join(c.name.split())}{' (target)' if c.target else ''}", c.holds, str(c.missing), str(c.different),
                *("" if v is None else f"{v:.5g}" for v in (c.least, c.mean, c.spread, c.greatest)),
            )
            for c in self.columns
        ]  # fmt: skip
        body = [row for whole in body for row in _beside_or_below(whole)]
        widths = [max(len(row[k]) for row in (head, *body) if any(row[1:])) for k in range(len(head))]
        for row in (head, *body):
            cells = [t.ljust(w) if k < 2 else t.rjust(w) for k, (t, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  ".join(cells).rstrip())
        lines += ["", *(f"exact relation: {r}" for r in self.relations)]
        lines += [
            f"{name} is nearly a combination of other inputs, which explain {100 * part:.6g} % of it"
            for name, part in self.nearly.items()
        ]
        return "\n".join([*lines, *self.needs])


def _beside_or_below(row: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """A row of a table; of a long name, in a line of its own, the figures stand below it."""
    if len(row[0]) <= _WIDEST:
        return (row,)
    return (row[0], *("",) * (len(row) - 1)), ("", *row[1:])


def describe_table(source: object, target: str | Sequence[str] | None = None, **options: Unpack[TableOptions]) -> TableSummary:
    """Look at a table before anything is computed of it: ``source``, ``target`` and options as in `read_table`.

    Missing values and words are counted, not refused. Relations are exact; shares and condition numbers are float64. Raises `DataError`
    for a file that holds no table, and unknown columns.
    """
    if isinstance(source, Dataset):
        raise DataError("this is a Dataset already, of numbers alone; describe the file, frame or arrays that it came from")
    raw = raw_table(source, options.get("header"), options.get("decimal"))
    return _summary(raw, target, options)


def _summary(raw: RawTable, target: str | Sequence[str] | None, options: TableOptions) -> TableSummary:
    found = selected(raw, target, options)
    names = found.features + found.targets
    summaries = tuple(_column(c) for c in found.columns(raw, found.cells, found.places))
    inputs = [k for k, s in enumerate(summaries) if s.holds == "numbers" and not s.target]
    whole = [row for row in found.cells if None not in row]
    exact = np.array([[row[k] for k in inputs] for row in whole], dtype=object).reshape(len(whole), len(inputs))
    titles = [names[k] for k in inputs]
    enough = len(whole) > len(inputs) > 0
    relations = linear_relations(exact) if enough else ()
    dependent = {r.dependent for r in relations}
    free = [k for k in range(len(inputs)) if k not in dependent]
    values = float_table(exact[:, free], "table") if enough and free else np.zeros((0, 0))
    largest = np.abs(values).max(axis=0, initial=0.0)
    values = values / np.where(largest > 0, largest, 1.0)  # squares of large numbers leave the range of floats
    nearly = {titles[free[k]]: part for k, part in _explained(values).items()} if values.size else {}
    condition = {"none": _condition(values), "standardize": _condition(values - values.mean(axis=0))} if values.size else {}
    needs, prepare = _needs(summaries, found.last, enough, [titles[d] for d in sorted(dependent)], condition)
    return TableSummary(
        raw.name, len(found.cells), len(whole), summaries, raw.done + found.done, tuple(written(r, titles) for r in relations), nearly,
        condition, needs, prepare,
    )  # fmt: skip


def _column(column: Column) -> ColumnSummary:
    name, cells, holds = column.name, column.cells, column.kind
    present = [c for c in cells if c is not None]
    missing = len(cells) - len(present)
    if holds == "words" and unit_of(present):
        holds = "with units"
    if holds == "mixed" and column.last and first_row_differs(cells):
        holds = "headed twice"
    figures: list[float | None] = [None] * 4
    if holds == "numbers":
        exact = cast("list[Fraction]", present)
        values = float_table(np.array(exact, dtype=object), f"column {name!r}")
        size = float(np.abs(values).max()) or 1.0  # squares of large numbers leave the range of floats
        figures = [float(min(exact)), float((values / size).mean()) * size, float((values / size).std()) * size, float(max(exact))]
    return ColumnSummary(name, column.target, holds, missing, len(set(present)), *figures)


def _explained(values: np.ndarray) -> dict[int, float]:
    """The share of each column's variance that the others explain, where it is almost all."""
    centred = values - values.mean(axis=0)
    sizes = np.sqrt((centred**2).mean(axis=0))
    if values.shape[1] < 2 or not sizes.all():
        return {}
    upper = np.linalg.qr(centred / sizes, mode="r") / np.sqrt(len(values))
    inflation = (np.linalg.inv(upper) ** 2).sum(axis=1)
    return {k: float(1 - 1 / v) for k, v in enumerate(inflation) if v >= _INFLATED}


def _condition(values: np.ndarray) -> float | None:
    """The condition number of a matrix whose columns are brought to size 1 first; None where a column is zero."""
    sizes = np.sqrt((values**2).mean(axis=0))
    if not sizes.all():
        return None
    singular = np.linalg.svd(values / sizes, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] else None


_MENDED = (
    ("dates or times", ("dates", "times"), "write days or hours as numbers, or "),
    ("fractions", ("fractions",), "write decimals, or "),
    ("numbers and words", ("mixed",), "mend the words, or "),
    ("more words than categories have", ("words",), ""),
    ("no values", ("nothing",), ""),
    ("numbers with units or signs", ("with units",), "write the numbers alone, or "),
)
"""What is said of columns that hold no numbers, which these are, and what can be done."""


def _named(columns: Sequence[ColumnSummary]) -> str:
    return ", ".join(" ".join(c.name.split()) for c in columns[:_MOST_NAMED]) + (", ..." if len(columns) > _MOST_NAMED else "")


def _without(columns: Sequence[ColumnSummary]) -> str:
    """The options by which columns are not used: a target cannot be dropped."""
    inputs = [c.name for c in columns if not c.target]
    drop = f"--drop {option_of(inputs)}".rstrip() if inputs else ""
    return " and ".join(part for part in (drop, "another --target" if len(inputs) < len(columns) else "") if part)


def _needs(
    columns: Sequence[ColumnSummary],
    last: int,
    enough: bool,
    dependent: Sequence[str],
    condition: Mapping[str, float | None],
) -> tuple[tuple[str, ...], str]:
    """What has to be done before training, in words, and the preparation to ask for."""
    needs = []
    missing = [c.name for c in columns if c.missing]
    if missing:
        needs.append(f"missing values ({', '.join(missing[:8])}): --missing drop, or --drop columns that have many")
    categories = [c for c in columns if c.holds == "words" and c.different <= _LEVELS]
    if categories:
        needs.append(f"words ({_named(categories)}): --categories one-hot, or {_without(categories)}")
    for told, kinds, mend in _MENDED:
        found = [c for c in columns if c.holds in kinds and c not in categories]
        if found:
            needs.append(f"{told} ({_named(found)}): {mend}{_without(found)}")
    twice = [c for c in columns if c.holds == "headed twice"]
    if twice:
        needs.append(f"a word in the first row, numbers below ({_named(twice)}): --rows 2:{last} leaves a second line of headings out")
    constant = [c for c in columns if c.holds == "numbers" and c.different == 1]
    if constant:
        needs.append(f"constant ({_named(constant)}): cannot be standardized; {_without(constant)}")
    known = [c.name for c in constant]
    related = [c for c in columns if c.name in dependent and c.name not in known]
    if related:
        needs.append(f"determined by other inputs ({_named(related)}): inputs cannot be whitened; {_without(related)}")
    plain, centred = condition.get("none"), condition.get("standardize")
    if not enough or plain is None:
        needs.append("preparation: not decided, there are too few rows without missing values, or no columns of numbers")
        return tuple(needs), "none"
    if plain <= _WELL:
        needs.append(f"preparation: none is needed for the scale, units are the library's own business (condition {plain:.2g})")
        return tuple(needs), "none"
    if centred is not None and centred <= _WELL:
        needs.append(f"preparation: --prepare standardize (the condition is {plain:.2g} as they are, {centred:.2g} then)")
        return tuple(needs), "standardize"
    then = "" if centred is None else f", {centred:.2g} standardized"
    needs.append(f"preparation: --prepare whiten, where the first layer is dense (the condition is {plain:.2g} as they are{then})")
    return tuple(needs), "whiten"
