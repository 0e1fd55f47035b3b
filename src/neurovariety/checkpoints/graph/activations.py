"""The activations that a trained network may have: one record each, in which everything about it stands.

Attributes besides ``function``: polynomial ``coefficients``, rational ``numerator`` and ``denominator`` (tuples of Fraction, lowest
power first); leaky_relu ``slope``; hardtanh ``low`` and ``high``; elu ``alpha``; softplus ``beta`` (log(1 + exp(beta x))/beta); gelu
``approximate`` ("none" or "tanh").
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.node import Attributes, rational, rationals, word
from neurovariety.checkpoints.graph.nonlinearity import Algebraic, Nonlinearity, PiecewiseLinear, Smooth, Spelling
from neurovariety.checkpoints.graph.three_arithmetics import Arithmetic, Array, Values

_ZERO, _HALF, _ONE = Fraction(0), Fraction(1, 2), Fraction(1)
_ROOT = math.sqrt(2 / math.pi)


def _sigmoid(x: Array, a: Attributes) -> Array:
    from scipy.special import expit

    return np.asarray(expit(x))


def _erf(x: Array, a: Attributes) -> Array:
    from scipy.special import erf

    return np.asarray(erf(x))


def _elu(x: Array, a: Attributes) -> Array:
    return np.where(x > 0, x, float(rational(a, "alpha")) * np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array, a: Attributes) -> Array:
    return np.where(x > 0, 1.0, float(rational(a, "alpha")) * np.exp(np.minimum(x, 0.0)))


def _softplus(x: Array, a: Attributes) -> Array:
    beta = float(rational(a, "beta"))
    return np.logaddexp(0.0, beta * x) / beta


def _gelu(x: Array, a: Attributes) -> Array:
    if word(a, "approximate") == "tanh":
        return 0.5 * x * (1 + np.tanh(_ROOT * (x + 0.044715 * x**3)))
    from scipy.special import ndtr

    return np.asarray(x * ndtr(x))


def _gelu_slope(x: Array, a: Attributes) -> Array:
    if word(a, "approximate") == "tanh":
        t = np.tanh(_ROOT * (x + 0.044715 * x**3))
        return np.asarray(0.5 * (1 + t) + 0.5 * x * (1 - t**2) * _ROOT * (1 + 3 * 0.044715 * x**2))
    from scipy.special import ndtr

    return np.asarray(ndtr(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))


def _silu_slope(x: Array, a: Attributes) -> Array:
    s = _sigmoid(x, a)
    return s * (1 + x * (1 - s))


_RECORDS: tuple[Nonlinearity, ...] = (
    Algebraic("polynomial", ratio=lambda a: (rationals(a, "coefficients"), (_ONE,))),
    Algebraic("rational", ratio=lambda a: (rationals(a, "numerator"), rationals(a, "denominator"))),
    PiecewiseLinear("relu", kinks=lambda a: (_ZERO,), slopes=lambda a: (_ZERO, _ONE)),
    PiecewiseLinear(
        "leaky_relu",
        kinks=lambda a: (_ZERO,),
        slopes=lambda a: (rational(a, "slope"), _ONE),
        defaults={"slope": Fraction(1, 100)},
    ),
    PiecewiseLinear("relu6", kinks=lambda a: (_ZERO, Fraction(6)), slopes=lambda a: (_ZERO, _ONE, _ZERO)),
    PiecewiseLinear(
        "hardtanh",
        kinks=lambda a: (rational(a, "low"), rational(a, "high")),
        slopes=lambda a: (_ZERO, _ONE, _ZERO),
        start=lambda a: rational(a, "low"),
        defaults={"low": -_ONE, "high": _ONE},
    ),
    PiecewiseLinear("abs", kinks=lambda a: (_ZERO,), slopes=lambda a: (-_ONE, _ONE)),
    Smooth(
        "elu",
        values=_elu,
        slopes=_elu_slope,
        lipschitz=lambda a: max(1.0, abs(float(rational(a, "alpha")))),
        defaults={"alpha": _ONE},
    ),
    Smooth(
        "softplus",
        values=_softplus,
        slopes=lambda x, a: _sigmoid(float(rational(a, "beta")) * x, a),
        lipschitz=lambda a: 1.0,
        zero=None,
        zero_bound=lambda a: math.log(2) / abs(float(rational(a, "beta"))),
        defaults={"beta": _ONE},
    ),
    Smooth("tanh", values=lambda x, a: np.tanh(x), slopes=lambda x, a: 1 - np.tanh(x) ** 2, lipschitz=lambda a: 1.0, centre=_ZERO),
    Smooth(
        "sigmoid",
        values=_sigmoid,
        slopes=lambda x, a: _sigmoid(x, a) * (1 - _sigmoid(x, a)),
        lipschitz=lambda a: 0.25,
        zero=_HALF,
        centre=_HALF,
    ),
    Smooth(
        "gelu",
        values=_gelu,
        slopes=_gelu_slope,
        lipschitz=lambda a: 1.13,  # the largest slope is 1.1289...
        defaults={"approximate": "none"},
        spellings=(
            Spelling("erf", {(1, 0): math.sqrt(0.5)}, frozenset({(1, 0), (1, 1)}), Fraction(2), {"approximate": "none"}),
            Spelling(
                "tanh",
                {(1, 0): _ROOT, (3, 0): _ROOT * 0.044715},
                frozenset({(1, 0), (1, 1)}),
                Fraction(2),
                {"approximate": "tanh"},
            ),
        ),
    ),
    Smooth(
        "silu",
        values=lambda x, a: x * _sigmoid(x, a),
        slopes=_silu_slope,
        lipschitz=lambda a: 1.1,  # the largest slope is 1.0998...
        spellings=(Spelling("sigmoid", {(1, 0): _ONE}, frozenset({(1, 1)}), _ONE),),
    ),
    Smooth(
        "hardswish",
        values=lambda x, a: x * np.clip(x / 6 + 0.5, 0.0, 1.0),
        slopes=lambda x, a: np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, x / 3 + 0.5)),
        lipschitz=lambda a: 1.5,
        spellings=(
            Spelling("relu6", {(0, 0): Fraction(3), (1, 0): _ONE}, frozenset({(1, 1)}), Fraction(6)),
            Spelling(
                "hardtanh",
                {(0, 0): Fraction(3), (1, 0): _ONE},
                frozenset({(1, 1)}),
                Fraction(6),
                {},
                {"low": _ZERO, "high": Fraction(6)},
            ),
            Spelling("hardtanh", {(0, 0): _HALF, (1, 0): 1 / 6}, frozenset({(1, 1)}), _ONE, {}, {"low": _ZERO, "high": _ONE}),
        ),
    ),
    Smooth(
        "erf",
        values=_erf,
        slopes=lambda x, a: 2 / np.sqrt(np.pi) * np.exp(-(x**2)),
        lipschitz=lambda a: 1.13,  # 2/sqrt(pi)
        centre=_ZERO,
    ),
    Smooth("sin", values=lambda x, a: np.sin(x), slopes=lambda x, a: np.cos(x), lipschitz=lambda a: 1.0, centre=_ZERO),
    Smooth(
        "sqrt",
        values=lambda x, a: np.sqrt(x),
        slopes=lambda x, a: 0.5 / np.sqrt(x),
        lipschitz=lambda a: math.inf,
    ),
    Smooth("exp", values=lambda x, a: np.exp(x), slopes=lambda x, a: np.exp(x), lipschitz=lambda a: math.inf, zero=_ONE),
)

ACTIVATIONS: dict[str, Nonlinearity] = {record.name: record for record in _RECORDS}
"""What the attribute ``function`` of an activation may be."""


def activation(attributes: Attributes) -> Nonlinearity:
    """The record of the activation with these attributes. Raises `KeyError` where there is none of that name."""
    return ACTIVATIONS[word(attributes, "function")]


def activate(attributes: Attributes, x: Values, arithmetic: Arithmetic, place: str) -> Values:
    """The activation's values at the entries of ``x``; an `InputError` that begins with ``place`` where there are none."""
    return activation(attributes).value(attributes, x, arithmetic, place)
