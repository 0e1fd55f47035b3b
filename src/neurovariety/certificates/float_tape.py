"""An exact system as a tape for `float_balls`: whole sums and products of two slots, coefficients rounded to doubles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Monomial
from neurovariety.certificates.float_balls import Balls, TapeArrays, enclose
from neurovariety.certificates.gaussian import rounded

_ROUNDED = 2.0**-52
"""Relative radius of coefficients where some are not doubles."""


class FloatTape(NamedTuple):
    """The tape, the relative radius of its coefficients, and the slots of the equations, which are the last ones in their order."""

    arrays: TapeArrays
    rounded: float
    outputs: np.ndarray


def enclosed(tape: FloatTape, centres: np.ndarray, radii: np.ndarray | None = None) -> Balls:
    """Balls that hold the outputs over boxes (P, unknowns); at the points themselves without ``radii``."""
    shape = (len(centres), len(tape.outputs))
    out = Balls(np.zeros(shape, dtype=np.complex128), np.zeros(shape), np.zeros(len(centres), dtype=np.bool_))
    radii = np.zeros(centres.shape) if radii is None else np.ascontiguousarray(radii)
    enclose(tape.arrays, tape.rounded, np.ascontiguousarray(centres), radii, tape.outputs, out)
    return out


def float_tape(system: ExactSystem) -> FloatTape:
    """The tape that computes the equations, into slots 1 + unknowns and after, where `float_balls.krawczyk` looks for them."""
    return _Tape(system).made()


class _Tape:
    def __init__(self, system: ExactSystem) -> None:
        self.system = system
        n, out = system.unknowns, len(system.equations)
        self.first = 1 + n
        self.used = self.first + out
        self.place = list(range(1, 1 + n))
        self.products: dict[Monomial, int] = {}
        self.code: list[tuple[int, int, int, int, int]] = []
        self.terms: list[tuple[int, int]] = []
        self.coefficients: list[tuple[float, float]] = []
        self.rounded = 0.0

    def _new(self) -> int:
        self.used += 1
        return self.used - 1

    def _step(self, kind: int, target: int, terms: list[tuple[int, int, complex]]) -> None:
        start = len(self.terms)
        for a, b, c in terms:
            self.terms.append((a, b))
            self.coefficients.append((c.real, c.imag))
        self.code.append((kind, target, start, len(self.terms), 0))

    def _product(self, monomial: Monomial) -> int:
        if not monomial:
            return 0
        if len(monomial) == 1 and monomial[0][1] == 1:
            return self.place[monomial[0][0]]
        if monomial not in self.products:
            *rest, (slot, e) = monomial
            if not rest and e < 0:
                below = self._product(((slot, -e),))
                self.products[monomial] = self._new()
                self._step(3, self.products[monomial], [(below, 0, 1)])
                return self.products[monomial]
            if rest:
                pair = self._product(tuple(rest)), self._product(((slot, e),))
            else:
                pair = self._product(((slot, e // 2),)), self._product(((slot, e - e // 2),))
            self.products[monomial] = self._new()
            self._step(0, self.products[monomial], [(*pair, 1)])
        return self.products[monomial]

    def made(self) -> FloatTape:
        for terms in self.system.sums:
            found = []
            for c, monomial in terms:
                value, fits = rounded(c)
                if not fits:
                    self.rounded = _ROUNDED
                found.append((self._product(monomial), 0, value))
            self.place.append(self._new())
            self._step(1, self.place[-1], found)
        for k, slot in enumerate(self.system.equations):
            self._step(1, self.first + k, [(self.place[slot], 0, 1)])
        arrays = TapeArrays(
            np.array(self.code, dtype=np.int32).reshape(-1, 5),
            np.array(self.terms, dtype=np.int32).reshape(-1, 2),
            np.array(self.coefficients, dtype=np.float64).reshape(-1, 2),
            self.used,
        )
        return FloatTape(arrays, self.rounded, np.arange(self.first, self.first + len(self.system.equations), dtype=np.int32))
