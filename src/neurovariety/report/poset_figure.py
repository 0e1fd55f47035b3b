"""The figure of subnetworks: which sets of functions contain which, by dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurovariety.report.colours import INK, MAIN, SECOND, THIRD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurovariety.dictionary.subnetworks import SubnetworksResult

_NAMED = 14
"""Subnetworks up to which each is named; of more only their number in each dimension is given."""

_LINE = 72
"""Characters that have room beside each other."""


def poset(axes: Axes, found: SubnetworksResult) -> bool:
    """One point a subnetwork at the height of its dimension, lines for inclusions with nothing between."""
    value = found.value
    images, pairs = value["images"], value["inclusions"]
    if not images or not pairs:
        return False
    inside = {i["name"]: i["dimension"] for i in images}
    top = next(large for _, large in pairs if large not in inside)
    heights = inside | {top: value["dimension"]}
    levels: dict[int, list[str]] = {}
    for name, height in heights.items():
        levels.setdefault(height, []).append(name)
    widest = max(map(len, levels.values()))
    places: dict[str, tuple[float, int]] = {}
    for height, names in levels.items():
        gap = widest / len(names)
        places |= {name: ((i + 0.5) * gap, height) for i, name in enumerate(names)}
    for small, large in pairs:
        (x0, y0), (x1, y1) = places[small], places[large]
        axes.plot([x0, x1], [y0, y1], color=THIRD, linewidth=1, zorder=1)
    for name, (x, y) in places.items():
        axes.scatter([x], [y], s=36, color=SECOND if name == top else MAIN, zorder=2)
        if len(places) <= _NAMED:
            shown = _short(name, _LINE // len(levels[y]))
            axes.annotate(shown, (x, y), xytext=(6, 4), textcoords="offset points", color=INK, fontsize=8)
    if len(places) > _NAMED:
        for height, names in levels.items():
            axes.annotate(
                str(len(names)), (widest, height), xytext=(8, 0), textcoords="offset points", va="center", color=INK, fontsize=8
            )
    axes.set_xticks([])
    axes.set_xlim(0, widest * 1.08)
    axes.margins(y=0.15)
    axes.locator_params(axis="y", integer=True)
    axes.set_ylabel("dimension of functions")
    axes.spines["bottom"].set_visible(False)
    return True


def _short(name: str, longest: int) -> str:
    """``sizes 1, 2 at 0`` for filters of sizes 1, 2 shifted by 0."""
    name = name.replace("filters of sizes", "sizes").replace("shifted by", "at")
    return name if len(name) <= longest else name[: longest - 3] + "..."
