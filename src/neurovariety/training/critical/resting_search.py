"""Other weights of a stratum over the same function, at which training rests.

Where weights of a stratum give one function in many ways, training may rest at some of them alone: with a last layer of rank one, at
those hidden units at which the other outputs pull nowhere. They are sought by descents, in floating point; real ones only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.losses.loss import Quadratic

_STARTS = 8
_STEPS = 60
_DAMPING = (1e-3, 1e-12, 1e8)
"""Of the method of Levenberg and Marquardt, relative to the slopes: at first, at least, and where a descent has come to its end."""
_FOUND, _EXACT = 1e-9, 1e-14
_STEP = float(np.sqrt(np.finfo(np.float64).eps))
_FAR = 1e3


def resting_weights(
    problem: TrainingProblem,
    loss: Quadratic,
    stratum: Stratum,
    value: Float[np.ndarray, " n"],
    rng: np.random.Generator,
) -> Float[np.ndarray, " N"] | None:
    """Weights of the network over the function ``value`` with no gradient; None where none were found."""
    if stratum.model is None:
        return None
    gradient = loss.gradient(value)
    size, pull = float(np.linalg.norm(value)), float(np.linalg.norm(gradient))
    if not size or not pull:
        return None

    def off(points: Float[np.ndarray, "points s"]) -> Float[np.ndarray, "points m"]:
        weights = np.array([np.asarray(stratum.embed(s)) for s in points]) + 0j
        slopes = np.einsum("pnk,n->pk", problem.map.derivatives(weights).real, gradient)
        return np.hstack([(problem.map.at(weights).real - value) / size, slopes / pull])

    starts = rng.normal(size=(_STARTS, stratum.model.parameters))
    ends, size_of_ends = _descended(off, starts)
    good = np.flatnonzero((size_of_ends <= _FOUND) & (np.abs(ends).max(axis=1, initial=0.0) < _FAR))
    return np.asarray(stratum.embed(ends[good[0]])) if len(good) else None


def _descended(
    off: Callable[[Float[np.ndarray, "points s"]], Float[np.ndarray, "points m"]], points: Float[np.ndarray, "points s"]
) -> tuple[Float[np.ndarray, "points s"], Float[np.ndarray, " points"]]:
    """Where descents of Levenberg and Marquardt end, all at once, and the largest entry of ``off`` there. They stop as soon as one
    has arrived; slopes are differences of one side."""
    count, unknowns = points.shape
    here, (first, least, last) = off(points), _DAMPING
    norm, damping, growth = np.linalg.norm(here, axis=1), np.full(count, first), np.full(count, 2.0)
    for _ in range(_STEPS):
        going = damping < last
        if not going.any() or np.abs(here).max(axis=1).min() <= _EXACT:
            break
        steps = _STEP * np.where(points < 0, -1.0, 1.0) * np.maximum(np.abs(points), 1.0)
        moved = off((points[:, None] + steps[:, :, None] * np.eye(unknowns)).reshape(-1, unknowns)).reshape(count, unknowns, -1)
        slopes = (moved - here[:, None]) / steps[:, :, None]
        gram = slopes @ slopes.swapaxes(1, 2)
        sizes = np.trace(gram, axis1=1, axis2=2) / unknowns + 1e-300
        right = np.einsum("psm,pm->ps", slopes, here)
        tried = points - np.linalg.solve(gram + (damping * sizes)[:, None, None] * np.eye(unknowns), right[:, :, None])[:, :, 0]
        there = off(tried)
        now = np.linalg.norm(there, axis=1)
        gains = going & (now < norm)
        points, here = np.where(gains[:, None], tried, points), np.where(gains[:, None], there, here)
        norm, damping = np.where(gains, now, norm), np.where(gains, np.maximum(damping / 5, least), np.minimum(damping * growth, last))
        growth = np.where(gains, 2.0, np.minimum(growth * 2, last))
    return points, np.abs(here).max(axis=1)
