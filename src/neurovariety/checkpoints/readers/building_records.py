"""Plain data beside a growing list of nodes: what it held at one moment, and how the window of a convolution slides."""

from __future__ import annotations

from dataclasses import dataclass

from neurovariety.checkpoints.graph.three_arithmetics import Array


@dataclass(frozen=True, eq=False)
class State:
    """What a `Builder` held at one moment."""

    nodes: int
    samples: set[str]
    weights: dict[str, Array]
    fixed: set[str]
    turned: set[str]


@dataclass(frozen=True)
class Slide:
    """How the window of a convolution slides: one number, or pair of sides, a direction."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
