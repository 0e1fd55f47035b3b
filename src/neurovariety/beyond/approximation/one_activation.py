"""One activation by the nearest polynomial, with its error enclosed from both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, nextafter

import flint

from neurovariety.architectures.reading.rational_function import Terms
from neurovariety.beyond.approximation.expansions import expanded
from neurovariety.beyond.approximation.remez import Alternation, Exchange, best_polynomial
from neurovariety.beyond.approximation.short_intervals import short_intervals, terms_for
from neurovariety.certificates.activation_series import rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.uniform_error import AlternationBound, NearPolynomial, UniformQuestion, levelled_error
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError

UNIFORM = "uniform"
"""The kind of polynomials that are looked for unless told: nearest in the largest error."""
_MARGINS = (1e-8, 1e-7, 9e-7, 1e-4, 1e-2, 1.0)
"""Parts by which the error is allowed above the level that it has where it alternates, until one can be shown."""


@dataclass(frozen=True)
class NearestPolynomial:
    """``polynomial``: coefficients from the constant up. ``claims``: `error`, `error_at_least` and `degree`, by key."""

    question: UniformQuestion
    polynomial: tuple[Fraction, ...]
    points: tuple[Fraction, ...]
    intervals: int
    error: float
    claims: Mapping[str, Verdict]
    kind: str = UNIFORM

    @property
    def terms(self) -> Terms:
        """The polynomial in the normal form of activations."""
        return tuple((k, c) for k, c in reversed(list(enumerate(self.polynomial))) if c)


def nearest_polynomial(question: UniformQuestion, kind: str = UNIFORM) -> NearestPolynomial:
    """The polynomial of at most the degree that is nearest to an activation, up to a millionth of its error; or of another ``kind`` the
    partial sum of its series.

    Raises `ResourceError` where its error is not shown with intervals of a reasonable number.
    """
    best = best_polynomial(question)
    least = _level(question, best)
    lower = issue(AlternationBound(question, best.points, least, best.bits), None)
    if kind == UNIFORM:
        found, bits, place, seen = best.polynomial, best.bits, None, 0.0
    else:
        found, bits = expanded(question, kind), max(best.bits, 4 * question.degree)
        place, seen = _farthest(question, found, bits)
    level = max(least, seen)
    size = max(_size(question, best), 1e-300)
    terms = terms_for(level, size)
    for margin in _MARGINS if level else (0.0, *_MARGINS):
        error = level * (1 + margin) if level else margin * size
        cuts = short_intervals(question, found, error, bits, terms)
        if cuts is not None:
            near = NearPolynomial("error", question, found, cuts, error, bits, terms, lower, place, seen)
            claims = {"error": issue(near, None), "error_at_least": lower, "degree": issue(replace(near, key="degree"), None)}
            return NearestPolynomial(question, found, best.points, len(cuts) - 1, error, claims, kind)
    raise ResourceError(
        f"the error of {question.activation} on [{question.low}, {question.high}] by degree {question.degree} is not shown with "
        "intervals of a reasonable number; ask a shorter interval or a smaller degree"
    )


def _farthest(question: UniformQuestion, polynomial: Sequence[Fraction], bits: int) -> tuple[Fraction | None, float]:
    """Where a polynomial is about farthest from the activation, and a float below how far it is there; no place where it is nowhere."""
    exchange = Exchange(question, bits)
    with taylor(bits, 3):
        place, far = exchange.farthest(exchange.in_t(polynomial))
        seen = below(far - far * flint.arb(2) ** -40)
    return (place, seen) if seen > 0 else (None, 0.0)


def _level(question: UniformQuestion, found: Alternation) -> float:
    """A float below what no polynomial undercuts on the points."""
    return below(levelled_error(question.known(), found.points, found.bits))


def below(size: flint.arb) -> float:
    """A float from 0 that is at most all of a ball."""
    bound = size.lower()
    level = float(bound)
    while level > 0 and not flint.arb(level) <= bound:
        level = nextafter(level, -inf)
    return level if level > 0 else 0.0


def _size(question: UniformQuestion, found: Alternation) -> float:
    """About the largest value of the activation on the points."""
    known = question.known()
    with taylor(found.bits, 1):
        try:
            return max(abs(float(taylor_coefficients(known.at(x), rational_ball(x), 1)[0].mid())) for x in found.points)
        except NotShown:
            return 1.0
