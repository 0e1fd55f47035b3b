"""What the boundary of the real functions of a model is: its pieces, random functions on both sides, and crossings between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NotRequired, TypedDict

import numpy as np

from neurovariety.budget import used_up
from neurovariety.certificates.positions import BoundaryPiece
from neurovariety.claim import Claim
from neurovariety.geometry.boundaries.bisection import between, local_dimension
from neurovariety.geometry.boundaries.exact_placement import exact_placement
from neurovariety.geometry.boundaries.exact_positions import KnownImage, known_image
from neurovariety.geometry.boundaries.family_samples import FamilyRow, beyond, family_row, sample_row, searched_position
from neurovariety.geometry.boundaries.limit_families import limit_families
from neurovariety.geometry.boundaries.locate import STREAM, both_sides
from neurovariety.geometry.boundaries.position import Position
from neurovariety.geometry.boundaries.real_functions import Draw, conjugate_targets, normal_targets
from neurovariety.geometry.boundaries.search_both_sides import BothSides, Found
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.ideal.coefficients import Coordinates, monomial_name
from neurovariety.geometry.images.decision import Statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.invariants.dimension import Dimension
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import WIDE_PRIME_BITS

_TRIED = 3
"""Samples of each piece: one may lie on a smaller piece by chance."""
_CROSSINGS = 3
_EXACT = "exact procedure of the family"
_SEARCHED = "searches from random starts"


class Share(TypedDict):
    """How many of the functions that were drawn in one way are attained, with an interval of confidence."""

    drawn: str
    functions: int
    attained: int
    low: float
    high: float
    certified: NotRequired[int]


@dataclass(frozen=True, eq=False)
class Description:
    """``boundary``: empty, nonempty or undecided, and ``why``; ``dimension`` (None where empty or unknown); rows of ``pieces``,
    ``shares``, ``samples``, ``crossings`` as the result shows them."""

    boundary: str
    why: str
    route: str
    claim: Claim
    dimension: int | None = None
    pieces: tuple[FamilyRow, ...] = ()
    shares: tuple[Share, ...] = ()
    samples: tuple[dict[str, object], ...] = ()
    crossings: tuple[dict[str, object], ...] = ()
    theorems: tuple[Statement, ...] = ()
    shown: tuple[BoundaryPiece, ...] = ()
    """Certificates of the pieces."""


def describe(model: Model, variety: Dimension, samples: int, seed: int) -> Description:
    """The boundary of the functions of real weights; ``variety``: dimension of the neurovariety; ``samples`` functions are drawn."""
    known = known_image(model.image, model)
    if known is None:
        return _searched(model, variety, samples, seed)
    if known.full:
        zero = known.locate(Target(model.inputs, model.outputs, {}))
        return Description("empty", known.full, _EXACT, Claim.UNDECIDED, theorems=zero.theorems)
    return _exact(model, known, variety, samples, seed)


def _exact(model: Model, known: KnownImage, variety: Dimension, samples: int, seed: int) -> Description:
    rng = generator(seed, STREAM, 10)
    named = coefficients_as_polynomials(model)
    pieces, shown, certificates = [], [], []
    theorems: dict[str, Statement] = {}
    exact, p = exact_placement(model), random_prime(WIDE_PRIME_BITS, rng)
    listed = limit_families(model.parametrization, model)
    for number, family in enumerate(listed, start=1):
        note(phase=f"boundary: {family.name}, {number} of {len(listed)} families")
        size = family.dimension(list(named.values()), model, rng)
        if size >= variety.value:
            continue
        for _ in range(_TRIED):
            s = family.drawn(rng)
            f = family.function(model, s)
            placed = known.locate(f)
            own = exact.family_rank(family.name, p, tuple(s)) if placed.position.on_boundary else -1
            if own == size:
                pieces.append(family_row(family, placed.position, size))
                certificates.append(BoundaryPiece(exact.hash, family.name, tuple(s), str(placed.position), size, p))
                shown.append(sample_row(model, family, s, f, placed.position, placed.reason))
                theorems |= {str(t["name"]): t for t in placed.theorems}
                break
    largest = max((row["dimension"] for row in pieces), default=None)
    coordinates = written_out(model)
    sides, fills = both_sides(model, coordinates, seed)
    shares, crossings = [], []
    for draw in _draws(model, coordinates, sides, fills, samples, seed):
        inside = [known.locate(f).position in (Position.INTERIOR, Position.BOUNDARY) for f in draw.targets]
        shares.append(_share(draw, sum(inside)))
        if fills:
            crossings += _exact_crossings(known, draw, inside, coordinates, sides)
    return Description(
        boundary="nonempty",
        why="; ".join(f"{row['name']} ({row['position']})" for row in pieces),
        route=_EXACT,
        claim=Claim.UNDECIDED,
        dimension=largest,
        pieces=tuple(pieces),
        shares=tuple(shares),
        samples=tuple(shown),
        crossings=tuple(crossings),
        theorems=tuple(theorems.values()),
        shown=tuple(certificates),
    )


def _draws(model: Model, coordinates: Coordinates, sides: BothSides, fills: bool, samples: int, seed: int) -> list[Draw]:
    if not samples:
        return []
    rng = generator(seed, STREAM, 11)
    if fills:
        return [normal_targets(model, list(coordinates.monomials), sides.span, samples, rng)]
    return conjugate_targets(model, coefficients_as_polynomials(model), samples, rng)


def _share(draw: Draw, attained: int) -> Share:
    low, high = wilson(attained, len(draw.targets))
    return {"drawn": draw.how, "functions": len(draw.targets), "attained": attained, "low": low, "high": high}


def _exact_crossings(
    known: KnownImage, draw: Draw, inside: list[bool], coordinates: Coordinates, sides: BothSides
) -> list[dict[str, object]]:
    def attained(f: Target) -> bool:
        return known.locate(f).position in (Position.INTERIOR, Position.BOUNDARY)

    ins, outs = ([f for f, i in zip(draw.targets, inside, strict=True) if i is side] for side in (True, False))
    units = [sides.target(row) for row in np.eye(len(sides.span.pivots))]
    rows = []
    for k, (f, g) in enumerate(zip(ins[:_CROSSINGS], outs[:_CROSSINGS], strict=False)):
        at = between(f, g, attained)
        row: dict[str, object] = {"function": _decimals(at, coordinates)}
        if not k:
            size, values = local_dimension(f, g, units, attained)
            row |= {"local_dimension": size, "singular_values": values.tolist()}
        rows.append(row)
    return rows


def _searched(model: Model, variety: Dimension, samples: int, seed: int) -> Description:
    coordinates = written_out(model)
    sides, fills = both_sides(model, coordinates, seed)
    rng = generator(seed, STREAM, 12)
    shares, crossings, missed, drawn = [], [], 0, 0
    for draw in _draws(model, coordinates, sides, fills, samples, seed):
        if used_up():
            break
        note(phase=f"boundary: functions with {draw.how}")
        points = np.array([sides.floats(f) for f in draw.targets])
        found = sides.search(points, rng)
        proved = (
            sum(sides.certified(f, w) for f, w, a in zip(draw.targets, found.weights, found.attained, strict=True) if a) if fills else 0
        )
        row = _share(draw, int(found.attained.sum()))
        row["certified"] = proved
        shares.append(row)
        missed, drawn = missed + row["functions"] - row["attained"], drawn + row["functions"]
        if fills:
            crossings += _crossings(sides, points, found, coordinates, rng)
    pieces, shown = _searched_pieces(model, variety, sides, seed)
    on_it = [row["dimension"] for row in pieces if Position(row["position"]).on_boundary]
    seen = Description(
        "undecided", "", _SEARCHED, Claim.UNDECIDED,
        pieces=tuple(pieces), shares=tuple(shares), samples=tuple(shown), crossings=tuple(crossings),
    )  # fmt: skip
    if not missed and not on_it:
        if drawn:
            why = f"{drawn} of {drawn} random functions were attained; nothing was seen of a boundary"
        else:
            why = "random real functions of the neurovariety were not drawn" + (
                "" if fills or not samples else ": it is not the whole span"
            )
        return replace(seen, why=why)
    size = variety.value - 1 if crossings else max(on_it, default=None)
    limits = "limits of merging neurons are limits of complex conjugate neurons too"
    why = f"searches, as far as they go, reached {drawn - missed} of {drawn} random functions" if missed else limits
    return replace(seen, boundary="nonempty", why=why, claim=Claim.ESTIMATE, dimension=size)


def _crossings(
    sides: BothSides, points: Array, found: Found, coordinates: Coordinates, rng: np.random.Generator
) -> list[dict[str, object]]:
    ins, outs = points[found.attained], points[~found.attained]
    count = min(len(ins), len(outs), _CROSSINGS)
    if not count:
        return []
    crossed = sides.crossings(ins[:count], found.weights[found.attained][:count], outs[:count], rng)
    return [
        {"function": _decimals(sides.target(c.function), coordinates), "kind": c.kind, "growth_of_weights": c.growth,
         "drop_of_rank": c.drop, "real_preimages": list(c.preimages), "weights_just_inside": c.weights.tolist()}
        for c in crossed
    ]  # fmt: skip


def _searched_pieces(model: Model, variety: Dimension, sides: BothSides, seed: int) -> tuple[list[FamilyRow], list[dict[str, object]]]:
    """Limits that are not shown to be interior, with a position by searches."""
    rng = generator(seed, STREAM, 13)
    named = list(coefficients_as_polynomials(model).values())
    pieces, shown = [], []
    for family in limit_families(model.parametrization, model):
        if not family.is_limit or used_up():
            continue
        size = family.dimension(named, model, rng)
        if size >= variety.value:
            continue
        placed = []
        for _ in range(_TRIED):
            s = family.drawn(rng)
            f = family.function(model, s)
            placed.append((searched_position(f, beyond(model, family, s), sides, rng), s, f))
        best = next((row for row in placed if row[0][0].on_boundary), None)
        best = best or next((row for row in placed if row[0][0] is Position.UNDECIDED), None)
        if best is not None:
            (position, reason), s, f = best
            pieces.append(family_row(family, position, size))
            shown.append(sample_row(model, family, s, f, position, reason))
    return pieces, shown


def _decimals(f: Target, coordinates: Coordinates) -> dict[str, float]:
    return {f"{monomial_name(e)} in output {o}": float(f.coefficients.get((o, e), 0)) for o, e in coordinates.monomials}
