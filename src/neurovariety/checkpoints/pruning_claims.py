"""What pruning claims: each key of its value with a certificate, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from neurovariety.certificates.issue import ForEach, Verdict, issue, weakly
from neurovariety.certificates.network_functions import Counted, DistanceBound
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites
from neurovariety.certificates.pruned_networks import Smaller, SmallerParts
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import makers_of_channels
from neurovariety.claim import Claim

Claims = tuple[ForEach, tuple[str, ...]]


def pruning_claims(source: Network, rewritten: Rewritten, bound: float, ball: float) -> Claims:
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

    def claim(key: str, value: object) -> Verdict:
        try:
            return issue(Smaller(key, value, known, near, _layers(source)), counted_of)
        except NotShown as failed:
            return weakly("prune", Claim.ESTIMATE, str(failed))(key, value)

    return claim, ()


def claims_of_parts(parameters: int, parts: Sequence[Rewritten]) -> Claims:
    """The same for a file of which some parts were pruned."""
    if not parts:
        return weakly("prune", Claim.UNDECIDED, "nothing was looked at"), ()
    try:
        known = tuple(issue(part.certificate(), part.source) for part in parts)
    except NotShown as failed:
        return weakly("prune", Claim.UNDECIDED, str(failed)), (f"no certificate: {failed}",)
    pairs = tuple((Counted.of(part.source), Counted.of(part.network)) for part in parts)
    layers = tuple(_layers(part.source) for part in parts)

    def claim(key: str, value: object) -> Verdict:
        try:
            return issue(SmallerParts(key, value, known, layers), (parameters, pairs))
        except NotShown as failed:
            return weakly("prune", Claim.ESTIMATE, str(failed))(key, value)

    return claim, ()


def _layers(network: Network) -> dict[str, str]:
    return {place: node.name for place, node in makers_of_channels(network).items()}
