"""Defective architectures: below the expected dimension, and proved to be by a bound from above that meets the exact rank.

The expected dimension is the smaller of the ambient dimension and of parameters minus the stated symmetries. The last column names
what proves the defect.
"""

from __future__ import annotations

import pytest

from neurovariety import Claim, dimension

DEFECTIVE = [
    # Alexander, Hirschowitz 1995
    ("mlp(3,5,1; x^4)", 14, 15, "Alexander-Hirschowitz"),
    ("mlp(4,9,1; x^4)", 34, 35, "Alexander-Hirschowitz"),
    ("mlp(5,14,1; x^4)", 69, 70, "Alexander-Hirschowitz"),
    ("mlp(5,7,1; x^3)", 34, 35, "Alexander-Hirschowitz"),
    # Dao, Rodriguez, arXiv:2605.09609, and the public table of monomial networks
    ("mlp(5,5,3,1; x^2)", 32, 35, "rotations"),
    ("mlp(5,4,3,1; x^2)", 25, 28, "narrow first"),
    ("mlp(4,5,5,3,1; x^2)", 47, 50, "rotations"),
    ("mlp(3,5,6,4,3,1; x^2)", 58, 66, "rotations"),
    ("mlp(3,5,6,9,3,1; x^2)", 89, 106, "rotations"),
    ("mlp(2,3,4,5; x^2)", 24, 25, "narrow last"),
    ("mlp(12,10,8,6,1; x^2)", 215, 230, "narrow first"),
    # several outputs, one hidden layer (Finkel, Rodriguez, Wu, Yahl, arXiv:2408.04569, list some of them)
    ("mlp(4,5,3; x^2)", 29, 30, "curves"),
    ("mlp(4,6,5; x^2)", 47, 48, "curves"),
    ("mlp(6,8,3; x^2)", 62, 63, "Pfaffian"),
    ("mlp(8,11,3; x^2)", 107, 108, "Pfaffian"),
    ("mlp(3,5,2; x^3)", 19, 20, "curves"),
    # activations that are not monomials: equations that vanish identically
    ("mlp(2,3,2; x^3 + x)", 11, 12, "equation"),
    ("mlp(3,2,1; x^2 + x)", 7, 8, "equations"),
    ("mlp(4,2,1; x^2 + x)", 9, 10, "equations"),
    ("mlp(4,3,1; x^2 + x)", 12, 14, "equations"),
    # quadratic activations with biases are squares, and their neurons can be rescaled
    ("mlp(2,1,1; x^2 + x; bias)", 4, 5, "rescalings"),
    ("mlp(2,2,2; x^2 + x; bias)", 10, 12, "rescalings"),
    ("mlp(3,3,2; x^2 + x; bias)", 17, 20, "rescalings"),
    ("mlp(3,3,3; x^2 + x; bias)", 21, 24, "rescalings"),
    ("mlp(4,3,2; 2*x^2 - x; bias)", 20, 23, "rescalings"),
    # attention (Henry, Marchetti, Kohn, arXiv:2408.17221, list the first five)
    ("attention(2,2,2; a=1,2; t=2)", 8, 9, "layer"),
    ("attention(3,3,3; a=1,2; t=2)", 18, 20, "layer"),
    ("attention(2,3,2; a=2; t=2)", 10, 13, "layer"),
    ("attention(2,2; a=2; t=1)", 6, 7, "one token"),
    ("attention(3,2; a=2; t=1)", 11, 13, "one token"),
    # sums of products: Strassen 1983, Lickteig 1985, Catalisano, Geramita, Gimigliano 2011, Abo, Ottaviani, Peterson 2009
    ("cp(3,3,3; rank=4)", 26, 27, "Lickteig"),
    ("cp(2,2,2,2; rank=3)", 14, 15, "projective lines"),
    ("cp(3,4,4; rank=5)", 44, 45, "curves"),
    # quotients of sums of squares, up to a common factor
    ("ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))", 5, 9, "common"),
]


def test_there_are_thirty():
    assert len({a for a, *_ in DEFECTIVE}) >= 30


@pytest.mark.parametrize(("architecture", "value", "expected", "reason"), DEFECTIVE, ids=[a for a, *_ in DEFECTIVE])
def test_defect_is_proved(architecture, value, expected, reason):
    found = dimension(architecture)
    assert found.value == value
    assert found.evidence["expected"] == expected
    assert found.claim is Claim.PROVED
    upper = found.evidence["upper_bound"]
    assert upper["value"] == value
    names = " ".join([upper["reason"], *(t["name"] for t in found.evidence.get("theorems", []))])
    assert reason in names


@pytest.mark.parametrize("architecture", [a for a, *_ in DEFECTIVE if a not in ("mlp(12,10,8,6,1; x^2)",)])
def test_a_second_seed_and_the_computed_route_agree(architecture):
    value = next(v for a, v, *_ in DEFECTIVE if a == architecture)
    assert dimension(architecture, seed=17, route="computed").value == value
