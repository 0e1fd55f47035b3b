"""Some rows of a large convolution, which are compared in place of all: the first, the last and some between.

An operation that was read with another stride, padding, dilation, grouping or filter differs at the rows at its ends or at those
between them, whichever these are; to compare all costs as much as to run the network on numbers of double precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, pairs, wholes
from neurovariety.checkpoints.graph.step_rounding import Rounded

_ALL = 2**25
"""Products of two numbers for one sample up to which all rows are compared."""
_ROWS = 4
"""Rows in a band."""


@dataclass(frozen=True, eq=False)
class Band:
    """Rows ``start`` to ``stop`` of the ``rows`` of a convolution: a ``node`` that makes them from what is ``below``."""

    node: Node
    below: Rounded
    start: int
    stop: int
    rows: int


def bands(node: Node, below: Sequence[Rounded], network: Network) -> list[Band] | None:
    """The bands of a convolution that are compared; None where all of it is."""
    if node.kind != "conv":
        return None
    shape, weight = network.shapes()[node.name], network.weights[node.weights["weight"]]
    rows = shape[1]
    if prod(shape) * prod(np.shape(weight)[1:]) <= _ALL or rows <= 4 * _ROWS:
        return None
    middle = int(np.random.default_rng(rows).integers(_ROWS, rows - 2 * _ROWS))
    return [_band(node, below[0], start, rows, np.shape(weight)[2]) for start in (0, middle, rows - _ROWS)]


def _band(node: Node, x: Rounded, start: int, rows: int, window: int) -> Band:
    (step, *_), (reach, *_) = wholes(node.attributes, "stride"), wholes(node.attributes, "dilation")
    (before, _), *others = pairs(node.attributes, "padding")
    size, stop = x.value.shape[2], start + _ROWS
    first = start * step - before
    last = (stop - 1) * step - before + (window - 1) * reach + 1
    cut = slice(max(first, 0), max(min(last, size), 0))
    padding = ((max(-first, 0), max(last - size, 0)), *others)
    made = replace(node, attributes={**node.attributes, "padding": padding})
    return Band(made, Rounded(x.value[:, :, cut], x.off[:, :, cut]), start, stop, rows)
