"""Which other networks have the function of a given one, with a witness: all of them where it has a single hidden layer of ReLUs.

Definition: networks of the same architecture with the same function, counted up to the order of hidden units and up to positive
factors, which a unit can be scaled by. With one hidden layer the function shows the hyperplane of each unit, but not on which side of
it the unit is active: units may be *flipped*, a set of them at once, where the linear functions that this adds cancel.

What is proved: the number, where no unit is dead or unread and no two share a hyperplane; there is no other network then. Else units
are left over and networks with this function make families, whose directions `functional_dimension` finds. With several hidden layers
units are flipped in each, and the number is a lower bound: other networks may have the function that differ in other ways.
Meaning for learning: whether the weights can be read off from what the network does.

Sources: Petzka, Trimmel, Sminchisescu 2020; Phuong, Lampert 2020.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.flipped_units import FlippedUnits, NetworksOfFunction, flippable_layers, flips_of
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.network_nodes import exact, network_hash
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import whole_network
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.pictures.drawn_result import DrawnResult
from neurovariety.result import Provenance, counted


class ReluFiberValue(TypedDict):
    """See `ReluFiberResult`."""

    orbits: int | None
    flips: list[list[int]] | None


@dataclass(frozen=True, repr=False)
class ReluFiberResult(DrawnResult):
    """The networks with the function of a given one.

    ``value``: ``orbits``, how many there are of its architecture, up to the order of hidden units and positive factors, the network
    itself among them; ``flips``, for the others (up to 20) the hidden units, counted from 0 through all layers, that are flipped. With
    several hidden layers ``orbits`` is a lower bound, and ``flips`` are those in a single layer, which can be combined. Both are null
    where units are dead, unread or share a hyperplane, as a note says.
    """

    entry: ClassVar[str] = "relu-fiber"
    figure: ClassVar[str] = "flips"
    sources: ClassVar[tuple[str, ...]] = ("petzka2020", "phuong2020")
    network: Network | None = field(default=None, repr=False, compare=False)

    def shown(self) -> str:
        """How many there are, and what is flipped in the first other one."""
        if self.value["orbits"] is None:
            return "not known"
        first = f", flipping units {', '.join(map(str, self.value['flips'][0]))}" if self.value["flips"] else ""
        least = "" if self.verdicts["orbits"].claim is Claim.PROVED else "at least "
        return f"{least}{counted(self.value['orbits'], 'network')}{first}"

    def other(self, place: int = 0) -> Network:
        """Another network with the same function, exactly: that in which the units ``flips[place]`` are flipped.

        Raises `InputError` where there is none, and for a result that was read back."""
        if self.network is None:
            raise InputError("a result read back from JSON does not hold the network; call relu_fiber() on it again")
        flips = self.value["flips"] or []
        if type(place) is not int or not 0 <= place < len(flips):
            raise InputError(
                f"there {'is' if len(flips) == 1 else 'are'} {counted(len(flips), 'other network')} to choose from, got {place}"
            )
        return _flipped(self.network, flips[place])


def relu_fiber(network: object, *, architecture: object = None, example: object = None) -> ReluFiberResult:
    """Find networks with the function of a given one, which has hidden layers of ReLUs, leaky ReLUs or absolute values; with a single
    one all of them.

    ``network``, ``architecture`` and ``example`` are what `load_network` takes. Raises `InputError` for other networks.

    >>> network = {"w1": [[1, 0], [0, 1], [1, 1]], "b1": [0, 1, 2], "w2": [[1, 1, -1]], "b2": [0]}
    >>> found = relu_fiber(network, architecture="mlp(2,3,1; relu; bias)")
    >>> found.value, found.other().weights["w1"].tolist()
    ({'orbits': 2, 'flips': [[0, 1, 2]]}, [[-1.0, 0.0], [0.0, -1.0], [-1.0, -1.0]])
    """
    start = time.perf_counter()
    source = whole_network(network, architecture=architecture, example=example)
    try:
        layers = flippable_layers(source)
    except NotShown as why:
        raise InputError(f"networks with the same function are listed for dense networks with hidden layers of ReLUs: {why}") from None
    notices: tuple[str, ...] = ()
    try:
        name = network_hash(source)
        orbits, flips = flips_of(layers)
        claims: dict[str, Verdict] = {
            "orbits": issue(NetworksOfFunction(name, orbits, len(layers.bends) > 1), source),
            "flips": issue(FlippedUnits(name, flips), source),
        }
    except NotShown as why:
        notices = (f"not answered: {why}",)
        claims = {key: weak(Statement(f"relu-fiber: {key}", "", None), Claim.UNDECIDED, str(why)) for key in ("orbits", "flips")}
    return ReluFiberResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        subject=source.source,
        evidence={"units": len(layers.matrices[0]), "theorems": [{"source": "petzka2020"}]},
        provenance=Provenance.since(start, 0),
        notices=notices,
        network=source,
    )


def _flipped(network: Network, units: list[int]) -> Network:
    """The network in which units read the opposite, and the outputs have another constant."""
    layers = flippable_layers(network)
    dense = [node for node in network.nodes if node.kind == "linear"]
    weights, first = dict(network.weights), 0
    for k, (_, ((left, _), (right, _))) in enumerate(layers.bends):
        mine = [u - first for u in units if first <= u < first + len(layers.matrices[k])]
        first += len(layers.matrices[k])
        here, after = dense[k].weights, dense[k + 1].weights
        if mine and "bias" in here and "bias" in after:
            moved = (left + right) * exact(weights[after["weight"]])[:, mine] @ exact(weights[here["bias"]])[mine]
            weights[after["bias"]] = _as_given(exact(weights[after["bias"]]) + moved)
        for key in here.values():
            turned = exact(weights[key]).copy()
            turned[mine] = -turned[mine]
            weights[key] = _as_given(turned)
    return replace(network, weights=weights, source=f"{network.source} with flipped units", origin=None)


def _as_given(values: np.ndarray) -> np.ndarray:
    """Floats where they hold the numbers, or else the exact numbers."""
    near = values.astype(np.float64)
    return (
        near if all(Fraction(a) == b for a, b in zip(near.reshape(-1).tolist(), values.reshape(-1).tolist(), strict=True)) else values
    )
