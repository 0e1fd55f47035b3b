"""Walls between chambers: found where numbers change along a grid or a path, refined by bisection, in one batch a step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np
from jaxtyping import Bool, Float, Inexact, Int

from neurovariety.rings.ring import Array
from neurovariety.training.chambers.chambers import Counts, Family
from neurovariety.training.chambers.planes_of_losses import Plane

_FINE = 20
_SHARES = (0.5, 0.37, 0.61)
"""Where numbers are looked at in a stretch; in its middle they may be unclear."""
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
    """Where on a way, from 0 to 1, numbers change, and the numbers before and after, None where they are not known; ``decided`` whether
    nothing unclear lies between."""

    at: float
    real: list[int | None]
    minima: list[int | None]
    decided: bool


class _Stretch(NamedTuple):
    """A part of the way between two places with known and different numbers (real, minima)."""

    low: float
    high: float
    before: tuple[int, int]
    after: tuple[int, int]


def crossings(family: Family, start: Inexact[np.ndarray, " m"], end: Inexact[np.ndarray, " m"], steps: int) -> list[Crossing]:
    """Where numbers change along the segment from ``start`` to ``end``, in order: every change that numbers at two places imply is
    followed up until it is one of neighbours, or the numbers between stay unclear."""

    def count(times: Array) -> list[tuple[int, int] | None]:
        found = family.count_real(start + np.asarray(times).reshape(-1, 1) * (end - start))
        return [(int(r), int(m)) if ok else None for r, m, ok in zip(found.real, found.minima, found.clear, strict=True)]

    times = np.linspace(0.0, 1.0, steps + 1)
    found = count(times)
    clear = [(t, known) for t, known in zip(times.tolist(), found, strict=True) if known is not None]
    if not clear:
        return [_crossing(0.0, 1.0, None, None, decided=False)]
    open_parts = [_Stretch(t, u, a, b) for (t, a), (u, b) in itertools.pairwise(clear) if a != b]
    out = _followed_up(count, open_parts)
    for (t, known), outer, after in ((clear[0], 0.0, False), (clear[-1], 1.0, True)):
        if t != outer:  # numbers at an end of the way are not known: walls may lie there
            out.append(_crossing(min(t, outer), max(t, outer), *((known, None) if after else (None, known)), decided=False))
    return sorted(out, key=lambda c: c["at"])


def _followed_up(count: Callable[[Array], list[tuple[int, int] | None]], stretches: list[_Stretch]) -> list[Crossing]:
    """Stretches halved until they are short; where the middle has third numbers, both halves are followed up."""
    out: list[Crossing] = []
    for _ in range(2 * _FINE):
        if not stretches:
            break
        tried = np.array([[s.low + share * (s.high - s.low) for share in _SHARES] for s in stretches])
        found = count(tried.reshape(-1))
        following: list[_Stretch] = []
        for k, s in enumerate(stretches):
            known = next(((t, v) for t, v in zip(tried[k].tolist(), found[k * len(_SHARES) :], strict=False) if v is not None), None)
            if known is None or s.high - s.low <= 2.0**-_FINE:
                out.append(_crossing(s.low, s.high, s.before, s.after, decided=known is not None))
                continue
            t, state = known
            following += [
                part for part in (s._replace(high=t, after=state), s._replace(low=t, before=state)) if part.before != part.after
            ]
        stretches = following
    return out + [_crossing(s.low, s.high, s.before, s.after, decided=False) for s in stretches]


def _crossing(low: float, high: float, before: tuple[int, int] | None, after: tuple[int, int] | None, *, decided: bool) -> Crossing:
    (real, minima), (real_after, minima_after) = before or (None, None), after or (None, None)
    return {"at": (low + high) / 2, "real": [real, real_after], "minima": [minima, minima_after], "decided": decided}


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
