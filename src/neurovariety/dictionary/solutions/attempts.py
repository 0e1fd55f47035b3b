"""Attempts at a complete count: other random projections and charts, where one does not lead to all solutions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neurovariety.dictionary.trial import generator
from neurovariety.homotopy import Checkpoint

ATTEMPTS = 4
"""A few in a hundred do not succeed the first time."""


def attempts(
    stream: int, seed: int, checkpoint: str | Path | None, problem: str
) -> Iterator[tuple[int, np.random.Generator, Checkpoint | None]]:
    """Number, randomness and checkpoint of each attempt at ``problem``; the files after the first end in the attempt's number."""
    for attempt in range(ATTEMPTS):
        kept = None
        if checkpoint is not None:
            file = Path(checkpoint)
            file = file.with_name(f"{file.name}.{attempt}") if attempt else file
            kept = Checkpoint(file, f"{problem}, seed {seed}, attempt {attempt}")
        yield attempt, generator(seed, stream, attempt), kept
