"""Fewer directions seen than there are: a whole locus of functions with the least loss, that of interpolation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurovariety.budget import within
from neurovariety.claim import Claim
from neurovariety.dictionary.degree import degree
from neurovariety.errors import NeurovarietyError
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.training.critical.least import Least, with_perturbation
from neurovariety.training.critical.perturbation import infimum_by_perturbation
from neurovariety.training.critical.weight_map import weight_map
from neurovariety.training.losses.loss import quadratic
from neurovariety.training.losses.training_task import TrainingTask

_STREAM = "training.critical.interpolated"
_OPERATIONS = 2e10
"""For the degree of the variety, which only bounds that of the locus."""
_STARTS = 48
_ATTAINED = 1e-9


class Interpolation(NamedTuple):
    """``value``, ``claim``, ``evidence`` and ``meaning`` of a landscape whose loss sees fewer directions than there are."""

    value: dict[str, object]
    claim: Claim
    evidence: dict[str, object]
    meaning: str


def interpolation(task: TrainingTask, dim: int, directions: int, seed: int, perturb: bool = False) -> Interpolation:
    """What is known where the loss sees ``directions`` directions, fewer than ``dim``.

    Over the complex numbers the functions with the same values at the data as a general one form a locus of dimension ``dim`` minus
    the rank; it is a linear section of the neurovariety, so its degree is at most the variety's. The least squares residual over all
    functions of the linear span bounds the loss from below; networks that reach it interpolate. ``perturb``: the least loss by
    perturbation too.
    """
    lower, least, attained, scale = _by_descent(task, dim, seed)
    found = least
    perturbed = infimum_by_perturbation(task.model, task.loss, seed=seed) if perturb else None
    if perturbed is not None:
        found = with_perturbation(least, perturbed, scale)
    size, most = dim - directions, _degree(task.model, seed)
    value: dict[str, object] = {
        "complex": None,
        "real": None,
        "minima": None,
        "at_subnetworks": None,
        "at_limits": None,
        "least_loss": lower if attained else found.loss if found.infimum is None else found.infimum,
        "global_minimum": found.claim,
    }
    evidence: dict[str, object] = {
        "interpolation": {"dimension": size, "degree_at_most": most, "lower_bound": lower, "best": least.loss, "attained": attained},
        "least": {
            "weights": found.weights.tolist(),
            "loss": found.loss,
            "infimum": found.infimum,
            "reason": found.reason,
            "sequence": [list(p) for p in found.sequence],
        },
        "perturbation": None if perturbed is None else perturbed.to_dict(),
    }
    meaning = (
        f"the data see {directions} of {dim} directions: functions with the least loss are a locus of dimension {size}"
        f"{f' and degree at most {most:,}' if most else ''}, not finitely many; " + _end(found, lower, attained)
    )
    return Interpolation(value, Claim.UNDECIDED, evidence, meaning)


def _by_descent(task: TrainingTask, dim: int, seed: int) -> tuple[float, Least, bool, float]:
    """The least loss of all functions of the span, the best network that descents find, whether it attains that, and the size of
    losses."""
    model = task.model
    chart = find_chart(model, dim, seed)
    every = coordinates(model, chart, 0, seed, constants=True)
    changing = coordinates(model, chart, 0, seed)
    known = set(changing.terms)
    fixed = [(t, float(np.real(e.value))) for t, e in zip(every.terms, every.expressions, strict=True) if t not in known]
    loss = quadratic(task.loss, changing.terms, fixed)
    scale = max(abs(loss.constant), 1e-300)
    values, vectors = np.linalg.eigh(loss.matrix)
    kept = values > 1e-12 * values.max(initial=1e-300)
    vectors, values = vectors[:, kept], values[kept]
    target = vectors @ ((vectors.T @ loss.image) / values)
    lower = max(float(loss.value(target)), 0.0)
    found = weight_map(model, changing.terms, seed)
    rng = generator(seed, _STREAM)
    starts = rng.normal(size=(_STARTS, model.parameters)) * rng.choice([0.3, 1.0], size=(_STARTS, 1))
    weights, _ = found.fit(target + 0j, starts, 500, np.sqrt(values)[:, None] * vectors.T)
    losses = loss.value(found.at(weights).real)
    best = int(np.nanargmin(losses))
    least = max(float(losses[best]), 0.0)
    attained = least <= lower + _ATTAINED * scale
    reason = f"the least squares loss {'of all functions is attained' if attained else 'is not attained by networks found'}"
    found_there = Least("complete" if attained else "upper_bound", least, weights[best].real, None, None, (), reason)
    return lower, found_there, attained, scale


def _degree(model: Model, seed: int) -> int | None:
    """The degree of the neurovariety where it is found with little work."""
    try:
        with within(_OPERATIONS):
            found = quietly(degree, model, seed=seed)
    except NeurovarietyError:
        return None
    return found.value if found.claim in (Claim.PROVED, Claim.COMPLETE) else None


def _end(least: Least, bound: float, attained: bool) -> str:
    if attained:
        return f"networks attain the least squares loss {bound:.6g} of the whole span"
    if least.infimum is not None:
        return f"losses of networks come down to {least.infimum:.6g}, which none attains"
    return f"the {'global minimum' if least.claim == 'complete' else 'best network found'} has loss {least.loss:.6g}"
