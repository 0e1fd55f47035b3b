"""A module of torch with weights from elsewhere: a copy takes them, by the names of its ``state_dict``."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurovariety.checkpoints.graph.torch_tensors import array_of, tensor_of
from neurovariety.checkpoints.readers.plain_weights import flattened
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from torch.nn import Module


def with_state(module: Module, arrays: Mapping[str, object], source: str) -> Module:
    """A copy of the module with these weights. Raises `InputError` where names or shapes are others than the module's."""
    import torch

    other = copy.deepcopy(module)
    wanted = other.state_dict()
    try:
        found = {k: torch.as_tensor(v) if isinstance(v, torch.Tensor) else tensor_of(array_of(v)) for k, v in flattened(arrays).items()}
    except TypeError as error:
        raise InputError(f"{source} has a weight that is no array of numbers ({str(error)[:100]})") from error
    missing = sorted(k for k in wanted.keys() - found.keys() if not k.endswith("num_batches_tracked"))
    unknown = sorted(found.keys() - wanted.keys())
    if missing or unknown:
        what = f"has no {missing[0]!r}" if missing else f"has {unknown[0]!r}, which the module has not"
        raise InputError(f"{source} {what}; names are those of the module's state_dict")
    wrong = next((k for k, v in found.items() if v.shape != wanted[k].shape), None)
    if wrong is not None:
        raise InputError(f"{wrong!r} has shape {tuple(found[wrong].shape)} in {source}, and {tuple(wanted[wrong].shape)} in the module")
    kinds = {v.dtype for v in found.values() if v.is_floating_point()}
    if len(kinds) == 1:  # in the precision of the weights, whatever the module was made in
        other = other.to(kinds.pop())
    other.load_state_dict(found, strict=False)
    return other
