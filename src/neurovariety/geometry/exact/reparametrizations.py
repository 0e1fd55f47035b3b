"""Linear reparametrizations as unknowns: which linear maps of the parameters could be infinitesimal symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.linear_symmetries import AnsatzScope, MapsPlace, SparseVector
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds, rank_error
from neurovariety.geometry.exact.stated_symmetries import verified_actions
from neurovariety.linear_algebra import count_primes_lower_bound, kernel, rational_kernel, rational_reconstruction, reduce_mod
from neurovariety.linear_algebra import rank as modular_rank
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import directional, draw_coefficients, jacobian_rows, with_known_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.tolerances import EXTRA_SAMPLES, MAX_EXPANDED_TERMS, PRIME_BITS, SYMMETRY_MAX_UNKNOWNS

_ANSATZE: Final = Slot[dict[AnsatzScope, "Ansatz"]]("spaces of linear maps of the weights")
_RANKS: Final = Slot[WeakKeyDictionary[MapsPlace, int]]("ranks of equations of linear symmetries")
MOST_KEPT = 2**20
"""Entries of weights and inputs that a certificate holds; of more it says only that the rank was taken."""
_MAX_EXPANDED_DEGREE = 60
_MAX_DIRECT = 10**7


@dataclass(frozen=True)
class Ansatz:
    """A linear space of N x N matrices, spanned by sparse ones: unknown u contributes value at (target, source).

    ``scope``: all linear maps, those within the blocks of parameters, or those along the axes of blocks; ``name`` the same in words.
    """

    scope: AnsatzScope
    name: str
    unknowns: int
    unknown: Array
    target: Array
    source: Array
    value: Array

    def matrix(self, vector: SparseVector) -> dict[tuple[int, int], Fraction]:
        """The matrix of a vector of unknowns, as (target, source) -> entry. Raises `NotShown` for an unknown that there is not."""
        out: dict[tuple[int, int], Fraction] = {}
        for u, c in vector:
            if not 0 <= u < self.unknowns:
                raise NotShown(f"the ansatz has {self.unknowns} unknowns")
            for at in np.flatnonzero(self.unknown == u):
                key = (int(self.target[at]), int(self.source[at]))
                out[key] = out.get(key, Fraction(0)) + c * int(self.value[at])
        return {k: v for k, v in out.items() if v}


def choose_ansatz(model: Model) -> Ansatz | None:
    """All linear maps where their N^2 unknowns fit; else maps within each block; else maps along each axis of each block."""
    if model.parameters**2 <= SYMMETRY_MAX_UNKNOWNS:
        return ansatz_of(model, "all")
    if sum(b.size**2 for b in model.blocks) <= SYMMETRY_MAX_UNKNOWNS:
        return ansatz_of(model, "block-diagonal")
    unknowns = sum(n**2 for b in model.blocks for n in b.shape)
    entries = sum(b.size * n for b in model.blocks for n in b.shape)
    return ansatz_of(model, "axes") if unknowns <= SYMMETRY_MAX_UNKNOWNS and entries <= _MAX_DIRECT else None


def ansatz_of(model: Model, scope: AnsatzScope) -> Ansatz:
    """The ansatz of that name, kept with the model."""
    known = model.kept.once(_ANSATZE, dict)
    if scope not in known:
        known[scope] = {"all": _all_maps, "block-diagonal": _within_blocks, "axes": _along_axes}[scope](model)
    return known[scope]


def _all_maps(model: Model) -> Ansatz:
    n = model.parameters
    target, source = (g.reshape(-1) for g in np.divmod(np.arange(n * n), n))
    return _ansatz("all", "all linear maps of the parameters", target, source)


def _within_blocks(model: Model) -> Ansatz:
    targets, sources = [], []
    for b in model.blocks:
        t, s = np.divmod(np.arange(b.size**2), b.size)
        targets.append(b.start + t)
        sources.append(b.start + s)
    name = "linear maps within each parameter block (not all linear maps)"
    return _ansatz("block-diagonal", name, np.concatenate(targets), np.concatenate(sources))


def _along_axes(model: Model) -> Ansatz:
    along = [AxisAction(Kind.GENERAL_LINEAR, size, ((b.name, axis, 1),), "") for b in model.blocks for axis, size in enumerate(b.shape)]
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
    unknown, target, source, value = (np.concatenate(c) for c in zip(*parts, strict=True))
    name = "linear maps along the axes of each parameter block (not all linear maps)"
    return Ansatz("axes", name, at, unknown, target, source, value)


def _ansatz(scope: AnsatzScope, name: str, target: Array, source: Array) -> Ansatz:
    return Ansatz(scope, name, len(target), np.arange(len(target)), target, source, np.ones(len(target), dtype=np.int64))


def draw_place(
    model: Model, ansatz: Ansatz, p: int, rng: np.random.Generator, rows: int, rank: int, coefficients: Array | None = None
) -> MapsPlace:
    """Random points over F_p at which J(w) A w = 0 gives at least ``rows`` equations on the unknowns of A. General coefficients are
    drawn once, since a symmetry may depend on them.

    At one w only ``rank`` of the equations are independent, so each w is used with just enough inputs.
    """
    ring = FiniteField(p)
    per_weight = math.ceil(rank / model.outputs) + EXTRA_SAMPLES
    count = max(1, math.ceil(rows / rank))
    fixed = draw_coefficients(model, ring, rng) if coefficients is None else coefficients
    weights = ring.random((count, model.parameters), rng)
    return MapsPlace(ansatz.scope, p, weights, ring.random((count, per_weight, *model.input_shape), rng), fixed)


def equations_at(model: Model, place: MapsPlace) -> Array:
    """The linear equations on the unknowns of the ansatz at the points of a place, mod its prime. Raises `NotShown` where they were
    too large to keep."""
    if place.weights is None or place.inputs is None:
        raise NotShown("the points were too large to be kept")
    ring, ansatz = FiniteField(place.prime), ansatz_of(model, place.ansatz)
    fixed = with_known_coefficients(model, ring, place.coefficients)
    return np.vstack(
        [
            _rows(ansatz, jacobian_rows(model, ring, w, x, fixed), w, place.prime)
            for w, x in zip(place.weights, place.inputs, strict=True)
        ]
    )


def maps_rank(model: Model, place: MapsPlace) -> int:
    """The rank of the equations at a place: as it was taken, or taken now."""
    known = model.kept.once(_RANKS, WeakKeyDictionary)
    if place not in known:
        known[place] = modular_rank(equations_at(model, place), place.prime, overwrite=True)
    return known[place]


def _rows(ansatz: Ansatz, j: Array, weights: Array, p: int) -> Array:
    if ansatz.unknowns == len(ansatz.unknown):
        return reduce_mod(j[:, ansatz.target] * weights[ansatz.source], p)
    out = np.zeros((j.shape[0], ansatz.unknowns))
    for i, row in enumerate(j):
        terms = reduce_mod(row[ansatz.target] * weights[ansatz.source], p) * ansatz.value
        out[i] = np.bincount(ansatz.unknown, weights=terms, minlength=ansatz.unknowns)
    return reduce_mod(out, p)


@dataclass(frozen=True, eq=False)
class SolvedMaps:
    """The kernel (columns) of the equations at a ``place``, and solutions over Q, None where their numbers are too large."""

    place: MapsPlace
    basis: Array
    rational: list[list[Fraction]] | None


def solve(model: Model, ansatz: Ansatz, draw_prime: Callable[[], int], rng: np.random.Generator, rank: int) -> SolvedMaps:
    """The kernel mod one prime, and over Q.

    The kernel of equations at finitely many points mod p is at least as large as the true solution space, so its dimension is
    an upper bound, proved, of the dimension of the Lie algebra.
    """
    p = draw_prime()
    rows = ansatz.unknowns + 8
    while True:
        place = draw_place(model, ansatz, p, rng, rows, rank)
        basis = kernel(equations_at(model, place), p, overwrite=True)
        fresh = draw_place(model, ansatz, p, rng, 2 * rank + 2, rank, place.coefficients)
        if not basis.shape[1] or not np.any(FiniteField(p).matmul(equations_at(model, fresh), basis)):
            break
        rows *= 2
    assert place.weights is not None
    assert place.inputs is not None
    if place.weights.size + place.inputs.size > MOST_KEPT:
        place = replace(place, weights=None, inputs=None)
    model.kept.once(_RANKS, WeakKeyDictionary)[place] = ansatz.unknowns - basis.shape[1]
    if not basis.shape[1]:
        return SolvedMaps(place, basis, [])
    rational = lifted(basis, p)
    if rational is not None and maps_vanish(model, sparse(rational), draw_place(model, ansatz, draw_prime(), rng, 2 * rank + 2, rank)):
        return SolvedMaps(place, basis, rational)
    if rows * ansatz.unknowns > _MAX_DIRECT:
        return SolvedMaps(place, basis, None)

    def residues(q: int) -> Array:
        return equations_at(model, draw_place(model, ansatz, q, np.random.default_rng([q]), rows, rank))

    try:
        return SolvedMaps(place, basis, rational_kernel(residues, [draw_prime() for _ in range(12)]))
    except (ArithmeticError, ValueError):
        return SolvedMaps(place, basis, None)


def lifted(basis: Array, p: int) -> list[list[Fraction]] | None:
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


def sparse(vectors: list[list[Fraction]]) -> tuple[SparseVector, ...]:
    """Vectors of unknowns as (unknown, coefficient) of those that are not 0."""
    return tuple(tuple((u, c) for u, c in enumerate(v) if c) for v in vectors)


def maps_vanish(model: Model, vectors: tuple[SparseVector, ...], place: MapsPlace) -> bool:
    """Whether linear maps solve the equations at a place. Raises `NotShown` where the prime divides a denominator."""
    field = FiniteField(place.prime)
    return not np.any(field.matmul(equations_at(model, place), _residues(model, place.ansatz, vectors, place.prime)))


def _residues(model: Model, scope: AnsatzScope, vectors: tuple[SparseVector, ...], p: int) -> Array:
    """The vectors mod p, one a column."""
    out = np.zeros((ansatz_of(model, scope).unknowns, len(vectors)))
    for i, vector in enumerate(vectors):
        for u, c in vector:
            if c.denominator % p == 0:
                raise NotShown("the prime divides a denominator")
            out[u, i] = c.numerator * pow(c.denominator, -1, p) % p
    return reduce_mod(out, p)


def maps_error(model: Model, vectors: tuple[SparseVector, ...], place: MapsPlace) -> float:
    """The probability, at most, that one of the maps solves the equations at a random place without being a symmetry.

    A wrong one makes some entry of J(w) A w a nonzero polynomial; its degree is that of the output, its height that of a derivative
    times the sum of the absolute entries of A, cleared of denominators. Of many points over one prime one is counted.
    """
    if place.prime.bit_length() < PRIME_BITS:
        return 1.0
    ansatz, total = ansatz_of(model, place.ansatz), 0.0
    once = rank_error(model, 1, derivative=True)
    largest = int(np.abs(ansatz.value).max(initial=1)) * int(np.bincount(ansatz.unknown).max(initial=1))
    for vector in vectors:
        common = math.lcm(*(c.denominator for _, c in vector))
        size = int(largest * sum(abs(c) * common for _, c in vector))
        total += once + (2 * math.log2(size) + 1) / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    return min(1.0, total)


def is_symmetry(model: Model, scope: AnsatzScope, vector: SparseVector) -> bool | None:
    """Whether J(w) A w = 0 identically, by exact expansion; None where the expansion is too large."""
    if any(c is None for c in model.coefficients) or degree_bounds(model).parameters > _MAX_EXPANDED_DEGREE:
        return None
    n, m = model.parameters, model.inputs
    ring = Polynomials([f"w{i}" for i in range(n)] + [f"x{i}" for i in range(m)], MAX_EXPANDED_TERMS)
    variables = ring.generators()
    weights, x = variables[:n], variables[n:].reshape(model.input_shape)
    direction = ring.zeros((n,))
    for (target, source), value in ansatz_of(model, scope).matrix(vector).items():
        scaled = ring.multiply(ring.constant(np.array([value], dtype=object)), weights[source : source + 1])
        direction[target] = ring.add(direction[target : target + 1], scaled)[0]
    coefficients = ring.constant(np.array(model.coefficients, dtype=object))
    try:
        out = directional(model, ring, weights, direction, x, coefficients)
    except ResourceError:
        return None
    return not any(bool(v) for v in out.reshape(-1))


def fields_rank(model: Model, scope: AnsatzScope, vectors: tuple[SparseVector, ...], p: int, weights: Array) -> int:
    """The rank mod p of the fields A w of linear maps at ``weights`` (N,)."""
    ansatz, basis = ansatz_of(model, scope), _residues(model, scope, vectors, p)
    fields = np.zeros((len(vectors), model.parameters))
    for i in range(len(vectors)):
        terms = reduce_mod(basis[ansatz.unknown, i] * weights[ansatz.source], p) * ansatz.value
        fields[i] = np.bincount(ansatz.target, weights=terms, minlength=model.parameters)
    return modular_rank(reduce_mod(fields, p), p, overwrite=True)


def stated_maps(model: Model, scope: AnsatzScope) -> Array:
    """The verified generators as integer matrices, one a row, at the positions that the ansatz knows. Raises `NotShown` where one has
    entries elsewhere."""
    ansatz, n = ansatz_of(model, scope), model.parameters
    positions = np.unique(ansatz.target.astype(np.int64) * n + ansatz.source)
    actions = verified_actions(model)
    out = np.zeros((sum(a.generators for a in actions), len(positions)))
    at = 0
    for a in actions:
        g, t, s, v = a.entries(model.places)
        key = t.astype(np.int64) * n + s
        where = np.minimum(np.searchsorted(positions, key), len(positions) - 1)
        if not np.array_equal(positions[where], key):
            raise NotShown("a stated symmetry is no map of the ansatz")
        np.add.at(out, (at + g, where), v)
        at += a.generators
    return out
