"""Cells of a subdivision as arrays that grow: rays, cells as lists of rays, and the hyperplanes on which rays lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurovariety.beyond.piecewise.cut_kernel import crossed_cells, cut_edges, loop, pairs_of_sides, parts
from neurovariety.certificates.digit_sums import table_of
from neurovariety.errors import ResourceError

_MOST_PAIRS = 10**11
"""Words that are compared for pairs of rays: some minutes."""


_ARRAYS = ("pool", "starts", "sizes", "zeros")


class GrowingRows:
    """An array to which rows are appended."""

    def __init__(self, rows: np.ndarray) -> None:
        self._store, self._count = rows, len(rows)

    @property
    def rows(self) -> np.ndarray:
        """The rows so far; writing to them writes to the array."""
        return self._store[: self._count]

    def append(self, more: np.ndarray) -> None:
        """Add rows at the end."""
        count = self._count + len(more)
        if count > len(self._store):
            store = np.empty((2 * count, *self._store.shape[1:]), dtype=self._store.dtype)
            store[: self._count] = self.rows
            self._store = store
        self._store[self._count : count] = more
        self._count = count


@dataclass(frozen=True)
class CutEdges:
    """Edges that a form cuts, from a ray ``up`` where it is positive to one ``down`` where it is negative, with the ``parent`` of a
    cell at each; the rays on them where it is 0 are numbered from ``first`` on."""

    up: np.ndarray
    down: np.ndarray
    parent: np.ndarray
    first: int


class CutCells:
    """Cells that are cut by one form after another.

    Rays are appended by who computes them; cell c has the rays ``pool[starts[c] : starts[c] + sizes[c]]``, in any order, and lies
    in the cell ``parents[c]`` of an earlier subdivision.
    """

    def __init__(self, rays: Sequence[tuple[int, ...]], cells: Sequence[Sequence[int]], hyperplanes: int) -> None:
        self._rays = GrowingRows(table_of(rays, len(rays[0])))
        sizes = np.array([len(c) for c in cells], dtype=np.int64)
        self._pool = GrowingRows(np.array([v for c in cells for v in c], dtype=np.int64))
        self._starts, self._sizes = GrowingRows(np.cumsum(sizes) - sizes), GrowingRows(sizes)
        self._zeros = GrowingRows(np.zeros((len(rays), -(-max(hyperplanes, 1) // 64)), dtype=np.uint64))
        self._marked = self._pairs = 0
        self.parents = GrowingRows(np.arange(len(cells)))

    def state(self) -> dict[str, np.ndarray]:
        """All but the rays as arrays, from which `go_on` continues."""
        rows = {name: getattr(self, f"_{name}").rows for name in _ARRAYS}
        return rows | {"parents": self.parents.rows, "counts": np.array([self._marked, self._pairs], dtype=np.int64)}

    @property
    def rays(self) -> np.ndarray:
        """(rays, coordinates) whole numbers."""
        return self._rays.rows

    def append(self, rays: np.ndarray) -> None:
        """Add the rays that the last cut has made."""
        self._rays.append(rays)

    def go_on(self, rays: Sequence[tuple[int, ...]], state: Mapping[str, np.ndarray]) -> None:
        """Continue from what `state` gave. Raises `ValueError` where that does not fit together."""
        pool, starts, sizes, zeros, parents = (state[name] for name in (*_ARRAYS, "parents"))
        alike = all(a.dtype == b.dtype and a.ndim == b.ndim for name, b in self.state().items() for a in (state[name],))
        fits = alike and len(starts) == len(sizes) == len(parents) > 0 and len(rays[0]) == self.rays.shape[1]
        fits = fits and len(rays) == len(zeros) and zeros.shape[1] == self._zeros.rows.shape[1] and sizes.min() > 0 <= parents.min()
        if not fits or starts.min() < 0 or (starts + sizes).max() > len(pool) or pool.min() < 0 or pool.max() >= len(rays):
            raise ValueError("these are no cells of that kind")
        self._rays = GrowingRows(table_of(rays, len(rays[0])))
        for name in _ARRAYS:
            setattr(self, f"_{name}", GrowingRows(state[name]))
        self.parents = GrowingRows(state["parents"])
        self._marked, self._pairs = state["counts"].tolist()

    def some(self, most: int) -> list[list[list[int]]]:
        """The rays of the first cells, also between two steps of a cut, when cells name rays that are not there yet: these are left
        out."""
        pool, rays = self._pool.rows, self.rays.tolist()
        ends = zip(self._starts.rows[:most].tolist(), self._sizes.rows[:most].tolist(), strict=False)
        named = [pool[a : a + size].tolist() for a, size in ends]
        return [[rays[v] for v in cell] for cell in named if cell and max(cell) < len(rays)]

    def __len__(self) -> int:
        return len(self._sizes.rows)

    def mark(self, side: np.ndarray) -> None:
        """Note on which rays a form vanishes of which no cell has both signs."""
        word, bit = divmod(self._marked, 64)
        self._zeros.rows[side == 0, word] |= np.uint64(1 << bit)
        self._marked += 1

    def split(self, side: np.ndarray, most: int) -> CutEdges:
        """Cut every cell on which a form has both signs; its edges that are cut.

        Raises `ResourceError` where there would be more than ``most`` cells, or too many pairs of rays to look for edges among.
        """
        pool, starts, sizes, zeros = self._pool.rows, self._starts.rows, self._sizes.rows, self._zeros.rows
        many = int(sizes.sum())
        crossed = loop(crossed_cells, many)(pool, starts, sizes, side)
        if len(starts) + len(crossed) > most:
            raise ResourceError(f"there are more than {most:,} regions; ask for those of a box, or raise limit=")
        self._pairs += int(loop(pairs_of_sides, many)(pool, starts, sizes, crossed, side))
        if self._pairs * zeros.shape[1] > _MOST_PAIRS:
            raise ResourceError(
                f"{len(starts):,} pieces in {self.rays.shape[1] - 1} dimensions have so many corners that finding their edges would "
                "take hours; ask for a box or a network of fewer inputs"
            )
        edges = loop(cut_edges, many)(pool, starts, sizes, crossed, side, zeros, self.rays.shape[1] - 2)
        count = len(zeros)
        names, first_at, which = np.unique(edges[:, 1] * count + edges[:, 2], return_index=True, return_inverse=True)
        made, ends = loop(parts, many)(pool, starts, sizes, crossed, side, edges[:, 0], which.reshape(-1) + count)
        p, q = names // count, names % count
        self._zeros.append(zeros[p] & zeros[q])
        self.mark(np.concatenate([side, np.zeros(len(p), dtype=side.dtype)]))
        first = len(pool) + ends[:-1]
        self._pool.append(made)
        self._starts.rows[crossed], self._sizes.rows[crossed] = first[::2], np.diff(ends)[::2]
        self._starts.append(first[1::2])
        self._sizes.append(np.diff(ends)[1::2])
        self.parents.append(self.parents.rows[crossed])
        self._compact()
        return CutEdges(p, q, self.parents.rows[edges[first_at, 0]], count)

    def _compact(self) -> None:
        """Leave out what belongs to no cell any more, once that is most of the pool."""
        if len(self._pool.rows) > 4 * int(self._sizes.rows.sum()):
            starts, members = self.listed()
            self._pool, self._starts = GrowingRows(members), GrowingRows(starts[:-1].copy())

    def listed(self) -> tuple[np.ndarray, np.ndarray]:
        """Starts and members of all cells, one after another, each ascending."""
        sizes = self._sizes.rows
        starts = np.concatenate([[0], np.cumsum(sizes)])
        cell = np.repeat(np.arange(len(sizes)), sizes)
        members = self._pool.rows[np.repeat(self._starts.rows - starts[:-1], sizes) + np.arange(starts[-1])]
        order: Any = np.argsort(cell * (len(self._zeros.rows) + 1) + members, kind="stable")
        return starts, members[order]
