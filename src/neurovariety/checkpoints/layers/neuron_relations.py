"""When is one neuron a function of another? What a path of operations makes of an affine relation between two channels.

A relation (a, b) between channels i and j says value_i = a value_j + b at every input; a = 0 says that channel i is constant. It is
found on the values before an activation and pushed through what follows. Which relations survive is the activation's own symmetry
(equal rows for a generic activation, proportional ones for monomials, positively proportional ones for ReLU with their
biases, opposite ones for even and odd functions), which its record states.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node
from neurovariety.checkpoints.graph.nonlinearity import Relation, Scaling
from neurovariety.checkpoints.graph.operations import channelwise
from neurovariety.checkpoints.layers.hidden_layers import normalization


def scalings(attributes: Attributes | None) -> Scaling:
    """Which multiples of a value an activation carries to an affine function of its own value. No activation at all carries any."""
    return "any" if attributes is None else activation(attributes).scalings(attributes)


def affine(network: Network, node: Node) -> tuple[np.ndarray, np.ndarray]:
    """A batch norm as channelwise affine map value -> t value + u: object arrays of Fractions t, u (exact, see `evaluate_exact`)."""
    found = normalization(node)
    assert found is not None
    return found(node, network.weights)


def silenced(network: Network, path: Sequence[Node], i: int) -> Fraction | None:
    """The constant that the path makes of channel i, whatever enters it: a batch norm of scale 0, a depthwise filter of zeros."""
    for k, node in enumerate(path):
        key = node.weights.get("scale") or node.weights.get("weight")
        if key is None or np.any(np.asarray(network.weights[key])[i]):
            continue
        found = pushed(network, path[k:], i, i, (Fraction(1), Fraction(0)))
        return None if found is None else found[1]
    return None


def pushed(network: Network, path: Sequence[Node], i: int, j: int, relation: Relation) -> Relation | None:
    """A relation between channels i and j pushed through channelwise nodes; None where it gets lost."""
    for node in path:
        record = channelwise(node)
        assert record is not None
        found = record.relation(node, network.weights, i, j, relation)
        if found is None:
            return None
        relation = found
    return relation
