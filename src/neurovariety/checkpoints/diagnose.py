"""A trained network under the dictionary: how many directions its function has at these weights, and which smaller network it is near.

The rank of the Jacobian of the weights-to-function map at the trained weights, against the rank at general weights, is the number of
directions in which the function can move: the effective number of parameters. It is not the local dimension of the variety of all
functions of the architecture, which may be larger there (at critical points of the parametrization) or smaller than a naive count.
A rank below the general one means that the weights are critical: a stratum of subnetworks is the usual reason, and the strata on or
near which the network lies are listed, with distances.

What is proved: exact ranks over prime fields (polynomial and rational activations), see `jacobian_rank` for ReLU and for the others.
Redundancies are exact statements about the stored weights. Distances and the tangent kernel's spectrum are float64.

Sources: Marchetti et al. 2025, 4.2 to 4.4; Grigsby, Lindsey, Meyerhoff, Wu 2022 (functional dimension); Jacot et al. 2018.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypedDict

import numpy as np
from jaxtyping import Float

from neurovariety.certificates.issue import Verdict, issue, weak, weakly
from neurovariety.certificates.network_ranks import SOME_WEIGHTS, Diagnosed
from neurovariety.certificates.phrases import EXACT
from neurovariety.certificates.sentences import FROM_ABOVE, FROM_BELOW, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.file_diagnosis import FoundLayers, file_facts, layers_of
from neurovariety.checkpoints.file_prune import looked_at_words
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.layers.hidden_layers import HiddenLayer
from neurovariety.checkpoints.layers.layer_table import LayerData, LayerRow, layer_rows, table_text
from neurovariety.checkpoints.layers.nearest_strata import NearestStratum, StratumData, nearest_strata
from neurovariety.checkpoints.layers.removals import RemovedUnits, by_layer, by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.load import Shapes, load_network
from neurovariety.checkpoints.prune_steps import pruned_on_box
from neurovariety.checkpoints.pruning_claims import claims_of_parts, pruning_claims
from neurovariety.checkpoints.rank.float_jacobian import float_jacobian
from neurovariety.checkpoints.rank.jacobian_rank import JacobianRank, jacobian_rank, sampled_inputs
from neurovariety.checkpoints.rank.linearization import linearized
from neurovariety.claim import Claim
from neurovariety.errors import DataError, InputError
from neurovariety.pictures.drawn_result import DrawnResult
from neurovariety.randomness import generator
from neurovariety.result import Provenance, counted
from neurovariety.rings.ring import Array
from neurovariety.tolerances import DEFAULT_SEED

_KERNEL_ROWS = 256
"""Most rows of the tangent kernel: its eigenvalues take a moment, and the large ones are seen."""
_KERNEL_ENTRIES = 2**25
"""Most entries of the float Jacobian behind it: 256 MiB."""
_MOST_SQUARED = 1e150
"""Entries of the Jacobian below this have squares, and sums of squares, that float64 holds."""
_LISTED = 12
"""Strata in the evidence, nearest first; the rest are more of the same."""
_ROUNDING = 1e-14
"""Distances below this part of the weights are those of float64."""


class DiagnoseValue(TypedDict):
    """See `DiagnoseResult`."""

    parameters: int
    rank: int | None
    generic: int | None
    symmetry: int
    redundant: dict[str, int]
    smallest: int
    nearest: StratumData | None
    condition: float | None


@dataclass(frozen=True, repr=False)
class DiagnoseResult(DrawnResult):
    """What a trained network is, as a point of its architecture.

    ``value``: ``parameters``; ``rank`` of the Jacobian at the weights (effective number of parameters), ``generic`` rank at general
    weights, ``symmetry`` dimensions that the stated symmetries explain; ``redundant`` neurons (reason -> number), found by repeated
    exact pruning, and ``smallest``, the parameters of the pruned network; ``nearest`` the nearest stratum that the network is not on,
    with its relative distance; ``condition`` of the tangent kernel. The claim is that of the rank.

    ``evidence``: ``rank`` (route, primes, rows), ``generic_claim``, ``on`` (exact redundancies a layer), ``near`` (strata with
    distances), ``symmetries``, ``spectrum`` of the tangent kernel, ``untouched`` layers.
    """

    entry: ClassVar[str] = "diagnose"
    figure: ClassVar[str] = "effective"
    headline: ClassVar[tuple[str, ...]] = ("rank",)
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "jacot2018")

    def _stored(self, on: Sequence[Verdict]) -> Any:
        from neurovariety.geometry.solutions.stored_subjects import stored_form

        return stored_form(on)

    def speaks(self) -> Iterable[str]:
        """The ranks, what is redundant, and that the function stays without it."""
        generic = () if self.value["generic"] is None else ("generic",)
        return ("rank", *generic, "redundant", *(("smallest", _SAME) if self.value["redundant"] else ()))

    def summary(self) -> str:
        """Several lines: a table of the layers, the ranks, what is redundant, what is near, the tangent kernel."""
        v, e = self.value, self.evidence
        lines = [f"{self.entry}({self.subject}): {v['parameters']:,} parameters [seed {self.provenance.seed}]"]
        lines += table_text([LayerRow.from_dict(row) for row in e.get("layers", [])])
        lines += [f"  kept as it is: {words}" for words in e.get("kept", [])]
        if v["rank"] is None:
            lines.append(f"  effective parameters: undecided; {e['rank']['route']}")
        else:
            where = "other weights up to" if SOME_WEIGHTS in self.verdicts["generic"].statement.scope else "general weights"
            lines.append(f"  effective parameters: {v['rank']:,} [{self.claim}]; at {where} {v['generic']:,} [{e['generic_claim']}]")
        for s in e["symmetries"]:
            lines.append(f"  symmetries of {s['layer']}: {s['group']} ({s['width']} wide, dimension {s['dimension']})")
        for s in e["on"]:
            lines.append(f"  on a stratum: {s['layer']} has {counted(s['neurons'], 'neuron')} too many ({s['reason']})")
        for s in e["near"][:3]:
            who = f" {', '.join(map(str, s['neurons']))}" if s["neurons"] else ""
            lines.append(f"  nearest in {s['layer']}: {s['stratum']}{who}, relative distance {_distance(s['relative'])}")
        if e["spectrum"]:
            lines.append(f"  tangent kernel: largest eigenvalue {e['spectrum'][0]:.4g}, condition {_shown(v['condition'])}")
        return "\n".join([*lines, f"  {self.meaning}", *(f"  note: {n}" for n in self.notices)])


def _distance(relative: float) -> str:
    return "0" if not relative else f"{relative:.3g}" if relative > _ROUNDING else "0 up to rounding"


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.3g}"


def diagnose(
    network: object,
    *,
    data: object = None,
    architecture: object = None,
    example: object = None,
    input_shape: Sequence[int] | Shapes | None = None,
    seed: int = DEFAULT_SEED,
) -> DiagnoseResult:
    """Diagnose a trained network. ``network``, ``architecture``, ``example`` and ``input_shape`` are what `load_network` takes.

    Of an ONNX file with operators that are not understood each part that is is looked at by itself, and there is no rank.

    ``data`` are inputs (samples, \\*input shape) on which the tangent kernel is taken, and around which ReLU and other activations
    that are not polynomial are sampled; by default random inputs. Raises `InputError` for a network that cannot be read, `DataError`
    for data that do not fit.

    >>> found = diagnose({"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}, architecture="mlp(2,3,1; x^2)")
    >>> found.value["rank"], found.value["generic"], found.value["redundant"]
    (3, 3, {'equal': 1})
    """
    start = time.perf_counter()
    source = load_network(network, architecture=architecture, example=example, input_shape=input_shape)
    if isinstance(source, PartialNetwork):
        if data is not None:
            raise DataError(f"data are taken for the tangent kernel of a network that is understood as a whole; {source.why}")
        return _of_file(source, start, seed)
    if not source.trained:
        raise InputError("the network has no trained weight: there is nothing to diagnose")
    inputs = None if data is None else _checked(source, data)
    found = layers_of(source, seed)
    layers, stated, dimension = found.hidden, found.stated, found.dimension
    linear = _jacobian(source, source.parameters - dimension, inputs, generator(seed, "checkpoints.diagnose"))
    ranks = linear.ranks
    pruned, removed = pruned_on_box(Rewritten.of(source), None, seed)
    near = sorted((s for x in layers for s in nearest_strata(source, x)), key=lambda s: s.relative)
    shrinks, _ = pruning_claims(source, pruned, 0.0, 0.0)
    return DiagnoseResult(
        value=_value(source, linear, dimension, removed, pruned.network.parameters, near),
        claims=lambda key, part: shrinks(_SMALLER[key], part) if key in _SMALLER else _claim(source, ranks, key, part),
        subject=source.source,
        glosses=(*_glosses(ranks), *_left(source, layers, near, removed), *(() if found.looked_at else (_NOT_LOOKED_AT,))),
        also={_SAME: shrinks("error_bound", 0.0)},
        evidence={
            "rank": ranks.evidence if ranks else {"route": linear.refused},
            "generic_claim": ranks.generic_claim if ranks else Claim.UNDECIDED,
            "upper_bound": source.parameters - dimension,
            "symmetries": [{"layer": s.layer, "group": s.words, "width": s.width, "dimension": s.dimension} for s in stated],
            "layers": _layer_data(source, found, removed),
            "kept": [],
            "on": found.on,
            "near": [s.to_dict() for s in near[:_LISTED]],
            "spectrum": linear.spectrum.tolist(),
            "untouched": [{"place": u.place, "reason": u.reason} for u in found.untouched],
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        notices=linear.notices,
    )


def _layer_data(source: Network, found: FoundLayers, removed: RemovedUnits) -> list[LayerData]:
    rows = layer_rows(source, found.hidden, found.untouched, found.symmetries, by_layer(removed), None, found.several)
    return [r.to_dict() for r in rows]


def _value(
    source: Network, linear: _Jacobian, symmetry: int, removed: RemovedUnits, smallest: int, near: list[NearestStratum]
) -> DiagnoseValue:
    ranks = linear.ranks
    return {
        "parameters": source.parameters,
        "rank": ranks.rank if ranks else None,
        "generic": ranks.generic if ranks else None,
        "symmetry": symmetry,
        "redundant": dict(sorted(by_reason(removed).items())),
        "smallest": smallest,
        "nearest": _nearest(near),
        "condition": linear.condition,
    }


def _of_file(source: PartialNetwork, start: float, seed: int) -> DiagnoseResult:
    """A file of which only parts are understood."""
    found = file_facts(source, seed)
    value: DiagnoseValue = {
        "parameters": source.parameters,
        "rank": None,
        "generic": None,
        "symmetry": found.dimension,
        "redundant": dict(sorted(found.removed.items())),
        "smallest": found.smallest,
        "nearest": _nearest(found.near),
        "condition": None,
    }
    stated = [s for p in found.parts for s in p.stated]
    shrinks, _ = claims_of_parts(source.parameters, found.smaller)
    rest = weakly("diagnose", Claim.UNDECIDED, "only parts of the network are understood")
    return DiagnoseResult(
        value=value,
        claims=lambda key, part: shrinks(_SMALLER[key], part) if key in _SMALLER and found.looked_at else rest(key, part),
        subject=source.source,
        glosses=(Gloss(looked_at_words(source), {}, ahead=True), *(() if found.looked_at else (_NOT_LOOKED_AT,))),
        also={_SAME: shrinks("error_bound", 0.0)},
        evidence={
            "rank": {"route": "the Jacobian needs every operator, and some are kept as they are"},
            "generic_claim": Claim.UNDECIDED,
            "upper_bound": source.parameters - found.dimension,
            "symmetries": [{"layer": s.layer, "group": s.words, "width": s.width, "dimension": s.dimension} for s in stated],
            "layers": [r.to_dict() for r in found.rows],
            "kept": found.kept,
            "on": [r for p in found.parts for r in p.on],
            "near": [s.to_dict() for s in found.near[:_LISTED]],
            "spectrum": [],
            "untouched": found.untouched,
            "inputs": {k: list(v) for k, v in source.inputs.items()},
            "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        notices=found.notices,
    )


_SMALLER = {"redundant": "removed", "smallest": "pruned"}
"""Keys of what pruning says, and its names for them."""
_SAME = "the function stays"
_NOT_LOOKED_AT = Gloss("no layer could be looked at for redundant neurons", {})


def _claim(network: Network, ranks: JacobianRank | None, key: str, part: object) -> Verdict:
    """Ranks and numbers with their certificates; the others are what was computed."""
    said = weak(Statement(f"diagnose: {key}", "", part), Claim.UNDECIDED if ranks is None else Claim.ESTIMATE, "as it was computed")
    known = {"rank": ranks.shown, "generic": ranks.generic_shown} if ranks is not None else {}
    if key in known and known[key].certificate is None:
        return said
    if key not in (*known, "parameters", "symmetry"):
        return said
    try:
        return issue(Diagnosed(key, part, known.get(key)), network)
    except NotShown:
        return said


@dataclass(frozen=True, eq=False)
class _Jacobian:
    """Ranks and tangent kernel, or why there are none."""

    ranks: JacobianRank | None
    spectrum: Float[np.ndarray, " eigenvalues"]
    refused: str = ""
    notices: tuple[str, ...] = ()

    @property
    def condition(self) -> float | None:
        """Largest by smallest eigenvalue of the tangent kernel that is not 0 up to rounding."""
        positive = self.spectrum[self.spectrum > self.spectrum.max(initial=0.0) * 1e-12]
        return float(positive[0] / positive[-1]) if len(positive) else None


def _jacobian(network: Network, at_most: int, inputs: Array | None, rng: np.random.Generator) -> _Jacobian:
    ranks: JacobianRank | None = None
    try:
        ranks = jacobian_rank(network, at_most, inputs, rng)
        spectrum, used = _tangent_kernel(network, inputs, rng)
    except DataError:
        raise
    except InputError as error:
        what = "no Jacobian" if ranks is None else "no tangent kernel"
        return _Jacobian(ranks, np.zeros(0), str(error), (f"{what}: {error}",))
    if inputs is None or used == len(inputs):
        return _Jacobian(ranks, spectrum)
    return _Jacobian(ranks, spectrum, notices=(f"the tangent kernel is that of {used} of the {len(inputs)} samples",))


def _checked(network: Network, data: object) -> Array:
    table = np.asarray(data)
    size = math.prod(network.input_shape)
    if table.ndim < 2 or not len(table):
        raise DataError("data are a table with one sample a row, at least one row")
    if math.prod(table.shape[1:]) != size:
        raise DataError(f"the network takes {counted(size, 'input')}, the data have {counted(math.prod(table.shape[1:]), 'column')}")
    try:
        floats = to_floats(table)
    except (TypeError, ValueError) as error:
        raise DataError(f"the data contain a value that is not a number ({error})") from error
    if not np.all(np.isfinite(floats)):
        raise DataError("the data contain a value that is not finite (NaN or infinity); remove or repair that row")
    return floats.reshape(len(table), *network.input_shape)


def _tangent_kernel(network: Network, inputs: Array | None, rng: np.random.Generator) -> tuple[Array, int]:
    """Eigenvalues of J J^T, descending, and the number of samples used."""
    outputs = math.prod(network.output_shape)
    if outputs * network.parameters > _KERNEL_ENTRIES:
        raise InputError(f"the Jacobian at one input has {outputs * network.parameters:,} entries, more than are computed")
    most = max(1, min(_KERNEL_ROWS, _KERNEL_ENTRIES // network.parameters) // outputs)
    table = sampled_inputs(network, min(most, 64), None, rng) if inputs is None else inputs[:most]
    jacobian = float_jacobian(linearized(network), network, table)
    if not np.abs(jacobian).max(initial=0.0) < _MOST_SQUARED:  # also where an entry is NaN
        raise InputError("the tangent kernel is not finite in float64 at these inputs")
    values = np.linalg.svd(jacobian, compute_uv=False) ** 2 if min(jacobian.shape) else np.zeros(0)
    return np.asarray(values), len(jacobian) // outputs


def _nearest(near: list[NearestStratum]) -> StratumData | None:
    """The nearest stratum that is not met exactly (up to rounding of the distance)."""
    off = [s for s in near if s.relative > 1e-15]
    return off[0].to_dict() if off else None


def _left(source: Network, layers: Sequence[HiddenLayer], near: list[NearestStratum], removed: RemovedUnits) -> tuple[Gloss, ...]:
    """Neurons that do no work of their own and are left, since what takes it up is no rational number."""
    return (*_constant(near, removed), *_multiples(source, layers))


def _constant(near: list[NearestStratum], removed: RemovedUnits) -> tuple[Gloss, ...]:
    """Neurons that read nothing and were not removed: `tanh(1)` is a constant that no exact bias takes up."""
    if by_reason(removed).get("constant"):
        return ()
    found = [s for s in near if s.stratum == "constant neuron" and s.distance == 0]
    why = "reads no input and is constant; pruning leaves it, since no bias takes its value up exactly"
    return tuple(Gloss(f"neuron {s.neurons[0]} of {s.layer} {why}", {}) for s in found)


def _multiples(source: Network, layers: Sequence[HiddenLayer]) -> tuple[Gloss, ...]:
    """Neurons of exp whose weights are equal and whose biases differ: exp(z + c) = e^c exp(z), and no exact weight takes e^c up."""
    texts = []
    for layer in layers:
        made = layer.producer
        plain = made.kind == "linear" and "bias" in made.weights and not layer.leading
        if not plain or {a.get("function") if a else None for a in layer.activations} != {"exp"}:
            continue
        rows, biases = (np.asarray(source.weights[made.weights[role]]) for role in ("weight", "bias"))
        first: dict[tuple[object, ...], int] = {}
        for k, row in enumerate(rows.tolist()):
            j = first.setdefault(tuple(row), k)
            if j != k and biases[j] != biases[k]:
                why = "but for their biases, so one is a number times the other; pruning leaves both, since that is a power of e"
                texts.append(Gloss(f"neurons {j} and {k} of {made.path or made.name} read the same {why}", {}))
    return tuple(texts)


def _glosses(ranks: JacobianRank | None) -> tuple[Gloss, ...]:
    """How the rank at the weights stands to that at others, and what limits it."""
    if ranks is None:
        return ()
    texts = []
    fewer, kinks = ranks.generic - ranks.rank, SOME_WEIGHTS in ranks.generic_shown.statement.scope
    if fewer > 0 and ranks.shown.claim in EXACT:
        others = "others" if kinks else "general ones: these weights are critical for the parametrization"
        text = f"at these weights it can move in at least {counted(fewer, 'direction')} fewer than at {others}"
        texts.append(Gloss(text, {"rank": FROM_ABOVE, "generic": FROM_BELOW}))
    elif fewer > 0:
        texts.append(
            Gloss(f"{counted(fewer, 'more direction')} were found at other weights{'' if kinks else ': these may be critical'}", {})
        )
    limits = ranks.evidence.get("limited_by")
    if limits and ranks.claim not in EXACT:
        texts.append(Gloss(f"what was found at these weights is limited by {limits}", {}))
    return tuple(texts)
