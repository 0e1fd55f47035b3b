"""Critical sets of positive dimension: known curves and surfaces, on every seed, and what follows for the least loss."""

from __future__ import annotations

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, landscape


def sets_of(found):
    return [
        [(s["dimension"], s["degree"], round(s["loss"], 6)) for s in stage.get("critical_sets", [])]
        for stage in found.evidence["stages"]
    ]


SURFACE = [(2, 4, 1.0)], [(2, 4, 2.0)], []
KNOWN = [
    # projections onto lines of the plane: a conic
    ("linear(2,1,2)", "frobenius", "x0; x1", ([(1, 2, 1.0)], [])),
    ("mlp(2,1,1; x^2)", "bombieri", "x0^2 + x1^2", ([(1, 2, 1.0)], [])),
    # two of three singular values equal: which of their vectors is kept with, or left out beside, the third
    ("linear(3,1,3)", "frobenius", "2*x0; 2*x1; x2", ([(1, 2, 5.0)], [])),
    ("linear(3,2,3)", "frobenius", "2*x0; x1; x2", ([(1, 2, 1.0)], [(1, 2, 5.0)], [])),
    # projections of rank two and of rank one in space: Veronese surfaces
    ("mlp(3,2,1; x^2)", "bombieri", "x0^2 + x1^2 + x2^2", SURFACE),
    # fourth powers of all linear forms on a conic: a rational normal curve; and multiples of the two isotropic powers
    # Paths start at general targets of the same metric, of which there are 4: none ends on the two lines of powers of x0 +- i x1.
    ("mlp(2,1,1; x^4)", "bombieri", "x0^4 + 2*x0^2*x1^2 + x1^4", ([(1, 4, 1.666667)], [])),
]


@pytest.mark.parametrize(("architecture", "metric", "teacher", "expected"), KNOWN)
def test_known_sets(architecture, metric, teacher, expected):
    found = landscape(architecture, metric=metric, teacher=teacher)
    assert [sorted(s) for s in sets_of(found)] == [sorted(s) for s in expected]
    assert found.claim is Claim.LOWER_BOUND  # paths that end on a set are not accounted for one by one
    assert found.value["global_minimum"] == ("upper_bound" if "x^4" in architecture else "proved")  # by Eckart and Young
    assert found.value["least_loss"] == pytest.approx(min(s[2] for stage in expected for s in stage), abs=1e-6)


@pytest.mark.parametrize("seed", range(size(3, 20)))
def test_every_seed(seed):
    found = landscape("linear(2,1,2)", metric="frobenius", teacher="x0; x1", seed=seed)
    assert sets_of(found) == [[(1, 2, 1.0)], []]
    assert found.claim is Claim.LOWER_BOUND


def test_none_for_general_teachers():
    rng = np.random.default_rng(3)
    for _ in range(3):
        a, b, c, d = rng.integers(-9, 10, 4)
        found = landscape("linear(2,1,2)", metric="frobenius", teacher=f"({a})*x0 + ({b})*x1; ({c})*x0 + ({d})*x1")
        assert not any(sets_of(found))
        assert "positive dimension" not in found.meaning


def test_agrees_with_perturbation():
    found = landscape("mlp(2,1,1; x^2)", metric="bombieri", teacher="x0^2 + x1^2", least_by="perturbation")
    assert found.value["global_minimum"] == "proved"
    assert found.value["least_loss"] == pytest.approx(1, abs=1e-8)
    assert "1 critical set of positive dimension (dimension 1, degree 2)" in found.meaning
