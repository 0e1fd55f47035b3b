"""Sets of points in C^k that are told apart up to rounding, by a hash of a grid."""

from __future__ import annotations

import numpy as np

from neurovariety.homotopy.arrays import Complexes

_LARGEST = 1000
"""Points larger than 2^1000 share a grid: beyond lies the end of float64."""


class DistinctPoints:
    """Points, each kept once: two are the same where they differ by less than ``tolerance`` times their size.

    The first coordinate is hashed on a grid of cells ten times as wide; a point is compared with those in its own cell and the eight
    around. Give points whose first coordinate is a general linear function of what matters.
    """

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.points: list[Complexes] = []
        self._cells: dict[tuple[int, int, int], list[int]] = {}

    def __len__(self) -> int:
        return len(self.points)

    def find(self, point: Complexes) -> int | None:
        """The number of a point that is there, or None."""
        for level, re, im in self._places(point):
            for i in (-1, 0, 1):
                for j in (-1, 0, 1):
                    for k in self._cells.get((level, re + i, im + j), ()):
                        other = self.points[k]
                        if np.abs(point - other).max() <= self.tolerance * max(np.abs(point).max(), np.abs(other).max()):
                            return k
        return None

    def add(self, point: Complexes) -> tuple[int, bool]:
        """The number of the point, and whether it is new."""
        found = self.find(point)
        if found is not None:
            return found, False
        self.points.append(point)
        for cell in self._places(point):
            self._cells.setdefault(cell, []).append(len(self.points) - 1)
        return len(self.points) - 1, True

    def _places(self, point: Complexes) -> list[tuple[int, int, int]]:
        """The cells of a point on grids of width proportional to its size; near a change of scale, on both grids."""
        exponent = np.log2(max(float(np.abs(point).max()), 1e-300))
        levels = {int(np.floor(exponent - 1e-3)), int(np.floor(exponent + 1e-3))}
        places = []
        for level in sorted(levels):
            width = 10 * self.tolerance * 2.0 ** min(level + 1, _LARGEST)
            places.append((level, int(np.floor(point[0].real / width)), int(np.floor(point[0].imag / width))))
        return places


def hashed(point: Complexes) -> Complexes:
    """A point with a general linear function of it in front, as `DistinctPoints` wants it."""
    k = np.arange(len(point))
    return np.concatenate([[point @ (np.cos(1.0 + k) + 1j * np.sin(2.0 + 1.7 * k))], point])
