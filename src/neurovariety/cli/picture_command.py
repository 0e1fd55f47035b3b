"""``neurovariety picture``: the functions of a network as a figure, or as a page in which they turn."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.running import running
from neurovariety.cli.workers import OutOfTime, insistent_interrupt
from neurovariety.cli.workers import time_limit as limited
from neurovariety.errors import InputError
from neurovariety.pictures.canvas import write_picture
from neurovariety.pictures.file_endings import check_drawable
from neurovariety.progress import watch
from neurovariety.report.neuromanifold_picture import picture

_TURNING = (".html", ".htm")


def picture_command(architecture: str, files: Sequence[str | None], limit: float | None, options: Mapping[str, Any]) -> int:
    """Draw the picture to ``files`` and print its title and caption; returns the exit status.

    Raises `InputError` where no file is named, or one that it cannot be drawn to, before anything is computed.
    """
    named = _checked(files, options["dimension"])
    try:
        with ended_if_stuck(_stopped), insistent_interrupt(), running(watch()), limited(time.time() + limit if limit else None):
            drawn = picture(architecture, **options)
    except OutOfTime:
        return _stopped(NOT_FINISHED)
    except KeyboardInterrupt:
        return _stopped(INTERRUPTED)
    for file in named:
        if _turns(file):
            drawn.turning().save(file)
        else:
            write_picture(lambda: drawn, file)
    click.echo(f"{drawn.title}: {', '.join(named)}\n{drawn.caption}")
    return ANSWERED


def _turns(file: str) -> bool:
    return Path(file).suffix.lower() in _TURNING


def _checked(files: Sequence[str | None], dimension: int) -> tuple[str, ...]:
    """The files that were named: ``files`` are one for any picture, and one for a page."""
    out, page = files
    if page is not None and not _turns(page):
        raise InputError(f"a page is written to a file that ends in .html, got {page!r}")
    named = tuple(f for f in (out, page) if f is not None)
    if not named:
        raise InputError("say where the picture goes: --out FILE.svg, .png or .pdf, or --out FILE.html for a page in which it turns")
    for file in named:
        if not _turns(file):
            _check_figure(file)
        elif dimension == 2:
            raise InputError(f"only a picture of three dimensions turns; leave out --dimension 2, or {file}")
        if Path(file).is_dir() or not Path(file).parent.is_dir():
            raise InputError(f"cannot write {file}: it is a folder, or its folder does not exist")
    return named


def _check_figure(file: str) -> None:
    try:
        check_drawable(file)
    except InputError:
        raise InputError(f"a picture is drawn to a file that ends in .svg, .png, .pdf, or in .html to turn, got {file!r}") from None


def _stopped(status: int) -> int:
    why = "the time limit was reached" if status == NOT_FINISHED else "interrupted"
    click.echo(f"neurovariety: {why} before the picture was drawn; no file was written", err=True)
    return status
