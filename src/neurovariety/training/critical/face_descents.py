"""Descents of a polyhedral distance against the lists: an end below the least distance that is claimed contradicts it.

Least squares, reweighted so that they become the distance, bring a batch of starts near local minima: random weights, and weights near
each listed network. From the best ends linear programs go on: the distance of the values as they depend on weights to first order, in a
box that shrinks where the step does not help. What they end at is no proof of anything but of an upper bound of the least distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

from neurovariety.budget import spend
from neurovariety.rings.ring import Array
from neurovariety.training.critical.face_stage import FacePoint, FaceStage
from neurovariety.training.losses.polyhedral_norm import PolyhedralNorm

DESCENTS = 64
_STEPS = 60
_POLISHED, _PROGRAMS = 6, 25
_MOST_ROWS = 400
"""Functionals of a distance with more of them are left to the reweighted steps."""
_NOISE = (0.3, 0.03)
_TINY = 1e-9
_LARGE_POWER = 16
_HELD = 1e3
"""Weight of the linear functions that must be 0."""
_NEAR_DROP = 1e-3
"""Part of the largest singular value of J by which descents tell a drop of rank, to which they come slowly."""
_BELOW = 1e-7
"""Part of the claimed distance, and of that of zero, by which an end is below it."""


@dataclass(frozen=True, eq=False)
class FaceDescents:
    """How many ``descents`` there were, the least ``distance`` among their ends (inf: none) with its ``weights`` and ``values``."""

    descents: int
    distance: float
    weights: Float[np.ndarray, " N"] | None
    values: Float[np.ndarray, " m"] | None

    def at_full_rank(self, stage: FaceStage) -> bool:
        """Whether J is far from a drop of rank at the best end."""
        if self.weights is None or stage.whole is None:
            return False
        singular = np.linalg.svd(stage.whole.derivatives(self.weights[None] + 0j)[0].real, compute_uv=False)
        return bool(singular[stage.dimension - 1] > _NEAR_DROP * singular[0])

    def below(self, least: float | None, scale: float) -> bool:
        """Whether the best end contradicts a claimed least distance."""
        return least is not None and self.distance < least - _BELOW * max(abs(least), _TINY * scale)


@dataclass(frozen=True, eq=False)
class _FaceDescent:
    """The distance of weights from the target, on the model of a stage."""

    stage: FaceStage
    distance: PolyhedralNorm

    def off(self, weights: Array) -> Array:
        """Values minus target, one row for each of the weights."""
        assert self.stage.whole is not None
        assert self.stage.affine is not None
        a, start = self.stage.affine
        found: Array = self.stage.whole.at(weights + 0j).real @ a.T + start
        return found

    def slopes(self, weights: Array) -> Array:
        """Their derivatives (starts, m, N)."""
        assert self.stage.whole is not None
        assert self.stage.affine is not None
        found: Array = np.einsum("mn,bnk->bmk", self.stage.affine[0], self.stage.whole.derivatives(weights + 0j).real)
        return found

    def size(self, weights: Array) -> Array:
        """The distances; infinite where what must be 0 is not."""
        with np.errstate(all="ignore"):
            off = self.off(weights)
            held = np.abs(off @ self.distance.fixed.T).max(axis=1, initial=0.0)
            found = np.array([self.distance.norm(self.distance.matrix @ row) if np.isfinite(row).all() else np.inf for row in off])
        allowed = _TINY * max(float(np.abs(self.distance.target).max(initial=0.0)), 1e-300)
        return np.where((held <= allowed) & np.isfinite(found), found, np.inf) / self.distance.divisor

    def reweighted(self, starts: Array) -> Array:
        """Steps of least squares whose weights make them the sum of absolute values, or nearly the largest one."""
        support = self.distance.support()
        sees = self.distance.matrix if support is None else support @ self.distance.matrix
        held = _HELD * self.distance.fixed
        weights, damping = starts.copy(), np.full(len(starts), 1e-2)
        n = weights.shape[1]
        with np.errstate(all="ignore"):
            for step in range(_STEPS):
                off, slopes = self.off(weights), self.slopes(weights)
                errors = off @ sees.T
                top = np.abs(errors).max(axis=1, keepdims=True) + 1e-300
                if support is None:
                    scale = np.sqrt(1 / np.maximum(np.abs(errors) / top, 10.0 ** -(1 + step / 8)))
                else:
                    power = min(2 + step / 3, _LARGE_POWER)
                    scale = np.maximum(np.abs(errors) / top, 1e-3) ** ((power - 2) / 2)
                rows = np.concatenate([scale[:, :, None] * (sees @ slopes), held @ slopes], axis=1)
                wrong = np.concatenate([scale * errors, off @ held.T], axis=1)
                gram = np.einsum("bmi,bmj->bij", rows, rows)
                size = np.einsum("bii->b", gram) / n + 1e-300
                gram += (damping * size)[:, None, None] * np.eye(n)
                good = np.isfinite(gram).all(axis=(1, 2)) & np.isfinite(wrong).all(axis=1)
                move = np.zeros_like(weights)
                pull = np.einsum("bmi,bm->bi", rows[good], wrong[good])
                move[good] = np.linalg.solve(gram[good], pull[:, :, None])[:, :, 0]
                trial = weights - move
                again = np.concatenate([scale * (self.off(trial) @ sees.T), self.off(trial) @ held.T], axis=1)
                better = (again**2).sum(axis=1) <= (wrong**2).sum(axis=1)
                weights[better] = trial[better]
                damping = np.clip(np.where(better, damping / 4, damping * 8), 1e-12, 1e8)
        return weights

    def polished(self, weights: Array) -> Array:
        """Linear programs for the distance to first order, from one start."""
        support = self.distance.support()
        if support is not None and len(support) > _MOST_ROWS:
            return weights
        box = 0.1 * max(float(np.abs(weights).max(initial=0.0)), 0.1)
        best = self._merit(weights)
        for _ in range(_PROGRAMS):
            move = _program(self.distance, self.off(weights[None])[0], self.slopes(weights[None])[0], box, support)
            trial = weights if move is None else weights + move
            now = self._merit(trial)
            if now < best - 1e-14 * abs(best):
                weights, best, box = trial, now, 2 * box
            else:
                box /= 8
            if box < 1e-13 * max(float(np.abs(weights).max(initial=0.0)), 1e-3):
                break
        return weights

    def _merit(self, weights: Array) -> float:
        off = self.off(weights[None])[0]
        if not np.isfinite(off).all():
            return float("inf")
        return self.distance.norm(self.distance.matrix @ off) + _HELD * float(np.abs(self.distance.fixed @ off).sum())


def _program(distance: PolyhedralNorm, off: Array, slopes: Array, box: float | None, support: Array | None) -> Array | None:
    """The best move of unknowns in a box, None for one without bounds, where values are ``off`` and change by ``slopes``."""
    matrix, fixed, n = distance.matrix, distance.fixed, slopes.shape[1]
    if support is None:  # a bound for each absolute value
        p = len(matrix)
        rows = np.vstack([np.hstack([s * (matrix @ slopes), -np.eye(p)]) for s in (1, -1)])
        right, cost = np.concatenate([-(matrix @ off), matrix @ off]), np.concatenate([np.zeros(n), np.ones(p)])
    else:
        through = support @ matrix
        rows, right = np.hstack([through @ slopes, -np.ones((len(support), 1))]), -(through @ off)
        cost = np.append(np.zeros(n), 1.0)
    equal = np.hstack([fixed @ slopes, np.zeros((len(fixed), len(cost) - n))]) if len(fixed) else None
    bounds = [(None if box is None else -box, box)] * n + [(None, None)] * (len(cost) - n)
    found = linprog(cost, rows, right, equal, -(fixed @ off) if len(fixed) else None, bounds, method="highs")
    return np.asarray(found.x)[:n] if found.status == 0 else None


def least_on_span(stage: FaceStage, distance: PolyhedralNorm) -> float | None:
    """The least distance of all functions with the coordinates of a stage, by a linear program; None where it has no solution."""
    if stage.affine is None:
        return None
    a, start = stage.affine
    found = _program(distance, start, a, None, distance.support())
    return None if found is None else distance.norm(distance.matrix @ (a @ found + start)) / distance.divisor


def face_descents(stage: FaceStage, distance: PolyhedralNorm, points: Sequence[FacePoint], rng: np.random.Generator) -> FaceDescents:
    """The best of the ends of descents on the model of a stage; ``points``: the listed ones."""
    if stage.whole is None or stage.affine is None:
        return FaceDescents(0, float("inf"), None, None)
    descent = _FaceDescent(stage, distance)
    starts = _starts(stage.whole.model.parameters, points, rng)
    spend("descents", len(starts), _STEPS * stage.whole.operations(len(distance.matrix)))
    ends = descent.reweighted(starts)
    order = np.argsort(descent.size(ends), kind="stable")
    kept: list[Array] = []
    for k in order:
        value = descent.off(ends[k][None])[0]
        if len(kept) < _POLISHED and np.isfinite(value).all():
            size = 1e-4 * max(float(np.abs(value).max(initial=0.0)), 1e-300)
            if all(np.abs(value - descent.off(other[None])[0]).max(initial=0.0) > size for other in kept):
                kept.append(ends[k])
    ends = np.vstack([ends, *(descent.polished(w)[None] for w in kept)])
    sizes = descent.size(ends)
    best = int(np.argmin(sizes))
    if not np.isfinite(sizes[best]):
        return FaceDescents(len(starts), float("inf"), None, None)
    return FaceDescents(len(starts), float(sizes[best]), ends[best], descent.off(ends[best][None])[0] + distance.target)


def _starts(n: int, points: Sequence[FacePoint], rng: np.random.Generator) -> Array:
    """Random weights, and weights near listed ones, in turn."""
    listed = [p.weights for p in points if p.weights is not None]
    out = []
    for k in range(DESCENTS):
        noise = rng.normal(size=n)
        if k % 2 and listed:
            weights = listed[(k // 2) % len(listed)]
            out.append(weights + _NOISE[(k // 2) % 2] * max(float(np.abs(weights).max(initial=0.0)), 0.1) * noise)
        else:
            out.append(noise * (0.3, 1.0, 3.0)[(k // 2) % 3])
    return np.array(out)
