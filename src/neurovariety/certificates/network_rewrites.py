"""Two trained networks compute the same function: one is rewritten into the other, each step an identity of exact weights.

A step names for some layers what their channels are in terms of those of the next network: the same, a combination of some, or
nothing that is read. `check` goes through both networks side by side and shows at each matrix that W C = C' W' and W d + b = C' b' +
d', at each activation that it carries the relation, and at the output that nothing has changed. Numbers are compared exactly.

Sources: Marchetti et al. 2025, 4.2 and 4.3 (subnetworks, symmetries); Sussmann 1992.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.attention_blocks import within
from neurovariety.certificates.box_bounds import BoxBounds
from neurovariety.certificates.channel_relations import (
    Channels,
    Combined,
    Terms,
    checked,
    identity,
    joined,
    passed,
    same_maps,
    settled,
)
from neurovariety.certificates.exact_arrays import same, vanishes
from neurovariety.certificates.grouped_rows import GroupedFilters, alike, same_rows
from neurovariety.certificates.network_nodes import (
    NetworkData,
    NodeData,
    channel_maps,
    check_order,
    exact,
    network_hash,
    ratio,
)
from neurovariety.certificates.network_shapes import Shape, pads, shapes
from neurovariety.certificates.product_relations import check_heads, check_merged, check_products
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

SAME_FUNCTION = "same function"
_AFFINE = ("linear", "conv")


@dataclass(frozen=True, eq=False)
class Rows:
    """What the channels that a node makes are in the next network: ``source`` (width,) and ``terms`` where that is -1."""

    source: np.ndarray
    terms: Terms = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RewriteStep:
    """One rewriting. ``rows`` are given for some nodes that make channels, ``names`` for nodes that have another name ``after``.

    ``composed`` are matrices that follow another one, whose products with it are compared; ``heads`` those that read the heads of an
    attention, which are compared by their products. ``backwards``: the rows say what the channels of ``after`` are in terms of those
    before. ``bounded``: it holds where bounds of the values say so, and every channel that changes is on a line of its activation.
    ``merged`` are matrices that take the place of two, with an activation between them that changes nothing where that holds.
    """

    after: NetworkData
    rows: Mapping[str, Rows]
    names: Mapping[str, str] = field(default_factory=dict)
    composed: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    backwards: bool = False
    bounded: bool = False
    merged: frozenset[str] = frozenset()


Bounds = Callable[[NetworkData], BoxBounds]
"""The bounds of the values of a network on the box that is looked at."""


def follow(subject: NetworkData, first: str, second: str, steps: Sequence[RewriteStep], bounds: Bounds | None = None) -> None:
    """Go from one network to the other. Raises `NotShown` for other networks, and where a step is not shown to keep the function."""
    if network_hash(subject) != first:
        raise NotShown("the certificate is one of another network")
    at = subject
    try:
        check_order(at)
        for step in steps:
            check_order(step.after)
            if step.bounded and bounds is None:
                raise NotShown("a step rests on bounds of values, and there are none")
            sides = (step.after, replace(step, after=at)) if step.backwards else (at, step)
            _SideBySide(*sides, bounds if step.bounded else None).check()
            at = step.after
    except (KeyError, IndexError, TypeError, ValueError) as error:  # networks that are none
        raise NotShown(f"a step cannot be followed ({error})") from error
    if network_hash(at) != second:
        raise NotShown("the steps end in another network")


@dataclass(frozen=True, eq=False)
class Rewrites:
    """The network with the hash ``first`` becomes the one with the hash ``second``, and the function stays."""

    first: str
    second: str
    steps: tuple[RewriteStep, ...]

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` for other networks, and where a step is not shown to keep the function."""
        follow(subject, self.first, self.second, self.steps)

    def concludes(self) -> tuple[Statement, Claim]:
        """Both networks have one function, wherever it is defined."""
        return Statement(SAME_FUNCTION, self.first, self.second, ("for the networks as read",)), Claim.PROVED


class _SideBySide:
    """Both networks of a step, and the relations at their nodes found so far (None: equal values)."""

    def __init__(self, first: NetworkData, step: RewriteStep, bounds: Bounds | None) -> None:
        self.first, self.second, self.step, self.bounds = first, step.after, step, bounds
        self.others = {n.name: n for n in step.after.nodes}
        self.mine = {n.name: n for n in first.nodes}
        self.shapes = shapes(first), shapes(step.after)
        self.found: dict[str, Channels | None] = {}
        self.on_lines = False
        self.passed = {n for name in step.heads for n in within(first, self.mine[name], self.shapes[0])}

    def check(self) -> None:
        """Raises `NotShown` unless the outputs are equal."""
        if self.first.input_shape != self.second.input_shape:
            raise NotShown("the networks have other inputs")
        if set(self.step.rows) - set(self.mine):
            raise NotShown("a step names a node that there is not")
        for node in self.first.nodes:
            other = self.others.get(self.step.names.get(node.name, node.name))
            if other is None or node.name in self.passed:
                continue
            if node.name in self.step.heads:
                check_heads(((self.first, self.shapes[0]), (self.second, self.shapes[1])), (node, other), self._unchanged)
                self.found[node.name] = None
            elif node.name in self.step.merged:
                self._merged(node, other)
                self.found[node.name] = None
            elif node.name in self.step.rows or all(n in self.found for n in node.inputs):
                self.found[node.name] = self._related(node, other)
        name = self.first.output
        if not self._unchanged(name, self.second.output):
            raise NotShown("the outputs are not shown to be equal")
        if self.bounds is not None and not self.on_lines:
            raise NotShown("nothing in a step is on a line of its activation")

    def _merged(self, node: NodeData, other: NodeData) -> None:
        """Checks that a matrix is the product of two between which no activation changes a value."""
        before = self.mine[node.inputs[0]]
        while before.kind == "activation":
            if not identity(before):
                shape = self.shapes[0][before.name]
                if self.bounds is None or not shape:
                    raise NotShown(f"the activation {before.name!r} is not shown to change nothing")
                lines = self.bounds(self.first).settled(before, len(shape) - 1)
                if len(lines) != shape[-1] or any(line != (1, 0) for line in lines):
                    raise NotShown(f"the activation {before.name!r} is not shown to change nothing")
                self.on_lines = True
            before = self.mine[before.inputs[0]]
        check_merged((self.first, self.second), (before, node, other), self._unchanged)

    def _unchanged(self, mine: str, theirs: str) -> bool:
        return self.found.get(mine, self) is None and self.step.names.get(mine, mine) == theirs

    def _related(self, node: NodeData, other: NodeData) -> Channels | None:
        if node.name in self.step.rows:
            return self._given(node, other)
        below = [self.found[n] for n in node.inputs]
        inputs = tuple(self.step.names.get(n, n) for n in node.inputs)
        if tuple(other.inputs) != inputs or other.kind != node.kind:
            raise NotShown(f"the nodes {node.name!r} are not the same")
        if all(b is None for b in below):
            if dict(node.attributes) != dict(other.attributes) or not self._equal_weights(node, other):
                raise NotShown(f"the nodes {node.name!r} are not the same")
            return None
        if node.name in self.step.composed:
            check_products((self.first, self.second), (self.mine, self.others), (node, other), self._unchanged)
            return None
        known = [b for b in below if b is not None]
        if node.kind in _AFFINE:
            filters = GroupedFilters.of(self.first, node)
            follows = filters.depthwise and filters.groups > 1 and not any(t is not None for t in known[0].terms.values())
            width = len(filters.weight)
            return self._affine(node, other, known[0] if follows else Channels(self._axis(node), np.arange(width), {}))
        if len(below) == 1 and node.kind == "activation" and self.bounds is not None and known[0].terms:
            self.on_lines = True
            mine, theirs = (self.bounds(n).settled(m, known[0].axis) for n, m in ((self.first, node), (self.second, other)))
            return settled(node, other, known[0], mine, theirs)
        if len(below) == 1:
            pair = self._shape(node.inputs[0])
            return passed(self.first, self.second, node, other, known[0], pair)
        axis = known[0].axis
        ranks = {len(self._shape(n)[k]) for n in node.inputs for k in (0, 1)}
        widths = [{self._shape(n)[k][axis] for n in node.inputs} for k in (0, 1)] if len(ranks) == 1 else []
        if len(below) != 2 or [len(w) for w in widths] != [1, 1]:
            raise NotShown(f"channels are not followed through {node.name!r} ({node.kind})")
        width = widths[0].pop()
        if len(known) == 1 and {width} != widths[1]:
            raise NotShown(f"the values that {node.name!r} joins have other channels")
        one, two = (Channels(axis, np.arange(width), {}) if b is None else b for b in below)
        return joined(node, other, one, two)

    def _shape(self, name: str) -> tuple[Shape, Shape]:
        one, two = self.shapes[0][name], self.shapes[1][self.step.names.get(name, name)]
        if one is None or two is None:
            raise NotShown(f"the shape of {name!r} is not known")
        return one, two

    def _axis(self, node: NodeData) -> int:
        return 0 if node.kind == "conv" else len(self._shape(node.name)[0]) - 1

    def _equal_weights(self, node: NodeData, other: NodeData) -> bool:
        if set(node.weights) != set(other.weights):
            return False
        pairs = ((self.first.weights[k], self.second.weights[other.weights[r]]) for r, k in node.weights.items())
        return all(p is q or same(np.asarray(p), np.asarray(q)) for p, q in pairs)

    def _given(self, node: NodeData, other: NodeData) -> Channels | None:
        """The relation that the step states, shown from the weights that make the channels."""
        rows = self.step.rows[node.name]
        one, two = self._shape(node.name)
        axis = self._axis(node) if node.kind in _AFFINE else 0
        relation = checked(axis, rows.source, rows.terms, one[axis], two[axis])
        if node.kind in _AFFINE and other.kind == node.kind:
            self._affine(node, other, relation)
        elif node.kind == "normalize" == other.kind:
            self._normalized(node, other, relation)
        elif node.kind in ("normalize", *_AFFINE) and other.kind in ("normalize", *_AFFINE):
            self._made(node, other, relation, range(one[axis]))
        elif node.kind == "activation" and other.kind == "activation" and dict(node.attributes) == dict(other.attributes):
            self._dependent(node, other, relation)
        else:
            raise NotShown(f"nothing is shown of channels of {node.name!r} ({node.kind})")
        trivial = not rows.terms and np.array_equal(rows.source, np.arange(two[axis])) and one == two
        return None if trivial else relation

    def _normalized(self, node: NodeData, other: NodeData, out: Channels) -> None:
        """Checks a relation after a batch norm: plain channels by what it does to them, the others by the maps that make them."""
        below = self.found[node.inputs[0]]
        plain = np.flatnonzero(out.plain)
        source = np.arange(len(out.source)) if below is None else below.source
        if self.step.names.get(node.inputs[0], node.inputs[0]) != other.inputs[0] or (below is not None and below.axis != 0):
            raise NotShown(f"the nodes {node.name!r} are not the same")
        if not np.array_equal(source[plain], out.source[plain]):
            raise NotShown(f"the channels that stay at {node.name!r} are not shown to be the same")
        if not same_maps(self.first, self.second, node, other, plain.tolist(), out.source[plain].tolist()):
            raise NotShown(f"the nodes {node.name!r} are not the same")
        self._made(node, other, out, list(out.terms))

    def _affine(self, node: NodeData, other: NodeData, out: Channels) -> Channels | None:
        """Checks W C = C' W' and the constants. The plain rows are compared as they are stored, the others as fractions."""
        if not alike(node.attributes, other.attributes) or self.step.names.get(node.inputs[0], node.inputs[0]) != other.inputs[0]:
            raise NotShown(f"the nodes {node.name!r} are not the same")
        below = self.found[node.inputs[0]]
        plain = np.flatnonzero(out.plain)
        source = out.source[plain]
        mine, theirs = GroupedFilters.of(self.first, node), GroupedFilters.of(self.second, other)
        constants = self._constants(node, plain)
        if below is not None:
            self._may_follow(node, below)
        if len(out.source) != len(mine.weight) or not same_rows(mine, theirs, below, plain, source):
            raise NotShown(f"the rows of {node.name!r} are not the same")
        for i, (c, d) in enumerate(zip(constants, theirs.constants(source), strict=True)):
            if c != d:
                raise NotShown(f"the constant of channel {plain[i]} of {node.name!r} is another")
        self._made(node, other, out, list(out.terms))
        trivial = not out.terms and np.array_equal(out.source, np.arange(len(theirs.weight)))
        return None if trivial else out

    def _may_follow(self, node: NodeData, below: Channels) -> None:
        axis = 0 if node.kind == "conv" else len(self._shape(node.inputs[0])[0]) - 1
        if below.axis != axis:
            raise NotShown(f"{node.name!r} mixes channels with positions")

    def _constants(self, node: NodeData, rows: Sequence[int] | np.ndarray) -> list[Fraction]:
        """W d + b, for some rows: what the constants of the channels below add up to, which zeros of a padding would spoil."""
        filters = GroupedFilters.of(self.first, node)
        out = filters.constants(rows)
        below = self.found[node.inputs[0]]
        for i, t in ({} if below is None else below.terms).items():
            if t is None or not t[1]:
                continue
            column = filters.column(rows, i)
            if pads(node) and np.any(column != 0):
                raise NotShown(f"a constant stands beside the padding of {node.name!r}")
            out = [b + t[1] * sum(c, Fraction(0)) for b, c in zip(out, column.tolist(), strict=True)]
        return out

    def _made(self, node: NodeData, other: NodeData, out: Channels, which: Sequence[int]) -> None:
        """Checks the combinations that some channels are, by the affine maps that make them, batch norms included."""
        for i in which:
            t = out.combined(i)
            if t is None:
                continue
            mine, constant, mine_from = self._row(self.first, node, i)
            row, shift, theirs_from = self._total(other, t)
            if self.step.names.get(mine_from.inputs[0], mine_from.inputs[0]) != theirs_from.inputs[0]:
                raise NotShown(f"channels of {node.name!r} are made of other values")
            if not alike(mine_from.attributes, theirs_from.attributes) or mine_from.kind != theirs_from.kind:
                raise NotShown(f"channels of {node.name!r} are made in another way")
            mine, constant = self._in_the_other(mine_from, mine, constant)
            if mine.shape != row.shape or not np.all(mine == row) or constant != shift:
                raise NotShown(f"channel {i} of {node.name!r} is not that combination")

    def _total(self, other: NodeData, t: Combined) -> tuple[np.ndarray, Fraction, NodeData]:
        terms = t[0] or ((0, Fraction(0)),)
        rows = [(c, *self._row(self.second, other, j)) for j, c in terms]
        row, shift = rows[0][0] * rows[0][1], t[1] + rows[0][0] * rows[0][2]
        for c, theirs, b, _ in rows[1:]:
            row, shift = row + c * theirs, shift + c * b
        return row, shift, rows[0][3]

    def _row(self, network: NetworkData, node: NodeData, i: int) -> tuple[np.ndarray, Fraction, NodeData]:
        """The affine map (in, places) and the constant that a channel is of the value below its matrix, and that node."""
        known = self.mine if network is self.first else self.others
        if node.kind in _AFFINE:
            filters = GroupedFilters.of(network, node)
            return filters.row(i), filters.constants([i])[0], node
        table = self.shapes[0] if network is self.first else self.shapes[1]
        if node.kind != "normalize" or (known[node.inputs[0]].kind == "linear" and len(table[node.name] or ()) != 1):
            raise NotShown(f"channels of {node.name!r} are made by no affine map")
        row, shift, made_by = self._row(network, known[node.inputs[0]], i)
        (t,), (u,) = channel_maps(node, network, [i])
        return row * t, shift * t + u, made_by

    def _in_the_other(self, node: NodeData, row: np.ndarray, constant: Fraction) -> tuple[np.ndarray, Fraction]:
        """A row (in, places) of the first network as one of the channels of the second."""
        below = self.found[node.inputs[0]]
        if below is None:
            return row, constant
        self._may_follow(node, below)
        width = self._shape(node.inputs[0])[1][below.axis]
        out = exact(np.zeros((width, row.shape[1])))
        for i in range(len(row)):
            if not np.any(row[i] != 0):
                continue
            t = below.combined(i)
            if t is None:
                raise NotShown(f"{node.name!r} reads a channel of which nothing is known")
            for j, c in t[0]:
                out[j] = out[j] + c * row[i]
            if t[1]:
                if pads(node):
                    raise NotShown(f"a constant stands beside the padding of {node.name!r}")
                constant = constant + t[1] * sum(row[i].tolist(), Fraction(0))
        return out, constant

    def _dependent(self, node: NodeData, other: NodeData, out: Channels) -> None:
        """Checks that polynomials of affine functions are combinations of others: the difference has norm 0.

        With f = sum_m g_m (w . x)^m the sum over m of g_m g'_m (w . w')^m is the inner product in which forms of different degree are
        orthogonal and those of one degree have Bombieri's; it is positive definite on polynomials without constant.
        """
        quotient = ratio(node.attributes)
        if quotient is None or quotient[1] != 1:
            raise NotShown(f"the activation {node.name!r} is no polynomial")
        coefficients = [Fraction(int(c.p), int(c.q)) for c in quotient[0].coeffs()]
        makers = self.mine[node.inputs[0]], self.others[other.inputs[0]]
        before = self.found[node.inputs[0]]
        if self.step.names.get(node.inputs[0], node.inputs[0]) != other.inputs[0]:
            raise NotShown(f"the nodes {node.name!r} are not the same")
        if before is None or not np.array_equal(before.source[out.plain], out.source[out.plain]):
            raise NotShown(f"the channels that stay at {node.name!r} are not shown to be the same")
        for i, t in out.terms.items():
            if t is None:
                continue
            mine, b, made_by = self._row(self.first, makers[0], i)
            mine, b = self._in_the_other(made_by, mine, b)
            rows, shifts, factors = [mine.reshape(-1)], [b], [Fraction(1)]
            for j, c in t[0]:
                theirs, shift, theirs_by = self._row(self.second, makers[1], j)
                if theirs_by.inputs[0] != self.step.names.get(made_by.inputs[0], made_by.inputs[0]):
                    raise NotShown(f"channels of {node.name!r} are made of other values")
                if dict(made_by.attributes) != dict(theirs_by.attributes) or theirs.shape != mine.shape:
                    raise NotShown(f"channels of {node.name!r} are made in another way")
                rows.append(theirs.reshape(-1))
                shifts.append(shift)
                factors.append(-c)
            if not vanishes(rows, shifts, factors, coefficients, t[1]):
                raise NotShown(f"channel {i} of {node.name!r} is not that combination")
