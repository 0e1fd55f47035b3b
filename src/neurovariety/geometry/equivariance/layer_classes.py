"""Conjugacy classes of elements of finite order in the groups that a model states: what each layer does when the input is moved.

Three kinds of groups occur. Signed permutations: neurons of a layer may be exchanged and, where they may be rescaled, turned to their
negatives (the elements of finite order of the real torus). A torus without exchanges: signs. A general linear group: over R an element
g with g^q = 1 is a representation of the cyclic group of order q, a direct sum of trivial ones, signs, and rotations of planes.

The classes are complete: a signed permutation is determined up to conjugacy by the lengths of its cycles and the product of the signs
in each, and c^(q / length) = 1 for that product c; a real representation of a cyclic group by its multiplicities. An element acts on an
axis of weight e by its permutation times the e-th power of its signs; on an axis of weight -1 of a general linear group by its inverse
transpose.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from neurovariety.geometry.equivariance.adjunction import BlockMap
from neurovariety.linear_algebra import reduce_mod
from neurovariety.result import counted
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind

Place = tuple[str, int | None]


@dataclass(frozen=True)
class HiddenGroup:
    """One factor of the stated group: ``weights`` maps each (block, axis) to its exponent there.

    ``exchanges``: permutations belong to it; ``signs``: a torus does; ``linear``: it is a general linear group (then neither).
    """

    name: str
    size: int
    weights: tuple[tuple[Place, int], ...]
    exchanges: bool
    signs: bool
    linear: bool

    def blocks(self) -> frozenset[str]:
        """The blocks that the group acts on."""
        return frozenset(block for (block, _), _ in self.weights)

    def incoming(self) -> tuple[tuple[str, int], ...]:
        """The axes that hold what goes into each neuron: axes 0, or where there is none, those of positive exponent."""
        axes = [(block, axis, e) for (block, axis), e in self.weights if axis is not None]
        rows = [(b, a) for b, a, _ in axes if a == 0]
        return tuple(rows or [(b, a) for b, a, e in axes if e > 0])


@dataclass(frozen=True)
class LayerClass:
    """A conjugacy class: ``parts`` are (size, kind) of its blocks, each kind a sign +1 or -1 of a cycle, or for a linear group a
    multiple k of a q-th of a turn (0 trivial, q / 2 a sign)."""

    group: HiddenGroup
    parts: tuple[tuple[int, int], ...]
    order: int

    @property
    def trivial(self) -> bool:
        return all(size == 1 and kind == (0 if self.group.linear else 1) for size, kind in self.parts)

    @property
    def words(self) -> str:
        """The class in words."""
        counts: dict[tuple[int, int], int] = {}
        for part in self.parts:
            counts[part] = counts.get(part, 0) + 1
        shown = ", ".join(self._part(size, kind, n) for (size, kind), n in counts.items())
        return f"{self.group.name}: {shown}"

    def _part(self, size: int, kind: int, n: int) -> str:
        if self.group.linear:
            if size == 2:
                return f"{counted(n, 'plane')} turned by {kind}/{self.order}"
            return f"{n} fixed" if kind == 0 else f"{n} negated"
        if size == 1:
            return f"{n} fixed" if kind > 0 else f"{n} negated"
        return f"{counted(n, 'cycle')} of {size}{'' if kind > 0 else ' with a sign'}"

    def factors(self, p: int, root: int) -> BlockMap:
        """The element on the weights over F_p, where ``root`` is a primitive q-th root of unity."""
        found: BlockMap = []
        for (block, axis), weight in self.group.weights:
            found.append((block, axis, self._matrix(weight, p, root)))
        return found

    def _matrix(self, weight: int, p: int, root: int) -> Array:
        out, at = np.zeros((self.group.size, self.group.size)), 0
        for size, kind in self.parts:
            inside = slice(at, at + size)
            out[inside, inside] = self._turn(size, kind, weight, p, root) if self.group.linear else _cycle(size, kind**weight)
            at += size
        return reduce_mod(out, p)

    def _turn(self, size: int, k: int, weight: int, p: int, root: int) -> Array:
        if size == 1:
            return np.array([[1.0 if k == 0 else -1.0]])
        double_cosine = float((pow(root, k, p) + pow(root, -k, p)) % p)
        if weight > 0:
            return np.array([[0.0, -1.0], [1.0, double_cosine]])
        return np.array([[double_cosine, -1.0], [1.0, 0.0]])  # the inverse transpose


def _cycle(size: int, sign: float) -> Array:
    """Neuron i goes to the place of neuron i + 1; the first entry carries the sign."""
    out = np.zeros((size, size))
    out[(np.arange(size) + 1) % size, np.arange(size)] = 1.0
    out[1 % size, 0] = float(sign)
    return out


def hidden_groups(actions: tuple[AxisAction, ...]) -> tuple[HiddenGroup, ...]:
    """The factors of the group that the actions generate; permutations and a torus on the same axes are one factor."""
    found: dict[object, HiddenGroup] = {}
    for action in actions:
        weights: dict[Place, int] = {}
        for block, axis, weight in action.axes:
            weights[(block, axis)] = weights.get((block, axis), 0) + weight
        linear = action.kind is Kind.GENERAL_LINEAR
        if linear and any(abs(w) != 1 for w in weights.values()):
            continue
        ordered = tuple(weights.items())
        key: object = (action.size, frozenset(weights)) if not linear else (action.size, ordered, "linear")
        made = HiddenGroup(action.name, action.size, ordered, action.finite, action.kind is Kind.TORUS, linear)
        if key in found and not linear:
            made = _merged(found[key], made)
        found[key] = made
    return tuple(found.values())


def commuting(groups: tuple[HiddenGroup, ...], taken: Iterable[Place]) -> tuple[HiddenGroup, ...]:
    """Those of the groups that act on axes of their own, not on ``taken`` or on those of an earlier one; scalars always qualify.

    Elements of order q of two groups that share an axis need not have a product of order q, and then nothing here is proved.
    """
    used, kept = set(taken), []
    for group in groups:
        axes = {place for place, _ in group.weights} if group.size > 1 else set()
        if not axes & used:
            used |= axes
            kept.append(group)
    return tuple(kept)


def _merged(a: HiddenGroup, b: HiddenGroup) -> HiddenGroup:
    torus = a if a.signs else b
    name = a.name if a.exchanges else b.name
    return HiddenGroup(name, a.size, torus.weights, a.exchanges or b.exchanges, a.signs or b.signs, False)


def classes(group: HiddenGroup, order: int | None) -> Iterator[LayerClass]:
    """The conjugacy classes of elements g of the group with g^order = 1; the trivial one alone where the order is None.

    The trivial one comes first, then those with long cycles, whose neurons are free to be anything.
    """
    q = order or 1
    if group.linear:
        kinds = [(1, 0), *([(1, q // 2)] if q % 2 == 0 else []), *((2, k) for k in range(1, (q + 1) // 2))]
    else:
        lengths = [n for n in range(q, 0, -1) if q % n == 0 and (n == 1 or group.exchanges)]
        kinds = [(n, c) for n in lengths for c in ((1, -1) if group.signs and (q // n) % 2 == 0 else (1,))]
        if not group.exchanges:  # signs of neurons that cannot be exchanged are told apart
            for signs in itertools.product([c for _, c in kinds], repeat=group.size):
                yield LayerClass(group, tuple((1, c) for c in signs), q)
            return
    trivial = LayerClass(group, ((1, 0 if group.linear else 1),) * group.size, q)
    yield trivial
    for parts in _multisets(tuple(kinds), group.size):
        if parts != trivial.parts:
            yield LayerClass(group, parts, q)


def is_class(group: HiddenGroup, parts: tuple[tuple[int, int], ...], order: int) -> bool:
    """Whether an element of the group with these blocks has g^order = 1, so that `LayerClass` is one."""
    if sum(size for size, _ in parts) != group.size:
        return False
    if group.linear:
        turns = ((2, k) for k in range(1, (order + 1) // 2))
        return set(parts) <= {(1, 0), *([(1, order // 2)] if order % 2 == 0 else []), *turns}
    for size, sign in parts:
        cycle = size >= 1 and order % size == 0 and (size == 1 or group.exchanges)
        if not cycle or not (sign == 1 or (sign == -1 and group.signs and (order // size) % 2 == 0)):
            return False
    return True


def _multisets(kinds: tuple[tuple[int, int], ...], size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Multisets of the kinds whose sizes add up to ``size``, those with most of the first kind first."""
    if not kinds:
        if size == 0:
            yield ()
        return
    step = kinds[0][0]
    for n in range(size // step, -1, -1):
        for rest in _multisets(kinds[1:], size - n * step):
            yield (kinds[0],) * n + rest
