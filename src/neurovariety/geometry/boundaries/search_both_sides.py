"""Which functions real weights attain, where nothing is known of the model: certified solutions, searches, and what lies on both sides.

A certified solution with a derivative onto the whole span proves that a function and all nearby are attained. A search that ends
without a solution proves nothing; where it fails for some functions arbitrarily near and succeeds for others, the boundary is
*estimated* to be there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, PolynomialMap
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.least_squares import levenberg_marquardt, step_cost
from neurovariety.geometry.images.real_zero import Ball, certified_ball
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.solutions.orbits import Orbits
from neurovariety.model import Model
from neurovariety.rings.ring import Array

_STARTS, _FEWEST = 24, 6
_ITERATIONS = 300
_WORK = 4 * 10**8
"""Floating-point operations of the searches for one function: a few tenths of a second."""
_REACHED = 1e-10
"""Relative residual of a solution: what Newton's method reaches from nearby; limits that are not attained stay above it, as weights are
stopped at 10^6."""
_SAME = 1e-6
_RADII = (0.1, 0.01, 0.001)
_DIRECTIONS = 12
NEAR = 1e-2
_DISTANCES = (1e-1, NEAR, 1e-3, 1e-4)
_HALVINGS = 24
_GROWN = 30.0
"""Weights of this size, beside those of a random start, may be growing."""
_BESIDE = 1 / 64
_FAR, _NEAR = 2.0**-8, 2.0**-20
"""Shares of the segment between which growth of weights and fall of the rank are measured."""
_DIVERGING = 0.04
"""Weights that grow like distance^-a with a above this are taken to diverge. Where two summands that are products of k weights merge, a
is 1/(2 k): k = 3 for cp of three modes, d + 1 for x^d. At a fold weights converge and a is near 0."""
_DROPPED = 0.25
"""The smallest over the largest singular value of J falls like distance^a; at a fold a = 1/2, inside it is 0."""


@dataclass(frozen=True, eq=False)
class Found:
    """Of searches for functions, one row each: whether a solution was found, the best weights, the number of solutions that no stated
    symmetry identifies (None where that is not decided)."""

    attained: Array
    weights: Array
    preimages: tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class BoundaryCrossing:
    """Where a segment leaves the attained functions: the function; ``weights`` of one just inside; ``kind`` "limit" (weights diverge),
    "fold" (the rank of J drops and they do not) or "unclear"; ``growth`` and ``drop``, the exponents a of distance^-a and distance^a
    that say so; ``preimages``, the real weights found inside and outside, up to stated symmetries."""

    function: Array
    weights: Array
    kind: str
    growth: float
    drop: float
    preimages: tuple[int | None, int | None]


class BothSides:
    """Searches for real weights of functions of a model, given by their coordinates (s,) in the span."""

    def __init__(self, model: Model, coordinates: Coordinates, span: LinearSpan) -> None:
        self.model, self.span = model, span
        self.monomials = coordinates.monomials
        self.map = PolynomialMap.of(coordinates, span.pivots)
        self.degree = max(int(self.map.exponents.sum(axis=1).max(initial=1)), 1)
        self.starts = int(np.clip(_WORK // (_ITERATIONS * step_cost(self.map)), _FEWEST, _STARTS))

    @cached_property
    def _orbits(self) -> Orbits:
        return Orbits(self.model)

    def exact(self, target: Target) -> list[Fraction]:
        """Coordinates of a function in the span."""
        return [target.coefficients.get(self.monomials[j], Fraction(0)) for j in self.span.pivots]

    def floats(self, target: Target) -> Array:
        return np.array(nearest_floats(self.exact(target), "a coefficient of the target"))

    def target(self, point: Array) -> Target:
        """The function with these coordinates, each of which is its exact binary value."""
        at = {p: Fraction(float(v)) for p, v in zip(self.span.pivots, point, strict=True)}
        values = [sum((r * at[p] for p, r in relation), Fraction(0)) for relation in self.span.relations]
        found = {m: v for m, v in zip(self.monomials, values, strict=True) if v}
        return Target(self.model.inputs, self.model.outputs, found)

    def search(self, points: Array, rng: np.random.Generator, near: Array | None = None) -> Found:
        """Levenberg-Marquardt for each of ``points`` (B, s) from random starts, and from the weights ``near`` (B, N) besides."""
        n, count = self.map.parameters, self.starts
        scale = np.maximum(np.abs(points).max(axis=1), 1e-300)
        sizes = scale[:, None] ** (1.0 / self.degree) * np.array([0.5, 1.0, 2.0])[np.arange(count) % 3]
        starts = rng.standard_normal((len(points), count, n)) * sizes[:, :, None]
        if near is not None:
            starts[:, 0] = near
            starts[:, 1 : 1 + count // 3] = near[:, None] + 0.05 * starts[:, 1 : 1 + count // 3]
        goals = np.repeat(points, count, axis=0)
        enough = _REACHED / 100 * float(scale.min())
        weights, norms = levenberg_marquardt(self.map, goals, starts.reshape(-1, n), _ITERATIONS, enough)
        weights, norms = weights.reshape(len(points), count, n), norms.reshape(len(points), count)
        good = norms <= _REACHED * scale[:, None]
        # Of the solutions the one with the smallest weights: the farthest from where they diverge.
        size = np.where(good, np.abs(weights).max(axis=2), np.inf)
        best = np.where(good.any(axis=1), size.argmin(axis=1), norms.argmin(axis=1))
        preimages = tuple(self._count(w[g]) for w, g in zip(weights, good, strict=True))
        return Found(good.any(axis=1), weights[np.arange(len(points)), best], preimages)

    def _count(self, solutions: Array) -> int | None:
        """Solutions up to the stated symmetries; None where these leave infinitely many, or it is not decided which are the same."""
        if not len(solutions):
            return 0
        if not self._orbits.decides or self.stated is None or self.map.parameters - self.map.size > self.stated:
            return None
        return len(set(self._orbits.labels(solutions.astype(np.complex128))))

    stated: int | None = None
    """Dimension of the orbits of the stated symmetries, where it is known."""

    def certified(self, target: Target, weights: Array) -> bool:
        """Whether true weights are proved to be near, with a derivative onto the span."""
        return self.ball(target, weights) is not None

    def ball(self, target: Target, weights: Array) -> Ball | None:
        """The box that proves it."""
        return certified_ball(self.map, self.exact(target), weights)

    def nearby(self, point: Array, rng: np.random.Generator, near: Array | None) -> list[dict[str, Any]]:
        """For spheres around a function: how many of the functions there in random directions are attained, and by how many weights."""
        rows = []
        scale = max(float(np.linalg.norm(point)), 1e-12)
        for radius in _RADII:
            directions = rng.standard_normal((_DIRECTIONS, len(point)))
            directions /= np.linalg.norm(directions, axis=1)[:, None]
            around = point + radius * scale * np.vstack([directions, -directions])
            found = self.search(around, rng, None if near is None else np.tile(near, (len(around), 1)))
            counts = [k for k in found.preimages if k is not None]
            across = int((found.attained[:_DIRECTIONS] != found.attained[_DIRECTIONS:]).sum())
            rows.append(
                {"radius": radius, "functions": len(around), "attained": int(found.attained.sum()), "lines_with_one_side": across,
                 "real_preimages": [min(counts), max(counts)] if counts else None}
            )  # fmt: skip
        return rows

    def approach(self, point: Array, rng: np.random.Generator) -> list[dict[str, float]]:
        """How weights grow on the way to a function: the smallest weights, by the largest entry, at which a search came so near."""
        rows = []
        scale = max(float(np.abs(point).max()), 1e-300)
        starts = rng.standard_normal((self.starts, self.map.parameters)) * scale ** (1.0 / self.degree)
        for distance in _DISTANCES:
            goals = np.tile(point, (self.starts, 1))
            weights, norms = levenberg_marquardt(self.map, goals, starts, 4 * _ITERATIONS, distance * scale)
            good = norms <= distance * scale
            if good.any():
                rows.append({"distance": distance, "largest_weight": float(np.abs(weights[good]).max(axis=1).min())})
        return rows

    def kept_away(self, point: Array, rng: np.random.Generator) -> bool:
        """Whether long searches for a function end far from it, or not so far with weights that do not grow: what a function that is no
        limit does. Near it, ends with large weights may be on the way."""
        usual = max(float(np.abs(point).max()), 1e-300) ** (1.0 / self.degree)
        starts = rng.standard_normal((self.starts, self.map.parameters)) * usual
        weights, norms = levenberg_marquardt(self.map, np.tile(point, (self.starts, 1)), starts, 4 * _ITERATIONS, 0.0)
        best = int(norms.argmin())
        distance = float(norms[best]) / max(float(np.linalg.norm(point)), 1e-300)
        grown = np.abs(weights[best]).max() > _GROWN * max(usual, 1.0)
        return distance > (_DISTANCES[0] if grown else _DISTANCES[1])

    def crossings(self, inside: Array, weights: Array, outside: Array, rng: np.random.Generator) -> list[BoundaryCrossing]:
        """Bisection on the segments from attained functions (B, s), with their weights (B, N), to functions (B, s) that no search
        reaches."""
        low, high = np.zeros(len(inside)), np.ones(len(inside))
        current = weights.copy()
        history = [(low, current)]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            points = inside + middle[:, None] * (outside - inside)
            found = self.search(points, rng, current)
            low, high = np.where(found.attained, middle, low), np.where(found.attained, high, middle)
            current = np.where(found.attained[:, None], found.weights, current)
            history.append((low, current))
        at = (low + high) / 2
        sides = [inside + np.clip(at + shift, 0, 1)[:, None] * (outside - inside) for shift in (-_BESIDE, _BESIDE)]
        counts = list(zip(*(self.search(p, rng, weights).preimages for p in sides), strict=True))
        out = []
        for k in range(len(inside)):
            growth, drop = self._exponents([(float(at[k] - l[k]), w[k]) for l, w in history])
            kind = "limit" if growth > _DIVERGING else "fold" if drop > _DROPPED else "unclear"
            function = inside[k] + at[k] * (outside[k] - inside[k])
            out.append(BoundaryCrossing(function, current[k], kind, growth, drop, (counts[k][0], counts[k][1])))
        return out

    def _exponents(self, history: list[tuple[float, Array]]) -> tuple[float, float]:
        """How fast weights grow and the rank of J drops on the way, from (distance, weights)."""
        far = next(((d, w) for d, w in history if d <= _FAR), history[-1])
        near = next(((d, w) for d, w in reversed(history) if d >= _NEAR), history[0])
        if near[0] >= far[0]:
            return 0.0, 0.0
        way = np.log(far[0] / near[0])
        conditions = self._conditions(np.array([far[1], near[1]]))
        growth = np.log(np.abs(near[1]).max() / np.abs(far[1]).max()) / way
        return float(growth), float(np.log(conditions[0] / max(conditions[1], 1e-300)) / way)

    def _conditions(self, weights: Array) -> Array:
        values = np.linalg.svd(self.map.jacobian(weights), compute_uv=False)[:, : self.map.size]
        return np.asarray(values[:, -1] / values[:, 0])
