"""Units whose activation is linear on a box of inputs: those that are always off are constant, those always on are as many as needed.

Bounds of all values say on which line of its activation a unit stays. Units on a line are affine functions of what the layer reads:
those that depend on others are given to these, and where the map of what is left, from the layer's input to what reads it, has a
smaller rank, as many new units take their place, with biases that keep them on. Where all units of a layer are on, the two matrices
around it are one, if that has fewer numbers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.channel_relations import Combined
from neurovariety.certificates.network_nodes import Line
from neurovariety.certificates.network_rewrites import Rows
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import channelwise, operation
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, in_floats, to_fractions
from neurovariety.checkpoints.layers.bottlenecks import MOST_NARROWED, likely_rank, row_basis
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Reader, hidden_layers
from neurovariety.checkpoints.layers.neuron_rows import exact_rows
from neurovariety.checkpoints.layers.removals import Combination, Removal, RemovedUnits, columns, takes_constants, with_bias
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.rings.ring import Array

_MOST_MERGED = 2**24
"""Products that it may take to make one matrix of two, over Q."""
_PLAIN: Line = (Fraction(1), Fraction(0))


@dataclass(frozen=True, eq=False)
class _Settled:
    """The units of a layer that stay on a line of the one activation that all readers see through linear maps."""

    network: Network
    layer: HiddenLayer
    lines: list[Line | None]

    @property
    def constants(self) -> bool:
        """Whether every reader can take a constant into its bias."""
        return all(keeps_constants(r) for r in self.layer.readers)

    @property
    def on(self) -> list[int]:
        """The units on a line that is not constant."""
        return [i for i, line in enumerate(self.lines) if line is not None and line[0]]


def keeps_constants(reader: Reader) -> bool:
    """Whether a constant channel stays one up to the reader's bias."""
    return takes_constants(reader) and not any(operation(n).pads(n) for n in reader.path)


def settled_pruned(network: Rewritten, box: Box | None, seed: int) -> tuple[Rewritten, RemovedUnits]:
    """The network without units that are constant or not needed on the box (None: at all inputs), and how many went, layer and reason.

    One pass over all layers, from the input on. Raises `NotShown` for a box of other inputs.
    """
    removed: RemovedUnits = Counter()
    bounds = BoxBounds(network.network, box)
    for name in [x.producer.name for x in hidden_layers(network.network)[0]]:
        layer = next((x for x in hidden_layers(network.network)[0] if x.producer.name == name), None)
        if layer is None:
            continue
        merged = _merged(network.network, layer, bounds)
        if merged is not None:
            network = network.merged_on_box(layer, merged, box)
            removed[name, "always on"] += layer.width
            bounds = BoxBounds(network.network, box)
            continue
        found = _settled(network.network, layer, bounds)
        if found is None:
            continue
        removals = _removals(found, seed)
        if removals:
            network = network.without_on_box(layer, removals, box)
            removed.update((name, r.reason) for r in removals)
            layer = next(x for x in hidden_layers(network.network)[0] if x.producer.name == name)
            bounds = BoxBounds(network.network, box)
            found = _settled(network.network, layer, bounds)
        fewer = None if found is None else _recombined(found, box, seed)
        if fewer is not None:
            after, rows, gone = fewer
            network = network.replaced_on_box(after, {layer.producer.name: rows}, box)
            bounds = BoxBounds(network.network, box)
            removed[name, "always on"] += gone
    return network, removed


def _settled(network: Network, layer: HiddenLayer, bounds: BoxBounds) -> _Settled | None:
    """None where the layer has no such activation, or no unit that stays on a line."""
    if layer.linear or layer.parts > 1 or layer.width < 2:
        return None
    rests = [r.path[len(layer.leading) :] for r in layer.readers]
    if any(not rest or rest[0].function is None or not all(_linear(n) for n in rest[1:]) for rest in rests):
        return None
    if len({rest[0].name for rest in rests}) != 1:
        return None
    shape = network.shapes()[layer.producer.name]
    made_by = operation(layer.producer).affine
    assert made_by is not None
    lines = bounds.settled(rests[0][0], made_by.axis % len(shape))
    return _Settled(network, layer, lines) if any(line is not None for line in lines) else None


def _merged(network: Network, layer: HiddenLayer, bounds: BoxBounds) -> Network | None:
    """V (W x + b) + c as one matrix, where every unit between is on; None where that is not so, or has no fewer numbers."""
    maker, reader = layer.producer, layer.readers[0].node
    path = layer.readers[0].path
    if len(layer.readers) > 1 or not path or {n.kind for n in path} != {"activation"} or {maker.kind, reader.kind} != {"linear"}:
        return None
    w, v = (np.asarray(network.weights[n.weights["weight"]]) for n in (maker, reader))
    bends = [n for n in path if not operation(n).idle(n, (), ())]
    if v.size + w.size + len(w) <= len(v) * w.shape[1] or v.size * w.shape[1] > _MOST_MERGED or not bends:
        return None
    axis = len(network.shapes()[maker.name]) - 1
    if any(line != _PLAIN for n in bends for line in bounds.settled(n, axis)):
        return None
    made = exact_matmul(to_fractions(v), to_fractions(w))
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    weights[reader.weights["weight"]] = in_floats(made)
    if "bias" in maker.weights:
        after, key = with_bias(reader, weights)
        shift = exact_matmul(to_fractions(v), to_fractions(network.weights[maker.weights["bias"]])[:, None])[:, 0]
        weights[key] = in_floats(shift + to_fractions(weights[key]) if key in weights else shift)
        nodes[reader.name] = after
    nodes[reader.name] = replace(nodes[reader.name], inputs=maker.inputs)
    for key in maker.weights.values():
        del weights[key]
    gone = {maker.name, *(n.name for n in path)}
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes if n.name not in gone), weights=weights)


def _linear(node: Node) -> bool:
    record = channelwise(node)
    return record is not None and record.linear


def _removals(found: _Settled, seed: int) -> list[Removal]:
    """Units that are always off, and those on a line that depend on others; at least one unit stays."""
    layer, network = found.layer, found.network
    off = [i for i, line in enumerate(found.lines) if line is not None and not line[0]]
    out = {
        i: Removal(i, (Combination((), line[1]),) * len(layer.readers), "always off")
        for i in off
        if (line := found.lines[i]) is not None and (not line[1] or found.constants)
    }
    on = found.on
    if 1 < len(on) <= MOST_NARROWED:
        rows = exact_rows(network, layer, on)
        held = rows[:, :-1] if found.constants else rows
        if likely_rank(held, seed) < len(on):
            combine, kept = row_basis(held)
            for k in sorted(set(range(len(on))) - set(kept)):
                removal = _given(found, on, rows, k, list(zip(kept, combine[k].tolist(), strict=True)))
                if removal is not None:
                    out[on[k]] = removal
    if len(out) == layer.width:
        out.pop(max(out))
    return [out[i] for i in sorted(out)]


def _given(found: _Settled, on: list[int], rows: Array, k: int, terms: list[tuple[int, Fraction]]) -> Removal | None:
    """Unit ``on[k]`` as the combination of others whose rows without their biases are its own."""
    named = [(m, c) for m, c in terms if c]
    apart = rows[k, -1] - sum((c * rows[m, -1] for m, c in named), Fraction(0))
    made = Combination(tuple((on[m], c) for m, c in named), apart)
    line = found.lines[on[k]]
    assert line is not None
    after, constant = [], line[0] * apart + line[1]
    for j, c in made.terms:
        other = found.lines[j]
        assert other is not None
        factor = line[0] * c / other[0]
        after.append((j, factor))
        constant -= factor * other[1]
    if constant and not found.constants:
        return None
    return Removal(on[k], (Combination(tuple(after), constant),) * len(found.layer.readers), "always on", made)


def _recombined(found: _Settled, box: Box | None, seed: int) -> tuple[Network, Rows, int] | None:
    """Fewer units for those that are on, where what reads them has a smaller rank; what the new ones are of the old ones.

    With V y read of the old units y = W x + b, and V = C D, the new ones are D W x + D b + t, with t so large that they stay on.
    """
    layer, network = found.layer, found.network
    on = [i for i in found.on if found.lines[i] == _PLAIN]
    if layer.leading or not found.constants or not 1 < len(on) <= MOST_NARROWED:
        return None
    read = [columns(network, r) for r in layer.readers]
    if any(not np.array_equal(np.sort(r.channel), np.arange(layer.width)) for r in layer.readers):
        stacks = None  # a flattened layer: each channel has several columns
    else:
        stacks = [w[:, np.argsort(r.channel)] for r, w in zip(layer.readers, read, strict=True)]
    if stacks is None:
        return None
    tall = np.concatenate([np.moveaxis(to_fractions(w[:, on]), 1, 2).reshape(-1, len(on)) for w in stacks])
    if likely_rank(tall.T, seed) == len(on):
        return None
    combine, kept = row_basis(tall)
    if not kept or len(kept) >= len(on):
        return None
    factors = tall[kept]
    rows = exact_rows(network, layer, on)
    made = exact_matmul(factors, rows)
    rest = [i for i in range(layer.width) if i not in set(on)]
    shifts = _kept_on(network, layer, made, rest, box)
    if shifts is None:
        return None
    made[:, -1] = made[:, -1] + shifts
    after = _with_rows(network, layer, rest, made)
    weights, nodes, start = dict(after.weights), {n.name: n for n in after.nodes}, 0
    for r, w in zip(layer.readers, stacks, strict=True):
        outs, places = w.shape[0], w.shape[2]
        part = combine[start : start + outs * places].reshape(outs, places, len(kept))
        start += outs * places
        new = np.concatenate([to_fractions(w[:, rest]), np.moveaxis(part, 2, 1)], axis=1)
        shape = np.shape(network.weights[r.node.weights["weight"]])
        weights[r.node.weights["weight"]] = new.reshape(outs, len(rest) + len(kept), *shape[2:])
        nodes[r.node.name], key = with_bias(r.node, weights)
        less = -(part * shifts[None, None, :]).reshape(outs, -1).sum(axis=1)
        weights[key] = less + to_fractions(weights[key]) if key in weights else less
    after = replace(after, nodes=tuple(nodes[n.name] for n in after.nodes), weights=weights)
    terms: dict[int, Combined | None] = {
        len(rest) + k: (tuple((i, c) for i, c in zip(on, row, strict=True) if c), shifts[k]) for k, row in enumerate(factors.tolist())
    }
    return after, Rows(np.array([*rest, *[-1] * len(kept)]), terms), len(on) - len(kept)


def _kept_on(network: Network, layer: HiddenLayer, made: Array, rest: list[int], box: Box | None) -> Array | None:
    """What has to be added to the new units so that they are never negative; None where no bound is known."""
    after = _with_rows(network, layer, rest, made)
    until = 1 + [n.name for n in after.nodes].index(layer.producer.name)
    low = BoxBounds(replace(after, nodes=after.nodes[:until], output=layer.producer.name), box).found[layer.producer.name]
    if low is None:
        return None
    made_by = operation(layer.producer).affine
    assert made_by is not None
    least = np.moveaxis(low[0], made_by.axis, 0)[len(rest) :]
    ends = least.reshape(len(made), -1).min(axis=1)
    if not np.all(np.isfinite(ends)):
        return None
    out = np.empty(len(made), dtype=object)
    out[:] = [Fraction(0) if v >= 0 else Fraction(float(np.ldexp(np.ceil(np.ldexp(-v * (1 + 2.0**-20), 10)), -10))) for v in ends]
    return out


def _with_rows(network: Network, layer: HiddenLayer, rest: list[int], made: Array) -> Network:
    """The network whose layer makes some of its units, and others with these rows, bias last."""
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    key = layer.producer.weights["weight"]
    old = to_fractions(network.weights[key])
    weights[key] = np.concatenate([old[rest], made[:, :-1].reshape(len(made), *old.shape[1:])])
    nodes[layer.producer.name], bias = with_bias(layer.producer, weights)
    before = to_fractions(weights[bias]) if bias in weights else to_fractions(np.zeros(len(old)))
    weights[bias] = np.concatenate([before[rest], made[:, -1]])
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)
