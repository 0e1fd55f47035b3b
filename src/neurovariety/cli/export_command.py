"""The command ``export``."""

from __future__ import annotations

from pathlib import Path

import click

from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.workers import insistent_interrupt
from neurovariety.errors import InputError
from neurovariety.export import export_script


def export_command(architecture: str, system: str, question: str, degree: int | None, output: str | None, seed: int) -> int:
    """Print the script or write it to a file; returns the exit status."""
    with ended_if_stuck(), insistent_interrupt():
        script = export_script(architecture, system=system.lower(), question=question, degree=degree, seed=seed)
    if output is None:
        click.echo(script, nl=False)
    else:
        write_script(script, output)
    return 0


def write_script(script: str, output: str) -> None:
    """Write a script to a file. Raises `InputError` where that cannot be done."""
    try:
        Path(output).write_text(script, encoding="utf-8")
    except OSError as error:
        raise InputError(f"the script could not be written to {output}: {error.strerror}; choose another file") from error
