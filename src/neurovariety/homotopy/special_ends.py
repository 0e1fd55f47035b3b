"""Where the solutions at general parameters go when the parameters become special.

All isolated solutions at the special parameters are limits of those at general ones, so a complete set there gives a complete set
here, if it is known what became of every path. An end is regular (certified: the Jacobian is invertible), singular (the images of the
path have a limit, whatever the unknowns do), or at infinity (its images grow without bounds). `images` are functions of the unknowns
by which solutions are told apart, such as linear functions of a neural network's coefficients: weights may diverge while the function
does not.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Integers, Numbers, Truths
from neurovariety.homotopy.certify import certify
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.homotopy.endgame import SingularEnds, cauchy
from neurovariety.homotopy.monodromy import CAREFUL, SAME, random_bend
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.total_degree import End
from neurovariety.homotopy.tracker import DEFAULTS, conditions, refine, track, values_at

_RADII = tuple(10.0 ** (-k / 2) for k in range(2, 15))
_SMALLEST = 1e-6
_ARCS = 8
_ITERATIONS = 6
_LOOSE = 1e-6
"""Newton's last correction, above which a point is not worth a certificate."""

_AGREE = 1e-5
_NEWTON = 1e-3
_SINGULAR = 1e9
_LARGE = 1e5
"""A path that closes after one turn is singular only if its Jacobian is as ill-conditioned as that, or its unknowns grow so much."""

_TIMES = 3
"""So many times in turn the images vary more on a circle than on one three times as wide, or grow by the same power of t on the path:
then they grow without bounds."""

_SMALLEST_POWER = 0.05
_SAME_POWER = 0.1

_NOISE = 1e-6
"""Near infinity the Jacobian is ill-conditioned, and limits are needed to a few digits only."""

_PASSES = 5
"""Passes after which ends that are not all regular stay unconfirmed."""

_NEAR = replace(CAREFUL, most_steps=5_000, contraction=0.05, smallest=1e-13, huge=1e14, noise=_NOISE, usual_steps=8)


@dataclass(frozen=True, eq=False)
class SpecialEnds:
    """For each path its kind, its last point (P, n) (the solution itself for a regular end), the limit of its images (P, k), and its
    winding number."""

    kinds: list[End]
    points: Complexes
    limits: Complexes
    winding: Integers

    def of(self, kind: End) -> Integers:
        """The numbers of the paths of that kind."""
        return np.array([k for k, other in enumerate(self.kinds) if other is kind], dtype=np.int64)

    def distinct(self, kind: End) -> list[int]:
        """Numbers of paths of that kind, one for each different limit."""
        seen, kept = DistinctPoints(10 * SAME if kind is End.REGULAR else _AGREE), []
        for k in self.of(kind):
            if seen.add(self.limits[k])[1]:
                kept.append(int(k))
        return kept

    def counts(self) -> dict[str, int]:
        """How many paths end in each way."""
        kinds = Counter(self.kinds)
        return {str(k): kinds.get(k, 0) for k in End}


def confirmed_ends(one_pass: Callable[[int], SpecialEnds], stop: Callable[[], bool] = lambda: False) -> tuple[SpecialEnds, bool]:
    """The ends of one of several passes over the same solutions from different general parameters, and whether they are confirmed.

    Where all ends are regular and different nothing can be missing. An end that is taken for singular or infinite may be a regular
    one with a pole of the unknowns next to it, and a regular end that two paths share means that a path has jumped: then it needs
    two passes with the same regular ends, none of which misses any that another has. That two passes agree is evidence, no proof.
    ``one_pass(k)`` is pass number k; after one of them ``stop`` may say that that the work allowed is done.
    """
    seen = DistinctPoints(10 * SAME)
    passes: list[tuple[SpecialEnds, int]] = []
    for k in range(_PASSES):
        ends = one_pass(k)
        regular = ends.distinct(End.REGULAR)
        if len(regular) == len(ends.kinds):
            return ends, True
        for row in regular:
            seen.add(ends.limits[row])
        if len(regular) == len(ends.of(End.REGULAR)) and End.FAILED not in ends.kinds:
            passes.append((ends, len(regular)))
            if sum(count == len(seen) for _, count in passes) == 2:
                return passes[-1][0], True
        elif not passes:
            fallback = ends
        if stop():
            break
    return (max(passes, key=lambda found: found[1])[0] if passes else fallback), False


def special_ends(
    system: System, starts: np.ndarray, images: Tape, rng: np.random.Generator, at_end: tuple[System, Numbers] | None = None
) -> SpecialEnds:
    """Follow ``starts`` (P, n), solutions of a system whose one parameter is t = 1, to t = 0.

    ``at_end``: a system and its parameters that is the same at t = 0, better suited to certificates.
    """
    last_system, parameters = at_end or (system, [0.0])
    here = carried(system, starts, [1.0], [_RADII[0]], images, rng)
    alive = np.isfinite(here).all(axis=1)
    last = track(system, here, [_RADII[0]], [0.0], replace(CAREFUL, smallest=_SMALLEST, noise=_NOISE))
    refined, fine = _certified(last_system, parameters, last.ends, alive & last.good, images)
    limits = np.full((len(here), len(images.outputs)), np.nan + 0j)
    limits[fine] = values_at(images, refined[fine])
    out = SpecialEnds(
        [End.REGULAR if ok else End.FAILED for ok in fine], np.where(fine[:, None], refined, here), limits, fine.astype(np.int64)
    )
    _endgame(system, out, np.flatnonzero(alive & ~fine), images, last_system, parameters)
    return out


def _certified(system: System, parameters: Numbers, points: Complexes, chosen: Truths, images: Tape) -> tuple[Complexes, Truths]:
    """Solutions near the chosen points, and for which of them this is certified."""
    refined, correction = refine(system, np.where(chosen[:, None], points, 1.0), parameters, _ITERATIONS)
    fine = chosen & (correction < _LOOSE)
    fine[fine] = certify(system, refined[fine], parameters, images).certified
    return refined, fine


def _endgame(system: System, ends: SpecialEnds, rows: Integers, images: Tape, last_system: System, parameters: Numbers) -> None:
    """Circles ever closer to t = 0 for the paths ``rows``, until it is known where each goes."""
    if not len(rows):
        return
    size, growths, powers = (np.zeros(len(ends.points)) for _ in range(3))
    exponent = np.full(len(ends.points), np.nan)
    size[rows] = np.linalg.norm(values_at(images, ends.points[rows]), axis=1)
    first = np.abs(ends.points).max(axis=1, initial=0)
    before = cauchy(system, ends.points[rows], np.full((len(rows), 1), _RADII[0]), _NEAR, images)
    for outer, inner in itertools.pairwise(_RADII):
        points, good = _nearer(system, ends.points[rows], outer, inner)
        rows, before = rows[good], before.part(good)
        ends.points[rows] = points[good]
        now = cauchy(system, ends.points[rows], np.full((len(rows), 1), inner), _NEAR, images)
        closed = (now.winding > 0) & (now.winding == before.winding)
        grows = closed & (now.spread > before.spread)
        growths[rows] = np.where(grows, growths[rows] + 1, 0)
        size_now = np.linalg.norm(values_at(images, ends.points[rows]), axis=1)
        power = np.log(size_now / size[rows]) / np.log(outer / inner)
        same = (power > _SMALLEST_POWER) & (np.abs(power - exponent[rows]) < _SAME_POWER * power)
        powers[rows] = np.where(same, powers[rows] + 1, 0)
        size[rows], exponent[rows] = size_now, power
        scale = np.maximum(np.abs(now.limits).max(axis=1, initial=0), now.spread)
        agree = closed & ~grows & (np.abs(before.limits - now.limits).max(axis=1, initial=0) <= _AGREE * scale)
        once = rows[agree & (now.winding == 1)]
        there = cauchy(system, ends.points[once], np.full((len(once), 1), inner), _NEAR)
        _regular_after_all(ends, once, there, images, last_system, parameters)
        large = np.abs(ends.points[rows]).max(axis=1, initial=0) > _LARGE * first[rows]
        ill = conditions(system, ends.points[rows], [inner]) > _SINGULAR
        ill[np.isin(rows, once)] |= _singular_limits(there, last_system, parameters)
        singular = agree & ((now.winding > 1) | large | ill)
        regular = np.array([ends.kinds[row] is End.REGULAR for row in rows], dtype=bool)
        infinite = (growths[rows] >= _TIMES) | (powers[rows] >= _TIMES)
        for k in np.flatnonzero((singular | infinite) & ~regular):
            ends.kinds[rows[k]] = End.SINGULAR if agree[k] else End.AT_INFINITY
            ends.limits[rows[k]], ends.winding[rows[k]] = now.limits[k], now.winding[k]
        done = singular | infinite | regular
        rows, before = rows[~done], now.part(~done)
        if not len(rows):
            break


def _singular_limits(there: SingularEnds, last_system: System, parameters: Numbers) -> Truths:
    """Which paths that close after one turn end where the Jacobian is singular: on a whole set of solutions, most often."""
    closed = there.winding == 1
    return closed & (conditions(last_system, np.where(closed[:, None], there.limits, 1.0), parameters) > _SINGULAR)


def _regular_after_all(
    ends: SpecialEnds, rows: Integers, there: SingularEnds, images: Tape, last_system: System, parameters: Numbers
) -> None:
    """Newton's iteration from the limits of the unknowns themselves, for paths that close after one turn: some had only met an
    ill-conditioned place on the way to t = 0."""
    refined, fine = _certified(last_system, parameters, there.limits, there.winding == 1, images)
    fine &= np.abs(refined - there.limits).max(axis=1, initial=0) <= _NEWTON * np.abs(refined).max(axis=1, initial=0)
    for row, point, value in zip(rows[fine], refined[fine], values_at(images, refined[fine]), strict=True):
        ends.kinds[row], ends.points[row], ends.limits[row], ends.winding[row] = End.REGULAR, point, value, 1


def _nearer(system: System, points: Complexes, outer: float, inner: float) -> tuple[Complexes, Truths]:
    """The paths at the next radius, and which of them arrived."""
    found = track(system, points, [outer], [inner], _NEAR)
    ends, good = found.ends, found.good.copy()
    for settings in (replace(_NEAR, tolerance=1e-6), replace(_NEAR, noise=1e-5, contraction=0.1)):
        again = np.flatnonzero(~good)
        found = track(system, points[again], [outer], [inner], settings)
        ends[again], good[again] = found.ends, found.good
    return ends, good


def carried(system: System, starts: np.ndarray, p0: Numbers, p1: Numbers, images: Tape, rng: np.random.Generator) -> Complexes:
    """The solutions ``starts`` (P, n) at general parameters ``p0`` carried to other general ones ``p1``. Those not found are NaN.

    On the way some paths, one in a hundred for some systems, come so near a point where the unknowns are infinite that they are lost.
    Along another arc it is others. What counts is that so many different solutions are found.
    """
    points, seen = np.full_like(starts, np.nan), DistinctPoints(SAME)
    count = 0
    for attempt in range(_ARCS):
        bend = random_bend(rng) if attempt else 1.0
        found = track(system, starts, p0, p1, CAREFUL if attempt else DEFAULTS, bend=bend)
        refined, correction = refine(system, np.where(found.good[:, None], found.ends, 1.0), p1)
        prints = values_at(images, refined)
        for k in np.flatnonzero(found.good & (correction < _LOOSE) & np.isfinite(prints).all(axis=1)):
            if count < len(points) and seen.add(prints[k])[1]:
                points[count] = refined[k]
                count += 1
        if count == len(points):
            break
    return points
