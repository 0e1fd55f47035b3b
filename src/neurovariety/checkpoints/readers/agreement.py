"""Does the network that was read compute what its module computes? Compared on random inputs, before anything is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.npz_format import graph_data
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.building import BATCH, OTHER_BATCHES
from neurovariety.errors import InputError

AGREEMENT = 1e-3
"""Largest difference, relative to the largest output: float32 loses about 1e-5 in most networks, a misread operation changes the first
digit."""
_AROUND = (1.0, 1 / 16, 16.0, 64.0)
_NUDGE, _EACH, _LEAST = 2.0**-40, 1e-7, 1e-290
"""How much inputs are moved to see what rounding does, and what outputs may differ by besides, as a part of each."""
_SIZES = (1.0, 0.1, 0.01)
"""Of the inputs: smaller ones where the outputs of larger ones are no numbers."""


def agrees(
    samples: Array,
    network: Callable[[Array], Array],
    *modules: Callable[[Array], Array | None],
    tolerance: float = AGREEMENT,
    sizes: Sequence[float] = _SIZES,
) -> bool:
    """Whether a network computes on random ``samples`` what its module does, in one of several precisions at least.

    Infinities and NaN have to stand in the same places. A module returns None where it has no such precision. ``tolerance`` is the
    largest difference, as a part of the largest output; ``sizes`` are the factors of the samples that are tried in turn.
    """
    for size in sizes:
        found = network(size * samples)
        compared = False
        for module in modules:
            said = _agree(module(size * samples), found, tolerance)
            if said:
                return True
            compared = compared or said is not None
        if compared:
            return False
    return False


def agrees_entrywise(samples: Array, network: Callable[[Array], Array], module: Callable[[Array], Array]) -> bool:
    """Whether a network and a module that both compute in float64 agree at small, usual and large inputs, each output entry against
    its own size and what nudges of the inputs change in it: outputs that are small beside others, or almost 0, are compared too."""
    for size in _AROUND:
        x = size * samples
        found, expected = network(x), module(x)
        rng = np.random.default_rng(3)
        moved = [network(x * (1 + _NUDGE * rng.integers(-1, 2, size=x.shape))) for _ in range(4)]
        with np.errstate(all="ignore"):
            noise = np.max([np.abs(m - found) for m in moved], axis=0)
            near = np.abs(found - expected) <= _EACH * np.abs(expected) + 4 * noise + _LEAST
        finite = np.isfinite(expected)
        if found.shape != expected.shape or not np.all(near[finite & np.isfinite(noise)]):
            return False
    return True


def for_any_batch(read: Callable[[int], Network], source: str) -> Network:
    """The network that ``read`` makes of a graph whose batch axis is open, by the length of the batch, where all lengths make the same.

    Raises `InputError` where they do not: a value is divided by the length of the batch, say.
    """
    network = read(BATCH)
    for batch in OTHER_BATCHES:
        if not _equal(network, read(batch)):
            raise InputError(f"{source} computes with the length of the batch; a network maps each sample by itself")
    return network


def _equal(one: Network, other: Network) -> bool:
    """Whether two networks are written alike, with the same numbers."""
    used = {key for node in one.nodes for key in node.weights.values()}
    return graph_data(one)["nodes"] == graph_data(other)["nodes"] and all(
        np.array_equal(one.weights[k], other.weights[k]) for k in used
    )


def _agree(expected: Array | None, found: Array, tolerance: float) -> bool | None:
    """None where there is no number to compare."""
    if expected is None or (expected.shape == found.shape and not np.isfinite(expected).any()):
        return None
    if expected.shape != found.shape:
        return False
    finite = np.isfinite(expected)
    if (finite != np.isfinite(found)).any():
        return False
    scale = np.max(np.abs(expected[finite]), initial=1e-30)
    return bool(np.all(np.abs(expected - found)[finite] <= tolerance * scale))
