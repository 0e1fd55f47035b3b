"""Some rows of a large value, which are compared in place of all: the first, the last and some between.

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
_SLIDING, _ROW_BY_ROW = ("conv", "max_pool", "average_pool"), ("activation", "normalize")
"""Kinds that slide a window over rows, and that make each row of one."""
_WINDOW = 9
"""Products that an entry of a value without filters counts for."""
_LEAST_AXES = 2
"""Axes of a sample: channels, and rows."""


@dataclass(frozen=True, eq=False)
class Band:
    """Rows ``start`` to ``stop`` of the ``rows`` of a value: a ``node`` that makes them from what is ``below``."""

    node: Node
    below: Rounded
    start: int
    stop: int
    rows: int


def bands(node: Node, below: Sequence[Rounded], network: Network) -> list[Band] | None:
    """The bands of a value that are compared; None where all of it is."""
    if node.kind not in (*_SLIDING, *_ROW_BY_ROW):
        return None
    before, shape = (network.shapes()[n] for n in (node.inputs[0], node.name))
    if len(shape) < _LEAST_AXES or below[0].value.shape[1:] != before:  # an activation by itself is applied to other numbers
        return None
    products = prod(shape) * (prod(np.shape(network.weights[node.weights["weight"]])[1:]) if node.kind == "conv" else _WINDOW)
    rows = shape[1]
    if products <= _ALL or rows <= 4 * _ROWS:
        return None
    middle = int(np.random.default_rng(rows).integers(_ROWS, rows - 2 * _ROWS))
    return [_band(node, below[0], start, rows, network) for start in (0, middle, rows - _ROWS)]


def _band(node: Node, x: Rounded, start: int, rows: int, network: Network) -> Band:
    stop = start + _ROWS
    if node.kind in _ROW_BY_ROW:
        cut, made = slice(start, stop), node
    else:
        window = np.shape(network.weights[node.weights["weight"]])[2:] if node.kind == "conv" else wholes(node.attributes, "window")
        (step, *_), (reach, *_) = wholes(node.attributes, "stride"), wholes(node.attributes, "dilation")
        (before, _), *others = pairs(node.attributes, "padding")
        first, size = start * step - before, x.value.shape[2]
        last = (stop - 1) * step - before + (window[0] - 1) * reach + 1
        cut = slice(max(first, 0), max(min(last, size), 0))
        padding = ((max(-first, 0), max(last - size, 0)), *others)
        made = replace(node, attributes={**node.attributes, "padding": padding})
    return Band(made, Rounded(np.asarray(x.value[:, :, cut], dtype=np.float64), x.off[:, :, cut]), start, stop, rows)
