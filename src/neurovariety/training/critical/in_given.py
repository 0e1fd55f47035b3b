"""Critical functions that were found in whitened coordinates, certified for the data as they are given."""

from __future__ import annotations

import numpy as np

from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.tolerances import SAME_FUNCTION
from neurovariety.training.critical.problem import located
from neurovariety.training.critical.stages import Stage
from neurovariety.training.losses.whitened import Whitened


def certified_in_given(stage: Stage, white: Whitened) -> bool:
    """Whether each critical function of a stage is certified, at the weights that given inputs ask for, and all are different."""
    problem, found = stage.problem, stage.stationary
    if problem is None or found is None:
        return True
    if not problem.model.input_axes:
        return False
    seen = DistinctPoints(SAME_FUNCTION)
    quadratic = problem.quadratic(white.given)
    matrix, parameters = problem.parameters(quadratic)
    for point in found.points:
        weights = np.asarray(white.weights_back(problem.model, point.weights))
        there = located(problem, weights, parameters, matrix, problem.map.at(weights[None])[0])
        if there is None or not seen.add(hashed(there.value))[1]:
            return False
    return True
