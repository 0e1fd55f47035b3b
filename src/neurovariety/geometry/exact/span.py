"""The linear span of a neuromanifold: rank of samples, and exact expansion for small models."""

from __future__ import annotations

import math
from dataclasses import dataclass

import flint
import numpy as np

from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point, require_memory, with_new_values
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.program.expand import expand
from neurovariety.program.of_model import chunks, sample_values, values_program
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES, MAX_EXPANDED_TERMS

_CHUNK_ENTRIES = 2**21
_COPIES = 4
"""Arrays of the size of all results of a program that its run takes on its way: the patches of a convolution are copies."""

_COMBINE_FROM = 2**20
"""Sample matrices with more entries than this and more than twice as many columns as rows have them combined first."""


Monomial = tuple[int, ...]


@dataclass(frozen=True)
class ExactSpan:
    """The span found by expanding the model: its dimension, and the (output, exponents) of the monomials that occur."""

    dimension: int
    support: tuple[tuple[int, Monomial], ...]


def samples_matrix(
    model: Model, point: Point, samples: int, inputs: Array, limit: int | None = None, groups: int | None = None
) -> Array:
    """Values of ``samples`` random functions of the model at ``inputs``: shape (samples, len(inputs) * outputs).

    With ``groups`` random combinations of the outputs at each input, in so many groups, stand in their place.
    """
    kept = model.outputs if groups is None else groups
    columns = len(inputs) * kept
    a_sample = len(inputs) * (_COPIES * values_program(model).cells + kept) + model.parameters
    per_chunk = max(1, min(samples, _CHUNK_ENTRIES // a_sample))
    require_memory(16 * samples * columns + 8 * per_chunk * a_sample, limit, f"the sample matrix of {model.name}")
    drawn = None if groups is None else [Groups.draw(point, model.outputs, groups) for _ in inputs]
    out = np.empty((samples, columns))
    for span in chunks(samples, per_chunk):
        weights = point.ring.random((per_chunk, model.parameters), point.rng)
        values = sample_values(model, point.ring, weights, inputs, point.coefficients)
        if drawn is not None:
            values = np.stack([g.of(values[:, k]) for k, g in enumerate(drawn)], axis=1)
        out[span.start : span.stop] = values.reshape(per_chunk, columns)[: len(span)]
    return out


def span_rank(model: Model, p: int, point: Point, at_most: int, limit: int | None = None) -> int:
    """Rank of at_most + 2 random functions at enough random inputs: a lower bound of the dimension of the span.

    It is the dimension with high probability where it stays below ``at_most``.
    """
    rows = at_most + EXTRA_SAMPLES
    inputs = math.ceil(rows / model.outputs) + EXTRA_SAMPLES
    if rows * inputs * model.outputs > _COMBINE_FROM and inputs * model.outputs > 2 * rows:
        # Where the functions are independent a combination of outputs for each shows it, with far fewer columns.
        few = math.ceil(rows / model.outputs)
        groups = min(model.outputs, math.ceil(rows / few) + EXTRA_SAMPLES)
        found = rank(samples_matrix(model, point, rows, point.inputs(model, few), limit, groups), p, overwrite=True)
        if found >= rows:
            return found
    while True:
        found = rank(samples_matrix(model, point, rows, point.inputs(model, inputs), limit), p, overwrite=True)
        # With several outputs each input may add fewer than all of them; once doubling adds nothing the span is exhausted.
        if found >= rows or model.outputs == 1 or inputs > rows + EXTRA_SAMPLES:
            return found
        more = min(2 * inputs, rows + 2 * EXTRA_SAMPLES)
        again = rank(samples_matrix(model, point, rows, point.inputs(model, more), limit), p, overwrite=True)
        if again == found:
            return found
        inputs = more


def span_at_least(model: Model, enough: int, seed: int, limit: int | None = None) -> tuple[int, bool]:
    """min(dimension of the span, enough), and whether it is the whole dimension (then right with high probability)."""

    def attempt(k: int) -> int:
        p, point = draw_point(model, generator(seed, "geometry.exact.span", k))
        return span_rank(model, p, point, enough, limit)

    found, _ = with_new_values(attempt)
    return (found, True) if found < enough else (enough, False)


def exact_span(model: Model) -> ExactSpan | None:
    """The span of a small polynomial model, proved: f is expanded in weights and inputs over Q, and the coefficients of the weight
    monomials, which span the same space as the functions do, give a matrix whose rank is taken over Q.

    None where the model is rational, has generic coefficients, or is too large to expand.
    """
    if any(c is None for c in model.coefficients) or degree_bounds(model).rational:
        return None
    try:
        expansion = expand(model, MAX_EXPANDED_TERMS)
    except ResourceError:
        return None
    n = model.parameters
    rows: dict[Monomial, dict[tuple[int, Monomial], flint.fmpq]] = {}
    for output, element in enumerate(expansion.outputs):
        for exponents, value in element.numerator.to_dict().items():
            e = tuple(int(k) for k in exponents)
            rows.setdefault(e[:n], {})[(output, e[n:])] = value
    support = tuple(sorted({key for row in rows.values() for key in row}))
    if len(rows) * len(support) > 4 * 10**6:
        return None
    place = {key: i for i, key in enumerate(support)}
    matrix = flint.fmpq_mat(len(rows), max(len(support), 1))
    for i, row in enumerate(rows.values()):
        for key, value in row.items():
            matrix[i, place[key]] = value
    return ExactSpan(int(matrix.rank()), support)
