"""``neurovariety report``: the table, JSON, and the page."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.running import watched
from neurovariety.cli.workers import OutOfTime, insistent_interrupt
from neurovariety.cli.workers import time_limit as limited
from neurovariety.dataset import Dataset
from neurovariety.errors import InputError
from neurovariety.report.build import Report, check_fit, empty_report, fill, report_subject
from neurovariety.report.effort import EffortName
from neurovariety.report.terminal import in_short, show


class ReportFiles(NamedTuple):
    """Where a report goes: the file of a ``page``, the file to ``save`` JSON in, and whether JSON is printed in place of the table."""

    page: str | None
    save: str | None
    as_json: bool


def report_command(
    architecture: str,
    dataset: Dataset | None,
    written: ReportFiles,
    effort: EffortName,
    seed: int,
    time_limit: float | None,
    memory_limit: int | None,
) -> int:
    """Run the report and write it where it was asked for; returns the exit status."""
    model = report_subject(architecture)
    if dataset is not None:
        check_fit(model, dataset)
    page, save, as_json = written
    for path in (page, save):
        if path is not None and (Path(path).is_dir() or not Path(path).parent.is_dir()):
            raise InputError(f"cannot write {path}: it is a folder, or its folder does not exist")
    out = empty_report(model, dataset, seed, effort)

    def publish() -> None:
        if as_json:
            click.echo(json.dumps(out.to_dict()))
        else:
            show(out, Console(width=None if sys.stdout.isatty() else 120, highlight=False))
        if save:
            _write(save, json.dumps(out.to_dict(), indent=1) + "\n")
        if page:
            from neurovariety.report.page import page as page_of

            _write(page, page_of(out))
            click.echo(f"wrote {page}", err=True)

    def last_words(status: int) -> None:
        _cut_short(out, status)
        publish()

    with ended_if_stuck(last_words):
        status = _fill(out, model, dataset, seed, memory_limit, time_limit)
    publish()
    return status


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def _fill(out: Report, model: Any, dataset: Any, seed: int, memory: int | None, limit: float | None) -> int:
    console, start = Console(stderr=True), time.monotonic()
    shown = console.status("") if watched() else contextlib.nullcontext()
    try:
        with insistent_interrupt(), limited(time.time() + limit if limit else None), shown as status:

            def began(name: str) -> None:
                """Show the row that is done and what is asked next, on a terminal."""
                if status is None:
                    return
                done = len(out.rows)
                if done:
                    console.print(in_short(out.rows[-1]), overflow="ellipsis", no_wrap=True)
                status.update(f"{name} ... {done + 1} of {len(out.asked)}, {time.monotonic() - start:.0f} s")

            fill(out, model, dataset, seed, memory, began)
    except OutOfTime:
        return _cut_short(out, NOT_FINISHED)
    except KeyboardInterrupt:
        return _cut_short(out, INTERRUPTED)
    return ANSWERED


def _cut_short(out: Report, status: int) -> int:
    out.finished, out.stopped_by = False, "the time limit" if status == NOT_FINISHED else "an interrupt"
    return status
