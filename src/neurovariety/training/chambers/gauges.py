"""Gauges: weights for functions, with some weights free and the others fixed.

A chart fixes weights at small integers. Functions near which a fixed real slice is tangent to the fibers form a hypersurface, which
real targets come near as often as not: there free weights grow and cancel, and paths are lost to rounding, in one of a hundred or so.
With the fixed weights at random complex values that hypersurface is complex, and its real points have codimension two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Inexact

from neurovariety.geometry.solutions.affine_slices import PRINTS, normal
from neurovariety.geometry.solutions.quadrics import QuadricFamily
from neurovariety.homotopy import System, random_bend, refine, track, values_at
from neurovariety.homotopy.monodromy import CAREFUL, REFINED
from neurovariety.training.critical.problem import TrainingProblem


@dataclass(frozen=True, eq=False)
class Gauge:
    """Critical points ``starts`` of general parameters as solutions of a ``system`` in the free weights of the chart.

    Its parameters are first the ``fixed`` weights (None where these are numbers in the system, as on the chart), then those of the
    loss.
    """

    problem: TrainingProblem
    system: System
    starts: Complex[np.ndarray, "count r"]
    fixed: Complex[np.ndarray, " q"] | None = None

    @property
    def is_real(self) -> bool:
        """Whether the fixed weights are."""
        return self.fixed is None

    def parameters(self, of_loss: Inexact[np.ndarray, "rows m"]) -> Complex[np.ndarray, "rows p"]:
        """Parameters of the system from those of the loss."""
        if self.fixed is None:
            return of_loss.astype(np.complex128)
        return np.hstack([np.tile(self.fixed, (len(of_loss), 1)), of_loss])

    def weights(self, points: Complex[np.ndarray, "points r"]) -> Complex[np.ndarray, "points N"]:
        """All weights at free ones."""
        chart = self.problem.critical.chart
        out = np.zeros((len(points), self.problem.model.parameters), dtype=np.complex128)
        out[:, list(chart.free)] = points
        rest = sorted(chart.fixed)
        out[:, rest] = [chart.fixed[i] for i in rest] if self.fixed is None else self.fixed
        return out

    def seen(self, points: Complex[np.ndarray, "points r"]) -> tuple[Complex[np.ndarray, "points k"], Complex[np.ndarray, "points n"]]:
        """Linear functions of the coordinates, the first of which tells functions apart, and the coordinates of functions."""
        if self.fixed is None:
            both = values_at(self.problem.critical.both, points)
            return both[:, :PRINTS], both[:, PRINTS:]
        coordinates = self.problem.map.at(self.weights(points))
        return coordinates @ np.exp(1j * np.arange(coordinates.shape[1]))[:, None], coordinates

    def slopes(self, points: Complex[np.ndarray, "points r"]) -> Complex[np.ndarray, "points n r"]:
        """Derivatives of the coordinates in the free weights."""
        if self.fixed is None:
            return self.problem.critical.derivatives(points)
        return self.problem.map.derivatives(self.weights(points))[:, :, list(self.problem.critical.chart.free)]


def chart_gauge(problem: TrainingProblem, system: System, starts: Complex[np.ndarray, "count r"]) -> Gauge:
    """The gauge of the chart itself."""
    return Gauge(problem, system, starts)


def other_gauge(
    problem: TrainingProblem,
    quadrics: QuadricFamily,
    starts: Complex[np.ndarray, "count r"],
    of_loss: Inexact[np.ndarray, " m"],
    rng: np.random.Generator,
) -> Gauge | None:
    """The same critical points, those of the loss with parameters ``of_loss``, where the fixed weights have moved to random complex
    values. None where the chart fixes no weights, or a path is lost on the way."""
    chart = problem.critical.chart
    if not chart.fixed:
        return None
    system = problem.map.system(chart.free, quadrics)
    fixed = normal(rng, (len(chart.fixed),))
    here = np.concatenate([[chart.fixed[i] for i in sorted(chart.fixed)], of_loss])
    there = np.concatenate([fixed, of_loss])
    found = track(system, starts, here, there, CAREFUL, bend=random_bend(rng))
    points, last = refine(system, np.where(found.good[:, None], found.ends, 1.0), there)
    return Gauge(problem, system, points, fixed) if (found.good & (last < REFINED)).all() else None
