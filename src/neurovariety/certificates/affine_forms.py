"""Arrays of affine forms in numbers of size at most 1, with a rest in balls: what can cancel along two ways does.

An entry is c + sum_s a_s e_s + r with |e_s| <= 1 and |r| at most its rest; c and a_s are known up to balls, and may differ from place
to place. Forms over fewer e_s have 0 for the others.

Source: de Figueiredo, Stolfi 2004.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

Values = np.ndarray
"""An object array of flint numbers."""
Linear = Callable[[Values], Values]


def each(function: Callable[..., Any], *arrays: Values) -> Values:
    """A function applied to the entries of arrays of one shape."""
    out = np.empty(arrays[0].shape, dtype=object)
    out.reshape(-1)[:] = [function(*entries) for entries in zip(*(a.reshape(-1).tolist() for a in arrays), strict=True)]
    return out


def zeros(shape: tuple[int, ...]) -> Values:
    """An array of zeros."""
    out = np.empty(shape, dtype=object)
    out.reshape(-1)[:] = [flint.arb(0)] * out.size
    return out


def upper(values: Values) -> Values:
    """Exact numbers that are no smaller."""
    return each(lambda v: v.upper(), np.asarray(values, dtype=object))


@dataclass(frozen=True, eq=False)
class AffineForms:
    """``centre``, an array for each e_s in ``parts``, and the ``rest``, all of one shape."""

    centre: Values
    parts: tuple[Values, ...]
    rest: Values

    @property
    def sizes(self) -> Values:
        """How far entries can be from the centre, exact numbers."""
        found = self.rest
        for part in self.parts:
            found = found + abs(part)
        return upper(found)

    @property
    def balls(self) -> Values:
        """Balls that hold the entries."""
        return each(lambda c, r: c + flint.arb(0, r), self.centre, self.sizes)

    def mapped(self, linear: Linear, absolute: Linear | None = None) -> AffineForms:
        """A linear map; ``absolute``: the same with the sizes of its coefficients, where these are not all at least 0."""
        made = tuple(np.asarray(linear(part), dtype=object) for part in self.parts)
        return AffineForms(np.asarray(linear(self.centre), dtype=object), made, upper((absolute or linear)(self.rest)))

    def of_length(self, length: int) -> AffineForms:
        """The same over more e_s."""
        none = zeros(self.centre.shape)
        return AffineForms(self.centre, self.parts + (none,) * (length - len(self.parts)), self.rest)

    def beside(self, other: AffineForms) -> AffineForms:
        """The sum of forms whose e_s are others."""
        return AffineForms(self.centre + other.centre, self.parts + other.parts, upper(self.rest + other.rest))

    def shifted(self, by: Values) -> AffineForms:
        """The forms and known numbers; these may be an array of more entries."""
        none = zeros(np.broadcast_shapes(self.centre.shape, by.shape))
        return AffineForms(self.centre + by, tuple(part + none for part in self.parts), upper(self.rest + none))


def added(one: AffineForms, two: AffineForms, sign: int = 1) -> AffineForms:
    """The sum, or the difference, of forms over the same e_s; shapes may differ as those of arrays do."""
    length = max(len(one.parts), len(two.parts))
    p, q = one.of_length(length), two.of_length(length)
    parts = tuple(a + sign * b for a, b in zip(p.parts, q.parts, strict=True))
    return AffineForms(p.centre + sign * q.centre, parts, upper(p.rest + q.rest))


def known(values: Values) -> AffineForms:
    """Numbers as forms."""
    return AffineForms(values, (), zeros(values.shape))


def product_of_forms(bilinear: Callable[[Values, Values], Values], one: AffineForms, two: AffineForms) -> AffineForms:
    """A bilinear map with coefficients 0 and 1 of forms over the same e_s; what is quadratic in them goes into the rest."""
    length = max(len(one.parts), len(two.parts))
    p, q = one.of_length(length), two.of_length(length)
    parts = tuple(bilinear(a, q.centre) + bilinear(p.centre, b) for a, b in zip(p.parts, q.parts, strict=True))
    rest = bilinear(p.rest, abs(q.centre)) + bilinear(abs(p.centre), q.rest) + bilinear(p.sizes, q.sizes)
    return AffineForms(np.asarray(bilinear(p.centre, q.centre), dtype=object), parts, upper(rest))
