"""Many real least-squares problems at once: Levenberg-Marquardt from several starts, in floating point.

A small residual suggests a solution and proves nothing; `real_zero` certifies.
"""

from __future__ import annotations

import numpy as np

from neurovariety.budget import spend
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap
from neurovariety.rings.ring import Array
from neurovariety.tolerances import FIRST_DAMPING

_LEAST_DAMPING = 1e-13
"""Well above rounding, or a matrix of lower rank stays singular: 1e-15 was not enough where a form does not depend on an input."""
_PATIENCE = 25
_STALLED = 0.98
"""A residual that falls by less than this factor in that many steps is that of a local minimum, or of a target far away."""
_MAX_WEIGHT = 1e6
"""Weights beyond this are on their way to infinity: the target is approached, not reached."""


@np.errstate(all="ignore")  # weights that diverge overflow; such steps are refused below
def levenberg_marquardt(
    map_: PolynomialMap, targets: Array, starts: Array, iterations: int, enough: float, *, sparse: bool = False
) -> tuple[Array, Array]:
    """Weights (batch, N) and residual norms (batch,) after at most ``iterations`` steps for each of the ``starts`` (batch, N).

    ``targets`` (batch, s); a problem whose residual is at most ``enough`` stops, and so does one that stalls or diverges. Where
    ``sparse``, weights that start at zero stay there.
    """
    spend("descents", len(starts), iterations * step_cost(map_))
    weights = starts.copy()
    residual = map_.values(weights) - targets
    norm = np.linalg.norm(residual, axis=1)
    damping = np.full(len(weights), FIRST_DAMPING)
    active = np.flatnonzero(norm > enough)
    before = norm.copy()
    few = map_.parameters < map_.size
    eye = np.eye(min(map_.parameters, map_.size))
    for k in range(1, iterations + 1):
        if not len(active):
            break
        w, r = weights[active], residual[active]
        j = map_.slopes_nearby(w)
        if sparse:
            j *= (starts[active] != 0)[:, None, :]
        # The step -(J^T J + damping)^-1 J^T r = -J^T (J J^T + damping)^-1 r, whichever matrix is smaller.
        scale = np.einsum("bsn,bsn->b", j, j) / max(map_.size, 1) + 1e-30
        turned = j.transpose(0, 2, 1)
        gram = (turned @ j if few else j @ turned) + (damping[active] * scale)[:, None, None] * eye
        if few:
            step = -np.linalg.solve(gram, turned @ r[:, :, None])[:, :, 0]
        else:
            step = -(turned @ np.linalg.solve(gram, r[:, :, None]))[:, :, 0]
        trial = w + step
        fresh = map_.values(trial) - targets[active]
        size = np.linalg.norm(fresh, axis=1)
        better = size < norm[active]
        won = active[better]
        weights[won], residual[won], norm[won] = trial[better], fresh[better], size[better]
        damping[active] = np.clip(np.where(better, damping[active] / 5, damping[active] * 4), _LEAST_DAMPING, 1e12)
        going = (norm[active] > enough) & (damping[active] < 1e10) & (np.abs(weights[active]).max(axis=1) < _MAX_WEIGHT)
        if k % _PATIENCE == 0:
            going &= norm[active] < _STALLED * before[active]
            before[active] = norm[active]
        active = active[going]
    return weights, norm


def step_cost(map_: PolynomialMap) -> int:
    """Roughly the floating-point operations of one step from one start."""
    small, large = sorted((map_.parameters, map_.size))
    return small * small * (large + small) + int(np.count_nonzero(map_.exponents)) * (map_.size + 10)
