"""Inputs among the regions of a network: as exact points, in which regions they lie, and the balls on which it is affine there."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from fractions import Fraction
from math import prod
from typing import Any

from neurovariety.beyond.piecewise.all_regions import AllRegions
from neurovariety.beyond.piecewise.nearest_walls import nearest_wall
from neurovariety.certificates.affine_pieces import affine_pieces
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.regions_of_data import RegionsOfData, held, regions_at
from neurovariety.certificates.robust_radii import Part, Point, RobustRadii, decided, inside, walls_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import InputError, ResourceError
from neurovariety.exact_numbers import exact_table
from neurovariety.progress import note

_MOST_INPUTS = 20_000
MOST_RADII = 500
"""Inputs around which balls are looked for where nobody asked for these alone: some ten seconds."""
_MOST_PRODUCTS = 10**7
"""Inputs times regions times coordinates: some ten seconds for the search and as many for the check."""


def exact_inputs(data: object) -> Any:
    """A table of inputs, exactly. Raises `ResourceError` where there are very many, `DataError` where it is none."""
    if isinstance(data, Sized) and len(data) > _MOST_INPUTS:
        raise ResourceError(f"{len(data):,} inputs are more than the {_MOST_INPUTS:,} that are looked at here; give fewer inputs")
    return exact_table(data, "inputs")


def points_among(table: Any, found: AllRegions) -> tuple[Point, ...]:
    """The rows of a table as points. Raises `InputError` for inputs of another size, or outside of the box."""
    shape = found.network.input_shape
    n = prod(shape)
    if table.ndim == 1 and n == 1:
        table = table.reshape(-1, 1)
    if not len(table) or table.ndim < 2 or prod(table.shape[1:]) != n:
        raise InputError(f"the network takes inputs of shape {shape}, got a table of shape {table.shape}; give one input a row")
    points = tuple(tuple(Fraction(v) for v in row) for row in table.reshape(len(table), n).tolist())
    domain = found.cells.domain
    for k, point in enumerate(points):
        if any(not a <= v <= b for a, v, b in zip(domain.low, point, domain.high, strict=False)):
            raise InputError(f"input {k} lies outside of the box; give a larger box, or leave that input out")
    return points


def are_many(points: Sequence[Point], found: AllRegions) -> bool:
    """Whether walls near so many points take too long to find."""
    return len(points) * len(found.known.signs) * (len(points[0]) + 1) > _MOST_PRODUCTS


def regions_held(found: AllRegions, points: tuple[Point, ...]) -> Verdict:
    """In which regions points lie, proved."""
    counts = held(regions_at(found.cells, found.known, points))
    return issue(RegionsOfData(points, counts, found.verdict), found.network)


def balls_around(found: AllRegions, points: Sequence[Point]) -> Verdict | None:
    """Up to where the network is one affine function around each point; None where that takes long, or is not found."""
    if len(points) > MOST_RADII or are_many(points, found):
        return None
    try:
        return radii_around("affine", found, points, "l2")
    except NotShown:
        return None


def radii_around(part: Part, found: AllRegions, points: Sequence[Point], norm: str) -> Verdict:
    """Up to where the network decides as at each point, or is one affine function, proved. Raises `NotShown` where it is not found."""
    pieces = affine_pieces(found.cells, found.network)
    walls = walls_of(part, pieces)
    near = []
    for k, point in enumerate(points):
        note(phase=f"the nearest walls of input {k + 1} of {len(points):,}")
        near.append(nearest_wall(part, pieces, found.cells.domain, walls, k, point, norm))
    certificate = RobustRadii(
        part,
        norm,
        tuple(points),
        tuple(decided(inside(found.cells.domain, pieces, p)) for p in points),
        tuple(w.low for w in near),
        tuple(w.nearest for w in near),
        tuple(s for w in near for s in w.separations),
        found.verdict,
    )
    return issue(certificate, found.network)
