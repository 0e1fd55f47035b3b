"""A proof that a group action leaves every output of a program unchanged, read off the program's shape.

Each value is given a type: how the group acts on each of its axes, and by which power of the torus it is multiplied as a whole.
Index notation does the rest: an axis on which g acts may be contracted only against one on which its inverse transpose acts, a
power multiplies the weights of a torus, and so on. Where every output turns out to be acted on trivially, the model is invariant:
f_{g.w} = f_w holds identically, over every ring. Where the rules do not apply nothing is concluded.

The cost is one pass over the program, whatever the widths: an identity in thousands of variables is proved without expanding it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurovariety.model import Model
from neurovariety.program.of_model import values_program
from neurovariety.program.program import Instruction
from neurovariety.symmetry import AxisAction, Kind

PLAIN = 0
"""Label of an axis that the group leaves alone. Nonzero labels are weights of the action."""


@dataclass(frozen=True)
class _Type:
    """Length, label and uniformity of each axis (uniform: all entries along it are equal), weight of the whole, zero or not."""

    shape: tuple[int, ...]
    labels: tuple[int, ...]
    uniform: tuple[bool, ...]
    weight: int = 0
    zero: bool = False


class _Undecided(Exception):
    """The rules say nothing about this instruction."""


def is_invariant(model: Model, action: AxisAction) -> bool:
    """Whether the action is proved to leave every function of the model unchanged. False means: not proved, not: false."""
    if not _fits(model, action):
        return False
    program = values_program(model)
    rules = _Rules(Kind.TORUS if action.size == 1 and not action.finite else action.kind)
    types: dict[int, _Type] = {}
    for slot, block in enumerate(model.blocks):
        types[slot] = _start(block.name, block.shape, action)
    for slot, shape in enumerate(program.inputs):
        types.setdefault(slot, _plain(shape))
    for slot, values in program.constants.items():
        types[slot] = _constant(values)
    try:
        for instruction in program.instructions:
            found = rules.apply(instruction, [types[s] for s in instruction.operands])
            types[instruction.result] = replace(found, shape=instruction.shape)
    except _Undecided:
        return False
    return all(types[s].zero or (types[s].weight == 0 and not any(types[s].labels)) for s in program.outputs)


def _fits(model: Model, action: AxisAction) -> bool:
    shapes = {b.name: b.shape for b in model.blocks}
    places = [(block, axis) for block, axis, _ in action.axes]
    if action.kind is not Kind.TORUS and len(set(places)) < len(places):
        return False  # g and its inverse transpose on one axis are not the identity, so weights do not add up there
    return all(
        block in shapes and (axis is None or (axis < len(shapes[block]) and shapes[block][axis] == action.size))
        for block, axis, _ in action.axes
    )


def _start(name: str, shape: tuple[int, ...], action: AxisAction) -> _Type:
    labels, weight = [PLAIN] * len(shape), 0
    for block, axis, w in action.axes:
        if block == name:
            if axis is None or (action.size == 1 and not action.finite):
                weight += w
            else:
                labels[axis] += w
    return replace(_plain(shape), labels=tuple(labels), weight=weight)


def _plain(shape: tuple[int, ...]) -> _Type:
    return _Type(shape, (PLAIN,) * len(shape), tuple(n == 1 for n in shape))


def _constant(values: Any) -> _Type:
    uniform = tuple(bool(values.shape[k] <= 1 or np.all(values == np.take(values, [0], axis=k))) for k in range(values.ndim))
    return _Type(values.shape, (PLAIN,) * values.ndim, uniform, 0, not np.any(values))


class _Rules:
    """How each ring operation acts on types. A method per primitive would hide that most share one of four rules."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._table: dict[str, Callable[[Instruction, list[_Type]], _Type]] = {
            **dict.fromkeys(("add", "add_any", "sub"), self._add),
            **dict.fromkeys(("neg", "copy", "copy_p", "convert_element_type", "stop_gradient", "reduce_precision"), self._same),
            "mul": lambda i, t: self._multiply(t[0], t[1], 1),
            "div": lambda i, t: self._multiply(t[0], t[1], -1),
            "square": lambda i, t: self._power(t[0], 2),
            "integer_pow": lambda i, t: self._power(t[0], int(i.parameters["y"])),
            "pow": lambda i, t: self._power(t[0], int(i.parameters["y"])),
            "dot_general": self._contract,
            "conv_general_dilated": self._convolve,
            "reduce_sum": self._reduce,
            "transpose": self._transpose,
            "broadcast_in_dim": self._broadcast,
            **dict.fromkeys(("reshape", "squeeze", "expand_dims"), self._reshape),
            "slice": self._slice,
            "concatenate": self._concatenate,
        }

    def apply(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        rule = self._table.get(instruction.primitive)
        if rule is None:
            return self._opaque(instruction, operands)
        if len(instruction.shape) and instruction.primitive in ("mul", "add", "sub", "div", "add_any"):
            operands = [_lifted(t, len(instruction.shape)) for t in operands]
        return rule(instruction, operands)

    def _opaque(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        """Any other primitive only mixes entries of values on which the group acts by one common weight."""
        live = [t for t in operands if not t.zero]
        weights = {t.weight for t in live}
        linear = instruction.primitive in ("take", "rev", "cumsum", "scatter-add", "scatter_add")
        if any(any(t.labels) for t in live) or len(weights) > 1 or (not linear and weights - {0}):
            raise _Undecided
        return replace(_plain(instruction.shape), weight=weights.pop() if weights else 0, zero=linear and not live)

    def _same(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        return operands[0]

    def _add(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        live = [t for t in operands if not t.zero]
        if len(live) < 2:
            return live[0] if live else operands[0]
        a, b = live
        uniform = tuple(x and y for x, y in zip(a.uniform, b.uniform, strict=True))
        if a.weight != b.weight:
            raise _Undecided
        if self.kind is Kind.PERMUTATION:
            return replace(a, labels=self._permuted(a, b), uniform=uniform)
        if a.labels != b.labels:
            raise _Undecided
        return replace(a, uniform=uniform)

    def _permuted(self, a: _Type, b: _Type) -> tuple[int, ...]:
        """Axes of an entrywise operation of equivariant tensors: both permuted, or one permuted and the other uniform."""
        labels = []
        for la, lb, ua, ub in zip(a.labels, b.labels, a.uniform, b.uniform, strict=True):
            if la != lb and not (ua if lb else ub):
                raise _Undecided
            labels.append(la or lb)
        return tuple(labels)

    def _multiply(self, a: _Type, b: _Type, sign: int) -> _Type:
        uniform = tuple(x and y for x, y in zip(a.uniform, b.uniform, strict=True))
        weight = a.weight + sign * b.weight
        zero = a.zero or (b.zero and sign > 0)
        if self.kind is Kind.PERMUTATION:
            return replace(a, labels=self._permuted(a, b), uniform=uniform, weight=weight, zero=zero)
        if self.kind is Kind.TORUS:
            weights = tuple(x + sign * y for x, y in zip(a.labels, b.labels, strict=True))
            return replace(a, labels=weights, uniform=uniform, weight=weight, zero=zero)
        if any(y for y in b.labels) and (sign < 0 or any(a.labels)):
            raise _Undecided
        labels = []
        for la, lb, ua, ub in zip(a.labels, b.labels, a.uniform, b.uniform, strict=True):
            if (la and not ub) or (lb and not ua):
                raise _Undecided  # a general matrix acts on this axis, so the other factor must be constant along it
            labels.append(la or lb)
        return replace(a, labels=tuple(labels), uniform=uniform, weight=weight, zero=zero)

    def _power(self, a: _Type, exponent: int) -> _Type:
        if self.kind is Kind.GENERAL_LINEAR and any(a.labels) and exponent != 1:
            raise _Undecided
        if exponent == 0:
            return replace(a, labels=(PLAIN,) * len(a.labels), uniform=(True,) * len(a.labels), weight=0, zero=False)
        factor = 1 if self.kind is Kind.PERMUTATION else exponent
        return replace(a, labels=tuple(factor * x for x in a.labels), weight=exponent * a.weight)

    def _contracted(self, a: _Type, b: _Type, k: int, l: int) -> None:
        """Check that summing over axis k of a against axis l of b leaves nothing acted on."""
        if self.kind is Kind.PERMUTATION:
            if a.labels[k] != b.labels[l] and not (a.uniform[k] if b.labels[l] else b.uniform[l]):
                raise _Undecided
        elif a.labels[k] + b.labels[l]:
            raise _Undecided

    def _contract(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        a, b = operands
        (ca, cb), (ba, bb) = instruction.parameters["dimension_numbers"]
        for k, l in zip(ca, cb, strict=True):
            self._contracted(a, b, k, l)
        batch = self._multiply(_picked(a, ba), _picked(b, bb), 1)
        fa = _picked(a, [k for k in range(len(a.labels)) if k not in ca and k not in ba])
        fb = _picked(b, [k for k in range(len(b.labels)) if k not in cb and k not in bb])
        return _Type(
            instruction.shape,
            batch.labels + fa.labels + fb.labels,
            batch.uniform + fa.uniform + fb.uniform,
            a.weight + b.weight,
            a.zero or b.zero,
        )

    def _convolve(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        x, w = operands
        p = instruction.parameters
        numbers = p["dimension_numbers"]
        if p["feature_group_count"] != 1 or p["batch_group_count"] != 1:
            return self._opaque_product(instruction, operands)
        xb, xf, *xs = numbers.lhs_spec
        wo, wi, *ws = numbers.rhs_spec
        self._contracted(x, w, xf, wi)
        if any(x.labels[k] for k in xs) or any(w.labels[k] for k in ws):
            raise _Undecided
        labels = [PLAIN] * len(instruction.shape)
        labels[numbers.out_spec[0]] = x.labels[xb]
        labels[numbers.out_spec[1]] = w.labels[wo]
        made = _plain(instruction.shape)
        return replace(made, labels=tuple(labels), weight=x.weight + w.weight, zero=x.zero or w.zero)

    def _opaque_product(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        if any(any(t.labels) for t in operands):
            raise _Undecided
        weight, zero = sum(t.weight for t in operands), any(t.zero for t in operands)
        return replace(_plain(instruction.shape), weight=weight, zero=zero)

    def _reduce(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        (a,) = operands
        axes = instruction.parameters["axes"]
        if self.kind is not Kind.PERMUTATION and any(a.labels[k] for k in axes):
            raise _Undecided
        return _picked(a, [k for k in range(len(a.labels)) if k not in axes])

    def _transpose(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        return _picked(operands[0], instruction.parameters["permutation"])

    def _broadcast(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        (a,) = operands
        n = len(instruction.shape)
        labels, uniform = [PLAIN] * n, [True] * n
        for k, place in enumerate(instruction.parameters["broadcast_dimensions"]):
            repeated = instruction.shape[place] != a.shape[k]
            if a.labels[k] and repeated:
                raise _Undecided
            labels[place], uniform[place] = a.labels[k], a.uniform[k] or repeated
        return replace(a, labels=tuple(labels), uniform=tuple(uniform))

    def _reshape(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        (a,) = operands
        shape = instruction.shape
        labels, uniform = [PLAIN] * len(shape), [False] * len(shape)
        if not any(a.labels):
            if all(a.uniform):
                uniform = [True] * len(shape)
            return replace(a, labels=tuple(labels), uniform=tuple(uniform))
        if instruction.parameters.get("dimensions") is not None:
            raise _Undecided
        before = a.shape
        for k, label in enumerate(a.labels):
            if not label:
                continue
            ahead = int(np.prod(before[:k], dtype=np.int64))
            match = [j for j, n in enumerate(shape) if n == before[k] and int(np.prod(shape[:j], dtype=np.int64)) == ahead]
            if len(match) != 1:
                raise _Undecided
            labels[match[0]] = label
        return replace(a, labels=tuple(labels), uniform=tuple(uniform))

    def _slice(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        (a,) = operands
        for k, label in enumerate(a.labels):
            if label and instruction.shape[k] != a.shape[k]:
                raise _Undecided
        return a

    def _concatenate(self, instruction: Instruction, operands: list[_Type]) -> _Type:
        axis = instruction.parameters["dimension"]
        live = [t for t in operands if not t.zero] or operands[:1]
        first = live[0]
        if any(t.labels != first.labels or t.weight != first.weight for t in live) or first.labels[axis]:
            raise _Undecided
        uniform = [all(t.uniform[k] for t in operands) and len(live) == len(operands) for k in range(len(first.labels))]
        uniform[axis] = False
        return replace(first, uniform=tuple(uniform))


def _picked(a: _Type, axes: Sequence[int]) -> _Type:
    return replace(a, labels=tuple(a.labels[k] for k in axes), uniform=tuple(a.uniform[k] for k in axes))


def _lifted(a: _Type, n: int) -> _Type:
    """A scalar operand beside an array: uniform along every axis."""
    return a if len(a.labels) == n else replace(a, shape=(1,) * n, labels=(PLAIN,) * n, uniform=(True,) * n)
