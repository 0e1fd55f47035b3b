"""The commands on networks that are linear on pieces, with their options; what they do stands in `piecewise_commands`."""

from __future__ import annotations

import sys
from typing import Any

import click

from neurovariety.cli.network_options import CONTEXT, SEED, checkpoint_options, region_options
from neurovariety.cli.tables_given import table_options


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--data", help="File with a table of inputs: in which regions they lie, and how far around each one function goes.")
@click.option("--target", help="With --data: columns that are not inputs, separated by commas.")
@table_options
@click.option("--figure", metavar="FILE", help="Draw the regions of two inputs, and the data, to this file (.svg, .png or .pdf).")
@region_options
def regions(**options: Any) -> None:
    """All regions of a network that is linear on pieces (ReLU, ...): their number, bounded ones, affine functions, sign components."""
    from neurovariety.cli.piecewise_commands import regions_asked, regions_command
    from neurovariety.cli.tables_given import table_given

    table = table_given(options.pop("data"), options)
    sys.exit(regions_command(options.pop("network"), table, options.pop("figure"), regions_asked(options)))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--to", "system", type=click.Choice(["polymake", "oscar", "tropicalnn"]), help="Write it for this system, with --output.")
@click.option("--part", type=click.Choice(["form", "fans"]), default="form", show_default=True, help="What --to writes.")
@click.option("--output", metavar="FILE", help="The file that --to writes.")
@region_options
def tropical(**options: Any) -> None:
    """A ReLU network as a difference of maxima of affine functions, in which none can be left out, and their normal fans."""
    from neurovariety.cli.piecewise_commands import ScriptAsked, regions_asked, tropical_command

    script = ScriptAsked(options.pop("system"), options.pop("part"), options.pop("output"))
    sys.exit(tropical_command(options.pop("network"), script, regions_asked(options)))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@region_options
def lipschitz(**options: Any) -> None:
    """How fast the outputs of a ReLU network change with its inputs, at most and somewhere: in three norms, over all of its regions."""
    from neurovariety.cli.piecewise_commands import lipschitz_command, regions_asked

    sys.exit(lipschitz_command(options.pop("network"), regions_asked(options)))


@click.command(context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--data", required=True, help="File with a table of inputs.")
@click.option("--target", help="Columns of it that are not inputs, separated by commas.")
@table_options
@click.option("--norm", type=click.Choice(["l1", "l2", "linf"]), default="l2", show_default=True, help="In which distances are taken.")
@region_options
def robustness(**options: Any) -> None:
    """How far inputs may move before a ReLU network decides otherwise, and how far it stays one affine function around them."""
    from neurovariety.cli.piecewise_commands import regions_asked, robustness_command
    from neurovariety.cli.tables_given import table_given

    table = table_given(options.pop("data"), options)
    assert table is not None
    sys.exit(robustness_command(options.pop("network"), table, options.pop("norm"), regions_asked(options)))


@click.command("functional-dimension", context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--random", type=click.IntRange(min=1), help="NETWORK is an architecture such as 'mlp(2,3,1; relu; bias)': draw weights.")
@click.option("--biases/--no-biases", default=None, help="Whether biases count as weights (default: unless all are 0).")
@region_options
@SEED
def functional_dimension(**options: Any) -> None:
    """The number of directions in which the function of a ReLU network can move at its weights, over all of its regions."""
    from neurovariety.cli.piecewise_commands import functional_dimension_command, regions_asked

    asked = options.pop("random"), options.pop("biases"), options.pop("seed")
    sys.exit(functional_dimension_command(options.pop("network"), *asked, regions_asked(options)))


@click.command("relu-fiber", context_settings=CONTEXT)
@click.argument("network", metavar="NETWORK")
@click.option("--output", metavar="FILE", help="Write the first other network with the same function to this file.")
@checkpoint_options
def relu_fiber(**options: Any) -> None:
    """Networks with the function of one with hidden layers of ReLUs, up to order and scale of units; of one layer all of them."""
    from neurovariety.cli.piecewise_commands import regions_asked, relu_fiber_command

    sys.exit(relu_fiber_command(options.pop("network"), options.pop("output"), regions_asked(options)))


PIECEWISE = (regions, tropical, lipschitz, robustness, functional_dimension, relu_fiber)
"""All of these commands."""
