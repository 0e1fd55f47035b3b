"""The lists of a landscape: critical points at smooth functions and on each stratum, what became of every path, descents against them.

All of it is in canonical units (`training.losses.canonical_units`); `given` brings points back to those of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from neurovariety.dictionary.entry_result import Facts
from neurovariety.dictionary.membership import decide
from neurovariety.errors import InputError
from neurovariety.geometry.images.decision import Finding
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.invariants.dimension import Dimension
from neurovariety.geometry.strata.rank_drops import rank_drop
from neurovariety.geometry.strata.resting_strata import resting_strata
from neurovariety.geometry.strata.smaller_models import Strata, Stratum, strata_of
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ZERO_LOSS
from neurovariety.training.critical.accounting import without_doubles
from neurovariety.training.critical.charted import none_of_other_loss, real_minima
from neurovariety.training.critical.falsifier import Falsified, beaten, falsified
from neurovariety.training.critical.given_units import facts_back, point_back
from neurovariety.training.critical.least import Least, least_loss, not_above
from neurovariety.training.critical.limits import least_limit, limit_stages
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.spectral import spectral_least
from neurovariety.training.critical.stages import CriticalFunction, Stage, monomials_of, smooth_stage
from neurovariety.training.critical.stratum_stages import stratum_stage
from neurovariety.training.losses.canonical_units import CanonicalUnits
from neurovariety.training.losses.loss import Distance, Quadratic
from neurovariety.training.losses.training_task import TrainingTask

_STREAM = "dictionary.landscape"
OPEN_STRATA = "the strata listed are not known to be all where J drops rank"
OFF_STRATA = "some paths end at functions that are no regular critical points, and on no smaller network known"
_CONDITION = 1e10
_DEFINITE = 1e-11


@dataclass(frozen=True, eq=False)
class LandscapeLists:
    """The critical points on the smooth part and on each stratum (``stages``, the first that of the smooth part), the limits of
    networks, all ``points`` of these in order, and what is known of the least loss.

    ``strata``: those that hold the singular functions, as far as known, and others ``beside``; ``resting``: why all weights where J
    drops rank and training rests are on the stages, '' where that is not known; ``falsified``: what descents found.
    """

    problem: TrainingProblem
    loss: Quadratic
    units: CanonicalUnits
    strata: Strata
    beside: tuple[Stratum, ...]
    resting: str
    stages: list[Stage]
    limits: list[Stage]
    points: tuple[CriticalFunction, ...]
    least: Least
    falsified: Falsified

    @property
    def smooth_complete(self) -> bool:
        """Whether the critical functions at which J has full rank are all listed."""
        return self.stages[0].complete and not self.falsified.smooth and not self.empty

    @property
    def resting_complete(self) -> bool:
        """Whether the functions at rest where J drops rank are all listed too."""
        listed = bool(self.resting) and self.strata.all_listed and all(s.complete for s in self.stages[1:])
        return listed and not self.falsified.contradiction and not self.empty

    @property
    def complete(self) -> bool:
        return self.smooth_complete and self.resting_complete

    @property
    def empty(self) -> bool:
        """Whether no list has a real function, though the loss is definite: a closed set has a nearest point, so some are missing."""
        values = np.linalg.eigvalsh(self.loss.matrix)
        return bool(values.min(initial=0.0) > _DEFINITE * values.max(initial=0.0)) and not any(p.real for p in self.points)

    @property
    def real(self) -> int:
        return sum(p.real for p in self.points if not p.stratum)

    @property
    def minima(self) -> int:
        """Those of real networks, at smooth functions."""
        return sum(p.kind == "minimum" and p.weights is not None for p in self.points if not p.stratum)

    @property
    def at_subnetworks(self) -> int:
        return sum(s.count for s in self.stages[1:])

    @property
    def at_limits(self) -> int:
        return sum(s.count for s in self.limits)

    @property
    def given(self) -> tuple[CriticalFunction, ...]:
        """The points in the units of the data."""
        monomials = monomials_of(self.problem)
        return tuple(point_back(self.units, p, monomials) for p in self.points)

    def described(self) -> list[Facts]:
        """What was found on each stratum, in the units of the data."""
        every = [*self.stages, *self.limits]
        return [{"name": s.name, "complex": s.count, "complete": s.complete} | facts_back(self.units, s.evidence) for s in every]

    @property
    def why(self) -> str:
        """Why the lists are not complete."""
        if self.falsified.contradiction:
            return f"{self.falsified.contradiction}: the lists are not complete, please report it"
        if self.empty:
            return (
                "no real critical function was found, though there is a nearest one: the lists are not complete; another seed may help"
            )
        missing = next((s for s in self.stages if not s.complete), None)
        if missing is not None:
            end = "another seed may help"
            if "critical_sets" in missing.evidence:
                end = "some paths end on sets of critical functions of positive dimension"
            if "limits_off_strata" in missing.evidence:
                end = OFF_STRATA
            return f"the list of critical points of {missing.name} is not shown to be complete; {end}"
        if not self.resting:
            return f"{OPEN_STRATA}: points at rest on others may be missing"
        return "there are too many strata to look at them all: points at singular functions may be missing"


def landscape_lists(
    task: TrainingTask, units: CanonicalUnits, shape: Dimension, resume: str | Path | None, seed: int
) -> LandscapeLists:
    """Every critical point of a loss that sees all directions; ``task`` is in ``units``."""
    strata = strata_of(task.model, shape.fills)
    beside = resting_strata(task.model, shape.fills)
    first = smooth_stage(task.model, task.loss, None, seed, resume, shape)
    problem = first.problem
    assert problem is not None
    first = replace(first, points=tuple(_decided(task, p, seed) for p in first.points))
    loss = problem.quadratic(task.loss)
    _check_condition(loss.matrix, task)
    found = [first, *(stratum_stage(problem, task.loss, s, seed) for s in (*strata.strata, *beside))]
    stages = _with_none_of_other_loss(without_doubles(found, monomials_of(problem)))
    limits = limit_stages(problem, task.loss, seed)
    singular = stages[: 1 + len(strata.strata)]
    rng, known = generator(seed, _STREAM), spectral_least(task.model.image, task.loss)
    least = least_loss(problem, loss, singular, strata.theorem, strata.all_listed, rng, least_limit(limits), known)
    points = _numbered([*stages, *limits])
    assert first.stationary is not None
    ends = first.stationary.singular.real.reshape(-1, len(problem.terms))
    near = None if any(stage.sets for stage in stages) else ends
    against = falsified(problem, loss, points, (*strata.strata, *beside), least, generator(seed, _STREAM, 2), near)
    least = not_above(beaten(least, against, size_of_losses(loss)), points, size_of_losses(loss))
    return LandscapeLists(problem, loss, units, strata, beside, rank_drop(task.model), stages, limits, points, least, against)


def _with_none_of_other_loss(stages: list[Stage]) -> list[Stage]:
    """The stages, the first one known to be empty where a network of a stratum has loss 0 and no other function can be critical."""
    first, *rest = stages
    if first.points or first.listed is None:
        return stages
    networks = [p.weights for stage in rest for p in stage.points if p.real and p.weights is not None]
    listed = none_of_other_loss(first.listed, networks)
    return [replace(first, listed=listed, minima=real_minima(listed, ()) or first.minima), *rest]


def size_of_losses(loss: Quadratic) -> float:
    """How large the terms of a loss are, for what counts as equal."""
    return max(abs(loss.constant), float(np.abs(loss.image).max(initial=0.0)), 1e-300)


def _decided(task: TrainingTask, point: CriticalFunction, seed: int) -> CriticalFunction:
    """A point of zero loss is the teacher itself: whether real weights compute it is a question of membership, decided exactly."""
    if point.attained != "undecided" or not isinstance(task.loss, Distance) or point.loss > ZERO_LOSS * max(task.loss.size, 1e-300):
        return point
    target = Target(task.model.inputs, task.model.outputs, {m: Fraction(c) for m, c in task.loss.target.items()})
    verdict = decide(task.model, target, seed).verdict
    return replace(point, attained={Finding.EXCLUDED: "no", Finding.CLOSURE_ONLY: "limit"}.get(verdict, "undecided"))


def _check_condition(matrix: Array, task: TrainingTask) -> None:
    """Raise where the quadric is so ill-conditioned on the coordinates it sees that float64 would not tell critical points apart.

    Each coordinate is measured by its own size first, so that the answer is the same in all units.
    """
    size = np.sqrt(np.diag(matrix))
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.eigvalsh(matrix / size[:, None] / size)
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
