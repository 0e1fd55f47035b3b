"""Sets of points in C^k that are told apart up to rounding, by a hash of a grid."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log2

import numpy as np

from neurovariety.homotopy.arrays import Complexes

_LARGEST = 1000
"""Points larger than 2^1000 share a grid: beyond lies the end of float64."""

_Cell = tuple[int, int, int]


class DistinctPoints:
    """Points, each kept once: two are the same where they differ by less than ``tolerance`` times their size.

    The first coordinate is hashed on a grid of cells ten times as wide; a point is compared with those in its own cell and the eight
    around. Give points whose first coordinate is a general linear function of what matters.
    """

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.points: list[Complexes] = []
        self._sizes: list[float] = []
        self._cells: dict[_Cell, list[int]] = {}

    def __len__(self) -> int:
        return len(self.points)

    def find(self, point: Complexes) -> int | None:
        """The number of a point that is there, or None."""
        size = float(np.abs(point).max())
        return self._among(point, size, self._places(complex(point[0]), size))

    def add(self, point: Complexes) -> tuple[int, bool]:
        """The number of the point, and whether it is new."""
        return self.add_all(point[None])[0]

    def add_all(self, points: Complexes) -> list[tuple[int, bool]]:
        """The numbers of points (P, k), and which are new."""
        sizes: list[float] = np.abs(points).max(axis=1, initial=0.0).tolist()
        return [self._added(x, size, self._places(z, size)) for x, z, size in zip(points, points[:, 0].tolist(), sizes, strict=True)]

    def _added(self, point: Complexes, size: float, places: list[_Cell]) -> tuple[int, bool]:
        found = self._among(point, size, places)
        if found is not None:
            return found, False
        self.points.append(point)
        self._sizes.append(size)
        for cell in places:
            self._cells.setdefault(cell, []).append(len(self.points) - 1)
        return len(self.points) - 1, True

    def _among(self, point: Complexes, size: float, places: Iterable[_Cell]) -> int | None:
        for level, re, im in places:
            for i in (-1, 0, 1):
                for j in (-1, 0, 1):
                    for k in self._cells.get((level, re + i, im + j), ()):
                        if np.abs(point - self.points[k]).max() <= self.tolerance * max(size, self._sizes[k]):
                            return k
        return None

    def _places(self, first: complex, size: float) -> list[_Cell]:
        """The cells of a point on grids of width proportional to its size; near a change of scale, on both grids."""
        exponent = log2(max(size, 1e-300))
        places = []
        for level in sorted({floor(exponent - 1e-3), floor(exponent + 1e-3)}):
            width = 10 * self.tolerance * 2.0 ** min(level + 1, _LARGEST)
            places.append((level, floor(first.real / width), floor(first.imag / width)))
        return places


def hashed(point: Complexes) -> Complexes:
    """A point with a general linear function of it in front, as `DistinctPoints` wants it."""
    k = np.arange(len(point))
    return np.concatenate([[point @ (np.cos(1.0 + k) + 1j * np.sin(2.0 + 1.7 * k))], point])
