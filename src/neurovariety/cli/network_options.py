"""What the commands on trained networks share: their options, which need nothing that computes."""

from __future__ import annotations

from typing import Any

import click

from neurovariety.cli.parameter_types import Finite, Seconds, input_shapes

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


def checkpoint_options(command: Any) -> Any:
    """The options that the commands on trained networks share."""
    architecture = click.option(
        "--architecture", metavar="ARCH", help="For plain arrays (.npz, .safetensors): 'mlp(2,3,1; x^2; bias)', ..."
    )
    return architecture(answer_options(command))


def answer_options(command: Any) -> Any:
    """How an answer is printed and kept, and how long it may take."""
    for decorate in reversed(
        [
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
            click.option("--certificates", metavar="FILE", help="Write the result with its certificates, for `recheck`."),
            click.option("--time-limit", type=Seconds(), help="Seconds after which to stop (exit 3)."),
        ]
    ):
        command = decorate(command)
    return command


SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of all random choices.")
INSIDE = click.option("--box", type=Finite(), nargs=2, metavar="LOW HIGH", help="Only where LOW <= x <= HIGH, for each input x.")
LIMIT = click.option("--limit", type=click.IntRange(min=1), help="Regions at which to give up (200,000).")
RESUME = click.option("--resume", metavar="FILE", help="File in which a long search is kept; the same command goes on from it.")
INPUT_SHAPE = click.option(
    "--input-shape",
    multiple=True,
    callback=input_shapes,
    metavar="SIZES",
    help="Open sizes of an ONNX file: 1,3,64,64 or NAME=1,3,64,64.",
)


def region_options(command: Any) -> Any:
    """What every command on regions takes: where they are looked for, and how the network is read."""
    for decorate in (checkpoint_options, INPUT_SHAPE, RESUME, LIMIT, INSIDE):
        command = decorate(command)
    return command
