"""A report for papers: its rows as a table in LaTeX, the sources used as BibTeX; and the commands that check each row again."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from neurovariety.citations import bibtex
from neurovariety.report.row import Row

_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_MOST = 160
"""Characters of a value in the table; a result has all of it."""


def as_latex(text: str) -> str:
    """Text as LaTeX sets it."""
    return "".join(_SPECIAL.get(c, c) for c in text)


def sources_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """The keys of all sources that the rows rest on, each once."""
    return tuple(dict.fromkeys(key for row in rows if row.result is not None for key in row.result.sources_used()))


def latex_table(subject: str, rows: Sequence[Row]) -> str:
    """The rows as a table: entry, value, claim, sources."""
    lines = [
        r"\begin{table}",
        rf"\caption{{Invariants of \texttt{{{as_latex(subject)}}}, computed by neurovariety.}}",
        r"\begin{tabular}{lp{0.5\linewidth}ll}",
        r"entry & value & claim & sources \\ \hline",
    ]
    for row in rows:
        if row.result is None:
            continue
        value = row.result.shown()
        value = value if len(value) <= _MOST else f"{value[: _MOST - 3]}..."
        cells = (
            as_latex(row.entry.name),
            as_latex(value),
            as_latex(str(row.result.claim)),
            rf"\cite{{{','.join(row.result.sources_used())}}}",
        )
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\end{tabular}", r"\end{table}"])


def bibliography(rows: Sequence[Row]) -> str:
    """What the rows rest on, as BibTeX."""
    return bibtex(*sources_of(rows))


def commands_of(row: Row, subject: str, data: dict[str, Any] | None) -> tuple[str, ...]:
    """What finds a row anew with its certificates, and what checks these; empty where there is no result."""
    if row.result is None:
        return ()
    file = f"{row.entry.name}.json"
    words = [
        "neurovariety",
        row.entry.name,
        subject,
        *_options(row, data),
        "--seed",
        str(row.result.provenance.seed),
        "--certificates",
        file,
    ]
    return " ".join(map(shlex.quote, words)), f"neurovariety recheck {file}"


def _options(row: Row, data: dict[str, Any] | None) -> Iterator[str]:
    asked: dict[str, Any] = dict(getattr(row.result, "options", {}))
    usual = inspect.signature(row.entry.load()).parameters
    for one in row.entry.declares.arguments:
        if one.is_table and data is not None and (row.entry.needs_data or row.entry.trains):
            yield from ("--data", data["name"])
            yield from ("--target", ",".join(data["targets"])) if data["targets"] else ()
        value = asked.get(one.name)
        if (
            one.option is None
            or one.is_table
            or value is None
            or value == usual[one.name].default
            or isinstance(value, list | tuple | dict)
        ):
            continue
        yield from (f"--{one.option.name or one.name.replace('_', '-')}", str(value))
