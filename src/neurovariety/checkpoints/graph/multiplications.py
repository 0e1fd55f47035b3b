"""What one evaluation of a network costs: the products of two numbers at each node, for one sample.

Work is bounded by these and not by parameters: a filter of 27 weights is applied at 9,000 places of a picture.
"""

from __future__ import annotations

from math import prod

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import flags, wholes
from neurovariety.checkpoints.graph.nonlinearity import Algebraic
from neurovariety.checkpoints.graph.operations import operation


def multiplications(network: Network) -> dict[str, int]:
    """The number of products at each node for one sample; an entrywise operation counts as one an entry, a window as its places."""
    shapes = network.shapes()
    found: dict[str, int] = {}
    for node in network.nodes:
        each = 1
        if operation(node).affine is not None:
            each = prod(np.shape(network.weights[node.weights["weight"]])[1:])
        elif node.kind == "matmul":
            turned, _ = flags(node.attributes, "transpose") if "transpose" in node.attributes else (False, False)
            each = shapes[node.inputs[0]][-2 if turned else -1]
        elif "window" in node.attributes:
            each = prod(wholes(node.attributes, "window"))
        found[node.name] = prod(shapes[node.name]) * max(each, 1)
    return found


def work(network: Network) -> int:
    """The number of products of one evaluation at one sample."""
    return sum(multiplications(network).values())


_STEP_BITS = 64
"""Bits that a weight, and a sum of many terms, add to the size of an exact number."""


def digits(network: Network) -> int:
    """A rough size in bits of the numbers of an exact evaluation: products add sizes, and polynomials multiply them."""
    found: dict[str, int] = {}
    for node in network.nodes:
        below = [found[n] for n in node.inputs]
        size = _STEP_BITS if not below else max(below) + _STEP_BITS
        if node.function is not None:
            record = activation(node.attributes)
            if isinstance(record, Algebraic):
                size = max(1, *(len(part) - 1 for part in record.ratio(node.attributes))) * below[0] + _STEP_BITS
        elif len(below) > 1 and node.kind in ("multiply", "divide", "matmul"):
            size = sum(below) + _STEP_BITS
        found[node.name] = size
    return max(found.values(), default=0)
