"""Scalar expressions that share their parts: sums of monomials in inputs, in earlier sums, and in reciprocals of sums.

An expression is a linear combination of monomials. Sums of numbers of inputs are kept apart until one of them is multiplied with
something: then it becomes a *base*, a new letter that monomials may contain. So products are never multiplied out, equal parts are
found by their keys, and constants are folded, exactly: a float means the binary fraction that it stores, and no sum or product of
constants is rounded. Derivatives are expressions again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from fractions import Fraction
from typing import NoReturn

import numpy as np

from neurovariety.certificates.gaussian import Coefficient, exact, inverse
from neurovariety.errors import DivisionByZeroError, InputError, NotAlgebraicError

Number = int | float | complex | Fraction | Coefficient
"""What may stand for a constant; it becomes a `Coefficient`."""
Monomial = tuple[tuple[int, int], ...]
"""(base, exponent) pairs, bases ascending; the empty one is 1."""

_UNIT: Monomial = ()


class Graph:
    """The bases: inputs first, then sums and reciprocals in the order of their making, each kept once."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.sums: dict[int, dict[Monomial, Coefficient]] = {}
        self.reciprocals: dict[int, int] = {}
        self._depends: list[int] = [1 << i for i in range(inputs)]
        self._known: dict[Hashable, int] = {}
        self._products: dict[tuple[Monomial, Monomial], Monomial] = {}
        self._slopes: dict[tuple[int, int], Expression] = {}

    def input(self, i: int) -> Expression:
        """Input number ``i``."""
        return Expression(self, {((i, 1),): 1})

    def constant(self, value: Number) -> Expression:
        number = exact(value)
        return Expression(self, {_UNIT: number} if number else {})

    def combination(self, terms: Iterable[tuple[Expression, Number]]) -> Expression:
        """The linear combination of expressions, each of which becomes a base first if it is a sum."""
        total: dict[Monomial, Coefficient] = {}
        for expression, number in terms:
            factor = exact(number)
            for monomial, c in expression.as_base().terms.items():
                total[monomial] = total.get(monomial, 0) + c * factor
        return Expression(self, {m: c for m, c in total.items() if c})

    def base_of(self, terms: dict[Monomial, Coefficient]) -> int:
        """The base that stands for a sum."""
        key = frozenset(terms.items())
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self._depends)
            self.sums[found] = terms
            self._depends.append(self._mask(terms))
        return found

    def reciprocal_of(self, base: int) -> int:
        """The base that stands for 1 / base."""
        found = self._known.get(("reciprocal", base))
        if found is None:
            found = self._known["reciprocal", base] = len(self._depends)
            self.reciprocals[found] = base
            self._depends.append(self._depends[base])
        return found

    def _mask(self, terms: dict[Monomial, Coefficient]) -> int:
        mask = 0
        for monomial in terms:
            for base, _ in monomial:
                mask |= self._depends[base]
        return mask

    def depends(self, expression: Expression, i: int) -> bool:
        """Whether input ``i`` occurs in an expression."""
        return bool(self._mask(expression.terms) >> i & 1)

    def product(self, a: Monomial, b: Monomial) -> Monomial:
        """The product of two monomials."""
        if not a or not b:
            return a or b
        key = (a, b)
        found = self._products.get(key)
        if found is None:
            exponents = dict(a)
            for base, e in b:
                exponents[base] = exponents.get(base, 0) + e
            found = self._products[key] = tuple(sorted(exponents.items()))
        return found

    def derivative(self, expression: Expression, i: int) -> Expression:
        """The derivative by input ``i``; sums inside are bases, so that all entries of a Jacobian share them."""
        total: dict[Monomial, Coefficient] = {}
        for monomial, c in expression.terms.items():
            for k, (base, e) in enumerate(monomial):
                if not self._depends[base] >> i & 1:
                    continue
                rest = (*monomial[:k], (base, e - 1), *monomial[k + 1 :]) if e > 1 else (*monomial[:k], *monomial[k + 1 :])
                for slope, s in self._slope(base, i).terms.items():
                    m = self.product(rest, slope)
                    total[m] = total.get(m, 0) + c * e * s
        return Expression(self, {m: c for m, c in total.items() if c})

    def _slope(self, base: int, i: int) -> Expression:
        if base < self.inputs:
            return self.constant(1)
        found = self._slopes.get((base, i))
        if found is None:
            if base in self.reciprocals:
                inner = self._slope(self.reciprocals[base], i)
                found = -(inner * Expression(self, {((base, 2),): 1}))
            else:
                found = self.derivative(Expression(self, self.sums[base]), i).as_base()
            self._slopes[base, i] = found
        return found


class Expression:
    """A linear combination of monomials of a `Graph`; immutable. Supports +, -, *, / and integer powers with numbers and others."""

    __slots__ = ("graph", "terms")

    def __init__(self, graph: Graph, terms: dict[Monomial, Coefficient]) -> None:
        self.graph = graph
        self.terms = terms

    def __repr__(self) -> str:
        return f"Expression({self.terms})"

    @property
    def is_constant(self) -> bool:
        return not self.terms or (len(self.terms) == 1 and _UNIT in self.terms)

    @property
    def value(self) -> Coefficient:
        """The value of a constant."""
        return self.terms.get(_UNIT, 0)

    def as_base(self) -> Expression:
        """The same expression as one term."""
        if len(self.terms) <= 1:
            return self
        return Expression(self.graph, {((self.graph.base_of(self.terms), 1),): 1})

    def _other(self, other: Expression | Number) -> Expression:
        if isinstance(other, Expression):
            return other
        if other is None or isinstance(other, (str, bytes, list, tuple)):
            raise InputError(f"the equations combine an expression with {other!r}, and a number is expected"[:200])
        return self.graph.constant(other)

    def __add__(self, other: Expression | Number) -> Expression:
        small, large = sorted((self.terms, self._other(other).terms), key=len)
        if not small:
            return Expression(self.graph, large)
        total = dict(large)
        for monomial, c in small.items():
            s = total.get(monomial, 0) + c
            if s:
                total[monomial] = s
            else:
                del total[monomial]
        return Expression(self.graph, total)

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return Expression(self.graph, {m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Expression | Number) -> Expression:
        return self + (-self._other(other))

    def __rsub__(self, other: Expression | Number) -> Expression:
        return self._other(other) + (-self)

    def __mul__(self, other: Expression | Number) -> Expression:
        b = self._other(other)
        a = self
        if b.is_constant:
            a, b = b, a
        if a.is_constant:
            factor = a.value
            return Expression(self.graph, _times(b.terms, factor) if factor else {})
        ((m, c),) = a.as_base().terms.items()
        ((k, d),) = b.as_base().terms.items()
        return Expression(self.graph, {self.graph.product(m, k): c * d})

    __rmul__ = __mul__

    def __truediv__(self, other: Expression | Number) -> Expression:
        b = self._other(other)
        if not b.terms:
            raise DivisionByZeroError("a denominator vanishes identically")
        if b.is_constant:
            return Expression(self.graph, _times(self.terms, inverse(b.value)))
        ((monomial, c),) = b.as_base().terms.items()
        below: Expression = self.graph.constant(inverse(c))
        for base, e in monomial:
            below = below * Expression(self.graph, {((self.graph.reciprocal_of(base), e),): 1})
        return self * below

    def __rtruediv__(self, other: Expression | Number) -> Expression:
        return self._other(other) / self

    def __pow__(self, exponent: object) -> Expression:
        """A whole power. Raises `NotAlgebraicError` for any other exponent, `InputError` for one beyond `MAX_EXPONENT`."""
        return self._power(_whole(exponent))

    def _power(self, exponent: int) -> Expression:
        if exponent < 0:
            return 1 / self._power(-exponent)
        if exponent == 0:
            return self.graph.constant(1)
        _check_degree(exponent)
        try:
            if self.is_constant:
                return self.graph.constant(self.value**exponent)
            ((monomial, c),) = self.as_base().terms.items()
            factor = c**exponent
        except OverflowError:
            raise InputError(f"the power {exponent} of a constant leaves the range of numbers; scale the unknowns") from None
        _check_degree(max(e * exponent for _, e in monomial))
        return Expression(self.graph, {tuple((b, e * exponent) for b, e in monomial): factor})

    def __rpow__(self, base: object) -> Expression:
        raise NotAlgebraicError("an unknown stands in an exponent, as in no polynomial; use products and powers with whole exponents")

    def _number(self) -> NoReturn:
        raise NotAlgebraicError(
            "an expression of unknowns is used as a number (by float, int or a function of math), and it has no value yet; "
            "write it with +, -, *, / and whole powers"
        )

    __float__ = __int__ = __complex__ = _number

    def _compared(self, *_: object) -> NoReturn:
        raise NotAlgebraicError(
            "the equations compare an expression of unknowns, or branch on it, which no polynomial does; build a system for each case"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _compared
    __hash__ = object.__hash__


MAX_EXPONENT = 10_000
"""Above this no path is followed: the degree of an equation is at least the number of paths."""


def _check_degree(exponent: int) -> None:
    if exponent > MAX_EXPONENT:
        raise InputError(f"a power has the exponent {exponent}, and at most {MAX_EXPONENT} is followed; lower it")


def _whole(exponent: object) -> int:
    """An exponent as an int: whole numbers of any numeric type are. Raises `NotAlgebraicError` for anything else."""
    if isinstance(exponent, (int, np.integer)) and not isinstance(exponent, bool):
        return int(exponent)
    if isinstance(exponent, (float, Fraction, np.floating)) and math.isfinite(exponent) and exponent == int(exponent):
        return int(exponent)
    shown = "that is itself an expression" if isinstance(exponent, Expression) else f"{exponent!r}"[:60]
    raise NotAlgebraicError(
        f"a power has the exponent {shown}, and a whole number is expected; make a root an unknown with an equation of its own, "
        "such as y^2 = x"
    )


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(self: Expression, *_: object) -> NoReturn:
        raise NotAlgebraicError(
            f"{name} of an expression is not polynomial or rational; make its value an unknown with an equation of its own, "
            "such as y^2 = x for a square root"
        )

    return refuse


# NumPy takes np.sin(x) of an object to its method sin.
for _name in (
    *("sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot"),
    *("arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh", "floor", "ceil", "trunc", "rint", "fabs", "conjugate"),
    *("__abs__", "__floor__", "__ceil__", "__trunc__", "__round__", "__mod__", "__floordiv__"),
):
    setattr(Expression, _name, _refused(_name.strip("_")))


def _times(terms: dict[Monomial, Coefficient], factor: Coefficient) -> dict[Monomial, Coefficient]:
    return {m: c * factor for m, c in terms.items()}


def jacobian(graph: Graph, expressions: Sequence[Expression], inputs: Sequence[int]) -> list[list[Expression]]:
    """The matrix of derivatives, one row an expression."""
    return [[graph.derivative(f, i) for i in inputs] for f in expressions]
