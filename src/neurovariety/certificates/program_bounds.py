"""Bounds of degrees and sizes of a program's outputs, without expanding anything: what random ranks are worth.

An element is a quotient n/d of polynomials in inputs and weights. Sums never cancel here, so every number bounds from above.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import floor, inf, isfinite, lcm, log, log2

from neurovariety.certificates.exact_system import ExactSystem, Monomial, log2_sum
from neurovariety.certificates.gaussian import Coefficient, parts
from neurovariety.certificates.zeros import NotShown

SMALL_BITS, LARGE_BITS = 22, 62
"""Bits of the primes at whose points ranks are taken; symmetry fields at those of the small ones."""


@dataclass(frozen=True)
class Size:
    """Of n/d: degrees of n in inputs and weights, the least degree in the inputs of its monomials, the total degree of d (0: a
    polynomial), log2 of the sums of absolute coefficients after the common denominator of all constants was cleared ``cleared``
    times."""

    inputs: float = 0.0
    low: float = 0.0
    weights: float = 0.0
    below: float = 0.0
    norm: float = 0.0
    norm_below: float = 0.0
    cleared: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether the denominator is 1."""
        return self.below == 0 and self.norm_below == 0


@dataclass(frozen=True)
class ProgramBounds:
    """The largest of the outputs' bounds."""

    inputs: float
    low: float
    weights: float
    below: float
    log_norm: float

    def rank_error(
        self,
        at_most: int,
        bits: int,
        derivative: bool,
        combined: bool,
        inner: tuple[float, float] = (1.0, 0.0),
        input_bits: float | None = None,
    ) -> float:
        """The probability, at most, that a rank at a random point over a random prime is below the generic one, which is ``at_most``
        at most: a minor's degree over the prime (Schwartz 1980), and the primes that divide all its coefficients. ``inner``: degree and
        log2 of the size of polynomials that the weights are. ``input_bits``: inputs are not random, but given rational numbers of that
        size."""
        degree = self.weights * inner[0] + (self.inputs if input_bits is None else 0.0)
        norm = self.log_norm + (log2(max(self.weights, 1)) if derivative else 0.0) + self.weights * inner[1]
        norm += 0.0 if input_bits is None else self.inputs * input_bits
        if self.below:
            degree, norm = 2 * degree + 2 * self.below * max(inner[0], 1.0), 2 * norm + 1
        degree += combined
        error = at_most * degree / 2.0 ** (bits - 1) + at_most * norm / (bits - 1) / primes_of(bits)
        return min(1.0, error) if isfinite(error) else 1.0

    def identity_error(self, bits: int) -> float:
        """The probability, at most, that two programs of these bounds agree at a random point over a random prime and differ."""
        degree, norm = 2 * (self.weights + self.inputs + self.below), 2 * self.log_norm + 1
        return min(1.0, degree / 2.0 ** (bits - 1) + norm / (bits - 1) / primes_of(bits))


def primes_of(bits: int) -> int:
    """Fewer than there are primes of so many bits, from 18 bits on (Dusart 2010, theorem 6.9)."""
    if bits < 18:
        raise NotShown(f"a random prime has at least 18 bits, not {bits}")
    estimate = 2 / (bits * log(2) - 1) - 1 / ((bits - 1) * log(2) - 1.1)
    return floor(estimate * (1 - 1e-9) * 2.0 ** (bits - 1))


def program_bounds(program: ExactSystem, inputs: Collection[int]) -> ProgramBounds:
    """The bounds of the equations of a program, of whose unknowns ``inputs`` are inputs and the others weights."""
    denominators = [x.denominator for terms in program.sums for c, _ in terms for x in parts(c)]
    sizes = _Sizes(lcm(1, *denominators))
    known = [Size(inputs=1, low=1) if i in inputs else Size(weights=1) for i in range(program.unknowns)]
    for terms in program.sums:
        total = Size(norm=-inf)
        for c, monomial in terms:
            total = sizes.plus(total, sizes.term(c, monomial, known))
        known.append(total)
    live = [known[s] for s in program.equations if known[s].norm > -inf]
    top = max((s.inputs for s in live), default=0.0)
    return ProgramBounds(
        top,
        min((s.low for s in live), default=top),
        max((s.weights for s in live), default=0.0),
        max((s.below for s in live), default=0.0),
        max((s.norm for s in live), default=0.0) + max((s.norm_below for s in live), default=0.0),
    )


class _Sizes:
    def __init__(self, denominator: int) -> None:
        self.denominator, self.step = denominator, log2(denominator)

    def constant(self, c: Coefficient) -> Size:
        value = sum(map(abs, parts(c)))
        whole = value.denominator == 1
        size = value.numerator if whole else (value * self.denominator).numerator
        return Size(norm=log2(size) * (1 + 2.0**-40) if size else -inf, cleared=0.0 if whole else 1.0)

    def term(self, c: Coefficient, monomial: Monomial, known: list[Size]) -> Size:
        product = self.constant(c)
        for slot, e in monomial:
            power = self.times([known[slot]] * abs(e))
            product = self.times([product, power if e > 0 else self.inverse(power)])
        return product

    def times(self, factors: list[Size]) -> Size:
        if any(f.norm == -inf for f in factors):
            return Size(norm=-inf)
        return Size(*(float(sum(v)) for v in zip(*(_values(f) for f in factors), strict=True)))

    def inverse(self, a: Size) -> Size:
        if a.norm == -inf:
            raise NotShown("a denominator vanishes identically")
        return Size(
            a.below,
            0.0,
            a.below,
            a.inputs + a.weights,
            a.norm_below + a.cleared * self.step,
            a.norm,
        )

    def plus(self, a: Size, b: Size) -> Size:
        if a.norm == -inf or b.norm == -inf:
            return b if a.norm == -inf else a
        left, right = self.over(a, b), self.over(b, a)
        return Size(
            max(left.inputs, right.inputs),
            min(left.low, right.low),
            max(left.weights, right.weights),
            max(left.below, right.below),
            log2_sum(left.norm, right.norm),
            max(left.norm_below, right.norm_below),
            max(left.cleared, right.cleared),
        )

    def over(self, a: Size, b: Size) -> Size:
        """a over the product of both denominators, as a summand beside b."""
        same = a.whole and b.whole
        if same and a.cleared == b.cleared:
            return a
        lift = max(b.cleared - a.cleared, 0.0) if same else b.cleared
        return Size(
            a.inputs + b.below,
            0.0 if b.below else a.low,
            a.weights + b.below,
            a.below + b.below,
            a.norm + b.norm_below + lift * self.step,
            a.norm_below + b.norm_below,
            max(a.cleared, b.cleared) if same else a.cleared + b.cleared,
        )


def _values(s: Size) -> tuple[float, ...]:
    return s.inputs, s.low, s.weights, s.below, s.norm, s.norm_below, s.cleared
