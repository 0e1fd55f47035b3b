"""Polynomial systems as programs with exact constants: what a certificate speaks of.

A program is a list of sums of monomials. A monomial is a product of powers of unknowns and of earlier sums, so that nothing has to be
multiplied out; it runs over every commutative ring into which its constants can be carried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, lcm, log2, prod
from typing import Any

from neurovariety.certificates.gaussian import Coefficient, parts

Monomial = tuple[tuple[int, int], ...]
"""(slot, exponent) pairs; slots below the number of unknowns are these, the next ones the sums in their order. () is 1. A negative
exponent is a power of the reciprocal, for systems whose zeros are shown one by one; they have no degrees."""

Sum = tuple[tuple[Coefficient, Monomial], ...]


@dataclass(frozen=True, slots=True)
class ExactSystem:
    """n polynomials in ``unknowns`` unknowns over the Gaussian rationals: ``equations`` are the slots that hold them.

    The functions are those of the program, the numbers in it exact. Raises `ValueError` for a program that reads ahead.
    """

    unknowns: int
    sums: tuple[Sum, ...]
    equations: tuple[int, ...]

    def __post_init__(self) -> None:
        for k, terms in enumerate(self.sums):
            for _, monomial in terms:
                if any(not 0 <= slot < self.unknowns + k or not e for slot, e in monomial):
                    raise ValueError(f"sum {k} reads a slot that comes later, or an exponent of 0")
        if any(not 0 <= slot < self.unknowns + len(self.sums) for slot in self.equations):
            raise ValueError("an equation is a slot that is not there")

    @property
    def terms(self) -> int:
        """The number of terms of all sums, each a multiplication or more."""
        return sum(map(len, self.sums))

    @property
    def hash(self) -> str:
        """sha256 of the program."""
        text = "\n".join(";".join(f"{c}:{m}" for c, m in terms) for terms in self.sums)
        return hashlib.sha256(f"{self.unknowns}\n{self.equations}\n{text}".encode()).hexdigest()

    def degrees(self) -> list[int]:
        """For each slot an upper bound of its total degree in the unknowns: what terms there are, whether or not they cancel.

        Raises `ValueError` for a system that divides.
        """
        if any(e < 0 for terms in self.sums for _, m in terms for _, e in m):
            raise ValueError("a system that divides has no degrees")
        found = [1] * self.unknowns
        for terms in self.sums:
            found.append(max((sum(e * found[slot] for slot, e in m) for _, m in terms), default=0))
        return found

    @property
    def bezout_number(self) -> int:
        """The product of the degrees of the equations."""
        found = self.degrees()
        return prod(found[slot] for slot in self.equations)

    def only(self, chosen: Sequence[int]) -> ExactSystem:
        """The program of the chosen equations alone, without the sums that they do not read."""
        n = self.unknowns
        needed: set[int] = set()
        stack = [self.equations[k] for k in chosen]
        while stack:
            slot = stack.pop()
            if slot >= n and slot not in needed:
                needed.add(slot)
                stack += [s for _, m in self.sums[slot - n] for s, _ in m]
        place = {slot: n + i for i, slot in enumerate(sorted(needed))} | {i: i for i in range(n)}
        sums = tuple(tuple((c, tuple((place[s], e) for s, e in m)) for c, m in self.sums[slot - n]) for slot in sorted(needed))
        return ExactSystem(n, sums, tuple(place[self.equations[k]] for k in chosen))

    def on_patch(self, patch: Sequence[Coefficient]) -> ExactSystem:
        """The equations made homogeneous with a new first unknown x_0, and a_0 x_0 + ... + a_n x_n = 1."""
        n, degrees = self.unknowns, self.degrees()
        sums = []
        for k, terms in enumerate(self.sums):
            filled = []
            for c, m in terms:
                rest = degrees[n + k] - sum(e * degrees[slot] for slot, e in m)
                filled.append((c, (*(((0, rest),) if rest else ()), *((slot + 1, e) for slot, e in m))))
            sums.append(tuple(filled))
        sums.append((*((a, ((i, 1),)) for i, a in enumerate(patch)), (-1, ())))
        return ExactSystem(n + 1, tuple(sums), (*(slot + 1 for slot in self.equations), n + len(sums)))

    def with_jacobian(self, by: int | None = None) -> ExactSystem:
        """The program of the equations and then of their derivatives by the first ``by`` unknowns (all), row by row."""
        n, by = self.unknowns, self.unknowns if by is None else by
        slopes: list[dict[int, int]] = []
        """For each sum and each unknown it depends on, the sum that is its derivative."""
        sums, moved = list[Sum](), list(range(n))
        for terms in self.sums:
            own = tuple((c, tuple((moved[slot], e) for slot, e in m)) for c, m in terms)
            sums.append(own)
            moved.append(n + len(sums) - 1)
            derivative: dict[int, list[tuple[Coefficient, Monomial]]] = {}
            for (c, m), (_, placed) in zip(terms, own, strict=True):
                for k, (slot, e) in enumerate(m):
                    rest = _lowered(placed, k)
                    if slot < n:
                        if slot >= by:
                            continue
                        derivative.setdefault(slot, []).append((c if e == 1 else c * e, rest))
                        continue
                    for i, at in slopes[slot - n].items():
                        derivative.setdefault(i, []).append((c if e == 1 else c * e, (*rest, (at, 1))))
            places = {}
            for i, found in derivative.items():
                sums.append(tuple(found))
                places[i] = n + len(sums) - 1
            slopes.append(places)
        sums.append(())
        zero = n + len(sums) - 1
        sums.append(((1, ()),))
        one = zero + 1
        entries = [
            (slopes[slot - n].get(i, zero) if slot >= n else (one if slot == i else zero)) for slot in self.equations for i in range(by)
        ]
        return ExactSystem(n, tuple(sums), (*(moved[slot] for slot in self.equations), *entries))

    def log2_norms(self) -> list[float]:
        """For each slot, log2 of a bound of the sum of the moduli of its coefficients."""
        sizes = [0.0] * self.unknowns
        for terms in self.sums:
            total = -inf
            for c, m in terms:
                re, im = parts(c)
                total = log2_sum(total, log2_sum(_log2(abs(re)), _log2(abs(im))) + sum(e * sizes[slot] for slot, e in m))
            sizes.append(total + 1e-9 * (1 + abs(total)) if terms else 0.0)
        return sizes

    def log2_heights(self) -> list[float]:
        """For each slot, log2 of a bound of the coefficients of a multiple of it over the (Gaussian) integers: `log2_norms` times a
        common denominator."""
        below = [1] * self.unknowns
        for terms in self.sums:
            own = [(lcm(parts(c)[0].denominator, parts(c)[1].denominator), m) for c, m in terms]
            below.append(lcm(*(d * prod(below[slot] ** e for slot, e in m) for d, m in own)))
        return [max(size + log2(b), 0.0) + 1e-6 for size, b in zip(self.log2_norms(), below, strict=True)]


def _lowered(monomial: Monomial, k: int) -> Monomial:
    slot, e = monomial[k]
    return (*monomial[:k], *(((slot, e - 1),) if e != 1 else ()), *monomial[k + 1 :])


class Over:
    """An `ExactSystem` over a ring, whose constants ``carried`` brings there once."""

    def __init__(self, system: ExactSystem, carried: Callable[[Coefficient], Any]) -> None:
        self.system = system
        known: dict[int, Any] = {}

        def constant(c: Coefficient) -> Any:
            if id(c) not in known:  # the system holds its constants, and hashing exact ones takes longer than carrying them
                known[id(c)] = carried(c)
            return known[id(c)]

        self._zero = carried(0)
        self._sums = [[(None if c == 1 and m else constant(c), m) for c, m in terms] for terms in system.sums]

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """The values of the equations."""
        slots = list(inputs)
        for terms in self._sums:
            total = None
            for factor, monomial in terms:
                product = factor
                for slot, e in monomial:
                    power = slots[slot] if e == 1 else slots[slot] ** e if e > 0 else 1 / slots[slot] ** -e
                    product = power if product is None else product * power
                total = product if total is None else total + product
            slots.append(self._zero if total is None else total)
        return [slots[k] for k in self.system.equations]


def log2_sum(a: float, b: float) -> float:
    """log2(2^a + 2^b)."""
    high, low = max(a, b), min(a, b)
    return high if low == -inf else high + log2(1 + 2.0 ** max(low - high, -1000.0))


def _log2(value: Fraction) -> float:
    return log2(value.numerator) - log2(value.denominator) if value else -inf
