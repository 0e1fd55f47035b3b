"""Gated units of two networks matched: by assignment, each factor scaled as its activation allows. A search."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from scipy.optimize import linear_sum_assignment

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats, to_fractions
from neurovariety.checkpoints.layers.gated_units import GatedLayer, branch_rows, gated_layers
from neurovariety.checkpoints.layers.rewritten import Rewritten

_SHOWN = 64
"""Widest layer whose permutation and scalings are written into the evidence."""


def units_matched(first: Rewritten, second: Network) -> tuple[Rewritten, list[Mapping[str, object]]]:
    """The first network with its gated units moved towards those of the second, which has the same graph, and what was done."""
    done: list[Mapping[str, object]] = []
    names = {n.name: m.name for n, m in zip(first.network.nodes, second.nodes, strict=True)}
    goals = {x.product.name: x for x in gated_layers(second)}
    for product in [x.product.name for x in gated_layers(first.network)]:
        layer = next(x for x in gated_layers(first.network) if x.product.name == product)
        goal = goals.get(names[product])
        if goal is None or layer.width != goal.width or [b.first for b in layer.branches] != [b.first for b in goal.branches]:
            continue
        mine, theirs = ([branch_rows(net, x, k) for k in (0, 1)] for net, x in ((first.network, layer), (second, goal)))
        order = _order(layer, mine, theirs)
        scales = []
        for i, j in enumerate(order):
            one, two = (_scale(b.kind, p[j], q[i]) for b, p, q in zip(layer.branches, mine, theirs, strict=True))
            scales.append((one, two))
        moved = first.units_moved(layer, order, scales)
        if moved is None:
            scales = [(Fraction(1), Fraction(1))] * layer.width
            moved = first.units_moved(layer, order, scales)
        if moved is None:
            continue
        first = moved
        record: dict[str, object] = {"layer": layer.place, "kind": "gated units", "width": layer.width}
        if layer.width <= _SHOWN:
            record |= {"permutation": order, "scalings": [[str(v) for v in pair] for pair in scales]}
        done.append(record)
    return first, done


def _order(layer: GatedLayer, mine: list[Array], theirs: list[Array]) -> list[int]:
    gain = np.zeros((layer.width, layer.width))
    for branch, one, two in zip(layer.branches, mine, theirs, strict=True):
        p, q = (to_floats(rows) for rows in (one, two))
        size = max(float(np.abs(v).max(initial=0.0)) for v in (p, q)) or 1.0
        p, q = np.nan_to_num(p / size, posinf=1.0, neginf=-1.0), np.nan_to_num(q / size, posinf=1.0, neginf=-1.0)
        inner = q @ p.T
        norms = np.linalg.norm(q, axis=1)[:, None] * np.linalg.norm(p, axis=1)[None, :]
        if branch.kind in ("any", "positive"):
            cosine = np.divide(inner, norms, out=np.zeros_like(inner), where=norms > 0)
            gain += np.abs(cosine) if branch.kind == "any" else cosine
        else:
            inner = np.abs(inner) if branch.kind == "sign" else inner
            squares = (q**2).sum(axis=1)[:, None] + (p**2).sum(axis=1)[None, :]
            gain += np.divide(2 * inner - squares, squares, out=np.zeros_like(inner), where=squares > 0)
    return [int(k) for k in linear_sum_assignment(gain, maximize=True)[1]]


def _scale(kind: str, mine: Array, theirs: Array) -> Fraction:
    """The factor that carries the largest weight of a row to its counterpart, as far as the activation allows."""
    k = int(np.abs(to_floats(theirs)).argmax())
    p, q = (Fraction(to_fractions(row[k : k + 1])[0]) for row in (mine, theirs))
    if kind == "none" or not p or not q or (kind == "positive" and (p > 0) != (q > 0)):
        return Fraction(1)
    if kind == "sign":
        return Fraction(1 if (p > 0) == (q > 0) else -1)
    return q / p
