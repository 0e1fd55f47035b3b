"""A network on the plane through three of its inputs: a network with two inputs, whose regions can be counted and drawn.

Definition: the plane through p, q and r is p + s (q - p) + t (r - p); a network on it takes (s, t). It is the same network behind one
more linear layer, so everything that is known of it is known of the network on that plane, and of nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import flint
import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.load import whole_network
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_table


def plane_slice(network: object, points: object, *, architecture: object = None, example: object = None) -> Network:
    """The network on the plane through three inputs, the first at (0, 0), the second at (1, 0), the third at (0, 1); exactly.

    ``network``, ``architecture`` and ``example`` are what `load_network` takes; ``points`` are three inputs, of the shape of an input
    each. Raises `InputError` for another number of them, another shape, and three that lie on a line.

    >>> network = {"w1": [[1, 0, 1], [0, 1, -1]], "w2": [[1, -1]]}
    >>> found = plane_slice(network, [[0, 0, 0], [1, 0, 0], [0, 2, 1]], architecture="mlp(3,2,1; relu)")
    >>> found.input_shape, found.evaluate([[1, 1]]).tolist()
    ((2,), [[1.0]])
    """
    source = whole_network(network, architecture=architecture, example=example)
    shape, table = source.input_shape, exact_table(points, "points of the plane")
    if table.shape != (3, *shape):
        raise InputError(f"a plane is given by three inputs of shape {shape}, got a table of shape {table.shape}")
    first, *others = table.reshape(3, prod(shape))
    across = np.stack([other - first for other in others], axis=1)
    if flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in row] for row in across.tolist()]).rank() < 2:
        raise InputError("the three inputs lie on one line; give three that span a plane")
    before = next(node for node in source.nodes if node.is_input)
    names = {node.name for node in source.nodes} | set(source.weights)
    plane, flat, weight, bias = (_new(name, names) for name in ("plane", "on_plane", "plane_across", "plane_first"))
    into = Node(before.name if len(shape) == 1 else flat, "linear", (plane,), {"weight": weight, "bias": bias})
    layers = [Node(plane, "input"), into]
    if len(shape) != 1:
        layers.append(Node(before.name, "reshape", (flat,), {}, {"shape": shape}))
    return replace(
        source,
        input_shape=(2,),
        nodes=(*layers, *(node for node in source.nodes if not node.is_input)),
        weights={**source.weights, weight: across, bias: first},
        source=f"{source.source} on a plane",
        fixed=source.fixed | {weight, bias},
        origin=None,
    )


def _new(name: str, taken: set[str]) -> str:
    """A name that is not taken yet."""
    while name in taken:
        name += "_"
    return name
