"""Plateaus: how near a trajectory comes to the functions of smaller networks, and how the rank of the tangent kernel falls there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.dynamics.dynamics import Objective

_RANK = 1e-6
_STARTS = 6


def along(
    goal: Objective, problem: TrainingProblem | None, paths: Float[np.ndarray, "runs times N"], times: Sequence[float]
) -> list[dict[str, object]]:
    """For each trajectory: losses, ranks of the tangent kernel (eigenvalues above 1e-12 of the largest), and relative
    distances in function space to the largest strata of smaller networks (least squares from the weights themselves)."""
    strata = [s for s in strata_of(goal.model, False).strata if s.model is not None] if problem is not None else []
    largest = max((s.model.parameters for s in strata if s.model is not None), default=0)
    strata = [s for s in strata if s.model is not None and s.model.parameters == largest]
    rng = np.random.default_rng(0)
    out: list[dict[str, object]] = []
    for path in paths:
        fine = np.isfinite(path).all(axis=1)
        if not fine.all():
            continue
        singular = np.linalg.svd(goal.jacobians(path), compute_uv=False)
        ranks = (singular > _RANK * singular.max(axis=1, keepdims=True)).sum(axis=1)
        distances = None
        if strata and problem is not None:
            values = problem.map.at(path + 0j)
            distances = []
            for w, value in zip(path, values, strict=True):
                best = np.inf
                for stratum in strata:
                    starts = np.vstack([w[None], w + 0.3 * rng.normal(size=(_STARTS - 1, len(w)))])
                    starts[:, list(stratum.dead)] = 0
                    _, off = problem.map.fit(value, starts, 60, held=stratum.dead)
                    best = min(best, float(off.min()))
                distances.append(best / max(float(np.linalg.norm(value)), 1e-12))
        out.append(
            {
                "times": list(times),
                "losses": goal.losses(path).tolist(),
                "kernel_rank": ranks.tolist(),
                "distance_to_smaller_networks": distances,
            }
        )
    return out
