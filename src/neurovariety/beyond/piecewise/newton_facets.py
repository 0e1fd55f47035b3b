"""The facets of the Newton polytopes of a tropical quotient, and so their normal fans.

The normals of the facets of the hull of points are the extreme rays of a cone: of the vectors (c, u) with c + u.p <= 0 for each p.
It is cut out by one point after another (double description), in whole numbers. Points that are extreme in some directions come
first: after these most others cut nothing off.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import gcd, lcm

import flint
import numpy as np

from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.newton_fans import (
    NormalFan,
    NormalFans,
    Slopes,
    frame_of,
    monomials_of,
    normal_fan,
    slopes_of,
    sums_of,
)
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network

_MOST_STEPS = 3 * 10**6
"""Points times rays times coordinates, or pairs of rays: some ten seconds."""
_DIRECTIONS = 40


def normal_fans(numerator: Verdict, denominator: Verdict, source: Network) -> Verdict:
    """The fans of both parts and their common refinement, proved. Raises `NotShown` where that takes long, and in a box."""
    if numerator.statement.scope:
        raise NotShown("in a box the parts lack what is the largest outside of it")
    fans = []
    for g, h in zip(monomials_of("numerator", numerator), monomials_of("denominator", denominator), strict=True):
        one, two = fan_of(slopes_of(g)), fan_of(slopes_of(h))
        if len(one.vertices) * len(two.vertices) * (one.dimension + two.dimension + 1) ** 2 > _MOST_STEPS // 10:
            raise NotShown("the sum of both polytopes has too many points")
        fans.append((one, two, fan_of(sums_of(g, h, one, two))))
    return issue(NormalFans(tuple(fans), numerator, denominator), source)


def fan_of(slopes: Slopes) -> NormalFan:
    """The normal fan of the hull of slopes. Raises `NotShown` where that takes long."""
    names = list(slopes)
    pivots, _ = frame_of(list(slopes.values()))
    rows = [[1, *(slopes[name][i] for i in pivots)] for name in names]
    rays = _facets(rows)
    normals = [[0] * len(slopes[names[0]]) for _ in rays]
    for normal, ray in zip(normals, rays, strict=True):
        common = gcd(*ray[1:])
        for i, v in zip(pivots, ray[1:], strict=True):
            normal[i] = v // common
    at = [0] * len(names)
    for k, ray in enumerate(rays):
        for p, row in enumerate(rows):
            at[p] |= (not _dot(ray, row)) << k
    likely = {mask for mask in at if mask.bit_count() >= len(pivots)}  # so many facets meet at a vertex
    vertices = [n for n, mask in zip(names, at, strict=True) if mask in likely and not any(o & mask == mask != o for o in likely)]
    return normal_fan(slopes, sorted(vertices), sorted(tuple(n) for n in normals))


def _facets(rows: Sequence[list[int]]) -> list[list[int]]:
    """The extreme rays r of the cone where r . row <= 0, primitive, for rows (1, p) whose points span everything."""
    if len(rows[0]) == 1:
        return []
    rays, masks, order = _first_rays(rows)
    steps = 0
    for k in order:
        values = [_dot(r, rows[k]) for r in rays]
        above = [i for i, v in enumerate(values) if v > 0]
        below = [i for i, v in enumerate(values) if v < 0]
        masks = [m | (not v) << k for m, v in zip(masks, values, strict=True)]
        steps += len(rays) * len(rows[0]) + len(above) * (len(below) + len(rays))
        if steps > _MOST_STEPS:
            raise NotShown("a Newton polytope has too many points and facets")
        made = []
        for i, j in product(above, below):
            both = masks[i] & masks[j]
            if both.bit_count() < len(rows[0]) - 2 or any(m & both == both for q, m in enumerate(masks) if q not in (i, j)):
                continue
            ray = [values[i] * b - values[j] * a for a, b in zip(rays[i], rays[j], strict=True)]
            common = gcd(*ray)
            made.append(([v // common for v in ray], both | 1 << k))
        kept = [(r, m) for r, m, v in zip(rays, masks, values, strict=True) if v <= 0] if above else list(zip(rays, masks, strict=True))
        rays, masks = [r for r, _ in (*kept, *made)], [m for _, m in (*kept, *made)]
    return rays


def _first_rays(rows: Sequence[list[int]]) -> tuple[list[list[int]], list[int], list[int]]:
    """The rays of a simplex of the points, the points on each as bits, and the other points, those that are extreme first."""
    n = len(rows[0])
    size = max(abs(v) for row in rows for v in row)
    floats = np.array([[float(Fraction(v, size)) for v in row] for row in rows])
    drawn = np.random.default_rng(0).normal(size=(n, _DIRECTIONS))
    first = list(dict.fromkeys([*np.argmax(floats @ drawn, axis=0).tolist(), *range(len(rows))]))
    chosen: list[int] = []
    for k in first:
        if flint.fmpz_mat([rows[i] for i in (*chosen, k)]).rank() > len(chosen):
            chosen.append(k)
        if len(chosen) == n:
            break
    inverse = flint.fmpz_mat([rows[i] for i in chosen]).inv()
    rays = []
    for j in range(n):  # 0 at all points of the simplex but one, below 0 there
        column = [inverse[i, j] for i in range(n)]
        over = lcm(*(int(v.q) for v in column))
        ray = [-int(v.p) * (over // int(v.q)) for v in column]
        common = gcd(*ray)
        rays.append([v // common for v in ray])
    masks = [sum(1 << k for i, k in enumerate(chosen) if i != j) for j in range(n)]
    return rays, masks, [k for k in first if k not in set(chosen)]


def _dot(ray: Sequence[int], row: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(ray, row, strict=True))
