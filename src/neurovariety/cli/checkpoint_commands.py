"""``neurovariety diagnose``, ``prune`` and ``align``: trained networks on the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from neurovariety.certificates.result_file import write_result
from neurovariety.checkpoints.align import AlignResult, align
from neurovariety.checkpoints.diagnose import diagnose
from neurovariety.checkpoints.load import write_network
from neurovariety.checkpoints.prune import PruneResult, prune
from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.running import running
from neurovariety.cli.workers import OutOfTime, insistent_interrupt
from neurovariety.cli.workers import time_limit as limited
from neurovariety.dataset import Dataset
from neurovariety.progress import watch
from neurovariety.result import Result


class Printed(NamedTuple):
    """How an answer is printed, and the file that is written with its certificates."""

    as_json: bool
    certificates: str | None


def diagnose_command(
    file: str,
    table: Dataset | None,
    input_shape: dict[str, tuple[int, ...]] | None,
    architecture: str | None,
    shown: Printed,
    seed: int,
    time_limit: float | None,
) -> int:
    """Diagnose a file; returns the exit status."""
    inputs = table.inputs if table is not None else None
    return answered(
        lambda: diagnose(file, data=inputs, architecture=architecture, input_shape=input_shape, seed=seed),
        shown,
        time_limit,
    )


def prune_command(
    file: str,
    output: str | None,
    dtype: str | None,
    tolerance: float,
    radius: float | None,
    box: tuple[float, float] | None,
    input_shape: dict[str, tuple[int, ...]] | None,
    architecture: str | None,
    shown: Printed,
    seed: int,
    time_limit: float | None,
) -> int:
    """Prune a file and write the smaller network; returns the exit status."""

    def finish(found: Result) -> None:
        if output and isinstance(found, PruneResult):
            cost = found.write(output, dtype=dtype)
            for change in found.evidence.get("changes", []):
                click.echo(f"  {change}", err=shown.as_json)
            click.echo(f"wrote {output}: {cost.summary()}", err=shown.as_json)

    return answered(
        lambda: prune(file, tolerance=tolerance, radius=radius, box=box, architecture=architecture, input_shape=input_shape, seed=seed),
        shown,
        time_limit,
        finish,
    )


class LineOptions(NamedTuple):
    """Where losses on the line between two trainings are taken, and where the network half way is written."""

    table: Dataset | None
    merged: str | None


def align_command(
    first: str,
    second: str,
    line: LineOptions,
    architecture: str | None,
    shown: Printed,
    seed: int,
    time_limit: float | None,
) -> int:
    """Compare two files; returns the exit status, which says nothing of the answer."""
    table, merged = line

    def finish(found: Result) -> None:
        if merged and isinstance(found, AlignResult):
            if found.merged is None:
                click.echo("the networks were not merged: they are one function, or their graphs differ", err=True)
            else:
                cost = write_network(found.merged, merged)
                click.echo(f"wrote {merged}: {cost.summary()}", err=shown.as_json)

    inputs, targets = (None, None) if table is None else (table.inputs, table.targets)
    return answered(
        lambda: align(first, second, architecture=architecture, data=inputs, target=targets, seed=seed),
        shown,
        time_limit,
        finish,
    )


def answered(
    work: Callable[[], Result],
    shown: Printed,
    limit: float | None,
    finish: Callable[[Result], Any] = lambda found: None,
    so_far: Callable[[], Result | None] = lambda: None,
) -> int:
    """Do the work within a limit of seconds, print what came out, and ``finish``; returns the exit status.

    ``so_far`` gives what is shown where the work is stopped, if anything."""

    seen = watch()

    def last_words(status: int) -> None:
        reached = f" (reached: {seen['phase']})" if seen.get("phase") else ""
        if status == NOT_FINISHED:
            click.echo(f"neurovariety: not finished within {limit:g} seconds{reached}; raise --time-limit", err=True)
        elif status == INTERRUPTED and reached:
            click.echo(f"neurovariety: interrupted{reached}", err=True)

    try:
        with ended_if_stuck(last_words), insistent_interrupt(), running(seen), limited(time.time() + limit if limit else None):
            found = work()
    except OutOfTime:
        return _stopped(NOT_FINISHED, last_words, so_far, shown)
    except KeyboardInterrupt:
        return _stopped(INTERRUPTED, last_words, so_far, shown)
    _print(found, shown)
    finish(found)
    return ANSWERED


def _stopped(status: int, last_words: Callable[[int], object], so_far: Callable[[], Result | None], shown: Printed) -> int:
    """Say how far the work came, and what is shown of it; returns the exit status."""
    last_words(status)
    if (found := so_far()) is not None:
        _print(found, shown)
    return status


def _print(found: Result, shown: Printed) -> None:
    click.echo(json.dumps(found.to_dict()) if shown.as_json else found.summary())
    if shown.certificates:
        write_result(shown.certificates, found.to_dict(certificates=True))
