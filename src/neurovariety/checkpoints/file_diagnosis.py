"""What is said of a file with operators that are kept as they are: each part that is understood by itself, and how much that is.

The Jacobian of the whole is not computed: nothing is known of the opaque operators. What is proved of the parts holds in the file: a
redundant neuron of a part is redundant there, and the symmetries of the parts bound the directions of the function from above.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypedDict

from neurovariety.checkpoints.file_prune import file_notices
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.layers.attention_heads import AttentionHeads, attention_heads
from neurovariety.checkpoints.layers.gated_redundancy import redundant_units
from neurovariety.checkpoints.layers.gated_units import GatedLayer, gated_layers
from neurovariety.checkpoints.layers.head_redundancy import smaller_heads
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Untouched, hidden_layers
from neurovariety.checkpoints.layers.layer_symmetries import LayerSymmetry, gated_symmetries, head_symmetries, layer_symmetries
from neurovariety.checkpoints.layers.layer_table import LayerRow, kept_words, layer_rows, opaque_rows
from neurovariety.checkpoints.layers.nearest_strata import NearestStratum, nearest_strata
from neurovariety.checkpoints.layers.redundancy import redundant
from neurovariety.checkpoints.layers.removals import RemovedUnits, by_layer, by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned


class Redundancy(TypedDict):
    """The neurons of a layer that are redundant for one reason."""

    layer: str
    reason: str
    neurons: int
    which: list[int]


@dataclass(frozen=True, eq=False)
class FoundLayers:
    """The layers of a network or of a part: those that were looked at, the others, symmetries, exact redundancies by reason."""

    hidden: tuple[HiddenLayer, ...]
    untouched: tuple[Untouched, ...]
    symmetries: tuple[LayerSymmetry, ...]
    on: list[Redundancy]
    heads: tuple[AttentionHeads, ...]
    gated: tuple[GatedLayer, ...]
    beyond: tuple[LayerSymmetry, ...]
    """The symmetries of heads and of gated units."""

    @property
    def several(self) -> tuple[GatedLayer | AttentionHeads, ...]:
        """What several maps make together."""
        return (*self.gated, *self.heads)

    @property
    def stated(self) -> tuple[LayerSymmetry, ...]:
        """All symmetries."""
        return (*self.symmetries, *self.beyond)

    @property
    def dimension(self) -> int:
        """The dimension of all symmetries."""
        return sum(s.dimension for s in self.stated)

    @property
    def looked_at(self) -> int:
        """The number of layers, gated layers and attentions that were looked at."""
        return len(self.hidden) + len(self.several)


def layers_of(network: Network, seed: int) -> FoundLayers:
    """What is found in each layer by itself."""
    hidden, untouched = hidden_layers(network)
    heads, why = attention_heads(network)
    places = {n.name: n.place for n in network.nodes}
    untouched = (*(u for u in untouched), *(Untouched(places[name], reason) for name, reason in why.items()))
    on: list[Redundancy] = []
    for layer in hidden:
        if layer.linear:
            continue
        found = redundant(network, layer, seed)
        name = layer.producer.path or layer.producer.name
        for reason in sorted({r.reason for r in found}):
            which = [r.channel for r in found if r.reason == reason]
            on.append({"layer": name, "reason": reason, "neurons": len(which), "which": which})
    gated = gated_layers(network)
    for g in gated:
        units = [r.removal for r in redundant_units(network, g, seed)]
        for reason in sorted({r.reason for r in units}):
            which = [r.channel for r in units if r.reason == reason]
            on.append({"layer": g.place, "reason": reason, "neurons": len(which), "which": which})
    for x in heads:
        less = smaller_heads(network, x, seed)
        for reason, count in sorted(less.removed.items() if less is not None else ()):
            on.append({"layer": x.place, "reason": reason, "neurons": count, "which": []})
    return FoundLayers(
        hidden,
        untouched,
        layer_symmetries(network, hidden),
        on,
        heads,
        gated,
        (*gated_symmetries(network), *head_symmetries(network)),
    )


@dataclass(frozen=True, eq=False)
class FileFacts:
    """What `diagnose` says of a `PartialNetwork`."""

    parts: tuple[FoundLayers, ...]
    rows: list[LayerRow]
    removed: Counter[str]
    smallest: int
    near: list[NearestStratum]
    untouched: list[dict[str, str]]
    kept: list[str]
    smaller: tuple[Rewritten, ...]
    notices: tuple[str, ...]

    @property
    def dimension(self) -> int:
        """The dimension of all symmetries of all parts."""
        return sum(p.dimension for p in self.parts)

    @property
    def looked_at(self) -> int:
        """How many layers were looked at."""
        return sum(p.looked_at for p in self.parts)


def file_facts(source: PartialNetwork, seed: int) -> FileFacts:
    """The parts of a file, each looked at by itself."""
    parts, rows, removed, gone = [], list[LayerRow](), Counter[str](), 0
    pruned: list[Rewritten] = []
    near: list[NearestStratum] = []
    untouched: list[dict[str, str]] = []
    for region in source.regions:
        found = layers_of(region.network, seed)
        parts.append(found)
        smaller, went = Rewritten.of(region.network), RemovedUnits()
        if found.on or any(x.linear for x in found.hidden):
            smaller, went = exactly_pruned(smaller, seed)
        made = layer_rows(region.network, found.hidden, found.untouched, found.symmetries, by_layer(went), region, found.several)
        rows += made
        untouched += [{"place": r.place, "reason": r.why} for r in made if r.why]
        near += [s for x in found.hidden for s in nearest_strata(region.network, x)]
        pruned.append(smaller)
        removed += by_reason(went)
        gone += region.network.parameters - smaller.network.parameters
    rows += opaque_rows(source.opaque)
    untouched += [{"place": o.place, "reason": f"{o.operator} is kept as it is: {o.reason}"} for o in source.opaque]
    return FileFacts(
        tuple(parts),
        rows,
        removed,
        source.parameters - gone,
        sorted(near, key=lambda s: s.relative),
        untouched,
        kept_words(source),
        tuple(pruned),
        file_notices(source),
    )
