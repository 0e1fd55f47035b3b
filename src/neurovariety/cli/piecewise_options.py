"""The commands on networks that are linear on pieces, with their options; what they do stands in `piecewise_commands`."""

from __future__ import annotations

import sys
from typing import Any

import click

from neurovariety.cli.network_options import CONTEXT, INPUT_SHAPE, INSIDE, LIMIT, SEED, checkpoint_options
from neurovariety.cli.tables_given import table_options


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@INSIDE
@LIMIT
@click.option("--figure", metavar="FILE", help="Draw the regions of two inputs to this file (.svg, .png or .pdf).")
@INPUT_SHAPE
@checkpoint_options
def regions(**options: Any) -> None:
    """All regions of a network that is linear on pieces (ReLU, ...): their number, bounded ones, affine functions, sign components."""
    from neurovariety.cli.piecewise_commands import Printed, regions_command

    sys.exit(regions_command(shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@INSIDE
@LIMIT
@click.option("--to", "system", type=click.Choice(["polymake", "oscar", "tropicalnn"]), help="Write it for this system, with --output.")
@click.option("--output", metavar="FILE", help="The file that --to writes.")
@checkpoint_options
def tropical(**options: Any) -> None:
    """A ReLU network as a difference of maxima of affine functions, in which none can be left out."""
    from neurovariety.cli.piecewise_commands import Printed, tropical_command

    sys.exit(tropical_command(shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@INSIDE
@LIMIT
@checkpoint_options
def lipschitz(**options: Any) -> None:
    """How fast the outputs of a ReLU network change with its inputs, at most and somewhere: in three norms, over all of its regions."""
    from neurovariety.cli.piecewise_commands import Printed, lipschitz_command

    sys.exit(lipschitz_command(shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--data", required=True, help="File with a table of inputs.")
@click.option("--target", help="Columns of it that are not inputs, separated by commas.")
@table_options
@click.option("--norm", type=click.Choice(["l1", "l2", "linf"]), default="l2", show_default=True, help="In which distances are taken.")
@INSIDE
@LIMIT
@checkpoint_options
def robustness(**options: Any) -> None:
    """How far inputs may move before a ReLU network decides otherwise, and how far it stays one affine function around them."""
    from neurovariety.cli.piecewise_commands import Printed, robustness_command
    from neurovariety.cli.tables_given import table_given

    table = table_given(options.pop("data"), options)
    assert table is not None
    sys.exit(robustness_command(table=table, shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


@click.command("functional-dimension", context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--random", type=click.IntRange(min=1), help="NETWORK is an architecture such as 'mlp(2,3,1; relu; bias)': draw weights.")
@click.option("--biases/--no-biases", default=None, help="Whether biases count as weights (default: unless all are 0).")
@INSIDE
@LIMIT
@checkpoint_options
@SEED
def functional_dimension(**options: Any) -> None:
    """The number of directions in which the function of a ReLU network can move at its weights, over all of its regions."""
    from neurovariety.cli.piecewise_commands import Printed, Where, functional_dimension_command

    where = Where(options.pop("box"), options.pop("limit"), options.pop("biases"))
    sys.exit(functional_dimension_command(where=where, shown=Printed(options.pop("as_json"), options.pop("certificates")), **options))


PIECEWISE = (regions, tropical, lipschitz, robustness, functional_dimension)
"""All of these commands."""
