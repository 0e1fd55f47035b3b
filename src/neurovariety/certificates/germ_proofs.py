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
* `FormsOf`: forms of degree k in functions h, without a common zero but 0, are between constants times |h|^k, by compactness: the
  coefficient is that of h, divided by k;
* `WithoutUnit`: a factor that is not 0 at the origin does not count;
* `Combined`: invertible linear combinations of the functions generate the same ideal;
* `Reduced`: so do they after a multiple of one was subtracted from another;
* `Gathered`: where functions are linear in some variables c, f_i = sum c_v g_iv(rest), the largest |g_iv| = M leaves c_v no more than
  an interval of length 2e/M if all |f_i| <= e. So t g_iv, for all v and one t, bound from below. Several groups of such variables,
  each with functions of its own, are taken one after another;
* `Some`: fewer functions are smaller together, a bound from below alone;
* `Order`: a function with a derivative of order k that is not 0 has at least 1/k;
* `FromCells`, `FromRegion`: the polyhedra themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from neurovariety.certificates.germ_bounds import FromCells, FromRegion, Pair
from neurovariety.certificates.germ_changes import combined, gathered, moved, one_of, reduced, solved
from neurovariety.certificates.germs import (
    Polynomial,
    Terms,
    constant_of,
    plain_terms,
    polynomial,
    ring,
    support,
    vanish,
    variables_of,
)
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
class FormsOf:
    """The functions are ``forms`` of one ``degree`` in the ``bases``; ``powers`` are multipliers, one for each form, with which these
    add up to a power (its exponent) of each base."""

    bases: tuple[Terms, ...]
    forms: tuple[Terms, ...]
    degree: int
    powers: tuple[tuple[int, tuple[Terms, ...]], ...]
    then: Proof


@dataclass(frozen=True)
class Gathered:
    """Groups of variables: each function is linear in those of one, without a term that has none of them, and has none of the others.
    A bound from below."""

    groups: tuple[tuple[int, ...], ...]
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


Proof = (
    Polyhedra
    | Order
    | Moved
    | Solved
    | Parts
    | Products
    | PowerOf
    | FormsOf
    | Gathered
    | WithoutUnit
    | Combined
    | Reduced
    | Some
    | Both
)


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
        if min(map(sum, support(one_of(germ, proof.function)))) != proof.degree:
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
    if isinstance(proof, FormsOf):
        return root(bounds(_bases(germ, proof), proof.then), proof.degree)
    if isinstance(proof, Gathered):
        return Bounds(bounds(gathered(germ, proof.groups), proof.then).low, None)
    if isinstance(proof, WithoutUnit):
        unit, rest = polynomial(context, proof.unit), polynomial(context, proof.rest)
        if not constant_of(unit) or unit * rest != one_of(germ, proof.function):
            raise NotShown("the function is another product, or the factor no unit")
        return bounds(_with(germ, proof.function, rest), proof.then)
    if isinstance(proof, Combined):
        return bounds(combined(germ, proof.rows), proof.then)
    if isinstance(proof, Reduced):
        return bounds(reduced(germ, proof.function, proof.other, polynomial(context, proof.multiplier)), proof.then)
    if isinstance(proof, Some):
        return Bounds(bounds([one_of(germ, k) for k in proof.functions], proof.then).low, None)
    return Bounds(bounds(germ, proof.low).low, bounds(germ, proof.high).high)


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


def _base(germ: Sequence[Polynomial], proof: PowerOf) -> Polynomial:
    base = polynomial(germ[0].context(), proof.base)
    if len(germ) != 1 or proof.exponent < 1 or not len(base):
        raise NotShown("one function is expected, a power of another")
    power = base**proof.exponent
    if len(power) != len(germ[0]) or power * germ[0].coefficient(0) != germ[0] * power.coefficient(0):
        raise NotShown("the function is no such power")
    return base


def _bases(germ: Sequence[Polynomial], proof: FormsOf) -> list[Polynomial]:
    context, letters = germ[0].context(), ring(len(proof.bases))
    bases, forms = [polynomial(context, h) for h in proof.bases], [polynomial(letters, f) for f in proof.forms]
    if not bases or proof.degree < 1 or len(forms) != len(germ) or len(proof.powers) != len(bases):
        raise NotShown("a form for each function is expected, and a power of each base")
    if any(sum(e) != proof.degree for f in forms for e in support(f)):
        raise NotShown("a form has another degree")
    if any(f.compose(*bases, ctx=context) != g for f, g in zip(forms, germ, strict=True)):
        raise NotShown("the functions are other forms")
    for y, (exponent, multipliers) in zip(letters.gens(), proof.powers, strict=True):
        if exponent < 1 or len(multipliers) != len(forms):
            raise NotShown("a power of a base has a multiplier for each form")
        if sum((polynomial(letters, m) * f for m, f in zip(multipliers, forms, strict=True)), letters.constant(0)) != y**exponent:
            raise NotShown("the forms may have a common zero")
    return bases


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
