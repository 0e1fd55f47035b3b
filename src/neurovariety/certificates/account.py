"""Accounts: zeros that are shown and different, and a number that there cannot be more of.

`BezoutAccount`. Zeros in P^n of the forms of degrees d_1, ..., d_n lie on the patch a.x = 1, but for those with a.x = 0. If zeros and
clusters on the patch add up to D = d_1 ... d_n, with multiplicity, there is no other zero in P^n, isolated or not: if z were one, take
F + e G with G general among the systems with G(z) = 0. For small e the boxes and tubes keep D zeros in all, z is one more, and for
general such G all zeros are isolated, against Bézout.

`AtLeast`. The same zeros without the sum: so many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import floor, inf, log2
from typing import NamedTuple

import flint
import numpy as np

from neurovariety.certificates.balls import about, lower, precision, upper
from neurovariety.certificates.double_double import residuals
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.float_balls import Approximations, Balls, Boxes, krawczyk
from neurovariety.certificates.float_tape import FloatTape, enclosed, float_tape
from neurovariety.certificates.gaussian import Coefficient
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import ClusterZero, NotShown, SimpleZero, Square
from neurovariety.claim import Claim

_TRIES = 6
WIDE = 1e-12
"""A box that is wider, relatively, is made smaller where that is possible."""
_SAMPLE = 64
"""Of the zeros shown in balls of doubles so many are shown once more in python-flint's."""


class Tapes(NamedTuple):
    """Tapes of a square system: values with derivatives, and values alone."""

    both: FloatTape
    values: FloatTape

    @classmethod
    def of(cls, system: Square) -> Tapes:
        return cls(float_tape(system.both), float_tape(system.system))


def widths(boxes: Boxes, points: np.ndarray) -> np.ndarray:
    """How wide boxes (P,) are beside the largest coordinates of their points (P, n)."""
    wide: np.ndarray = (boxes.near / np.abs(points).max(axis=1, initial=1e-300, keepdims=True)).max(axis=1, initial=0.0)
    return wide


@dataclass(frozen=True, eq=False)
class FloatZeros:
    """Many simple zeros, for balls of doubles: ``centres`` (S, N), and ``inverses`` (S, N, N) near those of the Jacobians."""

    centres: np.ndarray
    inverses: np.ndarray

    def boxes(self, system: Square) -> Boxes:
        """What Krawczyk's operator shows of each."""
        return self.boxes_of(Tapes.of(system), np.zeros(0))

    def boxes_of(self, tapes: Tapes, parameters: np.ndarray) -> Boxes:
        """The same at ``parameters`` (m,). Where residuals in doubles leave much room, they are found in double doubles."""
        near = self.at(parameters)
        values, wide = self.residuals(tapes.values, near)
        if len(wide):
            chosen = Approximations(*(np.ascontiguousarray(part[wide]) for part in near))
            for old, new in zip(values, residuals(tapes.values, chosen), strict=True):
                old[wide] = new
        found = Boxes(np.zeros(near.points.shape), np.zeros(near.points.shape), np.zeros(len(near.points), dtype=np.bool_))
        krawczyk(tapes.both.arrays, tapes.both.rounded, near, values, _TRIES, found)
        # Twice as much as needed, so that python-flint, which encloses a disc in a square, shows the same.
        found.good[:] &= (found.near <= found.radii / 2).all(axis=1)
        return found

    def residuals(self, tape: FloatTape, near: Approximations) -> tuple[Balls, np.ndarray]:
        """Balls of doubles that hold what a tape makes of the centres, and the rows in which these leave room for wide boxes."""
        values = enclosed(tape, np.hstack([near.points, near.parameters]))
        with np.errstate(all="ignore"):
            room = np.einsum("kij,kj->ki", np.abs(self.inverses), values.sizes)
            room += np.abs(np.einsum("kij,kj->ki", self.inverses, values.values))
            small = values.good & (room.max(axis=1, initial=0.0) <= WIDE * np.abs(near.points).max(axis=1, initial=0.0))
        return values, np.flatnonzero(~small) if not tape.rounded else np.zeros(0, dtype=np.int64)

    def at(self, parameters: np.ndarray) -> Approximations:
        """The zeros of the member at ``parameters`` (m,), as `krawczyk` takes them."""
        count = len(self.centres)
        fixed = np.ascontiguousarray(np.broadcast_to(parameters.astype(np.complex128), (count, len(parameters))))
        return Approximations(np.ascontiguousarray(self.centres), fixed, np.ascontiguousarray(self.inverses))

    def once_more(self, k: int, square: Square, boxes: Boxes) -> None:
        """One of those that were shown in doubles, in python-flint's balls. Raises `NotShown`."""
        with precision(128):
            centre = tuple(flint.acb(z.real, z.imag) for z in self.centres[k].tolist())
            inverse = tuple(flint.acb(z.real, z.imag) for z in self.inverses[k].reshape(-1).tolist())
        # python-flint encloses a disc in a square: where the box is too large for that, a smaller one holds the zero as well.
        boxed, smaller = (
            SimpleZero(centre, tuple(map(flint.arb, r.tolist())), inverse, 128) for r in (boxes.radii[k], 2 * boxes.near[k])
        )
        try:
            boxed.check(square)
        except NotShown:
            smaller.check(square)

    def part(self, rows: np.ndarray) -> FloatZeros:
        return FloatZeros(self.centres[rows], self.inverses[rows])


@dataclass(frozen=True, eq=False)
class Zeros:
    """Zeros on the patch a.x = 1 of projective space, of three kinds: in doubles, at higher precision, clusters."""

    patch: tuple[Coefficient, ...]
    floats: FloatZeros
    fine: tuple[SimpleZero, ...] = ()
    clusters: tuple[ClusterZero, ...] = ()

    @property
    def others(self) -> list[SimpleZero | ClusterZero]:
        """Those that are not shown in doubles."""
        return [*self.fine, *self.clusters]

    def shown(self, system: ExactSystem) -> Shown:
        """All of them checked and told apart. Raises `NotShown`."""
        square = Square(system.on_patch(self.patch))
        boxes = self.floats.boxes(square)
        if not boxes.good.all():
            raise NotShown("Krawczyk's operator does not map a box into itself")
        self._once_more(square, boxes)
        near = [z.check(square) for z in self.fine]
        reach = [z.check(square) for z in self.clusters]
        shown = Shown(self, boxes, near, reach)
        pair = shown.first_meeting()
        if pair is not None:
            raise NotShown(f"zeros {pair[0]} and {pair[1]} are not shown to be different")
        return shown

    def _once_more(self, square: Square, boxes: Boxes) -> None:
        """Some of the zeros shown in doubles, evenly among them, in python-flint's balls."""
        count = len(self.floats.centres)
        for k in range(0, count, max(1, -(-count // _SAMPLE))):
            self.floats.once_more(k, square, boxes)


@dataclass(frozen=True, eq=False)
class Shown:
    """What was shown of `Zeros`: boxes in doubles, how near the fine zeros lie, how far the tubes reach."""

    zeros: Zeros
    boxes: Boxes
    near: list[list[flint.arb]]
    reach: list[list[flint.arb]]

    @cached_property
    def centres(self) -> np.ndarray:
        """All centres, rounded."""
        n = len(self.zeros.patch)
        rest = [[_double(c) for c in z.centre] for z in self.zeros.others]
        return np.concatenate([self.zeros.floats.centres, np.array(rest, dtype=np.complex128).reshape(-1, n)])

    @cached_property
    def radii(self) -> np.ndarray:
        """Radii around the rounded centres within which all that is spoken of lies."""
        n = len(self.zeros.patch)
        rest = np.array([[_above(r) for r in row] for row in (*self.near, *self.reach)]).reshape(-1, n)
        rounding = np.abs(self.centres[len(self.boxes.near) :]) * 2.0**-51 + 1e-300
        return np.concatenate([self.boxes.near, rest * (1 + 1e-12) + rounding])

    @property
    def multiplicities(self) -> list[int]:
        """How many zeros each stands for."""
        return [1] * (len(self.centres) - len(self.reach)) + [z.number for z in self.zeros.clusters]

    def first_meeting(self) -> tuple[int, int] | None:
        """Two of them that are not shown to be different."""
        return next(iter(self.meetings()), None)

    def meetings(self) -> list[tuple[int, int]]:
        """All pairs that are not shown to be different."""
        z, r = self.centres, self.radii
        if not len(z):
            return []
        spread = int(np.argmax(np.ptp(z.real, axis=0)))
        low, high = z[:, spread].real - r[:, spread], z[:, spread].real + r[:, spread]
        slack = 1e-15 * np.abs(z[:, spread])
        order = np.argsort(low - slack)
        found = []
        for at, k in enumerate(order):
            for other in order[at + 1 :]:
                if low[other] - slack[other] > high[k] + slack[k]:
                    break
                apart = np.abs(z[k] - z[other]) * (1 - 1e-14) > r[k] + r[other]
                if not apart.any() and not self._apart(int(k), int(other)):
                    found.append((int(k), int(other)))
        return found

    def _apart(self, a: int, b: int) -> bool:
        """Whether two are different, at the precision of both."""
        with precision(4096):
            (x, r), (y, s) = self._exactly(a), self._exactly(b)
            return any(bool(lower(p - q) > u + v) for p, q, u, v in zip(x, y, r, s, strict=True))

    def _exactly(self, k: int) -> tuple[list[flint.acb], list[flint.arb]]:
        count = len(self.boxes.near)
        if k < count:
            centre = [flint.acb(z.real, z.imag) for z in self.zeros.floats.centres[k].tolist()]
            return centre, [flint.arb(v) for v in self.boxes.near[k].tolist()]
        zero = self.zeros.others[k - count]
        return [c.mid() for c in zero.centre], (*self.near, *self.reach)[k - count]

    @cached_property
    def finite(self) -> np.ndarray:
        """Which of them are shown to be finite: x_0 is not 0."""
        found = np.abs(self.centres[:, 0]) * (1 - 1e-14) > self.radii[:, 0]
        for k in np.flatnonzero(~found):
            if k >= len(self.boxes.near):
                centre, radii = self._exactly(int(k))
                with precision(4096):
                    found[k] = bool(lower(centre[0]) > radii[0])
        return found

    def finite_count(self, simple: bool = False) -> int:
        """How many zeros are shown to be finite: with multiplicity, or the simple ones."""
        return sum(m for m, finite in zip(self.multiplicities, self.finite, strict=True) if finite and (m == 1 or not simple))

    def value(self, bound: float) -> dict[str, object]:
        """What is said of them: finite ones, those at infinity, and others that are at infinity or larger than a size.

        No finite zero has a size of 2^bound or more.
        """
        pairs = list(zip(self.multiplicities, self.finite, strict=True))
        sizes = self.log2_sizes()
        far = [m for m, finite in pairs if not finite]
        vague = [size for size in sizes if size <= bound]
        return {
            "simple": self.finite_count(simple=True),
            "clusters": tuple(m for m, finite in pairs if finite and m > 1),
            "at_infinity": sum(m for m, size in zip(far, sizes, strict=True) if size > bound),
            "at_infinity_or_larger": sum(m for m, size in zip(far, sizes, strict=True) if size <= bound),
            "log2_larger_than": max(floor(min(vague)), 0) if vague else None,
        }

    def affine(self) -> np.ndarray:
        """The centres x_i / x_0 (K, n), rounded."""
        with np.errstate(all="ignore"):
            found = self.centres[:, 1:] / self.centres[:, :1]
        for k in range(len(self.boxes.near), len(found)):
            centre, _ = self._exactly(k)
            with precision(4096):
                found[k] = [_double(c / centre[0]) if not centre[0].contains(0) else np.inf for c in centre[1:]]
        return found

    def affine_radii(self) -> np.ndarray:
        """Distances (K,) from `affine`, in every coordinate, within which the zeros lie; infinite where they may be."""
        centres, radii = self.centres, self.radii
        with np.errstate(all="ignore"):
            low = np.abs(centres[:, 0]) - radii[:, 0]
            quotient = np.abs(centres[:, 1:]).max(axis=1, initial=0.0) / np.abs(centres[:, 0])
            found = (radii[:, 1:].max(axis=1, initial=0.0) + quotient * radii[:, 0]) / low * (1 + 1e-12) + 1e-15 * quotient
        return np.where(low > 0, found, np.inf)

    def log2_sizes(self) -> list[float]:
        """For each that is not shown to be finite, log2 of a size below which it is none: max |x_i| / |x_0| is larger."""
        found = []
        for k in np.flatnonzero(~self.finite):
            centre, radii = self._exactly(int(k))
            with precision(4096):
                balls = [about(c, flint.arb(r)) for c, r in zip(centre, radii, strict=True)]
                largest = max((lower(b) for b in balls[1:]), default=flint.arb(0))
                found.append(_log2(largest / upper(balls[0])))
        return found


def _log2(x: flint.arb) -> float:
    return float((x.log() / flint.arb(2).log()).lower()) if x > 0 else 0.0


def _double(c: flint.acb) -> complex:
    return complex(float(c.real.mid()), float(c.imag.mid()))


def _above(r: flint.arb) -> float:
    return float(r.upper()) * (1 + 1e-15) + 1e-300


class ZerosCertificate:
    """A certificate made of `Zeros`, checked once."""

    def __init__(self, system: str, zeros: Zeros) -> None:
        self.system, self.zeros = system, zeros
        self._shown: Shown | None = None
        self._bound = inf

    def _checked(self, subject: ExactSystem) -> Shown:
        if subject.hash != self.system:
            raise NotShown("the certificate is one of another system")
        self._bound = log2_size_of_finite_zeros(subject)
        self._shown = self.zeros.shown(subject)
        return self._shown

    def value(self) -> dict[str, object]:
        """What is said of the zeros that are shown."""
        return self.shown.value(self._bound)

    @property
    def shown(self) -> Shown:
        """What the check has shown."""
        if self._shown is None:
            raise NotShown("the certificate was not checked")
        return self._shown


class BezoutAccount(ZerosCertificate):
    """Zeros that add up to the Bézout number: there are no others in projective space. Proved."""

    def check(self, subject: ExactSystem) -> None:
        """Raises `NotShown` unless every zero is shown, all are different, and the sum is the product of the degrees."""
        degrees = subject.degrees()
        if any(degrees[slot] < 1 for slot in subject.equations):
            raise NotShown("an equation contains no unknown: it holds everywhere or nowhere")
        found = sum(self._checked(subject).multiplicities)
        if found != subject.bezout_number:
            raise NotShown(f"{found} of {subject.bezout_number} zeros are shown")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many zeros, and no others."""
        value = self.value()
        size = value["log2_larger_than"]
        scope = () if size is None else (f"of size at most 2^{size}",)
        return Statement("zeros", self.system, value, scope), Claim.PROVED


class AtLeast(ZerosCertificate):
    """Zeros that are shown and different: at least so many. A proved lower bound."""

    def check(self, subject: ExactSystem) -> None:
        """Raises `NotShown` unless every zero is shown and all are different."""
        self._checked(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """At least so many zeros."""
        return Statement("zeros", self.system, self.value()), Claim.LOWER_BOUND


def log2_size_of_finite_zeros(system: ExactSystem) -> float:
    """log2 of a size that no isolated finite zero of the system has, by the arithmetic Bézout theorem (Krick, Pardo, Sombra 2001).

    The isolated zeros together have a Chow form with (Gaussian) integer coefficients of height h at most; its value for the form x_0
    and each coordinate bounds the coordinates by 2^h.
    """
    n, degrees, heights = system.unknowns, system.degrees(), system.log2_heights()
    chosen = [(degrees[s], heights[s]) for s in system.equations]
    total = sum((h + d * log2(n + 1)) / max(d, 1) for d, h in chosen) + 2 * (n + 1) * log2(n + 2)
    return 2.0 * system.bezout_number * total
