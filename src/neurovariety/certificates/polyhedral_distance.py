"""A polyhedral distance of networks: the distance at exact weights, bounds of those in lists of faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.functions import Coefficients
from neurovariety.certificates.issue import NotShown, Verdict
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.points_of_faces import FaceOfNorm, FaceSigns, NoneOnFace, PointsOfFace

_BITS = 128
Coordinate = tuple[int, tuple[int, ...]]
"""(output, exponents)."""


@dataclass(frozen=True, eq=False)
class DistanceOfNetworks:
    """The distance of values y (m,) of networks from ``target`` (m,), times 2^``unit``: the norm ``kind`` of ``matrix`` (p, m) times
    y - target, divided by ``divisor``, where ``fixed`` (q, m) times y - target is 0. y is ``evaluated`` (m, k) times the
    coefficients ``names``.

    ``lists``: what those of faces speak of, ``posed`` the faces; ``zero``: whether the zero function is a stratum, ``singular`` as in
    `ValuesOfNetworks`.
    """

    functions: Coefficients
    kind: Literal["l1", "linf"]
    matrix: np.ndarray
    fixed: np.ndarray
    target: np.ndarray
    divisor: float
    names: tuple[Coordinate, ...]
    evaluated: np.ndarray
    unit: int
    lists: tuple[str, ...]
    posed: tuple[FaceOfNorm | None, ...]
    zero: bool
    singular: str

    def __post_init__(self) -> None:
        m = len(self.target)
        shapes = self.matrix.shape[1:], self.fixed.shape[1:], self.evaluated.shape
        if shapes != ((m,), (m,), (m, len(self.names))) or not self.divisor > 0 or len(self.posed) != len(self.lists):
            raise ValueError("the matrices of a distance have other sizes")

    @cached_property
    def hash(self) -> str:
        own = (self.kind, self.matrix, self.fixed, self.target, self.divisor, self.names, self.evaluated, self.unit)
        return plain_digest((self.functions.hash, *own, self.lists, self.zero, self.singular))

    @property
    def digest(self) -> str:
        """sha256 of all of it, as it is stored."""
        return plain_digest(self)

    @property
    def _factor(self) -> flint.arb:
        value = Fraction(2) ** self.unit / Fraction(float(self.divisor))
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
        function = self.functions.function_at(tuple(map(Fraction, weights)))
        if any(self._fixed(function)):
            raise NotShown("what must be 0 is not")
        with precision(_BITS):
            return self._of(function).upper()

    def _off(self, function: Mapping[Coordinate, Fraction]) -> list[Fraction]:
        off = [-Fraction(float(t)) for t in self.target]
        places = {name: k for k, name in enumerate(self.names)}
        if function.keys() - places.keys():
            raise NotShown("a coefficient of the function is not among those of the model")
        for name, c in function.items():
            for i, row in enumerate(self.evaluated[:, places[name]].tolist()):
                off[i] += Fraction(row) * c
        return off

    def _fixed(self, function: Mapping[Coordinate, Fraction]) -> list[Fraction]:
        """The values of what must be 0, those that are not."""
        return [v for v in _times(self.fixed, self._off(function)) if v]

    def _of(self, function: Mapping[Coordinate, Fraction]) -> flint.arb:
        errors = [abs(e) for e in _times(self.matrix, self._off(function))]
        return _arb(sum(errors, Fraction(0)) if self.kind == "l1" else max(errors, default=Fraction(0))) * self._factor


def _times(matrix: np.ndarray, values: Sequence[Fraction]) -> list[Fraction]:
    return [sum((Fraction(float(c)) * v for c, v in zip(row, values, strict=True) if c), Fraction(0)) for row in matrix.tolist()]


def _arb(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))
