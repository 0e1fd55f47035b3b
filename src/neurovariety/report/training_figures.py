"""Figures of the entries on training: landscape, basins, spectrum, chambers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from neurovariety.report.colours import INK, MAIN, SECOND, THIRD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurovariety.dictionary.discriminant import DiscriminantResult
    from neurovariety.dictionary.gradient_flow import Basin, GradientFlowResult
    from neurovariety.dictionary.implicit_bias import ImplicitBiasResult
    from neurovariety.dictionary.landscape import LandscapeResult, RandomTargets
    from neurovariety.dictionary.tangent_kernel import TangentKernelResult
    from neurovariety.training.critical.stages import PointFacts

_MOST_PIECES = 8
"""Smaller networks drawn, the largest ones."""


def _landscape(axes: Axes, found: LandscapeResult) -> bool:
    """Losses of the real critical points, a row an index; filled ones are functions of real networks."""
    points, complex_ones = [p for p in found.evidence.get("points", ()) if p["real"]], found.value["complex"]
    if not points or complex_ones is None:
        return False
    rows = sorted({_row(p) for p in points})
    for point in points:
        at = rows.index(_row(point))
        colour = THIRD if point["stratum"] else MAIN if point["kind"] == "minimum" else SECOND
        face = colour if point["weights"] is not None else "none"
        loss = point["loss"]
        assert loss is not None, "the loss of a real function is known"
        axes.plot([loss], [at], "o", markersize=8, markerfacecolor=face, markeredgecolor=colour)
    axes.axvline(found.value["least_loss"], color=INK, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [name for _, name in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(f"loss of the real critical points ({complex_ones:,} complex ones at smooth functions)")
    axes.margins(x=0.06)
    targets = found.evidence["random_targets"]
    if targets is not None:
        axes.set_xlabel("loss of the real critical points")
        _histogram(axes, complex_ones, targets)
    return True


def _histogram(axes: Axes, most: int, targets: RandomTargets) -> None:
    """Beside the losses: how many real critical functions random targets have; the dotted line is the number of complex ones."""
    counts = {int(number): share for number, share in targets["real"].items()}
    total = max(sum(counts.values()), 1)
    spec = axes.figure.add_gridspec(1, 2, width_ratios=(2, 1))
    axes.set_subplotspec(spec[0])
    beside = axes.figure.add_subplot(spec[1])
    beside.patch.set_alpha(0)
    beside.bar(list(counts), [100 * n / total for n in counts.values()], width=0.8, color=MAIN)
    beside.axvline(most, color=INK, linewidth=0.8, linestyle=":")
    beside.locator_params(axis="x", integer=True)
    beside.set_xlabel(f"real ones of {most:,}")
    beside.set_ylabel(f"% of {total:,} targets")


def _row(point: PointFacts) -> tuple[int, str]:
    if point["stratum"]:
        return (100, "limits") if point["stratum"].startswith("limits") else (99, "at subnetworks")
    if point["index"] is None:
        return 98, "index not known"
    return point["index"], "minimum" if point["index"] == 0 else f"saddle, index {point['index']}"


def _basins(axes: Axes, found: GradientFlowResult) -> bool:
    """Shares of the runs that end at each critical point, with their confidence intervals, and of those that drift or do not end."""
    rows = [
        (_ends_at(b), b["share"], b["low"], b["high"], MAIN if b["kind"] == "minimum" else SECOND) for b in found.evidence["basins"][:8]
    ]
    runs = max(found.value["runs"], 1)
    rows += [(reason, n / runs, n / runs, n / runs, THIRD) for reason, n in found.evidence["not_converged"].items()]
    if not rows:
        return False
    for at, (_, share, low, high, colour) in enumerate(reversed(rows)):
        axes.barh([at], [100 * share], color=colour)
        axes.plot([100 * low, 100 * high], [at, at], color=INK, linewidth=1)
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)])
    axes.set_xlabel(f"% of {found.value['runs']} runs")
    return True


def _ends_at(basin: Basin) -> str:
    if basin["point"] is None:
        return f"not listed, loss {basin['loss']:.4g}"
    return f"{basin['kind']} {basin['point']}, loss {basin['loss']:.4g}"


def _spectrum(axes: Axes, found: TangentKernelResult) -> bool:
    """Eigenvalues of the tangent kernel along gradient flow."""
    training = found.evidence["training"]
    if not found.value["rank"] or len(training["times"]) < 2:
        return False
    times = [t if t else training["times"][1] / 3 for t in training["times"]]
    spectra = training["spectra"]
    top = max(max(s) for s in spectra)
    for k in range(len(spectra[0])):
        values = [s[k] if s[k] > 1e-13 * top else float("nan") for s in spectra]
        axes.plot(times, values, color=MAIN if k < found.value["rank"] else THIRD, linewidth=1.4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("time of gradient flow (left end: the initial weights)")
    axes.set_ylabel("eigenvalues of J Jᵀ")
    return True


def _chambers(axes: Axes, found: DiscriminantResult) -> bool:
    """Numbers of real critical points on the slice, walls as refined, and where one number has several chambers its minima."""
    import numpy as np

    real = np.array(found.evidence["real"])
    (a0, a1), (b0, b1) = found.evidence["bounds"]
    known = sorted({int(v) for v in real[real >= 0]})
    if not known:
        return False
    shades = ["#c9d6ea", "#8fb0e6", "#2f6fde", "#f0b08c", "#d9632a", "#8a3d16", "#7a7f8a", "#3d4250"][: len(known)]
    shades += ["#3d4250"] * (len(known) - len(shades))
    side = len(real)
    step, height = (a1 - a0) / side, (b1 - b0) / side
    for row in range(side):  # a rectangle a run of equal numbers: no pixels, and few shapes
        ends = [0, *(np.flatnonzero(np.diff(real[row])) + 1).tolist(), side]
        for first, last in itertools.pairwise(ends):
            if real[row, first] >= 0:
                colour = shades[known.index(int(real[row, first]))]
                where = [(a0 + first * step, (last - first) * step)]
                axes.broken_barh(where, (b0 + row * height, height), facecolor=colour, edgecolor=colour, linewidth=0.3)
    walls = np.array(found.evidence["wall_points"])
    if len(walls):
        axes.plot(walls[:, 0], walls[:, 1], ".", color=INK, markersize=1.2)
    for k, number in enumerate(known):
        axes.plot([], [], "s", color=shades[k], label=f"{number} real")
    axes.legend(ncols=min(len(known), 6), frameon=False, loc="lower left", bbox_to_anchor=(0, 1), labelcolor=INK, borderaxespad=0.2)
    axes.set_xlabel(found.evidence["axes"][0])
    axes.set_ylabel(found.evidence["axes"][1].partition(",")[0])
    axes.set_xlim(a0, a1)
    axes.set_ylim(b0, b1)
    return True


def _bias(axes: Axes, found: ImplicitBiasResult) -> bool:
    """For each smaller network the share of best fits and of ends of gradient flow, with intervals; critically exposed ones are
    marked."""
    rows = [row for row in found.value["table"] if row["kind"] != "network"][:_MOST_PIECES]
    if not rows:
        return False
    for place, row in enumerate(rows):
        best, flow = (row["best"], row["best_low"], row["best_high"]), (row["flow"], row["flow_low"], row["flow_high"])
        for shift, (share, low, high), colour in ((-0.2, best, MAIN), (0.2, flow, SECOND)):
            if share is not None:
                axes.barh(place + shift, 100 * share, height=0.36, color=colour)
                axes.plot([100 * low, 100 * high], [place + shift] * 2, color=INK, linewidth=0.8)
    for key, colour in (("best fit of random targets", MAIN), ("end of gradient flow", SECOND)):
        axes.plot([], [], "s", color=colour, label=key)
    axes.set_yticks(
        range(len(rows)), [row["name"] + (" (critically exposed)" if row["critically_exposed"] == "yes" else "") for row in rows]
    )
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("% of targets, % of runs; lines are 95 % intervals")
    axes.legend(ncols=2, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), labelcolor=INK, borderaxespad=0.2)
    return True


DRAWINGS: dict[str, tuple[Callable[[Axes, Any], bool], float]] = {
    "landscape": (_landscape, 2.2),
    "basins": (_basins, 2.2),
    "spectrum": (_spectrum, 2.6),
    "chambers": (_chambers, 4.2),
    "bias": (_bias, 2.8),
}
"""What draws a figure (on axes, from a result; False where there is nothing to draw), and its height in inches."""
