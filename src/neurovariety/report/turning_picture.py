"""A picture in three dimensions as a page in which it turns: by dragging, by keys and buttons, or by itself where motion is welcome.

The page holds all that it needs and fetches nothing.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np

from neurovariety.errors import InputError
from neurovariety.options import shown

Shape = Literal["line", "dots", "circle", "square", "star"]


@dataclass(frozen=True, eq=False)
class Layer:
    """Things of one kind: ``parts`` are points (n, 3), or for lines one such array each; ``colour`` names one of the page's, and
    ``thin`` lines lie behind."""

    name: str
    shape: Shape
    colour: Literal["ink", "main", "second", "third"]
    parts: np.ndarray | Sequence[np.ndarray]
    thin: bool = False

    def plain(self, size: float) -> dict[str, object]:
        """The layer as data of the page, in units of ``size``."""
        kept = {"name": self.name, "shape": self.shape, "colour": self.colour, "thin": self.thin}
        if self.shape == "line":
            return {**kept, "lines": [_rounded(part, size) for part in self.parts if len(part)]}
        return {**kept, "points": _rounded(np.asarray(self.parts), size)}


def _rounded(points: np.ndarray, size: float) -> list[list[float]]:
    """A thousandth of the picture is not seen."""
    return [[round(float(x), 3) for x in point] for point in points / size]


@dataclass(frozen=True, eq=False)
class TurningPicture:
    """A picture that can be turned. ``html`` is its page; notebooks show it, ``save`` writes it to a file."""

    title: str
    caption: str
    layers: tuple[Layer, ...]
    size: float

    @property
    def html(self) -> str:
        """The page: self-contained, and without requests."""
        layers = [layer.plain(self.size) for layer in self.layers if len(layer.parts)]
        scene = json.dumps({"layers": layers}, separators=(",", ":")).replace("<", "\\u003c")
        page = files("neurovariety.report").joinpath("turning.html").read_text(encoding="utf-8")
        words = {"title": html.escape(self.title), "caption": html.escape(self.caption), "scene": scene}
        for name, text in words.items():
            page = page.replace(f"<!--{name}-->", text)
        return page

    def save(self, file: str | Path) -> None:
        """Write the page to a file that ends in .html. Raises `InputError` where that cannot be done."""
        path = Path(file)
        if path.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"a picture that turns is written to a file that ends in .html, got {shown(str(file))}")
        try:
            path.write_text(self.html, encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {file}: {error.strerror or error}") from error

    def __repr__(self) -> str:
        return f"TurningPicture({self.title}; save('FILE.html') writes it)"

    def _repr_html_(self) -> str:
        """The page in a frame of its own, in which its script touches nothing else."""
        held = html.escape(self.html, quote=True)
        style = "width:100%;max-width:46rem;height:46rem;border:0"
        return (
            f'<iframe title="{html.escape(self.title, quote=True)}" sandbox="allow-scripts" style="{style}" srcdoc="{held}"></iframe>'
        )
