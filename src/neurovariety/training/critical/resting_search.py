"""Other weights of a stratum over the same function, at which training rests.

Where weights of a stratum give one function in many ways, training may rest at some of them alone: with a last layer of rank one, at
those hidden units at which the other outputs pull nowhere. They are sought by descents, in floating point; real ones only.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.losses.loss import Quadratic

_STARTS = 8
_STEPS = 60
_FOUND = 1e-9
_FAR = 1e3


def resting_weights(
    problem: TrainingProblem,
    loss: Quadratic,
    stratum: Stratum,
    value: Float[np.ndarray, " n"],
    rng: np.random.Generator,
) -> Float[np.ndarray, " N"] | None:
    """Weights of the network over the function ``value`` with no gradient; None where none were found."""
    if stratum.model is None:
        return None
    gradient = loss.gradient(value)
    size, pull = float(np.linalg.norm(value)), float(np.linalg.norm(gradient))
    if not size or not pull:
        return None

    def off(s: Float[np.ndarray, " s"]) -> Float[np.ndarray, " m"]:
        weights = np.asarray(stratum.embed(s))[None] + 0j
        slopes = problem.map.derivatives(weights)[0].real.T @ gradient
        return np.concatenate([(problem.map.at(weights)[0].real - value) / size, slopes / pull])

    for _ in range(_STARTS):
        start = rng.normal(size=stratum.model.parameters)
        end = least_squares(off, start, method="trf", max_nfev=_STEPS, xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if np.abs(end.fun).max() <= _FOUND and np.abs(end.x).max() < _FAR:
            found: Float[np.ndarray, " N"] = np.asarray(stratum.embed(end.x))
            return found
    return None
