"""Interior or boundary of a set of functions that theorems describe: where its condition can be violated arbitrarily near.

X: the real functions of the closure, in which the set lies.

* Matrices, quadratic forms, sums of one power: the set is X, it has no boundary. Quadratic polynomials, rank (A | b) <= m: limits that
  are no members have rank A = m - 1, so every member with rank A < m is one of these limits, and no other is.
* Two squares of binary forms: of rank 2 M13^2 - M12 M23 > 0 is open; of rank 1 all outputs are multiples of a form q, and a definite
  q is apolar to no semidefinite form, so that it is interior.
* Sums of m powers: the annihilator of degree m has different real roots, and so nearby; one of lower degree times any form annihilates
  too, with roots that can become complex.
* Filters: a real root of odd multiplicity stays real nearby, two that coincide can leave the line.

Sources: Kohn, Merkh, Montufar, Trager 2022; Kubjas, Li, Wiesmann 2024; Iarrobino, Kanev 1999; Kileel, Trager, Bruna 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import comb

import flint

from neurovariety.certificates.image_membership import CLOSURE_ONLY, EXCLUDED, POSITIONS, different_real_roots, rank
from neurovariety.certificates.realized import Target

INTERIOR, BOUNDARY, OUTSIDE = "interior", "boundary", "outside"
Facts = tuple[str, tuple[int, ...]]
_ZERO = Fraction(0)


def has_no_boundary(facts: Facts) -> bool:
    """Whether real weights attain every real function of the closure."""
    kind, numbers = facts
    match kind, numbers:
        case "matrices", _:
            return True
        case "quadrics", (inputs, most, bias):
            return not bias or most > inputs
        case "binary quadrics", (squares, _):
            return squares != 2
        case "power sums", (terms, _):
            return terms == 1
        case "filters", (_, needed, *_):
            return needed <= 1
    return False


def position(facts: Facts, target: Target) -> str:
    """Where a function lies: interior, boundary, closure only or outside."""
    kind, numbers = facts
    found = POSITIONS[kind](target, *numbers)
    if found == EXCLUDED:
        return OUTSIDE
    if found == CLOSURE_ONLY:
        return CLOSURE_ONLY
    return INTERIOR if has_no_boundary(facts) or _INSIDE[kind](target, *numbers) else BOUNDARY


def _quadric_inside(target: Target, inputs: int, most: int, bias: int) -> bool:
    n = range(inputs)

    def entry(i: int, j: int) -> Fraction:
        exponents = tuple(int(k == i) + int(k == j) for k in n)
        return Fraction(target.get((0, exponents), _ZERO)) / (1 if i == j else 2)

    return rank([[entry(i, j) for j in n] for i in n]) >= most


def _binary_quadrics_inside(target: Target, squares: int, outputs: int) -> bool:
    rows = [[Fraction(target.get((o, e), _ZERO)) for e in ((2, 0), (1, 1), (0, 2))] for o in range(outputs)]
    found = rank(rows)
    if found != 1:
        return found == 2
    a, b, c = next(row for row in rows if any(row))
    return b * b < 4 * a * c


def _power_sum_inside(target: Target, terms: int, degree: int) -> bool:
    if not any(target.values()):
        return False
    a = [Fraction(target.get((0, (degree - k, k)), _ZERO)) / comb(degree, k) for k in range(degree + 1)]
    return not any(rank([a[i : i + k + 1] for i in range(degree + 1 - k)]) <= k for k in range(1, terms))


def _filter_inside(target: Target, degree: int, needed: int, stride: int, inputs: int, outputs: int) -> bool:
    row = [Fraction(target.get((0, tuple(int(k == i) for k in range(inputs))), _ZERO)) for i in range(degree + 1)]
    return _odd_real_roots(row) >= needed


def _odd_real_roots(form: Sequence[Fraction]) -> int:
    """Real roots of odd multiplicity in P^1 of a form, constant term first; 0 for the form 0."""
    if not any(form):
        return 0
    top = max(i for i, c in enumerate(form) if c)
    p, sign, total = flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in form[: top + 1]]), 1, 0
    while p.degree() > 0:  # roots of multiplicity more than 0, 1, 2, ...
        total += sign * different_real_roots(p)
        p, sign = p.gcd(p.derivative()), -sign
    return total + (len(form) - 1 - top) % 2


_INSIDE: Mapping[str, Callable[..., bool]] = {
    "quadrics": _quadric_inside,
    "binary quadrics": _binary_quadrics_inside,
    "power sums": _power_sum_inside,
    "filters": _filter_inside,
}
"""By kind of set, of those with a boundary: target, which is a member, and numbers -> whether it is interior."""
