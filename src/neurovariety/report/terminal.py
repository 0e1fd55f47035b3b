"""The report as a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from neurovariety.claim import Claim
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.report.build import UNITS, Report, size_of
from neurovariety.report.opening import grouped
from neurovariety.report.row import Row

_WIDE, _VERY_WIDE = 100, 140
"""Columns from which a table has room, and from which it need not take all."""
_NAME, _CLAIM = max(len(e.name) for e in ENTRIES), max(len(c) for c in Claim)
"""Widths of columns that are the same in the table of every question."""

_STYLE = {
    Claim.PROVED: "green",
    Claim.PROBABILITY: "cyan",
    Claim.COMPLETE: "cyan",
    Claim.ESTIMATE: "yellow",
    Claim.LOWER_BOUND: "yellow",
    Claim.UPPER_BOUND: "yellow",
    Claim.UNDECIDED: "red",
}


def show(report: Report, console: Console) -> None:
    """Print the report: a heading, five answers, the entries by what they answer, and how each claim that occurs may be trusted.

    No line ends in blanks.
    """
    with console.capture() as printed:
        _print(report, console)
    console.file.write("\n".join(line.rstrip() for line in printed.get().split("\n")))


def _print(report: Report, console: Console) -> None:
    console.print(f"[bold]{escape(report.subject)}[/]  {size_of(report)}")
    if report.data:
        d = report.data
        target = f", target{'s' * (len(d['targets']) > 1)} {', '.join(d['targets'])}" if d["targets"] else ""
        console.print(f"{escape(d['name'])}: {d['samples']} samples of {', '.join(map(escape, d['features']))}{escape(target)}")
        if "read" in d:
            console.print(escape("; ".join(d["read"])))
        if d["targets"]:
            console.print(UNITS)
    _answers(report, console)
    for question, rows in grouped(report.rows):
        console.print(f"[bold]{question}[/]")
        if console.width < _WIDE:
            for row in rows:
                _stacked(row, console)
            console.print()
        else:
            console.print(_table(rows, console))
    for claim in dict.fromkeys(r.result.claim for r in report.rows if r.result is not None):
        console.print(f"[{_STYLE[claim]}]{claim}[/]: {claim.explanation}")
    for row in report.rows:
        for notice in row.result.notices if row.result is not None else ():
            console.print(f"{row.entry.name}: {escape(row.placed(notice))}")
    if report.left_out:
        console.print(escape(report.left_out))
    if not report.finished:
        console.print(f"[yellow]not finished[/]: {report.cut_short}")


def _in_lines(value: str) -> str:
    """The parts of a value in a line each: a comma that stands in no brackets separates them."""
    lines = [""]
    for part in value.split(", "):
        inside = lines[-1].count("(") + lines[-1].count("[") > lines[-1].count(")") + lines[-1].count("]")
        if inside:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return "\n".join(lines[1:])


def _answers(report: Report, console: Console) -> None:
    """The five sentences that come first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for said in report.opening:
        claim = "" if said.claim is None else f" [{_STYLE[said.claim]}]({said.claim})[/]"
        table.add_row(said.question, f"{escape(said.sentence)}{claim}")
    for part in ("", table, ""):
        console.print(part)


def _table(rows: Sequence[Row], console: Console) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=console.width < _VERY_WIDE)
    table.add_column("entry", no_wrap=True, style="bold", min_width=_NAME)
    table.add_column("claim", no_wrap=True, min_width=_CLAIM)
    table.add_column("meaning", ratio=6)
    table.add_column("value", ratio=3)
    for row in rows:
        table.add_row(row.entry.name, *_cells(row))
    return table


def _stacked(row: Row, console: Console) -> None:
    """A row of a narrow terminal, one under the other: name and claim, the value in words, and in numbers."""
    claim, meaning, value = _cells(row)
    console.print(f"[bold]{row.entry.name}[/]  {claim}")
    console.print(Padding(meaning, (0, 0, 0, 2)))
    if row.result is not None:
        console.print(Padding(value.replace("\n", ", "), (0, 0, 0, 2)), style="dim")


def in_short(row: Row) -> str:
    """A row in one line, as it is shown while others are awaited."""
    claim, _, value = _cells(row)
    return f"[bold]{row.entry.name}[/]  {value.replace(chr(10), ', ')}  {claim}"


def _cells(row: Row) -> tuple[str, str, str]:
    """The claim of a row, its value in words, and in numbers."""
    if row.result is None:
        return "[red]none[/]", escape(row.placed(row.problem)), "-"
    claim = row.result.claim
    value = _in_lines(row.result.shown()) if isinstance(row.result.value, dict) else row.result.shown()
    return f"[{_STYLE[claim]}]{claim}[/]", escape(row.result.meaning), escape(value)
