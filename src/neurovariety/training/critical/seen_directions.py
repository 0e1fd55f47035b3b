"""How many directions on a variety of functions a loss sees: those in which it grows quadratically from a general function."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from neurovariety.certificates.issue import Verdict
from neurovariety.geometry.invariants.rank_at_data import rank_at_data
from neurovariety.progress import quietly
from neurovariety.training.losses.loss import Form, SquaredError
from neurovariety.training.losses.training_task import TrainingTask


class SeenDirections(TypedDict):
    """What a loss sees of a variety: the rank of its quadric (None: full) and how many directions."""

    rank: int | None
    directions: int


def seen_directions(task: TrainingTask, dim: int, seed: int) -> tuple[SeenDirections, Verdict | None]:
    """Rank of the quadric, and how many directions on the variety the loss sees, with what is shown of these at data."""
    if isinstance(task.loss, SquaredError):
        kept = task.loss.inputs[task.loss.weights > 0]
        found = quietly(rank_at_data, task.model, kept.reshape(len(kept), -1), seed=seed)
        return {"rank": found.quadric_rank, "directions": found.jacobian_rank}, found.jacobian
    if isinstance(task.loss, Form):
        rank = int(np.linalg.matrix_rank(np.asarray(task.loss.matrix, dtype=np.float64)))
        return {"rank": rank, "directions": min(rank, dim)}, None
    return {"rank": None, "directions": dim}, None
