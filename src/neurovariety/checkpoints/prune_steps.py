"""The steps of exact pruning: layer after layer, what is redundant is removed, until nothing is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from neurovariety.certificates.box_bounds import Box
from neurovariety.checkpoints.graph.multiplications import work
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.attention_heads import attention_heads
from neurovariety.checkpoints.layers.bottlenecks import narrowed
from neurovariety.checkpoints.layers.dead_groups import dead_groups
from neurovariety.checkpoints.layers.gated_redundancy import redundant_units
from neurovariety.checkpoints.layers.gated_units import gated_layers
from neurovariety.checkpoints.layers.grouped_channels import depthwise
from neurovariety.checkpoints.layers.head_redundancy import smaller_heads
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers
from neurovariety.checkpoints.layers.redundancy import redundant, unbalanced
from neurovariety.checkpoints.layers.removals import RemovedUnits
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.layers.settled_units import settled_pruned
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_AT_LITTLE_COST = 20_000_000
"""Products of one evaluation up to which units are looked for that are linear at all inputs: there are few, and bounds take time."""


def exactly_pruned(
    network: Rewritten, seed: int = DEFAULT_SEED, accept: Callable[[Network], bool] = lambda found: True
) -> tuple[Rewritten, RemovedUnits]:
    """The pruned network and how many neurons went, by layer and reason. Repeated until nothing is found: one removal can make others.

    ``accept`` may refuse the network that is left after a layer was pruned; that layer then stays as it is.
    """
    removed: RemovedUnits = Counter()
    while True:
        changed = _once(network, removed, seed, accept)
        if changed is None:
            return network, removed
        network = changed


def pruned_on_box(start: Rewritten, box: Box | None, seed: int = DEFAULT_SEED) -> tuple[Rewritten, RemovedUnits]:
    """`exactly_pruned`, and units whose activation is linear on the box (None: at all inputs, as far as that is found at little cost).

    Raises `NotShown` for a box of other inputs.
    """
    found, removed = exactly_pruned(start, seed)
    if box is None and work(found.network) > _AT_LITTLE_COST:
        return found, removed
    while True:
        found, more = settled_pruned(found, box, seed)
        if not more:
            return found, removed
        found, again = exactly_pruned(found, seed)
        removed += more + again


def _once(network: Rewritten, removed: RemovedUnits, seed: int, accept: Callable[[Network], bool]) -> Rewritten | None:
    """All layers in turn, from the output back (an unread neuron no longer reads), each looked at with the changes before it."""
    changed = False
    for name in reversed([layer.producer.name for layer in hidden_layers(network.network)[0]]):
        layer = next((x for x in hidden_layers(network.network)[0] if x.producer.name == name), None)
        if layer is None:
            continue
        if layer.linear:
            found = narrowed(network.network, layer, seed)
            if found is not None and accept(found):
                after = len(found.weights[layer.producer.weights["weight"]])
                removed[name, "rank"] += layer.width - after
                network, changed = network.narrowed(layer, found), True
            continue
        groups = dead_groups(network.network, hidden_layers(network.network)[0], layer, seed) if layer.parts > 1 else None
        fewer = network if groups is None else network.without_groups(groups)
        if groups is not None and accept(fewer.network):
            network, changed = fewer, True
            removed[name, "dead group"] += len(groups.made)
            removed[groups.before.producer.name, "dead group"] += len(groups.read)
            continue  # what is left of it is looked at again
        removals = redundant(network.network, layer, seed)
        smaller = network.without(layer, removals) if removals else network
        if removals and accept(smaller.network):
            network, changed = smaller, True
            removed.update((name, r.reason) for r in removals)
    for name in [x.product.name for x in gated_layers(network.network)]:
        gated = next((x for x in gated_layers(network.network) if x.product.name == name), None)
        units = [] if gated is None else redundant_units(network.network, gated, seed)
        if gated is None or not units:
            continue
        smaller = network.without_units(gated, units)
        if accept(smaller.network):
            network, changed = smaller, True
            removed.update((gated.makers[0], r.removal.reason) for r in units for _ in gated.branches)
    for reader in [h.reader for h in attention_heads(network.network)[0]]:
        heads = next((h for h in attention_heads(network.network)[0] if h.reader == reader), None)
        less = None if heads is None else smaller_heads(network.network, heads, seed, accept)
        if heads is not None and less is not None:
            network, changed = network.with_heads(heads, less.network), True
            removed.update({(heads.makers[0], reason): count for reason, count in less.removed.items()})
    return network if changed else None


def left_as_they_are(network: Network, seed: int) -> list[dict[str, str]]:
    """The places whose channels were not looked at, and those where redundant ones have to stay, with the reason."""
    layers, untouched = hidden_layers(network)
    out = [{"place": u.place, "reason": u.reason} for u in untouched]
    for layer in layers:
        stay = unbalanced(network, layer, seed)
        if stay:
            reason = f"{counted(stay, 'redundant channel')} of it stay: groups of a convolution have to be equally long"
            out.append({"place": layer.producer.place, "reason": reason})
    return out


def widths(before: Network, after: Network) -> Mapping[str, list[int]]:
    """Layer -> its width before and after, 0 where it became one matrix with the next. A depthwise convolution goes with the
    layer that it reads."""
    later = {n.name: len(after.weights[n.weights["weight"]]) for n in after.nodes if "weight" in n.weights}
    return {place: [len(before.weights[n.weights["weight"]]), later.get(n.name, 0)] for place, n in makers_of_channels(before).items()}


def makers_of_channels(network: Network) -> dict[str, Node]:
    """The matrices and convolutions that make channels of hidden layers and of heads, by the place that names them."""
    nodes = {n.name: n for n in network.nodes}
    found = [x.producer for x in hidden_layers(network)[0] if not depthwise(network, x.producer)]
    found += [nodes[name] for layer in gated_layers(network) for name in layer.makers]
    found += [nodes[name] for heads in attention_heads(network)[0] for name in heads.makers]
    return {n.path or n.name: n for n in found}
