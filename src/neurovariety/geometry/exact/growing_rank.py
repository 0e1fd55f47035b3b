"""The rank of combinations of the rows of a Jacobian, input by input, until a bound is met or further inputs add nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurovariety.geometry.exact.points import Point, require_memory
from neurovariety.linear_algebra import RowSpace
from neurovariety.model import Model
from neurovariety.program.of_model import chunks, combined_rows, values_program
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array

_CHUNK_ENTRIES = 2**22
"""Entries of the rows that are made at once: 32 MiB."""
_CHUNK_CELLS = 2**24
"""Entries of all results of a program that are made at once, few of which are held at a time."""
_ROWS = 512
"""Rows that are eliminated together."""
_IDLE = 3
"""So many times such rows add nothing before the search ends."""
_LARGE = 4_000
"""Parameters from which it ends the first time that they add next to nothing, one direction for as many parameters: at 20,000 they take
five seconds."""


def growing_rank(
    model: Model, point: Point, inputs: Callable[[range], Array], factors: Array, at_most: int, limit: int | None = None
) -> tuple[int, int]:
    """The rank of ``factors`` (inputs, rows, outputs) times the Jacobian at ``inputs``, and how many of the inputs were used.

    ``inputs`` gives those of a range. The rank is taken mod the prime of the point's field: what is used of the inputs proves it as a
    lower bound. Stops where it is ``at_most``, and where some hundred rows in a row add (almost) nothing. Raises `ResourceError` with
    an estimate where it would not fit in memory.
    """
    assert isinstance(point.ring, FiniteField)
    count, each, _ = factors.shape
    n = model.parameters
    step = max(1, min(count, _CHUNK_ENTRIES // (each * n), _CHUNK_CELLS // (each * values_program(model).cells)))
    space = RowSpace(n, point.ring.p)
    require_memory(space.dtype.itemsize * n * n / 2 + 8 * n * (_ROWS + step * each), limit, f"the rank of the Jacobian of {model.name}")
    waiting: list[Array] = []
    idle = 0
    for span in chunks(count, step):
        x, u = inputs(span), factors[span.start : span.stop]
        if len(span) < step:  # keep the traced number of inputs: pad, and drop the rows again
            x, u = (np.concatenate([a, np.repeat(a[:1], step - len(span), axis=0)]) for a in (x, u))
        rows = combined_rows(model, point.ring, point.weights, x, u, point.coefficients)
        waiting.append(rows[: len(span) * each])
        held = sum(map(len, waiting))
        if held < _ROWS and span.stop < count:
            continue
        gained = space.add(np.concatenate(waiting))
        waiting = []
        idle = idle + 1 if gained <= n // _LARGE else 0
        if space.rank >= at_most or idle >= (1 if n >= _LARGE else _IDLE):
            return space.rank, span.stop
    return space.rank, count
