"""Germs: polynomials over Q near the origin, of whose sum of squares the learning coefficient is asked.

The volume of {K <= e} near the origin, K the sum of the squares, is e^c |log e|^(m-1) up to constant factors as e goes to 0; c is the
learning coefficient of K there and m its multiplicity (Watanabe 2009). Both depend on the ideal of the polynomials alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from neurovariety.certificates.lines_of_exponents import direction_of, has_real_roots, on_line
from neurovariety.certificates.stored_coefficients import as_fraction, fmpq_of
from neurovariety.certificates.zeros import NotShown

Exponents = tuple[int, ...]
Terms = tuple[tuple[Exponents, Fraction], ...]
"""A polynomial as plain data: (exponents, coefficient), in the order of the exponents."""
Polynomial = Any
"""The same as a ``flint.fmpq_mpoly``."""


def ring(variables: int) -> Any:
    """The ring of polynomials in so many variables."""
    return flint.fmpq_mpoly_ctx.get([f"x{i}" for i in range(max(variables, 1))], flint.Ordering.lex)


def polynomial(context: Any, terms: Terms) -> Polynomial:
    """Plain data as a polynomial. Raises `NotShown` for exponents that do not fit."""
    if any(len(e) > context.nvars() or min(e, default=0) < 0 for e, _ in terms):
        raise NotShown("a polynomial has exponents of other variables")
    return context.from_dict({(*e, *([0] * (context.nvars() - len(e)))): fmpq_of(c) for e, c in terms if c})


def plain_terms(f: Polynomial) -> Terms:
    """A polynomial as plain data."""
    return tuple(sorted((tuple(map(int, e)), as_fraction(c)) for e, c in f.to_dict().items()))


def support(f: Polynomial) -> list[Exponents]:
    """The exponents of a polynomial."""
    return [tuple(map(int, e)) for e in f.monoms()]


def constant_of(f: Polynomial) -> Fraction:
    """The value at the origin."""
    found = f.to_dict().get((0,) * f.context().nvars())
    return Fraction(0) if found is None else as_fraction(found)


def variables_of(f: Polynomial) -> set[int]:
    """The variables that occur."""
    return {i for e in support(f) for i, k in enumerate(e) if k}


def part_of(f: Polynomial, chosen: Iterable[Exponents]) -> Polynomial:
    """The terms with these exponents."""
    known = f.to_dict()
    return f.context().from_dict({e: known[e] for e in chosen})


def vanish(germ: Sequence[Polynomial]) -> bool:
    """Whether all are zero at the origin."""
    return not any(constant_of(f) for f in germ)


def shows_no_zero(f: Polynomial) -> bool:
    """Whether a polynomial plainly has no zero with all coordinates real and not 0: it is one monomial, or its terms are all of even
    exponents, with coefficients of one sign, or its exponents lie on a line, along which Sturm's theorem finds no zero."""
    if len(f) <= 1:
        return len(f) == 1
    if len({c > 0 for c in f.coeffs()}) == 1 and all(k % 2 == 0 for e in f.monoms() for k in e):
        return True
    line = direction_of([support(f)])
    return line is not None and not has_real_roots(on_line({tuple(map(int, e)): c for e, c in f.to_dict().items()}, line)[1])


def value_at(f: Polynomial, point: Sequence[Fraction]) -> Fraction:
    """The value at a rational point."""
    return as_fraction(f(*map(fmpq_of, point)))


@dataclass(frozen=True, eq=False)
class Germ:
    """Polynomials in ``variables`` (their names) as exact data: what a certificate speaks of where there is no network."""

    variables: tuple[str, ...]
    functions: tuple[Terms, ...]

    @property
    def hash(self) -> str:
        """sha256 of the polynomials."""
        return hashlib.sha256(repr((self.variables, self.functions)).encode()).hexdigest()

    def polynomials(self) -> list[Polynomial]:
        """The polynomials."""
        context = ring(len(self.variables))
        return [polynomial(context, terms) for terms in self.functions]

    @property
    def coordinates(self) -> tuple[tuple[int, Polynomial], ...]:
        """The polynomials with their numbers, as a model has its coefficients with their names."""
        return tuple(enumerate(self.polynomials()))


def shifted(f: Polynomial, weights: Sequence[Fraction]) -> Polynomial:
    """f(w + x) - f(w): the function near w."""
    context = f.context()
    moved = f.compose(*[context.gen(i) + fmpq_of(w) for i, w in enumerate(weights)], ctx=context) if any(weights) else f
    return moved - fmpq_of(constant_of(moved))


def scaled(context: Any, exponents: Mapping[int, int]) -> Polynomial:
    """A monomial."""
    return context.from_dict({tuple(exponents.get(i, 0) for i in range(context.nvars())): 1})
