"""The modes of a multilinear model: what its input is cut into."""

from __future__ import annotations

from math import prod
from typing import Any

from neurovariety.errors import NotationError

_LARGEST_SPAN = 10**1000
"""Tensors with more entries than this are refused: their number could not even be printed."""


def check_modes(family: str, modes: tuple[int, ...], outputs: int, example: str) -> None:
    """Raise `NotationError` unless there are two modes or more, all sizes are positive and the tensors have a printable size."""
    if len(modes) < 2:
        raise NotationError(f"{family} needs at least 2 modes, got {len(modes)}: write for example {example}")
    for n in modes:
        if n < 1:
            raise NotationError(f"{family}: the mode {n} is not positive; every mode needs at least one entry")
    if outputs < 1:
        raise NotationError(f"{family}: outputs={outputs} is not positive; leave it out for one output")
    if prod(modes) * outputs > _LARGEST_SPAN:
        raise NotationError(f"{family}: tensors with more than 10^1000 entries are not accepted; use fewer or smaller modes")


def pieces(x: Any, modes: tuple[int, ...]) -> list[Any]:
    """The mode vectors x_1, ..., x_d of which the input x of shape (sum of modes,) is the concatenation."""
    out, at = [], 0
    for n in modes:
        out.append(x[at : at + n])
        at += n
    return out
