"""Systems whose zeros are known since they were put there, written in many ways: is a claim of `solve` ever false?

Zeros of sizes from 2^-200 to 2^300, some 1e-14 apart, double ones, curves; polynomials as products and in Horner's form; unknowns
mixed by rational matrices.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from random import Random

import pytest

from campaign import size
from neurovariety.claim import Claim
from neurovariety.homotopy import System, solve


def horner(roots, x):
    """The polynomial with those roots, multiplied out."""
    coefficients = [Fraction(1)]
    for r in roots:
        shifted = [*coefficients, Fraction(0)]
        coefficients = [a - r * b for a, b in zip(shifted, [Fraction(0), *coefficients], strict=True)]
    value = coefficients[0]
    for c in coefficients[1:]:
        value = value * x + c
    return value


def factors(roots, x):
    value = 1
    for r in roots:
        value = value * (x - r)
    return value


def roots_of(kind: str, rng: Random) -> list[Fraction]:
    roots = [Fraction(rng.randint(-9, 9)) for _ in range(rng.randint(1, 6))]
    if kind == "scaled":
        unit = Fraction(2) ** rng.choice([-200, -60, -30, 30, 60, 120, 300])
        return [r * unit for r in roots]
    if kind == "close":
        gap = Fraction(1, 10 ** rng.randint(3, 14))
        return roots[:2] + [roots[0] + gap * j for j in range(1, rng.randint(2, 4))]
    if kind == "far":
        return [1 / r for r in roots if r] + [Fraction(rng.choice([10**9, 10**15, -(10**20)]))]
    return roots


def planted(kind: str, rng: Random) -> tuple[System, int, int | None]:
    """A system, the number of its simple zeros, and that of all of them with multiplicity, None for a curve."""
    if kind == "mixed":
        a, b = ([Fraction(rng.randint(-5, 5)) for _ in range(rng.randint(1, 3))] for _ in range(2))
        bent = rng.choice([0, 1])

        def equations(x, _):
            y = [2 * x[0] + x[1] + 1, Fraction(1, 3) * x[0] - x[1] - 2]
            return [factors(a, y[0]), factors(b, y[1] - bent * y[0] ** 2)]

        simple = [sum(often == 1 for often in Counter(roots).values()) for roots in (a, b)]
        return System.build(equations, 2), simple[0] * simple[1], len(a) * len(b)
    if kind == "curve":
        roots = sorted({Fraction(rng.randint(1, 6)) for _ in range(rng.randint(1, 3))})
        return System.build(lambda x, _: [x[0] * factors(roots, x[0]), x[0] * (x[1] - 2)], 2), len(roots), None
    roots, form = roots_of(kind, rng), rng.choice([horner, factors])
    system = System.build(lambda x, _: [form(roots, x[0])], 1)
    return system, sum(often == 1 for often in Counter(roots).values()), len(roots)


@pytest.mark.parametrize("kind", ["plain", "scaled", "close", "far", "mixed", "curve"])
def test_no_claim_is_false(kind):
    rng, strong, runs = Random(kind), 0, size(6, 400)
    for _ in range(runs):
        system, simple, number = planted(kind, rng)
        found = solve(system, seed=rng.randrange(1000))
        assert len(found.regular) <= simple
        if found.complete:
            assert len(found.regular) == simple
            strong += 1
        if found.claim is Claim.PROVED:
            assert len(found.regular) + sum(found.multiplicity) + found.infinite == number
    assert strong >= runs / 2
