"""``load_network`` and ``write_network``: the one door in, and the one door out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.npz_format import GRAPH
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.rounding import Rounding, compared_on, round_weights
from neurovariety.checkpoints.graph.three_arithmetics import Array, Numbers
from neurovariety.checkpoints.readers.agreement import AGREEMENT
from neurovariety.checkpoints.readers.npz_import import read_network, read_npz
from neurovariety.checkpoints.writers.npz_export import write_npz
from neurovariety.errors import InputError, VerificationError

if TYPE_CHECKING:
    from torch.nn import Module

_SUMS = 1e-12
"""Part of the outputs by which two orders of the same sums may differ in float64."""
_PICKLES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".npy")


Shapes = Mapping[str, Sequence[int]]
"""Shapes of the inputs of a file by name, batch axis first; "" is the name of the only one."""


def load_network(
    source: object, *, architecture: object = None, example: object = None, input_shape: Sequence[int] | Shapes | None = None
) -> Network | PartialNetwork:
    """A trained network, from a file or an object.

    ``source`` is one of

    * a path ending in ``.onnx``, in ``.pt2`` (``torch.export.save``), or in ``.npz``. Nothing in a file is executed or unpickled. An
      ONNX file of which only parts are understood becomes a `PartialNetwork`: the other operators are kept as they are.
    * a ``torch.nn.Module``: exported by ``torch.export`` in evaluation mode. ``example`` is a batch of inputs (batch, \\*input shape),
      or the shape of one input; a module that begins with a linear layer, or has an ``example_input_array``, needs none. One with
      operations that are not understood becomes a `PartialNetwork`, by way of ONNX. Or a ``torch.export.ExportedProgram``.
    * a JAX function of one sample whose weights are its leaves as a pytree: an Equinox module, a module of ``flax.nnx``, or
      ``jax.tree_util.Partial(module.apply, variables)`` for ``flax.linen``; ``example`` is one input or its shape.
    * a mapping from names to arrays (a ``state_dict``, parameters of Flax), pairs of these (``named_parameters()``), or an ``.npz``
      file of plain arrays, together with
      ``architecture``: mlp, linear or cnn in the notation of `neurovariety.parse`, or mlp(2,3,1; relu; bias) with an activation by
      name.

    ``input_shape`` fixes the open sizes of an ONNX file, batch axis first; with several inputs it is a mapping from their names.

    Raises `InputError`, in one sentence, for a file that cannot be read, an operation that is not understood (with the path of the
    module and the operator), and what is missing.
    """
    if isinstance(source, (Network, PartialNetwork)):
        return source
    shapes = _shapes(input_shape)
    if isinstance(source, (str, Path)):
        return _from_file(Path(source), architecture, shapes)
    if shapes:
        raise InputError("input_shape= fixes the open sizes of an ONNX file; a module takes example=")
    source = _named(source)
    if isinstance(source, Mapping):
        if architecture is None:
            raise InputError("arrays alone do not say how they are connected; give architecture=, for example 'mlp(2,3,1; x^2)'")
        from neurovariety.checkpoints.readers.plain_weights import from_weights

        return from_weights(source, architecture)
    torch = sys.modules.get("torch")  # whoever holds a module has imported torch
    if torch is not None and isinstance(source, torch.nn.Module):
        from neurovariety.checkpoints.readers.torch_import import read_module

        return read_module(source, example)
    if torch is not None and isinstance(source, torch.export.ExportedProgram):
        from neurovariety.checkpoints.readers.torch_import import read_exported

        return read_exported(source)
    if callable(source):
        from neurovariety.checkpoints.readers.jax_import import read_jax

        return read_jax(source, example)
    raise InputError(
        "a network is a file (.onnx, .pt2, .npz), a torch or JAX module, or a mapping of arrays with architecture=; "
        f"got {type(source).__name__}"
    )


def _named(source: object) -> object:
    """Pairs of names and arrays as a mapping; anything else as it is."""
    if not isinstance(source, (Iterator, list, tuple)):
        return source
    pairs = list(source)
    if not all(isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
        return pairs
    return dict(pairs)


def whole_network(source: object, *, architecture: object = None, example: object = None) -> Network:
    """What `load_network` gives, where all of it is understood. Raises `InputError` where parts of a file are not."""
    found = load_network(source, architecture=architecture, example=example)
    if isinstance(found, PartialNetwork):
        raise InputError(f"{found.source} is not understood as a whole: {found.why}")
    return found


def _shapes(given: Sequence[int] | Shapes | None) -> Shapes:
    if given is None:
        return {}
    shapes: Shapes = given if isinstance(given, Mapping) else {"": given}
    for shape in shapes.values():
        if isinstance(shape, str) or not all(isinstance(n, (int, np.integer)) and n >= 1 for n in shape):
            raise InputError(f"a shape of input_shape= is a sequence of whole numbers of at least 1, got {shape!r}")
    return shapes


def _from_file(path: Path, architecture: object, shapes: Shapes | None = None) -> Network | PartialNetwork:
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}; a network is read from .onnx, .pt2 or .npz")
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        from neurovariety.checkpoints.readers.onnx_import import read_onnx_file

        return read_onnx_file(path, shapes)
    if shapes:
        raise InputError(f"input_shape= fixes the open sizes of an ONNX file; {path.name} has none")
    if suffix == ".pt2":
        from neurovariety.checkpoints.readers.torch_import import read_pt2

        return read_pt2(path)
    if suffix == ".npz":
        arrays = read_npz(path)
        if GRAPH in arrays:
            return read_network(arrays, path.name)
        if architecture is None:
            raise InputError(f"{path.name} holds arrays and no graph; give architecture=, for example 'mlp(2,3,1; x^2)'")
        from neurovariety.checkpoints.readers.plain_weights import from_weights

        return from_weights(arrays, architecture, path.name)
    if suffix in _PICKLES:
        raise InputError(
            f"{path.name} may be a pickle, which can run any code when opened, and is not read; save the module with torch.export.save "
            "(.pt2) or to ONNX, or load its weights yourself with torch.load(..., weights_only=True) and give them with architecture="
        )
    raise InputError(f"{path.name} has an unknown kind; a network is read from .onnx, .pt2 or .npz")


def write_network(
    network: Network, file: str | Path, *, dtype: str | None = None, inputs: Numbers | None = None, seed: int = 0
) -> Rounding:
    """Write a network to ``.onnx``, ``.pt2`` or ``.npz``, and say what rounding its weights cost.

    ``dtype`` is float16, float32 or float64, by default the widest in which a trained weight is stored, float32 where all are exact
    fractions. The change of the function is measured on ``inputs``, or on inputs that ``seed`` draws; the file is read back for that.
    An existing file is replaced. Raises `InputError` for an unknown kind of file, and a number that the type cannot hold, and
    `VerificationError` should the file not compute what was written.
    """
    path = Path(file)
    weights, rounding = round_weights(network, dtype, inputs, seed=seed)
    try:
        if path.suffix == ".onnx":
            from neurovariety.checkpoints.writers.onnx_export import write_onnx

            write_onnx(network, weights, rounding.dtype, path)
        elif path.suffix == ".pt2":
            from neurovariety.checkpoints.writers.torch_export import write_pt2

            write_pt2(network, weights, path)
        elif path.suffix == ".npz":
            write_npz(network, weights, path)
        else:
            raise InputError(f"a network is written to .onnx, .pt2 or .npz, got {path.name!r}")
    except OSError as error:
        raise InputError(f"{path.name} cannot be written ({error.strerror or error})") from error
    return _read_again(network, weights, rounding, path, compared_on(network, inputs, seed))


def _read_again(network: Network, weights: Mapping[str, Numbers], rounding: Rounding, path: Path, x: Array) -> Rounding:
    """What the file computes, against what was to be written: a format may round constants, the slope of a leaky ReLU in ONNX."""
    with np.errstate(all="ignore"):
        meant, found = network.evaluate(x, weights), whole_network(path).evaluate(x)
        apart, size = np.abs(found - meant), np.abs(meant)
        seen = np.isfinite(apart) & np.isfinite(size)
        largest = float(size[seen].max(initial=0.0))
        if float(apart[seen].max(initial=0.0)) > AGREEMENT * largest:
            raise VerificationError(f"{path.name} does not compute what was written to it: a fault of neurovariety")
        if float(apart[seen].max(initial=0.0)) <= _SUMS * largest:
            return rounding
        change = np.abs(found - network.evaluate(x))
        return replace(rounding, function_change=float(change[np.isfinite(change)].max(initial=0.0)))


def to_torch(network: Network, *, dtype: str | None = None) -> Module:
    """The network as a ``torch.nn.Module`` in evaluation mode, whose ``state_dict`` has the keys of ``network.weights``.

    Raises `InputError` where torch is missing or ``dtype`` cannot hold a weight.
    """
    from neurovariety.checkpoints.writers.torch_export import torch_module

    return torch_module(network, round_weights(network, dtype)[0])
