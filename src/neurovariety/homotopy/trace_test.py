"""The linear trace test: are these all points of a variety on a linear slice?

Let X be an irreducible variety and L_s = L_0 + s v parallel general slices of complementary dimension. The sum over all points of X on
L_s, continued along s, is an affine-linear function of s; over a proper subset, not empty, it is not (Sommese, Verschelde, Wampler
2002; Leykin, Rodriguez, Sottile 2018). So second differences of the sum tell whether points are missing.

Numerically the second difference of a complete set is rounding. The test passes where it is no more than that, and with what rounding
can have added to it smaller by the factor `MARGIN` than what it would be with any single point left out, which is that point's own
second difference. A set with several points missing could in principle have a small one too; on a general line through a general slice
that has probability 0.

Points that move on lines as far as numbers show are not tested: nor is one point, whose sum is itself. That a variety is a linear
space, of degree one, takes another proof. And a set that passes may lie on a branch of the variety from which the others are too far
to be felt in float64: what else is known of the degree has to be asked besides (`geometry.solutions.complete_fiber`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Numbers, Reals, Truths
from neurovariety.homotopy.monodromy import CAREFUL, REFINED
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.tracker import refine, track, values_at

MARGIN = 1e4
"""A complete set's second difference must be this many times smaller than that of every set with one point left out."""

_ROUNDING = 100.0
"""A residual so many times larger than its estimated rounding is no rounding: branches that nearly separate have small ones."""

_EVALUATION = 16 * float(np.finfo(np.float64).eps)
"""Relative error of a value by its own evaluation, a few operations deep."""


@dataclass(frozen=True)
class TraceTest:
    """Second differences, in each coordinate relative to the largest one of a point. ``residual``: the largest of the sum, over the
    coordinates; ``left_out``: the smallest such number among sets with one point left out; ``rounding``: how much of the residual, and
    how much more, may be rounding; ``lost``: points that could not be continued along the line. ``passed`` as `MARGIN` demands."""

    points: int
    residual: float
    left_out: float
    lost: int
    rounding: float = 0.0
    fibers: tuple[tuple[np.ndarray, np.ndarray], ...] = field(default=(), compare=False, repr=False)
    """Parameters and points on the three slices, in one order."""

    @property
    def margin(self) -> float:
        uncertain = self.residual + self.rounding
        return self.left_out / uncertain if uncertain > 0 else 0.0

    @property
    def tested(self) -> bool:
        """Whether a missing point would have shown: there are two points or more, and each leaves its tangent by more than rounding."""
        return not self.lost and self.points > 1 and self.left_out >= MARGIN * self.rounding

    @property
    def passed(self) -> bool:
        return self.tested and self.margin >= MARGIN and self.residual <= _ROUNDING * self.rounding

    def to_dict(self) -> dict[str, float]:
        return {
            "points": self.points,
            "residual": self.residual,
            "rounding": self.rounding,
            "left_out": self.left_out,
            "margin": self.margin,
            "lost": self.lost,
        }


UNTESTED = TraceTest(0, np.inf, 0.0, 0)
"""No test was made."""


def trace_test(system: System, coordinates: Tape, points: np.ndarray, parameters: np.ndarray, direction: np.ndarray) -> TraceTest:
    """The test for ``points`` (D, n) at ``parameters``, moved to parameters + direction / 2 and parameters + direction.

    ``coordinates`` maps points to linear coordinates of X; ``direction`` moves the slice to parallel ones. Each coordinate is measured
    by the largest second difference of a point in it, and speaks for itself: a set that is complete in one may be half of another.
    """
    values = [values_at(coordinates, points)]
    errors = [_errors(system, coordinates, points, parameters, values[0])]
    here, there, lost = points, parameters, 0
    fibers = [(np.asarray(parameters), np.asarray(points))]
    for share in (0.5, 1.0):
        to = parameters + share * direction
        found = track(system, here, there, to)
        here, good = _refined(system, found.ends, found.good, to)
        if not good.all() or _repeated(values_at(coordinates, here)):
            again = track(system, points, parameters, to, CAREFUL)
            here, good = _refined(system, again.ends, again.good, to)
        lost = max(lost, int((~good).sum()))
        there = to
        fibers.append((to, here))
        values.append(values_at(coordinates, here))
        errors.append(_errors(system, coordinates, here, to, values[-1]))
    if lost or not all(np.isfinite(v).all() for v in (*values, *errors)):
        return TraceTest(len(points), np.inf, 0.0, max(lost, 1))
    each = np.abs(values[0] - 2 * values[1] + values[2])
    every = np.abs((values[0] - 2 * values[1] + values[2]).sum(axis=0))
    error = (errors[0] + 2 * errors[1] + errors[2]).sum(axis=0)
    unit = each.max(axis=0, initial=0.0)
    telling = unit > MARGIN * error
    if not telling.any():
        return TraceTest(len(points), 0.0, 0.0, 0, 1.0)
    residual = float((every[telling] / unit[telling]).max())
    left_out = float((each[:, telling] / unit[telling]).max(axis=1).min())
    rounding = float((error[telling] / unit[telling]).max())
    return TraceTest(len(points), residual, left_out, 0, rounding, tuple(fibers))


def _errors(system: System, coordinates: Tape, points: Numbers, parameters: Numbers, values: Complexes) -> Reals:
    """How far the ``values`` of each point may be off: what one more step of Newton's iteration changes, and their evaluation."""
    again, _ = refine(system, points, parameters, 1)
    with np.errstate(all="ignore"):  # points that were lost have no values
        return np.abs(values_at(coordinates, again) - values) + _EVALUATION * np.abs(values)


def _refined(system: System, ends: Complexes, good: Truths, parameters: np.ndarray) -> tuple[Complexes, Truths]:
    points, last = refine(system, np.where(good[:, None], ends, 1.0), parameters)
    return points, good & (last < REFINED)


def _repeated(values: Complexes) -> bool:
    """Whether two rows agree up to rounding: paths have jumped."""
    order = np.argsort(values[:, 0].real)
    near = np.abs(np.diff(values[order], axis=0)).max(axis=1, initial=0.0)
    return bool((near < 1e-9 * np.abs(values).max(initial=1e-300)).any())
