"""The list of critical points of training at smooth functions: of the network, and of each smaller one by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.budget import used_up
from neurovariety.certificates.issue import Verdict
from neurovariety.claim import Claim
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.homotopy import End, certified_index, values_at
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.tolerances import ATTAINED, IMAGINARY_PART, LIMIT_DIGITS
from neurovariety.training.critical.charted import ListedFunctions, listed_functions, real_minima
from neurovariety.training.critical.critical_sets import CriticalSet, critical_sets
from neurovariety.training.critical.problem import CertifiedFunction, Stationary, TrainingProblem, located, training_problem
from neurovariety.training.losses.loss import Loss, Monomial

_STREAM = "training.critical.stages"
_ATTEMPTS = 3
_STARTS = 32
_LIMIT = 1e-3
"""Relative distance of a function from real networks below which it may be a limit of them."""
_FAR = 50.0
"""Networks that approach a function while their weights grow beyond this: it is a limit of networks, and none itself."""


class PointFacts(TypedDict):
    """A `CriticalFunction` as plain data; complex coefficients as pairs."""

    number: int
    stratum: str | None
    real: bool
    attained: str
    loss: float | None
    index: int | None
    index_certified: bool
    kind: str
    type: str
    coefficients: list[float] | list[list[float]]
    radius: float
    weights: list[float] | None


@dataclass(frozen=True, eq=False)
class CriticalFunction:
    """A critical function.

    ``coefficients`` over the monomials of the landscape, each within ``radius`` of the true one; ``real`` whether the function is,
    ``weights`` real weights of the network with that function, None where none were found; ``attained``: yes (certified), limit
    (of networks whose weights grow), no (proved) or undecided. ``index``: negative directions of the Hessian on the variety, or on the
    stratum, ``certified`` whether proved; ``kind``: minimum, saddle, maximum or undecided, at smaller networks undecided or
    "saddle at these weights", as others of the function can be local minima; ``type``: pure, spurious or undecided.
    """

    number: int
    stratum: str
    coefficients: Inexact[np.ndarray, " monomials"]
    radius: float
    real: bool
    weights: Float[np.ndarray, " N"] | None
    attained: str
    loss: float
    index: int | None
    certified: bool
    kind: str
    type: str

    @classmethod
    def from_dict(cls, data: PointFacts) -> CriticalFunction:
        """The function of `to_dict`; the loss of one that is not real is not written, and is no number."""
        c = np.array(data["coefficients"], dtype=np.float64)
        return cls(
            data["number"], data["stratum"] or "", c if data["real"] else c[:, 0] + 1j * c[:, 1], data["radius"], data["real"],
            None if data["weights"] is None else np.array(data["weights"]), data["attained"],
            np.nan if data["loss"] is None else data["loss"], data["index"], data["index_certified"], data["kind"], data["type"],
        )  # fmt: skip

    def to_dict(self) -> PointFacts:
        c = self.coefficients
        return {
            "number": self.number,
            "stratum": self.stratum or None,
            "real": self.real,
            "attained": self.attained,
            "loss": self.loss if self.real else None,
            "index": self.index,
            "index_certified": self.certified,
            "kind": self.kind,
            "type": self.type,
            "coefficients": c.tolist() if self.real else [[float(v.real), float(v.imag)] for v in c],
            "radius": self.radius,
            "weights": None if self.weights is None else self.weights.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Stage:
    """The points on one stratum, what is shown of them (``listed``; None where nothing had to be solved), what became of paths;
    ``minima``: what is shown of those of real networks, ``sets`` of positive dimension beside the points. ``sure``: the dimension is.
    On a stratum ``kept`` says which functions of the list, in the rows of its certificate, are points of the whole network.
    ``arrived``: paths led to as many different functions as there are in general, shown or not.

    ``complete``: the points are all, and it is known which are real.
    """

    name: str
    dimension: int
    points: tuple[CriticalFunction, ...]
    evidence: dict[str, object]
    sure: bool = True
    problem: TrainingProblem | None = None
    stationary: Stationary | None = None
    sets: tuple[CriticalSet, ...] = ()
    listed: ListedFunctions | None = None
    minima: Verdict | None = None
    kept: tuple[bool, ...] = ()
    arrived: bool = False

    @property
    def count(self) -> int:
        """How many complex points there are."""
        return len(self.points)

    @property
    def all_points(self) -> bool:
        """Whether these are all critical functions where J has full rank."""
        known = self.listed is None or self.listed.verdict.claim is Claim.COMPLETE
        return known and self.sure and not self.sets

    @property
    def all_real(self) -> bool:
        """Whether it is known which of them are real."""
        return self.listed is None or self.listed.reality.claim is Claim.COMPLETE

    @property
    def complete(self) -> bool:
        return self.all_points and self.all_real

    def only(self, kept: Sequence[int]) -> Stage:
        """The stage with some of its points alone, which are then no longer all."""
        if len(kept) == len(self.points) or self.listed is None:
            return self
        assert self.problem is not None
        assert self.stationary is not None
        listed = listed_functions(self.problem, self.listed.loss, [self.listed.points[k] for k in kept], None)
        chosen = [kept[k] for k in listed.kept]
        points = tuple(replace(self.points[k], real=bool(r)) for k, r in zip(chosen, listed.real, strict=True))
        found = replace(self.stationary, points=tuple(self.stationary.points[k] for k in chosen))
        return replace(self, points=points, stationary=found, listed=listed, minima=None)


def smooth_stage(
    model: Model,
    loss: Loss,
    monomials: tuple[Monomial, ...] | None,
    seed: int,
    resume: str | Path | None = None,
    shape: Dimension | None = None,
) -> Stage:
    """The critical points at smooth functions of the closure of a model.

    ``monomials``: those over which coefficients are written (default: the model's own). ``shape``: its dimension where it is known. A
    list that is not complete is tried again
    from another chart and another general problem, where that may help.
    """
    found = shape or quietly(dimension_of, model, seed=seed)
    best: Stage | None = None
    for attempt in range(_ATTEMPTS):
        kept = resume if not attempt else None
        stage = _one_attempt(model, loss, monomials, found, seed + 1000 * attempt, kept)
        if best is None or (stage.complete, stage.count) > (best.complete, best.count):
            best = stage
        if best.complete or not _worth_another(best) or used_up():
            break
    assert best is not None
    return best


def _worth_another(stage: Stage) -> bool:
    """Whether other paths may show more: where all arrived, at degenerate functions some of them, others will too. What is not shown
    of functions they arrived at, was not shown in other charts either."""
    assert stage.problem is not None
    assert stage.stationary is not None
    ends = stage.stationary.ends
    lost = any(ends.get(str(end)) for end in (End.AT_INFINITY, End.FAILED))
    return lost or not stage.problem.base.complete or not (len(stage.stationary.singular) or stage.arrived)


def _one_attempt(
    model: Model,
    loss: Loss,
    monomials: tuple[Monomial, ...] | None,
    shape: Dimension,
    seed: int,
    resume: str | Path | None,
) -> Stage:
    problem, dim = training_problem(model, shape, seed, loss.family, resume, loss.kind), shape.value
    rng = generator(seed, _STREAM)
    every = problem.stationary(problem.quadratic(loss), rng)
    listed = listed_functions(problem, loss, every.points, every.general, generator(seed, _STREAM, 1))
    stationary = replace(every, points=listed.points)
    monomials = monomials or monomials_of(problem)
    located_at: list[CertifiedFunction] = []
    points = [_point(problem, stationary, k, bool(listed.real[k]), monomials, rng, located_at) for k in range(len(stationary.points))]
    strange = [limit for limit in stationary.singular if not _on_a_stratum(problem, limit, rng)]
    sets, strange = critical_sets(problem.map, dim, stationary.quadratic, strange, rng)
    evidence: dict[str, object] = {
        "dimension": dim,
        "ends": stationary.ends,
        "general": problem.base.count,
        "family": problem.evidence["family"],
    }
    evidence |= {"limits_off_strata": len(strange)} if strange else {}
    evidence |= {"critical_sets": [s.to_dict() for s in sets]} if sets else {}
    return Stage(
        model.name,
        dim,
        tuple(points),
        evidence,
        shape.sure,
        problem,
        stationary,
        tuple(sets),
        listed,
        real_minima(listed, located_at),
        arrived=len(every.points) == problem.base.count,
    )


def _on_a_stratum(problem: TrainingProblem, limit: Complex[np.ndarray, " n"], rng: np.random.Generator) -> bool:
    """Whether a limit of paths that is no regular critical point is a function of a smaller network, as it should be."""
    size = float(np.linalg.norm(limit))
    if size <= LIMIT_DIGITS:
        return True
    n = problem.model.parameters
    for stratum in strata_of(problem.model, False).strata:
        starts = rng.normal(size=(_STARTS, n)) + 1j * rng.normal(size=(_STARTS, n))
        starts[:, list(stratum.dead)] = 0
        weights, off = problem.map.fit(limit, starts, held=stratum.dead)
        if ((off <= LIMIT_DIGITS * size) & (np.abs(weights).max(axis=1, initial=0) < _FAR)).any():
            return True
    return False


def monomials_of(problem: TrainingProblem) -> tuple[Monomial, ...]:
    """All monomials of the outputs, those that no weight changes last."""
    return tuple((o, e) for o, e, _ in problem.terms) + tuple((o, e) for (o, e, _), _ in problem.fixed)


def coefficients_of(
    problem: TrainingProblem, value: Inexact[np.ndarray, " n"], monomials: tuple[Monomial, ...]
) -> Inexact[np.ndarray, " monomials"]:
    known: dict[Monomial, complex] = {(o, e): v / s for (o, e, s), v in zip(problem.terms, value, strict=True)}
    known |= {(o, e): v / s for (o, e, s), v in problem.fixed}
    return np.array([known.get(m, 0.0) for m in monomials])


def real_ones(stationary: Stationary) -> list[bool]:
    """Which critical functions are real, as `proved_real` tells; those with real weights are."""
    points = stationary.points
    if not points:
        return []
    sure = [p.certificates.real(p.row) == "yes" and not np.asarray(p.parameters).imag.any() for p in points]
    return proved_real(np.array([p.value for p in points]), np.array([p.radius for p in points]), sure)


def proved_real(values: Inexact[np.ndarray, "points n"], radii: Float[np.ndarray, "points n"], sure: list[bool]) -> list[bool]:
    """Which of the solutions of a real problem are real, given by ``values`` within ``radii``: those that are ``sure`` to be.

    The conjugate of one is another or itself, and all are proved different: where it can only be itself the solution is real.
    """
    out = []
    for k, value in enumerate(values):
        reach = radii + radii[k] + 1e-14 * np.abs(values)
        meets = (np.abs(values - value.conj()) <= reach).all(axis=1)
        scale = max(float(np.abs(value).max()), 1e-300)
        out.append(sure[k] or bool(meets[k] and meets.sum() == 1 and np.abs(value.imag).max() <= IMAGINARY_PART * scale))
    return out


def _point(
    problem: TrainingProblem,
    stationary: Stationary,
    k: int,
    real: bool,
    monomials: tuple[Monomial, ...],
    rng: np.random.Generator,
    located_at: list[CertifiedFunction],
) -> CriticalFunction:
    """A point of the list; where it is found at real weights these join ``located_at``."""
    point = stationary.points[k]
    radius = float((point.radius / [s for _, _, s in problem.terms]).max(initial=0.0))
    if not real:
        coefficients = coefficients_of(problem, point.value, monomials)
        return CriticalFunction(k, "", coefficients, radius, False, None, "no", float("nan"), None, False, "undecided", "undecided")
    coefficients = coefficients_of(problem, point.value.real, monomials)
    loss = float(stationary.quadratic.value(point.value.real))
    there, attained = _real_weights(problem, stationary, point, rng)
    if there is not None:
        index = certified_index(there.system, there.certificates, there.row, there.parameters)
        weights, certified = there.weights.real, index is not None
        located_at.append(there)
    else:
        weights, index, certified = None, _index_by_real_directions(problem, point), False
    kind = _kind(index, problem.dimension)
    return CriticalFunction(k, "", coefficients, radius, True, weights, attained, loss, index, certified, kind, "pure")


def _kind(index: int | None, dimension: int) -> str:
    if index is None:
        return "undecided"
    return "minimum" if index == 0 else "maximum" if index == dimension else "saddle"


def _real_weights(
    problem: TrainingProblem, stationary: Stationary, point: CertifiedFunction, rng: np.random.Generator
) -> tuple[CertifiedFunction | None, str]:
    """The same function located at real weights, or None, and how it is attained."""
    if point.certificates.real(point.row) == "yes":
        return point, "yes"
    n, target = problem.model.parameters, point.value.real
    size = max(float(np.linalg.norm(target)), 1e-300)
    starts = rng.normal(size=(_STARTS, n)) * rng.choice([0.3, 1.0, 2.0], size=(_STARTS, 1))
    starts[0] = point.weights.real
    weights, off = problem.map.fit(target + 0j, starts)
    matrix, parameters = problem.parameters(stationary.quadratic)
    for k in np.argsort(off)[:6]:
        if off[k] > ATTAINED * size * 1e3:
            break
        found = located(problem, weights[k].real + 0j, parameters, matrix, point.value)
        if found is None or found.certificates.real(found.row) != "yes":
            continue
        if (np.abs(found.value - point.value) <= found.radius + point.radius + 1e-10 * size).all():
            return found, "yes"
    best = int(np.argmin(off))
    if off[best] <= _LIMIT * size and np.abs(weights[best]).max() > _FAR:
        return None, "limit"
    return None, "undecided"


def _index_by_real_directions(problem: TrainingProblem, point: CertifiedFunction) -> int | None:
    """The index on the real tangent space of a real function whose weights in the chart are not real, in floating point."""
    n = point.system.unknowns
    here = np.concatenate([point.weights[list(point.free)], point.parameters])
    hessian = values_at(point.system.with_jacobian, here[None])[0, n:].reshape(n, n)
    slopes = problem.map.derivatives(point.weights[None])[0][:, list(point.free)]
    # v with slopes @ v real: the real vectors are the kernel of v -> Im(slopes v), a real space of dimension n.
    system = np.hstack([slopes.imag, slopes.real])
    _, singular, rows = np.linalg.svd(system)
    null = rows[int((singular > 1e-7 * singular.max(initial=1e-300)).sum()) :]
    if len(null) != n:
        return None
    basis = null[:, :n] + 1j * null[:, n:]
    form = basis @ hessian @ basis.T
    if np.abs(form.imag).max(initial=0.0) > 1e-5 * np.abs(form).max(initial=1e-300):
        return None
    values = np.linalg.eigvalsh(form.real)
    if np.abs(values).min(initial=np.inf) < 1e-9 * np.abs(values).max(initial=0.0):
        return None
    return int((values < 0).sum())
