"""Paths of a total degree homotopy in projective space, which lead to all isolated solutions of a square polynomial system.

The start system x_i^(d_i) = x_0^(d_i) has the product of the degrees as its number of solutions (Bézout), and for a general complex
factor g in t g G + (1 - t) F every isolated solution of F is the end of a path. Paths live on a general affine patch of projective
space, so that those which go to infinity stay bounded.

Ends are regular (one path each), singular (several paths, or a rank drop), or at infinity. A path that cannot be followed to t = 0
because its end is singular is looked at on the way; there the homogenizing coordinate behaves like t^v, and an exponent v > 0,
measured over several decades of t, tells infinity. What is left goes through Cauchy's endgame at two radii, which must agree.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

import numpy as np

from neurovariety.certificates.gaussian import exact
from neurovariety.errors import ResourceError
from neurovariety.homotopy.arrays import Complexes, Integers, Reals
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.endgame import cauchy
from neurovariety.homotopy.exact_program import exact_system
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.homogenize import homogenized
from neurovariety.homotopy.monodromy import REFINED, SAME
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import DEFAULTS, Settings, conditions, refine, track

_MOST_PATHS = 2_000_000
_DECADES = (1e-3, 1e-4, 1e-5, 1e-6)
"""Values of t at which paths with singular ends are looked at."""
_SMALLEST = 1e-6
"""Steps on the last stretch, as parts of it, below which an end counts as singular."""
_AT_INFINITY = 0.04
"""Exponents v of the homogenizing coordinate above this are of paths to infinity; those are 1/c at least, c the multiplicity number."""
_SMALL = 1e-9
"""Regular ends whose homogenizing coordinate is smaller, relatively, lie at infinity."""
_SINGULAR = 1e12
"""Ends where the condition number of the Jacobian, for a point of norm 1, is larger are looked at as singular ones."""
_AGREE = 1e-5
"""Limits from two radii of Cauchy's endgame differ by less, relatively; so much is also what a limit at infinity may be off it."""


_DEEPER = tuple(10.0**-k for k in range(3, 25))
"""Values of t to which paths are followed that nothing was made of: zeros may come apart only there."""


class End(StrEnum):
    """What became of a path. The name is advice: a failed path may succeed with another seed."""

    REGULAR = "regular"
    SINGULAR = "singular"
    AT_INFINITY = "at infinity"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Run:
    """What became of the paths of one total degree homotopy: a search, whose labels are advice.

    ``regular`` (S, n) are the different finite regular ends; ``ends`` says for each path what became of it, and ``points`` (P, n + 1)
    where, in projective coordinates; ``winding`` how often it turns around its end: 1 for a regular one, 0 where Cauchy's endgame was
    not needed or did not close; ``steps`` (P, 2) taken and refused.
    """

    homotopy: Homotopy
    starts: Complexes
    regular: Complexes
    points: Complexes
    ends: tuple[End, ...]
    winding: Integers
    steps: Integers


def total_degree_run(system: System, parameters: Complexes, rng: np.random.Generator, settings: Settings = DEFAULTS) -> Run:
    """All paths of a total degree homotopy followed, some of them twice.

    Raises `InputError` for a division by unknowns, `ResourceError` for more than two million paths.
    """
    homotopy, degrees = total_degree_homotopy(system, parameters, rng)
    paths = prod(degrees)
    if paths > _MOST_PATHS:
        raise ResourceError(f"a total degree homotopy of degrees {degrees} has {paths:,} paths; the limit is {_MOST_PATHS:,}")
    starts = _starts(homotopy, degrees)
    ends = follow(homotopy, starts, settings)
    regular = _collect(homotopy, system, parameters, starts, ends, settings)
    return Run(homotopy, starts, regular, ends.points, tuple(ends.kinds), ends.winding, ends.steps)


@dataclass(frozen=True, eq=False)
class Homotopy:
    """The system in x_0, ..., x_n with parameters t and a_0, ..., a_n, those of the patch sum a_i x_i = 1, and a general patch."""

    system: System
    patch: Complexes

    def at(self, t: float, patch: Complexes | None = None) -> Complexes:
        """Parameters: a row, or a row for each of several patches."""
        a = self.patch if patch is None else patch
        return np.concatenate([np.full((*a.shape[:-1], 1), t, dtype=np.complex128), a], axis=-1)


@dataclass(eq=False)
class Ends:
    """What became of paths: kinds, ends in projective coordinates (P, n + 1), winding numbers and numbers of steps (P, 2)."""

    kinds: list[End]
    points: Complexes
    winding: Integers
    steps: Integers

    def put(self, rows: Sequence[int] | Integers, other: Ends) -> None:
        for k, row in enumerate(rows):
            self.kinds[row], self.points[row], self.winding[row] = other.kinds[k], other.points[k], other.winding[k]


def deeper(run: Run, rows: Integers, settings: Settings = DEFAULTS) -> Complexes:
    """The last points of the chosen paths on the way to t = 10^-24, in projective coordinates."""
    homotopy = run.homotopy
    settings = replace(settings, huge=1e12, smallest=1e-13, most_steps=20_000)
    found = track(homotopy.system, run.starts[rows], homotopy.at(1.0), homotopy.at(_DEEPER[0]), settings)
    points, going = found.ends.copy(), found.good.copy()
    for before, after in itertools.pairwise(_DEEPER):
        on = np.flatnonzero(going)
        if not len(on):
            break
        found = track(homotopy.system, points[on], homotopy.at(before), homotopy.at(after), settings)
        points[on[found.good]] = found.ends[found.good]
        going[on[~found.good]] = False
    return points


def total_degree_homotopy(system: System, p: Complexes, rng: np.random.Generator) -> tuple[Homotopy, list[int]]:
    n = system.unknowns
    full = Graph(2 * n + 3)
    x0, x, t = full.input(0), [full.input(1 + i) for i in range(n)], full.input(n + 1)
    values = [full.constant(complex(v)) for v in p]
    forms, degrees = homogenized(system.graph, system.equations, n, [*x, *values], x0)
    turn = complex(np.exp(2j * np.pi * rng.random()))
    program = exact_system(system, [exact(complex(v)) for v in p])
    norms = program.log2_norms()
    scale = [2.0 ** -max(min(round(norms[slot]), 1000), -1000) for slot in program.equations]
    mixed = [(x[i] ** d - x0**d) * turn * t + (forms[i] * scale[i] - forms[i] * scale[i] * t) for i, d in enumerate(degrees)]
    patch = rng.normal(size=n + 1) + 1j * rng.normal(size=n + 1)
    patch /= np.linalg.norm(patch)
    plane = sum((full.input(i) * full.input(n + 2 + i) for i in range(n + 1)), start=full.constant(-1))
    return Homotopy(System.of(full, [*mixed, plane], n + 1), patch), degrees


def _starts(homotopy: Homotopy, degrees: list[int]) -> Complexes:
    roots = [np.exp(2j * np.pi * np.arange(d) / d) for d in degrees]
    points = np.array(list(itertools.product(*roots)), dtype=np.complex128).reshape(-1, len(degrees))
    points = np.hstack([np.ones((len(points), 1)), points])
    return points / (points @ homotopy.patch)[:, None]


def follow(homotopy: Homotopy, starts: Complexes, settings: Settings) -> Ends:
    """What becomes of all paths."""
    settings = replace(settings, huge=1e12)
    first = track(homotopy.system, starts, homotopy.at(1.0), homotopy.at(_DECADES[0]), settings)
    near, end = homotopy.at(_DECADES[0]), homotopy.at(0.0)
    last = track(homotopy.system, first.ends[first.good], near, end, replace(settings, smallest=_SMALLEST))
    out = Ends([End.FAILED] * len(starts), first.ends.copy(), np.zeros(len(starts), dtype=np.int64), first.steps)
    rows = np.flatnonzero(first.good)
    out.steps[rows] += last.steps
    refined, correction = refine(homotopy.system, np.where(last.good[:, None], last.ends, 1.0), end)
    fine = last.good & (correction < REFINED)
    unit = refined[fine] / np.linalg.norm(refined[fine], axis=1, keepdims=True)
    fine[fine] = conditions(homotopy.system, unit, homotopy.at(0.0, unit.conj()), floor=1.0) < _SINGULAR
    out.points[rows[fine]], out.winding[rows[fine]] = refined[fine], 1
    for k in rows[fine]:
        out.kinds[k] = End.AT_INFINITY if _weight(out.points[k : k + 1])[0] < _SMALL else End.REGULAR
    left = rows[~fine]
    if len(left):
        out.put(left, _singular_ends(homotopy, first.ends[left], settings))
    return out


def _singular_ends(homotopy: Homotopy, points: Complexes, settings: Settings) -> Ends:
    """What ends lie beyond points at t = _DECADES[0]: by exponents of the homogenizing coordinate, then by Cauchy's endgame."""
    settings = replace(settings, smallest=1e-13)
    stations = np.array([points] + [np.full_like(points, np.nan)] * (len(_DECADES) - 1))
    reached = np.zeros(len(points), dtype=np.int64)
    for k, (before, after) in enumerate(itertools.pairwise(_DECADES)):
        rows = np.flatnonzero(reached == k)
        found = track(homotopy.system, stations[k][rows], homotopy.at(before), homotopy.at(after), settings)
        stations[k + 1][rows[found.good]] = found.ends[found.good]
        reached[rows[found.good]] = k + 1
    last = stations[reached, np.arange(len(points))]
    out = Ends([End.FAILED] * len(points), last, np.zeros(len(points), dtype=np.int64), np.zeros((len(points), 2), np.int64))
    logs = np.log10(np.maximum([_weight(s) for s in stations], 1e-300))
    for k in range(len(points)):
        slopes = -np.diff(logs[: reached[k] + 1, k])
        if _weight(last[k : k + 1])[0] < _SMALL or (len(slopes) > 1 and min(slopes[-1], slopes[-2:].mean()) > _AT_INFINITY):
            out.kinds[k] = End.AT_INFINITY
    for depth in range(1, len(_DECADES)):
        rows = np.array([k for k in range(len(points)) if out.kinds[k] is End.FAILED and reached[k] >= depth], dtype=np.int64)
        if len(rows):
            out.put(rows, _limits(homotopy, stations[depth - 1][rows], stations[depth][rows], depth, settings))
    return out


def _limits(homotopy: Homotopy, outer: Complexes, inner: Complexes, depth: int, settings: Settings) -> Ends:
    """Ends by Cauchy's endgame at two radii; failed where they do not agree.

    On the patch that is orthogonal to the inner point the path has no pole nearby. Limits agree as well where both circles go around
    a further branch point: then the path is farther from its limit on the inner one.
    """
    patch = inner.conj() / (np.abs(inner) ** 2).sum(axis=1, keepdims=True)
    there, here = (
        cauchy(homotopy.system, p / (p * patch).sum(axis=1, keepdims=True), homotopy.at(_DECADES[k], patch), settings)
        for p, k in ((outer, depth - 1), (inner, depth))
    )
    gap, size = np.abs(there.limits - here.limits).max(axis=1), np.abs(here.limits).max(axis=1)
    agree = (here.winding > 0) & (here.winding == there.winding) & (gap <= _AGREE * size)
    agree &= here.spread <= np.maximum(there.spread, 1e-12 * size)
    kinds = [
        End.FAILED if not ok else End.AT_INFINITY if _weight(point[None])[0] < _AGREE else End.SINGULAR
        for ok, point in zip(agree, here.limits, strict=True)
    ]
    return Ends(
        kinds, np.where(agree[:, None], here.limits, inner), np.where(agree, here.winding, 0), np.zeros((len(inner), 2), dtype=np.int64)
    )


def _weight(points: Complexes) -> Reals:
    return np.abs(points[:, 0]) / np.abs(points).max(axis=1)


def _collect(homotopy: Homotopy, target: System, p: Complexes, starts: Complexes, ends: Ends, settings: Settings) -> Complexes:
    """Regular solutions, each once, after paths that ended in one regular point, or failed, were followed again (in place)."""
    for attempt in range(2):
        seen = DistinctPoints(SAME)
        owner: dict[int, list[int]] = {}
        for k, end in enumerate(ends.kinds):
            if end is End.REGULAR:
                owner.setdefault(seen.add(hashed(_affine(ends.points[k])))[0], []).append(k)
        again = [k for group in owner.values() if len(group) > 1 for k in group]
        again += [k for k, end in enumerate(ends.kinds) if end is End.FAILED]
        if not again or attempt:
            break
        careful = replace(settings, tolerance=settings.tolerance / 20, contraction=settings.contraction / 4, most_steps=20_000)
        ends.put(again, follow(homotopy, starts[again], careful))
    regular = np.array([_affine(ends.points[group[0]]) for group in owner.values()], dtype=np.complex128).reshape(-1, target.unknowns)
    return refine(target, regular, p)[0] if len(regular) else regular


def _affine(point: Complexes) -> Complexes:
    return point[1:] / point[0]
