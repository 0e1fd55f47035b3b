"""Many outputs in a few groups, one random combination each: cheap, and enough where nothing is concluded from a rank that is small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.geometry.exact.points import Point
from neurovariety.rings.ring import Array, Ring


@dataclass(frozen=True, eq=False)
class Groups:
    """Which outputs are in each group, (groups, width), and the ``factors`` they are added with, 0 where a group is shorter."""

    ring: Ring
    outputs: int
    members: Array
    factors: Array

    @classmethod
    def draw(cls, point: Point, outputs: int, groups: int) -> Groups:
        """Every output in one group, at random, with a random factor."""
        width = -(-outputs // groups)
        members = np.zeros(groups * width, dtype=np.int64)
        members[:outputs] = point.rng.permutation(outputs)
        factors = point.ring.random((groups * width,), point.rng)
        factors[outputs:] = point.ring.zeros((1,))[0]
        # The short groups are to be short by one: a group beside the next, not one after another.
        return cls(point.ring, outputs, members.reshape(width, groups).T, factors.reshape(width, groups).T)

    def matrix(self) -> Array:
        """The combinations as rows of a matrix, shape (groups, outputs)."""
        out = self.ring.zeros((len(self.members), self.outputs))
        real = self.outputs > np.arange(self.members.size).reshape(self.members.T.shape).T
        rows = np.broadcast_to(np.arange(len(self.members))[:, None], self.members.shape)
        out[rows[real], self.members[real]] = self.factors[real]
        return out

    def of(self, values: Array) -> Array:
        """The combinations of values (..., outputs): shape (..., groups)."""
        return self.ring.sum(self.ring.multiply(values[..., self.members], self.factors), (values.ndim,))
