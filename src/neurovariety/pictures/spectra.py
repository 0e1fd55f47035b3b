"""Pictures of eigenvalues along training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, THIRD
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ZERO = 1e-13
"""Relative to the largest: an eigenvalue in rounding is not drawn."""
_GAP = 0.055
"""Of the height: the least distance of two numbers."""


def kernel_spectra(axes: Axes, found: Result) -> Explained | None:
    """Eigenvalues of the tangent kernel along gradient flow, each line named by its place."""
    training, rank = found.evidence["training"], found.value["rank"]
    times, spectra = training["times"], training["spectra"]
    if not rank or len(times) < 2:
        return None
    top = max(max(s) for s in spectra)
    drawn = [k for k in range(len(spectra[0])) if any(s[k] > _ZERO * top for s in spectra)]
    first = times[1] / 3  # time 0 has no place on a logarithmic axis
    shown = [t if t else first for t in times]
    last, last_values = "", {}
    for k in drawn:
        values = [s[k] if s[k] > _ZERO * top else float("nan") for s in spectra]
        inside = k < rank
        label = (
            ""
            if last == ("in" if inside else "out")
            else f"the {rank} of the rank"
            if inside
            else "those that are zero in exact arithmetic"
        )
        last = "in" if inside else "out"
        axes.plot(shown, values, color=MAIN if inside else THIRD, linewidth=1.5, linestyle="-" if inside else ":", label=label or None)
        last_values[k] = next((v for v in reversed(values) if v == v), first)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("time of gradient flow (left end: the initial weights, time 0)")
    axes.set_ylabel("eigenvalue of J Jᵀ")
    legend(axes)
    _numbered(axes, last_values, shown[-1])
    return Explained(
        f"How fast functions of {found.subject} can change along training",
        "A line an eigenvalue of the tangent kernel, numbered from the largest: error in its direction shrinks at that rate. "
        f"Those of rank {rank} are drawn solid; a line that falls is a direction in which training slows down.",
    )


def _numbered(axes: Axes, ends: dict[int, float], right: float) -> None:
    """The number of each line at its right end, none over another."""
    heights = {k: axes.transData.transform((right, v))[1] for k, v in ends.items()}
    gap = axes.get_window_extent().height * _GAP
    above = None
    for k in sorted(heights, key=lambda k: -heights[k]):
        place = heights[k] if above is None else min(heights[k], above - gap)
        shift = (place - heights[k]) * 72 / axes.figure.dpi
        axes.annotate(f"{k + 1}", (right, ends[k]), xytext=(5, shift), textcoords="offset points", va="center", color=INK, fontsize=8)
        above = place
