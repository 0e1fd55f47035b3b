"""``neurovariety approximate`` and ``critical-point``: polynomials in place of activations, on the command line."""

from __future__ import annotations

from typing import Any

from neurovariety.beyond.approximation.approximate import approximate
from neurovariety.beyond.approximation.critical_point import critical_point
from neurovariety.cli.checkpoint_commands import Printed, answered
from neurovariety.dataset import Dataset


def approximate_command(options: dict[str, Any]) -> int:
    """Approximate an activation, or those of a network: ``options`` are those of `approximate`, and how to print what comes out.

    Returns the exit status.
    """
    shown = Printed(options.pop("as_json"), options.pop("certificates"))
    limit = options.pop("time_limit")
    return answered(lambda: approximate(options.pop("network"), **options), shown, limit)


def critical_point_command(data: Dataset | None, options: dict[str, Any]) -> int:
    """The critical point next to the weights of a file; returns the exit status."""
    shown = Printed(options.pop("as_json"), options.pop("certificates"))
    limit = options.pop("time_limit")
    assert data is not None  # --data is required
    return answered(lambda: critical_point(options.pop("network"), inputs=data.inputs, targets=data.targets, **options), shown, limit)
