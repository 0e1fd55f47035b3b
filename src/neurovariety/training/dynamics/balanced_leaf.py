"""Balanced weights: those at which every conserved quantity found is zero, and the leaf on which training moves from there.

The leaf has as many dimensions as there are weights less the rank of the laws' differentials; since gradients of the coefficients are
orthogonal to these, functions move in as many directions on it as the Jacobian has rank. Real balanced weights are found by Newton's
iteration from random ones, and ranks at them are numerical, with their gap told: an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neurovariety.geometry.exact.gradient_fields import Polynomial, VectorField
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.tolerances import NUMERICAL_RANK

_STARTS, _STEPS = 12, 60
_ZERO = 1e-12
_LEAST = 1e-2
"""Weights that shrink below this on the way are taken to end at 0, where all is balanced and nothing moves."""


class Leaf(NamedTuple):
    """``dimension`` of the leaf; ``functions``: directions in which functions move on it; ``gap``: the least singular value kept over
    the largest dropped, in the two ranks."""

    dimension: int
    functions: int
    gap: float


def balanced_leaf(laws: Sequence[Polynomial], fields: Sequence[VectorField], n: int, rng: np.random.Generator) -> Leaf | None:
    """The leaf through balanced weights other than 0, along the gradient ``fields``; None where none were found."""
    h, c = PolynomialValues(laws, n), PolynomialValues([component for field in fields for component in field], n)
    best: tuple[int, int, float] | None = None
    for _ in range(_STARTS):
        w = _balanced(h, rng.normal(size=n))
        if w is None:
            continue
        (fixed, one), (moving, other) = _rank(h.slopes(w)), _rank(c.values(w).reshape(-1, n))
        if best is None or moving > best[1]:
            best = n - fixed, moving, min(one, other)
    if best is None:
        return None
    return Leaf(*best)


def _balanced(laws: PolynomialValues, w: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"] | None:
    """The zero of the laws that Newton's iteration with least steps finds from w; None where it finds none but 0."""
    for _ in range(_STEPS):
        values = laws.values(w)
        if np.abs(values).max(initial=0.0) <= _ZERO:
            return w if np.abs(w).max() > _LEAST else None
        w = w - np.linalg.lstsq(laws.slopes(w), values, rcond=NUMERICAL_RANK)[0]
        if not np.isfinite(w).all() or np.abs(w).max() < _LEAST:
            return None
    return None


def _rank(matrix: Float[np.ndarray, "rows N"]) -> tuple[int, float]:
    """The numerical rank of a matrix, and the gap that tells it."""
    values = np.linalg.svd(matrix, compute_uv=False)
    rank = int((values > NUMERICAL_RANK * values.max(initial=1e-300)).sum())
    dropped = max(float(values[rank]), 1e-16 * float(values[0])) if rank < len(values) else 1e-16 * float(values.max(initial=1e-300))
    return rank, float(values[rank - 1]) / dropped if rank else float("inf")
