"""All isolated solutions of a square polynomial system, by a total degree homotopy in projective space.

The start system x_i^(d_i) = x_0^(d_i) has the product of the degrees as its number of solutions (Bézout), and for a general complex
factor g in t g G + (1 - t) F every isolated solution of F is the end of a path. Paths live on a general affine patch of projective
space, so that those which go to infinity stay bounded.

Ends are regular (one path each), singular (several paths, or a rank drop), or at infinity. A path that cannot be followed to t = 0
because its end is singular is looked at on the way; there the homogenizing coordinate behaves like t^v, and the exponent v,
measured over several decades of t, tells infinity (v > 0) from a finite singular end (v = 0).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod
from typing import Any

import numpy as np

from neurovariety.errors import InputError, ResourceError
from neurovariety.homotopy.certify import Certificates, certify
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.homogenize import homogenized
from neurovariety.homotopy.monodromy import REFINED, SAME
from neurovariety.homotopy.path_kernel import NOT_A_START
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import DEFAULTS, Settings, refine, track

_MOST_PATHS = 2_000_000
_DECADES = (1e-3, 1e-4, 1e-5, 1e-6)
"""Values of t at which paths with singular ends are looked at."""
_SMALLEST = 1e-6
"""Steps on the last stretch, as parts of it, below which an end counts as singular."""
_AT_INFINITY = 0.04
"""Exponents v of the homogenizing coordinate above this are of paths to infinity; those are 1/c at least, c the multiplicity number."""
_SMALL = 1e-9
"""Regular ends whose homogenizing coordinate is smaller, relatively, lie at infinity."""


class End(StrEnum):
    """What became of a path. The name is advice: a failed path may succeed with another seed."""

    REGULAR = "regular"
    SINGULAR = "singular"
    AT_INFINITY = "at infinity"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Solutions:
    """Isolated solutions of a polynomial system.

    ``regular`` (S, n) are pairwise different with an invertible Jacobian; ``singular`` (T, n) the finite singular ends, one a
    point, with ``multiplicity``, the numbers of paths that end there; ``ends`` says for each path what became of it.
    ``certificates`` belong to ``regular``. ``complete`` says that every path is accounted for and every regular solution is
    certified and different from the others.
    """

    regular: Any
    singular: Any
    multiplicity: tuple[int, ...]
    ends: tuple[End, ...]
    steps: Any
    certificates: Certificates
    seed: int

    @property
    def complete(self) -> bool:
        return End.FAILED not in self.ends and self.certificates.complete

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.ends.count(e):,} {e}" for e in End if e in self.ends)
        claim = "complete" if self.complete else "lower_bound"
        return f"Solutions({len(self.regular):,} regular; {len(self.ends):,} paths: {counts}) [{claim}, seed {self.seed}]"


def solve(
    system: System,
    parameters: Any = (),
    *,
    start: tuple[Any, Any] | None = None,
    seed: int = 0,
    settings: Settings = DEFAULTS,
) -> Solutions:
    """The isolated solutions of ``system`` at ``parameters``.

    Without ``start`` by a total degree homotopy. With ``start``, all solutions (P, n) at other, general parameters and those
    parameters, by continuing them: every isolated solution is then the end of a path, and paths that do not arrive are ``failed``,
    wherever they went.

    Raises `InputError` for parameters of the wrong number, start points that are no solutions, or a division by unknowns in a total
    degree homotopy; `ResourceError` for more than two million paths.

    >>> solve(System.build(lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2], 2))
    Solutions(4 regular; 4 paths: 4 regular) [complete, seed 0]
    """
    if len(parameters) != system.parameters:
        raise InputError(f"the system has {system.parameters} parameters, got {len(parameters)} values")
    p = np.asarray(parameters, dtype=np.complex128)
    rng = np.random.default_rng([seed, 51])
    if start is not None:
        return _continued(system, p, *start, seed, settings)
    homotopy, degrees = _total_degree(system, p, rng)
    paths = prod(degrees)
    if paths > _MOST_PATHS:
        raise ResourceError(f"a total degree homotopy of degrees {degrees} has {paths:,} paths; the limit is {_MOST_PATHS:,}")
    starts = _starts(homotopy, degrees)
    ends, points, steps = _follow(homotopy, starts, settings)
    regular, singular, multiplicity, ends = _collect(homotopy, system, p, starts, ends, points, settings)
    return Solutions(regular, singular, multiplicity, tuple(ends), steps, certify(system, regular, p), seed)


def _continued(system: System, p: Any, points: Any, p0: Any, seed: int, settings: Settings) -> Solutions:
    points = np.array(points, dtype=np.complex128).reshape(-1, system.unknowns)
    if len(p0) != system.parameters:
        raise InputError(f"the system has {system.parameters} parameters, got {len(p0)} start values")
    found = track(system, points, p0, p, settings)
    if (found.status == NOT_A_START).any():
        wrong = int(np.argmax(found.status == NOT_A_START))
        raise InputError(
            f"start point {wrong} is no regular solution at the start parameters, Newton's iteration does not stay there: refine it, "
            "or check the order of unknowns and parameters"
        )
    refined, last = refine(system, np.where(found.good[:, None], found.ends, 1.0), p)
    fine = found.good & (last < REFINED)
    seen, kept = DistinctPoints(SAME), []
    for k in np.flatnonzero(fine):
        if seen.add(hashed(refined[k]))[1]:
            kept.append(k)
        else:
            fine[k] = False
    ends = tuple(End.REGULAR if ok else End.FAILED for ok in fine)
    nothing = np.zeros((0, system.unknowns), dtype=np.complex128)
    return Solutions(refined[kept], nothing, (), ends, found.steps, certify(system, refined[kept], p), seed)


@dataclass(frozen=True, eq=False)
class _Homotopy:
    """The system in x_0, ..., x_n with parameter t, and the patch sum a_i x_i = 1."""

    system: System
    patch: Any


def _total_degree(system: System, p: Any, rng: np.random.Generator) -> tuple[_Homotopy, list[int]]:
    n = system.unknowns
    full = Graph(n + 2)
    x0, x, t = full.input(0), [full.input(1 + i) for i in range(n)], full.input(n + 1)
    values = [full.constant(complex(v)) for v in p]
    forms, degrees = homogenized(system.graph, system.equations, n, [*x, *values], x0)
    turn = complex(np.exp(2j * np.pi * rng.random()))
    scale = [1 / max(abs(complex(c)) for c in e.terms.values()) for e in system.equations]
    mixed = [(x[i] ** d - x0**d) * turn * t + (forms[i] * scale[i] - forms[i] * scale[i] * t) for i, d in enumerate(degrees)]
    patch = rng.normal(size=n + 1) + 1j * rng.normal(size=n + 1)
    patch /= np.linalg.norm(patch)
    plane = full.combination([(full.input(i), complex(patch[i])) for i in range(n + 1)]) - 1
    return _Homotopy(System.of(full, [*mixed, plane], n + 1), patch), degrees


def _starts(homotopy: _Homotopy, degrees: list[int]) -> Any:
    roots = [np.exp(2j * np.pi * np.arange(d) / d) for d in degrees]
    points = np.array(list(itertools.product(*roots)), dtype=np.complex128).reshape(-1, len(degrees))
    points = np.hstack([np.ones((len(points), 1)), points])
    return points / (points @ homotopy.patch)[:, None]


def _follow(homotopy: _Homotopy, starts: Any, settings: Settings) -> tuple[list[End], Any, Any]:
    """The ends of all paths, in projective coordinates, and their numbers of steps."""
    settings = replace(settings, huge=1e12)
    first = track(homotopy.system, starts, [1.0], [_DECADES[0]], settings)
    last = track(homotopy.system, first.ends[first.good], [_DECADES[0]], [0.0], replace(settings, smallest=_SMALLEST))
    points, good, steps = first.ends.copy(), np.zeros(len(starts), dtype=bool), first.steps
    rows = np.flatnonzero(first.good)
    steps[rows] += last.steps
    refined, correction = refine(homotopy.system, np.where(last.good[:, None], last.ends, 1.0), [0.0])
    fine = last.good & (correction < REFINED)
    points[rows[fine]], good[rows[fine]] = refined[fine], True
    ends = [End.FAILED] * len(starts)
    for k in np.flatnonzero(good):
        ends[k] = End.AT_INFINITY if _weight(points[k : k + 1])[0] < _SMALL else End.REGULAR
    left = rows[~fine]
    if len(left):
        for k, (end, point) in zip(left, _singular_ends(homotopy, first.ends[left], settings), strict=True):
            ends[k], points[k] = end, point
    return ends, points, steps


def _singular_ends(homotopy: _Homotopy, points: Any, settings: Settings) -> list[tuple[End, Any]]:
    """What ends lie beyond points at t = _DECADES[0]: by the exponents of the homogenizing coordinate on the way to smaller t."""
    settings = replace(settings, smallest=1e-13)
    here, alive = points.copy(), np.ones(len(points), dtype=bool)
    weights = [_weight(points)]
    reached = np.ones(len(points), dtype=np.int64)
    for before, after in itertools.pairwise(_DECADES):
        rows = np.flatnonzero(alive)
        found = track(homotopy.system, here[rows], [before], [after], settings)
        alive[rows[~found.good]] = False
        here[rows[found.good]] = found.ends[found.good]
        reached[rows[found.good]] += 1
        weights.append(_weight(here))
    logs = np.log(np.maximum(np.array(weights), 1e-300)) / np.log(10.0)
    out: list[tuple[End, Any]] = []
    for k, point in enumerate(here):
        slopes = -np.diff(logs[: reached[k], k])
        if weights[-1][k] < _SMALL or (len(slopes) > 1 and min(slopes[-1], slopes[-2:].mean()) > _AT_INFINITY):
            out.append((End.AT_INFINITY, point))
        elif len(slopes) > 1 and abs(slopes[-1]) < _AT_INFINITY:
            out.append((End.SINGULAR, point))
        else:
            out.append((End.FAILED, point))
    return out


def _weight(points: Any) -> Any:
    return np.abs(points[:, 0]) / np.abs(points).max(axis=1)


def _collect(
    homotopy: _Homotopy, target: System, p: Any, starts: Any, ends: list[End], points: Any, settings: Settings
) -> tuple[Any, Any, tuple[int, ...], list[End]]:
    """Regular solutions, each once, after paths that ended in one regular point were followed again; and singular ones."""
    for attempt in range(2):
        seen = DistinctPoints(SAME)
        owner: dict[int, list[int]] = {}
        for k, end in enumerate(ends):
            if end is End.REGULAR:
                owner.setdefault(seen.add(hashed(points[k, 1:] / points[k, 0]))[0], []).append(k)
        again = [k for group in owner.values() if len(group) > 1 for k in group] + [k for k, e in enumerate(ends) if e is End.FAILED]
        if not again or attempt:
            break
        careful = replace(settings, tolerance=settings.tolerance / 20, contraction=settings.contraction / 4, most_steps=20_000)
        new_ends, new_points, _ = _follow(homotopy, starts[again], careful)
        for k, end, point in zip(again, new_ends, new_points, strict=True):
            ends[k], points[k] = end, point
    affine = np.array([points[group[0], 1:] / points[group[0], 0] for group in owner.values()]).reshape(-1, target.unknowns)
    regular, _ = refine(target, affine, p) if len(affine) else (affine, None)
    singular, multiplicity = _singular(points, ends)
    return regular, singular, multiplicity, ends


def _singular(points: Any, ends: list[End]) -> tuple[Any, tuple[int, ...]]:
    """Finite singular ends, near ones taken together; the number of paths that end there is a bound of the multiplicity."""
    groups: list[list[int]] = []
    for k, end in enumerate(ends):
        if end is End.SINGULAR:
            z = points[k, 1:] / points[k, 0]
            for group in groups:
                other = points[group[0], 1:] / points[group[0], 0]
                if np.abs(z - other).max() < 1e-2 * max(1.0, np.abs(z).max()):
                    group.append(k)
                    break
            else:
                groups.append([k])
    means = [np.mean([points[k, 1:] / points[k, 0] for k in group], axis=0) for group in groups]
    return np.array(means).reshape(-1, points.shape[1] - 1), tuple(len(g) for g in groups)
