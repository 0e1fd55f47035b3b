"""The symmetry group acting: permute and scale the neurons of a hidden layer, or change the base between two matrices, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
from jaxtyping import Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_fractions
from neurovariety.checkpoints.layers.grouped_channels import dense, gathered, groups_of
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, Reader, normalization
from neurovariety.checkpoints.layers.neuron_relations import affine, pushed
from neurovariety.checkpoints.layers.removals import with_bias
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array


def permuted_and_scaled(network: Network, layer: HiddenLayer, order: Sequence[int], scales: Sequence[Fraction]) -> Network:
    """The same function with neuron i being ``scales[i]`` times the old neuron ``order[i]``; weights become exact where scaled.

    Raises `InputError` where the activation does not carry such a scaling, or batch norm follows the layer's map (fold it first).
    """
    if layer.leading and any(s != 1 for s in scales):
        raise InputError("neurons with a batch norm are scaled after the batch norm was folded into their weights")
    order = list(order)
    weights, nodes = dict(network.weights), {n.name: n for n in network.nodes}
    scaled = any(s != 1 for s in scales)
    factor = np.array(list(scales), dtype=object)
    for key in layer.producer.weights.values():
        rows = np.asarray(network.weights[key])[order]
        weights[key] = to_fractions(rows) * factor.reshape(-1, *(1 for _ in rows.shape[1:])) if scaled else rows
    for node in {n.name: n for r in layer.readers for n in r.path}.values():
        for key in node.weights.values():
            weights[key] = np.asarray(network.weights[key])[order]
    for reader in layer.readers:
        undone = {} if reader.undoes is not reader.node else _factors(network, layer, reader, order, scales)
        new, shift = _moved_columns(network, reader, order, undone, scaled)
        weights[reader.node.weights["weight"]] = gathered(new, groups_of(reader.node))
        _shifted(nodes, weights, reader.node, shift)
    for reader in {r.undoes.name: r for r in layer.readers if r.undoes is not r.node}.values():
        _scaled_filters(nodes, weights, reader.undoes, _factors(network, layer, reader, order, scales))
    return replace(network, nodes=tuple(nodes[n.name] for n in network.nodes), weights=weights)


def _factors(
    network: Network, layer: HiddenLayer, reader: Reader, order: Sequence[int], scales: Sequence[Fraction]
) -> dict[int, tuple[Fraction, Fraction]]:
    """New channel -> (a, b): what reaches the map that undoes its scaling is a times what did before, plus b."""
    out = {}
    for i, (j, s) in enumerate(zip(order, scales, strict=True)):
        if s == 1:
            continue
        relation = pushed(network, reader.before_filters, j, j, (Fraction(s), Fraction(0)))
        beside = operation(reader.undoes).pads(reader.undoes)
        if relation is None or relation[0] == 0 or (relation[1] and beside):
            raise InputError(f"the activation after {layer.producer.place} does not carry a scaling by {s}")
        out[i] = relation
    return out


def _moved_columns(
    network: Network, reader: Reader, order: Sequence[int], undone: Mapping[int, tuple[Fraction, Fraction]], exact: bool
) -> tuple[Array, Array | None]:
    """The weight of a reader with its columns in the new order and divided, and what that adds to its bias."""
    old = dense(np.asarray(network.weights[reader.node.weights["weight"]]), groups_of(reader.node))
    new = to_fractions(old) if exact else np.array(old)
    shift: Array | None = None
    for i, j in enumerate(order):
        to, at = reader.channel == i, reader.channel == j
        column = old[:, at] if not exact else to_fractions(old[:, at])
        a, b = undone.get(i, (Fraction(1), Fraction(0)))
        new[:, to] = column if a == 1 else column / a
        if b:
            term = -b * new[:, to].reshape(len(new), -1).sum(axis=1)
            shift = term if shift is None else shift + term
    return new, shift


def _scaled_filters(
    nodes: dict[str, Node], weights: dict[str, Array], node: Node, undone: Mapping[int, tuple[Fraction, Fraction]]
) -> None:
    """Divide the filters of a depthwise convolution, which are in the new order already."""
    if not undone:
        return
    weight = to_fractions(weights[node.weights["weight"]])
    shift = to_fractions(np.zeros(len(weight)))
    for i, (a, b) in undone.items():
        weight[i] = weight[i] / a
        shift[i] = -b * weight[i].sum()
    weights[node.weights["weight"]] = weight
    _shifted(nodes, weights, node, shift if any(shift) else None)


def _shifted(nodes: dict[str, Node], weights: dict[str, Array], node: Node, shift: Array | None) -> None:
    """Add to the bias of a node, which may have had none."""
    if shift is None:
        return
    nodes[node.name], bias = with_bias(nodes[node.name], weights)
    weights[bias] = shift + to_fractions(weights[bias]) if bias in weights else shift


def base_changed(
    network: Network, layer: HiddenLayer, base: Shaped[np.ndarray, "width width"], shift: Shaped[np.ndarray, " width"]
) -> Network:
    """W, b -> G W, G b + c and V, d -> V / G, d - V / G c, for the invertible matrix G and the vector c of Fractions."""
    producer, reader = layer.producer, layer.readers[0].node
    weights = dict(network.weights)
    inverse = inverted(base)
    weights[producer.weights["weight"]] = exact_matmul(base, to_fractions(network.weights[producer.weights["weight"]]))
    second = exact_matmul(to_fractions(network.weights[reader.weights["weight"]]), inverse)
    weights[reader.weights["weight"]] = second
    if "bias" in producer.weights:
        bias = to_fractions(network.weights[producer.weights["bias"]])
        weights[producer.weights["bias"]] = exact_matmul(base, bias[:, None])[:, 0] + shift
    if any(shift):
        key = reader.weights["bias"]
        weights[key] = to_fractions(network.weights[key]) - exact_matmul(second, shift[:, None])[:, 0]
    return replace(network, weights=weights)


def inverted(matrix: Shaped[np.ndarray, "n n"]) -> Shaped[np.ndarray, "n n"]:
    """The inverse of a square matrix of Fractions; `ZeroDivisionError` where there is none."""
    n = len(matrix)
    found = flint.fmpq_mat(n, n, [flint.fmpq(v.numerator, v.denominator) for v in matrix.reshape(-1).tolist()]).inv()
    out = np.empty((n, n), dtype=object)
    for i in range(n):
        for k in range(n):
            out[i, k] = Fraction(int(found[i, k].p), int(found[i, k].q))
    return out


def folded(network: Network) -> Network:
    """The same function without the batch norms that directly follow a matrix or convolution: they go into its weights, exactly."""
    readers = Counter(n for node in network.nodes for n in node.inputs)
    uses = Counter(k for node in network.nodes for k in node.weights.values())
    nodes, weights = {n.name: n for n in network.nodes}, dict(network.weights)
    for node in network.nodes:
        before = nodes.get(node.inputs[0]) if normalization(node) is not None else None
        made_by = None if before is None else operation(before).affine
        if before is None or made_by is None or readers[before.name] > 1 or before.name == network.output:
            continue
        if any(uses[k] > 1 for k in before.weights.values()):
            continue
        if made_by.axis % len(network.shapes()[before.name]) != 0:
            continue  # channels of a batch norm are the first axis, those of a matrix the last
        t, u = affine(network, node)
        weight = to_fractions(weights[before.weights["weight"]])
        made, key = with_bias(before, weights)
        old = to_fractions(weights[key]) if key in weights else to_fractions(np.zeros(len(t)))
        weights[before.weights["weight"]] = weight * t.reshape(-1, *(1 for _ in weight.shape[1:]))
        weights[key] = old * t + u
        del nodes[before.name]
        nodes[node.name] = replace(made, name=node.name)
    order = [n.name for n in network.nodes if n.name in nodes]
    used = {k for n in nodes.values() for k in n.weights.values()}
    kept = {k: v for k, v in weights.items() if k in used}
    return replace(network, nodes=tuple(nodes[n] for n in order), weights=kept, fixed=network.fixed & used)
