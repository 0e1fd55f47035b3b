"""Sums and products with one number a channel, which exporters write beside transpositions, become batch norms of channels first.

A file of Keras keeps channels last: a convolution, its value transposed, a bias added, a mean subtracted, a factor, a shift, an
activation, and all transposed back for the next convolution. The same is computed by adding, subtracting and multiplying before the
transposition: entry by entry, so that nothing is rounded in another way. Axes of length 1 that come and go are moved in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, wholes
from neurovariety.checkpoints.graph.operation import Shape
from neurovariety.checkpoints.graph.operations import operation

_ONES, _ZEROS = " (ones)", " (zeros)"
_KEEP_CHANNELS_FIRST = ("normalize", "max_pool", "average_pool", "upsample", "spread")
_ROLES = {"subtract": "mean", "multiply": "scale", "add": "shift"}
_ORDER = ("mean", "scale", "shift")
"""What a batch norm does in turn."""


def is_written_here(key: str) -> bool:
    """Whether a weight is one of the ones and zeros that a batch norm needs and no file has."""
    return key.endswith((_ONES, _ZEROS))


@dataclass(frozen=True)
class _Moved:
    """A value that is another one, channels first, in another order or shape; ``axis`` is where its channels are."""

    base: str
    moves: tuple[Node, ...]
    axis: int


def _on_a_line(node: Node) -> bool:
    """Whether a node of one input adds a number or multiplies by one; a polynomial may."""
    return node.kind != "activation" or node.function == "polynomial"


def channels_first(network: Network) -> Network:
    """The same function, with such operations on the values that have channels first."""
    found = _Pass(network)
    for node in network.nodes:
        found.take(node)
    if not found.changed:
        return network
    return replace(network, nodes=tuple(found.nodes.values()), weights=found.weights, fixed=network.fixed | found.written)


class _Pass:
    """One pass over the nodes."""

    def __init__(self, network: Network) -> None:
        self.network, self.shapes = network, network.shapes()
        self.uses = Counter(k for node in network.nodes for k in node.weights.values())
        self.readers = Counter(n for node in network.nodes for n in node.inputs)
        self.nodes: dict[str, Node] = {}
        self.weights = dict(network.weights)
        self.written: set[str] = set()
        self.found: dict[str, _Moved] = {}
        self.norms: dict[str, tuple[str, ...]] = {}
        """Name of a value in the network -> the nodes that were written for it, a batch norm first."""
        self.changed = False

    def take(self, node: Node) -> None:
        """Write a node as it is, or on channels first."""
        below = [self.found.get(n) for n in node.inputs]
        known = [b for b in below if b is not None]
        if len(known) == len(below) and known and operation(node).entrywise is not None:
            if self._entrywise(node, known):
                return
        elif len(known) == 1 == len(below) and node.kind == "activation":
            self._on_base(node, known[0], replace(node, inputs=(known[0].base,)))
            return
        self.nodes[node.name] = node
        first = known[0] if len(below) == 1 and known else None
        makes = node.kind == "conv" or (node.kind == "linear" and len(self.shapes[node.name]) == 1)
        if makes or (first is not None and node.kind in _KEEP_CHANNELS_FIRST and first.axis == 0):
            self.found[node.name] = _Moved(node.name, (), 0)
        elif first is not None and node.kind in ("transpose", "reshape"):
            axis = self._axis_after(node, first.axis)
            if axis is not None:
                self.found[node.name] = _Moved(first.base, (*first.moves, node), axis)

    def _axis_after(self, node: Node, axis: int) -> int | None:
        """Where channels are after a transposition, or after axes of length 1 came or went; None where that is not said."""
        if node.kind == "transpose":
            return wholes(node.attributes, "permutation").index(axis)
        before, after = self.shapes[node.inputs[0]], self.shapes[node.name]
        long = [[k for k, n in enumerate(s) if n != 1] for s in (before, after)]
        if [before[k] for k in long[0]] != [after[k] for k in long[1]] or axis not in long[0]:
            return None
        return long[1][long[0].index(axis)]

    def _entrywise(self, node: Node, below: Sequence[_Moved]) -> bool:
        """Whether a sum or product was written on channels first."""
        first = below[0]
        if len(below) == 2:
            if [m.attributes for m in below[1].moves] != [m.attributes for m in first.moves] or not first.moves:
                return False
            if self._base_shape(below[1]) != self._base_shape(first):
                return False
            self._on_base(node, first, replace(node, inputs=(first.base, below[1].base)))
            return True
        if "weight" not in node.weights:
            self._on_base(node, first, replace(node, inputs=(first.base,)))
            return True
        key, role = node.weights["weight"], _ROLES.get(node.kind)
        if role is None or (node.attributes.get("reversed") and role == "mean") or self.uses[key] > 1:
            return False
        if not self._one_a_channel(key, self.shapes[node.inputs[0]], first.axis) or self._stays(first.base):
            return False
        base = self.nodes[first.base]
        width = self.shapes[node.inputs[0]][first.axis]
        if role == "shift" and operation(base).affine is not None and "bias" not in base.weights:
            self.weights[key] = self.weights[key].reshape(width, *(1 for _ in self._base_shape(first)[1:]))
            self._on_base(node, first, Node(node.name, "add", (first.base,), {"weight": key}, {}, node.path))
            return True
        self.weights[key] = self.weights[key].reshape(-1)
        before = self.norms.get(node.inputs[0])
        roles = self.nodes[before[0]].weights if before is not None else {}
        alone = self.readers[node.inputs[0]] == 1 and node.inputs[0] != self.network.output
        if before is not None and alone and self._after_all(role, roles):
            weights, below_it = {**roles, role: key}, self.nodes[before[0]].inputs
            for name in before:
                del self.nodes[name]
        else:
            weights, below_it = {**self._neutral(node.name, width), role: key}, (first.base,)
        self._on_base(node, first, Node(node.name, "normalize", below_it, weights, {"epsilon": 0}, node.path))
        names = [n for n in self.nodes if n == node.name or n.startswith(f"{node.name} {_MARK}")]
        self.norms[node.name] = tuple(sorted(names, key=lambda n: self.nodes[n].kind != "normalize"))
        return True

    def _stays(self, name: str) -> bool:
        """Whether what is done to a value is left as it is: where something else reads what is before its activation too, which may be
        one with slopes of its own, written out; and where a vector was multiplied by a number, as an exporter of matrices does."""
        node = self.nodes[name]
        while node.kind == "activation" or (operation(node).entrywise is not None and len(node.inputs) == 1 and not node.weights):
            if self.readers[node.inputs[0]] > 1 or (_on_a_line(node) and len(self.shapes[name]) == 1):
                return True
            node = self.nodes[node.inputs[0]]
        return False

    def _after_all(self, role: str, roles: dict[str, str]) -> bool:
        there = [r for r, key in roles.items() if r in _ORDER and not is_written_here(key)]
        return all(_ORDER.index(r) < _ORDER.index(role) for r in there)

    def _neutral(self, name: str, width: int) -> dict[str, str]:
        """Weights of a batch norm that changes nothing."""
        out = {}
        for role, ending, value in (("variance", _ONES, 1.0), ("mean", _ZEROS, 0.0)):
            out[role] = key = f"{name}{ending}"
            self.weights[key] = np.full(width, value, dtype=np.float32)
            self.written.add(key)
        return out

    def _base_shape(self, moved: _Moved) -> Shape:
        start = moved.moves[0].inputs[0] if moved.moves else moved.base
        return self.shapes[start] if start in self.shapes else self._base_shape(self.found[start])

    def _one_a_channel(self, key: str, shape: Shape, axis: int) -> bool:
        """Whether a weight has one number for each channel of values of that shape."""
        sizes = np.shape(self.weights[key])
        wanted = [n if k == axis else 1 for k, n in enumerate(shape)]
        full = [1] * (len(shape) + 1 - len(sizes)) + list(sizes)
        return len(full) == len(shape) + 1 and full == [1, *wanted] and shape[axis] > 1

    def _on_base(self, node: Node, moved: _Moved, made: Node) -> None:
        """Write a node on the value with channels first, and the moves of its value after it."""
        if not moved.moves:
            self.changed = self.changed or made.kind != node.kind
            self.nodes[node.name] = made
            self.found[node.name] = _Moved(node.name, (), 0)
            return
        self.changed = True
        inner = f"{node.name} {_MARK}"
        self.nodes[inner] = replace(made, name=inner)
        moves, at = [], inner
        for k, move in enumerate(moved.moves):
            name = node.name if k == len(moved.moves) - 1 else f"{inner} {k}"
            at_move = replace(move, name=name, inputs=(at,))
            self.nodes[name] = at_move
            moves.append(at_move)
            at = name
        self.shapes[inner] = self._base_shape(moved)
        self.found[node.name] = _Moved(inner, tuple(moves), moved.axis)


_MARK = "of channels first"
