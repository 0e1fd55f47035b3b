"""One trained network carried to another by a symmetry of its layers, and what is left of the weights then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.network_functions import Chained
from neurovariety.checkpoints.canonical_form import residual, same_graph
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layer_matching import carried
from neurovariety.checkpoints.layers.head_bases import bases_changed
from neurovariety.checkpoints.layers.head_matching import beyond
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.nearest_symmetry import nearest_permutation
from neurovariety.checkpoints.rank.storage_rounding import smallest_normal, unit_in_last_place

_ROUNDINGS = 8
"""Units in the last place, for each matrix on the way, by which scaling and rounding again may move a weight."""
_DOUBLE = 2.0**-52


@dataclass(frozen=True, eq=False)
class CarriedNetwork:
    """The first network moved towards the second, how, and both before that."""

    moved: Rewritten
    symmetry: list[Mapping[str, object]]
    first: Network
    second: Rewritten

    @cached_property
    def left(self) -> Fraction:
        """The residual; 0 where the weights are equal."""
        return residual(self.moved.network, self.second.network)

    def in_bases(self) -> Network:
        """The first network as it was moved; heads whose bases were rounded are put into those of the second in its own types."""
        return bases_changed(self.moved.network, self.second.network) if self.left else self.moved.network

    def functions(self) -> tuple[Verdict, Verdict]:
        """That each is the function of the network that it was made of. Raises `NotShown`."""
        return issue(self.moved.certificate(), self.moved.source), issue(self.second.certificate(), self.second.source)

    def equal(self) -> Verdict:
        """That both are one function, where the weights are equal. Raises `NotShown`."""
        return equal_functions(self.moved, self.second)

    @property
    def beyond_rounding(self) -> bool:
        """Whether a weight is further from its counterpart than the types of both explain.

        Weights that pruning or folding made are not looked at: they have no type.
        """
        second, network = self.second.network, self.moved.network
        units = _ROUNDINGS * sum(operation(n).affine is not None for n in second.nodes)
        weights = [w for x in (self.first, second) for w in x.weights.values() if np.asarray(w).dtype.kind != "O"]
        heads = beyond(network, second, units * max([_DOUBLE, *(unit_in_last_place(w) for w in weights)]))
        for n, m, k in zip(self.first.nodes, second.nodes, network.nodes, strict=True):
            if n.name in heads:
                if heads[n.name]:
                    return True
                continue
            for role, key in n.weights.items():
                mine, theirs = np.asarray(self.first.weights[key]), np.asarray(second.weights[m.weights[role]])
                if "O" in (mine.dtype.kind, theirs.dtype.kind):
                    continue
                moved = to_floats(network.weights[k.weights[role]])
                size, least = (max(f(v) for v in (mine, theirs)) for f in (unit_in_last_place, smallest_normal))
                allowed = units * max(size, _DOUBLE) * (np.abs(to_floats(theirs)) + least)
                if np.any(np.abs(moved - to_floats(theirs)) > allowed):
                    return True
        return False


def best_match(first: Rewritten, second: Rewritten, *whole: Rewritten) -> CarriedNetwork | None:
    """The pruned networks matched, else those before pruning: they may be redundant in one, and by rounding no longer in the other."""
    found = matched(first, second)
    for start in () if found is None else (found.moved, first):  # streams that are added up, and groups, are moved as one
        if found is not None and found.left:
            moved = nearest_permutation(start, second.network)
            by_streams = CarriedNetwork(*carried(moved, second.network), first.network, second)
            found = by_streams if by_streams.left < found.left else found
    pruned = sum(x.network.parameters for x in whole) > first.network.parameters + second.network.parameters
    if found is not None and (found.left == 0 or not pruned):
        return found
    other = matched(*whole)
    return other if other is not None and (found is None or other.left < found.left) else found


def matched(first: Rewritten, second: Rewritten) -> CarriedNetwork | None:
    """The first network carried to the second, layer by layer from the input on; None for other graphs."""
    if not same_graph(first.network, second.network):
        return None
    return CarriedNetwork(*carried(first, second.network), first.network, second)


def equal_functions(first: Rewritten, second: Rewritten) -> Verdict:
    """That two networks with equal weights in the end are one function. Raises `NotShown`."""
    one = issue(first.renamed(second.network).certificate(), first.source)
    return issue(Chained(one, issue(second.certificate(), second.source)), first.source)
