"""Samples of the families of functions on a boundary: functions with their weights, and where they lie by searches."""

from __future__ import annotations

from fractions import Fraction
from typing import TypedDict

import numpy as np

from neurovariety.geometry.boundaries.limit_family import LimitFamily
from neurovariety.geometry.boundaries.position import Position
from neurovariety.geometry.boundaries.search_both_sides import BothSides
from neurovariety.geometry.images.target import Target, function_at
from neurovariety.model import Model

_ON_THE_WAY = (Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000))
BEYOND = (Fraction(1, 10), Fraction(1, 40))
"""How near to the limit the functions of complex conjugate neurons are looked at; nearer, searches come within their tolerance of
functions that are not attained."""


class FamilyRow(TypedDict):
    """A family of functions on the boundary in the value of the result."""

    name: str
    position: str
    dimension: int


def family_row(family: LimitFamily, position: Position, dimension: int) -> FamilyRow:
    """The row of a family, a piece of the boundary, in the value of the result."""
    return {"name": family.name, "position": str(position), "dimension": dimension}


def sample_row(model: Model, family: LimitFamily, s: list[Fraction], f: Target, position: Position, reason: str) -> dict[str, object]:
    """The row of a sample: its exact weights, or exact weights on the way to it with what they lack."""
    row: dict[str, object] = {"piece": family.name, "function": f.text(), "position": str(position), "reason": reason, "weights": None}
    if not family.is_limit:
        return row | {"weights": list(family.weights_at(s, Fraction(1)))}
    way = []
    for t in _ON_THE_WAY:
        w = family.weights_at(s, t)
        g = function_at(model, w)
        keys = {*f.coefficients, *g.coefficients}
        gap = max(abs(f.coefficients.get(k, Fraction(0)) - g.coefficients.get(k, Fraction(0))) for k in keys)
        way.append({"t": t, "weights": list(w), "largest_weight": float(max(map(abs, w))), "largest_difference": float(gap)})
    return row | {"on_the_way": way}


def beyond(model: Model, family: LimitFamily, s: list[Fraction]) -> list[Target]:
    """Functions near that of a sample of two complex conjugate neurons in place of real ones; none for other pieces."""
    return [family.beyond(model, s, t) for t in BEYOND] if family.even else []


def searched_position(f: Target, others: list[Target], sides: BothSides, rng: np.random.Generator) -> tuple[Position, str]:
    """Where a limit f lies, as far as certificates and searches show, and why; ``others``: of functions that tend to it, two near,
    of complex conjugate neurons."""
    found = sides.search(sides.floats(f)[None], rng)
    if found.attained[0] and sides.certified(f, found.weights[0]):
        return Position.INTERIOR, "certified weights attain it, with a derivative onto the whole span"
    reached = "it is attained" if found.attained[0] else "no search reaches it"
    if others and not sides.search(np.array([sides.floats(g) for g in others]), rng).attained.any():
        position = Position.BOUNDARY if found.attained[0] else Position.CLOSURE_ONLY
        return position, f"{reached}; two complex conjugate neurons merge to it too, and no search reaches their functions"
    return Position.UNDECIDED, f"{reached}; nothing is known of the other functions near it"
