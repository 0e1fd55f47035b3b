"""Polynomials in the inputs of a network, with expressions in its weights as coefficients.

What a program gives over this ring are the coordinates of the parametrization, as scalar expressions that share their parts.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.errors import InputError, ResourceError
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.rings.ring import Array, Ring

Exponents = tuple[int, ...]

_MOST_PRODUCTS = 20_000_000


class SparseForm:
    """A polynomial: exponents -> `Expression` that is not zero."""

    __slots__ = ("ring", "terms")

    def __init__(self, ring: Forms, terms: dict[Exponents, Expression]) -> None:
        self.ring = ring
        self.terms = terms

    def __add__(self, other: SparseForm) -> SparseForm:
        total = dict(self.terms)
        for e, c in other.terms.items():
            s = total[e] + c if e in total else c
            if s.terms:
                total[e] = s
            else:
                del total[e]
        return SparseForm(self.ring, total)

    def __neg__(self) -> SparseForm:
        return SparseForm(self.ring, {e: -c for e, c in self.terms.items()})

    def __sub__(self, other: SparseForm) -> SparseForm:
        return self + (-other)

    def __mul__(self, other: SparseForm) -> SparseForm:
        total: dict[Exponents, Expression] = {}
        self.ring.spend(len(self.terms) * len(other.terms))
        for a, c in self.terms.items():
            for b, d in other.terms.items():
                e = tuple(x + y for x, y in zip(a, b, strict=True))
                product = c * d
                total[e] = total[e] + product if e in total else product
        return SparseForm(self.ring, {e: c for e, c in total.items() if c.terms})


class Forms(Ring):
    """Polynomials in ``variables`` inputs over the expressions of ``graph``."""

    def __init__(self, graph: Graph, variables: int) -> None:
        self.graph = graph
        self.variables = variables
        self.name = f"polynomials in {variables} inputs over expressions"
        self._constant = (0,) * variables
        self._spent = 0

    def spend(self, products: int) -> None:
        """Count products of coefficients. Raises `ResourceError` where they become too many."""
        self._spent += products
        if self._spent > _MOST_PRODUCTS:
            raise ResourceError("the coefficients of this model take too many operations to write out; use a smaller architecture")

    def of(self, expression: Expression) -> SparseForm:
        """A polynomial of degree 0."""
        return SparseForm(self, {self._constant: expression} if expression.terms else {})

    def array(self, values: list[SparseForm], shape: tuple[int, ...]) -> Array:
        """An array of forms."""
        out = np.empty(len(values), dtype=object)
        out[:] = values
        return out.reshape(shape)

    def unknowns(self) -> Array:
        """The inputs x_0, x_1, ..."""
        units = [tuple(int(i == j) for j in range(self.variables)) for i in range(self.variables)]
        return self.array([SparseForm(self, {u: self.graph.constant(1)}) for u in units], (self.variables,))

    def scalar(self, value: Fraction) -> SparseForm:
        return self.of(self.graph.constant(value))

    def random(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.constant(rng.integers(-9, 10, size=shape))

    def divide(self, a: Array, b: Array) -> Array:
        a, b = np.broadcast_arrays(a, b)
        quotients = []
        for top, below in zip(a.reshape(-1).tolist(), b.reshape(-1).tolist(), strict=True):
            if set(below.terms) != {self._constant}:
                raise InputError("a model that divides by a function of its inputs is no polynomial in them, and has no coefficients")
            divisor = below.terms[self._constant]
            quotients.append(SparseForm(self, {e: c / divisor for e, c in top.terms.items()}))
        return self.array(quotients, a.shape)
