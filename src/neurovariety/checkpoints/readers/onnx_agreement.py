"""Does the network that was read from an ONNX file compute what a runtime of ONNX does? Two random batches, before anything is said.

The runtime is onnxruntime where it is installed, else the reference evaluator of the onnx package. Where a file asks for more than the
first can do (an old machine's operators, float16), or rounding spoils its answer, the second is asked too, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.onnx_runtime import nudged, reference_evaluator
from neurovariety.checkpoints.graph.three_arithmetics import Array, unit
from neurovariety.checkpoints.readers.agreement import AGREEMENT, agrees
from neurovariety.errors import InputError

Message: TypeAlias = Any
"""A message of ONNX; protocol buffers have no types that a checker knows."""
_BATCHES = (1, 3)
_ROUNDINGS = 64
"""Units in the last place of the file's type that outputs may differ by, where that is more than `AGREEMENT`."""
_NOISES, _MOST_APART = 4, 2.0**-6
"""So many times what a unit in the last place of the inputs changes counts as rounding, up to this part of the largest output; beyond
it only where another runtime agrees, which alone never overrules the first: both may have what an old version meant wrong."""
_NUDGES = 8


def hold_against_runtime(network: Network, model: Message, entry: str, dtype: np.dtype[Any], batch: int | None, source: str) -> None:
    """Raise `InputError` unless a runtime computes the network's values on two random batches, and none values of another shape.

    Also where no runtime can run the file; nothing is said where its values are too large for its type at all inputs.

    ``model`` holds its weights itself, ``entry`` is the name of its input and ``dtype`` the type of that, ``batch`` its length where it
    is fixed.
    """
    reference = _reference(model, entry)
    installed = _onnxruntime(model, entry)
    answered = ran = other_shape = False

    def cast(x: Array) -> Array:
        return np.abs(np.round(8 * x)).astype(dtype) if dtype.kind in "biu" else x.astype(dtype)

    def asked(run: Callable[[Array], Array], as_type: np.dtype[Any]) -> Callable[[Array], Array | None]:
        def answer(x: Array) -> Array | None:
            nonlocal answered, ran, other_shape
            try:
                with np.errstate(all="ignore"):
                    found = np.asarray(run(cast(x).astype(as_type))).astype(np.float64)
            except Exception:  # runtimes raise classes of their own for what they do not support
                return None
            answered = True
            if not np.isfinite(found).all():  # too large for the file's type: a smaller input is taken
                return None
            ran = True
            other_shape = other_shape or found.shape != computed(x).shape
            return found

        return answer

    def computed(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(network.evaluate(cast(x).astype(np.float64)))

    for length in (batch, batch) if batch else _BATCHES:
        x = np.random.default_rng(length).normal(size=(length, *network.input_shape))
        tolerance = max(AGREEMENT, _ROUNDINGS * unit(dtype))
        same = any(agrees(x, computed, asked(run, dtype), tolerance=tolerance) for run in (installed, reference) if run is not None)
        if not same and dtype.kind == "f":
            same = agrees(x, computed, asked(reference, np.dtype(np.float64)))
        if installed is not None and not other_shape:
            own = asked(installed, dtype)
            if not agrees(x, computed, own, tolerance=tolerance) and own(x) is not None:
                rounding = _own_rounding(installed, cast(x), entry)
                as_told = agrees(x, computed, own, tolerance=max(tolerance, min(rounding, _MOST_APART)), sizes=(1.0,))
                same = as_told or (same and agrees(x, computed, own, tolerance=max(tolerance, _MOST_APART, rounding), sizes=(1.0,)))
        if ran and (other_shape or not same):  # rounding explains no other shape, also where another runtime agrees
            raise InputError(
                f"{source} computes something else in a runtime of ONNX than the network that was read from it "
                "on random inputs; it may mix samples of a batch, or an operation was misread: please report it"
            )
    if not answered:
        raise InputError(f"{source} cannot be run by a runtime of ONNX that is here, so what is read from it cannot be compared")


def _own_rounding(run: Callable[[Array], Array], x: Array, entry: str) -> float:
    """By what part of the largest output a runtime's own rounding changes it: where the outputs are almost 0, sigmoids of a detector
    that sees nothing, a unit in the last place of the inputs may change their first digits."""
    try:
        with np.errstate(all="ignore"):
            first = run(x).astype(np.float64)
            near = [run(nudged({entry: x}, seed)[entry]).astype(np.float64) for seed in range(_NUDGES)]
    except Exception:  # runtimes raise classes of their own for what they do not support
        return 0.0
    if not all(np.isfinite(v).all() for v in (first, *near)):
        return 0.0
    size, apart = float(np.abs(first).max(initial=0.0)), max(float(np.abs(n - first).max(initial=0.0)) for n in near)
    return _NOISES * apart / size if size else 0.0


def _onnxruntime(model: Message, entry: str) -> Callable[[Array], Array] | None:
    if find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    def run(x: Array) -> Array:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found: Any = session.run(None, {entry: x})
        return np.asarray(found[0])

    return run


def _reference(model: Message, entry: str) -> Callable[[Array], Array]:
    def run(x: Array) -> Array:
        found: Any = reference_evaluator(model).run(None, {entry: x})
        return np.asarray(found[0])

    return run
