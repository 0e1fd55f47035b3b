"""The inner products that a loss comes from in balls: of data, teachers and forms as they are, not of moments rounded to doubles."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import singledispatch
from typing import Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.training.losses.loss import Distance, Form, Loss, Monomial, SquaredError
from neurovariety.training.losses.whitened import BITS, WhitenedError

Coefficients = Mapping[Monomial, flint.arb]


@runtime_checkable
class ExactProducts(Protocol):
    """<a, b> of monomials, and <a, u>, u what is to be fitted, as balls."""

    def pair(self, a: Monomial, b: Monomial) -> flint.arb: ...
    def against(self, a: Monomial) -> flint.arb: ...


def exact_products(loss: Loss) -> ExactProducts:
    """Those of a loss."""
    return _products(loss)


@singledispatch
def _products(loss: object) -> ExactProducts:
    raise TypeError(f"no loss: {loss!r}")


@_products.register
def _(loss: SquaredError) -> ExactProducts:
    return _OfData(loss)


@_products.register
def _(loss: Distance) -> ExactProducts:
    return _OfTarget(lambda a, b: EXACT_PRODUCTS[loss.metric](a[1], b[1]) if a[0] == b[0] else Fraction(0),
                     {m: Fraction(c) for m, c in loss.target.items()})  # fmt: skip


@_products.register
def _(loss: Form) -> ExactProducts:
    target = [Fraction(c) for c in np.asarray(loss.target, dtype=np.float64).tolist()]
    return _OfTarget(lambda a, b: Fraction(loss.pair(a, b)), dict(zip(loss.places, target, strict=True)))


def exact_inputs(loss: SquaredError) -> list[list[flint.arb]]:
    """The rows of the data as they are; products with the matrix that whitens them are exact to many digits."""
    if isinstance(loss, WhitenedError) and loss.white is not None:
        return loss.white.exact_inputs
    return [[flint.arb(v) for v in row] for row in loss.inputs.tolist()]


class _OfData:
    def __init__(self, loss: SquaredError) -> None:
        used = loss.weights > 0
        with precision(BITS):
            self._rows = [row for row, kept in zip(exact_inputs(loss), used.tolist(), strict=True) if kept]
            self._targets = [[flint.arb(v) for v in row] for row in loss.targets[used].tolist()]
            weights = [flint.arb(w) for w in loss.weights[used].tolist()]
            total = sum(weights, flint.arb(0))
            self._weights = [w / total for w in weights]
        self._columns: dict[tuple[int, ...], list[flint.arb]] = {}
        self._moments: dict[tuple[int, ...], flint.arb] = {}

    def _column(self, exponents: tuple[int, ...]) -> list[flint.arb]:
        if exponents not in self._columns:
            self._columns[exponents] = [w * monomial_at(x, exponents) for w, x in zip(self._weights, self._rows, strict=True)]
        return self._columns[exponents]

    def pair(self, a: Monomial, b: Monomial) -> flint.arb:
        if a[0] != b[0]:
            return flint.arb(0)
        exponents = tuple(i + k for i, k in zip(a[1], b[1], strict=True))
        if exponents not in self._moments:
            self._moments[exponents] = sum(self._column(exponents), flint.arb(0))
        return self._moments[exponents]

    def against(self, a: Monomial) -> flint.arb:
        return sum((c * y[a[0]] for c, y in zip(self._column(a[1]), self._targets, strict=True)), flint.arb(0))


class _OfTarget:
    def __init__(self, product: object, target: Mapping[Monomial, Fraction]) -> None:
        self._product, self._target = product, target

    def _fraction(self, a: Monomial, b: Monomial) -> Fraction:
        assert callable(self._product)
        found: Fraction = self._product(a, b)
        return found

    def pair(self, a: Monomial, b: Monomial) -> flint.arb:
        return arb_of(self._fraction(a, b))

    def against(self, a: Monomial) -> flint.arb:
        return arb_of(sum((c * p for b, c in self._target.items() if (p := self._fraction(a, b))), Fraction(0)))


def monomial_at(x: list[flint.arb], exponents: tuple[int, ...]) -> flint.arb:
    """A monomial at a point."""
    out = flint.arb(1)
    for value, power in zip(x, exponents, strict=True):
        for _ in range(power):  # a power of flint's goes by way of the logarithm, which 0 has none of
            out = out * value
    return out


def arb_of(value: Fraction) -> flint.arb:
    """A ball that holds a rational number."""
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))
