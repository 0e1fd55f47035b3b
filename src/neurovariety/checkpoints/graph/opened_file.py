"""The values inside a file at many inputs, from one session of its runtime; and the same file with numbers of single precision."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import import_onnx, names_read, opset_of, tensors_held, with_inner_ones
from neurovariety.checkpoints.graph.onnx_runtime import Feeds, Message, new_session, reference_evaluator, with_outputs

_SHORT = {10: 1, 16: 1}
"""The numbers of ONNX for float16 and bfloat16, and that of float32."""
_FIRST_SLICE = 10
"""The operator set from which the ends of a Slice are inputs."""
_TYPED = ("to", "dtype")
"""Attributes that hold such a number."""


class OpenedFile:
    """A file with these inner values as outputs. ``values`` are those at some inputs, None where no runtime says.

    Of the values that have samples along their first axis, ``samples``, only the one ``at`` is told.
    """

    def __init__(self, model: Message, names: Iterable[str], samples: Iterable[str] = (), at: int = 0) -> None:
        self._model, self._wanted = model, list(dict.fromkeys(names))
        self._samples, self._at = {o for node in model.graph.node for o in node.output}.intersection(samples), at
        self._sessions: list[tuple[Any, list[str], list[str]]] = []
        if find_spec("onnxruntime") is not None:
            for wanted in (self._wanted, []):  # some values cannot be outputs of a file
                try:
                    opened = with_outputs(model, [n for n in wanted if n not in self._samples])
                    told = [o.name for o in opened.graph.output if o.name not in self._samples]
                    cut = [n for n in wanted if n in self._samples]
                    asked = [*told, *_of_one_sample(opened, cut, at)]
                    self._sessions.append((new_session(opened, in_order=bool(cut)), asked, [*told, *cut]))
                    break
                except Exception:
                    continue

    def values(self, feeds: Feeds) -> dict[str, Any] | None:
        """Values by name."""
        for session, asked, told in self._sessions:
            try:
                return dict(zip(told, session.run(asked, feeds), strict=True))
            except Exception:
                continue
        try:
            with np.errstate(all="ignore"):
                found = dict(reference_evaluator(self._model).run(None, feeds, intermediate=True))
        except Exception:
            return None
        return {k: v[self._at : self._at + 1] if k in self._samples else v for k, v in found.items()}


def _of_one_sample(model: Message, names: list[str], at: int) -> list[str]:
    """Add operators that cut the sample ``at`` out of values, each after the one that makes its value; the names of their outputs."""
    onnx = import_onnx()
    ends = [f"{end} of the sample" for end in ("start", "end", "axis")]
    for end, value in zip(ends, (at, at + 1, 0), strict=True):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value], dtype=np.int64), end))
    nodes, wanted = [], set(names)
    for node in model.graph.node:
        nodes.append(node)
        for name in wanted.intersection(node.output):
            if opset_of(model) < _FIRST_SLICE:
                cut = onnx.helper.make_node("Slice", [name], [f"{name} of one sample"], starts=[at], ends=[at + 1], axes=[0])
            else:
                cut = onnx.helper.make_node("Slice", [name, *ends], [f"{name} of one sample"])
            nodes.append(cut)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    told = [f"{name} of one sample" for name in names]
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in told)
    return told


def halves(model: Message) -> bool:
    """Whether numbers of 16 bits are in a file."""
    kinds = {t.data_type for t in tensors_held(model)}
    kinds |= {v.type.tensor_type.elem_type for v in (*model.graph.input, *model.graph.output)}
    kinds |= {a.i for node in with_inner_ones(model.graph.node) for a in node.attribute if a.name in _TYPED}
    return bool(kinds & _SHORT.keys())


def in_single(model: Message) -> Message:
    """The file with every number of 16 bits as one of 32, which holds it exactly: it computes the same with less rounding."""
    onnx = import_onnx()
    wide = type(model)()
    wide.CopyFrom(model)
    for tensor in tensors_held(wide):
        if tensor.data_type in _SHORT:
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(onnx.numpy_helper.to_array(tensor)).astype(np.float32), name))
    for value in (*wide.graph.input, *wide.graph.output):
        if value.type.tensor_type.elem_type in _SHORT:  # to write a type that is not there would make it one of no numbers
            value.type.tensor_type.elem_type = _SHORT[value.type.tensor_type.elem_type]
    del wide.graph.value_info[:]
    for node in with_inner_ones(wide.graph.node):
        for a in node.attribute:
            if a.name in _TYPED:
                a.i = _SHORT.get(a.i, a.i)
    return wide


def of_stored_arrays(model: Message) -> list[str]:
    """The values that operators of stored arrays alone make."""
    known = {t.name for t in model.graph.initializer}
    out: list[str] = []
    for node in model.graph.node:
        if all(n in known for n in names_read(node)):
            known.update(node.output)
            out += [o for o in node.output if o]
    return out
