"""Distances whose unit ball is a polytope: sums of absolute errors, largest errors, and transport on a line, with their faces.

On each face of the ball the distance is a linear function, and the face spans a linear space: errors e with k conditions C e = 0, on
which the distance is g e up to sign. A point is stationary if g - C^T m, with the multipliers m of the conditions, is in the ball of
the dual norm: then it is a subgradient of the distance there. Whether errors are on the face, and whether such a functional is in the
relative interior of the dual face, are signs of finitely many numbers; where these are known within radii, some may stay open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num

Reals = Float[np.ndarray, "*any"]


def all_positive(numbers: Reals, radii: Reals) -> bool | None:
    """Whether all of the numbers, each known within a radius, are positive; None where that stays open, at exactly 0 always."""
    if (numbers < -radii).any():
        return False
    return True if (numbers > radii).all() else None


def signs_of(along: float, radii: Reals) -> tuple[float, ...]:
    """The signs that a sum of numbers within ``radii`` may have, with 1 or -1 in front of each at most."""
    return (1.0, -1.0) if abs(along) <= radii.sum() else (float(np.sign(along)),)


def either(answers: list[bool | None]) -> bool | None:
    """False where all are, the one answer where there is one, else None."""
    if all(answer is False for answer in answers):
        return False
    return answers[0] if len(answers) == 1 else None


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

    def on_face(self, face: Face, errors: Reals, radii: Reals) -> bool | None:
        """Whether errors, known within ``radii``, that meet the conditions are in the relative interior of the cone of a face or of
        the opposite one; False where they are not in the cone at all, None where neither is shown."""
        along = float(face.functional @ errors)
        places = self._met(face)
        if self.kind == "l1":
            signed = face.functional * errors
            return either([all_positive(sign * signed[~places], radii[~places]) for sign in signs_of(along, radii)])
        slack = abs(along) - np.abs(errors[~places])
        return all_positive(slack, radii[~places] + np.abs(face.functional) @ radii)

    def inside(self, face: Face, multipliers: Reals, radii: Reals) -> bool | None:
        """Whether g - C^T m is in the relative interior of the dual face; False where it is not in the dual ball, None where neither
        is shown."""
        if self.kind == "l1":
            return all_positive(1 - np.abs(multipliers), radii)
        shares = np.concatenate([[1 + multipliers.sum()], -multipliers])
        return all_positive(shares, np.concatenate([[radii.sum()], radii]))

    def support(self) -> Float[np.ndarray, "vertices p"] | None:
        """The functionals whose largest value the distance is; None for sums of absolute values, which have too many."""
        return None if self.kind == "l1" else np.vstack([np.eye(len(self.matrix)), -np.eye(len(self.matrix))])

    def _met(self, face: Face) -> Bool[np.ndarray, " p"]:
        """The errors that the conditions are on: 0, or as large as the largest."""
        conditions = np.abs(face.conditions).sum(axis=0) > 0
        return conditions if self.kind == "l1" else conditions | (face.functional != 0)

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
