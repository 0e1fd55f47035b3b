"""General convolution over any ring: patches by indexing, then one matrix product."""

from __future__ import annotations

from collections.abc import Mapping
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
    index: tuple[Any, ...] = (slice(None), slice(None), *_windows(space, w.shape[2:], p))
    patches = x[index]
    # patches: batch, feature, out space..., window space...
    d = len(space)
    patches = np.moveaxis(patches, 1, 1 + d)  # batch, out space..., feature, window space...
    batch, features, cells = x.shape[0], x.shape[1], int(np.prod(space, dtype=np.int64))
    taps = int(np.prod(w.shape[2:], dtype=np.int64))
    patches = patches.reshape(batch, cells, features, taps)
    out_features = w.shape[0]
    results = []
    if batch_groups > 1:
        for g in range(batch_groups):
            part = patches[g * (batch // batch_groups) : (g + 1) * (batch // batch_groups)]
            kernel = w[g * (out_features // batch_groups) : (g + 1) * (out_features // batch_groups)]
            results.append(_product(ring, part, kernel))
    else:
        for g in range(groups):
            part = patches[:, :, g * (features // groups) : (g + 1) * (features // groups)]
            kernel = w[g * (out_features // groups) : (g + 1) * (out_features // groups)]
            results.append(_product(ring, part, kernel))
    out = np.concatenate(results, axis=2) if len(results) > 1 else results[0]  # batch, cells, out features
    out = np.moveaxis(out.reshape(out.shape[0], *space, out_features), -1, 1)
    return out.transpose(np.argsort(numbers.out_spec)).reshape(shape)


def _product(ring: Ring, patches: Array, kernel: Array) -> Array:
    batch, cells = patches.shape[:2]
    inner = int(np.prod(kernel.shape[1:], dtype=np.int64))
    left = patches.reshape(batch * cells, inner)
    right = kernel.reshape(kernel.shape[0], inner).T
    return ring.matmul(left, right).reshape(batch, cells, kernel.shape[0])


def _windows(space: list[int], taps: tuple[int, ...], p: Mapping[str, Any]) -> tuple[Array, ...]:
    """Index arrays that turn the space axes into (out space..., window space...)."""
    d = len(space)
    out = []
    for k in range(d):
        starts = np.arange(space[k]) * p["window_strides"][k]
        offsets = np.arange(taps[k]) * p["rhs_dilation"][k]
        grid = starts[:, None] + offsets[None, :]
        view = [1] * (2 * d)
        view[k], view[d + k] = grid.shape
        out.append(grid.reshape(view))
    return tuple(out)


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
