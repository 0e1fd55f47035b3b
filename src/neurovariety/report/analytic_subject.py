"""Reports of networks with smooth activations or softmax: entries that have a meaning for them, and how near polynomials come.

A notation such as ``mlp(2,3,1; tanh; bias)`` has a row for each entry that is asked of such networks. A trained network, from a file,
has these for its architecture, and rows that say by how much its outputs change with polynomials in place of the activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neurovariety.beyond.analytic.rank_in_balls import Smooth
from neurovariety.beyond.analytic.reading import ANSWERED, not_analytic, read_analytic
from neurovariety.beyond.approximation.approximate import approximate
from neurovariety.certificates.activation_series import SMOOTH
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.network_approximation import smooth_layers
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import whole_network
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.registry import find
from neurovariety.errors import InputError
from neurovariety.report.piecewise_subject import PiecewiseSubject, is_piecewise
from neurovariety.result import Result

DEGREES = (2, 4, 8)
"""Of the polynomials in place of the activations of a trained network."""
_FILES = (".onnx", ".pt2", ".npz", ".safetensors", ".json")
_NEAR = Entry(
    "approximate", "expressivity: how near an algebraic network comes", path="neurovariety.beyond.approximation.approximate:approximate"
)


@dataclass(frozen=True)
class AnalyticSubject:
    """A network whose report has other rows than those of algebraic models; ``trained`` has the weights, where there are some."""

    network: Smooth
    name: str
    trained: Network | None = None

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return self.network.parameters

    @property
    def inputs(self) -> int:
        """The number of entries of an input."""
        return self.network.widths[0] if isinstance(self.network, AnalyticPerceptron) else self.network.inputs

    @property
    def outputs(self) -> int:
        """The number of values."""
        return self.network.outputs

    @property
    def left_out(self) -> str:
        """Why other entries have no row."""
        if isinstance(self.network, SoftmaxAttention) and self.network.tokens == 1:
            return not_analytic("what the other entries say", self.network)
        return (
            f"the entries about equations, degrees and critical functions have no row: {self.network.transcendental} is "
            "transcendental, and the functions of this network lie in no algebraic set of their dimension; they are asked of algebraic "
            "networks, such as one with polynomials in place of activations (neurovariety approximate)"
        )

    def steps(self, seed: int, dataset: Dataset | None) -> Iterator[tuple[Entry, Callable[[], Result]]]:
        """Each row's entry, and what computes it; no row asks for data."""
        for name in ANSWERED:
            entry = find(name)
            assert entry is not None
            yield entry, partial(entry.load(), self.network.notation, seed=seed)
        for degree in DEGREES if self.trained is not None else ():
            yield _NEAR, partial(approximate, self.trained, degree=degree, seed=seed)


def analytic_subject(source: object) -> AnalyticSubject | PiecewiseSubject | None:
    """What a notation with an analytic activation or softmax, or the file of a trained network, is to a report; None for anything else.

    Raises `InputError` for a file that cannot be read, and for a network that is no chain of dense layers with smooth activations and
    not linear on pieces.
    """
    network = read_analytic(source)
    if network is not None:
        return AnalyticSubject(network, network.notation)
    if not isinstance(source, Network) and not (isinstance(source, str | Path) and str(source).lower().endswith(_FILES)):
        return None
    trained = whole_network(source)
    if is_piecewise(trained):
        return PiecewiseSubject(trained)
    try:
        layers = smooth_layers(trained)
    except NotShown as why:
        raise InputError(
            "a report of a trained network is made of dense layers with smooth activations, or of one that is linear on pieces, and "
            f"{trained.source} is none: {why}; ask neurovariety diagnose, which takes others too"
        ) from None
    other = next((name for name in layers.activations if name not in SMOOTH), None)
    if other is not None or not layers.activations:
        raise InputError(
            f"a report of a trained network is made for smooth activations or ReLU and its kin, and {trained.source} has "
            f"{other or 'none'}; ask neurovariety diagnose"
        )
    widths = (len(layers.matrices[0][0]), *(len(m) for m in layers.matrices))
    bias = any(b for row in layers.biases for b in row)
    known = read_analytic(AnalyticPerceptron(widths, layers.activations, bias).notation)
    return None if known is None else AnalyticSubject(known, trained.source, trained)
