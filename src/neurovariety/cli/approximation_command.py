"""``neurovariety approximate``: activations by polynomials, on the command line."""

from __future__ import annotations

from neurovariety.beyond.approximation.approximate import approximate
from neurovariety.cli.checkpoint_commands import Printed, answered


def approximate_command(activation: str, interval: str, degree: int, shown: Printed, time_limit: float | None) -> int:
    """Approximate an activation; returns the exit status."""
    return answered(lambda: approximate(activation=activation, interval=interval, degree=degree), shown, time_limit)
