"""Whether the function of given weights is singular."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

import numpy as np

from neurovariety.claim import Claim
from neurovariety.errors import VerificationError
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.singular.image_facts import MOST_ROWS, Closure, node_or_cusp
from neurovariety.geometry.singular.tangents import tangent_span
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, draw_coefficients, leaves
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES, PRIME_BITS

_STREAM = "geometry.singular.at_weights"
_DRAWS = 5
"""Random values of weights that can be moved without effect."""

_MOST_RELATIVES = 12
_ORDERS = 3
"""Orders in which weights are tried to be freed: different ones find different strata over the function."""


class PointRow(TypedDict):
    """The facts at one function as plain data, for the value of the entry `singularities`."""

    status: str
    type: str
    tangent_space: list[int | None]
    tangent_cone: int
    branches: int
    rank: int


@dataclass(frozen=True)
class FunctionFacts:
    """Status of a function, the reason, bounds of its tangent space, branches seen, rank of J at the weights."""

    status: str
    claim: Claim
    why: str
    kind: str
    tangent_at_least: int
    tangent_at_most: int | None
    branches: int
    rank: int

    def to_dict(self, whole: int) -> PointRow:
        return {
            "status": self.status,
            "type": self.kind,
            "tangent_space": [self.tangent_at_least, self.tangent_at_most],
            "tangent_cone": whole,
            "branches": self.branches,
            "rank": self.rank,
        }


def at_weights(model: Model, weights: Sequence[Fraction], closure: Closure, filling: Claim | None, seed: int) -> FunctionFacts:
    """The facts at the function of ``weights``.

    Weights over the same function are those on other strata with the same functions, and those reached by moving coordinates that do
    not change it mod p. A rank of gradients mod p is at most that over Q, so smooth is proved; so is singular by the images of J at the
    former weights, or at the given ones.
    """
    found = [_once(model, weights, closure, generator(seed, _STREAM, trial)) for trial in range(2)]
    sure, likely = max(f.sure for f in found), max(f.likely for f in found)
    highs = [f.at_most for f in found if f.at_most is not None]
    high = min(highs) if highs else None
    if high is not None and likely > high:
        raise VerificationError(
            f"{model.name}: weights give {likely} tangent directions, equations allow {high}; please report this as a bug"
        )
    if filling:
        status, claim, why = "smooth", filling, "the closure is the whole span"
    elif high == closure.at_least:
        status, claim, why = "smooth", Claim.PROVED, "the gradients of equations have full rank"
    elif sure > closure.at_most:
        status, claim, why = "singular", Claim.PROVED, "images of J at weights over the function span more than the model has"
    elif likely > closure.at_most:
        status, claim, why = "singular", Claim.PROBABILITY, "tangent vectors at weights over the function span more than the model has"
    elif high is not None and high > closure.at_most and closure.ideal is not None and closure.ideal.complete:
        status, claim, why = "singular", Claim.PROBABILITY, "the gradients of a complete ideal drop rank mod two primes"
    else:
        status, claim, why = "undecided", Claim.UNDECIDED, "neither equations nor weights decide"
    smooth = status == "smooth"
    return FunctionFacts(
        status=status,
        claim=claim,
        why=why,
        kind=found[0].kind if status == "singular" else "-",
        tangent_at_least=closure.at_least if smooth else likely,
        tangent_at_most=closure.at_least if smooth else high,
        branches=max(f.branches for f in found),
        rank=max(f.rank for f in found),
    )


@dataclass(frozen=True)
class _Trial:
    """What one prime shows: dimensions of spans of tangent vectors, a bound of the tangent space, type, branches, rank of J."""

    sure: int
    likely: int
    at_most: int | None
    kind: str
    branches: int
    rank: int


def _once(model: Model, weights: Sequence[Fraction], closure: Closure, rng: np.random.Generator) -> _Trial:
    p = random_prime(PRIME_BITS, rng)
    field = FiniteField(p)
    here = np.array([field.scalar(w) for w in weights])
    coefficients = draw_coefficients(model, field, rng)
    start = Point(field, here, coefficients, rng)
    rows = min(closure.ambient if closure.ambient is not None else MOST_ROWS, MOST_ROWS)
    inputs = start.inputs(model, math.ceil(rows / model.outputs) + EXTRA_SAMPLES)
    points = [start, *(Point(field, w, coefficients, rng) for w in _relatives(model, start, p))]
    span = sure = tangent_span(model, p, points, inputs, closure.at_least)
    if sure.first <= closure.at_most:
        points += [Point(field, w, coefficients, rng) for w in _moved(model, start, inputs)]
        span = tangent_span(model, p, points, inputs, closure.at_least)
    at_most = None
    if closure.ideal is not None:
        point = closure.ideal.system.coordinates.at(np.asarray(here, dtype=np.int64)[None, :], p)[0]
        at_most = closure.ideal.tangent_dimension(point, p)
    kind = node_or_cusp(span, closure.at_least)
    return _Trial(sure.first, span.second, at_most, kind, span.branches, span.ranks[0])


def _moved(model: Model, start: Point, inputs: Array) -> list[Array]:
    """Weights over the same function, where coordinates that do not change it, alone or together, are random."""
    target = _values(model, start, start.weights, inputs)
    places = np.arange(model.parameters)
    out = []
    for order in range(_ORDERS):
        moved = start.weights.copy()
        for place in places if order == 0 else places[::-1] if order == 1 else start.rng.permutation(places):
            trial = moved.copy()
            trial[place] = start.ring.random((1,), start.rng)[0]
            if np.array_equal(_values(model, start, trial, inputs), target):
                moved = trial
        free = np.flatnonzero(moved != start.weights)
        for _ in range(_DRAWS if len(free) else 0):
            if np.array_equal(_values(model, start, moved, inputs), target):
                out.append(moved)
            moved = moved.copy()
            moved[free] = start.ring.random(free.shape, start.rng)
    return out


def _relatives(model: Model, start: Point, p: int) -> list[Array]:
    """Weights on the other strata that carry the function, where the weights given are on a stratum of zeros: padded filters at other
    places, for example. At most a few, from the smallest network."""
    for family in sorted(fiber_families(model), key=lambda f: f[0].parameters - _free(f[0])):
        for s in family:
            order = s.embed(np.arange(1, s.parameters + 1)).astype(np.int64)
            if sorted(order[order > 0].tolist()) != list(range(1, s.parameters + 1)) or np.any(start.weights[order == 0]):
                continue  # no mere choice of places, or the weights are not zero elsewhere
            placed = np.argsort(order, kind="stable")[-s.parameters :]
            theta = start.weights[placed][: s.parameters - _free(s)]
            rng = start.rng
            return [
                o.at(np.concatenate([theta, rng.integers(0, p, size=_free(o))]), p)
                for o in family[:_MOST_RELATIVES]
                for _ in range(_DRAWS if _free(o) else 1)
            ]
    return []


def _free(s: WeightStratum) -> int:
    """Parameters of a stratum of a family that change no function: that there are such families is because they are known."""
    assert s.free is not None
    return s.free


def _values(model: Model, point: Point, weights: Array, inputs: Array) -> Array:
    (out,) = interpret(batch_program(model, len(inputs)), point.ring, [*leaves(model, weights), inputs, point.coefficients])
    return np.asarray(out).reshape(-1)
