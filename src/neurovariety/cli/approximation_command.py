"""``neurovariety approximate`` and ``critical-point``: polynomials in place of activations, on the command line."""

from __future__ import annotations

from typing import Any

import click

from neurovariety.beyond.approximation.approximate import ApproximateResult, approximate, of_deviations
from neurovariety.beyond.approximation.critical_point import critical_point
from neurovariety.cli.checkpoint_commands import Printed, answered
from neurovariety.dataset import Dataset


def approximate_command(options: dict[str, Any]) -> int:
    """Approximate an activation, or those of a network: ``options`` are those of `approximate`, and how to print what comes out.

    Returns the exit status.
    """
    shown = Printed(options.pop("as_json"), options.pop("certificates"))
    limit = options.pop("time_limit")
    normal, interval = options.pop("normal"), options.pop("interval")
    if normal and interval:
        raise click.UsageError("give --interval, or --normal, the interval of three standard deviations about a mean; not both")

    def asked() -> ApproximateResult:
        return approximate(options.pop("network"), interval=of_deviations(normal) if normal else interval, **options)

    return answered(asked, shown, limit)


def critical_point_command(data: Dataset | None, options: dict[str, Any]) -> int:
    """The critical point next to the weights of a file; returns the exit status."""
    shown = Printed(options.pop("as_json"), options.pop("certificates"))
    limit = options.pop("time_limit")
    assert data is not None  # --data is required
    return answered(lambda: critical_point(options.pop("network"), inputs=data.inputs, targets=data.targets, **options), shown, limit)
