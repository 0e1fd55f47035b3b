"""The least loss: what the list of critical points proves of it.

Relaxation. Where the loss is a definite quadric on the coefficients, its least value over the real points of the closure is attained,
at a critical point of the smooth part or at a singular point. If the singular points are those on listed strata (a theorem on the
family), and these again, the least loss in complete lists is the least of all over the closure, so no network has a smaller one; a
network with that loss is a global minimum. Where functions with that loss are limits of networks only, the infimum is not attained.

Perturbation (`training.perturbation`) needs none of this knowledge, but more paths; where both routes are taken they have to agree.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Required, TypedDict

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from neurovariety.rings.ring import Array
from neurovariety.tolerances import LIMIT_DIGITS, SAME_LOSS, ZERO_LOSS
from neurovariety.training.critical.perturbation import Infimum
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.stages import CriticalFunction, Stage
from neurovariety.training.losses.loss import Quadratic

_STARTS, _BENT = 48, 200
_DEFINITE = 1e-11
_SEQUENCE = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4)
_GROWS = 1.2
"""Weights that grow by this factor while a descent goes on are taken to diverge."""


class LeastFacts(TypedDict, total=False):
    """What is known of the least loss, and of the best network, as plain data; ``point``: its number in a list; ``interval``:
    bounds of its loss."""

    claim: str
    loss: Required[float]
    reason: Required[str]
    infimum: Required[float | None]
    weights: Required[list[float] | None]
    sequence: Required[list[list[float]]]
    point: int | None
    interval: list[float] | None


@dataclass(frozen=True, eq=False)
class Least:
    """``claim``: complete, upper_bound or undecided; ``loss`` and ``weights`` of the best network; ``infimum`` where it is known not
    to be attained, with a ``sequence`` of (loss, largest weight) of networks that approach it; ``reason`` in words."""

    claim: str
    loss: float
    weights: Float[np.ndarray, " N"]
    point: CriticalFunction | None
    infimum: float | None
    sequence: tuple[tuple[float, float], ...]
    reason: str

    def to_dict(self) -> LeastFacts:
        return {
            "loss": self.loss,
            "reason": self.reason,
            "infimum": self.infimum,
            "weights": None if self.weights is None else np.asarray(self.weights).tolist(),
            "sequence": [list(pair) for pair in self.sequence],
        }


@dataclass(frozen=True, eq=False)
class _Best:
    """The best network known: ``weights`` and ``loss``, ``point`` where it is on the list. Losses nearer than ``near`` are one."""

    weights: Float[np.ndarray, " N"]
    loss: float
    point: CriticalFunction | None
    near: float

    def is_least(self, reason: str) -> Least:
        return Least("complete", self.loss, self.weights, self.point, None, (), reason)

    def may_be_less(self, reason: str) -> Least:
        return Least("upper_bound", self.loss, self.weights, self.point, None, (), reason)

    def not_attained(self, infimum: float, sequence: tuple[tuple[float, float], ...], reason: str) -> Least:
        return Least("undecided", self.loss, self.weights, self.point, infimum, sequence, reason)


def least_loss(
    problem: TrainingProblem,
    loss: Quadratic,
    stages: Sequence[Stage],
    theorem: str,
    listed: bool,
    rng: np.random.Generator,
    limit: CriticalFunction | None = None,
    known: float | None = None,
) -> Least:
    """What is known of the least loss; ``known``: a bound from below by a theorem.

    ``theorem``: why all singular functions are on strata ('' if not known); ``listed``: all are; ``limit``: the best function among
    known limits of networks.
    """
    scale = max(abs(loss.constant), float(np.abs(loss.image).max(initial=0.0)), 1e-300)
    best, unlisted = _best_network(problem, loss, stages, limit, scale, rng)
    if unlisted is not None:
        return unlisted
    if best.loss == 0 or (best.point is not None and best.loss <= ZERO_LOSS * scale):
        return best.is_least("no loss is below zero")
    if known is not None and best.loss <= known + best.near:
        return best.is_least("no loss is below that of the nearest matrix of this rank (Eckart and Young 1936)")
    edge = _limits(problem, loss, stages, best.loss - best.near)
    if edge is not None:
        infimum, target = edge
        sequence = _degenerating(problem, loss, target, rng)
        if sequence:
            return best.not_attained(
                infimum, sequence, "functions of this loss are limits of networks whose weights diverge; none found attains it"
            )
    eigenvalues = np.linalg.eigvalsh(loss.matrix)
    if not eigenvalues.min() > _DEFINITE * eigenvalues.max():
        return best.may_be_less("the loss does not see all functions of the closure")
    if not theorem:
        return best.may_be_less("singular functions off the listed strata are not excluded")
    if not (listed and all(stage.complete for stage in stages)):
        return best.may_be_less("not every list is complete")
    return _least_of_complete(problem, loss, stages, theorem, best, rng)


def _best_network(
    problem: TrainingProblem,
    loss: Quadratic,
    stages: Sequence[Stage],
    limit: CriticalFunction | None,
    scale: float,
    rng: np.random.Generator,
) -> tuple[_Best, Least | None]:
    """The best network of list and search; and what is known, where a limit of networks or a descent that goes on has less loss."""
    networks = [p for stage in stages for p in stage.points if p.real and p.weights is not None]
    listed = min(networks, key=lambda p: p.loss, default=None)
    near = SAME_LOSS * scale
    weights, value = search(problem, loss, rng)
    found = _Best(weights, value, None, near)
    if limit is not None and limit.loss < min(value, listed.loss if listed is not None else np.inf) - near:
        sequence = _descending(problem, loss, weights) or _degenerating(problem, loss, _coordinates(problem, limit), rng)
        reason = f"a limit of networks has this loss ({limit.stratum.removeprefix('limits: ')}); none found attains it"
        return found, found.not_attained(limit.loss, sequence, reason)
    if listed is not None and listed.weights is not None and listed.loss <= value + near:
        # Weights of no loss at all say more than those of the listed function up to rounding.
        return _Best(*((listed.weights, listed.loss) if value else (weights, value)), listed, near), None
    reached = problem.map.at(weights[None] + 0j)[0].real
    sequence = _descending(problem, loss, weights) or _degenerating(problem, loss, reached, rng)
    if sequence:
        reason = "a descent finds ever smaller losses while weights grow, and less than any network listed"
        return found, found.not_attained(min(value, sequence[-1][0]), sequence, reason)
    return found, None


def _least_of_complete(
    problem: TrainingProblem, loss: Quadratic, stages: Sequence[Stage], theorem: str, best: _Best, rng: np.random.Generator
) -> Least:
    """What complete lists show of the least loss, that of a definite quadric, if all singular functions are on the strata."""
    points, sets = [p for stage in stages for p in stage.points if p.real], [s for stage in stages for s in stage.sets]
    on_set = next((s for s in sets if abs(s.loss - best.loss) <= best.near), None)
    if any(s.real_loss is not None and s.real_loss < best.loss - best.near for s in sets):
        return best.may_be_less(
            "a set of critical functions of positive dimension has a smaller loss, and whether it has real points is open"
        )
    below = min(points, key=lambda p: p.loss, default=None)
    if below is not None and below.loss < best.loss - best.near:
        sequence = _degenerating(problem, loss, _coordinates(problem, below), rng)
        if sequence:
            return best.not_attained(below.loss, sequence, "the best function of the closure is a limit of networks")
        return best.may_be_less(f"a real function of the closure has the loss {below.loss:.6g}, but no real weights were found for it")
    if best.point is None and on_set is not None:
        where = f"on a set of critical functions of dimension {on_set.dimension}"
        return best.is_least(f"least in complete lists, {where}; singular functions: {theorem}")
    if best.point is None:
        return best.may_be_less("a search found less than the list, which is then not complete")
    return best.is_least(f"least in complete lists; singular functions: {theorem}")


def with_perturbation(relaxed: Least, found: Infimum, scale: float) -> Least:
    """What both routes prove together; ``scale``: the size of losses, by which they are compared."""
    if found.claim != "complete" or found.infimum is None:
        return replace(relaxed, reason=f"{relaxed.reason}; by perturbation: {found.reason}")
    close = abs((relaxed.loss if relaxed.infimum is None else relaxed.infimum) - found.infimum) <= SAME_LOSS * scale
    if (not close and relaxed.claim == "complete") or relaxed.loss < found.infimum - SAME_LOSS * scale:
        reason = f"relaxation and perturbation disagree ({relaxed.loss:.9g} and {found.infimum:.9g}); another seed may help"
        return replace(relaxed, claim="upper_bound", infimum=None, sequence=(), reason=reason)
    if found.attained == "no" or (found.attained == "undecided" and relaxed.loss > found.infimum + SAME_LOSS * scale):
        return Least("undecided", relaxed.loss, relaxed.weights, relaxed.point, found.infimum, found.sequence, found.reason)
    if relaxed.loss <= found.infimum + SAME_LOSS * scale:
        return replace(relaxed, claim="complete", infimum=None, sequence=(), reason=found.reason)
    assert found.loss is not None
    assert found.weights is not None
    return Least("complete", found.loss, found.weights, None, None, (), found.reason)


def not_above(least: Least, points: Sequence[CriticalFunction], scale: float) -> Least:
    """The same, unless a network that is listed has no more loss than what is called an infimum that no network attains, or less than
    the best one: it is the best then, and nothing more is known. ``scale``: the size of losses."""
    networks = [p for p in points if p.real and p.weights is not None]
    best = min(networks, key=lambda p: p.loss, default=None)
    if best is None or best.weights is None:
        return least
    near = SAME_LOSS * scale
    attained = least.infimum is not None and best.loss <= least.infimum + near
    if attained or (least.infimum is None and best.loss < least.loss - near):
        return Least("upper_bound", best.loss, best.weights, best, None, (), "the best network listed; less is not excluded")
    return least


def search(problem: TrainingProblem, loss: Quadratic, rng: np.random.Generator) -> tuple[Float[np.ndarray, " N"], float]:
    """The best of many real descents, or weights that are all 0 where these have no loss: weights and their loss."""
    nothing = np.zeros(problem.model.parameters)
    if float(loss.value(problem.map.at(nothing[None] + 0j)[0].real)) == 0:
        return nothing, 0.0
    factor, target = least_squares(loss)
    starts = rng.normal(size=(_STARTS, problem.model.parameters)) * rng.choice([0.3, 1.0], size=(_STARTS, 1))
    weights, _ = problem.map.fit(target + 0j, starts, factor=factor)
    losses = loss.value(problem.map.at(weights).real)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    return _bent(problem, loss, weights[int(np.argmin(losses))].real)


def _bent(problem: TrainingProblem, loss: Quadratic, weights: Float[np.ndarray, " N"]) -> tuple[Float[np.ndarray, " N"], float]:
    """Where a descent goes that takes second derivatives from its steps (BFGS), and its loss; the weights, if it gains nothing.

    Steps of Gauss and Newton overshoot where residuals bend the loss as much as slopes do: with equal singular values, by their length.
    """

    def value(w: Float[np.ndarray, " N"]) -> tuple[float, Float[np.ndarray, " N"]]:
        here = problem.map.at(w[None] + 0j).real
        slopes = problem.map.derivatives(w[None] + 0j)[0].real
        return float(loss.value(here)[0]), loss.gradient(here)[0].real @ slopes

    before = float(loss.value(problem.map.at(weights[None] + 0j).real)[0])
    with np.errstate(all="ignore"):
        found = minimize(value, weights, jac=True, method="BFGS", options={"gtol": 1e-14 * max(abs(before), 1e-300), "maxiter": _BENT})
    better = np.isfinite(found.fun) and np.isfinite(found.x).all() and found.fun < before
    return (np.asarray(found.x), float(found.fun)) if better else (weights, before)


def least_squares(loss: Quadratic) -> tuple[Float[np.ndarray, "k n"], Float[np.ndarray, " n"]]:
    """A factor F and a target u such that the loss is |F (c - u)|^2 plus a constant."""
    values, vectors = np.linalg.eigh(loss.matrix)
    kept = values > _DEFINITE * values.max(initial=1e-300)
    values, vectors = values[kept], vectors[:, kept]
    return np.sqrt(values)[:, None] * vectors.T, vectors @ ((vectors.T @ loss.image) / values)


def _descending(problem: TrainingProblem, loss: Quadratic, weights: Float[np.ndarray, " N"]) -> tuple[tuple[float, float], ...]:
    """Losses and largest weights of a descent that goes on from ``weights``; empty where the weights stay where they are."""
    factor, target = least_squares(loss)
    here = np.asarray(weights)[None] + 0j
    out = []
    for iterations in (0, 300, 1000, 3000):
        here, _ = problem.map.fit(target + 0j, here, iterations, factor)
        out.append((float(loss.value(problem.map.at(here)[0].real)), float(np.abs(here).max())))
    goes_on = all(a > b and u < v for (a, u), (b, v) in itertools.pairwise(out))
    return tuple(out) if goes_on and out[-1][1] > _GROWS * out[0][1] else ()


def _coordinates(problem: TrainingProblem, point: CriticalFunction) -> Float[np.ndarray, " n"]:
    """The scaled coordinates of a point of the landscape; those that no weight changes come last in it."""
    return np.array([v * s for v, (_, _, s) in zip(point.coefficients, problem.terms, strict=False)]).real


def _limits(
    problem: TrainingProblem, loss: Quadratic, stages: Sequence[Stage], below: float
) -> tuple[float, Float[np.ndarray, " n"]] | None:
    """The real limit of paths with diverging weights that has the least loss, if that is less than ``below``."""
    best: tuple[float, Array] | None = None
    for stage in stages:
        if stage.stationary is None or stage.problem is None:
            continue
        for limit in stage.stationary.singular:
            if np.abs(limit.imag).max() > LIMIT_DIGITS * max(np.abs(limit).max(), 1e-300):
                continue
            known = {t[:2]: v / t[2] for t, v in zip(stage.problem.terms, limit.real, strict=True)}
            known |= {t[:2]: v / t[2] for t, v in stage.problem.fixed}
            function = np.array([known.get((o, e), 0.0) * s for o, e, s in problem.terms])
            value = float(loss.value(function))
            if value < below and (best is None or value < best[0]):
                best = value, function
    return best


def _degenerating(
    problem: TrainingProblem, loss: Quadratic, target: Float[np.ndarray, " n"], rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Losses and largest weights of networks ever nearer to a function; empty where weights do not grow as they approach."""
    size = max(float(np.linalg.norm(target)), 1e-300)
    starts = rng.normal(size=(_STARTS, problem.model.parameters))
    out = []
    weights = starts
    for share in _SEQUENCE:
        best = None
        for iterations in (10, 30, 100, 300, 1000):
            weights, off = problem.map.fit(target + 0j, starts, iterations)
            near = np.flatnonzero(off <= share * size)
            if len(near):
                best = near[np.abs(weights[near]).max(axis=1).argmin()]
                break
        if best is None:
            break
        out.append((float(loss.value(problem.map.at(weights[best][None])[0].real)), float(np.abs(weights[best]).max())))
    grows = len(out) >= 3 and out[-1][1] > _GROWS * out[0][1]
    return tuple(out) if grows else ()
