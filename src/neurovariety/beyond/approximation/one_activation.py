"""One activation by the nearest polynomial, with its error enclosed from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter

import flint

from neurovariety.architectures.reading.rational_function import Terms
from neurovariety.beyond.approximation.remez import Alternation, best_polynomial
from neurovariety.beyond.approximation.short_intervals import short_intervals, terms_for
from neurovariety.certificates.activation_series import rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.uniform_error import AlternationBound, NearPolynomial, UniformQuestion, levelled_error
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError

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

    @property
    def terms(self) -> Terms:
        """The polynomial in the normal form of activations."""
        return tuple((k, c) for k, c in reversed(list(enumerate(self.polynomial))) if c)


def nearest_polynomial(question: UniformQuestion) -> NearestPolynomial:
    """The polynomial of at most the degree that is nearest to an activation, up to a millionth of its error.

    Raises `ResourceError` where its error is not shown with intervals of a reasonable number.
    """
    found = best_polynomial(question)
    least = _level(question, found)
    lower = issue(AlternationBound(question, found.points, least, found.bits), None)
    terms = terms_for(least, _size(question, found))
    margins = (0.0, *_MARGINS) if least == 0 else _MARGINS
    for margin in margins:
        error = least * (1 + margin) if least else margin * max(_size(question, found), 1e-300)
        cuts = short_intervals(question, found.polynomial, error, found.bits, terms)
        if cuts is not None:
            certificates = {
                key: NearPolynomial(key, question, found.polynomial, cuts, error, found.bits, terms, lower)
                for key in ("error", "degree")
            }
            claims = {
                "error": issue(certificates["error"], None),
                "error_at_least": lower,
                "degree": issue(certificates["degree"], None),
            }
            return NearestPolynomial(question, found.polynomial, found.points, len(cuts) - 1, error, claims)
    raise ResourceError(
        f"the error of {question.activation} on [{question.low}, {question.high}] by degree {question.degree} is not shown with "
        "intervals of a reasonable number; ask a shorter interval or a smaller degree"
    )


def _level(question: UniformQuestion, found: Alternation) -> float:
    """A float below what no polynomial undercuts on the points."""
    bound = levelled_error(question.known(), found.points, found.bits).lower()
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
