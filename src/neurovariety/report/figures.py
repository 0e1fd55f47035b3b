"""Figures of the report as SVG that follows the page's light or dark colours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurovariety.dictionary.entry import Entry
from neurovariety.errors import InputError
from neurovariety.report.colours import INK, MAIN, SECOND, THIRD
from neurovariety.report.poset_figure import poset
from neurovariety.report.row import Row
from neurovariety.report.training_figures import DRAWINGS
from neurovariety.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurovariety.dictionary.data import DataResult
    from neurovariety.dictionary.dimension import DimensionResult
    from neurovariety.dictionary.ed_degree import EdDegreeResult
    from neurovariety.dictionary.fibers import FibersResult
    from neurovariety.dictionary.learning_coefficient import LearningCoefficientResult
    from neurovariety.dictionary.ml_degree import MlDegreeResult

_STYLE: Any = {"svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif", "svg.hashsalt": "neurovariety"}
_COLOURS = {INK: "var(--ink)", MAIN: "var(--main)", SECOND: "var(--second)", THIRD: "var(--third)"}


def figure(row: Row) -> str:
    """The SVG of a row's figure, or '' where it has none."""
    if row.result is None:
        return ""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        canvas = _drawn(row.entry, row.result)
        if canvas is None:
            return ""
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _themed(buffer.getvalue(), row.entry.name)


def save_figure(entry: Entry, result: Result, path: str) -> None:
    """Draw a result to a file whose ending says how: .svg, .png or .pdf. Raises `InputError` where that cannot be done."""
    write_figure(lambda: _drawn(entry, result), path, f"this {entry.name} has no figure: {result.meaning}")


def write_figure(draw: Callable[[], Any], path: str, nothing: str = "") -> None:
    """Write the canvas that ``draw`` makes to a file whose ending says how: .svg, .png or .pdf.

    Raises `InputError` where that cannot be done; with the sentence ``nothing`` where it makes none.
    """
    import matplotlib as mpl

    ending = Path(path).suffix.lower()
    if ending not in (".svg", ".png", ".pdf"):
        raise InputError(f"a figure is drawn to a file that ends in .svg, .png or .pdf, got {path!r}")
    with mpl.rc_context(_STYLE):
        canvas = draw()
        if canvas is None:
            raise InputError(nothing)
        try:
            canvas.savefig(path, format=ending[1:], dpi=150)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def _drawn(entry: Entry, result: Result) -> Any:
    """The canvas of an entry's figure, None where there is none."""
    from matplotlib.figure import Figure

    draw, height = _DRAWINGS.get(entry.figure, (None, 0.0))
    if draw is None:
        return None
    canvas = Figure(figsize=(6.4, height), layout="constrained")
    axes = canvas.subplots()
    axes.patch.set_alpha(0)
    if not draw(axes, result):
        return None
    for drawn in canvas.axes:
        for side in ("top", "right"):
            drawn.spines[side].set_visible(False)
        for spine in drawn.spines.values():
            spine.set_color(INK)
        drawn.tick_params(colors=INK)
        drawn.xaxis.label.set_color(INK)
        drawn.yaxis.label.set_color(INK)
    return canvas


def _themed(svg: str, name: str) -> str:
    """The drawing in the page's colours, its ids made those of this entry: several drawings share one page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for drawn, themed in _COLOURS.items():
        svg = svg.replace(drawn, themed)
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'role="img"', svg, count=1)


def _bars(axes: Axes, found: DimensionResult) -> bool:
    """Parameters, expected dimension, dimension and ambient dimension, side by side."""
    evidence, value = found.evidence, int(found.value)
    sizes = {
        "parameters": evidence["parameters"],
        "expected": evidence.get("expected"),
        "dimension": value,
        "ambient": evidence["ambient"],
    }
    rows = [(n, v) for n, v in sizes.items() if v is not None][::-1]
    colours = [MAIN if n == "dimension" else THIRD for n, _ in rows]
    axes.barh([n for n, _ in rows], [v for _, v in rows], color=colours)
    if max(v for _, v in rows) > 50 * max(value, 1):
        axes.set_xscale("log")
    for i, (_, v) in enumerate(rows):
        axes.annotate(f" {v}", (v, i), va="center", color=INK)
    axes.margins(x=0.12)
    return True


_MOST_COSTS = 4
"""Smaller networks that have room."""


def _costs(axes: Axes, found: LearningCoefficientResult) -> bool:
    """What n samples leave of the error, times n: regular parameters, the function asked for, and those of smaller networks."""
    evidence, value = found.evidence, found.value["learning_coefficient"]
    if value is None or "parameters" not in evidence:
        return False
    asked = found.verdicts["learning_coefficient"].statement.scope[:1] or ("the true function",)
    rows = [
        ("parameters / 2", Fraction(evidence["parameters"], 2), THIRD),
        (asked[0].removesuffix(" of the model"), Fraction(value), MAIN),
    ]
    for row in found.value.get("smaller_networks", [])[:_MOST_COSTS]:
        name = "for the zero function" if row["network"] == "zero" else row["network"]
        exact = row["learning_coefficient"]
        rows.append((name, Fraction(exact), SECOND) if exact is not None else (f"{name}: at most", Fraction(row["at_most"]), SECOND))
    rows = rows[::-1]
    axes.barh([n for n, _, _ in rows], [float(v) for _, v, _ in rows], color=[c for *_, c in rows])
    for i, (_, v, _) in enumerate(rows):
        axes.annotate(f" {v}", (float(v), i), va="center", color=INK)
    axes.set_xlabel("learning coefficient")
    axes.margins(x=0.12)
    return True


def _split(axes: Axes, found: FibersResult) -> bool:
    """The parameters split into what the function sees, what stated symmetries explain, and hidden directions."""
    evidence, hidden, stated = found.evidence, found.value["hidden"], found.evidence.get("stated")
    if hidden is None or stated is None or "at" in evidence:
        return False
    parts = [
        ("seen by the function", evidence["model_dimension"], MAIN),
        ("stated symmetries", stated, THIRD),
        ("hidden", hidden, SECOND),
    ]
    left = 0
    for name, size, colour in parts:
        axes.barh([0], [size], left=left, color=colour, label=f"{name}: {size}", height=0.5)
        left += size
    axes.set_yticks([])
    axes.set_ylim(-0.5, 1.1)
    axes.set_xlabel("parameters")
    legend = axes.legend(ncols=3, frameon=False, loc="upper left", labelcolor=INK, borderaxespad=0)
    legend.set_in_layout(True)
    return True


def _threshold(axes: Axes, found: DataResult) -> bool:
    """Degrees of freedom seen by the first n samples, against the dimension."""
    seen = found.evidence["rank_by_samples"]
    if not seen:
        return False
    axes.step(range(len(seen) + 1), [0, *seen], where="post", color=MAIN, linewidth=2)
    axes.axhline(found.value["dimension"], color=SECOND, linestyle="--", linewidth=1)
    axes.annotate("dimension", (0, found.value["dimension"]), xytext=(4, -12), textcoords="offset points", color=INK)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("samples, in the order of the file")
    axes.set_ylabel("rank of J")
    axes.set_ylim(0, found.value["dimension"] * 1.15)
    return True


def _critical(axes: Axes, found: EdDegreeResult) -> bool:
    """The polar degrees that add up to the number, or what became of the paths from which it was counted."""
    polar = found.evidence.get("polar_degrees")
    if polar:
        axes.bar(range(len(polar)), polar, color=MAIN)
        for i, n in enumerate(polar):
            axes.annotate(f"{n:,}", (i, n), ha="center", va="bottom", color=INK)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("polar degrees: from the degree of the dual variety (left) to the degree of the variety")
        axes.margins(y=0.15)
        return True
    return _ends(axes, found)


def _ends(axes: Axes, found: EdDegreeResult | MlDegreeResult) -> bool:
    """What became of the paths from which the number was counted."""
    ends = {k: n for k, n in found.evidence.get("ends", {}).items() if n}
    if not ends:
        return False
    colours = {"regular": MAIN, "singular": SECOND, "at infinity": THIRD, "failed": INK}
    left = 0
    for kind, number in ends.items():
        axes.barh([0], [number], left=left, color=colours[kind], label=f"{kind}: {number:,}", height=0.5)
        left += number
    axes.set_yticks([])
    axes.set_ylim(-0.5, 1.1)
    axes.set_xlabel("ends of the paths from the general problem")
    axes.legend(ncols=4, frameon=False, loc="upper left", labelcolor=INK, borderaxespad=0)
    return True


_DRAWINGS: dict[str, tuple[Callable[[Axes, Any], bool], float]] = {
    "bars": (_bars, 1.9),
    "costs": (_costs, 1.9),
    "split": (_split, 1.9),
    "threshold": (_threshold, 1.9),
    "critical": (_critical, 1.9),
    "ends": (_ends, 1.9),
    "poset": (poset, 3.2),
    **DRAWINGS,
}
"""What draws a figure, and its height in inches."""
