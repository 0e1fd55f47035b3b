"""Critical functions that were found in whitened coordinates, located for the data as they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurovariety.training.critical.problem import CertifiedFunction, TrainingProblem, located
from neurovariety.training.losses.whitened import Whitened


def in_given(
    problem: TrainingProblem, points: Sequence[CertifiedFunction], white: Whitened
) -> list[tuple[int, CertifiedFunction]]:
    """Those of the points that are found again for given inputs, at the weights that these ask for, each with its number."""
    if not problem.model.input_axes:
        return []
    matrix, parameters = problem.parameters(problem.quadratic(white.given))
    out = []
    for k, point in enumerate(points):
        weights = np.asarray(white.weights_back(problem.model, point.weights))
        there = located(problem, weights, parameters, matrix, problem.map.at(weights[None])[0])
        if there is not None:
            out.append((k, there))
    return out
