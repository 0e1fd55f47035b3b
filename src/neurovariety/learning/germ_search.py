"""The search for a proof of the learning coefficient of a germ: simpler germs, coordinates in which the polyhedra tell it, or bounds.

Nothing here proves; `certificates.germ_proofs` recomputes every step of what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations, islice
from math import prod

import flint

from neurovariety.budget import INTERPRETED, spend, used_up, within
from neurovariety.certificates.germ_bounds import FromRegion, Pair, larger
from neurovariety.certificates.germ_changes import combined, gathered, reduced, solved
from neurovariety.certificates.germ_proofs import (
    NOTHING,
    Both,
    Bounds,
    Combined,
    FormsOf,
    Gathered,
    Moved,
    Order,
    Parts,
    Polyhedra,
    PowerOf,
    Products,
    Proof,
    Reduced,
    Solved,
    Some,
    WithoutUnit,
    beside_coordinate,
    bounds,
    multiplied,
    root,
    together,
)
from neurovariety.certificates.germs import Polynomial, constant_of, plain_terms, support, vanish, variables_of
from neurovariety.certificates.newton_cells import lowest
from neurovariety.certificates.stored_coefficients import as_fraction
from neurovariety.certificates.zeros import NotShown
from neurovariety.learning.coordinate_search import changed, changes
from neurovariety.learning.layer_search import as_forms, linear_groups
from neurovariety.learning.newton_search import look, regions
from neurovariety.linear_algebra.rational_programme import maximum

_DEPTH = 5
"""Changes of coordinates, one after another."""
_MOST_MOVES, _MOST_LATER = 6, 3
"""Changes that are tried in the coordinates given, and in later ones."""
_MANY = 6
"""Variables from which on those in which functions are linear are gathered first, since polyhedra take long."""
OPERATIONS = 2e10
"""Of a search, some ten seconds; then it stops with bounds."""
_MOST_TERMS, _MOST_CORNERS = 600, 60
"""Terms of functions that are taken apart, and corners of a polyhedron that a programme is given."""
_PER_TERM = 200 * INTERPRETED
"""Operations of one step of a proof, for each term of the functions."""


@dataclass(frozen=True)
class BoundedGerm:
    """A proof and the bounds that it shows; no proof for functions that are all zero."""

    proof: Proof | None
    bounds: Bounds

    @property
    def exact(self) -> bool:
        """Whether the bounds meet."""
        return self.bounds.low is not None and self.bounds.low == self.bounds.high


def search(germ: Sequence[Polynomial], operations: float = OPERATIONS) -> BoundedGerm:
    """A proof about functions that are zero at the origin."""
    with within(operations):
        return _search(germ, _DEPTH)


def _search(germ: Sequence[Polynomial], depth: int) -> BoundedGerm:
    germ = [f for f in germ if len(f)]
    if not germ:
        return BoundedGerm(None, Bounds(NOTHING, NOTHING))
    if used_up() or _size(germ) > _MOST_TERMS:
        return _of_order(germ)
    spend("steps", 1, _size(germ) * _PER_TERM)
    for simpler in (_without_units, _forms, _spread, _reduced, _parts, _products, _power, _solved):
        found = simpler(germ, depth)
        if found is not None:
            return found
    return _by_polyhedra(germ, depth)


def _shown(germ: Sequence[Polynomial], proof: Proof) -> BoundedGerm:
    return BoundedGerm(proof, bounds(germ, proof))


def _without_units(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """The factors of a function that are not zero at the origin are left out."""
    for k, f in enumerate(germ):
        constant, factors = f.factor()
        unit = f.context().constant(constant)
        for g, e in factors:
            if constant_of(g):
                unit = unit * g**e
        if len(unit) > 1:
            rest = divmod(f, unit)[0]
            then = _search([rest if i == k else g for i, g in enumerate(germ)], depth)
            return BoundedGerm(WithoutUnit(k, plain_terms(unit), plain_terms(rest), _needed(then)), then.bounds)
    return None


def _needed(found: BoundedGerm) -> Proof:
    assert found.proof is not None
    return found.proof


def _spread(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """Combinations with as few terms of low degree in common as there can be: the reduced echelon form."""
    if len(germ) < 2:
        return None
    columns = sorted({e for f in germ for e in support(f)}, key=lambda e: (sum(e), tuple(-x for x in e)))
    place = {e: k for k, e in enumerate(columns)}
    matrix = flint.fmpq_mat(len(germ), len(columns) + len(germ))
    for i, f in enumerate(germ):
        for e, c in f.to_dict().items():
            matrix[i, place[tuple(map(int, e))]] = c
        matrix[i, len(columns) + i] = 1
    reduced_form, _ = matrix.rref()
    rows = tuple(tuple(as_fraction(reduced_form[i, len(columns) + k]) for k in range(len(germ))) for i in range(len(germ)))
    found = combined(germ, rows)
    if _size(found) >= _size(germ):
        return None
    then = _search(found, depth)
    return BoundedGerm(Combined(rows, _needed(then)), then.bounds)


def _size(germ: Sequence[Polynomial]) -> int:
    return sum(map(len, germ))


def _reduced(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """A function without the terms that are multiples of another one, of one term."""
    for k, f in enumerate(germ):
        if len(f) != 1:
            continue
        (low,) = support(f)
        for j, g in enumerate(germ):
            if j == k:
                continue
            known = g.to_dict()
            inside = [e for e in support(g) if all(x <= y for x, y in zip(low, e, strict=True))]
            if inside:
                part = g.context().from_dict({e: known[e] for e in inside})
                multiplier = divmod(part, f)[0]
                then = _search(reduced(germ, j, k, multiplier), depth)
                return BoundedGerm(Reduced(j, k, plain_terms(multiplier), _needed(then)), then.bounds)
    return None


def _parts(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """Functions in separate variables apart."""
    groups: list[tuple[list[int], set[int]]] = []
    for k, f in enumerate(germ):
        members, variables = [k], variables_of(f)
        for group in [g for g in groups if g[1] & variables]:
            groups.remove(group)
            members, variables = group[0] + members, variables | group[1]
        groups.append((members, variables))
    if len(groups) < 2:
        return None
    chosen = [tuple(sorted(members)) for members, _ in groups]
    found = [_search([germ[k] for k in group], depth) for group in chosen]
    total = reduce(together, (f.bounds for f in found))
    return BoundedGerm(Parts(tuple(chosen), tuple(map(_needed, found))), total)


def _products(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """All products of functions of some variables with functions of others."""
    factored = [[g for g, e in f.factor()[1] for _ in range(e)] for f in germ]
    groups: list[set[int]] = []
    for g in (g for factors in factored for g in factors):
        variables = variables_of(g).union(*(group for group in groups if group & variables_of(g)))
        groups = [group for group in groups if not group & variables] + [variables]
    for group in groups if len(groups) > 1 else ():
        one = germ[0].context().constant(1)
        pairs = []
        for factors in factored:
            pairs.append(
                tuple(prod((g for g in factors if (variables_of(g) <= group) is inside), start=one) for inside in (True, False))
            )
        left, right = ({plain_terms(own): own for own in side} for side in zip(*pairs, strict=True))
        if len({(plain_terms(a), plain_terms(b)) for a, b in pairs}) < len(left) * len(right) or not vanish(
            [*left.values(), *right.values()]
        ):
            continue
        found = [_search([*side.values()], depth) for side in (left, right)]
        proof = Products(tuple(left), tuple(right), (_needed(found[0]), _needed(found[1])))
        return BoundedGerm(proof, multiplied(found[0].bounds, found[1].bounds))
    return None


def _power(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """One function that is a power of another."""
    if len(germ) != 1:
        return None
    _, factors = germ[0].factor()
    exponents = {e for _, e in factors}
    if len(exponents) != 1 or 1 in exponents:
        return None
    base = germ[0].context().constant(1)
    for g, _ in factors:
        base = base * g
    then, exponent = _search([base], depth), exponents.pop()
    return BoundedGerm(PowerOf(plain_terms(base), exponent, _needed(then)), root(then.bounds, exponent))


def _forms(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """Forms in other functions, without a common zero but 0."""
    found = as_forms(germ) if len(germ) > 1 else None
    if found is None:
        return None
    then = _search(found.bases, depth)
    proof = FormsOf(tuple(map(plain_terms, found.bases)), found.forms, found.degree, found.powers, _needed(then))
    return BoundedGerm(proof, root(then.bounds, found.degree))


def _gathered(germ: Sequence[Polynomial], depth: int) -> list[BoundedGerm]:
    """Bounds from below of functions that are linear in some variables."""
    out = []
    for groups in islice(linear_groups(germ), _MOST_LATER):
        if used_up():
            break
        found = _search(gathered(germ, groups), depth - 1)
        out.append(BoundedGerm(Gathered(groups, _needed(found)), Bounds(found.bounds.low, None)))
    return out


def _solved(germ: Sequence[Polynomial], depth: int) -> BoundedGerm | None:
    """A function with a term of first degree, solved for its variable."""
    for k in sorted(range(len(germ)), key=lambda i: len(germ[i])):
        for variable in sorted(variables_of(germ[k])):
            u = germ[k].derivative(variable)
            if not constant_of(u):
                continue
            try:
                left = solved(germ, k, variable)
            except NotShown:
                continue
            then = _search(left, depth)
            return BoundedGerm(Solved(k, variable, then.proof), beside_coordinate(then.bounds))
    return None


def _by_polyhedra(germ: Sequence[Polynomial], depth: int) -> BoundedGerm:
    """The bounds of the polyhedra, in these coordinates or in others that linear factors of functions or of leading forms suggest."""
    tries = [_of_order(germ)]
    many = depth > 0 and len(set().union(*map(variables_of, germ))) >= _MANY
    if many:
        tries += _gathered(germ, depth)
    if _best(tries).exact:
        return _best(tries)
    try:
        looked = look(germ)
    except NotShown:
        return _best([*tries, *_of_some(germ, depth, 1)])
    best = None
    for region, pair in regions(germ, looked):
        if best is None or _sharper_high(pair, best[1]):
            best = region, pair
        if best[1] == looked.pair:
            break
    own = Polyhedra(looked.low, None if best is None else best[0])
    tries.append(BoundedGerm(own, Bounds(looked.pair, None if best is None else best[1])))
    if tries[-1].exact or not depth:
        return _best(tries)
    if not many:
        tries += _gathered(germ, depth)
    if _best(tries).exact:
        return _best(tries)
    for steps in islice(changes(germ, looked.unclear, depth == _DEPTH), _MOST_MOVES if depth == _DEPTH else _MOST_LATER):
        if used_up():
            break
        found = _search(changed(germ, steps), depth - 1)
        proof = _needed(found)
        for step in reversed(steps):
            proof = Moved(step.variable, plain_terms(step.by), proof, plain_terms(step.unit))
        tries.append(BoundedGerm(proof, found.bounds))
        if tries[-1].exact:
            return tries[-1]
    tries += _of_some(germ, depth, len(germ) - 1)
    return _best(tries)


def _best(tries: Sequence[BoundedGerm]) -> BoundedGerm:
    """The sharpest bounds of several proofs."""
    exact = next((t for t in tries if t.exact), None)
    if exact is not None:
        return exact
    low, high = tries[0], tries[0]
    for t in tries:
        if _sharper_low(t.bounds.low, low.bounds.low):
            low = t
        if _sharper_high(t.bounds.high, high.bounds.high):
            high = t
    if low is high:
        return low
    return BoundedGerm(Both(_needed(low), _needed(high)), Bounds(low.bounds.low, high.bounds.high))


def _sharper_low(a: Pair | None, b: Pair | None) -> bool:
    return a is not None and (b is None or not larger(a, b))


def _sharper_high(a: Pair | None, b: Pair | None) -> bool:
    return a is not None and (b is None or not larger(b, a))


def _of_order(germ: Sequence[Polynomial]) -> BoundedGerm:
    """What the least order k of a function shows, 1/k from below, and the polyhedron of all terms, from above."""
    orders = [min(map(sum, support(f))) for f in germ]
    k = orders.index(min(orders))
    terms = lowest({e for f in germ for e in support(f)})[:_MOST_CORNERS]
    found = maximum([1] * len(terms), list(zip(*terms, strict=True)), [1] * len(terms[0]), inside=False)
    corner = found.prices if found is not None else (Fraction(1, orders[k]),) * len(terms[0])
    least = min(sum(x * y for x, y in zip(corner, e, strict=True)) for f in germ for e in support(f))
    if not least >= 1:  # of more terms than were looked at
        corner = (Fraction(1, orders[k]),) * len(terms[0])
    return _shown(germ, Both(Order(k, orders[k]), Polyhedra(None, FromRegion((corner,), corner, ()))))


def _of_some(germ: Sequence[Polynomial], depth: int, count: int) -> list[BoundedGerm]:
    """Bounds from below by so many of the functions."""
    if len(germ) < 2 or len(germ) > 6 or depth < _DEPTH - 1:
        return []
    out = []
    for kept in combinations(range(len(germ)), count):
        if used_up():
            break
        found = _search([germ[i] for i in kept], 0)
        if found.bounds.low is not None:
            out.append(BoundedGerm(Some(kept, _needed(found)), Bounds(found.bounds.low, None)))
    return out
