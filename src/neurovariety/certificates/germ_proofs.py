"""Proofs about the learning coefficient of a germ: changes of coordinates and of generators until its Newton polyhedra tell it.

Each step says how the pair (twice the coefficient, multiplicity) of a germ follows from those of simpler ones, and `bounds` recomputes
every germ on the way. The ideal near the origin is what counts, up to analytic coordinates there:

* `Moved`: (x_i + p) / u for x_i, where p and u are polynomials in other variables, p is 0 and u is not 0 at the origin: a change of
  coordinates; each function is multiplied by a power of the unit u, which leaves the ideal;
* `Solved`: a function u x_i + g with a unit u, x_i not in u and g, is a coordinate: half a degree of freedom, and what is left of the
  others with x_i = -g/u; the coefficients of ideals in separate variables add up, multiplicities less 1 too (Watanabe 2009);
* `Parts`: functions in separate variables;
* `Products`: all products of a function of some variables and one of others. The two sums of squares are multiplied, so the smaller
  coefficient counts, and where both are the same the multiplicities add up;
* `PowerOf`: the sum of squares of h^k alone is that of h to the power k;
* `WithoutUnit`: a factor that is not 0 at the origin does not count;
* `Combined`: invertible linear combinations of the functions generate the same ideal;
* `Reduced`: so do they after a multiple of one was subtracted from another;
* `Some`: fewer functions are smaller together, a bound from below alone;
* `Order`: a function with a derivative of order k that is not 0 has at least 1/k;
* `FromCells`, `FromRegion`: the polyhedra themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint

from neurovariety.certificates.germ_bounds import FromCells, FromRegion, Pair
from neurovariety.certificates.germs import (
    Polynomial,
    Terms,
    constant_of,
    plain_terms,
    polynomial,
    support,
    vanish,
    variables_of,
)
from neurovariety.certificates.stored_coefficients import fmpq_of
from neurovariety.certificates.zeros import NotShown

NOTHING: Pair = (Fraction(0), 1)
"""The pair of no function at all: the volume is constant."""


@dataclass(frozen=True)
class Bounds:
    """A bound from below and one from above, None where there is none."""

    low: Pair | None
    high: Pair | None


@dataclass(frozen=True)
class Polyhedra:
    """The bounds that the polyhedra of the functions give as they are."""

    low: FromCells | None
    high: FromRegion | None


@dataclass(frozen=True)
class Order:
    """The function of that number has a term of this degree, and none of a smaller one."""

    function: int
    degree: int


@dataclass(frozen=True)
class Moved:
    """(x_i + p) / u in place of x_i, for all functions; no terms of u stand for 1."""

    variable: int
    by: Terms
    then: Proof
    unit: Terms = ()


@dataclass(frozen=True)
class Solved:
    """The function of that number is u x_i + g: x_i = -g/u in the others, of which none may be left."""

    function: int
    variable: int
    then: Proof | None


@dataclass(frozen=True)
class Parts:
    """Groups of functions without a common variable, each with its proof."""

    groups: tuple[tuple[int, ...], ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Products:
    """The functions are constants times f g, one for each f of ``left`` and g of ``right``, which have no variable in common."""

    left: tuple[Terms, ...]
    right: tuple[Terms, ...]
    proofs: tuple[Proof, Proof]


@dataclass(frozen=True)
class PowerOf:
    """The one function is a constant times ``base`` to the power ``exponent``."""

    base: Terms
    exponent: int
    then: Proof


@dataclass(frozen=True)
class WithoutUnit:
    """The function of that number is ``unit`` times ``rest``, and the unit is not 0 at the origin."""

    function: int
    unit: Terms
    rest: Terms
    then: Proof


@dataclass(frozen=True)
class Combined:
    """The combinations with the rows of an invertible matrix in place of the functions."""

    rows: tuple[tuple[Fraction, ...], ...]
    then: Proof


@dataclass(frozen=True)
class Reduced:
    """A multiple of one function was subtracted from another."""

    function: int
    other: int
    multiplier: Terms
    then: Proof


@dataclass(frozen=True)
class Some:
    """Some of the functions: what bounds them from below bounds all."""

    functions: tuple[int, ...]
    then: Proof


@dataclass(frozen=True)
class Both:
    """Two proofs, for a bound from each side."""

    low: Proof
    high: Proof


Proof = Polyhedra | Order | Moved | Solved | Parts | Products | PowerOf | WithoutUnit | Combined | Reduced | Some | Both


def bounds(germ: Sequence[Polynomial], proof: Proof | None) -> Bounds:
    """The bounds that a proof shows of a germ. Raises `NotShown` where a step does not follow."""
    left = [f for f in germ if len(f)]
    if not vanish(left):
        raise NotShown("the functions are not all zero at the origin")
    if not left:
        return Bounds(NOTHING, NOTHING)
    if proof is None:
        raise NotShown("functions are left without a proof")
    return _step(left, proof)


def _step(germ: list[Polynomial], proof: Proof) -> Bounds:
    context = germ[0].context()
    if isinstance(proof, Polyhedra):
        low = None if proof.low is None else proof.low.check(germ)
        return Bounds(low, None if proof.high is None else proof.high.check(germ))
    if isinstance(proof, Order):
        if min(map(sum, support(_one(germ, proof.function)))) != proof.degree:
            raise NotShown("the function has another order")
        return Bounds((Fraction(1, proof.degree), 1), None)
    if isinstance(proof, Moved):
        unit = polynomial(context, proof.unit) if proof.unit else context.constant(1)
        return bounds(moved(germ, proof.variable, polynomial(context, proof.by), unit), proof.then)
    if isinstance(proof, Solved):
        return beside_coordinate(bounds(solved(germ, proof.function, proof.variable), proof.then))
    if isinstance(proof, Parts):
        return _of_parts(germ, proof)
    if isinstance(proof, Products):
        return multiplied(*(bounds(own, then) for own, then in zip(_factors(germ, proof), proof.proofs, strict=True)))
    if isinstance(proof, PowerOf):
        return root(bounds([_base(germ, proof)], proof.then), proof.exponent)
    if isinstance(proof, WithoutUnit):
        unit, rest = polynomial(context, proof.unit), polynomial(context, proof.rest)
        if not constant_of(unit) or unit * rest != _one(germ, proof.function):
            raise NotShown("the function is another product, or the factor no unit")
        return bounds(_with(germ, proof.function, rest), proof.then)
    if isinstance(proof, Combined):
        return bounds(combined(germ, proof.rows), proof.then)
    if isinstance(proof, Reduced):
        return bounds(reduced(germ, proof.function, proof.other, polynomial(context, proof.multiplier)), proof.then)
    if isinstance(proof, Some):
        return Bounds(bounds([_one(germ, k) for k in proof.functions], proof.then).low, None)
    return Bounds(bounds(germ, proof.low).low, bounds(germ, proof.high).high)


def _one(germ: Sequence[Polynomial], k: int) -> Polynomial:
    if not 0 <= k < len(germ):
        raise NotShown("there are not so many functions")
    return germ[k]


def _with(germ: Sequence[Polynomial], k: int, f: Polynomial) -> list[Polynomial]:
    return [f if i == k else g for i, g in enumerate(germ)]


def beside_coordinate(found: Bounds) -> Bounds:
    """Of functions and one coordinate that they do not contain."""
    return together(found, Bounds((Fraction(1), 1), (Fraction(1), 1)))


def root(found: Bounds, exponent: int) -> Bounds:
    """Of a power of a function."""
    return Bounds(*(None if p is None else (p[0] / exponent, p[1]) for p in (found.low, found.high)))


def multiplied(a: Bounds, b: Bounds) -> Bounds:
    """Of products of functions in separate variables. The volume of a product is no smaller than that of a factor, and grows with
    either."""
    low = None if a.low is None or b.low is None else _less(a.low, b.low)
    high = a.high or b.high if a.high is None or b.high is None else _less(a.high, b.high)
    return Bounds(low, high)


def _less(a: Pair, b: Pair) -> Pair:
    return min(a, b) if a[0] != b[0] else (a[0], a[1] + b[1])


def together(a: Bounds, b: Bounds) -> Bounds:
    """Of functions in separate variables."""
    low = None if a.low is None or b.low is None else (a.low[0] + b.low[0], a.low[1] + b.low[1] - 1)
    high = None if a.high is None or b.high is None else (a.high[0] + b.high[0], a.high[1] + b.high[1] - 1)
    return Bounds(low, high)


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
    f, context = _one(germ, function), germ[0].context()
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


def _base(germ: Sequence[Polynomial], proof: PowerOf) -> Polynomial:
    base = polynomial(germ[0].context(), proof.base)
    if len(germ) != 1 or proof.exponent < 1 or not len(base):
        raise NotShown("one function is expected, a power of another")
    power = base**proof.exponent
    if len(power) != len(germ[0]) or power * germ[0].coefficient(0) != germ[0] * power.coefficient(0):
        raise NotShown("the function is no such power")
    return base


def _factors(germ: Sequence[Polynomial], proof: Products) -> tuple[list[Polynomial], list[Polynomial]]:
    context = germ[0].context()
    left, right = ([polynomial(context, f) for f in own] for own in (proof.left, proof.right))
    variables = [set().union(*map(variables_of, own)) for own in (left, right)]
    if not left or not right or not all(map(len, (*left, *right))) or variables[0] & variables[1]:
        raise NotShown("two sets of functions without a common variable are expected")
    products = {plain_terms(f * g / (f * g).coefficient(0)) for f in left for g in right}
    if products != {plain_terms(h / h.coefficient(0)) for h in germ}:
        raise NotShown("the functions are no products of these")
    return left, right


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
    return _with(germ, function, _one(germ, function) - multiplier * _one(germ, other))


def _of_parts(germ: Sequence[Polynomial], proof: Parts) -> Bounds:
    listed = [k for group in proof.groups for k in group]
    if sorted(listed) != list(range(len(germ))) or len(proof.proofs) != len(proof.groups):
        raise NotShown("each function belongs to one part")
    groups = [[germ[k] for k in group] for group in proof.groups]
    seen: set[int] = set()
    total = Bounds(NOTHING, NOTHING)
    for group, own in zip(groups, proof.proofs, strict=True):
        variables = set().union(*map(variables_of, group))
        if variables & seen:
            raise NotShown("two parts have a variable in common")
        seen |= variables
        total = together(total, bounds(group, own))
    return total
