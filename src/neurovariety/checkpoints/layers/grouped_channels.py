"""Convolutions whose channels lie in groups of equal length: each filter reads the channels of its own group.

A depthwise convolution makes each channel of one, which it keeps apart: its filters go where the channels go.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped
from scipy.optimize import linear_sum_assignment

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, whole
from neurovariety.checkpoints.graph.operations import operation


def groups_of(node: Node) -> int:
    """The number of groups of a map; 1 for a matrix."""
    return whole(node.attributes, "groups") if "groups" in node.attributes else 1


def depthwise(network: Network, node: Node) -> bool:
    """Whether a convolution keeps several channels apart."""
    if operation(node).affine is None:
        return False
    shape = np.shape(network.weights[node.weights["weight"]])
    return groups_of(node) == shape[0] > 1 and shape[1] == 1


def dense(weight: Shaped[np.ndarray, "filters inside ..."], groups: int) -> Shaped[np.ndarray, "filters channels ..."]:
    """The same filters as ones that read all channels, those of other groups times 0."""
    if groups == 1:
        return weight
    rows, inside, *window = weight.shape
    out = np.zeros((rows, inside * groups, *window), dtype=weight.dtype)
    for g, own in enumerate(np.split(weight, groups)):
        each = rows // groups
        out[g * each : (g + 1) * each, g * inside : (g + 1) * inside] = own
    return out


def gathered(weight: Shaped[np.ndarray, "filters channels ..."], groups: int) -> Shaped[np.ndarray, "filters inside ..."]:
    """What `dense` was given."""
    if groups == 1:
        return weight
    rows, columns = len(weight) // groups, weight.shape[1] // groups
    return np.concatenate([weight[g * rows : (g + 1) * rows, g * columns : (g + 1) * columns] for g in range(groups)])


def assigned(gain: Shaped[np.ndarray, "width width"], parts: int) -> list[int]:
    """The assignment of columns to rows with the largest sum among those that map each of ``parts`` equal ranges to itself."""
    each = len(gain) // parts
    out: list[int] = []
    for start in range(0, len(gain), each):
        _, order = linear_sum_assignment(gain[start : start + each, start : start + each], maximize=True)
        out += [start + int(k) for k in order]
    return out


def assigned_groups(gain: Shaped[np.ndarray, "width width"], groups: int) -> tuple[float, list[int]]:
    """The assignment of groups to groups with the largest sum, where the channels of two groups are assigned best, and by how much
    that is above what stands."""
    each = len(gain) // groups
    blocks = gain.reshape(groups, each, groups, each).swapaxes(1, 2)
    best = np.empty((groups, groups))
    for g in range(groups):
        for h in range(groups):
            rows, order = linear_sum_assignment(blocks[g, h], maximize=True)
            best[g, h] = blocks[g, h][rows, order].sum()
    rows, order = linear_sum_assignment(best, maximize=True)
    return float(best[rows, order].sum() - np.trace(best)), [int(k) for k in order]
