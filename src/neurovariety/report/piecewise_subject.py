"""Reports of trained networks that are linear on pieces: regions, tropical form, Lipschitz constants, and how far data may move.

A network from a file with ReLU or its kin between its layers has rows that are asked of such networks alone. They rest on all of its
regions, or say in one sentence why these are too many; where data are given the first inputs are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from neurovariety.beyond.piecewise.all_regions import AllRegions, all_regions
from neurovariety.beyond.piecewise.inputs_in_regions import MOST_RADII
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.piecewise_forms import piecewise_forms
from neurovariety.certificates.zeros import NotShown
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.errors import NeurovarietyError
from neurovariety.report.trained_subject import TrainedSubject
from neurovariety.result import Result

REGIONS = 20_000
"""Regions at which a row of a report gives up: some ten seconds."""
INPUTS = 20
"""Inputs that are looked at one by one."""
_ROOM = "neurovariety.beyond.piecewise"
_REGIONS = Entry("regions", "expressivity: how many affine pieces the function has", path=f"{_ROOM}.regions:regions")
_DIMENSION = Entry(
    "functional-dimension",
    "identifiability: directions in which the function can move",
    path=f"{_ROOM}.functional_dimension:functional_dimension",
)
_OF_REGIONS = (
    _REGIONS,
    Entry("tropical", "expressivity: a difference of convex functions", path=f"{_ROOM}.tropical:tropical"),
    _DIMENSION,
    Entry("lipschitz", "stability: how fast outputs change with inputs", path=f"{_ROOM}.lipschitz:lipschitz"),
)
DIAGNOSE = Entry("diagnose", "redundancy: neurons that can be removed", path="neurovariety.checkpoints.diagnose:diagnose")
_ROBUSTNESS = Entry("robustness", f"stability: how far the first {INPUTS} inputs may move", path=f"{_ROOM}.robustness:robustness")


@dataclass(frozen=True)
class PiecewiseSubject(TrainedSubject):
    """A trained network whose report has the rows of networks that are linear on pieces."""

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
        """Each row's entry, and what computes it. All regions are found once, or there are too many for each row that needs them."""
        found: list[AllRegions | NeurovarietyError] = []

        def on_regions(entry: Entry, *given: Any, **options: Any) -> Result:
            if not found:
                try:
                    found.append(all_regions(self.trained, limit=REGIONS))
                except NeurovarietyError as error:
                    found.append(error)
            if isinstance(found[0], NeurovarietyError):
                raise found[0]
            answer: Result = entry.load()(found[0], *given, **options)
            return answer

        own: dict[Entry, dict[str, Any]] = {_DIMENSION: {"seed": seed}}
        if dataset is not None:
            own[_REGIONS] = {"data": dataset.inputs[:MOST_RADII]}
        for entry in _OF_REGIONS:
            yield entry, partial(on_regions, entry, **own.get(entry, {}))
        yield DIAGNOSE, partial(DIAGNOSE.load(), self.trained, seed=seed)
        if dataset is not None:
            yield _ROBUSTNESS, partial(on_regions, _ROBUSTNESS, dataset.inputs[:INPUTS])


def is_piecewise(network: NetworkData) -> bool:
    """Whether a network is linear on pieces, and has a kink at all."""
    try:
        return piecewise_forms(network).cuts > 0
    except NotShown:
        return False
