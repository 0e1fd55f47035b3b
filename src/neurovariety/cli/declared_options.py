"""Options of the command line that a function declares in its signature."""

from __future__ import annotations

import click

from neurovariety.cli.tables_given import table_parameters
from neurovariety.dictionary.declaration import Declared


def declared_options(declared: Declared) -> list[click.Parameter]:
    """The options that an argument is: none where it declares none; for data, with those that name columns and say how it is read."""
    option = declared.option
    if option is None:
        return []
    name = option.name or declared.name.replace("_", "-")
    found: list[click.Parameter] = [
        click.Option([f"--{name}", declared.name], type=_type(declared), required=declared.required, help=_sentence(option.help))
    ]
    if declared.is_table:
        found += [click.Option(["--target"], help=_sentence(option.columns)), *table_parameters()]
    if option.was:
        found.append(click.Option([f"--{option.was}"], hidden=True))
    return found


def _type(declared: Declared) -> click.ParamType:
    if declared.choices:
        return click.Choice(declared.choices)
    if declared.option is not None and declared.option.kind == "numbers":
        return click.STRING
    return click.INT if declared.holds(int) else click.FLOAT if declared.holds(float) else click.STRING


def _sentence(help_text: str) -> str:
    return help_text[0].upper() + help_text[1:] + "."
