"""The derivatives of a stored network's outputs by its trained weights, at these and at one input, modulo a prime.

Every operation is carried out on numbers that remember how they were made, so that derivatives follow backwards. Beside its residue a
number has its exact value where inputs are given exactly: then piecewise linear activations take the line on which it lies. At a kink
the derivative is set to 0 along all weights, and the weights that move the number are left out: in all other directions the network is
differentiable there, for what does not move to first order is not felt through a line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.network_nodes import NetworkData, NodeData, exact, rational
from neurovariety.certificates.network_values import Field, value
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown


def trained(network: NetworkData) -> list[str]:
    """The keys of the trained weights that nodes use, in order."""
    return sorted({key for n in network.nodes for key in n.weights.values()} - set(network.fixed))


@dataclass(frozen=True, eq=False)
class _Lettered:
    """A network whose trained weights are numbers of a `Field`; what `network_values.value` asks."""

    input_shape: tuple[int, ...]
    nodes: Sequence[NodeData]
    output: str
    weights: Mapping[str, np.ndarray]
    fixed: Collection[str]


def lettered(network: NetworkData, letters: Mapping[str, np.ndarray]) -> NetworkData:
    """The network with ``letters``, numbers of a field, as its trained weights."""
    return _Lettered(tuple(network.input_shape), network.nodes, network.output, {**network.weights, **letters}, network.fixed)


@dataclass(frozen=True)
class LetterField(Field):
    """A field that leaves arrays of its own numbers as they are."""

    own: type = object

    def larger(self, p: Any, q: Any) -> Any:
        return p.larger(q) if hasattr(p, "larger") else super().larger(p, q)

    def array(self, values: Any) -> np.ndarray:
        source = np.asarray(values)
        if source.dtype == object and source.size and isinstance(source.reshape(-1)[0], self.own):
            return source
        return super().array(values)


@dataclass(eq=False)
class SlopeTape:
    """How numbers were made: for each, what it was made of with the derivatives. The first ``letters`` of them are the weights."""

    p: int
    letters: int
    made: list[tuple[tuple[int, int], ...]] = field(default_factory=list)
    rests: list[int] = field(default_factory=list)
    """Numbers that lie at a kink."""

    def record(self, residue_: int, exactly: Any, of: tuple[tuple[int, int], ...]) -> _Number:
        self.made.append(of)
        return _Number(self, residue_ % self.p, exactly, self.letters + len(self.made) - 1)

    def bend(self, v: _Number, kinks: list[_Number], pieces: list[tuple[_Number, _Number]]) -> _Number:
        """The value on the line on which a number lies; at a kink one that no weight moves."""
        if v.exactly is None or any(k.exactly is None for k in kinks):
            raise NotShown("the line on which a number lies is known at exact inputs alone")
        slope, offset = pieces[sum(v.exactly > k.exactly for k in kinks)]
        out = slope * v + offset
        if not any(v.exactly == k.exactly for k in kinks):
            return out
        self.rests.append(v.slot)
        return _Number(self, out.v, out.exactly, -1)

    def slopes(self, slot: int) -> list[int]:
        """The derivatives of a number by the weights."""
        out = [0] * (self.letters + len(self.made))
        if slot < 0:
            return out[: self.letters]
        out[slot] = 1
        for k in range(slot, self.letters - 1, -1):
            above = out[k]
            if above:
                for other, c in self.made[k - self.letters]:
                    out[other] = (out[other] + above * c) % self.p
        return out[: self.letters]


class _Number:
    """A residue with its place on the tape (-1: a constant), and its exact value where that is known."""

    __slots__ = ("exactly", "slot", "tape", "v")

    def __init__(self, tape: SlopeTape, v: int, exactly: Any, slot: int) -> None:
        self.tape, self.v, self.exactly, self.slot = tape, v, exactly, slot

    def _made(self, v: int, exactly: Callable[[], Any], *of: tuple[_Number, int]) -> _Number:
        known = exactly() if all(n.exactly is not None for n, _ in of) else None
        moving = tuple((n.slot, c % self.tape.p) for n, c in of if n.slot >= 0 and c % self.tape.p)
        return self.tape.record(v, known, moving) if moving else _Number(self.tape, v % self.tape.p, known, -1)

    def _of(self, other: Any) -> _Number:
        return other if isinstance(other, _Number) else _constant(self.tape, Fraction(other))

    def __add__(self, other: Any) -> _Number:
        b = self._of(other)
        return self._made(self.v + b.v, lambda: self.exactly + b.exactly, (self, 1), (b, 1))

    __radd__ = __add__

    def __lt__(self, other: _Number) -> bool:
        if self.exactly is None or other.exactly is None:
            raise NotShown("which number is the larger is known at exact inputs alone")
        return bool(self.exactly < other.exactly)

    def larger(self, other: Any) -> _Number:
        """The larger of two numbers; where they are equal and not the same, one that no weight moves."""
        b = self._of(other)
        if self < b or b < self:
            return b if self < b else self
        if self.slot == b.slot:
            return self
        self.tape.rests += [n.slot for n in (self, b) if n.slot >= 0]
        return _Number(self.tape, self.v, self.exactly, -1)

    def __neg__(self) -> _Number:
        return self._made(-self.v, lambda: -self.exactly, (self, -1))

    def __sub__(self, other: Any) -> _Number:
        return self + -self._of(other)

    def __rsub__(self, other: Any) -> _Number:
        return self._of(other) + -self

    def __mul__(self, other: Any) -> _Number:
        b = self._of(other)
        return self._made(self.v * b.v, lambda: self.exactly * b.exactly, (self, b.v), (b, self.v))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> _Number:
        b = self._of(other)
        if not b.v or (b.exactly is not None and not b.exactly):
            raise NotShown("a denominator vanishes modulo the prime")
        inverse = pow(b.v, -1, self.tape.p)
        share = self.v * inverse % self.tape.p
        return self._made(share, lambda: self.exactly / b.exactly, (self, inverse), (b, -share * inverse))

    def __rtruediv__(self, other: Any) -> _Number:
        return self._of(other) / self


def _constant(tape: SlopeTape, given: Fraction) -> _Number:
    return _Number(tape, residue(given, tape.p), rational(given), -1)


class SlopesModP:
    """The rows of the Jacobian of a network at its weights mod p. ``exactly``: whether values are known exactly, which kinks need."""

    def __init__(self, network: NetworkData, p: int, exactly: bool) -> None:
        self.network, self.p, self.exactly = network, p, exactly
        self.keys = trained(network)
        self.weights = {key: exact(network.weights[key]).reshape(-1).tolist() for key in self.keys}
        self.count = sum(map(len, self.weights.values()))
        self.made = 0
        """How many numbers the last input took."""

    @property
    def residues(self) -> list[int]:
        """The weights mod p."""
        return [residue(w, self.p) for key in self.keys for w in self.weights[key]]

    def rows(self, x: Sequence[Fraction | int]) -> tuple[list[list[int]], set[int]]:
        """The derivatives of each output at an input, residues mod p where it is not exact; and the weights that are left out, as they
        move a number that lies at a kink."""
        tape, letters, at = SlopeTape(self.p, self.count), dict[str, np.ndarray](), 0
        for key in self.keys:
            made = np.empty(len(self.weights[key]), dtype=object)
            for i, w in enumerate(self.weights[key]):
                made[i] = _Number(tape, residue(w, self.p), rational(w) if self.exactly else None, at)
                at += 1
            letters[key] = made.reshape(np.shape(self.network.weights[key]))
        values = np.empty(len(x), dtype=object)
        for i, v in enumerate(x):
            values[i] = _constant(tape, v) if isinstance(v, Fraction) else _Number(tape, int(v) % self.p, None, -1)
        own = LetterField(lambda v: _constant(tape, v), balls=False, bend=tape.bend, own=_Number)
        out = value(lettered(self.network, letters), values, own).reshape(-1).tolist()
        self.made = len(tape.made)
        left = {i for slot in tape.rests for i, c in enumerate(tape.slopes(slot)) if c}
        return [tape.slopes(v.slot) for v in out], left
