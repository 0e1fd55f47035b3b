"""The best fits of random targets, each by the complete list of its critical functions on the smooth part and on every stratum.

Targets are normal with respect to the quadric Q of the loss: their coordinates in an orthonormal basis of Q are independent, of
standard deviation ``scale``. For each list all complex critical functions are followed from one general target to all the others
at once (`training.chambers`); the real ones with the least loss are the candidates. A candidate counts if real weights of its model
compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from neurovariety.errors import DataError
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.model import Model
from neurovariety.progress import note, quietly
from neurovariety.randomness import generator
from neurovariety.training.chambers.chambers import for_one_quadric, real_functions
from neurovariety.training.critical.limits import limit_models
from neurovariety.training.critical.problem import TrainingProblem, training_problem
from neurovariety.training.losses.loss import Loss, Monomial, quadratic

_STREAM = "training.bias.best_fits"
_STARTS, _ITERATIONS = 16, 120
_FOUND = 1e-6
_FAR = 1e3
"""Weights beyond this are on their way to a limit of networks, and compute no candidate."""
_DEFINITE, _LESS = 1e-12, 1e-9
UNCLEAR, OPEN = -1, -2
_CANDIDATES = 4
"""Candidates of one list that are looked at for one target, from the least loss on."""


@dataclass(frozen=True, eq=False)
class CriticalList:
    """One list: the smooth part (``kind`` "network"), a stratum of smaller networks ("subnetwork"), or limits of networks ("limit").

    For each target ``least`` is the least loss of a function of real weights on it, infinite where there is none; ``without`` that of a
    real function for which none were found, if it is less; it is ``clear`` where all critical functions were found. ``complete``:
    whether the general list is.
    """

    name: str
    kind: str
    dimension: int
    critical: int
    complete: bool
    least: Float[np.ndarray, " T"]
    without: Float[np.ndarray, " T"]
    clear: Bool[np.ndarray, " T"]
    problem: TrainingProblem | None = None


@dataclass(frozen=True, eq=False)
class BestFits:
    """``pieces``, the first of which is the smooth part; ``best`` the number of the piece with the least loss, `UNCLEAR` where a
    list is not clear, `OPEN` where a real function of the closure without real weights has less loss: then the best fit may lie on the
    boundary of the functions of real networks, which is not listed. ``theorem``: why all singular functions are on pieces, '' where
    that is not known. ``targets``: coefficients of the ``monomials`` (output, exponents)."""

    pieces: tuple[CriticalList, ...]
    best: Int[np.ndarray, " T"]
    theorem: str
    monomials: tuple[Monomial, ...]
    targets: Float[np.ndarray, "T n"]


def best_fits(model: Model, loss: Loss, number: int, scale: float, seed: int) -> BestFits:
    """The pieces on which the best fits of ``number`` random targets lie; of ``loss`` only its inner product is used.

    Raises `DataError` where the quadric is degenerate, `ResourceError` where the model is too large.
    """
    shape = quietly(dimension_of, model, seed=seed)
    whole = training_problem(model, shape, seed, loss.family)
    matrix = quadratic(loss, whole.terms).matrix
    rng = generator(seed, _STREAM)
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues.min() <= _DEFINITE * eigenvalues.max():
        raise DataError("the inputs do not see every coefficient of the model, so the loss is no distance; more samples are needed")
    factor = np.linalg.cholesky(matrix)
    targets = scale * np.linalg.solve(factor.T, rng.normal(size=(len(matrix), number))).T
    sizes = np.einsum("ti,ij,tj->t", targets, matrix, targets)
    strata = strata_of(model, False)  # also of a model that fills its span, which training can leave for them
    drawn = _Drawn(loss, whole, targets, sizes, seed)
    pieces = [_best_on(whole, drawn, "network", model.name, shape.sure)]
    for kind, models in (
        ("subnetwork", [(s.name, s.model) for s in strata.strata]),
        ("limit", [(m.name, m) for m in limit_models(model)]),
    ):
        for name, small in models:
            note(phase=f"best fits on {name}")
            if small is None:
                pieces.append(CriticalList(name, kind, 0, 1, True, sizes, np.full(number, np.inf), np.ones(number, dtype=bool)))
                continue
            found = quietly(dimension_of, small, seed=seed)
            problem = training_problem(small, found, seed, loss.family)
            pieces.append(_best_on(problem, drawn, kind, name.partition(", limits")[0], found.sure))
    least = np.array([p.least for p in pieces])
    smooth = strata_of(model, shape.fills)
    known = bool(smooth.theorem and smooth.all_listed)
    # Limits are functions of the closure: where singular ones are known, the best is on the other lists, with real weights or without.
    clear = np.array([p.clear for p in pieces if p.kind != "limit" or not known]).all(axis=0)
    without = np.array([p.without for p in pieces]).min(axis=0)
    best = np.where(without < least.min(axis=0) * (1 - _LESS), OPEN, least.argmin(axis=0))
    best = np.where(clear, best, UNCLEAR)
    monomials, scales = tuple((o, e) for o, e, _ in whole.terms), np.array([s for _, _, s in whole.terms])
    return BestFits(tuple(pieces), best, smooth.theorem if known else "", monomials, targets / scales)


class _Drawn(NamedTuple):
    """Random ``targets`` on the coordinates of the ``whole`` network's problem, and their squared ``sizes``, for a ``loss``."""

    loss: Loss
    whole: TrainingProblem
    targets: Float[np.ndarray, "T n"]
    sizes: Float[np.ndarray, " T"]
    seed: int

    def images(self, problem: TrainingProblem) -> Float[np.ndarray, "T k"]:
        """Inner products of the targets with the coordinates of a problem, less what no weight of it changes."""
        pair, terms = self.loss.pair, problem.terms
        between = np.array([[pair((o, e), (p, f)) / (s * t) for p, f, t in self.whole.terms] for o, e, s in terms])
        images: Float[np.ndarray, "T k"] = self.targets @ between.T
        if problem.fixed:
            constant = np.array([v for _, v in problem.fixed])
            raised = np.array([[pair((o, e), (p, f)) / (s * t) for (p, f, t), _ in problem.fixed] for o, e, s in terms])
            images = images - raised @ constant
        return images


def _best_on(problem: TrainingProblem, drawn: _Drawn, kind: str, name: str, sure: bool) -> CriticalList:
    """The best fits among the critical functions of one problem."""
    own, images, number = problem.quadratic(drawn.loss), drawn.images(problem), len(drawn.targets)
    matrix, parameters = problem.parameters(own)
    factor = float(np.abs(matrix).max() / max(float(np.abs(own.matrix).max()), 1e-300))
    rng = generator(drawn.seed, _STREAM, 1)
    family = for_one_quadric(problem, own, rng)
    least, without = np.full(number, np.inf), np.full(number, np.inf)
    clear = np.full(number, not family.count)
    n = len(problem.terms)
    rows = np.hstack([factor * images, np.tile(parameters[n:], (number, 1))])
    for found in family.followed(rows, drawn.seed):
        at = found.at
        clear[at] = True
        real, by_chart = real_functions(found.functions), found.by_real_weights
        c = found.functions.real
        losses = np.einsum("tki,ij,tkj->tk", c, own.matrix, c) - 2 * np.einsum("tki,ti->tk", c, images[at]) + drawn.sizes[at][:, None]
        losses = np.where(real, losses, np.inf)
        for row, t in enumerate(at):
            for k in np.argsort(losses[row])[:_CANDIDATES]:
                if not np.isfinite(losses[row, k]) or by_chart[row, k] or _computed(problem, c[row, k], rng):
                    least[t] = losses[row, k]
                    break
                without[t] = min(without[t], losses[row, k])
    return CriticalList(name, kind, problem.dimension, family.count, problem.base.complete and sure, least, without, clear, problem)


def _computed(problem: TrainingProblem, function: Float[np.ndarray, " n"], rng: np.random.Generator) -> bool:
    """Whether real weights of moderate size compute a function, as far as descent finds them."""
    n = problem.model.parameters
    size = max(float(np.linalg.norm(function)), 1e-300)
    for spread in (0.5, 1.5):
        weights, off = problem.map.fit(function + 0j, spread * rng.normal(size=(_STARTS, n)), _ITERATIONS)
        if ((off <= _FOUND * size) & (np.abs(weights).max(axis=1, initial=0.0) < _FAR)).any():
            return True
    return False
