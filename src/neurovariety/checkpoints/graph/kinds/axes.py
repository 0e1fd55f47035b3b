"""Operations on the axes of a sample: another order or shape, cuts and joins, sums and means along axes."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.node import Node, pairs, whole, wholes
from neurovariety.checkpoints.graph.operation import (
    Call,
    Channelwise,
    Enclosure,
    MixedChannels,
    Operation,
    Perturbation,
    Shape,
    grown,
    unchanged,
)
from neurovariety.checkpoints.graph.three_arithmetics import Array, Values


def _input(c: Call) -> Values:
    raise AssertionError("the value of the input is given")


def _parameter(c: Call) -> Values:
    return c.weight("value")[None]


def _transpose(c: Call) -> Values:
    return c.x.transpose((0, *(k + 1 for k in wholes(c.attributes, "permutation"))))


def _reshape(c: Call) -> Values:
    return c.x.reshape((c.x.shape[0], *wholes(c.attributes, "shape")))


def _pad(c: Call) -> Values:
    sides = [(0, 0), *pairs(c.attributes, "padding")]
    return np.pad(c.x, sides, constant_values=c.arithmetic.scalar(Fraction(0))) if c.xp is np else c.xp.pad(c.x, sides)


def _slice(c: Call) -> Values:
    a = c.attributes
    return c.x[(slice(None),) * (whole(a, "axis") + 1) + (slice(whole(a, "start"), whole(a, "stop"), whole(a, "step")),)]


def _concatenate(c: Call) -> Values:
    batch = max(v.shape[0] for v in c.values)
    every = [v if v.shape[0] == batch else c.xp.broadcast_to(v, (batch, *v.shape[1:])) for v in c.values]
    return c.xp.concatenate(every, axis=whole(c.attributes, "axis") + 1)


def _sum(c: Call) -> Values:
    return c.x.sum(axis=tuple(k + 1 for k in wholes(c.attributes, "axes")), keepdims=bool(c.attributes["keepdims"]))


def _mean(c: Call) -> Values:
    count = prod(c.x.shape[k + 1] for k in wholes(c.attributes, "axes"))
    return _sum(c) * c.arithmetic.scalar(Fraction(1, count))


def _transposed_labels(node: Node, labels: Array, after: Shape) -> Array:
    return labels.transpose(wholes(node.attributes, "permutation"))


def _flat_labels(node: Node, labels: Array, after: Shape) -> Array:
    if len(wholes(node.attributes, "shape")) != 1:
        raise MixedChannels(f"its channels pass {node.place}")
    return labels.reshape(wholes(node.attributes, "shape"))


def _mean_labels(node: Node, labels: Array, after: Shape) -> Array:
    axes = wholes(node.attributes, "axes")
    low, high = labels.min(axis=axes, keepdims=True), labels.max(axis=axes, keepdims=True)
    if np.any(low != high):
        raise MixedChannels(f"{node.place} averages over its channels")
    return low if node.attributes["keepdims"] else low.reshape(after)


def _narrowed(node: Node, width: int, kept: int) -> Node:
    (size,) = wholes(node.attributes, "shape")
    return replace(node, attributes={**node.attributes, "shape": (size // width * kept,)})


def _turned_twice(before: Node, node: Node) -> Node:
    first = wholes(before.attributes, "permutation")
    order = tuple(first[k] for k in wholes(node.attributes, "permutation"))
    return replace(node, inputs=before.inputs, attributes={"permutation": order})


def _unturned(node: Node, before: Shape, after: Shape) -> bool:
    order = wholes(node.attributes, "permutation")
    return order == tuple(range(len(order)))


def _joined_bound(p: Perturbation) -> Enclosure:
    return Enclosure(math.hypot(*(b.size for b in p.below)), math.hypot(*(b.error for b in p.below)))


INPUT = Operation("input", _input, degree=lambda node, below: 1, view=True)
PARAMETER = Operation("parameter", _parameter, degree=lambda node, below: 0)
TRANSPOSE = Operation(
    "transpose",
    _transpose,
    bound=unchanged,
    channelwise=Channelwise(_transposed_labels, linear=True),
    view=True,
    idle=_unturned,
    merged=_turned_twice,
)
RESHAPE = Operation(
    "reshape",
    _reshape,
    bound=unchanged,
    channelwise=Channelwise(_flat_labels, linear=True, narrowed=_narrowed),
    view=True,
    idle=lambda node, before, after: before == after,
    merged=lambda before, node: replace(node, inputs=before.inputs),
)
SLICE = Operation("slice", _slice, bound=unchanged, view=True)
PAD = Operation("pad", _pad)
CONCATENATE = Operation("concatenate", _concatenate, bound=_joined_bound)
SUM = Operation("sum", _sum, bound=lambda p: grown(p, math.sqrt(math.prod(p.shapes[0]) / max(p.count, 1))))
MEAN = Operation("mean", _mean, bound=unchanged, channelwise=Channelwise(_mean_labels, linear=True))
