"""Whether the function of given weights is singular."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict, cast

import flint
import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.known_equations import KnownEquations
from neurovariety.certificates.ranks_at_weights import AtMostShape, RankAtWeightsModP, RankOverQ
from neurovariety.certificates.singular_functions import SmoothFunction
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.tangent_spaces import (
    SecondDerivative,
    SingularByEquations,
    SingularByTangents,
    SmoothByTangents,
    TangentAtLeast,
    TangentAtMost,
    TangentOfSmooth,
    TangentRange,
    gradient_rank,
)
from neurovariety.certificates.vector_fields import residue
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import shown_rank
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, flat
from neurovariety.geometry.singular.exact_tangents import exact_tangents
from neurovariety.geometry.singular.image_facts import MOST_ROWS, Closure, node_or_cusp
from neurovariety.geometry.singular.tangents import TangentSpan, tangent_span
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
_RANGE = 50
_SMALL = 60
"""Weights up to which matrices are taken over Q; at most so many vectors of a kernel."""

_CURVED, _DIRECTIONS = 4, 3
"""Weights at which second derivatives are taken, and directions."""

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
    """What is shown of a function: a verdict for each key of a `PointRow`, and ``why`` the status is what it is."""

    verdicts: dict[str, Verdict]
    why: str

    @property
    def row(self) -> PointRow:
        return cast(PointRow, {key: verdict.statement.value for key, verdict in self.verdicts.items()})


def at_weights(model: Model, weights: tuple[Fraction, ...], closure: Closure, whole: Dimension, seed: int) -> FunctionFacts:
    """What is shown of the function of ``weights``.

    Weights over the same function are those on other strata with the same functions, and those reached by moving coordinates that do
    not change it. All are exact, so that what their tangent vectors span is proved; gradients of equations are taken over Q.
    """
    trial = _once(model, weights, closure, generator(seed, _STREAM))
    exact = exact_functions(model)
    upper = issue(whole.upper.certificate, exact_coefficients(model))
    lower, higher = _lower(model, trial), _higher(model, weights, closure)
    if lower is not None and higher is not None and lower.statement.value > higher.statement.value:
        raise VerificationError(
            f"{model.name}: weights give {lower.statement.value} tangent directions, equations allow {higher.statement.value}; please "
            "report this as a bug"
        )
    status, why = _status(model, weights, closure, whole, seed, upper, lower, higher)
    value = status.statement.value
    if value == "smooth":
        tangent = issue(TangentOfSmooth(whole.verdict, status), exact)
    else:
        known = lower if lower is not None and lower.statement.value >= whole.value else whole.verdict
        tangent = issue(TangentRange(weights, known, higher), exact)
    seen, kind = "as the weights that were looked at say", node_or_cusp(trial.span, closure.at_least)
    verdicts = {
        "status": status,
        "type": weak(Statement("singularities: type", exact.hash, kind if value == "singular" else "-"), Claim.ESTIMATE, seen),
        "tangent_space": tangent,
        "tangent_cone": issue(TangentOfSmooth(whole.verdict), exact),
        "branches": weak(Statement("singularities: branches", exact.hash, trial.span.branches), Claim.ESTIMATE, seen),
        "rank": _rank(model, weights, trial),
    }
    return FunctionFacts(verdicts, why)


def _status(
    model: Model,
    weights: tuple[Fraction, ...],
    closure: Closure,
    whole: Dimension,
    seed: int,
    upper: Verdict,
    lower: Verdict | None,
    higher: Verdict | None,
) -> tuple[Verdict, str]:
    """Smooth, singular or undecided, and why."""
    exact = exact_functions(model)
    level = flat(model, whole, seed)
    if level is not None:
        return issue(SmoothFunction(level), exact), "the closure is a linear space"
    if higher is not None and higher.statement.value <= closure.at_least:
        return issue(SmoothByTangents(higher, whole.verdict), exact), "the gradients of equations have full rank"
    if lower is not None and lower.statement.value > closure.at_most:
        return (
            issue(SingularByTangents(lower, upper), exact),
            "tangent vectors at weights over the function span more than the model has",
        )
    generate = None if closure.ideal is None else closure.ideal.generate_all(model)
    if generate is not None and higher is not None and higher.statement.value > closure.at_most:
        assert closure.ideal is not None
        assert closure.ideal.system.known is not None
        shown = SingularByEquations(closure.ideal.system.known, generate, weights, upper)
        return issue(shown, exact_tangents(model)), "the gradients of all equations drop rank"
    undecided = Statement("singularities: status", exact.hash, "undecided")
    why = "neither equations nor weights decide"
    if closure.ideal is not None and closure.ideal.complete and higher is not None and higher.statement.value > closure.at_most:
        why = "the gradients of equations drop rank, which are all as far as a count says"
        return weak(Statement(undecided.kind, exact.hash, "singular"), Claim.ESTIMATE, why), why
    return weak(undecided, Claim.UNDECIDED, why), why


def _higher(model: Model, weights: tuple[Fraction, ...], closure: Closure) -> Verdict | None:
    """A bound of the tangent space from above, by gradients of equations over Q."""
    ideal = closure.ideal
    if ideal is None or ideal.system.known is None:
        return None
    known, exact = ideal.system.known, exact_tangents(model)
    found = known.certificate
    assert isinstance(found, KnownEquations)
    try:
        return issue(TangentAtMost(known, weights, found.count - gradient_rank(found, exact, weights)), exact)
    except (NotShown, ResourceError):
        return None


def _lower(model: Model, trial: _Trial) -> Verdict | None:
    """A bound of the tangent space from below, by derivatives at weights over the function."""
    exact = exact_tangents(model)
    if exact.generic:
        return None
    first, *others = trial.weights
    found = None
    for second in ((), _second_derivatives(model, trial)):
        if found is not None and not second:
            continue
        places = [[residue(x, trial.p) for x in w] for w in trial.weights]
        try:
            pairs = [(s.at, [residue(x, trial.p) for x in s.c], [x % trial.p for x in s.v]) for s in second]
            value = exact.tangent_rank(trial.p, places, pairs, trial.inputs)
            shown = TangentAtLeast(exact.hash, first, tuple(others), second, trial.p, trial.inputs, value)
            found = issue(shown, exact)
        except (NotShown, ResourceError, InputError):
            continue
    return found


def _second_derivatives(model: Model, trial: _Trial) -> tuple[SecondDerivative, ...]:
    """Second derivatives in random directions and in those of the kernel of J over Q, where the model is small."""
    if model.parameters > _SMALL:
        return ()
    exact, rng = exact_tangents(model), np.random.default_rng(trial.p)
    out = []
    for at, weights in enumerate(trial.weights[:_CURVED]):
        try:
            kernel = _kernel(exact.jacobian_over_q(weights, None))
        except (NotShown, ResourceError, InputError):
            return ()
        for _ in range(_DIRECTIONS):
            v = tuple(int(x) for x in rng.integers(-_RANGE, _RANGE + 1, size=model.parameters))
            out += [SecondDerivative(at, c, v) for c in kernel[:_SMALL]]
    return tuple(out)


def _kernel(matrix: flint.fmpq_mat) -> list[tuple[Fraction, ...]]:
    """A basis of the kernel over Q."""
    reduced, rank = matrix.rref()
    n = matrix.ncols()
    pivots = [next(j for j in range(n) if reduced[i, j]) for i in range(rank)]
    out = []
    for free in (j for j in range(n) if j not in pivots):
        vector = [Fraction(0)] * n
        vector[free] = Fraction(1)
        for i, j in enumerate(pivots):
            vector[j] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
        out.append(tuple(vector))
    return out


def _rank(model: Model, weights: tuple[Fraction, ...], trial: _Trial) -> Verdict:
    """The rank of J at the weights: over Q where the functions are short, else from below."""
    exact = exact_functions(model)
    if not exact.generic and model.parameters <= _SMALL:
        try:
            return issue(RankOverQ(exact.hash, weights, None, int(exact.jacobian_over_q(weights, None).rank())), exact)
        except (NotShown, ResourceError, InputError):
            pass
    lower = issue(RankAtWeightsModP(weights, None, shown_rank(model, trial.p, trial.start, trial.inputs)[0]), exact)
    try:
        return issue(Meets(lower, issue(AtMostShape(exact.hash, weights, None, model.parameters), exact)), exact)
    except NotShown:
        return lower


@dataclass(frozen=True, eq=False)
class _Trial:
    """Exact ``weights`` over the function, the given ones first, with what their tangent vectors span mod p at ``inputs``."""

    p: int
    weights: list[tuple[Fraction, ...]]
    start: Point
    inputs: Array
    span: TangentSpan


def _once(model: Model, weights: tuple[Fraction, ...], closure: Closure, rng: np.random.Generator) -> _Trial:
    p = random_prime(PRIME_BITS, rng)
    field = FiniteField(p)
    coefficients = draw_coefficients(model, field, rng)

    def point(w: tuple[Fraction, ...]) -> Point:
        return Point(field, np.array([field.scalar(x) for x in w]), coefficients, rng)

    start = point(weights)
    rows = min(closure.ambient if closure.ambient is not None else MOST_ROWS, MOST_ROWS)
    inputs = start.inputs(model, math.ceil(rows / model.outputs) + EXTRA_SAMPLES)
    found = [weights, *_relatives(model, weights, rng)]
    span = tangent_span(model, p, [point(w) for w in found], inputs, closure.at_least)
    if span.first <= closure.at_most:
        found += _moved(model, weights, start, inputs)
        span = tangent_span(model, p, [point(w) for w in found], inputs, closure.at_least)
    return _Trial(p, found, start, inputs, span)


def _moved(model: Model, weights: tuple[Fraction, ...], start: Point, inputs: Array) -> list[tuple[Fraction, ...]]:
    """Weights over the same function, where coordinates that do not change it, alone or together, are random integers."""
    field, rng = start.ring, start.rng

    def values(w: list[Fraction]) -> Array:
        return _values(model, start, np.array([field.scalar(x) for x in w]), inputs)

    target, places = values(list(weights)), np.arange(model.parameters)
    out = []
    for order in range(_ORDERS):
        moved = list(weights)
        for place in places if order == 0 else places[::-1] if order == 1 else rng.permutation(places):
            trial = moved.copy()
            trial[place] = Fraction(int(rng.integers(-_RANGE, _RANGE + 1)))
            if np.array_equal(values(trial), target):
                moved = trial
        free = [i for i, (a, b) in enumerate(zip(moved, weights, strict=True)) if a != b]
        for _ in range(_DRAWS if free else 0):
            if np.array_equal(values(moved), target):
                out.append(tuple(moved))
            moved = moved.copy()
            for i in free:
                moved[i] = Fraction(int(rng.integers(-_RANGE, _RANGE + 1)))
    return out


def _relatives(model: Model, weights: tuple[Fraction, ...], rng: np.random.Generator) -> list[tuple[Fraction, ...]]:
    """Weights on the other strata that carry the function, where the weights given are on a stratum of zeros: padded filters at other
    places, for example. At most a few, from the smallest network."""
    for family in sorted(fiber_families(model), key=lambda f: f[0].parameters - _free(f[0])):
        for s in family:
            order = s.embed(np.arange(1, s.parameters + 1)).astype(np.int64)
            unused = any(w for w, place in zip(weights, order, strict=True) if place == 0)
            if sorted(order[order > 0].tolist()) != list(range(1, s.parameters + 1)) or unused:
                continue  # no mere choice of places, or the weights are not zero elsewhere
            placed = np.argsort(order, kind="stable")[-s.parameters :]
            theta = [weights[i] for i in placed][: s.parameters - _free(s)]
            return [
                tuple(Fraction(x) for x in o.embed(np.array(theta + _integers(_free(o), rng), dtype=object)))
                for o in family[:_MOST_RELATIVES]
                for _ in range(_DRAWS if _free(o) else 1)
            ]
    return []


def _integers(count: int, rng: np.random.Generator) -> list[Fraction]:
    return [Fraction(int(x)) for x in rng.integers(-_RANGE, _RANGE + 1, size=count)]


def _free(s: WeightStratum) -> int:
    """Parameters of a stratum of a family that change no function: that there are such families is because they are known."""
    assert s.free is not None
    return s.free


def _values(model: Model, point: Point, weights: Array, inputs: Array) -> Array:
    (out,) = interpret(batch_program(model, len(inputs)), point.ring, [*leaves(model, weights), inputs, point.coefficients])
    return np.asarray(out).reshape(-1)
