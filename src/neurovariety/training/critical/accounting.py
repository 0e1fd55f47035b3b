"""What became of every path: whether a list of critical functions may be called complete.

Each isolated critical function of the stated problem is the end of a path from the general one, so nothing is missing where all of the
general problem's functions are known and every path ends at a certified function of its own. A path may also end where J drops rank,
at a function of a stratum; it is accounted for if that function is on the list of a stratum. An end at infinity, one that is lost, one
at a degenerate function, or one on a set of positive dimension leaves the list a lower bound: what lies there is not certified.
Critical functions of a real problem come in conjugate pairs; a list that is not closed under conjugation misses some.

Sources: Morgan and Sommese 1989 (the number of isolated solutions at general parameters bounds that at special ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Inexact

from neurovariety.budget import used_up
from neurovariety.homotopy import End
from neurovariety.rings.ring import Array
from neurovariety.tolerances import LIMIT_DIGITS, SAME_FUNCTION
from neurovariety.training.critical.problem import Stationary, TrainingProblem
from neurovariety.training.critical.stages import Stage, coefficients_of
from neurovariety.training.losses.loss import Monomial

_PASSES = 3
_DEFINITE = 1e-11
_ROUNDED, _NEAR_ZERO = 1e-7, 1e-6
"""Parts of the sizes of functions below which they are one where J drops rank, and below which a limit of paths may be 0."""


def accounted(stages: Sequence[Stage], monomials: tuple[Monomial, ...], rng: np.random.Generator) -> list[Stage]:
    """The stages, complete where every path is accounted for and the list of the general problem is complete.

    A function at which J has numerically no full rank, and that is on the list of another stratum up to rounding, is no smooth one: the
    quadric of data is rounded, and there its paths end regularly next to it.
    """
    kept = [_without_doubles(stage, k, stages, monomials) for k, stage in enumerate(stages)]
    values = [np.array([p.coefficients for p in stage.points]).reshape(-1, len(monomials)) for stage in kept]
    size = max((float(np.abs(v).max(initial=0.0)) for v in values), default=0.0)
    out = []
    for k, stage in enumerate(kept):
        others = np.vstack([v for j, v in enumerate(values) if j != k] or [values[k][:0]])
        out.append(replace(stage, complete=_closes(stage, others, monomials, size, rng)))
    return out


def _closes(stage: Stage, others: Array, monomials: tuple[Monomial, ...], size: float, rng: np.random.Generator) -> bool:
    """Whether the paths of one of some passes are all accounted for, ends at functions of ``others`` among them."""
    found, problem = stage.stationary, stage.problem
    if found is None or problem is None:
        return stage.complete
    if not problem.base.complete or stage.sets:
        return False
    shape = (len(found.points), len(problem.terms))
    if not _conjugate(*(np.array(v).reshape(shape) for v in ([p.value for p in found.points], [p.radius for p in found.points]))):
        return False
    number = len(_smooth(found, problem, others, monomials))
    for attempt in range(_PASSES):
        if attempt:  # limits at functions of several sheets may be far off; other paths come there on other ways
            found = problem.stationary(found.quadratic, rng)
        known = stage.complete or attempt > 0
        if known and len(_smooth(found, problem, others, monomials)) == number and _every_end(found, problem, others, monomials, size):
            return True
        if used_up():
            break
    return False


def _every_end(found: Stationary, problem: TrainingProblem, others: Array, monomials: tuple[Monomial, ...], size: float) -> bool:
    """Whether each end is a certified function of its own, or one of ``others``."""
    if found.ends[str(End.REGULAR)] != len(found.points) - found.ends.get("in other charts", 0):
        return False
    limits = list(found.singular)
    if found.ends.get(str(End.AT_INFINITY)) or found.ends.get(str(End.FAILED)):
        nearest = _only_candidate(found, problem)
        if nearest is None:
            return False
        limits = [nearest]
    reached = [coefficients_of(problem, limit, monomials) for limit in limits]
    return all((np.abs(others - limit).max(axis=1, initial=0.0) <= _reach(limit, size)).any() for limit in reached)


def _only_candidate(found: Stationary, problem: TrainingProblem) -> Inexact[np.ndarray, " n"] | None:
    """The function at which the gradient of a definite loss is zero, where functions fill their span: no other can be critical."""
    values = np.linalg.eigvalsh(found.quadratic.matrix)
    if problem.dimension != len(problem.terms) or not values.min() > _DEFINITE * values.max():
        return None
    return np.asarray(np.linalg.solve(found.quadratic.matrix, found.quadratic.image))


def _without_doubles(stage: Stage, number: int, stages: Sequence[Stage], monomials: tuple[Monomial, ...]) -> Stage:
    if stage.stationary is None or stage.problem is None or number:
        return stage
    others = [p.coefficients for k, other in enumerate(stages) if k != number for p in other.points]
    smooth = _smooth(stage.stationary, stage.problem, np.array(others).reshape(-1, len(monomials)), monomials)
    return replace(stage, points=tuple(stage.points[k] for k in smooth), count=len(smooth))


def _smooth(found: Stationary, problem: TrainingProblem, others: Array, monomials: tuple[Monomial, ...]) -> list[int]:
    """The numbers of those certified functions that are none of ``others``, or have full rank of J."""
    values = np.array([coefficients_of(problem, p.value, monomials) for p in found.points]).reshape(-1, len(monomials))
    size = max((float(np.abs(v).max(initial=0.0)) for v in (values, others)), default=0.0)
    near = [bool((np.abs(others - v).max(axis=1, initial=0.0) <= _ROUNDED * size).any()) for v in values]
    pairs = enumerate(zip(near, found.points, strict=True))
    return [k for k, (close, p) in pairs if not close or problem.map.pivots(p.weights, problem.dimension) is not None]


def _reach(limit: Inexact[np.ndarray, " n"], size: float) -> float:
    """How far a limit of a path may be from where it is: limits are known to a few digits, those near 0 to a part of all sizes, and of
    the size 1 that targets have in canonical units."""
    return max(LIMIT_DIGITS * float(np.abs(limit).max(initial=0.0)), _NEAR_ZERO * max(size, 1.0))


def _conjugate(values: Inexact[np.ndarray, "points n"], radii: Float[np.ndarray, "points n"]) -> bool:
    """Whether each of the functions may have its conjugate among them."""
    if not len(values):
        return True
    slack = SAME_FUNCTION * np.abs(values).max(axis=1)
    return all(
        (np.abs(values.conj() - value).max(axis=1) <= (radii + radius).max(axis=1) + slack).any()
        for value, radius in zip(values, radii, strict=True)
    )
