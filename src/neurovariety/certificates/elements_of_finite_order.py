"""Elements of finite order of the groups that a model states, up to conjugacy, as matrices on the axes of its blocks of weights.

Signed permutations are determined by the lengths of their cycles and the product c of the signs in each, with c^(q / length) = 1 where
g^q = 1; an element of a general linear group over R by how often it fixes, negates, and turns planes by multiples of a q-th of a
turn. An element acts on an axis of weight e by its permutation times the e-th power of its signs; on an axis of weight -1 of a
general linear group by its inverse transpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.zeros import NotShown

AxisOfBlock = tuple[str, int | None]
BlockAction = list[tuple[str, int | None, np.ndarray]]
"""A linear map of the weights as factors (block, axis, matrix of residues) that act one after the other; an axis of None takes 1 x
1."""


@dataclass(frozen=True)
class HiddenGroup:
    """One factor of the stated group: ``weights`` has for each (block, axis) its exponent there.

    ``exchanges``: permutations belong to it; ``signs``: a torus does; ``linear``: it is a general linear group (then neither).
    """

    name: str
    size: int
    weights: tuple[tuple[AxisOfBlock, int], ...]
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
        """Whether it is the class of 1."""
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
        several = "" if n == 1 else "s"
        if self.group.linear:
            if size == 2:
                return f"{n} plane{several} turned by {kind}/{self.order}"
            return f"{n} fixed" if kind == 0 else f"{n} negated"
        if size == 1:
            return f"{n} fixed" if kind > 0 else f"{n} negated"
        return f"{n} cycle{several} of {size}{'' if kind > 0 else ' with a sign'}"

    def factors(self, p: int, root: int) -> BlockAction:
        """The element on the weights over F_p, residues 0, ..., p - 1; ``root`` is a primitive q-th root of unity."""
        return [(block, axis, self._matrix(weight, p, root)) for (block, axis), weight in self.group.weights]

    def _matrix(self, weight: int, p: int, root: int) -> np.ndarray:
        out, at = np.zeros((self.group.size, self.group.size), dtype=np.int64), 0
        for size, kind in self.parts:
            inside = slice(at, at + size)
            out[inside, inside] = self._turn(size, kind, weight, p, root) if self.group.linear else _cycle(size, kind**weight)
            at += size
        return out % p

    def _turn(self, size: int, k: int, weight: int, p: int, root: int) -> list[list[int]]:
        if size == 1:
            return [[1 if k == 0 else -1]]
        double_cosine = (pow(root, k, p) + pow(root, -k, p)) % p
        if weight > 0:
            return [[0, -1], [1, double_cosine]]
        return [[double_cosine, -1], [1, 0]]  # the inverse transpose


def _cycle(size: int, sign: float) -> np.ndarray:
    """Neuron i goes to the place of neuron i + 1; the first entry carries the sign."""
    out = np.zeros((size, size), dtype=np.int64)
    out[(np.arange(size) + 1) % size, np.arange(size)] = 1
    out[1 % size, 0] = int(sign)
    return out


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


def primitive_root_of_unity(q: int, p: int) -> int:
    """An element of F_p of order exactly q, a divisor of p - 1. Raises `NotShown` for another q."""
    if q == 1:
        return 1
    if (p - 1) % q:
        raise NotShown("the prime has no roots of unity of that order")
    divisors = [d for d in range(1, q) if q % d == 0]
    return next(r for a in range(2, p) if all(pow(r := pow(a, (p - 1) // q, p), d, p) != 1 for d in divisors))
