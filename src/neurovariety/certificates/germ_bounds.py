"""Bounds of the learning coefficient of a germ by its Newton polyhedra: from below over all cells, from above by one region.

Throughout the coefficient is c and 2c is bounded, with the multiplicity m: the volume of {sum f_i^2 <= e^2} is between
e^(2c) |log e|^(m-1) up to constants, and of two pairs the one with smaller 2c, then with larger m, has the larger volume.

From below. Take a cell of the common fan of the polyhedra, with leading forms g_i, and a place of the torus where exactly those
with i in Z vanish. On the toric modification the polynomials are u^N_i (g_i + O(u)) there. If S, a part of Z, has independent
slopes at all such places, the g_i with i in S are coordinates, and the ideal is no smaller than that of the monomials u^N_i y_i (i
in S) and u^N_j (j not in Z). Its 2c is the least of |w| + sum_S (1 - N_i(w))_+ with N_j(w) >= 1, and m - 1 the dimension of the
optimal face (Arnold, Gusein-Zade, Varchenko 1988; Watanabe 2009; several functions as in Khovanskii 1977). Where slopes vanish, but
not all derivatives of g_i of order k, u^N_i y^k stands for u^N_i y_i: {|g| <= d} has at most d^(1/k) of a line, up to a constant.
Places where Z cannot vanish over the reals are left out: x^2 + y^2 has none, over C it would have. Orders bound from below by a
linear programme, whose dual solution is kept.

From above. Where x_i = e^(w_i) v_i with v near a regular zero v0 of the g_i, i in Z, the set {|f_i| <= e} has volume at least
e^(|w| + sum_Z (1 - N_i(w))). One function needs no regular zero: where g takes both signs, so does f, and |{|f| <= d}| >= constant d.
A polytope of such w of dimension k gives disjoint regions in the number of |log e|^k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations
from math import lcm

import flint

from neurovariety.certificates.germs import (
    Polynomial,
    Terms,
    part_of,
    polynomial,
    shows_no_zero,
    support,
    value_at,
    variables_of,
)
from neurovariety.certificates.newton_cells import Cell, cells, leading
from neurovariety.certificates.stored_coefficients import fmpq_of
from neurovariety.certificates.zeros import NotShown

Pair = tuple[Fraction, int]
"""Twice a learning coefficient, and a multiplicity."""
MOST_LEADING = 7
"""Leading forms of one cell that may vanish, of which all subsets are looked at."""


def larger(a: Pair, b: Pair) -> bool:
    """Whether the volume of a is no smaller than that of b."""
    return (a[0], -a[1]) <= (b[0], -b[1])


@dataclass(frozen=True)
class NoCommonZero:
    """Leading forms ``zero`` that have no common zero with all coordinates real and not 0: the combination with these multipliers
    plainly has none."""

    zero: tuple[int, ...]
    multipliers: tuple[Terms, ...]

    def check(self, forms: Sequence[Polynomial]) -> None:
        """Raises `NotShown` where the combination may vanish."""
        context = forms[0].context()
        total = context.constant(0)
        for i, h in zip(self.zero, self.multipliers, strict=True):
            total = total + polynomial(context, h) * forms[i]
        if not shows_no_zero(total):
            raise NotShown("a combination of leading forms may vanish")


@dataclass(frozen=True)
class OnZeros:
    """What holds where exactly the leading forms ``zero`` vanish: those of ``chosen`` have independent slopes, since a combination
    of ``zero`` and of minors of these slopes (their columns, and multipliers) plainly has no zero. With ``order`` above 1 one form
    is chosen that has a derivative of at most that order which is not 0 there: the columns say by which variables. ``dual`` weighs
    the orders."""

    zero: tuple[int, ...]
    chosen: tuple[int, ...]
    multipliers: tuple[Terms, ...]
    minors: tuple[tuple[tuple[int, ...], Terms], ...]
    dual: tuple[Fraction, ...]
    order: int = 1

    def check(self, cell: Cell, forms: Sequence[Polynomial]) -> Pair:
        """The bound. Raises `NotShown` where it does not follow."""
        if not set(self.chosen) <= set(self.zero) or len(set(self.chosen)) < len(self.chosen):
            raise NotShown("independent forms are some of those that vanish")
        if self.chosen:
            self._check_slopes(forms)
        counted = [i for i in range(len(forms)) if i in self.chosen or i not in self.zero]
        if len(self.dual) != len(counted) or any(d < 0 for d in self.dual):
            raise NotShown("a dual solution has a number that is not negative for each order")
        if any(d * self.order > 1 for i, d in zip(counted, self.dual, strict=True) if i in self.chosen):
            raise NotShown("the dual solution is not one")
        left = [
            sum(ray) - sum((d * n[i] for i, d in zip(counted, self.dual, strict=True)), Fraction(0))
            for ray, n in zip(cell.rays, cell.orders, strict=True)
        ]
        if min(left) < 0:
            raise NotShown("the dual solution is not one")
        used = [k for k, slack in enumerate(left) if not slack]
        tight = [i for i, d in zip(counted, self.dual, strict=True) if d and not (d * self.order == 1 and i in self.chosen)]
        return sum(self.dual, Fraction(0)), 1 + _dimension(cell, used, tight)

    def _check_slopes(self, forms: Sequence[Polynomial]) -> None:
        context = forms[0].context()
        total = context.constant(0)
        for i, h in zip(self.zero, self.multipliers, strict=True):
            total = total + polynomial(context, h) * forms[i]
        for columns, h in self.minors:
            if not all(0 <= k < context.nvars() for k in columns):
                raise NotShown("there are not so many variables")
            total = total + polynomial(context, h) * self._slope([forms[i] for i in self.chosen], columns)
        if not shows_no_zero(total):
            raise NotShown("slopes of leading forms may be dependent")

    def _slope(self, chosen: Sequence[Polynomial], columns: Sequence[int]) -> Polynomial:
        """A minor, or a derivative of one form."""
        if self.order == 1:
            if len(columns) != len(chosen):
                raise NotShown("a minor has as many columns as there are forms")
            return minor(chosen, columns)
        if len(chosen) != 1 or not 1 <= len(columns) <= self.order:
            raise NotShown("one form is derived, not more often than its order says")
        return derivative(chosen[0], columns)


def _dimension(cell: Cell, used: list[int], tight: list[int]) -> int:
    """An upper bound of the dimension of the optimal weights: combinations of the rays ``used`` with orders 1 where ``tight``."""
    if not used:
        return 0
    rays = flint.fmpq_mat([[*cell.rays[k]] for k in used])
    orders = flint.fmpq_mat([[cell.orders[k][i] for i in tight] for k in used]).rank() if tight else 0
    return max(int(rays.rank()) - int(orders), 0)


def minor(forms: Sequence[Polynomial], columns: Sequence[int]) -> Polynomial:
    """The determinant of the derivatives of the forms by the variables ``columns``."""
    if len(forms) == 1:
        return forms[0].derivative(columns[0])
    total = forms[0].context().constant(0)
    for k, column in enumerate(columns):
        slope = forms[0].derivative(column)
        if len(slope):
            total = total + (-1) ** k * slope * minor(forms[1:], [*columns[:k], *columns[k + 1 :]])
    return total


def derivative(f: Polynomial, columns: Sequence[int]) -> Polynomial:
    """The derivative by these variables, one after another."""
    for k in columns:
        f = f.derivative(k)
    return f


@dataclass(frozen=True)
class CellBound:
    """What is shown of one cell: sets of leading forms without a common zero, and a bound for all others."""

    empty: tuple[NoCommonZero, ...]
    cases: tuple[OnZeros, ...]

    def check(self, cell: Cell, forms: Sequence[Polynomial]) -> Pair:
        """The bound of the cell. Raises `NotShown` where a set is left out."""
        for one in self.empty:
            one.check(forms)
        known = {case.zero: case.check(cell, forms) for case in self.cases}
        excluded = [set(one.zero) for one in self.empty]
        for zero in possible(forms):
            if zero not in known and not any(e <= set(zero) for e in excluded):
                raise NotShown("a set of leading forms is left out")
        return min(known.values(), key=lambda p: (p[0], -p[1]))


def possible(forms: Sequence[Polynomial]) -> list[tuple[int, ...]]:
    """The sets of forms that may vanish together, as far as one sees at once. Raises `NotShown` where there are too many."""
    some = [i for i, g in enumerate(forms) if not shows_no_zero(g)]
    if len(some) > MOST_LEADING:
        raise NotShown("too many leading forms may vanish")
    return list(chain.from_iterable(combinations(some, k) for k in range(len(some) + 1)))


def leading_forms(germ: Sequence[Polynomial], cell: Cell) -> list[Polynomial]:
    """The leading forms of a cell."""
    return [part_of(f, chosen) for f, chosen in zip(germ, cell.leading, strict=True)]


@dataclass(frozen=True)
class FromCells:
    """A bound for each cell of the polynomials, in the order in which `cells` lists them: a bound from below of the germ."""

    bounds: tuple[CellBound, ...]

    def check(self, germ: Sequence[Polynomial]) -> Pair:
        """The bound. Raises `NotShown` where a cell is left out."""
        found = cells([support(f) for f in germ], germ[0].context().nvars())
        if len(found) != len(self.bounds):
            raise NotShown("the fan has another number of cells")
        pairs = [b.check(c, leading_forms(germ, c)) for b, c in zip(self.bounds, found, strict=True)]
        return min(pairs, key=lambda p: (p[0], -p[1]))


@dataclass(frozen=True)
class FromRegion:
    """A region where the functions are small. ``corners`` are weights w, ``inside`` one in a cell whose closure holds them; ``zero``
    the functions whose leading forms vanish in the region: at ``place``, with independent slopes, or, one function alone, between the
    places ``signs``, where it has both signs. ``toward`` scales places to the origin where weights are 0 and coordinates are not."""

    corners: tuple[tuple[Fraction, ...], ...]
    inside: tuple[Fraction, ...]
    zero: tuple[int, ...]
    place: tuple[Fraction, ...] = ()
    signs: tuple[tuple[Fraction, ...], ...] = ()
    toward: tuple[int, ...] = ()

    def check(self, germ: Sequence[Polynomial]) -> Pair:
        """The bound. Raises `NotShown` where it does not follow."""
        n = germ[0].context().nvars()
        supports = [support(f) for f in germ]
        if any(len(w) != n or min(w) < 0 for w in (*self.corners, self.inside)) or not self.corners:
            raise NotShown("weights are numbers from 0 on, one for each variable")
        if not all(0 <= i < len(germ) for i in self.zero) or len(set(self.zero)) < len(self.zero):
            raise NotShown("a function is not there")
        values = set()
        for w in self.corners:
            orders = [min(sum(x * y for x, y in zip(w, a, strict=True)) for a in s) for s in supports]
            if any(v < 1 for i, v in enumerate(orders) if i not in self.zero) or any(orders[i] > 1 for i in self.zero):
                raise NotShown("a function is not small in the region")
            values.add(sum(w, Fraction(0)) + sum(1 - orders[i] for i in self.zero))
        if len(values) > 1:
            raise NotShown("the corners have regions of different volumes")
        if self.zero:
            self._check_zero([germ[i] for i in self.zero])
        spread = flint.fmpq_mat([[fmpq_of(x - y) for x, y in zip(w, self.corners[0], strict=True)] for w in self.corners]).rank()
        if spread < len(self.corners) - 1:
            raise NotShown("the corners are dependent")
        return values.pop(), len(self.corners)

    def _check_zero(self, germ: Sequence[Polynomial]) -> None:
        scale = lcm(*(x.denominator for x in self.inside))
        inside = [int(x * scale) for x in self.inside]
        chosen = [leading(inside, support(f)) for f in germ]
        forms = [part_of(f, a) for f, a in zip(germ, chosen, strict=True)]
        count = len(self.corners)
        if count > 1 and any(sum(w[k] for w in self.corners) != count * x for k, x in enumerate(self.inside)):
            raise NotShown("several corners have their centre inside")
        for w in self.corners:  # the terms that lead inside lead at the corners too
            for f, a in zip(germ, chosen, strict=True):
                values = {e: sum(x * y for x, y in zip(w, e, strict=True)) for e in support(f)}
                if any(values[e] != min(values.values()) for e in a):
                    raise NotShown("other terms lead at a corner")
        n = len(inside)
        if any(len(p) != n for p in (self.place, *self.signs) if p):
            raise NotShown("a place has a coordinate for each variable")
        self._check_origin(forms)
        if len(forms) == 1 and self.signs:
            if {value_at(forms[0], p) > 0 for p in self.signs} != {True, False} or any(not value_at(forms[0], p) for p in self.signs):
                raise NotShown("the leading form does not change its sign")
            return
        if len(self.place) != n or any(value_at(g, self.place) for g in forms):
            raise NotShown("the leading forms do not vanish at the place")
        slopes = flint.fmpq_mat([[fmpq_of(value_at(g.derivative(k), self.place)) for k in range(n)] for g in forms])
        if slopes.rank() < len(forms):
            raise NotShown("the slopes at the place are dependent")

    def _check_origin(self, forms: Sequence[Polynomial]) -> None:
        """Variables of weight 0 in the leading forms are 0 at the places, or can be made small: the forms are homogeneous for
        ``toward``."""
        still = {i for g in forms for i in variables_of(g) if not self.inside[i]}
        if not any(p[i] for p in (self.place, *self.signs) if p for i in still):
            return
        if len(self.toward) != len(self.inside) or any(self.toward[i] <= 0 for i in still):
            raise NotShown("the region does not come near the origin")
        for g in forms:
            if len({sum(x * y for x, y in zip(self.toward, e, strict=True)) for e in support(g)}) > 1:
                raise NotShown("a leading form is not homogeneous")
