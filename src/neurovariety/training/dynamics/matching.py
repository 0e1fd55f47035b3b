"""Ends of training held against the list of critical points, as functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction

_SAME = 1e-5
_NEAR = 0.25
"""A run is on its way to a function if nearer to it than this part of its size, and nearer than a stage before."""


def coefficients_at(problem: TrainingProblem, weights: Float[np.ndarray, "runs N"]) -> Float[np.ndarray, "runs n"]:
    """Coefficients over the monomials of the landscape of a problem at real weights."""
    scales = np.array([s for _, _, s in problem.terms])
    values = problem.map.at(weights + 0j).real / scales
    fixed = np.array([v / s for (_, _, s), v in problem.fixed])
    return np.hstack([values, np.tile(fixed, (len(values), 1))])


def matched(points: Sequence[CriticalFunction], coefficients: Float[np.ndarray, " n"]) -> int | None:
    """The number of the real point with these coefficients, None if there is none."""
    size = max(float(np.abs(coefficients).max()), 1e-9)
    for point in points:
        if point.real and point.attained != "limit" and np.abs(point.coefficients - coefficients).max() <= _SAME * size + point.radius:
            return point.number
    return None


def on_the_way(
    problem: TrainingProblem | None, points: Sequence[CriticalFunction], earlier: Float[np.ndarray, " N"], now: Float[np.ndarray, " N"]
) -> CriticalFunction | None:
    """The listed function to which a run still moves, a limit of networks or a critical point: nearest, near, and nearer than before;
    None if there is none."""
    real = [p for p in points if p.real]
    if not real or problem is None:
        return None
    before, after = coefficients_at(problem, np.array([earlier, now]))
    distances = [float(np.linalg.norm(p.coefficients - after)) for p in real]
    k = int(np.argmin(distances))
    size = max(float(np.linalg.norm(real[k].coefficients)), 1e-9)
    nearer = distances[k] < float(np.linalg.norm(real[k].coefficients - before))
    return real[k] if nearer and distances[k] <= _NEAR * size else None
