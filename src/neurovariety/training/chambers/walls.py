"""Walls between chambers: found where numbers change along a grid or a path, refined by bisection, in one batch a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

import numpy as np
from jaxtyping import Bool, Float, Inexact, Int

from neurovariety.rings.ring import Array
from neurovariety.training.chambers.chambers import Counts, Family
from neurovariety.training.chambers.planes_of_losses import Plane

_FINE = 20
_MOST = 4000
"""Edges of a grid that are refined."""


def refined_walls(
    cut: Plane,
    a: Float[np.ndarray, " side"],
    b: Float[np.ndarray, " side"],
    real: Int[np.ndarray, "side side"],
    minima: Int[np.ndarray, "side side"],
    halvings: int,
) -> list[list[float]]:
    """Points (a, b) of walls: on each edge of the grid whose ends have different numbers, after so many halvings of the edge."""
    state = real * 1000 + minima
    edges = []
    for dy, dx in ((0, 1), (1, 0)):
        here, there = state[: len(b) - dy, : len(a) - dx], state[dy:, dx:]
        known = (real[: len(b) - dy, : len(a) - dx] >= 0) & (real[dy:, dx:] >= 0)
        for y, x in np.argwhere((here != there) & known):
            edges.append(((a[x], b[y]), (a[x + dx], b[y + dy]), state[y, x]))
    edges = edges[:: max(1, len(edges) // _MOST + 1)] if len(edges) > _MOST else edges
    if not edges:
        return []
    low, high = np.array([e[0] for e in edges]), np.array([e[1] for e in edges])
    first = np.array([e[2] for e in edges])
    low, high, clear = _bisected(lambda p: cut.family.count_real(cut.at(p)), low, high, first, halvings)
    middles: list[list[float]] = ((low + high) / 2)[clear].tolist()
    return middles


def _bisected(
    count: Callable[[Array], Counts],
    low: Float[np.ndarray, "edges k"],
    high: Float[np.ndarray, "edges k"],
    first: Int[np.ndarray, " edges"],
    steps: int,
) -> tuple[Float[np.ndarray, "edges k"], Float[np.ndarray, "edges k"], Bool[np.ndarray, " edges"]]:
    """Intervals ever shorter whose low ends have the state ``first`` and whose high ends have not."""
    clear = np.ones(len(low), dtype=bool)
    for _ in range(steps):
        middle = (low + high) / 2
        found = count(middle)
        same = found.real * 1000 + found.minima == first
        clear &= found.clear
        low = np.where(same[:, None], middle, low)
        high = np.where(same[:, None], high, middle)
    return low, high, clear


class Crossing(TypedDict):
    """Where on a way, from 0 to 1, numbers change, and the numbers before and after."""

    at: float
    real: list[int]
    minima: list[int]


def crossings(family: Family, start: Inexact[np.ndarray, " m"], end: Inexact[np.ndarray, " m"], steps: int) -> list[Crossing]:
    """Where numbers change along the segment from ``start`` to ``end``, in order."""

    def count(times: Array) -> Counts:
        return family.count_real(start + times.reshape(-1, 1) * (end - start))

    times = np.linspace(0.0, 1.0, steps + 1)
    found = count(times)
    clear = np.flatnonzero(found.clear)
    state = found.real * 1000 + found.minima
    places = [(clear[k], clear[k + 1]) for k in range(len(clear) - 1) if state[clear[k]] != state[clear[k + 1]]]
    if not places:
        return []
    i, j = (np.array(v) for v in zip(*places, strict=True))
    low, high, _ = _bisected(count, times[i][:, None], times[j][:, None], state[i], _FINE)
    after = count(np.minimum(high, 1.0))
    out: list[Crossing] = []
    for k in range(len(i)):
        at, there = float((low[k, 0] + high[k, 0]) / 2), k if after.clear[k] else None
        real, minima = (after.real[k], after.minima[k]) if there is not None else (found.real[j[k]], found.minima[j[k]])
        out.append({"at": at, "real": [int(found.real[i[k]]), int(real)], "minima": [int(found.minima[i[k]]), int(minima)]})
    return out


def chambers(real: Int[np.ndarray, "side side"], minima: Int[np.ndarray, "side side"]) -> int:
    """The number of connected pieces of a grid in which both numbers are constant; unclear points (-1) belong to none."""
    seen = real < 0
    pieces = 0
    for start in np.argwhere(~seen).tolist():
        if seen[tuple(start)]:
            continue
        pieces += 1
        stack = [tuple(start)]
        seen[tuple(start)] = True
        while stack:
            y, x = stack.pop()
            for p in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                inside = 0 <= p[0] < real.shape[0] and 0 <= p[1] < real.shape[1]
                if inside and not seen[p] and (real[p], minima[p]) == (real[y, x], minima[y, x]):
                    seen[p] = True
                    stack.append(p)
    return pieces
