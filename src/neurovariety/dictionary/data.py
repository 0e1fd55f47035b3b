"""What a data set can determine (sections 3.2 and 3.11 of the theory: training as a nearest-point problem).

With squared loss, training on inputs x_1..x_n is the nearest-point problem for the quadric Q_D(f) = sum |f(x_i)|^2 on the span of the
model. Its rank says how much of a function of the span the data see. The data determine the model's function locally where
the rank of the Jacobian of w -> (f_w(x_1), ..., f_w(x_n)) at generic weights equals the dimension of the neuromanifold: the
interpolation threshold. With several outputs the rank of the quadric alone does not decide that.

What is proved. Ranks over F_p of exact matrices (decimal data are exact rational numbers) are lower bounds; a rank that reaches the
dimension, the number of rows or the ambient dimension is exact. The count of further samples supposes generic ones.

Source: Marchetti et al. 2025, section 3.2.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.dimension import dimension
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import DataError, InputError
from neurovariety.geometry.exact.generic_rank import jacobian_matrix, rank_at
from neurovariety.geometry.exact.points import (
    Point,
    as_json_bound,
    draw_point,
    rank_error,
    with_new_values,
)
from neurovariety.geometry.exact.span import samples_matrix
from neurovariety.linear_algebra import echelon, rank
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import Provenance, counted
from neurovariety.rings.ring import Array, as_fraction
from neurovariety.tolerances import DEFAULT_SEED, ERROR_BOUND, MAX_TRIALS

_MAX_CURVE = 4 * 10**6


@dataclass(frozen=True, repr=False)
class DataResult(EntryResult):
    """What the data determine.

    ``value`` is ``{"samples", "quadric_rank", "jacobian_rank", "dimension", "determined", "more_samples"}``: rank of the data quadric
    on the span of the model, rank of J at the data for generic weights, dimension of the neuromanifold, whether these agree (yes /
    no), and how many further generic samples would make them agree.
    """

    entry: ClassVar[str] = "data"
    inputs: Array | None = field(default=None, repr=False, compare=False)

    def _options(self) -> dict[str, Any]:
        if self.inputs is None:
            raise InputError("a data result read back from JSON does not hold the data; call data() on them again")
        return {"inputs": self.inputs.reshape(len(self.inputs), -1)}


def data(
    source: Source,
    inputs: Annotated[
        Any,
        Option("CSV file with a header line", kind="table", name="data", columns="Target column, or several separated by commas"),
    ],
    *,
    seed: int = DEFAULT_SEED,
    memory_limit: int | None = None,
) -> DataResult:
    """How far the inputs (samples, features) determine a function of the model.

    ``inputs`` is an array of numbers or Fractions; floats are taken at their exact binary values. Raises `DataError` where the
    number of features does not fit the model, or a value is not finite.

    >>> data("mlp(2,2,1; x^2)", [[1, 0], [0, 1]]).value["more_samples"]
    1
    """
    start = time.perf_counter()
    model = as_model(source)
    table = _checked(model, inputs)
    generic = quietly(dimension, model, seed=seed, memory_limit=memory_limit)
    (found, proved), draws = with_new_values(lambda k: _ranks(model, table, generic.value, seed, k, memory_limit))
    determined = found["jacobian_rank"] == generic.value
    value = {
        "samples": len(table),
        "quadric_rank": found["quadric_rank"],
        "jacobian_rank": found["jacobian_rank"],
        "dimension": generic.value,
        "determined": "yes" if determined else "no",
        "more_samples": found["more_samples"],
    }
    claim = _weaker(generic.claim, Claim.PROVED if proved else _bounded(found["error_bound"]))
    return DataResult(
        value=value,
        claim=claim,
        subject=model.name,
        meaning=_meaning(value, model),
        evidence={
            "distinct_samples": len({tuple(row) for row in table.reshape(len(table), -1).tolist()}),
            "outputs": model.outputs,
            "quadric_columns": found["columns"],
            "primes": found["primes"],
            "rank_by_samples": found["rank_by_samples"],
            "dimension_claim": str(generic.claim),
            "error_bound": None if claim is Claim.PROVED else found["error_bound"],
            "theorems": [],
            "redraws": draws,
        },
        provenance=Provenance.since(start, seed),
        model=model,
        inputs=table,
    )


def _bounded(error: float | None) -> Claim:
    return Claim.PROBABILITY if error is not None and error <= ERROR_BOUND else Claim.LOWER_BOUND


def _weaker(a: Claim, b: Claim) -> Claim:
    order = [Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND]
    return max(a, b, key=order.index)


def _checked(model: Model, inputs: Any) -> Array:
    table = np.asarray(inputs)
    if table.ndim < 2 or len(table) == 0:
        raise DataError("data are a table with one sample a row, at least one row")
    features = int(np.prod(table.shape[1:]))
    if features != model.inputs:
        raise DataError(f"{model.name} takes {model.inputs} inputs, the data have {features} feature columns")
    if table.dtype.kind == "f" and not np.all(np.isfinite(table)):
        raise DataError("the data contain a value that is not finite (NaN or infinity); remove or repair that row")
    exact = np.empty(table.shape, dtype=object)
    try:
        exact.reshape(-1)[:] = [as_fraction(v) for v in table.reshape(-1).tolist()]
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"the data contain a value that is not a finite number ({error})") from error
    return exact.reshape(len(table), *model.input_shape)


def _ranks(model: Model, table: Array, dim: int, seed: int, k: int, limit: int | None) -> tuple[dict[str, Any], bool]:
    """Both ranks over several primes, until they are as large as they can be or the error bound is small."""
    rng = generator(seed, "dictionary.data", k)
    columns = len(table) * model.outputs
    ambient = next((t.value for t in model.theorems if t.applies and t.quantity == "ambient"), None)
    found: dict[str, Any] = {
        "columns": columns,
        "jacobian_rank": 0,
        "quadric_rank": 0,
        "more_samples": dim,
        "primes": [],
    }
    error, bits = 1.0, _input_bits(table)
    while True:
        p, point = draw_point(model, rng)
        inputs = point.ring.constant(table)
        at_data, _ = rank_at(model, p, point, inputs, limit)
        found["jacobian_rank"] = max(found["jacobian_rank"], at_data)
        found["quadric_rank"] = max(found["quadric_rank"], _quadric_rank(model, point, p, inputs, limit))
        found["more_samples"] = min(found["more_samples"], _more(model, p, point, inputs, at_data, dim, limit))
        if not found["primes"]:
            found["rank_by_samples"] = _rank_by_samples(model, p, point, inputs, dim)
        found["primes"].append(p)
        fewest = -(-(dim - found["jacobian_rank"]) // model.outputs)
        ranks_are_largest = found["jacobian_rank"] in (dim, columns) and found["quadric_rank"] in (columns, ambient)
        if ranks_are_largest and found["more_samples"] == fewest:
            return found | {"error_bound": 0.0}, True
        bounds = [
            rank_error(model, min(columns, dim + 1), True, input_bits=bits),
            rank_error(model, columns, False, input_bits=bits),
        ]
        if found["more_samples"] > fewest:  # that fewer samples fall short was seen at random points, once a step of the bisection
            bounds.append(rank_error(model, dim, True, input_bits=bits) * max(1.0, math.log2(found["more_samples"] + 1)))
        error *= min(1.0, sum(bounds))
        if error <= ERROR_BOUND or len(found["primes"]) >= MAX_TRIALS or sum(bounds) >= 1:
            return found | {"error_bound": as_json_bound(error)}, False


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


def _rank_by_samples(model: Model, p: int, point: Point, inputs: Array, dim: int) -> list[int] | None:
    """Rank of J at the first 1, 2, ... samples (None for large problems), up to the sample after which nothing is added."""
    if len(inputs) * model.outputs * model.parameters > _MAX_CURVE:
        return None
    matrix, _ = jacobian_matrix(model, p, point, inputs)
    pivots = np.asarray(echelon(np.ascontiguousarray(matrix.T), p, overwrite=True).pivot_columns) // model.outputs
    counts = np.cumsum(np.bincount(pivots, minlength=len(inputs))).tolist()
    last = counts.index(counts[-1]) + 2
    return [int(c) for c in counts[: max(last, min(len(counts), 2 * dim))]]


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


def _meaning(value: dict[str, Any], model: Model) -> str:
    seen, of = value["jacobian_rank"], value["dimension"]
    head = f"{counted(value['samples'], 'sample')} can see {seen} of {of} degrees of freedom"
    if value["determined"] == "yes":
        return head + ": they determine the function locally; only targets that such a function takes are interpolated"
    return head + f": below the interpolation threshold; {counted(value['more_samples'], 'more generic sample')} would reach it"
