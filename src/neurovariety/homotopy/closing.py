"""The search for an account: ends of paths become zeros and clusters that are shown, until they add up.

Whatever is done here, only `certificates` decides what is claimed; a wrong turn of the search costs completeness, never truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.account import AtLeast, BezoutAccount, FloatZeros, Shown, Tapes, Zeros, log2_size_of_finite_zeros
from neurovariety.certificates.balls import precision
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_balls import Boxes
from neurovariety.certificates.gaussian import Coefficient, exact, nearest
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.zeros import ClusterZero, SimpleZero, Square, newton
from neurovariety.homotopy.arrays import Complexes, Integers, Truths
from neurovariety.homotopy.certify import inverses, sharpened
from neurovariety.homotopy.cluster_search import cluster, split
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.homogenize import homogenized
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import refine

_GRID = 2.0**-20
"""The patch of a homotopy is rounded to multiples of this, so that it is exact."""
_ITERATIONS = 6
_BITS = (128, 256, 512, 1024)
_NEAR = (1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 5e-2, 0.2)
"""Ends that differ by less, relatively, are tried as one cluster, in this order."""
MOST_CLUSTERS = 60
"""Groups of ends that are tried as a cluster, each some ten milliseconds."""
_MOST_AT_INFINITY = 200
"""Zeros near infinity that are looked at one by one at higher precision."""
_FEW_AT_INFINITY = 12
"""So many are looked at with all of the bits below, more with the first of them."""
_BITS_AT_INFINITY = (256, 1024, 4096)
_SAME = 1e-12
"""Points in doubles that differ by less, relatively, are not looked at once more."""
_MOVED = 1e-8
"""Ends that Newton's iteration moves by more to a zero that is known are looked at once more: others may be near."""
_ELSEWHERE = 1e-3
_SMALLEST_TUBE = 1e-3


@dataclass(eq=False)
class Ledger:
    """What is shown so far of the zeros of ``exact`` on one patch. ``chart`` is the same system there in doubles.

    ``boxes``, ``near`` and ``reach`` are what the checks of ``floats``, ``fine`` and ``clusters`` gave.
    """

    exact: ExactSystem
    patch: tuple[Coefficient, ...]
    chart: System
    square: Square
    floats: FloatZeros
    boxes: Boxes
    fine: list[SimpleZero] = field(default_factory=list)
    near: list[list[flint.arb]] = field(default_factory=list)
    clusters: list[ClusterZero] = field(default_factory=list)
    reach: list[list[flint.arb]] = field(default_factory=list)

    @classmethod
    def of(cls, system: System, parameters: Complexes, program: ExactSystem, patch: Complexes) -> Ledger:
        """An empty one, on the patch next to ``patch`` that has short coefficients."""
        near = np.round(patch / _GRID) * _GRID
        n = system.unknowns
        full = Graph(n + 1)
        x0, x = full.input(0), [full.input(1 + i) for i in range(n)]
        values = [full.constant(complex(v)) for v in parameters]
        forms, _ = homogenized(system.graph, system.equations, n, [*x, *values], x0)
        plane = full.combination([(full.input(i), complex(a)) for i, a in enumerate(near)]) - 1
        chart = System.of(full, [*forms, plane], n + 1)
        exactly = tuple(exact(complex(a)) for a in near)
        square = Square(program.on_patch(exactly))
        nothing = FloatZeros(np.zeros((0, n + 1), dtype=np.complex128), np.zeros((0, n + 1, n + 1), dtype=np.complex128))
        return cls(program, exactly, chart, square, nothing, nothing.boxes(square))

    @cached_property
    def tapes(self) -> Tapes:
        """Of ``square``, made once."""
        return Tapes.of(self.square)

    @property
    def zeros(self) -> Zeros:
        """All of them, to be checked."""
        return Zeros(self.patch, self.floats, tuple(self.fine), tuple(self.clusters))

    @property
    def number(self) -> int:
        """The zeros shown, with multiplicity."""
        return len(self.floats.centres) + len(self.fine) + sum(z.number for z in self.clusters)

    @property
    def shown(self) -> Shown:
        """What is known of them."""
        return Shown(self.zeros, self.boxes, self.near, self.reach)

    def enter(self, points: Complexes) -> Integers:
        """Take in ends of paths (P, n + 1), in projective coordinates: the rows of those that nothing was made of yet."""
        points = self._on_patch(points)
        finite: Truths = np.isfinite(points.sum(axis=1))
        refined, _ = refine(self.chart, np.where(finite[:, None], points, 1.0), [], _ITERATIONS)
        usable = np.isfinite(refined.sum(axis=1)) & finite
        refined = np.where(usable[:, None], refined, 1.0)
        candidates = sharpened(FloatZeros(refined, inverses(self.chart, refined)), self.tapes, [])
        boxes = candidates.boxes_of(self.tapes, np.zeros(0))
        rows = np.flatnonzero(usable & boxes.good)
        count = len(self.floats.centres)
        self._floats(candidates.part(rows), _boxes(boxes, rows))
        again = rows[self._apart() - count] if len(rows) else rows
        moved = np.abs(refined - points).max(axis=1) > _MOVED * np.abs(points).max(axis=1)
        left = finite.copy()
        left[rows] = False
        # Newton's iteration has led to a zero of another path; where none should be there twice, several zeros may lie close.
        left[again] = moved[again] | (not count)
        return np.flatnonzero(left)

    def _on_patch(self, points: Complexes) -> Complexes:
        with np.errstate(all="ignore"):
            found: Complexes = points / (points @ np.array([nearest(a) for a in self.patch]))[:, None]
        return found

    def _floats(self, more: FloatZeros, boxes: Boxes) -> None:
        old = self.floats
        self.floats = FloatZeros(np.concatenate([old.centres, more.centres]), np.concatenate([old.inverses, more.inverses]))
        here, there = self.boxes, boxes
        self.boxes = Boxes(
            np.concatenate([here.radii, there.radii]), np.concatenate([here.near, there.near]), np.concatenate([here.good, there.good])
        )

    def _drop(self, rows: Sequence[int]) -> None:
        kept = np.setdiff1d(np.arange(len(self.floats.centres)), np.array(rows, dtype=np.int64))
        self.floats, self.boxes = self.floats.part(kept), _boxes(self.boxes, kept)

    def _apart(self) -> Integers:
        """Drop floats that are not shown to differ from others, later ones first; those that may differ are looked at more closely.

        Numbers of those that were dropped as the same.
        """
        count = len(self.floats.centres)
        dropped: dict[int, int] = {}
        for low, high in sorted((min(p), max(p)) for p in self.shown.meetings()):
            own, other = (high, low) if high < count else (low, high)
            if own < count and own not in dropped and other not in dropped:
                dropped[own] = other
        points, centres = self.floats.centres, self.shown.centres
        self._drop(sorted(dropped))
        same = []
        for own, other in sorted(dropped.items()):
            if np.abs(points[own] - centres[other]).max() <= _SAME * np.abs(points[own]).max() or not self._fine(points[own]):
                same.append(own)
        return np.array(same, dtype=np.int64)

    def _fine(self, point: Complexes) -> bool:
        """Show a zero near a point at higher precision, and keep it if it is new: whether it was shown at all."""
        x = [flint.acb(z.real, z.imag) for z in point.tolist()]
        for bits in _BITS:
            proposal = newton(self.square, x, bits)
            if proposal is None:
                continue
            try:
                self._added(proposal)
            except NotShown:
                continue
            # Where Newton's iteration has gone elsewhere, what it found is a zero all the same.
            return bool(np.abs(_rounded(proposal) - point).max() <= _ELSEWHERE * np.abs(point).max())
        return False

    def _added(self, proposal: SimpleZero) -> None:
        """Keep a simple zero unless it is there. Raises `NotShown` where it is none."""
        near = proposal.check(self.square)
        self.fine.append(proposal)
        self.near.append(near)
        if self._last_meets(len(self.floats.centres) + len(self.fine) - 1):
            self.fine.pop()
            self.near.pop()

    def _last_meets(self, own: int) -> list[int]:
        return [a + b - own for a, b in self.shown.meetings() if own in (a, b)]

    def _absorbed(self, zero: ClusterZero) -> bool:
        """Keep a cluster, in place of zeros that it may hold, if there are more of them then."""
        number, count = self.number, len(self.floats.centres)
        before = self.floats, self.boxes, list(self.fine), list(self.near), list(self.clusters), list(self.reach)
        self.clusters.append(zero)
        self.reach.append(zero.check(self.square))
        met = self._last_meets(count + len(self.fine) + len(self.clusters) - 1)
        self._drop([k for k in met if k < count])
        for k in sorted((k - count for k in met if k >= count), reverse=True):
            mine, results = (self.fine, self.near) if k < len(before[2]) else (self.clusters, self.reach)
            at = k if k < len(before[2]) else k - len(before[2])
            del mine[at], results[at]
        if self.number > number:
            return True
        self.floats, self.boxes, self.fine, self.near, self.clusters, self.reach = before
        return False

    def look_closer(self, points: Complexes, most: int = MOST_CLUSTERS) -> None:
        """Zeros at higher precision and clusters from ends of paths (P, n + 1) that doubles do not show, ``most`` groups of them."""
        points = self._on_patch(points)
        rest = np.flatnonzero(np.isfinite(points.sum(axis=1)))
        tried: set[tuple[int, ...]] = set()
        for near in _NEAR:
            todo, left = rest, list[int]()
            while len(todo) and len(tried) < most:
                first = points[todo[0]]
                size = float(np.abs(first).max())
                close = np.abs(points[todo] - first).max(axis=1) < near * size
                group, todo = tuple(todo[close].tolist()), todo[~close]
                if group in tried or not self._grouped(points[list(group)], near * size):
                    left += group
                tried.add(group)
            rest = np.array([*left, *todo], dtype=np.int64)

    def _grouped(self, points: Complexes, size: float) -> bool:
        if len(points) == 1 and self._fine(points[0]):
            return True
        middle = [flint.acb(z.real, z.imag) for z in points.mean(axis=0).tolist()]
        found = cluster(self.square, middle, max(size, _SMALLEST_TUBE), len(points))
        if found is None:
            return False
        parts = split(self.square, found)
        if len(parts) == 1:
            return self._absorbed(found)
        for zero in parts:
            if isinstance(zero, SimpleZero):
                self._added(zero)
            else:
                self._absorbed(zero)
        return True

    def no_doubles(self) -> None:
        """Show zeros at higher precision that doubles show: where balls of python-flint contradict these."""
        points = self.floats.centres
        self._drop(list(range(len(points))))
        for point in points:
            self._fine(point)

    def sharpen(self) -> None:
        """Zeros that are not shown to be finite, at higher precision, until they are, or infinite, or very large."""
        finite, count = self.shown.finite, len(self.floats.centres)
        rows = [int(k) for k in np.flatnonzero(~finite) if k < count]
        others = [int(k) - count for k in np.flatnonzero(~finite) if count <= k < count + len(self.fine)]
        if not 0 < len(rows) + len(others) <= _MOST_AT_INFINITY:
            return
        enough = log2_size_of_finite_zeros(self.exact)
        finer = [[flint.acb(z.real, z.imag) for z in p.tolist()] for p in self.floats.centres[rows]]
        finer += [list(self.fine[k].centre) for k in others]
        self._drop(rows)
        for k in reversed(others):
            del self.fine[k], self.near[k]
        for x in finer:
            proposal = self._finest(x, enough, len(finer) <= _FEW_AT_INFINITY)
            if proposal is not None:
                self._added(proposal)

    def _finest(self, x: Sequence[flint.acb], enough: float, few: bool) -> SimpleZero | None:
        best: SimpleZero | None = None
        for bits in _BITS_AT_INFINITY[: 3 if few else 1]:
            if best is not None and _settled(best, enough):
                break
            proposal = newton(self.square, x, bits, _ITERATIONS + bits.bit_length())
            try:
                if proposal is not None:
                    proposal.check(self.square)
                    best = proposal
            except NotShown:
                continue
        return best


def _boxes(boxes: Boxes, rows: Integers) -> Boxes:
    """Those of the chosen rows."""
    return Boxes(boxes.radii[rows], boxes.near[rows], boxes.good[rows])


def _settled(zero: SimpleZero, enough: float) -> bool:
    """Whether x_0 is shown not to be 0, or to be smaller than that of any finite zero."""
    with precision(zero.bits):
        centre, radius = zero.centre[0].mid(), zero.radii[0].upper()
        return bool(abs(centre).lower() > radius) or bool(abs(centre) + radius < flint.arb(2) ** -int(enough + 4))


def _rounded(zero: SimpleZero) -> Complexes:
    return np.array([complex(float(c.real.mid()), float(c.imag.mid())) for c in zero.centre])


def bezout(ledger: Ledger) -> Verdict | None:
    """The proved account, where the zeros add up."""
    if ledger.number != ledger.exact.bezout_number:
        return None
    try:
        return issue(BezoutAccount(ledger.exact.hash, ledger.zeros), ledger.exact)
    except NotShown:
        return None


def at_least(ledger: Ledger) -> Verdict:
    """The proved lower bound."""
    try:
        return issue(AtLeast(ledger.exact.hash, ledger.zeros), ledger.exact)
    except NotShown:
        ledger.no_doubles()
        return issue(AtLeast(ledger.exact.hash, ledger.zeros), ledger.exact)
