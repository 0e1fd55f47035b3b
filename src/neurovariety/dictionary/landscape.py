"""The landscape of training (D8, D10 of the dictionary): every critical point for a loss, and which of them is the global minimum.

Squared losses are quadrics on the space of functions, Q(f - u) plus a constant, so training seeks a nearest point of the neuromanifold.
Its critical points at smooth functions are finitely many; training can also come to rest at smaller networks inside the large one,
which are listed stratum by stratum. A critical point of the weights is *pure* where its function is critical among functions, and
*spurious* where only the parametrization makes it one.

What is proved. All complex critical points of a general member of the loss's family of quadrics are found by monodromy and pass the
trace test; those of the loss itself are the ends of paths from there (`homotopy.special_ends`), each certified by Krawczyk's operator
in ball arithmetic, told apart as functions; limits of functions whose weights diverge on the chart are certified in charts of their
own where they are regular. Then the list is `complete`, else a `lower_bound`. That a function is real, that its weights are, and the
index of its Hessian are certified or said to be undecided. Data and quadric are rounded to float64 first: statements are on these.

The least loss is `complete` where the loss is definite, a theorem says that all singular functions of the closure are on listed strata,
and all lists are complete (`training.least`); else an `upper_bound`, or `undecided` where it is approached by networks whose weights
diverge. Perturbation (`training.perturbation`) finds it by another route, without such a theorem. Data that see fewer directions than
the dimension leave a whole locus of interpolating functions; its dimension is said.

Sources: Marchetti et al. 2025, 4.4; Trager, Kohn, Bruna 2020; Draisma et al. 2016; Krawczyk 1969; Hauenstein 2013.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.data import data as data_entry
from neurovariety.dictionary.dimension import dimension
from neurovariety.dictionary.listed_result import ListedResult
from neurovariety.dictionary.membership import decide
from neurovariety.dictionary.registry import LEAST_BY
from neurovariety.errors import InputError
from neurovariety.geometry.images.decision import Verdict
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import Provenance, counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.chambers.chambers import random_targets
from neurovariety.training.critical.interpolated import interpolation
from neurovariety.training.critical.least import least_loss, with_perturbation
from neurovariety.training.critical.limits import least_limit, limit_stages
from neurovariety.training.critical.perturbation import infimum_by_perturbation
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction, Stage, monomials_of, smooth_stage, stratum_stage
from neurovariety.training.losses.loss import Distance, Form, Monomial, SquaredError
from neurovariety.training.losses.training_task import TrainingTask, training_task

_STREAM = "dictionary.landscape"
_CONDITION = 1e10
_SHOWN = 200
_MOST_RANDOM = 1_000_000
_ZERO = 1e-12


@dataclass(frozen=True, repr=False)
class LandscapeResult(ListedResult):
    """``value``: ``complex`` and ``real`` critical points at smooth functions, ``minima`` among them (real weights, index 0),
    ``at_subnetworks`` (complex critical points on strata), ``at_limits`` (among known limits of networks whose weights diverge: no
    critical points, but where training can drift to), ``least_loss`` and what is claimed of it (``global_minimum``).

    ``points``: all of them as `CriticalFunction`; ``monomials``: (output, exponents) of their coefficients. ``evidence``: ``points`` as
    plain data, ``stages`` (with ``critical_sets`` of positive dimension that paths end on), ``task``, ``least``, ``quadric`` (rank,
    ambient dimension, dimension of the variety).
    """

    entry: ClassVar[str] = "landscape"
    least: ClassVar[str] = "least_loss"
    same: ClassVar[float] = 1e-6
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "trager2020", "draisma2016", "krawczyk1969", "hauenstein2013")
    points: tuple[CriticalFunction, ...] = field(default=(), compare=False)
    monomials: tuple[Monomial, ...] = field(default=(), compare=False)
    task: TrainingTask | None = field(default=None, compare=False)
    problem: TrainingProblem | None = field(default=None, compare=False)

    def _options(self) -> dict[str, Any]:
        if self.task is None:
            raise InputError("a landscape read back from JSON does not hold the data; call landscape() on them again")
        return self.task.options | {
            "least_by": self.evidence["least_by"],
            "random": (self.evidence.get("random_targets") or {"asked": 0})["asked"],
        }


def landscape(
    source: Source,
    *,
    data: Any = None,
    metric: str = "data",
    teacher: str | None = None,
    form: Form | None = None,
    sample_weights: Any = None,
    prepare: str = "none",
    held_out: float = 0.0,
    random: int = 0,
    least_by: str = "relaxation",
    checkpoint: str | Path | None = None,
    seed: int = DEFAULT_SEED,
) -> LandscapeResult:
    """Every critical point of fitting ``data``, or a ``teacher`` in a stated ``metric``, or of a quadratic ``form``.

    ``data``: a `Dataset` with targets, or a pair of tables (samples, inputs) and (samples, outputs); ``sample_weights`` (samples,);
    ``prepare``: ``none``, ``standardize`` or ``whiten`` (inputs with the identity as second moments: the same problem, better
    conditioned, for networks whose first layer is dense); ``held_out``: share of rows that are not trained on, whose loss is told.
    ``metric``: ``frobenius``, ``bombieri``, ``gaussian`` or ``uniform`` distance from ``teacher``, polynomials in x0, x1, ...
    (default: random ones). ``random``: so many random targets with the same quadric are counted too (not certified), a histogram of
    their real critical functions in ``evidence["random_targets"]["real"]``. ``least_by``: ``relaxation``, or ``perturbation`` too,
    which finds the infimum with no knowledge of singular functions, by many more paths (`training.perturbation`). ``checkpoint``: a
    file in which a long count of the general problem is kept.

    Raises `InputError` for options that do not go together or a model that is not polynomial, `DataError` for unusable data,
    `ResourceError` where the model is too large to write out, or its root bound for perturbation above 60,000 paths.

    >>> landscape("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1").value["least_loss"]
    1.0
    """
    start = time.perf_counter()
    if isinstance(random, bool) or not isinstance(random, int) or not 0 <= random <= _MOST_RANDOM:
        raise InputError(f"the number of random targets is a whole number from 0 to {_MOST_RANDOM:,}, got {random!r}")
    if least_by not in LEAST_BY:
        raise InputError(f"the least loss is found by {' or '.join(LEAST_BY)}, got {least_by!r}")
    perturb = least_by == "perturbation"
    task = training_task(
        source, data=data, metric=metric, teacher=teacher, form=form, sample_weights=sample_weights, prepare=prepare,
        held_out=held_out, seed=seed,
    )  # fmt: skip
    model = task.model
    shape = quietly(dimension, model, seed=seed)
    ambient = shape.evidence.get("ambient") or 0
    seen = _seen(task, shape.value, seed)
    evidence: dict[str, Any] = {
        "task": task.record,
        "least_by": least_by,
        "quadric": {"dimension": shape.value, "ambient": ambient} | seen,
    }
    if seen["directions"] < shape.value:
        value, claim, more, meaning = interpolation(task, shape.value, seen["directions"], seed, perturb)
        return LandscapeResult(
            value, claim, model.name, meaning, evidence | more, Provenance.since(start, seed), task.notices, model=model, task=task
        )
    strata = strata_of(model, shape.claim is Claim.PROVED and shape.value == ambient)
    first = smooth_stage(model, task.loss, None, seed, checkpoint)
    problem = first.problem
    assert problem is not None
    first = replace(first, points=tuple(_decided(task, problem, p, seed) for p in first.points))
    loss = problem.quadratic(task.loss)
    _check_condition(loss.matrix, task)
    stages = [first, *(stratum_stage(problem, task.loss, s, seed) for s in strata.strata)]
    limits = limit_stages(problem, task.loss, seed)
    rng = generator(seed, _STREAM)
    least = least_loss(problem, loss, stages, strata.theorem, strata.all_listed, rng, least_limit(limits))
    perturbed = infimum_by_perturbation(model, task.loss, seed=seed) if perturb else None
    if perturbed is not None:
        least = with_perturbation(least, perturbed, max(abs(loss.constant), float(np.abs(loss.image).max(initial=0.0)), 1e-300))
    points = _numbered([*stages, *limits])
    complete = all(s.complete for s in stages) and strata.all_listed
    smooth = [p for p in points if not p.stratum]
    value = {
        "complex": first.count,
        "real": sum(p.real for p in smooth),
        "minima": sum(p.kind == "minimum" and p.weights is not None for p in smooth),
        "at_subnetworks": sum(s.count for s in stages[1:]),
        "at_limits": sum(s.count for s in limits),
        "least_loss": least.loss if least.infimum is None else least.infimum,
        "global_minimum": least.claim,
    }
    evidence |= {
        "points": [_plain(p) for p in points[:_SHOWN]],
        "monomials": [[o, list(e)] for o, e in monomials_of(problem)],
        "stages": [{"name": s.name, "complex": s.count, "complete": s.complete} | s.evidence for s in [*stages, *limits]],
        "general_problem": problem.evidence,
        "singular_functions": strata.theorem or "not known to be the strata listed",
        "least": {
            "claim": least.claim, "loss": least.loss, "reason": least.reason, "infimum": least.infimum,
            "weights": None if least.weights is None else np.asarray(least.weights).tolist(), "sequence": list(least.sequence),
            "point": None if least.point is None else _number_of(points, least.point),
        },
        "perturbation": None if perturbed is None else perturbed.to_dict(),
        "losses_held_out": _held_out(task, problem, least.weights),
        "random_targets": None,
    }  # fmt: skip
    if random:
        counts = random_targets(problem, loss, random, generator(seed, _STREAM, 1))
        evidence["random_targets"] = {"asked": random, "real": counts}
    notices = task.notices + (() if complete else (_why(stages, strata.all_listed),))
    return LandscapeResult(
        value=value,
        claim=Claim.COMPLETE if complete else Claim.LOWER_BOUND,
        subject=model.name,
        meaning=_meaning(value, complete) + _sets(stages) + _usual(evidence["random_targets"]["real"] if random else {}),
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        notices=notices,
        model=model,
        points=points,
        monomials=monomials_of(problem),
        task=task,
        problem=problem,
    )


def _decided(task: TrainingTask, problem: TrainingProblem, point: CriticalFunction, seed: int) -> CriticalFunction:
    """A point of zero loss is the teacher itself: whether real weights compute it is a question of membership, decided exactly."""
    if point.attained != "undecided" or not isinstance(task.loss, Distance) or point.loss > _ZERO * max(task.loss.size, 1e-300):
        return point
    target = Target(task.model.inputs, task.model.outputs, {m: Fraction(c) for m, c in task.loss.target.items()})
    verdict = decide(task.model, target, seed).verdict
    return replace(point, attained={Verdict.EXCLUDED: "no", Verdict.CLOSURE_ONLY: "limit"}.get(verdict, "undecided"))


def _seen(task: TrainingTask, dim: int, seed: int) -> dict[str, Any]:
    """Rank of the quadric, and how many directions on the variety the loss sees."""
    if isinstance(task.loss, SquaredError):
        kept = task.loss.inputs[task.loss.weights > 0]
        found = quietly(data_entry, task.model, kept.reshape(len(kept), -1), seed=seed)
        return {"rank": found.value["quadric_rank"], "directions": found.value["jacobian_rank"]}
    if isinstance(task.loss, Form):
        rank = int(np.linalg.matrix_rank(np.asarray(task.loss.matrix, dtype=np.float64)))
        return {"rank": rank, "directions": min(rank, dim)}
    return {"rank": None, "directions": dim}


def _check_condition(matrix: Any, task: TrainingTask) -> None:
    """Raise where the quadric is so ill-conditioned on the coordinates it sees that float64 would not tell critical points apart."""
    values = np.linalg.eigvalsh(matrix)
    seen = values[values > 1e-14 * values.max(initial=1e-300)]
    if len(seen) and seen.max() > _CONDITION * seen.min() and task.data is not None:
        raise InputError(
            f"the loss is ill-conditioned (eigenvalues from {seen.min():.3g} to {seen.max():.3g}); standardize the data "
            "(--prepare standardize), whiten them where the first layer is dense (--prepare whiten), or leave out columns that nearly "
            "depend on others"
        )


def _numbered(stages: list[Stage]) -> tuple[CriticalFunction, ...]:
    points = [p for stage in stages for p in stage.points]
    points.sort(key=lambda p: (bool(p.stratum), p.stratum.startswith("limits"), not p.real, p.loss if p.real else 0.0))
    return tuple(replace(p, number=k + 1) for k, p in enumerate(points))


def _number_of(points: tuple[CriticalFunction, ...], wanted: CriticalFunction) -> int | None:
    return next((p.number for p in points if p.coefficients is wanted.coefficients), None)


def _plain(point: CriticalFunction) -> dict[str, Any]:
    """A point as plain data; complex coefficients as pairs."""
    c = point.coefficients
    return {
        "number": point.number,
        "stratum": point.stratum or None,
        "real": point.real,
        "attained": point.attained,
        "loss": point.loss if point.real else None,
        "index": point.index,
        "index_certified": point.certified,
        "kind": point.kind,
        "type": point.type,
        "coefficients": c.tolist() if point.real else [[float(v.real), float(v.imag)] for v in c],
        "radius": point.radius,
        "weights": None if point.weights is None else point.weights.tolist(),
    }


def _held_out(task: TrainingTask, problem: TrainingProblem, weights: Any) -> dict[str, float] | None:
    if task.data is None or not len(task.data.held_inputs) or weights is None:
        return None
    held = SquaredError(task.data.held_inputs, task.data.held_targets)
    return {"least_loss_point": float(problem.quadratic(held).value(problem.map.at(np.asarray(weights)[None] + 0j)[0].real))}


def _why(stages: list[Stage], listed: bool) -> str:
    missing = [s.name for s in stages if not s.complete]
    if missing:
        return f"the list of critical points of {missing[0]} is not shown to be complete; another seed may help"
    if not listed:
        return "strata of smaller networks are not known for this family, or are too many: points at singular functions may be missing"
    return "the list is a lower bound"


def _meaning(value: dict[str, Any], complete: bool) -> str:
    least = "" if complete else "at least "
    head = f"{least}{counted(value['complex'], 'complex critical point')} at smooth functions, {value['real']} of them real"
    minima = f"{counted(value['minima'], 'local minimum').replace('minimums', 'minima')} of real networks"
    loss = value["least_loss"]
    end = {
        "complete": f"the global minimum has loss {loss:.6g}",
        "upper_bound": f"the best network found has loss {loss:.6g}",
        "undecided": f"losses of networks come down to {loss:.6g}, which none found attains: weights diverge on the way",
    }[value["global_minimum"]]
    return f"training has {head}, {minima}, and {counted(value['at_subnetworks'], 'point')} at smaller networks; {end}"


def _sets(stages: list[Stage]) -> str:
    """Sets of positive dimension."""
    shown = [f"dimension {s.dimension}, degree {s.degree}" for stage in stages for s in stage.sets]
    return f"; beside them {counted(len(shown), 'critical set')} of positive dimension ({'; '.join(shown)})" if shown else ""


def _usual(counts: dict[int, int]) -> str:
    """How many real critical functions random targets have."""
    if not counts:
        return ""
    total = sum(counts.values())
    shares = ", ".join(f"{k} at {100 * n / total:.0f} %" for k, n in counts.items())
    return f"; of {counted(total, 'random target')} real critical functions: {shares}"
