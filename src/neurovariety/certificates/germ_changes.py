"""Changes of functions near the origin that proofs about germs are made of: other coordinates, other generators, a function solved."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint

from neurovariety.certificates.germs import Polynomial, constant_of, support, variables_of
from neurovariety.certificates.stored_coefficients import fmpq_of
from neurovariety.certificates.zeros import NotShown


def one_of(germ: Sequence[Polynomial], k: int) -> Polynomial:
    """The function of that number. Raises `NotShown` where there is none."""
    if not 0 <= k < len(germ):
        raise NotShown("there are not so many functions")
    return germ[k]


def moved(germ: Sequence[Polynomial], variable: int, by: Polynomial, unit: Polynomial) -> list[Polynomial]:
    """The functions with (x_i + p) / u in place of x_i, times powers of u. Raises `NotShown` where that is no change of coordinates at
    the origin."""
    context = germ[0].context()
    if not 0 <= variable < context.nvars() or variable in variables_of(by) | variables_of(unit) or constant_of(by):
        raise NotShown("a variable is moved by a polynomial in others that is zero at the origin")
    if not constant_of(unit):
        raise NotShown("a variable is divided by a polynomial that is not zero at the origin")
    return [_put(f, variable, unit, -(context.gen(variable) + by)) for f in germ]


def solved(germ: Sequence[Polynomial], function: int, variable: int) -> list[Polynomial]:
    """The other functions where u x_i + g = 0, times powers of the unit u. Raises `NotShown` where the function is of another form."""
    f, context = one_of(germ, function), germ[0].context()
    if not 0 <= variable < context.nvars():
        raise NotShown("there are not so many variables")
    u = f.derivative(variable)
    g = f - u * context.gen(variable)
    if not constant_of(u) or variable in variables_of(u) or variable in variables_of(g):
        raise NotShown("the function cannot be solved for the variable")
    return [_put(h, variable, u, g) for k, h in enumerate(germ) if k != function]


def _put(h: Polynomial, variable: int, u: Polynomial, g: Polynomial) -> Polynomial:
    """u^d h with x_i = -g/u."""
    context = h.context()
    powers: dict[int, dict[tuple[int, ...], flint.fmpq]] = {}
    for e, c in h.to_dict().items():
        rest = tuple(0 if i == variable else int(k) for i, k in enumerate(e))
        powers.setdefault(int(e[variable]), {})[rest] = c
    degree = max(powers, default=0)
    total = context.constant(0)
    for k, terms in powers.items():
        total = total + context.from_dict(terms) * (-g) ** k * u ** (degree - k)
    return total


def combined(germ: Sequence[Polynomial], rows: Sequence[Sequence[Fraction]]) -> list[Polynomial]:
    """The combinations with these rows. Raises `NotShown` for a matrix that is not invertible."""
    if len(rows) != len(germ) or any(len(r) != len(germ) for r in rows):
        raise NotShown("a square matrix is expected")
    if flint.fmpq_mat([[fmpq_of(c) for c in r] for r in rows]).rank() < len(rows):
        raise NotShown("the combinations are dependent")
    zero = germ[0].context().constant(0)
    return [sum((fmpq_of(c) * f for c, f in zip(r, germ, strict=True) if c), zero) for r in rows]


def reduced(germ: Sequence[Polynomial], function: int, other: int, multiplier: Polynomial) -> list[Polynomial]:
    """The functions with a multiple of ``other`` subtracted from ``function``."""
    if function == other:
        raise NotShown("a function is reduced by another")
    changed = one_of(germ, function) - multiplier * one_of(germ, other)
    return [changed if i == function else g for i, g in enumerate(germ)]


def gathered(germ: Sequence[Polynomial], groups: Sequence[Sequence[int]]) -> list[Polynomial]:
    """The first variable of its group times the derivatives of a function by all of them. Raises `NotShown` where functions are not
    linear in the variables of one group."""
    context = germ[0].context()
    listed = [v for group in groups for v in group]
    if not all(groups) or len(set(listed)) < len(listed) or not all(0 <= v < context.nvars() for v in listed):
        raise NotShown("groups of different variables are expected")
    found = []
    for f in germ:
        own = [k for k, group in enumerate(groups) if any(e[v] for e in support(f) for v in group)]
        if len(own) != 1 or any(sum(e[v] for v in listed) != 1 for e in support(f)):
            raise NotShown("a function is not linear in the variables of one group")
        (k,) = own
        found += [context.gen(groups[k][0]) * d for v in groups[k] if len(d := f.derivative(v))]
    return found
