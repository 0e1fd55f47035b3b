"""The activations a trained network may have: their names, their attributes, their values in each arithmetic.

``polynomial`` and ``rational`` are exact everywhere. ``relu`` and its kin and ``abs`` are piecewise linear: rational at rational
numbers, but no polynomials. The others are transcendental: floating point only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.arithmetic import Arithmetic, Array
from neurovariety.errors import InputError

ALGEBRAIC = ("polynomial", "rational")
PIECEWISE_LINEAR = ("relu", "leaky_relu", "relu6", "abs")
TRANSCENDENTAL = ("elu", "softplus", "tanh", "sigmoid", "gelu", "silu", "erf", "exp")
FUNCTIONS = (*ALGEBRAIC, *PIECEWISE_LINEAR, *TRANSCENDENTAL)
"""What the attribute ``function`` of an activation may be.

Attributes besides: polynomial ``coefficients``, rational ``numerator`` and ``denominator`` (tuples of Fraction, lowest power first);
leaky_relu ``slope``; elu ``alpha``; softplus ``beta`` (log(1 + exp(beta x))/beta); gelu ``approximate`` ("none" or "tanh").
"""


def activate(attributes: dict[str, Any], x: Any, arithmetic: Arithmetic, place: str) -> Any:
    """The activation's values at the entries of ``x``; an `InputError` that begins with ``place`` where there are none."""
    function = attributes["function"]
    if function == "polynomial":
        return horner(attributes["coefficients"], x, arithmetic)
    if function == "rational":
        denominator = horner(attributes["denominator"], x, arithmetic)
        if arithmetic.exact and not np.all(denominator):
            raise InputError(f"the denominator of the activation {place} vanishes at this input; choose another one")
        return horner(attributes["numerator"], x, arithmetic) / denominator
    if function in PIECEWISE_LINEAR:
        return _piecewise(attributes, x, arithmetic)
    if arithmetic.exact:
        raise InputError(f"{place} applies {function}, whose values at rational numbers are not rational: evaluate in floating point")
    return _FLOAT[function](np.asarray(x), attributes)


def horner(coefficients: Sequence[Fraction], x: Any, arithmetic: Arithmetic) -> Any:
    """The polynomial with the given coefficients, lowest power first; a coefficient 0, or a leading 1, costs no operation."""
    if len(coefficients) < 2:
        constant = coefficients[0] if coefficients else Fraction(0)
        return x * arithmetic.scalar(Fraction(0)) + arithmetic.scalar(constant)
    *lower, top = coefficients
    total = x if top == 1 else x * arithmetic.scalar(top)
    for c in reversed(lower[1:]):
        total = (total + arithmetic.scalar(c) if c else total) * x
    return total + arithmetic.scalar(lower[0]) if lower[0] else total


def _piecewise(attributes: dict[str, Any], x: Array, arithmetic: Arithmetic) -> Array:
    function = attributes["function"]
    zero = arithmetic.scalar(Fraction(0))
    positive = np.maximum(x, zero)
    if function == "relu":
        return positive
    if function == "relu6":
        return np.minimum(positive, arithmetic.scalar(Fraction(6)))
    negative = np.minimum(x, zero)
    if function == "abs":
        return positive - negative
    return positive + arithmetic.scalar(attributes["slope"]) * negative


def _elu(x: Array, attributes: dict[str, Any]) -> Array:
    return np.where(x > 0, x, float(attributes["alpha"]) * np.expm1(np.minimum(x, 0.0)))


def _softplus(x: Array, attributes: dict[str, Any]) -> Array:
    beta = float(attributes["beta"])
    return np.logaddexp(0.0, beta * x) / beta


def _sigmoid(x: Array, attributes: dict[str, Any]) -> Array:
    from scipy.special import expit

    return np.asarray(expit(x))


def _erf(x: Array, attributes: dict[str, Any]) -> Array:
    from scipy.special import erf

    return np.asarray(erf(x))


def _gelu(x: Array, attributes: dict[str, Any]) -> Array:
    if attributes["approximate"] == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    from scipy.special import ndtr

    return np.asarray(x * ndtr(x))


_FLOAT: dict[str, Callable[[Array, dict[str, Any]], Array]] = {
    "elu": _elu,
    "softplus": _softplus,
    "tanh": lambda x, a: np.tanh(x),
    "sigmoid": _sigmoid,
    "gelu": _gelu,
    "silu": lambda x, a: x * _sigmoid(x, a),
    "erf": _erf,
    "exp": lambda x, a: np.exp(x),
}
