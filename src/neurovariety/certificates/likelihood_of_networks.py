"""Cross-entropy of networks: counts as they are, values of a network at exact weights, balls of those listed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.completeness import Continued
from neurovariety.certificates.functions import Coefficients
from neurovariety.certificates.issue import NotShown, Verdict
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.real_points import PositivePoints, RealityOfList
from neurovariety.certificates.shown_points import SystemFamily

_BITS = 128
_ROUNDED = Fraction(1, 2**48)
"""Relative, how far counts in doubles may be from those asked for."""
Coordinate = tuple[int, tuple[int, ...]]
"""(output, exponents)."""


@dataclass(frozen=True, eq=False)
class CrossEntropyOfNetworks:
    """``counts`` of the coefficients ``terms`` of a model, or of its outputs at ``samples``, sample by sample; ``families`` of the
    lists, ``singular`` as in `ValuesOfNetworks`."""

    functions: Coefficients
    counts: tuple[Fraction, ...]
    terms: tuple[Coordinate, ...]
    samples: tuple[tuple[Fraction, ...], ...] | None
    families: tuple[SystemFamily, ...]
    singular: str

    @cached_property
    def hash(self) -> str:
        text = f"{self.functions.hash}{self.counts}{self.terms}{self.samples}{self.lists}{self.singular}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def digest(self) -> str:
        """sha256 of all of it, as it is stored."""
        return plain_digest(self)

    @property
    def lists(self) -> tuple[str, ...]:
        return tuple(family.hash for family in self.families)

    def lowest(self, number: int, known: Verdict) -> flint.arb | None:
        own = known.certificate
        if not isinstance(own, PositivePoints):
            raise NotShown("a list of distributions is expected")
        found = RealityOfList(own.listed, self.families[number], self._rounding(own.listed))
        if not len(found.points):  # then the stated counts may have a curve of them
            raise NotShown("critical points of the stated counts are not excluded")
        rows = [k for k, positive in enumerate(found.positive) if positive is not False]
        with precision(_BITS):
            values = [self._cross_entropy([v.real for v in found.sharp(k)]) for k in rows]
            return min((v.lower() for v in values), default=None)

    def _rounding(self, listed: Verdict) -> np.ndarray:
        """How far the counts of a list, in their unit, are from those asked for. Raises `NotShown` where it is more than rounding."""
        given = listed.certificate.points.parameters if isinstance(listed.certificate, Continued) else np.zeros(0)
        if given.imag.any() or len(given) != len(self.counts):
            raise NotShown("the points are critical for other counts")
        held = [Fraction(v) for v in given.real.tolist()]
        unit = sum(held, Fraction(0)) / sum(self.counts, Fraction(0))
        off = [abs(v - unit * u) for v, u in zip(held, self.counts, strict=True)]
        if any(o > _ROUNDED * abs(unit * u) for o, u in zip(off, self.counts, strict=True)):
            raise NotShown("the points are critical for other counts")
        return np.array([float(v) * (1 + 1e-15) + 1e-300 if v else 0.0 for v in off])

    def beside(self) -> list[flint.arb]:
        return []

    def highest(self, weights: tuple[float, ...]) -> flint.arb:
        function = self.functions.function_at(tuple(map(Fraction, weights)))
        if self.samples is None:
            values = [function.get(term, Fraction(0)) for term in self.terms]
        else:
            outputs = range(self.functions.outputs)
            values = [
                sum((c * _power(x, e) for (p, e), c in function.items() if p == o), Fraction(0)) for x in self.samples for o in outputs
            ]
        group = len(values) if self.samples is None else self.functions.outputs
        if any(v <= 0 for v in values):
            raise NotShown("a value is not positive")
        shares = [v / sum(values[k // group * group : k // group * group + group]) for k, v in enumerate(values)]
        with precision(_BITS):
            return self._cross_entropy([flint.arb(s.numerator) / flint.arb(s.denominator) for s in shares]).upper()

    def _cross_entropy(self, shares: Sequence[flint.arb]) -> flint.arb:
        if not all(p > 0 for p in shares):
            raise NotShown("a probability may be 0")
        total = sum(self.counts, Fraction(0))
        parts = [flint.arb(u.numerator) / flint.arb(u.denominator) * p.log() for u, p in zip(self.counts, shares, strict=True)]
        return -sum(parts, flint.arb(0)) * flint.arb(total.denominator) / flint.arb(total.numerator)


def _power(x: Sequence[Fraction], exponents: Sequence[int]) -> Fraction:
    found = Fraction(1)
    for value, e in zip(x, exponents, strict=True):
        found *= value**e
    return found
