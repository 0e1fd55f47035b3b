"""Networks of one function whose units are turned round: counted set by set, and the refusals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from neurovariety.certificates.flipped_units import (
    MOST_SHOWN,
    SAME_WIDTHS,
    FlippedUnits,
    NetworksOfFunction,
    flippable_layers,
    flips_of,
)
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

from .agreeing_models import said


def units(rows, biases, reads, ends=(0,), activation=None, more=()):
    arrays = {"w": np.array(rows, dtype=float), "v": np.array(reads, dtype=float)}
    first, last = {"weight": "w"}, {"weight": "v"}
    if biases is not None:
        arrays["b"], first = np.array(biases, dtype=float), {**first, "bias": "b"}
    if ends is not None:
        arrays["e"], last = np.array(ends, dtype=float), {**last, "bias": "e"}
    bend = {"function": "relu"} if activation is None else activation
    nodes = [Node("x", "input"), Node("h", "linear", ("x",), first), Node("r", "activation", ("h",), {}, bend)]
    for k, (matrix, bias) in enumerate(more):
        arrays[f"m{k}"], arrays[f"n{k}"] = np.array(matrix, dtype=float), np.array(bias, dtype=float)
        nodes.append(Node(f"h{k}", "linear", (nodes[-1].name,), {"weight": f"m{k}", "bias": f"n{k}"}))
        nodes.append(Node(f"r{k}", "activation", (f"h{k}",), {}, bend))
    nodes.append(Node("y", "linear", (nodes[-1].name,), last))
    return Network((len(rows[0]),), tuple(nodes), "y", arrays)


def flips(rows, biases, reads, ends=(0,), slope=0):
    """All sets of units whose changes of slope add up to 0, and constants where no bias makes up for them."""
    found = []
    for count in range(1, len(rows) + 1):
        for chosen in combinations(range(len(rows)), count):
            total = sum(np.outer(np.array(reads)[:, i], rows[i]) for i in chosen) * (1 + slope)
            constant = sum(np.array(reads)[:, i] * biases[i] for i in chosen) if biases is not None and ends is None else 0
            if not np.any(total) and not np.any(constant):
                found.append(chosen)
    return found


TURNED = [[1, 2], [-3, 1], [2, -3], [1, 5]]
CASES = [
    (TURNED, [1, 2, -3, 2], [[1, 1, 1, 2], [2, 2, 2, -1]], (1, 0)),
    (TURNED, [1, 2, -3, 2], [[1, 1, 1, 2], [2, 2, 2, -1]], None),
    (TURNED, [1, 2, -4, 2], [[1, 1, 1, 2]], None),
    (TURNED, None, [[1, 1, 1, 2]], (0,)),
    (TURNED, [1, 2, -3, 2], [[1, 1, 2, 1]], (0,)),
    ([[1], [2], [-1], [4], [1]], [0, 1, 3, 5, 7], [[1, 1, 3, -1, 1]], (0,)),
    ([[1]], [1], [[3]], (0,)),
    ([[k % 3 + 1] for k in range(8)], [3 * k + 1 for k in range(8)], [[(-1) ** k * (1 + k // 4) for k in range(8)]], (0,)),
]


@pytest.mark.parametrize("case", CASES)
def test_units_that_are_flipped(case):
    network, expected = units(*case), flips(*case)
    own = NetworksOfFunction(network_hash(network), 1 + len(expected))
    found = issue(own, network)
    assert (found.statement.kind, *said(found)) == ("relu-fiber: orbits", 1 + len(expected), Claim.PROVED, (SAME_WIDTHS,), 0)
    shown = FlippedUnits(network_hash(network), tuple(sorted(expected, key=lambda s: sum(2**i for i in s)))[:MOST_SHOWN])
    if len(expected) <= MOST_SHOWN:
        sets = issue(replace(shown, flips=flips_of(flippable_layers(network))[1]), network).statement.value
        assert sorted(map(tuple, sets)) == sorted(expected)
    for certificate in (
        replace(own, orbits=own.orbits + 1),
        replace(own, orbits=own.orbits - 1),
        replace(own, several=True),
        replace(own, subject="another"),
        replace(shown, subject="another"),
        replace(shown, flips=((0,), *shown.flips)),
    ):
        with pytest.raises(NotShown):
            issue(certificate, network)
    if own.orbits == 1:
        with pytest.raises(NotShown):
            issue(replace(own, orbits=True), network)


def test_units_of_several_layers():
    deep = units(TURNED, [1, 2, -3, 2], [[1, 1]], (0,), more=[([[1, 1, 1, 2], [2, 2, 2, -1]], [1, 2])])
    own = NetworksOfFunction(network_hash(deep), 2, True)
    found = issue(own, deep)
    assert found.claim is Claim.LOWER_BOUND
    assert issue(FlippedUnits(network_hash(deep), ((0, 1, 2),)), deep).statement.value == [[0, 1, 2]]
    for certificate in (replace(own, several=False), replace(own, orbits=1)):
        with pytest.raises(NotShown):
            issue(certificate, deep)
    late = units([[1, 2], [3, -1]], [1, 1], [[1, 1, 1, 2]], (0,), more=[([*TURNED], [1, 2, -3, 2])])
    assert issue(FlippedUnits(network_hash(late), ((2, 3, 4),)), late)


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (units([[0, 0], [1, 2]], [1, 2], [[1, 1]]), "reads no input"),
        (units([[1, 1], [1, 2]], [1, 2], [[1, 0]]), "read by nothing"),
        (units([[1, 1], [2, 2]], [1, 2], [[1, 1]]), "same hyperplane"),
        (units([[1, 1], [-2, -2]], None, [[1, 1]]), "same hyperplane"),
        (units([[1, 1], [1, 2]], [1, 2], [[1, 1]], activation={"function": "abs"}), None),
        (units([[1, 1], [1, 2]], [1, 2], [[1, 1]], activation={"function": "relu6"}), "single kink"),
        (units([[1, 1], [1, 2]], [1, 2], [[1, 1]], activation={"function": "leaky_relu", "slope": Fraction(1)}), "single kink"),
        (units([[1, 1], [1, 2]], None, [[1, 1]], more=[([[1, 2], [1, 1]], [1, 1])]), "some layers"),
        (units([[1, k] for k in range(1, 39)], list(range(38)), [[1] * 38]), "more sets"),
        (
            Network((2,), (Node("x", "input"), Node("y", "linear", ("x",), {"weight": "w"})), "y", {"w": np.ones((1, 2))}),
            "no hidden layer",
        ),
    ],
)
def test_units_of_which_the_theorem_does_not_speak(network, why):
    own = NetworksOfFunction(network_hash(network), 1)
    if why is None:
        assert issue(replace(own, orbits=4), network)  # under |z| nothing changes where a unit is turned round
        return
    with pytest.raises(NotShown, match=why):
        issue(own, network)
    apart = units([[1, 1], [2, 2]], [1, 3], [[1, 1]])
    assert issue(NetworksOfFunction(network_hash(apart), 1), apart)
