"""Bounds of the learning coefficient by Newton polyhedra: a bound for each cell, and a region that is as large.

Nothing here proves; what is found is checked in `certificates.germ_bounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from math import factorial, lcm

import flint

from neurovariety.budget import INTERPRETED, left, spend, used_up
from neurovariety.certificates.germ_bounds import (
    CellBound,
    FromCells,
    FromRegion,
    NoCommonZero,
    OnZeros,
    Pair,
    derivative,
    leading_forms,
    minor,
    possible,
)
from neurovariety.certificates.germs import Exponents, Polynomial, part_of, plain_terms, shows_no_zero, support, variables_of
from neurovariety.certificates.newton_cells import MOST_PAIRS, Cell, cells, leading
from neurovariety.certificates.stored_coefficients import fmpq_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.learning.torus_zeros import combination, regular_zero, signs_of, terms_of
from neurovariety.linear_algebra.rational_programme import Optimum, maximum

_MOST_MINORS = 60
_MOST_TRIES = 12
_MOST_ORDER = 4
_MOST_CASES = 1500
_PER_CASE = 10**4 * INTERPRETED
"""Operations of one set of leading forms: its programme, and the check of what was found."""

_PER_PAIR = 50 * INTERPRETED

Weight = tuple[Fraction, ...]


@dataclass(frozen=True)
class VanishingForms:
    """A set of leading forms that may vanish in a cell, with the programme of its orders solved."""

    cell: Cell
    forms: Sequence[Polynomial]
    case: OnZeros
    pair: Pair


@dataclass
class Looked:
    """What a look at all cells found: the bound, its places, and the forms whose slopes were not shown independent."""

    low: FromCells
    pair: Pair
    places: list[VanishingForms]
    unclear: list[Polynomial] = field(default_factory=list)


def look(germ: Sequence[Polynomial]) -> Looked:
    """The bound from below of functions that are zero at the origin, none of them identically. Raises `NotShown` where there are too
    many cells."""
    pairs = int(min(left() / _PER_PAIR, MOST_PAIRS))
    found = cells([support(f) for f in germ], germ[0].context().nvars(), pairs)
    leading_of = [leading_forms(germ, cell) for cell in found]
    spend("cells", len(found), len(germ) * _PER_CASE / 10)
    if sum(len(possible(forms)) for forms in leading_of) > _MOST_CASES:
        raise NotShown("too many sets of leading forms may vanish")
    out, places, unclear = [], list[VanishingForms](), list[Polynomial]()
    for cell, forms in zip(found, leading_of, strict=True):
        empty, slopes = _on_zeros(forms)
        spend("cases", 1 + len(slopes), _PER_CASE)
        if used_up():
            raise NotShown("too many sets of leading forms may vanish")
        cases = [OnZeros(s.zero, s.chosen, s.multipliers, s.minors, _dual(cell, len(forms), s), s.order) for s in slopes]
        places += [VanishingForms(cell, forms, case, case.check(cell, forms)) for case in cases]
        unclear += [forms[i] for s in slopes for i in s.zero if i not in s.chosen or s.order > 1]
        out.append(CellBound(tuple(empty), tuple(cases)))
    pair = min((p.pair for p in places), key=_order)
    return Looked(FromCells(tuple(out)), pair, sorted(places, key=lambda p: _order(p.pair)), unclear)


def _order(p: Pair) -> tuple[Fraction, int]:
    return p[0], -p[1]


@dataclass(frozen=True)
class _Slopes:
    zero: tuple[int, ...]
    chosen: tuple[int, ...]
    multipliers: tuple[tuple[tuple[Exponents, Fraction], ...], ...] = ()
    minors: tuple[tuple[tuple[int, ...], tuple[tuple[Exponents, Fraction], ...]], ...] = ()
    order: int = 1


def _on_zeros(forms: Sequence[Polynomial]) -> tuple[list[NoCommonZero], list[_Slopes]]:
    """For each set of forms that may vanish: that it cannot, or which slopes are independent there."""
    empty: list[NoCommonZero] = []
    slopes = []
    for zero in possible(forms):
        if any(set(one.zero) <= set(zero) for one in empty):
            continue
        if used_up():
            raise NotShown("too many sets of leading forms may vanish")
        chosen = [forms[i] for i in zero]
        multipliers = combination(chosen) if zero else None
        if multipliers is not None:
            empty.append(NoCommonZero(zero, terms_of(multipliers)))
        else:
            slopes.append(_independent(forms, zero))
    return empty, slopes


def _independent(forms: Sequence[Polynomial], zero: tuple[int, ...]) -> _Slopes:
    """As many of the forms as are shown to have independent slopes where all of them vanish."""
    for size in range(len(zero), 0, -1):
        for chosen in combinations(zero, size):
            shown = _shown_independent(forms, zero, chosen)
            if shown is not None:
                return shown
    return next((s for order in range(2, _MOST_ORDER + 1) for i in zero for s in _of_order(forms, zero, i, order)), _Slopes(zero, ()))


def _of_order(forms: Sequence[Polynomial], zero: tuple[int, ...], chosen: int, order: int) -> Iterator[_Slopes]:
    """That a form has a derivative of at most that order which is not 0 where all of them vanish."""
    used = sorted(variables_of(forms[chosen]))
    listed = [c for k in range(1, order + 1) for c in combinations_with_replacement(used, k)]
    slopes = [(c, d) for c in listed if len(d := derivative(forms[chosen], c))]
    found = combination([*(forms[i] for i in zero), *(d for _, d in slopes)]) if len(slopes) <= _MOST_MINORS else None
    if found is not None:
        kept = tuple((c, plain_terms(h)) for (c, _), h in zip(slopes, found[len(zero) :], strict=True) if len(h))
        yield _Slopes(zero, (chosen,), terms_of(found[: len(zero)]), kept, order)


def _shown_independent(forms: Sequence[Polynomial], zero: tuple[int, ...], chosen: tuple[int, ...]) -> _Slopes | None:
    rows = [forms[i] for i in chosen]
    used = sorted(set().union(*map(variables_of, rows)))
    nothing = tuple(() for _ in zero)
    minors = []
    for count, columns in enumerate(combinations(used, len(chosen))):
        if count >= _MOST_MINORS or used_up():
            break
        spend("minors", 1, factorial(len(chosen)) * _PER_CASE / 10)
        d = minor(rows, columns)
        if not len(d):
            continue
        if shows_no_zero(d):
            return _Slopes(zero, chosen, nothing, ((columns, terms_of([d.context().constant(1)])[0]),))
        minors.append((columns, d))
    if not minors:
        return None
    found = combination([*(forms[i] for i in zero), *(d for _, d in minors)])
    if found is None:
        return None
    kept = tuple((columns, plain_terms(h)) for (columns, _), h in zip(minors, found[len(zero) :], strict=True) if len(h))
    return _Slopes(zero, chosen, terms_of(found[: len(zero)]), kept)


def _programme(cell: Cell, count: int, one: _Slopes | OnZeros, costs: Sequence[Fraction], inside: bool = True) -> Optimum | None:
    counted = [i for i in range(count) if i in one.chosen or i not in one.zero]
    rows: list[list[int]] = [[orders[i] for i in counted] for orders in cell.orders]
    rows += [[one.order * int(i == k) for i in counted] for k in one.chosen]
    return maximum([1] * len(counted), rows, [*costs, *([1] * len(one.chosen))], inside)


def _dual(cell: Cell, count: int, one: _Slopes) -> tuple[Fraction, ...]:
    found = _programme(cell, count, one, [Fraction(sum(r)) for r in cell.rays])
    if found is None:  # a function of order 0 on all rays has no bound, and cannot be
        raise NotShown("a programme has no solution")
    return found.solution


def regions(germ: Sequence[Polynomial], looked: Looked) -> Iterator[tuple[FromRegion, Pair]]:
    """Regions with their pairs, which bound from above: those of the lowest places first."""
    tried = 0
    for place in looked.places:
        if place.case.chosen != place.case.zero or place.case.order > 1:
            continue
        if tried >= _MOST_TRIES:
            return
        tried += 1
        for region in _of_place(germ, looked, place):
            try:
                yield region, region.check(germ)
            except NotShown:
                continue


def _of_place(germ: Sequence[Polynomial], looked: Looked, place: VanishingForms) -> Iterator[FromRegion]:
    corners = _corners(place)
    inside = tuple(sum(w, Fraction(0)) / len(corners) for w in zip(*corners, strict=True))
    zero = place.case.zero
    if not zero:
        yield FromRegion(corners, inside, ())
        return
    yield from _witnessed(germ, looked, corners, inside, zero)
    for corner in corners:
        yield from _witnessed(germ, looked, (corner,), tuple(map(Fraction, place.cell.inside)), zero)


def _witnessed(
    germ: Sequence[Polynomial], looked: Looked, corners: tuple[Weight, ...], inside: Weight, zero: tuple[int, ...]
) -> Iterator[FromRegion]:
    scale = lcm(*(x.denominator for x in inside))
    lead = [leading([int(x * scale) for x in inside], support(germ[i])) for i in zero]
    forms = [part_of(germ[i], chosen) for i, chosen in zip(zero, lead, strict=True)]
    still = frozenset(k for k, x in enumerate(inside) if not x)
    for toward in ((), _toward(looked, zero, lead)):
        if len(forms) == 1:
            signs = signs_of(forms[0], frozenset() if toward else still)
            if signs is not None:
                yield FromRegion(corners, inside, zero, signs=signs, toward=toward)
                return
        at = regular_zero(forms, frozenset() if toward else still)
        if at is not None:
            yield FromRegion(corners, inside, zero, place=at, toward=toward)
            return
        if not still:
            return


def _toward(looked: Looked, zero: Sequence[int], lead: Sequence[tuple[Exponents, ...]]) -> tuple[int, ...]:
    """Positive weights for which these leading forms are homogeneous: those inside a cell where they lead."""
    return next((p.cell.inside for p in looked.places if [p.cell.leading[i] for i in zero] == [*lead]), ())


def _corners(place: VanishingForms) -> tuple[Weight, ...]:
    """Optimal weights of a place, as many as there are independent ones: those of costs that differ a little."""
    cell, case = place.cell, place.case
    costs = [Fraction(sum(r)) for r in cell.rays]
    found: list[Weight] = []
    for k in range(-1, 2 * len(costs)):
        other = list(costs)
        if k >= 0:
            other[k // 2] += Fraction(1 if k % 2 else -1, 10**6)
        solved = _programme(cell, len(place.forms), case, other, inside=False)
        if solved is None:
            continue
        amounts = solved.prices[: len(costs)]
        w = tuple(sum((a * r[i] for a, r in zip(amounts, cell.rays, strict=True)), Fraction(0)) for i in range(len(cell.rays[0])))
        if _is_new(found, w) and _worth(place, w) == place.pair[0]:
            found.append(w)
        if len(found) == place.pair[1]:
            break
    return tuple(found)


def _worth(place: VanishingForms, w: Weight) -> Fraction | None:
    """|w| and what the vanishing forms add; None where another function is not small."""
    zero = place.case.zero
    orders = [min(sum(x * y for x, y in zip(w, a, strict=True)) for a in lead) for lead in place.cell.leading]
    if any(v < 1 for i, v in enumerate(orders) if i not in zero):
        return None
    return sum(w, Fraction(0)) + sum((max(1 - orders[i], Fraction(0)) for i in zero), Fraction(0))


def _is_new(known: Sequence[Weight], w: Weight) -> bool:
    if not known:
        return True
    rows = [[fmpq_of(x - y) for x, y in zip(v, known[0], strict=True)] for v in (*known, w)]
    return int(flint.fmpq_mat(rows).rank()) == len(known)
