"""The singular locus of a variety whose equations are known: its dimension, its degree, what is not among known pieces.

Equations with rank of their gradients equal to the codimension c show a point to be smooth; where the ideal is complete the others are
the singular ones. The locus is the zero set of the equations and of the c x c minors of their gradients; its dimension is found on
random linear spaces (`section`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.linear_sections import SECTION_RANGE, LocusProblem, missed_section
from neurovariety.certificates.singular_loci import SectionPlace
from neurovariety.geometry.singular.known_ideal import KnownIdeal
from neurovariety.geometry.singular.section import count_zeros, has_zero
from neurovariety.linear_algebra import random_prime
from neurovariety.randomness import generator
from neurovariety.tolerances import ERROR_BOUND, PRIME_BITS

_STREAM = "geometry.singular.locus"
_TRIALS = 6


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
        place = random_section(problem, k, generator(seed, _STREAM, k))
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
        section = random_section(problem, k - 1, rng)
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

    section = random_section(problem, k - 1, generator(seed, _STREAM, 2001), p)

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


def random_section(problem: LocusProblem, k: int, rng: np.random.Generator, p: int | None = None) -> SectionPlace:
    """A random linear space of codimension k, mod a random prime where none is given."""
    p = random_prime(PRIME_BITS, rng) if p is None else p
    n = len(problem.kept)
    return SectionPlace(p, rng.integers(-SECTION_RANGE, SECTION_RANGE + 1, size=(n, n - k)))
