"""Germs that are linear in some weights, or forms in other functions: the same of fewer weights, or of lower degree.

Nothing here proves; `certificates.germ_proofs` checks that functions are linear in the variables named, and that forms are those given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import prod

import flint

from neurovariety.certificates.germs import Polynomial, Terms, constant_of, plain_terms, ring, support, variables_of
from neurovariety.certificates.stored_coefficients import as_fraction, fmpq_of

_MOST_BASES, _MOST_MONOMIALS, _MOST_DEGREE = 8, 60, 4
_MORE_DEGREES = 3
"""Degrees of multipliers that are tried."""
_MOST_STATES = 2000
"""Choices of linear variables that are looked at."""


@dataclass(frozen=True)
class FormsFound:
    """Functions as forms of a degree in ``bases``, with multipliers that give powers of each of these."""

    bases: tuple[Polynomial, ...]
    forms: tuple[Terms, ...]
    degree: int
    powers: tuple[tuple[int, tuple[Terms, ...]], ...]


def as_forms(germ: Sequence[Polynomial]) -> FormsFound | None:
    """The functions as forms in factors of some of them, of which one at least is no variable, without a common zero but 0."""
    factored = [[(g, e) for g, e in f.factor()[1] if not constant_of(g)] for f in germ]
    degree = max(sum(e for _, e in own) for own in factored)
    if not 2 <= degree <= _MOST_DEGREE or any(1 < sum(e for _, e in own) < degree for own in factored):
        return None
    known = {plain_terms(g): g for own in factored if sum(e for _, e in own) == degree for g, _ in own}
    bases = [*known.values()]
    if not 1 < len(bases) <= _MOST_BASES or all(len(g) == 1 for g in bases):
        return None
    letters = ring(len(bases))
    places = [*combinations_with_replacement(range(len(bases)), degree)]
    if len(places) > _MOST_MONOMIALS:
        return None
    products = [prod((bases[i] for i in place), start=germ[0].context().constant(1)) for place in places]
    monomials = [prod((letters.gen(i) for i in place), start=letters.constant(1)) for place in places]
    forms = []
    for f in germ:
        found = _combination(f, products)
        if found is None:
            return None
        forms.append(sum((fmpq_of(c) * m for c, m in zip(found, monomials, strict=True) if c), letters.constant(0)))
    powers = [_power_of(y, forms, degree) for y in letters.gens()[: len(bases)]]
    shown = tuple(p for p in powers if p is not None)
    if len(shown) < len(powers):
        return None
    return FormsFound(tuple(bases), tuple(map(plain_terms, forms)), degree, shown)


def _power_of(y: Polynomial, forms: Sequence[Polynomial], degree: int) -> tuple[int, tuple[Terms, ...]] | None:
    """A power of a letter as a combination of the forms, with its multipliers."""
    letters = y.context()
    for more in range(_MORE_DEGREES + 1):
        places = [*combinations_with_replacement(range(letters.nvars()), more)]
        if len(places) * len(forms) > 20 * _MOST_MONOMIALS:
            return None
        monomials = [prod((letters.gen(i) for i in place), start=letters.constant(1)) for place in places]
        found = _combination(y ** (degree + more), [m * f for f in forms for m in monomials])
        if found is not None:
            rows = [found[k * len(places) : (k + 1) * len(places)] for k in range(len(forms))]
            zero = letters.constant(0)
            sums = (sum((fmpq_of(c) * m for c, m in zip(row, monomials, strict=True) if c), zero) for row in rows)
            return degree + more, tuple(map(plain_terms, sums))
    return None


def _combination(target: Polynomial, known: Sequence[Polynomial]) -> list[Fraction] | None:
    """Factors with which polynomials add up to another; None where there are none."""
    columns = {e: k for k, e in enumerate(dict.fromkeys(e for f in (target, *known) for e in support(f)))}
    matrix = flint.fmpq_mat(len(columns), len(known) + 1)
    for j, f in enumerate((*known, target)):
        for e, c in f.to_dict().items():
            matrix[columns[tuple(map(int, e))], j] = c
    reduced, rank = matrix.rref()
    out = [Fraction(0)] * len(known)
    for i in range(int(rank)):
        pivot = next(j for j in range(len(known) + 1) if reduced[i, j])
        if pivot == len(known):
            return None
        out[pivot] = as_fraction(reduced[i, len(known)])
    return out


def linear_groups(germ: Sequence[Polynomial]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Sets of variables of which each term has one, to the first power, in groups that no function has in common; some group with
    several variables."""
    terms = [{i: k for i, k in enumerate(e) if k} for f in germ for e in support(f)]
    bent = {i for term in terms for i, k in term.items() if k > 1}
    for chosen in _hitting([set(term) - bent for term in terms], [set(term) for term in terms]):
        groups: list[set[int]] = []
        for f in germ:
            own = variables_of(f) & chosen
            own = own.union(*(g for g in groups if g & own))
            groups = [g for g in groups if not g & own] + [own]
        if max(map(len, groups)) > 1:
            yield tuple(sorted(tuple(sorted(g)) for g in groups))


def _hitting(choices: Sequence[set[int]], whole: Sequence[set[int]]) -> Iterator[set[int]]:
    """Sets with one element of each of ``choices``, and no other of the ``whole``."""
    waiting: list[tuple[set[int], set[int]]] = [(set(), set())]
    for _ in range(_MOST_STATES):
        if not waiting:
            return
        taken, out = waiting.pop()
        left = next((k for k, own in enumerate(whole) if not own & taken), None)
        if left is None:
            yield taken
            continue
        for v in sorted(choices[left] - out, reverse=True):
            beside = set().union(*(own for own in whole if v in own)) - {v}
            if not beside & taken:
                waiting.append((taken | {v}, out | beside))
