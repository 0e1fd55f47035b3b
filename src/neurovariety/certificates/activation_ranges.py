"""Values and slopes of activations on balls, and which activation a node has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint

from neurovariety.certificates.activation_series import ACTIVATIONS, Piece, PiecedActivation, rational_ball, taylor_coefficients
from neurovariety.certificates.zeros import NotShown

_PARTS = 16
"""Parts of an interval on each of which an activation is enclosed."""
_DEFAULTS = {"approximate": "none", "slope": Fraction(1, 100), "alpha": 1, "beta": 1, "low": -1, "high": 1}
"""Attributes of activations, and the values at which they are those of `activation_series.ACTIVATIONS`."""


@dataclass(frozen=True)
class QuotientActivation:
    """One polynomial over another, by coefficients from the constant up; it has no bounds where the one below may be 0."""

    over: tuple[Fraction, ...]
    under: tuple[Fraction, ...]


_Part = Piece | QuotientActivation


def name_of(attributes: Any) -> str:
    """The activation that attributes describe. Raises `NotShown` for one that is not known here."""
    given = dict(attributes)
    name = str(given.pop("function", ""))
    if name == "gelu" and given.get("approximate") == "tanh":
        name = "gelu_tanh"
        given.pop("approximate")
    if name not in ACTIVATIONS or any(key not in _DEFAULTS or value != _DEFAULTS[key] for key, value in given.items()):
        others = ", ".join(f"{key} {_written(value)}" for key, value in given.items())
        raise NotShown(f"the activation {name or 'without a name'}{' with ' * bool(others)}{others} is not known here")
    return name


def _written(value: Any) -> str:
    """A number as a decimal."""
    return f"{float(value):.6g}" if isinstance(value, Fraction) else str(value)


def slope_of(activation: PiecedActivation | QuotientActivation, x: flint.arb) -> flint.arb:
    """A ball that holds the slopes of an activation on a ball. Raises `NotShown` where they are not bounded."""
    found = [_coefficients(piece, part, 2)[1] for piece, part in _parts(activation, _rational(x.lower()), _rational(x.upper()))]
    whole = found[0]
    for part in found[1:]:
        whole = whole.union(part)
    if not whole.is_finite() or not all(part.is_finite() for part in found):
        raise NotShown("the slope of the activation is not bounded")
    return whole


def image_of(activation: PiecedActivation | QuotientActivation, x: flint.arb) -> flint.arb:
    """A ball that holds the values of an activation on a ball."""
    if not x.is_finite():
        raise NotShown("what a unit reads is not bounded")
    found = [_coefficients(piece, part, 1)[0] for piece, part in _parts(activation, _rational(x.lower()), _rational(x.upper()))]
    whole = found[0]
    for part in found[1:]:
        whole = whole.union(part)
    return whole


def _parts(activation: PiecedActivation | QuotientActivation, low: Fraction, high: Fraction) -> Iterator[tuple[_Part, flint.arb]]:
    """Pieces of an activation with balls that cover an interval."""
    kinks, piece_at = ((), lambda x: activation) if isinstance(activation, QuotientActivation) else (activation.kinks, activation.at)
    edges = [low, *(k for k in kinks if low < k < high), high]
    for a, b in pairwise(edges):
        piece = piece_at((a + b) / 2)
        for i in range(_PARTS):
            yield piece, rational_ball(a + (b - a) * Fraction(i, _PARTS)).union(rational_ball(a + (b - a) * Fraction(i + 1, _PARTS)))


def _coefficients(piece: _Part, x: flint.arb, terms: int) -> Sequence[flint.arb]:
    """At most two coefficients of a piece about every point of a ball."""
    if not isinstance(piece, QuotientActivation):
        return taylor_coefficients(piece, x, terms)
    over, under = (taylor_coefficients(part, x, terms) for part in (piece.over, piece.under))
    if under[0].contains(0):
        raise NotShown("the activation may have a pole")
    value = over[0] / under[0]
    return [value] if terms == 1 else [value, (over[1] - value * under[1]) / under[0]]


def _rational(x: flint.arb) -> Fraction:
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def image_at(activation: PiecedActivation | QuotientActivation, z: flint.arb) -> flint.arb:
    """The value on a small ball, which may meet a kink."""
    if isinstance(activation, QuotientActivation):
        return _coefficients(activation, z, 1)[0]
    if not activation.kinks:
        return taylor_coefficients(activation.pieces[0], z, 2)[0]
    return image_of(activation, z)
