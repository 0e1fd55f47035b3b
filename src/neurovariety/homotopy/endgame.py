"""Ends of paths that become singular at t = 0: Cauchy's endgame.

Near t = 0 a path is a convergent power series in t^(1/c), where c is its winding number: followed around a small circle |t| = r it
comes back to where it started after c turns. The mean of points at equal distances on the c turns is the constant term of that
series, that is the end of the path (Cauchy's integral formula), with an error that falls like r^K for K points a turn. No point with a
singular Jacobian is ever evaluated.

Morgan, Sommese and Wampler, "Computing singular solutions to nonlinear analytic systems", Numer. Math. 58 (1991).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Integers, Numbers, Reals, Truths
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.tracker import Settings, track, values_at

_CORNERS = 8
"""Points a turn."""
_MOST_TURNS = 24
_CLOSED = 1e-4
"""A path is back where it started if nearer to it, relatively, than this part of the largest distance on the way."""


@dataclass(frozen=True, eq=False)
class SingularEnds:
    """Limits (P, n) of paths as t tends to 0 and their winding numbers (P,), 0 for a path that was lost or did not close.

    With ``images`` asked for, limits are of these, and so are distances. ``spread`` (P,) is the largest distance of a path, on its
    turns, from where it started.
    """

    limits: Complexes
    winding: Integers
    spread: Reals

    def part(self, chosen: Truths | Integers) -> SingularEnds:
        """Those of the chosen paths."""
        return SingularEnds(self.limits[chosen], self.winding[chosen], self.spread[chosen])


def cauchy(system: System, points: Numbers, parameters: Numbers, settings: Settings, images: Tape | None = None) -> SingularEnds:
    """Limits at t = 0 of the paths through ``points`` (P, n) at ``parameters`` (P, m), of which the first is t > 0.

    ``images``: limits of these functions of the unknowns instead, which may exist where the unknowns grow without bounds.
    """

    def seen(x: Complexes) -> Complexes:
        return x if images is None else values_at(images, x)

    here = np.array(points, dtype=np.complex128)
    starts = np.array(seen(here))
    sums = np.zeros_like(starts)
    spread = np.zeros(len(starts))
    winding, open_ = np.zeros(len(starts), dtype=np.int64), np.ones(len(starts), dtype=bool)
    corners = np.exp(2j * np.pi * np.arange(_CORNERS + 1) / _CORNERS)
    corners[-1] = 1.0
    around = np.repeat(np.array(parameters, dtype=np.complex128)[None], _CORNERS + 1, axis=0)
    around[:, :, 0] *= corners[:, None]
    for turn in range(1, _MOST_TURNS + 1):
        if not open_.any():
            break
        for before, after in itertools.pairwise(around):
            rows = np.flatnonzero(open_)
            if not len(rows):
                break
            found = track(system, here[rows], before[rows], after[rows], settings)
            open_[rows[~found.good]] = False
            rows = rows[found.good]
            here[rows] = found.ends[found.good]
            image = seen(here[rows])
            sums[rows] += image
            spread[rows] = np.maximum(spread[rows], np.abs(image - starts[rows]).max(axis=1))
        rows = np.flatnonzero(open_)
        gap, size = np.abs(seen(here[rows]) - starts[rows]).max(axis=1), np.abs(starts[rows]).max(axis=1)
        closed = rows[gap <= np.maximum(_CLOSED * spread[rows], 1e-13 * size)]
        winding[closed], open_[closed] = turn, False
    limits = np.where(winding[:, None] > 0, sums / np.maximum(_CORNERS * winding, 1)[:, None], np.nan)
    return SingularEnds(limits, winding, spread)
