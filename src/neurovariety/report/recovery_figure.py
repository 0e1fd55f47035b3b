"""The picture of a recovery curve: errors of fits against samples, with the numbers that were predicted."""

from __future__ import annotations

from typing import Any

from neurovariety.learning.recovery_curve import RecoveryCurve
from neurovariety.report.colours import INK, MAIN, SECOND, THIRD

_LEAST = 1e-16
"""Errors below this are drawn there."""


def recovery_canvas(curve: RecoveryCurve, predicted: dict[str, int | None]) -> Any:
    """The median relative error and the share of fits that are the teacher, and a line at each number of ``predicted``, by name."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(6.4, 4.4), layout="constrained")
    above, below = canvas.subplots(2, sharex=True)
    known = [p for p in curve.points if p.error is not None]
    above.plot([p.samples for p in known], [max(p.error or 0.0, _LEAST) for p in known], "o-", color=MAIN)
    above.set_yscale("log")
    above.set_ylabel("median relative error")
    below.plot([p.samples for p in known], [100 * (p.recovered or 0.0) for p in known], "o-", color=MAIN)
    below.set_ylabel("% of fits that are\nthe teacher")
    below.set_xlabel(f"samples of {curve.architecture}")
    lines = {name: n for name, n in predicted.items() if n is not None}
    for axes in (above, below):
        for (name, n), colour in zip(lines.items(), (SECOND, INK, THIRD), strict=False):
            axes.axvline(n, color=colour, linestyle="--", label=f"{name}: {n:,}")
        if max(lines.values(), default=0) > 4 * len(curve.points):
            axes.set_xscale("log")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    above.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8)
    return canvas
