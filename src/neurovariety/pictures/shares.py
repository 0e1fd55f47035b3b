"""Pictures of shares with their intervals: best fits and ends of training on smaller networks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, SECOND
from neurovariety.result import Result, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_PIECES = 8
"""Smaller networks drawn, the largest ones."""
_NAME = 34
"""Characters of a name in one line."""
_LINE, _AROUND = 0.21, 0.95
"""Height of a line in inches, and of legend and axis."""


class SeenShare(NamedTuple):
    """A share between 0 and 1, and its interval."""

    part: float
    low: float
    high: float


Series = tuple[str, str, str, str, Sequence[SeenShare | None]]
"""What is counted, of what it is a share, its colour and marker, and the share for each piece."""

_BEST = ("best fits of random targets", "targets", MAIN, "o")


def _dots(axes: Axes, names: Sequence[str], series: Sequence[Series]) -> float:
    """A row a piece: a mark at each share, a line over its interval, the share written beside it. Gives the height in inches
    in which the rows have room."""
    for turn, (label, _, colour, marker, shares) in enumerate(series):
        shift = 0.0 if len(series) == 1 else (-0.17, 0.17)[turn]
        for place, share in enumerate(shares):
            if share is None:
                continue
            at = place + shift
            axes.plot([100 * share.low, 100 * share.high], [at, at], color=colour, linewidth=1.4, solid_capstyle="butt")
            axes.plot([100 * share.part], [at], marker, color=colour, markersize=6)
            axes.annotate(
                _percent(share.part),
                (100 * share.high, at),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=INK,
                fontsize=8,
            )
        axes.plot([], [], marker, color=colour, label=label, markersize=6)
    for place in range(len(names)):
        axes.axhline(place + 0.5, color=INK, linewidth=0.3, alpha=0.3)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    most = max((s.high for *_, shares in series for s in shares if s is not None), default=1.0)
    axes.set_xlim(-0.5 if most < 0.3 else -1.5, min(100 * most * 1.2 + 2, 112))
    axes.set_xlabel(f"share of {' or of '.join(of for _, of, *_ in series)}, in %")
    legend(axes)
    lines = max(name.count("\n") + 1 for name in names)
    return _AROUND + len(names) * _LINE * max(lines, len(series))


def _percent(share: float) -> str:
    return "none seen" if not share else f"{100 * share:.3g} %"


def bias_shares(axes: Axes, found: Result) -> Explained | None:
    """For each smaller network the share of best fits and of ends of gradient flow, with intervals; what is critically exposed is
    marked."""
    rows = [row for row in found.value["table"] if row["kind"] != "network"][:_MOST_PIECES]
    whole = [row for row in found.value["table"] if row["kind"] == "network"]
    rows = [*whole, *rows]
    if len(rows) == len(whole):
        return None

    def share(row: Mapping[str, Any], key: str) -> SeenShare | None:
        part, low, high = row[key], row[f"{key}_low"], row[f"{key}_high"]
        return None if part is None or low is None or high is None else SeenShare(part, low, high)

    best, flow = [share(row, "best") for row in rows], [share(row, "flow") for row in rows]
    series: list[Series] = [(*_BEST, best), ("ends of gradient flow", "runs", SECOND, "D", flow)]
    seen = [s for s in series if any(x is not None for x in s[-1])]
    if not seen:
        return None
    height = _dots(axes, [_named(row) for row in rows], seen)
    evidence = found.evidence
    return Explained(
        f"Is training of {found.subject} drawn to smaller networks?",
        f"Circles: the share of {counted(evidence['clear'], 'random target')} whose best fit is such a function. Diamonds: the "
        "share of "
        f"{counted(evidence['converged'], 'run')} of gradient flow that end there. Lines: 95 % intervals. * critically exposed: "
        "training rests there for "
        "an open set of targets.",
        height,
    )


def _named(row: dict[str, object]) -> str:
    name = str(row["name"])
    name = "all other functions" if row["kind"] == "network" else name
    parts = name.replace(" and ", "\nand ").split("\n")
    lines = [line for part in parts for line in textwrap.wrap(part, _NAME, break_long_words=True)]
    return "\n".join(lines) + (" *" if row.get("critically_exposed") == "yes" else "")


def best_fit_shares(axes: Axes, found: Result) -> Explained | None:
    """For each piece the share of random targets that it fits best."""
    rows = [row for row in found.value["table"] if row["best"] is not None][: _MOST_PIECES + 1]
    if len(rows) < 2:
        return None
    shares = [SeenShare(row["best"], row["low"], row["high"]) for row in rows]
    height = _dots(axes, [_named(row) for row in rows], [(*_BEST, shares)])
    return Explained(
        f"Which functions of {found.subject} fit best",
        f"Circles: the share of {counted(found.value['clear'], 'random target')} whose best fit is a function of this kind. "
        "Lines: 95 % intervals.",
        height,
    )
