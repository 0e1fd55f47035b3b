"""Exact sparse polynomials over Q: the coefficients of small models, and identities that hold identically."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np

from neurovariety.errors import DivisionByZeroError, ResourceError
from neurovariety.rings.ring import Array, Ring
from neurovariety.tolerances import MAX_TERMS


@dataclass(frozen=True, eq=False)
class Quotient:
    """A rational function: numerator / denominator, coprime, over one polynomial ring."""

    numerator: flint.fmpq_mpoly
    denominator: flint.fmpq_mpoly

    def __bool__(self) -> bool:
        return bool(self.numerator)


_MOST_EXPONENTS = 2 * 10**9
"""Of all polynomials in one array: each takes a byte or more."""


class Polynomials(Ring):
    """Q[variables], and Q(variables) where a model divides; elements are `Quotient` in object arrays.

    An expansion with more than ``max_terms`` terms raises `ResourceError` instead of filling the memory.
    """

    def __init__(self, variables: Sequence[str], max_terms: int = MAX_TERMS) -> None:
        self.variables = tuple(variables)
        self.name = f"Q[{len(self.variables)} variables]"
        self.max_terms = max_terms
        self.context = flint.fmpq_mpoly_ctx.get(self.variables or ("_unused",), flint.Ordering.degrevlex)
        self._one = self.context.constant(1)

    def scalar(self, value: Fraction) -> Quotient:
        return Quotient(self.context.constant(flint.fmpq(value.numerator, value.denominator)), self._one)

    def generators(self) -> Array:
        """The variables, as an array of shape (number of variables,)."""
        out = np.empty(len(self.variables), dtype=object)
        for i in range(len(self.variables)):
            out[i] = Quotient(self.context.gen(i), self._one)
        return out

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.constant(rng.integers(-9, 10, size=shape))

    def add(self, a: Array, b: Array) -> Array:
        return self._map(self._sum, a, b)

    def subtract(self, a: Array, b: Array) -> Array:
        return self._map(lambda x, y: self._sum(x, self._scaled(y)), a, b)

    def negative(self, a: Array) -> Array:
        return self._map(lambda x, _: self._scaled(x), a, a)

    def multiply(self, a: Array, b: Array) -> Array:
        return self._map(self._product, a, b)

    def divide(self, a: Array, b: Array) -> Array:
        return self._map(self._ratio, a, b)

    def matmul(self, a: Array, b: Array) -> Array:
        left = a[..., :, :, None]
        right = b[..., None, :, :]
        if a.shape[-1] == 0:
            return super().matmul(a, b)
        return self.sum(self.multiply(left, right), (np.ndim(left) - 2,))

    def sum(self, a: Array, axis: tuple[int, ...]) -> Array:
        for k in sorted(axis, reverse=True):
            total = self.zeros(a.shape[:k] + a.shape[k + 1 :])
            for i in range(a.shape[k]):
                total = self.add(total, np.take(a, [i], axis=k).reshape(total.shape))
            a = total
        return a

    def _map(self, operation: Callable[[Quotient, Quotient], Quotient], a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        out = np.empty(a.shape, dtype=object)
        flat, x, y = out.reshape(-1), a.reshape(-1), b.reshape(-1)
        exponents = 0
        for i in range(flat.size):
            flat[i] = operation(x[i], y[i])
            exponents += len(flat[i].numerator) * len(self.variables)
            if exponents > _MOST_EXPONENTS:
                raise ResourceError(
                    f"an exact expansion in {len(self.variables):,} variables would fill the memory; use exact ranks (`dimension`) or "
                    "a smaller model"
                )
        return out

    def _scaled(self, x: Quotient) -> Quotient:
        return Quotient(-x.numerator, x.denominator)

    def _sum(self, x: Quotient, y: Quotient) -> Quotient:
        if x.denominator == y.denominator:
            return self._reduced(x.numerator + y.numerator, x.denominator)
        return self._reduced(x.numerator * y.denominator + y.numerator * x.denominator, x.denominator * y.denominator)

    def _product(self, x: Quotient, y: Quotient) -> Quotient:
        # Guard before multiplying: the product of two long polynomials is where memory would go.
        if len(x.numerator) * len(y.numerator) > 64 * self.max_terms:
            raise ResourceError(self._too_long())
        return self._reduced(x.numerator * y.numerator, x.denominator * y.denominator)

    def _ratio(self, x: Quotient, y: Quotient) -> Quotient:
        if not y.numerator:
            raise DivisionByZeroError("a denominator of the model vanishes identically")
        return self._reduced(x.numerator * y.denominator, x.denominator * y.numerator)

    def _reduced(self, numerator: flint.fmpq_mpoly, denominator: flint.fmpq_mpoly) -> Quotient:
        if len(numerator) > self.max_terms:
            raise ResourceError(self._too_long())
        if denominator.is_constant():
            if denominator != self._one:
                numerator, denominator = numerator / denominator, self._one
        else:
            common = numerator.gcd(denominator)
            numerator, denominator = numerator / common, denominator / common
        return Quotient(numerator, denominator)

    def _too_long(self) -> str:
        return f"an exact expansion passed {self.max_terms} terms; use exact ranks (`dimension`) or a smaller model"


def coefficients(element: Quotient) -> dict[tuple[int, ...], Fraction]:
    """Exponents -> coefficient of a polynomial element. Raises `ValueError` for a proper rational function."""
    if not element.denominator.is_constant():
        raise ValueError("a rational function has no finite list of coefficients")
    return {tuple(int(e) for e in k): Fraction(int(v.p), int(v.q)) for k, v in element.numerator.to_dict().items()}


def latex(element: Quotient) -> str:
    """A polynomial or rational function as LaTeX."""
    top = _latex_polynomial(element.numerator)
    if element.denominator.is_constant():
        return top
    return rf"\frac{{{top}}}{{{_latex_polynomial(element.denominator)}}}"


def _latex_polynomial(polynomial: flint.fmpq_mpoly) -> str:
    names = [_latex_name(n) for n in polynomial.context().names()]
    pieces: list[str] = []
    for exponents, value in polynomial.to_dict().items():
        coefficient = Fraction(int(value.p), int(value.q))
        monomial = " ".join(n if e == 1 else f"{n}^{{{int(e)}}}" for n, e in zip(names, exponents, strict=True) if int(e))
        size = abs(coefficient)
        digits = str(size.numerator) if size.denominator == 1 else rf"\frac{{{size.numerator}}}{{{size.denominator}}}"
        body = monomial if monomial and size == 1 else f"{digits} {monomial}".strip()
        sign = "-" if coefficient < 0 else "+"
        pieces.append(f"{sign} {body}" if pieces else (f"-{body}" if coefficient < 0 else body))
    return " ".join(pieces) or "0"


def _latex_name(name: str) -> str:
    head, _, tail = name.partition("_")
    return f"{head}_{{{tail.replace('_', ',')}}}" if tail else head
