"""Small primes for the rank of a trained network: those modulo which few of its weights vanish together.

A rank mod p is a lower bound for any prime, and half as expensive where residues fit float32. But p < 512 divides one weight in some
hundred, and where all that a unit gives away is divisible, in a network with one output say, its weights no longer count. Which of
the primes does that least is seen beforehand.
"""

from __future__ import annotations

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.layers.neuron_rows import residues
from neurovariety.linear_algebra import is_prime
from neurovariety.linear_algebra.row_space import SINGLE_BELOW
from neurovariety.rings.ring import Array

_PRIMES = tuple(p for p in range(SINGLE_BELOW // 4, SINGLE_BELOW) if is_prime(p))


def small_primes(network: Network, rng: np.random.Generator) -> list[int]:
    """The primes from 128 to 512 that divide no denominator of a trained weight, best first.

    Those come first that make the fewest rows and columns of weights vanish; of equals the smaller ones, which are faster, in random
    order.
    """
    lost = {p: _vanishing(network, p) for p in _PRIMES}
    drawn = dict(zip(_PRIMES, rng.permutation(len(_PRIMES)).tolist(), strict=True))
    known = [(count, 2 * p // SINGLE_BELOW, drawn[p], p) for p, count in lost.items() if count is not None]
    return [p for *_, p in sorted(known)]


def _vanishing(network: Network, p: int) -> int | None:
    """How many rows and columns of trained weights that are not 0 are so mod p; None where p divides a denominator."""
    found = 0
    for key in network.trained:
        stored = np.asarray(network.weights[key])
        try:
            left = residues(stored, p) != 0
        except ZeroDivisionError:
            return None
        there = np.asarray(stored != 0, dtype=bool)
        found += sum(int(np.sum(_any(there, axis) & ~_any(left, axis))) for axis in range(min(stored.ndim, 2)))
    return found


def _any(seen: Array, axis: int) -> Array:
    return np.asarray(seen.any(axis=tuple(k for k in range(seen.ndim) if k != axis)))
