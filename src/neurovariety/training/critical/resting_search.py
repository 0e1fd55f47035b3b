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
_STEP = float(np.sqrt(np.finfo(np.float64).eps))
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

    def off(points: Float[np.ndarray, "points s"]) -> Float[np.ndarray, "points m"]:
        weights = np.array([np.asarray(stratum.embed(s)) for s in points]) + 0j
        slopes = np.einsum("pnk,n->pk", problem.map.derivatives(weights).real, gradient)
        return np.hstack([(problem.map.at(weights).real - value) / size, slopes / pull])

    def differences(s: Float[np.ndarray, " s"]) -> Float[np.ndarray, "m s"]:
        """Differences of one side by all unknowns in one run of the programs."""
        steps = _STEP * np.where(s < 0, -1.0, 1.0) * np.maximum(np.abs(s), 1.0)
        moved = off(np.vstack([s, s + np.diag(steps)]))
        found: Float[np.ndarray, "m s"] = ((moved[1:] - moved[0]) / steps[:, None]).T
        return found

    for _ in range(_STARTS):
        start = rng.normal(size=stratum.model.parameters)
        end = least_squares(lambda s: off(s[None])[0], start, differences, max_nfev=_STEPS, xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if np.abs(end.fun).max() <= _FOUND and np.abs(end.x).max() < _FAR:
            found: Float[np.ndarray, " N"] = np.asarray(stratum.embed(end.x))
            return found
    return None
