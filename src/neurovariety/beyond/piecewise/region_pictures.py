"""The regions of a network with two inputs as a picture, coloured by active units or by slope, with its decision border and data."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from neurovariety.certificates.cell_complex import CellComplex, KnownCells, known_cells
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_table
from neurovariety.options import require_choice
from neurovariety.rings.ring import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurovariety.checkpoints.graph.network import Network
    from neurovariety.pictures.canvas import Explained, Picture

_HEIGHT = 4.4
_FAR = 4.0
"""Unbounded regions are drawn to so many diameters of the window."""
_INSIDE = 0.9
"""Part of the vertices that the window holds where it is not given."""

Colouring = Literal["active", "slope"]


class WithRegions(Protocol):
    """A `RegionsResult`, or what has its parts."""

    @property
    def subject(self) -> str: ...

    @property
    def value(self) -> Any: ...

    @property
    def cells(self) -> CellComplex | None: ...

    @property
    def network(self) -> Network | None: ...


def draw_regions(
    found: WithRegions,
    target: str | Path | Axes,
    *,
    colours: Colouring = "active",
    window: tuple[float, float, float, float] | None = None,
    data: object = None,
) -> None:
    """Draw the regions of a network with two inputs, and the border of its decisions, to a file or into axes of matplotlib.

    ``colours``: "active" for the number of units above their last kink, "slope" for the norm of the gradient of the first output.
    ``window`` (left, right, low, high) is by default around the ``data``, points (samples, 2) that are drawn over it, or around most of
    the vertices. Raises `InputError` for a network of other inputs, for data of another size, and a result that was read back.
    """
    if isinstance(target, (str, Path)):
        from neurovariety.pictures.canvas import write_picture

        write_picture(lambda: regions_picture(found, colours=colours, window=window, data=data), str(target))
    else:
        _paint(target, *_drawable(found, colours), colours, window, data)


def regions_picture(
    found: WithRegions,
    *,
    colours: Colouring = "active",
    window: tuple[float, float, float, float] | None = None,
    data: object = None,
    captioned: bool = True,
) -> Picture:
    """The picture of `draw_regions` as a figure, with a title, and a caption that says what is drawn."""
    from neurovariety.pictures.canvas import Explained, picture_of

    cells, network = _drawable(found, colours)

    def draw(axes: Axes) -> Explained:
        _paint(axes, cells, network, colours, window, data)
        shade = "how many units are above their last kink" if colours == "active" else "the norm of the gradient of the first output"
        border = "where the output is 0" if len(network.output_shape) == 0 or network.output_shape == (1,) else "where two outputs tie"
        return Explained(
            f"The {found.value['activation_regions']:,} regions of {found.subject}",
            f"On each cell the network is one affine function. Blue, darker for more: {shade}. Orange, if in view: {border}."
            f"{' Dots: the data.' if data is not None else ''}",
        )

    drawn = picture_of(draw, _HEIGHT, captioned=captioned)
    assert drawn is not None
    return drawn


def _drawable(found: WithRegions, colours: Colouring) -> tuple[CellComplex, Network]:
    require_choice("colours", colours, ("active", "slope"))
    cells, network = found.cells, found.network
    if cells is None or network is None:
        raise InputError("a result read back from JSON does not hold the network; call regions() on it again")
    if network.input_shape != (2,) or len(cells.domain.columns) != 2:
        raise InputError("a picture needs two inputs that the units tell apart; draw a larger network on a plane (plane_slice)")
    return cells, network


def _paint(
    axes: Axes,
    cells: CellComplex,
    network: Network,
    colours: Colouring,
    window: tuple[float, float, float, float] | None,
    data: object,
) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.ticker import MaxNLocator

    known = known_cells(cells, network)
    points = None if data is None else _points(data)
    left, right, low, high = window or _window(known, points)
    reach = _FAR * max(right - left, high - low)
    polygons = [_polygon(known, c, reach) for c in range(len(known.cells))]
    values = [network.evaluate(p).reshape(len(p), -1) for p in polygons]
    shown = (
        (known.signs[:] > 0).sum(axis=1)
        if colours == "active"
        else np.array([_slope(p, v) for p, v in zip(polygons, values, strict=True)])
    )
    painted = axes.add_collection(
        PolyCollection([p.tolist() for p in polygons], array=shown, cmap="Blues", edgecolor="white", linewidth=0.4)
    )
    border = (line for p, v in zip(polygons, values, strict=True) for line in _border(p, v))
    axes.add_collection(LineCollection(list(border), colors="#d9632a", linewidths=1.6))
    if points is not None:
        axes.scatter(points[:, 0], points[:, 1], s=6, color="#1d2330", zorder=3)
    axes.set(xlim=(left, right), ylim=(low, high), xlabel="x0", ylabel="x1")
    whole = MaxNLocator(integer=True) if colours == "active" else None
    axes.figure.colorbar(painted, ax=axes, label="active units" if whole else "norm of the gradient", ticks=whole)


def _points(data: object) -> Array:
    table = exact_table(data, "data").astype(np.float64)
    if table.ndim != 2 or table.shape[1] != 2 or not len(table):
        raise InputError(f"data= are points (samples, 2), got a table of shape {table.shape}")
    return table


def _window(known: KnownCells, data: Array | None) -> tuple[float, float, float, float]:
    """Around the data; without any around most of the vertices, whose farthest may be far."""
    if data is None:
        points = np.array([[x / r[0] for x in r[1:]] for r in known.rays if r[0]])
        cut = (1 - _INSIDE) / 2
        low, high = np.quantile(points, cut, axis=0), np.quantile(points, 1 - cut, axis=0)
    else:
        points, low, high = data, data.min(axis=0), data.max(axis=0)
    margin = 0.15 * max(float((high - low).max()), 1e-9) if len(points) > 1 else 1.0
    return float(low[0] - margin), float(high[0] + margin), float(low[1] - margin), float(high[1] + margin)


def _polygon(known: KnownCells, cell: int, reach: float) -> Array:
    """The corners of a cell in order; an unbounded one is cut off far away."""
    rays = [known.rays[v] for v in known.cells[cell]]
    corners = [np.array([x / r[0] for x in r[1:]]) for r in rays if r[0]]
    ways = [np.array([x / max(map(abs, r)) for x in r[1:]]) for r in rays if not r[0]]
    return _hull(np.array(corners + [c + reach * way / np.linalg.norm(way) for c in corners for way in ways]))


def _hull(points: Array) -> Array:
    """The corners of the convex hull, counterclockwise (Andrew's chain)."""
    ordered = sorted(map(tuple, points.tolist()))
    halves = []
    for sequence in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for p in sequence:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        halves += chain[:-1]
    return np.array(halves if len(halves) > 2 else ordered)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _slope(corners: Array, values: Array) -> float:
    """The norm of the gradient of the first output on a cell."""
    rows = np.concatenate([corners, np.ones((len(corners), 1))], axis=1)
    return float(np.linalg.norm(np.linalg.lstsq(rows, values[:, 0], rcond=None)[0][:2]))


def _border(corners: Array, values: Array) -> list[list[list[float]]]:
    """The segments of a cell on which the only output is 0, or the largest one is attained twice."""
    count = values.shape[1]
    if count == 1:
        return _crossing(corners, values[:, 0])
    rows = np.concatenate([corners, np.ones((len(corners), 1))], axis=1)
    forms = np.linalg.lstsq(rows, values, rcond=None)[0]
    found = []
    for i, j in combinations(range(count), 2):
        for ends in _crossing(corners, values[:, i] - values[:, j]):
            one, two = (np.array([*end, 1.0]) @ forms for end in ends)
            low, high = 0.0, 1.0  # where on the way between the ends no other output is larger
            for k in set(range(count)) - {i, j}:
                a, b = one[i] - one[k], two[i] - two[k]
                if a < 0 and b < 0:
                    low = 2.0
                elif a < 0:
                    low = max(low, a / (a - b))
                elif b < 0:
                    high = min(high, a / (a - b))
            if low < high:
                start, way = np.array(ends[0]), np.array(ends[1]) - np.array(ends[0])
                found.append([(start + low * way).tolist(), (start + high * way).tolist()])
    return found


def _crossing(corners: Array, values: Array) -> list[list[list[float]]]:
    """The segment of a cell on which an affine function is 0."""
    found = []
    for k in range(len(corners)):
        a, b = float(values[k - 1]), float(values[k])
        if (a < 0 < b) or (b < 0 < a):
            found.append(((b * corners[k - 1] - a * corners[k]) / (b - a)).tolist())
        elif b == 0:
            found.append(corners[k].tolist())
    return [found] if len(found) == 2 else []
