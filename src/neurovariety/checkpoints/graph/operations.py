"""The one table of the kinds of operations."""

from __future__ import annotations

from neurovariety.checkpoints.graph.kinds import axes, entrywise, matrices, normalizing, windows
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operation import Channelwise, Operation

_RECORDS: tuple[Operation, ...] = (
    axes.INPUT,
    matrices.LINEAR,
    matrices.CONVOLUTION,
    matrices.NORMALIZE,
    entrywise.ACTIVATION,
    entrywise.ADD,
    entrywise.SUBTRACT,
    entrywise.MULTIPLY,
    entrywise.DIVIDE,
    matrices.MATMUL,
    axes.PARAMETER,
    axes.TRANSPOSE,
    axes.RESHAPE,
    axes.SLICE,
    axes.PAD,
    axes.CONCATENATE,
    axes.SUM,
    axes.MEAN,
    normalizing.SOFTMAX,
    normalizing.STANDARDIZE,
    windows.AVERAGE_POOL,
    windows.MAX_POOL,
    windows.UPSAMPLE,
    windows.SPREAD,
)

OPERATIONS: dict[str, Operation] = {record.kind: record for record in _RECORDS}
"""What the kind of a node may be."""


def operation(node: Node) -> Operation:
    """The record of the node's kind. Raises `KeyError` where there is none."""
    return OPERATIONS[node.kind]


def channelwise(node: Node) -> Channelwise | None:
    """What a node on the way from one layer to the next does to each channel by itself; None where it mixes them.

    Of a grouped convolution it is what a depthwise one does: whether it is one, its weights say.
    """
    found = operation(node)
    if found.affine is not None and found.affine.grouped(node):
        return matrices.DEPTHWISE
    return found.channelwise
