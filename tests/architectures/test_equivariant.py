"""Equivariant and invariant linear networks: coordinates, functions, dimensions by theorem and by exact rank."""

from __future__ import annotations

import itertools
from math import gcd

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import parse
from neurovariety.architectures.families.equivariant import isotypic_blocks
from neurovariety.program.group_actions import is_invariant

EQUIVARIANT = [
    "equivariant(3; ranks=1,1)",
    "equivariant(3,3; ranks=2,1)",
    "equivariant(3,3; ranks=0,1)",
    "equivariant(2,2; ranks=1,2)",
    "equivariant(2,2,1; ranks=2,1)",
    "equivariant(4; ranks=1,1,1)",
    "equivariant(4,4; ranks=1,2,1)",
    "equivariant(4,2; ranks=1,1,1)",
    "equivariant(5; ranks=1,1,0)",
    "equivariant(5,5; ranks=2,1,1)",
    "equivariant(1,1,1; ranks=2)",
    "equivariant(6; ranks=1,1,1,1)",
    "equivariant(3,3,3; ranks=1,2)",
    "equivariant(2; ranks=1,1)",
    "equivariant(3,2; ranks=1,1,1)",
    "equivariant(3; rank=3)",
]
INVARIANT = [
    "invariant(2,2,1; rank=1; outputs=3)",
    "invariant(2,2,1; outputs=2)",
    "invariant(3; outputs=4)",
    "invariant(1,1,1; rank=2; outputs=3)",
    "invariant(2,3; rank=2; outputs=2)",
    "invariant(2,3; rank=9; outputs=2)",
    "invariant(4,4,4,4; rank=3; outputs=5)",
    "invariant(1; outputs=1)",
    "invariant(2,2,2; rank=1)",
    "invariant(5,1)",
    "invariant(2,1,2,1; rank=2; outputs=2)",
    "invariant(3,3; rank=1; outputs=7)",
    "invariant(1,2; rank=1; outputs=1)",
    "invariant(2,2,2,2,2; rank=4; outputs=3)",
    "invariant(7; rank=1; outputs=2)",
]


@pytest.mark.parametrize("cycles", [(1,), (2,), (3, 3), (4, 2), (6,), (5, 5, 1), (12,), (2, 3, 4)])
def test_blocks_are_the_eigenspaces(cycles):
    """Multiplicities of the eigenvalues of the permutation matrix, found numerically."""
    n = sum(cycles)
    p = np.zeros((n, n))
    at = 0
    for c in cycles:
        for i in range(c):
            p[at + (i + 1) % c, at + i] = 1
        at += c
    found = np.linalg.eigvals(p)
    for block in isotypic_blocks(cycles):
        value = np.exp(2j * np.pi * block.k / block.q)
        assert np.sum(np.abs(found - value) < 1e-6) == block.size
    assert sum(b.size * b.weight for b in isotypic_blocks(cycles)) == n


@pytest.mark.parametrize("text", EQUIVARIANT)
def test_equivariant_function_is_linear_of_the_ranks(text):
    """The matrix of the function: block diagonal, each block of the stated rank, complex blocks of the form [[A, -B], [B, A]]."""
    a = parse(text)
    rng = np.random.default_rng(4)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    n = a.input_shape[0]
    with jax.enable_x64(True):
        matrix = np.stack([np.asarray(a.apply(w, jax.numpy.asarray(e), np.zeros(0))) for e in np.eye(n)], axis=1)
    at = 0
    for block, r in zip(a.blocks, a.allocation(), strict=True):
        m = block.size
        width = m * block.weight
        part = matrix[at : at + width, at : at + width]
        assert np.linalg.matrix_rank(part) == r * block.weight
        if not block.real:
            np.testing.assert_allclose(part[:m, :m], part[m:, m:], atol=1e-12)
            np.testing.assert_allclose(part[:m, m:], -part[m:, :m], atol=1e-12)
        matrix[at : at + width, at : at + width] = 0
        at += width
    np.testing.assert_allclose(matrix, 0, atol=1e-12)


@pytest.mark.parametrize("text", INVARIANT)
def test_invariant_function_sums_over_orbits(text):
    a = parse(text)
    rng = np.random.default_rng(4)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    product = np.eye(len(a.orbits))
    for matrix in w.values():
        product = matrix @ product
    x = rng.standard_normal(a.input_shape)
    sums = np.array([part.sum() for part in np.split(x, np.cumsum(a.orbits)[:-1])])
    with jax.enable_x64(True):
        found = np.asarray(a.apply(w, jax.numpy.asarray(x), np.zeros(0)))
    np.testing.assert_allclose(found, product @ sums, rtol=1e-9)


@pytest.mark.parametrize("text", [*EQUIVARIANT, *INVARIANT])
def test_notation_symmetries_and_theorems(text):
    a = parse(text)
    assert parse(repr(a)) == a
    assert all(is_invariant(a.model, s) for s in a.symmetries())
    (theorem,) = (t for t in a.theorems() if t.quantity == "dimension")
    assert theorem.value == nv.dimension(text, route="computed").value
    (span,) = (t for t in a.theorems() if t.quantity == "ambient")
    assert span.value == nv.ambient(text).value


def test_equivariant_maps_of_full_rank_fill_the_commutant():
    """All matrices that commute with the permutation: a dimension that is the number of pairs of cycles, gcd by gcd."""
    for cycles in [(3,), (2, 2), (4, 2), (6, 3), (5, 1, 1), (2, 3)]:
        full = ",".join(str(b.size) for b in isotypic_blocks(cycles))
        found = nv.dimension(f"equivariant({','.join(map(str, cycles))}; ranks={full})").value
        assert found == sum(gcd(a, b) for a, b in itertools.product(cycles, repeat=2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("equivariant(3,3)", "ranks"),
        ("equivariant(3,3; ranks=2,1; rank=3)", "not both"),
        ("equivariant(3,3; ranks=2)", "one number a block"),
        ("equivariant(3,3; ranks=3,1)", "ranks from 0 to 2"),
        ("equivariant(3,3; ranks=0,0)", "zero map"),
        ("equivariant(3,0; rank=1)", "positive"),
        ("invariant(2,2; rank=0)", "positive"),
        ("invariant()", "orbit"),
        ("invariant(2,2; depth=1)", "unknown"),
    ],
)
def test_bad_input_is_one_sentence(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_a_bounded_rank_is_no_single_network():
    with pytest.raises(nv.InputError, match=r"2 irreducible components.*'components'"):
        nv.dimension("equivariant(3,3; rank=3)")
