"""That training moves at given weights: the gradient of the loss in all weights, in balls over a box of them, does not contain 0.

Nothing else takes a function of a stratum off the list. Where the loss is zero the gradient is too, and no ball excludes it.
"""

from __future__ import annotations

import flint
import numpy as np
from jaxtyping import Float

from neurovariety.certificates.balls import about, precision
from neurovariety.geometry.strata.smaller_models import Stratum
from neurovariety.homotopy.certify import run_balls
from neurovariety.training.critical.problem import CertifiedFunction, TrainingProblem
from neurovariety.training.critical.weight_map import WeightMap
from neurovariety.training.losses.loss import Quadratic

_BITS = 128
_ROUNDED = 2.0**-46
"""Part of the largest entry of a column of residuals by which sums of products in floating point may be off."""

Box = list[flint.acb]


def box_of(point: CertifiedFunction) -> Box:
    """Weights of a smaller network in which the certified function lies."""
    box = [flint.acb(w.real, w.imag) for w in point.weights.tolist()]
    for i, radius in zip(point.free, point.certificates.near[point.row].tolist(), strict=True):
        box[i] = about(box[i], flint.arb(radius))
    return box


def moves(problem: TrainingProblem, loss: Quadratic, stratum: Stratum, box: Box) -> bool:
    """Whether the network, at the weights that a stratum has for a box of weights of the smaller one, is proved not to rest."""
    with precision(_BITS):
        entries = np.empty(len(box), dtype=object)
        entries[:] = box
        return excluded(problem.map, loss, [flint.acb(v) for v in np.asarray(stratum.embed(entries)).tolist()])


def excluded(maps: WeightMap, loss: Quadratic, weights: Box) -> bool:
    """Whether some entry of the gradient at ``weights`` cannot be 0."""
    design, image, constant = _reduced(loss)
    n = maps.model.parameters
    with precision(_BITS):
        values, slopes = run_balls(maps.values, weights), run_balls(maps.slopes, weights)
        slack = [_ROUNDED * float(np.abs(column).max(initial=0.0)) for column in design.T]
        off = [_ROUNDED * float(np.abs(image).max(initial=0.0))] * len(image)
        rows = [
            sum((flint.arb(float(q), s) * c for q, s, c in zip(row, slack, values, strict=True)), flint.acb(flint.arb(-float(v), o)))
            for row, v, o in zip(design, image, off, strict=True)
        ]
        if constant:  # residuals: the gradient on functions is their product with the design
            rows = [
                sum((flint.arb(float(q), s) * r for q, r in zip(column, rows, strict=True)), flint.acb(0))
                for column, s in zip(design.T, slack, strict=True)
            ]
        return any(
            not sum((row[k] * g for row, g in zip(_by_rows(slopes, n), rows, strict=True)), flint.acb(0)).contains(0) for k in range(n)
        )


def _by_rows(slopes: Box, n: int) -> list[Box]:
    return [slopes[i : i + n] for i in range(0, len(slopes), n)]


def _reduced(loss: Quadratic) -> tuple[Float[np.ndarray, "k n"], Float[np.ndarray, " k"], bool]:
    """A matrix and a vector for which M c - v is the residual (True), or, without one, half the gradient on functions."""
    if loss.residual is None or loss.residual.gram is not None:
        return loss.matrix, loss.image, False
    design, offset, _ = loss.residual
    if len(design) <= 2 * design.shape[1] + 2:
        return design, offset, True
    upper = np.asarray(np.linalg.qr(np.column_stack([design, offset]), mode="r"))
    return upper[:, :-1], upper[:, -1], True
