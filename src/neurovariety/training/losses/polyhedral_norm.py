"""Distances whose unit ball is a polytope: sums of absolute errors, largest errors, and transport on a line, with their faces.

On each face of the ball the distance is a linear function, and the face spans a linear space: errors e with k conditions C e = 0, on
which the distance is g e up to sign. A point is stationary if g - C^T m, with the multipliers m of the conditions, is in the ball of
the dual norm: then it is a subgradient of the distance there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num


class Face(NamedTuple):
    """A face of the ball: conditions C e = 0 on errors, and the linear function g that the distance is there."""

    conditions: Float[np.ndarray, "k p"]
    functional: Float[np.ndarray, " p"]


@dataclass(frozen=True, eq=False)
class PolyhedralNorm:
    """The distance of values y (m,) from ``target`` (m,): the ``kind`` of norm, ``l1`` or ``linf``, of e = ``matrix`` (p, m) times
    y - target, divided by ``divisor``; ``fixed`` (q, m) are linear functions of y - target that must be 0."""

    kind: str
    matrix: Float[np.ndarray, "p m"]
    fixed: Float[np.ndarray, "q m"]
    target: Num[np.ndarray, " m"]
    divisor: float = 1.0

    def norm(self, errors: Num[np.ndarray, " p"]) -> float:
        """The norm of errors, not divided."""
        return float(np.abs(errors).sum() if self.kind == "l1" else np.abs(errors).max(initial=0.0))

    def dual(self, functional: Num[np.ndarray, " p"]) -> float:
        """The dual norm of a linear function of the errors."""
        return float(np.abs(functional).max(initial=0.0) if self.kind == "l1" else np.abs(functional).sum())

    def faces(self, conditions: int) -> Iterator[Face]:
        """The faces with so many conditions, one of each pair of opposite ones."""
        p = len(self.matrix)
        if self.kind == "l1":
            for zero in combinations(range(p), conditions):
                rest = [i for i in range(p) if i not in zero]
                for signs in product((1.0, -1.0), repeat=max(len(rest) - 1, 0)):
                    g = np.zeros(p)
                    g[rest] = (1.0, *signs)[: len(rest)]
                    yield Face(np.eye(p)[list(zero)], g)
        else:
            for active in combinations(range(p), conditions + 1):
                for signs in product((1.0, -1.0), repeat=conditions):
                    first = np.eye(p)[active[0]]
                    rows = [s * np.eye(p)[i] - first for i, s in zip(active[1:], signs, strict=True)]
                    yield Face(np.array(rows).reshape(conditions, p), first)

    def number_of_faces(self, most: int) -> int:
        """How many faces have at most so many conditions, opposite ones counted once."""
        p = len(self.matrix)
        if self.kind == "l1":
            return sum(comb(p, k) * 2 ** max(p - k - 1, 0) for k in range(min(most, p - 1) + 1))
        return sum(comb(p, k + 1) * 2**k for k in range(min(most, p - 1) + 1))


def polyhedral_norm(name: str, target: Num[np.ndarray, " m"], mean: bool) -> PolyhedralNorm:
    """The norm of that ``name`` of values around a target; ``mean``: the mean absolute error in place of the sum."""
    m = len(target)
    if name == "wasserstein":
        return PolyhedralNorm("l1", np.tril(np.ones((m, m)))[:-1], np.ones((1, m)), target)
    return PolyhedralNorm(name, np.eye(m), np.zeros((0, m)), target, float(m) if mean and name == "l1" else 1.0)
