"""One operation of a network, and typed access to the attributes that say which one of its kind it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Rational, Real
from typing import SupportsIndex

Attributes = Mapping[str, object]
"""Names -> whole numbers, rational numbers, words, flags, and tuples of these."""


@dataclass(frozen=True, eq=False)
class Node:
    """One operation of a network; the value it makes has its name.

    ``weights`` maps a role ("weight", "bias", ...) to a key of `Network.weights`. Axes and shapes in ``attributes`` are those of one
    sample. Kinds, with their roles and attributes:

    * input.
    * linear: weight (out, in), bias; on the last axis.
    * conv: weight (out, in/groups, \\*window), bias; stride, padding (a pair a direction), dilation, groups; channels first, 1D or 2D.
    * normalize: mean, variance, scale, shift; epsilon; batch norm in evaluation mode, channels in the first axis of a sample.
    * activation: function and its own attributes, see `neurovariety.checkpoints.graph.activations`.
    * add, subtract, multiply, divide: two inputs, or one and a weight or the attribute constant (reversed: constant op input).
    * matmul: two inputs; transpose, a flag for each. parameter: value, a weight as a value.
    * transpose: permutation. reshape: shape. slice: axis, start, stop, step. concatenate: axis. pad: padding, zeros, a pair an axis.
    * sum, mean: axes, keepdims. average_pool, max_pool: window, stride, padding, dilation; channels first.
    * softmax: axis; mask, truth values: entries at which it is false are left out, their probability is 0.
    * standardize: axes, epsilon, centred: (x - mean) / sqrt(variance + epsilon), or not centred x / sqrt(mean of squares + epsilon).
    * upsample: factors, how often each entry is repeated along each direction; channels first.
    * spread: factors, zeros put between entries so that each is that many places after the one before; channels first. A transposed
      convolution is a spread and a convolution.
    """

    name: str
    kind: str
    inputs: tuple[str, ...] = ()
    weights: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    path: str = ""

    @property
    def place(self) -> str:
        """How messages name this node: module path or name, and kind."""
        return f"{self.path or self.name!s} ({self.kind})"

    @property
    def function(self) -> str | None:
        """The name of the activation; None for any other kind of node."""
        found = self.attributes.get("function") if self.kind == "activation" else None
        return found if isinstance(found, str) else None

    @property
    def is_input(self) -> bool:
        """Whether this node stands for the network's input."""
        return self.kind == "input"


def whole(attributes: Attributes, name: str) -> int:
    """The attribute as a whole number. Raises `KeyError` where it is missing and `TypeError` where it is none."""
    return _whole(attributes[name], name)


def wholes(attributes: Attributes, name: str) -> tuple[int, ...]:
    """The attribute as whole numbers."""
    return tuple(_whole(v, name) for v in _several(attributes[name], name))


def pairs(attributes: Attributes, name: str) -> tuple[tuple[int, int], ...]:
    """The attribute as pairs of whole numbers."""
    out = []
    for pair in _several(attributes[name], name):
        first, second = _several(pair, name)
        out.append((_whole(first, name), _whole(second, name)))
    return tuple(out)


def rational(attributes: Attributes, name: str) -> Fraction:
    """The attribute as a rational number."""
    return _rational(attributes[name], name)


def rationals(attributes: Attributes, name: str) -> tuple[Fraction, ...]:
    """The attribute as rational numbers."""
    return tuple(_rational(v, name) for v in _several(attributes[name], name))


def flags(attributes: Attributes, name: str) -> tuple[bool, ...]:
    """The attribute as truth values."""
    return tuple(bool(v) for v in _several(attributes[name], name))


def word(attributes: Attributes, name: str) -> str:
    """The attribute as a word."""
    found = attributes[name]
    if not isinstance(found, str):
        raise TypeError(f"the attribute {name} is a word, got {found!r}")
    return found


def _whole(value: object, name: str) -> int:
    if not isinstance(value, SupportsIndex):
        raise TypeError(f"the attribute {name} holds whole numbers, got {value!r}")
    return value.__index__()


def _rational(value: object, name: str) -> Fraction:
    if isinstance(value, Rational):
        return Fraction(value)
    if not isinstance(value, Real):
        raise TypeError(f"the attribute {name} holds rational numbers, got {value!r}")
    return Fraction(float(value))


def _several(value: object, name: str) -> tuple[object, ...]:
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise TypeError(f"the attribute {name} is a sequence, got {value!r}")
    return tuple(value)
