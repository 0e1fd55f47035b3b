"""What a kind of operation is: one record says its value, its bound under changed weights, and what it does to channels.

A kind is one `Operation` in `neurovariety.checkpoints.graph.operations`; everything that depends on the kind of a node is asked of it.
Values carry the batch in axis 0; axes and shapes in attributes are those of one sample, without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from neurovariety.checkpoints.graph.node import Attributes, Node
from neurovariety.checkpoints.graph.nonlinearity import Relation, Sort
from neurovariety.checkpoints.graph.three_arithmetics import Arithmetic, Array, Values

Weights = Mapping[str, Values]
"""Key -> array in the arithmetic at hand."""
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """A node with everything that its value may depend on. ``stored`` holds the weights as they are, for what is no ring operation."""

    node: Node
    values: Sequence[Values]
    weights: Weights
    stored: Weights
    arithmetic: Arithmetic

    @property
    def xp(self) -> ModuleType:
        return self.arithmetic.xp

    @property
    def x(self) -> Values:
        return self.values[0]

    @property
    def attributes(self) -> Attributes:
        return self.node.attributes

    def weight(self, role: str) -> Values:
        return self.weights[self.node.weights[role]]

    def has(self, role: str) -> bool:
        return role in self.node.weights


@dataclass(frozen=True)
class Enclosure:
    """``size`` bounds the Euclidean norm of a value for both of two networks, ``error`` that of the difference of the two."""

    size: float
    error: float


UNBOUNDED = Enclosure(math.inf, math.inf)


@dataclass(frozen=True, eq=False)
class Perturbation:
    """A node of two networks with one graph: the enclosures of its inputs, its weights (role -> float64 arrays of both), the shapes.

    ``same`` are the roles whose weights are equal before they were rounded to float64.
    """

    node: Node
    below: Sequence[Enclosure]
    weights: Mapping[str, tuple[Array, Array]]
    shape: Shape
    shapes: Sequence[Shape]
    same: frozenset[str]

    @property
    def count(self) -> int:
        """Entries of the value."""
        return math.prod(self.shape)

    @property
    def alike(self) -> bool:
        """Whether there are two inputs of one shape."""
        return len(self.below) == 2 and self.shapes[0] == self.shapes[1]


class MixedChannels(Exception):
    """Why the channels of a value cannot be followed."""


@dataclass(frozen=True)
class Channelwise:
    """An operation that keeps channels apart: each entry of its value depends on entries of one channel alone.

    ``labels`` gives the channel of every entry of the value from those of the input, with the shape of the value, or raises
    `MixedChannels`. ``relation`` says what becomes of an affine relation between channels i and j; None: it gets lost. ``linear``:
    the value is a linear map of each channel, the same for all. ``positive``: only positive factors are carried (a maximum).
    ``affine`` is the map t value + u a channel, where the weights hold one entry a channel. ``narrowed`` is the node for another
    number of channels.
    """

    labels: Callable[[Node, Array, Shape], Array]
    relation: Callable[[Node, Mapping[str, Array], int, int, Relation], Relation | None] = lambda node, weights, i, j, r: r
    linear: bool = False
    positive: bool = False
    affine: Callable[[Node, Mapping[str, Array]], tuple[Array, Array]] | None = None
    narrowed: Callable[[Node, int, int], Node] = lambda node, width, kept: node


@dataclass(frozen=True)
class Affine:
    """A map by a stored weight (out, in, \\*window) with an optional bias, that makes channels out of channels.

    ``matrix``: it works on the last axis, else on the first, sliding its window over the others. ``grouped`` says whether a node
    joins only channels of one group.
    """

    matrix: bool
    grouped: Callable[[Node], bool] = lambda node: False

    @property
    def axis(self) -> int:
        """The axis of a sample along which the channels lie."""
        return -1 if self.matrix else 0


@dataclass(frozen=True)
class Operation:
    """One kind of node.

    ``value`` computes it in every arithmetic. ``bound`` encloses its value for two sets of weights. ``degree`` bounds the degree in
    the network's input from those of the inputs; None: no polynomial. ``sort`` says what is exact (see
    `neurovariety.checkpoints.graph.nonlinearity`), ``words`` what it applies, where that is not algebraic. ``entrywise`` is the
    operator of an arithmetic operation on two operands. ``channelwise`` and ``affine`` say what it does to channels, where it
    keeps them apart or makes them; ``pads`` whether zeros stand beside the values that it reads. ``view``: the value is the
    input in another order, so that overwriting one overwrites both. ``idle`` says of a node between two shapes that it changes
    nothing, and ``merged`` joins a node with the one of the same kind before it.
    """

    kind: str
    value: Callable[[Call], Values]
    bound: Callable[[Perturbation], Enclosure] = lambda p: UNBOUNDED
    degree: Callable[[Node, Sequence[int]], int | None] = lambda node, below: max(below)
    sort: Callable[[Node], Sort] = lambda node: "algebraic"
    words: Callable[[Node], str] = lambda node: node.kind
    entrywise: Callable[[Values, Values], Values] | None = None
    channelwise: Channelwise | None = None
    affine: Affine | None = None
    pads: Callable[[Node], bool] = lambda node: False
    view: bool = False
    idle: Callable[[Node, Shape, Shape], bool] = lambda node, before, after: False
    merged: Callable[[Node, Node], Node] | None = None


def unchanged(p: Perturbation) -> Enclosure:
    """The bound of an operation that enlarges no norm."""
    return p.below[0]


def grown(p: Perturbation, factor: float) -> Enclosure:
    """The bound of a linear operation without weights that enlarges norms by at most a factor."""
    return Enclosure(p.below[0].size * factor, p.below[0].error * factor)


def first_axis(node: Node, labels: Array, after: Shape) -> Array:
    """The channels of the value where they are the first axis of a sample, before and after."""
    rows = labels.reshape(labels.shape[0], -1)
    if np.any(rows != rows[:, :1]) or len(np.unique(rows[:, 0])) != len(rows):
        raise MixedChannels(f"{node.place} mixes its channels with positions")
    return np.broadcast_to(rows[:, 0].reshape(-1, *(1 for _ in after[1:])), after)
