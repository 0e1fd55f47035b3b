"""The loops of a subdivision: which cells a form cuts, on which edges, and into which parts.

They are compiled for many cells only, since numba itself takes longer to load than few cells take without it.

Cells are lists of rays in one ``pool``: cell c has ``pool[starts[c] : starts[c] + sizes[c]]``. ``side`` is the sign of the form at each
ray, and ``zeros`` (rays, words) the sets of hyperplanes on which it lies, as bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, no_type_check

import numpy as np

_FEW = 2**12
"""Rays of all cells together up to which nothing is compiled."""


_READY: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Functions that were compiled."""


def loop(function: Callable[..., Any], rays: int) -> Callable[..., Any]:
    """One of the functions below, compiled where cells have many rays together, or it was compiled before."""
    if function in _READY:
        return _READY[function]
    if rays <= _FEW:
        return function
    from neurovariety.compiled import compiled

    _READY[function] = compiled(function)
    return _READY[function]


@no_type_check
def crossed_cells(pool, starts, sizes, side):
    """The cells on which a form has both signs."""
    found = np.empty(len(starts), np.int64)
    count = 0
    for c in range(len(starts)):
        up = down = False
        for i in range(starts[c], starts[c] + sizes[c]):
            if side[pool[i]] > 0:
                up = True
            elif side[pool[i]] < 0:
                down = True
            if up and down:
                found[count] = c
                count += 1
                break
    return found[:count].copy()


@no_type_check
def pairs_of_sides(pool, starts, sizes, crossed, side):
    """How many pairs of rays of cells lie on different sides of a form: so many may be edges."""
    total = 0
    for c in crossed:
        up = down = 0
        for i in range(starts[c], starts[c] + sizes[c]):
            if side[pool[i]] > 0:
                up += 1
            elif side[pool[i]] < 0:
                down += 1
        total += up * down
    return total


@no_type_check
def cut_edges(pool, starts, sizes, crossed, side, zeros, enough):
    """The edges (cell, p, q) of cells between a ray p on the positive and a ray q on the negative side: their common hyperplanes,
    ``enough`` for a line, have no third ray of the cell."""
    words = zeros.shape[1]
    common, one = np.empty(words, np.uint64), np.uint64(1)
    found = np.empty((1024, 3), np.int64)
    count = 0
    for c in crossed:
        first, last = starts[c], starts[c] + sizes[c]
        for i in range(first, last):
            p = pool[i]
            if side[p] <= 0:
                continue
            for k in range(first, last):
                q = pool[k]
                if side[q] >= 0:
                    continue
                shared = 0
                for w in range(words):
                    common[w] = zeros[p, w] & zeros[q, w]
                    word = common[w]
                    while word:
                        word &= word - one
                        shared += 1
                if shared < enough:
                    continue
                third = False
                for m in range(first, last):
                    if m in (i, k):
                        continue
                    third = True
                    for w in range(words):
                        if zeros[pool[m], w] & common[w] != common[w]:
                            third = False
                            break
                    if third:
                        break
                if third:
                    continue
                if count == len(found):
                    more = np.empty((2 * count, 3), np.int64)
                    more[:count] = found
                    found = more
                found[count, 0], found[count, 1], found[count, 2] = c, p, q
                count += 1
    return found[:count].copy()


@no_type_check
def parts(pool, starts, sizes, crossed, side, edge_cells, edge_rays):
    """Both parts of each cell that is cut, the positive one first, as a pool with starts: rays of that side, those where the form is 0,
    and those on edges (cell by cell, in the order of ``crossed``)."""
    total = 2 * len(edge_rays)
    for c in crossed:
        total += 2 * sizes[c]
    made, ends = np.empty(total, np.int64), np.zeros(2 * len(crossed) + 1, np.int64)
    at = edge = 0
    for x in range(len(crossed)):
        c = crossed[x]
        stop = edge
        while stop < len(edge_cells) and edge_cells[stop] == c:
            stop += 1
        for s in range(2):
            sign = 1 - 2 * s
            for i in range(starts[c], starts[c] + sizes[c]):
                if side[pool[i]] * sign >= 0:
                    made[at] = pool[i]
                    at += 1
            for e in range(edge, stop):
                made[at] = edge_rays[e]
                at += 1
            ends[2 * x + s + 1] = at
        edge = stop
    return made[:at].copy(), ends
