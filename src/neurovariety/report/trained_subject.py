"""What reports of all trained networks have in common."""

from __future__ import annotations

from dataclasses import dataclass

from neurovariety.checkpoints.graph.network import Network


@dataclass(frozen=True)
class TrainedSubject:
    """A trained network of which a report is made."""

    trained: Network

    @property
    def name(self) -> str:
        """What the report is called."""
        return self.trained.source

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.trained.parameters
