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
from neurovariety.checkpoints.graph.multiplications import work
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node, pairs, wholes
from neurovariety.checkpoints.graph.nonlinearity import PiecewiseLinear
from neurovariety.checkpoints.graph.three_arithmetics import Array, in_floats, to_floats, to_fractions
from neurovariety.checkpoints.rank.exact_equality import MOST_WORK
from neurovariety.checkpoints.rank.values_in_balls import FloatBall, line_of, values_in_balls
from neurovariety.randomness import generator

_MARGIN = 1e-9
"""Values within this part of the largest in their layer may have the wrong sign in float64."""
_MOVES = 6
"""How often an input at a kink is moved: a random move leaves a kink that is no region at once."""
_IN_DOUBT = 10
"""Where fewer than one in so many inputs are in doubt, they are moved as if they were at a kink, which is sooner done than to look."""
_AT_ONCE = 2**23
"""Entries of all values that are held at a time."""
_SHORT = np.int32
"""What a line, a kink or a place of a window is kept as: there are many of them."""
_WIDER = 1 + 2.0**-20
"""A ball a little wider than it is, by more than the rounding of its ends."""
_STEPS = 64
"""Moves are up to so many multiples of 2**-10 of the input's size."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Where each entry of each activation (name -> (batch, entries)) lies: ``lines``, the line of the activation, or the place of the
    window where a maximum is reached; ``kinks``, the kink at which it is (of a maximum: 0), or -1. ``unsure`` (batch,): in doubt."""

    lines: dict[str, Array]
    kinks: dict[str, Array]
    unsure: Array

    def put(self, at: Array, other: Sides) -> None:
        """Replace what is known at some inputs."""
        for name in self.lines:
            self.lines[name][at], self.kinks[name][at] = other.lines[name], other.kinks[name]
        self.unsure[at] = other.unsure


@dataclass(frozen=True, eq=False)
class OffKinks:
    """``inputs`` after the moves, float64 where that holds those that were given, the ``sides`` there, which inputs are ``usable``.

    ``resting`` (activation -> entries): at a kink at every input. ``exact``: the sides are those of exact numbers.
    """

    inputs: Array
    sides: Sides
    usable: Array
    resting: dict[str, Array]
    exact: bool


def off_kinks(activations: Sequence[Node], network: Network, inputs: Array) -> OffKinks:
    """Move the inputs that are at a kink, as often as it takes or `_MOVES` times.

    Sides are taken in balls and, at the inputs where these leave doubt, over Q; where that takes too long, in float64.
    """
    known = _moved_off(activations, network, np.array(in_floats(inputs)), exact=True)
    if known is not None:
        return known
    found = _moved_off(activations, network, np.array(to_floats(inputs)), exact=False)
    assert found is not None
    return found


def _moved_off(activations: Sequence[Node], network: Network, inputs: Array, exact: bool) -> OffKinks | None:
    rng = generator(0, "checkpoints.rank.kinks")
    sides = _sides(activations, network, inputs, exact)
    if sides is None:
        return None
    resting = {name: np.zeros(found.shape[1], dtype=bool) for name, found in sides.kinks.items()}
    for _ in range(_MOVES if len(inputs) else 0):
        bad = np.flatnonzero(_stopped(sides, resting))
        if not len(bad):
            break
        inputs[bad] = _moved(inputs[bad], rng)
        again = _sides(activations, network, inputs[bad], exact)
        if again is None:
            return None
        sides.put(bad, again)
        resting = {name: np.asarray((found >= 0).all(axis=0)) for name, found in sides.kinks.items()}
    return OffKinks(inputs, sides, ~_stopped(sides, resting), resting, exact)


def _sides(activations: Sequence[Node], network: Network, inputs: Array, exact: bool) -> Sides | None:
    """The sides at some inputs, of which a few may stay in doubt; None where exact ones take too long."""
    if not exact:
        return _of_values(activations, network, network.values(inputs), len(inputs), exact=False)
    entries = sum(prod(shape) for shape in network.shapes().values())
    each, parts = max(1, _AT_ONCE // max(entries, 1)), []
    for start in range(0, max(len(inputs), 1), each):
        part = None if inputs.dtype == object else _in_balls(activations, network, inputs[start : start + each])
        if part is None:
            break
        parts.append(part)
    else:
        names = [n.name for n in activations]
        lines, kinks = ({n: np.concatenate([getattr(p, which)[n] for p in parts]) for n in names} for which in ("lines", "kinks"))
        sides = Sides(lines, kinks, np.concatenate([p.unsure for p in parts]))
        doubtful = np.flatnonzero(sides.unsure)
        if _IN_DOUBT * len(doubtful) < len(inputs):
            return sides
        if work(network) * len(doubtful) > MOST_WORK:
            return None
        if len(doubtful):
            sides.put(doubtful, _over_q(activations, network, inputs[doubtful]))
        return sides
    return _over_q(activations, network, inputs) if work(network) * len(inputs) <= MOST_WORK else None


def _over_q(activations: Sequence[Node], network: Network, inputs: Array) -> Sides:
    return _of_values(activations, network, network.values(to_fractions(inputs), exact=True), len(inputs), exact=True)


def _in_balls(activations: Sequence[Node], network: Network, inputs: Array) -> Sides | None:
    """The sides as far as balls show them; None where values are not followed in balls."""
    found = values_in_balls(network, inputs, {n.inputs[0] for n in activations})
    if found is None:
        return None
    lines, kinks, unsure = dict[str, Array](), dict[str, Array](), np.zeros(len(inputs), dtype=bool)
    balls = {
        n.name: FloatBall(flat(found[n.inputs[0]].middle, len(inputs)), flat(found[n.inputs[0]].radius, len(inputs)))
        for n in activations
    }
    for node in activations:
        ball = balls[node.name]
        if node.kind == "max_pool":
            shape = network.shapes()[node.inputs[0]]
            middle, radius = under_window(node, ball.middle, shape), np.maximum(under_window(node, ball.radius, shape), 0.0)
            with np.errstate(all="ignore"):
                least = (middle - radius * _WIDER).max(axis=1, keepdims=True)
                top = ~(middle + radius * _WIDER < least)
            lines[node.name] = np.argmax(top, axis=1).astype(_SHORT)
            several = top.sum(axis=1) > 1
            known = np.where(top, (radius == 0) & (middle == middle.max(axis=1, keepdims=True)), True).all(axis=1)
            unsure |= (several & ~known).any(axis=1)
            tied = several & (top & _may_move(node, activations, lines, ball.middle.shape, shape)).any(axis=1)
            kinks[node.name] = np.where(tied, 0, -1).astype(_SHORT)
            continue
        record = activation(node.attributes)
        assert isinstance(record, PiecewiseLinear)
        ends = record.kinks(node.attributes)
        kinks[node.name] = np.full(ball.middle.shape, -1, dtype=_SHORT)
        lines[node.name] = np.zeros(ball.middle.shape, dtype=_SHORT)
        for k, kink in enumerate(ends):
            over, under, same = ball.beyond(kink)
            lines[node.name] += over
            kinks[node.name][same] = k
            unsure |= ~(over | under | same).all(axis=1)
    return Sides(lines, kinks, unsure)


def flat(value: Array, batch: int) -> Array:
    """The value of a node as a table (batch, entries); one that no input reaches is the same at all of them."""
    found = np.asarray(value)
    return np.array(np.broadcast_to(found.reshape(found.shape[0], prod(found.shape[1:])), (batch, prod(found.shape[1:]))))


def _of_values(activations: Sequence[Node], network: Network, values: Mapping[str, Array], batch: int, exact: bool) -> Sides:
    """The sides of values (in floats: what is too near to a kink to tell the side is at it)."""
    lines, kinks = dict[str, Array](), dict[str, Array]()
    for node in activations:
        z = flat(values[node.inputs[0]], batch)
        margin = 0 if exact else _MARGIN * float(np.abs(z).max(initial=0.0))
        if node.kind == "max_pool":
            shape = network.shapes()[node.inputs[0]]
            cuts = under_window(node, z, shape)
            most = np.asarray(cuts.max(axis=1, keepdims=True))
            lines[node.name] = np.argmax(cuts == most, axis=1).astype(_SHORT)
            top = np.asarray(most - cuts <= margin, dtype=bool)
            tied = (top.sum(axis=1) > 1) & (top & _may_move(node, activations, lines, z.shape, shape)).any(axis=1)
            kinks[node.name] = np.where(tied, 0, -1).astype(_SHORT)
            continue
        record = activation(node.attributes)
        assert isinstance(record, PiecewiseLinear)
        ends = record.kinks(node.attributes)
        lines[node.name] = line_of(z, ends).astype(_SHORT)
        kinks[node.name] = np.full(z.shape, -1, dtype=_SHORT)
        for k, kink in enumerate(ends):
            kinks[node.name][np.asarray(abs(z - (kink if exact else float(kink))) <= margin, dtype=bool)] = k
    return Sides(lines, kinks, np.zeros(batch, dtype=bool))


def _may_move(
    node: Node, activations: Sequence[Node], lines: Mapping[str, Array], entries: tuple[int, ...], shape: tuple[int, ...]
) -> Array:
    """Under each place of a window, whether the entry may move: not where it is constant for being off."""
    moving = np.ones(entries, dtype=bool)
    below = next((n for n in activations if n.name == node.inputs[0] and n.function is not None), None)
    if below is not None:
        record = activation(below.attributes)
        assert isinstance(record, PiecewiseLinear)
        moving = np.array([bool(slope) for slope, _ in record.pieces(below.attributes)])[lines[below.name]]
    return np.asarray(under_window(node, moving.astype(np.int64), shape) > 0)


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
        cuts.append(cut.reshape(len(x), prod(cut.shape[1:])))
    return np.stack(cuts, axis=1)


def _stopped(sides: Sides, resting: Mapping[str, Array]) -> Array:
    """Inputs at which an entry is at a kink that does not rest there, or in doubt."""
    out = sides.unsure.copy()
    for name, found in sides.kinks.items():
        out |= ((found >= 0) & ~resting[name]).any(axis=1)
    return out


def _moved(inputs: Array, rng: np.random.Generator) -> Array:
    rows = inputs.reshape(len(inputs), prod(inputs.shape[1:]))
    _, powers = np.frexp(np.maximum(np.abs(to_floats(rows)).max(axis=1, initial=0.0), 1.0))
    steps = np.ldexp(1.0, np.minimum(powers, 1000) - 10)[:, None] * rng.integers(-_STEPS, _STEPS + 1, size=rows.shape)
    return np.asarray(inputs + (to_fractions(steps) if inputs.dtype == object else steps).reshape(inputs.shape))


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
