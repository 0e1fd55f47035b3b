"""Arrays of NumPy and tensors of torch, each as the other, in their own type: bfloat16, which NumPy lacks, among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array, floating

if TYPE_CHECKING:
    from torch import Tensor


def tensor_of(values: Array) -> Tensor:
    """The array as a tensor of its type."""
    import torch

    if str(values.dtype) == "bfloat16":
        return torch.as_tensor(np.array(values, order="C").view(np.int16)).view(torch.bfloat16)
    return torch.as_tensor(np.array(values))


def array_of(values: object) -> Array:
    """The values as an array; those of a tensor as they are stored, without its gradient."""
    detach = getattr(values, "detach", None)
    if not callable(detach):
        return np.asarray(values)
    found = detach().cpu()
    if str(found.dtype) != "torch.bfloat16":
        return np.asarray(found)
    import torch

    return np.asarray(found.contiguous().view(torch.int16)).view(floating("bfloat16"))
