"""The ONNX file that a network was read from, so that a change can be made in the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurovariety.checkpoints.graph.network import Network


@dataclass(frozen=True, eq=False)
class OnnxOrigin:
    """``model`` is the file as it was, with its weights; ``read`` the network as it was read from it.

    ``turned`` are the keys of matrices that the file stores as (in, out) and the network as (out, in).
    """

    model: Any
    read: Network
    turned: frozenset[str]
