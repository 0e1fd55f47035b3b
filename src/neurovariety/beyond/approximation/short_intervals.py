"""Intervals on which an error is seen to be small: the search for `NearPolynomial` and `NearQuotient` of `certificates`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import log10

import flint

from neurovariety.certificates.activation_series import Piece, taylor
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.certificates.zeros import NotShown

_DEPTH = 60
"""Halvings of an interval after which it is given up."""
Ends = tuple[Fraction, Fraction]
_MOST = 60_000
"""Intervals at which the search is given up: some seconds."""


def short_intervals(
    question: UniformQuestion, bound: Callable[[Piece, Ends], flint.arb], error: float, bits: int, terms: int
) -> tuple[Fraction, ...] | None:
    """The ends of intervals on each of which ``bound``, taken with series of so many terms, is at most ``error``; None where none are
    found."""
    known = question.known()
    kinks = [k for k in known.kinks if question.low < k < question.high]
    todo = [(a, b, 0) for a, b in zip([question.low, *kinks], [*kinks, question.high], strict=True)][::-1]
    cuts = [question.low]
    with taylor(bits, terms):
        most = flint.arb(error)
        while todo:
            a, b, depth = todo.pop()
            piece = known.on(a, b)
            if _small(piece, bound, (a, b), most):
                cuts.append(b)
            elif depth >= _DEPTH or len(cuts) > _MOST:
                return None
            else:
                middle = (a + b) / 2
                todo += [(middle, b, depth + 1), (a, middle, depth + 1)]
    return tuple(cuts)


def _small(piece: Piece, bound: Callable[[Piece, Ends], flint.arb], ends: Ends, most: flint.arb) -> bool:
    try:
        return bool(bound(piece, ends) <= most)
    except NotShown:  # an interval is too long
        return False


def terms_for(error: float, scale: float) -> int:
    """So many terms that the last one is small beside the error on intervals which are not too short."""
    return 4 + int(max(0.0, log10(scale / error)) / 1.5) if error > 0 else 4
