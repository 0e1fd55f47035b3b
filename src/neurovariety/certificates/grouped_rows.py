"""Rows and columns of matrices and convolutions, those of grouped convolutions among them, whose filters read a part of the channels.

A grouped convolution is the one whose filters are 0 at the channels of other groups; that is how its rows and columns are given here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.channel_relations import Channels, Combined
from neurovariety.certificates.exact_arrays import same
from neurovariety.certificates.network_nodes import Attributes, NetworkData, NodeData, exact
from neurovariety.certificates.zeros import NotShown


@dataclass(frozen=True, eq=False)
class GroupedFilters:
    """The weight (out, in a group, \\*window) of a matrix or convolution of ``groups`` groups, and its bias (None: 0)."""

    weight: np.ndarray
    bias: np.ndarray | None
    groups: int

    @staticmethod
    def of(network: NetworkData, node: NodeData) -> GroupedFilters:
        """Those of a node. Raises `NotShown` where groups do not divide the channels."""
        weight = np.asarray(network.weights[node.weights["weight"]])
        bias = np.asarray(network.weights[node.weights["bias"]]) if "bias" in node.weights else None
        groups = int(node.attributes.get("groups", 1))
        if groups < 1 or len(weight) % groups:
            raise NotShown(f"the groups of {node.name!r} do not divide its channels")
        return GroupedFilters(weight, bias, groups)

    @property
    def inside(self) -> int:
        """The channels that a filter reads."""
        return int(self.weight.shape[1])

    @property
    def depthwise(self) -> bool:
        """Whether each channel is made of one by itself."""
        return self.groups == len(self.weight) and self.inside == 1

    def group(self, rows: np.ndarray) -> np.ndarray:
        """The groups of some rows."""
        return np.asarray(np.asarray(rows) // (len(self.weight) // self.groups))

    def row(self, i: int) -> np.ndarray:
        """Row i as (in, places), in fractions."""
        mine = exact(self.weight[i].reshape(self.inside, -1))
        if self.groups == 1:
            return mine
        out = exact(np.zeros((self.inside * self.groups, mine.shape[1])))
        start = int(self.group(np.array(i))) * self.inside
        out[start : start + self.inside] = mine
        return out

    def column(self, rows: Sequence[int] | np.ndarray, i: int) -> np.ndarray:
        """What some rows read of channel i: (rows, places), in fractions."""
        chosen = np.asarray(rows, dtype=int)
        flat = self.weight.reshape(*self.weight.shape[:2], -1)
        out = exact(flat[chosen, i % self.inside])
        out[self.group(chosen) != i // self.inside] = Fraction(0)
        return out

    def constants(self, rows: Sequence[int] | np.ndarray) -> list[Fraction]:
        """The biases of some rows."""
        if self.bias is None:
            return [Fraction(0)] * len(rows)
        return list(exact(self.bias[list(rows)]).tolist())


def keeps_channels_apart(network: NetworkData, node: NodeData) -> bool:
    """Whether a node is a depthwise convolution of several channels."""
    if node.kind != "conv":
        return False
    filters = GroupedFilters.of(network, node)
    return filters.depthwise and filters.groups > 1


def alike(one: Attributes, two: Attributes) -> bool:
    """Whether convolutions slide in the same way, whatever their groups."""
    return {k: v for k, v in one.items() if k != "groups"} == {k: v for k, v in two.items() if k != "groups"}


def same_rows(one: GroupedFilters, two: GroupedFilters, below: Channels | None, rows: np.ndarray, to: np.ndarray) -> bool:
    """Whether rows W C are rows V, where ``below`` are the channels that W reads in terms of those that V reads (None: the same).

    Raises `NotShown` where a channel is read of which nothing is known.
    """
    if one.weight.shape[2:] != two.weight.shape[2:]:
        return False
    w, v = (f.weight.reshape(*f.weight.shape[:2], -1) for f in (one, two))
    pairs = np.stack([one.group(rows), two.group(to)], axis=1)
    if below is None and one.inside == two.inside and np.array_equal(pairs[:, 0], pairs[:, 1]):
        return same(w[rows], v[to])
    width = one.inside * one.groups
    relation = below if below is not None else Channels(0, np.arange(width), {})
    if len(relation.source) != width:
        return False
    for g, h in sorted(set(map(tuple, pairs.tolist()))):
        chosen = np.flatnonzero((pairs == (g, h)).all(axis=1))
        local, more = _inside(relation, g * one.inside, one.inside, h * two.inside, two.inside)
        theirs = v[to[chosen]]
        zeros = np.zeros((len(chosen), more, theirs.shape[2]), dtype=theirs.dtype if theirs.dtype != object else np.int64)
        if not _same_columns(local, w[rows[chosen]], np.concatenate([theirs, zeros], axis=1) if more else theirs):
            return False
    return True


def _inside(relation: Channels, start: int, count: int, to: int, most: int) -> tuple[Channels, int]:
    """The relation of ``count`` channels from ``start`` on, in terms of ``most`` from ``to`` on and of those beyond, numbered after."""
    if not start and not to and count == len(relation.source) and not _beyond(relation, most):
        return relation, 0
    beyond: dict[int, int] = {}

    def place(j: int) -> int:
        return j - to if to <= j < to + most else most + beyond.setdefault(j, len(beyond))

    source = np.full(count, -1)
    terms: dict[int, Combined | None] = {}
    for k in range(count):
        j = int(relation.source[start + k])
        if j >= 0:
            source[k] = place(j)
            continue
        t = relation.terms[start + k]
        terms[k] = None if t is None else (tuple((place(m), c) for m, c in t[0]), t[1])
    return Channels(relation.axis, source, terms), len(beyond)


def _beyond(relation: Channels, most: int) -> bool:
    """Whether some channels are those beyond the first ``most`` of the other network."""
    named = (j for t in relation.terms.values() if t is not None for j, _ in t[0])
    return bool(np.any(relation.source >= most)) or any(j >= most for j in named)


def _same_columns(below: Channels, w: np.ndarray, v: np.ndarray) -> bool:
    """Whether (rows, in, places) W C is V, column by column of V; those that are not combined are compared as they are stored."""
    changed: dict[int, np.ndarray] = {}
    for i, t in below.terms.items():
        if t is None:
            if np.any(w[:, i] != 0):
                raise NotShown("a channel is read of which nothing is known")
            continue
        for j, c in t[0]:
            changed[j] = changed.get(j, Fraction(0)) + c * exact(w[:, i])
    columns = np.flatnonzero(below.plain)
    to = below.source[columns]
    once = len(set(to.tolist())) == len(to)
    untouched = [k for k, j in enumerate(to.tolist()) if j not in changed] if once else []
    if not same(w[:, columns[untouched]], v[:, to[untouched]]):
        return False
    for j in sorted(set(range(v.shape[1])) - set(to[untouched].tolist())):
        total = changed.get(j, exact(np.zeros(w[:, 0].shape)))
        for i in columns[to == j].tolist():
            total = total + exact(w[:, i])
        if not np.all(total == exact(v[:, j])):
            return False
    return True
