"""Tangent kernel: how fast can the function change at given weights, and in which directions not at all?

With J the Jacobian of the outputs at the samples (or of the coefficients, for a stated metric) by the weights, gradient flow moves the
outputs by - J J^T grad: the symmetric matrix J J^T is the (neural) tangent kernel at w. Its eigenvalues are the speeds at which errors
along its eigenvectors shrink; its rank is the number of directions in which the function can move at all. It falls where the
parametrization is critical: at subnetworks, dead neurons, lower ranks. Large condition numbers are plateaus.

What is proved. The rank is exact: J is evaluated at exact rational weights and inputs, and its rank over Q is `proved`; for larger
models it is a rank mod a random prime, a `lower_bound` unless it is as large as the generic rank. Eigenvalues are floating point.

Sources: Jacot, Gabriel, Hongler 2018; Marchetti et al. 2025, 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, ClassVar, TypedDict, Unpack

import flint
import jax
import numpy as np

from neurovariety.certificates.issue import legacy
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.exact.gradient_fields import outputs_as_polynomials
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Array, Model
from neurovariety.options import Option
from neurovariety.program.of_model import jacobian_rows
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
    eigenvalue, and their quotient ``condition``.

    ``evidence``: ``spectrum`` (descending), ``weights`` (exact), ``by_block`` (rank of J restricted to each block of weights), and
    ``training``: times, spectra and losses along gradient flow from these weights.
    """

    entry: ClassVar[str] = "tangent-kernel"
    value: TangentKernelValue
    evidence: TangentKernelEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "jacot2018")
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
    generic = _rank_mod(task, drawn, rng)
    found, proved, blocks = _exact_rank(task, exact, rng)
    here, training = _spectra(objective(model, task.loss), np.array(nearest_floats(exact, "a weight")))
    value: TangentKernelValue = {
        "rank": found,
        "generic": max(generic, found),
        "largest": float(here[0]) if found else 0.0,
        "smallest": float(here[found - 1]) if found else 0.0,
        "condition": float(here[0] / here[found - 1]) if found and here[found - 1] > 0 else None,
    }
    return TangentKernelResult(
        value=value,
        claims=legacy(
            "tangent-kernel",
            Claim.PROVED if proved or found == value["generic"] == min(len(here), model.parameters) else Claim.LOWER_BOUND,
        ),
        meaning=_meaning(value, model),
        evidence={
            "task": task.record,
            "spectrum": here.tolist(),
            "weights": [str(w) for w in exact],
            "by_block": blocks,
            "training": training,
        },
        notices=task.notices,
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


def _exact_rank(task: TrainingTask, weights: Sequence[Fraction], rng: np.random.Generator) -> tuple[int, bool, dict[str, int]]:
    """The rank of J, whether it is proved, and the ranks of its parts."""
    model = task.model
    rows = _rows(task)
    if rows * model.parameters > _MOST_ENTRIES:
        return _rank_mod(task, weights, rng), False, {}
    points = [[Fraction(float(v)) for v in row] for row in task.loss.inputs] if isinstance(task.loss, SquaredError) else None
    polynomials = outputs_as_polynomials(model, points)
    n = model.parameters
    matrix = flint.fmpq_mat(max(len(polynomials), 1), n)
    for row, polynomial in enumerate(polynomials):
        slopes = [Fraction(0)] * n
        for e, c in polynomial.items():
            used = [i for i in range(n) if e[i]]
            for i in used:
                slope = c * e[i]
                for k in used:
                    slope *= weights[k] ** (e[k] - (k == i))
                slopes[i] += slope
        for i, slope in enumerate(slopes):
            if slope:
                matrix[row, i] = flint.fmpq(slope.numerator, slope.denominator)
    blocks = {}
    for block in model.blocks:
        columns = range(block.start, block.start + block.size)
        part = flint.fmpq_mat(matrix.nrows(), block.size, [matrix[i, k] for i in range(matrix.nrows()) for k in columns])
        blocks[block.name] = int(part.rank())
    return int(matrix.rank()), True, blocks


def _rows(task: TrainingTask) -> int:
    """Rows of J: samples times outputs, or coefficients (counted generously)."""
    if isinstance(task.loss, SquaredError):
        return len(task.loss.inputs) * task.model.outputs
    return task.model.parameters + 1


def _rank_mod(task: TrainingTask, weights: Sequence[Fraction], rng: np.random.Generator) -> int:
    """The rank of J mod a random prime, at the samples or at as many random inputs as there are weights."""
    model = task.model
    field_ = FiniteField(random_prime(PRIME_BITS, rng))
    if isinstance(task.loss, SquaredError):
        table = np.empty(task.loss.inputs.shape, dtype=object)
        table.reshape(-1)[:] = [Fraction(float(v)) for v in task.loss.inputs.reshape(-1)]
        inputs = field_.constant(table.reshape(-1, *model.input_shape))
    else:
        inputs = field_.random((-(-model.parameters // model.outputs) + 2, *model.input_shape), rng)
    flat = field_.constant(np.array(list(weights), dtype=object))
    fixed = field_.constant(np.array(list(model.coefficients), dtype=object))
    return int(rank(jacobian_rows(model, field_, flat, inputs, fixed), field_.p))


def _meaning(value: TangentKernelValue, model: Model) -> str:
    lost = value["generic"] - value["rank"]
    head = f"the function can move in {value['rank']} directions at these weights, of {value['generic']} at general ones"
    if not value["rank"]:
        return head + ": gradient flow stands still"
    speed = (
        f"the fastest error shrinks {value['condition']:.3g} times as fast as the slowest" if value["condition"] else "speeds differ"
    )
    return f"{head}{': the weights are critical for the parametrization' if lost else ''}{f'; {speed}' if speed else ''}"
