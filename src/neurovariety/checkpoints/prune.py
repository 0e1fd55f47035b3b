"""Pruning without loss: the smaller network that computes the same function, over the rational numbers.

A neuron that nothing reads, that is constant, that is a multiple of another (as the activation demands), or whose polynomial is a
linear combination of those of others, is removed and what it did is given to the others; two matrices in a row are narrowed to the
rank of what passes. Every step is an identity of the stored weights, which are rational numbers, and is checked by evaluation over Q.
The result is a subnetwork: the function lies on a stratum of the architecture, that of the smaller one.

What is proved: the function is the same, in exact arithmetic. What is not: that no smaller network computes it.

Sources: Marchetti et al. 2025, 4.2 and 4.3; Sussmann 1992 for tanh.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypedDict

from neurovariety.certificates.issue import ForEach, Verdict, issue, weakly
from neurovariety.certificates.network_distance import bound as change_bound
from neurovariety.certificates.network_functions import Counted, DistanceBound, Smaller
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.rounding import DTYPES, Rounding
from neurovariety.checkpoints.layers.bottlenecks import narrowed
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers, normalization
from neurovariety.checkpoints.layers.nearby import nearby
from neurovariety.checkpoints.layers.redundancy import redundant
from neurovariety.checkpoints.layers.rewriting import Rewritten
from neurovariety.checkpoints.load import load_network, write_network
from neurovariety.checkpoints.rank.exact_equality import compare_functions
from neurovariety.claim import Claim
from neurovariety.errors import InputError, VerificationError
from neurovariety.result import Provenance, Result, counted
from neurovariety.tolerances import DEFAULT_SEED


class PruneValue(TypedDict):
    """See `PruneResult`."""

    parameters: int
    pruned: int
    removed: dict[str, int]
    widths: Mapping[str, list[int]]
    error_bound: float | None


@dataclass(frozen=True, repr=False)
class PruneResult(Result):
    """A smaller network with the same function.

    ``value``: ``parameters`` before, ``pruned`` parameters after, ``removed`` (reason -> number of neurons), ``widths`` (layer ->
    before and after) and ``error_bound``: 0, or with a tolerance a bound of the change of the function on the ball of inputs.
    ``network`` is the pruned network with exact weights; `write` rounds and stores it.
    """

    entry: ClassVar[str] = "prune"
    network: Network | None = field(default=None, repr=False, compare=False)

    def write(self, file: str | Path, *, dtype: str | None = None) -> Rounding:
        """Store the pruned network (.onnx, .pt2, .npz), by default in the type it had, and say what rounding its weights cost."""
        if self.network is None:
            raise InputError("a prune result read back from JSON does not hold the network; call prune() on it again")
        return write_network(self.network, file, dtype=dtype or self.evidence["dtype"], seed=self.provenance.seed)


def prune(
    network: object,
    *,
    tolerance: float = 0.0,
    radius: float | None = None,
    architecture: object = None,
    example: object = None,
    seed: int = DEFAULT_SEED,
) -> PruneResult:
    """Remove what is redundant. ``network``, ``architecture`` and ``example`` are what `load_network` takes.

    With ``tolerance`` weights are first moved, by at most that part of a neuron's weights (of a matrix, for its rank), onto the
    nearest networks with redundant neurons; ``error_bound`` then bounds the change of the function for inputs of Euclidean norm at
    most ``radius`` (default: the square root of the number of inputs). Raises `InputError` for unusable arguments, and
    `VerificationError` should the exact check ever fail.

    >>> found = prune({"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}, architecture="mlp(2,3,1; x^2)")
    >>> found.value["parameters"], found.value["pruned"], found.value["removed"]
    (9, 6, {'equal': 1})
    """
    start = time.perf_counter()
    source = load_network(network, architecture=architecture, example=example)
    if not (0 <= tolerance < 1):
        raise InputError(f"tolerance= is a part of a neuron's weights, from 0 to less than 1, got {tolerance!r}")
    if radius is not None and not (math.isfinite(radius) and radius > 0):
        raise InputError(f"radius= is a positive number, got {radius!r}")
    ball = float(radius) if radius is not None else math.sqrt(max(math.prod(source.input_shape), 1))
    moved, moves, rewritten, removed = _moved_and_pruned(source, tolerance, seed)
    pruned = rewritten.network
    bound = change_bound(source, moved, ball) if moves else 0.0
    check = compare_functions(moved, pruned, seed=seed)
    if check.differs is not None:
        raise VerificationError(f"the pruned network differs by {float(check.largest):.3g} at an input: a fault of neurovariety")
    value: PruneValue = {
        "parameters": source.parameters,
        "pruned": pruned.parameters,
        "removed": dict(sorted(removed.items())),
        "widths": _widths(source, pruned),
        "error_bound": bound if math.isfinite(bound) else None,
    }
    _, untouched = hidden_layers(pruned)
    claims, unproved = _claims(source, rewritten, bound, ball)
    return PruneResult(
        value=value,
        claims=claims,
        subject=source.source,
        meaning=_meaning(value, ball),
        evidence={
            "checked": check.record(),
            "steps": "each removal is an identity of the exact weights, for every input at which the activations are defined",
            "untouched": [{"place": u.place, "reason": u.reason} for u in untouched],
            "dtype": _stored_as(source),
            "tolerance": tolerance,
            "radius": ball if moves else None,
            "moved_neurons": moves,
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        notices=(*_notices(source, bound), *unproved),
        network=pruned,
    )


def _moved_and_pruned(source: Network, tolerance: float, seed: int) -> tuple[Network, int, Rewritten, Counter[str]]:
    """The network with weights moved within the tolerance, how many neurons were, that network pruned, and what went.

    Weights that would be moved for nothing stay where they are.
    """
    moved, moves = nearby(source, tolerance) if tolerance else (source, 0)
    pruned, removed = exactly_pruned(Rewritten.of(moved), seed)
    if not moves:
        return source, 0, pruned, removed
    if not removed:
        return source, 0, *exactly_pruned(Rewritten.of(source), seed)
    return moved, moves, pruned, removed


def _claims(source: Network, rewritten: Rewritten, bound: float, ball: float) -> tuple[ForEach, tuple[str, ...]]:
    """A certificate for each key, or why there is none."""
    moved = rewritten.source
    try:
        known = issue(rewritten.certificate(), moved)
        near: Verdict | None = None
        if moved is not source:
            same = [issue(Rewrites(network_hash(n), network_hash(n), ()), n) for n in (source, moved)]
            near = issue(DistanceBound(same[0], same[1], bound, ball), (source, moved))
    except NotShown as failed:
        return weakly("prune", Claim.UNDECIDED, str(failed)), (f"no certificate: {failed}",) if math.isfinite(bound) else ()
    counted_of = Counted.of(source), Counted.of(rewritten.network)
    layers = {x.producer.path or x.producer.name: x.producer.name for x in hidden_layers(source)[0]}
    return lambda key, value: issue(Smaller(key, value, known, near, layers), counted_of), ()


def exactly_pruned(network: Rewritten, seed: int = DEFAULT_SEED) -> tuple[Rewritten, Counter[str]]:
    """The pruned network and how many neurons went, by reason. Repeated until nothing is found: one removal can make others."""
    removed: Counter[str] = Counter()
    while True:
        changed = _once(network, removed, seed)
        if changed is None:
            return network, removed
        network = changed


def _once(network: Rewritten, removed: Counter[str], seed: int) -> Rewritten | None:
    """All layers in turn, from the output back (an unread neuron no longer reads), each looked at with the changes before it."""
    changed = False
    for name in reversed([layer.producer.name for layer in hidden_layers(network.network)[0]]):
        layer = next((x for x in hidden_layers(network.network)[0] if x.producer.name == name), None)
        if layer is None:
            continue
        if layer.linear:
            found = narrowed(network.network, layer, seed)
            if found is not None:
                after = len(found.weights[layer.producer.weights["weight"]])
                removed["rank"] += layer.width - after
                network, changed = network.narrowed(layer, found), True
            continue
        removals = redundant(network.network, layer, seed)
        if removals:
            network, changed = network.without(layer, removals), True
            removed.update(r.reason for r in removals)
    return network if changed else None


def _widths(before: Network, after: Network) -> Mapping[str, list[int]]:
    later = {x.producer.name: x.width for x in hidden_layers(after)[0]}
    return {x.producer.path or x.producer.name: [x.width, later.get(x.producer.name, x.width)] for x in hidden_layers(before)[0]}


def _stored_as(network: Network) -> str | None:
    """The widest floating-point type of the weights as they were read; None where all are exact."""
    kinds = [network.weights[k].dtype for k in network.trained if str(network.weights[k].dtype) in DTYPES]
    return str(max(kinds, key=lambda k: k.itemsize)) if kinds else None


def _notices(network: Network, bound: float) -> tuple[str, ...]:
    out = []
    if not math.isfinite(bound):
        out.append("no finite bound of the change is known for these operations; measure it on data")
    if any(normalization(n) is not None for n in network.nodes):
        out.append("the reciprocal root of batch norm is the float64 nearest to it, and exact from there on")
    return tuple(out)


def _meaning(value: PruneValue, ball: float) -> str:
    gone = sum(value["removed"].values())
    if not gone:
        return f"no redundant neuron was found; {counted(value['parameters'], 'parameter')} remain"
    size = f"{value['pruned']:,} parameters instead of {value['parameters']:,}, without {counted(gone, 'neuron')}"
    if value["error_bound"] == 0:
        return f"{size}: the same function, exactly"
    if value["error_bound"] is None:
        return f"{size}: a nearby function"
    return f"{size}: a function that differs by at most {value['error_bound']:.3g} for inputs of norm up to {ball:.3g}"
