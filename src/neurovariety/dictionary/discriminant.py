"""Data discriminant: for which targets does the landscape of training change?

Where two critical points meet, the target lies on the discriminant, a hypersurface. It cuts the space of targets into chambers in which
the number of real critical points is constant. Crossing a wall, two real critical points appear or vanish together. The number of
minima changes with them, or where a critical point passes through a singular function.

A slice is drawn: a plane through targets, through the values of two samples, or of targets and quadrics together. At each point of a
grid all complex critical points are followed from one general target, and the real ones and the minima among them are counted; walls
are refined by bisection. The histogram beside it counts at random targets.

What is proved. The claim is `estimate`: counts at grid points are numerical, unclear points are left out and their number said, and
some points are compared with the certified route of the [landscape]. Minima are of functions of the closure; whether real weights
compute them is not asked. Where no wall is seen although there are several critical points, the real discriminant may have codimension
2 or more, as it has for linear networks in the Frobenius norm (coinciding singular values).

Sources: Marchetti et al. 2025, 4.4; Draisma et al. 2016, 7; Trager, Kohn, Bruna 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NotRequired, TypedDict, Unpack

import numpy as np

from neurovariety.architectures.from_callable import Source
from neurovariety.budget import number_of
from neurovariety.certificates.issue import weakly
from neurovariety.certificates.sentences import Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, VerificationError
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.quadrics import QuadricFamily, Term, pencil
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.chambers.chambers import Counts, for_all_quadrics, for_one_quadric, random_targets
from neurovariety.training.chambers.planes_of_losses import Plane, other_quadric, plane
from neurovariety.training.chambers.walls import Crossing, chambers, crossings, refined_walls
from neurovariety.training.critical.problem import TrainingProblem, training_problem
from neurovariety.training.critical.seen_directions import seen_directions
from neurovariety.training.critical.stages import real_ones
from neurovariety.training.losses.loss import Quadratic, quadratic
from neurovariety.training.losses.task_options import Preparation, TaskOptions
from neurovariety.training.losses.training_task import TrainingTask, training_task

_STREAM = "dictionary.discriminant"
_GRID, _MOST = 60, 1000
_RANDOM, _SPOTS = 200, 3
_BISECTIONS = 10
"""Halvings of an edge of the grid that crosses a wall."""


class DiscriminantValue(TypedDict):
    complex: int
    real_counts: dict[int, float]
    minima_counts: dict[int, float]
    chambers: int
    walls: bool


class DiscriminantEvidence(TypedDict):
    """The picture of a slice, and what it rests on. ``codimension``: a remark where no wall was seen."""

    task: Facts
    slice: str
    grid: int
    axes: list[str]
    bounds: list[list[float]]
    real: list[list[int]]
    minima: list[list[int]]
    unclear: int
    wall_points: list[list[float]]
    spot_checks: dict[str, int]
    random_targets: dict[int, int]
    general: Facts
    codimension: NotRequired[str]


@dataclass(frozen=True, repr=False)
class DiscriminantResult(EntryResult):
    """``value``: ``complex`` critical points, ``real_counts`` and ``minima_counts`` (number -> share of the grid), ``chambers``
    (connected pieces of the grid with equal numbers), ``walls`` (whether any was seen).

    ``evidence``: ``axes``, ``bounds``, ``real`` and ``minima`` (nested lists, -1 where unclear), ``wall_points``, ``unclear``,
    ``spot_checks``, ``random_targets`` (number of real critical points -> how many of random targets).
    """

    entry: ClassVar[str] = "discriminant"
    spoken: ClassVar[tuple[str, ...]] = ("complex", "real_counts", "minima_counts", "chambers")
    value: DiscriminantValue
    evidence: DiscriminantEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "draisma2016", "trager2020")
    task: TrainingTask | None = field(default=None, compare=False)

    def _repeated(self, seed: int | None) -> DiscriminantResult:
        """Another slice. Raises `VerificationError` where the number of complex critical points differs."""
        again = self._again(seed)
        if again.value["complex"] != self.value["complex"]:
            raise VerificationError(f"discriminant of {self.subject}: {self.value['complex']} and {again.value['complex']} points")
        return again


@entry
def discriminant(
    model: Model,
    *,
    slice: Annotated[
        Literal["target", "sample", "quadric"],
        Option("target: a plane of targets; sample: the values of one sample; quadric: target and loss"),
    ] = "target",
    grid: Annotated[
        int | None,
        Option("points along each side of the slice (default: 60)"),
        Whole("a grid has {least} to {most} points a side", 2, 1000),
    ] = None,
    seed: int = DEFAULT_SEED,
    **options: Unpack[TaskOptions],
) -> DiscriminantResult:
    """A slice through the space of losses, with the number of real critical points and of minima at ``grid`` x ``grid`` points (60).

    ``slice``: ``target``, a random plane through the task's target; ``sample``, the targets of the first two samples (with several
    outputs: the first two of the first sample); ``quadric``, a direction of targets and a segment from the loss to another positive
    definite quadric. The other options are those of `landscape`. Raises `InputError` for unusable options or models, `DataError` for
    unusable data, `ResourceError` for a model too large to write out.

    >>> discriminant("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", grid=6).value["real_counts"]
    {2: 1.0}
    """
    side = grid if grid is not None else number_of("grid", _GRID)
    task = training_task(model, seed=seed, **options)
    rng = generator(seed, _STREAM)
    problem, loss = _problem(task, slice, seed)
    cut = plane(problem, task.loss, loss, slice, rng)
    a, b = cut.grid(side)
    points = np.array([(x, y) for y in b for x in a])
    counts = cut.family.count_real(cut.at(points), seed)
    real, minima = (np.where(counts.clear, v, -1).reshape(side, side) for v in (counts.real, counts.minima))
    walls = refined_walls(cut, a, b, real, minima, number_of("bisections", _BISECTIONS))
    random = random_targets(problem, loss, number_of("random targets", _RANDOM), rng)
    seen = len(set(zip(real[real >= 0].tolist(), minima[real >= 0].tolist(), strict=True))) > 1
    value: DiscriminantValue = {
        "complex": cut.family.count,
        "real_counts": _shares(counts.real[counts.clear]),
        "minima_counts": _shares(counts.minima[counts.clear]),
        "chambers": chambers(real, minima),
        "walls": seen,
    }
    evidence: DiscriminantEvidence = {
        "task": task.record, "slice": slice, "grid": side, "axes": list(cut.axes), "bounds": [list(v) for v in cut.bounds],
        "real": real.tolist(), "minima": minima.tolist(), "unclear": int((~counts.clear).sum()), "wall_points": walls,
        "spot_checks": _spots(cut, points, counts, rng), "random_targets": random, "general": problem.evidence,
    }  # fmt: skip
    if not seen and value["complex"] > 1:
        evidence["codimension"] = "no wall was seen: the real discriminant may have codimension 2 or more, or lie off this slice"
    return DiscriminantResult(
        value=value,
        claims=weakly("discriminant", Claim.ESTIMATE, "drawn on a grid"),
        glosses=_glosses(value, random),
        evidence=evidence,
        notices=task.notices,
        options={**task.options, "grid": side},
        task=task,
    )


def wall_crossings(
    source: Source, data: object, other: object, *, prepare: Preparation = "none", steps: int = 200, seed: int = DEFAULT_SEED
) -> list[Crossing]:
    """Every wall on the way from one data set to another, the loss moving on a line between theirs.

    ``data`` and ``other`` are as in `landscape`. Returns a list of ``{"at", "real", "minima", "decided"}``: where on the way (0 to 1,
    to 1e-6) the numbers change, and the pairs (before, after). Changes follow each other without gaps from the numbers at one end to
    those at the other; where numbers stay unclear, at an end too, a row says so: it is not ``decided``, and numbers that are not known
    are None. Walls that are crossed twice within a step (``steps`` of them) are not seen.
    Raises `InputError` and `DataError` as `landscape` does.

    >>> wall_crossings("linear(2,1,2)", ([[1, 0], [0, 1]], [[3, 1], [0, 1]]), ([[1, 0], [0, 1]], [[2, 1], [0, 1]]), steps=4)
    []
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= 100_000:
        raise InputError(f"the number of steps is a whole number from 1 to 100,000, got {steps!r}")
    tasks = [training_task(source, data=d, prepare=prepare, seed=seed) for d in (data, other)]
    problem, _ = _problem(tasks[0], "target", seed)
    losses = [problem.quadratic(t.loss) for t in tasks]
    scale = 1 / max(float(np.abs(losses[0].matrix).max()), 1e-300)
    ends = []
    for loss in losses:
        known = problem.critical.family.parameters_of(loss.matrix * scale)
        assert known is not None, "Gram matrices belong to the family of moments"
        ends.append(np.concatenate([loss.image * scale, known]))
    still = np.abs(ends[0][len(problem.terms) :] - ends[1][len(problem.terms) :]).max(initial=0.0) < 1e-12
    family = for_one_quadric(problem, losses[0], generator(seed, _STREAM, 1)) if still else for_all_quadrics(problem)
    return crossings(family, ends[0], ends[1], steps)


def _problem(task: TrainingTask, kind: str, seed: int) -> tuple[TrainingProblem, Quadratic]:
    shape = quietly(dimension_of, task.model, seed=seed)
    seen = shape.value if kind == "quadric" else seen_directions(task, shape.value, seed)[0]["directions"]
    if seen < shape.value:
        raise InputError(
            f"the loss sees {seen} of the {counted(shape.value, 'direction')} of functions: general targets have no finite number of "
            "critical functions, and there is none to draw; give more samples, or a metric with a teacher"
        )

    def through_another(terms: Sequence[Term]) -> QuadricFamily:
        matrix = quadratic(task.loss, terms).matrix
        matrix /= np.abs(matrix).max()
        return pencil(terms, matrix, other_quadric(matrix, generator(seed, _STREAM, 2)))

    family = through_another if kind == "quadric" else task.loss.family
    problem = training_problem(task.model, shape, seed, family)
    if not problem.base.complete:
        raise InputError(f"the critical points of {task.model.name} were not all found; another seed may help")
    return problem, problem.quadratic(task.loss)


def _spots(cut: Plane, points: Any, counts: Counts, rng: np.random.Generator) -> dict[str, int]:
    """Some clear grid points counted again by the certified route: how many, and how many agree."""
    clear = np.flatnonzero(counts.clear)
    chosen = rng.choice(clear, size=min(_SPOTS, len(clear)), replace=False)
    agree = 0
    problem = cut.family.problem
    n = len(problem.terms)
    for k in chosen:
        parameters = cut.at(points[k : k + 1])[0]
        matrix = cut.family.matrix
        if matrix is None:
            matrix = problem.critical.family.matrices(parameters[None, n:])[0]
        found = problem.stationary(Quadratic(matrix, parameters[:n], 0.0), rng)
        agree += sum(real_ones(found)) == counts.real[k] and len(found.points) == cut.family.count
    return {"checked": len(chosen), "agree": int(agree)}


def _shares(values: Any) -> dict[int, float]:
    return {int(k): float((values == k).mean()) for k in np.unique(values)}


def _glosses(value: DiscriminantValue, random: dict[int, int]) -> tuple[Gloss, ...]:
    """Whether a wall was seen, and what is usual for random targets."""
    glosses = [] if value["walls"] else [Gloss("no wall was seen", {})]
    if random:
        usual, drawn = max(random, key=lambda k: random[k]), sum(random.values())
        share = f"{random[usual]} of {counted(drawn, 'random target')}"
        glosses.append(Gloss(f"the most frequent number of real ones is {usual} ({share})", {}))
    return tuple(glosses)
