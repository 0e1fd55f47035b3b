"""Reports of trained networks that are linear on pieces: regions, tropical form, Lipschitz constants, and how far data may move.

A network from a file with ReLU or its kin between its layers has rows that are asked of such networks alone. Each finds all regions,
or says in one sentence why there are too many; where data are given the first inputs are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.piecewise_forms import piecewise_forms
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.result import Result

REGIONS = 20_000
"""Regions at which a row of a report gives up: some ten seconds."""
INPUTS = 20
"""Inputs that are looked at one by one."""
_ROOM = "neurovariety.beyond.piecewise"
_ROWS: tuple[tuple[Entry, dict[str, int]], ...] = (
    (Entry("regions", "expressivity: how many affine pieces the function has", path=f"{_ROOM}.regions:regions"), {"limit": REGIONS}),
    (Entry("tropical", "expressivity: a difference of convex functions", path=f"{_ROOM}.tropical:tropical"), {"limit": REGIONS}),
    (
        Entry(
            "functional-dimension",
            "identifiability: directions in which the function can move",
            path=f"{_ROOM}.functional_dimension:functional_dimension",
        ),
        {"limit": REGIONS},
    ),
    (Entry("lipschitz", "stability: how fast outputs change with inputs", path=f"{_ROOM}.lipschitz:lipschitz"), {"limit": REGIONS}),
    (Entry("diagnose", "redundancy: neurons that can be removed", path="neurovariety.checkpoints.diagnose:diagnose"), {}),
)
_ROBUSTNESS = Entry("robustness", f"stability: how far the first {INPUTS} inputs may move", path=f"{_ROOM}.robustness:robustness")


@dataclass(frozen=True)
class PiecewiseSubject:
    """A trained network whose report has the rows of networks that are linear on pieces."""

    trained: Network

    @property
    def name(self) -> str:
        """What the report is called."""
        return self.trained.source

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.trained.parameters

    @property
    def inputs(self) -> int:
        """The number of entries of an input."""
        return piecewise_forms(self.trained).inputs

    @property
    def outputs(self) -> int:
        """The number of values."""
        return len(piecewise_forms(self.trained).outputs)

    @property
    def left_out(self) -> str:
        """Why other entries have no row."""
        return (
            "the entries about equations, degrees and critical functions have no row: the function is no polynomial, but one affine "
            "function on each of its pieces"
        )

    def steps(self, seed: int, dataset: Dataset | None) -> Iterator[tuple[Entry, Callable[[], Result]]]:
        """Each row's entry, and what computes it."""
        for entry, options in self.rows(dataset):
            given: dict[str, Any] = {"seed": seed} if entry.name in ("diagnose", "functional-dimension") else {}
            if entry is _ROBUSTNESS and dataset is not None:
                yield entry, partial(entry.load(), self.trained, dataset.inputs[:INPUTS], **options)
            else:
                yield entry, partial(entry.load(), self.trained, **options, **given)

    def rows(self, dataset: Dataset | None) -> Sequence[tuple[Entry, dict[str, int]]]:
        """The entries that are asked, with their options."""
        return (*_ROWS, (_ROBUSTNESS, {"limit": REGIONS})) if dataset is not None else _ROWS


def is_piecewise(network: NetworkData) -> bool:
    """Whether a network is linear on pieces, and has a kink at all."""
    try:
        return piecewise_forms(network).cuts > 0
    except NotShown:
        return False
