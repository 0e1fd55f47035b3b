"""Groups of a grouped convolution of which nothing is read, or only constants: they go as a whole, with the channels that they read.

Groups have to be equally long, so that single channels go only where each group has some; a whole group needs no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.layers.grouped_channels import depthwise, groups_of
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.redundancy import every_redundant
from neurovariety.checkpoints.layers.removals import NOTHING, Removal, columns_without, path_without


@dataclass(frozen=True, eq=False)
class DeadGroups:
    """Groups of the convolution that makes ``layer``: its channels that go, and those of the layer ``before``, which it reads."""

    before: HiddenLayer
    layer: HiddenLayer
    read: list[Removal]
    made: list[Removal]
    left: int
    """The number of groups that stay."""


def dead_groups(network: Network, layers: Sequence[HiddenLayer], layer: HiddenLayer, seed: int) -> DeadGroups | None:
    """The groups of a layer's convolution that may go; None where there are none, or the layer before is grouped or read elsewhere.

    One group stays.
    """
    groups = groups_of(layer.producer)
    if groups == 1 or depthwise(network, layer.producer) or layer.parts != groups:
        return None
    before = next((x for x in layers if any(r.node.name == layer.producer.name for r in x.readers)), None)
    if before is None or len(before.readers) != 1 or before.parts != groups or groups_of(before.producer) != 1:
        return None
    found = {r.channel: r for r in every_redundant(network, layer, seed)}
    each, inside = layer.width // groups, before.width // groups
    dead = [g for g in range(groups) if all(i in found for i in range(g * each, (g + 1) * each))][: groups - 1]
    if not dead:
        return None
    read = [Removal(i, (NOTHING,), "unread") for g in dead for i in range(g * inside, (g + 1) * inside)]
    made = [found[i] for g in dead for i in range(g * each, (g + 1) * each)]
    return DeadGroups(before, layer, read, made, groups - len(dead))


def without_groups(network: Network, found: DeadGroups) -> Network:
    """The network without these groups, the same function."""
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    for layer, removals in ((found.before, found.read), (found.layer, found.made)):
        gone = {r.channel for r in removals}
        kept = [i for i in range(layer.width) if i not in gone]
        for key in layer.producer.weights.values():
            weights[key] = np.asarray(network.weights[key])[kept]
        path_without(network, layer.readers, layer.width, kept, weights, nodes)
        if layer is found.layer:
            columns_without(network, layer.readers, removals, kept, weights, nodes)
    node = nodes[found.layer.producer.name]
    nodes[node.name] = replace(node, attributes={**node.attributes, "groups": found.left})
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)
