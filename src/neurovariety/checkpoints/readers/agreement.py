"""Does the network that was read compute what its module computes? Compared on random inputs, before anything is said of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array

_AGREEMENT = 1e-3
"""Largest difference, relative to the largest output: float32 loses about 1e-5 in most networks, a misread operation changes the first
digit."""
_SIZES = (1.0, 0.1, 0.01)
"""Of the inputs: smaller ones where the outputs of larger ones are no numbers."""


def agrees(samples: Array, network: Callable[[Array], Array], *modules: Callable[[Array], Array | None]) -> bool:
    """Whether a network computes on random ``samples`` what its module does, in one of several precisions at least.

    Infinities and NaN have to stand in the same places. A module returns None where it has no such precision.
    """
    for size in _SIZES:
        found = network(size * samples)
        compared = False
        for module in modules:
            said = _agree(module(size * samples), found)
            if said:
                return True
            compared = compared or said is not None
        if compared:
            return False
    return False


def _agree(expected: Array | None, found: Array) -> bool | None:
    """None where there is no number to compare."""
    if expected is None or (expected.shape == found.shape and not np.isfinite(expected).any()):
        return None
    if expected.shape != found.shape:
        return False
    finite = np.isfinite(expected)
    if (finite != np.isfinite(found)).any():
        return False
    scale = np.max(np.abs(expected[finite]), initial=1e-30)
    return bool(np.all(np.abs(expected - found)[finite] <= _AGREEMENT * scale))
