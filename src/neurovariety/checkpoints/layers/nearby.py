"""The nearest network with redundant neurons, within a tolerance: weights moved onto strata, so that exact pruning finds them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_floats, to_fractions
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, hidden_layers
from neurovariety.checkpoints.layers.nearest_strata import read_norms
from neurovariety.checkpoints.layers.neuron_relations import scalings
from neurovariety.checkpoints.layers.neuron_rows import float_rows, nearest_pairs, of_size_one
from neurovariety.rings.ring import Array


def nearby(network: Network, tolerance: float) -> tuple[Network, int]:
    """A network with the same graph whose weights were moved, and how many neurons were.

    A neuron within ``tolerance`` (part of the norm of its row) of a permitted multiple of another becomes that multiple; a row
    or the weights that read a neuron become zero where their norm is below that part of the largest in the layer. Matrices between
    linear maps lose singular values below that part of the largest. Layers with batch norm and those
    beside grouped convolutions keep their rows.
    """
    changed = 0
    for layer in hidden_layers(network)[0]:
        if layer.linear:
            network, moved = _lower_rank(network, layer, tolerance)
        else:
            network, moved = _onto_strata(network, layer, tolerance)
        changed += moved
    return network, changed


def _onto_strata(network: Network, layer: HiddenLayer, tolerance: float) -> tuple[Network, int]:
    if layer.leading or layer.parts > 1 or any(r.undoes is not r.node for r in layer.readers):
        return network, 0
    rows, _ = of_size_one(float_rows(network, layer))  # only ratios are used
    kinds = {scalings(a) for a in layer.activations}
    kind = kinds.pop() if len(kinds) == 1 else "none"
    norms = np.linalg.norm(rows, axis=1)
    read, _ = read_norms(network, layer)
    unread = (read <= tolerance * read.max(initial=0.0)) & (read > 0)
    weights: dict[str, Array] = {}
    for r in layer.readers if unread.any() else ():
        key = r.node.weights["weight"]
        weights[key] = np.array(network.weights[key])
        weights[key][:, unread[r.channel]] = 0
    distance, partner = nearest_pairs(rows, kind)
    target: dict[int, int] = {}
    moved = int(unread.sum())
    for i in np.argsort(distance).tolist():
        j = int(partner[i])
        if j < 0 or unread[i] or unread[j] or i in target or j in target or i in target.values():
            continue
        if 0 < distance[i] <= tolerance * max(norms[i], norms[j]) and rows[j] @ rows[j] > 0:
            target[i] = j
    small = (norms <= tolerance * norms.max(initial=0.0)) & (norms > 0) & ~unread
    small[list(target)] = False
    small[list(target.values())] = False
    moved += len(target) + int(small.sum())
    if target or small.any():
        weights |= _moved_rows(network, layer, rows, target, np.flatnonzero(small).tolist(), kind)
    return network.with_weights(weights), moved


def _moved_rows(
    network: Network, layer: HiddenLayer, rows: Array, target: dict[int, int], small: list[int], kind: str
) -> dict[str, Array]:
    weight_key, bias_key = layer.producer.weights["weight"], layer.producer.weights.get("bias")
    weight = np.array(network.weights[weight_key], dtype=object)
    weight[...] = to_fractions(network.weights[weight_key])
    bias = None if bias_key is None else to_fractions(network.weights[bias_key])
    for i, j in target.items():
        inner = float(rows[i] @ rows[j])
        c = Fraction(inner / float(rows[j] @ rows[j])) if kind in ("any", "positive") else Fraction(-1 if inner < 0 else 1)
        weight[i] = c * weight[j] if kind != "none" else weight[j]
        if bias is not None:
            bias[i] = c * bias[j] if kind != "none" else bias[j]
    for i in small:
        weight[i] = Fraction(0)
        if bias is not None:
            bias[i] = Fraction(0)
    return {weight_key: weight} | ({} if bias is None or bias_key is None else {bias_key: bias})


def _lower_rank(network: Network, layer: HiddenLayer, tolerance: float) -> tuple[Network, int]:
    """Truncate the singular values of the first matrix; the truncated one is a product of exact factors, so its rank is exact."""
    key = layer.producer.weights["weight"]
    weight, exponent = of_size_one(to_floats(network.weights[key]))
    u, s, v = np.linalg.svd(weight, full_matrices=False)
    keep = int((s > tolerance * s.max(initial=0.0)).sum())
    if keep == np.linalg.matrix_rank(weight):
        return network, 0
    product = exact_matmul(to_fractions(u[:, :keep] * s[:keep]), to_fractions(v[:keep])) * Fraction(2) ** exponent
    return network.with_weights({key: product}), len(s) - keep
