"""What the numbers beside an operator mean: an exponent, the ends of a clip, how often entries are repeated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from neurovariety.checkpoints.readers.building import Number, refuse


def power(place: str, operator: str, exponent: Number | None) -> dict[str, object]:
    """The attributes of the activation x^exponent; an exponent that is not a whole number is refused."""
    if exponent is None or not math.isfinite(exponent) or Fraction(exponent).denominator != 1 or abs(Fraction(exponent)) > 64:
        given = "computed or not finite" if exponent is None else exponent
        refuse(place, operator, f"the exponent is {given}; whole exponents up to 64 are understood")
    n = int(exponent)
    monomial = (*(Fraction(0) for _ in range(abs(n))), Fraction(1))
    if n >= 0:
        return {"function": "polynomial", "coefficients": monomial}
    return {"function": "rational", "numerator": (Fraction(1),), "denominator": monomial}


def clipped(place: str, operator: str, low: Number | None, high: Number | None) -> dict[str, object]:
    """The attributes of the activation min(max(x, low), high), None for an open end; one end other than 0 alone is refused."""
    if low == 0 and high in (None, 6):
        return {"function": "relu" if high is None else "relu6"}
    if low is None or high is None or not -math.inf < low < high < math.inf:
        refuse(place, operator, f"from {low} to {high}; relu, relu6 and two ends in ascending order are understood")
    return {"function": "hardtanh", "low": Fraction(low), "high": Fraction(high)}


Sides = tuple[tuple[int, int], ...]


def wider_sides(size: Sequence[int], window: Sequence[int], stride: Sequence[int], dilation: Sequence[int], sides: Sides) -> Sides:
    """The padding by which windows that begin in the value, or before it, and end beyond it (ceil_mode) count too.

    For a maximum that is the same: what is padded is never the largest.
    """
    out = []
    for n, k, s, d, (before, after) in zip(size, window, stride, dilation, sides, strict=True):
        if min(s, d) < 1:
            return sides
        places = -(-(n + before + after - d * (k - 1) - 1) // s) + 1
        if (places - 1) * s >= n + before:
            places -= 1
        out.append((before, max(after, (places - 1) * s + d * (k - 1) + 1 - n - before)))
    return tuple(out)


def whole_factors(place: str, operator: str, size: Sequence[int], wanted: Sequence[float]) -> tuple[int, ...]:
    """How often each entry is repeated in each direction to make ``wanted`` of ``size``; other than whole factors are refused."""
    if len(size) != len(wanted) or any(w < n or w % n for n, w in zip(size, wanted, strict=False)):
        refuse(place, operator, f"from {tuple(size)} to {tuple(wanted)}; whole factors are understood")
    return tuple(int(w) // n for n, w in zip(size, wanted, strict=True))
