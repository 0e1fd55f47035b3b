"""How far a point may move before a piecewise linear network decides otherwise, and how far it stays one affine function.

From above: a point where it does. From below, in a norm N with the dual norm M: every wall is at least r away. If a vector u and a
number l have u . (y - t x) + l g(t, y) >= r t M(u) on all rays (t, y) of a wall with the form g, then u . (y - x) >= r M(u) at its
points, where g is 0, and none is nearer than r. The gradient of g does, with the right sign, where g(x) is at least r times its norm.

Within the ball around x there is no wall then. On the way from x to a point at which another output is as large there is one where two
are equal; and if no facet inside of a ball has different affine functions on its sides, there is one function on all of it, since the
ball without the faces of codimension 2 is connected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Literal

import numpy as np

from neurovariety.certificates.affine_pieces import (
    NORMS,
    AffinePieces,
    AtPoint,
    affine_pieces,
    at_point,
    cells_of,
    dual,
    in_digits,
    norm_power,
    root_between,
)
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.walls_of_pieces import Walls, bending_walls, deciding_walls
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_MOST_PRODUCTS = 3 * 10**7
"""Of points with walls: some ten seconds."""
IN_NORM = {"l1": "in the l1 norm", "l2": "in the Euclidean norm", "linf": "in the maximum norm"}
Point = tuple[Fraction, ...]
Part = Literal["decision", "affine"]


@dataclass(frozen=True)
class Separation:
    """That a wall is away from a point: the ``normal`` u, and the multiple ``turn`` of the form of the wall."""

    point: int
    wall: int
    normal: Point
    turn: Fraction


@dataclass(frozen=True)
class RobustRadii:
    """For each point a radius that is at least ``low``, and at most the distance of the point ``nearest``; None for both where there is
    no wall at all. ``part``: up to where the network decides alike, or is one affine function. ``classes`` are its decisions."""

    part: Part
    norm: str
    points: tuple[Point, ...]
    classes: tuple[int | None, ...]
    low: tuple[Fraction | None, ...]
    nearest: tuple[Point | None, ...]
    separations: tuple[Separation, ...]
    cells: Verdict

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where a wall may be nearer, where the network goes on at a point said to be the nearest other, and where
        the cells are not known to be all regions."""
        complex_ = cells_of(self.cells)
        pieces = affine_pieces(complex_, subject)
        n, walls = pieces.known.whole.inputs, walls_of(self.part, pieces)
        if self.norm not in NORMS or {len(self.classes), len(self.low), len(self.nearest)} != {len(self.points)} or not self.points:
            raise NotShown("points, and radii in the norm l1, l2 or linf, are expected")
        if len(walls.members) * len(self.points) * (n + 1) > _MOST_PRODUCTS:
            raise NotShown(f"{len(self.points):,} points and {len(walls.members):,} walls are too many")
        given: dict[tuple[int, int], Separation] = {(s.point, s.wall): s for s in self.separations}
        if len(given) != len(self.separations):
            raise NotShown("a separation is given twice")
        for k, (point, low, nearest) in enumerate(zip(self.points, self.low, self.nearest, strict=True)):
            here = inside(complex_.domain, pieces, point)
            if decided(here) != self.classes[k] or type(self.classes[k]) not in (int, type(None)):
                raise NotShown("the network decides otherwise at a point")
            if (low is None) is not (nearest is None):
                raise NotShown("a radius has two bounds, or none")
            own = relevant(walls, here)
            if low is None or nearest is None:
                if len(own) or (self.part == "decision" and decided(here) is None):
                    raise NotShown("there is a wall")
                continue
            if self.part == "decision" and decided(here) is None and low:
                raise NotShown("where two outputs are equal nothing is decided: the radius is 0")
            if low < 0 or low > self.high(k):
                raise NotShown("a radius is at least a number, and at most another that is no smaller")
            if not is_other(self.part, pieces, here, inside(complex_.domain, pieces, nearest)):
                raise NotShown("the network goes on at the point that is said to be the nearest other")
            if low == 0:
                continue
            for w in own[~clear(walls, own, point, low, self.norm)].tolist():
                if (k, w) not in given:
                    raise NotShown("a wall may be nearer")
                _check_separation(pieces, walls, given[k, w], point, low, self.norm)

    def high(self, k: int) -> Fraction:
        """The distance of the nearest other point, rounded up where it is no rational number."""
        nearest = self.nearest[k]
        assert nearest is not None
        power = norm_power([a - b for a, b in zip(nearest, self.points[k], strict=True)], self.norm)
        return root_between(power)[1] if self.norm == "l2" else power

    def concludes(self) -> tuple[Statement, Claim]:
        """A table with the points, what is known of the radius of each, and the nearest other point."""
        said = self.cells.statement
        rows: list[dict[str, Any]] = []
        for k, (point, low, nearest) in enumerate(zip(self.points, self.low, self.nearest, strict=True)):
            bounds = None if low is None else [in_digits(low), in_digits(self.high(k))]
            row: dict[str, Any] = {"input": [str(v) for v in point]}
            if self.part == "decision":
                row["class"] = self.classes[k]
            rows.append(row | {"radius": bounds, "nearest": None if nearest is None else [str(v) for v in nearest]})
        return Statement(f"robustness: {self.part}", said.subject, rows, (IN_NORM[self.norm], *said.scope)), Claim.PROVED


def walls_of(part: Part, pieces: AffinePieces) -> Walls:
    """The walls of a part. Raises `NotShown` for another one."""
    if part not in ("decision", "affine"):
        raise NotShown("a radius is one of the decision or of an affine function")
    return deciding_walls(pieces) if part == "decision" else bending_walls(pieces)


def is_other(part: Part, pieces: AffinePieces, here: AtPoint, there: AtPoint) -> bool:
    """Whether the network decides otherwise there, or not at all; or its gradient jumps there."""
    if part == "decision":
        chosen = decided(here)
        return chosen is None or decided(there) != chosen
    known, signs = pieces.known, np.array(there.signs, dtype=np.int8)
    patterns = known.signs[:][:, known.forms.cuts_by_unit]
    around = pieces.forms[np.all(np.where(patterns == 0, signs == 0, patterns * signs >= 0), axis=1)]
    return bool(np.any(around != around[:1]))


def decided(here: AtPoint) -> int | None:
    """What a network decides: the output that is larger than all others, or whether a single one is positive; None for a tie."""
    if len(here.outputs) == 1:
        return None if here.outputs[0] == 0 else int(here.outputs[0] > 0)
    best = max(here.outputs)
    return here.outputs.index(best) if here.outputs.count(best) == 1 else None


def relevant(walls: Walls, here: AtPoint) -> np.ndarray:
    """The walls at which the decision may change, those of the output that is chosen; all for a single output, and where a gradient
    jumps."""
    chosen = decided(here)
    if not len(walls.members) or walls.pairs[0, 1] < 0:
        return np.arange(len(walls.members))
    return np.flatnonzero(np.any(walls.pairs == (-2 if chosen is None else chosen), axis=1))


def clear(walls: Walls, own: np.ndarray, point: Sequence[Fraction], low: Fraction, norm: str) -> np.ndarray:
    """Whether the hyperplanes of walls are at least ``low`` away from a point."""
    d = lcm(*(v.denominator for v in point))
    forms = walls.forms[own]
    values = np.abs(forms @ np.array([d, *(int(v * d) for v in point)], dtype=object))
    norms = gradient_powers(forms, norm)
    a, b = low.numerator * d, low.denominator
    enough = (values * b) ** 2 >= a**2 * norms if norm == "l2" else values * b >= a * norms
    return np.asarray(enough & (norms > 0), dtype=bool)


def gradient_powers(forms: np.ndarray, norm: str) -> np.ndarray:
    """The norms of the gradients of forms that go with inputs in ``norm``; of l2 their squares."""
    slopes = np.abs(forms[:, 1:])
    if norm == "l2":
        found: np.ndarray = (slopes**2).sum(axis=1)
    else:
        found = slopes.max(axis=1) if dual(norm) == "linf" else slopes.sum(axis=1)
    return found


def _check_separation(pieces: AffinePieces, walls: Walls, s: Separation, x: Point, low: Fraction, norm: str) -> None:
    size = norm_power(s.normal, dual(norm))
    if len(s.normal) != len(x) or size == 0:
        raise NotShown("a normal of a hyperplane is expected")
    for t, left in separated(pieces, walls, s, x):
        least = low * t
        if left < 0 or (left**2 < least**2 * size if norm == "l2" else left < least * size):
            raise NotShown("a wall is not shown to be as far away")


def separated(pieces: AffinePieces, walls: Walls, s: Separation, x: Sequence[Fraction]) -> Iterator[tuple[int, Fraction]]:
    """For each ray (t, y) of a wall t, and u . (y - t x) + l g(t, y)."""
    form = walls.forms[s.wall]
    for v in walls.members[s.wall]:
        t, *y = pieces.rays[v].tolist()
        moved = sum((u * (a - t * b) for u, a, b in zip(s.normal, y, x, strict=True)), Fraction(0))
        yield t, moved + s.turn * int(form @ pieces.rays[v])


def inside(domain: CellDomain, pieces: AffinePieces, point: Point) -> AtPoint:
    """The network at a point. Raises `NotShown` where this is no point of the domain."""
    if len(point) != pieces.known.whole.inputs or not all(isinstance(v, Fraction) for v in point):
        raise NotShown("points of as many exact numbers as there are inputs are expected")
    if any(not a <= v <= b for a, v, b in zip(domain.low, point, domain.high, strict=False)):
        raise NotShown("a point lies outside of the box")
    return at_point(pieces.known.whole, point)
