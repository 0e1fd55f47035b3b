"""Max-plus bounds: degrees in inputs and parameters and the size of coefficients, without expanding anything."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from neurovariety.errors import DivisionByZeroError
from neurovariety.rings.ring import Array, Element, Ring

_FIELDS = ("inputs", "low", "parameters", "under", "norm", "under_norm", "scale")
DEGREE = np.dtype([(f, np.float64) for f in _FIELDS])
"""One scalar n/d of a model, n and d polynomials in inputs x and parameters w:

``inputs``, ``parameters``  upper bounds of the degree of n in x and in w;
``low``                     lower bound of the degree in x of every monomial of n;
``under``                   upper bound of the total degree of d (0: a polynomial);
``norm``, ``under_norm``    log2 of upper bounds of the sum of absolute coefficients of n and d, after clearing the
                            denominators of the program's constants; ``norm`` is -inf for the zero polynomial;
``scale``                   how many times the common denominator of the constants was cleared.
Bounds saturate at infinity, which callers read as "no bound"."""


_saturating = np.errstate(over="ignore", invalid="ignore")
"""Bounds that overflow become infinity, which means no bound; that is no news for the user."""


class Degrees(Ring):
    """The ring of degree and size bounds. Sums never cancel here, so every number is an upper bound, never a guess.

    ``common_denominator`` is a common multiple of the denominators of all constants of the program.
    """

    dtype = DEGREE
    name = "degree bounds"

    def __init__(self, common_denominator: int = 1) -> None:
        self.common_denominator = common_denominator
        self._step = math.log2(common_denominator)

    def scalar(self, value: Fraction) -> Element:
        cleared = value * self.common_denominator
        power = 0.0 if value.denominator == 1 else 1.0
        size = abs(value.numerator) if value.denominator == 1 else abs(cleared.numerator)
        # math.log2 is correctly rounded to an ulp; the relative nudge keeps the bound an upper one.
        norm = math.log2(size) * (1 + 2.0**-40) if size else -math.inf
        return np.array((0, 0, 0, 0, norm, 0, power), dtype=DEGREE)[()]

    def inputs(self, shape: tuple[int, ...]) -> Array:
        """Inputs: degree 1 in x."""
        return self._filled(shape, (1, 1, 0, 0, 0, 0, 0))

    def parameters(self, shape: tuple[int, ...]) -> Array:
        """Parameters: degree 1 in w."""
        return self._filled(shape, (0, 0, 1, 0, 0, 0, 0))

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.parameters(shape)

    def _filled(self, shape: tuple[int, ...], entry: tuple[float, ...]) -> Array:
        return np.full(shape, np.array(entry, dtype=DEGREE), dtype=DEGREE)

    def add(self, a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        left, right = self._over(a, b), self._over(b, a)
        return self._max(left, right, np.asarray(np.logaddexp2(left["norm"], right["norm"])))

    def subtract(self, a: Array, b: Array) -> Array:
        return self.add(a, b)

    def negative(self, a: Array) -> Array:
        return np.array(a)

    @_saturating
    def multiply(self, a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        out = np.empty(a.shape, dtype=DEGREE)
        for field in _FIELDS:
            out[field] = a[field] + b[field]
        return self._zeroed(out)

    @_saturating
    def divide(self, a: Array, b: Array) -> Array:
        if np.any(np.isneginf(b["norm"])):
            raise DivisionByZeroError("a denominator of the model vanishes identically")
        a, b = np.broadcast_arrays(a, b)
        out = np.array(a)
        # The denominators' degrees are bounds in all variables together, so they count in x and in w alike.
        out["inputs"] = a["inputs"] + b["under"]
        out["parameters"] = a["parameters"] + b["under"]
        out["low"] = np.where(b["under"] + b["inputs"] + b["parameters"] > 0, 0.0, a["low"])
        out["under"] = a["under"] + b["inputs"] + b["parameters"]
        out["norm"] = a["norm"] + b["under_norm"] + b["scale"] * self._step
        out["under_norm"] = a["under_norm"] + b["norm"] + a["scale"] * self._step
        out["scale"] = 0.0
        return self._zeroed(out)

    @_saturating
    def power(self, a: Array, exponent: int) -> Array:
        if exponent < 0:
            return super().power(a, exponent)
        if exponent == 0:
            return self.constant(np.ones(a.shape, dtype=np.int64))
        out = np.array(a)
        for field in _FIELDS:
            out[field] = a[field] * exponent
        return self._zeroed(out)

    def matmul(self, a: Array, b: Array) -> Array:
        if a.shape[-1] == 0:
            return super().matmul(a, b)
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = np.empty((*batch, a.shape[-2], b.shape[-1]), dtype=DEGREE)
        for i in range(a.shape[-2]):  # a row at a time: the full outer array of a wide layer would not fit
            out[..., i, :] = self.sum(self.multiply(a[..., i, :, None], b), (len(batch),))
        return out

    @_saturating
    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        for k in sorted(axis, reverse=True):
            if a.size == 0:
                a = self.zeros(a.shape[:k] + a.shape[k + 1 :])
            elif np.all(_whole(a)) and np.ptp(a["scale"]) == 0:
                moved = np.moveaxis(a, k, 0)
                a = self._max_many(moved, np.asarray(np.logaddexp2.reduce(moved["norm"], axis=0)))
            else:
                total = np.asarray(np.take(a, 0, axis=k))
                for i in range(1, a.shape[k]):
                    total = self.add(total, np.asarray(np.take(a, i, axis=k)))
                a = total
        return a

    @_saturating
    def _over(self, a: Array, b: Array) -> Array:
        """a over the product of both denominators, as a summand beside b."""
        same = _whole(a) & _whole(b)
        if np.all(same & (a["scale"] == b["scale"])):
            return a
        out = np.array(a)
        out["inputs"] = a["inputs"] + b["under"]
        out["parameters"] = a["parameters"] + b["under"]
        out["low"] = np.where(b["under"] > 0, 0.0, a["low"])
        out["under"] = a["under"] + b["under"]
        lift = np.where(same, np.maximum(b["scale"] - a["scale"], 0), b["scale"])
        lift = np.where(np.isnan(lift), np.inf, lift)  # infinity minus infinity: no bound
        out["norm"] = a["norm"] + b["under_norm"] + lift * self._step
        out["under_norm"] = a["under_norm"] + b["under_norm"]
        out["scale"] = np.where(same, np.maximum(a["scale"], b["scale"]), a["scale"] + b["scale"])
        return self._zeroed(out)

    def _max(self, a: Array, b: Array, norm: Array) -> Array:
        return self._max_many(np.stack([a, b]), norm)

    def _max_many(self, stacked: Array, norm: Array) -> Array:
        out = np.empty(stacked.shape[1:], dtype=DEGREE)
        zero = np.isneginf(stacked["norm"])
        for field in ("inputs", "parameters", "under", "under_norm", "scale"):
            out[field] = stacked[field].max(axis=0)
        out["low"] = np.where(zero, np.inf, stacked["low"]).min(axis=0)
        out["norm"] = norm
        return self._zeroed(out)

    def _zeroed(self, out: Array) -> Array:
        """Zero has no degree: its bounds are 0, and its ``low`` never binds."""
        zero = np.isneginf(out["norm"]) | np.isnan(out["norm"])
        if np.any(zero):
            for field in ("inputs", "low", "parameters"):
                out[field] = np.where(zero, 0.0, out[field])
            out["norm"] = np.where(zero, -np.inf, out["norm"])
        return out


def _whole(a: Array) -> Array:
    """Where the denominator is 1. Its norm alone does not tell: the denominator w has norm 1 as well."""
    return np.asarray((a["under"] == 0) & (a["under_norm"] == 0))
