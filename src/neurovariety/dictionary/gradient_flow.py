"""Gradient flow: where does training end, from how many initializations, and is each end on the list?

Gradient flow dw/dt = -grad L(w) is followed from many random initializations at once. A run has *converged* when its gradient is below
1e-6 of that of a typical start and Newton's iteration settles nearby. Its function is then compared with the enumerated critical points
of the [landscape]: every local minimum that training finds must be in the list, which is the cross-check of the whole system. Runs that
have not converged are counted and explained: weights that still grow toward a limit of networks, a listed point that they still
approach, a saddle at which they linger, or out of time.

What is proved. Nothing by the flow itself: shares of endpoints are sampled, with 95 % confidence intervals (Wilson 1927), and the claim
is `estimate`. Conserved quantities measure how well the flow was followed: the largest drift of the quadratic laws is reported.
Discrete methods run from the same initializations; their last weights are then followed by the flow to the critical point in whose
basin they lie, and the runs that end elsewhere than the flow are counted.

Sources: Marchetti et al. 2025, 4.4; Marcotte, Gribonval, Peyre 2023; Wilson 1927; Hairer, Wanner 1996 (the integrators).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NotRequired, TypedDict, Unpack

import numpy as np

from neurovariety.budget import number_of
from neurovariety.certificates.issue import weakly
from neurovariety.certificates.sentences import Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.landscape import LandscapeResult, landscape
from neurovariety.dictionary.runner import entry
from neurovariety.errors import NeurovarietyError, VerificationError
from neurovariety.geometry.exact.gradient_fields import conserved_polynomials, gradient_fields
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.model import Model
from neurovariety.options import Option, Real, Whole
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.stages import CriticalFunction
from neurovariety.training.dynamics.dynamics import (
    Objective,
    Runs,
    descend,
    flow,
    objective,
    settled_ends,
    trajectories,
    typical_gradient,
)
from neurovariety.training.dynamics.from_saddles import SaddleDescent, descents_from_saddles
from neurovariety.training.dynamics.matching import coefficients_at, matched, on_the_way
from neurovariety.training.dynamics.plateaus import along
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, training_task

_STREAM = "dictionary.gradient_flow"
_RUNS = 200
_STEP = 0.01
_SHOWN = 4
_LISTED = 200
_TIMES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_MOST_WEIGHTS = 60
"""Weights of a model whose quadratic laws are looked for to measure the drift."""
_DRIFTING = "drifting to a limit of networks"
_GROWS = 1.02
"""Weights that grow by this factor over the last stage still move."""


class Basin(TypedDict):
    """A critical point at which runs end, with the share of these and its interval; ``point`` is its number on the list, if any."""

    point: int | None
    stratum: str | None
    kind: str
    loss: float
    runs: int
    share: float
    low: float
    high: float


class CriticalPlace(TypedDict):
    """A real critical point of the list, with which ends are compared; ``attained``: whether real weights of it are known."""

    number: int
    stratum: str | None
    kind: str
    index: int | None
    loss: float
    attained: bool


class GradientFlowValue(TypedDict):
    runs: int
    converged: int
    unmatched: int | None
    endpoints: int


class GradientFlowEvidence(TypedDict):
    """Where the runs end. ``step``: None for the flow. ``largest_drift``: None where no quadratic law is known, or nothing is followed
    that keeps one."""

    task: Facts
    method: str
    runs: int
    step: float | None
    weight_decay: float
    scale: float
    basins: list[Basin]
    critical: list[CriticalPlace]
    descents: list[SaddleDescent]
    not_converged: dict[str, int]
    drifting: dict[str, int]
    landscape: str
    largest_drift: float | None
    plateaus: Sequence[Facts]
    moved: NotRequired[int]


@dataclass(frozen=True, repr=False)
class GradientFlowResult(EntryResult):
    """``value``: ``runs``, ``converged``, ``unmatched`` (converged runs that end at no point of the list; null where there is no list
    to compare with, or no run converged), and ``endpoints``, the number of different critical points reached.

    ``evidence``: ``basins`` (point, stratum, kind, loss, runs, share, low, high), ``critical`` (real points of the list, at most 200),
    ``descents`` (source, end, runs: where the flow goes from beside points that are no minima), ``not_converged`` (reason -> runs),
    ``drifting`` (limit -> runs), ``largest_drift`` of the conserved quantities, ``plateaus`` along some trajectories, and ``moved`` for
    discrete methods. ``ends`` (runs, N) are the final weights.
    """

    entry: ClassVar[str] = "gradient-flow"
    spoken: ClassVar[tuple[str, ...]] = ("converged", "endpoints", "unmatched")
    value: GradientFlowValue
    evidence: GradientFlowEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "marcotte2023", "wilson1927", "hairer1996")
    task: TrainingTask | None = field(default=None, compare=False)
    ends: Any = field(default=None, compare=False)
    landscape: LandscapeResult | None = field(default=None, compare=False)

    def _repeated(self, seed: int | None) -> GradientFlowResult:
        """Other initializations. Raises `VerificationError` where converged runs end off a list that is complete."""
        again = self._again(seed)
        if again.value["unmatched"] and again.landscape is not None and again.landscape.claim is Claim.COMPLETE:
            raise VerificationError(f"gradient flow of {self.subject}: {again.value['unmatched']} converged runs end off the list")
        return again


RunsOption = Annotated[
    int | None,
    Option("random initializations (default: 200)"),
    Whole("the number of runs is a whole number from {least} to {most:,}", 1, 1_000_000),
]

ScaleOption = Annotated[
    float,
    Option("standard deviation of the initial weights (default: 0.5)"),
    Real("the scale of the initial weights is a positive number"),
]

StepOption = Annotated[
    float | None,
    Option("step size of gd, sgd and adam (default: 0.01)"),
    Real("a step size is a positive number"),
]

WeightDecayOption = Annotated[
    float,
    Option("strength of weight decay (default: 0)"),
    Real("weight decay is a number from 0 on", zero=True),
]


@entry
def gradient_flow(
    model: Model,
    *,
    method: Annotated[Literal["flow", "gd", "sgd", "adam"], Option("how the weights move")] = "flow",
    runs: RunsOption = None,
    step: StepOption = None,
    weight_decay: WeightDecayOption = 0.0,
    scale: ScaleOption = 0.5,
    seed: int = DEFAULT_SEED,
    **options: Unpack[TaskOptions],
) -> GradientFlowResult:
    """Train from ``runs`` random initializations (200; independent normal weights of standard deviation ``scale``).

    ``method``: ``flow``, or ``gd``, ``sgd``, ``adam`` with step size ``step`` (0.01). ``weight_decay`` adds that times the squared norm
    of the weights to the loss; ends are then compared with each other only. The other options are those of `landscape`. Raises
    `InputError` for unusable options or models, `DataError` for unusable data, `ResourceError` where a model is too large to write out.

    >>> gradient_flow("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", runs=8).value
    {'runs': 8, 'converged': 8, 'unmatched': 0, 'endpoints': 1}
    """
    runs = runs if runs is not None else number_of("runs", _RUNS)
    size = None if method == "flow" else _STEP if step is None else step
    task = training_task(model, seed=seed, **options)
    goal = objective(model, task.loss, weight_decay)
    found = quietly(landscape, model, **task.options, seed=seed)
    starts = scale * generator(seed, _STREAM).normal(size=(runs, model.parameters))
    typical = typical_gradient(goal, starts)
    run = _followed(goal, starts if size is None else descend(goal, starts, method, size, seed), typical)
    points = list(found.points) if found.problem is not None and not weight_decay else []
    labels = _labels(found, points, run.ends, run.converged, goal)
    reasons, drifting = _not_converged(found, points, run.runs, run.converged)
    compared = bool(points) and bool(run.converged.any())
    unmatched = int((labels[run.converged] < 0).sum()) if compared else None
    evidence: GradientFlowEvidence = {
        "task": task.record, "method": method, "runs": runs, "step": size, "weight_decay": weight_decay, "scale": scale,
        "basins": _basins(labels, points, goal, run.ends, runs), "critical": _listed(points),
        "descents": descents_from_saddles(goal, found.problem, points, typical, seed) if method == "flow" else [],
        "not_converged": reasons, "drifting": drifting, "landscape": str(found.claim),
        "largest_drift": _drift(model, starts, run.runs) if method == "flow" and not weight_decay else None,
        "plateaus": along(goal, found.problem, trajectories(goal, starts[:_SHOWN], _TIMES), _TIMES) if method == "flow" else [],
    }  # fmt: skip
    if method != "flow":
        plain = _followed(goal, starts, typical)
        both = run.converged & plain.converged
        other = _labels(found, points, plain.ends, both, goal)
        evidence["moved"] = int((labels[both] != other[both]).sum())
    value: GradientFlowValue = {
        "runs": runs, "converged": int(run.converged.sum()), "unmatched": unmatched, "endpoints": len(set(labels[run.converged])),
    }  # fmt: skip
    return GradientFlowResult(
        value=value,
        claims=weakly("gradient-flow", Claim.ESTIMATE, "flows that were followed numerically"),
        glosses=_glosses(value, evidence, bool(points), _minima_shown(found)),
        evidence=evidence,
        notices=task.notices + _not_used(size, step) + _off_the_list(unmatched, found),
        options={**task.options, "runs": runs},
        task=task,
        ends=run.ends,
        landscape=found,
    )


@dataclass(frozen=True, eq=False)
class _Followed:
    """Runs of the flow, which of these have converged, and the weights (runs, N) at which they end."""

    runs: Runs
    converged: Any
    ends: Any


def _followed(goal: Objective, starts: Any, typical: float) -> _Followed:
    runs = flow(goal, starts, typical)
    found = settled_ends(goal, runs)
    return _Followed(runs, found.settled, found.weights)


def _not_used(size: float | None, step: float | None) -> tuple[str, ...]:
    """What to say of a step size that was given to the flow."""
    return ("gradient flow has no steps: the step size given is not used",) if size is None and step is not None else ()


def _off_the_list(unmatched: int | None, found: LandscapeResult) -> tuple[str, ...]:
    """What to say of converged runs that end at no point of the list."""
    if not unmatched:
        return ()
    sure = found.claim is Claim.COMPLETE
    end = "said to be complete: please report this" if sure else "a lower bound"
    return (f"{counted(unmatched, 'converged run')} end at no point of the list, which is {end}",)


def _labels(found: LandscapeResult, points: Sequence[CriticalFunction], ends: Any, converged: Any, goal: Objective) -> Any:
    """For each run the number of the point of the list at which it ended, negative where there is none (one number for each other
    function), 0 where it has not converged."""
    problem = found.problem
    labels = np.zeros(len(ends), dtype=np.int64)
    values = coefficients_at(problem, ends) if problem is not None else None
    others: list[Any] = []
    for k in np.flatnonzero(converged):
        number = matched(points, values[k]) if values is not None and points else None
        if number is None:
            here = values[k] if values is not None else goal.losses(ends[k : k + 1])
            same = next((i for i, v in enumerate(others) if np.abs(v - here).max() <= 1e-5 * max(np.abs(here).max(), 1e-12)), None)
            if same is None:
                others.append(here)
                same = len(others) - 1
            number = -1 - same
        labels[k] = number
    return labels


def _not_converged(
    found: LandscapeResult, points: Sequence[CriticalFunction], runs: Runs, converged: Any
) -> tuple[dict[str, int], dict[str, int]]:
    """Why runs have not converged, and to which limits of networks their functions drift."""
    reasons: Counter[str] = Counter()
    drifting: Counter[str] = Counter()
    for k in np.flatnonzero(~converged):
        if not np.isfinite(runs.ends[k]).all():
            reasons["diverged"] += 1
            continue
        grows = np.abs(runs.ends[k]).max() > _GROWS * np.abs(runs.earlier[k]).max()
        ahead = on_the_way(found.problem, points, runs.earlier[k], runs.ends[k]) if grows or runs.gradients[k] > 1e-6 else None
        if ahead is not None and ahead.kind == "limit":
            drifting[str(ahead.number)] += 1
            reasons[_DRIFTING] += 1
        elif ahead is not None:
            reasons["still approaching a critical point of the list"] += 1
        elif grows:
            reasons["weights still grow"] += 1
        elif runs.gradients[k] > 1e-6:
            reasons["out of time"] += 1
        else:
            reasons["lingers where the Hessian degenerates"] += 1
    return dict(reasons), dict(drifting)


def _basins(labels: Any, points: Sequence[CriticalFunction], goal: Objective, ends: Any, runs: int) -> list[Basin]:
    known = {p.number: p for p in points}
    out: list[Basin] = []
    for label, count in Counter(labels[labels != 0].tolist()).most_common():
        point = known.get(int(label))
        first = int(np.flatnonzero(labels == label)[0])
        loss = float(goal.losses(ends[first : first + 1])[0])
        low, high = wilson(count, runs)
        out.append(
            {
                "point": point.number if point else None,
                "stratum": (point.stratum or None) if point else None,
                "kind": "not enumerated" if point is None else "undecided" if "these weights" in point.kind else point.kind,
                "loss": point.loss if point else loss,
                "runs": count,
                "share": count / runs,
                "low": low,
                "high": high,
            }
        )
    return out


def _listed(points: Sequence[CriticalFunction]) -> list[CriticalPlace]:
    """The real points as plain data."""
    return [
        {
            "number": p.number,
            "stratum": p.stratum or None,
            "kind": p.kind,
            "index": p.index,
            "loss": p.loss,
            "attained": p.weights is not None,
        }
        for p in [p for p in points if p.real][:_LISTED]
    ]


def _drift(model: Model, starts: Any, runs: Runs) -> float | None:
    """The largest change of a quadratic conserved quantity on the way, relative to the size of its terms; None where there is none."""
    if model.parameters > _MOST_WEIGHTS:
        return None
    try:
        laws = conserved_polynomials(gradient_fields(model, None), model.parameters, 2)
    except NeurovarietyError:
        return None
    fine = np.isfinite(runs.ends).all(axis=1)
    worst = 0.0
    for law in laws:
        exponents, factors = np.array(list(law)), np.array([float(c) for c in law.values()])
        terms = [np.prod(w[fine][:, None, :] ** exponents, axis=2) * factors for w in (starts, runs.ends)]
        size = np.maximum(np.abs(terms[0]).sum(axis=1), np.abs(terms[1]).sum(axis=1))
        worst = max(worst, float((np.abs(terms[1].sum(axis=1) - terms[0].sum(axis=1)) / np.maximum(size, 1e-12)).max(initial=0.0)))
    return worst if laws else None


def _minima_shown(found: LandscapeResult) -> Collection[int]:
    """The numbers of the listed points that are shown to be local minima."""
    if "minima" not in found.verdicts or found.verdicts["minima"].claim is Claim.UNDECIDED:
        return ()
    return {p.number for p in found.points if p.kind == "minimum" and p.certified and not p.stratum}


def _glosses(value: GradientFlowValue, evidence: GradientFlowEvidence, listed: bool, minima: Collection[int]) -> tuple[Gloss, ...]:
    """How many runs there were, where the most end, and why others have not converged; ``minima``: points known to be such."""
    basins, reasons, drifting = evidence["basins"], evidence["not_converged"], evidence["drifting"]
    glosses = [Gloss(f"gradient flow was followed from random weights, in {counted(value['runs'], 'run')}", {}, ahead=True)]
    if basins and basins[0]["point"] is not None:
        best = basins[0]
        share, low, high = (f"{100 * v:.0f} %" for v in (best["share"], best["low"], best["high"]))
        kind = "minimum" if best["point"] in minima else "point"
        where = f"{kind} {best['point']} of the landscape, with loss {best['loss']:.6g}"
        glosses.append(Gloss(f"{share} of the runs end at {where} (95 % interval: {low} to {high})", {}))
    if value["converged"] and not listed:
        glosses.append(Gloss("there is no list of critical points to compare these with", {}))
    if reasons:
        told = {_where_to(drifting) if reason == _DRIFTING else reason: n for reason, n in reasons.items()}
        glosses.append(Gloss(f"not converged: {', '.join(f'{n} {reason}' for reason, n in told.items())}", {}))
    return tuple(glosses)


def _where_to(drifting: dict[str, int]) -> str:
    """To which limits functions drift, by their numbers."""
    several = len(drifting) > 1
    numbers = f"number{'s' * several} {', '.join(sorted(drifting, key=int))}"
    return f"drifting to {'limits' if several else 'a limit'} of networks ({numbers})"
