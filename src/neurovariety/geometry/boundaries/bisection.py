"""Points of the boundary by bisection on segments between functions on both sides, exactly, and the dimension they fill locally."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from neurovariety.geometry.images.target import Target
from neurovariety.rings.ring import Array

_STEPS = 60
"""Halvings: the two sides are then 2^-60 of the segment apart."""
_MOVED = Fraction(1, 2**16)
"""How far end points are moved, against 1, to see where else the boundary is: curvature then shows at 2^-16, errors of bisection at
2^-44."""
_GAP = 2.0**-9
"""Singular values below this share of the largest are curvature."""


def between(inside: Target, outside: Target, attained: Callable[[Target], bool]) -> Target:
    """A function of the segment within 2^-60 of its length of functions on both sides. Exact."""
    low, high = Fraction(0), Fraction(1)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if attained(mixed(inside, outside, middle)):
            low = middle
        else:
            high = middle
    return mixed(inside, outside, low)


def mixed(first: Target, second: Target, t: Fraction) -> Target:
    """(1 - t) first + t second."""
    found = {}
    for key in {*first.coefficients, *second.coefficients}:
        value = (1 - t) * first.coefficients.get(key, Fraction(0)) + t * second.coefficients.get(key, Fraction(0))
        if value:
            found[key] = value
    return Target(first.inputs, first.outputs, found)


def local_dimension(inside: Target, outside: Target, directions: list[Target], attained: Callable[[Target], bool]) -> tuple[int, Array]:
    """The numerical rank of the differences of boundary points on parallel segments nearby, with the singular values over the largest.

    ``directions`` span the space; an estimate: it takes the boundary for smooth at the sample.
    """
    base = between(inside, outside, attained)
    rows = []
    for d in directions:
        ends = [_plus(f, d, _MOVED) for f in (inside, outside)]
        if not attained(ends[0]) or attained(ends[1]):
            continue
        point = between(ends[0], ends[1], attained)
        rows.append([float((point.coefficients.get(k, 0) - base.coefficients.get(k, 0)) / _MOVED) for k in _keys(directions)])
    if not rows:
        return 0, np.zeros(0)
    values = np.linalg.svd(np.array(rows), compute_uv=False)
    values = values / values[0] if values[0] else values
    return int((values > _GAP).sum()), values


def _keys(targets: list[Target]) -> list[tuple[int, tuple[int, ...]]]:
    return sorted({key for t in targets for key in t.coefficients})


def _plus(f: Target, g: Target, factor: Fraction) -> Target:
    found = {
        key: f.coefficients.get(key, Fraction(0)) + factor * g.coefficients.get(key, Fraction(0))
        for key in {*f.coefficients, *g.coefficients}
    }
    return Target(f.inputs, f.outputs, {key: c for key, c in found.items() if c})
