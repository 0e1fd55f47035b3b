"""What one evaluation of a network costs: the products of two numbers at each node, for one sample.

Work is bounded by these and not by parameters: a filter of 27 weights is applied at 9,000 places of a picture.
"""

from __future__ import annotations

from math import prod

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import flags, wholes
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
