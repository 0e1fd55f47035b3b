"""From a `Network` to a ``torch.nn.Module``, and from there to a ``.pt2`` file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.graph.torch_tensors import tensor_of
from neurovariety.checkpoints.writers.torch_functions import Torch
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from torch.nn import Module


def import_torch() -> Torch:
    """The package, or an `InputError` that says how to get it."""
    try:
        import torch
    except ImportError as error:
        raise InputError('a torch module needs the package torch: pip install "neurovariety[checkpoints]"') from error
    found: Torch = torch
    return found


def torch_module(network: Network, weights: Mapping[str, Array]) -> Module:
    """A ``torch.nn.Module`` that computes the network: of torch's own layers where the weights are called as theirs are, and a
    ``Sequential`` where such layers follow one another.

    Its ``state_dict`` has the keys and shapes of the network's weights, so that a module written by hand can load it (where a module
    has no place for one, with underscores for dots, and at the end; batch norms have ``num_batches_tracked`` as well); fixed weights
    are buffers. It is in evaluation mode: batch norm uses the stored mean and variance.
    """
    import_torch()
    from neurovariety.checkpoints.writers.torch_network import torch_network

    return torch_network(network, weights).eval()


def write_pt2(network: Network, weights: Mapping[str, Array], file: Path) -> None:
    """Export the module with an open batch axis and save it."""
    torch = import_torch()
    dtype = next(
        (t.dtype for t in (tensor_of(w) for k, w in weights.items() if k in network.trained) if t.is_floating_point()), torch.float32
    )
    x = torch.zeros((2, *network.input_shape), dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            torch_module(network, weights), (x,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
        )
        torch.export.save(program, str(file))
