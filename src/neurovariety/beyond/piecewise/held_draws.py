"""The architecture that a stored result about drawn weights names, held against the networks that were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurovariety.beyond.piecewise.functional_dimension import drawn_network
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.recheck import Recheck
from neurovariety.errors import NeurovarietyError, VerificationError


def held_draws(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where functional dimensions at drawn weights are those of another architecture than is named."""
    if not any(k.key == "counts" for k in found.rechecked):
        return  # weights from a file, of which the result has the name alone
    try:
        own = _form(drawn_network(found.architecture, np.random.default_rng(0)))
    except NeurovarietyError as reason:
        raise VerificationError(f"the architecture that the result names cannot be read: {reason}") from None
    if any(_form(network) != own for network in found.subjects.values()):
        raise VerificationError(f"the networks that were drawn are none of {found.architecture}")


def _form(network: NetworkData) -> tuple[Any, ...]:
    """A network without its numbers and names."""
    nodes = [
        (
            node.kind,
            sorted(map(repr, dict(node.attributes).items())),
            [(role, np.shape(network.weights[key])) for role, key in sorted(node.weights.items())],
        )
        for node in network.nodes
    ]
    return tuple(network.input_shape), nodes
