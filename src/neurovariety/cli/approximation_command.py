"""``neurovariety approximate``: activations and networks by polynomials, on the command line."""

from __future__ import annotations

from neurovariety.beyond.approximation.approximate import approximate
from neurovariety.cli.checkpoint_commands import Printed, answered


def approximate_command(
    network: str | None,
    activation: str | None,
    interval: str | None,
    degree: int,
    box: tuple[float, float] | None,
    architecture: str | None,
    shown: Printed,
    seed: int,
    time_limit: float | None,
) -> int:
    """Approximate an activation, or those of a network; returns the exit status."""
    return answered(
        lambda: approximate(
            network, activation=activation, interval=interval, degree=degree, box=box, architecture=architecture, seed=seed
        ),
        shown,
        time_limit,
    )
