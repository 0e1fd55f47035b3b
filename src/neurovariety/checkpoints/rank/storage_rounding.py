"""By how much do outputs of a network vary when its weights are rounded again, each in the type in which it is stored?

Two files of one function, permuted, rescaled and rounded, differ by about that much. It is measured by random changes of the weights of
one unit in the last place, so it says which differences could be rounding; it bounds nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats
from neurovariety.randomness import generator

_DRAWS = 8
_FEW_DRAWS = 2
"""The same for networks of over a million weights."""
_MANY = 10**6
_DOUBLE = 2.0**-44
"""Relative rounding of an evaluation in float64, sums included."""


def unit_in_last_place(values: Array) -> float:
    """The relative distance of neighbouring numbers of the array's own type; 0 for whole numbers and fractions, which are exact."""
    found = _type_of(values)
    return 0.0 if found is None else float(found.eps)


def smallest_normal(values: Array) -> float:
    """The number of the array's own type below which its numbers have fewer digits; 0 for whole numbers and fractions."""
    found = _type_of(values)
    return 0.0 if found is None else float(found.smallest_normal)


def _type_of(values: Array) -> Any:
    dtype = np.asarray(values).dtype
    if dtype.kind in "biuO":
        return None
    if dtype.kind == "f":
        return np.finfo(dtype)
    import ml_dtypes  # bfloat16 and its like: whoever holds such an array has it

    return ml_dtypes.finfo(dtype)


def rounding_effect(network: Network, inputs: Array, *, stored: bool, floats: bool, seed: int) -> Array:
    """For each input the root mean square, over random roundings, of the largest change of an output; float64.

    ``stored``: weights are rounded in their own types. ``floats``: and at least in float64, in which the network is evaluated.
    """
    least = _DOUBLE if floats else 0.0
    sizes = {k: max(unit_in_last_place(w) if stored else 0.0, least) for k, w in network.weights.items()}
    if not any(sizes.values()):
        return np.zeros(len(inputs))
    rng = generator(seed, "checkpoints.rank.storage_rounding")
    values = network.evaluate(inputs).reshape(len(inputs), -1)
    total = np.zeros(len(inputs))
    draws = _DRAWS if network.parameters <= _MANY else _FEW_DRAWS
    with np.errstate(all="ignore"):
        for _ in range(draws):
            moved = {}
            for key, size in sizes.items():
                if size:
                    floats_of = to_floats(network.weights[key])
                    moved[key] = floats_of * (1 + size * rng.choice([-1.0, 1.0], size=floats_of.shape))
            changed = network.evaluate(inputs, {**network.weights, **moved}).reshape(len(inputs), -1)
            total += np.abs(changed - values).max(axis=1) ** 2
        return np.asarray(np.sqrt(total / draws))
