"""A runtime of ONNX: what a file computes, at which shapes of its inputs it can be run, and the values inside it.

The runtime is onnxruntime where it is installed and can run the file, else the reference evaluator of the onnx package. Open sizes are
fixed by the caller or by trial: what runs first is taken, and said.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.onnx_format import changed_since, import_onnx, names_read, opset_of
from neurovariety.checkpoints.graph.three_arithmetics import Array, unit
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""
Feeds = dict[str, Array]

MOST_BYTES = 2**31 - 2**20
"""Largest file that is handed to a runtime: a protocol buffer holds no more."""
MOST_ENTRIES = 2**27
"""Most entries of all inputs together: a file may claim any shape."""
_BATCHES = (3, 1)
"""Lengths tried for an open first axis: 3 tells it from axes of length 1, where a file computes with batches at all."""
_IMAGES = (64, 48, 32, 96, 128, 224, 256, 299, 320, 640)
_SIGNALS = (16, 64, 76, 128, 256, 288, 512, 576, 1024, 1280, 2048, 4096, 16000)
"""Lengths tried for other open axes: of images, and of anything else."""
_ROUNDINGS, _MOST_APART = 1024, 0.1
"""Units in the last place, and part of the largest output, by which rounding may change the outputs of a file."""
_NOISES = 16
"""How many times the noise of the original counts as rounding."""
SECONDS_OF_TRIALS = 30.0
"""How long shapes are tried."""


@dataclass(frozen=True)
class FileInput:
    """An input of a file: name, type (None for one that NumPy has not) and sizes, a word or None where one is open."""

    name: str
    dtype: np.dtype[Any] | None
    sizes: tuple[int | str | None, ...] | None


@dataclass(eq=False)
class Runtime:
    """A file in its runtime. ``run`` gives the outputs by name; the reference evaluator is asked where onnxruntime fails."""

    model: Message
    _installed: Any = field(default=None, init=False)
    _reference: Any = field(default=None, init=False)
    refused: str = field(default="", init=False)
    """The last thing that a runtime said."""

    def __post_init__(self) -> None:
        if self.model.ByteSize() > MOST_BYTES:
            raise InputError("the file is larger than 2 GB with its weights, more than a runtime of ONNX takes in one piece")
        if find_spec("onnxruntime") is not None:
            try:
                self._installed = new_session(self.model)
            except Exception as error:  # runtimes raise classes of their own
                self.refused = words_of(error)

    @property
    def name(self) -> str:
        """What runs the file."""
        return "onnxruntime" if self._installed is not None else "onnx.reference"

    def run(self, feeds: Feeds) -> dict[str, Any] | None:
        """The outputs by name; None where no runtime can run the file at these inputs."""
        names = [o.name for o in self.model.graph.output]
        try:
            if self._installed is not None:
                return dict(zip(names, self._installed.run(None, feeds), strict=True))
            if self._reference is None:
                self._reference = reference_evaluator(self.model)
            with np.errstate(all="ignore"):
                return dict(zip(names, self._reference.run(None, feeds), strict=True))
        except Exception as error:
            self.refused = words_of(error)
            return None


def reference_evaluator(model: Message) -> Any:
    """The evaluator of the onnx package. Raises `InputError` for a file with operators of which it knows the newest version alone."""
    from onnx.reference import ReferenceEvaluator

    if changed := changed_since(model):
        raise InputError(f"{changed} of version {opset_of(model)} means something else than the reference evaluator computes")
    return ReferenceEvaluator(model)


def words_of(error: Exception) -> str:
    """The first line of what a runtime says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def new_session(model: Message, *, in_order: bool = False) -> Any:
    """onnxruntime on one thread, every operator computed as it is written; ``in_order`` those that come first in the file first, so
    that values are forgotten soon."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if in_order:
        options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def entries(model: Message) -> tuple[FileInput, ...]:
    """The inputs of a file that are no weights."""
    onnx = import_onnx()
    stored = {t.name for t in model.graph.initializer} | {t.values.name for t in model.graph.sparse_initializer}
    out = []
    for given in model.graph.input:
        if given.name in stored:
            continue
        tensor = given.type.tensor_type
        is_tensor = given.type.HasField("tensor_type")
        try:
            kind = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type or onnx.TensorProto.FLOAT)) if is_tensor else None
        except (KeyError, TypeError):
            kind = None
        sizes = tuple(_size(d) for d in tensor.shape.dim) if is_tensor and tensor.HasField("shape") else None
        out.append(FileInput(given.name, kind, sizes))
    return tuple(out)


def _size(dimension: Message) -> int | str | None:
    return dimension.dim_value if dimension.dim_value > 0 else dimension.dim_param or None


def sampled(entry: FileInput, shape: Sequence[int], seed: int) -> Array:
    """Values of an input: normal floating-point numbers, whole numbers and truth values 0 and 1, beginning with 1."""
    rng = np.random.default_rng(seed)
    kind = entry.dtype
    assert kind is not None
    if kind.kind in "OSU":
        return np.full(shape, "a", dtype=object)
    if kind.kind in "biu":
        drawn = rng.integers(0, 2, size=shape)
        if drawn.size:
            drawn.reshape(-1)[0] = 1
        return np.asarray(drawn).astype(kind)
    return np.asarray(rng.normal(size=shape)).astype(kind)


def runnable(model: Message, given: Mapping[str, Sequence[int]] | None = None, most: int = 4) -> list[Feeds]:
    """Inputs of up to ``most`` different shapes at which the file runs, each with other values."""
    found = entries(model)
    runtime, out, seen = Runtime(model), list[Feeds](), set[str]()
    start = time.monotonic()
    for shapes, _ in shapes_to_try(found, {k: tuple(v) for k, v in (given or {}).items()}):
        if str(shapes) in seen or sum(int(np.prod(s, dtype=object)) for s in shapes.values()) > MOST_ENTRIES:
            continue
        seen.add(str(shapes))
        feeds = {e.name: sampled(e, shapes[e.name], 2 + len(out)) for e in found}
        if runtime.run(feeds) is not None:
            out.append(feeds)
        if len(out) == most or time.monotonic() - start > SECONDS_OF_TRIALS:
            break
    return out


@dataclass(frozen=True)
class Apart:
    """How far the outputs of two files are from each other: at most, as a part of the largest output, and whether that is rounding."""

    change: float
    relative: float
    same: bool


def compared(one: Message, other: Message, at: Sequence[Feeds], inner: Sequence[str] = ()) -> Apart:
    """Two files at these inputs, by their outputs and the ``inner`` values of these names.

    Whole numbers have to be equal; infinities and NaN have to stand in the same places.

    What counts as rounding is `_ROUNDINGS` units of the largest output, or as many times what a unit of the inputs changes: a sigmoid
    that is almost 0 everywhere has errors of the numbers before it, which ``inner`` values show.
    """
    left = {o for node in other.graph.node for o in node.output}  # the edited file may have lost operators that no output needs
    first, second = (Runtime(with_outputs(m, [n for n in inner if n in left])) for m in (one, other))
    found = [Apart(0.0, 0.0, bool(at))]
    for feeds in at:
        a, b = first.run(feeds), second.run(feeds)
        if a is None or b is None:
            return _NOTHING_ALIKE
        near = [first.run(nudged(feeds, seed)) for seed in (1, 2)]
        noise = {
            name: max(_distance(value, n.get(name)) for n in near if n is not None) if any(near) else 0.0 for name, value in a.items()
        }
        found += [_apart(value, b[name], noise[name], 1.0 if inner else _MOST_APART) for name, value in a.items()]
    return Apart(max(f.change for f in found), max(f.relative for f in found), all(f.same for f in found))


_NOTHING_ALIKE = Apart(float("inf"), float("inf"), False)


def nudged(feeds: Feeds, seed: int) -> Feeds:
    """The inputs, each floating-point number moved by a unit in its last place or not at all."""
    rng = np.random.default_rng(seed)
    out = {}
    for name, x in feeds.items():
        if unit(x.dtype):
            out[name] = np.asarray(x * (1 + unit(x.dtype) * rng.integers(-1, 2, size=x.shape))).astype(x.dtype)
        else:
            out[name] = x
    return out


def _distance(one: object, two: object) -> float:
    if not isinstance(one, np.ndarray) or not isinstance(two, np.ndarray) or one.shape != two.shape or not unit(one.dtype):
        return 0.0
    with np.errstate(all="ignore"):
        found = np.abs(one.astype(np.float64) - two.astype(np.float64))
    return float(found[np.isfinite(found)].max(initial=0.0))


def _apart(one: object, two: object, noise: float, most: float) -> Apart:
    if not isinstance(one, np.ndarray) or not isinstance(two, np.ndarray):  # sequences and maps are not compared
        return _NOTHING_ALIKE
    if one.shape != two.shape or one.dtype != two.dtype:
        return _NOTHING_ALIKE
    if not unit(one.dtype):
        return Apart(0.0, 0.0, bool(np.array_equal(one, two)))
    a, b = one.astype(np.float64), two.astype(np.float64)
    finite = np.isfinite(a)
    if (finite != np.isfinite(b)).any():
        return _NOTHING_ALIKE
    size = float(np.abs(a[finite]).max(initial=0.0))
    apart = float(np.abs(a - b)[finite].max(initial=0.0))
    relative = apart / size if size else (0.0 if not apart else float("inf"))
    allowed = max(min(_ROUNDINGS * unit(one.dtype), _MOST_APART) * size, min(_NOISES * noise, most * size))
    return Apart(apart, relative, apart <= allowed)


def check_given(found: Sequence[FileInput], wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `InputError` where a wanted shape is one of no input, or has another rank."""
    for name, shape in wanted.items():
        entry = next((e for e in found if e.name == name), None)
        if entry is None:
            raise InputError(f"there is no input {name!r}; the file has {', '.join(repr(e.name) for e in found)}")
        sizes = entry.sizes
        if sizes is not None and (
            len(sizes) != len(shape) or any(isinstance(n, int) and n != m for n, m in zip(sizes, shape, strict=True))
        ):
            raise InputError(f"the input {name!r} has the shape {_shown(sizes)}, which {tuple(shape)} does not fit")
        if any(n < 1 for n in shape):
            raise InputError(f"the sizes of {name!r} are whole numbers of at least 1, got {tuple(shape)}")


def _shown(sizes: Sequence[int | str | None]) -> str:
    return "(" + ", ".join("?" if n is None else str(n) for n in sizes) + ")"


def shapes_to_try(
    found: Sequence[FileInput], given: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[dict[str, tuple[int, ...]], tuple[str, ...]]]:
    """Shapes of all inputs to try in turn, and what was chosen."""
    open_ones = [e for e in found if e.name not in given and (e.sizes is None or any(not isinstance(n, int) for n in e.sizes))]
    if not open_ones:
        yield {e.name: given.get(e.name, tuple(n for n in e.sizes or () if isinstance(n, int))) for e in found}, ()
        return
    inner = [e for e in open_ones if e.sizes is None or any(not isinstance(n, int) for n in e.sizes[1:])]
    rank = max((len(e.sizes or (0,) * 4) for e in inner), default=0)
    lengths = (_IMAGES if rank >= 4 else _SIGNALS) if inner else (1,)
    words: dict[str, int] = {}
    for e in found:  # a word that a given shape has fixed holds for the others too
        for n, m in zip(e.sizes or (), given.get(e.name, ()), strict=False):
            if isinstance(n, str):
                words[n] = m
    first = {e.sizes[0] for e in found if e.sizes and isinstance(e.sizes[0], str)}
    for length in lengths:
        for batch in _BATCHES:
            for second in (False, True):

                def size(
                    n: int | str | None, k: int, rank: int, batch: int = batch, second: bool = second, length: int = length
                ) -> int:
                    if isinstance(n, int):
                        return n
                    if n in words:
                        return words[str(n)]
                    return batch if k == 0 or n in first or (second and k == 1 and rank > 2) else length

                shapes = {
                    e.name: given.get(e.name) or tuple(size(n, k, len(e.sizes or ())) for k, n in enumerate(e.sizes or ()))
                    for e in found
                }
                yield shapes, tuple(f"{e.name}: {' x '.join(map(str, shapes[e.name]))}" for e in open_ones)


def with_outputs(model: Message, names: Iterable[str]) -> Message:
    """The file with these inner values as outputs too."""
    opened = type(model)()
    opened.CopyFrom(model)
    there = {o.name for o in opened.graph.output}
    made = {o for node in model.graph.node for o in node.output if o}
    for name in names:
        if name in made and name not in there:
            opened.graph.output.add(name=name)
            there.add(name)
    return opened


def exposed(model: Message, feeds: Feeds) -> dict[str, Any] | None:
    """The values of everything that the outermost graph makes at these inputs, by name; None where no runtime says."""
    opened = with_outputs(model, (name for node in model.graph.node for name in node.output))
    found = None
    if find_spec("onnxruntime") is not None:
        try:
            names = [o.name for o in opened.graph.output]
            found = dict(zip(names, new_session(opened).run(None, feeds), strict=True))
        except Exception:
            found = None
    if found is not None:
        return found
    try:
        with np.errstate(all="ignore"):
            return dict(reference_evaluator(model).run(None, feeds, intermediate=True))
    except Exception:
        return None


def stored_value(model: Message, name: str) -> Array | None:
    """The value that operators of stored arrays make; None where no runtime says."""
    onnx = import_onnx()
    makers = {o: node for node in model.graph.node for o in node.output}
    chosen, todo = set[int](), [name]
    while todo:
        made = makers.get(todo.pop())
        if made is not None and id(made) not in chosen:
            chosen.add(id(made))
            todo += names_read(made)
    nodes = [node for node in model.graph.node if id(node) in chosen]
    read = {n for node in nodes for n in node.input}
    arrays = [t for t in model.graph.initializer if t.name in read]
    graph = onnx.helper.make_graph(nodes, "stored", [], [onnx.ValueInfoProto(name=name)], arrays)
    found = Runtime(onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version or 8)).run({})
    return None if found is None else np.asarray(found[name])
