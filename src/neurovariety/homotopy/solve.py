"""All isolated solutions of a square polynomial system, by a total degree homotopy in projective space.

The start system x_i^(d_i) = x_0^(d_i) has the product of the degrees as its number of solutions (Bézout), and for a general complex
factor g in t g G + (1 - t) F every isolated solution of F is the end of a path. Paths live on a general affine patch of projective
space, so that those which go to infinity stay bounded.

Ends are regular (one path each), singular (several paths, or a rank drop), or at infinity. A path that cannot be followed to t = 0
because its end is singular is stopped near it; there the homogenizing coordinate behaves like t^v, and the exponent v, measured at several
t, tells infinity (v > 0) from a finite singular end (v = 0). The winding number is found by going around t = 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod
from typing import Any

import numpy as np

from neurovariety.errors import InputError, ResourceError
from neurovariety.homotopy.certify import Certificates, certify
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.homotopy.homogenize import homogenized
from neurovariety.homotopy.monodromy import REFINED, SAME
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import Settings, refine, track

_MOST_PATHS = 2_000_000
_NEAR_END = 1e-7
"""Steps are refused below this size, so that paths with singular ends stop at t of about three times as much."""
_AT_INFINITY = 0.04
"""Exponents v of the homogenizing coordinate above this are of paths to infinity; those are 1/c at least, c the winding number."""
_SMALL = 1e-9
"""Regular ends whose homogenizing coordinate is smaller, relatively, lie at infinity."""
_MOST_TURNS = 24


class End(StrEnum):
    """What became of a path. The name is advice: a failed path may succeed with another seed."""

    REGULAR = "regular"
    SINGULAR = "singular"
    AT_INFINITY = "at infinity"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Solutions:
    """Isolated solutions of a polynomial system.

    ``regular`` (S, n) are pairwise different with an invertible Jacobian; ``singular`` (T, n) the finite singular ends, one a point, with
    ``winding`` numbers; ``ends`` says for each path what became of it. ``certificates`` belong to ``regular``. ``complete`` says that every
    path is accounted for and every regular solution is certified and different from the others.
    """

    regular: Any
    singular: Any
    winding: tuple[int, ...]
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


def solve(function: Callable[..., Sequence[Any]], unknowns: int, *, seed: int = 0, settings: Settings = Settings()) -> Solutions:
    """Solve ``function(x, p) = 0`` for the list x of ``unknowns``; p is empty.

    The function uses +, -, *, integer powers and numbers, and returns as many polynomials as there are unknowns. Raises `InputError` for
    another number, for a constant equation or a division by unknowns, `ResourceError` for more than two million paths.

    >>> solve(lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2], 2)
    Solutions(4 regular; 4 paths: 4 regular) [complete, seed 0]
    """
    rng = np.random.default_rng([seed, 51])
    graph = Graph(unknowns)
    equations = [e if isinstance(e, Expression) else graph.constant(e) for e in function([graph.input(i) for i in range(unknowns)], [])]
    if len(equations) != unknowns:
        raise InputError(f"a square system is expected; got {len(equations)} equations in {unknowns} unknowns")
    for k, e in enumerate(equations):
        if e.is_constant:
            raise InputError(f"equation {k} is the constant {e.value}: it has every point as a solution or none; leave it out")
    target = System.of(graph, equations, unknowns)
    homotopy, degrees = _total_degree(graph, equations, unknowns, rng)
    paths = prod(degrees)
    if paths > _MOST_PATHS:
        raise ResourceError(f"a total degree homotopy of degrees {degrees} has {paths:,} paths; the limit is {_MOST_PATHS:,}")
    starts = _starts(homotopy, degrees)
    ends, points, steps = _follow(homotopy, starts, settings)
    regular, singular, winding, ends = _collect(homotopy, target, starts, ends, points, settings)
    certificates = certify(target, regular, np.zeros(0))
    return Solutions(regular, singular, winding, tuple(ends), steps, certificates, seed)


@dataclass(frozen=True, eq=False)
class _Homotopy:
    """The system in x_0, ..., x_n with parameter t, and the patch sum a_i x_i = 1."""

    system: System
    patch: Any


def _total_degree(graph: Graph, equations: list[Expression], n: int, rng: np.random.Generator) -> tuple[_Homotopy, list[int]]:
    full = Graph(n + 2)
    x0, x, t = full.input(0), [full.input(1 + i) for i in range(n)], full.input(n + 1)
    forms, degrees = homogenized(graph, equations, x, x0)
    turn = complex(np.exp(2j * np.pi * rng.random()))
    scale = [1 / max(abs(complex(c)) for c in e.terms.values()) for e in equations]
    mixed = [
        (x[i] ** d - x0**d) * turn * t + (forms[i] * scale[i] - forms[i] * scale[i] * t) for i, d in enumerate(degrees)
    ]
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
    found = track(homotopy.system, starts, [1.0], [0.0], replace(settings, smallest=_NEAR_END, huge=1e12))
    points, last = refine(homotopy.system, np.where(found.good[:, None], found.ends, 1.0), [0.0])
    fine = found.good & (last < REFINED)
    points = np.where(fine[:, None], points, found.ends)
    ends = [
        (End.AT_INFINITY if abs(p[0]) < _SMALL * np.abs(p).max() else End.REGULAR) if ok else End.FAILED
        for p, ok in zip(points, fine, strict=True)
    ]
    left = np.flatnonzero(~fine)
    if len(left):
        for k, (end, point) in zip(left, _singular_ends(homotopy, found.ends[left], 1 - found.reached[left], settings), strict=True):
            ends[k], points[k] = end, point
    return ends, points, found.steps


def _singular_ends(homotopy: _Homotopy, points: Any, t: Any, settings: Settings) -> list[tuple[End, Any]]:
    """What ends lie near points that were reached at small t: by the exponent of the homogenizing coordinate."""
    careful = replace(settings, tolerance=1e-4, smallest=1e-13, huge=1e12)
    near = t < 1e-3
    t = np.where(t > 0, t, 1e-300)
    sizes, here, ok = [_weight(points)], points, near.copy()
    for factor in (10.0, 100.0):
        found = track(homotopy.system, here, (t * factor / 10)[:, None], (t * factor)[:, None], careful)
        ok &= found.good
        here = np.where(found.good[:, None], found.ends, here)
        sizes.append(_weight(here))
    slopes = np.diff(np.log(np.maximum(sizes, 1e-300)), axis=0) / np.log(10.0)
    out: list[tuple[End, Any]] = []
    for k in range(len(points)):
        steady = abs(slopes[0, k] - slopes[1, k]) < 0.2 * abs(slopes[0, k]) + 0.01
        if ok[k] and slopes[0, k] > _AT_INFINITY and (steady or sizes[0][k] < 1e-4):
            out.append((End.AT_INFINITY, points[k]))
        elif ok[k] and abs(slopes[0, k]) < _AT_INFINITY:
            out.append((End.SINGULAR, points[k]))
        else:
            out.append((End.FAILED, points[k]))
    return out


def _weight(points: Any) -> Any:
    return np.abs(points[:, 0]) / np.abs(points).max(axis=1)


def _collect(
    homotopy: _Homotopy, target: System, starts: Any, ends: list[End], points: Any, settings: Settings
) -> tuple[Any, Any, tuple[int, ...], list[End]]:
    """Regular solutions, each once, after paths that ended in one regular point were followed again; and singular ones."""
    for attempt in range(2):
        seen = DistinctPoints(SAME)
        owner: dict[int, list[int]] = {}
        for k, end in enumerate(ends):
            if end is End.REGULAR:
                owner.setdefault(seen.add(_hashed(points[k, 1:] / points[k, 0]))[0], []).append(k)
        again = [k for group in owner.values() if len(group) > 1 for k in group] + [k for k, e in enumerate(ends) if e is End.FAILED]
        if not again or attempt:
            break
        careful = replace(settings, tolerance=settings.tolerance / 20, contraction=settings.contraction / 4, most_steps=20_000)
        new_ends, new_points, _ = _follow(homotopy, starts[again], careful)
        for k, end, point in zip(again, new_ends, new_points, strict=True):
            ends[k], points[k] = end, point
    affine = np.array([points[group[0], 1:] / points[group[0], 0] for group in owner.values()]).reshape(-1, target.unknowns)
    regular, _ = refine(target, affine, np.zeros(0)) if len(affine) else (affine, None)
    singular, winding = _singular(points, ends)
    return regular, singular, winding, ends


def _hashed(point: Any) -> Any:
    """The point with a general linear function of it in front, for `DistinctPoints`."""
    weights = np.cos(1.0 + np.arange(len(point))) + 1j * np.sin(2.0 + 1.7 * np.arange(len(point)))
    return np.concatenate([[point @ weights], point])


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
