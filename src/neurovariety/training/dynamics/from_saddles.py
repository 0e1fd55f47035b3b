"""Where gradient flow goes from weights beside the critical points that are no minima: the edges between these points.

Found by following flows in floating point, along the direction in which the loss falls fastest to second order, and against it;
where the second derivatives show none, along directions drawn at random. Edges are seen, never all that there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from neurovariety.budget import used_up
from neurovariety.randomness import generator
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction
from neurovariety.training.dynamics.dynamics import Objective, flow, settled_ends
from neurovariety.training.dynamics.matching import coefficients_at, matched

_MOST = 8
"""Points from which flows start, those of least loss."""
_STEP = 1e-2
_FALLS = 1e-7
"""Relative to the size of the second derivatives: curvature below minus this is one in which the loss falls."""


class SaddleDescent(TypedDict):
    """So many flows that began beside one listed point and ended at another."""

    source: int
    end: int
    runs: int


def descents_from_saddles(
    goal: Objective, problem: TrainingProblem | None, points: Sequence[CriticalFunction], typical: float, seed: int
) -> list[SaddleDescent]:
    """The edges seen, by the numbers of the listed points; those whose flows end at no listed point are left out."""
    above = [p for p in points if p.weights is not None and p.kind != "minimum" and p.real and p.attained != "limit"]
    above = sorted(above, key=lambda p: p.loss)[:_MOST]
    if problem is None or not above or used_up():
        return []
    rng = generator(seed, "training.dynamics.from_saddles")
    places = np.array([p.weights for p in above], dtype=np.float64)
    starts, sources = [], []
    for point, place, hessian in zip(above, places, goal.hessians(places), strict=True):
        size, directions = np.linalg.eigh(hessian)
        falls = size[0] < -_FALLS * max(float(np.abs(size).max()), 1e-300)
        along = directions[:, 0] if falls else rng.normal(size=len(place)) / np.sqrt(len(place))
        step = _STEP * max(float(np.abs(place).max()), 1.0) * along
        starts += [place + step, place - step]
        sources += [point.number] * 2
    settled = settled_ends(goal, flow(goal, np.array(starts), typical))
    values = coefficients_at(problem, settled.weights)
    found: Counter[tuple[int, int]] = Counter()
    for source, value, rests in zip(sources, values, settled.settled, strict=True):
        end = matched(points, value) if rests else None
        if end is not None and end != source:
            found[source, end] += 1
    return [{"source": source, "end": end, "runs": runs} for (source, end), runs in sorted(found.items())]
