"""In how many points the orbit of a weight under the stated group meets a chart.

The group is a product of tori, general linear groups and permutations. Its elements g with g w on the chart, for a general w of the
chart, are zeros of polynomials in the entries of g and of its inverse, which the same oracle counts; those with g w = w are divided
out. Translates of the chart fill the space of weights, so each permutation has equally many continuous elements beside it. A
permutation that continuous elements undo leads to no other orbit: whether they do is asked of one transposition of each factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import numpy as np

from neurovariety.errors import InputError
from neurovariety.model import Model
from neurovariety.oracles.system_mod_p import SystemModP, unknowns
from neurovariety.symmetry import AxisAction, Kind

Count = Callable[[SystemModP], int | None]


def orbit_on_chart(model: Model, weights: Sequence[int], fixed: Sequence[int], prime: int, count: Count) -> int:
    """The points of the orbit of ``weights`` whose ``fixed`` weights, by position, are the same.

    Raises `InputError` where elements of the group are infinitely many that leave a general weight as it is.
    """
    group = _Group(model, prime)
    meets, stays = count(group.carrying(weights, weights, fixed)), count(group.carrying(weights, weights))
    if not meets or not stays or meets % stays:
        raise InputError(
            f"the stated group of {model.name} moves general weights in too few directions; its orbits are not counted by others"
        )
    permutations = 1
    for action in model.symmetries:
        if action.finite and action.size > 1:
            order = [1, 0, *range(2, action.size)]
            if not count(group.carrying(group.permuted(action, order, weights), weights)):
                permutations *= factorial(action.size)
    return permutations * (meets // stays)


class _Group:
    """The continuous part of the stated group, its elements as unknowns mod ``prime``."""

    def __init__(self, model: Model, prime: int) -> None:
        self.model, self.prime = model, prime
        self.actions = [a for a in model.symmetries if not a.finite]
        self.ring = unknowns(2 * sum(a.dimension for a in self.actions), prime)

    def carrying(self, start: Sequence[int], end: Sequence[int], only: Sequence[int] | None = None) -> SystemModP:
        """The elements that carry ``start`` to weights that are as in ``end``, at the positions ``only``."""
        moved = [self.ring.constant(v) for v in start]
        equations: list[Any] = []
        gens, used = self.ring.gens(), 0
        for action in self.actions:
            k = action.dimension
            there, back = gens[used : used + k], gens[used + k : used + 2 * k]
            used += 2 * k
            if action.kind is Kind.TORUS:
                self._scale(action, there, back, moved)
                equations += [t * s - 1 for t, s in zip(there, back, strict=True)]
            else:
                g, h = _square(there, action.size), _square(back, action.size)
                self._turn(action, g, h, moved)
                for a, b in ((g, h), (h, g)):
                    equations += [f - int(i == j) for i, row in enumerate(_product(a, b)) for j, f in enumerate(row)]
        where = range(len(moved)) if only is None else only
        equations += [moved[i] - end[i] for i in where]
        return SystemModP.of(self.ring, self.prime, equations)

    def permuted(self, action: AxisAction, order: Sequence[int], weights: Sequence[int]) -> list[int]:
        """Weights with the units of one action in another order."""
        out = list(weights)
        for block, axis, _ in action.axes:
            places = self.model.places[block]
            if axis is not None:
                for to, origin in zip(places.reshape(-1), np.take(places, order, axis=axis).reshape(-1), strict=True):
                    out[to] = weights[origin]
        return out

    def _scale(self, action: AxisAction, there: Sequence[Any], back: Sequence[Any], moved: list[Any]) -> None:
        for block, axis, weight in action.axes:
            here = self.model.places[block]
            rows = here.reshape(1, -1) if axis is None else np.moveaxis(here, axis, 0).reshape(action.size, -1)
            for row, t, s in zip(rows, there, back, strict=True):
                for i in row:
                    moved[i] = moved[i] * (t**weight if weight > 0 else s**-weight)

    def _turn(self, action: AxisAction, g: _Square, h: _Square, moved: list[Any]) -> None:
        for block, axis, weight in action.axes:
            assert axis is not None
            rows = np.moveaxis(self.model.places[block], axis, 0).reshape(action.size, -1)
            turned = _product(
                g if weight > 0 else [list(column) for column in zip(*h, strict=True)], [[moved[i] for i in row] for row in rows]
            )
            for row, values in zip(rows, turned, strict=True):
                for i, value in zip(row, values, strict=True):
                    moved[i] = value


_Square = list[list[Any]]


def _square(entries: Sequence[Any], size: int) -> _Square:
    return [list(entries[i * size : (i + 1) * size]) for i in range(size)]


def _product(a: _Square, b: _Square) -> _Square:
    return [
        [sum((x * y for x, y in zip(row[1:], column[1:], strict=True)), row[0] * column[0]) for column in zip(*b, strict=True)]
        for row in a
    ]
