"""A changed network as a change of the ONNX file that it was read from: arrays that shrank, biases that were added, and nothing else.

Operator set, version, names, open sizes, metadata and all that was not changed stay as they are. What cannot be said as such a change
raises `NotEditable`; whether the edited file computes the same is for a runtime to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.channels_first import is_written_here
from neurovariety.checkpoints.graph.network import Network, OnnxOrigin
from neurovariety.checkpoints.graph.node import Node, whole, wholes
from neurovariety.checkpoints.graph.onnx_format import FIRST_WITHOUT_INPUTS, import_onnx, names_read
from neurovariety.checkpoints.graph.onnx_runtime import Message, stored_value
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats, to_fractions
from neurovariety.checkpoints.writers.onnx_operands import applied_to
from neurovariety.checkpoints.writers.stated_shapes import resize
from neurovariety.errors import InputError


class NotEditable(Exception):
    """Why a change cannot be made in the file."""


@dataclass(eq=False)
class OnnxEdit:
    """``model`` is the edited file, ``changes`` what was changed, in words; ``rounded`` numbers lost at most ``error`` to the type."""

    model: Message
    changes: list[str] = field(default_factory=list)
    rounded: int = 0
    error: Fraction = Fraction(0)


def edited(networks: Iterable[Network]) -> OnnxEdit:
    """The file of these networks, which were read from one file and changed since. Raises `NotEditable`."""
    edit: OnnxEdit | None = None
    read: set[str] = set()
    for network in networks:
        origin = network.origin
        if origin is None:
            raise NotEditable("it was not read from an ONNX file")
        if edit is None:
            copy = type(origin.model)()
            copy.CopyFrom(origin.model)
            edit, read = OnnxEdit(copy), {n for node in copy.graph.node for n in names_read(node)}
        _Change(edit, origin, network).make()
    if edit is None:
        raise NotEditable("nothing in the file was read")
    if edit.changes:
        _without_dead(edit, read)
    return edit


def _without_dead(edit: OnnxEdit, read: set[str]) -> None:
    """Remove operators that no output needs: they were not read, and one that reads what has changed would not run. Stored arrays of
    which ``read`` says that they were read, and which no operator reads any more, go with them."""
    graph = edit.model.graph
    needed = {o.name for o in graph.output}
    for k in range(len(graph.node) - 1, -1, -1):
        node = graph.node[k]
        if needed & set(node.output):
            needed.update(names_read(node))
        elif any(node.output):
            edit.changes.append(f"{_named(node)}: removed, no output needs it")
            del graph.node[k]
    unread = {t.name for t in graph.initializer if t.name in read and t.name not in needed}
    for listed in (graph.initializer, graph.input):
        for k in range(len(listed) - 1, -1, -1):
            if listed[k].name in unread:
                del listed[k]
    edit.changes += [f"{name}: removed, no operator reads it" for name in sorted(unread)]


class _Change:
    """The change of one network of a file."""

    def __init__(self, edit: OnnxEdit, origin: OnnxOrigin, network: Network) -> None:
        self.edit, self.origin, self.network = edit, origin, network
        self.helper = import_onnx().numpy_helper
        self.graph = edit.model.graph
        self.makers = {name: node for node in self.graph.node for name in node.output}
        self.arrays = {t.name: t for t in self.graph.initializer}
        self.values: dict[str, Array] = {}
        """Arrays that the file computes from stored ones, by name."""

    def make(self) -> None:
        before = {n.name: n for n in self.origin.read.nodes}
        names = [n.name for n in self.network.nodes]
        if [name for name in before if name in set(names)] != names:
            raise NotEditable("its operators are others than those of the file")
        for node in self.network.nodes:
            self._node(before[node.name], node)
        for key, values in self.network.weights.items():
            old = self.origin.read.weights.get(key)
            if old is not None and old is not values and not is_written_here(key) and not _equal(old, values):
                self._array(key, old, self.origin.as_stored(self.network, key, key))
        self._idle_reshapes()

    def _idle_reshapes(self) -> None:
        """Reshapes to the shape that a value has anyway are no nodes of the network; those of values that shrank follow."""
        old, new = self.origin.read.shapes(), self.network.shapes()
        for made in list(self.graph.node):
            x = made.input[0] if made.input else ""
            if made.op_type == "Reshape" and made.output[0] not in old and x in new and old.get(x, new[x]) != new[x]:
                self._reshape(made, old[x], old[x], new[x])

    def _node(self, old: Node, new: Node) -> None:
        added, gone = set(new.weights) - set(old.weights), set(old.weights) - set(new.weights)
        if (added | gone) - {"bias"} or old.kind != new.kind:
            raise NotEditable(f"{new.place} was changed into something else")
        if old.inputs != new.inputs:
            self._joined(old, new)
        if added:
            self._bias(new)
        for role in set(old.weights) & set(new.weights):
            if old.weights[role] != new.weights[role]:  # the same array by another name
                key, other = old.weights[role], new.weights[role]
                self._array(key, self.origin.read.weights[key], self.origin.as_stored(self.network, other, key))
        if gone:  # what it added is added by another layer
            key = old.weights["bias"]
            self._array(key, self.origin.read.weights[key], np.zeros(len(self.network.weights[new.weights["weight"]])))
        if old.attributes == new.attributes:
            return
        changed = {k for k in {*old.attributes, *new.attributes} if old.attributes.get(k) != new.attributes.get(k)}
        made = self.makers.get(new.name)
        if new.kind == "conv" and changed == {"groups"} and made is not None:
            attribute = next(a for a in made.attribute if a.name == "group")
            self.edit.changes.append(f"{_named(made)}: group {attribute.i} -> {whole(new.attributes, 'groups')}")
            attribute.i = whole(new.attributes, "groups")
        elif new.kind == "reshape" and made is not None:
            self._reshape(
                made, self.origin.read.shapes()[old.inputs[0]], wholes(old.attributes, "shape"), wholes(new.attributes, "shape")
            )
        elif new.kind == "slice":
            self._slice(self.makers.get(new.name) or self.makers.get(new.name.rpartition(" ")[0]), new)
        else:
            raise NotEditable(f"{new.place} has other attributes ({', '.join(sorted(changed))})")

    def _joined(self, old: Node, new: Node) -> None:
        """A matrix that took the place of several reads what the first of them did; they go with all that only it needed."""
        before, kept, below = {n.name: n for n in self.origin.read.nodes}, {n.name for n in self.network.nodes}, old
        while below.inputs != new.inputs and len(below.inputs) == 1 and below.inputs[0] not in kept:
            below = before[below.inputs[0]]
        pair = [applied_to(self.makers, self._constant, n.name) for n in (below, old)]
        if {old.kind, below.kind} != {"linear"} or below.inputs != new.inputs or pair[0] is None or pair[1] is None:
            raise NotEditable(f"{new.place} reads another value than in the file")
        (first, k), (second, m) = pair[0], pair[1]
        self.edit.changes.append(f"{_named(second)}: reads {first.input[k]} instead of {second.input[m]}")
        second.input[m] = first.input[k]

    def _reshape(self, made: Message, before: Sequence[int], old: tuple[int, ...], new: tuple[int, ...]) -> None:
        if made.op_type in ("Flatten", "Squeeze", "Unsqueeze"):
            return
        target = self._stored(made.input[1]) if made.op_type == "Reshape" and len(made.input) > 1 else None
        if target is None and made.op_type == "Reshape" and len(made.input) > 1:
            self._computed(made, before, old, new)
            return
        if target is None or len(target) != len(old) + 1 or len(old) != len(new):
            raise NotEditable(f"{_named(made)} has sizes that are computed")
        wanted = target.copy()
        for k, (n, m) in enumerate(zip(old, new, strict=True)):
            if n != m and wanted[k + 1] == n:
                wanted[k + 1] = m
        if np.array_equal(wanted, target):
            return
        name = self._fresh(f"{made.input[1]}_pruned")
        self._initializer(name, wanted)
        made.input[1] = name
        self.edit.changes.append(f"{_named(made)}: sizes {target.tolist()} -> {wanted.tolist()}")

    def _computed(self, made: Message, before: Sequence[int], old: tuple[int, ...], new: tuple[int, ...]) -> None:
        """Sizes that the file computes from those of its values: the first ones that stay are copied, which keeps open ones open."""
        kept = 0
        while kept < min(len(old), len(new), len(before)) and old[kept] == new[kept] == before[kept]:
            kept += 1
        wanted = np.asarray([0] * (kept + 1) + list(new[kept:]), dtype=np.int64)
        for a in made.attribute:
            if a.name == "allowzero":
                a.i = 0
        made.input[1] = self._initializer(self._fresh(f"{made.output[0]}_pruned_shape"), wanted)
        self.edit.changes.append(f"{_named(made)}: computed sizes -> {wanted.tolist()} (0: as it was)")

    def _slice(self, made: Message | None, new: Node) -> None:
        """The ends of what is cut out of channels."""
        start, stop = whole(new.attributes, "start"), whole(new.attributes, "stop")
        if made is not None and made.op_type == "Split":
            self._split(made, new.name, stop - start)
            return
        if made is None or made.op_type != "Slice" or len(made.input) < 3 or new.name not in self.makers:
            raise NotEditable(f"{new.place} is cut in a way that cannot be changed in the file")
        for k, value in ((1, start), (2, stop)):
            made.input[k] = self._initializer(self._fresh(f"{made.input[k]}_pruned"), np.asarray([value], dtype=np.int64))
        self.edit.changes.append(f"{_named(made)}: from {start} to {stop}")

    def _split(self, made: Message, name: str, size: int) -> None:
        attribute = next((a for a in made.attribute if a.name == "split"), None)
        given = self._stored(made.input[1]) if len(made.input) > 1 and made.input[1] else None
        if attribute is None and given is None:
            return  # equal parts, which they stay
        sizes = list(attribute.ints) if attribute is not None else [] if given is None else given.tolist()
        last = name.rpartition(" ")[2]
        at = int(last) if last.isdigit() and name not in self.makers else list(made.output).index(name)
        if sizes[at] == size:
            return
        sizes[at] = size
        if attribute is not None:
            del attribute.ints[:]
            attribute.ints.extend(sizes)
        else:
            made.input[1] = self._initializer(self._fresh(f"{made.input[1]}_pruned"), np.asarray(sizes, dtype=np.int64))
        self.edit.changes.append(f"{_named(made)}: part {at} of {size}")

    def _bias(self, node: Node) -> None:
        key = node.weights["bias"]
        made = self.makers.get(node.name)
        if made is None or made.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            raise NotEditable(f"{node.place} cannot be given a bias in the file")
        values = to_floats(self.network.weights[key])
        name = self._fresh(key)
        kind = self._type(node.weights["weight"])
        self._initializer(name, self._rounded(self.network.weights[key], values, kind))
        if made.op_type == "MatMul":
            inner = self._fresh(f"{made.output[0]}_without_bias")
            outer = made.output[0]
            made.output[0] = inner
            place = [n.output[0] if n.output else "" for n in self.graph.node].index(inner)
            add = import_onnx().helper.make_node("Add", [inner, name], [outer], name=self._fresh(f"{made.name or outer}_bias"))
            self.graph.node.insert(place + 1, add)
            self.makers[outer] = add
        elif len(made.input) == 2:
            made.input.append(name)
        else:
            made.input[2] = name
        self.edit.changes.append(f"{_named(made)}: a bias of {len(values)} numbers added")

    def _array(self, key: str, old: Array, values: Array) -> None:
        name, stored = self._used(key)
        wanted = np.asarray(values)
        if name != key or key not in self.arrays:
            before = np.asarray(self.origin.as_stored(self.origin.read, key, key))
            wanted = wanted.T if self._is_turned(key, before, stored) else wanted
        if stored.ndim != wanted.ndim:  # a bias that the file keeps with axes of length 1
            long = [k for k, n in enumerate(stored.shape) if n != 1]
            if len(long) > 1 or wanted.ndim != 1 or stored.size != np.size(old):
                raise NotEditable(f"the array {key!r} is read in another shape than the file has")
            axis = long[0] if long else stored.ndim - 1
            wanted = wanted.reshape([-1 if k == axis else 1 for k in range(stored.ndim)])
        rounded = self._rounded(wanted, to_floats(wanted), stored.dtype)
        if self._stored(name) is None:
            self._store_instead(name, rounded)
        else:
            self._replace(name, rounded)
        if stored.shape != rounded.shape:
            self.edit.changes.append(f"{key}: {_sizes(stored.shape)} -> {_sizes(rounded.shape)}")
        else:
            count = int((stored.astype(np.float64) != rounded.astype(np.float64)).sum())
            self.edit.changes.append(f"{key}: {count:,} of {stored.size:,} numbers changed")

    def _rounded(self, exact: Array, floats: Array, kind: np.dtype[Any]) -> Array:
        with np.errstate(over="ignore"):
            out = floats.astype(kind)
        if not np.all(np.isfinite(out.astype(np.float64))):
            raise InputError(f"a changed weight is a number that {kind} cannot hold; prune with another --dtype")
        if exact.dtype == object:
            pairs = zip(exact.reshape(-1).tolist(), to_fractions(out).reshape(-1).tolist(), strict=True)
            errors = [abs(Fraction(a) - b) for a, b in pairs if a != b]
        else:
            apart = np.abs(floats - out.astype(np.float64))
            errors = [Fraction(v) for v in apart[apart != 0].tolist()]
        self.edit.rounded += len(errors)
        self.edit.error = max([self.edit.error, *errors])
        return np.asarray(out)

    def _used(self, key: str) -> tuple[str, Array]:
        """The name under which an operator of values reads an array, with what it is there: stored, or computed from stored arrays."""
        name = key
        while len(readers := [n for n in self.graph.node if name in names_read(n)]) == 1:
            node = readers[0]
            if len(node.output) != 1 or not all(self._constant(n) for n in node.input if n):
                break
            name = node.output[0]
        if len(readers) != 1 or not self._constant(name):
            raise NotEditable(f"the array {key!r} is computed in the file, or read in several places")
        found = self._stored(name)
        if found is None:
            if name not in self.values:
                value = stored_value(self.edit.model, name)
                if value is None:
                    raise NotEditable(f"the array {name!r} is computed in the file, and no runtime says what it is")
                self.values[name] = value
            found = self.values[name]
        return name, found

    def _constant(self, name: str) -> bool:
        """Whether a name stands for stored arrays and what is computed of them alone."""
        todo, seen = [name], set[str]()
        while todo:
            at = todo.pop()
            if at in self.arrays or at in seen:
                continue
            seen.add(at)
            made = self.makers.get(at)
            if made is None or (not made.input and made.op_type != "Constant"):  # an input, or a random number
                return False
            todo += names_read(made)
        return True

    def _is_turned(self, key: str, old: Array, found: Array) -> bool:
        """Whether what the file computes is the transpose of what was read. Raises `NotEditable` where it is neither."""
        before, there = to_floats(old), found.astype(np.float64)
        for turned, form in ((False, before), (True, before.T)):
            if np.array_equal(form, there):
                return turned
        if before.ndim == 1 and _without_ones(before) == _without_ones(there) and np.array_equal(before, there.reshape(-1)):
            return False
        raise NotEditable(f"the array {key!r} is computed in the file in a form that was not read")

    def _store_instead(self, name: str, values: Array) -> None:
        """A stored array in place of one that the file computes."""
        fresh = self._fresh(f"{name}_stored")
        self._initializer(fresh, values)
        (reader,) = (n for n in self.graph.node if name in n.input)
        for k, given in enumerate(reader.input):
            if given == name:
                reader.input[k] = fresh
        self.edit.changes.append(f"{_named(reader)}: reads the stored array {fresh} instead of {name}, which is computed")

    def _type(self, key: str) -> np.dtype[Any]:
        return self._used(key)[1].dtype

    def _stored(self, name: str) -> Array | None:
        if name in self.arrays:
            return np.asarray(self.helper.to_array(self.arrays[name]))
        made = self.makers.get(name)
        if made is None or made.op_type != "Constant":
            return None
        value = next((a for a in made.attribute if a.name == "value"), None)
        return None if value is None else np.asarray(self.helper.to_array(value.t))

    def _replace(self, name: str, values: Array) -> None:
        tensor = self.helper.from_array(np.ascontiguousarray(values), name)
        if name in self.arrays:
            self.arrays[name].CopyFrom(tensor)
            for given in self.graph.input:
                if given.name == name:
                    resize(given, values.shape)
        else:
            attribute = next(a for a in self.makers[name].attribute if a.name == "value")
            label = attribute.t.name
            attribute.t.CopyFrom(tensor)
            attribute.t.name = label

    def _initializer(self, name: str, values: Array) -> str:
        onnx = import_onnx()
        self.graph.initializer.append(self.helper.from_array(np.ascontiguousarray(values), name))
        self.arrays[name] = self.graph.initializer[-1]
        if self.edit.model.ir_version < FIRST_WITHOUT_INPUTS:
            kind = onnx.helper.np_dtype_to_tensor_dtype(values.dtype)
            self.graph.input.append(onnx.helper.make_tensor_value_info(name, kind, values.shape))
        return name

    def _fresh(self, name: str) -> str:
        taken = {*self.arrays, *self.makers, *(i.name for i in self.graph.input), *(n.name for n in self.graph.node)}
        unique, k = name, 1
        while unique in taken:
            unique, k = f"{name}_{k}", k + 1
        return unique


def _named(node: Message) -> str:
    return f"{node.name or node.output[0]} ({node.op_type})"


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _without_ones(values: Array) -> list[int]:
    return [n for n in values.shape if n != 1]


def _equal(one: Array, two: Array) -> bool:
    return np.shape(one) == np.shape(two) and bool(np.all(np.asarray(one) == np.asarray(two)))
