"""Planes of losses: targets, the values of samples, or target and quadric together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Inexact

from neurovariety.errors import InputError
from neurovariety.training.chambers.chambers import Family, for_all_quadrics, for_one_quadric
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.losses.loss import Loss, Quadratic, SquaredError

_WIDTH = 2.0
"""Half the width of a slice through targets, in sizes of the target; of one through samples, in standard deviations times 1.5."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Parameters of ``family`` at points (a, b): ``origin`` + a ``first`` + b ``second``; ``axes`` say in words what they are."""

    family: Family
    origin: Inexact[np.ndarray, " m"]
    first: Inexact[np.ndarray, " m"]
    second: Inexact[np.ndarray, " m"]
    bounds: tuple[tuple[float, float], tuple[float, float]]
    axes: tuple[str, str]

    def at(self, points: Float[np.ndarray, "targets 2"]) -> Inexact[np.ndarray, "targets m"]:
        """Parameters at points."""
        found: Inexact[np.ndarray, "targets m"] = self.origin + points[:, :1] * self.first + points[:, 1:] * self.second
        return found

    def grid(self, side: int) -> tuple[Float[np.ndarray, " side"], Float[np.ndarray, " side"]]:
        """Coordinates along both axes."""
        return np.linspace(*self.bounds[0], side), np.linspace(*self.bounds[1], side)


def plane(problem: TrainingProblem, loss: Loss, found: Quadratic, kind: str, rng: np.random.Generator) -> Plane:
    """The slice of that kind through a loss. Raises `InputError` where samples are asked for and there are too few."""
    n = len(problem.terms)
    matrix, parameters = problem.parameters(found)
    size = max(float(np.sqrt(max(found.constant, 0.0) * np.abs(matrix).max() / max(np.abs(found.matrix).max(), 1e-300))), 1e-3)

    def direction() -> Float[np.ndarray, " n"]:
        function = rng.normal(size=n)
        image = matrix @ function
        scaled: Float[np.ndarray, " n"] = image * size / max(float(np.sqrt(function @ image)), 1e-300)
        return scaled

    def padded(image: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
        return np.concatenate([image, np.zeros(len(parameters) - n)])

    if kind == "target":
        names = ("first direction of targets, in sizes of the target", "second direction")
        family = for_one_quadric(problem, found, rng)
        return Plane(family, parameters, padded(direction()), padded(direction()), ((-_WIDTH, _WIDTH),) * 2, names)
    if kind == "sample":
        if not isinstance(loss, SquaredError):
            raise InputError("a slice through the values of samples needs data; with a teacher choose target or quadric")
        outputs = loss.targets.shape[1]
        places = [(0, 0), (0, 1)] if outputs > 1 else [(0, 0), (1, 0)]
        if len(loss.inputs) < 2 and outputs < 2:
            raise InputError("a slice through the values of samples needs two samples, or two outputs")
        scale = float(np.abs(matrix).max() / np.abs(found.matrix).max())
        steps, bounds = [], []
        for sample, output in places:
            monomials = np.array([np.prod(loss.inputs[sample] ** np.array(e)) / s if o == output else 0.0 for o, e, s in problem.terms])
            steps.append(padded(scale * loss.weights[sample] * monomials))
            spread = 1.5 * _WIDTH * max(float(loss.targets[:, output].std()), 1e-3) * np.sqrt(len(loss.inputs))
            bounds.append((-spread, spread))
        first, second = (f"change of target {o} of sample {s}" for s, o in places)
        family = for_one_quadric(problem, found, rng)
        return Plane(family, parameters, steps[0], steps[1], (bounds[0], bounds[1]), (first, second))
    names = ("direction of targets, in sizes of the target", "from the loss's quadric (0) to another one (1)")
    family = for_all_quadrics(problem)
    turn = np.zeros(len(parameters))
    turn[n:] = np.array([0.0, 1.0]) - parameters[n:]  # to the second quadric of the pencil that the problem was made for
    return Plane(family, parameters, padded(direction()), turn, ((-_WIDTH, _WIDTH), (0.0, 1.0)), names)


def other_quadric(matrix: Float[np.ndarray, "n n"], rng: np.random.Generator) -> Float[np.ndarray, "n n"]:
    """A random positive definite quadric with the same size of entries."""
    factor = rng.normal(size=matrix.shape)
    found: Float[np.ndarray, "n n"] = factor.T @ factor
    found *= float(np.abs(matrix).max()) / float(np.abs(found).max())
    return found
