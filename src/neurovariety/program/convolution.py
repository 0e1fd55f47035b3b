"""General convolution over any ring: patches by indexing, then one matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from neurovariety.rings.ring import Array, Ring


def convolve(ring: Ring, operands: list[Array], p: Mapping[str, Any], shape: tuple[int, ...]) -> Array:
    """JAX's ``conv_general_dilated``: strides, padding (also negative), both dilations, feature and batch groups."""
    numbers = p["dimension_numbers"]
    x = operands[0].transpose(numbers.lhs_spec)  # batch, feature, space...
    w = operands[1].transpose(numbers.rhs_spec)  # out feature, in feature, space...
    groups, batch_groups = p["feature_group_count"], p["batch_group_count"]
    x = padded(ring, dilated(ring, x, p["lhs_dilation"]), p["padding"])
    window = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], p["rhs_dilation"], strict=True)]
    space = [max(0, (n - k) // s + 1) for n, k, s in zip(x.shape[2:], window, p["window_strides"], strict=True)]
    patches = _windows(ring, x, window, space, w.shape[2:], p)
    d, batch, features, outs = len(space), x.shape[0], x.shape[1], w.shape[0]
    # Groups divide the features or the batch; either way the products of the groups are independent: one batched product.
    count = max(groups, batch_groups)
    split = (1, batch, groups, features // groups) if batch_groups == 1 else (count, batch // count, 1, features)
    cut = patches.reshape(*split, *patches.shape[2:])  # batch group, batch, group, feature, out space..., window space...
    cells = tuple(range(4, 4 + d))
    ordered = cut.transpose(0, 2, 1, *cells, 3, *(c + d for c in cells))
    inner = prod(w.shape[1:])
    left = ordered.reshape(count, split[1] * prod(space), inner)
    right = w.reshape(count, outs // count, inner).transpose(0, 2, 1)
    out = ring.matmul(left, right).reshape(count, split[1], *space, outs // count)
    # out: group, batch, out space..., out feature of the group -> batch, out feature, out space...
    out = np.moveaxis(out, (0, -1), (1, 2)).reshape(split[1], outs, *space)
    return out.transpose(np.argsort(numbers.out_spec)).reshape(shape)


def _windows(ring: Ring, x: Array, window: list[int], space: list[int], taps: tuple[int, ...], p: Mapping[str, Any]) -> Array:
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
