"""What a data set can determine.

With squared loss, training on inputs x_1..x_n is the nearest-point problem for the quadric Q_D(f) = sum |f(x_i)|^2 on the span of the
model. Its rank says how much of a function of the span the data see. The data determine the model's function locally where
the rank of the Jacobian of w -> (f_w(x_1), ..., f_w(x_n)) at generic weights equals the dimension of the neuromanifold: the
interpolation threshold. With several outputs the rank of the quadric alone does not decide that.

What is proved. Ranks over F_p of exact matrices (decimal data are exact rational numbers) are lower bounds; a rank that reaches the
dimension, the number of rows or the ambient dimension is exact. The count of further samples supposes generic ones.

Source: Marchetti et al. 2025, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypedDict

from neurovariety.certificates.functions import at_inputs
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.ranks_at_inputs import DETERMINED, Determines, TableOfInputs
from neurovariety.certificates.sentences import FROM_ABOVE, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.rank_at_data import RankAtData, rank_at_data, rows_of
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.result import counted
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED


class DataEvidence(TypedDict):
    """What ranks at data rest on. ``rank_by_samples``: of J at the first 1, 2, ... samples, None for large problems."""

    distinct_samples: int
    outputs: int
    quadric_columns: int
    primes: list[int]
    rank_by_samples: list[int] | None
    dimension_claim: str
    error_bound: float | None
    theorems: list[Facts]
    redraws: int


@dataclass(frozen=True, repr=False)
class DataResult(EntryResult):
    """What the data determine.

    ``value`` is ``{"samples", "quadric_rank", "jacobian_rank", "dimension", "determined", "more_samples"}``: rank of the data quadric
    on the span of the model, rank of J at the data for generic weights, dimension of the neuromanifold, whether these agree (yes,
    no or undecided), and how many further generic samples would make them agree.
    """

    entry: ClassVar[str] = "data"
    evidence: DataEvidence
    inputs: Array | None = field(default=None, repr=False, compare=False)

    def speaks(self) -> tuple[str, ...]:
        known = ("samples", "quadric_rank", "jacobian_rank", "dimension", "determined")
        return (*known, "more_samples") if self.value.get("more_samples") else known


@entry
def data(
    model: Model,
    inputs: Annotated[
        Any,
        Option(
            "file with a table (CSV, Excel, Parquet, NumPy)",
            kind="table",
            name="data",
            columns="Target column, or several separated by commas",
        ),
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
    found = rank_at_data(model, inputs, seed=seed, memory_limit=memory_limit)
    exact, table = exact_functions(model), rows_of(found.inputs)
    determined = _determined(model, found)
    return DataResult(
        value={
            "samples": len(found.inputs),
            "quadric_rank": found.quadric_rank,
            "jacobian_rank": found.jacobian_rank,
            "dimension": found.dimension.value,
            "determined": determined.statement.value,
            "more_samples": found.more_samples,
        },
        claims={
            "samples": issue(TableOfInputs(exact.hash, table, len(table)), exact),
            "quadric_rank": found.quadric,
            "jacobian_rank": found.jacobian,
            "dimension": found.dimension.verdict,
            "determined": determined,
            "more_samples": found.further,
        },
        evidence={
            "distinct_samples": len({tuple(row) for row in found.inputs.reshape(len(found.inputs), -1).tolist()}),
            "outputs": model.outputs,
            "quadric_columns": found.columns,
            "primes": list(found.primes),
            "rank_by_samples": None if found.ranks is None else list(found.ranks),
            "dimension_claim": str(found.dimension.claim),
            "error_bound": found.error_bound,
            "theorems": [],
            "redraws": found.draws,
        },
        glosses=(*_repeated(found), *_not_interpolated(found, model.outputs)),
        inputs=found.inputs,
        options={"inputs": found.inputs.reshape(len(found.inputs), -1)},
    )


def _determined(model: Model, found: RankAtData) -> Verdict:
    """Whether the data determine a function locally, as far as rank and dimension are known."""
    exact, table = exact_functions(model), rows_of(found.inputs)
    try:
        return issue(Determines(table, found.jacobian, found.dimension.verdict), exact)
    except NotShown as reason:
        return weak(Statement(at_inputs(DETERMINED, table), exact.hash, "undecided"), Claim.UNDECIDED, str(reason))


def _repeated(found: RankAtData) -> tuple[Gloss, ...]:
    """That inputs occur more than once, where that may be why samples as many as the dimension leave directions open."""
    samples, different = len(found.inputs), len(set(rows_of(found.inputs)))
    if samples == different or found.jacobian_rank >= found.dimension.value:
        return ()
    few = f"of the {samples:,} inputs only {different:,} are different" if different > 1 else f"the {samples:,} inputs are the same"
    return (Gloss(few, {}),)


def _not_interpolated(found: RankAtData, outputs: int) -> tuple[Gloss, ...]:
    """That general targets are out of reach, where they are more numbers than functions have dimensions."""
    numbers, most = len(set(rows_of(found.inputs))) * outputs, found.dimension.value
    if numbers <= most:
        return ()
    where = f"general targets at the {counted(numbers // outputs, 'different input')}"
    each = f", {outputs} numbers at each," if outputs > 1 else ""
    return (Gloss(f"{where}{each} are not interpolated", {"dimension": FROM_ABOVE}),)
