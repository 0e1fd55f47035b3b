"""Compact faces of Newton polyhedra, of several polynomials at once: which terms lead as x_i shrinks like e^(w_i), for all w > 0.

The polyhedron of a set S of exponents is conv(S) + R^n_{>=0}. For several polynomials the faces of the sum of their polyhedra are
taken: for all w inside the normal cone of such a face the same terms of each polynomial lead. Everything is exact arithmetic with
integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import gcd

from neurovariety.certificates.germs import Exponents
from neurovariety.certificates.zeros import NotShown

MOST_POINTS, MOST_RAYS, MOST_FACES = 3000, 3000, 3000
"""Beyond these the faces are not listed: some seconds."""
MOST_PAIRS = 10**7
"""Pairs of rays, or of points, that are compared."""


@dataclass(frozen=True)
class Cell:
    """A cone of weights w >= 0, spanned by ``rays``, inside of which the terms ``leading`` of each polynomial lead; ``orders``: for
    each ray the least w . a over the exponents a of each polynomial."""

    rays: tuple[Exponents, ...]
    leading: tuple[tuple[Exponents, ...], ...]
    orders: tuple[tuple[int, ...], ...]

    @property
    def inside(self) -> tuple[int, ...]:
        """A weight inside the cone."""
        return tuple(map(sum, zip(*self.rays, strict=True)))


def cells(supports: Sequence[Sequence[Exponents]], variables: int, most: int = MOST_PAIRS) -> list[Cell]:
    """The cells of polynomials that are not zero, whose exponents are ``supports``, in a fixed order. All weights w > 0 lie in one.

    At most ``most`` pairs of corners and of rays are compared. Raises `NotShown` where there are more, or too many cells.
    """
    low = [lowest(s) for s in supports]
    points = [(0,) * variables]
    for s in low:
        sums = {_sum(a, b) for a, b in product(points, s)}
        most -= len(sums) ** 2 // 10
        points = lowest(sums) if most >= 0 else []
        if not points or len(points) > MOST_POINTS:
            raise NotShown("the Newton polyhedra have too many corners")
    facets = _facets(points, variables, most)
    return [_cell([facets[k][0] for k in holding], supports) for holding in _compact_faces(points, facets)]


def order(w: Sequence[int], exponents: Sequence[Exponents]) -> int:
    """The least w . a."""
    return min(sum(x * y for x, y in zip(w, a, strict=True)) for a in exponents)


def leading(w: Sequence[int], exponents: Sequence[Exponents]) -> tuple[Exponents, ...]:
    """The exponents for which w . a is least."""
    least = order(w, exponents)
    return tuple(sorted(a for a in exponents if sum(x * y for x, y in zip(w, a, strict=True)) == least))


def _cell(rays: list[Exponents], supports: Sequence[Sequence[Exponents]]) -> Cell:
    inside = tuple(map(sum, zip(*rays, strict=True)))
    orders = tuple(tuple(order(r, s) for s in supports) for r in rays)
    return Cell(tuple(rays), tuple(leading(inside, s) for s in supports), orders)


def _sum(a: Exponents, b: Exponents) -> Exponents:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def lowest(points: Sequence[Exponents] | set[Exponents]) -> list[Exponents]:
    """Those that are not above another: no other lies on a compact face."""
    kept: list[Exponents] = []
    for p in sorted(set(points), key=lambda a: (sum(a), a)):
        if not any(all(x <= y for x, y in zip(q, p, strict=True)) for q in kept):
            kept.append(p)
    return kept


Facet = tuple[Exponents, frozenset[int]]
"""A primitive normal, and the numbers of the points on the facet."""


def _facets(points: list[Exponents], n: int, most: int) -> list[Facet]:
    """The facets of conv(points) + R^n_{>=0}: rays of the cone of (w, t) with w >= 0 and w . a >= t for all points, by double
    description (Motzkin et al. 1953)."""
    first = points[0]
    walls = [tuple(int(i == k) for i in range(n + 1)) for k in range(n)] + [(*a, -1) for a in points]
    rays = [((*(int(i == k) for i in range(n)), first[k]), 0) for k in range(n)] + [((0,) * n + (-1,), 0)]
    rays = [(r, _tight(r, walls[: n + 1])) for r, _ in rays]
    for k in range(n + 1, len(walls)):
        value = [sum(x * y for x, y in zip(r, walls[k], strict=True)) for r, _ in rays]
        most -= sum(v > 0 for v in value) * sum(v < 0 for v in value)
        rays = _cut(rays, value, k) if most >= 0 else []
        if not rays or len(rays) > MOST_RAYS:
            raise NotShown("the Newton polyhedra have too many facets")
    on = ((r[:n], frozenset(k - n for k in range(n, len(walls)) if tight >> k & 1)) for r, tight in rays)
    return [(w, held) for w, held in on if any(w)]


def _tight(r: Exponents, walls: Sequence[Exponents]) -> int:
    return sum(1 << k for k, wall in enumerate(walls) if not sum(x * y for x, y in zip(r, wall, strict=True)))


def _cut(rays: list[tuple[Exponents, int]], value: Sequence[int], k: int) -> list[tuple[Exponents, int]]:
    """The rays of a cone with one more wall, above which they have the heights ``value``; beside each ray the walls that it lies on, as
    bits."""
    out = [(r, tight | (1 << k if v == 0 else 0)) for (r, tight), v in zip(rays, value, strict=True) if v >= 0]
    above = [i for i, v in enumerate(value) if v > 0]
    below = [i for i, v in enumerate(value) if v < 0]
    for i, j in product(above, below):
        common = rays[i][1] & rays[j][1]
        if any(m not in (i, j) and rays[m][1] & common == common for m in range(len(rays))):
            continue  # not neighbours: a third ray lies on all the walls that they share
        r = tuple(value[i] * y - value[j] * x for x, y in zip(rays[i][0], rays[j][0], strict=True))
        size = reduce(gcd, r)
        out.append((tuple(x // size for x in r), common | 1 << k))
    return out


def _compact_faces(points: list[Exponents], facets: list[Facet]) -> list[tuple[int, ...]]:
    """For each compact face the facets that hold it."""
    holding = [frozenset(f for f, (_, on) in enumerate(facets) if p in on) for p in range(len(points))]
    corners = [p for p in range(len(points)) if _is_compact(holding[p], facets) and len(_on(holding[p], facets)) == 1]
    found, waiting = {holding[p] for p in corners}, [holding[p] for p in corners]
    while waiting:
        face = waiting.pop()
        for p in corners:
            larger = face & holding[p]
            if larger not in found and _is_compact(larger, facets):
                found.add(larger)
                waiting.append(larger)
                if len(found) > MOST_FACES:
                    raise NotShown("the Newton polyhedra have too many faces")
    return sorted(tuple(sorted(face)) for face in found)


def _is_compact(face: frozenset[int], facets: list[Facet]) -> bool:
    return bool(face) and all(map(any, zip(*(facets[f][0] for f in face), strict=True)))


def _on(face: frozenset[int], facets: list[Facet]) -> frozenset[int]:
    return frozenset.intersection(*(facets[f][1] for f in face))
