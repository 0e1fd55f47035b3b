"""Exact programs mod p at many points at once, with derivatives backwards: one pass for the values, one more for each output."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.zeros import NotShown

_SMALL = 2**31
"""Products of residues below this fit into 64 bits."""


class ModularRun:
    """A program over F_p, real constants. Raises `NotShown` where p divides a denominator."""

    def __init__(self, program: ExactSystem, p: int) -> None:
        self.program, self.p = program, p
        self._sums = [[(self._constant(c), m) for c, m in terms] for terms in program.sums]

    def _constant(self, c: object) -> int:
        re, im = parts(c)  # type: ignore[arg-type]
        if im or not re.denominator % self.p:
            raise NotShown("a constant of the program has no residue modulo the prime")
        return re.numerator * pow(re.denominator, -1, self.p) % self.p

    def residues(self, values: np.ndarray) -> np.ndarray:
        """Integers, of whatever type, mod p."""
        if values.dtype == object or values.dtype.kind == "f":
            values = np.array([int(v) for v in values.reshape(-1)], dtype=object).reshape(values.shape)
        found = values % self.p
        return found.astype(np.int64) if self.p < _SMALL else np.array(found, dtype=object)

    def product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The product of two matrices mod p."""
        if not a.size or not b.size:
            return np.zeros((len(a), b.shape[1]), dtype=np.int64)
        return np.array(a.astype(object) @ b.astype(object)) % self.p

    def values(self, weights: np.ndarray, inputs: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """The outputs at inputs (X, d), with one weight vector: (X, outputs)."""
        slots = self._forward(weights, inputs, others)
        return np.stack([slots[k] for k in self.program.equations], axis=1)

    def jacobians(self, weights: np.ndarray, inputs: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """The derivatives of the outputs by all unknowns: (X, outputs, unknowns)."""
        slots = self._forward(weights, inputs, others)
        n, count = self.program.unknowns, len(inputs)
        kind = np.int64 if self.p < _SMALL else object
        out = np.zeros((count, len(self.program.equations), n), dtype=kind)
        for row, equation in enumerate(self.program.equations):
            slopes: list[np.ndarray | None] = [None] * len(slots)
            slopes[equation] = self.residues(np.ones(count, dtype=np.int64))
            for k in range(len(slots) - 1, n - 1, -1):
                above = slopes[k]
                if above is not None:
                    self._back(k - n, above, slots, slopes)
            for i in range(n):
                found = slopes[i]
                if found is not None:
                    out[:, row, i] = found
        return out

    def _forward(self, weights: np.ndarray, inputs: np.ndarray, others: Sequence[int]) -> list[np.ndarray]:
        count = len(inputs)
        given = [*(np.full(count, int(w) % self.p, dtype=object) for w in weights), *inputs.T]
        given += [np.full(count, int(v) % self.p, dtype=object) for v in others]
        slots = [self.residues(v) for v in given]
        for terms in self._sums:
            total = self.residues(np.zeros(count, dtype=np.int64))
            for c, monomial in terms:
                value = None
                for slot, e in monomial:
                    power = self._power(slots[slot], e)
                    value = power if value is None else value * power % self.p
                total = (total + (c if value is None else value if c == 1 else value * c % self.p)) % self.p
            slots.append(total)
        return slots

    def _back(self, k: int, above: np.ndarray, slots: list[np.ndarray], slopes: list[np.ndarray | None]) -> None:
        for c, monomial in self._sums[k]:
            for at, (slot, e) in enumerate(monomial):
                value = above * (c * e % self.p) % self.p
                if e != 1:
                    value = value * self._power(slots[slot], e - 1) % self.p
                for other, (s, f) in enumerate(monomial):
                    if other != at:
                        value = value * self._power(slots[s], f) % self.p
                before = slopes[slot]
                slopes[slot] = value if before is None else (before + value) % self.p

    def _power(self, values: np.ndarray, e: int) -> np.ndarray:
        if e == 1:
            return values
        try:
            found = [pow(int(v), e, self.p) for v in values]
        except ValueError:
            raise NotShown("a denominator vanishes at the place") from None
        return np.array(found, dtype=values.dtype)


def field_rows(fields: np.ndarray, count: int, weights: Sequence[int], p: int) -> list[list[int]]:
    """Linear vector fields, rows (generator, target, source, factor), at weights mod p: one row of components a field."""
    rows = [[0] * len(weights) for _ in range(count)]
    for generator, target, source, factor in fields.tolist():
        rows[generator][target] = (rows[generator][target] + factor * weights[source]) % p
    return rows


def as_rows(values: np.ndarray) -> np.ndarray:
    """The parts along the first axis, flat: a row for each, also where there is none."""
    return values.reshape(len(values), prod(values.shape[1:]))
