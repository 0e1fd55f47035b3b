"""Pictures of eigenvalues along training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, THIRD
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ZERO = 1e-13
"""Relative to the largest: an eigenvalue in rounding is not drawn."""
_GAP = 0.068
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
            else f"the largest, as many as the rank: {rank}"
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
    axes.set_xlim(first / 1.4, shown[-1])
    _numbered(axes, last_values, shown[-1])
    return Explained(
        f"How fast functions of {found.subject} can change along training",
        "A line an eigenvalue of the tangent kernel, numbered from the largest: error in its direction shrinks at that rate. "
        f"Those of rank {rank} are drawn solid; a line that falls is a direction in which training slows down.",
    )


def _numbered(axes: Axes, ends: Mapping[int, float], right: float) -> None:
    """The number of each line at its right end; where there is no room, beside it with a thin line to the end, and of very many lines
    only some are numbered."""
    axes.set_ylim(axes.get_ylim())  # what is written beside does not change the scale
    to_height = axes.transData + axes.transAxes.inverted()
    heights = {k: float(to_height.transform((right, v))[1]) for k, v in ends.items()}
    kept = sorted(heights, key=lambda k: (-heights[k], k))
    kept = kept[:: -(-len(kept) // int(1 / _GAP))]
    for k, place in zip(kept, apart([heights[k] for k in kept], _GAP), strict=True):
        axes.annotate(
            f"{k + 1}", (right, ends[k]), xytext=(1.022, place), textcoords="axes fraction", va="center", color=INK, fontsize=8,
            arrowprops={"arrowstyle": "-", "color": THIRD, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0},
        )  # fmt: skip


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Places from 0 to 1 at least ``gap`` apart, in the order of these falling heights, and as near to them as can be (least squares,
    by pooling neighbours that want the same place)."""
    groups: list[list[float]] = []
    for k, height in enumerate(heights):
        groups.append([height + k * gap])
        while len(groups) > 1 and np.mean(groups[-2]) < np.mean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    wanted = [float(np.mean(group)) for group in groups for _ in group]
    return [min(max(place, (len(wanted) - 1) * gap), 1.0) - k * gap for k, place in enumerate(wanted)]
