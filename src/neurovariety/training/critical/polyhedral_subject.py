"""A polyhedral distance of networks as certificates see it: the distance at exact weights, bounds of those in lists of faces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.issue import NotShown, Verdict
from neurovariety.certificates.points_of_faces import FaceOfNorm, FaceSigns, NoneOnFace, PointsOfFace
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.images.target import function_at
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.training.losses.polyhedral_norm import PolyhedralNorm

_BITS = 128


@dataclass(frozen=True, eq=False)
class DistanceOfNetworks:
    """``distance`` of values, which depend on coefficients as ``evaluated`` says, times 2^``unit``; ``lists`` what those of faces speak
    of, ``posed`` the faces; ``zero`` whether the zero function is a stratum, ``singular`` as in `ValuesOfNetworks`."""

    model: Model
    distance: PolyhedralNorm
    evaluated: Callable[[Sequence[Term]], Array]
    unit: int
    lists: tuple[str, ...]
    posed: tuple[FaceOfNorm | None, ...]
    zero: bool
    singular: str

    @cached_property
    def hash(self) -> str:
        target = [float(v) for v in self.distance.target]
        text = f"{exact_functions(self.model).hash}{self.distance.kind}{self.distance.matrix.tolist()}{target}{self.unit}"
        return hashlib.sha256(f"{text}{self.lists}{self.zero}{self.singular}".encode()).hexdigest()

    @property
    def _factor(self) -> flint.arb:
        value = Fraction(2) ** self.unit / Fraction(float(self.distance.divisor))
        return _arb(value)

    def lowest(self, number: int, known: Verdict) -> flint.arb | None:
        own, face = known.certificate, self.posed[number]
        if isinstance(own, NoneOnFace) and face is not None:
            own.check(face)
            return None
        if not isinstance(own, PointsOfFace) or face is None:
            raise NotShown("signs on a face are not shown")
        signs = FaceSigns(face, own.listed, own.turns)
        if not len(signs.found.points):  # a list that is empty for general functionals: the stated one may have a curve of points
            raise NotShown("critical points of the stated functional are not excluded")
        with precision(_BITS):
            rows = [k for k, real in enumerate(signs.found.real) if real is not False]
            values = [signs.distance(k) * self._factor for k in rows if signs.interior(k) is not False]
            return min((v.lower() for v in values), default=None)

    def beside(self) -> list[flint.arb]:
        if not self.zero:
            return []
        with precision(_BITS):
            return [self._of({}).lower()] if not self._fixed({}) else []

    def highest(self, weights: tuple[float, ...]) -> flint.arb:
        function = dict(function_at(self.model, tuple(map(Fraction, weights))).coefficients)
        if any(self._fixed(function)):
            raise NotShown("what must be 0 is not")
        with precision(_BITS):
            return self._of(function).upper()

    def _off(self, function: dict[tuple[int, tuple[int, ...]], Fraction]) -> list[Fraction]:
        off = [-Fraction(float(t)) for t in self.distance.target]
        if function:
            matrix = np.asarray(self.evaluated([(o, e, 1.0) for o, e in function]))
            for i, row in enumerate(matrix.tolist()):
                off[i] += sum((Fraction(v) * c for v, c in zip(row, function.values(), strict=True)), Fraction(0))
        return off

    def _fixed(self, function: dict[tuple[int, tuple[int, ...]], Fraction]) -> list[Fraction]:
        """The values of what must be 0, those that are not."""
        return [v for v in _times(self.distance.fixed, self._off(function)) if v]

    def _of(self, function: dict[tuple[int, tuple[int, ...]], Fraction]) -> flint.arb:
        errors = [abs(e) for e in _times(self.distance.matrix, self._off(function))]
        return _arb(sum(errors, Fraction(0)) if self.distance.kind == "l1" else max(errors, default=Fraction(0))) * self._factor


def _times(matrix: Array, values: Sequence[Fraction]) -> list[Fraction]:
    return [sum((Fraction(float(c)) * v for c, v in zip(row, values, strict=True) if c), Fraction(0)) for row in matrix.tolist()]


def _arb(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))
