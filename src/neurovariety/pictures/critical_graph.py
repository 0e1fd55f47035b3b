"""Pictures of critical points: each at its loss and index, with the share of training that ends there, and flows between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurovariety.pictures.canvas import Explained, legend
from neurovariety.pictures.colours import INK, MAIN, PAPER, SECOND, THIRD
from neurovariety.result import Result, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Facts = Mapping[str, Any]
_LIMITS = 101
"""The last column."""
_SAME = 1e-6
"""Losses that agree so far, relative to their size, are one."""
_MOST_ROWS = 16
"""Different losses up to which each has a row of its own: losses lie at very different distances."""
_NEAR = 0.05
"""Marks this near, relative to the height of the picture, would be printed over each other: they stand side by side."""
_LOGARITHMIC = 300.0
"""Losses that differ by this factor stand on a logarithmic axis."""


@dataclass
class CriticalMark:
    """A critical point in the picture: what it is, where it stands, and what is written beside it."""

    number: int | None
    column: tuple[int, str]
    loss: float
    colour: str
    marker: str
    attained: bool
    x: float = 0.0
    y: float = 0.0
    said: str = ""


def column_of(point: Facts) -> tuple[int, str]:
    """The place of a critical point on the horizontal axis, and its name."""
    stratum = point.get("stratum")
    if stratum:
        return (_LIMITS, "limits of\nnetworks") if str(stratum).startswith("limits") else (100, "smaller\nnetworks")
    if point.get("index") is None:
        return 99, "index\nnot known"
    return int(point["index"]), "minima\n(index 0)" if point["index"] == 0 else f"index {point['index']}"


def _node(point: Facts, loss: float, attained: bool) -> CriticalMark:
    if point.get("stratum"):
        colour, marker = THIRD, "D"
    elif point.get("kind") == "minimum":
        colour, marker = MAIN, "o"
    else:
        colour, marker = SECOND, "s"
    return CriticalMark(point.get("number"), column_of(point), loss, colour, marker, attained)


def _levels(nodes: Sequence[CriticalMark]) -> list[float]:
    """The different losses from the least up; those that agree in six digits are one."""
    found: list[float] = []
    for loss in sorted(n.loss for n in nodes):
        if not found or loss - found[-1] > _SAME * max(abs(loss), abs(found[-1]), 1e-300):
            found.append(loss)
    return found


def _spread(nodes: Sequence[CriticalMark]) -> tuple[list[int], list[float]]:
    """Give each node its place; those of one column and nearly one height stand side by side. The columns that occur, and the losses
    that have a row of their own, none where there are too many."""
    columns = sorted({n.column[0] for n in nodes})
    levels = _levels(nodes)
    rows = levels if len(levels) <= _MOST_ROWS else []
    size = max(levels) - min(levels) or 1.0
    for node in nodes:
        node.y = float(min(range(len(rows)), key=lambda k: abs(rows[k] - node.loss))) if rows else node.loss
    near = 0.5 if rows else _NEAR * size
    for place, number in enumerate(columns):
        beside: list[list[CriticalMark]] = []
        for node in sorted((n for n in nodes if n.column[0] == number), key=lambda n: n.y):
            if beside and node.y - beside[-1][0].y <= near:
                beside[-1].append(node)
            else:
                beside.append([node])
        for row in beside:
            gap = min(0.17, 0.8 / len(row))
            for turn, node in enumerate(row):
                node.x = place + (turn - (len(row) - 1) / 2) * gap
    return columns, rows


def _draw(axes: Axes, nodes: Sequence[CriticalMark], least: float | None, what: str) -> dict[int, CriticalMark]:
    """Marks at their places, names of the columns, the least loss; the nodes by their numbers."""
    columns, rows = _spread(nodes)
    low, high = min(n.loss for n in nodes), max(n.loss for n in nodes)
    if rows:
        axes.set_yticks(range(len(rows)), [f"{loss:.5g}" for loss in rows])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.tick_params(axis="y", labelsize=8)
        for place in range(len(rows)):
            axes.axhline(place, color=THIRD, linewidth=0.4, zorder=0)
    elif low > 0 and high > _LOGARITHMIC * low:
        axes.set_yscale("log")
    for node in nodes:
        axes.plot(
            [node.x], [node.y], node.marker, markersize=8, markerfacecolor=node.colour if node.attained else PAPER,
            markeredgecolor=node.colour, markeredgewidth=1.6, zorder=3,
        )  # fmt: skip
        if node.said:
            box = {"boxstyle": "round,pad=0.1", "facecolor": PAPER, "linewidth": 0, "alpha": 0.85}
            axes.annotate(
                node.said,
                (node.x, node.y),
                color=INK,
                fontsize=8,
                zorder=4,
                bbox=box,
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
            )
    if least is not None and not rows:
        axes.axhline(least, color=INK, linewidth=1, linestyle=":", zorder=1, label=f"least: {least:.5g}")
    elif least is not None and abs(least - rows[0]) > _SAME * max(abs(least), 1e-300):
        axes.plot([], [], color=INK, linewidth=1, linestyle="", label=f"least known: {least:.5g}")
    names = dict(n.column for n in nodes)
    axes.set_xticks(range(len(columns)), [names[c] for c in columns])
    axes.set_xlim(-0.5, len(columns) - 0.5)
    if not rows:
        axes.margins(y=0.12)
    axes.set_ylabel(f"{what}\n(a row a value)" if rows else what)
    return {n.number: n for n in nodes if n.number is not None}


def _explained(axes: Axes, nodes: Sequence[CriticalMark], extra: Sequence[Any] = ()) -> None:
    from matplotlib.lines import Line2D

    def mark(label: str, colour: str, marker: str, full: bool = True) -> Any:
        return Line2D([], [], linestyle="", marker=marker, color=colour, markerfacecolor=colour if full else PAPER, label=label)

    kinds = {"minimum": (MAIN, "o"), "saddle, or not settled": (SECOND, "s"), "on a smaller network": (THIRD, "D")}
    handles = [mark(label, *kind) for label, kind in kinds.items() if any(n.colour == kind[0] for n in nodes)]
    if any(not n.attained for n in nodes):
        handles.append(mark("hollow: no real weights known", INK, "o", False))
    lines, _ = axes.get_legend_handles_labels()
    legend(axes, [*handles, *extra, *lines])


def landscape(axes: Axes, found: Result) -> Explained | None:
    """Losses of the real critical points by index; filled ones are functions of networks whose real weights are known."""
    points = [p for p in found.evidence.get("points", ()) if p["real"] and p["loss"] is not None]
    complex_ones = found.value["complex"]
    if not points or complex_ones is None:
        return None
    nodes = [_node(p, float(p["loss"]), p["weights"] is not None) for p in points]
    targets = found.evidence.get("random_targets")
    _draw(axes, nodes, found.value["least_loss"], "loss")
    _explained(axes, nodes)
    if targets is not None:
        _histogram(axes, complex_ones, targets)
    beside = " Right: how many real ones random targets have; dotted: the number of complex ones." if targets is not None else ""
    return Explained(
        f"Critical points of training {found.subject}",
        f"A mark a real critical function, at its loss, by the number of directions in which the loss falls (index). "
        f"Complex ones at smooth functions: {complex_ones:,}.{_hollow(nodes)}{beside}",
    )


def _hollow(nodes: Sequence[CriticalMark]) -> str:
    """What hollow marks are, where there are some."""
    if all(n.attained for n in nodes):
        return ""
    limits = " limits of networks, which none computes, or" if any(n.column[0] == _LIMITS for n in nodes if not n.attained) else ""
    return f" Hollow:{limits} functions for which no real weights are known."


def _histogram(axes: Axes, most: int, targets: Facts) -> None:
    """Beside the losses: how many real critical functions random targets have; the dotted line is the number of complex ones."""
    counts = {int(number): int(share) for number, share in targets["real"].items()}
    total = max(sum(counts.values()), 1)
    spec = axes.figure.add_gridspec(1, 2, width_ratios=(2, 1))
    axes.set_subplotspec(spec[0])
    beside = axes.figure.add_subplot(spec[1])
    beside.bar(list(counts), [100 * n / total for n in counts.values()], width=0.8, color=MAIN)
    beside.axvline(most, color=INK, linewidth=0.8, linestyle=":")
    beside.locator_params(axis="x", integer=True)
    beside.set_xlabel(f"real ones of {most:,}")
    beside.set_ylabel(f"% of {total:,} random targets")


def decayed(axes: Axes, found: Result) -> Explained | None:
    """Values of the objective at the real critical points with weight decay, by index."""
    points = [p for p in found.evidence["points"] if p["real"] == "yes"]
    if not points:
        return None
    nodes = [_node(p, float(p["objective"]), True) for p in points]
    least = found.value["least"]
    _draw(axes, nodes, None if least is None else float(least[1]), "loss with weight decay")
    _explained(axes, nodes)
    return Explained(
        f"Critical weights of training {found.subject} with weight decay",
        "A mark a real critical point in the space of weights, at the value of the objective, by the number of directions in "
        "which that "
        "falls (index).",
    )


def likelihoods(axes: Axes, found: Result) -> Explained | None:
    """Cross-entropy at the critical distributions that are real and positive, by index."""
    points = [p for p in found.evidence["points"] if p["positive"] and p["cross_entropy"] is not None]
    if not points:
        return None
    nodes = [_node(p, float(p["cross_entropy"]), p.get("weights") is not None) for p in points]
    _draw(axes, nodes, found.value["least"], "cross-entropy")
    _explained(axes, nodes)
    return Explained(
        f"Critical distributions of {found.subject}",
        f"A mark a critical distribution with positive probabilities, at its cross-entropy, by the number of directions in "
        "which that falls "
        f"(index). Complex ones: {found.value['complex']:,}.",
    )


def distances(axes: Axes, found: Result) -> Explained | None:
    """Distances of the points on faces that are critical, by how many conditions their face has."""
    points = found.evidence["points"]
    if not points:
        return None
    nodes = [_node(p, float(p["distance"]), p["weights"] is not None) for p in points]
    for node, point in zip(nodes, points, strict=True):
        if not point["stratum"]:
            node.column = (int(point["conditions"]), counted(int(point["conditions"]), "condition"))
    _draw(axes, nodes, found.value["least"], f"{found.evidence['norm']} distance")
    _explained(axes, nodes)
    return Explained(
        f"Critical functions of {found.subject} for a polyhedral norm",
        "A mark a real critical function on a face of the unit ball, at its distance from the target, by the number of "
        "conditions of the face.",
    )


_ARROW: Mapping[str, Any] = {
    "arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 6, "shrinkB": 6, "alpha": 0.75,
}  # fmt: skip


def ends_of_flow(axes: Axes, found: Result) -> Explained | None:
    """Critical points with the shares of the runs that end at them, and where flow from beside saddles goes."""
    evidence = found.evidence
    listed: list[Facts] = evidence.get("critical", [])
    basins, runs = evidence["basins"], max(found.value["runs"], 1)
    if not basins and not evidence["not_converged"]:
        return None
    ended = {b["point"]: b for b in basins if b["point"] is not None}
    nodes = [_node(p, float(p["loss"]), p.get("attained", True)) for p in listed]
    nodes += [
        _node(b | {"number": b["point"], "index": None}, float(b["loss"]), True)
        for b in basins
        if b["point"] not in {p["number"] for p in listed}
    ]
    for node in nodes:
        if node.number in ended:
            node.said = _share(ended[node.number])
    for node, basin in zip([n for n in nodes if n.number is None], [b for b in basins if b["point"] is None], strict=False):
        node.said = _share(basin)
    if not nodes:
        return None
    places = _draw(axes, nodes, None, "loss")
    drawn = False
    for arrow in evidence.get("descents", []):
        start, end = places.get(arrow["source"]), places.get(arrow["end"])
        if start is None or end is None or start is end:
            continue
        drawn = True
        axes.annotate(
            "", (end.x, end.y), (start.x, start.y), zorder=2,
            arrowprops={**_ARROW, "connectionstyle": f"arc3,rad={0.12 * max(abs(end.x - start.x), 1):.2f}"},  # past what is between
        )  # fmt: skip
    from matplotlib.lines import Line2D

    _explained(
        axes, nodes, [Line2D([], [], color=INK, linewidth=0.9, marker=">", markersize=4, label="flow from beside it")] if drawn else []
    )
    lost = "; ".join(f"{reason}: {100 * n / runs:.3g} %" for reason, n in evidence["not_converged"].items())
    return Explained(
        f"Where training of {found.subject} ends",
        f"Critical points at their loss, by the number of directions in which the loss falls (index); beside them how many of "
        f"{counted(runs, 'run')} of "
        f"{_METHODS.get(evidence['method'], evidence['method'])} from random weights end there, with 95 % intervals."
        + _hollow(nodes)
        + (" Arrows: where the flow goes from weights beside a point that is no minimum." if drawn else "")
        + (f" Runs that end at none: {lost}." if lost else ""),
    )


_METHODS = {"flow": "gradient flow", "gd": "gradient descent", "sgd": "stochastic gradient descent", "adam": "Adam"}


def _share(basin: Facts) -> str:
    return f"{100 * basin['share']:.3g} % ({100 * basin['low']:.0f} to {100 * basin['high']:.0f})"
