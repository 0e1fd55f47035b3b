"""One activation by the nearest polynomial or quotient of polynomials, with its error enclosed from both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import inf, isfinite, nextafter

import flint

from neurovariety.architectures import Activation
from neurovariety.architectures.reading.rational_function import Terms
from neurovariety.beyond.approximation.expansions import expanded
from neurovariety.beyond.approximation.rational_minimax import BestQuotient, best_quotient
from neurovariety.beyond.approximation.remez import Alternation, Curve, Exchange, best_polynomial
from neurovariety.beyond.approximation.short_intervals import Ends, short_intervals, terms_for
from neurovariety.certificates.activation_series import Piece, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.rational_error import AlternatingQuotient, NearQuotient, largest_error_of_quotient
from neurovariety.certificates.uniform_error import (
    AlternationBound,
    NearPolynomial,
    UniformQuestion,
    is_exactly,
    largest_error,
    levelled_error,
)
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.rings.rational import to_fraction

UNIFORM = "uniform"
"""The kind of polynomials that are looked for unless told: nearest in the largest error."""
RATIONAL = "rational"
"""The kind of quotients of polynomials that are nearest in the largest error."""
_MARGINS = (1e-8, 1e-7, 9e-7, 1e-4, 1e-2, 1.0)
"""Parts by which the error is allowed above the level that it has where it alternates, until one can be shown."""


@dataclass(frozen=True)
class NearestPolynomial:
    """``polynomial``: coefficients from the constant up; with a ``denominator`` it is divided by that. ``claims``: `error`,
    `error_at_least` and `degree`, by key."""

    question: UniformQuestion
    polynomial: tuple[Fraction, ...]
    points: tuple[Fraction, ...]
    intervals: int
    error: float
    claims: Mapping[str, Verdict]
    kind: str = UNIFORM
    denominator: tuple[Fraction, ...] = (Fraction(1),)

    @property
    def activation(self) -> Activation:
        """The polynomial, or its quotient by the denominator, as an activation."""
        common = _exact(self.polynomial).gcd(_exact(self.denominator))
        return Activation(*(_terms([to_fraction(c) for c in (_exact(part) // common).coeffs()]) for part in self.quotient))

    @property
    def quotient(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """Numerator and denominator."""
        return self.polynomial, self.denominator

    @property
    def is_constant(self) -> bool:
        """Whether it is a number."""
        return not any(self.polynomial[1:]) and len(self.denominator) == 1


def _exact(coefficients: Sequence[Fraction]) -> flint.fmpq_poly:
    return flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in coefficients])


def _terms(coefficients: Sequence[Fraction]) -> Terms:
    return tuple((k, c) for k, c in reversed(list(enumerate(coefficients))) if c)


def nearest_polynomial(question: UniformQuestion, kind: str = UNIFORM) -> NearestPolynomial:
    """The polynomial of at most the degree that is nearest to an activation, up to a millionth of its error; or of another ``kind`` the
    partial sum of its series, or the nearest quotient of polynomials.

    Raises `ResourceError` where its error is not shown with intervals of a reasonable number.
    """
    if kind == RATIONAL:
        return _nearest_quotient(question)
    best = best_polynomial(question)
    least = _level(question, best)
    lower = issue(AlternationBound(question, best.points, least, best.bits), None)
    if kind == UNIFORM:
        found, bits, place, seen = best.polynomial, best.bits, None, 0.0
    else:
        found, bits = expanded(question, kind), max(best.bits, 4 * question.degree)
        place, seen = _farthest(question, found, bits)
    error, cuts, terms = _shown(question, partial(_far, found), max(least, seen), _size(question, best.points, best.bits), bits)
    near = NearPolynomial("error", question, found, cuts, error, bits, terms, lower, place, seen)
    claims = {"error": issue(near, None), "error_at_least": lower, "degree": issue(replace(near, key="degree"), None)}
    return NearestPolynomial(question, found, best.points, len(cuts) - 1, error, claims, kind)


def _nearest_quotient(question: UniformQuestion) -> NearestPolynomial:
    found = best_quotient(question)
    least = _level_of_quotient(question, found)
    points = found.points if least > 0 else ()
    lower = issue(AlternatingQuotient(question, found.numerator, found.denominator, points, least, found.bits), None)
    level = least or _farthest(question, found.numerator, found.bits, found.denominator)[1]
    bound = partial(_quotient_far, found.numerator, found.denominator)
    error, cuts, terms = _shown(question, bound, level, _size(question, found.points, found.bits), found.bits)
    near = NearQuotient("error", question, found.numerator, found.denominator, cuts, error, found.bits, terms, lower)
    claims = {"error": issue(near, None), "error_at_least": lower, "degree": issue(replace(near, key="degree"), None)}
    return NearestPolynomial(question, found.numerator, points, len(cuts) - 1, error, claims, RATIONAL, found.denominator)


def _shown(
    question: UniformQuestion, bound: Callable[[int, Piece, Ends], flint.arb], level: float, size: float, bits: int
) -> tuple[float, tuple[Fraction, ...], int]:
    """An error not far above its level, the cuts between which it is shown, and the terms of the series.

    Raises `ResourceError` where there are none of a reasonable number.
    """
    if not isfinite(size):
        raise ResourceError(
            f"the values of {question.activation} on [{question.low}, {question.high}] are beyond all floats; ask an interval where "
            "they are smaller"
        )
    size = max(size, 1e-300)
    terms = terms_for(level, size)
    for margin in _MARGINS if level else (0.0, *_MARGINS):
        error = level * (1 + margin) if level else margin * size
        cuts = short_intervals(question, partial(bound, terms), error, bits, terms)
        if cuts is not None:
            return error, cuts, terms
    raise ResourceError(
        f"the error of {question.activation} on [{question.low}, {question.high}] by degree {question.degree} is not shown with "
        "intervals of a reasonable number; ask a shorter interval or a smaller degree"
    )


def _far(polynomial: Sequence[Fraction], terms: int, piece: Piece, ends: Ends) -> flint.arb:
    """An upper bound of the error on a short interval."""
    return flint.arb(0) if is_exactly(piece, polynomial) else largest_error(piece, polynomial, ends, terms)


def _quotient_far(over: Sequence[Fraction], under: Sequence[Fraction], terms: int, piece: Piece, ends: Ends) -> flint.arb:
    return largest_error_of_quotient(piece, over, under, ends, terms)


def _farthest(
    question: UniformQuestion, polynomial: Sequence[Fraction], bits: int, denominator: Sequence[Fraction] = (Fraction(1),)
) -> tuple[Fraction | None, float]:
    """Where a polynomial, or its quotient, is about farthest from the activation, and a float below how far; None where nowhere."""
    exchange = Exchange(question, bits)
    with taylor(bits, 3):
        place, _ = exchange.farthest(Curve(exchange.in_t(polynomial), exchange.in_t(denominator)))
    # in x and not in t: the two differ where the error is about what the precision leaves of it
    seen = _distances(question, polynomial, denominator, [place], bits)[0]
    return (place, seen) if seen > 0 else (None, 0.0)


def _distances(
    question: UniformQuestion, polynomial: Sequence[Fraction], denominator: Sequence[Fraction], points: Sequence[Fraction], bits: int
) -> list[float]:
    """Floats below the distances at points."""
    known, found = question.known(), []
    with taylor(bits, 1):
        over, under = (flint.arb_poly([rational_ball(c) for c in part]) for part in (polynomial, denominator))
        for point in points:
            x = rational_ball(point)
            value = taylor_coefficients(known.at(point), x, 1)[0]
            found.append(below(abs(value * under(x) - over(x)) / abs(under(x))))
    return found


def _level(question: UniformQuestion, found: Alternation) -> float:
    """A float below what no polynomial undercuts on the points."""
    return below(levelled_error(question.known(), found.points, found.bits))


def _level_of_quotient(question: UniformQuestion, found: BestQuotient) -> float:
    """A float below the smallest error on the points; 0 where they are too few."""
    degree = max(len(found.numerator), len(found.denominator)) - 1
    if len(found.points) < question.degree + degree + 2:
        return 0.0
    sizes = _distances(question, found.numerator, found.denominator, found.points, found.bits)
    return min(sizes) * (1 - 2.0**-50)


def below(size: flint.arb) -> float:
    """A float from 0 that is at most all of a ball."""
    bound = size.lower()
    level = float(bound)
    while level > 0 and not flint.arb(level) <= bound:
        level = nextafter(level, -inf)
    return level if level > 0 else 0.0


def _size(question: UniformQuestion, points: Sequence[Fraction], bits: int) -> float:
    """About the largest value of the activation on the points."""
    known = question.known()
    with taylor(bits, 1):
        try:
            return max(abs(float(taylor_coefficients(known.at(x), rational_ball(x), 1)[0].mid())) for x in points)
        except NotShown:
            return 1.0
