"""Equations of a cone and the minors of their gradients on linear spaces, modulo a prime: have they a common zero?

Forms without common zero but 0 fill some degree d: a full rank mod p, hence over Q. In the other direction, forms of degrees e_1 >= e_2
>= ... without common zero in m variables fill the degree (e_1 - 1) + ... + (e_m - 1) + 1 (Macaulay 1916); if they do not, there is a
zero. And if c <= d dimensions are left in degree d and in d + 1, d at least the degrees of the forms, c are left in all higher degrees
(Gotzmann 1978).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, log2

import flint

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.local_series import monomials
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.singular_loci import SectionPlace
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES

SECTION_RANGE = 2**20
"""Entries of random linear spaces are at most as large."""
_MOST_MINORS = 400
_MOST_TERMS = 2000


@dataclass(frozen=True, eq=False)
class FormsModPrime:
    """Forms in m variables mod p, as ``flint.nmod_mpoly``, without zeros among them."""

    forms: tuple[flint.nmod_mpoly, ...]
    variables: int
    p: int

    @property
    def degrees(self) -> list[int]:
        """The degree of each."""
        return [int(f.total_degree()) for f in self.forms]

    @property
    def regularity(self) -> int:
        """A degree in which all forms are combinations of these if they have no common zero."""
        largest = sorted(self.degrees, reverse=True)[: self.variables]
        return sum(e - 1 for e in largest) + 1


class LocusProblem:
    """Equations and minors of their gradients, to be cut by linear spaces."""

    def __init__(self, equations: list[Equation], kept: list[int], codimension: int) -> None:
        self.equations, self.kept, self.codimension = equations, kept, codimension
        self.place = {j: i for i, j in enumerate(kept)}

    @classmethod
    def of(cls, generators: Sequence[Equation], coordinates: int, dimension: int) -> LocusProblem | None:
        """The problem of equations of a cone of that dimension: linear ones are solved for a coordinate each. None where it is too
        large."""
        curved = [g for g in generators if g.degree > 1]
        dependent = {max(t for t, _ in g.terms)[0] for g in generators if g.degree == 1}
        kept = [j for j in range(coordinates) if j not in dependent]
        codimension = len(kept) - dimension
        minors = comb(len(kept), codimension) * comb(len(curved), codimension) if codimension > 0 else 0
        small = 0 < minors <= _MOST_MINORS and sum(len(g.terms) for g in curved) <= _MOST_TERMS
        apart = all(i in kept for g in curved for t, _ in g.terms for i in t)
        return cls(curved, kept, codimension) if small and apart else None

    def cut(self, place: SectionPlace, zero: tuple[int, ...] = ()) -> FormsModPrime:
        """The forms on a linear space mod p, with the coordinates ``zero`` set to zero there as well."""
        frame, p = place.frame, place.prime
        n, m = frame.shape
        names = tuple(f"y{i}" for i in range(m))
        context = flint.nmod_mpoly_ctx.get(names, p, flint.Ordering.degrevlex)  # type: ignore[call-arg, arg-type]  # the stubs lag
        gens = context.gens()
        x = [sum((int(frame[i, j]) % p * gens[j] for j in range(m)), context.constant(0)) for i in range(n)]
        one = context.constant(1)
        powers: dict[tuple[int, ...], flint.nmod_mpoly] = {(): one}

        def product(term: tuple[int, ...]) -> flint.nmod_mpoly:
            if term not in powers:
                powers[term] = product(term[:-1]) * x[self.place[term[-1]]]
            return powers[term]

        zeros = context.constant(0)
        values, gradients = [], []
        for equation in self.equations:
            values.append(sum((c % p * product(t) for t, c in equation.terms), zeros))
            row = [zeros] * n
            for t, c in equation.terms:
                for i in set(t):
                    rest = list(t)
                    rest.remove(i)
                    row[self.place[i]] = row[self.place[i]] + c * t.count(i) % p * product(tuple(rest))
            gradients.append(row)
        minors = [
            _determinant([[gradients[e][i] for i in columns] for e in rows], zeros)
            for rows in combinations(range(len(gradients)), self.codimension)
            for columns in combinations(range(n), self.codimension)
        ]
        return independent_forms([*values, *minors, *(x[j] for j in zero)], m, p)


def _determinant(a: list[list[flint.nmod_mpoly]], zero: flint.nmod_mpoly) -> flint.nmod_mpoly:
    if len(a) == 1:
        return a[0][0]
    total = zero
    for j, entry in enumerate(a[0]):
        if len(entry):
            minor = _determinant([row[:j] + row[j + 1 :] for row in a[1:]], zero)
            total = total + entry * minor if j % 2 == 0 else total - entry * minor
    return total


def independent_forms(forms: Sequence[flint.nmod_mpoly], variables: int, p: int) -> FormsModPrime:
    """Forms that span the same space in each degree, as few as possible."""
    kept: list[flint.nmod_mpoly] = []
    by_degree: dict[int, list[flint.nmod_mpoly]] = {}
    for form in forms:
        if len(form):
            by_degree.setdefault(int(form.total_degree()), []).append(form)
    for _, group in sorted(by_degree.items()):
        columns: dict[tuple[int, ...], int] = {}
        for form in group:
            for e in form.to_dict():
                columns.setdefault(tuple(map(int, e)), len(columns))
        matrix = flint.nmod_mat(len(columns), len(group), p)
        for j, form in enumerate(group):
            for e, c in form.to_dict().items():
                matrix[columns[tuple(map(int, e))], j] = int(c)
        _, _, pivots = echelon_rows(matrix)
        kept += [group[j] for j in pivots]
    return FormsModPrime(tuple(kept), variables, p)


def echelon_rows(matrix: flint.nmod_mat) -> tuple[flint.nmod_mat, int, list[int]]:
    """The reduced row echelon form, its rank and the columns of its pivots."""
    found, rank = matrix.rref()
    pivots, column = [], 0
    for i in range(int(rank)):
        while not int(found[i, column]):
            column += 1
        pivots.append(column)
    return found, int(rank), pivots


def common_zero(forms: FormsModPrime) -> bool | None:
    """Whether the forms have a common zero besides 0 over the algebraic closure of F_p; None where that is too much work."""
    if not forms.forms:
        return forms.variables > 0
    before = -1
    for d, left in _left(forms):
        if d > forms.regularity:
            return True
        if left == 0:
            return False
        if left == before <= d - 1 and d > max(forms.degrees):
            return True
        before = left
    return None


def _left(forms: FormsModPrime) -> Iterator[tuple[int, int]]:
    """For d = 1, 2, ... the dimension of the forms of degree d modulo those that the given ones generate, as long as matrices are
    small.

    Products of a basis in degree d - 1 with the variables, and forms of degree d, span what is generated.
    """
    m, d = forms.variables, 0
    lower, basis = monomials(m, 0), list[list[int]]()
    while True:
        d += 1
        own = monomials(m, d)
        columns = {e: j for j, e in enumerate(own)}
        raised = [[columns[(*e[:k], e[k] + 1, *e[k + 1 :])] for e in lower] for k in range(m)]
        new = [f for f, e in zip(forms.forms, forms.degrees, strict=True) if e == d]
        if (len(basis) * m + len(new)) * len(own) > MOST_ENTRIES:
            return
        rows = []
        for places in raised:
            for row in basis:
                moved = [0] * len(own)
                for j, c in zip(places, row, strict=True):
                    moved[j] = c
                rows.append(moved)
        for form in new:
            terms = [0] * len(own)
            for e, entry in form.to_dict().items():
                terms[columns[tuple(map(int, e))]] = int(entry)
            rows.append(terms)
        found, rank, _ = echelon_rows(flint.nmod_mat(rows, forms.p)) if rows else (None, 0, [])
        basis = [] if found is None else [[int(found[i, j]) for j in range(len(own))] for i in range(rank)]
        lower = own
        yield d, len(own) - rank


def missed_section(forms: FormsModPrime) -> float:
    """Probability that a section over F_p has a zero although a general one over Q has none.

    Either the prime divides a maximal minor of the matrix of multiples in the degree of the regularity, of at most so many rows with
    entries of bounded size, or the random space meets the locus although a general one does not: the coefficients are then a zero of
    its Chow form, whose degree is at most that of the locus, by Bezout, in each of the rows.
    """
    largest = max(forms.degrees)
    size = comb(forms.regularity + forms.variables - 1, forms.regularity)
    bits = largest * (log2(SECTION_RANGE) + log2(forms.variables + 1)) + 8
    bad = size * (bits + log2(max(size, 2)) / 2) / (SMALL_BITS - 1) / primes_of(SMALL_BITS)
    special = forms.variables * float(largest) ** forms.variables / SECTION_RANGE
    return min(1.0, bad + special)
