"""Pictures of results: drawn from value and evidence alone, so that a result read back from JSON has the same ones.

matplotlib is loaded when a picture is drawn.
"""

from __future__ import annotations

import html
from hashlib import sha256
from typing import TYPE_CHECKING

from neurovariety.result import Result

if TYPE_CHECKING:
    from neurovariety.pictures.canvas import Picture


def picture_of_result(name: str, result: Result, *, captioned: bool = True) -> Picture | None:
    """The picture of that name (`pictures.drawings`) of a result; None where there is nothing to draw."""
    if not name:
        return None
    from neurovariety.pictures.canvas import picture_of
    from neurovariety.pictures.drawings import DRAWINGS

    draw, height = DRAWINGS[name]
    return picture_of(lambda axes: draw(axes, result), height, captioned=captioned)


def picture_in_html(name: str, result: Result, *, themed: bool) -> str:
    """The picture with its caption under it; empty where there is none. ``themed``: in the colours of the page of a report."""
    drawn = picture_of_result(name, result, captioned=False)
    return "" if drawn is None else figure_in_html(drawn, result, themed=themed)


def figure_in_html(drawn: Picture, result: Result, *, themed: bool) -> str:
    """A picture of a result, drawn without its caption, with the caption under it."""
    from neurovariety.pictures.canvas import as_svg

    other = "" if themed else f"-{sha256(repr(result.to_dict()).encode()).hexdigest()[:10]}"  # a notebook may show several
    svg = as_svg(drawn, f"picture-{result.entry}{other}", themed=themed)
    name = html.escape(drawn.title)
    held = f'<div class="scrolled" tabindex="0" role="group" aria-label="{name}">{svg}</div>' if themed else svg
    return f"<figure>{held}<figcaption>{html.escape(drawn.caption)}</figcaption></figure>"
