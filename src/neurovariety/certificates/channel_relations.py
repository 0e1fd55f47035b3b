"""What the channels of one value are in terms of those of another, and what becomes of that on the way to the next matrix.

Two networks are run side by side. At a pair of their nodes channel i of the first is channel ``source[i]`` of the second at every
input, or an affine combination of some (``terms``), or nothing is known of it (it is free, so that nothing may read it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.network_nodes import Line, NetworkData, NodeData, Relation, channel_maps, polynomial, ratio, through
from neurovariety.certificates.network_shapes import Shape, pads, size
from neurovariety.certificates.zeros import NotShown

Combined = tuple[tuple[tuple[int, Fraction], ...], Fraction]
"""((j, c), ...) and d: the sum of c times channel j of the second value, plus d."""
Terms = Mapping[int, Combined | None]


@dataclass(frozen=True, eq=False)
class Channels:
    """Channels along ``axis`` of a sample. ``source`` (width,) holds -1 where ``terms`` says what a channel is (None: free)."""

    axis: int
    source: np.ndarray
    terms: Terms

    @property
    def plain(self) -> np.ndarray:
        """Which channels are channels of the second value."""
        return np.asarray(self.source >= 0)

    def combined(self, i: int) -> Combined | None:
        """Channel i as a combination."""
        j = int(self.source[i])
        return (((j, Fraction(1)),), Fraction(0)) if j >= 0 else self.terms[i]

    def each(self, of: Callable[[int, Combined], Combined]) -> Channels:
        """The combinations changed by a function of channel and combination; what is free stays so."""
        return replace(self, terms={i: None if t is None else of(i, t) for i, t in self.terms.items()})

    def where(self, axis: int) -> Channels:
        """The same along another axis."""
        return replace(self, axis=axis)


def checked(axis: int, source: np.ndarray, terms: Terms, width: int, other: int) -> Channels:
    """The relation between values of so many channels. Raises `NotShown` where it names channels that there are not."""
    found = np.asarray(source)
    missing = set(np.flatnonzero(found < 0).tolist())
    fits = found.shape == (width,) and found.dtype.kind == "i" and bool(np.all(found < other)) and missing == set(terms)
    named = [j for t in terms.values() if t is not None for j, _ in t[0]]
    if not fits or any(not 0 <= j < other for j in named):
        raise NotShown("a relation names channels that there are not")
    return Channels(axis, found, terms)


def passed(
    first: NetworkData, second: NetworkData, node: NodeData, other: NodeData, below: Channels, shape: tuple[Shape, Shape]
) -> Channels:
    """The relation after a node that keeps channels apart and is the same in both networks; ``shape`` are those of the values before.

    Raises `NotShown` for a node of which that is not known, and where a combination does not survive it.
    """
    if node.kind == "reshape":
        return _flattened(node, other, below, shape)
    if node.kind == "normalize":
        return _normalized(first, second, node, other, below)
    if node.kind == "slice":
        return _cut(node, other, below)
    if dict(node.attributes) != dict(other.attributes) or node.weights or other.weights:
        raise NotShown(f"the nodes {node.name!r} are not the same")
    if node.kind == "activation" and identity(node):
        return below
    if node.kind == "activation":
        return below.each(lambda i, t: _activated(node, t))
    if node.kind == "transpose":
        return below.where(list(node.attributes["permutation"]).index(below.axis))
    if node.kind == "upsample" and below.axis == 0:
        return below
    if node.kind == "mean":
        axes = sorted({k % len(shape[0]) for k in node.attributes["axes"]})
        if below.axis not in axes:
            return below if node.attributes["keepdims"] else below.where(below.axis - sum(k < below.axis for k in axes))
    if node.kind in ("average_pool", "spread") and below.axis == 0 and (not pads(node) or _without_constants(below)):
        return below
    if node.kind == "max_pool" and below.axis == 0:
        return below.each(_maximal)
    raise NotShown(f"channels are not followed through {node.name!r} ({node.kind})")


def _cut(node: NodeData, other: NodeData, below: Channels) -> Channels:
    """Some channels in a row, in both networks: those that are cut out may be said in terms of each other alone."""
    (start, stop), (first, last) = ((n.attributes["start"], n.attributes["stop"]) for n in (node, other))
    plain = all(n.kind == "slice" and n.attributes["axis"] == below.axis and n.attributes["step"] == 1 for n in (node, other))
    if not plain or not 0 <= start <= stop <= len(below.source) or not 0 <= first <= last:
        raise NotShown(f"channels are not followed through {node.name!r} ({node.kind})")
    chosen = below.source[start:stop]
    terms = {i - start: t for i, t in below.terms.items() if start <= i < stop}
    named = [*chosen[chosen >= 0].tolist(), *(j for t in terms.values() if t is not None for j, _ in t[0])]
    if any(not first <= j < last for j in named):
        raise NotShown(f"what {node.name!r} cuts out is said in terms of what it leaves")
    moved = {i: None if t is None else (tuple((j - first, c) for j, c in t[0]), t[1]) for i, t in terms.items()}
    return Channels(below.axis, np.where(chosen >= 0, chosen - first, -1), moved)


def identity(node: NodeData) -> bool:
    """Whether a node is an activation that changes nothing."""
    quotient = ratio(node.attributes)
    return quotient is not None and quotient == (polynomial([0, 1]), polynomial([1]))


def _without_constants(below: Channels) -> bool:
    return not any(t is not None and t[1] for t in below.terms.values())


def _maximal(i: int, t: Combined) -> Combined:
    if len(t[0]) > 1 or any(c < 0 for _, c in t[0]):
        raise NotShown("a maximum is taken of a combination")
    return t


def single(t: Combined) -> tuple[int, Relation]:
    """A combination of one channel at most. Raises `NotShown` for another."""
    if len(t[0]) > 1:
        raise NotShown("a function is applied to a combination of several channels")
    return (t[0][0][0], (t[0][0][1], t[1])) if t[0] else (-1, (Fraction(0), t[1]))


def _activated(node: NodeData, t: Combined) -> Combined:
    j, relation = single(t)
    found = through(node.attributes, relation)
    if found is None:
        raise NotShown(f"the activation {node.name!r} does not carry a relation")
    return (((j, found[0]),) if j >= 0 and found[0] else ()), found[1]


def settled(node: NodeData, other: NodeData, below: Channels, mine: Sequence[Line | None], theirs: Sequence[Line | None]) -> Channels:
    """The relation after an activation at channels that stay on a line, of the first network and of the second.

    Raises `NotShown` unless every channel that is no channel of the second has one: a constant line where nothing is known of it,
    another one where it is a combination.
    """
    if dict(node.attributes) != dict(other.attributes) or node.weights or other.weights:
        raise NotShown(f"the nodes {node.name!r} are not the same")
    if identity(node):
        return below
    terms: dict[int, Combined | None] = {}
    for i, t in below.terms.items():
        terms[i] = _on_a_line(mine[i], t, theirs)
        if terms[i] is None:
            raise NotShown(f"channel {i} of {node.name!r} is not shown to stay on a line")
    return replace(below, terms=terms)


def _on_a_line(line: Line | None, t: Combined | None, theirs: Sequence[Line | None]) -> Combined | None:
    """s z + o where z is a combination of values before the activation, in terms of those after it; None where that is not known."""
    if line is None or (t is None) == bool(line[0]):
        return None
    if t is None:
        return (), line[1]
    terms, constant = [], line[0] * t[1] + line[1]
    for j, c in t[0]:
        there = theirs[j]
        if there is None or not there[0]:
            return None
        factor = line[0] * c / there[0]
        terms.append((j, factor))
        constant -= factor * there[1]
    return tuple(terms), constant


def _normalized(first: NetworkData, second: NetworkData, node: NodeData, other: NodeData, below: Channels) -> Channels:
    if other.kind != "normalize" or below.axis != 0:
        raise NotShown(f"the nodes {node.name!r} are not the same")
    plain = np.flatnonzero(below.plain).tolist()
    if not same_maps(first, second, node, other, plain, below.source[plain].tolist()):
        raise NotShown(f"the nodes {node.name!r} are not the same")

    def moved(i: int, t: Combined) -> Combined:
        (mine,), (shift,) = channel_maps(node, first, [i])
        if not mine:
            return (), shift
        terms, constant = [], mine * t[1] + shift
        for j, c in t[0]:
            (theirs,), (u,) = channel_maps(other, second, [j])
            if not theirs:
                raise NotShown("a batch norm makes a channel constant that another is a multiple of")
            terms.append((j, mine * c / theirs))
            constant -= mine * c / theirs * u
        return tuple(terms), constant

    made = below.each(moved)
    free = [i for i, t in below.terms.items() if t is None]
    t, u = channel_maps(node, first, free)
    return replace(made, terms={**made.terms, **{i: ((), shift) for i, c, shift in zip(free, t, u, strict=True) if not c}})


def same_maps(first: NetworkData, second: NetworkData, node: NodeData, other: NodeData, mine: list[int], theirs: list[int]) -> bool:
    """Whether batch norms do the same to channels of two networks."""
    if set(node.weights) == set(other.weights) and dict(node.attributes) == dict(other.attributes):
        pairs = [(np.asarray(first.weights[k]), np.asarray(second.weights[other.weights[r]])) for r, k in node.weights.items()]
        if all(p.dtype == q.dtype and np.array_equal(p[mine], q[theirs]) for p, q in pairs):
            return True
    one, two = channel_maps(node, first, mine), channel_maps(other, second, theirs)
    return all(bool(np.all(p == q)) for p, q in zip(one, two, strict=True))


def _flattened(node: NodeData, other: NodeData, below: Channels, shape: tuple[Shape, Shape]) -> Channels:
    """Into a vector: every entry of channel i is one of channel j in the same place."""
    one, two = shape
    axis = below.axis
    rest = tuple(n for k, n in enumerate(one) if k != axis)
    alike = rest == tuple(n for k, n in enumerate(two) if k != axis)
    if tuple(node.attributes["shape"]) != (size(one),) or tuple(other.attributes["shape"]) != (size(two),) or not alike:
        raise NotShown(f"channels are not followed through {node.name!r} ({node.kind})")
    mine = np.moveaxis(np.arange(size(one)).reshape(one), axis, 0).reshape(one[axis], -1)
    theirs = np.moveaxis(np.arange(size(two)).reshape(two), axis, 0).reshape(two[axis], -1)
    source = np.full(size(one), -1)
    terms: dict[int, Combined | None] = {}
    for i, j in enumerate(below.source.tolist()):
        if j >= 0:
            source[mine[i]] = theirs[j]
            continue
        t = below.terms[i]
        for k, at in enumerate(mine[i].tolist()):
            terms[at] = None if t is None else (tuple((int(theirs[m, k]), c) for m, c in t[0]), t[1])
    return Channels(0, source, terms)


_ZERO: Combined = ((), Fraction(0))


def joined(node: NodeData, other: NodeData, one: Channels, two: Channels) -> Channels:
    """The relation at the sum, difference or product of two values, which have relations to the same channels of the second network.

    Raises `NotShown` where they differ, and for a product of combinations.
    """
    alike = one.axis == two.axis and len(one.source) == len(two.source) and dict(node.attributes) == dict(other.attributes)
    if not alike or node.weights or other.weights or node.kind not in ("add", "subtract", "multiply"):
        raise NotShown(f"channels are not followed through {node.name!r} ({node.kind})")
    terms: dict[int, Combined | None] = {}
    source = np.where(one.source == two.source, one.source, -1)
    for i in np.flatnonzero(source < 0).tolist():
        t, u = one.combined(i), two.combined(i)
        if node.kind == "multiply" and _ZERO in (t, u):  # whatever the other is
            terms[i] = _ZERO
            continue
        terms[i] = None if t is None or u is None else _product(t, u) if node.kind == "multiply" else _sum(node, t, u)
    return Channels(one.axis, source, terms)


def _sum(node: NodeData, t: Combined, u: Combined) -> Combined:
    if dict(t[0]) != dict(u[0]):
        raise NotShown(f"two values that {node.name!r} joins have other relations")
    return t[0], t[1] + u[1] if node.kind == "add" else t[1] - u[1]


def _product(t: Combined, u: Combined) -> Combined:
    for a, b in ((t, u), (u, t)):
        if not a[0]:  # a constant
            if b[0] and not a[1]:
                return (), Fraction(0)
            if b[0]:
                raise NotShown("a product of a constant and a channel is no combination of products")
            return (), a[1] * b[1]
    (j, (c, d)), (k, (e, f)) = single(t), single(u)
    if j != k or d or f:
        raise NotShown("a product of combinations is none of products")
    return ((j, c * e),), Fraction(0)
