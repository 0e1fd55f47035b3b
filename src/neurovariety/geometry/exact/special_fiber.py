"""The fiber through given weights: its local dimension, by exact moves from below and a local algebra from above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypedDict

import numpy as np

from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_numbers
from neurovariety.geometry.exact.local_algebra import is_isolated
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point
from neurovariety.geometry.exact.stated_symmetries import field_matrix, stated_symmetries
from neurovariety.linear_algebra import count_primes_lower_bound, kernel, rank
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, jacobian_rows, leaves
from neurovariety.randomness import generator
from neurovariety.result import plain
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS, PRIME_BITS


class SpecialFiberFacts(TypedDict, total=False):
    """A special fiber as plain data; numbers are exact, fractions as text."""

    at: list[int | str]
    rank_at: int
    orbit_dimension: int
    affine_spaces_in_the_fiber: list[str]
    dimension_between: list[int]
    error_bound: float | None


@dataclass(frozen=True)
class SpecialFiber:
    """Bounds of the dimension of the fiber at the weights ``at``.

    ``rank`` is that of J at the weights; ``explained`` the dimension of the orbit of the stated symmetries; ``moves`` names affine
    spaces through the weights on which the function is constant; the dimension lies between ``at_least`` and ``at_most``.
    ``error``: probability bound that ``at_least``, where it rests on such a space, is too large (0: it does not);
    ``rests_on_generic``: ``at_least`` is the dimension of the generic fiber.
    """

    at: tuple[Fraction, ...]
    rank: int
    explained: int
    moves: tuple[str, ...]
    at_least: int
    at_most: int
    error: float
    rests_on_generic: bool

    def to_dict(self) -> SpecialFiberFacts:
        return {
            "at": plain(self.at),
            "rank_at": self.rank,
            "orbit_dimension": self.explained,
            "affine_spaces_in_the_fiber": list(self.moves),
            "dimension_between": [self.at_least, self.at_most],
            "error_bound": self.error or None,
        }


def exact_weights(model: Model, values: Sequence[Any]) -> tuple[Fraction, ...]:
    """The weights as Fractions. Raises `InputError` for a wrong length or an entry that is not a number."""
    try:
        exact = tuple(exact_numbers(values))
    except ValueError as error:
        raise InputError(f"weights are finite numbers such as 2, 1/3 or 0.5: {error}") from None
    if len(exact) != model.parameters:
        raise InputError(f"{model.name} has {model.parameters} parameters, got {len(exact)} weights")
    return exact


def special_fiber(model: Model, weights: tuple[Fraction, ...], generic: int, seed: int) -> SpecialFiber:
    """The fiber through ``weights``, over as many independent prime fields as the error bound asks for.

    ``generic`` is a lower bound of the dimension of the generic fiber. See `_one_field` for the bounds over one field; where the
    lower one rests on random tests, the smallest found is taken and the errors are multiplied.
    """
    found = [_one_field(model, weights, generic, seed)]
    if found[0].at_least == found[0].explained:
        return found[0]
    once = _test_error(model, weights)
    while len(found) < 2 or (once ** len(found) > ERROR_BOUND and once < 1 and len(found) < MAX_TRIALS):
        found.append(_one_field(model, weights, generic, seed + 1_000_003 * len(found)))
    explained = max(f.explained for f in found)
    at_least, at_most = min(f.at_least for f in found), min(f.at_most for f in found)
    tested = at_least > max(generic, explained)
    return replace(
        found[0],
        explained=explained,
        at_least=at_least,
        at_most=max(at_most, at_least),
        error=min(1.0, once) ** len(found) if tested else 0.0,
        rests_on_generic=at_least == generic > explained,
    )


def _test_error(model: Model, weights: tuple[Fraction, ...]) -> float:
    """Probability bound that the tests over one field find a space of moves where there is none.

    Each test compares values at random inputs and steps: a wrong agreement is a zero of a difference of values, a polynomial of degree
    at most inputs + parameters in them, or its coefficients vanish mod the prime, which their size bounds.
    """
    bits = max((math.log2(max(abs(w.numerator), w.denominator, 1)) for w in weights), default=0.0) + 1
    bounds = degree_bounds(model)
    degree = bounds.inputs + bounds.parameters
    size = bounds.log_norm + bounds.parameters * (bits + 1)
    once = degree / 2.0 ** (PRIME_BITS - 1) + size / count_primes_lower_bound(PRIME_BITS)
    return min(1.0, (model.parameters + len(model.blocks)) * once)


def _one_field(model: Model, weights: tuple[Fraction, ...], generic: int, seed: int) -> SpecialFiber:
    """The fiber through ``weights``; ``generic`` is the dimension of the generic fiber, below which no fiber falls.

    From below: an affine space V through w on which the function does not change, together with the orbits of the verified
    symmetries, sweeps out a piece of the fiber of dimension rank(fields at a point of V, directions of V). From above: the kernel of
    J at w; and, if a generic linear space of codimension k through w meets the fiber in w alone (`is_isolated`), then k.
    """
    rng = generator(seed, "geometry.exact.special_fiber")
    p, drawn = draw_point(model, rng)
    ring = drawn.ring
    assert isinstance(ring, FiniteField)
    start = ring.constant(np.array(weights, dtype=object))
    point = Point(ring, start, drawn.coefficients, rng)
    inputs = drawn.inputs(model, model.parameters + EXTRA_SAMPLES)
    proved = tuple(a for a in stated_symmetries(model, p, drawn).proved if not a.finite)
    here = jacobian_rows(model, ring, start, inputs, drawn.coefficients)
    j_rank = rank(here, p)
    explained = rank(field_matrix(model, proved, start, p), p)
    at_least, names = max(generic, explained), []
    for name, directions in _affine_spaces(model, p, point, inputs, here):
        steps = ring.random((1, len(directions)), rng)
        moved = ring.add(start, ring.matmul(steps, directions)[0])
        reached = rank(np.vstack([field_matrix(model, proved, moved, p), directions]), p)
        names.append(f"{len(directions)}-dimensional: {name}")
        at_least = max(at_least, reached)
    at_most = model.parameters - j_rank
    for k in range(at_least, at_most):
        if is_isolated(model, weights, k, seed):
            at_most = k
            break
    return SpecialFiber(weights, j_rank, explained, tuple(names), at_least, at_most, 0.0, False)


def _affine_spaces(model: Model, p: int, point: Point, inputs: Array, jacobian: Array) -> list[tuple[str, Array]]:
    """Affine spaces through the weights on which the function is constant, as (name, directions): unconnected parameters, and for
    each block in which the function is affine the kernel of J within the block."""
    found = []
    free = _free_parameters(model, point, inputs)
    if free:
        unit = np.zeros((len(free), model.parameters))
        unit[np.arange(len(free)), list(free)] = 1.0
        found.append((f"parameters {', '.join(map(str, free))} free at once", unit))
    program = batch_program(model, len(inputs))

    def values(at: Array) -> Array:
        return interpret(program, point.ring, [*leaves(model, at), inputs, point.coefficients])[0]

    base = values(point.weights)
    for block in model.blocks:
        inside = slice(block.start, block.start + block.size)
        within = kernel(np.ascontiguousarray(jacobian[:, inside]), p)
        if not within.shape[1]:
            continue
        directions = np.zeros((within.shape[1], model.parameters))
        directions[:, inside] = within.T
        step = point.ring.matmul(point.ring.random((1, len(directions)), point.rng), directions)[0]
        # Constant at two generic multiples of a generic direction: constant on the whole space, with high probability.
        stays = all(
            np.array_equal(values(point.ring.add(point.weights, point.ring.multiply(step, np.asarray(c)))), base)
            for c in point.ring.random((2,), point.rng)
        )
        if stays:
            found.append((f"kernel of J within {block.name}", directions))
    return found


def _free_parameters(model: Model, point: Point, inputs: Array) -> tuple[int, ...]:
    """Parameters that can be changed together without changing the function, found greedily from the given weights.

    A parameter joins if the function stays the same at random values of all that have joined; by Schwartz's bound a wrong one
    passes with probability at most degree / p for each input.
    """
    program = batch_program(model, len(inputs))

    def values(at: Array) -> Array:
        return interpret(program, point.ring, [*leaves(model, at), inputs, point.coefficients])[0]

    base = values(point.weights)
    free: list[int] = []
    for candidate in range(model.parameters):
        trial = [*free, candidate]
        at = point.weights.copy()
        at[trial] = point.ring.random((len(trial),), point.rng)
        if np.array_equal(values(at), base):
            free = trial
    return tuple(free)
