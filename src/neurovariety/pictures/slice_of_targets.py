"""The picture of a slice of targets: how many real critical points training has, and the walls where that changes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, ON_SHADES, PAPER, SHADES
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_WALLS = " Black dots: points of the walls between the regions, where two of them meet, found by bisection."


def chambers(axes: Axes, found: Result) -> Explained | None:
    """Numbers of real critical points on the slice, walls as refined, the number written into its largest region."""
    from matplotlib.patches import Patch

    evidence = found.evidence
    real = np.array(evidence["real"])
    (a0, a1), (b0, b1) = evidence["bounds"]
    known = sorted({int(v) for v in real[real >= 0]})
    if not known or (len(known) == 1 and (real >= 0).all()):
        return None  # one number everywhere: no region, no wall
    shades = [SHADES[k % len(SHADES)] for k in range(len(known))]
    side = len(real)
    step, height = (a1 - a0) / side, (b1 - b0) / side
    for row in range(side):  # a rectangle a run of equal numbers: no pixels, and few shapes
        ends = [0, *(np.flatnonzero(np.diff(real[row])) + 1).tolist(), side]
        for first, last in itertools.pairwise(ends):
            number = int(real[row, first])
            where = [(a0 + first * step, (last - first) * step)]
            if number >= 0:
                colour = shades[known.index(number)]
                axes.broken_barh(where, (b0 + row * height, height), facecolor=colour, edgecolor=colour, linewidth=0.4)
            else:
                axes.broken_barh(where, (b0 + row * height, height), facecolor=PAPER, edgecolor=INK, linewidth=0.2, hatch="////")
    walls = np.array(evidence["wall_points"])
    if len(walls):
        axes.plot(walls[:, 0], walls[:, 1], "o", color=ON_SHADES, markersize=1.6, markeredgewidth=0)
    for number in known:
        line, column = _inside(real == number)
        axes.annotate(
            str(number), (a0 + (column + 0.5) * step, b0 + (line + 0.5) * height), ha="center", va="center", color=ON_SHADES,
            fontsize=10, fontweight="bold", bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
        )  # fmt: skip
    handles: list[Any] = [
        Patch(facecolor=c, edgecolor=INK, linewidth=0.5, label=f"{n} real") for n, c in zip(known, shades, strict=True)
    ]
    handles += _marks(axes, bool(len(walls)), bool((real < 0).any()))
    axes.set_xlabel(_axis(evidence["axes"][0]))
    axes.set_ylabel(_axis(evidence["axes"][1]))
    axes.set_xlim(a0, a1)
    axes.set_ylim(b0, b1)
    legend(axes, handles)
    unclear = f" Hatched: {evidence['unclear']} targets for which the number is not clear." if (real < 0).any() else ""
    return Explained(
        f"How many real critical points training of {found.subject} has",
        f"A plane of targets. Each colour has its number of real critical points written in it, of {found.value['complex']:,} "
        "complex ones."
        f"{_WALLS if len(walls) else ''}{unclear}",
    )


def _marks(axes: Axes, walls: bool, unclear: bool) -> list[Any]:
    from matplotlib.patches import Patch

    found: list[Any] = axes.plot([], [], "o", color=INK, markersize=3, label="wall", linestyle="") if walls else []
    return found + ([Patch(facecolor=PAPER, edgecolor=INK, hatch="////", label="not clear")] if unclear else [])


def _axis(text: str) -> str:
    """The name of an axis, cut where it has no room."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _inside(region: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[int, int]:
    """A cell of the region that lies deepest in it: the last that is left when its edge is taken away again and again."""
    left = region.copy()
    while left.any():
        last = left
        padded = np.pad(left, 1, constant_values=False)
        left = padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    row, column = np.argwhere(last)[len(np.argwhere(last)) // 2]
    return int(row), int(column)
