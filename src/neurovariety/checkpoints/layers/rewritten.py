"""Networks with the steps by which they were rewritten, as certificates want them: what each channel is in terms of the next ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.channel_relations import Combined
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites, RewriteStep, Rows
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul
from neurovariety.checkpoints.layers.attention_heads import Heads
from neurovariety.checkpoints.layers.gated_redundancy import GatedRemoval
from neurovariety.checkpoints.layers.gated_units import GatedLayer, gated_moved, gated_without
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.layer_actions import base_changed, folded, inverted, permuted_and_scaled
from neurovariety.checkpoints.layers.removals import Removal, without
from neurovariety.checkpoints.layers.streams import Stream, permutation_rows, stream_permuted
from neurovariety.rings.ring import Array


@dataclass(frozen=True, eq=False)
class Rewritten:
    """``network`` is ``source`` after the ``steps``: the same function."""

    source: Network
    network: Network
    steps: tuple[RewriteStep, ...] = ()

    @staticmethod
    def of(network: Network) -> Rewritten:
        """A network as it is."""
        return Rewritten(network, network)

    def certificate(self) -> Rewrites:
        """The certificate that the function stayed."""
        return Rewrites(network_hash(self.source), network_hash(self.network), self.steps)

    def without(self, layer: HiddenLayer, removals: Sequence[Removal]) -> Rewritten:
        """Some channels removed."""
        after = without(self.network, layer, removals)
        return self._then(after, _removed(layer, removals))

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

    def with_heads(self, heads: Heads, after: Network) -> Rewritten:
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
        return self._then(after, {layer.producer.name: Rows(source, terms)})

    def stream_permuted(self, stream: Stream, order: Sequence[int]) -> Rewritten:
        """Channel i of a stream is the old channel ``order[i]``."""
        return self._then(stream_permuted(self.network, stream, order), permutation_rows(stream, order))

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
        return Rewritten(self.source, other, (*self.steps, RewriteStep(other, {}, names)))

    def _then(
        self,
        after: Network,
        rows: Mapping[str, Rows],
        composed: frozenset[str] = frozenset(),
        heads: frozenset[str] = frozenset(),
    ) -> Rewritten:
        return Rewritten(self.source, after, (*self.steps, RewriteStep(after, rows, {}, composed, heads)))


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


def _removed(layer: HiddenLayer, removals: Sequence[Removal]) -> dict[str, Rows]:
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
    return rows
