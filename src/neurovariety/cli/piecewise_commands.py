"""``neurovariety regions`` and its kin: networks that are linear on pieces, on the command line."""

from __future__ import annotations

from typing import NamedTuple, cast

import click

from neurovariety.beyond.piecewise.all_regions import MOST_REGIONS
from neurovariety.beyond.piecewise.functional_dimension import functional_dimension
from neurovariety.beyond.piecewise.lipschitz import lipschitz
from neurovariety.beyond.piecewise.region_pictures import check_drawable, draw_regions
from neurovariety.beyond.piecewise.regions import RegionsResult, regions
from neurovariety.beyond.piecewise.robustness import Norm, robustness
from neurovariety.beyond.piecewise.tropical import TropicalResult, tropical
from neurovariety.cli.checkpoint_commands import Printed, answered
from neurovariety.cli.export_command import write_script
from neurovariety.dataset import Dataset
from neurovariety.errors import InputError
from neurovariety.result import Result

Shapes = dict[str, tuple[int, ...]]


def regions_command(
    network: str,
    box: tuple[float, float] | None,
    limit: int | None,
    figure: str | None,
    input_shape: Shapes | None,
    architecture: str | None,
    shown: Printed,
    time_limit: float | None,
) -> int:
    """Count the regions of a file; returns the exit status."""
    if figure:
        check_drawable(figure)

    def finish(found: Result) -> None:
        if figure and isinstance(found, RegionsResult):
            draw_regions(found, figure)

    return answered(
        lambda: regions(network, box=box, limit=limit or MOST_REGIONS, architecture=architecture, input_shape=input_shape),
        shown,
        time_limit,
        finish,
    )


def tropical_command(
    network: str,
    box: tuple[float, float] | None,
    limit: int | None,
    system: str | None,
    output: str | None,
    architecture: str | None,
    shown: Printed,
    time_limit: float | None,
) -> int:
    """The tropical form of a file, written for another system if asked; returns the exit status."""
    if (system is None) is not (output is None):
        raise InputError("--to names the system, and --output the file that is written for it: give both, or neither")

    def finish(found: Result) -> None:
        if system and output and isinstance(found, TropicalResult):
            write_script(found.script(system), output)
            click.echo(f"wrote {output}", err=shown.as_json)

    return answered(
        lambda: tropical(network, box=box, limit=limit or MOST_REGIONS, architecture=architecture), shown, time_limit, finish
    )


def lipschitz_command(
    network: str,
    box: tuple[float, float] | None,
    limit: int | None,
    architecture: str | None,
    shown: Printed,
    time_limit: float | None,
) -> int:
    """The Lipschitz constants of a file; returns the exit status."""
    return answered(lambda: lipschitz(network, box=box, limit=limit or MOST_REGIONS, architecture=architecture), shown, time_limit)


def robustness_command(
    network: str,
    table: Dataset,
    norm: str,
    box: tuple[float, float] | None,
    limit: int | None,
    architecture: str | None,
    shown: Printed,
    time_limit: float | None,
) -> int:
    """The radii of the inputs of a table; returns the exit status."""
    asked = cast(Norm, norm)
    return answered(
        lambda: robustness(network, table.inputs, norm=asked, box=box, limit=limit or MOST_REGIONS, architecture=architecture),
        shown,
        time_limit,
    )


class Where(NamedTuple):
    """The box, the largest number of regions, and whether biases count as weights."""

    box: tuple[float, float] | None
    limit: int | None
    biases: bool | None


def functional_dimension_command(
    network: str,
    random: int | None,
    where: Where,
    architecture: str | None,
    shown: Printed,
    seed: int,
    time_limit: float | None,
) -> int:
    """The functional dimension of a file, or of weights that are drawn; returns the exit status."""
    return answered(
        lambda: functional_dimension(
            network,
            box=where.box,
            random=random,
            limit=where.limit or MOST_REGIONS,
            biases=where.biases,
            architecture=architecture,
            seed=seed,
        ),
        shown,
        time_limit,
    )
