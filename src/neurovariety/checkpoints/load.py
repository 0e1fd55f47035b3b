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
from neurovariety.checkpoints.readers.json_import import read_json
from neurovariety.checkpoints.readers.npz_import import read_network, read_npz
from neurovariety.checkpoints.readers.other_formats import READ, not_read, stand_in
from neurovariety.checkpoints.readers.safetensors_import import read_safetensors
from neurovariety.checkpoints.writers.npz_export import write_npz
from neurovariety.errors import InputError, VerificationError

if TYPE_CHECKING:
    from torch.nn import Module

_SUMS = 1e-12
"""Part of the outputs by which two orders of the same sums may differ in float64."""

_LONGEST = 480
"""Characters of what is said of a file."""
_READERS = (".onnx", ".pt2", ".npz", ".safetensors", ".json")

Shapes = Mapping[str, Sequence[int]]
"""Shapes of the inputs of a file by name, batch axis first; "" is the name of the only one."""


def load_network(
    source: object, *, architecture: object = None, example: object = None, input_shape: Sequence[int] | Shapes | None = None
) -> Network | PartialNetwork:
    """A trained network, from a file or an object.

    ``source`` is one of

    * a path ending in ``.onnx``, in ``.pt2`` (``torch.export.save``), in ``.npz``, in ``.safetensors``, or in ``.json`` (text with
      ``architecture`` and ``weights``, whose numbers may be ``"1/3"``). Nothing in a file is executed or unpickled. An ONNX file of
      which only parts are understood becomes a `PartialNetwork`: the other operators are kept.
    * a ``torch.nn.Module``: exported by ``torch.export`` in evaluation mode. ``example`` is a batch of inputs (batch, \\*input shape),
      or the shape of one input; a module that begins with a linear layer, or has an ``example_input_array``, needs none. One with
      operations that are not understood becomes a `PartialNetwork`, by way of ONNX. Or a ``torch.export.ExportedProgram``.
    * a JAX function of one sample whose weights are its leaves as a pytree: an Equinox module, a module of ``flax.nnx``, or
      ``jax.tree_util.Partial(module.apply, variables)`` for ``flax.linen``; ``example`` is one input or its shape.
    * a mapping from names to arrays (a ``state_dict``, parameters of Flax), pairs of these (``named_parameters()``), or a file of
      plain arrays (``.npz``, ``.safetensors``), together with ``architecture``: mlp, linear or cnn in the notation of
      `neurovariety.parse`, or mlp(2,3,1; relu; bias) with an activation by name (and, with ``layernorm``, normalization before it), or
      a ``torch.nn.Module`` that has weights of these names; a copy of it takes the arrays.

    ``input_shape`` fixes the open sizes of an ONNX file, batch axis first; with several inputs it is a mapping from their names.

    Raises `InputError`, in one sentence, for a file that cannot be read, an operation that is not understood (with the path of the
    module and the operator), and what is missing.
    """
    if isinstance(source, (Network, PartialNetwork)):
        return source
    shapes = _shapes(input_shape)
    if isinstance(source, (str, Path)):
        return _read(Path(source), architecture, shapes, example)
    if shapes:
        raise InputError("input_shape= fixes the open sizes of an ONNX file; a module takes example=")
    source = _named(source)
    if isinstance(source, Mapping):
        if architecture is None:
            raise InputError("arrays alone do not say how they are connected; give architecture=, for example 'mlp(2,3,1; x^2)'")
        return _from_arrays(source, architecture, example)
    torch = sys.modules.get("torch")  # whoever holds a module has imported torch
    if torch is not None and isinstance(source, (torch.nn.Module, torch.export.ExportedProgram)):
        from neurovariety.checkpoints.readers.torch_import import read_exported, read_module

        return read_module(source, example) if isinstance(source, torch.nn.Module) else read_exported(source)
    if callable(source):
        from neurovariety.checkpoints.readers.jax_import import read_jax

        return read_jax(source, example)
    raise InputError(
        f"a network is a file ({READ}), a torch or JAX module, or a mapping of arrays with architecture=; got {type(source).__name__}"
    )


def _named(source: object) -> object:
    """Pairs of names and arrays as a mapping; anything else as it is."""
    if not isinstance(source, (Iterator, list, tuple)):
        return source
    pairs = list(source)
    if not all(isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
        return pairs
    return dict(pairs)


def _from_arrays(
    arrays: Mapping[str, object], architecture: object, example: object, source: str = "weights"
) -> Network | PartialNetwork:
    """The network of an architecture, or of a module, with these weights."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(architecture, torch.nn.Module):
        from neurovariety.checkpoints.readers.module_state import with_state
        from neurovariety.checkpoints.readers.torch_import import read_module

        return replace(read_module(with_state(architecture, arrays, source), example), source=source)
    from neurovariety.checkpoints.readers.plain_weights import from_weights

    return from_weights(arrays, architecture, source)


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


def _read(path: Path, architecture: object, shapes: Shapes, example: object = None) -> Network | PartialNetwork:
    """`_from_file`, with what is said of a file in one line without control characters: names in it may be anything."""
    try:
        return _from_file(path, architecture, shapes, example)
    except InputError as error:
        said = "".join(c if c.isprintable() else " " for c in str(error))
        raise InputError(said if len(said) <= _LONGEST else f"{said[: _LONGEST // 2]} ... {said[-_LONGEST // 2 :]}") from error
    except (MemoryError, RecursionError) as error:
        raise InputError(f"{path.name} asks for more memory than there is, or has more layers within layers than are read") from error


def _from_file(path: Path, architecture: object, shapes: Shapes | None = None, example: object = None) -> Network | PartialNetwork:
    if not path.exists():
        raise InputError(f"there is no file {str(path)!r}; a network is read from {READ}")
    suffix = path.suffix.lower()
    if suffix not in _READERS or not path.is_file():
        raise InputError(f"{path.name or path} {not_read(path)}")
    if stand_in(path):
        raise InputError(f"{path.name} is a stand-in of Git LFS, not the file itself; fetch it with git lfs pull")
    if suffix == ".onnx":
        from neurovariety.checkpoints.readers.onnx_import import read_onnx_file

        return read_onnx_file(path, shapes)
    if shapes:
        raise InputError(f"input_shape= fixes the open sizes of an ONNX file; {path.name} has none")
    if suffix == ".pt2":
        from neurovariety.checkpoints.readers.torch_import import read_pt2

        return read_pt2(path)
    if suffix == ".json":
        written, known = read_json(path, architecture)
        return _from_arrays(written, known, example, path.name)
    arrays = read_npz(path) if suffix == ".npz" else read_safetensors(path)
    if GRAPH in arrays:
        return read_network(arrays, path.name)
    if architecture is None:
        raise InputError(
            f"{path.name} holds arrays and no graph; give architecture=, for example 'mlp(2,3,1; x^2)', or in Python the torch module"
        )
    return _from_arrays(arrays, architecture, example, path.name)


def write_network(
    network: Network, file: str | Path, *, dtype: str | None = None, inputs: Numbers | None = None, seed: int = 0
) -> Rounding:
    """Write a network to ``.onnx``, ``.pt2`` or ``.npz``, and say what rounding its weights cost.

    ``dtype`` is bfloat16, float16, float32 or float64, by default the widest in which a trained weight is stored, float32 where all
    are exact fractions. The change of the function is measured on ``inputs``, or on inputs that ``seed`` draws; the file is read back
    for that.
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

    Where these are keys of layers (``fc1.weight``, ``fc1.bias``) it is made of ``nn.Linear``, ``nn.Conv2d`` and the like, in the types
    of the weights, and is a ``Sequential`` where they follow one another. Raises `InputError` where torch is missing or ``dtype``
    cannot hold a weight.
    """
    from neurovariety.checkpoints.writers.torch_export import torch_module

    return torch_module(network, round_weights(network, dtype)[0])
