"""Windows that slide over the last axes of a sample: convolutions, averages and maxima; and zeros around a value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import islice, product
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.node import Node, pairs, whole, wholes
from neurovariety.checkpoints.graph.nonlinearity import Relation
from neurovariety.checkpoints.graph.operation import Call, Channelwise, Operation, Shape, first_axis, grown, unchanged
from neurovariety.checkpoints.graph.three_arithmetics import Array, Values
from neurovariety.errors import InputError


def turned_filters(weight: Array, groups: int) -> Array:
    """The filters (in, out in a group, \\*window) of a transposed convolution as those of the convolution that it is, and back."""
    count, inside, *window = weight.shape
    apart = weight.reshape(groups, count // groups, inside, *window).swapaxes(1, 2)
    joined = apart.reshape(groups * inside, count // groups, *window)
    return np.ascontiguousarray(joined[(slice(None), slice(None), *(slice(None, None, -1) for _ in window))])


def convolved(c: Call) -> Values:
    """Sum over the places of the window of (channels out) x (channels in) products with a strided cut of the padded input."""
    weight, a = c.weight("weight"), c.attributes
    groups, window = whole(a, "groups"), weight.shape[2:]
    x = _padded(c, Fraction(0))
    size = _windows(c, x.shape[2:], window)
    batch, channels = x.shape[0], weight.shape[1]
    if c.arithmetic.exact:  # one product of integers over a common denominator, instead of sums of fractions
        cuts = [x[(slice(None), slice(None), *_cut(c.node, offset, size))] for offset in product(*map(range, window))]
        places = np.stack(cuts, axis=2).reshape((batch, groups, channels * prod(window), prod(size)))
        rows = weight.reshape((groups, weight.shape[0] // groups, channels * prod(window)))
        out = c.arithmetic.matmul(rows, places).reshape((batch, weight.shape[0], *size))
        return out + c.weight("bias").reshape((-1, *(1 for _ in size))) if c.has("bias") else out
    total: Values = None
    offsets = product(*map(range, window))
    for offset in islice(offsets, 1) if c.arithmetic.empty else offsets:  # each place of the window gives the same shape
        cut = x[(slice(None), slice(None), *_cut(c.node, offset, size))]
        pixels = cut.reshape((batch, groups, channels, prod(size)))
        filters = weight[(slice(None), slice(None), *offset)].reshape((groups, weight.shape[0] // groups, channels))
        term = c.arithmetic.matmul(filters, pixels)
        total = term if total is None else total + term
    out = total.reshape((batch, weight.shape[0], *size))
    return out + c.weight("bias").reshape((-1, *(1 for _ in size))) if c.has("bias") else out


def _average(c: Call) -> Values:
    total, *others = _cuts(c, _padded(c, Fraction(0)))
    for cut in others:
        total = total + cut
    return total * c.arithmetic.scalar(Fraction(1, prod(wholes(c.attributes, "window"))))


def _largest(c: Call) -> Values:
    if c.x.shape[2:] == wholes(c.attributes, "window") and not pads(c.node) and set(wholes(c.attributes, "dilation")) == {1}:
        return c.x.max(axis=tuple(range(2, c.x.ndim)), keepdims=True)
    largest, *others = _cuts(c, _padded(c, -np.inf))
    for cut in others:
        largest = np.maximum(largest, cut)
    return largest


def _cuts(c: Call, x: Values) -> list[Values]:
    """The values at each place of the window, wherever it slides."""
    window = wholes(c.attributes, "window")
    size = _windows(c, x.shape[2:], window)
    return [x[(slice(None), slice(None), *_cut(c.node, offset, size))] for offset in product(*map(range, window))]


def _padded(c: Call, fill: Fraction | float) -> Values:
    padding = pairs(c.attributes, "padding")
    if not any(side for sides in padding for side in sides):
        return c.x
    if c.arithmetic.exact or c.xp is np:
        value = c.arithmetic.scalar(fill) if isinstance(fill, Fraction) else fill
        return np.pad(c.x, [(0, 0), (0, 0), *padding], constant_values=value)
    return c.xp.pad(c.x, [(0, 0), (0, 0), *padding])


def _windows(c: Call, size: Sequence[int], window: Sequence[int]) -> Shape:
    stride, dilation = wholes(c.attributes, "stride"), wholes(c.attributes, "dilation")
    if min(*stride, *dilation) < 1 or len(stride) != len(size) or len(window) != len(size):
        raise InputError(f"{c.node.place} has stride {stride} and dilation {dilation}; each is at least 1, one a direction")
    found = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, window, stride, dilation, strict=True))
    if min(found) < 1:
        raise InputError(f"{c.node.place} slides a window of {tuple(window)} over an input of {tuple(size)}, which is smaller")
    return found


def _cut(node: Node, offset: Sequence[int], size: Sequence[int]) -> list[slice]:
    stride, dilation = wholes(node.attributes, "stride"), wholes(node.attributes, "dilation")
    return [slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in zip(offset, size, stride, dilation, strict=True)]


def pads(node: Node) -> bool:
    """Whether zeros stand beside the values over which the window slides."""
    return any(side for sides in pairs(node.attributes, "padding") for side in sides)


def _average_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    return None if relation[1] and pads(node) else relation  # zeros of the padding are averaged in


def _largest_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    return None if relation[0] < 0 else relation


def _repeated(c: Call) -> Values:
    x = c.x
    for axis, factor in enumerate(wholes(c.attributes, "factors"), start=2):
        x = c.xp.repeat(x, factor, axis=axis)
    return x


def _spread(c: Call) -> Values:
    factors, (batch, channels, *size) = wholes(c.attributes, "factors"), c.x.shape
    apart = c.x.reshape((batch, channels, *(k for n in size for k in (n, 1))))
    sides = [(0, 0), (0, 0), *(side for f in factors for side in ((0, 0), (0, f - 1)))]
    zero = c.arithmetic.scalar(Fraction(0))
    wide = np.pad(apart, sides, constant_values=zero) if c.xp is np else c.xp.pad(apart, sides)
    whole_size = wide.reshape((batch, channels, *(n * f for n, f in zip(size, factors, strict=True))))
    cut = tuple(slice(0, (n - 1) * f + 1) for n, f in zip(size, factors, strict=True))
    return whole_size[(slice(None), slice(None), *cut)]


def _spread_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    return None if relation[1] and zeros_between(node) else relation


def zeros_between(node: Node) -> bool:
    """Whether zeros stand between the values."""
    return any(f > 1 for f in wholes(node.attributes, "factors"))


SPREAD = Operation(
    "spread",
    _spread,
    bound=unchanged,
    channelwise=Channelwise(first_axis, _spread_relation, linear=True),
    pads=zeros_between,
)
UPSAMPLE = Operation(
    "upsample",
    _repeated,
    bound=lambda p: grown(p, math.sqrt(math.prod(wholes(p.node.attributes, "factors")))),
    channelwise=Channelwise(first_axis, linear=True),
)
AVERAGE_POOL = Operation(
    "average_pool",
    _average,
    bound=unchanged,
    channelwise=Channelwise(first_axis, _average_relation, linear=True),
    pads=pads,
)
MAX_POOL = Operation(
    "max_pool",
    _largest,
    bound=lambda p: grown(p, math.sqrt(math.prod(wholes(p.node.attributes, "window")))),  # windows overlap
    degree=lambda node, below: None,
    sort=lambda node: "piecewise linear",
    words=lambda node: "a maximum",
    channelwise=Channelwise(first_axis, _largest_relation, positive=True),
)
