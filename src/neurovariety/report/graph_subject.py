"""Reports of trained networks of any graph, such as with attention or normalization: how redundant, how near polynomials come.

What the dictionary says of architectures is asked of dense layers and of attention in the notation. Of another network from a file
there are rows on the weights that it has, and on what it computes with polynomials in place of its functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod

from neurovariety.beyond.approximation.approximate import Kind, approximate
from neurovariety.certificates.graphs_with_polynomials import functions_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.report.piecewise_subject import DIAGNOSE
from neurovariety.report.trained_subject import TrainedSubject
from neurovariety.result import Result

DEGREES = (2, 4, 8)
"""Of the polynomials in place of the functions of a trained network."""
NEAR = Entry(
    "approximate", "expressivity: how near an algebraic network comes", path="neurovariety.beyond.approximation.approximate:approximate"
)


@dataclass(frozen=True)
class GraphSubject(TrainedSubject):
    """A trained network whose report has rows on its weights and on polynomials; ``why`` it is none that has others."""

    why: str

    @property
    def inputs(self) -> int:
        """The number of entries of an input."""
        return prod(self.trained.input_shape)

    @property
    def outputs(self) -> int:
        """The number of values."""
        return prod(self.trained.output_shape)

    @property
    def left_out(self) -> str:
        """Why other entries have no row."""
        return (
            "the entries of the dictionary have no row: of trained networks they are asked where these are dense layers with smooth "
            f"activations, or linear on pieces, and this is none: {self.why}; of algebraic networks, such as the one that neurovariety "
            "approximate gives, all are asked"
        )

    def steps(self, seed: int, dataset: Dataset | None) -> Iterator[tuple[Entry, Callable[[], Result]]]:
        """Each row's entry, and what computes it; no row asks for data."""
        yield DIAGNOSE, partial(DIAGNOSE.load(), self.trained, seed=seed)
        yield from near_polynomials(self.trained, seed)


def near_polynomials(trained: Network, seed: int) -> Iterator[tuple[Entry, Callable[[], Result]]]:
    """Rows on polynomials in place of functions, or on quotients where there is softmax or normalization; none where there is no
    function."""
    try:
        names = functions_of(trained)
    except NotShown:  # of which the rows speak
        names = [""]
    kind: Kind = "rational" if any(n.kind in ("softmax", "standardize") for n in trained.nodes) else "uniform"
    for degree in DEGREES if names else ():
        yield NEAR, partial(approximate, trained, degree=degree, kind=kind, seed=seed)
