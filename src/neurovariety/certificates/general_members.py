"""How the number of solutions at general parameters bounds that of a stated problem: the relation between both, and that it holds.

A number of solutions is one of a family of systems, at general parameters. It bounds the isolated solutions of another problem where
that is a member of the family, or one of it in the limit; a number for something else says nothing. So who uses such a number says how
the systems asked for come from the others, and the check sees that they do: programs of both are run at a place mod a prime, both made
from sha256 of the programs, where systems that differ agree with a probability below 2^-50.

- The same systems, at other parameters.
- `Substituted`: some parameters are held, or move on a line whose points are further solutions, cut by a general hyperplane. Points of
  a curve above one point of the line are no more than those on a general hyperplane.
- `OtherQuadric`: critical points of two quadratic distances on the same coordinates. General diagonal quadrics count like general ones
  (Aluffi, Harris 2018), of which the stated one is a limit.
- `OnChart`: critical points of a loss in charts of the weights; for general parameters one of them has all whose image is dense, since
  the coordinates have as many independent derivatives there as weights are free.

A number that holds for some parameters as they are, since a list was closed by loops of others alone, bounds only problems with these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.gaussian import exact
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.modular_account import carried_into
from neurovariety.certificates.shown_points import SystemFamily, Systems
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

SLICE, CRITICAL_POINTS = "points on a general slice", "critical points"
GENERAL = (SLICE, CRITICAL_POINTS)
"""What may bound the number of points of a stated problem."""
_SURE = (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE)
_BITS = 60
Places = Sequence[tuple[int, int, int, float]]
"""Entries of a quadric: (row, column, number of the parameter, factor), row >= column."""


def is_number(general: Verdict) -> bool:
    """Whether it is known how many solutions there are at general parameters of the systems that the verdict was checked on."""
    said, on = general.statement, general.on
    known = general.shown and said.kind in GENERAL and general.claim in _SURE
    return known and isinstance(on, Systems) and on.hash == said.subject


@dataclass(frozen=True)
class Substituted:
    """The systems asked for are the general ones where each parameter of theirs is put in: number ``starts[i]`` of the general ones,
    or held as it is where that is -1.

    With ``steps``, s times number ``steps[i]`` (none where it is -1) is added; s is the last unknown of the general systems, and their
    last equation the hyperplane alpha s + beta m - gamma, alpha, beta and gamma their last parameters, m a function of the others.
    """

    starts: tuple[int, ...]
    steps: tuple[int, ...] = ()

    def check(self, general: Systems, subject: Systems, parameters: np.ndarray) -> None:
        """Raises `NotShown` where they are not."""
        n, lines = subject.unknowns, bool(self.steps)
        free, own = general.system.unknowns - general.unknowns, subject.system.unknowns - n
        sized = len(self.starts) == own == len(parameters) and general.unknowns == n + lines and len(self.steps) in (0, own)
        if not sized or any(not -1 <= i < free - 3 * lines for i in (*self.starts, *self.steps)):
            raise NotShown("the general systems have other unknowns or parameters")
        place = PlaceOfPrograms(general.system, subject.system)
        x, q = place.draw(n + lines), place.draw(free)
        at = [place.of(v) if i < 0 else q[i] for i, v in zip(self.starts, parameters.tolist(), strict=True)]
        if lines:
            at = [a if k < 0 else a + x[n] * q[k] for a, k in zip(at, self.steps, strict=True)]
        found = place.run(general.system, [*x, *q])
        if found[:n] != place.run(subject.system, [*x[:n], *at]) or len(found) != n + lines:
            raise NotShown("the systems are not those of the general problem")
        if lines:
            self._check_hyperplane(place, general, x, q)

    @staticmethod
    def _check_hyperplane(place: PlaceOfPrograms, general: Systems, x: list[Any], q: list[Any]) -> None:
        zero, one = x[0] - x[0], x[0] / x[0]

        def last(a: Any, b: Any, c: Any, s: Any = x[-1]) -> Any:
            return place.run(general.system, [*x[:-1], s, *q[:-3], a, b, c])[-1]

        m = last(zero, one, zero)
        expected = q[-3] * x[-1] + q[-2] * m - q[-1]
        if last(*q[-3:]) != expected or last(zero, one, zero, x[-1] + one) != m or not m:
            raise NotShown("the last equation is no general hyperplane")


def _gradient(
    place: PlaceOfPrograms, coordinates: ExactSystem, places: Places | None, x: list[Any], parameters: list[Any]
) -> list[Any]:
    """The gradient, by the unknowns x, of the quadric with these places (a diagonal one where they are None) on coordinates, at the
    parameters: what is to be fitted, and then those of the quadric."""
    n, r = len(coordinates.equations), len(x)
    both = place.run(coordinates.with_jacobian(r), x)
    c, slopes = both[:n], both[n:]
    off = [-v for v in parameters[:n]]
    for i, k, at, factor in [(i, i, i, 1.0) for i in range(n)] if places is None else places:
        entry = parameters[n + at] * place.of(factor)
        off[i] = off[i] + entry * c[k]
        if i != k:
            off[k] = off[k] + entry * c[i]
    return [sum((off[i] * slopes[i * r + k] for i in range(1, n)), off[0] * slopes[k]) for k in range(r)]


def _check_diagonal(place: PlaceOfPrograms, general: SystemFamily, x: list[Any]) -> None:
    n = len(general.coordinates.equations)
    if general.system.unknowns != len(x) + 2 * n:
        raise NotShown("the general systems are not those of diagonal quadrics")
    q = place.draw(2 * n)
    if place.run(general.system, [*x, *q]) != _gradient(place, general.coordinates, None, x, q):
        raise NotShown("the general systems are not those of diagonal quadrics")


@dataclass(frozen=True)
class OtherQuadric:
    """Gradients of quadrics on the same coordinates: the general ones diagonal, those asked for with entries in these ``places``."""

    places: tuple[tuple[int, int, int, float], ...]

    def check(self, general: Systems, subject: Systems, parameters: np.ndarray) -> None:
        """Raises `NotShown` where they are not."""
        if not isinstance(general, SystemFamily) or not isinstance(subject, SystemFamily):
            raise NotShown("systems with coordinates are expected")
        n, r = len(subject.coordinates.equations), subject.unknowns
        count = subject.system.unknowns - r - n
        inside = all(0 <= k <= i < n and 0 <= at < count for i, k, at, _ in self.places)
        if general.unknowns != r or count < 0 or not inside or len(general.coordinates.equations) != n or not n * r:
            raise NotShown("the general systems have other unknowns or parameters")
        place = PlaceOfPrograms(general.system, subject.system)
        x = place.draw(r)
        if place.run(general.coordinates, x) != place.run(subject.coordinates, x):
            raise NotShown("the coordinates are others")
        _check_diagonal(place, general, x)
        q = place.draw(n + count)
        if place.run(subject.system, [*x, *q]) != _gradient(place, subject.coordinates, self.places, x, q):
            raise NotShown("the systems are not those of a quadric")


@dataclass(frozen=True)
class OnChart:
    """The general critical points are those in the chart of the weights ``free``, the others held at the integers ``fixed``; for the
    quadrics of the loss, or, where these are others, for ``diagonal`` ones."""

    free: tuple[int, ...]
    fixed: tuple[int, ...]
    diagonal: bool

    def check(self, general: Verdict, chart: SystemFamily, loss: np.ndarray) -> None:
        """Raises `NotShown` where they are not: ``chart`` has the systems in those weights, and the ``loss`` last."""
        on, held = general.on, len(self.fixed)
        if not is_number(general) or not isinstance(on, SystemFamily):
            raise NotShown("the number at general parameters is not known")
        n, r = len(on.coordinates.equations), on.unknowns
        sized = (chart.unknowns, chart.system.unknowns) == (r, r + held + len(loss)) and len(self.free) == r and n * r
        if not sized or len(chart.coordinates.equations) != n:
            raise NotShown("the general systems have other unknowns or parameters")
        place = PlaceOfPrograms(on.system, chart.system)
        x, fixed = place.draw(r), [place.of(v) for v in self.fixed]
        if place.run(on.coordinates, x) != place.run(chart.coordinates, [*x, *fixed]):
            raise NotShown("the coordinates are others")
        slopes = place.run(on.coordinates.with_jacobian(r), x)[n:]
        if flint.nmod_mat(n, r, [int(v) for v in slopes], place.prime).rank() < r:
            raise NotShown("the image of the chart may be smaller than the set of functions")
        kept = kept_by(general)
        if self.diagonal:
            _check_diagonal(place, on, x)
        else:
            q = place.draw(len(loss))
            if place.run(on.system, [*x, *q]) != place.run(chart.system, [*x, *fixed, *q]):
                raise NotShown("the number is one of other systems")
        if kept is not None and (self.diagonal or not kept.holds(loss)):
            raise NotShown("the number is one for other parameters, which are as they are in it")


Relation = Substituted | OtherQuadric | None


def check_bound(general: Verdict, subject: Systems, parameters: np.ndarray, by: Relation) -> None:
    """Raises `NotShown` unless a number at general parameters bounds that of isolated solutions of the system at ``parameters``."""
    if not is_number(general):
        raise NotShown("the number at general parameters is not known")
    on = general.on
    if by is not None:
        by.check(on, subject, parameters)
    elif on.system.hash != subject.system.hash or on.unknowns != subject.unknowns:
        raise NotShown("the number is one of other systems")
    kept = kept_by(general)
    if kept is not None and (by is not None or not kept.holds(parameters)):
        raise NotShown("the number is one for other parameters, which are as they are in it")


@dataclass(frozen=True)
class HeldParameters:
    """The ``parameters`` of a number that holds for those that are not among ``moving`` as they are."""

    parameters: np.ndarray
    moving: tuple[int, ...]

    def holds(self, parameters: np.ndarray) -> bool:
        """Whether these are the same at others."""
        if len(parameters) != len(self.parameters):
            return False
        here, there = (np.delete(p, list(self.moving)) for p in (parameters, self.parameters))
        return np.array_equal(here, there)


def kept_by(general: Verdict) -> HeldParameters | None:
    """Which parameters a number is for; None where it is for general ones. Whoever rests on a list that is closed by loops of some
    parameters alone inherits the others."""
    own = general.certificate
    inherited = getattr(own, "general", None)
    before = kept_by(inherited) if isinstance(inherited, Verdict) else None
    moving = getattr(own, "moving", None)
    if moving is None:
        return before
    parameters = own.points.parameters  # type: ignore[union-attr]
    both = set(moving) if before is None else set(moving) & set(before.moving)
    return HeldParameters(parameters, tuple(sorted(both))) if len(both) < len(parameters) else None


class PlaceOfPrograms:
    """Residues mod a prime, both made from the programs that are run there."""

    def __init__(self, *systems: ExactSystem) -> None:
        self._text, self._drawn = "".join(s.hash for s in systems), 0
        p = 2 ** (_BITS - 1) + 4 * (self._number() % 2 ** (_BITS - 4)) + 1  # mod such primes there is a root of -1
        while not flint.fmpz(p).is_prime():
            p += 4
        self.prime, self._carried = p, carried_into(p)

    def _number(self) -> int:
        self._drawn += 1
        return int.from_bytes(hashlib.sha256(f"{self._text}{self._drawn}".encode()).digest())

    def draw(self, count: int) -> list[Any]:
        """Residues that are not 0."""
        return [flint.nmod(1 + self._number() % (self.prime - 1), self.prime) for _ in range(count)]

    def of(self, value: complex) -> Any:
        """The residue of the binary fractions that a float, or a complex number, stores."""
        if not np.isfinite(value):
            raise NotShown("parameters are finite numbers")
        return flint.nmod(self._carried(exact(complex(value))), self.prime)

    def run(self, system: ExactSystem, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of a program. Raises `NotShown` where a division meets 0."""
        if len(inputs) != system.unknowns:
            raise NotShown("the general systems have other unknowns or parameters")
        try:
            return Over(system, lambda c: flint.nmod(self._carried(c), self.prime))(inputs)
        except ZeroDivisionError:
            raise NotShown("a division meets 0") from None
