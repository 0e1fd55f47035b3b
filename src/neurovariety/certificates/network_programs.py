"""An algebraic network as one exact program of its trained weights and its inputs: for bounds of degrees and sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Sum
from neurovariety.certificates.network_nodes import NetworkData, rational
from neurovariety.certificates.network_slopes import LetterField, lettered, trained
from neurovariety.certificates.network_values import value
from neurovariety.certificates.zeros import NotShown

_MOST_SUMS = 100_000


@dataclass(eq=False)
class _Sums:
    """Sums of a program that is being written, of so many unknowns."""

    unknowns: int
    sums: list[Sum] = field(default_factory=list)

    def made(self, terms: Sum) -> _Symbol:
        if len(self.sums) >= _MOST_SUMS:
            raise NotShown("the network is too large to be written as a program here")
        self.sums.append(terms)
        return _Symbol(self, self.unknowns + len(self.sums) - 1, Fraction(0))


class _Symbol:
    """A slot of a program; -1 stands for a ``constant``."""

    __slots__ = ("constant", "slot", "sums")

    def __init__(self, sums: _Sums, slot: int, constant: Fraction) -> None:
        self.sums, self.slot, self.constant = sums, slot, constant

    def _of(self, other: Any) -> _Symbol:
        return other if isinstance(other, _Symbol) else _Symbol(self.sums, -1, Fraction(other))

    def _term(self, factor: Fraction = Fraction(1)) -> Sum:
        if self.slot < 0:
            return ((rational(self.constant * factor), ()),) if self.constant else ()
        return ((rational(factor), ((self.slot, 1),)),)

    def __add__(self, other: Any) -> _Symbol:
        b = self._of(other)
        if self.slot < 0 and b.slot < 0:
            return _Symbol(self.sums, -1, self.constant + b.constant)
        return self.sums.made((*self._term(), *b._term()))

    __radd__ = __add__

    def __sub__(self, other: Any) -> _Symbol:
        b = self._of(other)
        if self.slot < 0 and b.slot < 0:
            return _Symbol(self.sums, -1, self.constant - b.constant)
        return self.sums.made((*self._term(), *b._term(Fraction(-1))))

    def __rsub__(self, other: Any) -> _Symbol:
        return self._of(other) - self

    def __mul__(self, other: Any) -> _Symbol:
        b = self._of(other)
        if self.slot < 0 and b.slot < 0:
            return _Symbol(self.sums, -1, self.constant * b.constant)
        if self.slot < 0 or b.slot < 0:
            moving, still = (b, self) if self.slot < 0 else (self, b)
            return self.sums.made(moving._term(still.constant)) if still.constant else _Symbol(self.sums, -1, Fraction(0))
        powers = ((self.slot, 2),) if self.slot == b.slot else ((self.slot, 1), (b.slot, 1))
        return self.sums.made(((1, powers),))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> _Symbol:
        b = self._of(other)
        if b.slot < 0:
            return self * (1 / b.constant)
        if self.slot < 0:
            return self.sums.made(((rational(self.constant), ((b.slot, -1),)),)) if self.constant else self
        return self.sums.made(((1, ((self.slot, 1), (b.slot, -1))),))

    def __rtruediv__(self, other: Any) -> _Symbol:
        return self._of(other) / self


def network_program(network: NetworkData) -> ExactSystem:
    """The outputs of a network in its trained weights, in the order of `trained`, and then its inputs. Raises `NotShown` for one
    that is not algebraic, or large."""
    keys = trained(network)
    shapes = {key: np.shape(network.weights[key]) for key in keys}
    count, inputs = sum(map(prod, shapes.values())), prod(network.input_shape)
    sums, letters, at = _Sums(count + inputs), dict[str, np.ndarray](), 0
    for key in keys:
        made = np.empty(prod(shapes[key]), dtype=object)
        made[:] = [_Symbol(sums, at + i, Fraction(0)) for i in range(len(made))]
        at += len(made)
        letters[key] = made.reshape(shapes[key])
    x = np.empty(inputs, dtype=object)
    x[:] = [_Symbol(sums, at + i, Fraction(0)) for i in range(inputs)]
    own = LetterField(lambda v: _Symbol(sums, -1, v), balls=False, bend=_no_line, own=_Symbol)
    out = value(lettered(network, letters), x, own).reshape(-1).tolist()
    slots = [v.slot if v.slot >= 0 else sums.made(v._term()).slot for v in out]
    return ExactSystem(count + inputs, tuple(sums.sums), tuple(slots))


def _no_line(v: Any, kinks: Any, pieces: Any) -> Any:
    raise NotShown("a network with kinks is no program")
