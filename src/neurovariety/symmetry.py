"""Symmetries of a parametrization as data: groups that act on axes of parameter blocks and leave every function unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Kind(StrEnum):
    """What acts: invertible diagonal matrices, all invertible matrices, or permutation matrices."""

    TORUS = "torus"
    GENERAL_LINEAR = "general linear"
    PERMUTATION = "permutation"


@dataclass(frozen=True)
class AxisAction:
    """A group of size x size matrices acting on axes of named parameter blocks.

    ``axes`` lists (block, axis, weight). For a torus, entry i along the axis is multiplied by t_i ** weight. For the general
    linear group, weight +1 is the action of g and -1 that of its inverse transpose. For permutations the weight is 1. An axis of
    None multiplies the whole block (then ``size`` is 1). ``name`` says it in words.
    """

    kind: Kind
    size: int
    axes: tuple[tuple[str, int | None, int], ...]
    name: str

    @property
    def finite(self) -> bool:
        """Whether the group is finite."""
        return self.kind is Kind.PERMUTATION

    @property
    def dimension(self) -> int:
        """Dimension of the group (not of its orbits, which may be smaller)."""
        return {Kind.TORUS: self.size, Kind.GENERAL_LINEAR: self.size**2, Kind.PERMUTATION: 0}[self.kind]

    def generators(self) -> list[tuple[int, int]]:
        """Index pairs (i, j) of the matrix units E_ij that span the Lie algebra."""
        if self.kind is Kind.TORUS:
            return [(i, i) for i in range(self.size)]
        if self.kind is Kind.GENERAL_LINEAR:
            return [(i, j) for i in range(self.size) for j in range(self.size)]
        return []

    def field(self, generator: tuple[int, int], blocks: Mapping[str, Array]) -> dict[str, Array]:
        """The vector field of a generator at the point ``blocks``, for the blocks it touches.

        The entries are those of ``blocks`` times small integers, so the arrays may belong to any ring that stores its elements
        in NumPy arrays with ``*`` by ints; callers over F_p reduce the result.
        """
        i, j = generator
        out: dict[str, Array] = {}
        for block, axis, weight in self.axes:
            values = blocks[block]
            if axis is None:
                out[block] = out.get(block, 0) + weight * values
                continue
            change = np.zeros_like(values)
            to, origin, sign = (i, j, weight) if weight > 0 or i == j else (j, i, weight)
            place, take = (_at(values.ndim, axis, k) for k in (to, origin))
            change[place] = sign * values[take]
            out[block] = out[block] + change if block in out else change
        return out


def _at(ndim: int, axis: int, index: int) -> tuple[Any, ...]:
    return tuple(index if k == axis else slice(None) for k in range(ndim))
