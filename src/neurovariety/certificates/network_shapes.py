"""The shape of one sample's value at each node of a trained network; of kinds that are not known here there is none."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from neurovariety.certificates.network_nodes import NetworkData, NodeData

Shape = tuple[int, ...]
_SAME = ("activation", "normalize", "softmax", "standardize")
_ENTRYWISE = ("add", "subtract", "multiply", "divide")
_POOLS = ("average_pool", "max_pool")


def shapes(network: NetworkData) -> dict[str, Shape | None]:
    """Node -> shape; None where it is not known."""
    found: dict[str, Shape | None] = {}
    for node in network.nodes:
        below = [found[n] for n in node.inputs]
        found[node.name] = None if any(b is None for b in below) else _shape(network, node, [b for b in below if b is not None])
    return found


def _shape(network: NetworkData, node: NodeData, below: Sequence[Shape]) -> Shape | None:
    a = node.attributes
    weight = np.shape(network.weights[node.weights["weight"]]) if "weight" in node.weights else ()
    if node.kind == "input":
        return tuple(network.input_shape)
    if node.kind == "parameter":
        return tuple(np.shape(network.weights[node.weights["value"]]))
    if not below:
        return None
    first = below[0]
    if node.kind in _SAME:
        return first
    if node.kind == "linear":
        return (*first[:-1], weight[0])
    if node.kind == "conv":
        return (weight[0], *windows(node, first[1:], weight[2:]))
    if node.kind in _POOLS:
        return (first[0], *windows(node, first[1:], tuple(a["window"])))
    if node.kind in _ENTRYWISE:
        together = np.broadcast_shapes(*((1, *b) for b in below), weight)  # a weight may have an axis of length 1 for the batch
        return tuple(together[1:]) if together[0] == 1 else None
    if node.kind == "reshape":
        left = prod(first) // max(prod(n for n in a["shape"] if n != -1), 1)
        return tuple(left if n == -1 else n for n in a["shape"])
    if node.kind == "transpose":
        return tuple(first[k] for k in a["permutation"])
    if node.kind == "pad":
        return tuple(n + sum(sides) for n, sides in zip(first, a["padding"], strict=True))
    if node.kind == "matmul":
        if min(map(len, below)) < 2:
            return None
        one, two = ((*b[:-2], b[-1], b[-2]) if t else b for b, t in zip(below, a.get("transpose", (False, False)), strict=True))
        return (*np.broadcast_shapes(one[:-2], two[:-2]), one[-2], two[-1]) if one[-1] == two[-2] else None
    if node.kind == "slice":
        return tuple(
            len(range(*slice(a["start"], a["stop"], a["step"]).indices(n))) if k == a["axis"] else n for k, n in enumerate(first)
        )
    if node.kind == "upsample":
        return (first[0], *(n * f for n, f in zip(first[1:], a["factors"], strict=True)))
    if node.kind == "spread":
        return (first[0], *((n - 1) * f + 1 for n, f in zip(first[1:], a["factors"], strict=True)))
    if node.kind in ("sum", "mean"):
        axes = {k % len(first) for k in a["axes"]}
        return tuple(1 if k in axes else n for k, n in enumerate(first) if a["keepdims"] or k not in axes)
    if node.kind == "concatenate":
        axis = a["axis"] % len(first)
        return tuple(sum(b[axis] for b in below) if k == axis else n for k, n in enumerate(first))
    return None


def windows(node: NodeData, size: Sequence[int], window: Sequence[int]) -> Shape:
    """The places at which a window is put along each direction."""
    a = node.attributes
    padded = [n + sum(sides) for n, sides in zip(size, a["padding"], strict=True)]
    return tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(padded, window, a["stride"], a["dilation"], strict=True))


def pads(node: NodeData) -> bool:
    """Whether zeros stand beside the values over which a window slides, or between values that are spread."""
    if node.kind == "spread":
        return any(f > 1 for f in node.attributes["factors"])
    return any(side for sides in node.attributes.get("padding", ()) for side in sides)


def size(shape: Shape) -> int:
    """The number of entries."""
    return prod(shape)


def spread_out(x: np.ndarray, factors: Sequence[int], zero: object) -> np.ndarray:
    """Channels with zeros between their entries, so that each is that many places after the one before."""
    out = np.full((len(x), *((n - 1) * f + 1 for n, f in zip(x.shape[1:], factors, strict=True))), zero)
    out[(slice(None), *(slice(None, None, f) for f in factors))] = x
    return out
