"""General convolution over any ring: patches by indexing, then one matrix product."""

from __future__ import annotations

from math import prod

import numpy as np

from neurovariety.program.jaxpr import Parameters
from neurovariety.rings.ring import Array, Ring

_FEW_CELLS = 8
"""Below this number of output positions one large product is faster than one for each entry of the batch."""


def convolve(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    """JAX's ``conv_general_dilated``: strides, padding (also negative), both dilations, feature and batch groups."""
    numbers = p["dimension_numbers"]
    x = operands[0].transpose(numbers.lhs_spec)  # batch, feature, space...
    w = operands[1].transpose(numbers.rhs_spec)  # out feature, in feature, space...
    groups, batch_groups = p["feature_group_count"], p["batch_group_count"]
    x = padded(ring, dilated(ring, x, p["lhs_dilation"]), p["padding"])
    window = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], p["rhs_dilation"], strict=True)]
    space = [max(0, (n - k) // s + 1) for n, k, s in zip(x.shape[2:], window, p["window_strides"], strict=True)]
    patches = _windows(ring, x, window, space, w.shape[2:], p)
    # Groups divide the features or the batch; either way the products of the groups are independent: one batched product.
    batch, outs, inner = x.shape[0], w.shape[0], prod(w.shape[1:])
    if batch_groups > 1:
        out = _by_batch_groups(ring, patches, w.reshape(batch_groups, outs // batch_groups, inner), space)
    else:
        kernel = w.reshape(groups, outs // groups, inner)
        features_first = numbers.out_spec[1] < numbers.out_spec[0] or prod(space) < _FEW_CELLS
        out = (_features_first if features_first else _batch_first)(ring, patches, kernel, space)
    assert out.shape == (batch // batch_groups, outs, *space)
    return out.transpose(np.argsort(numbers.out_spec)).reshape(shape)


def _features_first(ring: Ring, patches: Array, kernel: Array, space: list[int]) -> Array:
    """Patches (batch, feature, out space..., window space...) times kernel (group, out feature of it, inner): (batch, out feature,
    out space...), made as (out feature, batch, out space...), so that an output in that layout is not copied again."""
    groups, outs, inner = kernel.shape
    batch, d = patches.shape[0], len(space)
    cut = patches.reshape(batch, groups, patches.shape[1] // groups, *patches.shape[2:])
    ordered = cut.transpose(1, 2, *range(3 + d, 3 + 2 * d), 0, *range(3, 3 + d)).reshape(groups, inner, batch * prod(space))
    return np.moveaxis(ring.matmul(kernel, ordered).reshape(groups * outs, batch, *space), 0, 1)


def _batch_first(ring: Ring, patches: Array, kernel: Array, space: list[int]) -> Array:
    """The same, made in the layout (batch, out feature, out space...)."""
    groups, outs, inner = kernel.shape
    batch, d = patches.shape[0], len(space)
    cut = patches.reshape(batch, groups, patches.shape[1] // groups, *patches.shape[2:])
    ordered = cut.transpose(0, 1, 2, *range(3 + d, 3 + 2 * d), *range(3, 3 + d)).reshape(batch, groups, inner, prod(space))
    return ring.matmul(kernel[None], ordered).reshape(batch, groups * outs, *space)


def _by_batch_groups(ring: Ring, patches: Array, kernel: Array, space: list[int]) -> Array:
    """The same where the groups divide the batch: the out features of group g see the entries of group g."""
    groups, outs, inner = kernel.shape
    batch, d = patches.shape[0] // groups, len(space)
    cut = patches.reshape(groups, batch, *patches.shape[1:])
    ordered = cut.transpose(0, 2, *range(3 + d, 3 + 2 * d), 1, *range(3, 3 + d)).reshape(groups, inner, batch * prod(space))
    return np.moveaxis(ring.matmul(kernel, ordered).reshape(groups * outs, batch, *space), 0, 1)


def _windows(ring: Ring, x: Array, window: list[int], space: list[int], taps: tuple[int, ...], p: Parameters) -> Array:
    """A view of x (batch, feature, space...) with axes (batch, feature, out space..., window space...)."""
    if not all(space):
        return ring.zeros((*x.shape[:2], *space, *taps))
    view = np.lib.stride_tricks.sliding_window_view(x, window, axis=tuple(range(2, x.ndim)))
    steps = (*p["window_strides"], *p["rhs_dilation"])
    return view[(slice(None), slice(None), *(slice(None, None, s) for s in steps))]


def dilated(ring: Ring, x: Array, dilation: tuple[int, ...]) -> Array:
    """x (batch, feature, space...) with zeros between the entries of each space axis."""
    if all(d == 1 for d in dilation):
        return x
    space = [(n - 1) * d + 1 if n else 0 for n, d in zip(x.shape[2:], dilation, strict=True)]
    out = ring.zeros((*x.shape[:2], *space))
    out[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = x
    return out


def padded(ring: Ring, x: Array, padding: tuple[tuple[int, int], ...]) -> Array:
    """x (batch, feature, space...) with zeros around each space axis; negative padding cuts."""
    for k, (low, high) in enumerate(padding, start=2):
        keep = [slice(None)] * x.ndim
        keep[k] = slice(max(0, -low), x.shape[k] - max(0, -high))
        x = x[tuple(keep)]
        pieces = [x]
        for size, first in ((low, True), (high, False)):
            if size > 0:
                block = ring.zeros((*x.shape[:k], size, *x.shape[k + 1 :]))
                pieces = [block, *pieces] if first else [*pieces, block]
        if len(pieces) > 1:
            x = np.concatenate(pieces, axis=k)
    return x
