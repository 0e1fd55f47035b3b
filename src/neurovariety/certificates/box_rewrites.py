"""Two trained networks compute the same function on a box of inputs: rewritten step by step, with activations that are linear there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.network_rewrites import SAME_FUNCTION, RewriteStep, follow
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim

SAME_ON_BOX = "same function on a box"
_READ = "for the network as read"


@dataclass(frozen=True, eq=False)
class RewritesOnBox:
    """The network with the hash ``first`` becomes the one with the hash ``second``, and the function stays on a box (None: at all
    inputs).

    Bounds of all values show at which channels an activation stays on one of its lines; there it carries every affine relation.
    """

    first: str
    second: str
    steps: tuple[RewriteStep, ...]
    box: Box | None

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` for other networks, and where a step is not shown to keep the function."""
        known: dict[int, tuple[NetworkData, BoxBounds]] = {}

        def bounds(network: NetworkData) -> BoxBounds:
            if id(network) not in known:
                known[id(network)] = network, BoxBounds(network, self.box)
            return known[id(network)][1]

        follow(subject, self.first, self.second, self.steps, bounds)

    def concludes(self) -> tuple[Statement, Claim]:
        """Both networks have one function on the box, wherever it is defined."""
        if self.box is None:
            return Statement(SAME_FUNCTION, self.first, self.second, (_READ,)), Claim.PROVED
        value: Any = (self.second, [str(v) for v in self.box.low], [str(v) for v in self.box.high])
        return Statement(SAME_ON_BOX, self.first, value, (_READ, self.box.words)), Claim.PROVED
