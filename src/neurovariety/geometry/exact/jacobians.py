"""The matrices whose ranks are taken: Jacobians of a parametrization at a point mod p, and values of random functions."""

from __future__ import annotations

import numpy as np

from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import Point, require_memory
from neurovariety.linear_algebra import matmul_mod, reduce_mod
from neurovariety.model import Model
from neurovariety.program.of_model import chunks, combined_rows, jacobian_rows, sample_values, values_program
from neurovariety.rings.ring import Array

_CHUNK_ENTRIES = 2**22
"""Entries of the Jacobian evaluated at once: 32 MiB, small against the matrix and large against the cost of a call."""

_SAMPLE_ENTRIES = 2**21

_CELLS_A_ROW = 16
"""Arrays of the size of all results of a program that one row of its derivative takes on its way, at most."""

_PROJECT_FROM = 2**22
"""Jacobians with more entries than this and more than twice as many columns as rows are projected before the elimination."""

_COPIES = 4
"""Arrays of the size of all results of a program that its run takes on its way: the patches of a convolution are copies."""


def combined_jacobian(model: Model, point: Point, inputs: Array, factors: Array, limit: int | None = None) -> Array:
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


def samples_matrix(
    model: Model,
    point: Point,
    samples: int,
    inputs: Array,
    limit: int | None = None,
    groups: int | None = None,
    weights: Array | None = None,
) -> Array:
    """Values of ``samples`` functions of the model, random or of given ``weights``, at ``inputs``: (samples, len(inputs) * outputs).

    With ``groups`` random combinations of the outputs at each input, in so many groups, stand in their place.
    """
    kept = model.outputs if groups is None else groups
    columns = len(inputs) * kept
    a_sample = len(inputs) * (_COPIES * values_program(model).cells + kept) + model.parameters
    per_chunk = max(1, min(samples, _SAMPLE_ENTRIES // a_sample))
    require_memory(16 * samples * columns + 8 * per_chunk * a_sample, limit, f"the sample matrix of {model.name}")
    drawn = None if groups is None else [Groups.draw(point, model.outputs, groups) for _ in inputs]
    out = np.empty((samples, columns))
    for span in chunks(samples, per_chunk):
        if weights is None:
            chosen = point.ring.random((per_chunk, model.parameters), point.rng)
        else:
            chosen = weights[np.arange(span.start, span.start + per_chunk) % samples]
        values = sample_values(model, point.ring, chosen, inputs, point.coefficients)
        if drawn is not None:
            values = np.stack([g.of(values[:, k]) for k, g in enumerate(drawn)], axis=1)
        out[span.start : span.stop] = values.reshape(per_chunk, columns)[: len(span)]
    return out
