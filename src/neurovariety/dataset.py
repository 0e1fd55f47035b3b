"""A data set: inputs and targets as exact numbers, and what was done to a table to get them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

_SHOWN = 6
"""Rows of a table that a notebook shows."""
_NAMED = 8
"""Columns that are named in one line."""


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A table of exact numbers: ``inputs`` (samples, features) and ``targets`` (samples, columns) hold Fractions.

    A decimal in a text file such as 39.1 is the rational number 391/10, not its binary approximation; a float of an array or a frame is
    its exact binary value. Nothing is standardized or split. ``done`` says in words what was done to the table: how it was written
    where that is not plain CSV, columns and rows that were left out, columns made of words.
    """

    name: str
    features: tuple[str, ...]
    target_names: tuple[str, ...]
    inputs: np.ndarray[Any, np.dtype[Any]]
    targets: np.ndarray[Any, np.dtype[Any]]
    done: tuple[str, ...] = ()

    def said(self) -> str:
        """What was done, in one line; empty where the table was taken as it is."""
        return f"{self.name}: {'; '.join(self.done)}" if self.done else ""

    def __repr__(self) -> str:
        wanted = f" -> {_few(self.target_names)}" if self.target_names else ""
        done = f"; {'; '.join(self.done)}" if self.done else ""
        count = f"{len(self.inputs)} sample{'' if len(self.inputs) == 1 else 's'}"
        return f"Dataset({self.name}: {count} of {_few(self.features)}{wanted}{done})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(n)}</th>" for n in (*self.features, *self.target_names))
        rows = np.hstack([self.inputs, self.targets])[:_SHOWN].tolist()
        body = "".join("<tr>" + "".join(f"<td>{float(v):.6g}</td>" for v in row) + "</tr>" for row in rows)
        more = f", the first {_SHOWN} of them" if len(self.inputs) > _SHOWN else ""
        return f"<table><caption>{html.escape(repr(self))}{more}</caption><tr>{head}</tr>{body}</table>"
