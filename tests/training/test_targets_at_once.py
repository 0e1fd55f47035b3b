"""Many targets at once: what meets is seen, and a loss without a target is asked at a size of its own."""

from __future__ import annotations

import numpy as np

import neurovariety as nv
from neurovariety.budget import within
from neurovariety.training.chambers.chambers import meeting


def test_points_that_meet_or_are_not_finite_are_marked() -> None:
    values = np.array([[[1.0, 5.0], [2.0, 0.0], [1.0, 5.0]], [[1.0, 0.0], [1.0, 1.0], [np.nan, 0.0]]]) + 0j
    assert meeting(values).tolist() == [[True, False, True], [False, False, True]]
    assert meeting(values[:, :1]).tolist() == [[False], [False]]


def test_limits_beside_affine_functions_lose_no_paths() -> None:
    """At targets of a thousandth of the weights that a chart holds at 1, these critical functions are ill-conditioned: 452 of 776 paths
    were lost, and the loops began ever anew."""
    with within() as budget:
        nv.implicit_bias("mlp(3,2,1; x^2; bias)", targets=10, flow_targets=1, runs=1)
    assert budget.done["paths"] < 4_000
