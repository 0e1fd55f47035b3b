"""The linear span of a neuromanifold: rank of samples, and exact expansion for small models."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import flint
import numpy as np

from neurovariety.claim import Claim
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point, rank_error, require_memory, with_new_values
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.program.expand import expand
from neurovariety.program.of_model import chunks, sample_values, values_program
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.theorem import Theorem, bound
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_EXPANDED_TERMS, MAX_TRIALS

_CHUNK_ENTRIES = 2**21
_COPIES = 4
"""Arrays of the size of all results of a program that its run takes on its way: the patches of a convolution are copies."""

_COMBINE_FROM = 2**20
"""Sample matrices with more entries than this and more than twice as many columns as rows have them combined first."""


_MAX_DEGREE = 2000
"""Degrees in the inputs up to which monomials are counted."""

Monomial = tuple[int, ...]


@dataclass(frozen=True)
class SpanDimension:
    """What is known of the dimension of the linear span: it is at least ``value``, proved by a minor. By the ``claim`` it is no more:
    `proved` for the ``reason``, a theorem or an expansion; with `probability` of at most ``error`` that it is; or nothing is known."""

    value: int
    claim: Claim
    error: float
    reason: str = ""
    trials: tuple[dict[str, int], ...] = ()

    @property
    def dimension(self) -> int | None:
        """The dimension, proved or with probability; None where only a lower bound of it is known."""
        return None if self.claim is Claim.LOWER_BOUND else self.value


@dataclass(frozen=True)
class ExactSpan:
    """The span found by expanding the model: its dimension, that of the affine span, and the (output, exponents) of the monomials."""

    dimension: int
    affine: int
    support: tuple[tuple[int, Monomial], ...]


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
    per_chunk = max(1, min(samples, _CHUNK_ENTRIES // a_sample))
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


def span_bound(model: Model, theorems: tuple[Theorem, ...]) -> Theorem | None:
    """The sharpest bound of the span from above that takes no search: a theorem, or the number of all monomials of the degrees."""
    d = degree_bounds(model)
    known = bound(theorems, "ambient")
    if d.rational or not math.isfinite(d.inputs) or d.inputs > _MAX_DEGREE:
        return known
    total = model.outputs * sum(math.comb(model.inputs + k - 1, k) for k in range(int(d.low), int(d.inputs) + 1))
    if known is not None and known.value <= total:
        return known
    return Theorem("number of all monomials", "ambient at most", total, f"degrees of inputs are {d.low:.0f} to {d.inputs:.0f}", "")


def find_span(
    model: Model,
    rng: np.random.Generator,
    at_most: int,
    cap: Theorem | None,
    limit: int | None = None,
    wanted: int | None = None,
) -> SpanDimension:
    """The dimension of the linear span, searched up to ``at_most``.

    ``cap`` bounds it from above. A small model is expanded to prove that there is no more, where the rank is the one ``wanted``.
    """
    trials: list[dict[str, int]] = []
    value, error = 0, 1.0
    once = 2 * rank_error(model, at_most, derivative=False)
    while len(trials) < MAX_TRIALS and error > ERROR_BOUND:
        p, point = draw_point(model, rng)
        trials.append({"prime": p, "rank": min(span_rank(model, p, point, at_most, limit), at_most)})
        value = max(value, trials[-1]["rank"])
        if cap is not None and value == cap.value:
            return SpanDimension(value, Claim.PROVED, 0.0, cap.name, tuple(trials))
        if value == at_most:
            return SpanDimension(value, Claim.LOWER_BOUND, 1.0, "", tuple(trials))
        if len(trials) == 1 and wanted in (None, value):
            exact = exact_span(model)
            if exact is not None and exact.dimension == value:
                return SpanDimension(value, Claim.PROVED, 0.0, "rank over Q of the expanded model", tuple(trials))
        if once >= 1:
            break
        error *= once
    return SpanDimension(value, Claim.PROBABILITY if error <= ERROR_BOUND else Claim.LOWER_BOUND, error, "", tuple(trials))


@dataclass(frozen=True)
class AffineVariety:
    """What random points mod p are drawn of: the closure of the functions of a model; with ``samples`` that of their values at so many
    general inputs; with ``fixed`` (weight -> value) that of the graph of w -> f_w over the other weights."""

    model: Model
    samples: int | None = None
    fixed: Mapping[int, int] | None = None

    def points(self, point: Point, number: int, inputs: int) -> Array:
        """Linear coordinates of so many points, mod p: values at ``inputs``, unless it is samples that count, and free weights."""
        x = point.inputs(self.model, inputs if self.samples is None else self.samples)
        weights = point.ring.random((number, self.model.parameters), point.rng)
        if self.fixed:
            weights[:, list(self.fixed)] = point.ring.constant(np.array(list(self.fixed.values()), dtype=np.int64))
        values = samples_matrix(self.model, point, number, x, weights=weights)
        return values if self.fixed is None else np.hstack([values, np.delete(weights, list(self.fixed), axis=1)])


def affine_span_at_least(variety: AffineVariety, enough: int, seed: int) -> int:
    """A number that is at most the dimension of the affine span; the lesser of it and ``enough`` almost surely."""
    rows = enough + 1 + EXTRA_SAMPLES

    def attempt(k: int) -> int:
        p, point = draw_point(variety.model, generator(seed, "geometry.exact.span.affine", k))
        values = variety.points(point, rows, rows)
        return min(rank(np.mod(values[1:] - values[0], p), p, overwrite=True), enough)

    return with_new_values(attempt)[0]


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
    moving = [row for weights, row in rows.items() if any(weights)]

    def rank_of(chosen: Collection[dict[tuple[int, Monomial], flint.fmpq]]) -> int:
        matrix = flint.fmpq_mat(len(chosen), max(len(support), 1))
        for i, row in enumerate(chosen):
            for key, value in row.items():
                matrix[i, place[key]] = value
        return int(matrix.rank())

    whole = rank_of(rows.values())
    return ExactSpan(whole, whole if len(moving) == len(rows) else rank_of(moving), support)
