"""The command ``picture`` with its options, which are those of `neurovariety.picture`; what it does stands in `picture_command`."""

from __future__ import annotations

import sys
from typing import Any

import click

from neurovariety.cli.declared_options import declared_options
from neurovariety.cli.network_options import CONTEXT
from neurovariety.cli.parameter_types import Seconds
from neurovariety.dictionary.declaration import declared_fields
from neurovariety.training.losses.task_options import TaskOptions


class PictureCommand(click.Command):
    """The command of the picture, whose options are read when somebody asks for them."""

    def __init__(self) -> None:
        super().__init__(
            "picture",
            callback=_run,
            short_help="The set of functions of a network in three dimensions, with what training meets there.",
            help="The set of functions of a network in three dimensions, with those of smaller networks, a target, the critical points "
            "of training and flow lines: a figure (--out FILE.svg, .png or .pdf), or a page in which it turns (--out FILE.html, or "
            "--html FILE beside the figure). Without options the target is a random polynomial, and distance that of coefficients.",
            context_settings=CONTEXT,
        )

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        self.params = self.params or _options()
        return super().get_params(ctx)


def _options() -> list[click.Parameter]:
    found: list[click.Parameter] = [
        click.Argument(["architecture"], metavar="ARCH"),
        click.Option(["--out", "--output"], metavar="FILE", help="Draw it to this file (.svg, .png, .pdf; .html: it turns)."),
        click.Option(["--html", "page"], metavar="FILE", help="Write a page in which it turns to this file (.html)."),
        click.Option(["--dimension"], type=click.IntRange(2, 3), default=3, show_default=True, help="Dimensions of the picture."),
    ]
    for declared in declared_fields(TaskOptions):
        found += declared_options(declared)
    return [
        *found,
        click.Option(["--seed"], type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices."),
        click.Option(["--time-limit"], type=Seconds(), help="Seconds after which to stop (exit 3)."),
    ]


def _run(architecture: str, out: str | None, page: str | None, time_limit: float | None, **options: Any) -> None:
    from neurovariety.cli.picture_command import picture_command
    from neurovariety.cli.tables_given import table_given

    options["data"] = table_given(options.pop("data"), options)
    sys.exit(picture_command(architecture, (out, page), time_limit, {k: v for k, v in options.items() if v is not None}))
