"""The fiber through given weights: its local dimension over C, by exact moves from below and a local algebra from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypedDict

import numpy as np

from neurovariety.certificates.fiber_at_weights import (
    BeyondOrbit,
    IsolatedOnSlice,
    LocalDimension,
    NoSmallerThanGeneral,
    OrbitAt,
    OrbitInFiber,
    Steps,
    SweptSpace,
    TangentSpace,
)
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.linear_symmetries import SparseVector
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_numbers
from neurovariety.geometry.exact.constant_families import fields_error_at, stays_error
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import shown_rank
from neurovariety.geometry.exact.local_algebra import isolated_on_slice
from neurovariety.geometry.exact.points import Point, draw_point
from neurovariety.geometry.exact.reparametrizations import MOST_KEPT, lifted, sparse
from neurovariety.linear_algebra import kernel, random_prime
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, draw_coefficients, jacobian_rows, leaves
from neurovariety.randomness import generator
from neurovariety.result import plain
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS, PRIME_BITS


class SpecialFiberFacts(TypedDict, total=False):
    """A special fiber as plain data; numbers are exact, fractions as text. Dimensions are over C."""

    at: list[int | str]
    rank_at: int
    orbit_dimension: int
    affine_spaces_in_the_fiber: list[str]
    dimension_between: list[int]
    error_bound: float | None


@dataclass(frozen=True)
class SpecialFiber:
    """Bounds of the local dimension over C of the fiber at the weights ``at``.

    ``rank`` is that of J at the weights; ``orbit`` the dimension of the orbit of the stated symmetries, None where it is not known;
    ``moves`` names affine spaces through the weights on which the function is constant; ``lower`` and ``upper`` bound the dimension.
    """

    at: tuple[Fraction, ...]
    rank: int
    explained: int
    orbit: Verdict | None
    moves: tuple[str, ...]
    lower: Verdict
    upper: Verdict

    @property
    def at_least(self) -> int:
        return int(self.lower.statement.value)

    @property
    def at_most(self) -> int:
        return int(self.upper.statement.value)

    def to_dict(self) -> SpecialFiberFacts:
        return {
            "at": plain(self.at),
            "rank_at": self.rank,
            "orbit_dimension": self.explained,
            "affine_spaces_in_the_fiber": list(self.moves),
            "dimension_between": [self.at_least, self.at_most],
            "error_bound": self.lower.statement.error or None,
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


def special_fiber(model: Model, weights: tuple[Fraction, ...], dimension: Verdict, seed: int) -> SpecialFiber:
    """The fiber through ``weights`` of a model of that ``dimension``, which is known from above.

    From below: a general fiber; the orbit of the verified symmetries; an affine space through w on which the function does not change,
    swept by them. From above: the kernel of J at w, and local algebra on a general linear space through w. Raises
    `DivisionByZeroError` where the model has no function at the weights.
    """
    exact, rng = exact_functions(model), generator(seed, "geometry.exact.special_fiber")
    p, drawn = draw_point(model, rng)
    ring = drawn.ring
    assert isinstance(ring, FiniteField)
    start = ring.constant(np.array(weights, dtype=object))
    point = Point(ring, start, drawn.coefficients, rng)
    room = (MOST_KEPT - model.parameters) // model.inputs
    inputs = drawn.inputs(model, max(1, min(model.parameters + EXTRA_SAMPLES, room)))
    here, _ = shown_rank(model, p, point, inputs)
    explained = exact.fields_rank(p, start)
    lower = [
        issue(NoSmallerThanGeneral(weights, dimension), exact),
        issue(OrbitInFiber(exact.hash, weights, p, explained), exact),
    ]
    names = []
    for name, directions in _affine_spaces(model, p, point, inputs):
        found = _swept(model, weights, directions, rng)
        if found is not None:
            names.append(f"{len(directions)}-dimensional: {name}")
            lower.append(found)
    # The largest, of these one that is proved, and of these the one that rests on least.
    best = max(lower, key=lambda v: (v.statement.value, -v.statement.error))
    upper = issue(TangentSpace(weights, here), exact)
    for k in range(int(best.statement.value), int(upper.statement.value)):
        shown = isolated_on_slice(model, weights, k, seed)
        if shown is not None:
            upper = issue(IsolatedOnSlice(exact.hash, *shown, exact.generic), exact)
            break
    return SpecialFiber(weights, here.value, explained, _orbit(model, weights, p, explained, rng), tuple(names), best, upper)


def local_dimension_of(model: Model, found: SpecialFiber) -> tuple[Verdict | None, Verdict | None, Verdict | None]:
    """The dimension of the fiber, how many of its dimensions the stated symmetries do not explain, and that they do not identify the
    weights; each None where it is not shown."""
    exact = exact_functions(model)
    whole = None if found.at_least != found.at_most else issue(LocalDimension(found.lower, found.upper), exact)
    if found.orbit is None:
        return whole, None, None
    hidden = None if whole is None else issue(BeyondOrbit(found.lower, found.orbit, found.upper), exact)
    more = found.at_least > found.orbit.statement.value
    return whole, hidden, issue(BeyondOrbit(found.lower, found.orbit), exact) if more else None


def _orbit(model: Model, weights: tuple[Fraction, ...], p: int, rank: int, rng: np.random.Generator) -> Verdict | None:
    """The dimension of the orbit of the stated symmetries."""
    exact, primes, error = exact_functions(model), [p], fields_error_at(model, weights, p)
    while True:
        try:
            return issue(OrbitAt(exact.hash, weights, tuple(primes), rank), exact)
        except NotShown:
            if error <= ERROR_BOUND or len(primes) == MAX_TRIALS:
                return None
        while error > ERROR_BOUND and len(primes) < MAX_TRIALS:
            primes.append(random_prime(PRIME_BITS, rng))
            error *= fields_error_at(model, weights, primes[-1])


def _swept(
    model: Model, weights: tuple[Fraction, ...], directions: tuple[SparseVector, ...], rng: np.random.Generator
) -> Verdict | None:
    """The piece of the fiber that an affine space sweeps out; None where the function is not shown to be constant on the space."""
    exact = exact_functions(model)
    places = [_steps(model, len(directions), rng)]
    rank = exact.swept_rank(weights, directions, places[0])
    try:
        return issue(SweptSpace(exact.hash, weights, directions, places[0], rank), exact)
    except NotShown:
        if exact.is_constant(weights, directions) is False:
            return None
    error = 1.0
    while error > ERROR_BOUND and len(places) <= MAX_TRIALS:
        places.append(_steps(model, len(directions), rng))
        error *= stays_error(model, weights, directions, places[-1])
    try:
        return issue(SweptSpace(exact.hash, weights, directions, places[0], rank, tuple(places[1:])), exact)
    except NotShown:
        return None


def _steps(model: Model, count: int, rng: np.random.Generator) -> Steps:
    """A random place."""
    p = random_prime(PRIME_BITS, rng)
    ring = FiniteField(p)
    inputs = ring.random((model.parameters + EXTRA_SAMPLES, *model.input_shape), rng)
    return Steps(p, ring.random((count,), rng), inputs, draw_coefficients(model, ring, rng))


def _affine_spaces(model: Model, p: int, point: Point, inputs: Array) -> list[tuple[str, tuple[SparseVector, ...]]]:
    """Affine spaces through the weights on which the function may be constant, as (name, directions): unconnected parameters, and for
    each block in which the function is affine the kernel of J within the block."""
    found: list[tuple[str, tuple[SparseVector, ...]]] = []
    free = _free_parameters(model, point, inputs)
    if free:
        found.append((f"parameters {', '.join(map(str, free))} free at once", tuple(((i, Fraction(1)),) for i in free)))
    jacobian = jacobian_rows(model, point.ring, point.weights, inputs, point.coefficients)
    for block in model.blocks:
        inside = slice(block.start, block.start + block.size)
        within = kernel(np.ascontiguousarray(jacobian[:, inside]), p)
        vectors = lifted(within, p)
        if vectors:
            directions = tuple(tuple((block.start + i, c) for i, c in vector) for vector in sparse(vectors))
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
