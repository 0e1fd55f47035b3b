"""A canonical form of weights: one network out of all that the known symmetries carry into each other.

Batch norm is folded in and redundant neurons are removed; then, from the input on, each hidden layer's rows are scaled to a normal
form (as the activation allows) and sorted, and matrices in a row get a first one in reduced echelon form. All exact: two networks are
related by the known group exactly when their canonical forms are equal. Heads of attentions and gated units are left as they are: of
networks with these, equal forms say that they are related, and different ones say nothing.
"""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.exact_arrays import same
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import to_fractions
from neurovariety.checkpoints.layers.head_matching import apart
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, hidden_layers
from neurovariety.checkpoints.layers.layer_actions import inverted
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import exact_rows
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.load import whole_network
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED

_LEAST = Fraction(1, 2**60)
"""What is left at least where weights are not equal."""


def canonical_form(network: object, *, architecture: object = None, example: object = None, seed: int = DEFAULT_SEED) -> Network:
    """The canonical form of a trained network, with weights of exact Fractions; its function is that of the network.

    ``network``, ``architecture`` and ``example`` are what `load_network` takes. Rows are scaled to a first nonzero weight of 1 (any
    scaling), absolute values that add up to 1 (positive), or a positive first nonzero weight (sign), and sorted. Raises `InputError`
    for a network that cannot be read.
    """
    source = whole_network(network, architecture=architecture, example=example)
    found, _ = exactly_pruned(Rewritten.of(source).folded(), seed)
    return canonical(found).network


def canonical(found: Rewritten) -> Rewritten:
    """The canonical form of a network that was folded and pruned."""
    for name in [layer.producer.name for layer in hidden_layers(found.network)[0]]:
        layer = next(x for x in hidden_layers(found.network)[0] if x.producer.name == name)
        found = _echelon(found, layer) if layer.linear else _sorted(found, layer)
    return found


def _sorted(network: Rewritten, layer: HiddenLayer) -> Rewritten:
    rows = exact_rows(network.network, layer)
    kind = "none" if layer.leading else kind_of(layer)
    scales = [_scale(row, kind) for row in rows]
    normal = [tuple(s * v for v in row) for s, row in zip(scales, rows, strict=True)]
    each = layer.width // layer.parts
    order = sorted(range(layer.width), key=lambda i: (i // each, normal[i]))
    try:
        return network.permuted_and_scaled(layer, order, [scales[i] for i in order])
    except InputError:  # a scaling that a constant beside a zero padding would undo
        order = sorted(range(layer.width), key=lambda i: (i // each, tuple(rows[i])))
        return network.permuted_and_scaled(layer, order, [Fraction(1)] * layer.width)


def _scale(row: Array, kind: str) -> Fraction:
    first = next((Fraction(v) for v in row if v), None)
    if first is None or kind in ("none", "base change"):
        return Fraction(1)
    if kind == "any":
        return 1 / first
    if kind == "positive":
        return 1 / Fraction(sum(abs(v) for v in row))
    return Fraction(1 if first > 0 else -1)


def _echelon(found: Rewritten, layer: HiddenLayer) -> Rewritten:
    """W in reduced echelon form and its bias 0, as far as W has full row rank (it has, after pruning) and a bias can move on."""
    network = found.network
    weight = to_fractions(network.weights[layer.producer.weights["weight"]])
    pivots = row_pivots(weight)
    if len(pivots) < layer.width:
        return found
    base = inverted(weight[:, pivots])
    shift = to_fractions(np.zeros(layer.width))
    if "bias" in layer.producer.weights and "bias" in layer.readers[0].node.weights:
        bias = to_fractions(network.weights[layer.producer.weights["bias"]])
        shift = np.array([-sum((g * b for g, b in zip(row, bias, strict=True)), Fraction(0)) for row in base], dtype=object)
    return found.base_changed(layer, base, shift)


def row_pivots(matrix: Array) -> list[int]:
    """The pivot columns of the reduced echelon form of a matrix of Fractions."""
    m, n = matrix.shape
    reduced, found = flint.fmpq_mat(m, n, [flint.fmpq(v.numerator, v.denominator) for v in matrix.reshape(-1).tolist()]).rref()
    pivots, at = [], 0
    for r in range(found):
        while reduced[r, at] == 0:
            at += 1
        pivots.append(at)
    return pivots


def same_weights(a: Network, b: Network) -> bool:
    """Whether two networks have the same graph and equal weights, whatever their names."""
    return same_graph(a, b) and residual(a, b) == 0


def same_graph(a: Network, b: Network) -> bool:
    """Whether operations, attributes and shapes agree, node by node, whatever the names."""
    places = [{n.name: k for k, n in enumerate(x.nodes)} for x in (a, b)]
    if a.input_shape != b.input_shape or len(a.nodes) != len(b.nodes) or places[0][a.output] != places[1][b.output]:
        return False
    for n, m in zip(a.nodes, b.nodes, strict=True):
        if n.kind != m.kind or n.attributes != m.attributes or set(n.weights) != set(m.weights):
            return False
        if [places[0][i] for i in n.inputs] != [places[1][i] for i in m.inputs]:
            return False
        if any(np.shape(a.weights[k]) != np.shape(b.weights[m.weights[role]]) for role, k in n.weights.items()):
            return False
    return True


def residual(a: Network, b: Network) -> Fraction:
    """The largest difference of weights of two networks of one graph, relative to the largest weight of that neuron; exact.

    The weights of a neuron are its row of a matrix or convolution, with its bias; elsewhere each number is compared with itself. Of
    attentions the products of each head are compared, in float64, which do not depend on its bases.
    """
    worst, heads = Fraction(0), apart(a, b)
    for n, m in zip(a.nodes, b.nodes, strict=True):
        pairs = [(np.asarray(a.weights[k]), np.asarray(b.weights[m.weights[role]])) for role, k in n.weights.items()]
        if not pairs or all(same(x, y) for x, y in pairs):
            continue
        if n.name in heads:
            worst = max(worst, _LEAST, Fraction(heads[n.name]))
            continue
        if operation(n).affine is None:
            pairs = [(x.reshape(-1, 1), y.reshape(-1, 1)) for x, y in pairs]
            neurons = [(x[i], y[i]) for x, y in pairs for i in range(len(x))]
        else:
            p, q = (np.concatenate([to_fractions(pair[k]).reshape(len(pair[k]), -1) for pair in pairs], axis=1) for k in (0, 1))
            neurons = list(zip(p, q, strict=True))
        worst = max([worst, *(_apart(to_fractions(x).tolist(), to_fractions(y).tolist()) for x, y in neurons)])
    return worst


def _apart(one: list[Fraction], other: list[Fraction]) -> Fraction:
    gap = max((abs(v - w) for v, w in zip(one, other, strict=True)), default=Fraction(0))
    return gap / max(gap, *(abs(w) for w in other)) if gap else gap
