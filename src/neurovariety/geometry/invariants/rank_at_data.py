"""What a data set sees of a model: the rank of the Jacobian of the values there, and of the data quadric on the span."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.functions import Inputs, at_inputs
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, first_shown, issue, weak
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.ranks_at_inputs import (
    FURTHER,
    AsLargeAsAnywhere,
    AtMostRows,
    FurtherSamples,
    RandomRanksAtInputs,
    RankAtInputs,
    size_in_bits,
)
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import Expanded
from neurovariety.claim import Claim
from neurovariety.errors import DataError
from neurovariety.exact_numbers import exact_table
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import jacobian_matrix, shown_rank
from neurovariety.geometry.exact.points import Point, draw_point, rank_error, with_new_values
from neurovariety.geometry.exact.span import shown_values
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.linear_algebra import echelon
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS

_STREAM = "geometry.invariants.rank_at_data"
_MAX_CURVE = 4 * 10**6


@dataclass(frozen=True, eq=False)
class RankAtData:
    """Ranks at a table of exact ``inputs`` of a model of a ``dimension``, with their verdicts.

    ``jacobian``: of J at the data for general weights; ``quadric``: of the values of functions there; ``further``: how many further
    general inputs would raise the first to the dimension; ``ranks``: of J at the first 1, 2, ... samples (None for large problems).
    ``primes``: those of the ranks; ``draws``: how often a denominator vanished.
    """

    inputs: Array
    dimension: Dimension
    jacobian: Verdict
    quadric: Verdict
    further: Verdict
    ranks: tuple[int, ...] | None
    columns: int
    primes: tuple[int, ...]
    draws: int = 0

    @property
    def jacobian_rank(self) -> int:
        return int(self.jacobian.statement.value)

    @property
    def quadric_rank(self) -> int:
        return int(self.quadric.statement.value)

    @property
    def more_samples(self) -> int:
        return int(self.further.statement.value)

    @property
    def error_bound(self) -> float | None:
        """The largest probability of error of the three; None where nothing can go wrong, and where nothing is known."""
        shown = (self.jacobian, self.quadric, self.further)
        return max(v.statement.error for v in shown) or None


def rows_of(table: Array) -> Inputs:
    """A table as rows of exact numbers."""
    return tuple(map(tuple, table.reshape(len(table), -1).tolist()))


def exact_inputs(model: Model, inputs: object) -> Array:
    """A table (samples, features) as exact numbers of shape (samples, *input shape). Raises `DataError` where it does not fit."""
    exact = exact_table(inputs, "data")
    if exact.ndim < 2 or len(exact) == 0:
        raise DataError("data are a table with one sample a row, at least one row")
    features = int(np.prod(exact.shape[1:]))
    if features != model.inputs:
        raise DataError(f"{model.name} takes {counted(model.inputs, 'input')}, the data have {counted(features, 'feature column')}")
    return exact.reshape(len(exact), *model.input_shape)


def general_rank(model: Model, table: Array, *, seed: int) -> Verdict:
    """The rank of J at a table of exact inputs, at general weights."""
    generic = quietly(dimension_of, model, seed=seed)
    return with_new_values(lambda k: _AtData(model, table, generic, generator(seed, _STREAM, k), None).jacobian())[0]


def rank_at_data(model: Model, inputs: object, *, seed: int, memory_limit: int | None = None) -> RankAtData:
    """Both ranks at ``inputs`` (samples, features), numbers or Fractions; floats are taken at their exact binary values.

    Raises `DataError` where the number of features does not fit the model, or a value is not finite.
    """
    table = exact_inputs(model, inputs)
    generic = quietly(dimension_of, model, seed=seed, memory_limit=memory_limit)

    def attempt(k: int) -> RankAtData:
        return _ranks(model, table, generic, generator(seed, _STREAM, k), memory_limit, k)

    return with_new_values(attempt)[0]


class _AtData:
    """Random points mod random primes at which both ranks are taken at a table, as many as they need."""

    def __init__(self, model: Model, table: Array, generic: Dimension, rng: np.random.Generator, limit: int | None) -> None:
        self.model, self.table, self.generic, self.rng, self.limit = model, table, generic, rng, limit
        self.exact, self.inputs = exact_functions(model), rows_of(table)
        self.bits = size_in_bits(self.inputs)
        self.drawn: list[tuple[int, Point, Array]] = []
        self._largest: ModularRank | None = None

    def point(self, k: int) -> tuple[int, Point, Array]:
        """The k-th prime and point, and the table mod that prime."""
        while len(self.drawn) <= k:
            p, point = draw_point(self.model, self.rng)
            self.drawn.append((p, point, point.ring.constant(self.table)))
        return self.drawn[k]

    def verdict(self, bounds: list[Verdict], generic: Verdict, take: Callable[[int], ModularRank], derivative: bool) -> Verdict:
        """What a rank is: a bound from above that it reaches, the rank over all inputs, or the largest of several."""
        upper = min(bounds, key=lambda b: int(b.statement.value))
        trials = [RankAtInputs(self.inputs, take(0))]
        lower = issue(trials[0], self.exact)
        for shown in (Meets(lower, upper), AsLargeAsAnywhere(lower, generic)):
            try:
                return issue(shown, self.exact)
            except NotShown:
                continue
        most = int(upper.statement.value)
        once = rank_error(self.model, most, derivative, input_bits=self.bits)
        error = once
        while ERROR_BOUND < error < 1 and len(trials) < MAX_TRIALS:
            trials.append(RankAtInputs(self.inputs, take(len(trials))))
            error *= once
        best = max(trials, key=lambda t: t.rank.value)
        certificates: list[Certificate] = [RandomRanksAtInputs(tuple(trials), upper), best]
        if best.rank.value > trials[0].rank.value:
            lower = issue(best, self.exact)
            certificates = [Meets(lower, upper), AsLargeAsAnywhere(lower, generic), *certificates]
        return first_shown(self.exact, *certificates)

    def jacobian(self) -> Verdict:
        """The rank of J."""

        def take(k: int) -> ModularRank:
            p, point, inputs = self.point(k)
            found = shown_rank(self.model, p, point, inputs, self.limit)[0]
            self._largest = max(found, self._largest or found, key=lambda one: one.value)
            return found

        most = issue(self.generic.upper.certificate, exact_coefficients(self.model))
        return self.verdict([self._rows("rank of the Jacobian"), most], self.generic.verdict, take, derivative=True)

    def values(self) -> Verdict:
        """The rank of the values of functions."""
        span = self._span()
        bounds = [self._rows("rank of the values"), *([span] if span.claim is Claim.PROVED else [])]
        rows = min(int(b.statement.value) for b in bounds) + EXTRA_SAMPLES

        def take(k: int) -> ModularRank:
            p, point, inputs = self.point(k)
            return shown_values(self.model, p, point, rows, inputs, self.limit)

        return self.verdict(bounds, span, take, derivative=False)

    def _span(self) -> Verdict:
        """The dimension of the span; where random points alone tell it, or it was not needed before, a small model is expanded."""
        known = self.generic.span.verdict
        whole = None if known.claim is Claim.PROVED else self.exact.expanded_span(False)
        return known if whole is None else issue(Expanded(self.exact.hash, whole), self.exact)

    def _rows(self, of: Literal["rank of the Jacobian", "rank of the values"]) -> Verdict:
        count = len(set(self.inputs)) * self.model.outputs
        return issue(AtMostRows(self.exact.hash, self.inputs, of, count), self.exact)

    def further(self, rank: Verdict) -> Verdict:
        """How many further general inputs bring the rank of J to the dimension."""
        r, found = self.generic.value, int(rank.statement.value)
        p, point, inputs = self.point(0)
        extra = point.inputs(self.model, max(r - found, 1))

        def with_further(count: int) -> ModularRank:
            return shown_rank(self.model, p, point, np.concatenate([inputs, extra[:count]]), self.limit)[0]

        low, high = -(-(r - found) // self.model.outputs), r - found
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if with_further(middle).value >= r else (middle + 1, high)
        enough = self._largest if self._largest is not None and not low else with_further(low)
        shown = FurtherSamples(self.inputs, rank, self.generic.verdict, enough, (), low)
        for trials in (0, MAX_TRIALS if low else 0):
            try:
                return issue(replace(shown, fewer=tuple(self._fewer(low - 1, trials))), self.exact)
            except NotShown:
                continue
        return weak(Statement(at_inputs(FURTHER, self.inputs), self.exact.hash, low), Claim.ESTIMATE, "fewer are not excluded")

    def _fewer(self, further: int, trials: int) -> Iterator[ModularRank]:
        r, error = self.generic.value, 1.0
        once = rank_error(self.model, r, True) + rank_error(self.model, r, True, input_bits=self.bits)
        for k in range(trials):
            if error <= ERROR_BOUND or once >= 1:
                return
            p, point, inputs = self.point(k)
            yield shown_rank(self.model, p, point, np.concatenate([inputs, point.inputs(self.model, further)]), self.limit)[0]
            error *= once


def _ranks(model: Model, table: Array, generic: Dimension, rng: np.random.Generator, limit: int | None, draws: int) -> RankAtData:
    """Both ranks, and what they lack."""
    work = _AtData(model, table, generic, rng, limit)
    jacobian, quadric = work.jacobian(), work.values()
    further = work.further(jacobian)
    p, point, inputs = work.point(0)
    ranks = _rank_by_samples(model, p, point, inputs, generic.value)
    primes = tuple(p for p, _, _ in work.drawn)
    return RankAtData(table, generic, jacobian, quadric, further, ranks, len(table) * model.outputs, primes, draws)


def _rank_by_samples(model: Model, p: int, point: Point, inputs: Array, dim: int) -> tuple[int, ...] | None:
    """Rank of J at the first 1, 2, ... samples (None for large problems), up to the sample after which nothing is added."""
    if len(inputs) * model.outputs * model.parameters > _MAX_CURVE:
        return None
    matrix, _ = jacobian_matrix(model, p, point, inputs)
    pivots = np.asarray(echelon(np.ascontiguousarray(matrix.T), p, overwrite=True).pivot_columns) // model.outputs
    counts = np.cumsum(np.bincount(pivots, minlength=len(inputs))).tolist()
    last = counts.index(counts[-1]) + 2
    return tuple(int(c) for c in counts[: max(last, min(len(counts), 2 * dim))])
