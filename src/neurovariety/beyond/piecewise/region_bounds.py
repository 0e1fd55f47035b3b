"""Bounds of the number of activation regions of a ReLU network by its widths alone, to stand beside the count.

Sources: Zaslavsky 1975 (one layer), Montufar, Pascanu, Cho and Bengio 2014 (the most that some weights have, from below), Montufar 2017
and Serra, Tjandraatmadja and Ramalingam 2018 (from above, any weights).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import comb, prod

from neurovariety.certificates.network_nodes import NetworkData, lines


def relu_widths(network: NetworkData) -> list[int] | None:
    """Inputs and hidden widths of a chain of dense layers with ReLU between them; None for any other network."""
    found: list[int] = list(network.input_shape) if len(network.input_shape) == 1 else []
    chain = ["input", "linear", *(("activation", "linear") * len(network.nodes))][: len(network.nodes)]
    if not found or [n.kind for n in network.nodes] != chain or network.nodes[-1].kind != "linear":
        return None
    for before, node in zip(network.nodes, network.nodes[1:], strict=False):
        if node.inputs != (before.name,) or (node.kind == "activation" and node.attributes.get("function") != "relu"):
            return None
        if node.kind == "linear":
            found.append(len(network.weights[node.weights["weight"]]))
    return found[:-1] if network.output == network.nodes[-1].name and all(lines(n.attributes) for n in network.nodes[2::2]) else None


def region_bounds(inputs: int, hidden: Sequence[int]) -> Mapping[str, int | None]:
    """Bounds by name: ``zaslavsky_first_layer`` (most regions, and ``bounded_first_layer`` bounded ones, of the first layer),
    ``montufar2014_lower`` (some weights have as many; None where a layer is narrower than the inputs), ``montufar2017_upper``,
    ``serra2018_upper`` and ``patterns`` (no weights have more)."""
    first = hidden[0] if hidden else 0
    narrow = [min(inputs, *hidden[: l + 1]) for l in range(len(hidden))]
    wide = all(m >= inputs for m in hidden)
    return {
        "zaslavsky_first_layer": _regions(first, inputs),
        "bounded_first_layer": comb(first - 1, inputs) if first else 0,
        "montufar2014_lower": prod((m // inputs) ** inputs for m in hidden[:-1]) * _regions(hidden[-1], inputs)
        if hidden and wide and inputs
        else None,
        "montufar2017_upper": prod(_regions(m, d) for m, d in zip(hidden, narrow, strict=True)),
        "serra2018_upper": _by_active_units(tuple(hidden), inputs),
        "patterns": 2 ** sum(hidden),
    }


def _regions(hyperplanes: int, dimension: int) -> int:
    """The regions of so many hyperplanes in general position."""
    return sum(comb(hyperplanes, j) for j in range(min(hyperplanes, dimension) + 1))


@cache
def _by_active_units(hidden: tuple[int, ...], dimension: int) -> int:
    """The sum over how many units of each layer are not active, which bounds the dimension of what passes on."""
    if not hidden:
        return 1
    m = hidden[0]
    return sum(comb(m, j) * _by_active_units(hidden[1:], min(dimension, m - j)) for j in range(min(m, dimension) + 1))
