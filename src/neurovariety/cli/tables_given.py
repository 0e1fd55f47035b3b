"""Tables on the command line: their options, and one line on standard error about what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

import click

from neurovariety.errors import InputError
from neurovariety.tables.table_options import TableOptions

if TYPE_CHECKING:  # NumPy is loaded where tables are: ``--help`` needs none
    from neurovariety.dataset import Dataset

WHAT = "file with a table: CSV (any separator), Excel, Parquet, Feather or NumPy"


_OF_CONTENTS = ("missing", "categories")
"""Options that say what becomes of missing values and words, which a summary counts."""


def table_parameters() -> list[click.Option]:
    """The options that go with every table, as the reader declares them."""
    return [click.Option([f"--{name}"], type=_type(said), help=_help(said)) for name, said in TableOptions.__annotations__.items()]


def table_options(command: Any) -> Any:
    """The same as a decorator of a command."""
    for name, said in reversed(TableOptions.__annotations__.items()):
        command = click.option(f"--{name}", type=_type(said), help=_help(said))(command)
    return command


def summary_options(command: Any) -> Any:
    """Those of them that choose what is summarized, as a decorator."""
    for name, said in reversed(TableOptions.__annotations__.items()):
        if name not in _OF_CONTENTS:
            command = click.option(f"--{name}", type=_type(said), help=_sentence(said))(command)
    return command


def table_asked(options: dict[str, Any]) -> TableOptions:
    """Takes the options of tables that were given out of those of a command."""
    found = {name: value for name in TableOptions.__annotations__ if (value := options.pop(name, None)) is not None}
    return cast(TableOptions, found)


def table_given(file: str | None, options: dict[str, Any], said: bool = True) -> Dataset | None:
    """Takes ``target`` and the options of tables out of those of a command, and reads the file where there is one. ``said``: what was
    done is printed here, for answers that do not show it themselves."""
    target, asked = options.pop("target", None), table_asked(options)
    if file is None:
        first = next(iter(asked), "target" if target else None)
        if first is not None:
            raise InputError(f"--{first} needs --data, a {WHAT}")
        return None
    from neurovariety.tables.read_table import read_table

    found = read_table(file, target, **asked)
    if found.done and said:
        click.echo(f"neurovariety: {found.said()}", err=True)
    return found


def _option(said: Any) -> Any:
    return said.__metadata__[0]


def _help(said: Any) -> str:
    return f"With --data: {_option(said).help}."


def _sentence(said: Any) -> str:
    text: str = _option(said).help
    return f"{text[0].upper()}{text[1:]}."


def _type(said: Any) -> click.ParamType:
    words = [w for kind in get_args(said.__origin__) for w in (get_args(kind) or (kind,)) if isinstance(w, str)]
    return click.Choice(words) if words else click.STRING
