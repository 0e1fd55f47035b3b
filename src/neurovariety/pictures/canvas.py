"""A picture: axes under a title, with a legend that has room, and a caption that says what every mark is."""

from __future__ import annotations

import html
import io
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from neurovariety.errors import InputError
from neurovariety.pictures.colours import INK, NAMES, PAPER
from neurovariety.pictures.file_endings import check_drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 6.4
"""Inches."""
_MARGIN = 0.25
_LINE, _TITLE_LINE = 100, 78
"""Characters of a caption, and of a title, that fit into the width."""
_CAPTION, _TITLE = 0.155, 0.2
"""Heights of their lines in inches."""
_STYLE: Any = {"svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif", "svg.hashsalt": "neurovariety"}


class Explained(NamedTuple):
    """What axes show: the title of the picture, a caption that explains its marks, and the height in inches if unusual."""

    title: str
    caption: str
    height: float | None = None


class Picture(Figure):
    """A matplotlib figure with ``title`` and ``caption``; notebooks show it, and it pickles and is saved as any figure is."""

    title: str = ""
    caption: str = ""

    def _repr_png_(self) -> bytes:
        with mpl.rc_context(_STYLE):
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def picture_of(
    draw: Callable[[Axes], Explained | None],
    height: float,
    *,
    captioned: bool = True,
    solid: bool = False,
    into: Picture | None = None,
) -> Picture | None:
    """What ``draw`` puts on axes of this height in inches; None where it puts nothing there.

    ``captioned``: whether the caption is part of the picture; ``solid``: axes in three dimensions; ``into``: an empty figure.
    """
    with mpl.rc_context(_STYLE):
        canvas = Picture() if into is None else into
        canvas.set_size_inches(WIDTH, height)
        canvas.set_layout_engine("constrained")
        axes = canvas.add_subplot(projection="3d") if solid else canvas.subplots()
        shown = draw(axes)
        if shown is None:
            return None
        canvas.title, canvas.caption = shown.title, shown.caption
        for drawn in canvas.axes:
            _in_ink(drawn)
        _framed(canvas, shown.height or height, captioned)
    return canvas


def _in_ink(axes: Axes) -> None:
    axes.patch.set_alpha(0)
    for side in ("top", "right"):
        if side in axes.spines:
            axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.tick_params(colors=INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(INK)


def _framed(canvas: Picture, height: float, captioned: bool) -> None:
    """The title above and the caption below, in room of their own."""
    title = textwrap.wrap(canvas.title, _TITLE_LINE)
    caption = textwrap.wrap(canvas.caption, _LINE) if captioned else []
    above, below = _TITLE * len(title) + 0.08, _CAPTION * len(caption) + 0.12 * bool(caption)
    whole = height + above + below
    canvas.set_size_inches(WIDTH, whole)
    engine = canvas.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, below / whole, 1, height / whole))
    canvas.text(0.012, 1 - 0.05 / whole, "\n".join(title), va="top", color=INK, fontsize=11, fontweight="bold")
    if caption:
        canvas.text(0.012, 0.05 / whole, "\n".join(caption), va="bottom", color=INK, fontsize=8, linespacing=1.25)
    canvas.patch.set_facecolor(PAPER)


def legend(axes: Axes, handles: Sequence[Any] | None = None) -> None:
    """All labels above the axes, in as many columns as there is room for; call it when the ticks are set."""
    known, labels = axes.get_legend_handles_labels() if handles is None else (list(handles), [h.get_label() for h in handles])
    for columns in range(max(len(labels), 1), 0, -1):
        found = axes.legend(
            known, labels, ncols=columns, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), labelcolor=INK, borderaxespad=0.2,
            fontsize=9, handletextpad=0.5, columnspacing=1.2,
        )  # fmt: skip
        beside = axes.yaxis.get_tightbbox()
        left = 0.0 if beside is None else beside.width
        if (left + found.get_window_extent().width) / axes.figure.dpi <= WIDTH - _MARGIN:
            return


def as_svg(canvas: Picture, name: str, *, themed: bool) -> str:
    """The picture as SVG inside a page, with its title and caption for readers who do not see it.

    ``name`` begins its ids, since several pictures share one page. ``themed``: in the colours of the page, which follow light and dark.
    """
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        canvas.savefig(buffer, format="svg", transparent=themed, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = _short(svg)
    for drawn, named in NAMES.items() if themed else ():
        svg = svg.replace(drawn, named)
    labelled = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', labelled, svg, count=1)
    said = f'<title id="{name}-title">{html.escape(canvas.title)}</title><desc id="{name}-desc">{html.escape(canvas.caption)}</desc>'
    return re.sub(r"(<svg[^>]*>)", lambda found: found[1] + said, svg, count=1)


def _short(svg: str) -> str:
    """The same drawing in about a third of the characters."""
    numbers = r'\b(?:d|x|y|width|height|transform)="[^"]*"'
    svg = re.sub(numbers, lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)  # a hundredth of a point is not seen
    svg = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg)
    named = set(re.findall(r'(?:url\(|href=")#([^)"]*)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in named else "", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = re.sub(r"> <", "><", svg)
    before = ""
    while before != svg:  # groups that neither name nor move what is in them
        before, svg = (
            svg,
            re.sub(r"<g>((?:<(?:path|use|rect)[^>]*/>|<text[^>]*>[^<]*</text>|<defs>(?:(?!</?defs).)*</defs>)*)</g>", r"\1", svg),
        )
    return svg


def write_picture(draw: Callable[[], Figure | None], path: str, nothing: str = "") -> None:
    """Write the figure that ``draw`` makes to a file whose ending says how: .svg, .png or .pdf.

    Raises `InputError` where that cannot be done; with the sentence ``nothing`` where it makes none.
    """
    check_drawable(path)
    ending = Path(path).suffix.lower()
    canvas = draw()
    if canvas is None:
        raise InputError(nothing)
    try:
        if ending == ".svg" and isinstance(canvas, Picture):
            Path(path).write_text(as_svg(canvas, "picture", themed=False), encoding="utf-8")
        else:
            with mpl.rc_context(_STYLE):
                canvas.savefig(path, format=ending[1:], dpi=150)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
