"""The symmetry that carries one network as near as possible to another: its neurons permuted and scaled, its matrices in another base.

A search: what it finds is exact, and whether it makes the weights equal is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.canonical_form import row_pivots
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import exact_matmul, to_floats, to_fractions
from neurovariety.checkpoints.layers.gated_matching import units_matched
from neurovariety.checkpoints.layers.grouped_channels import assigned
from neurovariety.checkpoints.layers.head_matching import heads_matched
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer, hidden_layers
from neurovariety.checkpoints.layers.layer_actions import inverted
from neurovariety.checkpoints.layers.layer_symmetries import kind_of
from neurovariety.checkpoints.layers.neuron_rows import exact_rows, float_rows, of_size_one
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array

_SHOWN = 64
"""Widest layer whose permutation and scalings are written into the evidence."""


def carried(first: Rewritten, second: Network) -> tuple[Rewritten, list[Mapping[str, object]]]:
    """The first network moved towards the second, layer by layer from the input on, and what was done."""
    done: list[Mapping[str, object]] = []
    targets = dict(zip((n.name for n in first.network.nodes), second.nodes, strict=True))
    others = {x.producer.name: x for x in hidden_layers(second)[0]}
    for name in [x.producer.name for x in hidden_layers(first.network)[0]]:
        layer = next((x for x in hidden_layers(first.network)[0] if x.producer.name == name), None)
        goal = others.get(targets[name].name)
        if layer is None or goal is None:
            continue
        try:
            first, record = _based(first, second, layer, goal) if layer.linear else _matched(first, second, layer, goal)
        except (InputError, ZeroDivisionError, np.linalg.LinAlgError):  # no member of the group gets nearer: the comparison says so
            continue
        done.append(record)
    first, units = units_matched(first, second)
    first, heads = heads_matched(first, second)
    return first, [*done, *units, *heads]


def _matched(moved: Rewritten, second: Network, layer: HiddenLayer, goal: HiddenLayer) -> tuple[Rewritten, Mapping[str, object]]:
    """Neurons paired so that rows agree best, and scaled."""
    first = moved.network
    kind = "none" if layer.leading else kind_of(layer)
    (mine, size), (theirs, other) = of_size_one(float_rows(first, layer)), of_size_one(float_rows(second, goal))
    if kind not in ("any", "positive"):  # rows are compared as they are, so in the same units
        mine, theirs = (np.ldexp(rows, at - max(size, other)) for rows, at in ((mine, size), (theirs, other)))
    if kind in ("any", "positive"):
        cosine = _unit(theirs) @ _unit(mine).T
        gain = np.abs(cosine) if kind == "any" else cosine
    else:
        squares = (theirs**2).sum(axis=1)[:, None] + (mine**2).sum(axis=1)[None, :]
        inner = theirs @ mine.T
        gain = 2 * (np.abs(inner) if kind == "sign" else inner) - squares
    order = assigned(gain, layer.parts)
    exact_mine, exact_theirs = exact_rows(first, layer), exact_rows(second, goal)
    scales = [_scale(exact_mine[j], exact_theirs[i], mine[j], theirs[i], kind) for i, j in enumerate(order)]
    moved = moved.permuted_and_scaled(layer, order, scales)
    record: dict[str, object] = {"layer": layer.producer.path or layer.producer.name, "kind": kind, "width": layer.width}
    if layer.width <= _SHOWN:
        record |= {"permutation": order, "scalings": [str(s) for s in scales]}
    return moved, record


def _unit(rows: Array) -> Array:
    _, exponents = np.frexp(np.abs(rows).max(axis=1, initial=0.0))
    sized = np.ldexp(rows, -exponents[:, None])  # squares of tiny rows would be 0
    norms = np.linalg.norm(sized, axis=1, keepdims=True)
    return np.asarray(sized / np.where(norms > 0, norms, 1))


def _scale(mine: Array, theirs: Array, mine_float: Array, theirs_float: Array, kind: str) -> Fraction:
    if kind == "none":
        return Fraction(1)
    if kind == "sign":
        return Fraction(-1 if float(mine_float @ theirs_float) < 0 else 1)
    k = int(np.abs(theirs_float).argmax())
    if not mine[k] or not theirs[k] or (kind == "positive" and (mine[k] > 0) != (theirs[k] > 0)):
        return Fraction(1)
    return Fraction(theirs[k]) / Fraction(mine[k])


def _based(moved: Rewritten, second: Network, layer: HiddenLayer, goal: HiddenLayer) -> tuple[Rewritten, Mapping[str, object]]:
    """The base change G with W_b = G W_a: exact on pivot columns, by least squares where rounding spoils that."""
    first = moved.network
    w = to_fractions(first.weights[layer.producer.weights["weight"]])
    target = to_fractions(second.weights[goal.producer.weights["weight"]])
    pivots = row_pivots(w)
    base = exact_matmul(target[:, pivots], inverted(w[:, pivots])) if len(pivots) == layer.width else None
    if base is None or np.any(exact_matmul(base, w) != target):
        base = to_fractions(np.linalg.lstsq(to_floats(w).T, to_floats(target).T, rcond=None)[0].T)
    shift = to_fractions(np.zeros(layer.width))
    if "bias" in layer.producer.weights and "bias" in layer.readers[0].node.weights:
        b = to_fractions(first.weights[layer.producer.weights["bias"]])
        shift = to_fractions(second.weights[goal.producer.weights["bias"]]) - exact_matmul(base, b[:, None])[:, 0]
    record: dict[str, object] = {"layer": layer.producer.path or layer.producer.name, "kind": "base change", "width": layer.width}
    if layer.width <= _SHOWN // 4:
        record |= {"matrix": [[str(v) for v in row] for row in base], "shift": [str(v) for v in shift]}
    return moved.base_changed(layer, base, shift), record
