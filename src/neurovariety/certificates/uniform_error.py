"""How near polynomials come to an activation on an interval, from both sides.

From below: on points x_0 < ... < x_(n+1) the divided difference is 0 for every polynomial of degree at most n. With its weights
w_i, which are 1/prod(x_i - x_j), no such p is nearer to f on the points than |sum w_i f(x_i)| / sum |w_i|: the bound of de la
Vallee Poussin, with no need for the polynomial. From above: on each of the short intervals that cover the whole, f - p is bounded
by its Taylor series about the middle, with the last coefficient on all of the interval, in ball arithmetic.

Sources: de la Vallee Poussin 1910; Chebyshev 1854.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isfinite

import flint

from neurovariety.certificates.activation_series import (
    ACTIVATIONS,
    POSITIVE,
    Piece,
    PiecedActivation,
    rational_ball,
    taylor,
    taylor_coefficients,
)
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

ERROR, AT_LEAST, DEGREE = "approximate: error", "approximate: error_at_least", "approximate: degree"
_DIGITS = Fraction(1, 10**6)
"""The part by which an error may exceed its bound from below, and still be proved: six digits."""
_MOST_BITS = 20_000
_MOST_TERMS = 500


@dataclass(frozen=True)
class UniformQuestion:
    """An activation by its name, a closed interval, and the largest degree of polynomials."""

    activation: str
    low: Fraction
    high: Fraction
    degree: int

    def known(self) -> PiecedActivation:
        """The activation. Raises `NotShown` where one of that name is not known, or the question is none."""
        if self.activation not in ACTIVATIONS or not self.low < self.high or type(self.degree) is not int or self.degree < 0:
            raise NotShown("an activation that is known here, low < high and a degree from 0 are expected")
        if self.activation in POSITIVE and self.low <= 0:
            raise NotShown(f"{self.activation} is a function of positive numbers")
        return ACTIVATIONS[self.activation]

    @property
    def words(self) -> tuple[str, ...]:
        """The question as the scope of a statement."""
        return (f"for {self.activation} on [{self.low}, {self.high}] and polynomials of degree at most {self.degree}",)


@dataclass(frozen=True)
class AlternationBound:
    """No polynomial is nearer than ``error``: seen on ``points``, two more than the degree."""

    question: UniformQuestion
    points: tuple[Fraction, ...]
    error: float
    bits: int

    def check(self, subject: object = None) -> None:
        """Raises `NotShown` where the points do not show that."""
        known, q = self.question.known(), self.question
        if (
            len(self.points) != q.degree + 2
            or any(a >= b for a, b in pairwise(self.points))
            or not q.low <= self.points[0]
            or not self.points[-1] <= q.high
        ):
            raise NotShown("two points more than the degree are expected in the interval, ascending")
        if not isfinite(self.error):
            raise NotShown("a finite error is expected")
        if self.error > 0 and not levelled_error(known, self.points, bits_of(self.bits)).lower() >= flint.arb(self.error):
            raise NotShown("on these points a polynomial comes nearer")

    def concludes(self) -> tuple[Statement, Claim]:
        """Every polynomial has at least that error."""
        return Statement(AT_LEAST, "", self.error, self.question.words), Claim.PROVED


@dataclass(frozen=True)
class NearPolynomial:
    """The polynomial of these ``coefficients``, from the constant up, is within ``error``: seen between neighbouring ``cuts``.

    ``key``: ``error``, or ``degree``. ``terms``: how many coefficients the series have, the last one being taken on all of an interval.
    ``least`` is the bound from below for all polynomials. This one is ``seen`` to be that far away at a ``place``, where one is named.
    """

    key: str
    question: UniformQuestion
    coefficients: tuple[Fraction, ...]
    cuts: tuple[Fraction, ...]
    error: float
    bits: int
    terms: int
    least: Verdict
    place: Fraction | None = None
    seen: float = 0.0

    def check(self, subject: object = None) -> None:
        """Raises `NotShown` where the polynomial may be farther away somewhere."""
        known, q = self.question.known(), self.question
        said = self.least.statement
        if not self.least.shown or said.kind != AT_LEAST or said.scope != q.words or self.least.claim is not Claim.PROVED:
            raise NotShown("a bound of the same error from below is expected")
        if self.key not in ("error", "degree") or not 1 <= len(self.coefficients) <= q.degree + 1:
            raise NotShown("a polynomial of at most that degree is expected")
        if self.key == "degree":
            return
        check_series(q, self.cuts, self.error, self.terms)
        self._check_seen(known)
        with taylor(bits_of(self.bits), self.terms):
            error = flint.arb(self.error)
            for a, b in pairwise(self.cuts):
                piece = known.on(a, b)
                if (
                    not is_exactly(piece, self.coefficients)
                    and not largest_error(piece, self.coefficients, (a, b), self.terms) <= error
                ):
                    raise NotShown("between two cuts the polynomial may be farther away")

    @property
    def quotient(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """The polynomial over 1."""
        return self.coefficients, (Fraction(1),)

    def _check_seen(self, known: PiecedActivation) -> None:
        """Raises `NotShown` where the polynomial may be nearer at the place."""
        if self.place is None and self.seen == 0:
            return
        if self.place is None or not self.question.low <= self.place <= self.question.high or not isfinite(self.seen):
            raise NotShown("a place in the interval and a finite distance there are expected")
        with taylor(bits_of(self.bits), 1):
            x = rational_ball(self.place)
            there = taylor_coefficients(known.at(self.place), x, 1)[0] - flint.arb_poly([rational_ball(c) for c in self.coefficients])(
                x
            )
            if not abs(there).lower() >= flint.arb(self.seen):
                raise NotShown("at the place the polynomial may be nearer")

    def concludes(self) -> tuple[Statement, Claim]:
        """The polynomial is within that error; exactly that to six digits, where a bound from below or a place says so."""
        if self.key == "degree":
            return Statement(DEGREE, "", self.question.degree, self.question.words), Claim.PROVED
        near = six_digits(self.error, max(self.least.statement.value, self.seen))
        return Statement(ERROR, "", self.error, self.question.words), Claim.PROVED if near else Claim.UPPER_BOUND


def check_series(question: UniformQuestion, cuts: Sequence[Fraction], error: float, terms: int) -> None:
    """Raises `NotShown` for cuts that do not go over the interval, and for an error or a number of terms that is none."""
    if not isfinite(error) or error < 0:
        raise NotShown("a finite error is expected")
    if len(cuts) < 2 or cuts[0] != question.low or cuts[-1] != question.high or any(a >= b for a, b in pairwise(cuts)):
        raise NotShown("the cuts go from one end of the interval to the other")
    if type(terms) is not int or not 1 <= terms <= _MOST_TERMS:
        raise NotShown(f"series of 1 to {_MOST_TERMS} terms are expected")


def six_digits(error: float, least: float) -> bool:
    """Whether an error exceeds a bound from below by a millionth of it at most."""
    return Fraction(error) <= Fraction(least) * (1 + _DIGITS)


def bits_of(bits: int) -> int:
    """The precision of a certificate. Raises `NotShown` for one that nothing can be computed with."""
    if type(bits) is not int or not 16 <= bits <= _MOST_BITS:
        raise NotShown(f"a precision from 16 to {_MOST_BITS} bits is expected")
    return bits


def is_exactly(piece: Piece, coefficients: Sequence[Fraction]) -> bool:
    """Whether a piece is that polynomial."""
    return not isinstance(piece, str) and stripped(piece) == stripped(coefficients)


def stripped(coefficients: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Without zeros at the end."""
    last = max((i for i, c in enumerate(coefficients) if c), default=-1)
    return tuple(coefficients[: last + 1])


def levelled_error(activation: PiecedActivation, points: Sequence[Fraction], bits: int) -> flint.arb:
    """|sum w_i f(x_i)| / sum |w_i| with the weights of the divided difference, in a ball."""
    with taylor(bits, 1):
        at = [rational_ball(x) for x in points]
        total, size = flint.arb(0), flint.arb(0)
        for i, x in enumerate(at):
            weight = flint.arb(1)
            for j, y in enumerate(at):
                if j != i:
                    weight /= x - y
            total += weight * taylor_coefficients(activation.at(points[i]), x, 1)[0]
            size += abs(weight)
        return abs(total / size)


def largest_error(piece: Piece, coefficients: Sequence[Fraction], ends: tuple[Fraction, Fraction], terms: int) -> flint.arb:
    """An upper bound of |f - p| on an interval, exact; within `taylor` of as many terms. Not finite where none was found."""
    whole = rational_ball(ends[0]).union(rational_ball(ends[1]))
    middle, radius = whole.mid(), whole.rad()
    about = taylor_coefficients(piece, middle, terms)
    last = taylor_coefficients(piece, whole, terms)[terms - 1]
    shifted = flint.arb_poly([rational_ball(c) for c in coefficients])(flint.arb_poly([middle, 1]))
    total, power = flint.arb(0), flint.arb(1)
    for k in range(max(terms, len(coefficients))):
        own = shifted[k]
        if k < terms - 1:
            total += abs(about[k] - own) * power
        else:
            total += (abs(own) + (abs(last) if k == terms - 1 else 0)) * power
        power *= radius
    return total.upper()
