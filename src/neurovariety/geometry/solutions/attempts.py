"""Attempts at a complete count: other random projections and charts, where one does not lead to all solutions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neurovariety._version import __version__
from neurovariety.budget import is_limited, spent, used_up
from neurovariety.errors import ResourceError
from neurovariety.geometry.solutions.resuming import QuestionFile, function_of
from neurovariety.homotopy import ResumeFile
from neurovariety.model import Model
from neurovariety.randomness import generator

_MOST_DERIVATIVES = 1500
_MOST_VALUES = 120
ATTEMPTS = 4
"""A few in a hundred do not succeed the first time."""


def attempts(
    stream: str, seed: int, resume: str | Path | None, question: str, model: Model, **parts: str
) -> Iterator[tuple[int, np.random.Generator, ResumeFile | None]]:
    """Number, randomness and resume of each attempt at a ``question``; the files after the first end in the attempt's number.

    ``parts``: all that the stored points depend on besides the function of the ``model`` and the seed.
    """
    for attempt in range(ATTEMPTS):
        if attempt and used_up():
            return
        kept = None
        if resume is not None:
            file = Path(resume)
            file = file.with_name(f"{file.name}.{attempt}") if attempt else file
            named = {"question": question, "architecture": model.name, "function": f"program {function_of(model)}"}
            run = {"seed": str(seed), "attempt": str(attempt), "version": __version__}
            kept = QuestionFile(file, named | parts | run)
        yield attempt, generator(seed, stream, attempt), kept


def check_size(entry: str, dimension: int, coordinates: int) -> None:
    """Raise `ResourceError` where searches have a budget and writing the system out alone would use it up."""
    if is_limited() and dimension * coordinates > _MOST_DERIVATIVES:
        raise ResourceError(
            f"{coordinates} coefficients in {dimension} weights are too many to follow paths for along with other entries; "
            f"`neurovariety {entry}` alone takes the time it needs"
        )


def check_values(rows: int, outputs: int) -> None:
    """Raise `ResourceError` where outputs at that many rows are more probabilities than a likelihood is written out for."""
    if rows * outputs > _MOST_VALUES:
        raise ResourceError(
            f"{rows} rows and {outputs} outputs make {rows * outputs} probabilities, each with its own count; expected at most "
            f"{_MOST_VALUES}; take a sample of the rows"
        )


def why_incomplete() -> str:
    """A notice on a count that is not complete."""
    if used_up():
        return f"the search was stopped after {spent()}, the work allowed for one entry among others; called alone, the entry goes on"
    return f"not every test of completeness passed in {ATTEMPTS} attempts; another seed may help, or coefficients of about one size"
