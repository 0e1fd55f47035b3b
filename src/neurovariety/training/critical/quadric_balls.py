"""A loss on the coordinates of a problem in balls: its quadric, whether that is definite, losses of weights, and the least of all."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.balls import precision
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.homotopy.certify import run_balls
from neurovariety.training.critical.weight_map import WeightMap
from neurovariety.training.losses.exact_products import Coefficients, exact_products
from neurovariety.training.losses.loss import Loss
from neurovariety.training.losses.loss_ball import loss_ball
from neurovariety.training.losses.whitened import BITS

MOST_COORDINATES = 48
"""For linear algebra in balls: a fraction of a second."""
Numbers = list[flint.arb]


@runtime_checkable
class NamedCoordinates(Protocol):
    """Which coordinates functions have, and those that no weight changes."""

    @property
    def terms(self) -> tuple[Term, ...]: ...
    @property
    def fixed(self) -> tuple[tuple[Term, float], ...]: ...


@runtime_checkable
class OnCoordinates(NamedCoordinates, Protocol):
    """The same with the map from all weights."""

    @property
    def map(self) -> WeightMap: ...


def coefficients_at(problem: OnCoordinates, values: Numbers) -> Coefficients:
    """The coefficients of a real function with these coordinates."""
    found = {(o, e): v / flint.arb(s) for (o, e, s), v in zip(problem.terms, values, strict=True)}
    return found | {(o, e): flint.arb(v) / flint.arb(s) for (o, e, s), v in problem.fixed}


def bounds_at(problem: OnCoordinates, loss: Loss, weights: tuple[float, ...]) -> tuple[float, float]:
    """Bounds of the loss of real weights."""
    with precision(BITS):
        values = run_balls(problem.map.values, [flint.acb(float(w)) for w in weights])
        return loss_ball(loss, coefficients_at(problem, [v.real for v in values]))


def quadric(problem: OnCoordinates, loss: Loss) -> flint.arb_mat | None:
    """The matrix on the coordinates; None where these are too many."""
    if not 0 < len(problem.terms) <= MOST_COORDINATES:
        return None
    products = exact_products(loss)
    with precision(BITS):
        return flint.arb_mat(
            [[products.pair((o, e), (p, f)) / flint.arb(s * t) for p, f, t in problem.terms] for o, e, s in problem.terms]
        )


def is_definite(problem: OnCoordinates, loss: Loss) -> bool:
    """Whether all pivots of the matrix are shown to be positive."""
    matrix = quadric(problem, loss)
    if matrix is None:
        return False
    n = matrix.nrows()
    with precision(BITS):
        rows = [[matrix[i, k] for k in range(n)] for i in range(n)]
        for k in range(n):
            if not rows[k][k] > 0:
                return False
            for i in range(k + 1, n):
                share = rows[i][k] / rows[k][k]
                rows[i] = [a - share * b for a, b in zip(rows[i], rows[k], strict=True)]
    return True


def least_of_span(problem: OnCoordinates, loss: Loss) -> flint.arb | None:
    """A lower bound of the losses of all functions with these coordinates; None where the loss is not shown to be definite."""
    matrix = quadric(problem, loss)
    if matrix is None or not is_definite(problem, loss):
        return None
    with precision(BITS):
        products = exact_products(loss)
        fixed = [((o, e), flint.arb(value) / flint.arb(s)) for (o, e, s), value in problem.fixed]
        image = [
            (products.against((o, e)) - sum((v * products.pair((o, e), a) for a, v in fixed), flint.arb(0))) / flint.arb(s)
            for o, e, s in problem.terms
        ]
        try:
            best = matrix.solve(flint.arb_mat(len(image), 1, image)).entries()
        except ZeroDivisionError:
            return None
        return flint.arb(loss_ball(loss, coefficients_at(problem, best))[0])
