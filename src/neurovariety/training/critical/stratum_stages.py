"""The critical points on strata of smaller networks, as points of the whole network.

A critical function of a smaller network stays on the list unless the network is proved to move at its weights there (`exclusion`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.training.critical.exclusion import box_of, moves
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.critical.resting_search import resting_weights
from neurovariety.training.critical.stages import CriticalFunction, Stage, coefficients_of, monomials_of, smooth_stage
from neurovariety.training.losses.loss import Loss

_STREAM = "training.critical.stages"
_FALL = 1e-9
_SHIFTS = (0.3, 0.1, 0.03)
_TRIES = 400
_SADDLE = "saddle at these weights"
"""Other weights with the same function can be local minima."""


def stratum_stage(whole: TrainingProblem, loss: Loss, stratum: Stratum, seed: int) -> Stage:
    """The critical points on a stratum, as points of the whole network."""
    rng = generator(seed, _STREAM, 1)
    note(phase=f"stratum {stratum.name}")
    if stratum.model is None:
        return _at_zero(whole, loss, stratum, rng)
    quadratic = whole.quadratic(loss)
    stage = smooth_stage(stratum.model, loss, monomials_of(whole), seed)
    assert stage.stationary is not None
    assert stage.listed is not None
    points, left = [], []
    for k, (point, where) in enumerate(zip(stage.points, stage.stationary.points, strict=True)):
        moved = replace(point, stratum=stratum.name, kind="undecided", type="undecided")
        if point.weights is not None:
            moved = replace(moved, weights=np.asarray(stratum.embed(point.weights)))
        if moves(whole, quadratic, stratum, box_of(where)):
            elsewhere = None
            if stratum.ambiguous and point.real:
                here = whole.map.at(np.asarray(stratum.embed(where.weights))[None])[0].real
                elsewhere = resting_weights(whole, quadratic, stratum, here, rng)
            if elsewhere is None:
                left.append(k)  # the smaller network rests there, the large one does not
                continue
            moved = replace(moved, weights=elsewhere)
        if point.real:
            moved = _beside(whole, loss, stratum, moved, rng)
        points.append(moved)
    evidence = stage.evidence | ({"moving_in_the_network": len(left)} if left else {})
    kept = tuple(k not in left for k in stage.listed.order)
    return replace(stage, name=stratum.name, points=tuple(points), evidence=evidence, kept=kept)


def _at_zero(whole: TrainingProblem, loss: Loss, stratum: Stratum, rng: np.random.Generator) -> Stage:
    """The one function of the weights that are all zero."""
    weights, quadratic = np.asarray(stratum.embed(np.zeros(0))), whole.quadratic(loss)
    if moves(whole, quadratic, stratum, []):
        return Stage(stratum.name, 0, (), {"dimension": 0, "moving_in_the_network": 1}, kept=(False,))
    value = whole.map.at(weights[None] + 0j)[0].real
    point = CriticalFunction(0, stratum.name, coefficients_of(whole, value, monomials_of(whole)), 0.0, True, weights, "yes",
                  float(quadratic.value(value)), 0, True, "undecided", "undecided")  # fmt: skip
    return Stage(stratum.name, 0, (_beside(whole, loss, stratum, point, rng),), {"dimension": 0}, kept=(True,))


def _beside(
    whole: TrainingProblem, loss: Loss, stratum: Stratum, point: CriticalFunction, rng: np.random.Generator
) -> CriticalFunction:
    """The point with its kind: a saddle at its weights where the loss falls on the stratum, or beside it where dead weights come
    alive (all weights, where none are dead). Nothing is said of other weights with that function.

    Where the loss falls beside it the function is critical for the weights only: spurious. Where it was not seen to fall nothing is
    shown.
    """
    if point.index:
        return replace(point, kind=_SADDLE, type=_type(whole, loss, point))
    if point.weights is None:
        return point
    quadratic = whole.quadratic(loss)
    here = float(quadratic.value(whole.map.at(point.weights[None] + 0j)[0].real))
    falls, moving = [], list(stratum.dead) or list(range(len(point.weights)))
    for shift in _SHIFTS:
        weights = np.repeat(point.weights[None], _TRIES, axis=0)
        weights[:, moving] += shift * rng.normal(size=(_TRIES, len(moving)))
        values = quadratic.value(whole.map.at(weights + 0j).real)
        falls.append(bool(values.min() < here - _FALL * max(abs(here), 1e-12)))
    kind = _SADDLE if all(falls) else "undecided"
    return replace(point, kind=kind, type=_type(whole, loss, point))


def _type(whole: TrainingProblem, loss: Loss, point: CriticalFunction) -> str:
    """Spurious where the gradient on functions is not orthogonal to a limit of tangent spaces at the function.

    At functions of strata tangent spaces of nearby smooth functions are taken; the gradient that is orthogonal to none of them is
    that of no pure critical point.
    """
    if point.weights is None:
        return "undecided"
    rng = np.random.default_rng(0)
    value = whole.map.at(point.weights[None] + 0j)[0].real
    gradient = whole.quadratic(loss).gradient(value)
    size = float(np.linalg.norm(gradient))
    if size <= 1e-9 * max(1.0, float(np.linalg.norm(whole.quadratic(loss).image))):
        return "pure"
    least = np.inf
    for shift in (1e-3, 1e-4):
        near = point.weights + shift * rng.normal(size=(8, len(point.weights)))
        for slopes in whole.map.derivatives(near + 0j).real:
            basis, singular, _ = np.linalg.svd(slopes, full_matrices=False)
            basis = basis[:, singular > 1e-12 * singular.max(initial=1e-300)][:, : whole.dimension]
            least = min(least, float(np.linalg.norm(basis.T @ gradient)) / size)
    return "spurious" if least > 1e-2 else "undecided"
