"""Inputs at which a piecewise linear network is differentiable: those at a kink are moved, and entries that no input moves rest.

A maximum over a window is at a kink where two entries are the largest, unless both are constant for being off: then so is it.
At a kink, ReLU at 0 say, a network has no derivative by its weights. Such inputs are an accident of where they lie, or the entry is at
its kink at every input: a unit without weights, one that reads only units that are always off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, pairs, wholes
from neurovariety.checkpoints.graph.nonlinearity import PiecewiseLinear
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats, to_fractions
from neurovariety.randomness import generator

_MARGIN = 1e-9
"""Values within this part of the largest in their layer may have the wrong sign in float64."""
_MOVES = 6
"""How often an input at a kink is moved: a random move leaves a kink that is no region at once."""
_STEPS = 64
"""Moves are up to so many multiples of 2**-10 of the input's size."""


@dataclass(frozen=True, eq=False)
class OffKinks:
    """``inputs`` after the moves, ``values`` (activation -> (batch, entries) that it is applied to) there, which inputs are ``usable``.

    ``resting`` (activation -> entries): at a kink at every input.
    """

    inputs: Array
    values: dict[str, Array]
    usable: Array
    resting: dict[str, Array]


def off_kinks(activations: Sequence[Node], network: Network, inputs: Array, exact: bool) -> OffKinks:
    """Move the inputs that are at a kink, as often as it takes or `_MOVES` times."""
    rng = generator(0, "checkpoints.rank.kinks")
    inputs = np.array(to_fractions(inputs) if exact else to_floats(inputs))
    values = _before(activations, network, inputs, exact)
    near = _near(activations, values, exact, network)
    resting = {n.name: np.zeros(near[n.name].shape[1], dtype=bool) for n in activations}
    for _ in range(_MOVES if len(inputs) else 0):
        bad = np.flatnonzero(_stopped(near, resting, len(inputs)))
        if not len(bad):
            break
        inputs[bad] = _moved(inputs[bad], rng, exact)
        again = _before(activations, network, inputs[bad], exact)
        for name in values:
            values[name][bad] = again[name]
        near = _near(activations, values, exact, network)
        resting = {name: np.asarray(found.all(axis=0)) for name, found in near.items()}
    return OffKinks(inputs, values, ~_stopped(near, resting, len(inputs)), resting)


def _before(activations: Sequence[Node], network: Network, inputs: Array, exact: bool) -> dict[str, Array]:
    values = network.values(inputs, exact=exact)
    return {n.name: flat(values[n.inputs[0]], len(inputs)) for n in activations}


def flat(value: Array, batch: int) -> Array:
    """The value of a node as a table (batch, entries); one that no input reaches is the same at all of them."""
    found = np.asarray(value)
    return np.array(np.broadcast_to(found.reshape(found.shape[0], -1), (batch, prod(found.shape[1:]))))


def _near(activations: Sequence[Node], values: Mapping[str, Array], exact: bool, network: Network) -> dict[str, Array]:
    """Which entries are at a kink (in floats: too near to one to tell the side)."""
    out = {}
    for node in activations:
        if node.kind == "max_pool":
            continue
        record, z = activation(node.attributes), values[node.name]
        assert isinstance(record, PiecewiseLinear)
        margin = 0 if exact else _MARGIN * float(np.abs(z).max(initial=0.0))
        at = [np.asarray(abs(z - (k if exact else float(k))) <= margin, dtype=bool) for k in record.kinks(node.attributes)]
        out[node.name] = np.logical_or.reduce(at)
    return out | {n.name: _tied(n, activations, values, exact, network) for n in activations if n.kind == "max_pool"}


def _tied(node: Node, activations: Sequence[Node], values: Mapping[str, Array], exact: bool, network: Network) -> Array:
    """Which maxima are reached at several entries of their window of which one may move."""
    z, shape = values[node.name], network.shapes()[node.inputs[0]]
    margin = 0 if exact else _MARGIN * float(np.abs(z).max(initial=0.0))
    cuts = under_window(node, z, shape)
    top = np.asarray(cuts.max(axis=1, keepdims=True)) - cuts <= margin
    moving = np.ones(z.shape, dtype=bool)
    below = next((n for n in activations if n.name == node.inputs[0] and n.function is not None), None)
    if below is not None:
        record = activation(below.attributes)
        assert isinstance(record, PiecewiseLinear)
        moving = np.asarray(record.lines(below.attributes, values[below.name])[0].astype(bool))
    moves = under_window(node, moving.astype(np.int64), shape) > 0
    return np.asarray((top.sum(axis=1) > 1) & (np.asarray(top, dtype=bool) & moves).any(axis=1))


def under_window(node: Node, flat_values: Array, shape: tuple[int, ...]) -> Array:
    """The values (batch, entries), of shape ``shape`` in a sample, as (batch, places of the window, entries of the maxima).

    What lies outside is less than all of them.
    """
    a, x = node.attributes, flat_values.reshape(len(flat_values), *shape)
    padding, stride, dilation = pairs(a, "padding"), wholes(a, "stride"), wholes(a, "dilation")
    if any(side for sides in padding for side in sides):
        x = np.pad(x, [(0, 0), (0, 0), *padding], constant_values=x.min(initial=x.reshape(-1)[0] if x.size else 0) - 1)
    window = wholes(a, "window")
    size = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], window, stride, dilation, strict=True)]
    cuts = []
    for place in product(*map(range, window)):
        steps = zip(place, size, stride, dilation, strict=True)
        cut = x[(slice(None), slice(None), *(slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in steps))]
        cuts.append(cut.reshape(len(x), -1))
    return np.stack(cuts, axis=1)


def _stopped(near: Mapping[str, Array], resting: Mapping[str, Array], batch: int) -> Array:
    """Inputs at which an entry is at a kink that does not rest there."""
    out = np.zeros(batch, dtype=bool)
    for name, found in near.items():
        out |= (found & ~resting[name]).any(axis=1)
    return out


def _moved(inputs: Array, rng: np.random.Generator, exact: bool) -> Array:
    rows = inputs.reshape(len(inputs), -1)
    _, powers = np.frexp(np.maximum(np.abs(to_floats(rows)).max(axis=1, initial=0.0), 1.0))
    steps = np.ldexp(1.0, np.minimum(powers, 1000) - 10)[:, None] * rng.integers(-_STEPS, _STEPS + 1, size=rows.shape)
    return np.asarray(inputs + (to_fractions(steps) if exact else steps).reshape(inputs.shape))


def moved_by_own_weights(network: Network, node: Node, resting: Sequence[int], still: Mapping[str, Array]) -> bool:
    """Whether only the weights and bias of the resting entries of an activation move them, at first order; not shown of maxima.

    ``still`` (activation -> entries) are those whose slope is 0 at every input: nothing passes them. Then the function is
    differentiable in all weights but these, at the weights as they are.
    """
    if not resting:
        return True
    if node.kind == "max_pool":
        return False
    producer = next(n for n in network.nodes if n.name == node.inputs[0])
    if producer.is_input:
        return True
    if producer.kind not in ("linear", "conv"):
        return False
    uses = Counter(k for n in network.nodes for k in n.weights.values())
    if any(uses[k] > 1 for k in producer.weights.values()):
        return False
    shape, weight = network.shapes()[producer.name], np.asarray(network.weights[producer.weights["weight"]])
    below = next(n for n in network.nodes if n.name == producer.inputs[0])
    for i in resting:
        channel = np.unravel_index(i, shape)[-1 if producer.kind == "linear" else 0]
        reads = weight[channel].astype(bool)
        if not reads.any():
            continue
        if producer.kind != "linear" or len(shape) > 1:
            return False
        if not below.is_input and not (below.name in still and np.all(still[below.name][reads])):
            return False
    return True
