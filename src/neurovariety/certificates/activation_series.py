"""Activations in ball arithmetic: their Taylor series about a ball, piece by piece where they are not smooth.

A *piece* is a polynomial, as its coefficients from the constant up, or the name of a smooth function in `SMOOTH`. An activation has
kinks, ascending, and one piece more than kinks; neighbouring pieces agree at the kink between them, so each piece holds on a closed
interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from neurovariety.certificates.balls import precision
from neurovariety.certificates.zeros import NotShown

Piece = str | tuple[Fraction, ...]
"""The name of a smooth function, or the coefficients of a polynomial from the constant up."""


GELU_ROOT, GELU_CUBIC = Fraction(math.sqrt(2 / math.pi)), Fraction(0.044715)
"""The constants of gelu_tanh, as the floats that networks compute with."""


def _tanh(x: Any) -> Any:
    return 1 - 2 / ((2 * x).exp() + 1)


def _sigmoid(x: Any) -> Any:
    return 1 / ((-x).exp() + 1)


def _gelu(x: Any) -> Any:
    return x * (1 + (x / flint.arb(2).sqrt()).erf()) / 2


def _gelu_tanh(x: Any) -> Any:
    inner = (x + rational_ball(GELU_CUBIC) * x * x * x) * rational_ball(GELU_ROOT)
    return x * (1 + _tanh(inner)) / 2


SMOOTH: Mapping[str, Callable[[Any], Any]] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: (x.exp() + 1).log(),
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.exp() - 1,
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "erf": lambda x: x.erf(),
}
"""Functions that are analytic on the whole line, of a power series whose constant term is a ball."""


POWER, ROOT = "exp", "rsqrt"
"""Of softmax, and of layer normalization, the functions for which polynomials are put."""
POSITIVE: Mapping[str, Callable[[Any], Any]] = {ROOT: lambda x: 1 / x.sqrt(), "sqrt": lambda x: x.sqrt()}
"""Functions that are analytic where their argument is positive, and have no values elsewhere."""


@dataclass(frozen=True)
class PiecedActivation:
    """An activation: ``pieces`` from left to right, and the ``kinks`` between them."""

    pieces: tuple[Piece, ...]
    kinks: tuple[Fraction, ...] = ()

    def at(self, x: Fraction) -> Piece:
        """The piece that holds at a number."""
        return self.pieces[sum(k < x for k in self.kinks)]

    def on(self, low: Fraction, high: Fraction) -> Piece:
        """The piece that holds on an interval. Raises `NotShown` where there is a kink within."""
        if any(low < k < high for k in self.kinks):
            raise NotShown("an interval goes over a kink of the activation")
        return self.at((low + high) / 2)


_ZERO, _ONE = Fraction(0), Fraction(1)
_NONE, _SAME = (_ZERO,), (_ZERO, _ONE)

ACTIVATIONS: Mapping[str, PiecedActivation] = {
    **{name: PiecedActivation((name,)) for name in (*SMOOTH, *POSITIVE) if name != "expm1"},
    "relu": PiecedActivation((_NONE, _SAME), (_ZERO,)),
    "abs": PiecedActivation(((_ZERO, -_ONE), _SAME), (_ZERO,)),
    "leaky_relu": PiecedActivation(((_ZERO, Fraction(1, 100)), _SAME), (_ZERO,)),
    "relu6": PiecedActivation((_NONE, _SAME, (Fraction(6),)), (_ZERO, Fraction(6))),
    "hardtanh": PiecedActivation(((-_ONE,), _SAME, (_ONE,)), (-_ONE, _ONE)),
    "elu": PiecedActivation(("expm1", _SAME), (_ZERO,)),
    "hardswish": PiecedActivation((_NONE, (_ZERO, Fraction(1, 2), Fraction(1, 6)), _SAME), (Fraction(-3), Fraction(3))),
}
"""By name: tanh, sigmoid, gelu (with erf; ``gelu_tanh`` is its usual approximation), silu, softplus, exp, sin, cos, erf; rsqrt, 1/sqrt,
and sqrt, of positive numbers; and those with kinks: relu, abs, leaky_relu (slope 1/100), relu6, hardtanh, elu, hardswish."""


@contextmanager
def taylor(bits: int, terms: int) -> Iterator[None]:
    """Series of so many terms, with coefficients of so many bits, within."""
    before = flint.ctx.cap
    flint.ctx.cap = terms
    try:
        with precision(bits):
            yield
    finally:
        flint.ctx.cap = before


def about_ball(x: flint.arb, terms: int) -> flint.arb_series:
    """x + t as a series in t; within `taylor` of as many terms."""
    return flint.arb_series([x, 1], prec=terms)


def piece_series(piece: Piece, x: flint.arb_series) -> flint.arb_series:
    """The series of a piece. Raises `NotShown` for a name that is not known."""
    if isinstance(piece, str):
        known = SMOOTH.get(piece) or POSITIVE.get(piece)
        if known is None:
            raise NotShown(f"{piece!r} is no smooth function that is known here")
        return known(x)
    total = x * 0
    for c in reversed(piece):
        total = total * x + rational_ball(c)
    return total


def rational_ball(value: Fraction | int) -> flint.arb:
    """A ball that holds a rational number; exact where its bits fit."""
    v = Fraction(value)
    return flint.arb(flint.fmpq(v.numerator, v.denominator))


def taylor_coefficients(piece: Piece, x: flint.arb, terms: int) -> Sequence[flint.arb]:
    """The coefficients of a piece about every point of a ball, so many; within `taylor` of as many terms.

    Raises `NotShown` where the ball is too wide for it, and where the series that comes out is shorter: what it does not hold is not 0.
    """
    try:
        found = piece_series(piece, about_ball(x, terms))
    except (ValueError, ZeroDivisionError):
        raise NotShown("a ball is too wide for the activation") from None
    if found.prec < terms:
        raise NotShown("a series has fewer terms than are asked")
    return [found[k] for k in range(terms)]
