"""Certified real zeros: from approximate weights to exact ones, or to a ball that provably contains true ones.

* Exact: the weights that a gauge leaves free are moved to simple rational numbers, the others are corrected by Newton steps and guessed
  as fractions; the caller evaluates the model at them exactly.
* A ball: all weights but a square subsystem's are frozen at their floating-point values, and Krawczyk's operator maps a box into its
  interior; then the box holds exactly one zero of the square system (Krawczyk 1969; Moore's test).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.balls import contracts
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap
from neurovariety.rings.ring import Array

_PRECISION = 160
_RADII = (1e-12, 1e-10, 1e-8, 1e-6, 1e-4)
_RANK_TOLERANCE = 1e-7
_NEWTON_STEPS = 12
_TINY = 1e-6
_DENOMINATORS = (1, 2, 12, 720)
_GAUGE_STEPS = (0, 1, 2, 4)
"""Free weights are rounded to their signs first, then to multiples of 1, 1/2, 1/4: the finer, the shorter the way and the longer the
fractions."""


@dataclass(frozen=True)
class Ball:
    """A box of half-width ``radius`` in the coordinates ``columns`` around ``weights``, all others exactly as given, that contains
    weights whose chosen coordinates are exactly the target's."""

    weights: tuple[float, ...]
    columns: tuple[int, ...]
    radius: float
    inverse: tuple[tuple[float, ...], ...]
    """An approximate inverse of the derivative by the columns, which the test used."""


def pivot_columns(jacobian: Array, preferred: Array | None = None) -> tuple[int, ...]:
    """Columns of a numerically independent square subsystem, as many as the numerical rank, by Gram-Schmidt with pivoting; the
    ``preferred`` columns (booleans) are chosen before all others."""
    rest = jacobian.copy()
    chosen: list[int] = []
    largest = np.linalg.norm(rest, axis=0).max(initial=0.0)
    first = np.zeros(rest.shape[1], dtype=bool) if preferred is None else preferred
    for group in (first, ~first):
        for _ in range(min(rest.shape)):
            norms = np.where(group, np.linalg.norm(rest, axis=0), 0.0)
            norms[chosen] = 0.0
            k = int(norms.argmax())
            if norms[k] <= _RANK_TOLERANCE * largest or norms[k] == 0.0:
                break
            direction = rest[:, k] / norms[k]
            rest = rest - np.outer(direction, direction @ rest)
            chosen.append(k)
    return tuple(sorted(chosen))


def certified_ball(map_: PolynomialMap, target: Sequence[Fraction], weights: Array) -> Ball | None:
    """A box around ``weights`` that is proved to contain a real solution of c(w) = target, or None.

    Asks for a derivative of full row rank: as many independent columns as coordinates.
    """
    j = map_.jacobian(weights[None])[0]
    columns = pivot_columns(j)
    if len(columns) < map_.size:
        return None
    inverse = np.linalg.inv(j[:, columns])
    if not np.all(np.isfinite(inverse)):
        return None
    before = flint.ctx.prec
    flint.ctx.prec = _PRECISION
    try:
        return next((b for r in _RADII if (b := _krawczyk(map_, target, weights, columns, inverse, r)) is not None), None)
    finally:
        flint.ctx.prec = before


def _krawczyk(
    map_: PolynomialMap, target: Sequence[Fraction], weights: Array, columns: tuple[int, ...], inverse: Array, relative: float
) -> Ball | None:
    """K(X) = m - Y F(m) + (I - Y F'(X)) (X - m) lies inside X: then X contains exactly one zero of F."""
    radius = relative * max(1.0, float(np.abs(weights).max()))
    middle = [flint.arb(float(w)) for w in weights]
    box = list(middle)
    for i in columns:
        box[i] = flint.arb(float(weights[i]), radius)
    values, _ = map_.balls(middle, ())
    residual = [v - flint.arb(flint.fmpq(t.numerator, t.denominator)) for v, t in zip(values, target, strict=True)]
    _, slopes = map_.balls(box, columns)
    y = [[flint.arb(float(v)) for v in row] for row in inverse]
    if not contracts(residual, slopes, y, radius):
        return None
    near = tuple(tuple(map(float, row)) for row in inverse)
    grown = radius * (1 + 2.0**-20)  # an arb's radius is rounded up
    return Ball(tuple(float(w) for w in weights), columns, grown, near)


def rational_candidates(map_: PolynomialMap, target: Array, weights: Array) -> Iterator[tuple[Fraction, ...]]:
    """Simple rational weights near the fiber through approximate ``weights``; each is a guess for the caller to check exactly."""
    for parts in _GAUGE_STEPS:
        moved = _gauged(map_, target, weights, parts)
        if moved is None:
            continue
        at, columns = moved
        for bound in _DENOMINATORS:
            grain = max(parts, 1)
            guess = [Fraction(round(float(w) * grain), grain) for w in at]
            for i in columns:
                guess[i] = Fraction(float(at[i])).limit_denominator(max(bound, grain))
            yield tuple(guess)


def _gauged(map_: PolynomialMap, target: Array, weights: Array, parts: int) -> tuple[Array, tuple[int, ...]] | None:
    """Weights on the same fiber whose free entries are multiples of 1/parts (parts = 0: -1, 0 or 1), and the columns solved for.

    Weights in which the map is linear are solved for first: for rational values of the others they are rational.
    """
    at = weights.copy()
    columns = pivot_columns(map_.jacobian(at[None])[0], map_.exponents.max(axis=0, initial=0) <= 1)
    free = [i for i in range(len(at)) if i not in columns]
    goal = at.copy()
    goal[free] = np.round(at[free] * parts) / parts if parts else np.sign(np.where(np.abs(at[free]) < _TINY, 0.0, at[free]))
    for share in (0.25, 0.5, 0.75, 1.0):
        at[free] = weights[free] + share * (goal[free] - weights[free])
        solved = _corrected(map_, target, at, columns)
        if solved is None:
            return None
        at = solved
    return at, columns


def _corrected(map_: PolynomialMap, target: Array, weights: Array, columns: tuple[int, ...]) -> Array | None:
    """Newton (Gauss-Newton) steps in the given columns alone; None where they do not converge."""
    at = weights.copy()
    index: Any = list(columns)
    scale = max(1.0, float(np.abs(target).max(initial=0.0)))
    for _ in range(_NEWTON_STEPS):
        residual = map_.values(at[None])[0] - target
        if np.linalg.norm(residual) <= 1e-13 * scale:
            return at
        step = np.linalg.lstsq(map_.jacobian(at[None])[0][:, index], residual, rcond=1e-10)[0]
        at[index] -= step
        if not np.all(np.isfinite(at)) or np.abs(at).max() > 1e8:
            return None
    return at if np.linalg.norm(map_.values(at[None])[0] - target) <= 1e-9 * scale else None
