"""``neurovariety regions`` and its kin: networks that are linear on pieces, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import click

from neurovariety.beyond.piecewise.classification_fan import classification_fan
from neurovariety.beyond.piecewise.functional_dimension import functional_dimension
from neurovariety.beyond.piecewise.lipschitz import lipschitz
from neurovariety.beyond.piecewise.region_options import RegionOptions
from neurovariety.beyond.piecewise.region_pictures import draw_regions
from neurovariety.beyond.piecewise.regions import RegionsResult, regions
from neurovariety.beyond.piecewise.regions_so_far import regions_so_far
from neurovariety.beyond.piecewise.relu_fiber import ReluFiberResult, relu_fiber
from neurovariety.beyond.piecewise.robustness import Norm, robustness
from neurovariety.beyond.piecewise.tropical import TropicalResult, tropical
from neurovariety.checkpoints.load import write_network
from neurovariety.cli.checkpoint_commands import Printed, answered
from neurovariety.cli.export_command import write_script
from neurovariety.dataset import Dataset
from neurovariety.errors import InputError
from neurovariety.pictures.file_endings import check_drawable
from neurovariety.result import Result


class RegionsAsked(NamedTuple):
    """What every command on regions was asked: which ``regions``, how the answer is printed, and in how many seconds."""

    regions: RegionOptions
    shown: Printed
    time_limit: float | None

    def of(
        self,
        work: Callable[[], Result],
        finish: Callable[[Result], Any] = lambda found: None,
        so_far: Callable[[], Result | None] = lambda: None,
    ) -> int:
        """Does the work, as `answered`; returns the exit status."""
        return answered(work, self.shown, self.time_limit, finish, so_far)


def regions_asked(options: dict[str, Any]) -> RegionsAsked:
    """Takes these options out of those of a command."""
    given = {name: options.pop(name) for name in RegionOptions.__annotations__ if name in options}
    asked = cast(RegionOptions, {name: value for name, value in given.items() if value is not None})
    return RegionsAsked(asked, Printed(options.pop("as_json"), options.pop("certificates")), options.pop("time_limit"))


def regions_command(network: str, table: Dataset | None, figure: str | None, asked: RegionsAsked) -> int:
    """Count the regions of a file, and those that hold data; returns the exit status."""
    if figure:
        check_drawable(figure)
    data = None if table is None else table.inputs

    def finish(found: Result) -> None:
        if figure and isinstance(found, RegionsResult):
            draw_regions(found, figure, data=data)

    return asked.of(lambda: regions(network, data=data, **asked.regions), finish, regions_so_far)


class ScriptAsked(NamedTuple):
    """Which ``part`` of a tropical form is written, for which ``system``, to which file ``output``; None where none is."""

    system: str | None
    part: str
    output: str | None


def tropical_command(network: str, script: ScriptAsked, asked: RegionsAsked) -> int:
    """The tropical form of a file, written for another system if asked; returns the exit status."""
    system, part, output = script
    if (system is None) is not (output is None):
        raise InputError("--to names the system, and --output the file that is written for it: give both, or neither")
    if system is None and part != "form":
        raise InputError(f"--part {part} says what --to writes: give --to and --output as well")

    def finish(found: Result) -> None:
        if system and output and isinstance(found, TropicalResult):
            write_script(found.script(system, part), output)
            click.echo(f"wrote {output}", err=asked.shown.as_json)

    return asked.of(lambda: tropical(network, **asked.regions), finish)


def lipschitz_command(network: str, asked: RegionsAsked) -> int:
    """The Lipschitz constants of a file; returns the exit status."""
    return asked.of(lambda: lipschitz(network, **asked.regions))


def robustness_command(network: str, table: Dataset, norm: str, asked: RegionsAsked) -> int:
    """The radii of the inputs of a table; returns the exit status."""
    return asked.of(lambda: robustness(network, table.inputs, norm=cast(Norm, norm), **asked.regions))


def classification_fan_command(table: Dataset, terms: str, as_json: bool, certificates: str | None, time_limit: float | None) -> int:
    """The classification fan of a table, its target column the labels; returns the exit status."""
    labels = labels_of(table) if table.target_names else None
    return answered(lambda: classification_fan(table.inputs, labels, terms=terms), Printed(as_json, certificates), time_limit)


def labels_of(table: Dataset) -> list[object]:
    """The labels in the targets of a table: those of its column, or which one of several columns of 0 and 1 has the 1.

    Raises `InputError` for other targets of several columns."""
    rows = table.targets.tolist()
    if len(table.target_names) == 1:
        return [row[0] for row in rows]
    if any(sorted(row) != [0] * (len(row) - 1) + [1] for row in rows):
        raise InputError(f"labels are one column, and --target names {len(table.target_names)}")
    return [table.target_names[row.index(1)] for row in rows]


def functional_dimension_command(network: str, random: int | None, biases: bool | None, seed: int, asked: RegionsAsked) -> int:
    """The functional dimension of a file, or of weights that are drawn; returns the exit status."""
    return asked.of(lambda: functional_dimension(network, random=random, biases=biases, seed=seed, **asked.regions))


def relu_fiber_command(network: str, output: str | None, asked: RegionsAsked) -> int:
    """The networks with the function of a file, the first other one written if asked; returns the exit status."""

    def finish(found: Result) -> None:
        if not output or not isinstance(found, ReluFiberResult):
            return
        if found.value["flips"]:
            click.echo(f"wrote {output}: {write_network(found.other(), output).summary()}", err=asked.shown.as_json)
        else:
            click.echo(f"{output} is not written: no other network with this function is known", err=True)

    return asked.of(lambda: relu_fiber(network, architecture=asked.regions.get("architecture")), finish)
