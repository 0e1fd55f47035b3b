"""Tangent kernel: how fast can the function change at given weights, and in which directions not at all?

With J the Jacobian of the outputs at the samples (or of the coefficients, for a stated metric) by the weights, gradient flow moves the
outputs by - J J^T grad: the symmetric matrix J J^T is the (neural) tangent kernel at w. Its eigenvalues are the speeds at which errors
along its eigenvectors shrink; its rank is the number of directions in which the function can move at all. It falls where the
parametrization is critical: at subnetworks, dead neurons, lower ranks. Large condition numbers are plateaus.

What is proved. The rank is exact: J is evaluated at exact rational weights and inputs, and its rank over Q is `proved`; for larger
models it is a rank mod a random prime, a `lower_bound` unless it is as large as the matrix allows. The rank at general weights is the
dimension, or that at the data, with its own claim. Eigenvalues are floating point: an `estimate`.

Sources: Jacot, Gabriel, Hongler 2018; Marchetti et al. 2025, 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, ClassVar, TypedDict, Unpack

import flint
import jax
import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.functions import Inputs
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.ranks_at_weights import AtMostShape, NoSmallerElsewhere, RankAtWeightsModP, RankOverQ
from neurovariety.certificates.sentences import FROM_ABOVE, FROM_BELOW, REACHES, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import shown_rank
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.invariants.rank_at_data import general_rank, rows_of
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Array, Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.tolerances import DEFAULT_SEED, PRIME_BITS
from neurovariety.training.dynamics.dynamics import Objective, objective, trajectories
from neurovariety.training.losses.loss import SquaredError
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, training_task

_STREAM = "dictionary.tangent_kernel"
_TIMES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_MOST_ENTRIES = 40_000
"""Entries of a Jacobian whose rank is taken over Q."""
_SMALL = 1e-12
"""Eigenvalues below this part of the largest are not told from zero in floating point."""


class TangentKernelValue(TypedDict):
    rank: int
    generic: int
    largest: float
    smallest: float
    condition: float | None


class AlongTraining(TypedDict):
    """Times, spectra, losses and ranks in floating point along gradient flow, as far as it stays finite."""

    times: list[float]
    spectra: list[list[float]]
    losses: list[float]
    ranks: list[int]


class TangentKernelEvidence(TypedDict):
    """The spectrum at the weights, and along training."""

    task: Facts
    spectrum: list[float]
    weights: list[str]
    by_block: dict[str, int]
    training: AlongTraining


@dataclass(frozen=True, repr=False)
class TangentKernelResult(EntryResult):
    """``value``: ``rank`` of the kernel at the weights, ``generic`` (its rank at random weights), ``largest`` and ``smallest`` nonzero
    eigenvalue, and their quotient ``condition``. The claim is that of the two ranks; the rest are estimates.

    ``evidence``: ``spectrum`` (descending), ``weights`` (exact), ``by_block`` (rank of J restricted to each block of weights), and
    ``training``: times, spectra and losses along gradient flow from these weights.
    """

    entry: ClassVar[str] = "tangent-kernel"
    value: TangentKernelValue
    evidence: TangentKernelEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "jacot2018")
    headline: ClassVar[tuple[str, ...]] = ("rank", "generic")
    task: TrainingTask | None = field(default=None, compare=False)


@entry
def tangent_kernel(
    model: Model,
    *,
    weights: Annotated[
        ExactNumbers | None,
        Option("weights at which the kernel is taken (default: random ones, and along training from there)", kind="numbers"),
    ] = None,
    seed: int = DEFAULT_SEED,
    **options: Unpack[TaskOptions],
) -> TangentKernelResult:
    """The tangent kernel at ``weights`` (exact numbers in flat order; default: random ones) and along gradient flow from there.

    The other options are those of `landscape`; they say on which samples, or for which coefficients, and what the flow fits. Raises
    `InputError` for unusable weights, options or models, `DataError` for unusable data, `ResourceError` for a model too large to write
    out.

    >>> found = tangent_kernel("linear(2,1,2)", metric="frobenius", weights=[1, 2, 1, -1])
    >>> found.value["rank"], found.claim
    (3, <Claim.PROVED: 'proved'>)
    >>> tangent_kernel("linear(2,1,2)", metric="frobenius", weights=[0, 0, 1, -1]).value["rank"]
    2
    """
    task = training_task(model, seed=seed, **options)
    rng = generator(seed, _STREAM)
    drawn = [Fraction(round(64 * v), 64) for v in rng.normal(size=model.parameters)]
    exact = exact_weights(model, weights) if weights is not None else tuple(drawn)
    rank, blocks = _rank_here(task, exact, rng)
    generic = _rank_elsewhere(task, rank, seed)
    found = int(rank.statement.value)
    goal = objective(model, task.loss)
    here, training = _spectra(goal, np.array(nearest_floats(exact, "a weight")))
    parts = goal.samples * model.outputs if goal.samples else len(goal.terms.image)
    value: TangentKernelValue = {
        "rank": found,
        "generic": int(generic.statement.value),
        "largest": float(here[0]) if found else 0.0,
        "smallest": float(here[found - 1]) if found else 0.0,
        "condition": float(here[0] / here[found - 1]) if found and here[found - 1] > 0 else None,
    }
    return TangentKernelResult(
        value=value,
        claims={"rank": rank, "generic": generic, **_estimates(model, value)},
        evidence={
            "task": task.record,
            "spectrum": here.tolist(),
            "weights": [str(w) for w in exact],
            "by_block": blocks,
            "training": training,
        },
        notices=task.notices,
        glosses=(*((_DRAWN,) if weights is None else ()), *_glosses(value, parts, rank.claim in REACHES[FROM_ABOVE])),
        options={**task.options, "weights": list(exact)},
        task=task,
    )


def _spectra(goal: Objective, at: Array) -> tuple[Array, AlongTraining]:
    """The spectrum at weights (N,), and along gradient flow from there."""
    with jax.enable_x64(True):
        spectra = jax.jit(jax.vmap(lambda w: _spectrum(goal.seen, w)))
        here = np.asarray(spectra(at[None]))[0]
        path = trajectories(goal, at[None], _TIMES[1:])[0]
        path = np.vstack([at[None], path])
        fine = np.isfinite(path).all(axis=1)
        along, losses = np.asarray(spectra(path[fine])), np.asarray(jax.vmap(goal.value)(path[fine]))
    training: AlongTraining = {
        "times": [t for t, ok in zip(_TIMES, fine, strict=True) if ok],
        "spectra": along.tolist(),
        "losses": losses.tolist(),
        "ranks": (along > _SMALL * along.max(axis=1, keepdims=True)).sum(axis=1).tolist(),
    }
    return np.maximum(here, 0.0), training


def _spectrum(seen: Any, flat: Any) -> Any:
    """The min(k, N) largest eigenvalues of J J^T, descending: squared singular values of J."""
    import jax.numpy as jnp

    return jnp.linalg.svd(jax.jacrev(seen)(flat), compute_uv=False) ** 2


def _estimates(model: Model, value: TangentKernelValue) -> dict[str, Verdict]:
    """Of the eigenvalues."""
    numbers = {"largest": value["largest"], "smallest": value["smallest"], "condition": value["condition"]}
    subject = exact_functions(model).hash
    return {k: weak(Statement(f"eigenvalues: {k}", subject, v), Claim.ESTIMATE, "floating point") for k, v in numbers.items()}


def _table(task: TrainingTask) -> Array | None:
    """The samples that a loss looks at, as exact numbers, shape (samples, *input shape); None for coefficients."""
    if not isinstance(task.loss, SquaredError):
        return None
    table = np.empty(task.loss.inputs.shape, dtype=object)
    table.reshape(-1)[:] = [Fraction(float(v)) for v in task.loss.inputs.reshape(-1)]
    return table.reshape(-1, *task.model.input_shape)


def _rank_here(task: TrainingTask, weights: tuple[Fraction, ...], rng: np.random.Generator) -> tuple[Verdict, dict[str, int]]:
    """The rank of J at the weights, and the ranks of its parts."""
    model, table, exact = task.model, _table(task), exact_functions(task.model)
    inputs = None if table is None else rows_of(table)
    if _rows(task) * model.parameters > _MOST_ENTRIES:
        return _rank_mod(model, weights, table, inputs, rng), {}
    matrix = exact.jacobian_over_q(weights, inputs)
    blocks = {}
    for block in model.blocks:
        columns = range(block.start, block.start + block.size)
        part = flint.fmpq_mat(matrix.nrows(), block.size, [matrix[i, k] for i in range(matrix.nrows()) for k in columns])
        blocks[block.name] = int(part.rank())
    return issue(RankOverQ(exact.hash, weights, inputs, int(matrix.rank())), exact), blocks


def _rank_mod(
    model: Model, weights: tuple[Fraction, ...], table: Array | None, inputs: Inputs | None, rng: np.random.Generator
) -> Verdict:
    """The rank of J mod a random prime, at the table or at as many random inputs as there are weights."""
    exact, p = exact_functions(model), random_prime(PRIME_BITS, rng)
    field_ = FiniteField(p)
    fixed = field_.constant(np.array(list(model.coefficients), dtype=object))
    point = Point(field_, field_.constant(np.array(weights, dtype=object)), fixed, rng)
    at = point.inputs(model, -(-model.parameters // model.outputs) + 2) if table is None else field_.constant(table)
    lower = issue(RankAtWeightsModP(weights, inputs, shown_rank(model, p, point, at)[0]), exact)
    most = model.parameters if inputs is None else min(len(set(inputs)) * model.outputs, model.parameters)
    try:
        return issue(Meets(lower, issue(AtMostShape(exact.hash, weights, inputs, most), exact)), exact)
    except NotShown:
        return lower


def _rank_elsewhere(task: TrainingTask, here: Verdict, seed: int) -> Verdict:
    """The rank of J at general weights: the dimension, or what the data see of it."""
    model, table = task.model, _table(task)
    found = quietly(dimension_of, model, seed=seed).verdict if table is None else general_rank(model, table, seed=seed)
    if found.statement.value >= here.statement.value:
        return found
    return issue(NoSmallerElsewhere(None if table is None else rows_of(table), here), exact_functions(model))


def _rows(task: TrainingTask) -> int:
    """Rows of J: samples times outputs, or coefficients (counted generously)."""
    if isinstance(task.loss, SquaredError):
        return len(task.loss.inputs) * task.model.outputs
    return task.model.parameters + 1


_DRAWN = Gloss("no weights were given, so some were drawn at random", {}, ahead=True)


def _glosses(value: TangentKernelValue, parts: int, sure: bool) -> tuple[Gloss, ...]:
    """What ranks and speeds mean for training at the weights; ``parts``: dimension of the errors, ``sure``: no more of them move."""
    texts = []
    if value["rank"] < value["generic"]:
        drop = {"rank": FROM_ABOVE, "generic": FROM_BELOW}
        texts = [Gloss(f"general weights allow {value['generic']}: these are critical for the parametrization", drop)]
    if not value["rank"]:
        return (*texts, Gloss("gradient flow stands still", {"rank": FROM_ABOVE}))
    stays = sure and value["rank"] < parts
    if value["rank"] == 1 and stays:
        speeds = "1 part of the error shrinks"
    elif value["condition"]:
        times, of = _in_digits(value["condition"]), f" of the {value['rank']} that move" if stays else ""
        speeds = f"the fastest part of the error shrinks about {times} times as fast as the slowest{of}, in floating point"
    else:
        speeds = "parts of the error shrink at different speeds, the slowest too slow for floating point"
    rest = (Gloss("at these weights the rest of the error stays", {"rank": FROM_ABOVE}),) if stays else ()
    return (*texts, Gloss(speeds, {}), *rest)


def _in_digits(number: float) -> str:
    """Three digits or more, without a power of ten where it can do without."""
    return f"{number:,.0f}" if 100 <= number < 1e6 else f"{number:.3g}"
