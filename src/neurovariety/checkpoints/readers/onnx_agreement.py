"""Does the network that was read from an ONNX file compute what a runtime of ONNX does? Compared operation by operation.

The runtime is onnxruntime where it is installed and can run the file, else the reference evaluator of the onnx package. It is asked
for all values inside the file, at small, usual and large inputs and two lengths of batches; each activation is run by itself too. A
file with numbers of 16 bits is also run as one of single precision, which holds the same numbers and rounds less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.opened_file import OpenedFile, halves, in_single, of_stored_arrays
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.agreement import AGREEMENT
from neurovariety.checkpoints.readers.bent_operators import apart_alone
from neurovariety.checkpoints.readers.region_borders import moved_values
from neurovariety.checkpoints.readers.step_agreement import Reading, held_step_by_step, simplified_apart
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""
_BATCHES = (1, 3)
_SIZES = (1.0, 1 / 16, 16.0)
"""Of the inputs; at the second batch the first alone."""
_SHORT = 2
"""Bytes of numbers of 16 bits."""
_MOST_NUMBERS = 2**23
"""Numbers inside a part up to which all samples are compared."""


def hold_against_runtime(
    network: Network, reading: Reading, model: Message, entry: str, dtype: np.dtype[Any], batch: int | None, source: str
) -> None:
    """Raise `InputError` unless a runtime computes the network's values at random inputs, operation by operation.

    Also where no runtime can run the file; nothing is said of an operation whose values are too large for its type at all inputs.

    ``reading`` is the network before it was simplified; ``model`` holds its weights itself, ``entry`` is the name of its input and
    ``dtype`` the type of that, ``batch`` its length where it is fixed.
    """
    if apart := simplified_apart(reading, network):
        raise InputError(f"{source} was simplified to another function, at {apart}: please report it")
    names = [*reading.told, *of_stored_arrays(model)]
    answered = False
    for file in (model, in_single(model)) if halves(model) else (model,):
        sessions: dict[int, OpenedFile] = {}
        told: Mapping[str, Any] | None = None
        for length, sizes in ((batch or _BATCHES[0], _SIZES), (batch or _BATCHES[1], _SIZES[:1])):
            x = np.random.default_rng(length + len(sizes)).normal(size=(length, *network.input_shape))
            many = length * reading.numbers_told > _MOST_NUMBERS
            at = length // 2 if many and length > 1 else None
            if length not in sessions:
                sessions = {length: OpenedFile(file, names) if at is None else OpenedFile(file, names, reading.samples, at)}
            opened = sessions[length]
            for size in sizes[:1] if many else sizes:
                fed = _fed(size * x, dtype, file is not model)
                found = opened.values({entry: fed})
                if found is None:
                    continue
                answered, told = True, found
                compared = held_step_by_step(reading, {entry: _sample(fed, at)}, found)
                if compared.apart:
                    raise InputError(
                        f"{source} computes something else in a runtime of ONNX than the network that was read from it "
                        f"on random inputs, first at {compared.apart}; it may mix samples of a batch, or an operation was misread: "
                        "please report it"
                    )
        if told is not None and (apart := apart_alone(reading, file, told)):
            raise InputError(
                f"{source} computes something else in a runtime of ONNX than the network that was read from it "
                f"on numbers of other sizes, at {apart}: please report it"
            )
    if not answered:
        raise InputError(f"{source} cannot be run by a runtime of ONNX that is here, so what is read from it cannot be compared")


def held_part(reading: Reading, nodes: Sequence[Node], part: Message, here: Mapping[str, Array], leaving: Mapping[str, Array]) -> bool:
    """Whether the ``nodes`` of a graph compute what a part of its file does by itself, at the values ``here`` by the names of its
    inputs, at which the values ``leaving`` come out of it, and at others like these, small and large ones, in their types.

    Of many numbers one sample is compared.
    """
    batch = len(next(iter(here.values())))
    at = batch // 2 if batch > 1 and batch * reading.numbers_told > _MOST_NUMBERS else None
    for file in (part, in_single(part)) if halves(part) else (part,):
        opened = OpenedFile(file, reading.told) if at is None else OpenedFile(file, reading.told, reading.samples, at)
        told: Mapping[str, Any] | None = None
        for size in (None, *_SIZES):
            feeds = dict(here) if size is None else _moved(here, size, file is not part)
            if size is None and file is not part:
                continue
            told = opened.values(feeds)
            given = {k: _sample(v, at) for k, v in feeds.items()}
            if size is None and (
                told is None or not all(_same(told[k], v if at is None else v[at : at + 1]) for k, v in leaving.items())
            ):
                return False
            if told is not None and held_step_by_step(reading, given, told, nodes).apart:
                return False
        if told is not None and apart_alone(reading, file, told):
            return False
    return True


def _sample(value: Array, at: int | None) -> Array:
    return value if at is None else value[at : at + 1]


def _same(one: Array, other: Array) -> bool:
    """Whether a part gives the values that it gives in its file, but for what another order of operations rounds.

    Of numbers of 16 bits only the shape: a runtime rounds them where its values are told, and keeps more digits elsewhere.
    """
    a, b = one.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(a)
    if a.shape != b.shape or one.dtype.itemsize == _SHORT:
        return a.shape == b.shape
    largest = np.abs(a[finite]).max(initial=0.0)
    return np.array_equal(finite, np.isfinite(b)) and bool(np.all(np.abs(a - b)[finite] <= AGREEMENT * largest))


def _moved(here: Mapping[str, Array], size: float, single: bool) -> dict[str, Array]:
    return {k: _fed(size * moved_values(v.astype(np.float64)), v.dtype, single) for k, v in here.items()}


def _fed(x: Array, dtype: np.dtype[Any], single: bool) -> Array:
    with np.errstate(all="ignore"):
        if dtype.kind in "biu":
            return np.asarray(np.abs(np.round(8 * x)).astype(dtype))
        rounded = np.asarray(x.astype(dtype))
        return rounded.astype(np.float32) if single and rounded.dtype.itemsize == 2 else rounded
