"""Weights near given ones along which the function stays the same: exact, and mod primes with the error of that."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

import flint
import numpy as np

from neurovariety.certificates.fiber_at_weights import Steps, residues
from neurovariety.certificates.linear_symmetries import SparseVector
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.exact.stated_symmetries import field_matrix, verified_actions
from neurovariety.linear_algebra import count_primes_lower_bound, rank
from neurovariety.model import Model, Slot
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, leaves, values_program, with_known_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_EXPANDED_TERMS, PRIME_BITS

Weights = tuple[Fraction, ...]
Directions = tuple[SparseVector, ...]

_CONSTANT: Final = Slot[dict[tuple[Weights, Directions], "bool | None"]]("along which directions functions stay the same")
_MOST_VARIABLES = 120
_MOST_GENERATORS = 250
"""Symmetry fields of which a rank is taken over Q."""


def is_constant(model: Model, at: Weights, directions: Directions) -> bool | None:
    """Whether f at w + sum of t_i d_i is f at w for all t, by expansion over Q in t and the inputs; None where that would take too
    long."""
    known = model.kept.once(_CONSTANT, dict)
    if (at, directions) not in known:
        known[at, directions] = _is_constant(model, at, directions)
    return known[at, directions]


def _is_constant(model: Model, at: Weights, directions: Directions) -> bool | None:
    k = len(directions)
    if any(c is None for c in model.coefficients) or k + model.inputs > _MOST_VARIABLES:
        return None
    ring = Polynomials([f"t{i}" for i in range(k)] + [f"x{i}" for i in range(model.inputs)], MAX_EXPANDED_TERMS)
    variables = ring.generators()
    x = variables[k:].reshape(model.input_shape)
    start = ring.constant(np.array(at, dtype=object))
    moved = start.copy()
    for i, direction in enumerate(directions):
        for j, c in direction:
            step = ring.multiply(ring.constant(np.array([c], dtype=object)), variables[i : i + 1])
            moved[j : j + 1] = ring.add(moved[j : j + 1], step)
    coefficients = ring.constant(np.array(model.coefficients, dtype=object))
    try:
        (there,), (here,) = (interpret(values_program(model), ring, [*leaves(model, w), x, coefficients]) for w in (moved, start))
        return not any(bool(v) for v in ring.subtract(there, here).reshape(-1))
    except ResourceError:
        return None


def stays(model: Model, at: Weights, directions: Directions, place: Steps) -> bool:
    """Whether the function at the inputs of a place is the same at w and so many steps away, mod its prime."""
    ring = FiniteField(place.prime)
    program = batch_program(model, len(place.inputs))
    fixed = with_known_coefficients(model, ring, place.coefficients)
    start = ring.constant(np.array(residues(at, place.prime), dtype=np.int64))
    (there,), (here,) = (
        interpret(program, ring, [*leaves(model, w), place.inputs, fixed]) for w in (moved(model, at, directions, place), start)
    )
    return bool(np.array_equal(there, here))


def stays_error(model: Model, at: Weights, directions: Directions, place: Steps) -> float:
    """The probability, at most, that `stays` at a random place is wrong.

    The difference of the values is a polynomial in the steps and inputs, of the degree of the output in weights and inputs; its height
    is that of the output times a power of the size of the weights, cleared of denominators. For quotients it is a cross product.
    """
    if place.prime.bit_length() < PRIME_BITS:
        return 1.0
    sizes = [abs(w) for w in at]
    for direction in directions:
        for j, c in direction:
            sizes[j] += abs(c)
    common = math.lcm(*(v.denominator for v in sizes), *(c.denominator for d in directions for _, c in d))
    bits = math.log2(int(common * max((common * v for v in sizes), default=Fraction(1)) + 2))
    d = degree_bounds(model)
    degree, height = d.inputs + d.parameters, d.log_norm + 1 + d.parameters * bits
    if d.rational:
        degree, height = 2 * (degree + d.denominator), 2 * (height + d.denominator * bits) + 1
    once = degree / 2.0 ** (PRIME_BITS - 1) + height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    return min(1.0, once) if math.isfinite(once) else 1.0


def moved(model: Model, at: Weights, directions: Directions, place: Steps) -> Array:
    """The weights so many steps away, mod the prime of a place."""
    p = place.prime
    out = residues(at, p)
    for step, direction in zip(place.steps, directions, strict=True):
        for (j, _), c in zip(direction, residues(tuple(c for _, c in direction), p), strict=True):
            out[j] = (out[j] + int(step) * c) % p
    return FiniteField(p).constant(np.array(out, dtype=np.int64))


def swept_rank(model: Model, at: Weights, directions: Directions, place: Steps) -> int:
    """The rank mod p of the directions and the verified symmetry fields so many steps away."""
    p = place.prime
    rows = np.zeros((len(directions), model.parameters))
    for row, direction in zip(rows, directions, strict=True):
        for (j, _), c in zip(direction, residues(tuple(c for _, c in direction), p), strict=True):
            row[j] = c
    fields = field_matrix(model, verified_actions(model), moved(model, at, directions, place), p)
    return rank(np.vstack([fields, rows]), p, overwrite=True)


def fields_rank_over_q(model: Model, at: Weights) -> int | None:
    """The rank over Q of the verified symmetry fields at exact weights; None where that would take too long."""
    actions = verified_actions(model)
    rows = sum(a.generators for a in actions)
    if rows > _MOST_GENERATORS:
        return None
    if not rows:
        return 0
    common = math.lcm(*(w.denominator for w in at))
    whole = [int(w * common) for w in at]
    entries: dict[tuple[int, int], int] = {}
    first = 0
    for a in actions:
        for g, target, source, value in zip(*(column.tolist() for column in a.entries(model.places)), strict=True):
            entries[first + g, target] = entries.get((first + g, target), 0) + value * whole[source]
        first += a.generators
    matrix = flint.fmpz_mat(rows, model.parameters)
    for (i, j), v in entries.items():
        matrix[i, j] = v
    return int(matrix.rank())


def fields_error_at(model: Model, at: Weights, prime: int) -> float:
    """The probability, at most, that the rank of the fields mod a random prime is below that over Q: a minor, of at most N rows, has a
    height bounded by the sizes of its rows, and at most so many prime divisors."""
    if prime.bit_length() < PRIME_BITS:
        return 1.0
    n = model.parameters
    common = math.lcm(*(w.denominator for w in at))
    largest = max((abs(w) for a in model.symmetries for _, _, w in a.axes), default=1)
    row = math.log2(4 * n * largest * int(max((abs(w) for w in at), default=Fraction(1)) * common + 1) + 1)
    return min(1.0, n * row / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS))
