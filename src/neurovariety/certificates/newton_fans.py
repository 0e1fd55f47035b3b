"""The normal fans of the Newton polytopes of a tropical quotient g - h, and of both together.

The Newton polytope of a maximum of affine functions is the convex hull of their slopes. The maximal cone of its normal fan at a vertex
holds the directions in which the function of that slope grows most, so that along them it is the largest from somewhere on; the
rays of the fan are the outer normals of the facets. The common refinement of two normal fans is that of the sum of the polytopes.

Facets are given as their normals. Each is seen to support the polytope, and `lattice_of_faces` sees from incidences that no other facet
is missing. A polytope of fewer dimensions than there are inputs has a fan with a lineality space, the directions that change no
difference of slopes; rays are given modulo it, with zeros where the differences of slopes have no pivot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from math import gcd, lcm
from typing import Any

from neurovariety.certificates.cell_facets import lattice_of_faces
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, network_hash
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.tropical_forms import Monomial, TropicalPart
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Whole = tuple[int, ...]
PARTS = ("numerator", "denominator", "common")
_MOST_STEPS = 2 * 10**7
"""Products of whole numbers: some ten seconds."""


@dataclass(frozen=True)
class NormalFan:
    """``vertices`` are numbers of monomials, one of each part; ``cones[k]`` the places of the ``rays`` of the cone at vertex k.

    ``f_vector`` counts the faces of the polytope, from its vertices to its facets; a face of dimension i has a cone of dimension
    inputs - i.
    """

    dimension: int
    vertices: tuple[Whole, ...]
    f_vector: Whole
    rays: tuple[Whole, ...]
    lineality: tuple[Whole, ...]
    cones: tuple[Whole, ...]

    def plain(self) -> dict[str, Any]:
        """The same as lists."""
        return {
            "dimension": self.dimension,
            "vertices": [list(v) for v in self.vertices],
            "f_vector": list(self.f_vector),
            "rays": [list(r) for r in self.rays],
            "lineality": [list(r) for r in self.lineality],
            "cones": [list(c) for c in self.cones],
        }


@dataclass(frozen=True)
class NormalFans:
    """For each output the fans of both parts, and their common refinement; they rest on the verdicts of the parts."""

    fans: tuple[tuple[NormalFan, NormalFan, NormalFan], ...]
    numerator: Verdict
    denominator: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where one is another fan."""
        up, down = monomials_of("numerator", self.numerator), monomials_of("denominator", self.denominator)
        if {v.statement.subject for v in (self.numerator, self.denominator)} != {network_hash(subject)}:
            raise NotShown("both parts are those of this network")
        if self.numerator.statement.scope or self.denominator.statement.scope:
            raise NotShown("in a box parts lack what is the largest outside of it")
        if len(self.fans) != len(up):
            raise NotShown("each output has its fans")
        for (one, two, both), g, h in zip(self.fans, up, down, strict=True):
            _same(one, slopes_of(g))
            _same(two, slopes_of(h))
            _same(both, sums_of(g, h, one, two))

    def concludes(self) -> tuple[Statement, Claim]:
        """The fans, as plain data by the part."""
        value = {part: [fans[k].plain() for fans in self.fans] for k, part in enumerate(PARTS)}
        said = self.numerator.statement
        return Statement("tropical: fans", said.subject, value), Claim.PROVED


def _same(fan: NormalFan, slopes: Slopes) -> None:
    if normal_fan(slopes, fan.vertices, fan.rays) != fan:
        raise NotShown("the normal fan is another one")


Slopes = dict[Whole, Whole]
"""By the numbers of monomials their slopes, over a common denominator."""


def monomials_of(part: str, known: Verdict) -> tuple[tuple[Monomial, ...], ...]:
    """Those of a verdict on that part. Raises `NotShown` for another one."""
    own = known.certificate
    if not known.shown or known.claim is not Claim.PROVED or not isinstance(own, TropicalPart) or own.part != part:
        raise NotShown(f"the {part} is expected to be known")
    return own.monomials


def slopes_of(monomials: Sequence[Monomial]) -> Slopes:
    """The slopes of a maximum, as whole numbers over their common denominator."""
    over = lcm(*(v.denominator for m in monomials for v in m[1:]))
    return {(k,): tuple(int(v * over) for v in m[1:]) for k, m in enumerate(monomials)}


def sums_of(g: Sequence[Monomial], h: Sequence[Monomial], one: NormalFan, two: NormalFan) -> Slopes:
    """The sums of slopes of a vertex of g and one of h: their hull is the sum of both polytopes."""
    over = lcm(*(v.denominator for m in (*g, *h) for v in m[1:]))
    if len(one.vertices) * len(two.vertices) * len(g[0]) > _MOST_STEPS:
        raise NotShown("the sum of both polytopes has too many points to be followed")
    up, down = ({v[0]: [int(x * over) for x in part[v[0]][1:]] for v in fan.vertices} for part, fan in ((g, one), (h, two)))
    return {(i, j): tuple(a + b for a, b in zip(up[i], down[j], strict=True)) for i, j in product(up, down)}


def normal_fan(slopes: Slopes, vertices: Sequence[Whole], rays: Sequence[Whole]) -> NormalFan:
    """The fan with these vertices and rays. Raises `NotShown` where rays are not all of them, or a vertex is missing or is none."""
    pivots, lineality = frame_of(list(slopes.values()))
    dimension = len(pivots)
    if not vertices or list(vertices) != sorted(set(vertices)) or any(v not in slopes for v in vertices):
        raise NotShown("vertices are slopes of the polytope, in order")
    if any(a >= b for a, b in pairwise(rays)):
        raise NotShown("rays are different, in order")
    if len(rays) * len(slopes) * len(slopes[vertices[0]]) > _MOST_STEPS:
        raise NotShown("a Newton polytope has too many points and facets to be followed")
    planes = []
    for ray in rays:
        if len(ray) != len(slopes[vertices[0]]) or gcd(*ray) != 1 or any(v for i, v in enumerate(ray) if i not in pivots):
            raise NotShown("rays are primitive, and zero but at pivots")
        at = {name: sum(a * b for a, b in zip(ray, s, strict=True) if a) for name, s in slopes.items()}
        most = max(at.values())
        planes.append(sum(1 << k for k, v in enumerate(vertices) if at[v] == most))
    faces = lattice_of_faces(planes, (1 << len(vertices)) - 1, dimension + 1)
    if sorted(faces[0]) != [1 << k for k in range(len(vertices))] or (dimension and sorted(faces[-1]) != sorted(planes)):
        raise NotShown("these are not all vertices and facets")
    cones = tuple(tuple(r for r, plane in enumerate(planes) if plane >> k & 1) for k in range(len(vertices)))
    counts = tuple(len(f) for f in faces)
    return NormalFan(dimension, tuple(vertices), counts, tuple(rays), lineality, cones)


def frame_of(points: Sequence[Whole]) -> tuple[Whole, tuple[Whole, ...]]:
    """The pivots of the differences of points, ascending, and primitive whole vectors that span what is orthogonal to all of these."""
    n = len(points[0])
    basis: dict[int, list[Fraction]] = {}  # reduced: 1 at its pivot, 0 at the others
    for p in points[1:]:
        row = [Fraction(a - b) for a, b in zip(p, points[0], strict=True)]
        for pivot, known in basis.items():
            if row[pivot]:
                row = [a - row[pivot] * b for a, b in zip(row, known, strict=True)]
        pivot = next((i for i, v in enumerate(row) if v), n)
        if pivot < n:
            row = [v / row[pivot] for v in row]
            basis = {k: [a - r[pivot] * b for a, b in zip(r, row, strict=True)] for k, r in basis.items()} | {pivot: row}
    free = [i for i in range(n) if i not in basis]
    flat = [[Fraction(int(i == k)) - basis[i][k] if i in basis else Fraction(int(i == k)) for i in range(n)] for k in free]
    return tuple(sorted(basis)), tuple(primitive(v) for v in flat)


def primitive(vector: Sequence[Fraction]) -> Whole:
    """The shortest vector of whole numbers in that direction."""
    over = lcm(*(v.denominator for v in vector))
    whole = [int(v * over) for v in vector]
    common = gcd(*whole) or 1
    return tuple(v // common for v in whole)
