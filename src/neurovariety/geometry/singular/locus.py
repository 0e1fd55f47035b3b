"""The singular locus of a variety whose equations are known: its dimension, its degree, what is not among known pieces.

Equations with rank of their gradients equal to the codimension c show a point to be smooth; where the ideal is complete the others are
the singular ones. The locus is the zero set of the equations and of the c x c minors of their gradients; its dimension is found on
random linear spaces (`section`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import flint
import numpy as np

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.singular_loci import SectionPlace
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.geometry.singular.section import FormsModPrime, count_zeros, has_zero, reduced
from neurovariety.linear_algebra import count_primes_lower_bound, random_prime
from neurovariety.randomness import generator
from neurovariety.tolerances import ERROR_BOUND, PRIME_BITS

_STREAM = "geometry.singular.locus"
SECTION_RANGE = 2**20
_MOST_MINORS = 400
_TRIALS = 6
_MOST_TERMS = 2000


@dataclass(frozen=True)
class Locus:
    """``at_most``: a proved bound of the dimension; ``dimension``: what it is with an error of at most ``error``, for the zero set of
    the equations' own criterion (the singular locus where the ideal is complete); the locus is a cone, so 0 stands for the point 0
    alone. ``degree`` of its part of that dimension, without and ``with_multiplicity``, mod random primes: None where two primes do not
    give the same."""

    at_most: int
    dimension: int
    error: float
    degree: int | None
    with_multiplicity: int | None
    empty: SectionPlace
    """A section without a zero."""
    zeros: tuple[SectionPlace, ...]
    """Sections that have one."""


def singular_locus(ideal: KnownIdeal, at_least: int, seed: int) -> Locus | None:
    """The locus of a cone, searched from dimension ``at_least`` upwards, which is known not to exceed it; None where the equations are
    too large."""
    problem = problem_of(ideal)
    if problem is None:
        return None
    for k in range(max(at_least, 0), ideal.dimension):
        place = problem.section(k, generator(seed, _STREAM, k))
        found = has_zero(problem.cut(place))
        if found is False:  # None: too much work in so many variables, and less in fewer
            return _described(problem, k, at_least, seed, place)
    return None


def problem_of(ideal: KnownIdeal) -> LocusProblem | None:
    """The problem of an ideal of a cone; None where it is no cone, or too large."""
    system = ideal.system
    return LocusProblem.of(system.generators, ideal.coordinates, ideal.dimension) if system.coordinates.is_cone else None


def _described(problem: LocusProblem, k: int, at_least: int, seed: int, place: SectionPlace) -> Locus:
    """The locus, of dimension at most k (proved), and exactly k unless all trials are wrong."""
    if k == 0:
        return Locus(0, 0, 0.0, 1, None, place, ())
    error = 0.0 if k == at_least else 1.0
    degrees: list[tuple[int, int] | None] = []
    zeros: list[SectionPlace] = []
    for trial in range(_TRIALS):
        rng = generator(seed, _STREAM, 1000 + k, trial)
        section = problem.section(k - 1, rng)
        forms = problem.cut(section)
        if error > ERROR_BOUND and has_zero(forms):
            error *= missed_section(forms)
            zeros.append(section)
        if len(degrees) < 2:
            degrees.append(count_zeros(forms, rng))
        if error <= ERROR_BOUND and len(degrees) == 2:
            break
    once, again = (*degrees, None, None)[:2]
    found = once if once is not None and once == again and once[1] else None  # a locus of this dimension has a point on each section
    return Locus(
        at_most=k,
        dimension=k,
        error=min(error, 1.0),
        degree=None if found is None else found[1],
        with_multiplicity=None if found is None else found[0],
        empty=place,
        zeros=tuple(zeros),
    )


def vanishing_pieces(ideal: KnownIdeal, k: int, seed: int) -> list[tuple[tuple[int, ...], int]]:
    """Sets of coefficients that vanish on a component of the locus of dimension ``k``, as large as possible, each with the degree of
    the components on which it vanishes (mod a random prime)."""
    problem = problem_of(ideal)
    if problem is None or k < 1:
        return []
    p = random_prime(PRIME_BITS, generator(seed, _STREAM, 2000))

    section = problem.section(k - 1, generator(seed, _STREAM, 2001), p)

    def on(zero: tuple[int, ...]) -> int:
        assert problem is not None
        counted = count_zeros(problem.cut(section, zero), generator(seed, _STREAM, 2002))
        return counted[1] if counted is not None else 0

    out: list[tuple[tuple[int, ...], int]] = []
    left = [j for j in range(len(problem.kept)) if on((j,))]
    while left:
        together: tuple[int, ...] = (left[0],)
        for j in left[1:]:
            if on((*together, j)):
                together = (*together, j)
        out.append((tuple(problem.kept[j] for j in together), on(together)))
        left = [j for j in left if j not in together]
    return out


def missed_section(forms: FormsModPrime) -> float:
    """Probability that a section over F_p has a zero although a general one over Q has none.

    Either the prime divides a maximal minor of the matrix of multiples in the degree of the regularity, of at most so many rows with
    entries of bounded size, or the random space meets the locus although a general one does not: the coefficients are then a zero of
    its Chow form, whose degree is at most that of the locus, by Bezout, in each of the rows.
    """
    largest = max(forms.degrees)
    size = math.comb(forms.regularity + forms.variables - 1, forms.regularity)
    bits = largest * (math.log2(SECTION_RANGE) + math.log2(forms.variables + 1)) + 8
    bad = size * (bits + math.log2(max(size, 2)) / 2) / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    special = forms.variables * float(largest) ** forms.variables / SECTION_RANGE
    return min(1.0, bad + special)


class LocusProblem:
    """Equations and minors of their gradients, to be cut by linear spaces."""

    def __init__(self, equations: Sequence[Equation], kept: list[int], codimension: int) -> None:
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
        minors = math.comb(len(kept), codimension) * math.comb(len(curved), codimension) if codimension > 0 else 0
        small = 0 < minors <= _MOST_MINORS and sum(len(g.terms) for g in curved) <= _MOST_TERMS
        apart = all(i in kept for g in curved for t, _ in g.terms for i in t)
        return cls(curved, kept, codimension) if small and apart else None

    def section(self, k: int, rng: np.random.Generator, p: int | None = None) -> SectionPlace:
        """A random linear space of codimension k, mod a random prime where none is given."""
        p = random_prime(PRIME_BITS, rng) if p is None else p
        n = len(self.kept)
        return SectionPlace(p, rng.integers(-SECTION_RANGE, SECTION_RANGE + 1, size=(n, n - k)))

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
        return reduced([*values, *minors, *(x[j] for j in zero)], m, p)


def _determinant(a: list[list[flint.nmod_mpoly]], zero: flint.nmod_mpoly) -> flint.nmod_mpoly:
    if len(a) == 1:
        return a[0][0]
    total = zero
    for j, entry in enumerate(a[0]):
        if len(entry):
            minor = _determinant([row[:j] + row[j + 1 :] for row in a[1:]], zero)
            total = total + entry * minor if j % 2 == 0 else total - entry * minor
    return total
