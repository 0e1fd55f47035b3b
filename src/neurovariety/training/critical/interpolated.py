"""Fewer directions seen than there are: a whole locus of functions with the least loss, that of interpolation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import flint
import numpy as np

from neurovariety.budget import within
from neurovariety.certificates.gaussian import nearest
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.certificates.stored_landscape import StoredLandscape, landscape_hash
from neurovariety.errors import NeurovarietyError
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.homotopy.exact_program import exact_outputs
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.training.critical.least import Least, with_perturbation
from neurovariety.training.critical.perturbation import Infimum, infimum_by_perturbation
from neurovariety.training.critical.quadric_balls import bounds_at
from neurovariety.training.critical.rational_quadric import stored_quadric
from neurovariety.training.critical.weight_map import WeightMap, weight_map
from neurovariety.training.losses.exact_products import arb_of
from neurovariety.training.losses.loss import Distance, Loss, SquaredError, quadratic
from neurovariety.training.losses.training_task import TrainingTask

_STREAM = "training.critical.interpolated"
_OPERATIONS = 2e10
"""For the degree of the variety, which only bounds that of the locus."""
_STARTS = 48
_ATTAINED = 1e-9


@dataclass(frozen=True, eq=False)
class LossOfWeights:
    """The ``loss`` of networks where there are no lists, in units of its own; `OnCoordinates` of its functions."""

    terms: tuple[Term, ...]
    fixed: tuple[tuple[Term, float], ...]
    map: WeightMap
    loss: Loss

    @cached_property
    def hash(self) -> str:
        """sha256 of the network and of the loss."""
        other = hashlib.sha256(f"{self.loss.kind}\n{self.loss.size!r}".encode()).hexdigest() if self._exact is None else ""
        return landscape_hash(self.map.model.name, ("",), "", "", self._exact, other)

    @cached_property
    def _exact(self) -> StoredQuadric | None:
        return stored_quadric(self, self.loss)

    def stored(self) -> StoredLandscape | None:
        """The network and its loss as data that can be written; None where the loss is not rational, or large."""
        values, name = exact_outputs(self.map.values), self.map.model.name
        known = self._exact
        return None if known is None else StoredLandscape(name, "", "", None, 0, values, known, known, "", (None,), ())

    def below_all(self) -> flint.arb | None:
        """The least loss of all functions with these coordinates; None where it is not rational."""
        least = None if self._exact is None else self._exact.least
        return None if least is None else arb_of(least)

    @property
    def squares(self) -> bool:
        """Whether the loss is a sum of squares."""
        return isinstance(self.loss, SquaredError | Distance)

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Bounds of the loss of real weights."""
        return bounds_at(self, self.loss, weights)


@dataclass(frozen=True, eq=False)
class Interpolation:
    """The locus of functions with the same values: its ``dimension``, a bound of its degree (None: not known), the least squares loss
    of the linear span, which bounds all others from below, the ``best`` loss of the networks looked at and whether that is it; what is
    known of the ``least`` loss, and, where asked for, by perturbation; ``coordinates`` for what certificates say of it."""

    dimension: int
    degree: Verdict | None
    lower_bound: float
    best: float
    attained: bool
    least: Least
    perturbed: Infimum | None
    coordinates: LossOfWeights

    def to_dict(self) -> dict[str, object]:
        return {
            "dimension": self.dimension,
            "degree_at_most": None if self.degree is None else self.degree.statement.value,
            "lower_bound": self.lower_bound,
            "best": self.best,
            "attained": self.attained,
        }


def interpolation(task: TrainingTask, dim: int, directions: int, seed: int, perturb: bool = False) -> Interpolation:
    """What is known where the loss sees fewer ``directions`` than ``dim``.

    Over the complex numbers the functions with the same values at the data as a general one form a locus of dimension ``dim`` minus
    the rank; it is a linear section of the neurovariety, so its degree is at most the variety's. The least squares residual over all
    functions of the linear span bounds the loss from below; networks that reach it interpolate. ``perturb``: the least loss by
    perturbation too.
    """
    model = task.model
    chart = find_chart(model, dim, seed)
    every = coordinates(model, chart, 0, seed, constants=True)
    changing = coordinates(model, chart, 0, seed)
    known = set(changing.terms)
    fixed = [(t, nearest(e.value).real) for t, e in zip(every.terms, every.expressions, strict=True) if t not in known]
    loss = quadratic(task.loss, changing.terms, fixed)
    values, vectors = np.linalg.eigh(loss.matrix)
    kept = values > 1e-12 * values.max(initial=1e-300)
    vectors, values = vectors[:, kept], values[kept]
    target = vectors @ ((vectors.T @ loss.image) / values)
    bound = max(float(loss.value(target)), 0.0)
    found = weight_map(model, changing.terms, seed)
    coordinates_of = LossOfWeights(changing.terms, tuple(fixed), found, task.loss)
    rng = generator(seed, _STREAM)
    starts = rng.normal(size=(_STARTS, model.parameters)) * rng.choice([0.3, 1.0], size=(_STARTS, 1))
    weights, _ = found.fit(target + 0j, starts, 500, np.sqrt(values)[:, None] * vectors.T)
    losses = loss.value(found.at(weights).real)
    best = int(np.nanargmin(losses))
    least = max(float(losses[best]), 0.0)
    attained = least <= bound + _ATTAINED * max(abs(loss.constant), 1e-300)
    reason = (
        "the least squares loss of all functions is attained"
        if attained
        else "the least squares loss is not attained by networks found"
    )
    best_found = Least("complete" if attained else "upper_bound", least, weights[best].real, None, None, (), reason)
    perturbed = infimum_by_perturbation(model, task.loss, seed=seed) if perturb else None
    if perturbed is not None:
        best_found = with_perturbation(best_found, perturbed, max(abs(loss.constant), 1e-300))
    return Interpolation(dim - directions, _degree(model, seed), bound, least, attained, best_found, perturbed, coordinates_of)


def _degree(model: Model, seed: int) -> Verdict | None:
    """The degree of the variety, where it is found with little work."""
    try:
        with within(_OPERATIONS):
            most = quietly(degree_of, model, seed=seed)
    except NeurovarietyError:
        return None
    return most.verdict if most.sure else None
