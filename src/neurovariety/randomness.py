"""Random numbers: one independent stream for each seed and place in the library, by name."""

from __future__ import annotations

import hashlib

import numpy as np

from neurovariety.errors import InputError
from neurovariety.options import OF_EVERY_RUN


def require_seed(seed: int) -> None:
    """Raise `InputError` for what is no seed."""
    refusal = OF_EVERY_RUN["seed"].refusal(seed)
    if refusal:
        raise InputError(refusal)


def generator(seed: int, stream: str, *part: int) -> np.random.Generator:
    """An independent generator for each seed, stream and part of it. Raises `InputError` for what is no seed.

    ``stream`` names who draws, as ``"solutions.fiber_count"``; it is hashed, so that no two places share a stream by accident, and
    none needs to know the others. ``part`` tells attempts or uses within one place apart.
    """
    require_seed(seed)
    words = np.frombuffer(hashlib.sha256(stream.encode()).digest()[:16], dtype="<u4")
    return np.random.default_rng([seed, *(int(w) for w in words), *part])
