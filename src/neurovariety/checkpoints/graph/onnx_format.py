"""What the reader and the writer of ONNX agree on: the package and the keys of our own metadata."""

from __future__ import annotations

from types import ModuleType

from neurovariety.errors import InputError

FIXED = "neurovariety.fixed"
"""The key of the model's metadata under which it is noted which weights were not trained."""

PATH = "neurovariety.path"
"""The key under which the path of the module is noted that a node came from."""


def import_onnx() -> ModuleType:
    """The package, or an `InputError` that says how to get it."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise InputError('reading and writing ONNX needs the package onnx: pip install "neurovariety[checkpoints]"') from error
    found: ModuleType = onnx
    return found
