"""Descents against the lists: whatever they find that the lists exclude is a contradiction, and weakens what is claimed.

Up to 64 real descents by Levenberg and Marquardt, in canonical units, start at random weights, near each listed network and near each
stratum. An end with less loss than the least one, or a network at rest whose function is on no list, is no proof of anything, but no
list is called complete beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.rings.ring import Array
from neurovariety.tolerances import SAME_LOSS
from neurovariety.training.critical.least import Least, least_squares
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction
from neurovariety.training.losses.loss import Quadratic

DESCENTS = 64
_WORK = 5e8
"""Operations of all descents: so many of them are left out of a large network that this is not passed, down to eight."""
_ITERATIONS, _FURTHER = 120, 80
_NOISE = (0.3, 0.03)
_AT_REST = 1e-10
"""Part of its terms below which a gradient is zero, as far as a descent can tell."""
_LISTED = 1e-3
"""A descent towards a degenerate function stays so far from it."""
_MOVES = 1e-9
_SIZE = 0.1
"""Functions are taken to be at least so large in canonical units, where the largest output is at least 1."""
_FAR = 1e3


@dataclass(frozen=True, eq=False)
class Falsified:
    """How many ``descents`` there were, the least loss among their ends and its weights, how many networks at rest are on no list, at
    full rank of J (``smooth``) and where it drops (``dropping``), and in words what contradicts the lists, '' where nothing does."""

    descents: int
    loss: float
    weights: Float[np.ndarray, " N"]
    smooth: int
    dropping: int
    contradiction: str

    def to_dict(self, unit: float) -> dict[str, object]:
        """As plain data, losses times ``unit``."""
        return {
            "descents": self.descents,
            "least_loss": self.loss * unit,
            "not_listed": self.smooth + self.dropping,
            "contradiction": self.contradiction or None,
        }


def falsified(
    problem: TrainingProblem,
    loss: Quadratic,
    points: Sequence[CriticalFunction],
    strata: Sequence[Stratum],
    least: Least,
    rng: np.random.Generator,
    known: Float[np.ndarray, "k n"] | None,
) -> Falsified:
    """What descents find that ``points``, all that are listed, and ``least`` exclude; ``known``: coordinates of functions that paths
    end near, though they are not listed; None where whole sets are not, so that a network at rest says nothing."""
    factor, target = least_squares(loss)
    number = max(8, min(DESCENTS, int(_WORK / (_ITERATIONS * problem.map.operations(len(factor))))))
    starts = _starts(problem.model.parameters, points, strata, rng)[:number]
    ends, _ = problem.map.fit(target + 0j, starts + 0j, _ITERATIONS, factor)
    losses = _losses(problem, loss, ends)
    kept = np.flatnonzero(np.isfinite(losses) & (np.abs(ends).max(axis=1, initial=0.0) < _FAR))
    listed = _coordinates(problem, points) if known is None else np.vstack([_coordinates(problem, points), known])
    kept = kept[~_near_one(problem.map.at(ends[kept]).real, listed)]
    left = ends[kept]
    if len(left) and known is None:
        left = left[:0]
    elif len(left):  # most of these are still on their way
        further, _ = problem.map.fit(target + 0j, left, _FURTHER, factor)
        values, before = problem.map.at(further).real, problem.map.at(left).real
        still = np.abs(values - before).max(axis=1) <= _MOVES * np.maximum(np.abs(values).max(axis=1), 1e-300)
        left = further[still & _at_rest(problem, loss, further) & ~_near_one(values, listed)]
    full = sum(problem.map.pivots(w, problem.dimension) is not None for w in left)
    best = int(np.argmin(losses))
    below = losses[best] < (least.loss if least.infimum is None else least.infimum) - SAME_LOSS * _scale(loss)
    words = []
    if below:
        words.append("a descent found a network of less loss than any listed")
    if len(left):
        words.append(f"descents come to rest at {len(left)} networks that are on no list")
    return Falsified(len(starts), float(losses[best]), ends[best].real, full, len(left) - full, "; ".join(words))


def beaten(least: Least, found: Falsified, scale: float) -> Least:
    """What is known of the least loss beside what descents found. Near degenerate minima one of them may come a little nearer than the
    best network: then it is the best one, and nothing else changes."""
    known = least.loss if least.infimum is None else least.infimum
    if found.loss >= known - SAME_LOSS * scale:
        nearer = least.infimum is None and least.point is None and found.loss < least.loss
        return replace(least, loss=found.loss, weights=found.weights) if nearer else least
    reason = f"{found.contradiction}; please report it"
    return Least("upper_bound", found.loss, found.weights, None, None, (), reason)


def _scale(loss: Quadratic) -> float:
    return max(abs(loss.constant), float(np.abs(loss.image).max(initial=0.0)), 1e-300)


def _starts(n: int, points: Sequence[CriticalFunction], strata: Sequence[Stratum], rng: np.random.Generator) -> Array:
    """Random weights, weights near listed ones and near strata, in turn."""
    listed = [p.weights for p in points if p.weights is not None]
    smaller = [s for s in strata if s.model is not None]
    out = []
    for k in range(DESCENTS):
        noise = rng.normal(size=n)
        if k % 3 == 1 and listed:
            weights = listed[(k // 3) % len(listed)]
            out.append(weights + _NOISE[k % 2] * max(float(np.abs(weights).max(initial=0.0)), 0.1) * noise)
        elif k % 3 == 2 and smaller:
            stratum = smaller[(k // 3) % len(smaller)]
            assert stratum.model is not None
            inside = np.asarray(stratum.embed(rng.normal(size=stratum.model.parameters)))
            out.append(inside + _NOISE[1] * noise)
        else:
            out.append(noise * (0.3, 1.0)[k % 2])
    return np.array(out).reshape(DESCENTS, n)


def _losses(problem: TrainingProblem, loss: Quadratic, weights: Array) -> Array:
    with np.errstate(all="ignore"):
        found = loss.value(problem.map.at(weights).real)
    return np.where(np.isfinite(found), found, np.inf)


def _at_rest(problem: TrainingProblem, loss: Quadratic, weights: Array) -> Array:
    slopes, gradient = problem.map.derivatives(weights), loss.gradient(problem.map.at(weights))
    found = np.abs(np.einsum("bnk,bn->bk", slopes, gradient)).max(axis=1, initial=0.0)
    size = np.abs(loss.image).max(initial=0.0) + (np.abs(problem.map.at(weights)) @ np.abs(loss.matrix)).max(axis=1)
    return np.asarray(found <= _AT_REST * size * np.abs(slopes).max(axis=(1, 2), initial=1e-300))


def _coordinates(problem: TrainingProblem, points: Sequence[CriticalFunction]) -> Array:
    """The scaled coordinates of the real ones."""
    scales = np.array([s for _, _, s in problem.terms])
    return np.array([p.coefficients[: len(scales)].real * scales for p in points if p.real]).reshape(-1, len(scales))


def _near_one(values: Array, listed: Array) -> Array:
    """Which of the functions are near a listed one."""
    size = np.maximum(np.abs(values).max(axis=1, initial=0.0), max(float(np.abs(listed).max(initial=0.0)), _SIZE))
    off = np.array([np.abs(listed - v).max(axis=1, initial=0.0).min(initial=np.inf) for v in values]).reshape(len(values))
    return np.asarray(off <= _LISTED * size)
