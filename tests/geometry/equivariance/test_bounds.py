"""Counts of equivariant polynomial maps and equivariant matrices, against counting one by one."""

from __future__ import annotations

import math
from itertools import product

import flint
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.geometry.equivariance.bounds import equivariant_linear, equivariant_polynomials
from neurovariety.geometry.equivariance.linear_map import identity, pair_of, read_map


@pytest.mark.parametrize(
    ("notation", "t", "degrees"),
    [
        ("mlp(3,9,1; x^4)", "shift", {4}),
        ("mlp(4,9,2; x^3 + x)", "(0 1)(2 3)", {1, 2, 3}),
        ("mlp(3,2,1; x^2; bias)", "(0 2)", {0, 1, 2}),
    ],
)
def test_molien_against_monomials(notation, t, degrees):
    """Orbits of monomials under a permutation of the variables, counted one by one."""
    model = nv.as_model(notation)
    given = read_map(t, model.inputs, "inputs")
    p, orbits = given.permutation, set()
    for e in product(range(max(degrees) + 1), repeat=model.inputs):
        if sum(e) in degrees:
            orbit, here = [], e
            for _ in range(given.order):
                orbit.append(here)
                here = tuple(here[p[i]] for i in range(model.inputs))
            orbits.add(min(orbit))
    assert equivariant_polynomials(model, pair_of(given, identity(model.outputs))) == model.outputs * len(orbits)


@pytest.mark.parametrize(
    ("inputs", "outputs", "narrow"),
    [("1,0", "1,0", 2), ("1,0", "1,0", 1), ("0,-1;1,0", "0,-1;1,0", 1), ("0,-1;1,0", "0,-1;1,0", 2), ("shift", "1,0", 1),
     ("shift", "shift", 2), ("(0 1)", "1,0", 1), ("negation", "1,0", 1)],
)  # fmt: skip
def test_equivariant_matrices_over_small_fields(inputs, outputs, narrow):
    """All matrices of bounded rank with A T = S A over two fields in which conjugate eigenvalues do not split, as over R: q = 2 mod 3
    for turns by thirds, q = 3 mod 4 for those by quarters."""
    n = 3 if inputs in ("shift", "(0 1)") else 2
    m = 3 if outputs == "shift" else 2
    t, s = read_map(inputs, n, "inputs"), read_map(outputs, m, "outputs")
    maps = pair_of(t, s)
    found = equivariant_linear(nv.as_model(f"linear({n},{narrow},{m})"), maps).functions
    q = 5 if maps.order % 3 == 0 else 7
    small, large = equivariant_matrices(t, s, narrow, q), equivariant_matrices(t, s, narrow, 11)
    assert round(math.log(large / small) / math.log(11 / q)) == found


def equivariant_matrices(t, s, narrow: int, q: int) -> int:
    """How many matrices A over F_q have A T = S A and rank at most ``narrow``: the kernel is spanned first, by trying unit vectors."""
    left, right = (np.array([[int(v) % q for v in row] for row in given.rows]) for given in (t, s))
    n, m = t.size, s.size
    system = (np.kron(np.eye(m, dtype=int), left.T) - np.kron(right, np.eye(n, dtype=int))) % q
    basis = [np.array(row).reshape(m, n) for row in null_space(system, q)]
    count = 0
    for weights in product(range(q), repeat=len(basis)):
        a = sum((c * b for c, b in zip(weights, basis, strict=True)), np.zeros((m, n), dtype=int)) % q
        count += rank_mod(a, q) <= narrow
    return count


def null_space(matrix: np.ndarray, q: int) -> list[list[int]]:
    found, nullity = flint.nmod_mat(*matrix.shape, [int(v) for v in matrix.reshape(-1)], q).nullspace()
    return [[int(found[i, k]) for i in range(matrix.shape[1])] for k in range(nullity)]


def rank_mod(matrix: np.ndarray, q: int) -> int:
    return int(flint.nmod_mat(*matrix.shape, [int(v) for v in matrix.reshape(-1)], q).rank())
