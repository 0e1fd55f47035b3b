"""The points of the generic fiber modulo the stated symmetries, counted numerically.

1. All points of the graph {(w, c(w))} over a chart on one general slice, complete by the linear trace test on the graph.
2. That slice is moved to one of the neurovariety through a random function. Every isolated weight over it is the limit of one of
the complete
   set; the others go to infinity.
3. The functions on the slice must be as many as the degree, and all have equally many weights, as monodromy demands: a limit that
was lost
   shows itself there. The limits are certified.
4. Weights over one function are sorted into orbits of the stated group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Complex, Float, Inexact, Shaped

from neurovariety.budget import used_up
from neurovariety.certificates.fiber import EvenlyCovered, LinearGraph, Sorted
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.shown_points import Points
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.span import linear_values
from neurovariety.geometry.solutions.affine_slices import slices
from neurovariety.geometry.solutions.complete_fiber import KIND, complete_fiber
from neurovariety.geometry.solutions.graph_slices import GraphSlices, graph_slices
from neurovariety.geometry.solutions.orbits import Orbits
from neurovariety.geometry.solutions.scales import scales_of, too_far_apart
from neurovariety.homotopy import Settings, certify, refine, track, values_at
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.homotopy.incidence import ExactIncidence, shown
from neurovariety.homotopy.loops import closed_under_loops
from neurovariety.homotopy.monodromy import REFINED, SAME
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.theorem import GENERIC_FIBER

MOST_POINTS = 3000
"""Points of the graph beyond which a count is given up: some ten seconds."""

_TARGETS = 4
_ATTEMPTS = 3
_STREAM = "geometry.solutions.fiber_count"
_CLOSING = Settings(tolerance=1e-3, contraction=0.02, most_steps=4000, smallest=1e-8)


@dataclass(frozen=True)
class FiberCount:
    """``orbits`` of the stated group over a general function, with their ``verdict`` (None where not complete, with the
    ``reason``); ``at_least`` as many are shown in any case; ``weights``, complex: those found over one function."""

    orbits: int | None
    verdict: Verdict | None
    at_least: int
    weights: Inexact[np.ndarray, "points N"]
    evidence: dict[str, object]
    reason: str = ""


@dataclass(frozen=True)
class Preimages:
    """The weights over one general value: ``weights``, ``functions`` (one a point) numbers of their functions; ``reason``
    is empty where they are complete, as the ``verdict`` says then."""

    weights: Inexact[np.ndarray, "points N"]
    functions: tuple[int, ...]
    evidence: dict[str, object]
    reason: str = ""
    verdict: Verdict | None = None


Loops = tuple[tuple[int, ...], ...]
Samples = Shaped[np.ndarray, "samples inputs"]


class _TooMany(Exception):
    pass


def count_fiber(
    model: Model, dimension: int, degree: Callable[[], Verdict | None], seed: int, premises: tuple[Verdict, ...] = ()
) -> FiberCount:
    """Count the generic fiber of a polynomial model of known dimension, whose fiber has no hidden directions.

    ``degree`` is asked for the degree of the neurovariety, None where it is not known, once the graph is.
    """
    orbits = Orbits(model, _units(model))
    if not orbits.decides:
        nothing = np.zeros((0, model.parameters))
        return FiberCount(None, None, 1, nothing, {}, "the stated symmetries are of a kind for which no orbit test is known here")
    found = preimages(model, dimension, degree, seed, premises=premises)
    labels = orbits.labels(found.weights)
    number, verdict = len(set(labels)), None
    if found.verdict is not None:
        exact = exact_functions(model)
        verdict = issue(Sorted(GENERIC_FIBER, exact.hash, found.verdict, labels), exact)
    return FiberCount(None if found.reason else number, verdict, max(number, 1), found.weights, found.evidence, found.reason)


def preimages(
    model: Model,
    dimension: int,
    degree: Callable[[], Verdict | None],
    seed: int,
    samples: Samples | None = None,
    *,
    premises: tuple[Verdict, ...] = (),
) -> Preimages:
    """The weights on a chart over one general function, or (``samples``) over its values at samples that have the same dimension.

    ``degree`` is asked for the degree of the closure of the functions, or of their values. ``premises``: what is known of their
    dimension.
    """
    best = Preimages(np.zeros((0, model.parameters)), (), {}, "nothing was found")
    for attempt in range(_ATTEMPTS):
        found = _attempt(model, dimension, degree, seed + attempt, samples, premises)
        if not found.reason or "above" in found.reason:
            return found
        best = found if len(found.weights) >= len(best.weights) else best
    return best


def preimages_over_values(
    model: Model,
    dimension: int,
    seed: int,
    samples: Samples,
    draws: Callable[[], np.random.Generator],
    *,
    premises: tuple[Verdict, ...] = (),
) -> Preimages:
    """`preimages` over the values at ``samples``, of whose closure the degree is found first, by ``draws``."""

    def degree() -> Verdict | None:
        linear = linear_values(model, len(samples), dimension, seed)  # the values fill their space, or a linear one in it
        if linear is not None:
            return linear
        rng = draws()
        found = complete_fiber(slices(model, dimension, seed, rng, samples), rng, premises=premises)
        return found.verdict if found.complete else None

    return preimages(model, dimension, degree, seed, samples, premises=premises)


def _attempt(
    model: Model,
    dimension: int,
    degree: Callable[[], Verdict | None],
    seed: int,
    samples: Samples | None,
    premises: tuple[Verdict, ...],
) -> Preimages:
    rng, nothing = generator(seed, _STREAM), np.zeros((0, model.parameters))
    cut = graph_slices(model, dimension, seed, rng, samples)
    family = ExactIncidence(cut)
    if not cut.linear and (apart := too_far_apart(model)):
        return Preimages(nothing, (), {}, apart)

    def stop_early(found: int, paths: int) -> None:
        if found > MOST_POINTS:
            raise _TooMany

    try:
        whole = complete_fiber(cut, rng, found_more=stop_early, premises=premises, linear=_linear(cut, family))
    except _TooMany:
        return Preimages(nothing, (), {}, f"the graph of the parametrization has a degree above {MOST_POINTS:,}")
    evidence: dict[str, object] = {"graph": whole.to_dict()}
    if not whole.complete:
        return Preimages(nothing, (), evidence, "the trace test on the graph did not pass")
    known = degree()
    expected = None if known is None else int(known.statement.value)
    evidence["degree"] = expected
    if known is None:
        return Preimages(nothing, (), evidence, "the degree of the neurovariety could not be determined")
    weights: Inexact[np.ndarray, "points N"] = nothing
    functions: tuple[int, ...] = ()
    for target in range(1, _TARGETS + 1):
        limits, groups, target_parameters, loops = _limits(cut, whole.run.fibers[0].array(), whole.run.fibers[0].parameters, rng)
        sizes = Counter(groups)
        evidence |= {"targets": target, "weights_on_the_slice": len(limits), "values_on_the_slice": len(sizes)}
        if not len(limits):
            continue
        size, chosen = max((n, g) for g, n in sizes.items())
        over = limits[[g == chosen for g in groups]]
        covered_evenly = len(sizes) == expected and len(set(sizes.values())) == 1
        if size > len(weights) or covered_evenly:
            seen = DistinctPoints(10 * SAME)
            functions = tuple(seen.add(f)[0] for f in values_at(cut.functions, over))
            weights = _full(cut, over)
        if covered_evenly:
            covered = partial(_covered, family.hash, (whole.verdict, known), (tuple(groups), loops))
            try:
                verdict = shown(covered, family, (limits, target_parameters))
            except NotShown:
                continue
            return Preimages(weights, functions, evidence | {"weights_over_a_value": size}, "", verdict)
    return Preimages(weights, functions, evidence, "not all points of a slice had equally many weights: some were lost")


def _covered(
    family: str, known: tuple[Verdict, Verdict], found: tuple[tuple[int, ...], Loops], points: tuple[Points, ...]
) -> EvenlyCovered:
    return EvenlyCovered(family, *known, points[0], *found)


def _limits(
    cut: GraphSlices, points: Complex[np.ndarray, "points r"], parameters: Complex[np.ndarray, " m"], rng: np.random.Generator
) -> tuple[Complex[np.ndarray, "limits r"], list[int], Complex[np.ndarray, " m"], Loops]:
    """The certified weights on a slice through a random function, the number of the function of each, the slice, and loops
    through other slices of functions that map the weights to themselves: weights that were lost are found again on the way."""
    _, target = cut.random(1, rng, graph=False)
    ended = track(cut.system, points, parameters, target[0], _CLOSING)
    limits, last = refine(cut.system, np.where(ended.good[:, None], ended.ends, 1.0), target[0])
    limits = limits[ended.good & (last < REFINED)]
    loops: Loops = ()
    if len(limits):
        limits, loops = closed_under_loops(
            cut.system, cut.prints, limits, target[0], lambda: cut.random(1, rng, graph=False)[1][0], rng, used_up
        )
        proved = certify(cut.system, limits, target[0])
        limits = limits[proved.certified] if proved.distinct else limits[:0]
    seen = DistinctPoints(10 * SAME)
    return limits, [seen.add(f)[0] for f in values_at(cut.values, limits)], target[0], loops


def _linear(cut: GraphSlices, family: ExactIncidence) -> Verdict | None:
    return issue(LinearGraph(KIND, family.hash), family) if cut.linear else None


def _units(model: Model) -> Float[np.ndarray, " N"]:
    return np.array([float(unit) for unit in scales_of(model).weights])


def _full(cut: GraphSlices, free: Complex[np.ndarray, "points r"]) -> Complex[np.ndarray, "points N"]:
    """Weights of the model from the free ones."""
    out = np.zeros((len(free), cut.model.parameters), dtype=np.complex128)
    out[:, list(cut.chart.free)] = free * _units(cut.model)[list(cut.chart.free)]
    for position, value in cut.chart.fixed.items():
        out[:, position] = value
    return out
