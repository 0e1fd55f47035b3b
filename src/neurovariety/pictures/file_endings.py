"""Files that pictures are written to."""

from __future__ import annotations

from pathlib import Path

from neurovariety.errors import InputError


def check_drawable(file: str) -> None:
    """Raises `InputError` for a file that no picture is drawn to."""
    if Path(file).suffix.lower() not in (".svg", ".png", ".pdf"):
        raise InputError(f"a figure is drawn to a file that ends in .svg, .png or .pdf, got {file!r}")
