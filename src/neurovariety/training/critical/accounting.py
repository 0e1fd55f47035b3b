"""Functions that two lists have in common: which of them are at smooth functions.

A function at which J has numerically no full rank, and that is on the list of another stratum up to rounding, is no smooth one: the
quadric of data is rounded, and there its paths end regularly next to it. A list that such a function is taken from is no longer said to
hold all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurovariety.rings.ring import Array
from neurovariety.training.critical.problem import Stationary, TrainingProblem
from neurovariety.training.critical.stages import Stage, coefficients_of
from neurovariety.training.losses.loss import Monomial

_ROUNDED = 1e-7
"""Part of the sizes of functions below which they are one where J drops rank."""


def without_doubles(stages: Sequence[Stage], monomials: tuple[Monomial, ...]) -> list[Stage]:
    """The stages, the first one without the functions that are those of others."""
    first, *rest = stages
    if first.stationary is None or first.problem is None:
        return [first, *rest]
    others = np.array([p.coefficients for stage in rest for p in stage.points]).reshape(-1, len(monomials))
    return [first.only(_smooth(first.stationary, first.problem, others, monomials)), *rest]


def _smooth(found: Stationary, problem: TrainingProblem, others: Array, monomials: tuple[Monomial, ...]) -> list[int]:
    """The numbers of those certified functions that are none of ``others``, or have full rank of J."""
    values = np.array([coefficients_of(problem, p.value, monomials) for p in found.points]).reshape(-1, len(monomials))
    size = max((float(np.abs(v).max(initial=0.0)) for v in (values, others)), default=0.0)
    near = [bool((np.abs(others - v).max(axis=1, initial=0.0) <= _ROUNDED * size).any()) for v in values]
    pairs = enumerate(zip(near, found.points, strict=True))
    return [k for k, (close, p) in pairs if not close or problem.map.pivots(p.weights, problem.dimension) is not None]
