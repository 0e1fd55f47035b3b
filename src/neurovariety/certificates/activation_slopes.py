"""How steep activations are at most: bounds of |sigma'| on an interval around 0 and of |sigma(0)|, rounded up."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from neurovariety.certificates.network_nodes import Attributes, at, lines, ratio

_UP = 1 + 2.0**-28
_LEAST = 1e-300
"""Powers of tiny numbers would be 0 in float64, and large coefficients of them lost."""
_LIPSCHITZ = {"tanh": 1.0, "sin": 1.0, "sigmoid": 0.25, "gelu": 1.13, "silu": 1.1, "erf": 1.13, "softplus": 1.0, "hardswish": 1.5}
"""Upper bounds of the slopes everywhere; the largest of gelu is 1.1289..., of silu 1.0998..., of erf 2/sqrt(pi)."""


def steepness(a: Attributes, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the slope of an activation on [-size, size], entry by entry, and of its value at 0; inf where none is known."""
    straight, quotient = lines(a), ratio(a)
    zero = at(a, Fraction(0))
    start = math.inf if zero is None else above(abs(zero))
    if straight is not None:
        slope = np.full(size.shape, max(above(abs(s)) for s, _ in straight[1]))
    elif quotient is not None:
        if quotient[1] != 1:
            return np.full(size.shape, np.inf), np.full(size.shape, np.inf)
        c = [above(abs(Fraction(int(v.p), int(v.q)))) * _UP for v in quotient[0].coeffs()]
        slope = np.zeros(size.shape)
        for k, v in enumerate(c):
            if k and v:
                slope = slope + k * v * np.maximum(size ** (k - 1), _LEAST)
    else:
        name = a.get("function")
        steepest = _LIPSCHITZ.get(str(name), math.inf)
        if name == "elu":
            steepest = max(1.0, above(abs(Fraction(a["alpha"]))))
        if name == "softplus":
            start = 0.6931471805599454 / float(abs(Fraction(a["beta"]))) * _UP
        slope = np.full(size.shape, steepest)
    return slope * _UP, np.full(size.shape, start)


def above(value: Fraction) -> float:
    """A float64 that is at least the number."""
    try:
        return math.nextafter(float(value), math.inf) if value else 0.0
    except OverflowError:
        return math.inf
