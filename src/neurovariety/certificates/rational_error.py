"""How near quotients p/q of polynomials of degree at most n come to an activation on an interval, from both sides.

From above: on short intervals f - p/q is bounded by its Taylor series in balls, as the error of a polynomial is, where the values of
q on all of the interval are in a ball without 0.

From below: where f q - p alternates on n + max(deg p, deg q) + 2 points and |f - p/q| is at least e on
each, no quotient P/Q of that kind is nearer than e. For one that is nearer has no pole on the interval, so Q, in lowest terms, has
one sign there; P q - p Q then has the sign of (f q - p) Q at each of the points, and so more zeros than its degree allows.

Sources: Achieser 1930 (alternation of quotients); de la Vallee Poussin 1910; Braess 1986.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isfinite

import flint

from neurovariety.certificates.activation_series import Piece, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import (
    AT_LEAST,
    DEGREE,
    ERROR,
    UniformQuestion,
    bits_of,
    check_series,
    is_exactly,
    six_digits,
    stripped,
)
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Coefficients = Sequence[Fraction]


def quotient_words(question: UniformQuestion) -> tuple[str, ...]:
    """The question as the scope of a statement on quotients."""
    where = f"for {question.activation} on [{question.low}, {question.high}]"
    return (f"{where} and quotients of polynomials of degree at most {question.degree}",)


@dataclass(frozen=True)
class AlternatingQuotient:
    """No quotient is nearer than ``error``: the difference of numerator/denominator, coefficients from the constant up, alternates on
    ``points``."""

    question: UniformQuestion
    numerator: tuple[Fraction, ...]
    denominator: tuple[Fraction, ...]
    points: tuple[Fraction, ...]
    error: float
    bits: int

    def check(self, subject: object = None) -> None:
        """Raises `NotShown` where the points do not show that."""
        known, q = self.question.known(), self.question
        if not isfinite(self.error):
            raise NotShown("a finite error is expected")
        if self.error <= 0:
            return
        degree = max(len(stripped(self.numerator)), len(stripped(self.denominator))) - 1
        if degree > q.degree or not stripped(self.denominator):
            raise NotShown("a quotient of polynomials of at most that degree is expected")
        if (
            len(self.points) < q.degree + degree + 2
            or any(a >= b for a, b in pairwise(self.points))
            or not q.low <= self.points[0]
            or not self.points[-1] <= q.high
        ):
            raise NotShown("as many points as zeros can be, and two more, are expected in the interval, ascending")
        side = 0
        with taylor(bits_of(self.bits), 1):
            for point in self.points:
                x = rational_ball(point)
                under = flint.arb_poly([rational_ball(c) for c in self.denominator])(x)
                gap = taylor_coefficients(known.at(point), x, 1)[0] * under - flint.arb_poly(
                    [rational_ball(c) for c in self.numerator]
                )(x)
                sign = 1 if gap > 0 else -1 if gap < 0 else 0
                if sign in (0, side) or not abs(gap).lower() >= flint.arb(self.error) * abs(under).upper():
                    raise NotShown("the difference does not alternate on these points, or is smaller")
                side = sign

    def concludes(self) -> tuple[Statement, Claim]:
        """Every quotient has at least that error."""
        return Statement(AT_LEAST, "", self.error, quotient_words(self.question)), Claim.PROVED


@dataclass(frozen=True)
class NearQuotient:
    """The quotient of these polynomials, coefficients from the constant up, is within ``error``: seen between neighbouring ``cuts``.

    ``key``, ``terms`` and ``least`` as of `uniform_error.NearPolynomial`.
    """

    key: str
    question: UniformQuestion
    numerator: tuple[Fraction, ...]
    denominator: tuple[Fraction, ...]
    cuts: tuple[Fraction, ...]
    error: float
    bits: int
    terms: int
    least: Verdict

    def check(self, subject: object = None) -> None:
        """Raises `NotShown` where the quotient may be farther away somewhere, or may have a pole."""
        known, q = self.question.known(), self.question
        said = self.least.statement
        known_least = said.kind == AT_LEAST and not said.subject and said.scope == quotient_words(q)
        if not self.least.shown or not known_least or self.least.claim is not Claim.PROVED:
            raise NotShown("a bound of the same error from below is expected")
        if self.key not in ("error", "degree") or any(not 1 <= len(c) <= q.degree + 1 for c in (self.numerator, self.denominator)):
            raise NotShown("polynomials of at most that degree are expected")
        if self.key == "degree":
            return
        check_series(q, self.cuts, self.error, self.terms)
        with taylor(bits_of(self.bits), self.terms):
            error = flint.arb(self.error)
            for ends in pairwise(self.cuts):
                if not largest_error_of_quotient(known.on(*ends), self.numerator, self.denominator, ends, self.terms) <= error:
                    raise NotShown("between two cuts the quotient may be farther away")

    @property
    def quotient(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """Numerator and denominator."""
        return self.numerator, self.denominator

    def concludes(self) -> tuple[Statement, Claim]:
        """The quotient is within that error; exactly that to six digits, where the bound from below says so."""
        if self.key == "degree":
            return Statement(DEGREE, "", self.question.degree, quotient_words(self.question)), Claim.PROVED
        near = six_digits(self.error, self.least.statement.value)
        return Statement(ERROR, "", self.error, quotient_words(self.question)), Claim.PROVED if near else Claim.UPPER_BOUND


def largest_error_of_quotient(
    piece: Piece, numerator: Coefficients, denominator: Coefficients, ends: tuple[Fraction, Fraction], terms: int
) -> flint.arb:
    """An upper bound of |f - p/q| on an interval, exact; within `taylor` of as many terms. Raises `NotShown` where q may be 0."""
    if is_exactly(piece, numerator) and stripped(denominator) == (1,):
        return flint.arb(0)
    whole = rational_ball(ends[0]).union(rational_ball(ends[1]))
    middle, radius = whole.mid(), whole.rad()
    about, last = (_differences(piece, numerator, denominator, x, terms) for x in (middle, whole))
    total, power = flint.arb(0), flint.arb(1)
    for k in range(terms):
        total += abs(about[k] if k < terms - 1 else last[k]) * power
        power *= radius
    return total.upper()


def _differences(piece: Piece, numerator: Coefficients, denominator: Coefficients, x: flint.arb, terms: int) -> list[flint.arb]:
    """The coefficients of f - p/q about every point of a ball, so many. Raises `NotShown` where q may be 0 there."""
    moved = flint.arb_poly([x, 1])
    over, under = (flint.arb_poly([rational_ball(c) for c in part])(moved) for part in (numerator, denominator))
    if under[0].contains(0):
        raise NotShown("the denominator may be 0 somewhere")
    values = taylor_coefficients(piece, x, terms)
    found: list[flint.arb] = []
    for k in range(terms):
        found.append((over[k] - sum((found[j] * under[k - j] for j in range(k)), flint.arb(0))) / under[0])
    return [v - c for v, c in zip(values, found, strict=True)]
