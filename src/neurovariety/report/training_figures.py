"""Figures of the entries on training: landscape, basins, spectrum, chambers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurovariety.report.colours import INK, MAIN, SECOND, THIRD


def _landscape(axes: Any, value: Any, evidence: Any) -> bool:
    """Losses of the real critical points, a row an index; filled ones are functions of real networks."""
    points = [p for p in evidence.get("points", ()) if p["real"]]
    if not points:
        return False
    rows = sorted({_row(p) for p in points})
    for point in points:
        at = rows.index(_row(point))
        colour = THIRD if point["stratum"] else MAIN if point["kind"] == "minimum" else SECOND
        face = colour if point["weights"] is not None else "none"
        axes.plot([point["loss"]], [at], "o", markersize=8, markerfacecolor=face, markeredgecolor=colour)
    least = value.get("least_loss")
    if least is not None:
        axes.axvline(least, color=INK, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [name for _, name in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(f"loss of the real critical points ({value['complex']:,} complex ones at smooth functions)")
    axes.margins(x=0.06)
    return True


def _row(point: Any) -> tuple[int, str]:
    if point["stratum"]:
        return (100, "limits") if point["stratum"].startswith("limits") else (99, "at subnetworks")
    if point["index"] is None:
        return 98, "index not known"
    return point["index"], "minimum" if point["index"] == 0 else f"saddle, index {point['index']}"


DRAWINGS: dict[str, tuple[Callable[[Any, Any, Any], bool], float]] = {
    "landscape": (_landscape, 2.2),
}
"""What draws a figure (on axes, from value and evidence; False where there is nothing to draw), and its height in inches."""
