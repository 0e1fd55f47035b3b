"""Figures of the report: the picture of each row, in the colours of the page, with its caption; and pictures in files."""

from __future__ import annotations

from neurovariety.dictionary.entry import Entry
from neurovariety.pictures import picture_in_html, picture_of_result
from neurovariety.report.row import Row
from neurovariety.result import Result


def figure(row: Row) -> str:
    """The picture of a row with its caption, or '' where it has none."""
    return "" if row.result is None else picture_in_html(row.entry.figure, row.result, themed=True)


def save_figure(entry: Entry, result: Result, path: str) -> None:
    """Draw a result to a file whose ending says how: .svg, .png or .pdf. Raises `InputError` where that cannot be done."""
    from neurovariety.pictures.canvas import write_picture

    write_picture(lambda: picture_of_result(entry.figure, result), path, f"this {entry.name} has no figure: {result.meaning}")
