"""Simple zeros of a family of square systems, each shown, and told apart by their images: what tests of completeness speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary, ref

import flint
import numpy as np

from neurovariety.certificates.account import FloatZeros, Tapes
from neurovariety.certificates.balls import about, ball, precision
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.float_balls import Balls, Boxes
from neurovariety.certificates.float_tape import FloatTape, enclosed, float_tape
from neurovariety.certificates.zeros import NotShown, SimpleZero, Square

_SAMPLE = 2
"""Of the zeros shown in balls of doubles so many are shown once more in python-flint's."""


@runtime_checkable
class Systems(Protocol):
    """Square systems in ``unknowns`` and then parameters."""

    @property
    def hash(self) -> str: ...
    @property
    def system(self) -> ExactSystem: ...
    @property
    def unknowns(self) -> int: ...


@runtime_checkable
class SystemFamily(Systems, Protocol):
    """Zeros that belong to members of a family: a square ``system`` in unknowns and then parameters, the ``prints`` by which zeros are
    told apart and the ``coordinates`` in which their variety lies, all in the unknowns. Exact, and trusted to be what it is called."""

    @property
    def prints(self) -> ExactSystem: ...
    @property
    def coordinates(self) -> ExactSystem: ...
    def parallel(self, here: np.ndarray, there: np.ndarray) -> bool:
        """Whether two members are parallel slices."""
        ...

    def can_have(self, points: int) -> bool:
        """Whether exact arithmetic allows so few points on a member."""
        ...


class Programs:
    """The programs of an incidence as tapes."""

    @classmethod
    def of(cls, incidence: SystemFamily) -> Programs:
        """Those of an incidence, made once."""
        if incidence not in _KNOWN:
            _KNOWN[incidence] = cls(incidence)
        return _KNOWN[incidence]

    def __init__(self, incidence: SystemFamily) -> None:
        self._incidence = ref(incidence)
        self.system = incidence.system
        self._square = Square(self.system, [0] * (self.system.unknowns - incidence.unknowns))

    @property
    def terms(self) -> int:
        """Terms of a run with derivatives."""
        return self._square.terms

    def at(self, parameters: np.ndarray) -> Square:
        """The system at parameters (m,)."""
        return Square(self.system, parameters.tolist(), self._square)

    @cached_property
    def tapes(self) -> Tapes:
        """Equations with derivatives, and alone."""
        return Tapes.of(self._square)

    @cached_property
    def prints(self) -> WithTape:
        return with_tape(self._made().prints)

    def _made(self) -> SystemFamily:
        found = self._incidence()
        assert found is not None
        return found

    @cached_property
    def coordinates(self) -> WithTape:
        return with_tape(self._made().coordinates)


WithTape = tuple[ExactSystem, FloatTape]
_KNOWN: WeakKeyDictionary[SystemFamily, Programs] = WeakKeyDictionary()


def with_tape(program: ExactSystem) -> WithTape:
    """A program, and the same for balls of doubles."""
    return program, float_tape(program)


@dataclass(frozen=True, eq=False)
class Points:
    """Zeros of the member at ``parameters`` (m,): ``zeros`` for balls of doubles, in the places of ``fine`` others at higher
    precision."""

    parameters: np.ndarray
    zeros: FloatZeros
    fine: Mapping[int, SimpleZero] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.zeros.centres)

    def shown(self, programs: Programs) -> ShownPoints:
        """All of them, each shown. Raises `NotShown`."""
        near = self.near_fine(programs)
        boxes = self.boxes(programs, near)
        if not boxes.good.all():
            raise NotShown("Krawczyk's operator does not map a box into itself")
        return ShownPoints(self, boxes, programs, near)

    def near_fine(self, programs: Programs) -> dict[int, list[flint.arb]]:
        """How near the zeros at higher precision lie to their centres. Raises `NotShown`."""
        if not self.fine:
            return {}
        square = programs.at(self.parameters)
        return {k: zero.check(square) for k, zero in self.fine.items()}

    def boxes(self, programs: Programs, near_fine: Mapping[int, list[flint.arb]]) -> Boxes:
        """What is shown of each."""
        square = programs.at(self.parameters)
        found = self.zeros.boxes_of(programs.tapes, self.parameters)
        for k, zero in self.fine.items():
            with precision(zero.bits):
                centres = zip(near_fine[k], zero.centre, self.zeros.centres[k].tolist(), strict=True)
                away = [_above(r + abs(c - ball(z))) for r, c, z in centres]
            found.good[k], found.near[k], found.radii[k] = True, away, away
        plain = np.flatnonzero(found.good & ~np.isin(np.arange(len(self)), list(self.fine)))
        for k in plain[:: max(1, -(-len(plain) // _SAMPLE))]:
            self.zeros.once_more(int(k), square, found)
        return found


@dataclass(frozen=True, eq=False)
class ShownPoints:
    """Points of which it is shown that each is near one zero."""

    points: Points
    boxes: Boxes
    programs: Programs
    near_fine: Mapping[int, list[flint.arb]]

    def images(self, which: WithTape) -> Balls:
        """Balls of functions of the zeros, and perhaps of the first parameters: ``values`` (D, K) and ``sizes``.

        Raises `NotShown` where a division meets 0."""
        exact, tape = which
        runs: dict[int, Over] = {}
        centres, near = self.points.zeros.centres, self.boxes.near
        beside = self.points.parameters[: exact.unknowns - centres.shape[1]]
        if len(beside):
            centres = np.hstack([centres, np.broadcast_to(beside, (len(centres), len(beside)))])
            near = np.hstack([near, np.zeros((len(near), len(beside)))])
        out = enclosed(tape, centres, near)
        for bits in {zero.bits for zero in self.points.fine.values()}:
            with precision(bits):
                runs[bits] = Over(exact, ball)
        for k, zero in self.points.fine.items():
            run = runs[zero.bits]
            with precision(zero.bits):
                box = [about(c.mid(), r) for c, r in zip(zero.centre, self.near_fine[k], strict=True)]
                found = run([*box, *map(ball, beside.tolist())])
                out.values[k] = [complex(float(v.real.mid()), float(v.imag.mid())) for v in found]
                out.sizes[k] = [_above(abs(v - ball(complex(z)))) for v, z in zip(found, out.values[k].tolist(), strict=True)]
                out.good[k] = np.isfinite(out.sizes[k]).all()
        if not out.good.all():
            raise NotShown("a division meets 0")
        return out

    def check_different(self) -> None:
        """Raises `NotShown` where the prints of two are not shown to be different."""
        pair = meeting(self.images(self.programs.prints))
        if pair is not None:
            raise NotShown(f"points {pair[0]} and {pair[1]} are not shown to be different")


def meeting(images: Balls) -> tuple[int, int] | None:
    """Two rows whose balls meet in every coordinate; a sweep over the real part of the first."""
    z, r = images.values, images.sizes
    slack = 1e-15 * np.abs(z[:, 0])
    low, high = z[:, 0].real - r[:, 0] - slack, z[:, 0].real + r[:, 0] + slack
    order = np.argsort(low)
    for at, k in enumerate(order):
        for other in order[at + 1 :]:
            if low[other] > high[k]:
                break
            if not (np.abs(z[k] - z[other]) * (1 - 1e-14) > r[k] + r[other]).any():
                return int(k), int(other)
    return None


def _above(r: flint.arb) -> float:
    return float(r.upper()) * (1 + 1e-15) + 1e-300
