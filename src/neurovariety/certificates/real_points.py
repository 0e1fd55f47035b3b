"""Real points of a list of zeros of a family: which are real, which positive, and the signs of their Hessians.

The system and the coordinates of the points have real coefficients, so conjugates of zeros are zeros. A box around a real centre holds
a real one. A point that is apart from its own conjugate is not real; one of a list of all, that is apart from the conjugates of all
others, is its own conjugate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.balls import about, ball, precision, total
from neurovariety.certificates.completeness import Continued, Distinct, Looped
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.float_balls import Balls
from neurovariety.certificates.gaussian import Gaussian
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.parameters_in_balls import for_all_parameters
from neurovariety.certificates.shown_points import Programs, ShownPoints, SystemFamily
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown, Square, newton
from neurovariety.claim import Claim

LIKELIHOOD = "critical points of a likelihood"
_BITS = 128
_STEPS = 4


class RealityOfList:
    """What is shown of the points of a list, of zeros of a family with real coefficients at real parameters. Raises `NotShown` where
    the list is none, or not real. Real parameters may be off by ``radii``: then boxes hold the zeros for all of these."""

    def __init__(self, listed: Verdict, subject: SystemFamily, radii: np.ndarray | None = None) -> None:
        own = listed.certificate
        if not listed.checked or not isinstance(own, Continued | Looped | Distinct) or listed.statement.subject != subject.hash:
            raise NotShown("a list of the points of the family is expected")
        if own.points.parameters.imag.any() or _complex(subject.system) or _complex(subject.coordinates):
            raise NotShown("a real family is expected")
        self.all = listed.claim is not Claim.LOWER_BOUND
        self.points, self.programs = own.points, Programs.of(subject)
        self.shown: ShownPoints = own.points.shown(self.programs)
        self.square: Square = self.programs.at(own.points.parameters)
        self.rounded = radii is not None and bool(radii.any()) and len(own.points) > 0
        if radii is not None and self.rounded:
            self.shown = for_all_parameters(self.shown, radii)

    @cached_property
    def images(self) -> Balls:
        """The coordinates of the points."""
        return self.shown.images(self.programs.coordinates)

    @cached_property
    def centred(self) -> list[bool]:
        """Points whose boxes lie about real centres."""
        plain = [not row.any() for row in self.points.zeros.centres.imag]
        return [
            all(c.mid().imag == 0 for c in self.points.fine[k].centre) if k in self.points.fine else real
            for k, real in enumerate(plain)
        ]

    @cached_property
    def real(self) -> list[bool | None]:
        """Whether each is real; None where that stays open."""
        z, r = self.images.values, self.images.sizes
        found = list[bool | None]()
        for k, centred in enumerate(self.centred):
            if centred:
                found.append(True)
                continue
            apart = (np.abs(z - z[k].conj()) * (1 - 1e-14) > r + r[k]).any(axis=1)
            found.append(False if apart[k] else True if self.all and np.delete(apart, k).all() else None)
        return found

    @cached_property
    def positive(self) -> list[bool | None]:
        """Whether each is real with positive coordinates."""
        z, r = self.images.values.real, self.images.sizes
        signs = [True if (v > s).all() else False if (v < -s).any() else None for v, s in zip(z, r, strict=True)]
        return [False if real is False or sign is False else real and sign for real, sign in zip(self.real, signs, strict=True)]

    def centre(self, k: int) -> list[flint.acb]:
        """The centre of a box."""
        if k in self.points.fine:
            return [c.mid() for c in self.points.fine[k].centre]
        return [flint.acb(z.real, z.imag) for z in self.points.zeros.centres[k].tolist()]

    def sharp(self, k: int) -> list[flint.acb]:
        """Balls of the coordinates of a point, small ones where a box at higher precision within its own holds a zero.

        Of rounded parameters the boxes are as they are: sharper ones would speak of the zero for the parameters as rounded."""
        with precision(_BITS):
            centre, near = self.centre(k), [flint.arb(r) for r in self.shown.boxes.near[k].tolist()]
            sharper = k not in self.points.fine and not self.rounded
            zero = newton(self.square, centre, _BITS, _STEPS) if sharper else None
            if zero is not None:
                try:
                    reach = zero.check(self.square)
                    radii = [flint.arb(r) for r in self.shown.boxes.radii[k].tolist()]
                    if all(bool(abs(a - b) + r < rho) for a, b, r, rho in zip(centre, zero.centre, reach, radii, strict=True)):
                        centre, near = [c.mid() for c in zero.centre], reach
                except NotShown:
                    pass
            found: list[flint.acb] = Over(self.programs.coordinates[0], ball)([about(c, r) for c, r in zip(centre, near, strict=True)])
            return found

    def negative(self, k: int, turn: np.ndarray | None) -> int | None:
        """The number of negative eigenvalues of the Jacobian, which is a Hessian, at a point with a real centre."""
        return negative_directions(self.square, self.centre(k), turn) if self.centred[k] else None


def negative_directions(square: Square, centre: Sequence[flint.acb], turn: np.ndarray | None) -> int | None:
    """The number of negative eigenvalues of a symmetric Jacobian at a real place; None where it is not shown by the vectors ``turn``.

    They are the same all over a box that Krawczyk's operator maps into itself, for the Jacobian is invertible there.
    """
    n = square.unknowns
    if turn is None or turn.shape != (n, n):
        return None
    with precision(_BITS):
        _, slopes = square.jacobian(centre)
        both = [(slopes[i, j].real + slopes[j, i].real) / 2 for i in range(n) for j in range(n)]
        v = flint.arb_mat(n, n, [flint.arb(float(e)) for e in turn.reshape(-1)])
        found, negative = v.transpose() * flint.arb_mat(n, n, both) * v, 0
        for i in range(n):
            off = total([abs(found[i, j]).upper() for j in range(n) if j != i])
            if not (found[i, i] > off or found[i, i] < -off):
                return None
            negative += bool(found[i, i] < 0)
        return negative


def decided(answers: Sequence[bool | None], every: bool) -> int | None:
    """How many are true; None where one of a list of all stays open. Of a list that may lack some, those that are shown."""
    return None if every and None in answers else sum(a is True for a in answers)


def _complex(system: ExactSystem) -> bool:
    return any(isinstance(c, Gaussian) for terms in system.sums for c, _ in terms)


@dataclass(frozen=True, eq=False)
class PositivePoints:
    """Of a list of critical points of a likelihood: how many are ``real``, ``positive``, and ``maxima`` among these at real weights.

    None where that stays open. ``turns``: near eigenvectors of the Hessians, as in `negative_directions`.
    """

    listed: Verdict
    turns: tuple[np.ndarray | None, ...]
    real: int | None
    positive: int | None
    maxima: int | None

    def check(self, subject: SystemFamily) -> None:
        """Raises `NotShown` unless these are the numbers."""
        if self.counts(self.listed, subject, self.turns) != (self.real, self.positive, self.maxima):
            raise NotShown("the numbers are others")

    @staticmethod
    def counts(
        listed: Verdict, subject: SystemFamily, turns: tuple[np.ndarray | None, ...]
    ) -> tuple[int | None, int | None, int | None]:
        """The numbers that follow."""
        found = RealityOfList(listed, subject)
        if len(turns) != len(found.points):
            raise NotShown("the sizes do not fit")
        n, at = found.square.unknowns, found.positive
        falls = [None if p is None else p and (found.negative(k, turns[k])) for k, p in enumerate(at)]
        tops = [False if p is False else None if p is None or f is None else f == n for p, f in zip(at, falls, strict=True)]
        return decided(found.real, found.all), decided(at, found.all), decided(tops, found.all)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many of each kind."""
        said = self.listed.statement
        value = {"complex": said.value, "real": self.real, "positive": self.positive, "minima": self.maxima}
        return Statement(LIKELIHOOD, said.subject, value, said.scope, said.error), self.listed.claim
