"""Activations by polynomials of least uniform error, with the error certified.

Definition: of all polynomials p of degree at most n, the nearest to an activation f on [a, b] is the one for which the largest
|f(x) - p(x)| is least; it is known by its error, which takes its largest size with alternating signs at n + 2 points (Chebyshev).

What is proved: that the polynomial found is within `error`, by Taylor series in ball arithmetic on short intervals; and that no
polynomial of that degree is nearer than `error_at_least`, by the bound of de la Vallee Poussin on n + 2 points. Where the two agree
to six digits the error is `proved`, otherwise an `upper_bound`. Meaning for learning: the networks with the polynomial in place of
the activation are algebraic, and all entries of the dictionary take them. What they say is about these networks: covering numbers
survive the limit of growing degrees, dimension, degree, ED degree and singularities need not.

Sources: Chebyshev 1854; de la Vallee Poussin 1910; Remez 1934; Pachon, Trefethen 2009.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, TypedDict

from neurovariety.architectures.reading.rational_function import shown as written
from neurovariety.beyond.approximation.one_activation import NearestPolynomial, nearest_polynomial
from neurovariety.certificates.activation_series import ACTIVATIONS
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_number
from neurovariety.options import Whole, listed, shown
from neurovariety.result import Provenance, Result

_DEGREE = Whole("degree= is a whole number from {least} to {most}", 0, 200)
_WIDEST = 10**9
"""Ends of intervals may be so large: beyond, activations are 0, constant or linear to any digits, or overflow."""
_OTHER_NAMES = {"swish": "silu", "logistic": "sigmoid", "leakyrelu": "leaky_relu"}


class ApproximateValue(TypedDict):
    """See `ApproximateResult`."""

    error: float
    error_at_least: float
    degree: int


@dataclass(frozen=True, repr=False)
class ApproximateResult(Result):
    """A polynomial in place of an activation.

    ``value``: ``error``, the largest distance of the polynomial found from the activation on the interval; ``error_at_least``, below
    which no polynomial of that ``degree`` has it. ``evidence``: the ``polynomial`` (its coefficients from the constant up, exact),
    ``notation``, the same as text that architectures take, the ``points`` at which the error alternates, and of how many ``intervals``
    the proof is made. ``nearest`` holds the same as exact numbers.
    """

    entry: ClassVar[str] = "approximate"
    sources: ClassVar[tuple[str, ...]] = ("remez1934", "pachon2009")
    headline: ClassVar[tuple[str, ...]] = ("error",)
    spoken: ClassVar[tuple[str, ...]] = ("error", "error_at_least")
    nearest: NearestPolynomial | None = field(default=None, repr=False, compare=False)


def approximate(*, activation: object, interval: object, degree: object) -> ApproximateResult:
    """The polynomial of a degree that is nearest to an activation on an interval, with its error.

    ``activation``: tanh, sigmoid, gelu, gelu_tanh, silu, softplus, exp, sin, cos, erf, relu, abs, leaky_relu (slope 1/100), relu6,
    hardtanh or elu. ``interval``: a pair of numbers, exact as they are (texts such as "1/3" and "0.1" too), or a text "-5,5".
    Raises `InputError` for anything else, and `ResourceError` where the error cannot be shown with intervals of a reasonable number.

    >>> found = approximate(activation="tanh", interval=(-5, 5), degree=9)
    >>> round(found.value["error"], 8), found.claim.value
    (0.03589383, 'proved')
    """
    start = time.perf_counter()
    question = asked(activation, interval, degree)
    found = nearest_polynomial(question)
    value: ApproximateValue = {
        "error": found.error,
        "error_at_least": found.claims["error_at_least"].statement.value,
        "degree": question.degree,
    }
    return ApproximateResult(
        value=value,
        claims=found.claims,
        subject=f"{question.activation} on [{question.low}, {question.high}]",
        evidence={
            "polynomial": [str(c) for c in found.polynomial],
            "notation": written(found.terms) or "0",
            "points": [float(x) for x in found.points],
            "intervals": found.intervals,
        },
        provenance=Provenance.since(start, 0),
        nearest=found,
    )


def asked(activation: object, interval: object, degree: object) -> UniformQuestion:
    """The question, its numbers exact. Raises `InputError` for what is none."""
    name = _OTHER_NAMES.get(activation, activation) if isinstance(activation, str) else activation
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InputError(f"activation {shown(activation)} is unknown: choose {listed(sorted(ACTIVATIONS))}")
    if refusal := _DEGREE.refusal(degree):
        raise InputError(refusal)
    low, high = ends(interval)
    return UniformQuestion(name, low, high, int(degree))  # type: ignore[call-overload]


def ends(interval: object) -> tuple[Fraction, Fraction]:
    """The ends of an interval. Raises `InputError` where they are no two numbers, the first below the second."""
    given = interval.split(",") if isinstance(interval, str) else interval
    try:
        if not isinstance(given, Sequence) and not hasattr(given, "__iter__"):
            raise ValueError
        low, high = (exact_number(v.strip() if isinstance(v, str) else v) for v in given)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise InputError(f"interval= is a pair of numbers (low, high), such as -5,5, got {shown(interval)}") from None
    if not low < high:
        raise InputError(f"interval= is a pair (low, high) with low below high, got {shown(interval)}")
    if max(-low, high) > _WIDEST or high - low < Fraction(1, _WIDEST):
        raise InputError(f"interval= has ends of at most {_WIDEST:,} and a length of at least 1/{_WIDEST:,}, got {shown(interval)}")
    return low, high
