"""The generic rank of the Jacobian of a parametrization, over a prime field."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import Point, require_memory
from neurovariety.linear_algebra import accelerator_rank, matmul_mod, rank, reduce_mod
from neurovariety.model import Model
from neurovariety.program.of_model import chunks, combined_rows, jacobian_rows, values_program
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES

_CHUNK_ENTRIES = 2**22
"""Entries of the Jacobian evaluated at once: 32 MiB, small against the matrix and large against the cost of a call."""

_COMBINE_FROM = 2**20
"""Jacobians with more entries than this and more than twice as many rows as the rank needs are combined: fewer rows are made."""

_COMBINED_INPUTS = 17
"""Inputs whose outputs are combined, at least: with so many, one in 16 of the rows is to spare when one input is left out."""

_CELLS_A_ROW = 16
"""Arrays of the size of all results of a program that one row of its derivative takes on its way, at most."""

_PROJECT_FROM = 2**22
"""Jacobians with more entries than this and more than twice as many columns as rows are projected before the elimination."""

_ACCELERATE_FROM = 3000
"""Size of a matrix from which moving it to an accelerator, where there is one, is worth the transfer."""


@dataclass(frozen=True)
class RankTrial:
    """The rank of J at one point over F_p, at ``inputs`` random inputs; ``saturated``: a further input adds nothing.

    ``combined``: how many random combinations of the outputs at each input stand for them (None: the outputs themselves).
    """

    prime: int
    rank: int
    inputs: int
    saturated: bool
    projected: bool
    combined: int | None = None

    def to_dict(self) -> dict[str, int | bool]:
        return {"prime": self.prime, "rank": self.rank, "inputs": self.inputs, "saturated": self.saturated}


def generic_rank(model: Model, p: int, point: Point, at_most: int, limit: int | None = None) -> RankTrial:
    """The rank of the Jacobian at ``point`` over all inputs, a lower bound of the dimension of the neuromanifold.

    ``at_most`` is a proved upper bound. Inputs are added until the rank reaches it, or until one more generic input adds nothing:
    by genericity the rank gained by each further input never grows, so nothing would be added ever after. Raises `ResourceError`
    with an estimate where the matrix would not fit in memory.
    """
    count = math.ceil(at_most / model.outputs) + EXTRA_SAMPLES
    most = model.parameters + EXTRA_SAMPLES
    while True:
        if model.outputs * count * model.parameters > _COMBINE_FROM and model.outputs * count > 2 * (at_most + EXTRA_SAMPLES):
            quick = _quick_rank(model, p, point, at_most, count, limit)
            if quick is not None:
                return quick
        count, combined = enough_rows(model, at_most, count)
        inputs = point.inputs(model, count)
        found, projected = rank_at(model, p, point, inputs, limit, combined)
        if found >= at_most:
            return RankTrial(p, found, count, True, projected, combined)
        fewer, _ = rank_at(model, p, point, inputs[:-1], limit, combined)
        if fewer == found or count >= most:
            return RankTrial(p, found, count, fewer == found, projected, combined)
        count = min(2 * count, most)


def _quick_rank(model: Model, p: int, point: Point, at_most: int, count: int, limit: int | None) -> RankTrial | None:
    """The rank where it is ``at_most``, from hardly more rows; None where they do not show it, which says nothing."""
    each = math.ceil((at_most + EXTRA_SAMPLES) / count)
    inputs = point.inputs(model, count)
    factors = np.stack([Groups.draw(point, model.outputs, each).matrix() for _ in range(count)])
    found = rank(_combined(model, point, inputs, factors, limit), p, overwrite=True)
    return RankTrial(p, found, count, True, False, each) if found >= at_most else None


def enough_rows(model: Model, at_most: int, count: int) -> tuple[int, int | None]:
    """How many inputs to take for a rank of at most ``at_most``, given that ``count`` would do, and how many combinations of the
    outputs at each (None: the outputs themselves).

    Where the outputs are many more than the rank needs, k random combinations of them at each of m inputs have the rank
    min(k m, rank of all outputs at m inputs) with high probability: by Rado's theorem it is the least, over all t, of k (m - t) plus
    the rank at t inputs, which is concave in t, so that the least is at t = 0 or t = m. One input fewer leaves more rows than the rank.
    """
    rows = at_most + EXTRA_SAMPLES
    if count * model.outputs * model.parameters <= _COMBINE_FROM or count * model.outputs <= 2 * rows:
        return count, None
    inputs = max(count, _COMBINED_INPUTS)
    each = math.ceil(rows / (inputs - 1))
    return (inputs, each) if each < model.outputs else (count, None)


def rank_at(
    model: Model, p: int, point: Point, inputs: Array, limit: int | None = None, combined: int | None = None
) -> tuple[int, bool]:
    """Rank of J at ``point`` and ``inputs``, or of ``combined`` random combinations of its rows at each, and whether the parameters
    were projected first.

    A Jacobian much wider than tall is multiplied by a random matrix with as many columns as it has rows, and a few more; the rank
    cannot grow, and stays with probability at least 1 - 2 / p**9.
    """
    if combined is not None:
        factors = point.ring.random((len(inputs), combined, model.outputs), point.rng)
        return rank(_combined(model, point, inputs, factors, limit), p, overwrite=True), False
    matrix, projected = jacobian_matrix(model, p, point, inputs, limit)
    if min(matrix.shape) >= _ACCELERATE_FROM:
        found = accelerator_rank(matrix, p)  # None where there is no accelerator
        if found is not None:
            return found, projected
    return rank(matrix, p, overwrite=True), projected


def _combined(model: Model, point: Point, inputs: Array, factors: Array, limit: int | None) -> Array:
    """``factors`` (inputs, rows, outputs) times the Jacobian at each input, shape (inputs * rows, N)."""
    count, each, _ = factors.shape
    n = model.parameters
    a_row = n + _CELLS_A_ROW * values_program(model).cells
    step = max(1, min(each, _CHUNK_ENTRIES // a_row))
    require_memory(8 * (count * each * n + (step + 1) * a_row), limit, f"the exact Jacobian of {model.name}")
    out = np.empty((count, each, n))
    for x, u, rows in zip(inputs, factors, out, strict=True):
        for span in chunks(each, step):
            batch = u[span.start : span.stop]
            if len(batch) < step:  # keep the traced number of rows: pad, and drop the rows again
                batch = np.concatenate([batch, np.repeat(u[:1], step - len(batch), axis=0)])
            part = combined_rows(model, point.ring, point.weights, x[None], batch[None], point.coefficients)
            rows[span.start : span.stop] = part[: len(span)]
    return out.reshape(count * each, n)


def jacobian_matrix(model: Model, p: int, point: Point, inputs: Array, limit: int | None = None) -> tuple[Array, bool]:
    """The Jacobian over F_p at ``point`` and ``inputs``, (len(inputs) * outputs) rows, projected where that saves memory."""
    rows, n = len(inputs) * model.outputs, model.parameters
    wide = n > 2 * rows and rows * n > _PROJECT_FROM
    columns = rows + 8 if wide else n
    per_chunk = max(1, min(len(inputs), _CHUNK_ENTRIES // max(1, n * model.outputs)))
    chunk_bytes = 8 * per_chunk * model.outputs * n * 4  # the chunk, its factors, one product in flight
    require_memory(8 * rows * columns + chunk_bytes + (8 * n * 64 if wide else 0), limit, f"the exact Jacobian of {model.name}")
    out = np.zeros((rows, columns))
    salt = int(point.rng.integers(2**31)) if wide else 0
    for span in chunks(len(inputs), per_chunk):
        batch = inputs[span.start : span.stop]
        if len(batch) < per_chunk:  # keep the traced batch size: pad, and drop the rows again
            batch = np.concatenate([batch, np.repeat(inputs[:1], per_chunk - len(batch), axis=0)])
        at = slice(span.start * model.outputs, span.stop * model.outputs)
        if not wide and len(span) == per_chunk:
            jacobian_rows(model, point.ring, point.weights, batch, point.coefficients, out=out[at])
            continue
        part = jacobian_rows(model, point.ring, point.weights, batch, point.coefficients)[: len(span) * model.outputs]
        out[at] = _projected(part, p, columns, salt) if wide else part
    return out, wide


def _projected(part: Array, p: int, columns: int, salt: int) -> Array:
    """part times the random matrix that ``salt`` names, made a slice of parameters at a time."""
    total = np.zeros((part.shape[0], columns))
    step = max(1, _CHUNK_ENTRIES // columns)
    for span in chunks(part.shape[1], step):
        rng = np.random.default_rng([salt, span.start])
        slice_of_matrix = reduce_mod(rng.integers(0, p, size=(len(span), columns)).astype(np.float64), p)
        total = reduce_mod(total + matmul_mod(np.ascontiguousarray(part[:, span.start : span.stop]), slice_of_matrix, p), p)
    return total
