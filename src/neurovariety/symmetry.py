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

    @property
    def generators(self) -> int:
        """Number of matrix units E_ij that span the Lie algebra (0 for a finite group)."""
        return self.dimension

    def entries(self, places: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
        """The infinitesimal action as sparse linear vector fields on the flat parameter vector.

        ``places`` gives, for each block, the positions of its entries in the flat vector, as an integer array of the block's
        shape. Returns four integer arrays of one length (generator, target, source, value): the field of generator g has
        component value * w[source] in the direction target, summed over the rows with that g.
        """
        rows: list[tuple[Array, Array, Array, Array]] = []
        for block, axis, weight in self.axes:
            here = places[block] if axis is None else np.moveaxis(places[block], axis, 0)
            flat = here.reshape(self.size, -1) if axis is not None else here.reshape(1, -1)
            width = flat.shape[1]
            if self.kind is Kind.TORUS or axis is None:
                generator = np.repeat(np.arange(len(flat)), width)
                rows.append((generator, flat.reshape(-1), flat.reshape(-1), np.full(flat.size, weight)))
            elif self.kind is Kind.GENERAL_LINEAR:
                i, j = (g.reshape(-1) for g in np.divmod(np.arange(self.size**2), self.size))
                to, origin = (i, j) if weight > 0 else (j, i)
                generator = np.repeat(np.arange(self.size**2), width)
                rows.append((generator, flat[to].reshape(-1), flat[origin].reshape(-1), np.full(len(generator), weight)))
        if not rows:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty, empty
        generator, target, source, value = (np.concatenate(column) for column in zip(*rows, strict=True))
        return generator, target, source, value
