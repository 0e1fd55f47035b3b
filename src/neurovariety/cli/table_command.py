"""``neurovariety table``: a table at a glance."""

from __future__ import annotations

import json

import click

from neurovariety.cli.exit_status import ANSWERED
from neurovariety.tables.table_options import TableOptions
from neurovariety.tables.table_summary import describe_table


def table_command(file: str, target: str | None, asked: TableOptions, as_json: bool) -> int:
    """Describe a table; returns the exit status."""
    found = describe_table(file, target, **asked)
    click.echo(json.dumps(found.to_dict()) if as_json else found.text())
    return ANSWERED
