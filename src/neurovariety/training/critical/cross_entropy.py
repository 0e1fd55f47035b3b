"""Critical points of cross-entropy on one model: their distributions, which are positive, and at which real weights.

Counts u_i in groups g with sums U_g and distributions p = c / S_g: the cross-entropy is -sum_i u_i log p_i, divided by the sum of all
counts. Where every count is positive it tends to infinity as any p_i tends to 0, so its least value over positive real distributions of
the closure is attained, away from 0: at a critical point of the smooth part, or at a singular distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Inexact, Int, Shaped
from scipy.optimize import least_squares

from neurovariety.certificates.completeness import Continued, Distinct
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.real_points import PositivePoints
from neurovariety.errors import InputError
from neurovariety.geometry.ideal.coefficient_map import require_few_weights
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.attempts import attempts, check_size
from neurovariety.geometry.solutions.chart_coordinates import written
from neurovariety.geometry.solutions.likelihood import LikelihoodPoints, likelihood_points
from neurovariety.geometry.solutions.likelihood_ends import LikelihoodEnds, general_counts, stated_counts
from neurovariety.geometry.solutions.mixed_weights import with_mixed_weights
from neurovariety.geometry.solutions.resuming import printed
from neurovariety.homotopy import certified_index, record, values_at
from neurovariety.homotopy.expressions import Graph, jacobian
from neurovariety.homotopy.incidence import ExactIncidence
from neurovariety.homotopy.inertia import near_turn
from neurovariety.model import Model
from neurovariety.progress import note, quietly
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ATTAINED
from neurovariety.training.critical.stages import proved_real

_STREAM = "training.critical.cross_entropy"
_STARTS = 16

Samples = Shaped[np.ndarray, "S inputs"]
Back = Callable[[Array], Array]
"""From weights of a family to those of a model with the same function."""


@dataclass(frozen=True, eq=False)
class CrossEntropyPoint:
    """A critical distribution: ``probabilities``, each within ``radius``; ``real`` and ``positive`` are proved.

    ``weights`` real ones that compute positive multiples of it, None where none were found; ``certified`` whether they
    are proved to exist near. ``index``: negative directions of the Hessian of cross-entropy on the variety, or on that of the
    ``stratum``, certified, or None.
    """

    number: int
    stratum: str
    probabilities: Inexact[np.ndarray, " values"]
    radius: float
    real: bool
    positive: bool
    cross_entropy: float
    index: int | None
    kind: str
    weights: Float[np.ndarray, " parameters"] | None
    certified: bool

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> CrossEntropyPoint:
        """The distribution that a result lists as plain data; a cross-entropy that is not written is no number."""
        p, loss = np.array(data["probabilities"], dtype=np.float64), data["cross_entropy"]
        return cls(
            data["number"], data["stratum"] or "", p if data["real"] else p[:, 0] + 1j * p[:, 1], data["radius"], data["real"],
            data["positive"], np.nan if loss is None else loss, data["index"], data["kind"],
            None if data["weights"] is None else np.array(data["weights"]), data["weights_certified"],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class CrossEntropyStage:
    """The critical distributions of one model; ``dimension`` of their variety, ``cone`` whether scaling all values stays in the model's
    closure, ``values`` how many probabilities there are, ``terms`` (output, exponents) of the coordinates."""

    name: str
    points: tuple[CrossEntropyPoint, ...]
    complete: bool
    dimension: int
    cone: bool
    fills: bool
    evidence: dict[str, object]
    search: DistributionSearch | None = None
    family: ExactIncidence | None = None
    listed: Verdict | None = None
    """What is shown of the points: how many, real, positive, minima; None where the dimension is not known for sure."""


def cross_entropy_stage(
    model: Model,
    samples: Samples | None,
    counts: Float[np.ndarray, " values"],
    seed: int,
    stratum: str = "",
    resume: str | Path | None = None,
) -> CrossEntropyStage | None:
    """All critical distributions for positive ``counts``: of the coefficients of a model, in the order of `distribution_terms`, or
    of its outputs at ``samples``, sample by sample. None where every network gives the same distribution."""
    shape = quietly(dimension_of, model, seed=seed)
    check_size("maximum-likelihood", shape.value, shape.ambient_at_least)
    note(phase=f"critical points of cross-entropy on {model.name}")
    best: tuple[LikelihoodPoints, LikelihoodEnds, Back] | None = None
    read = "those of coefficients" if samples is None else f"those of outputs at inputs {printed(samples)}"
    for attempt, rng, kept in attempts(_STREAM, seed, resume, "cross-entropy", model, probabilities=read):
        # Distributions of particular counts may lie where the weights of a simple chart diverge: then in mixed weights.
        family, back = with_mixed_weights(model, rng) if attempt else (model, _as_they_are)
        problem = likelihood_points(family, shape.value, samples, seed + attempt, rng)
        if not problem.dimension:
            return None
        found = stated_counts(problem, general_counts(problem, rng, kept, (shape.verdict,) if shape.sure else ()), counts, rng)
        if best is None or (found.complete, found.certificates.count) > (best[1].complete, best[1].certificates.count):
            best = problem, found, back
        if found.complete:
            break
    assert best is not None
    problem, found, back = best
    groups = len(set(problem.groups))
    search = DistributionSearch(model, samples, problem.groups, seed)
    points = _points(search, problem, found, back, counts, stratum)
    complete = found.complete and shape.sure
    cone = groups == 1 and problem.dimension == shape.value - 1
    evidence = {"name": stratum or model.name, "dimension": problem.dimension, "complex": len(points), "complete": complete}
    fills = problem.dimension == problem.count - groups
    listed = _listed(problem, found) if shape.sure else None
    return CrossEntropyStage(
        model.name, points, complete, problem.dimension, cone, fills, evidence | found.evidence, search, found.family, listed
    )


def _listed(problem: LikelihoodPoints, found: LikelihoodEnds) -> Verdict | None:
    """What is shown of the list; None where nothing is."""
    assert found.verdict is not None
    assert found.family is not None
    own = found.verdict.certificate
    assert isinstance(own, Continued | Distinct)
    centres, n = own.points.zeros.centres, problem.dimension
    slopes = values_at(problem.at_counts.with_jacobian, np.hstack([centres, np.tile(found.counts + 0j, (len(centres), 1))]))[:, n:].real
    turns = tuple(near_turn(row.reshape(n, n)) if np.isfinite(row).all() else None for row in slopes)
    try:
        counts = PositivePoints.counts(found.verdict, found.family, turns)
        return issue(PositivePoints(found.verdict, turns, *counts), found.family)
    except NotShown:
        return None


def _as_they_are(weights: Array) -> Array:
    return weights


def distribution_terms(model: Model, seed: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Output and exponents of each coefficient, in the order of its distributions. Raises `ResourceError` for a large model."""
    require_few_weights(model)
    graph = Graph(model.parameters)
    found = written(model, graph, [graph.input(i) for i in range(model.parameters)], model.parameters, seed, True)
    return tuple((o, e) for o, e, _ in found.terms)


def _points(
    search: DistributionSearch,
    problem: LikelihoodPoints,
    found: LikelihoodEnds,
    back: Back,
    counts: Float[np.ndarray, " values"],
    stratum: str,
) -> tuple[CrossEntropyPoint, ...]:
    proof, chart = found.certificates, problem.chart
    rows = np.flatnonzero(proof.certified)
    values, radii = proof.values[rows], proof.sizes[rows]
    real = proved_real(values, radii, [proof.real(int(row)) == "yes" for row in rows])
    total = float(np.sum(counts))
    points = []
    for k, row in enumerate(rows.tolist()):
        positive = real[k] and bool((values[k].real > radii[k]).all())
        loss, index, weights, certified = float("nan"), None, None, False
        if positive:
            loss = float(-np.sum(counts * np.log(values[k].real)) / total)
        if real[k]:
            rising = certified_index(problem.at_counts, proof, row, counts)  # of the likelihood, whose maxima are minima here
            index = None if rising is None else problem.dimension - rising
        if positive:
            own = np.zeros(search.parameters)
            own[list(chart.fixed)] = list(chart.fixed.values())
            own[list(chart.free)] = proof.centres[row].real
            weights = search.positive(back(own)) if proof.real(row) == "yes" else None
            certified = weights is not None
            weights = weights if certified else search.near(values[k].real)
        kind = "undecided"
        if index is not None and (index or not stratum):  # beside a stratum cross-entropy may be less than at a minimum on it
            kind = "minimum" if index == 0 else "maximum" if index == problem.dimension and not stratum else "saddle"
        shown = values[k].real if real[k] else values[k]
        points.append(
            CrossEntropyPoint(k, stratum, shown, float(radii[k].max()), real[k], positive, loss, index, kind, weights, certified)
        )
    return tuple(points)


class DistributionSearch:
    """Values of a model at all its weights, and real weights for a distribution."""

    def __init__(self, model: Model, samples: Samples | None, groups: tuple[int, ...], seed: int) -> None:
        n = model.parameters
        graph = Graph(n)
        found = written(model, graph, [graph.input(i) for i in range(n)], n, seed, True)
        if samples is None:
            c = [graph.combination([(e, 1 / scale)]).as_base() for e, (_, _, scale) in zip(found.expressions, found.terms, strict=True)]
        else:
            c = list(found.evaluations(samples))
        if len(c) != len(groups):
            raise InputError(f"the values of {model.name} differ from those on its chart; try another seed")
        self._values = record(graph, c, inputs=n)
        self._slopes = record(graph, [s for row in jacobian(graph, c, range(n)) for s in row], inputs=n)
        self._groups, self._n, self._rng = np.array(groups), n, np.random.default_rng(seed)
        self._blocks = list(model.places.values())

    @property
    def parameters(self) -> int:
        """Number N of weights."""
        return self._n

    @property
    def groups(self) -> Int[np.ndarray, " values"]:
        """The group of each value."""
        return self._groups

    def many(
        self, weights: Float[np.ndarray, "points N"]
    ) -> tuple[Float[np.ndarray, "points values"], Float[np.ndarray, "points values N"]]:
        """The values at several weights, and their derivatives."""
        values = values_at(self._values, weights + 0j).real
        return values, values_at(self._slopes, weights + 0j).real.reshape(len(weights), len(self._groups), self._n)

    def at(self, weights: Inexact[np.ndarray, " N"]) -> Float[np.ndarray, " values"]:
        """The values, before they are divided by their sums."""
        found: Float[np.ndarray, " values"] = values_at(self._values, weights[None] + 0j)[0].real
        return found

    def positive(self, weights: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"] | None:
        """The weights, or these with the signs of a block changed where that changes those of all values, if all values are positive
        there; else None."""
        values = self.at(weights)
        if (values > 0).all():
            return weights
        if (values < 0).all():
            other = self._rng.normal(size=self._n)
            for places in self._blocks:
                signs = np.ones(self._n)
                signs[places] = -1
                if all((self.at(signs * w) == -self.at(w)).all() for w in (weights, other)):
                    changed: Float[np.ndarray, " N"] = signs * weights
                    return changed
        return None

    def near(self, probabilities: Float[np.ndarray, " values"]) -> Float[np.ndarray, " N"] | None:
        """Real weights whose values are positive multiples of the probabilities, None where none were found."""
        n, groups = self._n, self._groups
        size = int(groups.max()) + 1

        def off(x: Array) -> Array:
            return self.at(x[:n]) - np.exp(x[n:])[groups] * probabilities

        def slopes(x: Array) -> Array:
            own = values_at(self._slopes, x[None, :n] + 0j).real.reshape(len(groups), n)
            scales = np.zeros((len(groups), size))
            scales[np.arange(len(groups)), groups] = -np.exp(x[n:])[groups] * probabilities
            return np.hstack([own, scales])

        for _ in range(_STARTS):
            start = np.concatenate([self._rng.normal(size=n), np.zeros(size)])
            with np.errstate(all="ignore"):
                found = least_squares(off, start, slopes, bounds=(*self._bounds(size),), xtol=1e-15, ftol=1e-15, gtol=1e-15)
            if np.abs(found.fun).max() <= ATTAINED:
                weights: Float[np.ndarray, " N"] = found.x[:n]
                return weights
        return None

    def _bounds(self, groups: int) -> tuple[Array, Array]:
        """Scales stay between 1/20 and 20, lest everything goes to 0."""
        free, scales = np.full(self._n, np.inf), np.full(groups, 3.0)
        return np.concatenate([-free, -scales]), np.concatenate([free, scales])
