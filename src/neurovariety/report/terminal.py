"""The report as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurovariety.claim import Claim
from neurovariety.report.build import Report, Row, size_of

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
    """Print the report: a heading, one row an entry, then how each claim that occurs may be trusted. No line ends in blanks."""
    with console.capture() as printed:
        _print(report, console)
    console.file.write("\n".join(line.rstrip() for line in printed.get().split("\n")))


def _print(report: Report, console: Console) -> None:
    console.print(f"[bold]{escape(report.subject)}[/]  {size_of(report)}")
    if report.data:
        d = report.data
        target = f", target {', '.join(d['targets'])}" if d["targets"] else ""
        console.print(f"{escape(d['name'])}: {d['samples']} samples of {', '.join(map(escape, d['features']))}{escape(target)}")
        if "read" in d:
            console.print(escape("; ".join(d["read"])))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=console.width < 140)
    table.add_column("entry", no_wrap=True, style="bold")
    table.add_column("value", ratio=3)
    table.add_column("claim", no_wrap=True)
    table.add_column("meaning", ratio=6)
    for row in report.rows:
        table.add_row(row.entry.name, *_cells(row))
    console.print(table)
    for claim in dict.fromkeys(r.result.claim for r in report.rows if r.result is not None):
        console.print(f"[{_STYLE[claim]}]{claim}[/]: {claim.explanation}")
    for row in report.rows:
        for notice in row.result.notices if row.result is not None else ():
            console.print(f"{row.entry.name}: {escape(row.placed(notice))}")
    if not report.finished:
        console.print(f"[yellow]not finished[/]: {report.cut_short}")


def _cells(row: Row) -> tuple[str, str, str]:
    if row.result is None:
        return "-", "[red]none[/]", escape(row.placed(row.problem))
    claim = row.result.claim
    value = row.result.shown().replace(", ", "\n") if isinstance(row.result.value, dict) else row.result.shown()
    return escape(value), f"[{_STYLE[claim]}]{claim}[/]", escape(row.result.meaning)
