"""Families of systems as certificates see them, and solutions put into the form that these ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.account import WIDE, FloatZeros, widths
from neurovariety.certificates.balls import precision
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_tape import enclosed
from neurovariety.certificates.issue import Certificate, Verdict, issue
from neurovariety.certificates.shown_points import Points, Programs, ShownPoints, SystemFamily, meeting
from neurovariety.certificates.stored_families import StoredFamily, family_hash
from neurovariety.certificates.zeros import NotShown, SimpleZero, Square, newton
from neurovariety.homotopy.arrays import Complexes, Integers, Numbers
from neurovariety.homotopy.certify import inverses_of, sharpened
from neurovariety.homotopy.exact_program import exact_family, exact_outputs
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape

_TRIES = ((128, 2), (128, 8), (256, 12))
"""Bits, and steps of Newton's iteration from a solution that was refined in doubles."""
_NEAR = 1e-5
"""Relative distance within which a solution must lie for a point to count as its approximation."""
_MOST_WORK = 2_000_000
"""Points at higher precision times terms of the program, at most: some seconds. The widest boxes come first."""


@runtime_checkable
class Members(Protocol):
    """A family of systems: solutions are told apart by ``prints``; ``moving`` are the parameters that move a slice to parallel ones."""

    @property
    def system(self) -> System: ...
    @property
    def prints(self) -> Tape: ...
    @property
    def coordinates(self) -> Tape: ...
    @property
    def moving(self) -> Integers: ...
    def can_have(self, points: int) -> bool: ...


class ExactIncidence:
    """The exact programs of a family."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self._sizes: dict[int, bool] = {}

    @cached_property
    def system(self) -> ExactSystem:
        return exact_family(self.members.system)

    @property
    def unknowns(self) -> int:
        return self.members.system.unknowns

    @cached_property
    def prints(self) -> ExactSystem:
        return exact_outputs(self.members.prints)

    @cached_property
    def coordinates(self) -> ExactSystem:
        return exact_outputs(self.members.coordinates)

    @cached_property
    def hash(self) -> str:
        return family_hash(self.system, self.prints, self.coordinates, self.unknowns, self.members.moving)

    def stored(self) -> StoredFamily:
        """The programs as data that can be written."""
        return StoredFamily(self.system, self.prints, self.coordinates, self.unknowns, np.array(self.members.moving, dtype=np.int64))

    def parallel(self, here: np.ndarray, there: np.ndarray) -> bool:
        return np.array_equal(np.delete(here, self.members.moving), np.delete(there, self.members.moving))

    def can_have(self, points: int) -> bool:
        if points not in self._sizes:
            self._sizes[points] = self.members.can_have(points)
        return self._sizes[points]


def shown(
    certificate: Callable[[tuple[Points, ...]], Certificate], incidence: ExactIncidence, *lists: tuple[Numbers, Numbers]
) -> Verdict:
    """The verdict of what a certificate makes of lists of solutions, each with its parameters: in doubles where these do, at higher
    precision elsewhere. Raises `NotShown`."""
    try:
        return issue(certificate(tuple(plain_points(incidence, x, p) for x, p in lists)), incidence)
    except NotShown:
        return issue(certificate(tuple(points_of(incidence, x, p) for x, p in lists)), incidence)


def plain_points(incidence: ExactIncidence, solutions: Numbers, parameters: Numbers) -> Points:
    """Solutions (D, n) at ``parameters`` as points to be shown in balls of doubles."""
    return _in_doubles(incidence, solutions, parameters)


def _in_doubles(family: SystemFamily, solutions: Numbers, parameters: Numbers) -> Points:
    x = np.ascontiguousarray(solutions, dtype=np.complex128).reshape(-1, family.unknowns)
    p = np.asarray(parameters, dtype=np.complex128)
    return Points(p, sharpened(FloatZeros(x, inverses_of(jacobians_at(family, x, p), x)), Programs.of(family).tapes, p))


def jacobians_at(family: SystemFamily, x: Complexes, p: Complexes) -> Complexes:
    """Jacobians (D, n, n) of the member at parameters ``p`` (m,), by the programs that are checked: no other tape is recorded."""
    n = family.unknowns
    found = enclosed(Programs.of(family).tapes.both, np.hstack([x, np.broadcast_to(p, (len(x), len(p)))]))
    return found.values[:, n:].reshape(-1, n, n)


def points_of(incidence: ExactIncidence, solutions: Numbers, parameters: Numbers) -> Points:
    """Solutions (D, n) at ``parameters`` as points to be shown: at higher precision where doubles do not do."""
    return points_near(incidence, solutions, parameters)


def points_near(family: SystemFamily, solutions: Numbers, parameters: Numbers) -> Points:
    """The same for any family."""
    plain, programs = _in_doubles(family, solutions, parameters), Programs.of(family)
    x, p = plain.zeros.centres, plain.parameters
    boxes = plain.zeros.boxes_of(programs.tapes, p)
    width = widths(boxes, x)
    width[~boxes.good] = np.inf
    order = np.argsort(-width)[: max(_MOST_WORK // max(programs.terms, 1), 1)]
    rows = set(order[width[order] > WIDE].tolist())
    if boxes.good.all():
        pair = meeting(ShownPoints(plain, boxes, programs, {}).images(programs.prints))
        rows |= set(pair or ())
    square = programs.at(p)
    fine = {k: zero for k in sorted(rows) if (zero := _finer(square, x[k])) is not None}
    return Points(p, plain.zeros, fine)


def shown_part(incidence: ExactIncidence, solutions: Numbers, parameters: Numbers) -> Points:
    """Those of the solutions that are shown and different, as far as a pass over them tells."""
    return part_of(incidence, points_of(incidence, solutions, parameters))


def part_of(family: SystemFamily, found: Points) -> Points:
    """Those points of a family that are shown and different."""
    programs = Programs.of(family)
    kept = np.flatnonzero(found.boxes(programs, found.near_fine(programs)).good)
    while True:
        part = Points(
            found.parameters, found.zeros.part(kept), {i: found.fine[k] for i, k in enumerate(kept.tolist()) if k in found.fine}
        )
        if not len(part):
            return part
        pair = meeting(part.shown(programs).images(programs.prints))
        if pair is None:
            return part
        kept = np.delete(kept, pair[1])


def _finer(square: Square, x: np.ndarray) -> SimpleZero | None:
    """The zero near a point at higher precision; None where it has no box, or Newton's iteration goes elsewhere."""
    for bits, steps in _TRIES:
        zero = newton(square, [flint.acb(z.real, z.imag) for z in x.tolist()], bits, steps)
        if zero is None:
            continue
        with precision(bits):
            away = max(float(abs(c - flint.acb(z.real, z.imag)).upper()) for c, z in zip(zero.centre, x.tolist(), strict=True))
        if away > _NEAR * max(np.abs(x).max(initial=0.0), 1e-300):
            return None
        try:
            zero.check(square)
        except NotShown:
            continue
        return zero
    return None
