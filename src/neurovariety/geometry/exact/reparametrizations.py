"""Linear reparametrizations as unknowns: which linear maps of the parameters could be infinitesimal symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from neurovariety.geometry.exact.points import rank_error
from neurovariety.linear_algebra import kernel, random_prime, rational_kernel, rational_reconstruction, reduce_mod
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients, jacobian_rows
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS, PRIME_BITS, SYMMETRY_MAX_UNKNOWNS

Scope = Literal["all", "block-diagonal", "axes"]

_MAX_DIRECT = 10**7


@dataclass(frozen=True)
class Ansatz:
    """A linear space of N x N matrices, spanned by sparse ones: unknown u contributes value at (target, source).

    ``scope``: all linear maps, those within the blocks of parameters, or those along the axes of blocks; ``name`` the same in words.
    """

    scope: Scope
    name: str
    unknowns: int
    unknown: Array
    target: Array
    source: Array
    value: Array

    def matrix(self, coefficients: list[Fraction]) -> dict[tuple[int, int], Fraction]:
        """The matrix with the given coefficients, as (target, source) -> entry."""
        out: dict[tuple[int, int], Fraction] = {}
        for u, t, s, v in zip(self.unknown, self.target, self.source, self.value, strict=True):
            c = coefficients[int(u)]
            if c:
                key = (int(t), int(s))
                out[key] = out.get(key, Fraction(0)) + c * int(v)
        return {k: v for k, v in out.items() if v}


def choose_ansatz(model: Model) -> Ansatz | None:
    """All linear maps where their N^2 unknowns fit; else maps within each block; else maps along each axis of each block."""
    n = model.parameters
    if n * n <= SYMMETRY_MAX_UNKNOWNS:
        target, source = (g.reshape(-1) for g in np.divmod(np.arange(n * n), n))
        return _ansatz("all", "all linear maps of the parameters", np.arange(n * n), target, source)
    if sum(b.size**2 for b in model.blocks) <= SYMMETRY_MAX_UNKNOWNS:
        targets, sources = [], []
        for b in model.blocks:
            t, s = np.divmod(np.arange(b.size**2), b.size)
            targets.append(b.start + t)
            sources.append(b.start + s)
        target, source = np.concatenate(targets), np.concatenate(sources)
        return _ansatz(
            "block-diagonal", "linear maps within each parameter block (not all linear maps)", np.arange(len(target)), target, source
        )
    along = [AxisAction(Kind.GENERAL_LINEAR, size, ((b.name, axis, 1),), "") for b in model.blocks for axis, size in enumerate(b.shape)]
    unknowns = sum(a.generators for a in along)
    if unknowns > SYMMETRY_MAX_UNKNOWNS:
        return None
    parts, at = [], 0
    for a in along:
        g, t, s, v = a.entries(model.places)
        unknown_of = np.arange(a.generators) + at
        if a.axes[0][1] != 0:
            # The identity along one axis is the identity along any other, so one diagonal unknown of each further axis is
            # redundant; kept, it would pose as a symmetry.
            keep = g != a.generators - 1
            g, t, s, v = g[keep], t[keep], s[keep], v[keep]
            at -= 1
        parts.append((unknown_of[g], t, s, v))
        at += a.generators
    unknowns = at
    unknown, target, source, value = (np.concatenate(c) for c in zip(*parts, strict=True))
    if len(unknown) > _MAX_DIRECT:
        return None
    return Ansatz(
        "axes",
        "linear maps along the axes of each parameter block (not all linear maps)",
        unknowns,
        unknown,
        target,
        source,
        value,
    )


def _ansatz(scope: Scope, name: str, unknown: Array, target: Array, source: Array) -> Ansatz:
    return Ansatz(scope, name, len(unknown), unknown, target, source, np.ones(len(unknown), dtype=np.int64))


def equations(model: Model, ansatz: Ansatz, p: int, rng: np.random.Generator, rows: int, rank: int) -> Array:
    """Linear equations J(w) A w = 0 on the unknowns of A at random points over F_p, at least ``rows`` of them.

    At one w only ``rank`` of the equations are independent, so each w is used with just enough inputs.
    """
    ring = FiniteField(p)
    per_weight = math.ceil(rank / model.outputs) + EXTRA_SAMPLES
    parts, total = [], 0
    while total < rows:
        weights = ring.random((model.parameters,), rng)
        inputs = ring.random((per_weight, *model.input_shape), rng)
        j = jacobian_rows(model, ring, weights, inputs, draw_coefficients(model, ring, rng))
        parts.append(_rows(ansatz, j, weights, p))
        total += rank
    return np.vstack(parts)


def _rows(ansatz: Ansatz, j: Array, weights: Array, p: int) -> Array:
    if ansatz.unknowns == len(ansatz.unknown):
        return reduce_mod(j[:, ansatz.target] * weights[ansatz.source], p)
    out = np.zeros((j.shape[0], ansatz.unknowns))
    for i, row in enumerate(j):
        terms = reduce_mod(row[ansatz.target] * weights[ansatz.source], p) * ansatz.value
        out[i] = np.bincount(ansatz.unknown, weights=terms, minlength=ansatz.unknowns)
    return reduce_mod(out, p)


def solve(
    model: Model, ansatz: Ansatz, draw_prime: Callable[[], int], rng: np.random.Generator, rank: int
) -> tuple[Array, int, list[list[Fraction]] | None]:
    """The kernel mod one prime, that prime, and the kernel over Q (None where its numbers are too large).

    The kernel of equations at finitely many points mod p is at least as large as the true solution space, so its dimension is
    an upper bound, proved, of the dimension of the Lie algebra.
    """
    p = draw_prime()
    rows = ansatz.unknowns + 8
    while True:
        basis = kernel(equations(model, ansatz, p, rng, rows, rank), p, overwrite=True)
        fresh = equations(model, ansatz, p, rng, 2 * rank + 2, rank)
        if not basis.shape[1]:
            return basis, p, []
        if not np.any(FiniteField(p).matmul(fresh, basis)):
            break
        rows *= 2
    rational = _lifted(basis, p)
    if rational is not None and _solves(model, ansatz, rational, draw_prime(), rng, rank):
        return basis, p, rational
    if rows * ansatz.unknowns > _MAX_DIRECT:
        return basis, p, None

    def residues(q: int) -> Array:
        return equations(model, ansatz, q, np.random.default_rng([q]), rows, rank)

    try:
        return basis, p, rational_kernel(residues, [draw_prime() for _ in range(12)])
    except (ArithmeticError, ValueError):
        return basis, p, None


def _lifted(basis: Array, p: int) -> list[list[Fraction]] | None:
    """The kernel basis over Q, if its entries are small enough to be read off one prime."""
    known: dict[float, Fraction | None] = {0.0: Fraction(0)}
    vectors = []
    for column in basis.T:
        for residue in np.unique(column):
            known.setdefault(float(residue), rational_reconstruction(int(residue), p))
        vector = [known[float(r)] for r in column]
        if any(v is None for v in vector):
            return None
        vectors.append([v for v in vector if v is not None])
    return vectors


def _solves(model: Model, ansatz: Ansatz, vectors: list[list[Fraction]], q: int, rng: np.random.Generator, rank: int) -> bool:
    """Whether the rational vectors solve fresh equations over another prime field."""
    field = FiniteField(q)
    columns = np.stack([field.constant(np.array(v, dtype=object)) for v in vectors], axis=1)
    return not np.any(field.matmul(equations(model, ansatz, q, rng, 2 * rank + 2, rank), columns))


def tested_error(model: Model, ansatz: Ansatz, vectors: list[list[Fraction]], rng: np.random.Generator) -> float:
    """Test the rational solutions over further primes; returns the probability bound that a wrong one passed all tests.

    A wrong solution makes some entry of J(w) A w a nonzero polynomial with integer coefficients; one random point over one random
    prime finds it zero with at most the probability that `rank_error` gives for a minor of size one, times the size of A.
    """
    once = sum(rank_error(model, 1, derivative=True) * max(1, sum(c != 0 for c in v)) for v in vectors)
    error = 1.0
    for _ in range(MAX_TRIALS):
        if once >= 1 or not _solves(model, ansatz, vectors, random_prime(PRIME_BITS, rng), rng, 1):
            return 1.0
        error *= once
        if error <= ERROR_BOUND:
            break
    return error
