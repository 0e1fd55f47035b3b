"""Networks with the steps by which they were rewritten, as certificates want them: what each channel is in terms of the next ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.box_bounds import Box
from neurovariety.certificates.box_rewrites import RewritesOnBox
from neurovariety.certificates.channel_relations import Combined
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites, RewriteStep, Rows
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul
from neurovariety.checkpoints.layers.attention_heads import AttentionHeads
from neurovariety.checkpoints.layers.dead_groups import DeadGroups, without_groups
from neurovariety.checkpoints.layers.gated_redundancy import GatedRemoval
from neurovariety.checkpoints.layers.gated_units import GatedLayer, gated_moved, gated_without
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.layer_actions import base_changed, folded, inverted, permuted_and_scaled
from neurovariety.checkpoints.layers.neuron_relations import pushed, silenced
from neurovariety.checkpoints.layers.removals import Removal, without
from neurovariety.checkpoints.layers.streams import Bundle, Stream, groups_permuted, permutation_rows, stream_permuted
from neurovariety.rings.ring import Array


@dataclass(frozen=True, eq=False)
class Rewritten:
    """``network`` is ``source`` after the ``steps``: the same function."""

    source: Network
    network: Network
    steps: tuple[RewriteStep, ...] = ()
    box: Box | None = None
    """Where steps that rest on bounds of the values hold; None: at all inputs."""

    @staticmethod
    def of(network: Network) -> Rewritten:
        """A network as it is."""
        return Rewritten(network, network)

    def certificate(self) -> Rewrites | RewritesOnBox:
        """The certificate that the function stayed."""
        first, second = network_hash(self.source), network_hash(self.network)
        bounded = any(step.bounded for step in self.steps)
        return RewritesOnBox(first, second, self.steps, self.box) if bounded else Rewrites(first, second, self.steps)

    def without_on_box(self, layer: HiddenLayer, removals: Sequence[Removal], box: Box | None) -> Rewritten:
        """Some channels removed that stay on a line of their activation on a box."""
        after = without(self.network, layer, removals)
        step = RewriteStep(after, _removed(self.network, layer, removals), bounded=True)
        return replace(self, box=box)._appended(step)

    def replaced_on_box(self, after: Network, rows: Mapping[str, Rows], box: Box | None) -> Rewritten:
        """A network whose channels are given in terms of those of this one, as they are on a box."""
        start = self if self.steps else self._appended(RewriteStep(self.network, {}))  # what it replaces stands in the step before
        return replace(start, box=box)._appended(RewriteStep(after, rows, backwards=True, bounded=True))

    def merged_on_box(self, layer: HiddenLayer, after: Network, box: Box | None) -> Rewritten:
        """The matrix that makes a layer and the one that reads it became one, for its activation changes nothing on a box."""
        step = RewriteStep(after, {}, bounded=True, merged=frozenset({layer.readers[0].node.name}))
        return replace(self, box=box)._appended(step)

    def without(self, layer: HiddenLayer, removals: Sequence[Removal]) -> Rewritten:
        """Some channels removed."""
        after = without(self.network, layer, removals)
        return self._then(after, _removed(self.network, layer, removals))

    def without_groups(self, found: DeadGroups) -> Rewritten:
        """Whole groups of a convolution removed, with the channels that they read."""
        pairs = ((found.before, found.read), (found.layer, found.made))
        rows = {name: r for layer, removals in pairs for name, r in _removed(self.network, layer, removals).items()}
        return self._then(without_groups(self.network, found), rows)

    def narrowed(self, layer: HiddenLayer, after: Network) -> Rewritten:
        """Fewer channels between two matrices with the same product."""
        free = Rows(np.full(layer.width, -1), dict.fromkeys(range(layer.width)))
        return self._then(after, {layer.producer.name: free}, frozenset({layer.readers[0].node.name}))

    def without_units(self, layer: GatedLayer, removals: Sequence[GatedRemoval]) -> Rewritten:
        """Some gated units removed."""
        after = gated_without(self.network, layer, [r.removal for r in removals])
        gone = {r.removal.channel for r in removals}
        place = {i: k for k, i in enumerate(i for i in range(layer.width) if i not in gone)}
        parts = []
        for which in (0, 1):
            terms: dict[int, Combined | None] = {}
            for r in removals:
                made = r.made[which]
                terms[r.removal.channel] = None if made is None else (tuple((place[j], c) for j, c in made.terms), made.constant)
            parts.append((np.array([place.get(i, -1) for i in range(layer.width)]), terms))
        return self._then(after, _gated_rows(layer, parts, len(place)))

    def units_moved(self, layer: GatedLayer, order: Sequence[int], scales: Sequence[tuple[Fraction, Fraction]]) -> Rewritten | None:
        """Unit i is the old unit ``order[i]``, its branches times ``scales[i]``; None where the activations do not carry that."""
        after = gated_moved(self.network, layer, order, scales)
        if after is None:
            return None
        parts = []
        for which in (0, 1):
            source, terms = np.full(layer.width, -1), dict[int, Combined | None]()
            for i, (j, s) in enumerate(zip(order, scales, strict=True)):
                if s[which] == 1:
                    source[j] = i
                else:
                    terms[j] = (((i, 1 / s[which]),), Fraction(0))
            parts.append((source, terms))
        return self._then(after, _gated_rows(layer, parts, layer.width))

    def with_heads(self, heads: AttentionHeads, after: Network) -> Rewritten:
        """Other heads with the same products."""
        return self._then(after, {}, heads=frozenset({heads.reader}))

    def permuted_and_scaled(self, layer: HiddenLayer, order: Sequence[int], scales: Sequence[Fraction]) -> Rewritten:
        """Channel i is ``scales[i]`` times the old channel ``order[i]``. Raises `InputError` where the activation forbids that."""
        after = permuted_and_scaled(self.network, layer, order, scales)
        source, terms = np.full(layer.width, -1), dict[int, Combined | None]()
        for i, (j, s) in enumerate(zip(order, scales, strict=True)):
            if s == 1:
                source[j] = i
            else:
                terms[j] = (((i, 1 / Fraction(s)),), Fraction(0))
        place = {j: i for i, j in enumerate(order)}
        moved = Rows(np.array([place[j] for j in range(layer.width)]))
        filters = {n.name: moved for r in layer.readers for n in r.path if operation(n).affine is not None}
        return self._then(after, {layer.producer.name: Rows(source, terms), **filters})

    def stream_permuted(self, stream: Stream, order: Sequence[int]) -> Rewritten:
        """Channel i of a stream is the old channel ``order[i]``."""
        return self._then(stream_permuted(self.network, stream, order), permutation_rows(stream, order))

    def groups_permuted(self, bundle: Bundle, blocks: Sequence[int]) -> Rewritten:
        """Group i of all streams of a bundle is the old group ``blocks[i]``."""
        pairs = zip(bundle.streams, bundle.orders(blocks), strict=True)
        rows = {name: r for stream, order in pairs for name, r in permutation_rows(stream, order).items()}
        return self._then(groups_permuted(self.network, bundle, blocks), rows)

    def base_changed(self, layer: HiddenLayer, base: Array, shift: Array) -> Rewritten:
        """The channels times an invertible matrix, plus a vector. Raises `ZeroDivisionError` for one that is not invertible."""
        after = base_changed(self.network, layer, base, shift)
        inverse = inverted(base)
        back = exact_matmul(inverse, np.asarray(shift).reshape(-1, 1))[:, 0]
        terms: dict[int, Combined | None] = {
            i: (tuple((j, v) for j, v in enumerate(row) if v), -back[i]) for i, row in enumerate(inverse)
        }
        return self._then(after, {layer.producer.name: Rows(np.full(layer.width, -1), terms)})

    def folded(self) -> Rewritten:
        """Batch norms put into the matrices and convolutions before them."""
        after = folded(self.network)
        kinds = {n.name: n.kind for n in self.network.nodes}
        made = [n for n in after.nodes if n.kind != kinds[n.name]]
        rows = {n.name: Rows(np.arange(len(after.weights[n.weights["weight"]]))) for n in made}
        return self._then(after, rows) if made else self

    def renamed(self, other: Network) -> Rewritten:
        """As the network of the same graph and weights, under its names."""
        names = {n.name: m.name for n, m in zip(self.network.nodes, other.nodes, strict=True)}
        return self._appended(RewriteStep(other, {}, names))

    def _then(
        self,
        after: Network,
        rows: Mapping[str, Rows],
        composed: frozenset[str] = frozenset(),
        heads: frozenset[str] = frozenset(),
    ) -> Rewritten:
        return self._appended(RewriteStep(after, rows, {}, composed, heads))

    def _appended(self, step: RewriteStep) -> Rewritten:
        assert isinstance(step.after, Network)
        return replace(self, network=step.after, steps=(*self.steps, step))


def _gated_rows(layer: GatedLayer, parts: Sequence[tuple[Array, Mapping[int, Combined | None]]], width: int) -> dict[str, Rows]:
    """What the rows of both branches are, of two maps or of one that makes both; ``width`` is the number of units after."""
    if len(layer.makers) == 2:
        return {b.producer.name: Rows(source, terms) for b, (source, terms) in zip(layer.branches, parts, strict=True)}
    source = np.full(2 * layer.width, -1)
    terms: dict[int, Combined | None] = {}
    for branch, (part, known) in zip(layer.branches, parts, strict=True):
        start = width if branch.first else 0
        source[branch.first : branch.first + layer.width] = np.where(part >= 0, part + start, -1)
        for i, t in known.items():
            terms[branch.first + i] = None if t is None else (tuple((j + start, c) for j, c in t[0]), t[1])
    return {layer.branches[0].producer.name: Rows(source, terms)}


def _removed(network: Network, layer: HiddenLayer, removals: Sequence[Removal]) -> dict[str, Rows]:
    """What the channels are at the nodes that make them: before the activation, or after it where only there they depend on others."""
    gone = {r.channel for r in removals}
    kept = [i for i in range(layer.width) if i not in gone]
    place = {i: k for k, i in enumerate(kept)}
    source = np.array([place.get(i, -1) for i in range(layer.width)])
    free: dict[int, Combined | None] = dict.fromkeys(gone)
    before, after = dict(free), dict(free)
    for r in removals:
        if r.made is not None:
            before[r.channel] = (tuple((place[j], c) for j, c in r.made.terms), r.made.constant)
        elif r.reason == "dependent":
            found = r.combinations[0]
            after[r.channel] = (tuple((place[j], c) for j, c in found.terms), found.constant)
    rows = {layer.producer.name: Rows(source, free)}
    rows[(layer.leading[-1] if layer.leading else layer.producer).name] = Rows(source, before)
    if any(r.reason == "dependent" for r in removals):
        rows |= {r.path[len(layer.leading)].name: Rows(source, after) for r in layer.readers}
    for reader in layer.readers:
        for k, node in enumerate(reader.path):
            if operation(node).affine is not None:
                way = reader.path[: k + 1]
                rows[node.name] = Rows(source, {r.channel: _after(network, layer, way, r, place) for r in removals})
    return rows


def _after(network: Network, layer: HiddenLayer, way: Sequence[Node], removal: Removal, place: Mapping[int, int]) -> Combined | None:
    """What a removed channel is after the first nodes of a path."""
    if removal.made is None:
        constant = silenced(network, way, removal.channel)
        return None if constant is None else ((), constant)
    j, factor = removal.made.terms[0] if removal.made.terms else (removal.channel, Fraction(0))
    found = pushed(network, way[len(layer.leading) :], removal.channel, j, (factor, removal.made.constant))
    if found is None:
        return None
    return (((place[j], found[0]),) if found[0] else ()), found[1]
