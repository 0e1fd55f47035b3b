"""Fewer directions seen than there are: a whole locus of functions with the least loss, that of interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurovariety.budget import within
from neurovariety.claim import Claim
from neurovariety.errors import NeurovarietyError
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.training.critical.least import Least, with_perturbation
from neurovariety.training.critical.perturbation import infimum_by_perturbation
from neurovariety.training.critical.weight_map import weight_map
from neurovariety.training.losses.loss import quadratic
from neurovariety.training.losses.task import Task

_STREAM = "training.critical.interpolated"
_OPERATIONS = 2e10
"""For the degree of the variety, which only bounds that of the locus."""
_STARTS = 48
_ATTAINED = 1e-9


def interpolation(
    task: Task, dim: int, seen: dict[str, Any], seed: int, perturb: bool = False
) -> tuple[dict[str, Any], Claim, dict[str, Any], str]:
    """Value, claim, evidence and meaning where the loss sees fewer directions than ``dim``.

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
    fixed = [(t, float(np.real(e.value))) for t, e in zip(every.terms, every.expressions, strict=True) if t not in known]
    loss = quadratic(task.loss, changing.terms, fixed)
    values, vectors = np.linalg.eigh(loss.matrix)
    kept = values > 1e-12 * values.max(initial=1e-300)
    vectors, values = vectors[:, kept], values[kept]
    target = vectors @ ((vectors.T @ loss.image) / values)
    bound = max(float(loss.value(target)), 0.0)
    found = weight_map(model, changing.terms, seed)
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
    size = dim - seen["directions"]
    try:
        with within(_OPERATIONS):
            most = quietly(degree_of, model, seed=seed)
        bounded = most.value if most.sure else None
    except NeurovarietyError:
        bounded = None
    value = {
        "complex": None,
        "real": None,
        "minima": None,
        "at_subnetworks": None,
        "at_limits": None,
        "least_loss": bound if attained else best_found.loss if best_found.infimum is None else best_found.infimum,
        "global_minimum": best_found.claim,
    }
    evidence = {
        "interpolation": {"dimension": size, "degree_at_most": bounded, "lower_bound": bound, "best": least, "attained": attained},
        "least": {
            "weights": np.asarray(best_found.weights).tolist(),
            "loss": best_found.loss,
            "infimum": best_found.infimum,
            "reason": best_found.reason,
            "sequence": [list(p) for p in best_found.sequence],
        },
        "perturbation": None if perturbed is None else perturbed.to_dict(),
    }
    meaning = (
        f"the data see {seen['directions']} of {dim} directions: functions with the least loss are a locus of dimension {size}"
        f"{f' and degree at most {bounded:,}' if bounded else ''}, not finitely many; " + _end(best_found, bound, attained)
    )
    return value, Claim.UNDECIDED, evidence, meaning


def _end(least: Least, bound: float, attained: bool) -> str:
    if attained:
        return f"networks attain the least squares loss {bound:.6g} of the whole span"
    if least.infimum is not None:
        return f"losses of networks come down to {least.infimum:.6g}, which none attains"
    return f"the {'global minimum' if least.claim == 'complete' else 'best network found'} has loss {least.loss:.6g}"
