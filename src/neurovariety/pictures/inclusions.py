"""The picture of subnetworks: which sets of functions contain which, a row a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurovariety.pictures.canvas import Explained
from neurovariety.pictures.colours import INK, MAIN, PAPER, THIRD
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = 14
"""Subnetworks up to which each is named; of more only their number in each dimension is given."""
_LINE = 84
"""Characters that have room beside each other."""
_ROW = 0.62
"""Height of a row in inches."""


def inclusions(axes: Axes, found: Result) -> Explained | None:
    """A box with a name a subnetwork, in the row of its dimension, lines for inclusions with nothing between."""
    value = found.value
    images, pairs = value["images"], value["inclusions"]
    if not images or not pairs:
        return None
    inside = {i["name"]: i["dimension"] for i in images}
    top = next(large for _, large in pairs if large not in inside)
    heights = inside | {top: value["dimension"]}
    levels: dict[int, list[str]] = {}
    for name, height in heights.items():
        levels.setdefault(height, []).append(name)
    rows = {height: place for place, height in enumerate(sorted(levels))}
    places = {name: ((i + 0.5) / len(names), rows[height]) for height, names in levels.items() for i, name in enumerate(names)}
    for small, large in pairs:
        (x0, y0), (x1, y1) = places[small], places[large]
        axes.plot([x0, x1], [y0, y1], color=THIRD, linewidth=1, zorder=1)
    named = len(places) <= _NAMED
    for name, (x, y) in places.items():
        edge = MAIN if name == top else THIRD
        if named:
            shown = _short(name, _LINE // len(levels[heights[name]]))
            box = {"boxstyle": "round,pad=0.35", "facecolor": PAPER, "edgecolor": edge, "linewidth": 1.6 if name == top else 1.0}
            axes.annotate(shown, (x, y), ha="center", va="center", color=INK, fontsize=8, bbox=box, zorder=2)
        else:
            axes.plot([x], [y], "s" if name == top else "o", color=edge, markersize=6, zorder=2)
    several = {h: "" if named or len(names) == 1 else f" ({len(names)} sets)" for h, names in levels.items()}
    axes.set_yticks(list(rows.values()), [f"dimension {h}{several[h]}" for h in rows])
    axes.set_xticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.tick_params(length=0)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    mark = "box" if named else "mark"
    return Explained(
        f"Smaller networks inside {found.subject}",
        f"A {mark} a set of functions, the network itself on top (blue), in the row of its dimension. A line: the lower set "
        "lies in the closure "
        "of the upper one, with no listed set between."
        + (f" {len(value['undecided'])} more pairs are not decided." if value["undecided"] else ""),
        max(1.2, _ROW * len(rows)),
    )


def _short(name: str, longest: int) -> str:
    """``sizes 1, 2 at 0`` for filters of sizes 1, 2 shifted by 0."""
    name = name.replace("filters of sizes", "sizes").replace("shifted by", "at")
    return name if len(name) <= longest else name[: longest - 3] + "..."
