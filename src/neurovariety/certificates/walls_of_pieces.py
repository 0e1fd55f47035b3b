"""Walls between what a piecewise linear network does: where two of its outputs are equal, and where its gradient jumps.

A wall is what a form is 0 on within the cone of some rays. Where a network with one output is 0, or two outputs are equal, on a cell,
the form is their difference there, and the rays are those of the cell. Where the gradient jumps, the rays are those of a facet, on
which the affine functions of both sides agree, and the form is a difference of these that is not 0 everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from neurovariety.certificates.affine_pieces import AffinePieces


@dataclass(frozen=True, eq=False)
class Walls:
    """Wall w is where ``forms[w]`` (1 + inputs whole numbers) is 0 in the cone of the rays ``members[w]``; there the outputs
    ``pairs[w]``
    are equal, the second being -1 for one output and 0, or the gradient jumps and both are -1."""

    forms: np.ndarray
    members: tuple[tuple[int, ...], ...]
    pairs: np.ndarray


@lru_cache(maxsize=4)
def deciding_walls(pieces: AffinePieces) -> Walls:
    """Where two outputs are equal, or the only one is 0: all walls that hold a point."""
    outputs = pieces.forms.shape[1]
    pairs = [(i, j) for i in range(outputs) for j in range(i + 1, outputs)] if outputs > 1 else [(0, -1)]
    at_point = pieces.rays[:, 0] > 0
    forms, members, chosen = [], [], []
    for cell, own in enumerate(pieces.known.cells):
        rays = [*own, *pieces.unseen]
        values = pieces.rays[rays] @ pieces.forms[cell].T
        for i, j in pairs:
            value = values[:, i] - values[:, j] if j >= 0 else values[:, i]
            if (np.any(value < 0) and np.any(value > 0)) or np.any((value == 0) & at_point[rays]):
                forms.append(pieces.forms[cell, i] - pieces.forms[cell, j] if j >= 0 else pieces.forms[cell, i])
                members.append(tuple(rays))
                chosen.append((i, j))
    return _walls(pieces, forms, members, chosen)


@lru_cache(maxsize=4)
def bending_walls(pieces: AffinePieces) -> Walls:
    """The facets at which the gradient jumps."""
    facets = pieces.known.facets
    forms, members = [], []
    for f in facets.inner.tolist():
        one, two = facets.sides[f]
        different = pieces.forms[one] - pieces.forms[two]
        first = np.flatnonzero(np.any(different != 0, axis=1))
        if len(first):
            forms.append(different[first[0]])
            members.append((*facets.rays[facets.starts[f] : facets.starts[f + 1]].tolist(), *pieces.unseen))
    return _walls(pieces, forms, members, [(-1, -1)] * len(forms))


def _walls(pieces: AffinePieces, forms: list[np.ndarray], members: list[tuple[int, ...]], pairs: list[tuple[int, int]]) -> Walls:
    table = np.empty((len(forms), pieces.forms.shape[2]), dtype=object)
    if forms:
        table[:] = np.array(forms, dtype=object)
    return Walls(table, tuple(members), np.array(pairs, dtype=np.int64).reshape(-1, 2))
