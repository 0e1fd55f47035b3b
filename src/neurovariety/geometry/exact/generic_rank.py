"""The generic rank of the Jacobian of a parametrization, over a prime field."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from neurovariety.certificates.ranks import ModularRank
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.jacobians import combined_jacobian, jacobian_matrix
from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import Point
from neurovariety.linear_algebra import accelerator_rank, rank
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import EXTRA_SAMPLES

_COMBINE_FROM = 2**20
"""Jacobians with more entries than this and more than twice as many rows as the rank needs are combined: fewer rows are made."""

_COMBINED_INPUTS = 17
"""Inputs whose outputs are combined, at least: with so many, one in 16 of the rows is to spare when one input is left out."""

_ACCELERATE_FROM = 3000
"""Size of a matrix from which moving it to an accelerator, where there is one, is worth the transfer."""


@dataclass(frozen=True)
class RankTrial:
    """The rank of J at one point over F_p, at ``inputs`` random inputs; ``saturated``: a further input adds nothing.

    ``combined``: how many random combinations of the outputs at each input stand for them (None: the outputs themselves).
    ``shown`` is the certificate of the rank, ``fewer`` that of the rank with one input fewer, where it was asked for.
    """

    prime: int
    rank: int
    inputs: int
    saturated: bool
    projected: bool
    combined: int | None = None
    shown: ModularRank | None = field(default=None, compare=False, repr=False)
    fewer: ModularRank | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, int | bool]:
        return {"prime": self.prime, "rank": self.rank, "inputs": self.inputs, "saturated": self.saturated}


def generic_rank(model: Model, p: int, point: Point, at_most: int, limit: int | None = None) -> RankTrial:
    """The rank of the Jacobian at ``point`` over all inputs, a lower bound of the dimension of the neuromanifold.

    ``at_most`` is a proved upper bound. Inputs are added until the rank reaches it, or until one more generic input adds nothing:
    by genericity the rank gained by each further input never grows, so nothing would be added ever after. Raises `ResourceError`
    with an estimate where the matrix would not fit in memory.
    """
    count = math.ceil(at_most / model.outputs) + EXTRA_SAMPLES
    most = model.parameters + EXTRA_SAMPLES
    while True:
        if model.outputs * count * model.parameters > _COMBINE_FROM and model.outputs * count > 2 * (at_most + EXTRA_SAMPLES):
            quick = _quick_rank(model, p, point, at_most, count, limit)
            if quick is not None:
                return quick
        count, combined = enough_rows(model, at_most, count)
        inputs = point.inputs(model, count)
        shown, projected = shown_rank(model, p, point, inputs, limit, combined)
        found = shown.value
        if found >= at_most:
            return RankTrial(p, found, count, True, projected, combined, shown)
        fewer, _ = shown_rank(model, p, point, inputs[:-1], limit, combined)
        if fewer.value == found or count >= most:
            return RankTrial(p, found, count, fewer.value == found, projected, combined, shown, fewer)
        count = min(2 * count, most)


def _quick_rank(model: Model, p: int, point: Point, at_most: int, count: int, limit: int | None) -> RankTrial | None:
    """The rank where it is ``at_most``, from hardly more rows; None where they do not show it, which says nothing."""
    each = math.ceil((at_most + EXTRA_SAMPLES) / count)
    inputs = point.inputs(model, count)
    factors = np.stack([Groups.draw(point, model.outputs, each).matrix() for _ in range(count)])
    found = rank(combined_jacobian(model, point, inputs, factors, limit), p, overwrite=True)
    if found < at_most:
        return None
    return RankTrial(p, found, count, True, False, each, exact_functions(model).taken(point, inputs, factors, found))


def enough_rows(model: Model, at_most: int, count: int) -> tuple[int, int | None]:
    """How many inputs to take for a rank of at most ``at_most``, given that ``count`` would do, and how many combinations of the
    outputs at each (None: the outputs themselves).

    Where the outputs are many more than the rank needs, k random combinations of them at each of m inputs have the rank
    min(k m, rank of all outputs at m inputs) with high probability: by Rado's theorem it is the least, over all t, of k (m - t) plus
    the rank at t inputs, which is concave in t, so that the least is at t = 0 or t = m. One input fewer leaves more rows than the rank.
    """
    rows = at_most + EXTRA_SAMPLES
    if count * model.outputs * model.parameters <= _COMBINE_FROM or count * model.outputs <= 2 * rows:
        return count, None
    inputs = max(count, _COMBINED_INPUTS)
    each = math.ceil(rows / (inputs - 1))
    return (inputs, each) if each < model.outputs else (count, None)


def rank_at(
    model: Model, p: int, point: Point, inputs: Array, limit: int | None = None, combined: int | None = None
) -> tuple[int, bool]:
    """Rank of J at ``point`` and ``inputs``, or of ``combined`` random combinations of its rows at each, and whether the parameters
    were projected first."""
    shown, projected = shown_rank(model, p, point, inputs, limit, combined)
    return shown.value, projected


def shown_rank(
    model: Model, p: int, point: Point, inputs: Array, limit: int | None = None, combined: int | None = None
) -> tuple[ModularRank, bool]:
    """The same with the certificate of the rank.

    A Jacobian much wider than tall is multiplied by a random matrix with as many columns as it has rows, and a few more; the rank
    cannot grow, and stays with probability at least 1 - 2 / p**9.
    """
    exact = exact_functions(model)
    if combined is not None:
        factors = point.ring.random((len(inputs), combined, model.outputs), point.rng)
        found = rank(combined_jacobian(model, point, inputs, factors, limit), p, overwrite=True)
        return exact.taken(point, inputs, factors, found), False
    matrix, projected = jacobian_matrix(model, p, point, inputs, limit)
    fast = accelerator_rank(matrix, p) if min(matrix.shape) >= _ACCELERATE_FROM else None  # None where there is no accelerator
    found = rank(matrix, p, overwrite=True) if fast is None else fast
    return exact.taken(point, inputs, None, found), projected
