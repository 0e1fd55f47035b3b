"""The linear span of a neuromanifold: rank of samples, and exact expansion for small models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue
from neurovariety.certificates.linear_values import LinearValues
from neurovariety.certificates.ranks import ModularRank, RandomRanks
from neurovariety.certificates.upper_bounds import AllMonomials, Expanded
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.expanded_span import all_monomials, exact_span
from neurovariety.geometry.exact.jacobians import jacobian_matrix, samples_matrix
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point, rank_error, with_new_values
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.theorem import Theorem, bound
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS

_COMBINE_FROM = 2**20
"""Sample matrices with more entries than this and more than twice as many columns as rows have them combined first."""

_DRAWN_BEFORE = 2**20
"""Weights of functions that are drawn at once, and so can be kept with the rank."""
_ALL = "number of all monomials"


def bounding(model: Model, cap: Theorem) -> Certificate:
    """The certificate of a bound that `span_bound` has given."""
    exact = exact_functions(model)
    return AllMonomials(exact.hash, cap.value) if cap.name == _ALL else exact.by_theorem(cap)


@dataclass(frozen=True)
class SpanDimension:
    """What is known of the dimension of the linear span: it is at least ``value``, proved by a minor. By the ``claim`` it is no more:
    `proved` for the ``reason``, a theorem or an expansion; with `probability` of at most ``error`` that it is; or nothing is known."""

    verdict: Verdict
    reason: str = ""
    trials: tuple[dict[str, int], ...] = ()

    @property
    def value(self) -> int:
        return int(self.verdict.statement.value)

    @property
    def claim(self) -> Claim:
        return self.verdict.claim

    @property
    def error(self) -> float:
        """The probability that it is more, at most; 1 where nothing is known."""
        return 1.0 if self.claim is Claim.LOWER_BOUND else self.verdict.statement.error

    @property
    def dimension(self) -> int | None:
        """The dimension, proved or with probability; None where only a lower bound of it is known."""
        return None if self.claim is Claim.LOWER_BOUND else self.value


def span_rank(model: Model, p: int, point: Point, at_most: int, limit: int | None = None) -> int:
    """Rank of at_most + 2 random functions at enough random inputs: a lower bound of the dimension of the span.

    It is the dimension with high probability where it stays below ``at_most``.
    """
    return shown_span(model, p, point, at_most, limit).value


def shown_span(model: Model, p: int, point: Point, at_most: int, limit: int | None = None) -> ModularRank:
    """The same with its certificate."""
    rows = at_most + EXTRA_SAMPLES
    inputs = math.ceil(rows / model.outputs) + EXTRA_SAMPLES
    if rows * inputs * model.outputs > _COMBINE_FROM and inputs * model.outputs > 2 * rows:
        # Where the functions are independent a combination of outputs for each shows it, with far fewer columns.
        few = math.ceil(rows / model.outputs)
        groups = min(model.outputs, math.ceil(rows / few) + EXTRA_SAMPLES)
        x = point.inputs(model, few)
        found = rank(samples_matrix(model, point, rows, x, limit, groups), p, overwrite=True)
        if found >= rows:
            return exact_functions(model).taken_of_functions(point, x, found, None)
    while True:
        shown = _rank_of_samples(model, p, point, rows, inputs, limit)
        # With several outputs each input may add fewer than all of them; once doubling adds nothing the span is exhausted.
        if shown.value >= rows or model.outputs == 1 or inputs > rows + EXTRA_SAMPLES:
            return shown
        more = min(2 * inputs, rows + 2 * EXTRA_SAMPLES)
        again = _rank_of_samples(model, p, point, rows, more, limit)
        if again.value == shown.value:
            return again
        inputs = more


def _rank_of_samples(model: Model, p: int, point: Point, rows: int, inputs: int, limit: int | None) -> ModularRank:
    return shown_values(model, p, point, rows, point.inputs(model, inputs), limit)


def shown_values(model: Model, p: int, point: Point, rows: int, x: Array, limit: int | None) -> ModularRank:
    """The rank of the values of so many random functions at inputs ``x``, with its certificate."""
    small = rows * model.parameters <= _DRAWN_BEFORE
    weights = point.ring.random((rows, model.parameters), point.rng) if small else None
    found = rank(samples_matrix(model, point, rows, x, limit, weights=weights), p, overwrite=True)
    return exact_functions(model).taken_of_functions(point, x, found, weights)


def span_bound(model: Model, theorems: tuple[Theorem, ...]) -> Theorem | None:
    """The sharpest bound of the span from above that takes no search: a theorem, or the number of all monomials of the degrees."""
    d = degree_bounds(model)
    known, total = bound(theorems, "ambient"), all_monomials(model)
    if total is None or (known is not None and known.value <= total):
        return known
    return Theorem(_ALL, "ambient at most", total, f"degrees of inputs are {d.low:.0f} to {d.inputs:.0f}", "")


def _no_more(shown: ModularRank, at_most: int) -> ModularRank:
    """The same rank, of which no more than ``at_most`` is said."""
    return shown if shown.value <= at_most else replace(shown, value=at_most)


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
    trials: list[ModularRank] = []
    exact = exact_functions(model)
    once = 2 * rank_error(model, at_most, derivative=False)
    error = 1.0

    def settled(certificate: Certificate, reason: str = "") -> SpanDimension:
        facts = tuple({"prime": t.place.prime, "rank": min(t.value, at_most)} for t in trials)
        return SpanDimension(issue(certificate, exact), reason, facts)

    while len(trials) < MAX_TRIALS and error > ERROR_BOUND:
        p, point = draw_point(model, rng)
        trials.append(_no_more(shown_span(model, p, point, at_most, limit), at_most))
        best = max(trials, key=lambda t: t.value)
        if cap is not None and best.value == cap.value:
            return settled(Meets(issue(best, exact), issue(bounding(model, cap), exact)), cap.name)
        if best.value == at_most:
            return settled(best)
        if len(trials) == 1 and wanted in (None, best.value):
            whole = exact_span(model)
            if whole is not None and whole.dimension == best.value:
                return settled(Expanded(exact.hash, best.value), "rank over Q of the expanded model")
        if once >= 1:
            break
        error *= once
    return settled(RandomRanks(tuple((t, None) for t in trials), at_most) if error <= ERROR_BOUND else best)


@dataclass(frozen=True)
class AffineVariety:
    """What random points mod p are drawn of: the closure of the functions of a model; with ``samples`` that of their values at so many
    general inputs; with ``fixed`` (weight -> value) that of the graph of w -> f_w over the other weights."""

    model: Model
    samples: int | None = None
    fixed: Mapping[int, int | Fraction] | None = None

    def points(self, point: Point, number: int, inputs: int) -> Array:
        """Linear coordinates of so many points, mod p: values at ``inputs``, unless it is samples that count, and free weights."""
        x = point.inputs(self.model, inputs if self.samples is None else self.samples)
        weights = point.ring.random((number, self.model.parameters), point.rng)
        if self.fixed:
            weights[:, list(self.fixed)] = point.ring.constant(as_exact(self.fixed.values()))
        values = samples_matrix(self.model, point, number, x, weights=weights)
        return values if self.fixed is None else np.hstack([values, np.delete(weights, list(self.fixed), axis=1)])


def as_exact(values: Iterable[int | Fraction]) -> Array:
    """Numbers as an array: of integers where they are, of fractions otherwise."""
    listed = list(values)
    return np.array(listed, dtype=np.int64 if all(v == int(v) for v in listed) else object)


def shown_affine_span(model: Model, enough: int, seed: int) -> ModularRank:
    """`affine_span_at_least` of the functions themselves, with its certificate."""
    rows = enough + 1 + EXTRA_SAMPLES

    def attempt(k: int) -> ModularRank:
        p, point = draw_point(model, generator(seed, "geometry.exact.span.affine", k))
        x = point.inputs(model, rows)
        weights = point.ring.random((rows, model.parameters), point.rng)
        values = samples_matrix(model, point, rows, x, weights=weights)
        found = rank(np.mod(values[1:] - values[0], p), p, overwrite=True)
        return _no_more(exact_functions(model).taken_of_functions(point, x, found, weights, affine=True), enough)

    return with_new_values(attempt)[0]


def linear_values(model: Model, samples: int, dimension: int, seed: int) -> Verdict | None:
    """That the closure of the values at so many general inputs is an affine space, of that dimension; None where it is not shown."""

    def attempt(k: int) -> Verdict | None:
        exact, rng = exact_functions(model), generator(seed, "geometry.exact.span.values", k)
        p, point = draw_point(model, rng)
        matrix, _ = jacobian_matrix(model, p, point, x := point.inputs(model, samples))
        shown = exact.taken(point, x, None, min(rank(matrix, p, overwrite=True), dimension))
        spans: list[ModularRank] = []
        once = rank_error(model, dimension + 2, derivative=False)
        needed = samples * model.outputs != dimension
        while needed and once < 1 and once ** len(spans) > ERROR_BOUND and len(spans) < MAX_TRIALS:
            p, point = draw_point(model, rng)
            weights, x = point.ring.random((dimension + 1 + EXTRA_SAMPLES, model.parameters), rng), point.inputs(model, samples)
            values = samples_matrix(model, point, len(weights), x, weights=weights)
            found = rank(np.mod(values[1:] - values[0], p), p, overwrite=True)
            if found != dimension:
                return None
            spans.append(exact.taken_of_functions(point, x, found, weights, affine=True))
        try:
            return issue(LinearValues(shown, tuple(spans)), exact) if shown.value == dimension else None
        except NotShown:
            return None

    return with_new_values(attempt)[0]


def affine_span_at_least(variety: AffineVariety, enough: int, seed: int) -> int:
    """A number that is at most the dimension of the affine span; the lesser of it and ``enough`` almost surely."""
    rows = enough + 1 + EXTRA_SAMPLES

    def attempt(k: int) -> int:
        p, point = draw_point(variety.model, generator(seed, "geometry.exact.span.affine", k))
        values = variety.points(point, rows, rows)
        return min(rank(np.mod(values[1:] - values[0], p), p, overwrite=True), enough)

    return with_new_values(attempt)[0]
