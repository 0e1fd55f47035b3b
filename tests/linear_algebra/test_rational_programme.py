"""Linear programmes over Q: optima with their duals, and solutions inside of the optimal ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import flint
import numpy as np
import pytest

from neurovariety.linear_algebra.rational_programme import maximum


def corners(gain, rows, most):
    """The largest value over all corners, by brute force."""
    n = len(gain)
    walls = [(list(r), m) for r, m in zip(rows, most, strict=True)] + [([-int(i == k) for i in range(n)], 0) for k in range(n)]
    best = None
    for chosen in combinations(walls, n):
        a = flint.fmpq_mat([w[0] for w in chosen])
        if a.rank() < n:
            continue
        x = [Fraction(int(v[0].p), int(v[0].q)) for v in a.solve(flint.fmpq_mat(n, 1, [w[1] for w in chosen])).tolist()]
        if all(sum(c * v for c, v in zip(w, x, strict=True)) <= m for w, m in walls):
            value = sum(g * v for g, v in zip(gain, x, strict=True))
            best = value if best is None else max(best, value)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_optima_and_their_duals(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    rows = [[int(v) for v in r] for r in rng.integers(0, 4, (m, n))] + [[1] * n]
    most, gain = [*(int(v) for v in rng.integers(0, 6, m)), 7], [int(v) for v in rng.integers(-1, 4, n)]
    found = maximum(gain, rows, most)
    assert found is not None
    assert found.value == corners(gain, rows, most)
    assert min(found.prices) >= 0
    assert sum(p * b for p, b in zip(found.prices, most, strict=True)) == found.value
    for k in range(n):
        assert sum(p * r[k] for p, r in zip(found.prices, rows, strict=True)) >= gain[k]
    assert sum(g * x for g, x in zip(gain, found.solution, strict=True)) == found.value


def test_a_solution_inside():
    found = maximum([1, 1], [[1, 1], [1, 0]], [2, 1])
    assert found is not None
    x, y = found.solution
    assert x + y == 2
    assert 0 < x < 1
    corner = maximum([1, 1], [[1, 1], [1, 0]], [2, 1], inside=False)
    assert corner is not None
    assert corner.solution in ((0, 2), (1, 1))


def test_no_bound():
    assert maximum([1, 0], [[0, 1]], [1]) is None
