"""The picture of a recovery curve: errors of fits against samples, with the numbers that were predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurovariety.learning.recovery_curve import RecoveryCurve
from neurovariety.pictures.canvas import Explained, Picture, legend, picture_of
from neurovariety.pictures.colours import INK, MAIN, SECOND, THIRD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST = 1e-16
"""Errors below this are drawn there."""


def recovery_canvas(curve: RecoveryCurve, predicted: dict[str, int | None]) -> Picture:
    """The median relative error and the share of fits that are the teacher, and a line at each number of ``predicted``, by name."""
    lines = {name: n for name, n in predicted.items() if n is not None}

    def draw(above: Axes) -> Explained:
        spec = above.figure.add_gridspec(2, 1)
        above.set_subplotspec(spec[0])
        below = above.figure.add_subplot(spec[1], sharex=above)
        known = [p for p in curve.points if p.error is not None]
        above.plot([p.samples for p in known], [max(p.error or 0.0, _LEAST) for p in known], "o-", color=MAIN)
        above.set_yscale("log")
        above.set_ylabel("median relative error")
        below.plot([p.samples for p in known], [100 * (p.recovered or 0.0) for p in known], "o-", color=MAIN)
        below.set_ylabel("% of fits that are\nthe teacher")
        below.set_xlabel("samples")
        for axes in (above, below):
            for (name, n), colour, dashes in zip(lines.items(), (SECOND, INK, THIRD), ("--", ":", "-."), strict=False):
                axes.axvline(n, color=colour, linestyle=dashes, label=f"{name}: {n:,}")
            if max(lines.values(), default=0) > 4 * len(curve.points):
                axes.set_xscale("log")
        legend(above)
        return Explained(
            f"Fits of {curve.architecture} to more and more samples",
            "Networks are fitted to samples of a network of the same kind, the teacher. Above: how far their functions are from "
            "it; below: how "
            "many are it. Lines stand at the numbers of samples that were predicted.",
        )

    found = picture_of(draw, 4.2)
    assert found is not None
    return found
