"""What the readers of graphs share: operands, the growing list of nodes, and how batch axes are taken off."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import NoReturn

import numpy as np

from neurovariety.checkpoints.graph.fusion import fused
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operation import Call
from neurovariety.checkpoints.graph.operations import OPERATIONS, operation
from neurovariety.checkpoints.graph.three_arithmetics import SHAPES, Array
from neurovariety.checkpoints.readers import batch_layouts
from neurovariety.checkpoints.readers.batch_layouts import Layout, NoLayout
from neurovariety.checkpoints.readers.building_records import State
from neurovariety.errors import InputError

BATCH = 7
"""Samples in the batch that a graph is exported or read with: a length that no axis of a sample is likely to have by itself."""


_KEEPS_LAYOUT = ("activation", "linear", "softmax", "standardize", "slice", "add", "subtract", "multiply", "divide")
"""Kinds of nodes that leave all axes where they are."""

SOFTPLUS_THRESHOLD = 15
"""Above a threshold of at least this, softplus may be x itself in a graph: the difference is below exp(-15) < 4e-7."""

OTHER_BATCHES = (11, 1)
"""Other lengths of a batch, at which the same network must come out."""

MAX_INPUT = 10**8
"""Largest number of entries of one input: a file may claim any shape, and a value of that shape is made to check it."""


@dataclass(frozen=True)
class Value:
    """An operand that a node makes; ``layout`` says where its batch axis lies in the graph, where that is not in front."""

    name: str
    layout: Layout | None = None


@dataclass(frozen=True)
class Stored:
    """An operand that is a stored array."""

    key: str


@dataclass(frozen=True)
class Turned:
    """An operand that is the transpose of a stored matrix."""

    key: str


Number = int | float | Fraction
Operand = Value | Stored | Turned | Number
"""What an operation is applied to: a value, a weight, or a plain number."""

Roles = Mapping[str, Stored | None]
"""The weights of a node by role; None where it has none of that role."""


def refuse(place: str, operator: str, why: str = "") -> NoReturn:
    """Raise the `InputError` for an operation that no reader understands, by module path and operator."""
    reason = f" ({why})" if why else ""
    raise InputError(
        f"{place}: the operation {operator} is not supported{reason}; replace it, or give the weights alone with architecture="
    )


def exact(place: str, operator: str, number: Number) -> Fraction:
    """A number of a graph as a Fraction; one that is not finite is refused."""
    if not math.isfinite(number):
        refuse(place, operator, f"with the number {number}")
    return Fraction(number)


class Builder:
    """Collects nodes, with the shape of each value known at once: shapes are computed as nodes are added."""

    def __init__(self, source: str, weights: dict[str, Array], fixed: Iterable[str], uses: Counter[str], batch: int = BATCH) -> None:
        self.source, self.weights, self.fixed, self.uses, self.batch = source, dict(weights), set(fixed), uses, batch
        self.nodes: list[Node] = []
        self.turned: set[str] = set()
        """Keys of weights that are kept as (out, in, ...) where the source has (in, out, ...)."""
        self._samples: dict[str, Array] = {}

    def border(self, name: str, shape: tuple[int, ...]) -> Value:
        """A value that comes from outside, of the shape of one sample."""
        self._samples[name] = np.broadcast_to(0.0, (2, *shape))
        return Value(name)

    def learn(self, weights: Mapping[str, Array], fixed: Iterable[str]) -> None:
        """Take in stored arrays that were not known before."""
        for key in weights.keys() - self.weights.keys():
            self.weights[key] = weights[key]
        self.fixed.update(fixed)

    def state(self) -> State:
        """What `restore` goes back to."""
        return State(len(self.nodes), set(self._samples), dict(self.weights), set(self.fixed), set(self.turned))

    def restore(self, state: State) -> None:
        """Forget what was added since."""
        del self.nodes[state.nodes :]
        self._samples = {k: v for k, v in self._samples.items() if k in state.samples}
        self.weights, self.fixed, self.turned = state.weights, state.fixed, state.turned

    def input(self, name: str, shape: tuple[int, ...]) -> Value:
        """The network's input, of the shape of one sample."""
        self.nodes.append(Node(name, "input"))
        if prod(shape) > MAX_INPUT:
            raise InputError(f"{self.source} takes inputs of {prod(shape):,} numbers; at most {MAX_INPUT:,} are read")
        self.input_shape = shape
        self._samples[name] = np.broadcast_to(0.0, (2, *shape))
        return Value(name)

    def shape(self, value: Value) -> tuple[int, ...]:
        """Shape of one sample of a value."""
        return self._samples[value.name].shape[1:]

    def node(
        self, name: str, path: str, kind: str, inputs: Sequence[Operand] = (), weights: Roles | None = None, **attributes: object
    ) -> Value:
        """Add a node. Stored operands among the inputs become parameter nodes."""
        values = [self.promoted(v) for v in inputs]
        unique, k = name, 1
        while unique in self._samples:
            unique, k = f"{name}_{k}", k + 1
        roles = {role: operand.key for role, operand in (weights or {}).items() if operand is not None}
        made = Node(unique, kind, tuple(v.name for v in values), roles, attributes, path)
        try:
            with np.errstate(all="ignore"):
                arrays = {k: SHAPES.array(self.weights[k]) for k in made.weights.values()}
                found = operation(made).value(Call(made, [self._samples[v.name] for v in values], arrays, self.weights, SHAPES))
        except (ValueError, TypeError, IndexError, KeyError, ArithmeticError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{made.place} cannot be applied to its inputs ({str(error)[:120]})") from error
        if found.ndim == 0 or found.shape[0] not in (1, 2):
            raise InputError(f"{made.place} mixes the samples of a batch; a network maps each sample by itself")
        layout = self._layout_after(made, values)
        self.nodes.append(made)
        self._samples[unique] = np.broadcast_to(0.0, found.shape)
        return Value(unique, layout)

    def _layout_after(self, node: Node, values: Sequence[Value]) -> Layout | None:
        """Where the batch lies after a node. Raises `InputError` for one that needs it in front."""
        if all(v.layout is None for v in values):
            return None
        rank = len(self.shape(values[0]))
        layouts = [v.layout or batch_layouts.in_front(len(self.shape(v))) for v in values]
        try:
            if node.kind == "matmul":
                return batch_layouts.of_product(*layouts)
            sides = [self.weights[k].ndim for k in node.weights.values() if node.kind != "linear"]
            last = 1 if node.kind == "linear" else max(sides, default=0)
            if node.kind in _KEEPS_LAYOUT and len(set(layouts)) == 1 and last < len(layouts[0]):
                for k in range(last):  # the axes along which weights lie
                    batch_layouts.single(layouts[0], len(layouts[0]) - 1 - k)
                return layouts[0] if rank else None
        except NoLayout as reason:
            raise InputError(f"{node.place} cannot be read ({reason})") from reason
        raise InputError(f"{node.place} takes a value whose batch axis was moved; only the axes of one sample can be used")

    def full(self, value: Value) -> list[int]:
        """The lengths of all axes that a value has in the graph, with the batch."""
        return batch_layouts.sizes(self.layout(value), self.shape(value), self.batch)

    def layout(self, value: Value) -> Layout:
        """Where the batch lies in the graph's value."""
        return value.layout or batch_layouts.in_front(len(self.shape(value)))

    def laid(self, name: str, path: str, value: Value, layout: Layout, shape: tuple[int, ...]) -> Value:
        """A value in another shape, its batch where the layout says."""
        made = self.node(name, path, "reshape", [Value(value.name)], shape=shape)
        return Value(made.name, None if layout == batch_layouts.in_front(len(shape)) else layout)

    def constant(self, name: str, array: Array) -> Stored:
        """An array that the graph has besides its weights."""
        key = f"{name} (constant)"
        self.weights[key] = array
        self.fixed.add(key)
        self.uses[key] += 1
        return Stored(key)

    def made(self, operand: Operand) -> Node | None:
        """The node that makes a value."""
        return next((n for n in self.nodes if isinstance(operand, Value) and n.name == operand.name), None)

    def before(self, operand: Operand) -> Value:
        """The first input of the node that makes a value."""
        made = self.made(operand)
        if made is None or not made.inputs:
            return self.promoted(operand)
        return Value(made.inputs[0], operand.layout if isinstance(operand, Value) else None)

    def function(self, operand: Operand) -> str | None:
        """The name of the activation that makes a value, if one does."""
        made = self.made(operand)
        return made.function if made is not None else None

    def promoted(self, operand: Operand) -> Value:
        """The operand as a value: a stored array becomes a parameter node."""
        if isinstance(operand, Value):
            return operand
        if isinstance(operand, Stored):
            return self.node(f"parameter {operand.key}", operand.key, "parameter", weights={"value": operand})
        if isinstance(operand, Turned):
            return self.node(f"{operand.key} turned", operand.key, "transpose", [Stored(operand.key)], permutation=(1, 0))
        raise InputError(f"the number {operand!r} stands where an operation needs a value that depends on the input, or a weight")

    def differs(self, value: Value) -> bool:
        """Whether a value differs from sample to sample; one made of weights alone has a batch of one."""
        return self._samples[value.name].shape[0] != 1

    def number(self, operand: Operand) -> Fraction | None:
        """The operand as an exact number, where it is a number or a stored constant of one entry that is not trained."""
        if isinstance(operand, Stored):
            array = self.weights[operand.key]
            if operand.key in self.fixed and array.size == 1 and np.all(np.isfinite(np.asarray(array, dtype=np.float64))):
                return Fraction(array.reshape(-1)[0].item())
            return None
        return None if isinstance(operand, (Value, Turned)) or not math.isfinite(operand) else Fraction(operand)

    def elementwise(self, name: str, path: str, kind: str, a: Operand, b: Operand) -> Operand:
        """add, subtract, multiply or divide two operands of any sort."""
        a, b = (self.promoted(v) if isinstance(v, Turned) else v for v in (a, b))
        p, q = self.number(a), self.number(b)
        wrong = [v for v, n in ((a, p), (b, q)) if n is None and isinstance(v, Number)]
        if wrong or (kind == "divide" and q == 0):
            refuse(path or name, kind, f"by the number {wrong[0]}" if wrong else "by 0")
        if p is not None and q is not None:
            combine = OPERATIONS[kind].entrywise
            assert combine is not None
            return combine(p, q)
        if not isinstance(a, Value) and not isinstance(b, Value):  # weights alone: a value that does not depend on the input
            a, b = (v if n is not None else self.promoted(v) for v, n in ((a, p), (b, q)))
        if isinstance(a, Value) and isinstance(b, Value):
            if len(self.shape(a)) != len(self.shape(b)) and self.differs(a) and self.differs(b):
                raise InputError(
                    f"{path or name} ({kind}) joins values of shapes {self.shape(a)} and {self.shape(b)}, which aligns the batch of "
                    "one with an axis of the other; give both the same number of axes"
                )
            return self.node(name, path, kind, self._aligned(name, path, kind, (a, b)))
        value, other, n, flipped = (a, b, q, False) if isinstance(a, Value) else (b, a, p, True)
        reversed_ = {"reversed": True} if flipped and kind in ("subtract", "divide") else {}
        if n is not None:
            return self.node(name, path, kind, [value], None, constant=n, **reversed_)
        assert isinstance(other, Stored)
        if kind == "divide" and not reversed_ and not np.all(self.weights[other.key]):
            refuse(path or name, kind, f"{other.key!r} has entries 0")
        return self.node(name, path, kind, [value], {"weight": other}, **reversed_)

    def linear(
        self, name: str, path: str, x: Operand, weight: Operand, bias: Operand | None = None, *, stored_as: str = "out,in"
    ) -> Value:
        """x times a matrix stored as (out, in) or (in, out), plus a bias."""
        if isinstance(weight, Turned):
            weight, stored_as = Stored(weight.key), "in,out" if stored_as == "out,in" else "out,in"
        if isinstance(bias, Stored) and self.uses[bias.key] == 1:
            row = self.weights[bias.key]
            if row.ndim == 2 and row.shape[0] == 1:  # a bias that is stored as a row
                self.weights[bias.key] = row.reshape(-1)
        flat = isinstance(x, Value) and isinstance(weight, Stored) and self.weights[weight.key].ndim == 2
        if flat and isinstance(weight, Stored) and isinstance(bias, Stored):
            out = self.weights[weight.key].shape[0 if stored_as == "out,in" else 1]
            if self.weights[bias.key].shape in ((), (1,)) and out != 1:  # one number for all rows is added, it is no bias of each
                made = self.linear(f"{name} product", path, x, weight, stored_as=stored_as)
                return self.promoted(self.elementwise(name, path, "add", made, bias))
        if flat and isinstance(weight, Stored) and (bias is None or (isinstance(bias, Stored) and self.weights[bias.key].ndim == 1)):
            if stored_as == "out,in":
                return self.node(name, path, "linear", [x], {"weight": weight, "bias": bias})
            if self.uses[weight.key] == 1:
                self.weights[weight.key] = np.ascontiguousarray(self.weights[weight.key].T)
                self.turned ^= {weight.key}
                return self.node(name, path, "linear", [x], {"weight": weight, "bias": bias})
        made = self.product(name, path, x, weight, (False, stored_as == "out,in"))
        return made if bias is None else self.promoted(self.elementwise(f"{name} bias", path, "add", made, bias))

    def matmul(self, name: str, path: str, a: Operand, b: Operand) -> Value:
        """The product of two operands, a linear layer where the second is a stored matrix."""
        if isinstance(b, Turned) or (isinstance(b, Stored) and self.weights[b.key].ndim == 2):
            return self.linear(name, path, a, b, stored_as="in,out")
        return self.product(name, path, a, b, (False, False))

    def product(self, name: str, path: str, a: Operand, b: Operand, transpose: tuple[bool, bool]) -> Value:
        """The product of two operands as values, each turned or not."""
        x, y = self._aligned(name, path, "matmul", (self.promoted(a), self.promoted(b)))
        if len(self.shape(x)) != 1:
            return self.node(name, path, "matmul", [x, y], transpose=transpose)
        if self.differs(y):
            raise InputError(f"{path or name} (matmul) multiplies a vector of each sample by a matrix of each; give it two axes")
        row = self.node(f"{name} row", path, "reshape", [x], shape=(1, *self.shape(x)))  # a vector a sample is a matrix of one row
        made = self.node(f"{name} product", path, "matmul", [row, y], transpose=transpose)
        return self.node(name, path, "reshape", [made], shape=self.shape(made)[1:])

    def _aligned(self, name: str, path: str, kind: str, values: tuple[Value, Value]) -> tuple[Value, Value]:
        """Two values of which one may be made of weights alone and have as many axes as a batch: its first axis has to have the length
        1, and is left out."""
        ranks = [len(self.shape(v)) for v in values]
        if self.differs(values[0]) == self.differs(values[1]):
            return values
        k = int(self.differs(values[0]))
        batch = 1 + ranks[1 - k]
        if ranks[k] < batch or (kind == "matmul" and ranks[k] == 2):
            return values
        shape = self.shape(values[k])
        if ranks[k] > batch or shape[0] != 1:
            raise InputError(
                f"{path or name} ({kind}) joins weights of shape {shape} to samples of shape {self.shape(values[1 - k])}, which aligns "
                "the first axis of the weights with the batch"
            )
        short = self.node(f"{name} weights", path, "reshape", [values[k]], shape=shape[1:])
        return (short, values[1]) if k == 0 else (values[0], short)

    def axis(self, value: Value, axis: int, place: str) -> int:
        """An axis of a batch of values as an axis of one sample."""
        if value.layout is not None:
            try:
                return batch_layouts.single(value.layout, axis % len(value.layout))
            except NoLayout as reason:
                raise InputError(f"{place} works along axis {axis} ({reason})") from reason
        rank = len(self.shape(value)) + 1
        if not -rank <= axis < rank or axis % rank == 0:
            raise InputError(f"{place} works along axis {axis} of a batch of rank {rank}: only the axes of one sample can be used")
        if axis > 0 and not self.differs(value):
            raise InputError(f"{place} works along axis {axis} of what is made of weights alone; count from the last axis, -1")
        return axis % rank - 1

    def axes(self, value: Value, axes: Sequence[int], place: str) -> tuple[int, ...]:
        """Axes of a batch of values as axes of one sample."""
        return tuple(self.axis(value, int(k), place) for k in axes)

    def reshape(self, name: str, path: str, x: Operand, target: Sequence[int]) -> Value:
        """Reshape a batch of values, batch axis first in ``target``; -1 stands for what is left over."""
        value = self.promoted(x)
        batch = self.batch if self.differs(value) else 1
        total, known = batch * prod(self.shape(value)), prod(n for n in target if n != -1)
        resolved = tuple(int(n) if n != -1 else total // max(known, 1) for n in target)
        if self.differs(value) and (value.layout is not None or resolved[:1] != (batch,)):
            return self._regrouped(name, path, value, list(resolved))
        if not resolved or resolved[0] not in (batch, self.batch) or batch * prod(resolved[1:]) != total:
            raise InputError(
                f"{path or name} reshapes {('batch', *self.shape(value))} to {tuple(target)}, which mixes the samples of a batch"
            )
        return self.node(name, path, "reshape", [value], shape=resolved[1:])

    def _regrouped(self, name: str, path: str, value: Value, resolved: list[int]) -> Value:
        total = prod(self.full(value))
        try:
            if prod(resolved) != total:
                raise NoLayout("sizes do not fit")
            found = batch_layouts.regrouped(self.layout(value), self.shape(value), self.batch, resolved)
        except NoLayout as reason:
            raise InputError(
                f"{path or name} reshapes {tuple(self.full(value))} to {tuple(resolved)}, which mixes the samples of a batch ({reason})"
            ) from reason
        return self.laid(name, path, value, *found)

    def finish(self, output: Operand) -> Network:
        """The network, simplified."""
        return fused(self.plain(output))

    def plain(self, output: Operand) -> Network:
        """The network as it was read."""
        value = self.promoted(output)
        if value.layout is not None:
            raise InputError(f"{self.source} moves the batch axis of its output or mixes the samples; a network maps each by itself")
        return Network(self.input_shape, tuple(self.nodes), value.name, self.weights, self.source, frozenset(self.fixed))
