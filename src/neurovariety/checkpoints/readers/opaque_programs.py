"""Programs of torch with operations that are not understood: written as ONNX, read in parts, and held against the program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.graph.torch_tensors import array_of
from neurovariety.checkpoints.readers.agreement import AGREEMENT
from neurovariety.checkpoints.readers.quiet_torch import quiet_torch
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from torch.export import ExportedProgram

_TRIALS = 3


def read_by_onnx(program: ExportedProgram, reason: InputError) -> PartialNetwork:
    """The parts of a program that are understood, as those of an ONNX file that computes the same at random inputs.

    ``reason`` says why it was not read as a whole, and is raised where it cannot be written as ONNX or has no part that is understood.
    """
    import torch

    try:
        import onnxscript  # noqa: F401  what torch writes ONNX with

        from neurovariety.checkpoints.readers.onnx_import import read_parts
    except ImportError as error:
        raise InputError(f"{reason}; with the packages onnx, onnxscript and onnxruntime it is kept as it is") from error
    with quiet_torch():
        try:
            made = torch.onnx.export(program, dynamo=True, verbose=False)
        except Exception as error:  # torch raises classes of its own
            first = (str(error).strip().splitlines() or [""])[0][:160]
            raise InputError(f"{reason} (and torch cannot write it as ONNX: {first})") from error
    assert made is not None
    found = read_parts(made.model_proto, "torch, as ONNX", str(reason))
    if not found.regions:
        raise reason
    _hold_against(found, program)
    return found


def _hold_against(found: PartialNetwork, program: ExportedProgram) -> None:
    """Raise `InputError` unless the file computes what the program does."""
    import torch

    module, rng = program.module(), np.random.default_rng(0)
    arguments = list(torch.utils._pytree.tree_leaves(program.example_inputs or ()))
    for _ in range(_TRIALS):
        drawn = [_drawn(a, rng) for a in arguments]
        with torch.no_grad():
            meant = torch.utils._pytree.tree_leaves(module(*drawn))
        got = found.run({name: array_of(v) for name, v in zip(found.inputs, drawn, strict=True)}).values()
        pairs = list(zip((np.asarray(m.double()) for m in meant), (np.asarray(v, dtype=np.float64) for v in got), strict=True))
        if not all(_near(m, v) for m, v in pairs):
            raise InputError("the program written as ONNX does not compute what it does in torch on random inputs")


def _drawn(example: Any, rng: np.random.Generator) -> Any:
    import torch

    if not example.dtype.is_floating_point:
        return example
    return torch.as_tensor(rng.normal(size=tuple(example.shape)), dtype=example.dtype)


def _near(meant: Array, found: Array) -> bool:
    finite = np.isfinite(meant)
    if meant.shape != found.shape or (finite != np.isfinite(found)).any():
        return False
    return bool(np.all(np.abs(meant[finite] - found[finite]) <= AGREEMENT * np.abs(meant[finite]).max(initial=1e-30)))
