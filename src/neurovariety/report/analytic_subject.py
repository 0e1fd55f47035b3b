"""Reports of networks with smooth activations or softmax: entries that have a meaning for them, and how near polynomials come.

A notation such as ``mlp(2,3,1; tanh; bias)`` has a row for each entry that is asked of such networks. A trained network, from a file,
has these for its architecture, and rows that say by how much its outputs change with polynomials in place of the activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from neurovariety.beyond.analytic.rank_in_balls import Smooth
from neurovariety.beyond.analytic.reading import ANSWERED, not_analytic, read_analytic
from neurovariety.beyond.approximation.whole_network import free_layers
from neurovariety.certificates.activation_series import SMOOTH
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.normalized_networks import EPSILON, NormalizedPerceptron
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import whole_network
from neurovariety.dataset import Dataset
from neurovariety.dictionary.entry import Entry
from neurovariety.dictionary.registry import find
from neurovariety.errors import InputError
from neurovariety.report.graph_subject import GraphSubject, near_polynomials
from neurovariety.report.piecewise_subject import DIAGNOSE, PiecewiseSubject, is_piecewise
from neurovariety.result import Result

_FILES = (".onnx", ".pt2", ".npz", ".safetensors", ".json")


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
        if self.trained is not None:
            yield from near_polynomials(self.trained, seed)


def analytic_subject(source: object) -> AnalyticSubject | PiecewiseSubject | GraphSubject | None:
    """What a notation with an analytic activation or softmax, or the file of a trained network, is to a report; None for anything else.

    Raises `InputError` for a file that cannot be read, and for a trained network that is algebraic.
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
        return AnalyticSubject(_architecture(trained), trained.source, trained)
    except NotShown as why:
        found = GraphSubject(trained, str(why))
    if all(step[0] is DIAGNOSE for step in found.steps(0, None)):
        raise InputError(
            f"a report of a trained network is made of one that is not algebraic, and {trained.source} has neither an activation nor "
            "softmax or normalization that no polynomial is; ask neurovariety diagnose, or a report of its architecture"
        )
    return found


def _architecture(trained: Network) -> AnalyticPerceptron:
    """The architecture of a network, with layer normalization before all activations or before none. Raises `NotShown` where it is none
    that has a notation."""
    normalized = any(node.kind == "standardize" for node in trained.nodes)
    layers = free_layers(_without_normalization(trained) if normalized else trained)
    other = next((name for name in layers.activations if name not in SMOOTH), None)
    if other is not None or not layers.activations:
        raise NotShown(f"it has {other or 'none'} as activation")
    widths = (len(layers.matrices[0][0]), *(len(m) for m in layers.matrices))
    if len(set(layers.biased)) > 1:
        raise NotShown("it has biases in some layers alone")
    bias = layers.biased[0]
    if not normalized:
        return AnalyticPerceptron(widths, layers.activations, bias)
    return NormalizedPerceptron(widths, layers.activations, bias)


def _without_normalization(trained: Network) -> Network:
    """The network without the layer normalization of the notation, which has to stand before each activation."""
    read = {node.name: node for node in trained.nodes}
    plain = {"axes": (0,), "epsilon": float(EPSILON), "centred": True}
    nodes = []
    for node in trained.nodes:
        after = [read[name].kind == "standardize" for name in node.inputs]
        if any(after) != (node.kind == "activation") or (node.kind == "standardize" and node.name == trained.output):
            raise NotShown(f"layer normalization stands before activations alone, and before each, unlike at {node.name!r}")
        if node.kind == "standardize":
            if any(node.attributes.get(key) != value for key, value in plain.items()):
                raise NotShown(f"{node.name!r} is no layer normalization of a vector with epsilon 1/100000")
            continue
        nodes.append(replace(node, inputs=read[node.inputs[0]].inputs) if any(after) else node)
    return Network(trained.input_shape, tuple(nodes), trained.output, trained.weights, trained.source, frozenset(trained.fixed))
