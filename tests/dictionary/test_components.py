"""Components of equivariant maps of bounded rank, beside counts over a finite field and critical points in Macaulay2."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from math import comb, prod

import numpy as np
import pytest

import neurovariety as nv
from dictionary.test_oracles import _absent
from neurovariety import Claim, parse
from neurovariety.architectures.families.equivariant import isotypic_blocks
from neurovariety.certificates.irreducible_components import determinantal_degree

CASES = [(3,), (3, 3), (2, 2), (4,), (4, 4), (2, 2, 1), (6,), (5, 5), (3, 2), (4, 2), (3, 3, 3), (6, 3)]


@pytest.mark.parametrize("cycles", CASES)
def test_components_are_the_maximal_ranks(cycles):
    """By brute force over all allocations; each component has the dimension of an exact rank, and none lies in another."""
    blocks = isotypic_blocks(cycles)
    for budget in range(1, sum(cycles) + 1):
        allowed = [
            r
            for r in itertools.product(*(range(b.size + 1) for b in blocks))
            if sum(b.weight * k for b, k in zip(blocks, r, strict=True)) <= budget
        ]
        maximal = {r for r in allowed if not any(s != r and all(x <= y for x, y in zip(r, s, strict=True)) for s in allowed)}
        found = nv.components(f"equivariant({','.join(map(str, cycles))}; rank={budget})")
        assert {tuple(c["ranks"]) for c in found.value["components"]} == maximal
        assert found.value["count"] == len(maximal)
        assert found.claim is Claim.PROVED
        if budget <= 3:
            for c in found.value["components"]:
                assert c["dimension"] == nv.dimension(c["architecture"], route="computed").value
        largest = max(c["dimension"] for c in found.value["components"])
        assert all(c["largest"] == (c["dimension"] == largest) for c in found.value["components"])


def test_published_degrees_of_determinantal_varieties():
    """Hypersurfaces have the size as degree, rank one the degree of a Segre variety; 4 x 4 matrices of rank 2 have degree 20."""
    assert determinantal_degree(3, 3, 2) == 3
    assert determinantal_degree(5, 5, 4) == 5
    assert all(determinantal_degree(m, n, 1) == comb(m + n - 2, m - 1) for m in range(1, 6) for n in range(1, 6))
    assert determinantal_degree(4, 4, 2) == 20
    assert determinantal_degree(3, 4, 2) == 6
    assert determinantal_degree(4, 4, 4) == 1


def test_counts_over_a_field_with_third_roots_of_unity():
    """Over F_7 the eigenvalues 1, w, w^2 of a 3-cycle are all there: equivariant maps are triples of numbers, and the rank is the
    number of those that are not 0. The components over the algebraic closure are coordinate subspaces; the real ones join w and w^2.
    """
    q = 7
    shift = np.roll(np.eye(3, dtype=int), 1, axis=0)
    circulants = [sum(c * np.linalg.matrix_power(shift, k) for k, c in enumerate(cs)) for cs in itertools.product(range(q), repeat=3)]
    roots = [1, 2, 4]
    ranks = [
        sum(sum(c * pow(w, k, q) for k, c in enumerate(cs)) % q != 0 for w in roots) for cs in itertools.product(range(q), repeat=3)
    ]
    assert all(np.array_equal(c @ shift, shift @ c) for c in circulants)
    for budget in (1, 2, 3):
        assert sum(r <= budget for r in ranks) == sum(comb(3, k) * (q - 1) ** k for k in range(budget + 1))
    # real maps: w and w^2 stand or fall together, so rank at most 2 is one plane and one line
    found = nv.components("equivariant(3; rank=2)").value["components"]
    assert sorted((c["dimension"], tuple(c["ranks"])) for c in found) == [(1, (1, 0)), (2, (0, 1))]


def test_degrees_multiply_over_blocks():
    for c in nv.components("equivariant(4,4,4; rank=5)").value["components"]:
        blocks = isotypic_blocks((4, 4, 4))
        assert c["degree"] == prod(determinantal_degree(b.size, b.size, r) ** b.weight for b, r in zip(blocks, c["ranks"], strict=True))
        assert c["ed_degree_frobenius"] == prod(comb(b.size, r) for b, r in zip(blocks, c["ranks"], strict=True))


@pytest.mark.oracle
def test_critical_points_of_a_complex_block_in_macaulay2():
    """2 x 2 complex matrices of rank one, in real and imaginary parts: two critical points of the Frobenius distance, degree 4."""
    if shutil.which("M2") is None:
        _absent("Macaulay2", "ED degrees of equivariant maps")
        return
    script = """
    R = ZZ/32003[a_0..a_3,b_0..b_3];
    -- Z = A + iB is singular: the real and the imaginary part of its determinant vanish
    re = a_0*a_3 - a_1*a_2 - b_0*b_3 + b_1*b_2; im = a_0*b_3 + b_0*a_3 - a_1*b_2 - b_1*a_2;
    I = ideal(re, im); J = jacobian I; u = random(R^8, R^1);
    M = (transpose vars R - u) | J;
    sing = ideal singularLocus I;
    C = saturate(I + minors(3, M), sing);
    print("answer " | toString degree C | " " | toString degree I | " " | toString codim I);
    """
    out = subprocess.run(["M2", "--silent", "--stop"], input=script, capture_output=True, text=True, timeout=120, check=True).stdout
    (line,) = (line for line in out.splitlines() if line.startswith("answer "))
    (component,) = nv.components("equivariant(3,3; ranks=0,1)").value["components"]
    assert line.split()[1:] == [str(component["ed_degree_frobenius"]), str(component["degree"]), "2"]


@pytest.mark.parametrize(
    ("text", "dimension", "degree"),
    [("linear(3,2,3)", 8, 3), ("linear(4,1,4)", 7, 20), ("invariant(2,2,2; rank=1; outputs=3)", 5, 6), ("mlp(2,2,2; x^2)", 6, None)],
)
def test_one_network_is_one_component(text, dimension, degree):
    found = nv.components(text)
    assert found.value["count"] == 1
    (only,) = found.value["components"]
    assert only["architecture"] == text
    assert only["dimension"] == dimension
    if degree is not None:
        assert only["degree"] == degree


def test_result_recomputes_and_reads_back():
    found = nv.components("equivariant(3,3; rank=3)")
    assert found.rerun().value == found.value
    assert nv.ComponentsResult.from_dict(found.to_dict()).value == found.value
    assert parse(found.value["components"][0]["architecture"]).blocks
