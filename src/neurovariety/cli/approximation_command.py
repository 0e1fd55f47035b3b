"""``neurovariety approximate``: activations and networks by polynomials, on the command line."""

from __future__ import annotations

from typing import Any

from neurovariety.beyond.approximation.approximate import approximate
from neurovariety.cli.checkpoint_commands import Printed, answered


def approximate_command(options: dict[str, Any]) -> int:
    """Approximate an activation, or those of a network: ``options`` are those of `approximate`, and how to print what comes out.

    Returns the exit status.
    """
    shown = Printed(options.pop("as_json"), options.pop("certificates"))
    limit = options.pop("time_limit")
    return answered(lambda: approximate(options.pop("network"), **options), shown, limit)
