"""The linear trace test: are these all points of a variety on a linear slice?

Let X be an irreducible variety and L_s = L_0 + s v parallel general slices of complementary dimension. The sum over all points of X on
L_s, continued along s, is an affine-linear function of s; over a proper subset, not empty, it is not (Sommese, Verschelde, Wampler
2002; Leykin, Rodriguez, Sottile 2018). So second differences of the sum tell whether points are missing.

Numerically the second difference of a complete set is rounding. The test passes where it is smaller, by the factor `MARGIN`, than
what it would be with any single point left out, which is that point's own second difference. A set with several points missing could in
principle have a small one too; on a general line through a general slice that has probability 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Truths
from neurovariety.homotopy.monodromy import CAREFUL, REFINED
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.tracker import refine, track, values_at

MARGIN = 1e4
"""A complete set's second difference must be this many times smaller than that of every set with one point left out."""

_LINEAR = 1e-9
"""A single point's relative second difference below which it moves on a line, so that X is a linear space."""


@dataclass(frozen=True)
class TraceTest:
    """``residual``: largest second difference of the sum, over the coordinates looked at; ``left_out``: the smallest such number
    among sets with one point left out; ``lost``: points that could not be continued along the line. ``passed`` as `MARGIN` demands."""

    points: int
    residual: float
    left_out: float
    lost: int

    @property
    def margin(self) -> float:
        return self.left_out / self.residual if self.residual > 0 else np.inf

    @property
    def passed(self) -> bool:
        if self.lost or not self.points:
            return False
        return self.margin >= MARGIN or (self.points == 1 and self.left_out < _LINEAR)

    def to_dict(self) -> dict[str, float]:
        return {"points": self.points, "residual": self.residual, "left_out": self.left_out, "margin": self.margin, "lost": self.lost}


def trace_test(system: System, prints: Tape, points: np.ndarray, parameters: np.ndarray, direction: np.ndarray) -> TraceTest:
    """The test for ``points`` (D, n) at ``parameters``, moved to parameters + direction / 2 and parameters + direction.

    ``prints`` maps points to linear coordinates of X; ``direction`` moves the slice to parallel ones.
    """
    values = [values_at(prints, points)]
    here, there, lost = points, parameters, 0
    for share in (0.5, 1.0):
        to = parameters + share * direction
        found = track(system, here, there, to)
        here, good = _refined(system, found.ends, found.good, to)
        if not good.all() or _repeated(values_at(prints, here)):
            again = track(system, points, parameters, to, CAREFUL)
            here, good = _refined(system, again.ends, again.good, to)
        lost = max(lost, int((~good).sum()))
        there = to
        values.append(values_at(prints, here))
    if lost:
        return TraceTest(len(points), np.inf, 0.0, lost)
    size = np.abs(values[0]).max(initial=1e-300)
    second = (values[0] - 2 * values[1] + values[2]) / size
    residual = float(np.abs(second.sum(axis=0)).max(initial=0.0))
    left_out = float(np.abs(second).max(axis=1).min(initial=np.inf))
    return TraceTest(len(points), residual, left_out, 0)


def _refined(system: System, ends: Complexes, good: Truths, parameters: np.ndarray) -> tuple[Complexes, Truths]:
    points, last = refine(system, np.where(good[:, None], ends, 1.0), parameters)
    return points, good & (last < REFINED)


def _repeated(values: Complexes) -> bool:
    """Whether two rows agree up to rounding: paths have jumped."""
    order = np.argsort(values[:, 0].real)
    near = np.abs(np.diff(values[order], axis=0)).max(axis=1, initial=0.0)
    return bool((near < 1e-9 * np.abs(values).max(initial=1e-300)).any())
