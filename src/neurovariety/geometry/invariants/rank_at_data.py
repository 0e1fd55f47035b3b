"""What a data set sees of a model: the rank of the Jacobian of the values there, and of the data quadric on the span."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neurovariety.claim import Claim
from neurovariety.errors import DataError
from neurovariety.exact_numbers import exact_table
from neurovariety.geometry.exact.generic_rank import jacobian_matrix, rank_at
from neurovariety.geometry.exact.jacobians import samples_matrix
from neurovariety.geometry.exact.points import Point, as_json_bound, draw_point, rank_error, with_new_values
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.linear_algebra import echelon, rank
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, MAX_TRIALS

_STREAM = "geometry.invariants.rank_at_data"
_MAX_CURVE = 4 * 10**6


@dataclass(frozen=True, eq=False)
class RankAtData:
    """Ranks at a table of exact ``inputs`` of a model of a ``dimension``.

    ``jacobian_rank``: of J at the data for generic weights; ``quadric_rank``: of the values of functions there; ``more_samples``: how
    many further generic ones would raise the first to the dimension; ``ranks``: of J at the first 1, 2, ... samples (None for large
    problems). ``error`` bounds the probability that they fall short of the truth, 0 where they cannot; ``draws``: how often a
    denominator vanished.
    """

    inputs: Array
    dimension: Dimension
    jacobian_rank: int
    quadric_rank: int
    more_samples: int
    ranks: tuple[int, ...] | None
    columns: int
    primes: tuple[int, ...]
    error: float
    draws: int = 0

    @property
    def determined(self) -> bool:
        """Whether the data determine a function locally: J has its generic rank there."""
        return self.jacobian_rank == self.dimension.value

    @property
    def claim(self) -> Claim:
        """As strong as the weaker of the dimension and the ranks."""
        ranks = Claim.PROBABILITY if self.error <= ERROR_BOUND else Claim.LOWER_BOUND
        claims = [self.dimension.claim, ranks if self.error else Claim.PROVED]
        return max(claims, key=(Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND).index)

    @property
    def error_bound(self) -> float | None:
        """The error as results tell it: None where nothing can go wrong, and where nothing is known."""
        return None if self.claim is Claim.PROVED else as_json_bound(self.error)


def exact_inputs(model: Model, inputs: object) -> Array:
    """A table (samples, features) as exact numbers of shape (samples, *input shape). Raises `DataError` where it does not fit."""
    exact = exact_table(inputs, "data")
    if exact.ndim < 2 or len(exact) == 0:
        raise DataError("data are a table with one sample a row, at least one row")
    features = int(np.prod(exact.shape[1:]))
    if features != model.inputs:
        raise DataError(f"{model.name} takes {model.inputs} inputs, the data have {features} feature columns")
    return exact.reshape(len(exact), *model.input_shape)


def rank_at_data(model: Model, inputs: object, *, seed: int, memory_limit: int | None = None) -> RankAtData:
    """Both ranks at ``inputs`` (samples, features), numbers or Fractions; floats are taken at their exact binary values.

    Raises `DataError` where the number of features does not fit the model, or a value is not finite.
    """
    table = exact_inputs(model, inputs)
    generic = quietly(dimension_of, model, seed=seed, memory_limit=memory_limit)

    def attempt(k: int) -> RankAtData:
        return _ranks(model, table, generic, generator(seed, _STREAM, k), memory_limit, k)

    return with_new_values(attempt)[0]


def _ranks(model: Model, table: Array, generic: Dimension, rng: np.random.Generator, limit: int | None, draws: int) -> RankAtData:
    """Both ranks over several primes, until they are as large as they can be or the error bound is small."""
    dim, columns = generic.value, len(table) * model.outputs
    ambient = next((t.value for t in model.theorems if t.applies and t.quantity == "ambient"), None)
    of_jacobian, of_quadric, more = 0, 0, dim
    primes: list[int] = []
    ranks: tuple[int, ...] | None = None
    error, bits = 1.0, _input_bits(table)
    while True:
        p, point = draw_point(model, rng)
        inputs = point.ring.constant(table)
        at_data, _ = rank_at(model, p, point, inputs, limit)
        of_jacobian = max(of_jacobian, at_data)
        of_quadric = max(of_quadric, _quadric_rank(model, point, p, inputs, limit))
        more = min(more, _more(model, p, point, inputs, at_data, dim, limit))
        if not primes:
            ranks = _rank_by_samples(model, p, point, inputs, dim)
        primes.append(p)
        fewest = -(-(dim - of_jacobian) // model.outputs)
        if of_jacobian in (dim, columns) and of_quadric in (columns, ambient) and more == fewest:
            error = 0.0
            break
        bounds = [
            rank_error(model, min(columns, dim + 1), True, input_bits=bits),
            rank_error(model, columns, False, input_bits=bits),
        ]
        if more > fewest:  # that fewer samples fall short was seen at random points, once a step of the bisection
            bounds.append(rank_error(model, dim, True, input_bits=bits) * max(1.0, math.log2(more + 1)))
        error *= min(1.0, sum(bounds))
        if error <= ERROR_BOUND or len(primes) >= MAX_TRIALS or sum(bounds) >= 1:
            break
    return RankAtData(table, generic, of_jacobian, of_quadric, more, ranks, columns, tuple(primes), error, draws)


def _input_bits(table: Array) -> float:
    """Bits of the numerators and of the common denominator of the data."""
    values = set(table.reshape(-1).tolist())
    common = math.lcm(*(v.denominator for v in values))
    return math.log2(max(common, *(abs(v * common).numerator for v in values), 2))


def _quadric_rank(model: Model, point: Point, p: int, inputs: Array, limit: int | None) -> int:
    """Rank of the values of random functions at the data: the rank of the data quadric on the span."""
    columns = len(inputs) * model.outputs
    known = next((t.value for t in model.theorems if t.applies and t.quantity.startswith("ambient")), columns)
    rows = min(columns, known) + 2
    out = samples_matrix(model, point, rows, inputs, limit)
    return rank(out, p, overwrite=True)


def _rank_by_samples(model: Model, p: int, point: Point, inputs: Array, dim: int) -> tuple[int, ...] | None:
    """Rank of J at the first 1, 2, ... samples (None for large problems), up to the sample after which nothing is added."""
    if len(inputs) * model.outputs * model.parameters > _MAX_CURVE:
        return None
    matrix, _ = jacobian_matrix(model, p, point, inputs)
    pivots = np.asarray(echelon(np.ascontiguousarray(matrix.T), p, overwrite=True).pivot_columns) // model.outputs
    counts = np.cumsum(np.bincount(pivots, minlength=len(inputs))).tolist()
    last = counts.index(counts[-1]) + 2
    return tuple(int(c) for c in counts[: max(last, min(len(counts), 2 * dim))])


def _more(model: Model, p: int, point: Point, inputs: Array, at_data: int, dim: int, limit: int | None) -> int:
    """The smallest number of further generic samples with which the rank of J reaches the dimension, by bisection."""
    missing = dim - at_data
    if missing <= 0:
        return 0
    extra = point.inputs(model, missing)
    low, high = -(-missing // model.outputs), missing
    while low < high:
        middle = (low + high) // 2
        reached, _ = rank_at(model, p, point, np.concatenate([inputs, extra[:middle]]), limit)
        low, high = (low, middle) if reached >= dim else (middle + 1, high)
    return low
