"""The landscape of training: every critical point for a loss, and which of them is the global minimum.

Squared losses are quadrics on the space of functions, Q(f - u) plus a constant, so training seeks a nearest point of the
neuromanifold. Its critical points at smooth functions are finitely many; training can also come to rest at smaller networks inside
the large one, which are listed stratum by stratum. A critical point of the weights is *pure* where its function is critical among
functions, and *spurious* where only the parametrization makes it one.

What is proved. Each key has a certificate (`dictionary.landscape_verdicts`). All complex critical points of a general member of the
loss's family of quadrics are found by monodromy and pass the trace test; those of the loss are the ends of paths from there, each
shown in balls at full rank of J, in whatever chart has it, for the data as they are, and told apart as functions. The list of smooth
functions is `complete` where as many are found as there are in general (test C), or as loops of targets leave alone for the stated
quadric (test L). That of points at rest can be so only for families of which it is proved that all strata where J drops rank are listed
(`geometry.strata.rank_drops`), and where each function on them is shown to rest or to move; of others it is a `lower_bound`. Descents
from many starts are held against the lists: what they find beside them weakens the claim. All is found in canonical units, so answers
do not depend on those of the data; near-collinear inputs are whitened by a matrix that is taken as exact.

The least loss is that of stored weights, in balls: an `upper_bound`; `proved` where it is 0 or meets a bound of all losses; `complete`
where the loss is definite, a theorem says that all singular functions of the closure are on listed strata, and it is the least in
complete lists; `undecided` where it is approached by networks whose weights diverge. Perturbation (`training.perturbation`) finds it by
another route, without such a theorem and without a certificate. Data that see fewer directions than the dimension leave a whole locus
of interpolating functions; its dimension is said, and where one of them has the least loss of the whole linear span, that is proved.

Sources: Marchetti et al. 2025, 4.4; Trager, Kohn, Bruna 2020; Draisma et al. 2016; Krawczyk 1969; Hauenstein 2013.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, TypedDict, Unpack

import numpy as np

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.sentences import SHOWN, SURE, TESTED, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Resume
from neurovariety.dictionary.entry_result import Facts
from neurovariety.dictionary.landscape_lists import OFF_STRATA, OPEN_STRATA, LandscapeLists, landscape_lists, size_of_losses
from neurovariety.dictionary.landscape_verdicts import interpolated_verdict, least_verdict, list_verdicts, of_model, subject_of
from neurovariety.dictionary.listed_result import ListedResult, beside_minima
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Array, Model
from neurovariety.options import Option, Whole
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.chambers.chambers import random_targets
from neurovariety.training.critical.given_units import enclosed, infimum_back, interpolation_back, interval, least_back
from neurovariety.training.critical.interpolated import Interpolation, interpolation
from neurovariety.training.critical.least import Least, LeastFacts, not_above, with_perturbation
from neurovariety.training.critical.perturbation import infimum_by_perturbation
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.seen_directions import SeenDirections, seen_directions
from neurovariety.training.critical.stages import CriticalFunction, PointFacts, monomials_of
from neurovariety.training.losses.canonical_units import canonical
from neurovariety.training.losses.loss import Monomial, SquaredError
from neurovariety.training.losses.task_options import TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, check_sizes, training_task

_STREAM = "dictionary.landscape"
_SHOWN = 200


class QuadricFacts(SeenDirections):
    """The same beside the dimensions of the variety and of its span."""

    dimension: int
    ambient: int | None


class RandomTargets(TypedDict):
    """Number of real critical functions -> how many of the random targets asked for have it."""

    asked: int
    real: dict[int, int]


class LandscapeValue(TypedDict):
    """The fields of `LandscapeResult`; counts are None where a whole locus interpolates."""

    complex: int | None
    real: int | None
    minima: int | None
    at_subnetworks: int | None
    at_limits: int | None
    least_loss: float
    global_minimum: str


class LandscapeEvidence(TypedDict, total=False):
    """What the lists rest on; where a whole locus interpolates, ``interpolation`` describes it and there are no lists."""

    task: Facts
    least_by: str
    quadric: QuadricFacts
    least: LeastFacts
    perturbation: Facts | None
    interpolation: Facts
    points: list[PointFacts]
    monomials: list[list[int | list[int]]]
    stages: list[Facts]
    general_problem: Facts
    singular_functions: str
    rank_drops: str
    falsifier: Facts
    contradiction: str | None
    losses_held_out: dict[str, float] | None
    random_targets: RandomTargets | None


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
    headline: ClassVar[tuple[str, ...]] = ("complex", "real", "at_subnetworks")
    spoken: ClassVar[tuple[str, ...]] = ("complex", "real", "minima", "at_subnetworks", "least_loss")
    value: LandscapeValue
    evidence: LandscapeEvidence
    least: ClassVar[str] = "least_loss"
    same: ClassVar[float] = 1e-6
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "trager2020", "draisma2016", "krawczyk1969", "hauenstein2013")
    points: tuple[CriticalFunction, ...] = field(default=(), compare=False)
    monomials: tuple[Monomial, ...] = field(default=(), compare=False)
    task: TrainingTask | None = field(default=None, compare=False)
    problem: TrainingProblem | None = field(default=None, compare=False)

    @classmethod
    def read_point(cls, data: Any) -> CriticalFunction:
        return CriticalFunction.from_dict(data)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LandscapeResult:
        found = super().from_dict(data)
        written: Sequence[Any] = found.evidence.get("monomials", ())
        return replace(found, monomials=tuple((int(o), tuple(map(int, e))) for o, e in written))


RandomOption = Annotated[
    int,
    Option("count real critical functions for so many random targets too (default: 0)"),
    Whole("the number of random targets is a whole number from {least} to {most:,}", 0, 1_000_000),
]

LeastByOption = Annotated[
    Literal["relaxation", "perturbation"],
    Option(
        "perturbation: find the least loss by critical points of weights under perturbation too",
        unknown="the least loss is found by {choices}, got {value!r}",
    ),
]


@entry
def landscape(
    model: Model,
    *,
    random: RandomOption = 0,
    least_by: LeastByOption = "relaxation",
    resume: Resume = None,
    seed: int = DEFAULT_SEED,
    **options: Unpack[TaskOptions],
) -> LandscapeResult:
    """Every critical point of fitting ``data``, or a ``teacher`` in a stated ``metric``, or of a quadratic ``form``.

    ``data``: a `Dataset` with targets, or a pair of tables (samples, inputs) and (samples, outputs); ``sample_weights`` (samples,);
    ``prepare``: ``none``, ``standardize`` or ``whiten`` (inputs with the identity as second moments: the same problem, better
    conditioned, for networks whose first layer is dense); ``held_out``: share of rows that are not trained on, whose loss is told.
    ``metric``: ``frobenius``, ``bombieri``, ``gaussian`` or ``uniform`` distance from ``teacher``, polynomials in x0, x1, ...
    (default: random ones). ``random``: so many random targets with the same quadric are counted too (not certified), a histogram of
    their real critical functions in ``evidence["random_targets"]["real"]``. ``least_by``: ``relaxation``, or ``perturbation`` too,
    which finds the infimum with no knowledge of singular functions, by many more paths (`training.perturbation`). ``resume``: a
    file in which a long count of the general problem is kept.

    Raises `InputError` for options that do not go together or a model that is not polynomial, `DataError` for unusable data,
    `ResourceError` where the model is too large to write out, or its root bound for perturbation above 60,000 paths.

    >>> landscape("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1").value["least_loss"]
    1.0
    """
    perturb = least_by == "perturbation"
    task = training_task(model, seed=seed, any_size=True, **options)
    own, units = canonical(task)
    check_sizes(own)
    shape = quietly(dimension_of, model, seed=seed)
    seen, known = seen_directions(own, shape.value, seed)
    evidence: LandscapeEvidence = {
        "task": task.record,
        "least_by": least_by,
        "quadric": {"dimension": shape.value, "ambient": shape.ambient, **seen},
    }
    if seen["directions"] < shape.value:
        found = interpolation(own, shape.value, seen["directions"], seed, perturb)
        return _interpolating(task, (shape, known), interpolation_back(units, found), evidence)
    lists = landscape_lists(own, units, shape, resume, seed)
    targets: RandomTargets | None = None
    if random:
        targets = {"asked": random, "real": random_targets(lists.problem, lists.loss, random, generator(seed, _STREAM, 1))}
    perturbed = infimum_by_perturbation(model, own.loss, seed=seed) if perturb else None
    scale = size_of_losses(lists.loss)
    least = lists.least if perturbed is None else not_above(with_perturbation(lists.least, perturbed, scale), lists.points, scale)
    number, least, perturbed = _number_of(lists.points, least.point), least_back(units, least), infimum_back(units, perturbed)
    evidence |= {
        "perturbation": None if perturbed is None else perturbed.to_dict(),
        "losses_held_out": _held_out(task, lists.problem, least.weights),
        "random_targets": targets,
    }
    return _listed(task, lists, (least, number), evidence)


def _listed(task: TrainingTask, lists: LandscapeLists, known: tuple[Least, int | None], evidence: LandscapeEvidence) -> LandscapeResult:
    """The result where critical points are listed; ``known``: the least loss, in given units, and the number of its point."""
    (least, number), points, targets = known, lists.given, evidence["random_targets"]
    bounds = interval(lists.problem, task.loss, least)
    least = enclosed(least, bounds)
    subject = subject_of(lists, task.loss)
    shown = list_verdicts(lists, subject)
    proof = None if least.infimum is not None else least_verdict(lists, subject, least)
    value = _value(lists, least, str(Claim.UNDECIDED if proof is None else proof.claim))
    claims = _claims(task, lists, value, shown, proof)
    return LandscapeResult(
        value=value,
        claims=claims,
        glosses=_glosses(lists, least, targets),
        evidence={
            **evidence,
            "points": [p.to_dict() for p in points[:_SHOWN]],
            "monomials": [[o, list(e)] for o, e in monomials_of(lists.problem)],
            "stages": lists.described(),
            "general_problem": lists.problem.evidence,
            "singular_functions": lists.strata.theorem or "not known to be the strata listed",
            "rank_drops": lists.resting or OPEN_STRATA,
            "least": {**least.to_dict(), "claim": value["global_minimum"], "point": number, "interval": bounds},
            "falsifier": lists.falsified.to_dict(lists.units.loss_back(1.0)),
            "contradiction": lists.falsified.contradiction or None,
        },
        notices=task.notices + (() if _all(claims) else (lists.why,)),
        options=task.options,
        points=points,
        monomials=monomials_of(lists.problem),
        task=task,
        problem=lists.problem,
    )


def _claims(
    task: TrainingTask, lists: LandscapeLists, value: LandscapeValue, shown: Mapping[str, Verdict], least: Verdict | None
) -> dict[str, Verdict]:
    """What each key claims; the number of minima is at least one that is shown."""
    of_key = {**shown, "least_loss": least, "global_minimum": least}
    sure = lists.stages[0].sure
    why = "losses come down to this while weights diverge, as far as descents tell"
    out = {}
    for key, part in value.items():
        known = of_key.get(key)
        if known is None and key == "minima":
            out[key] = of_model(task.model, key, part, None, sure, "the signs of Hessians are not shown")
        else:
            out[key] = of_model(task.model, key, part, known, sure, why)
    return out


def _all(claims: Mapping[str, Verdict]) -> bool:
    """Whether all lists are said to be complete."""
    return all(claims[key].claim is Claim.COMPLETE for key in LandscapeResult.headline)


def _value(lists: LandscapeLists, least: Least, claim: str) -> LandscapeValue:
    return {
        "complex": lists.stages[0].count,
        "real": lists.real,
        "minima": lists.minima,
        "at_subnetworks": lists.at_subnetworks,
        "at_limits": lists.at_limits,
        "least_loss": least.loss if least.infimum is None else least.infimum,
        "global_minimum": claim,
    }


def _interpolating(
    task: TrainingTask, seen: tuple[Dimension, Verdict | None], found: Interpolation, evidence: LandscapeEvidence
) -> LandscapeResult:
    """The result where a whole locus of functions has the values of one; ``seen``: the dimension, and that part of it data see."""
    best, (shape, directions) = found.least, seen
    proof = interpolated_verdict(replace(found.coordinates, loss=task.loss), best, max(task.loss.size, 1e-300))
    value: LandscapeValue = {
        "complex": None,
        "real": None,
        "minima": None,
        "at_subnetworks": None,
        "at_limits": None,
        "least_loss": best.loss if best.infimum is None else best.infimum,
        "global_minimum": str(Claim.UNDECIDED if proof is None else proof.claim),
    }
    also = {"dimension": shape.verdict, "directions": directions, "degree": found.degree}
    return LandscapeResult(
        value=value,
        claims={
            key: of_model(
                task.model,
                key,
                part,
                proof if key in ("least_loss", "global_minimum") else None,
                True,
                "a whole locus interpolates: there are no lists",
            )
            for key, part in value.items()
        },
        glosses=_of_interpolation(shape.value, found, directions is not None, proof is not None and proof.claim is SHOWN),
        also={key: verdict for key, verdict in also.items() if verdict is not None},
        evidence={
            **evidence,
            "interpolation": found.to_dict(),
            "least": best.to_dict(),
            "perturbation": None if found.perturbed is None else found.perturbed.to_dict(),
        },
        notices=task.notices,
        options=task.options,
        task=task,
    )


def _number_of(points: tuple[CriticalFunction, ...], wanted: CriticalFunction | None) -> int | None:
    return None if wanted is None else next((p.number for p in points if p.coefficients is wanted.coefficients), None)


def _held_out(task: TrainingTask, problem: TrainingProblem, weights: Array | None) -> dict[str, float] | None:
    if task.data is None or not len(task.data.held_inputs) or weights is None:
        return None
    held = SquaredError(task.data.held_inputs, task.data.held_targets)
    return {"least_loss_point": float(problem.quadratic(held).value(problem.map.at(np.asarray(weights)[None] + 0j)[0].real))}


def _of_interpolation(dim: int, found: Interpolation, shown: bool, settled: bool) -> tuple[Gloss, ...]:
    """What is said where a whole locus of functions has the values of one; ``shown``: the rank at the data is, to some extent;
    ``settled``: the least loss is proved."""
    d, best, bound = found.dimension, found.least, found.lower_bound
    seen = (
        f"the data see {dim - d} of {dim} directions: functions with the same values there as a general one are a locus of dimension "
    )
    glosses = [Gloss(f"as far as floats tell, {seen}{d}, not finitely many", {})]
    if shown:
        glosses = [Gloss(f"{seen}{d}, not finitely many", {"dimension": SURE, "directions": SURE})]
    if found.degree is not None:
        glosses.append(Gloss(f"this locus has degree at most {found.degree.statement.value:,}", {"degree": TESTED}))
    if found.attained and not settled:
        glosses.append(Gloss(f"networks attain the least squares loss {bound:.6g} of the whole span, as far as floats tell", {}))
    elif best.infimum is not None:
        glosses.append(_come_down(best.infimum))
    return tuple(glosses)


def _glosses(lists: LandscapeLists, least: Least, targets: RandomTargets | None) -> tuple[Gloss, ...]:
    """What was seen beside the lists, and is not shown."""
    shown = [f"dimension {s.dimension}, degree {s.degree}" for stage in lists.stages for s in stage.sets]
    found = f"{counted(len(shown), 'critical set')} of positive dimension ({'; '.join(shown)})"
    glosses = [*beside_minima(lists.problem.model, any(p.real for s in lists.stages[1:] for p in s.points))]
    glosses += [] if least.infimum is None else [_come_down(least.infimum)]
    if shown:
        glosses.append(Gloss(f"beside them paths end on {found}, as far as floats tell", {}))
    if any("limits_off_strata" in s.evidence for s in lists.stages):
        glosses.append(Gloss(OFF_STRATA, {}))
    if targets is not None and targets["real"]:
        glosses.append(Gloss(_usual(targets["real"]), {}))
    return tuple(glosses)


def _come_down(infimum: float) -> Gloss:
    return Gloss(f"losses of networks were seen to fall to {infimum:.6g}, which none found attains: weights diverge on the way", {})


def _usual(counts: dict[int, int]) -> str:
    """How many real critical functions random targets have."""
    total = sum(counts.values())
    shares = ", ".join(f"{k} at {100 * n / total:.0f} %" for k, n in counts.items())
    return f"of {counted(total, 'random target')} real critical functions, counted and not certified: {shares}"
