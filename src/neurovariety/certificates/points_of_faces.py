"""Critical points of a polyhedral distance on one face: which lie on it, which are stationary, which are minima, by signs in balls.

Errors are e = ``errors`` (c, 1), exact affine functions of the coordinates c; the distance is the sum of their absolute values, or the
largest. On a face some conditions on e hold, and the distance is a linear function g e up to sign. The system's points are zeros of
J^T (l - B^T m), b - B c, with l, B and b as the face says; so the kernel makes these from the face, and compares.

A point is on the face where the other errors have the signs that g says, and stationary where g - C^T m is in the dual ball. Where it
is strictly inside, the Hessian on the face is positive and J has full rank, the distance grows in all directions: a minimum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import flint
import numpy as np

from neurovariety.certificates.balls import ball, precision, total
from neurovariety.certificates.completeness import Continued, Distinct, Looped
from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.real_points import RealityOfList, decided
from neurovariety.certificates.shown_points import SystemFamily
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FACES = "critical points on faces"
_BITS = 128
_ROUNDED = 2.0**-48
"""Relative to the size of their terms, how far parameters in doubles may be from those of the face."""

Form = tuple[Fraction, ...]
"""An affine function of the coordinates: n coefficients and a constant."""


@dataclass(frozen=True, eq=False)
class FaceOfNorm:
    """A face: ``errors`` as forms, the ``functional`` g (one sign, or 0, an error), and ``equal``: for l1 the errors that are 0; for
    linf (error, sign) that are as large as the largest, the first of which is g. ``fixed`` are further forms that are 0.

    ``family``: the systems of its points, in ``free`` weights and then multipliers, with the coordinates and the multipliers as
    coordinates; None where these contain no unknown, or none are looked at.
    """

    kind: Literal["l1", "linf"]
    errors: tuple[Form, ...]
    functional: tuple[int, ...]
    equal: tuple[tuple[int, int], ...]
    fixed: tuple[Form, ...]
    family: SystemFamily | None
    free: int

    @cached_property
    def hash(self) -> str:
        """Of what the face is, whatever the systems."""
        text = f"{self.kind}{self.errors}{self.functional}{self.equal}{self.fixed}{self.free}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def conditions(self) -> list[Form]:
        """The forms that are 0 on the face."""
        if self.kind == "l1":
            own = [self.errors[i] for i, _ in self.equal]
        else:
            first = self.errors[self.equal[0][0]]
            own = [tuple(s * a - b for a, b in zip(self.errors[i], first, strict=True)) for i, s in self.equal[1:]]
        return [*own, *self.fixed]

    @property
    def linear(self) -> Form:
        """The distance on the face, up to sign."""
        rows = [[g * v for v in e] for g, e in zip(self.functional, self.errors, strict=True) if g]
        return tuple(sum(column, Fraction(0)) for column in zip(*rows, strict=True))

    def rounding(self, given: np.ndarray) -> np.ndarray:
        """How far, at most, each parameter of a system is from that of the face. Raises `NotShown` where it is more than rounding."""
        self._check_signs()
        conditions = self.conditions
        exact = [*self.linear[:-1], *(v for row in conditions for v in row[:-1]), *(-row[-1] for row in conditions)]
        sizes = max((sum(abs(v) for v in e) for e in (*self.errors, *self.fixed)), default=Fraction(0)) * (1 + len(self.errors))
        if len(given) != len(exact) or given.imag.any():
            raise NotShown("the parameters are not those of the face")
        off = [abs(Fraction(float(v)) - e) for v, e in zip(given.real.tolist(), exact, strict=True)]
        if any(v > Fraction(_ROUNDED) * sizes for v in off):
            raise NotShown("the parameters are not those of the face")
        return np.array([float(v) * (1 + 1e-15) + 1e-300 if v else 0.0 for v in off])

    def check_none(self) -> None:
        """Raises `NotShown` unless no function has a tangent space on which the distance depends through the conditions alone.

        Where there are as many coordinates as free weights, tangent spaces are the whole space: g e would be a combination of them.
        """
        self._check_signs()
        rows = [row[:-1] for row in (self.linear, *self.conditions)]
        if len(self.linear) - 1 != self.free or rank_of(rows) == rank_of(rows[1:]):
            raise NotShown("critical points on the face are not excluded")

    def _check_signs(self) -> None:
        places = {i for i, _ in self.equal}
        if self.kind == "l1":
            fine = all((g == 0) if i in places else g in (1, -1) for i, g in enumerate(self.functional))
        else:
            fine = bool(self.equal) and all(g == (i == self.equal[0][0]) for i, g in enumerate(self.functional))
            fine = fine and all(s in (1, -1) for _, s in self.equal)
        if not fine or len(places) != len(self.equal) or len(self.functional) != len(self.errors):
            raise NotShown("this is no face")


class FaceSigns:
    """What is shown of the points of a list on a face."""

    def __init__(self, face: FaceOfNorm, listed: Verdict, turns: tuple[np.ndarray | None, ...]) -> None:
        own = listed.certificate
        if not isinstance(own, Continued | Looped | Distinct) or face.family is None:
            raise NotShown("a list of the points of the family is expected")
        # points are zeros for parameters in doubles; signs are told of those for the parameters of the face, which may be others
        self.face, self.family, self.found = face, face.family, RealityOfList(listed, face.family, face.rounding(own.points.parameters))
        if len(turns) != len(self.found.points):
            raise NotShown("the sizes do not fit")
        self.turns = turns
        self._known: dict[int, list[flint.acb]] = {}
        self.k = len(face.conditions)

    def errors(self, row: int) -> list[flint.arb]:
        """Balls of the errors at a real point."""
        n = len(self.face.errors[0]) - 1
        c = [*(v.real for v in self._at(row)[:n]), flint.arb(1)]
        return [total([_arb(a) * x for a, x in zip(e, c, strict=True) if a]) for e in self.face.errors]

    def _at(self, row: int) -> list[flint.acb]:
        if row not in self._known:
            self._known[row] = self.found.sharp(row)
        return self._known[row]

    def multipliers(self, row: int) -> list[flint.arb]:
        """Balls of those of the face, without those of fixed forms."""
        n, own = len(self.face.errors[0]) - 1, self.k - len(self.face.fixed)
        return [v.real for v in self._at(row)[n : n + own]]

    def along(self, row: int) -> flint.arb:
        """g e."""
        return total([e * g for g, e in zip(self.face.functional, self.errors(row), strict=True) if g])

    def distance(self, row: int) -> flint.arb:
        """A lower bound of the distance of a real point, whether or not it is on the face."""
        errors = [abs(e) for e in self.errors(row)]
        return (total(errors) if self.face.kind == "l1" else max(e.lower() for e in errors)).lower()

    def interior(self, row: int) -> bool | None:
        """Whether a real point is in the relative interior of the cone of the face or of the opposite one; False where it is in neither
        closed cone."""
        errors, places = self.errors(row), {i for i, _ in self.face.equal}
        rest = [i for i in range(len(errors)) if i not in places]
        if self.face.kind == "l1":
            answers = [_positive([errors[i] * (sign * self.face.functional[i]) for i in rest]) for sign in (1, -1)]
            return True if True in answers else False if answers == [False, False] and rest else None
        large = abs(self.along(row))
        return _positive([large - abs(errors[i]) for i in rest] + [large])

    def stationary(self, row: int) -> bool | None:
        """Whether the functional that is orthogonal to the variety is strictly inside the dual face; False where it is not in it."""
        m = self.multipliers(row)
        if self.face.kind == "l1":
            return _positive([1 - abs(v) for v in m])
        return _positive([1 + total(m), *(-v for v in m)])

    def minimum(self, row: int) -> bool | None:
        """Whether it is shown to be a local minimum inside the face, at real weights; False where it is shown to be none, or is off the
        face. On the boundary, where it may be listed on several faces, that stays open."""
        interior, stationary = self.interior(row), self.stationary(row)
        if not interior:
            return interior
        falls = self._falls(row)
        if stationary is False or falls:
            return False
        return True if stationary and falls == 0 and self.found.centred[row] and self._immersed(row) else None

    def _falls(self, row: int) -> int | None:
        """Directions on the face in which the distance falls."""
        along, negative = self.along(row), self.found.negative(row, self.turns[row])
        if negative is None or not (along > 0 or along < 0):
            return None
        falls = negative - self.k
        return falls if along > 0 else self.face.free - self.k - falls

    def _immersed(self, row: int) -> bool:
        """Whether the derivatives of the coordinates by the free weights have full rank."""
        n, r = len(self.face.errors[0]) - 1, self.face.free
        program = self.family.coordinates.only(range(n)).with_jacobian(r)
        found = Over(program, ball)(self.found.centre(row))[n:]
        slopes = flint.arb_mat(n, r, [v.real for v in found])
        return not (slopes.transpose() * slopes).det().contains(0)


def rank_of(rows: Sequence[Form]) -> int:
    """The rank of rows of rational numbers."""
    if not rows or not rows[0]:
        return 0
    return int(flint.fmpq_mat(len(rows), len(rows[0]), [flint.fmpq(v.numerator, v.denominator) for row in rows for v in row]).rank())


def _positive(numbers: Sequence[flint.arb]) -> bool | None:
    """Whether all are positive; False where one is negative, None where that stays open."""
    if any(v < 0 for v in numbers):
        return False
    return True if all(v > 0 for v in numbers) else None


def _arb(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))


@dataclass(frozen=True)
class NoneOnFace:
    """That the stated functional of a face has no critical point with its conditions: of functions that fill their span, exactly.

    That general functionals have none says nothing of a stated one, whose coefficients may be as special as 1 and -1: it may have a
    curve of them.
    """

    face: str

    def check(self, subject: FaceOfNorm) -> None:
        """Raises `NotShown` where functions do not fill their span, or the functional is a combination of the conditions."""
        if subject.hash != self.face:
            raise NotShown("the certificate is one of another face")
        subject.check_none()

    def concludes(self) -> tuple[Statement, Claim]:
        """None."""
        return Statement(FACES, self.face, 0), Claim.PROVED


@dataclass(frozen=True, eq=False)
class PointsOfFace:
    """Of a list of critical points of a face: how many are ``real``, ``on_faces``, ``stationary`` on it, and ``minima``.

    None where that stays open. ``turns``: near eigenvectors of the Hessians, as in `real_points.negative_directions`.
    """

    face: str
    listed: Verdict
    turns: tuple[np.ndarray | None, ...]
    real: int | None
    on_faces: int | None
    stationary: int | None
    minima: int | None

    def check(self, subject: FaceOfNorm) -> None:
        """Raises `NotShown` unless these are the numbers."""
        if subject.hash != self.face:
            raise NotShown("the certificate is one of another face")
        if numbers_on_face(subject, self.listed, self.turns) != (self.real, self.on_faces, self.stationary, self.minima):
            raise NotShown("the numbers are others")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many of each kind."""
        said = self.listed.statement
        value = {
            "complex": said.value,
            "real": self.real,
            "on_faces": self.on_faces,
            "stationary": self.stationary,
            "minima": self.minima,
        }
        return Statement(FACES, self.face, value, said.scope, said.error), self.listed.claim


def numbers_on_face(
    face: FaceOfNorm, listed: Verdict, turns: tuple[np.ndarray | None, ...]
) -> tuple[int | None, int | None, int | None, int | None]:
    """The numbers that follow. Raises `NotShown` where the list is none of that face."""
    signs = FaceSigns(face, listed, turns)
    real = signs.found.real
    with precision(_BITS):
        rows = [k for k, r in enumerate(real) if r is not False]
        on = [signs.interior(k) for k in rows]
        still = [signs.stationary(k) for k in rows]
        tops = [signs.minimum(k) for k in rows]
    known = [real[k] for k in rows]
    here = [_and(r, o) for r, o in zip(known, on, strict=True)]
    rest = [_and(h, s) for h, s in zip(here, still, strict=True)]
    least = [_and(r, t) for r, t in zip(known, tops, strict=True)]
    every = signs.found.all
    return decided(real, every), decided(here, every), decided(rest, every), decided(least, every)


def _and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True
