"""Removing channels of a hidden layer without changing the function: what a removed one did is given to those that stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import channelwise, operation
from neurovariety.checkpoints.graph.three_arithmetics import in_floats, to_fractions
from neurovariety.checkpoints.layers.grouped_channels import dense, gathered, groups_of
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Reader
from neurovariety.rings.ring import Array


@dataclass(frozen=True)
class Combination:
    """value = sum of ``terms`` (channel -> factor) + ``constant``, at every input."""

    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction


@dataclass(frozen=True)
class Removal:
    """A channel that is an affine combination of others for each reader of the layer, and why.

    ``made`` is that of the values before the activation, where there is one already.
    """

    channel: int
    combinations: tuple[Combination, ...]
    reason: str
    made: Combination | None = None


RemovedUnits: TypeAlias = Counter[tuple[str, str]]
"""How many neurons went, by the producer of their layer and the reason."""


def by_reason(removed: RemovedUnits) -> Counter[str]:
    """How many neurons went, by reason."""
    out: Counter[str] = Counter()
    for (_, reason), count in removed.items():
        out[reason] += count
    return out


def by_layer(removed: RemovedUnits) -> dict[str, dict[str, int]]:
    """The same by the producer of their layer and the reason."""
    out: dict[str, dict[str, int]] = {}
    for (name, reason), count in removed.items():
        out.setdefault(name, {})[reason] = count
    return out


NOTHING = Combination((), Fraction(0))
"""What a reader loses with a channel that it does not read."""


def takes_constants(reader: Reader) -> bool:
    """Whether a constant channel can be folded into the reader's bias: not where zeros of a padding stand beside it."""
    return not operation(reader.node).pads(reader.node)


def columns(network: Network, reader: Reader) -> Shaped[np.ndarray, "out columns places"]:
    """The reader's weight as (out, columns, places); that of a grouped convolution with zeros at the columns of other groups."""
    weight = np.asarray(network.weights[reader.node.weights["weight"]])
    return dense(weight.reshape(weight.shape[0], weight.shape[1], -1), groups_of(reader.node))


def balanced(removals: Sequence[Removal], layer: HiddenLayer) -> list[Removal]:
    """As many of the removals as leave groups of equal length: an equal number of each group, and not all of it."""
    each = layer.width // layer.parts
    by_part: list[list[Removal]] = [[] for _ in range(layer.parts)]
    for r in removals:
        by_part[r.channel // each].append(r)
    most = min(each - 1, *(len(found) for found in by_part))
    return sorted((r for found in by_part for r in found[:most]), key=lambda r: r.channel)


def without(network: Network, layer: HiddenLayer, removals: Sequence[Removal]) -> Network:
    """The network with these channels gone, the same function. No removed channel may occur in a combination."""
    gone = {r.channel for r in removals}
    assert not any(j in gone for r in removals for c in r.combinations for j, _ in c.terms)
    kept = [i for i in range(layer.width) if i not in gone]
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    for key in layer.producer.weights.values():
        weights[key] = np.asarray(network.weights[key])[kept]
    path_without(network, layer.readers, layer.width, kept, weights, nodes)
    columns_without(network, layer.readers, removals, kept, weights, nodes)
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)


def path_without(
    network: Network, readers: Sequence[Reader], width: int, kept: list[int], weights: dict[str, Array], nodes: dict[str, Node]
) -> None:
    """Narrow the nodes on the way to the readers to the channels that stay."""
    for node in {n.name: n for r in readers for n in r.path}.values():
        record = channelwise(node)
        assert record is not None
        for key in node.weights.values():
            weights[key] = np.asarray(network.weights[key])[kept]
        nodes[node.name] = record.narrowed(node, width, len(kept))


def columns_without(
    network: Network,
    readers: Sequence[Reader],
    removals: Sequence[Removal],
    kept: list[int],
    weights: dict[str, Array],
    nodes: dict[str, Node],
) -> None:
    """Give what removed channels did to the columns of the others, and take theirs away."""
    for k, reader in enumerate(readers):
        moved = _moved(network, reader, [(r.channel, r.combinations[k]) for r in removals])
        weight, bias = moved
        stays = np.isin(reader.channel, kept)
        shape = np.shape(network.weights[reader.node.weights["weight"]])
        left = weight[:, stays].reshape(shape[0], int(stays.sum()), *shape[2:])
        weights[reader.node.weights["weight"]] = gathered(left, groups_of(reader.node))
        if bias is not None:
            node, key = with_bias(reader.node, weights)
            nodes[node.name] = node
            weights[key] = bias


def _moved(network: Network, reader: Reader, gone: list[tuple[int, Combination]]) -> tuple[Array, Array | None]:
    """The reader's weight and, where it changes, bias, after the removed channels were given to the others."""
    weight = columns(network, reader)
    change = [(i, c) for i, c in gone if c.terms or c.constant]
    if not change:
        return weight, None
    changed: dict[int, Array] = {}
    shift: Array | None = None
    for i, combination in change:
        mine = to_fractions(weight[:, reader.channel == i])
        for j, a in combination.terms:
            for k, column in zip(np.flatnonzero(reader.channel == j).tolist(), np.moveaxis(mine, 1, 0), strict=True):
                changed[k] = changed.get(k, to_fractions(weight[:, k])) + a * column
        if combination.constant:
            term = combination.constant * mine.sum(axis=(1, 2))
            shift = term if shift is None else shift + term
    exact = _with_columns(weight, changed)
    if shift is None:
        return exact, None
    if "bias" in reader.node.weights:
        shift = to_fractions(network.weights[reader.node.weights["bias"]]) + shift
    return exact, shift


def _with_columns(weight: Array, changed: dict[int, Array]) -> Array:
    """The weight with some columns replaced: float64 where every one is a float64 number (fast), else all in Fractions."""
    if not changed:
        return weight
    found = in_floats(np.stack(list(changed.values())))
    exact = weight.dtype == object or found.dtype == object
    out = to_fractions(weight) if exact else weight.astype(np.float64)
    for k, column in zip(changed, to_fractions(found) if exact else found, strict=True):
        out[:, k] = column
    return out


def with_bias(node: Node, weights: dict[str, Array]) -> tuple[Node, str]:
    """The node with a bias, and the key of that; a new key (with no array yet) where it had none."""
    if "bias" in node.weights:
        return node, node.weights["bias"]
    base = node.weights["weight"].removesuffix("weight").rstrip(".") or node.name
    key = f"{base}_bias" if base in weights else f"{base}.bias"
    while key in weights:
        key += "_"
    return replace(node, weights={**node.weights, "bias": key}), key
